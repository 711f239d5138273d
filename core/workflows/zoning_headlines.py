"""What the abstract of the zoning paper reports, from the tables of the workflow's steps."""

from __future__ import annotations

from ..tables import Table
from .headlines import Headline, change_pct, pair_of, rows_of, total_of

ALL, UNION = "all", "union"
CONSERVED = (1, 3)  # plan codes


def service_headlines(service: str, table: Table, column: str, unit: str) -> list[Headline]:
    """Total of a service by year, and its change from the first to the last year.

    Args:
        service: what the report calls it, such as `water_retention`.
        table: of the service, rows by year and ecosystem.
        column: that adds up, such as `volume_m3`.
        unit: of the column.
    """
    rows = rows_of(table)
    years = sorted({row.whole("year") or 0 for row in rows})
    totals = {year: total_of((row for row in rows if row.whole("year") == year), column) for year in years}
    headlines = [Headline("service_total", total, unit, year, subject=service) for year, total in totals.items()]
    if len(years) > 1:
        change = change_pct(totals[years[0]], totals[years[-1]])
        headlines.append(Headline("service_change", change, "%", years[-1], years[0], service, card=True))
    return headlines


def quality_headlines(quality: Table, change: Table) -> list[Headline]:
    """Mean quality index of all graded ecosystems by year, and its change on the pixels that both years grade.

    Args:
        quality: `OUTPUT_TABLE` of ecosystemquality.
        change: `OUTPUT_CHANGE` of ecosystemquality.
    """
    means = rows_of(quality, ecosystem=ALL, **{"class": ALL})
    headlines = [Headline("quality_mean", row.number("index"), "", row.whole("year")) for row in means]
    first, last = means[0].whole("year"), means[-1].whole("year")
    return headlines + [
        Headline("quality_change", row.number("change_pct"), "%", last, first, card=True)
        for row in rows_of(change, ecosystem=ALL)
        if pair_of(row) == (first, last)
    ]


def restoration_headlines(restoration: Table) -> list[Headline]:
    """Area of each reason, of their union and its share; the ecosystems of each reason.

    Args:
        restoration: `OUTPUT_TABLE` of restorationzones.
    """
    headlines = []
    for row in rows_of(restoration):
        reason, ecosystem = row.text("reason"), row.text("ecosystem")
        if ecosystem == ALL and reason == UNION:
            headlines += [
                Headline("restoration_area", row.number("area_ha"), "ha", card=True),
                Headline("restoration_share", row.number("share_pct"), "%", card=True),
            ]
        elif ecosystem == ALL:
            headlines.append(Headline("restoration_reason", row.number("area_ha"), "ha", subject=reason))
        elif reason != UNION:
            subject = f"{reason}, {ecosystem}"
            headlines.append(Headline("restoration_ecosystem", row.number("of_reason_pct"), "%", subject=subject))
    return headlines


def conservation_headlines(ecosystems: Table) -> list[Headline]:
    """Conserved area, its share, and the ecosystems in it.

    Args:
        ecosystems: `OUTPUT_TABLE` of conservationzones.
    """
    headlines = []
    for row in rows_of(ecosystems):
        if row.text("ecosystem") == ALL:
            headlines += [
                Headline("conservation_area", row.number("area_ha"), "ha", card=True),
                Headline("conservation_share", row.number("of_ecosystem_pct"), "%", card=True),
            ]
        else:
            subject = row.text("ecosystem")
            headlines.append(Headline("conservation_ecosystem", row.number("share_pct"), "%", subject=subject))
    return headlines


def kept_headlines(services: Table) -> list[Headline]:
    """Share of each service that the conservation area keeps, alone and together with restoration.

    Args:
        services: `OUTPUT_SERVICES` of zoningplan.
    """
    kept: dict[str, float] = {}
    for row in rows_of(services, zone=ALL):
        if row.whole("plan") in CONSERVED:
            kept[row.text("service")] = kept.get(row.text("service"), 0.0) + (row.number("kept_pct") or 0.0)
    return [Headline("service_kept", share, "%", subject=service) for service, share in kept.items()]
