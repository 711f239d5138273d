"""Page one of the zoning workflow."""

from __future__ import annotations

from ...report.telling import Sentence
from ...zoning.reasons import PARTS
from .found import Found
from .page import Page


def zoning_page(found: Found) -> Page:
    """What became of services and quality, what to restore and why, what to conserve and what that keeps."""
    return Page(
        found.words["question_zoning"],
        [*_services(found), *_quality(found), *_parts(found), *_restoration(found), *_conservation(found)],
        ("restoration_area", "restoration_share", "conservation_area", "conservation_share"),
        ("restoration_area", "restoration_share", "conservation_area", "conservation_share", "service_total",
         "service_change", "quality_mean", "quality_change", "service_kept"),
    )  # fmt: skip


def _services(found: Found) -> list[Sentence]:
    changes = found.of("service_change")
    if not changes:
        return []
    told = [found.say("with_change", name=found.naming(h.subject), change=found.amount(h, True)) for h in changes]
    first, last = changes[0].from_year, changes[0].year
    return [found.sentence("services", "service_changes", first=first, last=last, changes=found.listed(told))]


def _quality(found: Found) -> list[Sentence]:
    change, means = found.one("quality_change"), found.of("quality_mean")
    if change is None or len(means) < 2:
        return []
    key = "quality_rose" if (change.value or 0) > 0 else "quality_fell"
    size = found.amount_of(abs(change.value or 0.0), "%")
    before, after = found.number(means[0].value, 2), found.number(means[-1].value, 2)
    parts = {"first": change.from_year, "last": change.year, "change": size, "before": before, "after": after}
    return [found.sentence("quality", key, **parts)]


def _parts(found: Found) -> list[Sentence]:
    """Area, ecosystems and places of degraded land, low quality and severe erosion."""
    told = []
    for part in PARTS:
        area = found.one("restoration_reason", part)
        if area is None or not area.value:
            continue
        ecosystems = found.ranked("restoration_ecosystem", within=part)[:2]
        text = found.say(f"part_{part}", area=found.amount(area), ecosystems=found.with_values(ecosystems))
        told.append((found.words[f"about_{part}"], text + _lies(found, part)))
    return told


def _lies(found: Found, part: str) -> str:
    """Where a part lies: its districts, and how it is spread over the landforms."""
    text = ""
    for by, most in (("district", 3), ("landform", 2)):
        places = found.places(by, "part_share", part, most)
        text += found.say(f"lies_{by}", places=places) if places else ""
    return text


def _restoration(found: Found) -> list[Sentence]:
    area, share = found.one("restoration_area"), found.one("restoration_share")
    if area is None:
        return []
    text = found.say("restoration", area=found.amount(area), share=found.amount(share))
    return [(found.words["about_restoration"], text + _lies(found, "restoration"))]


def _conservation(found: Found) -> list[Sentence]:
    area, share = found.one("conservation_area"), found.one("conservation_share")
    if area is None:
        return []
    ecosystems = found.with_values(found.ranked("conservation_ecosystem")[:4])
    text = found.say("conservation", area=found.amount(area), share=found.amount(share), ecosystems=ecosystems)
    told = [(found.words["about_conservation"], text + _lies(found, "conservation"))]
    kept = found.ranked("service_kept")
    if kept:
        told.append(found.sentence("kept", "kept", services=found.with_values(kept)))
    return told
