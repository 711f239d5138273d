"""Page one of the assets workflow."""

from __future__ import annotations

from ...report.telling import Sentence
from .chain import chain
from .common import effects, levels, services, shares, where
from .found import Found
from .page import Page


def assets_page(found: Found) -> Page:
    """How much the assets are worth, how they grew, which ecosystems and services, where, and what drives them."""
    drivers = effects(found)
    terms = [key for key, figure in (("panel", "panel_effect"), ("quantile", "quantile_effect")) if found.of(figure)]
    return Page(
        found.words["question_assets"],
        [
            *levels(found, found.words["what_assets"]),
            *shares(found),
            *services(found),
            *_terrain(found),
            *where(found, "landform", "district"),
            *drivers,
            *chain(found),
        ],
        ("assets_total", "assets_growth", "study_area"),
        ("assets_total", "assets_growth", "ecosystem_share", "hemeroby_mean"),
        ["significance", *terms] if terms else [],
    )


def _terrain(found: Found) -> list[Sentence]:
    """Which classes of slope and aspect hold most of the value, and on how much land."""
    told = []
    for variable in ("slope", "aspect"):
        most = found.ranked(f"{variable}_assets")
        if len(most) < 2:
            continue
        largest = found.ranked(f"{variable}_area")[0]
        first, second = most[:2]
        text = found.say(
            "terrain",
            first=found.naming(first[0]), value=found.amount(first[1]),
            second=found.naming(second[0]), then=found.amount(second[1]),
            largest=found.naming(largest[0]), area=found.amount(largest[1]),
        )  # fmt: skip
        told.append((found.words[f"about_{variable}"], text))
    return told
