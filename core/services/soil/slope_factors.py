"""The published steepness factors S and length exponents m of RUSLE."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...messages import say

SlopeFactor = Literal["hj1173", "rusle", "liu", "nearing"]
Exponent = Literal["hj1173", "mccool", "liu", "usle", "usle_9_percent", "invest"]

NINE_PERCENT = math.atan(0.09)


@dataclass(frozen=True)
class PublishedFactor:
    """Where a slope factor comes from, and the length exponent that belongs to it."""

    source: str
    exponent: Exponent


@dataclass(frozen=True)
class PublishedExponent:
    """Where a length exponent comes from.

    Attributes:
        source: the publication.
        limits: upper slope limits of the steps, in `unit`.
        values: m of the steps; one more than the limits, or as many where a formula holds above the last.
        unit: `degrees` or `percent`.
        closed: whether a step holds at its upper limit.
        interrill: the constant of ``beta = (sin t / constant) / (3 sin^0.8 t + 0.56)``, for m = beta / (1 + beta).
    """

    source: str
    limits: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    unit: Literal["degrees", "percent"] = "percent"
    closed: bool = False
    interrill: float | None = None


SLOPE_FACTORS: dict[str, PublishedFactor] = {
    "hj1173": PublishedFactor("HJ 1173-2021", "hj1173"),
    "rusle": PublishedFactor("McCool et al. 1987, Transactions of the ASAE 30(5):1387-1396", "mccool"),
    "liu": PublishedFactor("Liu, Nearing & Risse 1994, Transactions of the ASAE 37(6):1835-1840", "liu"),
    "nearing": PublishedFactor("Nearing 1997, Soil Science Society of America Journal 61(3):917-919", "mccool"),
}
EXPONENTS: dict[str, PublishedExponent] = {
    "hj1173": PublishedExponent("HJ 1173-2021", interrill=0.089),
    "mccool": PublishedExponent("McCool et al. 1989, Transactions of the ASAE 32(5):1571-1576", interrill=0.0896),
    "liu": PublishedExponent("Liu et al. 2002 (CSLE)", (1, 3, 5), (0.2, 0.3, 0.4, 0.5), "degrees", closed=True),
    "usle": PublishedExponent("Wischmeier & Smith 1978, AH-537", (1, 3, 5), (0.2, 0.3, 0.4, 0.5)),
    "usle_9_percent": PublishedExponent(say("steps of AH-537 with 9 % for 5 %"), (1, 3, 9), (0.2, 0.3, 0.4, 0.5)),
    "invest": PublishedExponent(
        say("InVEST sediment delivery ratio"), (1, 3.5, 5, 9), (0.2, 0.3, 0.4, 0.5), closed=True, interrill=0.0896
    ),
}


def slope_factor(
    theta: np.ndarray, method: SlopeFactor = "hj1173", steep_limits_deg: tuple[float, float] = (5.0, 10.0)
) -> np.ndarray:
    """Steepness factor S.

    * `rusle`: ``10.8 sin t + 0.03`` below 9 %, else ``16.8 sin t - 0.50``.
    * `liu`: the same below the second limit, with the first for 9 %; ``21.91 sin t - 0.96`` from there. It jumps at the
      second limit, as published. Limits in use: 5 and 10 degrees (CSLE), or 9 and 25 % (5.1428 and 14.0362 degrees).
    * `hj1173`: ``10.8 sin t + 0.03`` below 5.14 degrees, ``16.8 sin t - 0.5`` to 10.20, ``21.9 sin t - 0.96`` to 28.81,
      9.5988 above.
    * `nearing`: ``-1.5 + 17 / (1 + exp(2.3 - 6.1 sin t))``.

    Args:
        theta: slope angle, radians.
        method: a key of `SLOPE_FACTORS`; the sources are there.
        steep_limits_deg: the limits of `liu`.
    """
    sine = np.sin(theta)
    gentle, moderate = 10.8 * sine + 0.03, 16.8 * sine - 0.5
    if method == "nearing":
        return -1.5 + 17 / (1 + np.exp(2.3 - 6.1 * sine))
    if method == "rusle":
        return np.where(theta < NINE_PERCENT, gentle, moderate)
    degrees = np.degrees(theta)
    if method == "liu":
        low, high = steep_limits_deg
        return np.select([degrees < low, degrees < high], [gentle, moderate], 21.91 * sine - 0.96)
    steep = 21.9 * sine - 0.96
    return np.select([degrees < 5.14, degrees < 10.20, degrees < 28.81], [gentle, moderate, steep], 9.5988)


def length_exponent(theta: np.ndarray, method: Exponent = "hj1173") -> np.ndarray:
    """Exponent m of the length factor; the methods and their sources are in `EXPONENTS`.

    Args:
        theta: slope angle, radians.
        method: a key of `EXPONENTS`.
    """
    published = EXPONENTS[method]
    curve = _rill_share(theta, published.interrill) if published.interrill else None
    if not published.limits:
        if curve is None:
            raise TypeError("curve is not as expected")
        return curve
    slope = np.degrees(theta) if published.unit == "degrees" else 100 * np.tan(theta)
    step = np.searchsorted(published.limits, slope, side="left" if published.closed else "right")
    if curve is None:
        return np.array(published.values)[step]
    return np.where(step < len(published.values), np.array((*published.values, 0.0))[step], curve)


def _rill_share(theta: np.ndarray, constant: float) -> np.ndarray:
    """``m = beta / (1 + beta)`` with ``beta = (sin t / constant) / (3 sin^0.8 t + 0.56)``."""
    sine = np.sin(theta)
    beta = (sine / constant) / (3.0 * sine**0.8 + 0.56)
    return beta / (1 + beta)
