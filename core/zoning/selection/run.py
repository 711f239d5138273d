"""Target selection: the cheapest planning units that together hold given shares of every service."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ...progress import QUIET, Progress
from ...results import Cell, Column, ResultTable
from .planning_units import LOCK_IN, LOCK_OUT, PlanningUnits

# The solver lets rows be short by 1e-6; in these units of a service's total that is no amount that anyone measures.
ROW_SCALE = 1e5
# What rounding may lack of a target, as a share of the total.
TARGET_TOLERANCE = 1e-9
SELECTION_COLUMNS = (
    Column("service", "text"),
    Column("target_pct", unit="%"),
    Column("held_pct", unit="%"),
    Column("target"),
    Column("held"),
    Column("total"),
)
OPTIMAL, LIMIT, INFEASIBLE = 0, 1, 2


@dataclass(frozen=True, eq=False)
class SelectionResult:
    """The chosen units.

    Attributes:
        chosen: boolean, shape (units,).
        cost: of the chosen units, without the boundary penalty.
        boundary_m: length of the border around them; None where borders were not measured.
        objective: cost and penalty together.
        gap: how far, relative to the objective, a better choice may still be; 0 is proven optimal.
        targets_pct: per service.
        units: what was chosen from.
    """

    chosen: np.ndarray
    cost: float
    boundary_m: float | None
    objective: float
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

    ``min sum c_i x_i + b (sum p_i x_i - 2 sum l_ij y_ij)`` subject to ``sum r_ij x_i >= T_j``, ``y_ij <= x_i``,
    ``y_ij <= x_j``, x binary: p is the perimeter of a unit, l the border that two share, and b the penalty per metre of
    the border around the selection. The y make the product of two choices linear; they are whole of themselves.

    Args:
        units: with borders, if there is a penalty.
        targets_pct: percent of each service's total, one for all or one each.
        boundary_penalty: cost per metre, 0 or more.
        time_limit: seconds after which the best selection found so far is taken; its gap tells how good it is.
        gap: the relative gap at which to stop.
        progress: gets messages. The solver cannot be interrupted within its time limit.

    Raises:
        InputError: there is but one unit, targets, penalty or limit cannot be used, targets cannot be met (they are
            named), or nothing was found in time.

    Source: Beyer et al. 2016, Ecol. Modell. 328:14-22 (exact Marxan problems); Hanson et al. 2025, Conserv. Biol.
    39:e14376 (prioritizr).
    """
    if len(units) == 1:
        raise InputError(
            f"{units.label} holds one polygon, so that there is nothing to choose between. Divide the region into "
            "planning units, such as a grid (Vector > Research Tools > Create Grid)."
        )
    targets = _targets(units, targets_pct)
    for what, number in (("BOUNDARY_PENALTY", boundary_penalty), ("GAP_LIMIT", gap)):
        if not (math.isfinite(number) and number >= 0):
            raise InputError(f"{what} is {number:g}. Give 0 or more.")
    if not time_limit > 0:
        raise InputError(f"TIME_LIMIT is {time_limit:g} s. Give more than 0 seconds.")
    if boundary_penalty > 0 and units.borders is None:
        raise InputError("A boundary penalty needs the borders of the planning units. Read them with borders.")
    _require_reachable(units, targets)
    progress.check()
    chosen, bound_gap = _solve(units, targets, boundary_penalty, time_limit, gap)
    progress.check()
    progress.set(100)
    cost = float(units.costs[chosen].sum())
    boundary = units.borders.of_selection(chosen) if units.borders is not None else None
    objective = cost + boundary_penalty * (boundary or 0.0)
    if bound_gap > max(gap, TARGET_TOLERANCE):
        progress.warn(
            f"The time limit of {time_limit:g} s ended the search: a selection cheaper by up to {bound_gap:.2%} may "
            "exist. Raise TIME_LIMIT to look further."
        )
    return SelectionResult(chosen, cost, boundary, objective, bound_gap, tuple(targets * 100), units)


def _targets(units: PlanningUnits, targets_pct: Sequence[float]) -> np.ndarray:
    """Targets as shares, one per service."""
    count = len(units.services)
    given = list(targets_pct) * count if len(targets_pct) == 1 else list(targets_pct)
    if len(given) != count:
        raise InputError(f"{len(given)} targets are given for {count} services. Give one for all, or one each.")
    for service, target in zip(units.services, given):
        if not 0 <= target <= 100:
            raise InputError(f"The target of {service} is {target:g} %. Give percent of its total, from 0 to 100.")
    return np.array(given, dtype=np.float64) / 100


