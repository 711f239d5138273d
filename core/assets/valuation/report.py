"""The report of a valuation: headline figures, maps, ecosystems, services, growth, and how it came about."""

from __future__ import annotations

import math

import numpy as np

from ...messages import told
from ...quantities import quantity
from ...report import (
    Bars,
    Block,
    Chapter,
    Column,
    Figure,
    Figures,
    LeftOutArea,
    Lines,
    Map,
    MethodReport,
    Paragraph,
    Ramp,
    Series,
    TableBlock,
)
from ...report.common import left_out_areas, pictures
from ...report.numbers import amount, density_unit, unit_text
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ...results import Cell
from ...tables import Provenance, provenance
from .run import FACTOR_LABELS, ValuationOutputs, ValuationResult
from .tables import ALL, by_part, change_table, parts_of


def valuation_report(result: ValuationResult, outputs: ValuationOutputs, language: str) -> MethodReport:
    """What a valuation found: totals and growth, maps, ecosystems, services; language `en` or `zh`."""
    words = load_texts(language)
    unit = f"{result.inputs.currency}/a"
    years = f"{result.years[0]}–{result.years[-1]}" if len(result.years) > 1 else str(result.years[0])
    return MethodReport(
        chapters=[
            Chapter(words["valuation_totals"], _totals(result, words, unit)),
            Chapter(words["valuation_maps"], _maps(result, outputs, words)),
            Chapter(words["valuation_ecosystems"], _ecosystems(result, words, unit, language)),
            Chapter(words["valuation_services"], _services(result, words, unit, language)),
        ],
        subtitle=f"{years} · {result.inputs.equivalents.name} · {result.inputs.scheme.title}",
        facts=[(words["valuation_area"], amount(math.fsum(result.area_ha[-1]), "ha", language))],
        parameters=_references(result, words, language),
        sources=_sources(result, words),
        left_out=_left_out(result, words),
        sentences=_sentences(result, unit, Teller(language)),
    )


def _sentences(result: ValuationResult, unit: str, teller: Teller) -> list[Sentence]:
    """The value of every year and its growth, the ecosystems and services that hold it, and what a hectare is worth."""
    words, last = teller.words, result.years[-1]
    parts = [part for part in parts_of(result) if part.code is None]
    area, by_service = by_part(result, parts)
    names = [within(words[part.ecosystem]) for part in parts]
    of_ecosystem = by_service[-1].sum(axis=0).tolist()
    dense = {name: value / float(a) for name, value, a in zip(names, of_ecosystem, area[-1]) if a > 0}
    services = [within(service.named(teller.language)) for service in result.inputs.equivalents.services]
    of_service = dict(zip(services, result.values[-1].sum(axis=1).tolist()))
    return [
        *teller.levels(words["what_esv"], result.years, result.totals, unit),
        *teller.made_of(dict(zip(names, of_ecosystem)), "ecosystems", "made_of_in", year=last),
        *teller.extremes(dense, density_unit(unit), "ecosystems", "dense"),
        *teller.made_of(of_service, "services", "made_of_services", year=last),
    ]


def _totals(result: ValuationResult, words: dict[str, str], unit: str) -> list[Block]:
    totals = result.totals
    cards = [Figure(f"{words['valuation_value']} {year}", total, unit) for year, total in zip(result.years, totals)]
    blocks: list[Block] = [Figures(cards)]
    if len(totals) > 1:
        rows = [row for row in change_table(result).rows if row[2] == ALL and row[3] == ALL]
        blocks += [
            Lines(words["valuation_growth"], result.years, [Series(words["valuation_value"], totals)], unit),
            TableBlock(
                words["valuation_change"],
                [
                    Column(words["from_year"], kind="code"),
                    Column(words["to_year"], kind="code"),
                    Column(words["change"], unit),
                    Column(words["change_pct"], "%", decimals=2),
                    Column(words["annual_pct"], "%/a", decimals=2),
                    Column(words["compound_pct"], "%/a", decimals=2),
                ],
                [(row[0], row[1], *row[6:10]) for row in rows],
            ),
        ]
    return blocks


def _maps(result: ValuationResult, outputs: ValuationOutputs, words: dict[str, str]) -> list[Block]:
    if not outputs.total:
        return []
    return [Map(words["valuation_map"], pictures(outputs.total, result.years), Ramp())]


