"""Page one of the GEP workflow."""

from __future__ import annotations

from ...report.telling import Sentence
from .common import levels, where
from .found import Found
from .page import Page


def gep_page(found: Found) -> Page:
    """How large the gross ecosystem product is, how it changed, what it is made of and where it comes from."""
    return Page(
        found.words["question_gep"],
        [
            *levels(found, found.words["headline_gep"], "gep", "gep_change_current"),
            *_comparable(found),
            *_per(found),
            *_categories(found),
            *where(found, "district"),
        ],
        ("gep", "gep_change_comparable", "gep_per_km2", "gep_per_person"),
        ("gep", "gep_change_current", "gep_change_comparable", "gep_share", "gep_per_km2", "gep_per_person"),
    )


def _comparable(found: Found) -> list[Sentence]:
    changes = found.of("gep_change_comparable")
    whole = [h for h in changes if h.from_year == min(c.from_year or 0 for c in changes)][-1:]
    return [found.sentence("growth", "comparable", change=found.by_pair(whole))] if whole else []


def _per(found: Found) -> list[Sentence]:
    """The product per square kilometre and per person in the last year."""
    area, person = found.of("gep_per_km2")[-1:], found.of("gep_per_person")[-1:]
    parts = [found.amount_of(h.value, h.unit) for h in area]
    parts += [found.say("per_person", value=found.amount(h)) for h in person]
    return [found.sentence("density", "per", year=area[0].year, values=found.listed(parts))] if area else []


def _categories(found: Found) -> list[Sentence]:
    years = found.years("gep_share")
    if not years:
        return []
    ranked = found.ranked("gep_share", years[-1])
    return [found.sentence("categories", "categories", year=years[-1], shares=found.with_values(ranked))]
