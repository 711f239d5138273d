"""Slope length and steepness LS of RUSLE from an elevation model and a given flow accumulation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Callable, Literal

import numpy as np

from ...column_words import choice
from ...errors import GridError, InputError
from ...inputs.gate import admit_alone
from ...messages import listed, say
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.dataset import describe_as_made
from ...raster.files import workspace
from ...raster.grid import Grid
from ...raster.passes.terrain import ASPECT, SLOPE, derive_terrain, plain_elevation, require_metres
from ...raster.reading.source import Source, describe_source
from ...raster.settings import RasterSettings
from ..survey import Rasters, Survey, YearlySums, map_output
from ..yearly_kernel import Layers, Pixels
from .slope_factors import EXPONENTS, SLOPE_FACTORS, Exponent, SlopeFactor, length_exponent, slope_factor

AreaForm = Literal["area", "sqrt"]
AccumulationUnit = Literal["cells", "cells_above", "square_metres"]
# From the path of a DEM and a folder to the path of the cells that drain through each cell, itself included.
Accumulate = Callable[[str, str], str]

LS = "slope_length"
UNIT_PLOT_M = 22.13
DEFAULT_MAX_LENGTH_M = 300.0
INVEST_LARGEST_L = 122.0


def constant_length(length_m: float, exponent: np.ndarray) -> np.ndarray:
    """Length factor of a slope of known length, ``L = (lambda / 22.13)^m``."""
    return (length_m / UNIT_PLOT_M) ** exponent


def desmet_govers(
    area_m2: np.ndarray, cell_m: tuple[float, float], exponent: np.ndarray, aspect_deg: np.ndarray
) -> np.ndarray:
    """Length factor of a cell within its catchment.

    ``L = [(A + a)^(m+1) - A^(m+1)] / [a b^m 22.13^m]`` with the area a of the cell and its breadth across the flow,
    ``b = width |cos aspect| + height |sin aspect|``; on square cells of edge D that is the ``D^(m+2) x^m`` of the
    source. Without upslope area and along an axis it is ``(D / 22.13)^m``.

    Args:
        area_m2: upslope area A at the inlet of the cell, without the cell itself.
        cell_m: width and height of the cell.
        exponent: m, dimensionless.
        aspect_deg: direction of the slope.

    Source: Desmet & Govers 1996, Journal of Soil and Water Conservation 51(5):427-433.
    """
    width, height = cell_m
    aspect = np.radians(aspect_deg)
    breadth = width * np.abs(np.cos(aspect)) + height * np.abs(np.sin(aspect))
    power = exponent + 1
    grown = (area_m2 + width * height) ** power - area_m2**power
    return grown / (width * height * (breadth * UNIT_PLOT_M) ** exponent)


@dataclass(frozen=True)
class SlopeLengthFormula:
    """LS of the pixels; see `SlopeLengthInputs`."""

    inputs: SlopeLengthInputs
    cell_m: tuple[float, float]

    def __call__(self, pixels: Pixels) -> Layers:
        given = self.inputs
        valid = pixels.all_valid()
        theta = np.radians(pixels.values["slope"].astype(np.float64))
        exponent = length_exponent(theta, given.chosen_exponent)
        length, counts = self._length(pixels, exponent, valid)
        if given.max_length_m is not None:
            capped = (given.max_length_m / UNIT_PLOT_M) ** exponent
            counts["capped"] = length > capped
            length = np.minimum(length, capped)
        if given.max_factor is not None:
            counts["capped"] = length > given.max_factor
            length = np.minimum(length, given.max_factor)
        steepness = slope_factor(theta, given.slope_factor, given.steep_limits_deg)
        ls = length * steepness
        kept = valid & ~counts["stream"] if "stream" in counts else valid
        counts = {name: condition & kept for name, condition in counts.items() if name != "stream"}
        return Layers({LS: ls}, kept, {LS: ls, "S": steepness, "L": length}, counts)

    def _length(
        self, pixels: Pixels, exponent: np.ndarray, valid: np.ndarray
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        given = self.inputs
        if given.method == "constant":
            return constant_length(given.constant_length_m or math.sqrt(math.prod(self.cell_m)), exponent), {}
        stored = pixels.values["accumulation"].astype(np.float64)
        area = self._upslope_area(np.abs(stored), valid)
        counts = {"from outside": stored < 0}
        if given.stream_area_ha is not None:
            counts["stream"] = area >= given.stream_area_ha * 10_000
        inlet = np.sqrt(area) if given.area_form == "sqrt" else area
        turned = pixels.values["slope" if given.method == "invest" else "aspect"].astype(np.float64)
        return desmet_govers(inlet, self.cell_m, exponent, turned), counts

    def _upslope_area(self, accumulation: np.ndarray, valid: np.ndarray) -> np.ndarray:
        """Area above the cell in m², without the cell itself."""
        unit = self.inputs.accumulation_unit
        cell = math.prod(self.cell_m)
        if unit == "cells_above":
            return accumulation * cell
        own = 1.0 if unit == "cells" else cell
        # single precision holds the cell itself only to 1e-7 of a large area
        short = valid & (accumulation < own * (1 - 1e-6))
        if short.any():
            least = float(accumulation[short].min())
            raise InputError(
                say(
                    "Flow accumulation holds {least:.6g}, less than the cell itself counts ({own:.6g} {unit}). "
                    "If it counts only the cells above, choose the unit cells_above.",
                    least=least,
                    own=own,
                    unit=unit,
                )
            )
        return np.maximum(accumulation - own, 0) * (cell if unit == "cells" else 1.0)


@dataclass(frozen=True)
class SlopeLengthInputs:
    """Terrain and method.

    Attributes:
        dem: elevation, m, in a projected CRS.
        accumulation: flow accumulation on the grid of the DEM, for example of GRASS `r.watershed`, whose negative
            values mark cells that may get water from outside the map; `desmet_govers` needs it, or a program that
            computes it.
        method: `desmet_govers`; `invest` for what InVEST makes of it (`as_invest`); or `constant` for one slope length
            everywhere.
        slope_factor: a key of `SLOPE_FACTORS`.
        exponent: a key of `EXPONENTS`; None takes the one that belongs to the slope factor.
        steep_limits_deg: where the moderate and the steep formula of `liu` begin, degrees.
        area_form: `area`, or `sqrt` for its square root.
        accumulation_unit: `cells` and `square_metres` count the cell itself, `cells_above` does not.
        max_length_m: the longest slope that counts; None for no limit.
        max_factor: the largest L; excludes `max_length_m`.
        stream_area_ha: upslope area from which a cell is a stream and gets no value; None for no streams.
        constant_length_m: for the method `constant`; None takes the cell size.
    """

    dem: Rasters
    accumulation: str | None = None
    method: Literal["desmet_govers", "invest", "constant"] = "desmet_govers"
    slope_factor: SlopeFactor = "hj1173"
    exponent: Exponent | None = None
    steep_limits_deg: tuple[float, float] = (5.0, 10.0)
    area_form: AreaForm = "area"
    accumulation_unit: AccumulationUnit = "cells"
    max_length_m: float | None = DEFAULT_MAX_LENGTH_M
    max_factor: float | None = None
    stream_area_ha: float | None = None
    constant_length_m: float | None = None

    @property
    def chosen_exponent(self) -> Exponent:
        return self.exponent or SLOPE_FACTORS[self.slope_factor].exponent

    def as_invest(self) -> SlopeLengthInputs:
        """What the sediment model of InVEST takes since 3.14, of the same terrain.

        S of RUSLE; the exponent in steps up to 9 %, above by McCool; the square root of the upslope area in place of
        the area; the angle of the slope in place of its direction; L at most 122 (`max_factor`, its `l_max`).

        Source: natcap.invest 3.20, `sdr._calculate_ls_factor`, and its decision record 1.
        """
        limit = INVEST_LARGEST_L if self.max_factor is None else self.max_factor
        return replace(
            self, slope_factor="rusle", exponent="invest", area_form="sqrt", max_length_m=None, max_factor=limit
        )


@dataclass(frozen=True)
class SlopeLengthOutputs:
    """Path of the map; None for none."""

    slope_length: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SlopeLengthResult:
    """What was found.

    Attributes:
        mean: area-weighted mean of LS.
        mean_length, mean_steepness: of its factors L and S.
        capped_pixels: where the longest slope or the largest L took effect.
        outside_pixels: whose accumulation is negative: they may get water from outside the map.
        sums: of the run.
    """

    mean: float
    mean_length: float
    mean_steepness: float
    capped_pixels: int
    outside_pixels: int
    sums: YearlySums


def run_slope_length(
    inputs: SlopeLengthInputs,
    outputs: SlopeLengthOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
    accumulate: Accumulate | None = None,
) -> SlopeLengthResult:
    """Maps LS on the grid of the DEM.

    Args:
        inputs: terrain and method.
        outputs: where the map goes.
        settings: the user's decisions.
        progress: hears what is done.
        accumulate: computes flow accumulation in cells where none is given.

    Raises:
        InputError: a method is unknown, flow accumulation is missing, or both limits of L are given.
        GridError: the DEM is not in a projected CRS of true lengths, its pixels are not square where they have to be,
            or flow accumulation lies on another grid.
        OutputError: the map cannot be written.
        Cancelled: the user stopped.
    """
    if inputs.method == "invest":
        inputs = inputs.as_invest()
    check_slope_length(inputs, routed=accumulate is not None)
    with workspace() as folder:
        survey = Survey((), settings or RasterSettings(), folder, progress)
        dem = Source(
            "dem",
            inputs.dem.paths[0],
            label="DEM",
            minimum=inputs.dem.minimum,
            maximum=inputs.dem.maximum,
            measure=Measure("elevation"),
        )
        dem = admit_alone(dem, progress)
        _, grid = describe_source(dem)
        metres = require_metres(grid, dem.named)
        cell_m = (grid.pixel_width * metres, grid.pixel_height * metres)
        what = (SLOPE,) if inputs.method == "constant" else (SLOPE, ASPECT)
        slope, *aspect = derive_terrain(dem, folder, progress.part(0, 30), what, inputs.method == "invest")
        survey.add_sources("slope", [slope])
        if inputs.method != "constant":
            if inputs.accumulation is None:
                if accumulate is None:
                    raise TypeError("checked before")
                computed = accumulate(plain_elevation(dem, folder).path, folder)
                describe_as_made(computed, grid.crs, "r.watershed")
                inputs = replace(inputs, accumulation=computed, accumulation_unit="cells")
                if inputs.method == "invest":
                    progress.info(
                        say(
                            "Flow was computed by another program than InVEST's, so LS differs from InVEST's. Give the "
                            "filled DEM and the flow accumulation of its intermediate outputs to repeat its numbers."
                        )
                    )
            area = Measure("flow_accumulation")
            accumulation = Source(
                "accumulation", str(inputs.accumulation), label=listed([area.meant.name], ""), measure=area
            )
            difference = grid.difference(describe_source(accumulation)[1])
            if difference:
                raise GridError(
                    say(
                        "{named} lies on another grid than the DEM: {difference}. Flow accumulation cannot be "
                        "resampled: compute it from this DEM.",
                        named=accumulation.named,
                        difference=difference,
                    )
                )
            survey.add_sources("aspect", aspect, on_grid=True)
            survey.add_sources("accumulation", [accumulation])
        made = map_output(survey, LS, outputs.slope_length, "slope_length", outputs.metadata)
        sums = survey.run(SlopeLengthFormula(inputs, cell_m), made, 1, progress.part(30, 100))
    result = SlopeLengthResult(
        sums.mean(LS)[0],
        sums.mean("L")[0],
        sums.mean("S")[0],
        _count(sums, "capped"),
        _count(sums, "from outside"),
        sums,
    )
    _report(inputs, result, progress)
    return result


def _require_square_pixels(dem: Source, grid: Grid, method: str) -> None:
    """Raises GridError where a square pixel of the same width would cover another number of rows."""
    rows = grid.height * grid.pixel_height / grid.pixel_width
    if abs(rows - grid.height) < 0.5:
        return
    invest = method == "invest"
    raise GridError(
        say(
            "Pixels of {named} are {width:g} x {height:g} units of its CRS, and {what} square ones only. Warp it to "
            "square pixels (Raster > Projections > Warp, with an output resolution), {other}",
            named=dem.named,
            width=grid.pixel_width,
            height=grid.pixel_height,
            what=say("the method invest takes") if invest else say("flow accumulation can be computed on"),
            other=say("or choose another method.") if invest else say("give FLOW_ACCUMULATION, or choose constant."),
        )
    )


def check_slope_length(inputs: SlopeLengthInputs, *, routed: bool) -> None:
    """What can be told before a pixel is read.

    Args:
        inputs: terrain and method.
        routed: whether flow accumulation can be computed where none is given.

    Raises:
        InputError, GridError: as `run_slope_length`.
    """
    _check(inputs, routed)
    dem = Source("dem", inputs.dem.paths[0], label="DEM", measure=Measure("elevation"))
    _, grid = describe_source(dem)
    require_metres(grid, dem.named)
    if inputs.method == "invest" or (inputs.method != "constant" and inputs.accumulation is None):
        _require_square_pixels(dem, grid, inputs.method)


def _check(inputs: SlopeLengthInputs, routed: bool) -> None:
    if inputs.slope_factor not in SLOPE_FACTORS:
        raise InputError(
            say(
                "There is no slope factor {slope_factor}. Choose one of {slope_factors}.",
                slope_factor=inputs.slope_factor,
                slope_factors=", ".join(SLOPE_FACTORS),
            )
        )
    if inputs.chosen_exponent not in EXPONENTS:
        raise InputError(
            say(
                "There is no length exponent {exponent}. Choose one of {exponents}.",
                exponent=inputs.exponent,
                exponents=", ".join(EXPONENTS),
            )
        )
    if inputs.max_length_m is not None and inputs.max_factor is not None:
        raise InputError(
            say(
                "Both the longest slope ({max_length_m:g} m) and the largest length factor ({max_factor:g}) "
                "are limited. They differ about 50 times: give one of them.",
                max_length_m=inputs.max_length_m,
                max_factor=inputs.max_factor,
            )
        )
    for label, number in (
        ("longest slope", inputs.max_length_m),
        ("largest length factor", inputs.max_factor),
        ("constant slope length", inputs.constant_length_m),
        ("area of streams", inputs.stream_area_ha),
    ):
        if number is not None and not (math.isfinite(number) and number > 0):
            raise InputError(say("The {label} is {number:g}. Give a positive number.", label=label, number=number))
    low, high = inputs.steep_limits_deg
    if not 0 < low < high < 90:
        raise InputError(
            say(
                "The slope limits are {low:g} and {high:g} degrees. They must rise, between 0 and 90.",
                low=low,
                high=high,
            )
        )
    if inputs.method != "constant" and inputs.accumulation is None and not routed:
        raise InputError(
            say(
                "The length factor of Desmet & Govers needs flow accumulation. Give a raster of it (for "
                "example from the GRASS tool r.watershed), enable the GRASS provider so that it is computed, "
                "or choose the method constant."
            )
        )


def _count(sums: YearlySums, name: str) -> int:
    return int(sums.counts[name].sum()) if name in sums.counts else 0


def _report(inputs: SlopeLengthInputs, result: SlopeLengthResult, progress: Progress) -> None:
    pixels = int(result.sums.pixels.sum())
    progress.info(
        say(
            "LS by {method}: slope factor {source}; exponent {source2}. Mean LS {mean:.4g}, L "
            "{mean_length:.4g}, S {mean_steepness:.4g}.",
            method=choice("METHOD", inputs.method),
            source=SLOPE_FACTORS[inputs.slope_factor].source,
            source2=EXPONENTS[inputs.chosen_exponent].source,
            mean=result.mean,
            mean_length=result.mean_length,
            mean_steepness=result.mean_steepness,
        )
    )
    if result.capped_pixels:
        progress.info(
            say(
                "The limit of the slope length takes effect in {capped_pixels} pixels ({pixels:.1f} %).",
                capped_pixels=result.capped_pixels,
                pixels=100 * result.capped_pixels / pixels,
            )
        )
    if result.outside_pixels:
        progress.warn(
            say(
                "{outside_pixels} pixels ({pixels:.1f} %) may get water from outside the map (negative flow "
                "accumulation): their slope length is a lower limit. Use a DEM that reaches to the divides.",
                outside_pixels=result.outside_pixels,
                pixels=100 * result.outside_pixels / pixels,
            )
        )
