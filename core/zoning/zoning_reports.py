"""Reports of zoning: zones and reasons, importance, efficiency, the plan by district, what optimal plans save."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..raster.output import ClassColour
from ..report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Column,
    Figure,
    Figures,
    Lines,
    Map,
    MapPicture,
    MethodReport,
    Paragraph,
    Ramp,
    Series,
    Source,
    TableBlock,
)
from ..report.texts import load_texts
from ..results import ResultTable
from .conservation_tables import cleanup_table as conservation_cleanup
from .conservation_tables import ecosystem_table, efficiency_table, importance_table
from .conservation_zones import ConservationOutputs, ConservationResult, importance_legend
from .legends import combination_legend, legend
from .plan_comparison import ComparisonOutputs, ComparisonResult, comparison_table
from .plan_kernel import NONE, PLANS
from .plan_tables import plan_table, service_table
from .priority_ranking import RankingOutputs, RankingResult
from .reasons import REASONS
from .restoration_tables import cleanup_table as restoration_cleanup
from .restoration_tables import combination_table, priority_table, reason_table
from .restoration_zones import RestorationOutputs, RestorationResult
from .target_selection import SelectionResult, selection_table
from .zoning_plan import PlanOutputs, PlanResult

Words = dict[str, str]
ALL = "all"
# Districts with a page of their own; more make a report that nobody prints.
MOST_PAGES = 60


def occurring_reasons(result: RestorationResult, language: str) -> list[ClassColour]:
    """The combinations of reasons that any pixel has, and the class of no reason."""
    areas = result.after.sum(axis=1)
    return [entry for entry in combination_legend(language) if entry.code == 0 or areas[entry.code] > 0]


def restoration_report(result: RestorationResult, outputs: RestorationOutputs, language: str) -> MethodReport:
    """What the restoration zones found."""
    words = load_texts(language)
    names = {entry.code: entry.name for entry in legend("reason", language)}
    colours = {entry.code: entry.colour for entry in legend("reason", language)}
    areas = {names[bit]: result.area_with(bit) for bit in REASONS.values()}
    shown = [(name, area, colours[bit]) for (name, area), bit in zip(areas.items(), REASONS.values()) if area > 0]
    bars = Bars(
        words["zoning_reasons"],
        [name for name, _, _ in shown],
        [Series(words["area"], [area for _, area, _ in shown])],
        "ha",
        stacked=False,
        horizontal=True,
        note=words["zoning_reasons_overlap"],
    )
    maps: list[Block] = []
    if outputs.reasons:
        legend_of = Classes(occurring_reasons(result, language))
        maps.append(Map(words["zoning_reasons"], [MapPicture(outputs.reasons)], legend_of))
    if outputs.priority:
        maps.append(
            Map(words["zoning_priority"], [MapPicture(outputs.priority)], Classes(legend("priority", language)))
        )
    return MethodReport(
        [
            Chapter(
                words["zoning_restoration"],
                [
                    Figures(
                        [
                            Figure(words["zoning_restoration"], result.area_ha, "ha"),
                            Figure(words["share"], result.share_pct, "%"),
                            Figure(words["zoning_overlap"], result.overlap_ha, "ha", words["zoning_before_cleanup"]),
                        ]
                    ),
                    bars,
                ],
            ),
            Chapter(words["quality_maps"], maps),
            Chapter(
                words["zoning_tables"],
                [
                    _rows(words, "zoning_reasons", reason_table(result)),
                    _rows(words, "zoning_combinations", combination_table(result)),
                    _rows(words, "zoning_priority", priority_table(result)),
                    _rows(words, "zoning_cleanup", restoration_cleanup(result)),
                ],
            ),
        ],
        sources=[Source("D ∪ L ∪ E", "Wang, Lu & Ouyang 2022, Acta Ecologica Sinica 42(6):2074-2085")],
    )


def conservation_report(result: ConservationResult, outputs: ConservationOutputs, language: str) -> MethodReport:
    """What the conservation zones found."""
    words = load_texts(language)
    services = [words.get(service.name, service.name) for service in result.inputs.services]
    kept = [k.share_pct() for k in result.kept]
    area_share = [result.share_pct] * len(services)
    bars = Bars(
        words["zoning_efficiency"],
        services,
        [Series(words["zoning_kept"], kept), Series(words["zoning_area_share"], area_share)],
        "%",
        stacked=False,
    )
    classes = importance_legend(len(result.inputs.breaks), language)
    maps: list[Block] = []
    if outputs.zones:
        maps.append(
            Map(words["zoning_conservation"], [MapPicture(outputs.zones)], Classes(legend("conservation", language)))
        )
    if outputs.importance:
        pictures = [MapPicture(outputs.importance, name, n) for n, name in enumerate(services, start=1)]
        maps.append(Map(words["zoning_importance"], pictures, Classes(classes)))
    return MethodReport(
        [
            Chapter(
                words["zoning_conservation"],
                [
                    Figures(
                        [
                            Figure(words["zoning_conservation"], result.area_ha, "ha"),
                            Figure(words["share"], result.share_pct, "%"),
                        ]
                    ),
                    bars,
                    Paragraph(words["zoning_not_efficient"]),
                ],
            ),
            Chapter(words["quality_maps"], maps),
            Chapter(
                words["zoning_tables"],
                [
                    _rows(words, "services_by_ecosystem", ecosystem_table(result)),
                    _rows(words, "zoning_efficiency", efficiency_table(result)),
                    _rows(words, "zoning_importance", importance_table(result, language)),
                    _rows(words, "zoning_cleanup", conservation_cleanup(result)),
                ],
            ),
        ],
        sources=[
            Source(words["zoning_importance"], "Gong et al. 2017, Acta Ecologica Sinica 37(7):2455-2462"),
            Source(words["zoning_conservation"], "Wang, Lu & Ouyang 2022, Acta Ecologica Sinica 42(6):2074-2085"),
        ],
    )


def plan_report(
    result: PlanResult,
    outputs: PlanOutputs,
    comparison: ComparisonResult | None,
    comparison_outputs: ComparisonOutputs,
    language: str,
) -> MethodReport:
    """The plan of the region, what optimal plans would save, and a page per district."""
    words = load_texts(language)
    plans = [entry for entry in legend("plan", language) if entry.code != NONE]
    cards = [Figure(entry.name, result.plan_ha(entry.code), "ha") for entry in plans]
    maps: list[Block] = []
    if outputs.plan:
        maps.append(Map(words["zoning_plan"], [MapPicture(outputs.plan)], Classes(legend("plan", language))))
    whole: list[Block] = [Figures(cards), *maps]
    if result.inputs.services:
        whole.append(_rows(words, "zoning_kept", _of_district(service_table(result), ALL)))
    districts = [name for name in result.districts if name != ALL]
    if len(districts) > 1:
        whole.insert(1, _district_bars(result, districts, plans, words))
    chapters = [Chapter(words["zoning_plan"], whole)]
    if comparison is not None:
        chapters.append(_comparison(comparison, comparison_outputs, words, language))
    chapters += [
        Chapter(f"{words['zoning_district']}: {words.get(name, name)}", _district_page(result, name, plans, words))
        for name in districts[:MOST_PAGES]
    ]
    if not districts:
        chapters.append(Chapter(words["zoning_tables"], [_rows(words, "zoning_plan", plan_table(result))]))
    left_out = len(districts) - MOST_PAGES
    warnings = [words["zoning_more_districts"].format(count=left_out)] if left_out > 0 else []
    return MethodReport(chapters, warnings=warnings)


def _district_bars(result: PlanResult, districts: list[str], plans: Sequence[ClassColour], words: Words) -> Bars:
    series = [
        Series(
            entry.name,
            [math.fsum(result.area_ha[result.districts.index(name), entry.code]) for name in districts],
            entry.colour,
        )
        for entry in plans
    ]
    return Bars(words["zoning_by_district"], [words.get(name, name) for name in districts], series, "ha")


def _district_page(result: PlanResult, district: str, plans: Sequence[ClassColour], words: Words) -> list[Block]:
    number = result.districts.index(district)
    whole = math.fsum(result.area_ha[number].ravel())
    cards = []
    for entry in plans:
        area = math.fsum(result.area_ha[number, entry.code])
        cards.append(Figure(entry.name, area, "ha", f"{area / whole * 100:.1f} %" if whole else ""))
    ecosystems = [words.get(name, name) for name in result.ecosystems]
    series = [Series(entry.name, result.area_ha[number, entry.code].tolist(), entry.colour) for entry in plans]
    blocks: list[Block] = [
        Figures(cards),
        Bars(words["services_by_ecosystem"], ecosystems, series, "ha"),
        _rows(words, "zoning_plan", _of_district(plan_table(result), district)),
    ]
    if result.inputs.services:
        blocks.append(_rows(words, "zoning_kept", _of_district(service_table(result), district)))
    return blocks


def _comparison(comparison: ComparisonResult, outputs: ComparisonOutputs, words: Words, language: str) -> Chapter:
    """Area that each method needs for what the plan keeps, the map of differences and the curves of the ranking."""
    methods = [words[f"zoning_method_{plan.method}"] for plan in comparison.plans]
    shares = [comparison.share_pct(plan) for plan in comparison.plans]
    of_plan = [
        plan.area_ha / comparison.plans[0].area_ha * 100 if comparison.plans[0].area_ha else None
        for plan in comparison.plans
    ]
    cards = [
        Figure(method, plan.area_ha, "ha", "" if part is None else words["zoning_of_plan"].format(share=f"{part:.1f}"))
        for method, plan, part in zip(methods, comparison.plans, of_plan)
    ]
    blocks: list[Block] = [
        Paragraph(words["zoning_comparison_text"].format(gap=f"{comparison.gap * 100:.3g}")),
        Figures(cards),
        Bars(words["zoning_area_needed"], methods, [Series(words["zoning_area_share"], shares)], "%", stacked=False),
    ]
    if outputs.difference:
        blocks.append(
            Map(
                words["zoning_difference"],
                [MapPicture(outputs.difference)],
                Classes(legend("comparison", language)),
            )
        )
    blocks += [_curves(comparison.curves, words), _rows(words, "zoning_comparison", comparison_table(comparison))]
    return Chapter(words["zoning_comparison"], blocks)


def ranking_report(result: RankingResult, outputs: RankingOutputs, language: str) -> MethodReport:
    """The map of ranks and the performance curves."""
    words = load_texts(language)
    maps: list[Block] = []
    if outputs.rank:
        maps.append(Map(words["zoning_rank"], [MapPicture(outputs.rank)], Ramp("", low=0.0, high=1.0)))
    figures = Figures([Figure(words["zoning_cells"], result.cells), Figure(words["area"], result.area_ha, "ha")])
    source = Source(result.inputs.rule, "Moilanen 2007, Biological Conservation 134:571-579; Moilanen et al. 2022")
    return MethodReport(
        [
            Chapter(words["zoning_curves"], [figures, _curves(result, words)]),
            Chapter(words["quality_maps"], maps),
        ],
        sources=[source],
    )


def selection_report(result: SelectionResult, language: str) -> MethodReport:
    """Cost, proof and targets of an exact selection."""
    words = load_texts(language)
    table = selection_table(result)
    services = [words.get(str(row[0]), str(row[0])) for row in table.rows]
    bars = Bars(
        words["zoning_targets"],
        services,
        [
            Series(words["column_target_pct"], [_number(row[1]) for row in table.rows]),
            Series(words["column_held_pct"], [_number(row[2]) for row in table.rows]),
        ],
        "%",
        stacked=False,
    )
    cards = [
        Figure(words["zoning_selected"], int(result.chosen.sum()), "", f"/ {len(result.units)}"),
        Figure(words["zoning_cost"], result.cost),
        Figure(words["zoning_gap"], result.gap * 100, "%"),
    ]
    if result.boundary_m is not None:
        cards.append(Figure(words["zoning_boundary"], result.boundary_m / 1000, "km"))
    return MethodReport(
        [Chapter(words["zoning_selection"], [Figures(cards), bars, _rows(words, "zoning_targets", table)])],
        sources=[Source("MILP", "Beyer et al. 2016, Ecological Modelling 328:14-22; HiGHS by scipy.optimize.milp")],
    )


def _curves(result: RankingResult, words: Words) -> Lines:
    series = [
        Series(words.get(service.name, service.name), [_number(value) for value in kept])
        for service, kept in zip(result.inputs.services, result.kept_pct)
    ]
    return Lines(
        words["zoning_curves"],
        [float(x) for x in result.area_pct],
        series,
        "%",
        x_title=words["zoning_best_area"],
        value_title=words["zoning_kept"],
    )


def _number(value: object) -> float | None:
    number = float(value) if isinstance(value, (int, float)) else math.nan
    return number if math.isfinite(number) else None


def _of_district(table: ResultTable, district: str) -> ResultTable:
    """The rows of a district, without its column."""
    return ResultTable(table.columns[1:], tuple(row[1:] for row in table.rows if row[0] == district))


def _rows(words: Words, key: str, table: ResultTable) -> TableBlock:
    """A result table with headings and known words in the language of the report; plan codes by their names."""
    kinds = {"integer": "code", "text": "text", "number": "number"}
    plans = {code: words[f"zoning_plan_{code}"] for code in range(PLANS)}
    columns, cells = [], []
    for column in table.columns:
        kind = "text" if column.name == "plan" else kinds[column.kind]
        columns.append(Column(words[f"column_{column.name}"], column.unit, kind))  # type: ignore[arg-type]
    for row in table.rows:
        shown = []
        for column, cell in zip(table.columns, row):
            if column.name == "plan" and isinstance(cell, int):
                shown.append(plans[cell])
            else:
                shown.append(words.get(cell, cell.replace("_", " ")) if isinstance(cell, str) else cell)  # type: ignore[arg-type]
        cells.append(shown)
    return TableBlock(words[key], columns, cells, download=f"{key}.csv")
