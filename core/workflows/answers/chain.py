"""Sentences of the chain of driver methods: who leads since when, which group, where, how much, and where it turns."""

from __future__ import annotations

from ...report.telling import Sentence
from .found import Found

MOST_DRIVERS = 3


def chain(found: Found) -> list[Sentence]:
    """What the methods that were chosen beside the usual ones have found; nothing where none was."""
    return [*_leading(found), *_groups(found), *_local(found), *_importance(found)]


def _leading(found: Found) -> list[Sentence]:
    """The factor with the largest q in the last year, and since when it has led."""
    told = []
    for h in found.of("leading_factor"):
        key = "leading_since" if h.from_year != h.year else "leading_now"
        parts = {"driver": found.naming(h.subject), "q": found.amount(h), "first": h.from_year, "last": h.year}
        told.append(found.sentence("factors", key, **parts))
    return told


def _groups(found: Found) -> list[Sentence]:
    told = []
    for figure, key in (("group_q_share", "groups_of_q"), ("group_importance", "groups_of_importance")):
        ranked = found.ranked(figure)
        if len(ranked) > 1:
            told.append(found.sentence("factors", key, groups=found.with_values(ranked)))
    return told


def _local(found: Found) -> list[Sentence]:
    """The drivers that matter at most places, and the share of places where more of them means more."""
    told = []
    for name, h in found.ranked("local_significant")[:MOST_DRIVERS]:
        positive = found.one("local_positive", name)
        if (h.value or 0) > 0 and positive is not None:
            parts = {"driver": found.naming(name), "share": found.amount(h), "positive": found.amount(positive)}
            told.append(found.sentence("where_drivers", "local", **parts))
    return told


def _importance(found: Found) -> list[Sentence]:
    ranked = found.ranked("importance_share")
    if not ranked:
        return []
    told = [found.sentence("factors", "importance", drivers=found.with_values(ranked[:MOST_DRIVERS]))]
    here = [(name, h) for name, h in found.ranked("strongest_here") if (h.value or 0) > 0]
    if here:
        told.append(found.sentence("where_drivers", "strongest_here", drivers=found.with_values(here[:MOST_DRIVERS])))
    turns = [(name, h) for name, h in found.ranked("driver_threshold")]
    if turns:
        points = found.words["say_comma"].join(
            found.say("with_value", name=found.naming(name), value=found.number(h.value)) for name, h in turns
        )
        told.append(found.sentence("range", "thresholds", points=points))
    return told
