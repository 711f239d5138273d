"""What limits the numbers of a local regression, each with what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .multiscale_errors import MOST_EXACT

if TYPE_CHECKING:
    from .run import LocalRun

HIGH_CONDITION, HIGH_VIF = 30.0, 10.0


def doubts(run: LocalRun) -> tuple[str, ...]:
    """The warnings of a run, the gravest first."""
    return tuple(text for check in (_unfit, _copies, _edges, _collinear, _unsettled, _probed) for text in check(run))


def _unfit(run: LocalRun) -> list[str]:
    count = run.estimate.unfit
    if not count:
        return []
    return [
        f"{count} of {run.observations.n} places see too few others, or others among which a driver does not vary; "
        "they have no coefficients. Choose BANDWIDTH_KIND adaptive or a larger BANDWIDTH."
    ]


def _copies(run: LocalRun) -> list[str]:
    points = run.estimate.sample.points
    extra = len(points) - len(np.unique(points, axis=0))
    if not extra:
        return []
    if run.choice.time and run.choice.method != "gtwr":
        mend = "They are years pooled: choose one YEAR, or METHOD gtwr."
    else:
        mend = "They count as full neighbours at distance 0: average the rows of a place."
    return [f"{extra} rows lie where another row lies. {mend}"]


def _edges(run: LocalRun) -> list[str]:
    found, texts = run.estimate, []
    several = run.choice.method == "mgwr"
    for j, edge in enumerate(found.edges if several else found.edges[:1]):
        if not edge:
            continue
        name = f"of {run.terms[j]} " if several else ""
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


def _collinear(run: LocalRun) -> list[str]:
    found = run.estimate
    texts = []
    high = int(np.sum(found.condition > HIGH_CONDITION))
    if high:
        texts.append(
            f"At {high} places the local condition number exceeds {HIGH_CONDITION:g}: drivers run together there, and "
            "coefficients trade places. Map `condition`, leave out a driver, or widen the bandwidth."
        )
    vif = int(np.sum(found.vif > HIGH_VIF))
    if vif:
        texts.append(f"At {vif} places a driver's local variance inflation exceeds {HIGH_VIF:g}.")
    return texts


def _unsettled(run: LocalRun) -> list[str]:
    if run.estimate.stands:
        return []
    return [
        "The back-fitting did not come to rest: bandwidths still moved at MAX_SWEEPS, or two terms say the same. Raise "
        "MAX_SWEEPS, or leave out one of two drivers that run together."
    ]


def _probed(run: LocalRun) -> list[str]:
    error = run.estimate.enp_error
    if not error.any():
        return []
    return [
        f"With more than {MOST_EXACT} places effective parameters and standard errors come from random probes: "
        f"parameters are within {2 * float(error.max()):.2g} (two standard errors) for every term."
    ]
