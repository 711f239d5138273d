"""Sentences that several workflows tell: levels and growth of value, shares, services, places, effects of drivers."""

from __future__ import annotations

from ...report.telling import Sentence, capital
from .found import Found


def levels(found: Found, what: str, figure: str = "assets_total", growth: str = "assets_growth") -> list[Sentence]:
    """The value of each year, how it went, and its growth between the years and over the whole period."""
    totals = found.of(figure)
    if not totals:
        return []
    told = [found.sentence("level", "levels", what=what, levels=found.by_year(totals))]
    changes = found.of(growth)
    pairs = [h for h in changes if (h.from_year, h.year) != (totals[0].year, totals[-1].year)]
    whole = [h for h in changes if h not in pairs]
    if len(totals) > 1 and changes:
        growths = found.by_pair(pairs or whole)
        told.append(found.sentence("growth", "growth", course=found.course(totals), growths=growths))
        if pairs and whole:
            told.append(found.sentence("growth", "overall", change=found.by_pair(whole)))
    return told


def shares(found: Found) -> list[Sentence]:
    """Which ecosystems hold the value in the last year, and by how many points the share of the first has changed."""
    years = found.years("ecosystem_share")
    if not years:
        return []
    ranked = [(name, h) for name, h in found.ranked("ecosystem_share", years[-1]) if (h.value or 0) > 0.005]
    if not ranked:
        return []
    told = found.say("shares", year=years[-1], shares=found.with_values(ranked[:4]))
    changes = [h for h in found.of("ecosystem_share_change", subject=ranked[0][0]) if h.year == years[-1]]
    if changes:
        points = found.by_pair(changes)
        told += found.say("share_points", name=found.naming(ranked[0][0]), points=points)
    lowest = min(h.value or 0.0 for h in found.of("ecosystem_share", subject=ranked[0][0]))
    if len(years) > 1:
        told += found.say("share_always", name=found.naming(ranked[0][0]), least=found.amount_of(lowest, "%"))
    return [(found.words["about_ecosystems"], told)]


def services(found: Found, most: int = 3) -> list[Sentence]:
    """Which services are worth most, and whether they were in every year."""
    years = found.years("service_value")
    if not years:
        return []
    tops = [[name for name, _ in found.ranked("service_value", year)[:most]] for year in years]
    ranked = found.ranked("service_value", years[-1])[:most]
    always = len(years) > 1 and all(set(top) == set(tops[-1]) for top in tops)
    key = "services_always" if always else "services"
    return [found.sentence("services", key, year=years[-1], services=found.with_values(ranked))]


def where(found: Found, *kinds: str) -> list[Sentence]:
    """In which districts and landforms most of the value lies, and where a hectare is worth most and least."""
    told = []
    for by in kinds:
        shares_ = [(n, h) for n, h in found.ranked(f"{by}_value_share") if (h.value or 0) > 0]
        dense = found.ranked(f"{by}_value_per_ha")
        if not shares_ or len(dense) < 2:
            continue
        text = found.say("where_most", places=found.with_values(shares_[:3]))
        if len(shares_) > 2:
            both = sum(h.value or 0.0 for _, h in shares_[:2])
            pair = found.listed(found.naming(name) for name, _ in shares_[:2])
            text += found.say("where_together", places=capital(pair), share=found.amount_of(both, "%"))
        text += found.say(
            "where_dense",
            most=found.naming(dense[0][0]), high=found.amount(dense[0][1]),
            least=found.naming(dense[-1][0]), low=found.amount(dense[-1][1]),
        )  # fmt: skip
        told.append((found.words[f"about_{by}"], text))
    return told


def effects(found: Found) -> list[Sentence]:
    """Which drivers go with more, which with less, by the panel; where the sign depends on the quantile."""
    told = []
    directions = {h.subject: found.direction(h) for h in found.of("panel_effect")}
    if directions:
        parts = [
            found.say(key, drivers=found.listed(found.naming(name) for name in names))
            for sign, key in ((1, "drivers_up"), (-1, "drivers_down"), (0, "drivers_unsure"))
            for names in [[name for name, direction in directions.items() if direction == sign]]
            if names
        ]
        told.append((found.words["about_drivers"], found.words["say_gap"].join(parts)))
    told += _quantiles(found)
    for h in found.of("turning_point"):
        key = "turning_to" if h.subject.endswith(", inverted_u") else "turning_from"
        name = h.subject.split(", ")[0]
        told.append(found.sentence("range", key, driver=found.naming(name), point=found.number(h.value)))
    return told


def _quantiles(found: Found) -> list[Sentence]:
    """Drivers whose effect has one sign where values are low and the other where they are high."""
    by_driver: dict[str, dict[int, list[str]]] = {}
    for h in found.of("quantile_effect"):
        driver, _, quantile = h.subject.rpartition(", ")
        sign = found.direction(h)
        if sign:
            by_driver.setdefault(driver, {}).setdefault(sign, []).append(
                found.say("percent", number=f"{float(quantile) * 100:g}")
            )
    told = []
    for driver, signs in by_driver.items():
        if len(signs) == 2:
            up, down = found.listed(signs[1]), found.listed(signs[-1])
            told.append(found.sentence("quantiles", "quantiles", driver=found.naming(driver), up=up, down=down))
    same = [(driver, next(iter(signs))) for driver, signs in by_driver.items() if len(signs) == 1]
    for sign, key in ((1, "quantiles_up"), (-1, "quantiles_down")):
        names = [found.naming(driver) for driver, of in same if of == sign]
        if names:
            told.append(found.sentence("quantiles", key, drivers=found.listed(names)))
    return told
