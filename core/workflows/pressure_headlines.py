"""Headline figures of human activity and hemeroby."""

from __future__ import annotations

from ..tables import Table
from .headlines import Headline, rows_of, total_of

ALL = "all"


def pressure_headlines(figure: str, pressure: Table) -> list[Headline]:
    """The mean of each year.

    Args:
        figure: `hemeroby` or `human_activity`.
        pressure: the algorithm's table (year, zone, value, level, area_ha); rows of the zone `all` are the study area,
            or its levels, whose areas weigh the mean.
    """
    rows = rows_of(pressure, zone=ALL)
    headlines = []
    years = list(dict.fromkeys(row.whole("year") for row in rows))
    for year in years:
        of_year = [row for row in rows if row.whole("year") == year]
        area = total_of(of_year, "area_ha")
        weighted = sum((row.number("value") or 0.0) * (row.number("area_ha") or 0.0) for row in of_year)
        headlines.append(
            Headline(f"{figure}_mean", weighted / area if area else None, "", year, card=year in (years[0], years[-1]))
        )
    return headlines


def zone_headlines(figure: str, pressure: Table) -> list[Headline]:
    """The value of each zone and year, from the table of a run by zone."""
    return [
        Headline(f"{figure}_zone", row.number("value"), "", row.whole("year"), subject=row.text("zone"))
        for row in rows_of(pressure)
        if row.text("zone") != ALL
    ]
