"""Tests of a quantile regression: whether slopes are the same at all quantiles, and how well each was solved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...messages import say
from .errors import Covariance, wald
from .panel import Estimates
from .sample import Sample


@dataclass(frozen=True)
class Check:
    """One test or check; quantile is None when it concerns all quantiles."""

    test: str
    quantile: float | None
    statistic: float
    df: int | None
    p: float | None
    note: str


@dataclass(frozen=True)
class Fit:
    """How well one quantile was solved and fitted.

    Attributes:
        quantile: the quantile.
        loss: sum of the check function.
        r1: 1 - loss / loss of a constant (Koenker & Machado 1999); None for a constant response.
        gap: duality gap as a share of the loss; None for mmqr (moments) and koenker (one program, see the notes).
        wrong_signs: rows whose dual weight contradicts their residual; None as for `gap`.
        zeros: rows on the fit; None as for `gap`.
    """

    quantile: float
    loss: float
    r1: float | None
    gap: float | None = None
    wrong_signs: int | None = None
    zeros: int | None = None


def checks_of(
    sample: Sample,
    taus: tuple[float, ...],
    method: str,
    estimates: Estimates,
    covariance: Covariance,
    fits: tuple[Fit, ...],
    crossing: int,
) -> tuple[Check, ...]:
    tests = _equal_slopes(sample, taus, method, estimates, covariance)
    tests.append(
        Check(
            "crossing",
            None,
            float(crossing),
            None,
            None,
            say("rows of {count} with crossing quantiles", count=len(sample.y)),
        )
    )
    if estimates.joint_gap is not None:
        tests.append(Check("duality_gap", None, estimates.joint_gap, None, None, say("share of the penalised loss")))
    for fit in fits:
        if fit.r1 is not None:
            tests.append(Check("r1", fit.quantile, fit.r1, None, None, say("1 - loss / loss of a constant alone")))
        if fit.gap is not None:
            note = say(
                "share of the loss; {wrong_signs} wrong signs, {zeros} rows on the fit",
                wrong_signs=fit.wrong_signs,
                zeros=fit.zeros,
            )
            tests.append(Check("duality_gap", fit.quantile, fit.gap, None, None, note))
    return tuple(tests)


def _equal_slopes(
    sample: Sample, taus: tuple[float, ...], method: str, estimates: Estimates, covariance: Covariance
) -> list[Check]:
    """Wald tests that each driver, and all together, have one slope at all quantiles (Koenker & Bassett 1982).

    The slopes of mmqr lie on one line, so comparing the outer quantiles says everything, and more would be singular.
    """
    count, columns = estimates.coefficients.shape
    if count < 2 or sample.drivers == 0:
        return []
    pairs = [(0, count - 1)] if method == "mmqr" else list(zip(range(count - 1), range(1, count)))
    values = estimates.coefficients.ravel()

    def compare(drivers: Sequence[int]) -> tuple[float, int, float] | None:
        contrast = np.zeros((len(pairs) * len(drivers), count * columns))
        for row, (first, second, driver) in enumerate((a, b, d) for a, b in pairs for d in drivers):
            contrast[row, second * columns + driver] = 1
            contrast[row, first * columns + driver] = -1
        return wald(contrast @ values, contrast @ covariance.matrix @ contrast.T)

    places = range(1, sample.drivers + 1)
    groups: list[tuple[str, list[int]]] = [(say("all drivers"), list(places))]
    if sample.drivers > 1:
        groups += [(sample.names[place], [place]) for place in places]
    compared = (
        say("quantiles {first:g} and {last:g}", first=taus[0], last=taus[-1])
        if method == "mmqr"
        else say("{count} quantiles", count=count)
    )
    tests = []
    for group, drivers in groups:
        found = compare(drivers)
        if found:
            statistic, rank, p = found
            tests.append(
                Check(
                    "equal_slopes",
                    None,
                    statistic,
                    rank,
                    p,
                    say("{group}: same slope at {compared}, chi-squared", group=group, compared=compared),
                )
            )
    return tests
