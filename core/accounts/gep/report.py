"""The report of an account: how much, of what, where, what changed and why, and which price it hangs on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ...report import Bars, Block, Chapter, Column, Map, MethodReport, Paragraph, Ramp, Series, TableBlock
from ...report.common import pictures
from ...report.texts import load_texts
from ...results import Cell
from ...tables import Provenance, provenance
from ..services import CATEGORIES, COUNTED, catalogue, service_name
from .account import GepAccount, total_of
from .answers import cards, hangs_on, listed, sentences, why_changed, zone_name
from .bridge import END, START, bridge
from .change import changes
from .money import MoneyUnit, money_unit
from .sensitivity import CAPITAL, deciding, swings
from .tables import UNALLOCATED, Part, change_cells, parts_of, price_rows

Words = dict[str, str]
_NOISE = 1e-9


def gep_report(
    account: GepAccount, language: str, districts: str | None = None, pixels: str | None = None
) -> MethodReport:
    """The report of an account in a language (`en` or `zh`).

    Args:
        account: what was found.
        language: of the report.
        districts: path of a raster with GEP per km2 by district, a band per year; None for none.
        pixels: path of a raster with GEP per hectare by pixel, a band per year; None for none.
    """
    words = load_texts(language)
    money = money_unit([account.total(year) for year in account.years], account.currency, language)
    last = account.years[-1]
    parts = parts_of(account, last)
    years = f"{account.years[0]}–{last}" if len(account.years) > 1 else str(last)
    chapters = [
        Chapter(words["gep_answers"], cards(account, parts, words, money, language)),
        Chapter(words["gep_scope"], _scope(account, words, language)),
        Chapter(words["gep_quantities"], _quantities(account, words, language)),
        Chapter(words["gep_prices"], _prices(account, words, language)),
        Chapter(words["gep_services"], _services(account, words, money, language)),
        Chapter(words["gep_ecosystems"], _ecosystems(account, parts, words, money, language)),
        Chapter(words["gep_zones"], _zones(account, words, money, districts, pixels)),
        Chapter(words["gep_change"], _change(account, words, money, language)),
        Chapter(words["gep_overlaps"], _overlaps(account, words, language)),
        Chapter(words["gep_sensitivity"], _sensitivity(account, words, money, language)),
        Chapter(words["gep_bridge"], _bridge(account, words, money, language)),
    ]
    return MethodReport(
        chapters=chapters,
        subtitle=f"{years} · {words['gep_title']}",
        facts=[(words["gep_base_year"], str(account.base_year)), (words["gep_currency"], account.currency)],
        sources=_sources(account),
        warnings=[notice.text(language) for notice in account.warnings],
        sentences=sentences(account, parts, language),
    )


def _scope(account: GepAccount, words: Words, language: str) -> list[Block]:
    rows: list[tuple[Cell, ...]] = []
    for service in _services_of(account):
        of = [row for row in account.rows if row.quantity.service == service]
        statuses = dict.fromkeys(words[f"gep_status_{row.status.replace(' ', '_')}"] for row in of)
        category = of[0].quantity.category
        rows.append(
            (words.get(category, category), service_name(service, "", language), listed(list(statuses), language))
        )
    columns = [Column(words[name], kind="text") for name in ("service_group", "service", "gep_status")]
    missing = [
        s.named(language) for s in catalogue().values() if s.id not in _services_of(account) and s.category in COUNTED
    ]
    absent = words["gep_says_absent"].format(services=listed(missing, language)) if missing else ""
    blocks: list[Block] = [Paragraph(words["gep_scope_note"]), TableBlock(words["gep_counted"], columns, rows)]
    return [*blocks, Paragraph(absent)] if absent else blocks


def _services_of(account: GepAccount) -> list[str]:
    """Services in the order of categories."""
    found = {row.quantity.service: row.quantity.category for row in account.rows}
    return sorted(found, key=lambda service: CATEGORIES.index(found[service]))


def _quantities(account: GepAccount, words: Words, language: str) -> list[Block]:
    rows: dict[tuple[str, str, str], dict[int, float]] = {}
    for row in account.rows:
        q = row.quantity
        if q.amount is not None:
            by_year = rows.setdefault((q.service, q.item, q.unit), {})
            by_year[q.year] = by_year.get(q.year, 0.0) + q.amount
    columns = [
        Column(words["service"], kind="text"),
        Column(words["unit"], kind="text"),
        *(Column(str(year), decimals=2) for year in account.years),
    ]
    cells = [
        (service_name(service, item, language), unit, *(by_year.get(year) for year in account.years))
        for (service, item, unit), by_year in rows.items()
    ]
    if not cells:
        return []
    return [TableBlock(words["gep_quantities"], columns, cells, words["gep_quantities_note"], "quantities.csv")]


def _prices(account: GepAccount, words: Words, language: str) -> list[Block]:
    last = account.years[-1]
    found = price_rows(account, last).rows
    if not found:
        return []
    columns = [
        Column(words["service"], kind="text"), Column(words["gep_price"], kind="code"),
        Column(words["unit"], kind="text"),
        Column(words["gep_price_year"], kind="code"), Column(words["gep_moved_price"], kind="code"),
        Column(words["gep_moved_to"], kind="code"), Column(words["gep_method"], kind="text"),
        Column(words["source"], kind="text"),
    ]  # fmt: skip
    rows: list[tuple[Cell, ...]] = [
        (
            service_name(str(r[0]), str(r[1]), language), _short(r[3]), r[4], r[5], _short(r[8]), r[9], r[12],
            ". ".join(str(text) for text in (r[14], r[15]) if text),
        )
        for r in found
    ]  # fmt: skip
    of_year = words["gep_prices_of"].format(year=last) if len(account.years) > 1 else ""
    note = of_year + words["gep_prices_moved" if account.inputs.rules.index.levels else "gep_prices_as_is"]
    return [TableBlock(words["gep_prices"], columns, rows, note, "prices.csv")]


def _short(value: Cell) -> str | None:
    return f"{float(value):.6g}" if isinstance(value, (int, float)) else None


def _services(account: GepAccount, words: Words, money: MoneyUnit, language: str) -> list[Block]:
    years = account.years
    names = _services_of(account)

    def value(service: str, year: int) -> float:
        return total_of(row for row in account.of_year(year) if row.quantity.service == service)

    series = [
        Series(
            words[category], [sum(value(s, year) for s in names if _category(account, s) == category) for year in years]
        )
        for category in COUNTED
    ]
    shown = [service for service in names if any(value(service, year) for year in years)]
    rows: list[tuple[Cell, ...]] = []
    for category in COUNTED:
        of = [service for service in shown if _category(account, service) == category]
        for service in of:
            values = [value(service, year) for year in years]
            share = 100 * values[-1] / account.total(years[-1]) if account.total(years[-1]) else None
            rows.append((words[category], service_name(service, "", language), *(money.of(v) for v in values), share))
        if of:
            values = [math.fsum(value(service, year) for service in of) for year in years]
            share = 100 * values[-1] / account.total(years[-1]) if account.total(years[-1]) else None
            rows.append((words[category], words["gep_sum"], *(money.of(v) for v in values), share))
    totals = [money.of(account.total(year)) for year in years]
    rows.append((words["gep_total"], "", *totals, 100.0 if account.total(years[-1]) else None))
    columns = [
        Column(words["service_group"], kind="text"), Column(words["service"], kind="text"),
        *(Column(str(year), f"{money.text}/a", decimals=2) for year in years),
        Column(words["gep_share"].format(year=years[-1]), "%", decimals=2),
    ]  # fmt: skip
    note = words["gep_rounding"]
    return [
        Bars(words["gep_services"], [str(year) for year in years], series, f"{account.currency}/a"),
        TableBlock(words["gep_services"], columns, rows, note, "services.csv"),
    ]


def _category(account: GepAccount, service: str) -> str:
    return next(row.quantity.category for row in account.rows if row.quantity.service == service)


def _ecosystems(
    account: GepAccount, parts: Sequence[Part], words: Words, money: MoneyUnit, language: str
) -> list[Block]:
    last = account.years[-1]
    ecosystems = [p for p in parts if p.by == "ecosystem"]
    names = [p.name for p in ecosystems]
    if names == [UNALLOCATED]:
        return [Paragraph(words["gep_all_unallocated"])]
    rows: list[tuple[Cell, ...]] = []
    of_year = account.of_year(last)
    for service in _services_of(account):
        values = [
            total_of(
                r for r in of_year if r.quantity.service == service and (r.quantity.ecosystem or UNALLOCATED) == name
            )
            for name in names
        ]
        if any(values):
            rows.append((service_name(service, "", language), *map(money.of, values), money.of(math.fsum(values))))
    rows.append((words["gep_total"], *(money.of(p.value) for p in ecosystems), money.of(account.total(last))))
    unit = f"{money.text}/a"
    columns = [
        Column(words["service"], kind="text"),
        *(Column(words.get(name, name), unit, decimals=2) for name in names),
        Column(words["gep_total"], unit, decimals=2),
    ]
    per_km2 = money_unit([p.per_km2 for p in ecosystems], account.currency, language)
    areas = [
        Column(words["ecosystem"], kind="text"), Column(words["area"], "km²", decimals=2),
        Column("GEP", unit, decimals=2), Column(words["gep_share"].format(year=last), "%", decimals=2),
        Column(words["gep_per_km2"], f"{per_km2.text}/km²", decimals=2),
    ]  # fmt: skip
    own: list[tuple[Cell, ...]] = [
        (words.get(p.name, p.name), p.around.area_km2, money.of(p.value), _percent(p.share), per_km2.of(p.per_km2))
        for p in ecosystems
    ]
    return [
        TableBlock(
            words["gep_matrix"].format(year=last), columns, rows, words["gep_unallocated_note"], "ecosystems.csv"
        ),
        TableBlock(words["gep_ecosystems"], areas, own, words["gep_own_area"]),
    ]


def _zones(
    account: GepAccount, words: Words, money: MoneyUnit, districts: str | None, pixels: str | None
) -> list[Block]:
    blocks: list[Block] = []
    if districts:
        blocks.append(Map(words["gep_map"], pictures(districts, account.years), Ramp(f"{account.currency}/km²")))
    if pixels:
        blocks.append(Map(words["gep_pixels"], pictures(pixels, account.years), Ramp(f"{account.currency}/(ha a)")))
    rows: list[tuple[Cell, ...]] = []
    for year in account.years:
        for p in parts_of(account, year):
            if p.by == "zone" or (p.by == "total" and len(account.zones) > 1):
                name = words["gep_total"] if p.by == "total" else zone_name(p.name, words)
                numbers = money.of(p.value), _percent(p.share), p.around.area_km2, p.per_km2, p.per_person, p.per_gdp
                rows.append((year, name, *numbers))
    if len(account.zones) < 2 and not districts:
        return blocks
    columns = [
        Column(words["year"], kind="code"), Column(words["zone"], kind="text"),
        Column("GEP", f"{money.text}/a", decimals=2),
        Column(words["gep_share_of_year"], "%", decimals=2), Column(words["area"], "km²", decimals=2),
        Column(words["gep_per_km2"], f"{account.currency}/km²"), Column(words["gep_per_person"], account.currency),
        Column(words["gep_per_gdp"], decimals=3),
    ]  # fmt: skip
    return [*blocks, TableBlock(words["gep_zones"], columns, rows, words["gep_per_gdp_note"], "zones.csv")]


def _change(account: GepAccount, words: Words, money: MoneyUnit, language: str) -> list[Block]:
    blocks: list[Block] = [*_told(why_changed(account, words, language))]
    for pair, found in changes(account).items():
        if not found:
            continue
        services = list(dict.fromkeys(change.service for change in found))
        named = [(service_name(s, "", language), [c for c in found if c.service == s]) for s in services]
        named += [
            (words["gep_regulating_only"], [c for c in found if c.category == "regulating"]),
            (words["gep_total"], found),
        ]
        rows: list[tuple[Cell, ...]] = []
        for name, of in named:
            before, after, change, growth, price, quantity, _, _, comparable = change_cells(of)
            price, quantity = (_without_noise(effect, before, after) for effect in (price, quantity))
            comparable = None if comparable is None else _without_noise(comparable, 100.0)
            rows.append(
                (name, *map(money.of, (before, after, change)), growth, money.of(price), money.of(quantity), comparable)
            )
        unit = f"{money.text}/a"
        columns = [
            Column(words["service"], kind="text"), Column(str(pair[0]), unit, decimals=2),
            Column(str(pair[1]), unit, decimals=2), Column(words["change"], unit, decimals=2),
            Column(words["gep_change_current"], "%", decimals=2), Column(words["gep_price_effect"], unit, decimals=2),
            Column(words["gep_quantity_effect"], unit, decimals=2),
            Column(words["gep_change_comparable"], "%", decimals=2),
        ]  # fmt: skip
        title = f"{pair[0]}–{pair[1]}"
        note = words["gep_change_note"].format(year=account.base_year)
        blocks.append(TableBlock(title, columns, rows, note, f"change_{pair[0]}_{pair[1]}.csv"))
        if pair == (account.years[0], account.years[-1]):
            effects = [
                Series(words[key], [math.fsum(getattr(c, key[4:]) for c in of) for _, of in named[:-2]])
                for key in ("gep_price_effect", "gep_quantity_effect")
            ]
            names = [name for name, _ in named[:-2]]
            blocks.append(Bars(words["gep_effects"], names, effects, f"{account.currency}/a", horizontal=True))
    return blocks


def _told(sentence: str) -> list[Paragraph]:
    """A sentence of page one once more where its table is: a workflow has a page one of its own."""
    return [Paragraph(sentence)] if sentence else []


def _overlaps(account: GepAccount, words: Words, language: str) -> list[Block]:
    if not account.overlaps:
        return [Paragraph(words["gep_no_overlap"])]
    done = words[f"gep_overlap_{account.inputs.overlap}"]
    rows: list[tuple[Cell, ...]] = []
    for overlap in account.overlaps:
        first, second = (service_name(*pair, language) for pair in (overlap.first, overlap.second))
        rows.append((first, second, overlap.reason_zh if language == "zh" else overlap.reason, done))
    columns = [Column(words[name], kind="text") for name in ("gep_first", "gep_second", "reason", "gep_decided")]
    return [TableBlock(words["gep_overlaps"], columns, rows)]


def _sensitivity(account: GepAccount, words: Words, money: MoneyUnit, language: str) -> list[Block]:
    found = swings(account)
    if not found:
        return []
    total, decide = account.total(account.years[-1]), deciding(found)
    rows: list[tuple[Cell, ...]] = []
    for swing in found:
        name = words["gep_capital_way"] if swing.kind == CAPITAL else swing.name(language)
        share = 100 * swing.width / total if total else None
        rows.append(
            (
                name, _short(swing.low), _short(swing.price), _short(swing.high), swing.unit or None,
                money.of(swing.total_low), money.of(swing.total_high), share,
                words["gep_yes"] if swing in decide else None,
            )
        )  # fmt: skip
    unit = f"{money.text}/a"
    columns = [
        Column(words["gep_price_of"], kind="text"), Column(words["gep_low"], kind="code"),
        Column(words["gep_price"], kind="code"), Column(words["gep_high"], kind="code"),
        Column(words["unit"], kind="text"),
        Column(words["gep_total_low"], unit, decimals=2), Column(words["gep_total_high"], unit, decimals=2),
        Column(words["gep_swing"], "%", decimals=1), Column(words["gep_decides"], kind="text"),
    ]  # fmt: skip
    low, high = account.inputs.low_pct, account.inputs.high_pct
    note = words["gep_sensitivity_note"].format(low=f"{low:g}", high=f"{high:g}")
    table = TableBlock(words["gep_sensitivity"], columns, rows, note, "sensitivity.csv")
    return [*_told(hangs_on(account, words, language)), table]


def _bridge(account: GepAccount, words: Words, money: MoneyUnit, language: str) -> list[Block]:
    last = account.years[-1]
    rows: list[tuple[Cell, ...]] = []
    for line in bridge(account, last):
        title = {START: words["gep_bridge_start"], END: words["gep_bridge_end"]}.get(line.service)
        name = title or service_name(line.service, "", language)
        reason = line.reason_zh if language == "zh" else line.reason
        rows.append(
            (name, line.seea_code or None, money.of(line.amount), money.of(line.noted) if not title else None, reason)
        )
    unit = f"{money.text}/a"
    columns = [
        Column(words["service"], kind="text"), Column("SEEA", kind="text"),
        Column(words["gep_bridge_amount"], unit, decimals=2),
        Column(words["gep_bridge_stays"], unit, decimals=2), Column(words["reason"], kind="text"),
    ]  # fmt: skip
    return [
        TableBlock(words["gep_bridge_title"].format(year=last), columns, rows, words["gep_bridge_note"], "bridge.csv")
    ]


def _sources(account: GepAccount) -> list[Provenance]:
    """The tables of the plugin that took part."""
    used = {r.worth.price for r in account.rows if r.counts and r.worth and r.worth.price}
    names = [name for name in ("gep_prices", "pollution_equivalents") if any(p.table == name for p in used)]
    if account.inputs.rules.index.source == "cpi_china":
        names.append("cpi_china")
    return [provenance(name) for name in (*names, "gep_services", "gep_overlaps", "seea_bridge")]


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _without_noise(number: float | None, *sizes: float | None) -> float:
    """0 for what the rounding of sums left over from numbers of such a size."""
    largest = max(abs(size or 0.0) for size in sizes)
    return 0.0 if number is None or abs(number) < _NOISE * largest else number
