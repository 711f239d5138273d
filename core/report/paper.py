"""How charts stand on paper: half a column where that is enough to read them, and no higher than they need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch

from .blocks import Bars, Heatmap, Intervals, Lines, Sankey, Scatter

_USUAL = 260  # px, so that charts beside each other are alike
_MOST_BESIDE = 14  # bars side by side, and rows of a heat map, that half a column can hold
_MOST_NAMES = 8  # in a legend above half a column
_LONGEST_NAME = 24  # letters of a name beside half a column


@dataclass(frozen=True)
class OnPaper:
    """Height in pixels, and whether half the width of the paper is enough."""

    height: int
    half: bool = True


@singledispatch
def on_paper(block: object, height: int) -> OnPaper:
    """How a chart is printed that is `height` pixels high on screen."""
    return OnPaper(height, half=False)


@on_paper.register
def _bars(block: Bars, height: int) -> OnPaper:
    names, series = len(block.categories), len(block.series)
    few = series <= _MOST_NAMES and max(map(len, block.categories), default=0) <= _LONGEST_NAME
    if block.horizontal:
        thickness = 16 if block.stacked else max(16, 6 + 7 * series)
        return OnPaper(min(height, 90 + names * thickness), few)
    return OnPaper(min(height, _USUAL), few and names * (1 if block.stacked else series) <= _MOST_BESIDE)


@on_paper.register
def _lines(block: Lines, height: int) -> OnPaper:
    return OnPaper(min(height, _USUAL), len(block.series) <= _MOST_NAMES)


@on_paper.register
def _heatmap(block: Heatmap, height: int) -> OnPaper:
    labels = 40 + 4 * max(map(len, block.columns), default=0)
    return OnPaper(min(height, labels + (34 if block.texts else 22) * len(block.rows)), half=False)


@on_paper.register
def _sankey(block: Sankey, height: int) -> OnPaper:
    return OnPaper(min(height, 440), half=False)


@on_paper.register
def _intervals(block: Intervals, height: int) -> OnPaper:
    rows, series = len({item.label for item in block.items}), len({item.series for item in block.items})
    longest = max((len(item.label) for item in block.items), default=0)
    return OnPaper(min(height, 90 + rows * (14 + 8 * series)), series <= _MOST_NAMES and longest <= _LONGEST_NAME)


@on_paper.register
def _scatter(block: Scatter, height: int) -> OnPaper:
    return OnPaper(min(height, 90 + 28 * len(block.rows) if block.rows else _USUAL))
