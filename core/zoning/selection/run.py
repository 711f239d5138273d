"""Target selection: the cheapest planning units that together hold given shares of every service."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...interpreter import find_python
from ...messages import listed, say
from ...progress import QUIET, Progress
from ...results import Cell, Column, ResultTable, numbers
from .planning_units import LOCK_OUT, PlanningUnits
from .problem import TARGET_TOLERANCE, Problem
from .search import quick_selection
from .solver import PACKAGES, exact_selection

# Share of the time limit that the quick search may take where the exact one can follow, and seconds that it always may.
QUICK_SHARE, QUICK_SECONDS = 0.5, 2.0
# Up to this many units the solver looks at all at once; of more it looks at those in doubt first.
MOST_IN_DOUBT = 2_000
# Less is not worth the start of a process.
LEAST_SECONDS = 1.0
SELECTION_COLUMNS = (
    Column("service", "text"),
    *numbers("target_pct", "held_pct", unit="%"),
    *numbers("target", "held", "total"),
)


@dataclass(frozen=True, eq=False)
class SelectionResult:
    """The chosen units.

    Attributes:
        chosen: boolean, shape (units,).
        cost: of the chosen units, without the boundary penalty.
        boundary_m: length of the border around them; None where borders were not measured.
        gap: how far, relative to cost and penalty together, a better choice may still be; 0 is proven optimal.
        targets_pct: per service.
        units: what was chosen from.
    """

    chosen: np.ndarray
    cost: float
    boundary_m: float | None
    gap: float
    targets_pct: tuple[float, ...]
    units: PlanningUnits

    @property
    def ids(self) -> tuple[int, ...]:
        """Feature ids of the chosen units."""
        return tuple(unit for unit, chosen in zip(self.units.ids, self.chosen) if chosen)

    @property
    def held(self) -> np.ndarray:
        """Amount of each service in the chosen units."""
        return self.units.amounts[self.chosen].sum(axis=0)


def select_units(
    units: PlanningUnits,
    targets_pct: Sequence[float],
    boundary_penalty: float = 0.0,
    time_limit: float = 60.0,
    gap: float = 0.0,
    progress: Progress = QUIET,
) -> SelectionResult:
    """Chooses units of least cost that meet all targets, exactly.

    ``min sum c_i x_i + b (sum p_i x_i - 2 sum l_ij x_i x_j)`` subject to ``sum r_ij x_i >= T_j``, x binary: p is the
    perimeter of a unit, l the border that two share, and b the penalty per metre of the border around the selection.
    A quick search gives a first selection and a bound; where they are apart, units that the bound has settled are taken
    for granted, and a solver looks for the best choice of the others in a process of its own, first of those in doubt.

    Args:
        units: with borders, if there is a penalty.
        targets_pct: percent of each service's total, one for all or one each.
        boundary_penalty: cost per metre, 0 or more.
        time_limit: seconds after which the best selection found so far is taken; its gap tells how good it is.
        gap: the relative gap at which to stop.
        progress: gets messages; a cancel ends the search within a second.

    Raises:
        InputError: there is but one unit, targets, penalty or limit cannot be used, targets cannot be met (they are
            named).
        Cancelled: on request.

    Source: Beyer et al. 2016, Ecol. Modell. 328:14-22 (exact Marxan problems); Hanson et al. 2025, Conserv. Biol.
    39:e14376 (prioritizr).
    """
    if len(units) == 1:
        raise InputError(
            say(
                "{label} holds one polygon, so that there is nothing to choose between. Divide the region "
                "into planning units, such as a grid (Vector > Research Tools > Create Grid).",
                label=units.label,
            )
        )
    targets = _targets(units, targets_pct)
    for what, number in (("BOUNDARY_PENALTY", boundary_penalty), ("GAP_LIMIT", gap)):
        if not (math.isfinite(number) and number >= 0):
            raise InputError(say("{what} is {number:g}. Give 0 or more.", what=what, number=number))
    if not time_limit > 0:
        raise InputError(say("TIME_LIMIT is {time_limit:g} s. Give more than 0 seconds.", time_limit=time_limit))
    if boundary_penalty > 0 and units.borders is None:
        raise InputError(say("A boundary penalty needs the borders of the planning units. Read them with borders."))
    _require_reachable(units, targets)
    progress.check()
    chosen, bound_gap = _search(Problem.of_units(units, targets, boundary_penalty), time_limit, gap, progress)
    progress.set(100)
    cost = float(units.costs[chosen].sum())
    boundary = units.borders.of_selection(chosen) if units.borders is not None else None
    if bound_gap > max(gap, TARGET_TOLERANCE):
        progress.warn(
            say(
                "The time limit of {seconds:g} s ended the search: a selection cheaper by up to {gap:.2%} may exist. "
                "Another run may choose other units: how far a search comes depends on the machine and on what else it "
                "does. Raise TIME_LIMIT to look further.",
                seconds=time_limit,
                gap=bound_gap,
            )
        )
    return SelectionResult(chosen, cost, boundary, bound_gap, tuple(targets * 100), units)


def _targets(units: PlanningUnits, targets_pct: Sequence[float]) -> np.ndarray:
    """Targets as shares, one per service."""
    count = len(units.services)
    given = list(targets_pct) * count if len(targets_pct) == 1 else list(targets_pct)
    if len(given) != count:
        raise InputError(
            say(
                "{count} targets are given for {count2} services. Give one for all, or one each.",
                count=len(given),
                count2=count,
            )
        )
    for service, target in zip(units.services, given):
        if not 0 <= target <= 100:
            raise InputError(
                say(
                    "The target of {service} is {target:g} %. Give percent of its total, from 0 to 100.",
                    service=service,
                    target=target,
                )
            )
    return np.array(given, dtype=np.float64) / 100


def _require_reachable(units: PlanningUnits, targets: np.ndarray) -> None:
    """Names every target that all units which are not locked out do not meet."""
    totals = units.amounts.sum(axis=0)
    reach = units.amounts[units.locks != LOCK_OUT].sum(axis=0) / totals
    missed = [
        say("{service}: target {target:.6g} %, at most {most:.6g} %", service=service, target=target, most=most)
        for service, target, most in zip(units.services, targets * 100, reach * 100)
        if most < target - TARGET_TOLERANCE * 100
    ]
    if missed:
        raise InputError(
            say(
                "These targets cannot be met, even with all units that are not locked out: {missed}. Lower "
                "them, or lock out fewer units.",
                missed=listed(missed, "; "),
            )
        )


def _search(problem: Problem, time_limit: float, gap: float, progress: Progress) -> tuple[np.ndarray, float]:
    """The chosen units (boolean) and the relative gap."""
    start = time.monotonic()
    python = find_python(PACKAGES)
    share = min(max(QUICK_SHARE * time_limit, QUICK_SECONDS), time_limit) if python else time_limit
    quick = quick_selection(problem, gap, share, progress)
    reached = problem.gap(quick.value, quick.bound)
    left = time_limit - (time.monotonic() - start)
    if reached <= gap or (python and left < LEAST_SECONDS):
        return quick.chosen, reached
    if python is None:
        progress.warn(
            say(
                "No Python interpreter with scipy is found for the exact search, which runs in a process of its own; "
                "the quick search found a selection that a better one can undercut by at most {gap:.2%}.",
                gap=reached,
            )
        )
        return quick.chosen, reached
    progress.info(
        say(
            "A first selection is found; a better one can undercut it by at most {gap:.2%}. The exact search takes "
            "{seconds:.0f} s at most.",
            gap=reached,
            seconds=left,
        )
    )
    chosen, value, bound = quick.chosen, quick.value, quick.bound
    narrowed = problem.narrowed(quick.reduced, bound, value)
    stages = [narrowed]
    if np.count_nonzero(narrowed.free) > MOST_IN_DOUBT:
        stages.insert(0, narrowed.focused(chosen, quick.reduced, MOST_IN_DOUBT))
    for number, stage in enumerate(stages):
        seconds = (time_limit - (time.monotonic() - start)) / (len(stages) - number)
        if problem.gap(value, bound) <= gap or seconds < LEAST_SECONDS:
            break
        part = progress.part(100 * number / len(stages), 100 * (number + 1) / len(stages))
        exact = exact_selection(stage, value, gap, seconds, python, part)
        if exact.complaint:
            progress.warn(
                say("The exact search failed ({why}); the selection of the quick search is taken.", why=exact.complaint)
            )
            break
        if exact.chosen is not None and problem.value(exact.chosen) < value:
            chosen, value = exact.chosen, problem.value(exact.chosen)
        if stage is narrowed:
            bound = max(bound, exact.bound)
    return chosen, problem.gap(value, bound)


def selection_table(result: SelectionResult) -> ResultTable:
    """A row per service: its target and what the selection holds, percent of the total and amount."""
    totals = result.units.amounts.sum(axis=0)
    rows: list[tuple[Cell, ...]] = [
        (service, target, float(held / total * 100), float(total * target / 100), float(held), float(total))
        for service, target, held, total in zip(result.units.services, result.targets_pct, result.held, totals)
    ]
    return ResultTable(SELECTION_COLUMNS, tuple(rows))
