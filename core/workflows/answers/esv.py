"""Page one of the ESV workflow."""

from __future__ import annotations

from ...report.telling import NOTABLE_PCT, Sentence
from ..headlines import Headline
from .chain import chain
from .common import levels, services, shares, where
from .found import Found
from .page import Page

MOST_FACTORS = 3


def esv_page(found: Found) -> Page:
    """How land changed hands, what that did to the value and where, how hard people press, and what explains it."""
    terms = ["detector", "interaction"] if found.of("factor_q") else []
    return Page(
        found.words["question_esv"],
        [
            *_land(found),
            *levels(found, found.words["what_esv"]),
            *_balance(found),
            *shares(found),
            *services(found),
            *where(found, "landform", "district"),
            *_means(found),
            *_factors(found),
            *chain(found),
        ],
        ("assets_total", "assets_growth", "esv_change_index", "human_activity_mean"),
        ("assets_total", "assets_growth", "esv_net", "esv_change_index", "rsei_mean", "human_activity_mean"),
        ["significance", *terms] if terms else [],
    )


def _land(found: Found) -> list[Sentence]:
    """Which ecosystem lost most land, and to which others it went."""
    lost = found.ranked("ecosystem_lost")
    if not lost:
        return []
    name, most = lost[0]
    flows = [(n, h) for n, h in found.ranked("ecosystem_flow", within=name)][:2]
    years = {"first": most.from_year, "last": most.year}
    area, *parts_of_it = found.amounts([most, *(h for _, h in flows)])
    told = found.valued(zip((found.naming(n) for n, _ in flows), parts_of_it))
    parts = {"name": found.naming(name), "area": area, "flows": told}
    return [found.sentence("land", "land", **parts, **years)]


def _balance(found: Found) -> list[Sentence]:
    """Loss, gain or balance from year to year, the change index, and the span of years that gained most."""
    nets = found.of("esv_net")
    totals = {h.year or 0: h.value or 0.0 for h in found.of("assets_total")}
    if not nets:
        return []
    years = sorted(totals)
    pairs = [h for h in nets if (h.from_year, h.year) in set(zip(years, years[1:]))] or nets
    told = [found.sentence("balance", "balance", steps=found.listed(_step(found, h, totals) for h in pairs))]
    index = [h for h in found.of("esv_change_index") if (h.from_year, h.year) in {(p.from_year, p.year) for p in pairs}]
    if len(index) > 1:
        told.append(found.sentence("index", "index", course=found.course(index), values=found.by_pair(index)))
    best = found.one("best_span")
    if best is not None and len(pairs) > 1:
        span = {"first": best.from_year, "last": best.year}
        told.append(found.sentence("balance", "best_span", gain=found.amount(best), **span))
        most = max(pairs, key=lambda h: h.value or 0.0)
        if (best.from_year, best.year) == (years[0], years[-1]):  # which says little: of its steps one gained most
            told.append(found.sentence("balance", "best_step", first=most.from_year, last=most.year))
    return told


def _step(found: Found, net: Headline, totals: dict[int, float]) -> str:
    before = abs(totals.get(net.from_year or 0, 0.0))
    small = before > 0 and abs(net.value or 0.0) / before * 100 < NOTABLE_PCT
    key = "stable" if small else "gain" if (net.value or 0.0) > 0 else "loss"
    amount = found.amount(net, True) if small else found.amount_of(abs(net.value or 0.0), net.unit)
    return found.say(f"step_{key}", amount=amount, first=net.from_year, last=net.year)


def _means(found: Found) -> list[Sentence]:
    """RSEI and human activity: their means by year, and the zones where people press hardest."""
    told = []
    for figure, about in (("rsei_mean", "rsei"), ("human_activity_mean", "activity")):
        means = found.of(figure)
        if not means:
            continue
        what = found.words[f"headline_{figure}"]
        course = found.course(means) if len(means) > 1 else ""
        levels_ = found.by_year(means)
        text = found.say("means" if course else "mean", what=what, course=course, levels=levels_)
        zones = found.ranked("human_activity_zone", means[-1].year) if about == "activity" else []
        if zones:
            text += found.say("activity_zones", year=means[-1].year, zones=found.with_values(zones[:3]))
        told.append((found.words[f"about_{about}"], text))
    return told


def _factors(found: Found) -> list[Sentence]:
    """The strongest factors, natural against socio-economic ones, and what two factors together explain."""
    ranked = [(name, h) for name, h in found.ranked("factor_q") if h.year is None]
    if not ranked:
        return []
    told = [found.sentence("factors", "factors", factors=found.with_values(ranked[:MOST_FACTORS]))]
    groups = found.ranked("factor_group_q")
    if len(groups) > 1:
        (first, high), (second, low) = groups[0], groups[-1]
        parts = {"first": found.naming(first), "high": found.amount(high)}
        told.append(found.sentence("factors", "groups", **parts, second=found.naming(second), low=found.amount(low)))
    kinds = found.ranked("interactions")
    if kinds:
        counts = found.words["say_comma"].join(
            found.say("with_value", name=found.naming(kind), value=f"{h.value:g}") for kind, h in kinds
        )
        told.append(found.sentence("interactions", "interactions", kinds=counts))
        pairs = found.ranked("strongest_pair")
        if pairs:
            name, h = pairs[0]
            both = found.listed(found.naming(part) for part in name.split(", "))
            told.append(found.sentence("interactions", "strongest_pair", pair=both, q=found.amount(h)))
    return told
