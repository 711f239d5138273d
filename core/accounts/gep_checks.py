"""What looks wrong in an account: units that slipped, prices of several years, parts without a price, overlaps."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from ..tables import resource_table
from .price_index import NO_INDEX
from .pricing import worth_of
from .services import service_name

if TYPE_CHECKING:
    from .gep_account import AccountRow, GepAccount

OLD = 10  # years; a price older than that which no index moves
CO2_TO_O2 = 32 / 44
# Of oxygen to carbon dioxide, around 32/44: the formulas of dry matter give 0.73 to 0.74.
OXYGEN_LOW, OXYGEN_HIGH = 0.65, 0.80
GEP_OVER_GDP_HIGH = 1000.0
GIVEN_DIFFERS = 0.05  # printed accounts round quantities and values apart


def plausibility(account: GepAccount) -> Iterator[str]:
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


def _names(rows: list[AccountRow]) -> str:
    return ", ".join(dict.fromkeys(service_name(r.quantity.service, r.quantity.item, "en") for r in rows))


def _not_valued(account: GepAccount) -> Iterator[str]:
    rows = account.not_valued()
    if rows:
        yield f"The total is incomplete. Not valued, because there is no price: {_names(rows)}. Add them to PRICES."


def _overlaps(account: GepAccount) -> Iterator[str]:
    done = "The second of each pair is dropped." if account.inputs.overlap == "drop" else "Both are in the total."
    if account.overlaps:
        yield f"Services count the same. {done} " + " ".join(f"{o.text('en')}." for o in account.overlaps)


def _too_large(account: GepAccount) -> Iterator[str]:
    """Amounts that no land can give: mostly a unit that slipped by a power of ten."""
    for row in resource_table("gep_ranges").rows:
        for year in account.years:
            around = account.context.whole(year, account.zones)
            area = around.area_km2 * 100 if around.area_km2 else _area_ha(account, year)
            base = around.population if row["per"] == "person" else area
            rows = [r for r in account.rows if (r.quantity.year, r.quantity.service) == (year, row["service"])]
            amount = math.fsum(r.quantity.amount or 0.0 for r in rows)
            if base and amount / base > float(str(row["highest"])):
                yield (
                    f"{year}: {service_name(str(row['service']), '', 'en')} is {amount / base:,.4g} {row['unit']} per "
                    f"{row['per']}; more than {float(str(row['highest'])):,.4g} cannot be meant ({row['why']}). "
                    "Check the unit: 1e4 m3 taken for m3, or the other way round?"
                )


def _area_ha(account: GepAccount, year: int) -> float:
    return math.fsum(area for (of, _, _), area in account.areas_ha.items() if of == year)


def _against_gdp(account: GepAccount) -> Iterator[str]:
    for year in account.years:
        gdp = account.context.whole(year, account.zones).gdp
        if not gdp:
            continue
        total = account.total(year)
        products = math.fsum(r.value or 0.0 for r in account.of_year(year) if r.quantity.category == "product")
        if products > gdp:
            yield (
                f"{year}: products are worth {products:,.4g} {account.currency}, more than the GDP of {gdp:,.4g}, of "
                "which they are a part. Check the units of the statistics."
            )
        if total > GEP_OVER_GDP_HIGH * gdp:
            yield f"{year}: GEP is {total / gdp:,.4g} times the GDP. Is the GDP in 1e4 or 1e8 {account.currency}?"


def _oxygen(account: GepAccount) -> Iterator[str]:
    for year in account.years:
        carbon, oxygen = (
            math.fsum(r.quantity.amount or 0.0 for r in account.rows
                      if (r.quantity.year, r.quantity.service) == (year, service) and r.counts)
            for service in ("carbon", "oxygen")
        )  # fmt: skip
        if carbon > 0 and oxygen > 0 and not OXYGEN_LOW <= oxygen / carbon <= OXYGEN_HIGH:
            yield (
                f"{year}: {oxygen / carbon:.3g} t of O2 per t of CO2, where the reaction gives {CO2_TO_O2:.2f}. They "
                "rest on different grounds, such as NEP and NPP: take both from one."
            )


def _price_years(account: GepAccount) -> Iterator[str]:
    used = {r.worth.price: r for r in account.rows if r.counts and r.worth and r.worth.price and r.worth.price.year}
    levels = sorted({r.worth.year for r in used.values() if r.worth})
    if account.inputs.rules.price_year is None and len(levels) > 1 and not account.inputs.rules.index.levels:
        yield (
            f"Prices of {', '.join(map(str, levels))} stand in one sum. Give a price index to move them to one year, "
            "or say so when you publish."
        )
    last = account.years[-1]
    stuck = [
        r for price, r in used.items()
        if price.index != NO_INDEX and r.worth and last - r.worth.year > OLD
    ]  # fmt: skip
    if stuck:
        oldest = min(r.worth.year for r in stuck if r.worth)
        yield (
            f"Prices up to {last - oldest} years older than {last} are used as they are: {_names(stuck)}. Move them "
            "by an index, or take newer ones."
        )
    fixed = [
        r for price, r in used.items()
        if price.index != NO_INDEX and account.inputs.rules.index.levels
        and not account.inputs.rules.index.knows(price.index)
    ]  # fmt: skip
    if fixed:
        names = ", ".join(dict.fromkeys(r.worth.price.index for r in fixed if r.worth and r.worth.price))
        yield f"Not moved, because the table of price indices has no column {names}: {_names(fixed)}."


def _given_values(account: GepAccount) -> Iterator[str]:
    """Values that were told beside a quantity, against quantity times price."""
    for row in account.rows:
        q = row.quantity
        if q.value is None or not q.amount:
            continue
        computed = _product(row, account)
        if computed and row.value and abs(computed - row.value) > GIVEN_DIFFERS * abs(computed):
            yield (
                f"Row {q.row}, {service_name(q.service, q.item, 'en')}: the value given is {row.value:,.6g}, and "
                f"quantity times price is {computed:,.6g} {account.currency}. The given one is in the account."
            )


def _product(row: AccountRow, account: GepAccount) -> float | None:
    plain = replace(row.quantity, value=None)
    worth = worth_of(plain, plain.year, account.inputs.prices, account.inputs.rules)
    return None if worth is None or plain.amount is None else plain.amount * worth.per_unit


def _capital(account: GepAccount) -> Iterator[str]:
    rows = [r for r in account.rows if r.counts and r.worth and r.worth.price and r.worth.price.capital]
    if rows and account.inputs.rules.capital == "as_is":
        worth = math.fsum(r.value or 0.0 for r in rows if r.quantity.year == account.years[-1])
        total = account.total(account.years[-1])
        share = f", {100 * worth / total:.1f} % of the total" if total else ""
        yield (
            f"The cost of building works that last is charged every year: {_names(rows)}{share}. CAPITAL annualised "
            "charges the cost of one year."
        )


def _left_out(account: GepAccount) -> Iterator[str]:
    outside = [r for r in account.rows if r.status == "outside"]
    if outside:
        yield f"Supporting services are in the effect of the others and not in the total: {_names(outside)}."
    off = [r for r in account.rows if r.status == "switched off"]
    if off:
        yield f"Switched off by SERVICES and not in the total: {_names(off)}."
