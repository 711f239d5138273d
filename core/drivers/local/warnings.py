"""What limits the numbers of a local regression, each with what to do about it."""

from __future__ import annotations

import numpy as np

from ...messages import say
from .choice import LocalChoice
from .estimate import Estimate
from .multiscale_errors import MOST_EXACT

HIGH_CONDITION, HIGH_VIF = 30.0, 10.0


def doubts(choice: LocalChoice, terms: tuple[str, ...], found: Estimate, extra: int) -> tuple[str, ...]:
    """The warnings of a fit, the gravest first; `extra` rows lie where another row lies."""
    return (
        *_unfit(found),
        *_copies(choice, extra),
        *_edges(choice, terms, found),
        *_timeless(choice, found),
        *_collinear(found),
        *_unsettled(found),
        *_probed(found),
    )


def _unfit(found: Estimate) -> list[str]:
    if not found.unfit:
        return []
    return [
        say(
            "{count} of {n} places see too few others, or others among which a driver does not vary; they have no "
            "coefficients. Choose BANDWIDTH_KIND adaptive or a larger BANDWIDTH.",
            count=found.unfit,
            n=found.sample.n,
        )
    ]


def _copies(choice: LocalChoice, extra: int) -> list[str]:
    if not extra:
        return []
    if choice.time and choice.method != "gtwr":
        mend = say("They are years pooled: choose one YEAR, or METHOD gtwr.")
    else:
        mend = say("They count as full neighbours at distance 0: average the rows of a place.")
    return [say("{extra} rows lie where another row lies. {mend}", extra=extra, mend=mend)]


def _edges(choice: LocalChoice, terms: tuple[str, ...], found: Estimate) -> list[str]:
    texts: list[str] = []
    several = choice.method == "mgwr"
    for j, edge in enumerate(found.edges if several else found.edges[:1]):
        if not edge:
            continue
        bandwidth = f"{found.bandwidths[j]:g}"
        what = say("The bandwidth of {term}", term=terms[j]) if several else say("The bandwidth")
        if edge == "high":
            same = (
                say("this term is about the same everywhere")
                if several
                else say("the model is about the same everywhere")
            )
            texts.append(
                say(
                    "{what} ({bandwidth}) is the largest that is tried: {same}.",
                    what=what,
                    bandwidth=bandwidth,
                    same=same,
                )
            )
            continue
        # The other kernels see beyond their bandwidth, so that theirs ends sooner.
        mend = say("or take fewer drivers") if choice.kernel == "bisquare" else say("or try KERNEL bisquare")
        texts.append(
            say(
                "{what} ({bandwidth}) is the least that is tried: the score still falls towards smaller ones, so "
                "coefficients may follow noise. Read the curve of the search; give BANDWIDTH to choose otherwise, "
                "{mend}.",
                what=what,
                bandwidth=bandwidth,
                mend=mend,
            )
        )
    return texts


def _timeless(choice: LocalChoice, found: Estimate) -> list[str]:
    if choice.method != "gtwr" or choice.tau is not None or choice.time_bandwidth is not None or found.tau != 0:
        return []
    return [
        say(
            "No weight of time fits better than none (tau 0): the coefficients are those of all years pooled, the "
            "same in "
            "every year. Nothing shows that drivers changed their effect; METHOD gwr by YEAR tells each year by itself."
        )
    ]


def _collinear(found: Estimate) -> list[str]:
    texts: list[str] = []
    # Far from zero a driver resembles the constant, which is no collinearity of drivers: there the inflation is low.
    high = int(np.sum((found.condition > HIGH_CONDITION) & ~(found.vif <= HIGH_VIF)))
    if high:
        texts.append(
            say(
                "At {high} places the local condition number exceeds {limit:g}: drivers run together there, and "
                "coefficients trade places. Map `condition`, leave out a driver, or widen the bandwidth.",
                high=high,
                limit=HIGH_CONDITION,
            )
        )
    vif = int(np.sum(found.vif > HIGH_VIF))
    if vif:
        texts.append(
            say("At {vif} places a driver's local variance inflation exceeds {limit:g}.", vif=vif, limit=HIGH_VIF)
        )
    return texts


def _unsettled(found: Estimate) -> list[str]:
    if found.stands:
        return []
    return [
        say(
            "The back-fitting did not come to rest: bandwidths still moved at MAX_SWEEPS, or two terms say the same. "
            "Raise "
            "MAX_SWEEPS, or leave out one of two drivers that run together."
        )
    ]


def _probed(found: Estimate) -> list[str]:
    error = found.enp_error
    if not error.any():
        return []
    return [
        say(
            "With more than {most} places effective parameters and standard errors come from random probes: parameters "
            "are within {reach:.2g} (two standard errors) for every term.",
            most=MOST_EXACT,
            reach=2 * float(error.max()),
        )
    ]
