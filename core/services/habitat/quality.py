"""Habitat quality of InVEST: threats that fade with distance, and how sensitive each land-cover class is to them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import get_args

import numpy as np

from ...errors import InputError, TableError
from ...inputs.names import require_names
from ...inputs.record import keep_coefficients
from ...inputs.used import class_columns
from ...land_cover import LandCoverScheme
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure
from ...raster.dataset import short_name
from ...raster.files import intermediate_path, workspace
from ...raster.settings import RasterSettings
from ...raster.writing.names import first_of
from ...results import Cell, Column, ResultTable, numbers
from ...tables import Table
from ..by_ecosystem import ecosystem_members
from ..survey import Cover, Rasters, Survey, YearlySums, map_output
from ..yearly_kernel import Layers, MissingRows, Pixels
from .threats import Method, Threat, read_threats, spread_threat, tell_beyond

QUALITY = "quality"
DEGRADATION = "degradation"
SCALING = 2.5  # z of the half-saturation curve
# A half-saturation constant further from the advised one than this factor leaves quality all but 0, or as it was.
_FARTHEST = 4.0
COLUMNS = (
    Column("year", "integer"), Column("ecosystem", "text"), Column("area_ha", unit="ha"),
    *numbers("quality", "degradation"),
)  # fmt: skip


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
        threats: names of the inputs, the threats spread by distance.
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
            raise MissingRows(say("sensitivity"), [c for c, one in zip(self.codes, self.habitat) if np.isnan(one)])
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
        threats: by name, intensity 0 to 1 (`nearest` tells 0 from more); where a raster has no value it is 0.
        threat_table: columns `threat`, `max_distance_km`, `weight`, `decay` (linear, exponential).
        sensitivity_table: columns `code`, `habitat`, and one per threat, 0 to 1.
        years: strictly rising; empty for one result without a year.
        half_saturation: k; InVEST advises half of the largest degradation.
        access: accessibility 0 (protected) to 1, by which degradation is multiplied.
        method: how threats add up, see `spread_threat`.
        normalise: for `accumulated`, see `decay_kernel`.
    """

    cover: Cover
    threats: Mapping[str, Rasters]
    threat_table: Table
    sensitivity_table: Table
    years: tuple[int, ...] = ()
    half_saturation: float = 0.05
    access: Rasters | None = None
    method: Method = "nearest"
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
    method: Method

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
        InputError: threats are not between 0 and 1, a class that occurs has no row, or there is no such method.
        GridError: for `accumulated`, the land cover is not in a projected CRS of true lengths.
        OutputError, Cancelled: see `run_job`.
    """
    given = [(name, path) for name, rasters in inputs.threats.items() for path in rasters.paths]
    require_names("NAMES", [name for name, _ in given], [path for _, path in given])
    threats = read_threats(inputs.threat_table, tuple(inputs.threats))
    scheme = inputs.cover.scheme
    habitat, sensitivity = read_sensitivity(inputs.sensitivity_table, tuple(inputs.threats), scheme)
    if not inputs.half_saturation > 0:
        raise InputError(
            say(
                "The half-saturation constant is {half_saturation:g}. Give a positive number.",
                half_saturation=inputs.half_saturation,
            )
        )
    if inputs.method not in get_args(Method):
        raise InputError(
            say(
                "There is no method {method}. Choose one of {method2}.",
                method=inputs.method,
                method2=", ".join(get_args(Method)),
            )
        )
    _tell_shared_rasters(inputs.threats, progress)
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
            *map_output(survey, QUALITY, outputs.quality, "habitat_quality", outputs.metadata),
            # made in any case: whether the half-saturation constant fits is seen by the largest degradation
            *map_output(
                survey,
                DEGRADATION,
                outputs.degradation or intermediate_path(folder, DEGRADATION),
                "habitat_degradation",
                outputs.metadata,
            ),
        )
        sums = survey.run(formula, made, len(scheme.codes), progress.part(70, 100))
    ecosystems, member = ecosystem_members(scheme)
    area = sums.area_ha @ member
    with np.errstate(invalid="ignore"):
        means = [sums.amounts[name] @ member / area for name in (QUALITY, DEGRADATION)]
    result = QualityResult(sums.years, ecosystems, area, means[0], means[1], sums, inputs.method)
    for year, mean in zip(result.years, result.means):
        progress.info(say("{year}mean habitat quality {mean:.4f}.", year=f"{year}: " if year else "", mean=mean))
    _tell_half_saturation(inputs, sums, progress)
    return result


def read_sensitivity(table: Table, names: Sequence[str], scheme: LandCoverScheme) -> tuple[np.ndarray, np.ndarray]:
    """Habitat suitability, shape (classes,), and sensitivity, shape (threats, classes); NaN for codes without a row.

    Raises:
        TableError: a threat has no column, or a number lies outside 0 to 1.
    """
    missing = [name for name in names if not table.has(name)]
    if missing:
        raise TableError(
            say(
                "Table {name} has no sensitivity to the threat {missing}. Add a column of that name with a "
                "number from 0 to 1 per class. It has {columns}.",
                name=table.name,
                missing=", ".join(missing),
                columns=", ".join(table.columns),
            )
        )
    table.require("code", "habitat")
    codes = table.codes("code")
    columns = []
    for column in ("habitat", *names):
        numbers = table.numbers(column)
        beyond = (numbers < 0) | (numbers > 1)
        if beyond.any():
            raise TableError(
                say(
                    "Table {name}, code {codes}, column {column}: {numbers:g} lies outside 0 to 1. Divide "
                    "percent by 100.",
                    name=table.name,
                    codes=codes[int(beyond.argmax())],
                    column=column,
                    numbers=numbers[beyond][0],
                )
            )
        of_code = dict(zip(codes, map(float, numbers)))
        columns.append([of_code.get(code, np.nan) for code in scheme.codes])
    titles = (say("Habitat suitability"), *names)
    keep_coefficients(say("Habitat and its sensitivity"), class_columns(scheme.codes, dict(zip(titles, columns))))
    return np.array(columns[0]), np.nan_to_num(np.array(columns[1:]))


def _add_threats(
    inputs: QualityInputs, threats: Sequence[Threat], survey: Survey, progress: Progress
) -> tuple[str, ...]:
    """Adds the threats, spread by distance, as inputs and returns their names."""
    names = []
    for number, threat in enumerate(threats):
        series = inputs.threats[threat.name]
        part = progress.part(100 * number / len(threats), 100 * (number + 1) / len(threats))
        label = say("Threat {name}", name=threat.name)
        sources = survey.sources(f"threat {threat.name}", series, Measure("threat"), label=label)
        for source in dict.fromkeys(sources):
            tell_beyond(source, survey.area.grid, progress)
        sources = survey.area.fit_all(sources, progress)
        survey.area.gate.close(progress)  # they are spread outside any job
        spread = {
            source: spread_threat(threat, source, survey.area, inputs.method, inputs.normalise, part)
            for source in dict.fromkeys(sources)
        }
        name = f"threat:{threat.name}"
        survey.add_sources(name, [spread[source] for source in sources], on_grid=True)
        names.append(name)
    return tuple(names)


def _tell_shared_rasters(threats: Mapping[str, Rasters], progress: Progress) -> None:
    """Warns where one raster stands for two threats: what it shows then counts twice."""
    for (one, first), (other, second) in combinations(threats.items(), 2):
        shared = [path for path in first.paths if first_of(path, second.paths) is not None]
        if shared:
            progress.warn(
                say(
                    "The threats {one} and {other} are one and the same raster ({file}), which counts for both. Check "
                    "that the right rasters were chosen.",
                    one=one,
                    other=other,
                    file=short_name(shared[0]),
                )
            )


def _tell_half_saturation(inputs: QualityInputs, sums: YearlySums, progress: Progress) -> None:
    """Tells what the constant is held against, and warns where quality hardly depends on the threats."""
    largest = max(band.maximum for band in sums.statistics[DEGRADATION])
    if not (math.isfinite(largest) and largest > 0):
        return
    advised = largest / 2
    told = say(
        "The largest degradation ({method}) is {largest:.4g}; InVEST advises a half-saturation constant of half of "
        "it, {advised:.4g} ({used:g} was used). One that was chosen with the other method means nothing here.",
        method=inputs.method,
        largest=largest,
        advised=advised,
        used=inputs.half_saturation,
    )
    fits = advised / _FARTHEST <= inputs.half_saturation <= advised * _FARTHEST
    (progress.info if fits else progress.warn)(told)
