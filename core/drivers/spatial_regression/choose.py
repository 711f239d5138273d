"""Which spatial model: the decision of the papers, step by step, with the numbers that made it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..panel.specification import Test
from .diagnostics import LEVEL, LagrangeTests, likelihood_ratio, wald_tests
from .fitted import SpatialFit


@dataclass(frozen=True)
class Decision:
    """A step of the choice: the text that tells it (of the report's words) and its numbers."""

    key: str
    numbers: dict[str, str]


@dataclass(frozen=True)
class Chosen:
    """The model, and why."""

    model: str
    steps: tuple[Decision, ...]


def choose(tests: LagrangeTests, fit: Callable[[str], SpatialFit]) -> Chosen:
    """Anselin's decision between lag and error, then the model with neighbours' drivers against it.

    Args:
        tests: on the residuals of least squares.
        fit: gives a model by its name.

    Source: Anselin 2005, Exploring Spatial Data with GeoDa, chapter 23; Elhorst 2010, Spatial Economic Analysis 5:9.
    """
    rows = {row.test: row for row in tests.rows()}
    first, step = _lag_or_error(rows)
    if first == "ols":
        return Chosen("ols", (step,))
    against = _durbin_against(first, fit)
    numbers = {"statistic": f"{against.statistic:.2f}", "p": _p(against)}
    if against.p is not None and against.p < LEVEL:
        return Chosen("sdm", (step, Decision("spatial_choice_durbin", {**numbers, "model": first.upper()})))
    return Chosen(first, (step, Decision("spatial_choice_simple", {**numbers, "model": first.upper()})))


def _lag_or_error(rows: dict[str, Test]) -> tuple[str, Decision]:
    lag, error = rows["lm_lag"], rows["lm_error"]
    robust_lag, robust_error = rows["lm_robust_lag"], rows["lm_robust_error"]
    plain = {"lag": _p(lag), "error": _p(error)}
    if not _significant(lag) and not _significant(error):
        return "ols", Decision("spatial_choice_none", plain)
    if _significant(lag) != _significant(error):
        model = "sar" if _significant(lag) else "sem"
        return model, Decision(f"spatial_choice_only_{model}", plain)
    robust = {"lag": f"{robust_lag.statistic:.2f}", "error": f"{robust_error.statistic:.2f}"}
    model = "sar" if robust_lag.statistic >= robust_error.statistic else "sem"
    return model, Decision(f"spatial_choice_robust_{model}", robust)


def _durbin_against(model: str, fit: Callable[[str], SpatialFit]) -> Test:
    durbin = fit("sdm")
    return likelihood_ratio("", durbin, fit(model), "") or wald_tests(durbin)[0 if model == "sar" else 1]


def _significant(test: Test) -> bool:
    return test.p is not None and test.p < LEVEL


def _p(test: Test) -> str:
    return "< 0.0001" if test.p is not None and test.p < 1e-4 else f"{test.p:.4f}"
