"""Reports: one HTML file that works offline, on screen and on paper.

A report is a tree of plain values (`blocks`); `write_report` turns it into a page.
"""

from __future__ import annotations

from .answers import Answer, Terms
from .blocks import (
    Bars,
    Block,
    Chapter,
    Column,
    Command,
    Figure,
    Figures,
    Flow,
    Heading,
    Heatmap,
    Interval,
    Intervals,
    LeftOutArea,
    LeftOutAreas,
    Lines,
    MethodReport,
    Paragraph,
    Parameters,
    Report,
    Sankey,
    Scatter,
    Series,
    Sources,
    TableBlock,
    about_this_run,
)
from .maps import ClassColour, Classes, Map, MapPicture, Outlines, Ramp
from .numbers import format_number, scaled
from .page import render_report, write_report
from .pictures.quicklook import QuickLook, quick_looks

__all__ = [
    "Answer",
    "Bars",
    "Block",
    "Chapter",
    "ClassColour",
    "Classes",
    "Column",
    "Command",
    "Figure",
    "Figures",
    "Flow",
    "Heading",
    "Heatmap",
    "Interval",
    "Intervals",
    "LeftOutArea",
    "LeftOutAreas",
    "Lines",
    "Map",
    "MapPicture",
    "MethodReport",
    "Outlines",
    "Paragraph",
    "Parameters",
    "QuickLook",
    "Ramp",
    "Report",
    "Sankey",
    "Scatter",
    "Series",
    "Sources",
    "TableBlock",
    "Terms",
    "about_this_run",
    "format_number",
    "quick_looks",
    "render_report",
    "scaled",
    "write_report",
]
