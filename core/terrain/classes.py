"""Terrain classes: slope, aspect and landform of a DEM, and how much land each holds."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ..class_breaks import NO_CLASS, BreakClass, ClassBreaks, read_breaks
from ..errors import InputError
from ..messages import say
from ..progress import QUIET, Progress
from ..quantities import Measure
from ..raster.area import pixel_areas_ha
from ..raster.engine import run_job
from ..raster.files import workspace
from ..raster.output import Band, ClassColour, Output
from ..raster.passes.focal import FocalWindow, write_focal_ranges
from ..raster.passes.terrain import ASPECT, SLOPE, derive_terrain
from ..raster.reading.source import Source
from ..raster.settings import RasterSettings
from ..raster.study import StudyArea, open_study_area
from ..raster.tally import Sums, sum_by_class
from ..raster.work import COMMON, Block, Coverage, Result
from ..results import Cell, Column, ResultTable
from ..tables import Table, resource_table

LANDFORM = "landform"
VARIABLES = (SLOPE, ASPECT, LANDFORM)
FLAT = 0
CLASS_NODATA = 255
RELIEF_WINDOW_M = 2000.0

TERRAIN_COLUMNS = (
    Column("variable", "text"), Column("class_id", "integer"), Column("name", "text"), Column("area_ha", unit="ha"),
    Column("share_pct", unit="%"),
)  # fmt: skip
PALETTES = {
    SLOPE: ("#f7f4e9", "#e3d8a8", "#d1b06b", "#b9803f", "#93512a", "#6a2a1c", "#4a1515", "#2d0b0f"),
    LANDFORM: ("#dcebc6", "#b7cf8d", "#e5d08f", "#c99d5e", "#a1693f", "#7b4a3a", "#5b3a3f", "#efeff2"),
    # around the compass: north is cold, south is warm
    ASPECT: ("#3b6fb6", "#5da9c9", "#7cc0a3", "#c8d06a", "#e9b44c", "#e08a4b", "#b8779d", "#7a70b8"),
}
FLAT_COLOUR = "#d9d9d9"


@dataclass(frozen=True)
class TerrainInputs:
    """What is classified.

    Attributes:
        dem: heights in metres.
        slope_scheme, aspect_scheme, landform_scheme: schemes of the table of classes.
        table: the user's classes in the form of topo_classes.csv, which then has all three schemes; None for the
            plugin's.
        flat_slope: land up to this slope, degrees, is flat: it faces nowhere.
        relief_window_m: edge of the window in which landforms by local relief take the range of heights, unless the
            table has a column `window_m`.
        band: of the DEM.
        minimum, maximum: valid heights.
    """

    dem: str
    slope_scheme: str = "slope_forest6"
    aspect_scheme: str = "aspect_8+flat"
    landform_scheme: str = "elev_haihe5"
    table: Table | None = None
    flat_slope: float = 0.0
    relief_window_m: float = RELIEF_WINDOW_M
    band: int = 1
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True)
class TerrainOutputs:
    """Paths of the class rasters; None for one that is not wanted."""

    slope: str | None = None
    aspect: str | None = None
    landform: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TerrainClass:
    """Land of one class.

    Attributes:
        variable: `slope`, `aspect` or `landform`.
        class_id: its number; 0 is flat land among the aspects.
        name: in English; `name_zh` in Chinese, "" where not given.
        area_ha: hectares.
        share_pct: percent of the classified land.
        colour: in maps and charts.
    """

    variable: str
    class_id: int
    name: str
    name_zh: str
    area_ha: float
    share_pct: float
    colour: str


@dataclass(frozen=True, eq=False)
class TerrainResult:
    """Terrain classes of the study area.

    Attributes:
        classes: of all variables, in the order of the schemes.
        holes: pixels and area of the study area without a height.
        unclassified_ha: by variable, land whose value lies in no class.
        inputs: what was asked for.
    """

    classes: tuple[TerrainClass, ...]
    holes: Coverage
    unclassified_ha: Mapping[str, float]
    inputs: TerrainInputs

    def of(self, variable: str) -> tuple[TerrainClass, ...]:
        return tuple(c for c in self.classes if c.variable == variable)


@dataclass(frozen=True, eq=False)
class Scheme:
    """A scheme of classes for one variable.

    Attributes:
        breaks: the classes.
        measure: what they are classes of: `slope`, `aspect`, `elevation` or `relief`.
        flat: name of flat land in English and Chinese, for aspects.
        window_m: for `relief`: edge of its window.
    """

    breaks: ClassBreaks
    measure: str
    flat: tuple[str, str] | None = None
    window_m: float = RELIEF_WINDOW_M

    def legend(self) -> tuple[BreakClass, ...]:
        """The classes as they appear in maps and tables; flat land comes first."""
        if self.flat is None:
            return self.breaks.classes
        return BreakClass(FLAT, *self.flat, np.nan, np.nan), *self.breaks.classes


def load_scheme(variable: str, name: str, table: Table | None = None, window_m: float = RELIEF_WINDOW_M) -> Scheme:
    """Loads the scheme of a variable.

    Args:
        variable: one of `VARIABLES`.
        name: a scheme of the table.
        table: in the form of topo_classes.csv; None for the plugin's.
        window_m: window of local relief, where the table says nothing.

    Raises:
        InputError: the scheme is one of another variable, or the window is not positive.
        TableError: the table lacks the scheme or a column, or classes overlap.
    """
    table = table if table is not None else resource_table("topo_classes")
    table.require("scheme_id", "variable")
    rows = [row for row, scheme in enumerate(table.texts("scheme_id")) if scheme == name]
    measures = [table.texts("variable")[row].casefold().split(" ")[0] for row in rows]
    allowed = ("elevation", "relief") if variable == LANDFORM else (variable,)
    wrong = [measure for measure in measures if measure not in allowed]
    if wrong:
        raise InputError(
            say(
                "The scheme {name} is one of {wrong}, and {variable} was asked for. Choose another one.",
                name=name,
                wrong=wrong[0],
                variable=variable,
            )
        )
    breaks = read_breaks(table, name, "scheme_id", period=360.0 if variable == ASPECT else None)
    if table.has("window_m"):
        window_m = float(table.numbers("window_m", blank=window_m)[rows[0]])
    flat = None
    if variable == ASPECT:
        names = [(table.texts("name_en")[r], _chinese(table, r)) for r in rows if not table.texts("lower")[r]]
        flat = names[0] if names else ("flat", "平地")
    return Scheme(breaks, measures[0], flat, window_m)


def _chinese(table: Table, row: int) -> str:
    return table.texts("name_zh")[row] if table.has("name_zh") else ""


@dataclass(frozen=True, eq=False)
class _TerrainKernel:
    """Classes of slope, aspect and landform; a flat pixel has no aspect and never falls into north."""

    schemes: Mapping[str, Scheme]
    sources: Mapping[str, str]
    flat_slope: float
    maps: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        mask = block.gate
        rasters, sums = {}, {}
        for variable, scheme in self.schemes.items():
            classes = scheme.breaks.classify(block.values[self.sources[variable]])
            if variable == ASPECT:
                flat = block.values[self.sources[SLOPE]] <= self.flat_slope
                classes = np.where(flat, np.int16(FLAT), classes)
            known = mask & (classes != NO_CLASS)
            bins = int(max(c.id for c in scheme.legend())) + 2
            keys = np.where(known, classes, bins - 1)  # the last bin: what has a height, but no class
            counted = sum_by_class(np.where(mask, keys, bins), bins + 1, block.areas_ha)
            sums[f"terrain:{variable}"] = counted[:-1]
            if variable in self.maps:
                rasters[variable] = (classes, known)
        return Result(rasters, Sums(sums))


def run_terrain_classes(
    inputs: TerrainInputs,
    outputs: TerrainOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> TerrainResult:
    """Classifies slope, aspect and landform on the grid of the DEM.

    Slope and aspect come from the DEM at its own resolution, in metres (`derive_terrain`). Landforms are
    classes of the height, or of local relief: the highest minus the lowest height in a moving window.

    Raises:
        InputError: the DEM cannot be read, a scheme is one of another variable, or no pixel has a height.
        GridError: it has no CRS, or is rotated.
        TableError: the table of classes lacks a scheme or column, or classes overlap.
        OutputError, Cancelled: as the engine.
    """
    outputs, settings = outputs or TerrainOutputs(), settings or RasterSettings()
    names = {SLOPE: inputs.slope_scheme, ASPECT: inputs.aspect_scheme, LANDFORM: inputs.landform_scheme}
    schemes = {v: load_scheme(v, name, inputs.table, inputs.relief_window_m) for v, name in names.items()}
    wanted = {SLOPE: outputs.slope, ASPECT: outputs.aspect, LANDFORM: outputs.landform}
    with workspace() as folder:
        dem = Source(
            "dem",
            inputs.dem,
            inputs.band,
            label="DEM",
            minimum=inputs.minimum,
            maximum=inputs.maximum,
            measure=Measure("elevation"),
        )
        area = open_study_area(dem, settings, folder, progress)
        dem = area.fit(dem, progress)
        area.gate.close(progress)  # slopes are read outside any job
        slope, aspect = derive_terrain(dem, folder, progress.part(0, 50))
        sources = [dem, slope, aspect]
        landform = dem
        if schemes[LANDFORM].measure == "relief":
            window = FocalWindow.of_size(area.grid, schemes[LANDFORM].window_m)
            progress.info(say("Local relief is the range of heights within {grid}.", grid=window.told(area.grid)))
            path = os.path.join(folder, "relief.tif")
            landform = write_focal_ranges(replace(dem, name="relief"), area.grid, path, window, progress.part(50, 70))
            sources.append(landform)
        kernel = _TerrainKernel(
            schemes,
            {SLOPE: slope.name, ASPECT: aspect.name, LANDFORM: landform.name},
            inputs.flat_slope,
            tuple(name for name, path in wanted.items() if path),
        )
        maps = [_output(v, path, schemes[v], outputs.metadata) for v, path in wanted.items() if path]
        found = run_job(area.job(kernel, sources, maps, gate=(dem.name, slope.name)), progress.part(70, 100))
        area.require_pixels(found)
        study = study_coverage(area)
    covered = found.coverage[COMMON]
    holes = Coverage(study.pixels - covered.pixels, max(0.0, study.area_ha - covered.area_ha))
    result = _collect(inputs, schemes, found.sums, holes)
    _tell(result, progress)
    return result


def study_coverage(area: StudyArea) -> Coverage:
    """Pixels and area of the study area, whether or not they have values."""
    if area.boundary is None:
        areas = pixel_areas_ha(area.grid)
        return Coverage(area.grid.width * area.grid.height, float(areas.sum()) * area.grid.width)
    return run_job(area.reads([area.boundary])).coverage[COMMON]


def _output(variable: str, path: str, scheme: Scheme, metadata: Mapping[str, str]) -> Output:
    legend = tuple(ClassColour(c.id, c.name, colour) for c, colour in _coloured(variable, scheme))
    band = Band(f"{variable} classes ({scheme.breaks.name})")
    return Output(variable, path, (band,), "uint8", CLASS_NODATA, legend, metadata)


def _coloured(variable: str, scheme: Scheme) -> list[tuple[BreakClass, str]]:
    """Classes with their colours, spread over the palette; a class of two intervals comes once."""
    once = {c.id: c for c in reversed(scheme.legend())}
    palette = PALETTES[variable]
    ranked = [c for c in reversed(once) if not (variable == ASPECT and c == FLAT)]
    step = len(palette) / len(ranked) if variable == ASPECT else (len(palette) - 1) / max(len(ranked) - 1, 1)
    colours = {c: palette[min(round(i * step), len(palette) - 1)] for i, c in enumerate(ranked)}
    return [(once[c], colours.get(c, FLAT_COLOUR)) for c in reversed(once)]


def _collect(inputs: TerrainInputs, schemes: Mapping[str, Scheme], sums: Sums, holes: Coverage) -> TerrainResult:
    classes = []
    unclassified = {}
    for variable, scheme in schemes.items():
        areas = sums[f"terrain:{variable}"]
        total = float(areas[:-1].sum())
        unclassified[variable] = float(areas[-1])
        for c, colour in _coloured(variable, scheme):
            area = float(areas[c.id])
            share = area / total * 100 if total else 0.0
            classes.append(TerrainClass(variable, c.id, c.name, c.name_zh, area, share, colour))
    return TerrainResult(tuple(classes), holes, unclassified, inputs)


def _tell(result: TerrainResult, progress: Progress) -> None:
    if result.holes.pixels:
        progress.warn(
            say(
                "The DEM has no height, or none beside it, on {pixels} pixels ({area_ha:,.2f} ha) of the study area.",
                pixels=result.holes.pixels,
                area_ha=result.holes.area_ha,
            )
        )
    for variable, area_ha in result.unclassified_ha.items():
        if area_ha:
            progress.warn(
                say(
                    "{area_ha:,.2f} ha lie in no class of {variable}. Mend the bounds in the table of classes.",
                    area_ha=area_ha,
                    variable=variable,
                )
            )


def terrain_table(result: TerrainResult) -> ResultTable:
    """A row per variable and class, also of classes without land."""
    rows: Sequence[tuple[Cell, ...]] = [
        (c.variable, c.class_id, c.name, c.area_ha, c.share_pct) for c in result.classes
    ]
    return ResultTable(TERRAIN_COLUMNS, tuple(rows))
