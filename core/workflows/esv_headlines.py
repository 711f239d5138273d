"""What the abstract of the ESV paper reports, from the tables of the workflow's steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean

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


def ecosystem_headlines(transfer: Table, ecosystems: Mapping[int, str]) -> list[Headline]:
    """Land that each ecosystem lost, and to which others, from the first to the last year.

    Args:
        transfer: `OUTPUT_TABLE` of transfermatrix.
        ecosystems: by class code; several classes (of built-up land, say) are one ecosystem.
    """
    lost: dict[str, float] = {}
    flows: dict[tuple[str, str], float] = {}
    rows = _first_to_last(rows_of(transfer, zone=ALL))
    for row in rows:
        before, after = (ecosystems.get(row.whole(code) or 0, "") for code in ("from_code", "to_code"))
        if before and after and before != after:
            area = row.number("area_ha") or 0.0
            lost[before] = lost.get(before, 0.0) + area
            flows[before, after] = flows.get((before, after), 0.0) + area
    if not rows:
        return []
    first, last = pair_of(rows[0])
    told = [("ecosystem_lost", name, area) for name, area in lost.items()]
    told += [("ecosystem_flow", f"{before}, {after}", area) for (before, after), area in flows.items()]
    return [
        Headline(figure, area, "ha", last, first, subject)
        for figure, subject, area in sorted(told, key=lambda item: (item[0] != "ecosystem_lost", -item[2]))
    ]


def span_headlines(totals: Sequence[Headline]) -> list[Headline]:
    """The span of years over which the value gained most; none where it gained in no span.

    Args:
        totals: the value of each year, in order.
    """
    spans = [
        (after.value - before.value, before, after)
        for n, before in enumerate(totals)
        for after in totals[n + 1 :]
        if before.value is not None and after.value is not None
    ]
    if not spans:
        return []
    gain, before, after = max(spans, key=lambda span: span[0])
    return [Headline("best_span", gain, after.unit, after.year, before.year)] if gain > 0 else []


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


def detector_headlines(
    factors: Table, interactions: Table, groups: Mapping[str, Sequence[str]] | None = None
) -> list[Headline]:
    """The q of each factor, the strongest first, the mean of groups of factors, and interactions by type.

    Args:
        factors: `OUTPUT_FACTORS` of geodetector.
        interactions: its `OUTPUT_INTERACTIONS`.
        groups: factors by group.
    """
    rows = sorted(rows_of(factors), key=lambda row: -(row.number("q") or 0.0))
    headlines = [
        Headline("factor_q", row.number("q"), "", subject=row.text("factor"), p=row.number("p_noncentral"), card=n == 0)
        for n, row in enumerate(rows)
    ]
    q = {row.text("factor"): row.number("q") or 0.0 for row in rows}
    means = {group: fmean(q[name] for name in names if name in q) for group, names in (groups or {}).items()}
    headlines += [Headline("factor_group_q", mean, "", subject=group) for group, mean in means.items()]
    pairs = rows_of(interactions)
    types = Counter(row.text("type") for row in pairs)
    headlines += [Headline("interactions", float(count), "", subject=kind) for kind, count in types.most_common()]
    strongest = max(pairs, key=lambda row: row.number("q_ab") or 0.0, default=None)
    if strongest is not None:
        names = f"{strongest.text('factor_a')}, {strongest.text('factor_b')}"
        headlines.append(Headline("strongest_pair", strongest.number("q_ab"), "", subject=names))
    return headlines


def _first_to_last(rows: list[Row]) -> list[Row]:
    years = {(row.whole("from_year") or 0, row.whole("to_year") or 0) for row in rows}
    if not years:
        return []
    whole = (min(a for a, _ in years), max(b for _, b in years))
    return [row for row in rows if pair_of(row) == whole]
