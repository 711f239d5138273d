"""The four detectors for strata that are made: the rows of their tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from itertools import permutations as ordered

import numpy as np

from ...progress import Progress
from .sample import Categories
from .statistics import (
    Floats,
    Integers,
    StratumSums,
    ecological_test,
    interaction_type,
    interval_about_q,
    p_values,
    pair_codes,
    stratum_sums,
    welch_comparisons,
)
from .tables import BreakRow, EcologicalRow, FactorRow, InteractionRow, RiskRow, Strata, TreeRow
from .tree import Tree, grow_tree

MOST_COMPARED = 200
"""The risk detector compares all pairs of strata up to this many strata; more pairs than that nobody reads."""


@dataclass(frozen=True)
class Judgement:
    """How strata are judged.

    Attributes:
        drop: whether samples that are alone in their stratum are left out.
        confidence: of intervals; 1 less it is the significance of the risk and ecological detectors.
        variance: in Wang's noncentrality.
        joint_trees: whether two factors together are the leaves of their tree, not their strata laid over each other.
    """

    drop: bool
    confidence: float
    variance: str
    joint_trees: bool = False


@dataclass(frozen=True)
class Part:
    """The rows that are judged: all of them, or those of a year.

    Attributes:
        y: (rows,) explained variable of these rows.
        strata: of each factor, of all rows.
        factors: values of each factor, of all rows.
        rows: positions of these rows among all.
        whole_y: (n,) explained variable of all rows, on which trees are grown.
    """

    y: Floats
    strata: Mapping[str, Strata]
    factors: Mapping[str, Categories | Floats]
    rows: Integers
    whole_y: Floats

    def codes(self, name: str) -> Integers:
        return self.strata[name].codes[self.rows]


@dataclass(frozen=True)
class Tables:
    """The rows of the tables of a part."""

    factors: tuple[FactorRow, ...]
    interactions: tuple[InteractionRow, ...]
    risk: tuple[RiskRow, ...]
    ecological: tuple[EcologicalRow, ...]
    breaks: tuple[BreakRow, ...]
    trees: tuple[TreeRow, ...]


def judge(
    part: Part,
    how: Judgement,
    p_permutation: Mapping[str, float],
    q_cv: Mapping[str, float],
    shares: Mapping[str, float],
    progress: Progress,
) -> Tables:
    """Runs the four detectors on a part.

    Args:
        part: the rows.
        how: they are judged.
        p_permutation, q_cv, shares: by factor, as far as they are known.
        progress: polled for a cancel at every pair of factors.
    """
    kept = {name: stratum_sums(part.y, part.codes(name)) for name in part.strata}
    sums = {name: stratum_sums(part.y, part.codes(name), True) for name in part.strata} if how.drop else kept
    alpha = 1 - how.confidence
    interactions, trees = _interactions(part, sums, how, shares, progress)
    return Tables(
        factors=tuple(
            _factor_row(name, strata, sums[name], how, p_permutation.get(name), q_cv.get(name), shares.get(name))
            for name, strata in part.strata.items()
        ),
        interactions=interactions,
        risk=tuple(row for name, strata in part.strata.items() for row in _risk(name, strata, kept[name], alpha)),
        ecological=tuple(_ecological_row(a, b, sums, alpha) for a, b in ordered(part.strata, 2)),
        breaks=tuple(row for name in part.strata for row in _break_rows(name, part)),
        trees=trees,
    )


def tree_rows(factors: str, tree: Tree) -> tuple[TreeRow, ...]:
    """The leaves of a tree as rows."""
    leaves = enumerate(tree.leaves(), start=1)
    return tuple(TreeRow(factors, number, leaf.rule, leaf.n, leaf.mean) for number, leaf in leaves)


def _factor_row(
    name: str,
    strata: Strata,
    sums: StratumSums,
    how: Judgement,
    p_permutation: float | None,
    q_cv: float | None,
    share: float | None,
) -> FactorRow:
    p_noncentral, p_f = p_values(sums, how.variance)
    q_low, q_high = interval_about_q(sums, how.confidence)
    return FactorRow(
        factor=name,
        q=sums.q,
        q_adjusted=sums.q_adjusted,
        p_noncentral=p_noncentral,
        p_f=p_f,
        p_permutation=p_permutation if p_f is not None or sums.q else None,
        strata=len(sums.count),
        singletons=sums.singletons,
        n=sums.n,
        method=strata.method,
        classes=strata.classes,
        q_low=q_low,
        q_high=q_high,
        q_cv=q_cv,
        share=share,
    )


def _interactions(
    part: Part, sums: Mapping[str, StratumSums], how: Judgement, shares: Mapping[str, float], progress: Progress
) -> tuple[tuple[InteractionRow, ...], tuple[TreeRow, ...]]:
    pairs = list(combinations(part.strata, 2))
    rows: list[InteractionRow] = []
    trees: list[TreeRow] = []
    for done, (a, b) in enumerate(pairs):
        progress.check()
        if how.joint_trees:
            both = {name: part.factors[name] for name in (a, b)}
            tree = grow_tree(part.whole_y, both)
            codes = tree.strata(both)[part.rows]
            trees += tree_rows(f"{a} + {b}", tree)
        else:
            codes = pair_codes(part.codes(a), part.codes(b))
        rows.append(_interaction_row(a, b, sums, stratum_sums(part.y, codes, how.drop), shares))
        progress.set(100 * (done + 1) / len(pairs))
    return tuple(rows), tuple(trees)


def _interaction_row(
    a: str, b: str, sums: Mapping[str, StratumSums], pair: StratumSums, shares: Mapping[str, float]
) -> InteractionRow:
    q_a, q_b, q_ab = sums[a].q, sums[b].q, pair.q
    together = shares.get(a, 0.0) + shares.get(b, 0.0)
    parted = q_ab is not None and together > 0
    return InteractionRow(
        factor_a=a,
        factor_b=b,
        q_a=q_a,
        q_b=q_b,
        q_ab=q_ab,
        type=None if q_a is None or q_b is None or q_ab is None else interaction_type(q_a, q_b, q_ab),
        strata=len(pair.count),
        n_per_stratum=pair.n / max(len(pair.count), 1),
        q_ab_adjusted=pair.q_adjusted,
        singletons=pair.singletons,
        share_a=(q_ab or 0.0) * shares[a] / together if parted else None,
        share_b=(q_ab or 0.0) * shares[b] / together if parted else None,
    )


def _risk(name: str, strata: Strata, sums: StratumSums, alpha: float) -> Iterable[RiskRow]:
    labels = [strata.labels[code] for code in sums.strata]
    differs: list[list[str]] = [[] for _ in labels]
    if len(labels) <= MOST_COMPARED:
        tests = welch_comparisons(sums)
        for i, j in zip(tests.first[tests.p_holm < alpha], tests.second[tests.p_holm < alpha]):
            differs[i].append(labels[j])
            differs[j].append(labels[i])
    for i, label in enumerate(labels):
        n = int(sums.count[i])
        error = float(np.sqrt(sums.within[i] / (n - 1) / n)) if n > 1 else None
        yield RiskRow(name, int(sums.strata[i]) + 1, label, n, float(sums.mean[i]), error, "; ".join(differs[i]))


def _ecological_row(a: str, b: str, sums: Mapping[str, StratumSums], alpha: float) -> EcologicalRow:
    f, p = ecological_test(sums[a], sums[b])
    return EcologicalRow(a, b, f, p, None if p is None else p < alpha)


def _break_rows(name: str, part: Part) -> Iterable[BreakRow]:
    strata = part.strata[name]
    count = np.bincount(part.codes(name), minlength=len(strata.labels))
    for i, (low, high) in enumerate(strata.limits):
        yield BreakRow(name, i + 1, low, high, int(count[i]))
