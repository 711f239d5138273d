"""The geographical detector: how much of y's spatial variance do factors explain, alone, in pairs, where, and when.

Factor detector (q), interaction detector, risk detector and ecological detector on one common sample, with continuous
factors put in classes by optimal discretisation, by the user's limits or by a tree.

Sources: Wang et al. 2010, 10.1080/13658810802443457; Wang, Zhang & Fu 2016, 10.1016/j.ecolind.2016.02.052;
Song et al. 2020, 10.1080/15481603.2020.1760434; Luo et al. 2022, 10.1016/j.isprsjprs.2022.01.009;
Li et al. 2023, 10.1080/17538947.2023.2271883.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ..second_opinion import Opinion, disagreements
from ..second_opinion.detector import opinions_on_q
from .changes import YearSample, q_changes
from .discretise import METHODS
from .judged import Part, judge, tree_rows
from .notes import FEWEST_BLOCKS, result_notes, result_warnings
from .options import MOST_SHARED, SHARED_ROWS, DetectorOptions
from .permutations import permutation_p, statistic_of
from .sample import Categories, CommonSample, block_codes, common_sample
from .statistics import Floats, Integers, stratum_sums
from .strata import StrataSettings, Stratifier, stratifier
from .tables import GeodetectorResult, TreeRow
from .tree import grow_tree, shapley_shares
from .validation import cross_validated_q, deal_blocks

ALL_YEARS = None
"""Key of the result of all years together."""


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
    limits: Mapping[str, Sequence[float]] | None = None,
    strata_kind: str = "classes",
    shares: bool = False,
    folds: int = 0,
) -> GeodetectorResult:
    """Runs the four detectors.

    Args:
        y: (rows,) explained variable.
        factors: (rows,) each, by name: numbers or text; NaN, None and empty text are missing.
        categorical: factors taken as they are, though they may be numbers.
        methods, classes, rule, limits, strata_kind: see `StrataSettings`.
        singletons, permutations, seed, confidence, variance, shares, folds: see `DetectorOptions`.
        blocks: (rows,) block of each sample; permutations and folds then move whole blocks.
        y_name: what messages call y.
        progress: told how far the run is.

    Raises:
        InputError: y does not vary, a factor has nearly as many categories as rows, or an option is unknown.
        Cancelled: the user asked to stop.
    """
    settings = StrataSettings(tuple(methods), tuple(classes), rule, limits or {}, strata_kind)
    options = DetectorOptions(settings, singletons, permutations, seed, confidence, variance, shares, folds)
    return detect(y, factors, options, categorical, blocks, None, y_name, progress)[ALL_YEARS]


def detect(
    y: ArrayLike,
    factors: Mapping[str, ArrayLike],
    options: DetectorOptions,
    categorical: Iterable[str] = (),
    blocks: ArrayLike | None = None,
    years: ArrayLike | None = None,
    y_name: str = "y",
    progress: Progress = QUIET,
    units: Integers | None = None,
) -> dict[str | int | None, GeodetectorResult]:
    """Runs the four detectors on all rows and, where there are years, on those of each year.

    Over several years y less its mean of the year is judged, or a trend of y would be credited to whatever has a trend.

    Args:
        y: (rows,) explained variable.
        factors: (rows,) each, by name.
        options: how they are judged.
        categorical: factors taken as they are.
        blocks: (rows,) of each sample; permutations and folds move whole blocks.
        years: (rows,) of each sample.
        y_name: what messages call y.
        progress: told how far the run is.
        units: (rows,) cell or block of each sample, drawn with all its years for the change of q; each row by itself
            where None.

    Returns:
        By year, in their order, and for all years under `ALL_YEARS`.

    Raises:
        InputError, Cancelled: see `geographical_detector`.
    """
    options.check()
    sample = common_sample(y, factors, categorical, y_name, years)
    if sample.y.min() == sample.y.max():
        raise InputError(
            say(
                "'{y_name}' is {y:g} in all {count} rows; there is no variance to explain.",
                y_name=y_name,
                y=sample.y[0],
                count=len(sample.y),
            )
        )
    for lost in sample.dropped:
        progress.info(
            say(
                "{rows} rows are left out: '{variable}' is {reason} there.",
                rows=lost.rows,
                variable=lost.variable,
                reason=lost.reason,
            )
        )
    progress.info(
        say(
            "{count} of {count2} rows hold '{y_name}' and every factor.",
            count=len(sample.y),
            count2=len(sample.used),
            y_name=y_name,
        )
    )
    used_blocks = None if blocks is None else block_codes(blocks, sample.used)
    parts = sample.parts()
    if options.change_draws and len(parts) < 2:
        raise InputError(say("CHANGE_DRAWS needs TIME, a field of two years or more. Give it, or 0 draws."))
    own = options.year_breaks == "own"
    whole = _judge_pooled(sample, {} if own else parts, options, used_blocks, progress.part(0, 50 if parts else 100))
    if own:
        for done, (label, rows) in enumerate(parts.items()):
            one = sample.only(rows)
            part = progress.part(50 + 50 * done / len(parts), 50 + 50 * (done + 1) / len(parts))
            found = _judge_pooled(one, {}, options, None if used_blocks is None else used_blocks[rows], part)
            whole[label] = found[ALL_YEARS]
    if options.change_draws:
        whole = _with_changes(whole, sample, parts, options, units, progress)
    general = whole[ALL_YEARS].warnings
    for warning in general:
        progress.warn(warning)
    for label in parts:
        for warning in whole[label].warnings:
            if warning not in general:
                progress.warn(say("{year}: {warning}", year=label, warning=warning))
    progress.set(100)
    return {label: whole[label] for label in (*parts, ALL_YEARS)}


def _with_changes(
    results: Mapping[str | int | None, GeodetectorResult],
    sample: CommonSample,
    parts: Mapping[str | int, Integers],
    options: DetectorOptions,
    units: Integers | None,
    progress: Progress,
) -> dict[str | int | None, GeodetectorResult]:
    """The results with the change of q since the first year in the rows of the others."""
    given = np.arange(len(sample.used)) if units is None else units
    names, unit = np.unique(given[sample.used], return_inverse=True)
    years = [
        YearSample(
            sample.y[rows],
            unit.ravel()[rows],
            {name: made.codes for name, made in results[label].strata.items()},
        )
        for label, rows in parts.items()
    ]
    drop = options.singletons == "drop"
    found = q_changes(years, len(names), options.change_draws, options.confidence, options.seed, drop, progress)
    changed = dict(results)
    for label, changes in zip(list(parts)[1:], found):
        rows = tuple(
            replace(row, change=one.change, change_low=one.low, change_high=one.high)
            for row in results[label].factors
            for one in [changes[row.factor]]
        )
        changed[label] = replace(results[label], factors=rows)
    if len(names) < FEWEST_BLOCKS:
        doubt = say("Only {n} cells or blocks to draw; intervals of the change of q are too short below {few}.",
                    n=len(names), few=FEWEST_BLOCKS)  # fmt: skip
        changed[ALL_YEARS] = replace(changed[ALL_YEARS], warnings=(*changed[ALL_YEARS].warnings, doubt))
    return changed


def _judge_pooled(
    sample: CommonSample,
    parts: Mapping[str | int, Integers],
    options: DetectorOptions,
    blocks: Integers | None,
    progress: Progress,
) -> dict[str | int | None, GeodetectorResult]:
    """Strata made once from all rows, judged on all of them and on each part."""
    y = sample.within_years()
    makers = _makers(sample, options.strata, progress)
    strata = {name: maker.strata(y) for name, maker in makers.items()}
    for name, made in strata.items():
        if 2 * len(made.labels) > len(y):
            raise InputError(
                say(
                    "Factor '{name}' has {count} categories for {count2} rows, more than half; q would be near 1 "
                    "for any y. Merge categories, or let a number field be put in classes.",
                    name=name,
                    count=len(made.labels),
                    count2=len(y),
                )
            )
    how = options.judgement
    rows = tuple(parts.values())
    tested = {
        name: statistic_of(makers[name], how.drop, rows)
        for name, made in strata.items()
        if len((sums := stratum_sums(y, made.codes, how.drop)).count) > 1 and sums.q is not None
    }
    p = permutation_p(y, tested, options.permutations, blocks, options.seed, progress.part(40, 85), rows)
    q_cv: Mapping[str, float] = {}
    if options.folds:
        fold = deal_blocks(np.arange(len(y)) if blocks is None else blocks, options.folds, options.seed)
        q_cv = cross_validated_q(y, makers, fold, progress.part(85, 90))
    shares, grown = _shares(y, sample.factors, options, progress.part(90, 97))
    found: dict[str | int | None, GeodetectorResult] = {}
    for number, (label, here) in enumerate([(ALL_YEARS, np.arange(len(y))), *parts.items()]):
        whole = label is ALL_YEARS
        part = Part(y if whole else sample.y[here], strata, sample.factors, here, y)
        p_here = {name: float(values[number]) for name, values in p.items()}
        tables = judge(part, how, p_here, q_cv if whole else {}, shares if whole else {}, progress.part(97, 100))
        opinions: tuple[Opinion, ...] = ()
        if options.second_opinion:
            q_here = {row.factor: row.q for row in tables.factors if row.q is not None}
            codes = {name: made.codes[here] for name, made in strata.items()}
            opinions = opinions_on_q(part.y, codes, q_here, how.drop)
        used = np.zeros(len(sample.used), dtype=bool)
        used[np.flatnonzero(sample.used)[here]] = True
        alone = _trees_alone(makers, y) if whole and how.joint_trees else ()
        found[label] = GeodetectorResult(
            factors=tables.factors,
            interactions=tables.interactions,
            risk=tables.risk,
            ecological=tables.ecological,
            breaks=tables.breaks,
            strata={name: replace(made, codes=made.codes[here]) for name, made in strata.items()},
            used=used,
            dropped=sample.dropped,
            notes=result_notes(sample, strata, options, len(y)),
            warnings=(
                *sample.warnings,
                *result_warnings(tables, how.drop, blocks, options.permutations),
                *disagreements(opinions),
            ),
            opinions=opinions,
            trees=(*alone, *tables.trees, *grown) if whole else (),
        )
    return found


def _makers(sample: CommonSample, settings: StrataSettings, progress: Progress) -> dict[str, Stratifier]:
    unknown = [name for name in settings.limits if name not in sample.factors]
    if unknown:
        raise InputError(
            say(
                "BREAKS names {name!r}, which is not among FACTORS ({factors}).",
                name=unknown[0],
                factors=", ".join(sample.factors),
            )
        )
    makers = {}
    for done, (name, factor) in enumerate(sample.factors.items()):
        progress.check()
        makers[name] = stratifier(name, factor, settings)
        progress.set(40 * (done + 1) / len(sample.factors))
    return makers


def _trees_alone(makers: Mapping[str, Stratifier], y: Floats) -> tuple[TreeRow, ...]:
    return tuple(row for name, maker in makers.items() for row in tree_rows(name, maker.tree(y)))


def _shares(
    y: Floats, factors: Mapping[str, Categories | Floats], options: DetectorOptions, progress: Progress
) -> tuple[Mapping[str, float], tuple[TreeRow, ...]]:
    """Each factor's share in the q of the tree of all factors, and that tree's leaves."""
    if not options.shares or not 1 < len(factors) <= MOST_SHARED:
        return {}, ()
    if len(y) > SHARED_ROWS:
        drawn = np.sort(np.random.default_rng(options.seed).choice(len(y), SHARED_ROWS, replace=False))
        y = y[drawn]
        factors = {
            name: Categories(f.codes[drawn], f.labels, f.values) if isinstance(f, Categories) else f[drawn]
            for name, f in factors.items()
        }
    names = list(factors)
    sets = [chosen for size in range(1, len(names) + 1) for chosen in combinations(names, size)]
    value: dict[frozenset[str], float] = {}
    tree = None
    for done, chosen in enumerate(sets):
        progress.check()
        of_set = {name: factors[name] for name in chosen}
        tree = grow_tree(y, of_set)
        value[frozenset(chosen)] = stratum_sums(y, tree.strata(of_set)).q or 0.0
        progress.set(100 * (done + 1) / len(sets))
    if tree is None:
        raise TypeError("tree is not as expected")
    return shapley_shares(value, names), tree_rows(" + ".join(names), tree)
