"""How the variable answers to one driver: accumulated local effects, partial dependence, smooth SHAP and thresholds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Predict = Callable[[np.ndarray], np.ndarray]

_SPAN = 0.3
_BEYOND = 0.05  # of the rows, least share on either side of a threshold
_WIDE = 0.5  # of the range, from which an interval says nothing


@dataclass(frozen=True)
class LocalEffects:
    """Accumulated local effects at the edges of the bins, mean zero over rows; `count` rows a bin."""

    values: np.ndarray
    count: np.ndarray


def quantile_edges(x: np.ndarray, bins: int) -> np.ndarray:
    """Edges at the lower step quantiles, duplicates merged."""
    ordered = np.sort(x)
    places = np.ceil(np.linspace(0, 1, bins + 1) * len(x)).astype(int) - 1
    return np.unique(ordered[np.clip(places, 0, len(x) - 1)])


def accumulated_effects(predict: Predict, x: np.ndarray, driver: int, edges: np.ndarray) -> LocalEffects:
    """What the prediction changes from edge to edge, over the rows that lie between, so that no pair is impossible.

    Bins are closed on the right, the first also on the left; the curve is centred by the mean over rows of the middles
    of their bins.

    Args:
        predict: of rows (n, k).
        x: rows, shape (n, k).
        driver: column.
        edges: rising, see `quantile_edges`.

    Source: Apley and Zhu 2020, Journal of the Royal Statistical Society B 82:1059.
    """
    column = x[:, driver]
    place = np.clip(np.searchsorted(edges, column, side="left") - 1, 0, len(edges) - 2)
    upper, lower = x.copy(), x.copy()
    upper[:, driver], lower[:, driver] = edges[place + 1], edges[place]
    change = predict(upper) - predict(lower)
    count = np.bincount(place, minlength=len(edges) - 1)
    mean = np.bincount(place, weights=change, minlength=len(edges) - 1) / np.maximum(count, 1)
    values = np.concatenate([[0.0], np.cumsum(mean)])
    centre = float(np.sum((values[1:] + values[:-1]) / 2 * count) / len(x))
    return LocalEffects(values - centre, count)


def partial_dependence(predict: Predict, x: np.ndarray, driver: int, at: np.ndarray) -> np.ndarray:
    """Mean prediction with the driver set to each value of `at` for every row; averages over impossible pairs too."""
    rows = np.repeat(x[None], len(at), axis=0)
    rows[:, :, driver] = at[:, None]
    return predict(rows.reshape(-1, x.shape[1])).reshape(len(at), -1).mean(axis=1)


def local_linear(x: np.ndarray, y: np.ndarray, at: np.ndarray, span: float = _SPAN) -> np.ndarray:
    """A line through the nearest share of points with tricube weights, at each value of `at`.

    Source: Cleveland 1979, Journal of the American Statistical Association 74:829, without the robust steps.
    """
    near = max(int(np.ceil(span * len(x))), 3)
    found = np.empty(len(at))
    for place, value in enumerate(at):
        distance = np.abs(x - value)
        reach = np.partition(distance, near - 1)[near - 1]
        reach = reach if reach > 0 else distance.max() or 1.0
        w = np.maximum(1 - (distance / (reach * (1 + 1e-9))) ** 3, 0) ** 3
        total = w.sum()
        centre = float(w @ x) / total
        spread = float(w @ (x - centre) ** 2)
        slope = float(w @ ((x - centre) * y)) / spread if spread > 1e-12 * reach**2 * total else 0.0
        found[place] = float(w @ y) / total + slope * (value - centre)
    return found


@dataclass(frozen=True)
class Threshold:
    """Where a driver turns.

    Attributes:
        kind: `zero` - where the curve crosses zero; `break` - where its slope changes most.
        x: the value of the driver.
        before, after: mean of the curve on either side (`zero`), or the slopes (`break`).
    """

    kind: str
    x: float
    before: float
    after: float


def zero_crossing(at: np.ndarray, curve: np.ndarray, share_below: np.ndarray) -> Threshold | None:
    """The crossing of zero that parts the curve best: the mean sizes on either side differ most, weighted by rows.

    Args:
        at: values of the driver, rising.
        curve: there.
        share_below: of the rows, at or below each value.
    """
    weight = np.diff(np.concatenate([[0.0], share_below]))
    best, widest = None, 0.0
    crosses = ((curve[:-1] < 0) & (curve[1:] >= 0)) | ((curve[:-1] > 0) & (curve[1:] <= 0))
    for place in np.flatnonzero(crosses):
        if not _BEYOND <= share_below[place] <= 1 - _BEYOND:
            continue
        step = curve[place] / (curve[place] - curve[place + 1])
        x = float(at[place] + step * (at[place + 1] - at[place]))
        left, right = weight[: place + 1], weight[place + 1 :]
        before = float(curve[: place + 1] @ left / max(left.sum(), 1e-12))
        after = float(curve[place + 1 :] @ right / max(right.sum(), 1e-12))
        if before * after < 0 and abs(after - before) > widest:
            best, widest = Threshold("zero", x, before, after), abs(after - before)
    return best


def best_break(at: np.ndarray, curve: np.ndarray, share_below: np.ndarray) -> Threshold | None:
    """The knot of a line of two pieces that fits the curve best; none where one piece does as well.

    One piece does as well where the break takes away less than half of what it leaves.
    """
    straight = _left(np.column_stack([np.ones_like(at), at]), curve)[1]
    size = float(np.sum((curve - curve.mean()) ** 2))
    best, least = None, 0.5 * straight
    if straight <= 1e-12 * size:
        return None
    for place in range(1, len(at) - 1):
        if not _BEYOND <= share_below[place] <= 1 - _BEYOND:
            continue
        hinge = np.maximum(at - at[place], 0)
        coefficients, left = _left(np.column_stack([np.ones_like(at), at, hinge]), curve)
        if left < least:
            least = left
            slope = float(coefficients[1])
            best = Threshold("break", float(at[place]), slope, slope + float(coefficients[2]))
    return best


def is_sure(low: float, high: float, at: np.ndarray) -> bool:
    """Whether an interval of a threshold covers at most half of the range, so that it may be printed."""
    return bool(np.isfinite(low) and np.isfinite(high) and high - low <= _WIDE * (at[-1] - at[0]))


def _left(columns: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    coefficients = np.linalg.lstsq(columns, y, rcond=None)[0]
    residuals = y - columns @ coefficients
    return coefficients, float(residuals @ residuals)
