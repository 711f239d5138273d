"""The geographical detector: how much of y's spatial variance do factors explain, alone, in pairs, and where.

Factor detector (q), interaction detector, risk detector and ecological detector on one common sample, with continuous
factors put in classes by optimal discretisation.

Sources: Wang et al. 2010, 10.1080/13658810802443457; Wang, Zhang & Fu 2016, 10.1016/j.ecolind.2016.02.052;
Song et al. 2020, 10.1080/15481603.2020.1760434.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from itertools import permutations as ordered

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from ...progress import QUIET, Progress
from .discretise import METHODS, classify
from .optimal import RULES, Ladder, build_ladder, choose
from .permutations import permutation_p, statistic_of
from .sample import Categories, CommonSample, block_codes, common_sample
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
from .tables import BreakRow, EcologicalRow, FactorRow, GeodetectorResult, InteractionRow, RiskRow, Strata

FEWEST_PER_STRATUM = 10
FEWEST_BLOCKS = 20
MOST_COMPARED = 200
"""The risk detector compares all pairs of strata up to this many strata; more pairs than that nobody reads."""
LARGE_SAMPLE = 10_000

NOTES = (
    "q = 1 - SSW/SST. All factors are judged on the same rows.",
    "p_noncentral is Wang's p. It changes when a constant is added to y (degrees Celsius or kelvin); no test of q = 0.",
    "p_f tests q = 0 by the central F law.",
    "p_noncentral and p_f take samples as independent. Neighbouring cells are not: prefer p_permutation with blocks.",
    "q lies above the share in the population by (1 - q_adjusted)(L - 1)/(N - 1) on average; q_adjusted is without it.",
    "The interval of q inverts the noncentral F law (normal, independent, of one variance within strata) and has the "
    "same bias as q; its ends can be adjusted as q is.",
    "Risk: Welch's t test of each pair of strata, Holm-corrected within a factor.",
    "Ecological: F = SSW_a/SSW_b, two-sided. Both sums come from the same y, so the F law is formal.",
)


def geographical_detector(
    y: ArrayLike,
    factors: Mapping[str, ArrayLike],
    categorical: Iterable[str] = (),
    methods: Sequence[str] = METHODS,
    classes: Iterable[int] = range(3, 9),
    rule: str = "loess",
    singletons: str = "keep",
    permutations: int = 0,
    blocks: ArrayLike | None = None,
    seed: int = 0,
    confidence: float = 0.95,
    variance: str = "sample",
    y_name: str = "y",
    progress: Progress = QUIET,
) -> GeodetectorResult:
    """Runs the four detectors.

    Args:
        y: (rows,) explained variable.
        factors: (rows,) each, by name: numbers or text; NaN, None and empty text are missing.
        categorical: factors taken as they are, though they may be numbers.
        methods: discretisation methods to try, of `discretise.METHODS`.
        classes: numbers of classes to try.
        rule: how the number of classes is chosen, ``loess`` or ``max``.
        singletons: ``keep`` counts strata of one sample with a sum of squares of 0, ``drop`` leaves their samples out.
        permutations: random orders of y for p_permutation; 0 for none.
        blocks: (rows,) block of each sample; permutations then move whole blocks.
        seed: start of the random orders.
        confidence: of the interval of q, and 1 - significance of the risk and ecological detectors.
        variance: ``sample`` or ``population``, in Wang's noncentrality.
        y_name: what messages call y.
        progress: told how far the run is.

    Raises:
        InputError: y does not vary, a factor has nearly as many categories as rows, or an option is unknown.
        Cancelled: the user asked to stop.
    """
    for option, value, known in (
        ("rule", rule, RULES),
        ("singletons", singletons, ("keep", "drop")),
        ("variance", variance, ("sample", "population")),
    ):
        if value not in known:
            raise InputError(f"Option {option} = '{value}' is unknown; choose from {', '.join(known)}.")
    if not 0 < confidence < 1:
        raise InputError(f"Confidence must lie between 0 and 1, not {confidence}.")
    if permutations < 0:
        raise InputError(f"The number of permutations cannot be negative ({permutations}).")
    sample = common_sample(y, factors, categorical, y_name)
    if sample.y.min() == sample.y.max():
        raise InputError(f"'{y_name}' is {sample.y[0]:g} in all {len(sample.y)} rows; there is no variance to explain.")

    for lost in sample.dropped:
        progress.info(f"{lost.rows} rows are left out: '{lost.variable}' is {lost.reason} there.")
    progress.info(f"{len(sample.y)} of {len(sample.used)} rows hold '{y_name}' and every factor.")

    strata, ladders = _all_strata(sample, methods, list(classes), rule, progress.part(0, 50))
    drop = singletons == "drop"
    kept = {name: stratum_sums(sample.y, part.codes) for name, part in strata.items()}
    sums = {name: stratum_sums(sample.y, part.codes, drop) for name, part in strata.items()} if drop else kept
    used_blocks = None if blocks is None else block_codes(blocks, sample.used)
    tested = {
        name: statistic_of(name, sample.factors[name], ladders.get(name), rule, drop)
        for name, found in sums.items()
        if len(found.count) > 1 and found.q is not None
    }
    shuffled = permutation_p(sample.y, tested, permutations, used_blocks, seed, progress.part(50, 85))
    table = tuple(
        _factor_row(name, strata[name], sums[name], shuffled.get(name), confidence, variance) for name in strata
    )
    interactions = _interactions(sample.y, strata, sums, drop, progress.part(85, 100))
    alpha = 1 - confidence
    result = GeodetectorResult(
        factors=table,
        interactions=interactions,
        risk=tuple(row for name in strata for row in _risk(name, strata[name], kept[name], alpha)),
        ecological=tuple(_ecological_row(a, b, sums, alpha) for a, b in ordered(strata, 2)),
        breaks=tuple(row for name in strata for row in _break_rows(name, strata[name], kept[name])),
        strata=strata,
        used=sample.used,
        dropped=sample.dropped,
        notes=(*NOTES, *sample.notes, *_notes(strata, drop)),
        warnings=(*sample.warnings, *_warnings(table, interactions, drop, used_blocks, permutations)),
    )
    for warning in result.warnings:
        progress.warn(warning)
    progress.set(100)
    return result


def _all_strata(
    sample: CommonSample, methods: Sequence[str], classes: list[int], rule: str, progress: Progress
) -> tuple[dict[str, Strata], dict[str, Ladder]]:
    """The strata of each factor, and for numbers the ladder that they were chosen from."""
    strata: dict[str, Strata] = {}
    ladders: dict[str, Ladder] = {}
    for done, (name, factor) in enumerate(sample.factors.items()):
        progress.check()
        if isinstance(factor, Categories):
            strata[name] = _of_categories(factor)
        else:
            ladders[name] = build_ladder(factor, methods, classes)
            strata[name] = _of_numbers(name, sample.y, factor, ladders[name], rule)
        if 2 * len(strata[name].labels) > len(sample.y):
            raise InputError(
                f"Factor '{name}' has {len(strata[name].labels)} categories for {len(sample.y)} rows, more than half; "
                "q would be near 1 for any y. Merge categories, or let a number field be put in classes."
            )
        progress.set(100 * (done + 1) / len(sample.factors))
    return strata, ladders


def _of_categories(factor: Categories) -> Strata:
    values: Sequence[float | None] = factor.values or [None] * len(factor.labels)
    limits = tuple((value, value) for value in values)
    return Strata(factor.codes, factor.labels, limits, "", len(factor.labels))


def _of_numbers(name: str, y: Floats, factor: Floats, ladder: Ladder, rule: str) -> Strata:
    curve = ladder.curve(y)
    chosen = choose(name, curve, rule)
    edges = [float(factor.min()), *chosen.breaks.values.tolist(), float(factor.max())]
    limits = tuple(zip(edges, edges[1:]))
    labels = [f"({low:.6g}, {high:.6g}]" for low, high in limits]
    labels[0] = "[" + labels[0][1:]
    codes = classify(factor, chosen.breaks.values)
    return Strata(codes, tuple(labels), limits, chosen.method, chosen.classes, curve, chosen.breaks.excess)


def _factor_row(
    name: str, strata: Strata, sums: StratumSums, p_permutation: float | None, confidence: float, variance: str
) -> FactorRow:
    p_noncentral, p_f = p_values(sums, variance)
    q_low, q_high = interval_about_q(sums, confidence)
    return FactorRow(
        factor=name,
        q=sums.q,
        q_adjusted=sums.q_adjusted,
        p_noncentral=p_noncentral,
        p_f=p_f,
        p_permutation=p_permutation,
        strata=len(sums.count),
        singletons=sums.singletons,
        n=sums.n,
        method=strata.method,
        classes=strata.classes,
        q_low=q_low,
        q_high=q_high,
    )


def _interactions(
    y: Floats, strata: Mapping[str, Strata], sums: Mapping[str, StratumSums], drop: bool, progress: Progress
) -> tuple[InteractionRow, ...]:
    pairs = list(combinations(strata, 2))
    rows = []
    for done, (a, b) in enumerate(pairs):
        progress.check()
        pair = stratum_sums(y, pair_codes(strata[a].codes, strata[b].codes), drop)
        q_a, q_b, q_ab = sums[a].q, sums[b].q, pair.q
        rows.append(
            InteractionRow(
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
            )
        )
        progress.set(100 * (done + 1) / len(pairs))
    return tuple(rows)


def _risk(name: str, strata: Strata, sums: StratumSums, alpha: float) -> Iterable[RiskRow]:
    labels = strata.labels
    differs: list[list[str]] = [[] for _ in labels]
    if len(labels) <= MOST_COMPARED:
        tests = welch_comparisons(sums)
        for i, j in zip(tests.first[tests.p_holm < alpha], tests.second[tests.p_holm < alpha]):
            differs[i].append(labels[j])
            differs[j].append(labels[i])
    for i, label in enumerate(labels):
        n = int(sums.count[i])
        error = float(np.sqrt(sums.within[i] / (n - 1) / n)) if n > 1 else None
        yield RiskRow(name, i + 1, label, n, float(sums.mean[i]), error, "; ".join(differs[i]))


def _ecological_row(a: str, b: str, sums: Mapping[str, StratumSums], alpha: float) -> EcologicalRow:
    f, p = ecological_test(sums[a], sums[b])
    return EcologicalRow(a, b, f, p, None if p is None else p < alpha)


def _break_rows(name: str, strata: Strata, sums: StratumSums) -> Iterable[BreakRow]:
    for i, (low, high) in enumerate(strata.limits):
        yield BreakRow(name, i + 1, low, high, int(sums.count[i]))


def _notes(strata: Mapping[str, Strata], drop: bool) -> Iterable[str]:
    chosen = [name for name, part in strata.items() if part.curve]
    if chosen:
        yield (
            f"The classes of {', '.join(chosen)} were chosen to explain y well. p_noncentral, p_f and the interval do "
            "not know that: they are too small and too high. p_permutation does, it chooses anew in every order of y."
        )
        yield "Classes are closed on the right; the lowest value belongs to the first class."
    for name, part in strata.items():
        if part.excess > 0:
            yield (
                f"Natural breaks of '{name}' were found on grouped values; their sum of squares within classes is "
                + (f"at most {100 * part.excess:.2g} %" if np.isfinite(part.excess) else "an unknown share")
                + " above the least possible."
            )
        if len(part.labels) > MOST_COMPARED:
            yield f"Risk: '{name}' has {len(part.labels)} strata; above {MOST_COMPARED} they are not compared."
    if drop:
        yield (
            "Samples alone in their stratum are left out, factor by factor and pair by pair. Only for that reason can "
            "the q of a pair be below that of its factors (the weaken types)."
        )


def _warnings(
    table: Sequence[FactorRow],
    interactions: Sequence[InteractionRow],
    drop: bool,
    blocks: Integers | None,
    permutations: int,
) -> Iterable[str]:
    action = "left out" if drop else "kept with a sum of squares of 0"
    for row in table:
        if row.strata < 2:
            yield f"Factor '{row.factor}' has one stratum only; its q is 0 and has no p."
        if row.singletons:
            yield f"Factor '{row.factor}' has {row.singletons} strata of one sample, {action}."
    for pair in interactions:
        if pair.n_per_stratum < FEWEST_PER_STRATUM:
            yield (
                f"'{pair.factor_a}' with '{pair.factor_b}' has {pair.strata} strata with {pair.n_per_stratum:.1f} "
                f"samples on average, and {pair.singletons} strata of one sample, {action}; q_ab rises with the "
                "number of strata: see q_ab_adjusted."
            )
    if max(row.n for row in table) > LARGE_SAMPLE and blocks is None:
        yield "With this many samples every p is near 0, and neighbours are not independent: judge by q, give blocks."
    if permutations and blocks is not None and blocks.max() + 1 < FEWEST_BLOCKS:
        yield f"Only {blocks.max() + 1} blocks to permute; p_permutation is coarse below {FEWEST_BLOCKS}."
