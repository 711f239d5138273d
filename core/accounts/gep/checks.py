"""What looks wrong in an account: units that slipped, prices of several years, parts without a price, overlaps."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ...quantities import Words
from ...tables import resource_table
from ..notices import Notice
from ..services import service_name
from .account import AccountRow, GepAccount
from .price_index import NO_INDEX
from .pricing import worth_of

OLD = 10  # years; a price older than that which no index moves
CO2_TO_O2 = 32 / 44
# Of oxygen to carbon dioxide, around 32/44: the formulas of dry matter give 0.73 to 0.74.
OXYGEN_LOW, OXYGEN_HIGH = 0.65, 0.80
GEP_OVER_GDP_HIGH = 1000.0
GIVEN_DIFFERS = 0.05  # printed accounts round quantities and values apart


def plausibility(account: GepAccount) -> Iterator[Notice]:
    """Warnings about an account, the most serious first."""
    yield from _not_valued(account)
    yield from _overlaps(account)
    yield from _too_large(account)
    yield from _against_gdp(account)
    yield from _oxygen(account)
    yield from _price_years(account)
    yield from _given_values(account)
    yield from _capital(account)
    yield from _left_out(account)


def names_of(rows: Sequence[AccountRow]) -> Words:
    """The services of some rows with their items, once each."""
    pairs = dict.fromkeys((row.quantity.service, row.quantity.item) for row in rows)
    english, chinese = ([service_name(*pair, language) for pair in pairs] for language in ("en", "zh"))
    return Words(", ".join(english), "、".join(chinese))


def _not_valued(account: GepAccount) -> Iterator[Notice]:
    rows = account.not_valued()
    if rows:
        yield Notice("gep_warns_not_valued", {"services": names_of(rows)})


def _overlaps(account: GepAccount) -> Iterator[Notice]:
    if account.overlaps:
        pairs = Words(*("; ".join(overlap.text(language) for overlap in account.overlaps) for language in ("en", "zh")))
        dropped = account.inputs.overlap == "drop"
        yield Notice("gep_warns_overlaps_dropped" if dropped else "gep_warns_overlaps", {"pairs": pairs})


def _too_large(account: GepAccount) -> Iterator[Notice]:
    """Amounts that no land can give: mostly a unit that slipped by a power of ten."""
    for row in resource_table("gep_ranges").rows:
        service, per, highest = str(row["service"]), str(row["per"]), float(str(row["highest"]))
        for year in account.years:
            around = account.context.whole(year, account.zones)
            area = around.area_km2 * 100 if around.area_km2 else _area_ha(account, year)
            base = around.population if per == "person" else area
            amount = _amount(account, year, service)
            if base and amount / base > highest:
                found: dict[str, str | Words] = {
                    "year": str(year),
                    "service": _name(service),
                    "amount": f"{amount / base:,.4g}",
                    "unit": str(row["unit"]),
                    "highest": f"{highest:,.4g}",
                    "why": Words(str(row["why"]), str(row["why_zh"])),
                }
                yield Notice(f"gep_warns_too_large_per_{per}", found)


def _name(service: str) -> Words:
    return Words(service_name(service, "", "en"), service_name(service, "", "zh"))


def _amount(account: GepAccount, year: int, service: str, counted: bool = False) -> float:
    """The quantity of a service in a year."""
    return math.fsum(
        row.quantity.amount or 0.0
        for row in account.rows
        if (row.quantity.year, row.quantity.service) == (year, service) and (row.counts or not counted)
    )


def _area_ha(account: GepAccount, year: int) -> float:
    return math.fsum(area for (of, _, _), area in account.areas_ha.items() if of == year)


def _against_gdp(account: GepAccount) -> Iterator[Notice]:
    for year in account.years:
        gdp = account.context.whole(year, account.zones).gdp
        if not gdp:
            continue
        total = account.total(year)
        products = math.fsum(r.value or 0.0 for r in account.of_year(year) if r.quantity.category == "product")
        found = {"year": str(year), "currency": account.currency, "gdp": f"{gdp:,.4g}", "times": f"{total / gdp:,.4g}"}
        if products > gdp:
            yield Notice("gep_warns_products", {**found, "products": f"{products:,.4g}"})
        if total > GEP_OVER_GDP_HIGH * gdp:
            yield Notice("gep_warns_gdp", found)


def _oxygen(account: GepAccount) -> Iterator[Notice]:
    for year in account.years:
        carbon, oxygen = (_amount(account, year, service, counted=True) for service in ("carbon", "oxygen"))
        if carbon > 0 and oxygen > 0 and not OXYGEN_LOW <= oxygen / carbon <= OXYGEN_HIGH:
            ratio, due = f"{oxygen / carbon:.3g}", f"{CO2_TO_O2:.2f}"
            yield Notice("gep_warns_oxygen", {"year": str(year), "ratio": ratio, "due": due})


def _price_years(account: GepAccount) -> Iterator[Notice]:
    used = {
        row.worth.price: (row, row.worth.year)
        for row in account.rows
        if row.counts and row.worth and row.worth.price and row.worth.price.year
    }
    index, last = account.inputs.rules.index, account.years[-1]
    levels = sorted({level for _, level in used.values()})
    if account.inputs.rules.price_year is None and len(levels) > 1 and not index.levels:
        yield Notice("gep_warns_price_years", {"years": ", ".join(map(str, levels))})
    stuck = {row: level for price, (row, level) in used.items() if price.index != NO_INDEX and last - level > OLD}
    if stuck:
        age = str(last - min(stuck.values()))
        yield Notice("gep_warns_old_prices", {"age": age, "year": str(last), "services": names_of(list(stuck))})
    fixed = {
        row: price.index
        for price, (row, _) in used.items()
        if price.index != NO_INDEX and index.levels and not index.knows(price.index)
    }
    if fixed:
        names = ", ".join(dict.fromkeys(fixed.values()))
        yield Notice("gep_warns_not_moved", {"indices": names, "services": names_of(list(fixed))})


def _given_values(account: GepAccount) -> Iterator[Notice]:
    """Values that were told beside a quantity, against quantity times price."""
    for row in account.rows:
        q = row.quantity
        if q.value is None or not q.amount:
            continue
        computed = _product(row, account)
        if computed and row.value and abs(computed - row.value) > GIVEN_DIFFERS * abs(computed):
            yield Notice(
                "gep_warns_given",
                {
                    "row": str(q.row), "services": names_of([row]), "value": f"{row.value:,.6g}",
                    "computed": f"{computed:,.6g}", "currency": account.currency,
                },
            )  # fmt: skip


def _product(row: AccountRow, account: GepAccount) -> float | None:
    plain = replace(row.quantity, value=None)
    worth = worth_of(plain, plain.year, account.inputs.prices, account.inputs.rules)
    return None if worth is None or plain.amount is None else plain.amount * worth.per_unit


def _capital(account: GepAccount) -> Iterator[Notice]:
    rows = [r for r in account.rows if r.counts and r.worth and r.worth.price and r.worth.price.capital]
    if rows and account.inputs.rules.capital == "as_is":
        last = account.years[-1]
        total = account.total(last)
        share = 100 * math.fsum(r.value or 0.0 for r in rows if r.quantity.year == last) / total if total else 0.0
        yield Notice("gep_warns_capital", {"services": names_of(rows), "share": f"{share:.1f}"})


def _left_out(account: GepAccount) -> Iterator[Notice]:
    for status, key in (("outside", "gep_warns_outside"), ("switched off", "gep_warns_off")):
        rows = [row for row in account.rows if row.status == status]
        if rows:
            yield Notice(key, {"services": names_of(rows)})