def _ecosystems(result: ValuationResult, words: dict[str, str], unit: str, language: str) -> list[Block]:
    parts = parts_of(result)
    area, by_service = by_part(result, parts)
    values = by_service.sum(axis=1)
    years = [str(year) for year in result.years]
    series = []
    ecosystems: list[list[tuple[Cell, ...]]] = []
    classes: list[list[tuple[Cell, ...]]] = []
    for p, part in enumerate(parts):
        name = words[part.ecosystem]
        of_class = () if part.code is None else (result.inputs.scheme.classes[part.code].named(language),)
        rows: list[tuple[Cell, ...]] = [
            (year, name, *of_class, float(a), float(value), _share(value, total))
            for year, a, value, total in zip(result.years, area[:, p], values[:, p], result.totals)
        ]
        if part.code is None:
            series.append(Series(name, values[:, p].tolist(), _colour(result, part.members)))
        (ecosystems if part.code is None else classes).append(rows)
    columns = [
        Column(words["year"], kind="code"),
        Column(words["ecosystem"], kind="text"),
        Column(words["area"], "ha"),
        Column(words["valuation_value"], unit),
        Column(words["share_of_total"], "%", decimals=2),
    ]
    with_class = [*columns[:2], Column(words["class"], kind="text"), *columns[2:]]
    by_ecosystem, by_class = words["valuation_by_ecosystem"], words["valuation_by_class"]
    return [
        Bars(by_ecosystem, years, series, unit),
        TableBlock(by_ecosystem, columns, _by_year(ecosystems), download="ecosystems.csv"),
        TableBlock(by_class, with_class, _by_year(classes), download="classes.csv"),
    ]


def _by_year(of_parts: list[list[tuple[Cell, ...]]]) -> list[tuple[Cell, ...]]:
    """Rows of every part, a list of years each, year by year."""
    return [row for of_year in zip(*of_parts) for row in of_year]


def _services(result: ValuationResult, words: dict[str, str], unit: str, language: str) -> list[Block]:
    values = result.values.sum(axis=2)
    services = result.inputs.equivalents.services
    names = [service.named(language) for service in services]
    years = [str(year) for year in result.years]
    series = [Series(name, values[:, s].tolist()) for s, name in enumerate(names)]
    rows: list[tuple[Cell, ...]] = [
        (year, name, words.get(service.group, service.group), float(values[y, s]), _share(values[y, s], total))
        for y, (year, total) in enumerate(zip(result.years, result.totals))
        for s, (name, service) in enumerate(zip(names, services))
    ]
    columns = [
        Column(words["year"], kind="code"),
        Column(words["service"], kind="text"),
        Column(words["service_group"], kind="text"),
        Column(words["valuation_value"], unit),
        Column(words["share_of_total"], "%", decimals=2),
    ]
    blocks: list[Block] = [
        Bars(words["valuation_by_service"], years, series, unit),
        TableBlock(words["valuation_by_service"], columns, rows, download="services.csv"),
    ]
    if (values < 0).any():
        blocks.append(Paragraph(words["valuation_signed"]))
    return blocks


def _references(result: ValuationResult, words: dict[str, str], language: str) -> list[tuple[str, Cell]]:
    unit = unit_text(quantity("standard_value").unit_in(result.inputs.currency), language)
    between = "：" if language == "zh" else ": "
    rows: list[tuple[str, Cell]] = [
        (
            words["valuation_standard"],
            f"{result.inputs.standard_value:g} {unit}",
        )
    ]
    for factor, references in result.references.items():
        numbers = ", ".join(f"{number:.6g}" for number in dict.fromkeys(references))
        rows.append((f"{words['valuation_reference']}{between}{told(FACTOR_LABELS[factor], language)}", numbers))
    return rows


def _sources(result: ValuationResult, words: dict[str, str]) -> list[Provenance]:
    inputs = result.inputs
    sources = []
    if inputs.equivalents.provenance is not None:
        sources.append(inputs.equivalents.provenance)
    if inputs.scheme.name != "custom":
        sources.append(provenance("land_cover_classes"))
    standard = inputs.equivalents.standard_value
    if standard is not None and standard.cny_per_ha == inputs.standard_value:
        unit = quantity("standard_value").unit_in("CNY")
        sources.append(
            Provenance(
                words["valuation_standard"],
                standard.source,
                standard.reference_year,
                unit,
                standard.region,
                standard.confidence,
                f"standard_value:{inputs.equivalents.name}",
            )
        )
    return sources


def _left_out(result: ValuationResult, words: dict[str, str]) -> list[LeftOutArea]:
    reasons = {
        "no land cover in another year": words["left_out_other_year"],
        "no adjustment value": words["left_out_adjustment"],
    }
    return [
        item
        for year, counted in zip(result.years, result.area_ha)
        for item in left_out_areas(
            year, [(reasons[o.reason], o.area_ha) for o in result.left_out if o.year == year], math.fsum(counted)
        )
    ]


def _colour(result: ValuationResult, members: tuple[int, ...]) -> str:
    """The colour of the largest of some classes."""
    area = result.area_ha.sum(axis=0)
    return result.inputs.scheme.colour_of(result.codes[max(members, key=lambda k: area[k])])


def _share(part: float | np.floating, whole: float) -> float | None:
    return float(part) / whole * 100 if whole else None
