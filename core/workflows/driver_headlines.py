"""Who drives what, where and since when, from the tables of the chain of driver methods."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..errors import InputError
from ..messages import say
from ..report.texts import load_texts
from ..tables import Table
from .headlines import Headline, Row, rows_of

NATURAL, SOCIOECONOMIC, OTHER = "natural_factors", "socioeconomic_factors", "other_factors"
_USUAL = {
    NATURAL: ("elevation", "slope", "precipitation", "temperature"),
    SOCIOECONOMIC: ("hemeroby", "human_activity", "population", "gdp", "gdp_per_head", "night_light"),
}
EXPLAINED = ("assets", "esv")  # what the drivers of a workflow explain
STRONGEST_TURNS = 3


def parse_factor_groups(text: str, drivers: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Groups of drivers: `natural: elevation, rain; people: population`; without a text the usual two.

    Args:
        text: what the user wrote.
        drivers: the names that groups may hold.

    Returns:
        Drivers by group; groups that hold none of the drivers are left out.

    Raises:
        InputError: a part without a name or drivers, a driver that is none, or one in two groups.
    """
    if not text.strip():
        found = {group: tuple(name for name in names if name in drivers) for group, names in _USUAL.items()}
        return {group: names for group, names in found.items() if names}
    groups: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (word.strip() for word in re.split(r"[;；\n]+", text.replace("：", ":")))):
        name, _, listed = part.partition(":")
        words = tuple(word for word in re.split(r"[,，、\s]+", listed) if word)
        if not name.strip() or not words:
            raise InputError(
                say(
                    "FACTOR_GROUPS holds {part!r}. Write groups and their drivers, such as natural: elevation, "
                    "precipitation; socioeconomic: population.",
                    part=part,
                )
            )
        unknown = [word for word in words if word not in drivers]
        if unknown:
            raise InputError(
                say(
                    "FACTOR_GROUPS names {name!r}, which is not among the drivers ({drivers}).",
                    name=unknown[0],
                    drivers=", ".join(drivers),
                )
            )
        groups[name.strip()] = words
    twice = [name for name, count in Counter(word for words in groups.values() for word in words).items() if count > 1]
    if twice:
        raise InputError(say("FACTOR_GROUPS names {name!r} twice. A driver belongs to one group.", name=twice[0]))
    return groups


def driver_names(language: str) -> dict[str, str]:
    """What a report calls the drivers that the workflows know and what these explain, by their ids."""
    words = load_texts(language)
    explained = {name: words[f"what_{name}"] for name in EXPLAINED}
    return explained | {driver: words[driver] for drivers in _USUAL.values() for driver in drivers if driver in words}


def detector_years_headlines(factors: Table, groups: Mapping[str, Sequence[str]]) -> list[Headline]:
    """The q of each factor by year, what leads since when, and how groups part what all factors explain together.

    Args:
        factors: `OUTPUT_FACTORS` of geodetector with TIME; the rows without a year are of all years.
        groups: drivers by group.
    """
    rows = rows_of(factors)
    years = sorted({year for row in rows if (year := row.whole("year")) is not None})
    by_year = {year: _strongest_first(row for row in rows if row.whole("year") == year) for year in years}
    headlines = [
        Headline("factor_q", row.number("q"), "", year, subject=row.text("factor"), p=row.number("p_noncentral"))
        for year, found in by_year.items()
        for row in found
    ]
    shares = {row.text("factor"): row.number("share") for row in rows if row.whole("year") is None}
    return [*_leading(by_year), *headlines, *_groups("group_q_share", shares, groups)]


def _strongest_first(rows: Iterable[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: -(row.number("q") or 0.0))


def _leading(by_year: Mapping[int, Sequence[Row]]) -> list[Headline]:
    """What has the largest q in the last year, and the first year since when that is so without a break."""
    first = {year: found[0] for year, found in by_year.items() if found}
    if not first:
        return []
    last = max(first)
    leader = first[last].text("factor")
    since = last
    for year in sorted(first, reverse=True):
        if first[year].text("factor") != leader:
            break
        since = year
    return [Headline("leading_factor", first[last].number("q"), "", last, since, leader, card=True)]


def _groups(figure: str, shares: Mapping[str, float | None], groups: Mapping[str, Sequence[str]]) -> list[Headline]:
    """The share of each group in the sum of the shares of all drivers, percent; drivers of no group count as other."""
    known = {name: share for name, share in shares.items() if share is not None and share > 0}
    whole = sum(known.values())
    if not whole or not groups:
        return []
    grouped = {name for names in groups.values() for name in names}
    parts = {group: sum(known.get(name, 0.0) for name in names) for group, names in groups.items()}
    rest = sum(share for name, share in known.items() if name not in grouped)
    if rest > 0:
        parts[OTHER] = rest
    order = sorted(parts.items(), key=lambda part: -part[1])
    return [
        Headline(figure, 100 * share / whole, "%", subject=group, card=number == 0)
        for number, (group, share) in enumerate(order)
    ]


def local_headlines(terms: Table, year: int) -> list[Headline]:
    """On which share of the places each driver matters, and on which it raises what is explained.

    Args:
        terms: `OUTPUT_TABLE` of localregression.
        year: of its rows.
    """
    rows = [row for row in rows_of(terms) if row.text("term") not in ("const", "intercept", "Intercept")]
    rows.sort(key=lambda row: -(row.number("share_significant") or 0.0))
    headlines = []
    for number, row in enumerate(rows):
        driver = row.text("term")
        headlines += [
            Headline(figure, _pct(row.number(column)), "%", year, subject=driver, card=card and number == 0)
            for figure, column, card in (
                ("local_significant", "share_significant", True),
                ("local_positive", "share_positive", False),
            )
        ]
    return headlines


def importance_headlines(
    drivers: Table, thresholds: Table, places: Table, groups: Mapping[str, Sequence[str]]
) -> list[Headline]:
    """What each driver is worth to boosted trees, where it is the strongest, and at which values the strongest turn.

    Args:
        drivers, thresholds, places: `OUTPUT_TABLE`, `OUTPUT_THRESHOLDS` and `OUTPUT` of driverimportance.
        groups: drivers by group.
    """
    rows = sorted(rows_of(drivers), key=lambda row: row.number("rank") or float("inf"))
    headlines = [
        Headline("importance_share", row.number("share_pct"), "%", subject=row.text("driver"), card=number == 0)
        for number, row in enumerate(rows)
    ]
    top = Counter(str(one["top_driver"]) for one in places.rows if one.get("top_driver"))
    headlines += [
        Headline("strongest_here", 100 * count / sum(top.values()), "%", subject=driver)
        for driver, count in top.most_common()
    ]
    order = [row.text("driver") for row in rows]
    turns = [row for row in rows_of(thresholds) if row.text("kind") in ("shap_zero", "ale_zero")]
    turns.sort(key=lambda row: row.text("kind") != "shap_zero")
    first = {row.text("driver"): row for row in reversed(turns)}
    headlines += [
        Headline("driver_threshold", first[driver].number("x"), "", subject=driver)
        for driver in [name for name in order if name in first][:STRONGEST_TURNS]
    ]
    shares = {row.text("driver"): row.number("share_pct") for row in rows}
    return [*headlines, *_groups("group_importance", shares, groups)]


def _pct(share: float | None) -> float | None:
    return None if share is None else 100 * share
