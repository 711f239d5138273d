"""What the abstract of the ESV paper reports, from the tables of the workflow's steps."""

from __future__ import annotations

from collections import Counter

from ..tables import Table
from .headlines import Headline, Row, pair_of, rows_of, total_of

ALL = "all"
LARGEST_CHANGES = 5


def land_headlines(transfer: Table) -> list[Headline]:
    """Area that each class lost and gained, and the largest changes from class to class, first to last year.

    Args:
        transfer: `OUTPUT_TABLE` of transfermatrix.
    """
    rows = _first_to_last(rows_of(transfer, zone=ALL))
    if not rows:
        return []
    first, last = pair_of(rows[0])
    lost: dict[str, float] = {}
    gained: dict[str, float] = {}
    flows: dict[str, float] = {}
    for row in rows:
        if row.text("from_code") != row.text("to_code"):
            before, after, area = row.text("from_name"), row.text("to_name"), row.number("area_ha") or 0.0
            for areas, subject in ((lost, before), (gained, after), (flows, f"{before} → {after}")):
                areas[subject] = areas.get(subject, 0.0) + area
    parts = (("land_lost", lost, None), ("land_gained", gained, None), ("largest_change", flows, LARGEST_CHANGES))
    return [
        Headline(figure, area, "ha", last, first, subject, card=figure == "largest_change" and number == 0)
        for figure, areas, most in parts
        for number, (subject, area) in enumerate(sorted(areas.items(), key=lambda item: -item[1])[:most])
    ]


def profit_headlines(summary: Table, currency: str) -> list[Headline]:
    """Gain, loss, net change and change index of each pair of years.

    Args:
        summary: `OUTPUT_SUMMARY` of profitloss, a row per pair of years and zone.
        currency: names the unit.
    """
    headlines = []
    rows = rows_of(summary, zone=ALL)
    whole = _first_to_last(rows)
    for row in rows:
        before, after = pair_of(row)
        for figure in ("gain", "loss", "net"):
            headlines.append(Headline(f"esv_{figure}", row.number(figure), f"{currency}/a", after, before))
        headlines.append(Headline("esv_change_index", row.number("change_index"), "", after, before, card=row in whole))
    return headlines


def rsei_headlines(areas: Table) -> list[Headline]:
    """Mean RSEI of each year.

    Args:
        areas: `OUTPUT_TABLE` of rsei, a row per year and class with the mean of the class.
    """
    rows = rows_of(areas)
    headlines = []
    for year in dict.fromkeys(row.whole("year") for row in rows):
        of_year = [row for row in rows if row.whole("year") == year]
        area = total_of(of_year, "area_ha")
        weighted = sum((row.number("mean") or 0.0) * (row.number("area_ha") or 0.0) for row in of_year)
        headlines.append(Headline("rsei_mean", weighted / area if area else None, "", year, card=True))
    return headlines


def detector_headlines(factors: Table, interactions: Table) -> list[Headline]:
    """The q of each factor, the strongest first, and how many interactions are of which type."""
    rows = sorted(rows_of(factors), key=lambda row: -(row.number("q") or 0.0))
    headlines = [
        Headline("factor_q", row.number("q"), "", subject=row.text("factor"), p=row.number("p_noncentral"), card=n == 0)
        for n, row in enumerate(rows)
    ]
    types = Counter(row.text("type") for row in rows_of(interactions))
    return headlines + [Headline("interactions", float(count), "", subject=kind) for kind, count in types.most_common()]


def _first_to_last(rows: list[Row]) -> list[Row]:
    years = {(row.whole("from_year") or 0, row.whole("to_year") or 0) for row in rows}
    if not years:
        return []
    whole = (min(a for a, _ in years), max(b for _, b in years))
    return [row for row in rows if pair_of(row) == whole]
