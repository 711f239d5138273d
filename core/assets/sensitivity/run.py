"""How much the total value depends on each coefficient, and how uncertain it is."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...errors import InputError, TableError
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.settings import RasterSettings
from ...results import Cell, Column, ResultTable, numbers
from ...tables import Table
from ..equivalents import Equivalents, class_weights
from ..valuation.run import ValuationInputs, ValuationOutputs, ValuationResult, run_valuation
from ..valuation.tables import CLASS_COLUMNS, Part, by_part, parts_of

PERCENTILES = (5.0, 50.0, 95.0)
DRAWS_AT_ONCE = 2000

SENSITIVITY_COLUMNS = (
    Column("ecosystem", "text"), *numbers("share", "coefficient_of_sensitivity"), Column("area_ha", unit="ha"),
    *numbers("value", "total_plus", "total_minus", "value_p05", "value_p50", "value_p95", unit="currency/a"),
    *CLASS_COLUMNS,
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How far equivalents may lie from the table, each independently; shape (columns, services) each.

    Attributes:
        sd: standard deviation of a normal distribution; 0 where `low` and `high` hold.
        low: smallest value of a triangular distribution with the table's value at its peak.
        high: largest value.
    """

    sd: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class SensitivityInputs:
    """What is examined.

    Attributes:
        valuation: land cover of one year and coefficients, without adjustments.
        change_pct: how far a value coefficient is moved up and down, percent.
        draws: draws of a Monte Carlo simulation; 0 for none.
        seed: of the draws.
        relative_sd: standard deviation of every equivalent as a share of its value, where `table` says nothing.
        table: optional: `column` (an ecosystem of the equivalents, blank for all), `service_id` (blank for all), and
            either `relative_sd` or `min` and `max`. Later rows win.
    """

    valuation: ValuationInputs
    change_pct: float = 50.0
    draws: int = 0
    seed: int = 1
    relative_sd: float = 0.2
    table: Table | None = None


@dataclass(frozen=True, eq=False)
class SensitivityResult:
    """Sensitivity by ecosystem and by land-cover class.

    Attributes:
        parts: the ecosystems that occur, each followed by its classes; what follows has this order.
        area_ha: shape (parts,).
        value: (parts,), currency per year.
        coefficient: (parts,), relative change of the total over relative change of the part's coefficients.
        total_plus: total after moving the part's coefficients up, (parts,); `total_minus` down.
        value_percentiles: (3, parts), the 5th, 50th and 95th percentile of the draws; None without draws.
        total_percentiles: (3,), of the total.
        inputs: what was asked for.
    """

    parts: tuple[Part, ...]
    area_ha: np.ndarray
    value: np.ndarray
    coefficient: np.ndarray
    total_plus: np.ndarray
    total_minus: np.ndarray
    value_percentiles: np.ndarray | None
    total_percentiles: np.ndarray | None
    inputs: SensitivityInputs

    @property
    def total(self) -> float:
        return math.fsum(value for part, value in zip(self.parts, self.value) if part.code is None)


def coefficient_of_sensitivity(total: float, moved: float, change: float) -> float:
    """``CS = ((ESV' - ESV) / ESV) / (change of the coefficient / coefficient)``.

    The value is linear in the coefficients, so this is the share of the ecosystem in the value, whatever the step, and
    all shares add up to 1. Negative equivalents make negative shares.

    Args:
        total: ESV.
        moved: ESV after the coefficients of one ecosystem changed.
        change: by how much, as a ratio (0.5 for 50 percent).
    """
    return (moved - total) / total / change


