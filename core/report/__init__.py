"""Reports: one HTML file that works offline, on screen and on paper.

A report is a tree of plain values (`blocks`); `write_report` turns it into a page.
"""

from __future__ import annotations

from .blocks import (
    Bars,
    Block,
    Chapter,
    ClassColour,
    Classes,
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
    Map,
    MapPicture,
    MethodReport,
    Paragraph,
    Parameters,
    Ramp,
    Report,
    Sankey,
    Series,
    Sources,
    TableBlock,
    about_this_run,
)
from .numbers import format_number, scaled
from .page import render_report, write_report
from .quicklook import QuickLook, quick_look

__all__ = [
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
    "Paragraph",
    "Parameters",
    "QuickLook",
    "Ramp",
    "Report",
    "Sankey",
    "Series",
    "Sources",
    "TableBlock",
    "about_this_run",
    "format_number",
    "quick_look",
    "render_report",
    "scaled",
    "write_report",
]
