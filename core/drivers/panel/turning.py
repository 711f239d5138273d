"""Where a driver stops helping: turning points of curves, their intervals, and whether there is a curve at all.

Sources: Fieller 1954, Journal of the Royal Statistical Society B 16:175 (intervals of ratios); Lind & Mehlum 2010,
Oxford Bulletin of Economics and Statistics 72:109 (test of a U).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

_PERCENTILES = (10, 50, 90)


@dataclass(frozen=True)
class Turning:
    """A turning point of a driver.

    Attributes:
        term: the driver.
        turning_point: where its effect changes sign; None where the curve has none.
        std_error: by the delta method.
        low, high: Fieller's interval for a square, else by the delta method; None where it has no end, for the curve is
            not certain to bend.
        shape: ``inverted_u``, ``u``, ``s`` (a cube), or ``rising`` and ``falling`` where the turning point lies
            outside the values.
        share_beyond: percent of the rows with larger values than the turning point.
        at: the values at which other drivers of products are held; empty without products.
        p_shape: that there is no U, the larger of the one-sided p of the slopes at both ends (Lind and Mehlum).
        helps_from, helps_to: the range within the values in which more of the driver means more of y.
    """

    term: str
    turning_point: float | None
    std_error: float | None
    low: float | None
    high: float | None
    shape: str
    share_beyond: float | None
    at: str
    p_shape: float | None
    helps_from: float | None
    helps_to: float | None


@dataclass(frozen=True)
class Curve:
    """The slope of a driver as a function of itself, ``sum_k k b_k x^(k-1) + sum_m c_m z_m``.

    Attributes:
        name: of the driver.
        values: of the driver, shape (n,).
        powers: positions of its coefficients by power, from 1.
        products: other drivers that it is multiplied with: name, position of the coefficient, values (n,).
    """

    name: str
    values: np.ndarray
    powers: Sequence[int]
    products: Sequence[tuple[str, int, np.ndarray]] = ()


@dataclass(frozen=True)
class Slope:
    """The slope of a driver, ``sum_k a_k x^k``, and the covariance of its coefficients."""

    coefficients: np.ndarray
    covariance: np.ndarray

    def at(self, x: float) -> tuple[float, float]:
        """The slope and its standard error at a value."""
        powers = x ** np.arange(len(self.coefficients))
        return float(powers @ self.coefficients), float(np.sqrt(max(powers @ self.covariance @ powers, 0.0)))

    def bend(self, x: float) -> float:
        """How fast the slope changes at a value."""
        k = np.arange(1, len(self.coefficients))
        return float((k * x ** (k - 1)) @ self.coefficients[1:])


def slopes_of(curve: Curve, estimates: np.ndarray, covariance: np.ndarray) -> list[tuple[str, Slope]]:
    """The slope of a driver, once where it is alone; else with others at zero and at three of their percentiles."""
    if not curve.products:
        held = [("", ())]  # type: list[tuple[str, tuple[float, ...]]]
    else:
        rows = [("0", (0.0,) * len(curve.products))]
        rows += [(f"P{p}", tuple(float(np.percentile(z, p)) for _, _, z in curve.products)) for p in _PERCENTILES]
        held = [(_told(curve, title, row), row) for title, row in rows]
    found = []
    for told, values in held:
        matrix = np.zeros((len(estimates), len(curve.powers)))
        for power, position in enumerate(curve.powers):
            matrix[position, power] = power + 1
        for (_, position, _), value in zip(curve.products, values):
            matrix[position, 0] = value
        found.append((told, Slope(matrix.T @ estimates, matrix.T @ covariance @ matrix)))
    return found


def turning_points(
    curve: Curve, estimates: np.ndarray, covariance: np.ndarray, df: float, confidence: float
) -> list[Turning]:
    """Turning points of a driver, one row where it is alone and several where other drivers bend its effect.

    Args:
        curve: of the driver, with a square or a cube.
        estimates, covariance: of all coefficients.
        df: of their t.
        confidence: of the intervals.
    """
    critical = float(stats.t.ppf((1 + confidence) / 2, df))
    found = []
    for at, slope in slopes_of(curve, estimates, covariance):
        if len(curve.powers) == 2:
            found.append(_square(curve, slope, critical, df, at))
        else:
            found += _cube(curve, slope, critical, at)
    return found


def _told(curve: Curve, title: str, values: tuple[float, ...]) -> str:
    return ", ".join(f"{name} = {value:.4g} ({title})" for (name, _, _), value in zip(curve.products, values))


def _square(curve: Curve, slope: Slope, critical: float, df: float, at: str) -> Turning:
    a, b = slope.coefficients
    point = float(-a / b)
    _, error = slope.at(point)
    low, high = fieller(slope, critical)
    least, most = float(curve.values.min()), float(curve.values.max())
    ends = [slope.at(end) for end in (least, most)]
    inside = least < point < most
    if inside:
        shape = "u" if b > 0 else "inverted_u"
    else:
        shape = "rising" if slope.at((least + most) / 2)[0] > 0 else "falling"
    p_shape = max(
        float(stats.t.sf(sign * value / error_at, df)) if error_at > 0 else float(sign * value <= 0)
        for sign, (value, error_at) in zip((-np.sign(b), np.sign(b)), ends)
    )
    helps = {"u": (point, most), "inverted_u": (least, point), "rising": (least, most), "falling": (None, None)}[shape]
    beyond = 100 * float(np.mean(curve.values > point))
    return Turning(curve.name, point, error / abs(b), low, high, shape, beyond, at, p_shape if inside else None, *helps)


def fieller(slope: Slope, critical: float) -> tuple[float | None, float | None]:
    """The values of x at which a straight slope may be zero: those between the roots, where it is certain to bend."""
    (a, b), v = slope.coefficients, slope.covariance * critical**2
    square, linear, constant = b**2 - v[1, 1], 2 * (a * b - v[0, 1]), a**2 - v[0, 0]
    root = linear**2 - 4 * square * constant
    if square <= 0 or root < 0:
        return None, None
    middle, half = -linear / (2 * square), np.sqrt(root) / (2 * square)
    return float(middle - half), float(middle + half)


def _cube(curve: Curve, slope: Slope, critical: float, at: str) -> list[Turning]:
    """The turning points of a cube within the values, from low to high; a row without one where there is none."""
    least, most = float(curve.values.min()), float(curve.values.max())
    roots = np.roots(slope.coefficients[::-1])
    points = sorted(float(root.real) for root in roots if abs(root.imag) < 1e-9 and least < root.real < most)
    if not points:
        rising = slope.at((least + most) / 2)[0] > 0
        helps = (least, most) if rising else (None, None)
        shape = "rising" if rising else "falling"
        return [Turning(curve.name, None, None, None, None, shape, None, at, None, *helps)]
    edges = [least, *points, most]
    found = []
    for number, point in enumerate(points):
        error = slope.at(point)[1] / abs(slope.bend(point))
        top = slope.bend(point) < 0
        helps = (edges[number], point) if top else (point, edges[number + 2])
        beyond = 100 * float(np.mean(curve.values > point))
        reach = critical * error
        found.append(Turning(curve.name, point, error, point - reach, point + reach, "s", beyond, at, None, *helps))
    return found
