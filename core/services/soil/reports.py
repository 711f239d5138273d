"""Reports of soil conservation and its factors."""

from __future__ import annotations

from dataclasses import replace

from ...column_words import choice
from ...quantities import Words, quantity
from ...report import Bars, Chapter, Figure, Figures, MethodReport, Series
from ...report.telling import Teller
from ...tables import Provenance, provenance
from ..report_parts import (
    by_ecosystem,
    factor_report,
    left_out,
    maps,
    mean_levels,
    name_of_year,
    rows,
    service_sentences,
    totals,
)
from ..survey import YearlySums
from .conservation import Intensity, SoilOutputs, SoilResult
from .daily_erosivity import SOURCES as DAILY_SOURCES
from .daily_erosivity import DailyErosivity
from .erodibility import SOURCES as ERODIBILITY_SOURCES
from .erodibility import ErodibilityInputs, ErodibilityResult
from .rainfall_erosivity import SOURCES as EROSIVITY_SOURCES
from .rainfall_erosivity import ErosivityInputs, ErosivityResult
from .slope_factors import EXPONENTS, SLOPE_FACTORS
from .slope_length import SlopeLengthInputs, SlopeLengthResult
from .support_practice import PRESETS, P, PracticeInputs
from .vegetation_cover import C_SOURCES, VegetationInputs, VegetationOutputs, VegetationResult


def soil_report(result: SoilResult, outputs: SoilOutputs, language: str) -> MethodReport:
    """What soil conservation found."""
    teller = Teller(language)
    words = teller.words
    intensity = Intensity.of_standard(language)
    legend = intensity.legend()
    shown = [
        ("soil_conservation", outputs.retention),
        ("services_erosion", outputs.erosion),
        ("services_erosion_classes", outputs.classes),
    ]
    years = [name_of_year(year, words) for year in result.years]
    area = result.area_ha.sum(axis=1)
    classes = [Series(item.name, area[:, n].tolist(), item.colour) for n, item in enumerate(legend)]
    erosion = totals(words, "services_erosion", "t/a", result.years, result.erosion_totals)
    beyond = [
        Figure(f"{words['services_loss_area']} {year}", ha, "ha") for year, ha in zip(years, result.loss_areas_ha)
    ]
    return MethodReport(
        [
            totals(words, "soil_conservation", "t/a", result.years, result.totals),
            Chapter(
                words["services_erosion"],
                [*erosion.blocks, Figures(beyond), Bars(words["services_erosion_classes"], years, classes, "ha")],
            ),
            maps(words, result.years, shown, classes={"services_erosion_classes": legend}),
            by_ecosystem(words, result.table(intensity), "retention_t", "soil_conservation"),
        ],
        sources=[provenance("erosion_classes"), provenance("erosion_tolerance")],
        left_out=left_out(words, result.sums),
        sentences=[
            *service_sentences(
                teller, "soil_conservation", "t/a", result.years, result.totals, result.table(intensity), "retention_t"
            ),
            *teller.levels(words["services_erosion"], result.years, result.erosion_totals, "t/a", "erosion"),
            *teller.levels(words["services_loss_area"], result.years, result.loss_areas_ha, "ha", "erosion"),
        ],
    )


def erosivity_report(result: ErosivityResult, inputs: ErosivityInputs, path: str | None, language: str) -> MethodReport:
    """What rainfall erosivity found."""
    return factor_report(
        Teller(language), "services_r", "erosivity", result.years, result.mean, path, result.sums,
        Provenance(choice("METHOD", inputs.method).of(language), EROSIVITY_SOURCES[inputs.method]), result.table(),
    )  # fmt: skip


def daily_erosivity_report(result: DailyErosivity, language: str) -> MethodReport:
    """Erosivity of a place by half month."""
    teller = Teller(language)
    words = teller.words
    unit = "MJ mm/(ha h)"
    half_months = [f"{n // 2 + 1}{'ab'[n % 2]}" for n in range(len(result.half_months))]
    figures = Figures([Figure(words["services_r"], result.annual, quantity("erosivity").unit)])
    bars = Bars(words["services_half_months"], half_months, [Series(words["services_r"], result.half_months)], unit)
    return MethodReport(
        [Chapter(words["services_r"], [figures, bars, rows(words, "services_half_months", result.table())])],
        sources=[Provenance(choice("METHOD", result.method).of(language), DAILY_SOURCES[result.method])],
        sentences=[
            *teller.levels(words["services_r"], (None,), (result.annual,), quantity("erosivity").unit),
            *teller.made_of(dict(zip(half_months, result.half_months)), "season", "made_of_half_months"),
        ],
    )


