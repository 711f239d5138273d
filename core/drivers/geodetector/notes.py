"""What a run of the geographical detector tells beside its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from ...messages import say
from .judged import MOST_COMPARED, Tables
from .options import MOST_SHARED, SHARED_ROWS, DetectorOptions
from .sample import CommonSample
from .statistics import Integers
from .strata import OWN, TREE
from .tables import Strata

FEWEST_PER_STRATUM = 10
FEWEST_BLOCKS = 20
LARGE_SAMPLE = 10_000

NOTES = (
    say("q = 1 - SSW/SST. All factors are judged on the same rows."),
    say(
        "p_noncentral is Wang's p. It changes when a constant is added to y (degrees Celsius or kelvin); no test of "
        "q = 0."
    ),
    say("p_f tests q = 0 by the central F law."),
    say(
        "p_noncentral and p_f take samples as independent. Neighbouring cells are not: prefer p_permutation with "
        "blocks."
    ),
    say(
        "q lies above the share in the population by (1 - q_adjusted)(L - 1)/(N - 1) on average; q_adjusted is "
        "without it."
    ),
    say(
        "The interval of q inverts the noncentral F law (normal, independent, of one variance within strata) and has "
        "the same bias as q; its ends can be adjusted as q is."
    ),
    say("Risk: Welch's t test of each pair of strata, Holm-corrected within a factor."),
    say("Ecological: F = SSW_a/SSW_b, two-sided. Both sums come from the same y, so the F law is formal."),
)


def result_notes(
    sample: CommonSample, strata: Mapping[str, Strata], options: DetectorOptions, rows: int
) -> tuple[str, ...]:
    """Conventions and decisions of a run."""
    return (*NOTES, *sample.notes, *_of_strata(strata, options), *_of_options(sample, strata, options, rows))


def _of_strata(strata: Mapping[str, Strata], options: DetectorOptions) -> Iterable[str]:
    chosen = [name for name, made in strata.items() if made.curve or made.method == TREE]
    if chosen:
        yield (
            say(
                "The classes of {names} were chosen to explain y well. p_noncentral, p_f and the interval do not "
                "know that: they are too small and too high. p_permutation does, it chooses anew in every order of y.",
                names=", ".join(chosen),
            )
        )
    if any(made.curve or made.method in (OWN, TREE) for made in strata.values()):
        yield say("Classes are closed on the right; the lowest value belongs to the first class.")
    for name, made in strata.items():
        if made.excess > 0:
            share = (
                say("at most {percent:.2g} %", percent=100 * made.excess)
                if np.isfinite(made.excess)
                else say("an unknown share")
            )
            yield say(
                "Natural breaks of '{name}' were found on grouped values; their sum of squares within classes is "
                "{share} "
                "above the least possible.",
                name=name,
                share=share,
            )
        if len(made.labels) > MOST_COMPARED:
            yield say(
                "Risk: '{name}' has {count} strata; above {most_compared} they are not compared.",
                name=name,
                count=len(made.labels),
                most_compared=MOST_COMPARED,
            )
    if options.singletons == "drop":
        yield (
            say(
                "Samples alone in their stratum are left out, factor by factor and pair by pair. Only for that "
                "reason can the q of a pair be below that of its factors (the weaken types)."
            )
        )


def _of_options(
    sample: CommonSample, strata: Mapping[str, Strata], options: DetectorOptions, rows: int
) -> Iterable[str]:
    if options.strata.kind == TREE:
        yield (
            say(
                "Strata are the leaves of a regression tree (rule of rpart), of one factor or of two together. A "
                "tree of two may explain less than one of either (the weaken types), for it is pruned."
            )
        )
    if sample.years is not None:
        yield say(
            "All years together: y less its mean of the year, or a trend would be credited to whatever has a trend."
        )
        yield (
            say("Strata were made once from all years, so q of the years can be compared.")
            if options.year_breaks == "pooled"
            else say("Strata were made anew in each year; q of the years differ for that alone and cannot be compared.")
        )
    if options.change_draws:
        yield say(
            "change: q less that of the first year, with its {level:g} % interval by {draws} draws of whole cells, or "
            "blocks where they are given, with all their years; the strata stay as they are.",
            level=100 * options.confidence,
            draws=options.change_draws,
        )
    if options.folds:
        yield (
            say(
                "q_cv: strata made without the rows of a fold, and their means, predict these rows ({folds} folds of "
                "whole blocks). It tells what q is worth at new places.",
                folds=options.folds,
            )
        )
    if options.shares and len(strata) > MOST_SHARED:
        yield say(
            "No shares: they take a tree for every set of factors, and there are more than {most_shared} factors.",
            most_shared=MOST_SHARED,
        )
    elif options.shares and len(strata) > 1:
        drawn = say(", on {rows:,} rows drawn at random", rows=SHARED_ROWS) if rows > SHARED_ROWS else ""
        yield say(
            "share: what a factor adds on average to the q of the tree of all factors over all orders of adding them "
            "(Shapley{drawn}); the shares sum to that q. gdverse 1.7 leaves out the first factor added, and its "
            "shares do not.",
            drawn=drawn,
        )


def result_warnings(tables: Tables, drop: bool, blocks: Integers | None, permutations: int) -> Iterable[str]:
    """What the user should look at."""
    if all(row.q is None for row in tables.factors):
        count = max(row.n for row in tables.factors)
        yield say("The explained variable does not vary over the {count} rows: no factor has a q.", count=count)
        return
    action = say("left out") if drop else say("kept with a sum of squares of 0")
    for row in tables.factors:
        if row.strata < 2:
            yield say("Factor '{name}' has one stratum only; its q is 0 and has no p.", name=row.factor)
        if row.singletons:
            told = {"name": row.factor, "count": row.singletons, "action": action}
            yield say("Factor '{name}' has {count} strata of one sample, {action}.", **told)
    for pair in tables.interactions:
        if pair.n_per_stratum < FEWEST_PER_STRATUM:
            yield say(
                "'{a}' with '{b}' has {strata} strata with {mean:.1f} samples on average, and {singletons} strata of "
                "one sample, {action}; q_ab rises with the number of strata: see q_ab_adjusted.",
                a=pair.factor_a,
                b=pair.factor_b,
                strata=pair.strata,
                mean=pair.n_per_stratum,
                singletons=pair.singletons,
                action=action,
            )
    if max(row.n for row in tables.factors) > LARGE_SAMPLE and blocks is None:
        yield say(
            "With this many samples every p is near 0, and neighbours are not independent: judge by q, give blocks."
        )
    if permutations and blocks is not None and blocks.max() + 1 < FEWEST_BLOCKS:
        count = blocks.max() + 1
        yield say("Only {n} blocks to permute; p_permutation is coarse below {few}.", n=count, few=FEWEST_BLOCKS)
