"""Habitat quality of InVEST: threats that fade with distance, and how sensitive each land-cover class is to them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...errors import InputError, TableError
from ...land_cover import LandCoverScheme
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.files import workspace
from ...raster.grid import Grid
from ...raster.passes.convolve import convolve_source
from ...raster.passes.terrain import require_metres
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...results import Cell, Column, ResultTable
from ...tables import Table
from ..by_ecosystem import ecosystem_members
from ..survey import Cover, Series, Survey, YearlySums, map_output
from ..yearly_kernel import Layers, Pixels

QUALITY = "quality"
DEGRADATION = "degradation"
SCALING = 2.5  # z of the half-saturation curve
DECAYS = ("linear", "exponential")
FARTHEST_KM = 500.0
COLUMNS = (
    Column("year", "integer"),
    Column("ecosystem", "text"),
    Column("area_ha", unit="ha"),
    Column("quality"),
    Column("degradation"),
)


@dataclass(frozen=True)
class Threat:
    """A threat and how it fades: up to `max_distance_km`, `linear` or `exponential`."""

    name: str
    max_distance_km: float
    weight: float
    decay: Literal["linear", "exponential"]


def decay(distance: np.ndarray, max_distance: float, form: Literal["linear", "exponential"]) -> np.ndarray:
    """Influence at a distance: ``1 - d/dmax`` or ``exp(-2.99 d/dmax)``; 0 from dmax on.

    Source: Sharp et al., InVEST user's guide, habitat quality, equations 1 and 2.
    """
    share = distance / max_distance
    influence = 1 - share if form == "linear" else np.exp(-2.99 * share)
    return np.where(share < 1, influence, 0.0)


def decay_kernel(threat: Threat, pixel_width_m: float, pixel_height_m: float, normalise: bool = True) -> np.ndarray:
    """Weights of the pixels around a pixel, shape (2 rows + 1, 2 columns + 1).

    Args:
        threat: its distance and decay.
        pixel_width_m, pixel_height_m: of the grid.
        normalise: whether the weights add up to 1, as in InVEST, so that degradation lies in 0 to 1 and does not depend
            on the pixel size; else the influence itself is summed, as its equation is printed.
    """
    reach = 1000 * threat.max_distance_km
    rows, columns = int(reach // pixel_height_m), int(reach // pixel_width_m)
    y = np.arange(-rows, rows + 1)[:, np.newaxis] * pixel_height_m
    x = np.arange(-columns, columns + 1) * pixel_width_m
    weights = decay(np.hypot(x, y), reach, threat.decay)
    return weights / weights.sum() if normalise else weights


def habitat_quality(habitat: np.ndarray, degradation: np.ndarray, half_saturation: float = 0.05) -> np.ndarray:
    """Quality ``Q = H (1 - D^z / (D^z + k^z))`` with z = 2.5; half of the habitat's score where D equals k.

    Args:
        habitat: H, suitability of the land cover, 0 to 1.
        degradation: D, at least 0.
        half_saturation: k.

    Source: Sharp et al., InVEST user's guide, habitat quality, equation 4.
    """
    power = degradation**SCALING
    return habitat * (1 - power / (power + half_saturation**SCALING))


@dataclass(frozen=True, eq=False)
class QualityFormula:
    """Degradation and quality of the pixels.

    Attributes:
        threats: names of the inputs, the convolved threats.
        shares: weight of each threat over the sum of weights, shape (threats,).
        habitat: suitability, shape (classes,); NaN for classes without a row.
        sensitivity: shape (threats, classes).
        half_saturation: k.
        has_access: whether accessibility is an input.
        codes: of the classes.
    """

    threats: tuple[str, ...]
    shares: np.ndarray
    habitat: np.ndarray
    sensitivity: np.ndarray
    half_saturation: float
    has_access: bool
    codes: tuple[int, ...]

    def __call__(self, pixels: Pixels) -> Layers:
        valid = pixels.all_valid()
        habitat = self.habitat[pixels.classes]
        missing = valid & np.isnan(habitat)
        if missing.any():
            code = self.codes[int(pixels.classes[missing][0])]
            raise InputError(f"The land cover holds the code {code}, which the table of sensitivity lacks. Add a row.")
        degradation = np.zeros(valid.shape)
        for number, name in enumerate(self.threats):
            exposed = self.sensitivity[number][pixels.classes]
            degradation += self.shares[number] * exposed * pixels.values[name]
        if self.has_access:
            degradation *= pixels.values["access"]
        quality = habitat_quality(habitat, degradation, self.half_saturation)
        maps = {QUALITY: quality, DEGRADATION: degradation}
        return Layers(maps, valid, maps, group=pixels.classes)


@dataclass(frozen=True)
class QualityInputs:
    """Land cover, threats and tables.

    Attributes:
        cover: land cover of the years.
        threats: by name, intensity 0 to 1; where a raster has no value the threat is 0.
        threat_table: columns `threat`, `max_distance_km`, `weight`, `decay` (linear, exponential).
        sensitivity_table: columns `code`, `habitat`, and one per threat, 0 to 1.
        years: strictly rising; empty for one result without a year.
        half_saturation: k; InVEST advises half of the largest degradation.
        access: accessibility 0 (protected) to 1, by which degradation is multiplied.
        normalise: see `decay_kernel`.
    """

    cover: Cover
    threats: Mapping[str, Series]
    threat_table: Table
    sensitivity_table: Table
    years: tuple[int, ...] = ()
    half_saturation: float = 0.05
    access: Series | None = None
    normalise: bool = True


@dataclass(frozen=True)
class QualityOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    quality: str | None = None
    degradation: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class QualityResult:
    """Means of the study area; arrays have shape (years, ecosystems), NaN where an ecosystem is absent."""

    years: tuple[int | None, ...]
    ecosystems: tuple[str, ...]
    area_ha: np.ndarray
    quality: np.ndarray
    degradation: np.ndarray
    sums: YearlySums

    @property
    def means(self) -> tuple[float, ...]:
        """Area-weighted mean quality per year."""
        return self.sums.mean(QUALITY)

    def table(self) -> ResultTable:
        """A row per year and ecosystem that occurs."""
        rows: list[tuple[Cell, ...]] = [
            (year, name, float(self.area_ha[y, e]), float(self.quality[y, e]), float(self.degradation[y, e]))
            for y, year in enumerate(self.years)
            for e, name in enumerate(self.ecosystems)
            if self.area_ha[y, e] > 0
        ]
        return ResultTable(COLUMNS, tuple(rows))


def run_habitat_quality(
    inputs: QualityInputs,
    outputs: QualityOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> QualityResult:
    """Maps degradation and quality of habitat, and their means by ecosystem.

    Threats beyond the study boundary reach into it; threats beyond the raster are not known.

    Raises:
        TableError: a threat has no distance or no sensitivity, or a number cannot be used.
        InputError: threats are not between 0 and 1, or a class that occurs has no row.
        GridError: the land cover is not in a projected CRS.
        OutputError, Cancelled: see `run_job`.
    """
    threats = read_threats(inputs.threat_table, tuple(inputs.threats))
    scheme = inputs.cover.scheme
    habitat, sensitivity = read_sensitivity(inputs.sensitivity_table, tuple(inputs.threats), scheme)
    if not inputs.half_saturation > 0:
        raise InputError(f"The half-saturation constant is {inputs.half_saturation:g}. Give a positive number.")
    with workspace() as folder:
        survey = Survey(inputs.years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(inputs.cover)
        names = _add_threats(inputs, threats, survey, progress.part(0, 70))
        survey.add("access", inputs.access, Measure("access"))
        weights = np.array([threat.weight for threat in threats])
        formula = QualityFormula(
            threats=names,
            shares=weights / weights.sum(),
            habitat=habitat,
            sensitivity=sensitivity,
            half_saturation=inputs.half_saturation,
            has_access=inputs.access is not None,
            codes=scheme.codes,
        )
        made = (
            *map_output(survey, QUALITY, outputs.quality, "", outputs.metadata),
            *map_output(survey, DEGRADATION, outputs.degradation, "", outputs.metadata),
        )
        sums = survey.run(formula, made, len(scheme.codes), progress.part(70, 100))
    ecosystems, member = ecosystem_members(scheme)
    area = sums.area_ha @ member
    with np.errstate(invalid="ignore"):
        means = [sums.amounts[name] @ member / area for name in (QUALITY, DEGRADATION)]
    result = QualityResult(sums.years, ecosystems, area, means[0], means[1], sums)
    for year, mean in zip(result.years, result.means):
        progress.info(f"{f'{year}: ' if year else ''}mean habitat quality {mean:.4f}.")
    _tell_half_saturation(inputs, sums, progress)
    return result


def read_threats(table: Table, names: Sequence[str]) -> tuple[Threat, ...]:
    """The threats in the order of their rasters.

    Raises:
        TableError: a raster has no row, a row no raster, or a number or decay cannot be used.
    """
    table.require("threat", "max_distance_km", "weight", "decay")
    given = table.texts("threat")
    _same_names(table.name, given, names)
    rows = zip(given, table.numbers("max_distance_km"), table.numbers("weight"), table.texts("decay"))
    threats = {}
    for name, distance, weight, form in rows:
        where = f"Table {table.name}, threat {name}"
        if not 0 < distance <= FARTHEST_KM:
            raise TableError(f"{where}: max_distance_km is {distance:g}. Write kilometres, such as 3; not metres.")
        if not weight > 0:
            raise TableError(f"{where}: weight is {weight:g}. Write a positive number.")
        if form.casefold() not in DECAYS:
            raise TableError(f"{where}: decay is {form!r}. Write linear or exponential.")
        threats[name] = Threat(name, float(distance), float(weight), form.casefold())  # type: ignore[arg-type]
    return tuple(threats[name] for name in names)


def _same_names(table: str, rows: Sequence[str], rasters: Sequence[str]) -> None:
    without_row = [name for name in rasters if name not in rows]
    if without_row:
        raise TableError(
            f"Table {table} has no row for the threat {', '.join(without_row)}. Add it, or drop the raster."
        )
    without_raster = [name for name in rows if name not in rasters]
    if without_raster:
        raise TableError(
            f"Table {table} has the threat {', '.join(without_raster)}, but no raster has that name. Give the raster, "
            "or remove the row: its weight would count."
        )


def read_sensitivity(table: Table, names: Sequence[str], scheme: LandCoverScheme) -> tuple[np.ndarray, np.ndarray]:
    """Habitat suitability, shape (classes,), and sensitivity, shape (threats, classes); NaN for codes without a row.

    Raises:
        TableError: a threat has no column, or a number lies outside 0 to 1.
    """
    missing = [name for name in names if not table.has(name)]
    if missing:
        raise TableError(
            f"Table {table.name} has no sensitivity to the threat {', '.join(missing)}. Add a column of that name "
            f"with a number from 0 to 1 per class. It has {', '.join(table.columns)}."
        )
    table.require("code", "habitat")
    codes = table.codes("code")
    columns = []
    for column in ("habitat", *names):
        numbers = table.numbers(column)
        beyond = (numbers < 0) | (numbers > 1)
        if beyond.any():
            raise TableError(
                f"Table {table.name}, code {codes[int(beyond.argmax())]}, column {column}: {numbers[beyond][0]:g} lies "
                "outside 0 to 1. Divide percent by 100."
            )
        of_code = dict(zip(codes, map(float, numbers)))
        columns.append([of_code.get(code, np.nan) for code in scheme.codes])
    return np.array(columns[0]), np.nan_to_num(np.array(columns[1:]))


@dataclass(frozen=True)
class _InRange:
    """Refuses threats beyond 0 to 1."""

    label: str

    def __call__(self, values: np.ndarray, valid: np.ndarray) -> None:
        beyond = valid & ((values < 0) | (values > 1 + 1e-6))
        if beyond.any():
            raise InputError(
                f"{self.label} holds {float(values[beyond][0]):.6g}. Threats lie between 0 and 1: divide by the "
                "largest value, or set the valid range."
            )


def _add_threats(
    inputs: QualityInputs, threats: Sequence[Threat], survey: Survey, progress: Progress
) -> tuple[str, ...]:
    """Adds the convolved threats as inputs and returns their names."""
    grid = survey.area.grid
    metres = require_metres(grid, "The land cover")
    names = []
    for number, threat in enumerate(threats):
        series = inputs.threats[threat.name]
        part = progress.part(100 * number / len(threats), 100 * (number + 1) / len(threats))
        label = f"Threat {threat.name}"
        sources = survey.sources(f"threat {threat.name}", series, Measure("threat"), label=label)
        sources = survey.area.fit_all(sources, progress)
        kernel = decay_kernel(threat, grid.pixel_width * metres, grid.pixel_height * metres, inputs.normalise)
        _tell_reach(threat, kernel, grid, progress)
        spread: dict[Source, Source] = {}
        for source in dict.fromkeys(sources):
            spread[source] = convolve_source(source, kernel, grid, survey.folder, part, _InRange(source.named))
        name = f"threat:{threat.name}"
        survey.add_sources(name, [spread[source] for source in sources], on_grid=True)
        names.append(name)
    return tuple(names)


def _tell_reach(threat: Threat, kernel: np.ndarray, grid: Grid, progress: Progress) -> None:
    if kernel.size == 1:
        progress.warn(
            f"The threat {threat.name} reaches {threat.max_distance_km:g} km, less than a pixel ({grid.pixel_width:g} "
            "units of the CRS): it degrades only the pixel it lies in."
        )


def _tell_half_saturation(inputs: QualityInputs, sums: YearlySums, progress: Progress) -> None:
    if DEGRADATION not in sums.statistics:
        return
    largest = max(band.maximum for band in sums.statistics[DEGRADATION])
    if math.isfinite(largest) and largest > 0:
        progress.info(
            f"The largest degradation is {largest:.4g}; InVEST advises a half-saturation constant of half of it, "
            f"{largest / 2:.4g} ({inputs.half_saturation:g} was used)."
        )
