"""What the abstract of the zoning paper reports, from the tables of the workflow's steps."""

from __future__ import annotations

from ..tables import Table
from .headlines import Headline, change_pct, pair_of, rows_of, total_of

ALL, UNION = "all", "union"
CONSERVED = (1, 3)  # plan codes: conservation alone, both
PARTS = {1: "conservation_alone", 2: "restoration_alone", 3: "conservation_and_restoration"}


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
    """Mean quality index of all graded ecosystems by year, and its change, all on the same land.

    Args:
        quality: `OUTPUT_TABLE` of ecosystemquality, which tells the mean of a single year.
        change: `OUTPUT_CHANGE` of ecosystemquality: means of the pixels that have an index in every year (with the mask
            `yearly` in the two years of a row).
    """
    compared = rows_of(change, ecosystem=ALL)
    if not compared:
        alone = rows_of(quality, ecosystem=ALL, **{"class": ALL})
        return [Headline("quality_mean", row.number("index"), "", row.whole("year")) for row in alone]
    years = sorted({year for row in compared for year in pair_of(row) if year is not None})
    whole = next(row for row in compared if pair_of(row) == (years[0], years[-1]))
    first, last = whole.number("index_from"), whole.number("index_to")
    # Years between have the mean of this land only where consecutive pairs are of it too.
    areas = {row.number("area_ha") for row in compared}
    between = [row for row in compared if len(areas) == 1 and row is not whole and row.whole("to_year") != years[-1]]
    means = [(years[0], first), *((row.whole("to_year"), row.number("index_to")) for row in between), (years[-1], last)]
    return [
        *(Headline("quality_mean", mean, "", year) for year, mean in means),
        Headline("quality_change", whole.number("change_pct"), "%", years[-1], years[0], card=True),
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


def plan_headlines(plan: Table) -> list[Headline]:
    """Area and share of conservation alone, of restoration alone and of what is both; their sums are told elsewhere.

    Args:
        plan: `OUTPUT_TABLE` of zoningplan.
    """
    rows = rows_of(plan, zone=ALL)
    headlines = []
    for code, part in PARTS.items():
        of_part = [row for row in rows if row.whole("plan") == code]
        headlines.append(Headline("plan_area", total_of(of_part, "area_ha"), "ha", subject=part))
        headlines.append(Headline("plan_share", total_of(of_part, "share_pct"), "%", subject=part))
    return headlines


def kept_headlines(services: Table) -> list[Headline]:
    """Share of each service that the conservation area keeps, with and without the part that is restored as well.

    Args:
        services: `OUTPUT_SERVICES` of zoningplan.
    """
    kept: dict[str, dict[int, float]] = {}
    for row in rows_of(services, zone=ALL):
        code = row.whole("plan")
        if code in CONSERVED:
            kept.setdefault(row.text("service"), {})[code] = row.number("kept_pct") or 0.0
    return [
        Headline(
            figure, sum(shares.values()) if figure == "service_kept" else shares.get(CONSERVED[0], 0.0), "%", subject=s
        )
        for figure in ("service_kept", "service_kept_alone")
        for s, shares in kept.items()
    ]
