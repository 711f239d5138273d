"""What the abstract of the assets paper reports, from the tables of the workflow's steps."""

from __future__ import annotations

from collections.abc import Sequence

from ..report.numbers import POINTS
from ..tables import Table
from .headlines import Headline, Row, pair_of, rows_of, total_of

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
    for year in years:
        parts = _parts_of([row for row in rows if row.whole("year") == year], "ecosystem")
        shares = {name: part / totals[year] * 100 for name, part in parts.items() if totals[year]}
        headlines += [Headline("ecosystem_share", share, "%", year, subject=name) for name, share in shares.items()]
    headlines += _share_changes(headlines, years)
    for year in years:
        parts = _parts_of([row for row in rows if row.whole("year") == year], "service")
        ranked = sorted(parts.items(), key=lambda part: -part[1])
        headlines += [Headline("service_value", value, unit, year, subject=name) for name, value in ranked]
    return headlines


def _parts_of(rows: Sequence[Row], column: str) -> dict[str, float]:
    """The value of each ecosystem or service, in the order in which they come."""
    names = dict.fromkeys(row.text(column) for row in rows)
    return {name: total_of((row for row in rows if row.text(column) == name), "value") for name in names}


def _share_changes(headlines: Sequence[Headline], years: Sequence[int]) -> list[Headline]:
    """By how many percentage points the share of each ecosystem changed between years and over the whole period."""
    shares = {(h.subject, h.year): h.value or 0.0 for h in headlines if h.figure == "ecosystem_share"}
    pairs = list(zip(years, years[1:])) + ([(years[0], years[-1])] if len(years) > 2 else [])
    return [
        Headline("ecosystem_share_change", shares[name, after] - shares[name, before], POINTS, after, before, name)
        for before, after in pairs
        for name in dict.fromkeys(name for name, _ in shares)
        if (name, before) in shares and (name, after) in shares
    ]


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


def turning_headlines(turning: Table | None) -> list[Headline]:
    """Where the effect of a driver changes its direction within what was seen, with the shape of its curve.

    Args:
        turning: `OUTPUT_TURNING` of panelregression; None where there is none.
    """
    return [
        Headline("turning_point", row.number("turning_point"), "", subject=f"{row.text('term')}, {row.text('shape')}",
                 p=row.number("p_shape"))
        for row in (rows_of(turning) if turning else [])
        if row.text("shape") in ("u", "inverted_u") and (p := row.number("p_shape")) is not None and p < 0.05
    ]  # fmt: skip
