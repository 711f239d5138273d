"""What the abstract of the assets paper reports, from the tables of the workflow's steps."""

from __future__ import annotations

from collections.abc import Sequence

from ..tables import Table
from .headlines import Headline, pair_of, rows_of, total_of

ALL = "all"


def value_headlines(values: Table, change: Table, currency: str) -> list[Headline]:
    """Totals and growth by year, the share of each ecosystem and the value of each service.

    Args:
        values: `OUTPUT_TABLE` of the valuation, a row per year, land-cover class and service.
        change: `OUTPUT_CHANGE` of the valuation.
        currency: names the unit.
    """
    unit = f"{currency}/a"
    rows = rows_of(values)
    years = sorted({row.whole("year") or 0 for row in rows})
    ends = (years[0], years[-1])
    totals = {year: total_of((row for row in rows if row.whole("year") == year), "value") for year in years}
    headlines = [Headline("assets_total", totals[year], unit, year, card=year in ends) for year in years]
    for row in rows_of(change, ecosystem=ALL, service=ALL):
        before, after = pair_of(row)
        headlines.append(Headline("assets_growth", row.number("change_pct"), "%", after, before, card=True))
    for figure, column in (("ecosystem_share", "ecosystem"), ("service_value", "service")):
        for year in years:
            of_year = [row for row in rows if row.whole("year") == year]
            for subject in dict.fromkeys(row.text(column) for row in of_year):
                part = total_of((row for row in of_year if row.text(column) == subject), "value")
                if figure == "service_value":
                    headlines.append(Headline(figure, part, unit, year, subject=subject))
                elif totals[year]:
                    headlines.append(Headline(figure, part / totals[year] * 100, "%", year, subject=subject))
    return headlines


def terrain_headlines(variable: str, summary: Table, currency: str) -> list[Headline]:
    """Mean yearly assets and share of the area of each class of slope, aspect or landform.

    Args:
        variable: `slope`, `aspect` or `landform`.
        summary: table of zonesummary over the classes of that variable.
        currency: names the unit.
    """
    rows = rows_of(summary)
    classes = dict.fromkeys(row.text("name") or row.text("zone") for row in rows)
    headlines = []
    whole = total_of(rows, "area_ha")
    for name in classes:
        of_class = [row for row in rows if (row.text("name") or row.text("zone")) == name]
        mean = total_of(of_class, "total") / len(of_class)
        headlines.append(Headline(f"{variable}_assets", mean, f"{currency}/a", subject=name))
        if whole:
            share = total_of(of_class, "area_ha") / whole * 100
            headlines.append(Headline(f"{variable}_area", share, "%", subject=name))
    return headlines


def effect_headlines(panel: Table | None, quantiles: Table | None, drivers: Sequence[str]) -> list[Headline]:
    """Coefficient and p of each driver, by panel regression and by quantile."""
    headlines = []
    for row in rows_of(panel) if panel else []:
        if row.text("term") in drivers:
            headlines.append(
                Headline("panel_effect", row.number("estimate"), "", subject=row.text("term"), p=row.number("p"))
            )
    for row in rows_of(quantiles) if quantiles else []:
        if row.text("term") in drivers:
            subject = f"{row.text('term')}, {row.number('quantile'):g}"
            headlines.append(
                Headline("quantile_effect", row.number("estimate"), "", subject=subject, p=row.number("p"))
            )
    return headlines
