"""Reports of ecosystem services and their factors: headline figures, maps, ecosystems, tables, sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..raster.output import ClassColour
from ..report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Column,
    Figure,
    Figures,
    LeftOutArea,
    Lines,
    Map,
    MapPicture,
    MethodReport,
    Ramp,
    Series,
    Source,
    TableBlock,
)
from ..report.texts import load_palettes, load_texts
from ..results import ResultTable
from ..tables import provenance
from .carbon_flux import SOURCES as FLUX_SOURCES
from .carbon_flux import UNIT as FLUX_UNIT
from .carbon_flux import FluxResult
from .carbon_storage import CarbonOutputs, CarbonResult
from .daily_erosivity import SOURCES as DAILY_SOURCES
from .daily_erosivity import DailyErosivity
from .flood_mitigation import FloodInputs, FloodOutputs, FloodResult
from .habitat_quality import QualityOutputs, QualityResult
from .natural_habitat import HabitatOutputs, HabitatResult
from .rainfall_erosivity import SOURCES as EROSIVITY_SOURCES
from .rainfall_erosivity import ErosivityInputs, ErosivityResult
from .slope_factors import EXPONENTS, SLOPE_FACTORS
from .slope_length import SlopeLengthInputs, SlopeLengthResult
from .soil_conservation import Intensity, SoilOutputs, SoilResult
from .soil_erodibility import SOURCES as ERODIBILITY_SOURCES
from .soil_erodibility import ErodibilityInputs, ErodibilityResult
from .support_practice import PRESETS, P, PracticeInputs
from .survey import YearlySums
from .vegetation_cover import C_SOURCES, VegetationInputs, VegetationOutputs, VegetationResult
from .water_retention import SOURCES as RUNOFF_SOURCES
from .water_retention import RetentionInputs, RetentionOutputs, RetentionResult

Years = Sequence["int | None"]
Words = dict[str, str]


def water_report(
    result: RetentionResult, inputs: RetentionInputs, outputs: RetentionOutputs, language: str
) -> MethodReport:
    """What water retention found."""
    words = load_texts(language)
    sources = [_table_source("runoff_coefficient"), Source(inputs.coefficients, RUNOFF_SOURCES[inputs.coefficients])]
    return MethodReport(
        [
            _totals(words, "water_retention", "m3/a", result.years, result.totals),
            _maps(words, result.years, [("water_retention", outputs.retention, "mm", ())]),
            _by_ecosystem(words, result.table(), "volume_m3", "water_retention"),
        ],
        sources=sources,
        left_out=_left_out(words, result.sums),
    )


def flood_report(result: FloodResult, inputs: FloodInputs, outputs: FloodOutputs, language: str) -> MethodReport:
    """What flood mitigation found."""
    words = load_texts(language)
    tables = ["cn", "cn_amc_table", "cn_by_ecosystem_default"]
    chapters = [
        _totals(words, "flood_mitigation", "m3", result.years, result.totals),
        _maps(words, result.years, [("flood_mitigation", outputs.held, "mm", ())], result.land_range_mm),
        _by_ecosystem(words, result.table(), "volume_m3", "flood_mitigation"),
    ]
    if result.bodies:
        tables.append("lake_regression")
        chapters.append(Chapter(words["services_bodies"], [_rows(words, "services_bodies", result.bodies_table())]))
    return MethodReport(
        chapters, sources=[_table_source(name) for name in tables], left_out=_left_out(words, result.sums)
    )


def soil_report(result: SoilResult, outputs: SoilOutputs, language: str) -> MethodReport:
    """What soil conservation found."""
    words = load_texts(language)
    intensity = Intensity.of_standard(language)
    legend = intensity.legend()
    maps = [
        ("soil_conservation", outputs.retention, "t/(ha a)", ()),
        ("services_erosion", outputs.erosion, "t/(ha a)", ()),
        ("services_erosion_classes", outputs.classes, "", legend),
    ]
    years = [_name(year, words) for year in result.years]
    area = result.area_ha.sum(axis=1)
    classes = [Series(item.name, area[:, n].tolist(), item.colour) for n, item in enumerate(legend)]
    erosion = _totals(words, "services_erosion", "t/a", result.years, result.erosion_totals)
    beyond = [
        Figure(f"{words['services_loss_area']} {year}", ha, "ha") for year, ha in zip(years, result.loss_areas_ha)
    ]
    return MethodReport(
        [
            _totals(words, "soil_conservation", "t/a", result.years, result.totals),
            Chapter(
                words["services_erosion"],
                [*erosion.blocks, Figures(beyond), Bars(words["services_erosion_classes"], years, classes, "ha")],
            ),
            _maps(words, result.years, maps),
            _by_ecosystem(words, result.table(intensity), "retention_t", "soil_conservation"),
        ],
        sources=[_table_source("erosion_classes"), _table_source("erosion_tolerance")],
        left_out=_left_out(words, result.sums),
    )


def natural_habitat_report(result: HabitatResult, outputs: HabitatOutputs, language: str) -> MethodReport:
    """What natural habitat found."""
    words = load_texts(language)
    return MethodReport(
        [
            _totals(words, "natural_habitat", "ha", result.years, result.totals),
            _maps(words, result.years, [("natural_habitat", outputs.habitat, "", ())], (0.0, 1.0)),
            _by_ecosystem(words, result.table(), "weighted_ha", "natural_habitat"),
        ],
        left_out=_left_out(words, result.sums),
    )


def habitat_quality_report(result: QualityResult, outputs: QualityOutputs, language: str) -> MethodReport:
    """What habitat quality found."""
    words = load_texts(language)
    quality = _maps(words, result.years, [("services_habitat_quality", outputs.quality, "", ())], (0.0, 1.0))
    degradation = _maps(words, result.years, [("services_habitat_degradation", outputs.degradation, "", ())])
    return MethodReport(
        [
            _totals(words, "services_habitat_quality", "", result.years, result.means),
            Chapter(quality.title, [*quality.blocks, *degradation.blocks]),
            Chapter(words["services_by_ecosystem"], [_rows(words, "services_by_ecosystem", result.table())]),
        ],
        sources=[Source("InVEST", "Sharp et al., InVEST user's guide, habitat quality")],
        left_out=_left_out(words, result.sums),
    )


def carbon_report(result: CarbonResult, outputs: CarbonOutputs, language: str) -> MethodReport:
    """What carbon storage found."""
    words = load_texts(language)
    chapters = [
        _totals(words, "services_carbon", "t C", result.years, result.totals),
        _maps(words, result.years, [("services_carbon", outputs.carbon, "t C/ha", ())]),
        _by_ecosystem(words, result.table(), "carbon_t", "services_carbon"),
    ]
    left_out = _left_out(words, result.sums)
    flux = result.flux
    if flux is None:
        return MethodReport(chapters, left_out=left_out)
    chapters.append(_flux_chapter(flux, outputs.flux, words))
    left_out += [replace(o, where=f"{words['services_flux']} {o.where}") for o in _left_out(words, flux.sums)]
    return MethodReport(
        chapters, sources=[Source(flux.inputs.method, FLUX_SOURCES[flux.inputs.method])], left_out=left_out
    )


def _flux_chapter(flux: FluxResult, path: str | None, words: Words) -> Chapter:
    fixed = _totals(words, "services_flux", "t CO2/a", flux.years, flux.co2_totals)
    oxygen = _totals(words, "services_oxygen", "t O2/a", flux.years, flux.oxygen_totals)
    blocks: list[Block] = [*fixed.blocks, *oxygen.blocks]
    if path:
        ramp = Ramp(FLUX_UNIT, "diverging" if flux.sums.counts["losing"].any() else "sequential")
        pictures = [MapPicture(path, str(year or ""), band) for band, year in enumerate(flux.years, start=1)]
        blocks.append(Map(words["services_flux"], pictures, ramp))
    by_ecosystem = _by_ecosystem(words, flux.table(), "co2_t", "services_flux")
    return Chapter(words["services_flux"], [*blocks, *by_ecosystem.blocks])


def erosivity_report(result: ErosivityResult, inputs: ErosivityInputs, path: str | None, language: str) -> MethodReport:
    """What rainfall erosivity found."""
    words = load_texts(language)
    unit = "MJ mm/(ha h a)"
    return _factor_report(
        words, "services_r", unit, result.years, result.mean, path, result.sums,
        Source(inputs.method, EROSIVITY_SOURCES[inputs.method]), result.table(),
    )  # fmt: skip


def daily_erosivity_report(result: DailyErosivity, language: str) -> MethodReport:
    """Erosivity of a place by half month."""
    words = load_texts(language)
    unit = "MJ mm/(ha h)"
    half_months = [f"{n // 2 + 1}{'ab'[n % 2]}" for n in range(len(result.half_months))]
    figures = Figures([Figure(words["services_r"], result.annual, f"{unit} a".replace(") a", " a)"))])
    bars = Bars(words["services_half_months"], half_months, [Series(words["services_r"], result.half_months)], unit)
    return MethodReport(
        [Chapter(words["services_r"], [figures, bars, _rows(words, "services_half_months", result.table())])],
        sources=[Source(result.method, DAILY_SOURCES[result.method])],
    )


def erodibility_report(
    result: ErodibilityResult, inputs: ErodibilityInputs, path: str | None, language: str
) -> MethodReport:
    """What soil erodibility found."""
    words = load_texts(language)
    source = Source(inputs.method, ERODIBILITY_SOURCES[inputs.method])
    return _factor_report(
        words, "services_k", "t ha h/(ha MJ mm)", (None,), (result.mean,), path, result.sums, source
    )  # fmt: skip


def slope_length_report(
    result: SlopeLengthResult, inputs: SlopeLengthInputs, path: str | None, language: str
) -> MethodReport:
    """What slope length and steepness found."""
    words = load_texts(language)
    factor = Source(f"S: {inputs.slope_factor}", SLOPE_FACTORS[inputs.slope_factor].source)
    report = _factor_report(words, "services_ls", "", (None,), (result.mean,), path, result.sums, factor)
    exponent = Source(f"m: {inputs.chosen_exponent}", EXPONENTS[inputs.chosen_exponent].source)
    parts = [
        Figure(words["services_l"], result.mean_length),
        Figure(words["services_s"], result.mean_steepness),
        Figure(words["services_capped"], _share_pct(result.capped_pixels, result.sums), "%"),
        Figure(words["services_from_outside"], _share_pct(result.outside_pixels, result.sums), "%"),
    ]
    limit = inputs.max_length_m or inputs.max_factor
    chapters = [*report.chapters[:1], Chapter(words["services_ls_parts"], [Figures(parts)]), *report.chapters[1:]]
    return replace(
        report,
        chapters=chapters,
        sources=[*report.sources, exponent],
        parameters=[
            (words["services_ls_method"], f"{inputs.method}, {inputs.area_form}"),
            (words["services_ls_limit"], None if limit is None else f"{limit:g}"),
        ],
        warnings=[words["services_outside_warning"]] if result.outside_pixels else [],
    )


def _share_pct(pixels: int, sums: YearlySums) -> float | None:
    """The share of some pixels in all that have a value; None where none has."""
    whole = int(sums.pixels.sum())
    return 100 * pixels / whole if whole else None


def practice_report(sums: YearlySums, inputs: PracticeInputs, path: str | None, language: str) -> MethodReport:
    """What support practice found."""
    words = load_texts(language)
    source = Source(inputs.preset, PRESETS[inputs.preset])
    report = _factor_report(words, "services_p", "", sums.years, sums.mean(P), path, sums, source)
    return replace(report, sources=[*report.sources, _table_source("p_factor")])


def vegetation_report(
    result: VegetationResult, inputs: VegetationInputs, outputs: VegetationOutputs, language: str
) -> MethodReport:
    """What vegetation cover found."""
    words = load_texts(language)
    sources = [Source("FVC", "Gutman & Ignatov 1998, International Journal of Remote Sensing 19(8):1533-1543")]
    chapters = [
        _totals(words, "services_fvc", "", result.years, result.mean_cover),
        _maps(words, result.years, [("services_fvc", outputs.cover, "", ())], (0.0, 1.0)),
    ]
    if result.mean_factor:
        chapters += [
            _totals(words, "services_c", "", result.years, result.mean_factor),
            _maps(words, result.years, [("services_c", outputs.factor, "", ())]),
        ]
        sources.append(Source(f"C: {inputs.c_method}", C_SOURCES[str(inputs.c_method)]))
    return MethodReport(
        chapters,
        parameters=[(words["services_ndvi_soil"], result.soil), (words["services_ndvi_vegetation"], result.vegetation)],
        sources=sources,
        left_out=_left_out(words, result.sums),
    )


def _factor_report(
    words: Words,
    key: str,
    unit: str,
    years: Years,
    means: Sequence[float],
    path: str | None,
    sums: YearlySums,
    source: Source,
    table: ResultTable | None = None,
) -> MethodReport:
    chapters = [_totals(words, key, unit, years, means), _maps(words, years, [(key, path, unit, ())])]
    if table is not None:
        chapters.append(Chapter(words["services_by_year"], [_rows(words, "services_by_year", table)]))
    return MethodReport(chapters, sources=[source], left_out=_left_out(words, sums))


def _totals(words: Words, key: str, unit: str, years: Years, values: Sequence[float]) -> Chapter:
    """A card per year, and a line where there are several."""
    blocks: list[Block] = [
        Figures([Figure(f"{words[key]} {year or ''}".strip(), value, unit) for year, value in zip(years, values)])
    ]
    dated = [year for year in years if year is not None]
    if len(dated) > 1:
        blocks.append(Lines(words["services_over_time"], dated, [Series(words[key], list(values))], unit))
    return Chapter(words[key], blocks)


Shown = tuple[str, "str | None", str, Sequence[ClassColour]]


def _maps(words: Words, years: Years, shown: Sequence[Shown], limits: tuple[float, float] | None = None) -> Chapter:
    """A picture per year of each map that was written."""
    low, high = limits or (None, None)
    blocks: list[Block] = []
    for key, path, unit, classes in shown:
        if path:
            pictures = [MapPicture(path, str(year or ""), band) for band, year in enumerate(years, start=1)]
            blocks.append(Map(words[key], pictures, Classes(classes) if classes else Ramp(unit, low=low, high=high)))
    return Chapter(words["quality_maps"], blocks)


def _by_ecosystem(words: Words, table: ResultTable, column: str, key: str) -> Chapter:
    """Stacked bars of a column by year and ecosystem, and the whole table."""
    names = [c.name for c in table.columns]
    year_at, ecosystem_at, value_at = (names.index(name) for name in ("year", "ecosystem", column))
    years = list(dict.fromkeys(row[year_at] for row in table.rows))
    ecosystems = list(dict.fromkeys(str(row[ecosystem_at]) for row in table.rows))
    sums = {(year, ecosystem): 0.0 for year in years for ecosystem in ecosystems}
    for row in table.rows:
        sums[row[year_at], str(row[ecosystem_at])] += float(row[value_at] or 0)
    colours = load_palettes().ecosystems
    series = [Series(words.get(e, e), [sums[year, e] for year in years], colours.get(e, "")) for e in ecosystems]
    unit = table.columns[value_at].unit
    bars = Bars(words[key], [_name(year, words) for year in years], series, unit)
    return Chapter(words["services_by_ecosystem"], [bars, _rows(words, "services_by_ecosystem", table)])


def _rows(words: Words, key: str, table: ResultTable) -> TableBlock:
    """A result table with headings in the language of the report; a year that does not exist is left away."""
    undated = [n for n, c in enumerate(table.columns) if c.name == "year" and all(r[n] is None for r in table.rows)]
    kept = [n for n in range(len(table.columns)) if n not in undated]
    kinds = {"integer": "code", "text": "text", "number": "number"}
    columns = [
        Column(words[f"column_{column.name}"], column.unit, kinds[column.kind])  # type: ignore[arg-type]
        for column in (table.columns[n] for n in kept)
    ]
    rows = [[words.get(str(row[n]), row[n]) if isinstance(row[n], str) else row[n] for n in kept] for row in table.rows]
    return TableBlock(words[key], columns, rows, download=f"{key}.csv")


def _name(year: object, words: Words) -> str:
    return words["services_undated"] if year is None else str(year)


def _left_out(words: Words, sums: YearlySums) -> list[LeftOutArea]:
    whole = float(sums.area_ha.sum(axis=1).max())
    return [
        LeftOutArea(_name(item.year, words), words["services_left_out"], item.area_ha,
                    item.area_ha / (whole + item.area_ha) * 100)
        for item in sums.left_out
    ]  # fmt: skip


def _table_source(name: str) -> Source:
    p = provenance(name)
    return Source(p.title, p.source, p.year, p.unit, p.region, p.confidence)
