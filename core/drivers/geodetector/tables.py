"""Tables of the geographical detector: one row class per table, with the columns that the tables carry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..second_opinion.opinion import Opinion
from .optimal import Candidate
from .sample import Dropped
from .statistics import Integers


@dataclass(frozen=True)
class FactorRow:
    """Factor detector.

    ``q_low`` and ``q_high`` bound q; ``method`` is empty for categories. ``q_cv`` is the q of rows that were left out
    when the strata were made; ``share`` what the factor adds to the q of the tree of all factors (Shapley); ``change``
    is q less that of the first year.
    """

    factor: str
    q: float | None
    q_adjusted: float | None
    p_noncentral: float | None
    p_f: float | None
    p_permutation: float | None
    strata: int
    singletons: int
    n: int
    method: str
    classes: int
    q_low: float | None
    q_high: float | None
    q_cv: float | None = None
    share: float | None = None
    change: float | None = None
    change_low: float | None = None
    change_high: float | None = None


@dataclass(frozen=True)
class InteractionRow:
    """Interaction detector: q of two factors together. ``type`` is None where a q is.

    ``share_a`` and ``share_b`` part q_ab in proportion to the shares of the factors.
    """

    factor_a: str
    factor_b: str
    q_a: float | None
    q_b: float | None
    q_ab: float | None
    type: str | None
    strata: int
    n_per_stratum: float
    q_ab_adjusted: float | None
    singletons: int
    share_a: float | None = None
    share_b: float | None = None


@dataclass(frozen=True)
class RiskRow:
    """Risk detector: y by stratum. ``differs_from`` lists the labels of the strata whose mean differs."""

    factor: str
    stratum: int
    label: str
    n: int
    mean: float
    std_error: float | None
    differs_from: str


@dataclass(frozen=True)
class EcologicalRow:
    """Ecological detector, both orders of each pair. ``significant`` is None where there is no p."""

    factor_a: str
    factor_b: str
    f: float | None
    p: float | None
    significant: bool | None


@dataclass(frozen=True)
class BreakRow:
    """Limits of a class, above ``low`` (the lowest class: from ``low``) up to ``high``; None for categories of text."""

    factor: str
    class_: int
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class TreeRow:
    """A leaf of a tree: the factors that it was grown on, the rule that leads there, its rows and their mean."""

    set: str
    node: int
    rule: str
    n: int
    mean: float


@dataclass(frozen=True)
class CheckRow:
    """What a second program says of q: the largest difference of any factor, and where it is."""

    test: str
    factor: str
    statistic: float | None
    note: str


@dataclass(frozen=True)
class Strata:
    """A factor in classes.

    Attributes:
        codes: (n,) stratum of each sample, 0 to L - 1.
        labels: text of each stratum.
        limits: lowest and highest value of each stratum, None for text.
        method: discretisation method; empty for categories.
        classes: number of classes asked for; the number of categories for those.
        curve: the candidates of the optimal discretisation; empty for categories.
        excess: see `discretise.Breaks`.
    """

    codes: Integers
    labels: tuple[str, ...]
    limits: tuple[tuple[float | None, float | None], ...]
    method: str
    classes: int
    curve: tuple[Candidate, ...] = ()
    excess: float = 0.0


@dataclass(frozen=True)
class GeodetectorResult:
    """All tables of a run. The columns of a table are `row_columns` of its row class.

    Attributes:
        factors: q and its tests, a row per factor.
        interactions: a row per pair of factors.
        risk: a row per factor and stratum.
        ecological: a row per ordered pair of factors.
        breaks: a row per factor and class.
        trees: a row per leaf, where trees were grown.
        opinions: of statsmodels on q, where asked for.
        strata: by factor; holds codes for maps and the discretisation curve.
        used: (rows,) which input rows are in the sample.
        dropped: rows left out, by variable and reason.
        notes: conventions and decisions.
        warnings: what the user should look at.
    """

    factors: tuple[FactorRow, ...]
    interactions: tuple[InteractionRow, ...]
    risk: tuple[RiskRow, ...]
    ecological: tuple[EcologicalRow, ...]
    breaks: tuple[BreakRow, ...]
    strata: dict[str, Strata]
    used: NDArray[np.bool_]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    trees: tuple[TreeRow, ...] = ()
    opinions: tuple[Opinion, ...] = ()
