"""Yearly totals or means of monthly, daily or 8-day climate rasters, months of the mean year, and the wettest day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import GridError, InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import ANY, Measure, quantity
from ...raster.dataset import open_raster, short_name
from ...raster.engine import run_job
from ...raster.files import intermediate_path, workspace
from ...raster.grid import Grid
from ...raster.output import Band, BandStatistics, Output
from ...raster.reading.source import Source, footprint
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.work import Block, Result
from ...results import ResultTable, row_table
from ..pressure.extent import write_footprint
from .position import with_longitudes_from_180, with_position
from .steps import ClimateStep, read_climate_steps
from .units import RATE, STATE, Unit, require_declared, unit_of

MONTHS = 12
_AROUND = 3  # pixels


@dataclass(frozen=True)
class ClimateInputs:
    """What is read.

    Attributes:
        rasters: in their order.
        variable, first, step: as in `read_climate_steps`.
        quantity: `total` of a step, `rate` per day, or `state`.
        unit: of `units.UNITS`.
        years: empty for all that are whole.
        reference: a raster on the grid of the study.
    """

    rasters: Sequence[str]
    reference: str
    quantity: str
    unit: str
    step: str = "month"
    variable: str = ""
    first: str = ""
    years: Sequence[int] = ()


@dataclass(frozen=True)
class ClimateOutputs:
    """Paths; an empty one is not made. `months` needs steps of months or days, `wettest` steps of days."""

    annual: str
    months: str = ""
    wettest: str = ""


@dataclass(frozen=True)
class ClimateRow:
    """A year on the grid of the study; in mm, or °C of a state."""

    year: int
    steps: int
    days: int
    minimum: float | None
    mean: float | None
    maximum: float | None


@dataclass(frozen=True)
class ClimateResult:
    """Attributes: rows: a row per year. unit: `mm` or `°C`. made: paths of what was made, by field of the outputs."""

    rows: tuple[ClimateRow, ...]
    unit: str
    made: Mapping[str, str]

    def table(self) -> ResultTable:
        return row_table(ClimateRow, self.rows)


def run_annual_climate(
    inputs: ClimateInputs, outputs: ClimateOutputs, settings: RasterSettings | None = None, progress: Progress = QUIET
) -> ClimateResult:
    """Adds totals, multiplies rates by the days of their step, weighs states by days; then warps each year once.

    A pixel needs every step of its year. Days are those of the calendar: leap years have 366, and the last of the 8-day
    steps 5 or 6.

    Raises:
        InputError, GridError: times, units or grids do not fit; nothing is written then.
        OutputError: a raster cannot be written.
        Cancelled: the user stopped.
    """
    settings = settings or RasterSettings()
    unit = unit_of(inputs.unit, inputs.quantity)
    _check_outputs(inputs, outputs)
    years = read_climate_steps(
        inputs.rasters, inputs.variable, inputs.first, inputs.step, inputs.years, progress
    )  # fmt: skip
    paths = [one.path for own in years.values() for one in own]
    require_declared(paths, inputs.unit, inputs.step)
    with workspace() as scratch:
        placed = {path: with_position(path, scratch, progress) for path in dict.fromkeys(paths)}
        placed = {path: with_longitudes_from_180(found, scratch) for path, found in placed.items()}
        years = {year: [replace(one, path=placed[one.path]) for one in own] for year, own in years.items()}
        _require_one_grid(list(placed.values()))
        reference = Source("reference", inputs.reference, kind="classes", label="Reference")
        area = open_study_area(reference, settings, scratch, progress)
        near = write_footprint(_around(area.grid, next(iter(years.values()))[0].path), scratch)
        sums = []
        for number, (year, own) in enumerate(years.items()):
            part = progress.part(75 * number / len(years), 75 * (number + 1) / len(years))
            sums.append(_reduce(year, own, inputs, outputs, unit, near, scratch, part))
        return _lay(list(years), years, sums, inputs, outputs, area, progress.part(75, 100))


def _around(study: Grid, path: str) -> Grid:
    """One large pixel on the CRS of a raster that covers the study and some pixels around it, for interpolation.

    Raises:
        GridError: the study does not lie on the raster.
    """
    own = Grid.of_dataset(open_raster(path))
    bounds = footprint(study, own)
    if bounds is None:
        raise GridError(say("{raster} cannot be brought on the grid of the study.", raster=short_name(path)))
    across, down = _AROUND * own.pixel_width, _AROUND * own.pixel_height
    left, bottom, right, top = bounds[0] - across, bounds[1] - down, bounds[2] + across, bounds[3] + down
    return Grid(1, 1, (left, right - left, 0.0, top, 0.0, bottom - top), own.crs)


def _check_outputs(inputs: ClimateInputs, outputs: ClimateOutputs) -> None:
    if outputs.wettest and (inputs.step != "day" or inputs.quantity == STATE):
        raise InputError(say("The wettest day needs daily rasters of rain (STEP day). Leave OUTPUT_WETTEST out."))
    if outputs.months and inputs.step not in ("month", "day"):
        raise InputError(say("Months need rasters of months or days (STEP). Leave OUTPUT_MONTHS out."))


def _require_one_grid(paths: Sequence[str]) -> None:
    first, *others = dict.fromkeys(paths)
    own = Grid.of_dataset(open_raster(first))
    for path in others:
        grid = Grid.of_dataset(open_raster(path))
        if (grid.width, grid.height, grid.transform) != (own.width, own.height, own.transform):
            raise InputError(
                say("{first} and {other} lie on different grids. Give rasters of one grid.", first=first, other=path)
            )


@dataclass(frozen=True)
class _YearKernel:
    """Reduces the steps of a year.

    Attributes:
        names: of the sources.
        days: that each stands for.
        months: month of each, 0 to 11.
        unit: of the numbers.
        by_month, wettest: what is made beside the year.
    """

    names: tuple[str, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    unit: Unit
    by_month: bool
    wettest: bool

    def __call__(self, block: Block) -> Result:
        state, rate = self.unit.quantity == STATE, self.unit.quantity == RATE
        shape = block.gate.shape
        parts = np.zeros((MONTHS if self.by_month else 1, *shape))
        largest = np.zeros(shape)
        for name, days, month in zip(self.names, self.days, self.months):
            values = block.values[name] * self.unit.times + self.unit.plus
            weighted = values * days if state or rate else values
            parts[month if self.by_month else 0] += weighted
            if self.wettest:
                np.maximum(largest, weighted, out=largest)
        valid = block.all_valid(self.names)
        whole = parts.sum(axis=0)
        if state:
            whole = whole / sum(self.days)
            each = np.bincount(self.months, weights=self.days, minlength=MONTHS)
            parts = parts / each[: len(parts), np.newaxis, np.newaxis] if self.by_month else parts
        rasters = {"annual": (whole[np.newaxis], valid[np.newaxis])}
        if self.by_month:
            rasters["months"] = parts, np.broadcast_to(valid, parts.shape)
        if self.wettest:
            rasters["wettest"] = largest[np.newaxis], valid[np.newaxis]
        return Result(rasters)


def _reduce(
    year: int, steps: Sequence[ClimateStep], inputs: ClimateInputs, outputs: ClimateOutputs, unit: Unit, near: str,
    scratch: str, progress: Progress,
) -> dict[str, str]:  # fmt: skip
    """The rasters of a year on their own grid, around the study."""
    own = replace(RasterSettings(), boundary=near)
    sources = [
        Source(f"{number}", one.path, one.band, label=f"{one.first:%Y-%m-%d}", measure=ANY)
        for number, one in enumerate(steps)
    ]
    kernel = _YearKernel(
        tuple(source.name for source in sources), tuple(one.days for one in steps),
        tuple(one.first.month - 1 for one in steps), unit, bool(outputs.months), bool(outputs.wettest),
    )  # fmt: skip
    paths = {name: intermediate_path(scratch, f"{year} {name}") for name, path in _wanted(outputs).items() if path}
    bands = {"months": tuple(Band(f"{month + 1:02d}") for month in range(MONTHS))}
    made = [Output(name, path, bands.get(name, (Band(str(year)),))) for name, path in paths.items()]
    with workspace() as apart:  # the boundary of the study lies in the other folder under the same name
        area = open_study_area(replace(sources[0], kind="classes"), own, apart, QUIET)
        result = run_job(area.job(kernel, area.fit_all(sources, QUIET), made), progress)
    if inputs.quantity != STATE:
        _require_possible(year, result.statistics["annual"][0], inputs, progress)
    return paths


def _require_possible(year: int, found: BandStatistics, inputs: ClimateInputs, progress: Progress) -> None:
    """Holds the totals of a year against what rain can be, or evaporation that is counted upwards.

    Raises:
        InputError: no land has such totals: fill values that are not declared, or another unit.
    """
    rain = quantity("precipitation")
    low, high = -quantity("evapotranspiration").possible.high, rain.possible.high
    if not found.count:
        return
    if found.minimum < low or found.maximum > high:
        raise InputError(
            say(
                "{year}: totals go from {minimum:.6g} to {maximum:.6g} mm, and no land has less than {low:g} or more "
                "than {high:g}. Is UNIT ({unit}) right, and are the fill values of the files declared as nodata?",
                year=year,
                minimum=found.minimum,
                maximum=found.maximum,
                low=low,
                high=high,
                unit=inputs.unit,
            )
        )
    if not rain.usual.holds(found.mean):
        progress.warn(
            say(
                "{year}: the mean total is {mean:.6g} mm, and {low:g} to {high:g} is usual. Are UNIT ({unit}) and "
                "QUANTITY ({quantity}) right?",
                year=year,
                mean=found.mean,
                low=rain.usual.low,
                high=rain.usual.high,
                unit=inputs.unit,
                quantity=inputs.quantity,
            )
        )


def _wanted(outputs: ClimateOutputs) -> dict[str, str]:
    return {"annual": outputs.annual, "months": outputs.months, "wettest": outputs.wettest}


def _lay(
    years: Sequence[int], steps: Mapping[int, Sequence[ClimateStep]], natives: Sequence[Mapping[str, str]],
    inputs: ClimateInputs, outputs: ClimateOutputs, area: StudyArea, progress: Progress,
) -> ClimateResult:  # fmt: skip
    unit = "°C" if inputs.quantity == STATE else "mm"
    sources, groups, made = [], {}, []
    for name, path in _wanted(outputs).items():
        if not path:
            continue
        count = MONTHS if name == "months" else 1
        own = [
            Source(f"{name} {year} {band}", native[name], band, label=f"{name} {year}", measure=_measure(name, inputs))
            for year, native in zip(years, natives)
            for band in range(1, count + 1)
        ]
        sources += own
        groups[name] = tuple(source.name for source in own)
        labels = [f"{year}|{band:02d}" if count > 1 else str(year) for year in years for band in range(1, count + 1)]
        if count > 1 and len(years) == 1:
            labels = [label.split("|")[1] for label in labels]
        made.append(
            Output(
                name, path, tuple(Band(label, unit) for label in labels), metadata={"ECOASSETS_METHOD": "annualclimate"}
            )
        )
    result = run_job(area.job(_Stacked(groups), area.fit_all(sources, progress), made, gate_any=True), progress)
    rows = []
    for year, band in zip(years, result.statistics["annual"]):
        has = band.count > 0
        days = sum(one.days for one in steps[year])
        rows.append(
            ClimateRow(year, len(steps[year]), days, *((band.minimum, band.mean, band.maximum) if has else (None,) * 3))
        )
    return ClimateResult(tuple(rows), unit, {name: path for name, path in _wanted(outputs).items() if path})


def _measure(name: str, inputs: ClimateInputs) -> Measure:
    """What the gate holds the year against; evapotranspiration and rain have one range for most lands."""
    if name != "annual":
        return ANY
    return Measure("temperature") if inputs.quantity == STATE else ANY


@dataclass(frozen=True)
class _Stacked:
    """Sources as bands of outputs."""

    groups: Mapping[str, tuple[str, ...]]

    def __call__(self, block: Block) -> Result:
        return Result(
            {
                name: (np.stack([block.values[one] for one in own]), np.stack([block.valid[one] for one in own]))
                for name, own in self.groups.items()
            }
        )
