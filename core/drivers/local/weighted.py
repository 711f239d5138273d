"""Geographically weighted regression: a regression at every place, of what it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from .kernels import Kernel, seen

CRITERIA = ("aicc", "cv")
_SINGULAR = 1e-13  # least eigenvalue of the scaled moments, of a largest of about one
_RATIO_AT_ONCE = 3.0  # bandwidths of one pass, largest to smallest


@dataclass(frozen=True)
class Sample:
    """Places and what was seen there, scaled so that moments keep their digits.

    Attributes:
        points: shape (n, d).
        y: centred and scaled, shape (n,).
        x: a column of ones, then the drivers centred and scaled, shape (n, k).
        y_mean, y_scale, means, scales: what was taken out; the constant's are 0 and 1.
    """

    points: np.ndarray
    y: np.ndarray
    x: np.ndarray
    y_mean: float
    y_scale: float
    means: np.ndarray
    scales: np.ndarray

    @property
    def n(self) -> int:
        return len(self.y)

    @property
    def k(self) -> int:
        return self.x.shape[1]

    def moved(self, points: np.ndarray) -> Sample:
        """The same values at other places."""
        return Sample(points, self.y, self.x, self.y_mean, self.y_scale, self.means, self.scales)

    def to_raw(self) -> np.ndarray:
        """Matrix (k, k) that turns coefficients of the scaled columns into those of the given ones."""
        matrix = np.diag(self.y_scale / self.scales)
        matrix[0, 1:] = -self.means[1:] * self.y_scale / self.scales[1:]
        return matrix

    def raw_x(self) -> np.ndarray:
        return self.x * self.scales + self.means


def make_sample(points: np.ndarray, y: np.ndarray, drivers: np.ndarray, names: Sequence[str] = ()) -> Sample:
    """Centres and scales; raises InputError where a column does not vary or places are too few."""
    x = np.column_stack([np.ones(len(y)), drivers])
    n, k = x.shape
    if n < k + 2:
        raise InputError(say("{n} places are too few for a local regression with {k} coefficients.", n=n, k=k))
    names = tuple(names) or tuple(f"driver {j}" for j in range(1, k))
    means, scales = x.mean(axis=0), x.std(axis=0)
    flat = [name for name, mean, scale in zip(names, means[1:], scales[1:]) if scale <= 1e-12 * max(abs(mean), 1e-300)]
    if flat:
        raise InputError(say("{flat} has the same value everywhere. Leave it out of X.", flat=", ".join(flat)))
    if float(y.std()) <= 1e-12 * abs(float(y.mean())):
        raise InputError(say("The explained variable has the same value everywhere: there is nothing to explain."))
    means[0], scales[0] = 0.0, 1.0
    return Sample(points, (y - y.mean()) / y.std(), (x - means) / scales, y.mean(), y.std(), means, scales)


@dataclass(frozen=True)
class Diagnostics:
    """How well a model fits, and at what price.

    sigma2 = RSS/(n - tr S); AICc = n ln(RSS/n) + n ln 2 pi + n (n + tr S)/(n - 2 - tr S);
    AIC = -2 ln L + 2 (tr S + 1); BIC = -2 ln L + (tr S + 1) ln n; CV = mean (e/(1 - h))^2.
    The AIC of GWmodel counts one parameter less, twice; its AICc is the same.
    """

    rss: float
    tss: float
    n: int
    enp: float
    cv: float | None = None

    @property
    def sigma2(self) -> float:
        return self.rss / (self.n - self.enp)

    @property
    def log_likelihood(self) -> float:
        return -self.n / 2 * (np.log(2 * np.pi * self.rss / self.n) + 1)

    @property
    def aic(self) -> float:
        return -2 * self.log_likelihood + 2 * (self.enp + 1)

    @property
    def aicc(self) -> float:
        return float(aicc(self.rss, self.enp, self.n))

    @property
    def bic(self) -> float:
        return -2 * self.log_likelihood + (self.enp + 1) * float(np.log(self.n))

    @property
    def r2(self) -> float:
        return 1 - self.rss / self.tss

    @property
    def r2_adjusted(self) -> float:
        return 1 - (1 - self.r2) * (self.n - 1) / (self.n - self.enp - 1)


def aicc(rss: np.ndarray | float, enp: np.ndarray | float, n: int) -> np.ndarray:
    """The corrected Akaike criterion (Hurvich, Simonoff and Tsai 1998); infinite where parameters use up the places."""
    left = n - 2 - np.asarray(enp, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = n * np.log(np.asarray(rss) / n) + n * np.log(2 * np.pi) + n * (n + enp) / left
    return np.where(left > 0, score, np.inf)


@dataclass(frozen=True)
class LocalFit:
    """Coefficients at every place, in the units of the given columns. NaN where a place sees too little.

    Attributes:
        coefficients, std_errors: constant first, shape (n, k).
        fitted, residuals, local_r2: shape (n,).
        condition: largest to smallest singular value of the columns weighted by the root of the weights and scaled to
            length one, constant included.
        vif: largest local variance inflation of a driver; NaN with a single one.
        unfit: places where nothing could be fitted.
        trace_squares: tr S'S.
    """

    coefficients: np.ndarray
    std_errors: np.ndarray
    fitted: np.ndarray
    residuals: np.ndarray
    local_r2: np.ndarray
    condition: np.ndarray
    vif: np.ndarray
    diagnostics: Diagnostics
    trace_squares: float
    unfit: int

    @property
    def t(self) -> np.ndarray:
        return self.coefficients / self.std_errors


def critical_t(alpha: float, enp: float, k: int, n: int) -> tuple[float, float]:
    """Level and bound of |t| at each place that allow for testing at many places that share data.

    alpha* = alpha k / ENP, n - 1 degrees of freedom. Source: da Silva and Fotheringham 2016, Geographical Analysis
    48:233.
    """
    level = min(alpha * k / enp, alpha)
    return level, float(stats.t.ppf(1 - level / 2, n - 1))


def scores(
    sample: Sample, kernel: Kernel, bandwidths: Sequence[float], criterion: str = "aicc", progress: Progress = QUIET
) -> np.ndarray:
    """The criterion at each bandwidth; infinite where a place sees too little for a fit."""
    found = np.empty(len(bandwidths))
    order = np.argsort(bandwidths)
    groups: list[list[int]] = []
    for position in order.tolist():
        if groups and bandwidths[position] <= _RATIO_AT_ONCE * bandwidths[groups[-1][0]]:
            groups[-1].append(position)
        else:
            groups.append([position])
    for group in groups:
        found[group] = _scores_of_pass(sample, kernel, [bandwidths[i] for i in group], criterion, progress)
    return found


def _scores_of_pass(
    sample: Sample, kernel: Kernel, bandwidths: Sequence[float], criterion: str, progress: Progress
) -> np.ndarray:
    products = products_of(sample)
    rss, enp, cv = np.zeros((3, len(bandwidths)))
    for block in seen(sample.points, kernel, bandwidths):
        progress.check()
        near = products[block.others]
        x = sample.x[block.rows]
        for number, weights in enumerate(block.weights):
            moments, right = unpacked(weights @ near[: weights.shape[1]], sample.k)
            solved = solve(moments, np.stack([right, x], axis=2))
            errors = sample.y[block.rows] - np.einsum("ij,ij->i", x, solved[:, :, 0])
            leverage = np.einsum("ij,ij->i", x, solved[:, :, 1])
            leverage[(leverage <= 0) | (leverage > 1 + 1e-6)] = np.nan
            rss[number] += errors @ errors
            enp[number] += leverage.sum()
            if criterion == "cv":
                with np.errstate(divide="ignore", invalid="ignore"):
                    cv[number] += np.sum((errors / (1 - leverage)) ** 2)
    unit = sample.y_scale**2
    score = cv / sample.n * unit if criterion == "cv" else aicc(rss * unit, enp, sample.n)
    return np.where(np.isfinite(score) & (rss > 1e-20 * sample.n), score, np.inf)


def fit(sample: Sample, kernel: Kernel, bandwidth: float, progress: Progress = QUIET) -> LocalFit:
    """A weighted regression at every place.

    b_i = (X'W_i X)^-1 X'W_i y; C_i = (X'W_i X)^-1 X'W_i; se_ij^2 = sigma2 sum_m C_jm^2, sigma2 = RSS/(n - tr S);
    local R2_i = 1 - sum w_ij e_j^2 / sum w_ij (y_j - ybar_i)^2, e_j of j's own coefficients.

    Args:
        sample: places and values.
        kernel: shape and kind.
        bandwidth: places or distance.
        progress: told how far the fit is, asked whether to stop.

    Raises:
        InputError: no place could be fitted, or the coefficients use up all places.

    Source: Fotheringham, Brunsdon and Charlton 2002.
    """
    n, k = sample.n, sample.k
    products = products_of(sample)
    coefficients, spread = np.full((n, k), np.nan), np.full((n, k), np.nan)
    leverage, condition, vif, squares = (np.full(n, np.nan) for _ in range(4))
    to_raw = sample.to_raw()
    from_x = _from_scaled_x(sample)
    done = 0
    for block in seen(sample.points, kernel, [bandwidth]):
        progress.check()
        weights = next(block.weights)
        near, x = products[block.others], sample.x[block.rows]
        moments, right = unpacked(weights @ near, k)
        squared, _ = unpacked((weights * weights) @ near, k)
        inverse = _inverse(moments)
        b = np.einsum("ijk,ik->ij", inverse, right)
        covariance = inverse @ squared @ inverse
        raw = to_raw @ covariance @ to_raw.T
        coefficients[block.rows] = b
        spread[block.rows] = np.sqrt(np.maximum(np.einsum("ijj->ij", raw), 0))
        leverage[block.rows] = np.einsum("ij,ijk,ik->i", x, inverse, x)
        squares[block.rows] = np.einsum("ij,ijk,ik->i", x, covariance, x)
        condition[block.rows], vif[block.rows] = _collinearity(moments, inverse, from_x)
        done += len(block.rows)
        progress.set(90 * done / n)
    fitted = np.einsum("ij,ij->i", sample.x, coefficients)
    errors = sample.y - fitted
    good = np.isfinite(errors)
    _require_fits(good, leverage)
    used = int(good.sum())
    y = sample.y[good]
    scale = sample.y_scale
    with np.errstate(divide="ignore", invalid="ignore"):
        left_out = float(np.mean((errors[good] / (1 - leverage[good])) ** 2))
    diagnostics = Diagnostics(
        float(errors[good] @ errors[good]) * scale**2,
        float(np.sum((y - y.mean()) ** 2)) * scale**2,
        used,
        float(leverage[good].sum()),
        left_out * scale**2,
    )
    raw_b = coefficients @ to_raw.T
    raw_b[:, 0] += sample.y_mean
    return LocalFit(
        raw_b,
        spread * np.sqrt(diagnostics.sigma2) / scale,
        fitted * scale + sample.y_mean,
        errors * scale,
        _local_r2(sample, kernel, bandwidth, errors),
        condition,
        vif,
        diagnostics,
        float(squares[good].sum()),
        n - used,
    )


def _require_fits(good: np.ndarray, leverage: np.ndarray) -> None:
    if not good.any():
        raise InputError(say("No place sees enough others for a fit. Choose a larger bandwidth, or fewer drivers."))
    left = good.sum() - leverage[good].sum()
    if left <= 2:
        raise InputError(
            say(
                "The coefficients use up {value:.1f} of {value2} places, which leaves nothing to judge them "
                "by. Choose a larger bandwidth, or fewer drivers.",
                value=leverage[good].sum(),
                value2=int(good.sum()),
            )
        )


def products_of(sample: Sample) -> np.ndarray:
    """Products whose weighted sums are X'WX (upper triangle) and X'Wy, shape (n, k(k+1)/2 + k)."""
    first, second = _upper(sample.k)
    return np.column_stack([sample.x[:, first] * sample.x[:, second], sample.x * sample.y[:, None]])


def unpacked(sums: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    first, second = _upper(k)
    moments = np.empty((len(sums), k, k))
    moments[:, first, second] = moments[:, second, first] = sums[:, : len(first)]
    return moments, sums[:, len(first) :]


@cache
def _upper(k: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the upper triangle, which every block asks for."""
    first, second = np.triu_indices(k)
    return first, second


def solve(moments: np.ndarray, right: np.ndarray) -> np.ndarray:
    try:
        return np.linalg.solve(moments, right)
    except np.linalg.LinAlgError:
        return _inverse(moments) @ right


def _inverse(moments: np.ndarray) -> np.ndarray:
    """Inverses; NaN where the columns that a place sees are not independent."""
    length = np.sqrt(np.maximum(np.einsum("ijj->ij", moments), 1e-300))
    scaled = moments / (length[:, :, None] * length[:, None, :])
    good = np.linalg.eigvalsh(scaled)[:, 0] > _SINGULAR
    inverse = np.full_like(moments, np.nan)
    inverse[good] = np.linalg.inv(scaled[good]) / (length[:, :, None] * length[:, None, :])[good]
    return inverse


def _from_scaled_x(sample: Sample) -> np.ndarray:
    """Matrix T with given columns = scaled columns T."""
    matrix = np.diag(sample.scales)
    matrix[0, 1:] = sample.means[1:]
    return matrix


def _collinearity(moments: np.ndarray, inverse: np.ndarray, from_x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    raw = from_x.T @ moments @ from_x
    length = np.sqrt(np.maximum(np.einsum("ijj->ij", raw), 1e-300))
    values = np.linalg.eigvalsh(raw / (length[:, :, None] * length[:, None, :]))
    with np.errstate(divide="ignore", invalid="ignore"):
        condition = np.sqrt(values[:, -1] / np.maximum(values[:, 0], 0))
    if moments.shape[1] < 3:
        return condition, np.full(len(moments), np.nan)
    about_mean = np.einsum("ijj->ij", moments)[:, 1:] - moments[:, 0, 1:] ** 2 / moments[:, :1, 0]
    vif = about_mean * np.einsum("ijj->ij", inverse)[:, 1:]
    return condition, vif.max(axis=1)


def _local_r2(sample: Sample, kernel: Kernel, bandwidth: float, errors: np.ndarray) -> np.ndarray:
    known = np.isfinite(errors)
    y = np.where(known, sample.y, 0)
    columns = np.column_stack([known, y, y * y, np.where(known, errors, 0) ** 2])
    found = np.full(sample.n, np.nan)
    for block in seen(sample.points, kernel, [bandwidth]):
        total, first, second, left = (next(block.weights) @ columns[block.others]).T
        with np.errstate(divide="ignore", invalid="ignore"):
            found[block.rows] = 1 - left / (second - first**2 / total)
    return np.where(known, found, np.nan)