def erodibility_report(
    result: ErodibilityResult, inputs: ErodibilityInputs, path: str | None, language: str
) -> MethodReport:
    """What soil erodibility found."""
    source = Provenance(choice("METHOD", inputs.method).of(language), ERODIBILITY_SOURCES[inputs.method])
    return factor_report(
        Teller(language), "services_k", "erodibility", (None,), (result.mean,), path, result.sums, source
    )  # fmt: skip


def slope_length_report(
    result: SlopeLengthResult, inputs: SlopeLengthInputs, path: str | None, language: str
) -> MethodReport:
    """What slope length and steepness found."""
    teller = Teller(language)
    words = teller.words
    factor = Provenance(
        f"S: {choice('SLOPE_FACTOR', inputs.slope_factor).of(language)}", SLOPE_FACTORS[inputs.slope_factor].source
    )
    report = factor_report(teller, "services_ls", "slope_length", (None,), (result.mean,), path, result.sums, factor)
    exponent = Provenance(
        f"m: {choice('EXPONENT', inputs.chosen_exponent).of(language)}", EXPONENTS[inputs.chosen_exponent].source
    )
    parts = [
        Figure(words["services_l"], result.mean_length),
        Figure(words["services_s"], result.mean_steepness),
        Figure(words["services_capped"], _share_pct(result.capped_pixels, result.sums), "%"),
        Figure(words["services_from_outside"], _share_pct(result.outside_pixels, result.sums), "%"),
    ]
    limit = inputs.max_length_m or inputs.max_factor
    method = _and(choice("METHOD", inputs.method), choice("AREA_FORM", inputs.area_form), language)
    chapters = [*report.chapters[:1], Chapter(words["services_ls_parts"], [Figures(parts)]), *report.chapters[1:]]
    return replace(
        report,
        chapters=chapters,
        sources=[*report.sources, exponent],
        parameters=[
            (words["services_ls_method"], method),
            (words["services_ls_limit"], None if limit is None else f"{limit:g}"),
        ],
        warnings=[words["services_outside_warning"]] if result.outside_pixels else [],
    )


def _source(symbol: str, chosen: Words, source: str, language: str) -> Provenance:
    return Provenance(f"{symbol}{'：' if language == 'zh' else ': '}{chosen.of(language)}", source)


def _and(first: Words, second: Words, language: str) -> str:
    return f"{first.of(language)}{'，' if language == 'zh' else ', '}{second.of(language)}"


def _share_pct(pixels: int, sums: YearlySums) -> float | None:
    """The share of some pixels in all that have a value; None where none has."""
    whole = int(sums.pixels.sum())
    return 100 * pixels / whole if whole else None


def practice_report(sums: YearlySums, inputs: PracticeInputs, path: str | None, language: str) -> MethodReport:
    """What support practice found."""
    source = Provenance(choice("PRESET", inputs.preset).of(language), PRESETS[inputs.preset])
    report = factor_report(
        Teller(language), "services_p", "practice_factor", sums.years, sums.mean(P), path, sums, source
    )
    return replace(report, sources=[*report.sources, provenance("p_factor")])


def vegetation_report(
    result: VegetationResult, inputs: VegetationInputs, outputs: VegetationOutputs, language: str
) -> MethodReport:
    """What vegetation cover found."""
    teller = Teller(language)
    words = teller.words
    sources = [
        Provenance(
            words["services_fvc"], "Gutman & Ignatov 1998, International Journal of Remote Sensing 19(8):1533-1543"
        )
    ]
    chapters = [
        totals(words, "services_fvc", "", result.years, result.mean_cover),
        maps(words, result.years, [("services_fvc", outputs.cover)], (0.0, 1.0)),
    ]
    if result.mean_factor:
        chapters += [
            totals(words, "services_c", "", result.years, result.mean_factor),
            maps(words, result.years, [("services_c", outputs.factor)]),
        ]
        sources.append(
            Provenance(f"C: {choice('C_METHOD', str(inputs.c_method)).of(language)}", C_SOURCES[str(inputs.c_method)])
        )
    return MethodReport(
        chapters,
        parameters=[(words["services_ndvi_soil"], result.soil), (words["services_ndvi_vegetation"], result.vegetation)],
        sources=sources,
        sentences=[
            *mean_levels(teller, "services_fvc", "", result.years, result.mean_cover),
            *mean_levels(teller, "services_c", "", result.years, result.mean_factor or ()),
        ],
        left_out=left_out(words, result.sums),
    )
