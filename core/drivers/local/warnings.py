"""What limits the numbers of a local regression, each with what to do about it."""

from __future__ import annotations

import numpy as np

from .choice import LocalChoice
from .estimate import Estimate
from .multiscale_errors import MOST_EXACT

HIGH_CONDITION, HIGH_VIF = 30.0, 10.0


def doubts(choice: LocalChoice, terms: tuple[str, ...], found: Estimate) -> tuple[str, ...]:
    """The warnings of a fit, the gravest first."""
    return (
        *_unfit(found),
        *_copies(choice, found),
        *_edges(choice, terms, found),
        *_collinear(found),
        *_unsettled(found),
        *_probed(found),
    )


def _unfit(found: Estimate) -> list[str]:
    count = found.unfit
    if not count:
        return []
    return [
        f"{count} of {found.sample.n} places see too few others, or others among which a driver does not vary; "
        "they have no coefficients. Choose BANDWIDTH_KIND adaptive or a larger BANDWIDTH."
    ]


def _copies(choice: LocalChoice, found: Estimate) -> list[str]:
    points = found.sample.points
    extra = len(points) - len(np.unique(points, axis=0))
    if not extra:
        return []
    if choice.time and choice.method != "gtwr":
        mend = "They are years pooled: choose one YEAR, or METHOD gtwr."
    else:
        mend = "They count as full neighbours at distance 0: average the rows of a place."
    return [f"{extra} rows lie where another row lies. {mend}"]


def _edges(choice: LocalChoice, terms: tuple[str, ...], found: Estimate) -> list[str]:
    texts = []
    several = choice.method == "mgwr"
    for j, edge in enumerate(found.edges if several else found.edges[:1]):
        if not edge:
            continue
        name = f"of {terms[j]} " if several else ""
        if edge == "low":
            texts.append(
                f"The bandwidth {name}({found.bandwidths[j]:g}) is the least that is tried: the score still falls "
                "towards smaller ones, so coefficients may follow noise. Read the curve of the search; give BANDWIDTH "
                "to choose otherwise, or try KERNEL bisquare."
            )
        else:
            texts.append(
                f"The bandwidth {name}({found.bandwidths[j]:g}) is the largest that is tried: "
                f"{'this term' if several else 'the model'} is about the same everywhere."
            )
    return texts


def _collinear(found: Estimate) -> list[str]:
    texts = []
    # Far from zero a driver resembles the constant, which is no collinearity of drivers: there the inflation is low.
    high = int(np.sum((found.condition > HIGH_CONDITION) & ~(found.vif <= HIGH_VIF)))
    if high:
        texts.append(
            f"At {high} places the local condition number exceeds {HIGH_CONDITION:g}: drivers run together there, and "
            "coefficients trade places. Map `condition`, leave out a driver, or widen the bandwidth."
        )
    vif = int(np.sum(found.vif > HIGH_VIF))
    if vif:
        texts.append(f"At {vif} places a driver's local variance inflation exceeds {HIGH_VIF:g}.")
    return texts


def _unsettled(found: Estimate) -> list[str]:
    if found.stands:
        return []
    return [
        "The back-fitting did not come to rest: bandwidths still moved at MAX_SWEEPS, or two terms say the same. Raise "
        "MAX_SWEEPS, or leave out one of two drivers that run together."
    ]


def _probed(found: Estimate) -> list[str]:
    error = found.enp_error
    if not error.any():
        return []
    return [
        f"With more than {MOST_EXACT} places effective parameters and standard errors come from random probes: "
        f"parameters are within {2 * float(error.max()):.2g} (two standard errors) for every term."
    ]
