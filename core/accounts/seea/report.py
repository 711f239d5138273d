"""The report of SEEA accounts: extent, condition, services and assets, each in its official order."""

from __future__ import annotations

from collections.abc import Sequence

from ...report import Bars, Block, Chapter, Column, Figure, Figures, MethodReport, Paragraph, Series, TableBlock
from ...report.telling import Sentence, Teller
from ...report.texts import load_texts
from ...results import Cell
from ..gep.money import MoneyUnit, money_unit
from ..services import service_name
from .cells import TOTAL, lines_of
from .extent import extent_lines
from .run import SeeaResult
from .supply_use import INDUSTRIES, Row
from .workbook import type_name

Words = dict[str, str]


def seea_report(result: SeeaResult, language: str) -> MethodReport:
    """The accounts in a language (`en` or `zh`); parts that were not asked for are left away."""
    words = load_texts(language)
    period = f"{result.years[0]}–{result.years[1]}" if result.years[0] != result.years[1] else str(result.years[1])
    money = money_unit(result.numbers().values(), result.inputs.currency, language)
    return MethodReport(
        chapters=[
            Chapter(words["seea_short"], _short(result, words, money)),
            Chapter(words["seea_extent"], _extent(result, words, language)),
            Chapter(words["seea_condition"], _condition(result, words, language)),
            Chapter(words["seea_supply"], _services(result, words, money, language)),
            Chapter(words["seea_assets"], _assets(result, words, money, language)),
        ],
        subtitle=f"SEEA EA · {period}",
        warnings=[notice.text(language) for notice in result.notices],
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: SeeaResult, teller: Teller) -> list[Sentence]:
    """Extent and what it won or lost, condition by type, services of the years, and assets before and after."""
    words, language, currency = teller.words, teller.language, result.inputs.currency
    told: list[Sentence] = []
    if result.extent is not None:
        areas = result.extent.whole
        names = [type_name(kind, language) for kind in result.extent.types]
        told += teller.made_of(dict(zip(names, map(float, areas.sum(axis=0)))), "extent", "made_of_classes", "ha")
        net = dict(zip(names, (areas.sum(axis=0) - areas.sum(axis=1)).tolist()))
        told += teller.extremes(net, "ha", "extent", "net_types")
    if result.condition is not None:
        indices = ((kind, result.condition.index(kind)) for kind in result.condition.types)
        moves = [
            (type_name(kind, language), f"{teller.number(index[0], 4)} → {teller.number(index[1], 4)}")
            for kind, index in indices
            if index is not None
        ]
        told += [teller.sentence("condition", "condition", types=teller.valued(moves))] if moves else []
    supply = [(tables.year, tables.gep) for tables in result.supply]
    if supply:
        years, totals = zip(*supply)
        told += teller.levels(words["seea_gep"], years, totals, f"{currency}/a", "services")
    if result.assets is not None:
        totals = tuple(result.assets.total(line) for line in ("opening", "closing"))
        told += teller.levels(words["seea_npv"], result.years, totals, currency, "assets")
    return told


def _short(result: SeeaResult, words: Words, money: MoneyUnit) -> list[Block]:
    cards = []
    for tables in result.supply:
        cards.append(Figure(f"{words['seea_gep']} {tables.year}", money.of(tables.gep), f"{money.text}/a"))
    if result.assets:
        for line in ("opening", "closing"):
            value = money.of(result.assets.total(line))
            cards.append(Figure(words["seea_npv"], value, money.text, words[f"seea_{line}"]))
    return [Figures(cards)] if cards else []


def _extent(result: SeeaResult, words: Words, language: str) -> list[Block]:
    extent = result.extent
    if extent is None:
        return []
    values = extent_lines(extent.whole, extent.managed)
    names = [type_name(kind, language) for kind in extent.types]
    columns = [
        Column(words["seea_line"], kind="text"),
        *(Column(name, "ha", decimals=2) for name in (*names, words["gep_total"])),
    ]
    rows: list[tuple[Cell, ...]] = [
        (
            _line(line.name, line.name_zh, line.indent, language),
            *map(float, values[line.id]),
            float(values[line.id].sum()),
        )
        for line in lines_of("extent")
    ]
    matrix = [
        Column(words["seea_from_to"], kind="text"),
        *(Column(name, "ha", decimals=2) for name in (*names, words["gep_total"])),
    ]
    flows: list[tuple[Cell, ...]] = [
        (name, *map(float, extent.whole[n]), float(extent.whole[n].sum())) for n, name in enumerate(names)
    ]
    flows.append((words["gep_total"], *map(float, extent.whole.sum(axis=0)), float(extent.whole.sum())))
    return [
        TableBlock(words["seea_4_1"], columns, rows, download="extent.csv"),
        TableBlock(words["seea_4_2"], matrix, flows, download="change_matrix.csv"),
    ]


def _line(name: str, name_zh: str, indent: int, language: str) -> str:
    """A name set in by spaces that do not collapse."""
    return "\u2003" * indent + (name_zh if language == "zh" else name)


