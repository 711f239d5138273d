"""The q of the geographical detector computed again: the R2 of a regression on the strata."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...messages import say
from ..geodetector.statistics import Integers
from .opinion import Opinion, absent, compared, linear_model, program

Q = "second_opinion_q"
SAME = 1e-9
MOST_STRATA = 100  # a column each


def opinions_on_q(
    y: np.ndarray, strata: Mapping[str, Integers], q: Mapping[str, float], drop: bool
) -> tuple[Opinion, ...]:
    """How far q agrees with R2 of `statsmodels.OLS` of y on a column for each stratum.

    ``q = 1 - SSW / SST`` is that R2 by definition (Wang et al. 2010), computed here by another road.

    Args:
        y: (n,) explained variable.
        strata: (n,) codes by factor.
        q: by factor; factors without one are passed over.
        drop: whether strata of one row are left out.
    """
    why = absent(len(y))
    if why is not None:
        return (Opinion(Q, None, SAME, why),)
    y = y - y.mean()  # q does not know the level of y, and a level far from 0 costs digits
    names = [name for name in strata if name in q and len(np.unique(strata[name])) <= MOST_STRATA]
    if not names:
        return (Opinion(Q, None, SAME, say("no factor of at most {most} strata has a q", most=MOST_STRATA)),)
    theirs = np.array([_r_squared(y, strata[name], drop) for name in names])
    ours = np.array([q[name] for name in names])
    note = f"{program()} OLS(y, C(stratum)).fit(method='qr').rsquared"
    # A q near nothing has no digits to compare: differences count against 1, its range.
    opinion = compared(Q, names, 1 - ours, 1 - theirs, SAME, note)
    return (Opinion(Q, opinion.difference, SAME, note, 1 - opinion.ours, 1 - opinion.theirs, opinion.name),)


def _r_squared(y: np.ndarray, codes: Integers, drop: bool) -> float:
    if drop:
        kept = np.bincount(codes)[codes] > 1
        y, codes = y[kept], codes[kept]
    strata, place = np.unique(codes, return_inverse=True)
    columns = (place.reshape(-1)[:, None] == np.arange(1, len(strata))).astype(float)
    return float(linear_model().OLS(y, np.column_stack([np.ones(len(y)), columns])).fit(method="qr").rsquared)
