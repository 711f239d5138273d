"""How large the pictures of a report's maps are, so that a report with many of them can still be sent by mail."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

from ..blocks import Chapter
from ..maps import Map

# Pixels of all pictures of a report: a pixel takes about half a byte, and two thirds of one as text in the page.
BUDGET = 1_100_000
_OF_RESULTS = 0.75  # part of it that maps outside the appendix may take
_WISHED = {1: 640, 2: 460, 3: 330}  # longer side in pixels by pictures in a row
_SMALLEST = 120


def across(pictures: int) -> int:
    """How many pictures stand in a row."""
    return {1: 1, 2: 2, 4: 2}.get(pictures, 3)


def picture_sizes(chapters: Sequence[Chapter], budget: float = BUDGET) -> Iterator[int]:
    """The longer side in pixels for the pictures of each map, in the order of the report.

    Maps of the results come first: those of the appendix share what is left.
    """
    results = _pixels(chapter for chapter in chapters if not chapter.appendix)
    appendix = _pixels(chapter for chapter in chapters if chapter.appendix)
    of_results = min(1.0, budget * (_OF_RESULTS if appendix else 1.0) / (results or 1.0))
    of_appendix = min(1.0, (budget - results * of_results) / (appendix or 1.0))
    smallest = int(_SMALLEST * math.sqrt(min(1.0, budget / BUDGET)))
    for chapter in chapters:
        share = of_appendix if chapter.appendix else of_results
        for block in _maps(chapter):
            yield max(smallest, int(_wished(block) * math.sqrt(share)))


def _maps(chapter: Chapter) -> list[Map]:
    return [block for block in chapter.blocks if isinstance(block, Map)]


def _wished(block: Map) -> int:
    return _WISHED[2 if block.beside and len(block.pictures) == 1 else across(len(block.pictures))]


def _pixels(chapters: Iterable[Chapter]) -> float:
    """Of all pictures, were they as large as one would like."""
    return math.fsum(len(block.pictures) * _wished(block) ** 2 for chapter in chapters for block in _maps(chapter))
