"""Ecosystem quality: biomass, or leaf area, cover and productivity, relative to the best of their kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ...errors import InputError
from ...land_cover import ECOSYSTEMS, LandCoverScheme
from ...land_cover_maps import telling_unknown_codes
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import ANY, Measure, quantity_of_file
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.output import Band, Output
from ...raster.reading.series import tell_pairing, yearly_sources
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.tally import Sums
from ...raster.work import JobResult
from ...raster.zones.polygons import burn_zones
from ...tables import Table, resource_table
from ...years import warn_by_year, year_pairs
from ..legends import legend
from ..strata import Indicators, Land, References, find_references, references_of_table
from .kernel import CLASSES, GRADES, INDEX, QualityKernel
from .known_grades import NO_GRADE, KnownGrades, read_known_grades

# Grades and percentile of the reference that each method takes by default.
GRADES_OF = {"relative_biomass": "RBD", "eqi": "HJ1172"}
PERCENTILE_OF = {"relative_biomass": 95.0, "eqi": 99.0}
METHODS = tuple(GRADES_OF)
REFERENCES = ("pooled", "yearly")
# Words that users choose grades by, and schemes of quality_classes.csv.
GRADE_SCHEMES = {"by_method": None, "hj1172": "HJ1172", "rbd": "RBD", "equal20": "EQUAL20"}
NATURAL = ("forest", "shrub", "grassland")


@dataclass(frozen=True)
class QualityInputs:
    """Indicators of quality, and what they are compared with.

    Attributes:
        indicators: by name, one raster per year or one with a band per year: biomass for `relative_biomass`; leaf
            area index, fractional vegetation cover and GPP for `eqi` (or any others, which then have equal weights).
        years: strictly rising.
        land_cover: one raster per year, one with a band per year, or one for all years.
        scheme: meaning of its codes.
        method: relative biomass density, or the ecosystem quality index of HJ 1172.
        ecosystems: those that are graded.
        ecoregions: path of polygons within which references are taken; None for the whole area.
        ecoregion_field: names the ecoregions; None makes each polygon one.
        reference: `pooled` robust references over all years, or `yearly`: HJ 1172 by the letter, the maximum of each
            year, with the relative densities stretched from 0 to 1.
        percentile: of the pooled references; None takes 95 for biomass and 99 for the index.
        fewest_pixels: see `find_references`.
        reference_table: references that are kept instead of found.
        grades: scheme of quality_classes.csv; None takes that of the method.
        minimum, maximum: valid range by indicator.
        grade_table: grades that are known, of wetland or cropland (see `read_known_grades`); they go before the index.
        grade_zones: path of polygons that the table names, such as lakes; None for a table by class alone.
        grade_zone_field: names them; None makes each polygon one.
    """

    indicators: Mapping[str, tuple[str, ...]]
    years: tuple[int, ...]
    land_cover: tuple[str, ...]
    scheme: LandCoverScheme
    method: Literal["relative_biomass", "eqi"] = "eqi"
    ecosystems: tuple[str, ...] = NATURAL
    ecoregions: str | None = None
    ecoregion_field: str | None = None
    reference: Literal["pooled", "yearly"] = "pooled"
    percentile: float | None = None
    fewest_pixels: int = 100
    reference_table: Table | None = None
    grades: str | None = None
    minimum: Mapping[str, float] = field(default_factory=dict)
    maximum: Mapping[str, float] = field(default_factory=dict)
    grade_table: Table | None = None
    grade_zones: str | None = None
    grade_zone_field: str | None = None


@dataclass(frozen=True)
class QualityOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    index: str | None = None
    classes: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class QualityResult:
    """Quality of the study area.

    Attributes:
        ecosystems: those with an index, then those that only a table grades.
        area_ha: by year, ecosystem and grade (poor first), shape (years, ecosystems, 5).
        indexed_ha: the part of it that has an index, and not a grade of the table; same shape.
        sums: area-weighted sums of the index, same shape.
        pairs: years that are compared on the pixels with an index in both; with the mask `common` in every year, so
            that the means of all pairs are of the same land.
        pair_sums: per pair and ecosystem: area, sum of the index before, and after; shape (pairs, ecosystems, 3).
        land_ha: per year, the land of all ecosystems.
        missing_ha: per year, area of the ecosystems with an index that has no value of all indicators.
        ungraded_ha: per year, area of the ecosystems that only a table grades and that has no grade there.
        references: what the values were divided by.
        inputs: what was asked for.
    """

    ecosystems: tuple[str, ...]
    area_ha: np.ndarray
    indexed_ha: np.ndarray
    sums: np.ndarray
    pairs: tuple[tuple[int, int], ...]
    pair_sums: np.ndarray
    land_ha: tuple[float, ...]
    missing_ha: tuple[float, ...]
    ungraded_ha: tuple[float, ...]
    references: References
    inputs: QualityInputs


def run_ecosystem_quality(
    inputs: QualityInputs,
    outputs: QualityOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> QualityResult:
    """References in two passes (or from a table), then maps and sums in one.

    Raises:
        InputError: rasters and years do not fit, or a reference is not positive.
        GridError: a raster does not fit the grid of the land cover.
        TableError: a land-cover code is not in the scheme, or the reference table lacks a row.
        OutputError: a map cannot be written.
        Cancelled: the user stopped.
    """
    settings = settings or RasterSettings()
    _check(inputs)
    by_year = inputs.reference == "yearly"
    with workspace() as folder:
        cover = yearly_sources(
            "land_cover", inputs.land_cover, inputs.years, say("Land cover"), kind="classes", static=True
        )
        area = open_study_area(cover[0], settings, folder, progress, inputs.scheme)
        cover = area.fit_all(cover, progress)
        rasters = _fit_indicators(inputs, area, progress)
        names = tuple(rasters)
        series = Indicators(names, tuple(tuple(source.name for source in of_years) for of_years in rasters.values()))
        read = [*cover, *(source for of_years in rasters.values() for source in of_years)]
        zones: tuple[str, ...] = ()
        if inputs.ecoregions:
            burned = burn_zones(
                inputs.ecoregions, inputs.ecoregion_field, area.grid, folder, "ecoregions", "Ecoregions", progress
            )
            zones = burned.names
            read.append(burned.source)
        land = Land.of_scheme(cover, inputs.scheme, inputs.ecosystems, zones, "ecoregions" if zones else None)
        known, lakes = _known_grades(inputs, area)
        read += lakes
        job = area.reads(read, gate=[source.name for source in cover])
        with telling_unknown_codes(cover, inputs.scheme, area):
            if inputs.reference_table is not None:
                references = references_of_table(inputs.reference_table, land, series)
            else:
                references = find_references(
                    job, land, series, inputs.years, by_year, area.common, _percentile(inputs), inputs.fewest_pixels,
                    progress.part(0, 60),
                )  # fmt: skip
            made = _outputs(inputs, outputs)
            kernel = _kernel(inputs, land, known, series, references, area.common, made)

            def accept(found: JobResult) -> None:
                area.require_pixels(found)
                _require_graded(inputs, names, found.sums)

            found = run_job(replace(job, kernel=kernel, outputs=made, accept=accept), progress.part(60, 100))
    covered = tuple(found.coverage[source.name].area_ha for source in cover)
    result = _collect(inputs, kernel.ecosystems, references, covered, found.sums)
    _tell(result, known, progress)
    return result


def _known_grades(inputs: QualityInputs, area: StudyArea) -> tuple[KnownGrades | None, list[Source]]:
    """The table of grades and the polygons that it names."""
    if inputs.grade_table is None:
        return None, []
    if not inputs.grade_zones:
        return read_known_grades(inputs.grade_table, inputs.scheme, inputs.years), []
    burned = burn_zones(
        inputs.grade_zones, inputs.grade_zone_field, area.grid, area.folder, "grade_zones", "Polygons with known grades"
    )
    known = read_known_grades(inputs.grade_table, inputs.scheme, inputs.years, burned.names, burned.source)
    return known, [burned.source]


def _tell(result: QualityResult, known: KnownGrades | None, progress: Progress) -> None:
    """Warns of land without a grade, and says where the index is not that of the standard."""
    inputs = result.inputs
    named = ", ".join(inputs.ecosystems)
    missing = [f"{ha:,.2f} ha of {named} lack an indicator." if ha > 0 else "" for ha in result.missing_ha]
    warn_by_year(inputs.years, missing, progress)
    if known is not None:
        only = ", ".join(name for name in result.ecosystems if name not in inputs.ecosystems)
        lacking = [
            say("{ha:,.2f} ha of {only} have no grade in table {name}.", ha=ha, only=only, name=known.name)
            if ha > 0
            else ""
            for ha in result.ungraded_ha
        ]
        warn_by_year(inputs.years, lacking, progress)
    if inputs.method == "eqi" and "cropland" not in inputs.ecosystems:
        progress.info(
            say(
                "Cropland has no index. HJ 1172 grades it too, and a regional index compares with that of "
                "the standard only where cropland is in it (CROPLAND)."
            )
        )


def summary_index(area_by_grade: np.ndarray) -> float:
    """``sum_j A_j j / (5 sum_j A_j) 100`` with j from 1 (poor) to 5 (excellent): 20 to 100; NaN without any area.

    Source: Sci. Rep. 2024, 14, s41598-024-73121-4, table 3.
    """
    total = math.fsum(area_by_grade)
    weighted = math.fsum(grade * area for grade, area in enumerate(area_by_grade, start=1))
    return weighted / (GRADES * total) * 100 if total else math.nan


def _check(inputs: QualityInputs) -> None:
    unknown = [name for name in inputs.ecosystems if name not in ECOSYSTEMS]
    if unknown or not inputs.ecosystems:
        raise InputError(
            say(
                "Ecosystems to be graded: {unknown}. Choose of {ecosystems}.",
                unknown=", ".join(unknown) or say("none"),
                ecosystems=", ".join(ECOSYSTEMS),
            )
        )
    if not inputs.indicators:
        raise InputError(say("No indicator is given. Give biomass, or leaf area index, vegetation cover and GPP."))
    if inputs.method == "relative_biomass" and len(inputs.indicators) > 1:
        raise InputError(
            say(
                "Relative biomass density takes one indicator, {count} given ({indicators}). Give the "
                "biomass alone, or use METHOD eqi.",
                count=len(inputs.indicators),
                indicators=", ".join(inputs.indicators),
            )
        )
    if inputs.reference == "yearly" and inputs.reference_table is not None:
        raise InputError(say("A reference table holds for all years. Use REFERENCE pooled, or leave the table away."))
    schemes = {str(row["scheme"]) for row in resource_table("quality_classes").rows if row["min_inclusive"] == "0"}
    if inputs.grades not in (None, *schemes):
        raise InputError(
            say(
                "There are no grades {grades}. Choose one of {schemes}.",
                grades=inputs.grades,
                schemes=", ".join(sorted(schemes)),
            )
        )
    if not 0 < _percentile(inputs) <= 100:
        raise InputError(
            say("The percentile of the reference is {inputs:g}. Give a number up to 100.", inputs=_percentile(inputs))
        )


def _require_graded(inputs: QualityInputs, names: Sequence[str], sums: Sums) -> None:
    """Raises InputError where no pixel was graded in any year."""
    if not any(sums[f"area:{date}"].any() for date in range(len(inputs.years))):
        raise InputError(
            say(
                "No pixel of {ecosystems} has a value of {names}. Check the land cover, the scheme and the "
                "nodata values.",
                ecosystems=", ".join(inputs.ecosystems),
                names=", ".join(names),
            )
        )


def _percentile(inputs: QualityInputs) -> float:
    if inputs.reference == "yearly":
        return 100.0
    return PERCENTILE_OF[inputs.method] if inputs.percentile is None else inputs.percentile


def _measure(indicator: str) -> Measure:
    """What an indicator of that name holds; values are divided by the best of their kind, so their unit is free."""
    found = quantity_of_file(indicator)
    return Measure(found.id, ratio=True) if found else replace(ANY, ratio=True)


def _fit_indicators(inputs: QualityInputs, area: StudyArea, progress: Progress) -> dict[str, tuple[Source, ...]]:
    fitted = {}
    for name, paths in inputs.indicators.items():
        sources = yearly_sources(
            f"indicator:{name}",
            paths,
            inputs.years,
            name,
            minimum=inputs.minimum.get(name),
            maximum=inputs.maximum.get(name),
            measure=_measure(name),
        )
        fitted[name] = area.fit_all(sources, progress)
        tell_pairing(name, fitted[name], inputs.years, progress)
    return fitted


def _kernel(
    inputs: QualityInputs,
    land: Land,
    known: KnownGrades | None,
    series: Indicators,
    references: References,
    common: bool,
    made: Sequence[Output],
) -> QualityKernel:
    stretch = None
    if inputs.reference == "yearly":
        # the largest relative density of a year is 1, that of the pixel that is its own reference
        used = slice(1, None) if land.zones else slice(None)
        density = np.clip(references.least / references.values, 0, 1)[:, :, used]
        least = np.nanmin(density, axis=(2, 3))
        stretch = np.stack([least, np.ones_like(least)], axis=2)
    return QualityKernel(
        land=land,
        known=known,
        series=series,
        references=references.values,
        stretch=stretch,
        grades=inputs.grades or GRADES_OF[inputs.method],
        common=common,
        pairs=tuple((inputs.years.index(a), inputs.years.index(b)) for a, b in _pairs(inputs)),
        maps=tuple(output.name for output in made),
    )


def _pairs(inputs: QualityInputs) -> tuple[tuple[int, int], ...]:
    return year_pairs(inputs.years) if len(inputs.years) > 1 else ()


def _outputs(inputs: QualityInputs, outputs: QualityOutputs) -> tuple[Output, ...]:
    bands = tuple(Band(str(year)) for year in inputs.years)
    made = []
    if outputs.index:
        made.append(Output(INDEX, outputs.index, bands, metadata=outputs.metadata))
    if outputs.classes:
        made.append(Output(CLASSES, outputs.classes, bands, "uint8", NO_GRADE, legend("quality"), outputs.metadata))
    return tuple(made)


def _collect(
    inputs: QualityInputs,
    ecosystems: tuple[str, ...],
    references: References,
    covered: tuple[float, ...],
    sums: Sums,
) -> QualityResult:
    years, pairs = range(len(inputs.years)), _pairs(inputs)
    pair_sums = np.array([sums[f"pair:{pair}"] for pair in range(len(pairs))])
    area, indexed, index = (
        np.stack([sums[f"{name}:{year}"] for year in years]) for name in ("area", "indexed", "index")
    )
    return QualityResult(
        ecosystems=ecosystems,
        area_ha=area,
        indexed_ha=indexed,
        sums=index,
        pairs=pairs,
        pair_sums=pair_sums.reshape(-1, len(ecosystems), 3),
        land_ha=covered,
        missing_ha=tuple(float(sums[f"missing:{year}"]) for year in years),
        ungraded_ha=tuple(float(sums[f"ungraded:{year}"]) for year in years),
        references=references,
        inputs=inputs,
    )
