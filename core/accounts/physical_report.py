"""Reports of the physical account and of the services that it computes: quantities by service, zone and ecosystem."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from ..quantities import quantity
from ..report import (
    Bars,
    Block,
    Chapter,
    Column,
    Figure,
    Figures,
    Map,
    MapPicture,
    MethodReport,
    Paragraph,
    Ramp,
    TableBlock,
)
from ..report import Series as Bar
from ..report.common import pictures
from ..report.telling import Sentence, Teller, within
from ..report.texts import load_texts
from ..results import Cell
from ..tables import Provenance, provenance
from .cooling import EVAPORATION, SERVICES, TRANSPIRATION, CoolingOutputs, CoolingResult
from .purification.run import PurificationOutputs, PurificationResult, limit_of
from .quantities.run import QuantityResult
from .quantity_table import Quantity
from .services import AREA, service_name
from .zoned import WHOLE

Words = dict[str, str]


def quantities_report(result: QuantityResult, language: str) -> MethodReport:
    """The physical account: totals by service, services by ecosystem and by zone; language `en` or `zh`."""
    words = load_texts(language)
    rows = [q for q in result.quantities if q.service != AREA]
    years = result.sums.years
    return MethodReport(
        chapters=[
            Chapter(words["gep_quantities"], _by_year(rows, years, words, language)),
            Chapter(words["accounts_ecosystems"], _crossed(rows, years[-1], "ecosystem", words, language)),
            Chapter(words["accounts_zones"], _crossed(rows, years[-1], "zone", words, language)),
            Chapter(words["accounts_areas"], _areas(result, words)),
        ],
        subtitle=f"{_period(years)} · {result.inputs.cover.scheme.title}",
        warnings=[
            words["accounts_lacking"].format(name=name, pixels=sum(pixels))
            for name, pixels in result.lacking.items()
            if sum(pixels)
        ],
        sentences=_sentences(rows, years, Teller(language)),
    )


def _sentences(rows: Sequence[Quantity], years: Sequence[int], teller: Teller) -> list[Sentence]:
    """How much of each service there is in every year, each in its own unit."""
    totals: dict[tuple[str, str, str], dict[int, float]] = {}
    for q in rows:
        if q.amount is not None:
            by_year = totals.setdefault((q.service, q.item, q.unit), dict.fromkeys(years, 0.0))
            by_year[q.year] += q.amount
    return [
        sentence
        for (service, item, unit), of in totals.items()
        for sentence in teller.levels(service_name(service, item, teller.language), years, list(of.values()), unit)
    ]


def _by_year(rows: Sequence[Quantity], years: Sequence[int], words: Words, language: str) -> list[Block]:
    """Totals of the services; money that statistics give is shown as such."""
    totals: dict[tuple[str, str, str], dict[int, float]] = {}
    for q in rows:
        number, unit = (q.value, "") if q.amount is None else (q.amount, q.unit)
        by_year = totals.setdefault((q.service, q.item, unit), {})
        by_year[q.year] = by_year.get(q.year, 0.0) + (number or 0.0)
    columns = [
        Column(words["service"], kind="text"),
        Column(words["unit"], kind="text"),
        *(Column(str(year), decimals=2) for year in years),
    ]
    cells: list[tuple[Cell, ...]] = [
        (service_name(service, item, language), unit or words["accounts_money"], *(of.get(year) for year in years))
        for (service, item, unit), of in totals.items()
    ]
    return [TableBlock(words["gep_quantities"], columns, cells, words["gep_quantities_note"], "quantities.csv")]


def _crossed(rows: Sequence[Quantity], year: int, by: str, words: Words, language: str) -> list[Block]:
    """Services of the last year by ecosystem or zone, each in its own unit."""
    of_year = [q for q in rows if q.year == year and q.amount is not None]
    names = sorted(dict.fromkeys(str(getattr(q, by)) for q in of_year), key=lambda name: name == "")
    if names in ([], [WHOLE]):
        return []
    cells: list[tuple[Cell, ...]] = []
    for key in dict.fromkeys((q.service, q.item, q.unit) for q in of_year):
        of = [q for q in of_year if (q.service, q.item, q.unit) == key]
        amounts = [math.fsum(q.amount or 0.0 for q in of if getattr(q, by) == name) for name in names]
        cells.append((service_name(key[0], key[1], language), key[2], *amounts))
    shown = [words["unallocated"] if not name else words.get(name, name) for name in names]
    columns = [Column(words["service"], kind="text"), Column(words["unit"], kind="text")]
    return [
        TableBlock(f"{words[f'accounts_{by}s']}, {year}", [*columns, *map(Column, shown)], cells, download=f"{by}.csv")
    ]


def _areas(result: QuantityResult, words: Words) -> list[Block]:
    sums = result.sums
    rows: list[tuple[Cell, ...]] = [
        (year, words.get(name, name), float(sums.area_ha[y, :, e].sum()))
        for y, year in enumerate(sums.years)
        for e, name in enumerate(sums.ecosystems)
        if sums.area_ha[y, :, e].any()
    ]
    columns = [Column(words["year"], kind="code"), Column(words["ecosystem"], kind="text"), Column(words["area"], "ha")]
    return [TableBlock(words["accounts_areas"], columns, rows)]


def cooling_report(result: CoolingResult, outputs: CoolingOutputs, language: str) -> MethodReport:
    """Electricity that plants and water save; language `en` or `zh`."""
    words = load_texts(language)
    last = len(result.years) - 1
    names = {name: service_name(service, "", language) for name, service in SERVICES.items()}
    cards = [Figure(f"{names[name]} {result.years[last]}", result.total(name, last), "kWh/a") for name in SERVICES]
    bars = [Bar(names[name], [result.total(name, y) for y in range(last + 1)]) for name in SERVICES]
    blocks: list[Block] = [
        Figures(cards),
        Bars(words["accounts_cooling"], [str(y) for y in result.years], bars, "kWh/a"),
    ]
    if not result.inputs.divide_evaporation and result.sums.amounts[EVAPORATION].any():
        blocks.append(Paragraph(words["accounts_heat_is_no_power"].format(cop=f"{result.inputs.cop:g}")))
    if result.inputs.method == "heat_table" and result.inputs.heat is None:
        blocks.append(Paragraph(words["accounts_heat_recovered"]))
    sums = result.sums
    rows: list[tuple[Cell, ...]] = [
        (
            year,
            _zone(zone, words),
            words.get(ecosystem, ecosystem),
            *(float(sums.amounts[n][y, z, e]) for n in SERVICES),
        )
        for y, year in enumerate(result.years)
        for z, zone in enumerate(sums.zones)
        for e, ecosystem in enumerate(sums.ecosystems)
        if any(sums.amounts[n][y, z, e] for n in SERVICES)
    ]
    columns = [
        Column(words["year"], kind="code"), Column(words["zone"], kind="text"), Column(words["ecosystem"], kind="text"),
        Column(names[TRANSPIRATION], "kWh/a"), Column(names[EVAPORATION], "kWh/a"),
    ]  # fmt: skip
    maps: list[Block] = []
    if outputs.cooling:
        maps.append(Map(quantity("cooling").name.of(language), pictures(outputs.cooling, result.years), Ramp()))
    sources = ["cooling_heat"] if result.inputs.method == "heat_table" and result.inputs.heat is None else []
    return MethodReport(
        chapters=[
            Chapter(words["accounts_cooling"], blocks),
            Chapter(words["accounts_maps"], maps),
            Chapter(
                words["accounts_ecosystems"],
                [TableBlock(words["accounts_cooling"], columns, rows, download="cooling.csv")],
            ),
        ],
        subtitle=f"{_period(result.years)} · {result.inputs.method}",
        sources=_sources(sources),
        sentences=_cooling_sentences(result, names, Teller(language)),
    )


def _cooling_sentences(result: CoolingResult, names: dict[str, str], teller: Teller) -> list[Sentence]:
    """Electricity saved by plants and by water in every year, and the ecosystems and zones that save most."""
    years, sums, words = result.years, result.sums, teller.words
    sentences = []
    for name, title in names.items():
        totals = [result.total(name, y) for y in range(len(years))]
        sentences += teller.levels(title, years, totals, "kWh/a") if any(totals) else []
    of_last = np.sum([sums.amounts[name][-1] for name in names], axis=0)
    ecosystems = {within(words.get(e, e)): float(a) for e, a in zip(sums.ecosystems, of_last.sum(axis=0))}
    zones = {_zone(zone, words): float(a) for zone, a in zip(sums.zones, of_last.sum(axis=1)) if zone != WHOLE}
    sentences += teller.made_of(ecosystems, key="made_of_in", year=years[-1])
    return [*sentences, *teller.made_of(zones, "zones", "made_of_in", year=years[-1])]


def purification_report(
    result: PurificationResult, outputs: PurificationOutputs, language: str, own_capacity: bool
) -> MethodReport:
    """What is emitted, what could be taken up, and what is; language `en` or `zh`."""
    words = load_texts(language)
    years, method = result.years, result.inputs.method
    rows: list[tuple[Cell, ...]] = []
    for y, year in enumerate(years):
        for z, zone in enumerate(result.zones):
            for pollutant in result.pollutants:
                emission, capacity = (
                    float(result.emission[pollutant][y, z]),
                    float(result.capacity[pollutant][y, z].sum()),
                )
                removed = float(result.removed[pollutant][y, z])
                limit = words[f"accounts_limit_{limit_of(emission, capacity, method)}"]
                rows.append((year, _zone(zone, words), pollutant, emission, capacity, removed, limit))
    columns = [
        Column(words["year"], kind="code"), Column(words["zone"], kind="text"),
        Column(words["accounts_pollutant"], kind="text"), Column(words["accounts_emission"], "t/a"),
        Column(words["accounts_capacity"], "t/a"), Column(words["accounts_removed"], "t/a"),
        Column(words["accounts_limit"], kind="text"),
    ]  # fmt: skip
    last = len(years) - 1
    cards = [Figure(f"{name} {years[last]}", result.total(name, last), "t/a") for name in result.pollutants]
    bars = [
        Bar(words[key], [float(np.nansum(of[name][last])) for name in result.pollutants])
        for key, of in (
            ("accounts_emission", result.emission),
            ("accounts_capacity", result.capacity),
            ("accounts_removed", result.removed),
        )
    ]
    maps: list[Block] = []
    if outputs.removed:
        count = len(result.pollutants)
        for p, name in enumerate(result.pollutants):
            pictures = [MapPicture(outputs.removed, str(year), y * count + p + 1) for y, year in enumerate(years)]
            maps.append(Map(f"{words['accounts_removed']}{words['colon']}{name}", pictures, Ramp()))
    chart = Bars(words["accounts_removed"], list(result.pollutants), bars, "t/a", stacked=False)
    air = result.inputs.medium == "air" and not own_capacity and method != "emissions"
    return MethodReport(
        chapters=[
            Chapter(words["accounts_removed"], [Figures(cards), Paragraph(words[f"accounts_by_{method}"]), chart]),
            Chapter(words["accounts_maps"], maps),
            Chapter(
                words["accounts_zones"], [TableBlock(words["accounts_removed"], columns, rows, download="removed.csv")]
            ),
        ],
        subtitle=f"{_period(years)} · {method}",
        sources=_sources(["air_capacity"] if air else []),
        sentences=_removal_sentences(result, Teller(language)),
    )


def _removal_sentences(result: PurificationResult, teller: Teller) -> list[Sentence]:
    """How much of each pollutant is taken up in every year, its share of what is emitted, and where most is."""
    years, sentences = result.years, list[Sentence]()
    for name in result.pollutants:
        totals = [result.total(name, y) for y in range(len(years))]
        sentences += teller.levels(name, years, totals, "t/a")
        emitted = float(np.nansum(result.emission[name][-1]))
        if emitted > 0:
            share = teller.amount_of(totals[-1] / emitted * 100, "%")
            sentences.append(teller.sentence("level", "share_of_emission", share=share, year=years[-1]))
        zones = {
            _zone(zone, teller.words): float(amount)
            for zone, amount in zip(result.zones, result.removed[name][-1].tolist())
            if zone != WHOLE
        }
        sentences += teller.made_of(zones, "zones", "made_of_pollutant", name=name, year=years[-1])
    return sentences


def _sources(names: Sequence[str]) -> list[Provenance]:
    return [provenance(name) for name in names]


def _zone(name: str, words: Words) -> str:
    return {WHOLE: words["gep_total"], "outside": words["gep_outside"], "": words["unallocated"]}.get(name, name)


def _period(years: Sequence[int]) -> str:
    return f"{years[0]}–{years[-1]}" if len(years) > 1 else str(years[0])