def run_sensitivity(
    inputs: SensitivityInputs, settings: RasterSettings | None = None, progress: Progress = QUIET
) -> SensitivityResult:
    """Moves the coefficients of each ecosystem and class, and draws all at random, over the areas of one pass.

    Raises:
        InputError: more than one year, adjustments, a change of 0, or a total of 0.
        TableError, GridError, Cancelled: as `run_valuation`; a row of the uncertainty that cannot be used.
    """
    _check(inputs)
    uncertainty = read_uncertainty(inputs.valuation.equivalents, inputs.relative_sd, inputs.table)
    valued = run_valuation(inputs.valuation, ValuationOutputs(), settings, progress)
    parts = parts_of(valued)
    areas, values = by_part(valued, parts)
    area, value = areas[0], values[0].sum(axis=0)
    whole = [p for p, part in enumerate(parts) if part.code is None]
    total = math.fsum(value[whole])
    if total == 0:
        raise InputError(
            say("The total value is 0, so nothing can be relative to it. Check the classes and equivalents.")
        )
    step = inputs.change_pct / 100
    plus, minus = (np.array([math.fsum((*value[whole], sign * step * v)) for v in value]) for sign in (1, -1))
    coefficient = np.array([coefficient_of_sensitivity(total, moved, step) for moved in plus])
    values_drawn = totals_drawn = None
    if inputs.draws:
        effective = _effective_areas(valued, parts)
        drawn = draw_values(effective, inputs.valuation.equivalents, uncertainty, inputs.draws, inputs.seed, progress)
        values_drawn = np.percentile(drawn, PERCENTILES, axis=0)
        totals_drawn = np.percentile(drawn[:, whole].sum(axis=1), PERCENTILES)
    return SensitivityResult(parts, area, value, coefficient, plus, minus, values_drawn, totals_drawn, inputs)


def _effective_areas(valued: ValuationResult, parts: tuple[Part, ...]) -> np.ndarray:
    """Area times value of one equivalent by part and column of the equivalents, shape (parts, columns)."""
    inputs = valued.inputs
    present = sorted({k for part in parts for k in part.members})
    weights = class_weights(inputs.scheme, inputs.equivalents, [valued.codes[k] for k in present])
    member = np.array([[k in part.members for k in present] for part in parts], dtype=float)
    return member @ (valued.area_ha[0, present, np.newaxis] * weights) * _price(inputs)


def _check(inputs: SensitivityInputs) -> None:
    if len(inputs.valuation.years) != 1:
        raise InputError(say("The sensitivity is that of one year: give one land-cover raster and its year."))
    if inputs.valuation.adjustments.series:
        raise InputError(say("The sensitivity is that of the static model: leave out NPP, rain and soil retention."))
    if not (math.isfinite(inputs.change_pct) and inputs.change_pct != 0):
        raise InputError(
            say(
                "CHANGE_PCT is {change_pct:g}. Give a percentage other than 0, such as 50.",
                change_pct=inputs.change_pct,
            )
        )
    if inputs.draws < 0:
        raise InputError(
            say("DRAWS is {draws}. Give 0 for no simulation, or a number such as 1000.", draws=inputs.draws)
        )


def _price(inputs: ValuationInputs) -> float:
    """Value of one equivalent in the year's prices."""
    return inputs.standard_value * inputs.price_level.get(inputs.years[0], 100.0) / 100


def read_uncertainty(equivalents: Equivalents, relative_sd: float, table: Table | None) -> Uncertainty:
    """Spread of every equivalent: `relative_sd` of its value, and what the table says of some.

    Raises:
        InputError: the relative standard deviation is negative.
        TableError: the table names a column or service that the equivalents do not have, gives neither or both kinds
            of spread, or a range without the value.
    """
    if not (math.isfinite(relative_sd) and relative_sd >= 0):
        raise InputError(
            say(
                "The relative standard deviation is {relative_sd:g}. Give 0 or more, such as 0.2.",
                relative_sd=relative_sd,
            )
        )
    values = equivalents.values
    sd, low, high = np.abs(values) * relative_sd, values.copy(), values.copy()
    if table is None:
        return Uncertainty(sd, low, high)
    columns = _cells(table, "column")
    services = _cells(table, "service_id")
    given = {name: _numbers(table, name) for name in ("relative_sd", "min", "max")}
    for row in range(len(table.rows)):
        where = say("Table {name}, row {row}", name=table.name, row=row + 1)
        part = np.ix_(
            _chosen(columns[row], equivalents.columns, f"{where}, column column"),
            _chosen(services[row], tuple(s.id for s in equivalents.services), f"{where}, column service_id"),
        )
        spread, least, most = (given[name][row] for name in ("relative_sd", "min", "max"))
        if not np.isnan(spread) and np.isnan(least) and np.isnan(most) and spread >= 0:
            sd[part], low[part], high[part] = np.abs(values[part]) * spread, values[part], values[part]
        elif np.isnan(spread) and (least <= values[part]).all() and (most >= values[part]).all():
            sd[part], low[part], high[part] = 0, least, most
        else:
            raise TableError(
                say(
                    "{where} must hold either relative_sd (0 or more), or min and max with the equivalents "
                    "{value:g} to {value2:g} between them.",
                    where=where,
                    value=values[part].min(),
                    value2=values[part].max(),
                )
            )
    return Uncertainty(sd, low, high)


