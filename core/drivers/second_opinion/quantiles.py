"""Quantile regressions computed again by statsmodels, and compared by what both minimise."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from importlib import import_module

import numpy as np

from ...messages import say
from ...progress import QUIET, Progress
from ..quantile.checks import Fit
from ..quantile.sample import Sample
from .opinion import ROUNDINGS, Opinion, absent, program

LOSS = "second_opinion_loss"
NO_WORSE = 1e-9
MOST_STEPS = 2000


def opinions_on_quantiles(
    sample: Sample, fits: Sequence[Fit], method: str, progress: Progress = QUIET
) -> dict[float, Opinion]:
    """By quantile, by how much our loss exceeds that of `statsmodels.QuantReg`, as a share of theirs.

    One-sided: its iteration stops a little above the optimum, so ours may be lower, and then the difference is below 0.
    The loss is ``sum (tau - [u < 0]) u``.

    Args:
        sample: rows and columns that were regressed.
        fits: by quantile.
        method: form of the regression; only the pooled one is known to statsmodels.
        progress: asked for cancel between quantiles.
    """
    why: str | None = absent(len(sample.y))
    if method != "pooled":
        why = say("statsmodels has no quantile regression with effects of cells ({method})", method=method)
    if why is not None:
        return {fit.quantile: Opinion(LOSS, None, NO_WORSE, why) for fit in fits[:1]}
    model = import_module("statsmodels.regression.quantile_regression").QuantReg
    size = np.sqrt((sample.x**2).mean(axis=0))
    found = {}
    for fit in fits:
        progress.check()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of steps that did not settle, which its loss tells
            params = np.asarray(model(sample.y, sample.x / size).fit(q=fit.quantile, max_iter=MOST_STEPS).params)
        residuals = sample.y - sample.x / size @ params
        loss = float(np.sum(residuals * (fit.quantile - (residuals < 0))))
        # Of an exact fit only the round-off of y is left, in both programs.
        round_off = float(ROUNDINGS * np.finfo(float).eps * np.abs(sample.y).sum())
        scale = max(abs(loss), round_off / NO_WORSE, float(np.finfo(float).tiny))
        note = f"{program()} QuantReg(y, X).fit(q={fit.quantile:g}, max_iter={MOST_STEPS})"
        found[fit.quantile] = Opinion(
            LOSS, (fit.loss - loss) / scale, NO_WORSE, note, fit.loss, loss, f"{fit.quantile:g}"
        )
    return found
