"""The first page of an account's report: what a reader wants to know, as cards and sentences."""

from __future__ import annotations

from collections.abc import Sequence

from ...report import Block, Figure, Figures, format_number
from ...report.telling import Sentence, Teller
from ..services import COUNTED, service_name
from .account import GepAccount
from .change import Change, changes
from .money import MoneyUnit, money_unit
from .sensitivity import deciding, swings
from .tables import UNALLOCATED, Part, change_cells

Words = dict[str, str]


def cards(account: GepAccount, parts: Sequence[Part], words: Words, money: MoneyUnit, language: str) -> list[Block]:
    """How much, by area, by person, against GDP, and how it changed: a card each."""
    whole, last = parts[0], account.years[-1]
    shown = [
        Figure(
            f"GEP {last}", money.of(whole.value), f"{money.text}/a", "" if whole.complete else words["gep_incomplete"]
        )
    ]
    per_km2 = money_unit([whole.per_km2], account.currency, language)
    per_person = money_unit([whole.per_person], account.currency, language)
    if whole.per_km2 is not None:
        shown.append(Figure(words["gep_per_km2"], per_km2.of(whole.per_km2), f"{per_km2.text}/km²"))
    if whole.per_person is not None:
        shown.append(Figure(words["gep_per_person"], per_person.of(whole.per_person), per_person.text))
    if whole.per_gdp is not None:
        shown.append(Figure(words["gep_per_gdp"], whole.per_gdp, "", words["gep_per_gdp_note"]))
    found = _first_to_last(account)
    if found:
        cells = change_cells(found)
        shown.append(Figure(words["gep_change_current"], cells[3], "%", words["gep_current_note"]))
        note = words["gep_comparable_note"].format(year=account.base_year)
        shown.append(Figure(words["gep_change_comparable"], cells[8], "%", note))
    return [Figures(shown)]


def sentences(account: GepAccount, parts: Sequence[Part], language: str) -> list[Sentence]:
    """How much in every year, of what, where, what changed and why, and which price it hangs on."""
    teller = Teller(language)
    words, years = teller.words, account.years
    totals = [account.total(year) for year in years]
    found = [
        ("categories", _of_what(parts, words)),
        ("where", _where(parts, words)),
        ("change", why_changed(account, words, language)),
        ("sensitivity", hangs_on(account, words, language)),
    ]
    told = [(words[f"about_{about}"], text) for about, text in found if text]
    return [*teller.levels(words["headline_gep"], years, totals, f"{account.currency}/a"), *told]


def _of_what(parts: Sequence[Part], words: Words) -> str:
    shares = {p.name: p.share for p in parts if p.by == "category"}
    if any(share is None for share in shares.values()):
        return ""
    numbers = {name: format_number(100 * (shares[name] or 0.0), 2) for name in COUNTED}
    return words["gep_says_what"].format(**numbers)


def _where(parts: Sequence[Part], words: Words) -> str:
    ecosystems = [p for p in parts if p.by == "ecosystem" and p.name != UNALLOCATED and p.share]
    zones = [p for p in parts if p.by == "zone" and p.share]
    told = ""
    if ecosystems:
        first = max(ecosystems, key=lambda p: p.value)
        share = format_number(100 * (first.share or 0.0), 1)
        told = words["gep_says_ecosystem"].format(name=words.get(first.name, first.name), share=share)
    if len(zones) > 1:
        first = max(zones, key=lambda p: p.value)
        share = format_number(100 * (first.share or 0.0), 1)
        told += words["gep_says_zone"].format(name=zone_name(first.name, words), share=share)
    return told


def hangs_on(account: GepAccount, words: Words, language: str) -> str:
    """The prices that the total hangs most on; "" where none decides."""
    prices = [swing.name(language) for swing in deciding(swings(account))]
    return words["gep_says_hangs"].format(prices=listed(prices, language)) if prices else ""


def why_changed(account: GepAccount, words: Words, language: str) -> str:
    """What prices and what quantities did between the first and the last year; "" of one year."""
    found = _first_to_last(account)
    if not found:
        return ""
    total = change_cells(found)
    by_service = {
        service: change_cells([c for c in found if c.service == service]) for service in {c.service for c in found}
    }
    first = max(by_service, key=lambda service: abs(by_service[service][2] or 0.0))
    money = money_unit(total[:3], account.currency, language)
    first_year, last_year = account.years[0], account.years[-1]
    numbers = [format_number(money.of(total[n]), 2) for n in (2, 4, 5)]
    return words["gep_says_why"].format(
        first=first_year, last=last_year, change=numbers[0], price=numbers[1], quantity=numbers[2], unit=money.text,
        service=service_name(first, "", language), part=format_number(money.of(by_service[first][2]), 2),
    )  # fmt: skip


def _first_to_last(account: GepAccount) -> list[Change]:
    return changes(account).get((account.years[0], account.years[-1]), [])


def zone_name(name: str, words: Words) -> str:
    """What the report calls a zone."""
    return {UNALLOCATED: words["unallocated"], "outside": words["gep_outside"]}.get(name, name)


def listed(names: Sequence[str], language: str) -> str:
    """Names in a row, as the language writes it."""
    return ("、" if language == "zh" else ", ").join(names)