def _cells(table: Table, column: str) -> tuple[str, ...]:
    return table.texts(column) if table.has(column) else ("",) * len(table.rows)


def _numbers(table: Table, column: str) -> np.ndarray:
    return table.numbers(column, blank=math.nan) if table.has(column) else np.full(len(table.rows), math.nan)


def _chosen(name: str, known: tuple[str, ...], where: str) -> list[int]:
    """Positions of a name, of all names where it is blank."""
    if not name:
        return list(range(len(known)))
    found = [i for i, other in enumerate(known) if other.casefold() == name.casefold()]
    if not found:
        raise TableError(
            say(
                "{where} holds {name!r}. Write one of {known}, or leave it blank for all.",
                where=where,
                name=name,
                known=", ".join(known),
            )
        )
    return found


def draw_values(
    effective: np.ndarray,
    equivalents: Equivalents,
    uncertainty: Uncertainty,
    draws: int,
    seed: int,
    progress: Progress = QUIET,
) -> np.ndarray:
    """Values by part of the land under drawn equivalents; parts that share a column share its draw.

    Args:
        effective: area times value of one equivalent by part and column of the equivalents, shape (parts, columns).
        equivalents: the table.
        uncertainty: spread of each equivalent.
        draws: how many.
        seed: the same seed gives the same draws.
        progress: asked for cancellation.

    Returns:
        Shape (draws, parts), currency per year.
    """
    generator = np.random.default_rng(seed)
    values = equivalents.values
    wide = uncertainty.high > uncertainty.low
    low, high = uncertainty.low[wide], uncertainty.high[wide]
    parts = []
    for start in range(0, draws, DRAWS_AT_ONCE):
        progress.check()
        count = min(DRAWS_AT_ONCE, draws - start)
        drawn = values + uncertainty.sd * generator.standard_normal((count, *values.shape))
        if wide.any():
            drawn[:, wide] = generator.triangular(low, values[wide], high, (count, len(low)))
        parts.append(drawn.sum(axis=2) @ effective.T)
    return np.concatenate(parts)


def sensitivity_table(result: SensitivityResult) -> ResultTable:
    """A row per ecosystem, and below it one per land-cover class of the ecosystem.

    `share` is its share of the value (0 to 1), `coefficient_of_sensitivity` comes from moving its coefficients; that
    the two agree is a property of the linear model. Rows of ecosystems have no code; their shares add up to 1, and so
    do those of the classes.
    """
    rows: list[tuple[Cell, ...]] = []
    total = result.total
    for p, part in enumerate(result.parts):
        drawn = (None,) * 3 if result.value_percentiles is None else map(float, result.value_percentiles[:, p])
        numbers = (result.area_ha, result.value, result.total_plus, result.total_minus)
        share, coefficient = float(result.value[p] / total), float(result.coefficient[p])
        rows.append((part.ecosystem, share, coefficient, *(float(n[p]) for n in numbers), *drawn, *part.cells))
    return ResultTable(SENSITIVITY_COLUMNS, tuple(rows))