def _condition(result: SeeaResult, words: Words, language: str) -> list[Block]:
    condition = result.condition
    if condition is None:
        return []
    rows: list[tuple[Cell, ...]] = []
    for v in condition.variables:
        name = words[f"seea_class_{v.ect_class}"]
        rows.append(
            (type_name(v.kind, language), name, v.name, v.unit or None, v.opening, v.closing, v.lower, v.upper,
             v.indicator_opening, v.indicator_closing)
        )  # fmt: skip
    columns = [
        Column(words["ecosystem"], kind="text"), Column(words["seea_class"], kind="text"),
        Column(words["seea_variable"], kind="text"), Column(words["unit"], kind="text"),
        *(Column(words[key], decimals=3) for key in ("seea_opening", "seea_closing", "seea_lower", "seea_upper",
                                                     "seea_indicator_opening", "seea_indicator_closing")),
    ]  # fmt: skip
    kinds = condition.types
    lines: list[tuple[Cell, ...]] = [
        (_line(line.name, line.name_zh, line.indent, language), *(condition.lines(kind)[line.id] for kind in kinds))
        for line in lines_of("condition")
    ]
    heads = [
        Column(words["seea_line"], kind="text"),
        *(Column(type_name(kind, language), decimals=4) for kind in kinds),
    ]
    return [
        TableBlock(words["seea_5_3"], columns, rows, download="condition.csv"),
        TableBlock(words["seea_5_6"], heads, lines, words["seea_no_total"], "condition_types.csv"),
    ]


def _services(result: SeeaResult, words: Words, money: MoneyUnit, language: str) -> list[Block]:
    blocks: list[Block] = []
    for tables in result.supply:
        unit = f"{money.text}/a"
        kinds = [type_name(kind, language) for kind in tables.types]
        heads = [
            Column(words["service"], kind="text"),
            *(Column(name, unit, decimals=2) for name in (*kinds, words["gep_total"])),
        ]
        supply = [
            (
                _service(row, language),
                *(money.of(row.supply[kind]) for kind in tables.types),
                money.of(row.total_supply),
            )
            for row in tables.monetary
        ]
        sums = [money.of(tables.of_type(kind)) for kind in tables.types]
        supply.append((words["gep_total"], *sums, money.of(sum(row.total_supply for row in tables.monetary))))
        users = [name for name in (*INDUSTRIES, "government", "households", "exports_final") if tables.of_user(name)]
        names = {line.id: line.name_zh if language == "zh" else line.name for line in lines_of("use")}
        columns = [Column(words["service"], kind="text"), *(Column(names[user], unit, decimals=2) for user in users),
                   Column(words["seea_ecosystems"], unit, decimals=2),
                   Column(words["gep_total"], unit, decimals=2)]  # fmt: skip
        use = [
            (_service(row, language), *(money.of(row.use[user]) for user in (*users, "total_ecosystems", TOTAL)))
            for row in tables.monetary
        ]
        totals = [money.of(tables.of_user(user)) for user in (*users, "total_ecosystems", TOTAL)]
        use.append((words["gep_total"], *totals))
        blocks += [
            TableBlock(f"{words['seea_9_1a']}, {tables.year}", heads, supply, download=f"supply_{tables.year}.csv"),
            TableBlock(
                f"{words['seea_9_1b']}, {tables.year}",
                columns,
                use,
                words["seea_use_is_supply"],
                f"use_{tables.year}.csv",
            ),
        ]
        blocks += _physical(tables.physical, tables.types, tables.year, words, language)
    return blocks


def _physical(rows: Sequence[Row], types: Sequence[str], year: int, words: Words, language: str) -> list[Block]:
    if not rows:
        return []
    names = [type_name(kind, language) for kind in types]
    heads = [Column(words["service"], kind="text"), Column(words["unit"], kind="text"),
             *(Column(name) for name in (*names, words["gep_total"]))]  # fmt: skip
    cells: list[tuple[Cell, ...]] = [
        (_service(row, language), row.key[2], *(row.supply[kind] for kind in types), row.total_supply) for row in rows
    ]
    title = f"{words['seea_7_1a']}, {year}"
    return [TableBlock(title, heads, cells, words["seea_own_units"], f"physical_{year}.csv")]


def _service(row: Row, language: str) -> str:
    return service_name(row.key[0], row.key[1], language)


def _assets(result: SeeaResult, words: Words, money: MoneyUnit, language: str) -> list[Block]:
    account = result.assets
    if account is None:
        return []
    kinds = [type_name(kind, language) for kind in account.types]
    heads = [Column(words["seea_line"], kind="text"),
             *(Column(name, money.text, decimals=2) for name in (*kinds, words["gep_total"]))]  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            _line(line.name, line.name_zh, line.indent, language),
            *map(money.of, account.lines[line.id]),
            money.of(account.total(line.id)),
        )
        for line in lines_of("asset")
    ]
    inputs = result.inputs
    told = words["seea_note_assets"].format(
        rate=f"{100 * inputs.discount_rate:g}", life=f"{inputs.life:g}", timing=inputs.timing,
        factor=f"{account.factor:.6f}", classify=inputs.classify,
    )  # fmt: skip
    parts = ("enhancement", "degradation", "conversions", "other_changes", "revaluations")
    named = {line.id: line.name_zh if language == "zh" else line.name for line in lines_of("asset")}
    bars = [Series(named[part], list(account.lines[part])) for part in parts]
    return [
        Paragraph(told),
        Bars(words["seea_what_changed"], kinds, bars, inputs.currency),
        TableBlock(words["seea_10_1"], heads, rows, download="assets.csv"),
    ]
