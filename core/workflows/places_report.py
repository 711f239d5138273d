"""Chapters and headline figures of where the results of a workflow lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ..raster.zones.zoning import OUTSIDE
from ..report import Bars, Block, Chapter, Column, Series, TableBlock
from ..results import Cell
from .headlines import Headline, change_pct
from .places import Places, named_zones

Naming = Callable[[str], str]


def place_headlines(places: Places) -> list[Headline]:
    """Of each zone: value, value per hectare, share and growth; the area of each part and its share in the part.

    The subject is the zone, behind the name of the value or part where there is one.
    """
    by, found = places.by, []
    for value in places.values:
        totals, whole = places.totals[value.name], places.whole[value.name]
        first, last = value.years[0], value.years[-1]
        for z in named_zones(places):
            subject = ", ".join(filter(None, (value.name, places.zones[z])))
            for y, year in enumerate(value.years):
                found.append(Headline(f"{by}_value", float(totals[y, z]), value.unit, year, subject=subject))
            density = float(totals[-1, z] / places.area_ha[z])
            found.append(Headline(f"{by}_value_per_ha", density, per_ha(value.unit), last, subject=subject))
            if whole[-1]:
                share = float(totals[-1, z] / whole[-1] * 100)
                found.append(Headline(f"{by}_value_share", share, "%", last, subject=subject))
            if first != last:
                growth = change_pct(float(totals[0, z]), float(totals[-1, z]))
                found.append(Headline(f"{by}_value_growth", growth, "%", last, first, subject))
    for part, areas in places.parts_ha.items():
        for z in named_zones(places):
            subject, whole_ha = f"{part}, {places.zones[z]}", float(places.whole[part])
            found.append(Headline(f"{by}_part", float(areas[z]), "ha", subject=subject))
            if whole_ha:
                found.append(Headline(f"{by}_part_share", float(areas[z] / whole_ha * 100), "%", subject=subject))
    return found


def per_ha(unit: str) -> str:
    """The unit per hectare of what adds up in a unit: of CNY/a it is CNY/(ha a)."""
    amount, slash, per = unit.rpartition("/")
    return f"{amount}/(ha {per})" if slash else f"{unit}/ha"


def places_chapter(places: Places, words: Mapping[str, str], naming: Naming) -> Chapter:
    """Tables and bars of what lies in each zone.

    Args:
        places: what was found.
        words: texts of the report.
        naming: puts names of zones, values and parts into the language of the report.
    """
    blocks: list[Block] = []
    if places.parts_ha:
        blocks += _parts(places, words, naming)
    for value in places.values:
        blocks.append(_values(places, value.name, words, naming))
    return Chapter(words[f"places_{places.by}"], blocks)


def _rows(places: Places, naming: Naming, words: Mapping[str, str]) -> list[tuple[int, str]]:
    return [(z, words["places_outside"] if name == OUTSIDE else naming(name)) for z, name in enumerate(places.zones)]


def _values(places: Places, name: str, words: Mapping[str, str], naming: Naming) -> TableBlock:
    value = next(value for value in places.values if value.name == name)
    totals, whole, years = places.totals[name], places.whole[name], value.years
    several = len(years) > 1
    columns = [
        Column(words[f"places_one_{places.by}"], kind="text"),
        Column(words["area"], "ha"),
        *(Column(str(year), value.unit) for year in years),
        Column(words["places_share"], "%"),
        Column(words["places_per_ha"], per_ha(value.unit)),
        *([Column(words["change_pct"], "%")] if several else []),
    ]
    rows: list[Sequence[Cell]] = []
    for z, zone in _rows(places, naming, words):
        growth = change_pct(float(totals[0, z]), float(totals[-1, z]))
        share = float(totals[-1, z] / whole[-1] * 100) if whole[-1] else None
        per = float(totals[-1, z] / places.area_ha[z])
        change = [growth] if several else []
        rows.append((zone, float(places.area_ha[z]), *totals[:, z].tolist(), share, per, *change))
    rows.sort(key=lambda row: -float(row[len(years) + 1] or 0))
    title = words["places_value"] if not name else naming(name)
    return TableBlock(title, columns, rows, download=f"{places.by}_{name or 'value'}.csv")


def _parts(places: Places, words: Mapping[str, str], naming: Naming) -> list[Block]:
    zones = _rows(places, naming, words)
    columns = [Column(words[f"places_one_{places.by}"], kind="text"), Column(words["area"], "ha")]
    for part in places.parts_ha:
        columns += [Column(naming(part), "ha"), Column(words["places_of_part"], "%")]
    rows: list[Sequence[Cell]] = []
    for z, zone in zones:
        cells: list[Cell] = [zone, float(places.area_ha[z])]
        for part, areas in places.parts_ha.items():
            whole = float(places.whole[part])
            cells += [float(areas[z]), float(areas[z]) / whole * 100 if whole else None]
        rows.append(cells)
    series = [Series(naming(part), [float(areas[z]) for z, _ in zones]) for part, areas in places.parts_ha.items()]
    title, note = words["places_parts"], words["places_parts_note"]
    return [
        Bars(title, [zone for _, zone in zones], series, "ha", stacked=False, horizontal=True),
        TableBlock(title, columns, rows, note, f"{places.by}_parts.csv"),
    ]
