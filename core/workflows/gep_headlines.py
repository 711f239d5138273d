"""What the abstract of an account reports, from the tables of the workflow's steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..tables import Table
from .headlines import Headline, pair_of, rows_of

ALL = "all"
HA_PER_KM2 = 100


def account_headlines(summary: Table, change: Table, currency: str) -> list[Headline]:
    """GEP, its categories and indicators of each year, and its change between years.

    Args:
        summary: `OUTPUT_SUMMARY` of gepaccount.
        change: `OUTPUT_CHANGE` of gepaccount; empty with one year.
        currency: names the unit.
    """
    headlines = []
    for row in rows_of(summary, by="total"):
        year = row.whole("year")
        headlines.append(Headline("gep", row.number("value"), f"{currency}/a", year, card=True))
        headlines.append(Headline("gep_per_km2", row.number("value_per_km2"), f"{currency}/km2", year))
        headlines.append(Headline("gep_per_person", row.number("value_per_person"), currency, year))
    headlines += [
        Headline("gep_share", row.number("share_pct"), "%", row.whole("year"), subject=row.text("name"))
        for row in rows_of(summary, by="category")
    ]
    headlines += _districts(summary, currency)
    for row in rows_of(change, zone=ALL, category=ALL):
        before, after = pair_of(row)
        for figure, column in (("gep_change_current", "change_pct"), ("gep_change_comparable", "comparable_pct")):
            headlines.append(Headline(figure, row.number(column), "%", after, before, card=column == "comparable_pct"))
    return headlines


def _districts(summary: Table, currency: str) -> list[Headline]:
    """The product of each district by year; per hectare and as a share in the last year."""
    rows = rows_of(summary, by="zone")
    last = max((row.whole("year") or 0 for row in rows), default=0)
    headlines = []
    for row in rows:
        year, zone, dense = row.whole("year"), row.text("name"), row.number("value_per_km2")
        headlines.append(Headline("district_value", row.number("value"), f"{currency}/a", year, subject=zone))
        if year == last:
            headlines.append(Headline("district_value_share", row.number("share_pct"), "%", year, subject=zone))
            per_ha = None if dense is None else dense / HA_PER_KM2
            headlines.append(Headline("district_value_per_ha", per_ha, f"{currency}/(ha a)", year, subject=zone))
    return headlines


def seea_headlines(numbers: Mapping[str, float | None], years: Sequence[int], currency: str) -> list[Headline]:
    """GEP as the SEEA counts it, and the value of the assets; years that were not accounted are left out."""
    first, last = years[0], years[-1]
    told = (
        ("gep_seea", "GEP_OPENING", f"{currency}/a", first), ("gep_seea", "GEP_CLOSING", f"{currency}/a", last),
        ("asset_value", "NPV_OPENING", currency, first), ("asset_value", "NPV_CLOSING", currency, last),
    )  # fmt: skip
    found = [Headline(figure, numbers.get(name), unit, year) for figure, name, unit, year in told]
    return list(dict.fromkeys(headline for headline in found if headline.value is not None))