def _require_reachable(units: PlanningUnits, targets: np.ndarray) -> None:
    """Names every target that all units which are not locked out do not meet."""
    totals = units.amounts.sum(axis=0)
    reach = units.amounts[units.locks != LOCK_OUT].sum(axis=0) / totals
    missed = [
        f"{service}: target {target:.6g} %, at most {most:.6g} %"
        for service, target, most in zip(units.services, targets * 100, reach * 100)
        if most < target - TARGET_TOLERANCE * 100
    ]
    if missed:
        raise InputError(
            f"These targets cannot be met, even with all units that are not locked out: {'; '.join(missed)}. Lower "
            "them, or lock out fewer units."
        )


def _exact_solver() -> tuple[Any, Any, Any]:
    """Raises InputError where scipy is missing or has no exact solver yet."""
    try:
        from scipy.optimize import Bounds, LinearConstraint, milp
    except ImportError as error:
        raise InputError(
            f"The exact selection needs the Python package scipy, 1.9 or newer ({error}). Install it where QGIS finds "
            "it (python3 -m pip install 'scipy>=1.9'), or rank with priorityranking, which does without."
        ) from None
    return milp, Bounds, LinearConstraint


def _solve(
    units: PlanningUnits, targets: np.ndarray, penalty: float, time_limit: float, gap: float
) -> tuple[np.ndarray, float]:
    """The chosen units (boolean) and the relative gap."""
    milp, Bounds, LinearConstraint = _exact_solver()
    count = len(units)
    costs, pairs = _objective(units, penalty)
    rows, least = _rows(units, targets, pairs)
    low, high = np.zeros(count + pairs), np.ones(count + pairs)
    low[:count][units.locks == LOCK_IN] = 1
    high[:count][units.locks == LOCK_OUT] = 0
    # Costs of a large unit are reduced to 1, so that the solver's tolerances mean the same for any currency.
    scale = np.abs(costs).max() or 1.0
    found: Any = milp(
        costs / scale,
        integrality=np.append(np.ones(count), np.zeros(pairs)),
        bounds=Bounds(low, high),
        constraints=LinearConstraint(rows, least, np.inf),
        options={"time_limit": float(time_limit), "mip_rel_gap": float(gap)},
    )
    if found.x is None:
        if found.status == LIMIT:
            raise InputError(
                f"No selection was found within {time_limit:g} s. Raise TIME_LIMIT, lower BOUNDARY_PENALTY, or take "
                "fewer planning units."
            )
        raise InputError(f"The targets cannot be met: {found.message}")
    chosen = found.x[:count] > 0.5
    return chosen, 0.0 if found.status == OPTIMAL and gap == 0 else float(found.mip_gap or 0.0)


def _objective(units: PlanningUnits, penalty: float) -> tuple[np.ndarray, int]:
    """Coefficients of units and pairs, and the number of pairs."""
    if penalty == 0 or units.borders is None:
        return units.costs, 0
    borders = units.borders
    of_units = units.costs + penalty * borders.perimeters
    return np.append(of_units, -2 * penalty * borders.lengths), len(borders.lengths)


def _rows(units: PlanningUnits, targets: np.ndarray, pairs: int) -> tuple[Any, np.ndarray]:
    """The constraints ``rows @ [x, y] >= least``: a row per target, two per pair of neighbours."""
    from scipy.sparse import coo_array, csr_array, hstack, vstack

    count = len(units)
    shares = (units.amounts / units.amounts.sum(axis=0)).T * ROW_SCALE
    least = (targets - TARGET_TOLERANCE) * ROW_SCALE
    wanted = csr_array(shares)
    if pairs == 0 or units.borders is None:
        return wanted, least
    number = np.arange(pairs)
    minus = np.full(pairs, -1.0)
    links = []
    for end in (units.borders.first, units.borders.second):
        x = coo_array((np.ones(pairs), (number, end)), shape=(pairs, count))
        y = coo_array((minus, (number, number)), shape=(pairs, pairs))
        links.append(hstack([x, y]))
    nothing = csr_array((len(targets), pairs))
    return csr_array(vstack([hstack([wanted, nothing]), *links])), np.append(least, np.zeros(2 * pairs))


def selection_table(result: SelectionResult) -> ResultTable:
    """A row per service: its target and what the selection holds, percent of the total and amount."""
    totals = result.units.amounts.sum(axis=0)
    rows: list[tuple[Cell, ...]] = [
        (service, target, float(held / total * 100), float(total * target / 100), float(held), float(total))
        for service, target, held, total in zip(result.units.services, result.targets_pct, result.held, totals)
    ]
    return ResultTable(SELECTION_COLUMNS, tuple(rows))
