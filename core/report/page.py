"""Turns a report into one HTML file: template, charts, maps and tables in, whole file or nothing out."""

from __future__ import annotations

import base64
import csv
import io
import math
import os
import re
from collections.abc import Mapping
from functools import singledispatch
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote

from ..errors import OutputError
from ..handed_on import harmless
from ..messages import Message, say, told
from ..raster.files import PendingFile
from ..raster.statistics import stored_unit
from .answers import Answer, Terms
from .blocks import (
    Bars,
    Cell,
    Column,
    Command,
    Figures,
    Heading,
    Heatmap,
    Intervals,
    LeftOutAreas,
    Lines,
    Paragraph,
    Parameters,
    Report,
    Sankey,
    Scatter,
    Sources,
    TableBlock,
)
from .cells import readable
from .links import keep_rasters, raster_links
from .look import FONTS
from .maps import ClassColour, Map, PathLike, Ramp
from .numbers import DASH, column_decimals, format_number, is_missing, scaled, unit_decimals, unit_text
from .paper import on_paper
from .pictures.overlay import overlay, source_line
from .pictures.quicklook import QuickLook, quick_looks
from .pictures.sizes import BUDGET, across, picture_sizes
from .points import chart
from .table_words import provenance_words
from .texts import FOLDER, load_palettes, load_texts

MAX_ROWS = 500  # rows of a table that the page and the paper carry; the download carries all
FOLD_ABOVE, SHOWN_WHEN_FOLDED = 15, 10
MOST_BYTES = 2_500_000  # of a report, which is sent by mail
_PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
_SPARED, _LEAST_LEFT = 1.6, 0.2  # small pictures need more bytes for a pixel; and they must still be seen
_SCALE_BAR_SHARE = 0.3  # longest scale bar as a share of the picture


def write_report(report: Report, path: PathLike) -> None:
    """Writes a report as one self-contained HTML file; a failure leaves an older file as it was.

    Args:
        report: what to show; the rasters of its maps are read now.
        path: file to write.

    Raises:
        OutputError: the file cannot be written, or jinja2 is not installed.
        InputError: a raster, colour or language cannot be used.
    """
    kept = keep_rasters(report.chapters, os.fspath(path))
    folder = os.path.dirname(os.path.abspath(path))
    page = render_report(report, folder, kept)
    excess = len(page.encode("utf-8")) - MOST_BYTES
    if excess > 0:  # many tables leave less room for pictures
        pictures = sum(map(len, _PICTURE.findall(page)))
        left = 1 - _SPARED * excess / pictures if pictures else 1.0
        page = render_report(report, folder, kept, BUDGET * max(left, _LEAST_LEFT))
    with PendingFile(os.fspath(path)) as pending:
        pending.write(page)


def render_report(
    report: Report, folder: str = "", kept: Mapping[str, str] | None = None, budget: float = BUDGET
) -> str:
    """The HTML of a report, with links to the rasters of its maps as they are found from the folder of the file.

    `kept` tells where rasters lie that are shown from elsewhere; `budget` how many pixels all pictures may have.

    Raises:
        OutputError: jinja2 is not installed.
        InputError: a raster, colour or language cannot be used.
    """
    try:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined
    except ImportError as error:
        raise OutputError(
            say("Reports need the Python package {name}. Install it, or leave the report out.", name=error.name)
        ) from error

    words = SimpleNamespace(**load_texts(report.language))
    environment = Environment(
        loader=FileSystemLoader(str(FOLDER)),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: told(value, report.language) if isinstance(value, Message) else value,
    )
    charts: list[dict[str, Any]] = []
    chapters = []
    sizes = picture_sizes(report.chapters, budget)
    for chapter in report.chapters:
        views = [
            map_view(block, report.language, next(sizes))
            if isinstance(block, Map)
            else _numbered(view(block, report.language), charts)
            for block in chapter.blocks
        ]
        named = {chapter.title}
        for shown in views:
            _name_once(shown, named)
            if "rasters" in shown:
                shown["rasters"] = raster_links(shown["rasters"], folder, kept or {})
        chapters.append({"title": chapter.title, "views": views, "appendix": chapter.appendix})
    return environment.get_template("report.html.j2").render(
        report=report,
        words=words,
        chapters=chapters,
        charts=charts,
        fonts=FONTS,
        plotly_js=_plotly_js() if charts else "",
    )


def _name_once(shown: dict[str, Any], named: set[str]) -> None:
    """Leaves a heading or caption away that the chapter has told already, such as that of a chart above its table."""
    key = "text" if shown["kind"] == "heading" else "title"
    name = shown.get(key, "") if shown["kind"] != "paragraph" else ""
    shown["caption"] = "" if name in named else name
    named.add(name)


def _numbered(shown: dict[str, Any], charts: list[dict[str, Any]]) -> dict[str, Any]:
    """Gives a chart its number on the page and sets its figure aside for the script at the end."""
    if "figure" in shown:
        charts.append(shown.pop("figure"))
        shown["number"] = len(charts) - 1
    return shown


def _plotly_js() -> str:
    """The part of plotly.js that the charts need, which comes with the plugin."""
    # Inside a script element only its end tag could be misread.
    return (FOLDER / "plotly.min.js").read_text(encoding="utf-8").replace("</script", "<\\/script")


@singledispatch
def view(block: object, language: str) -> dict[str, Any]:
    """What the template needs to show a block: ``kind`` names the macro, the rest are ready-made texts."""
    raise TypeError(f"A report cannot hold {type(block).__name__}")


@view.register(Bars)
@view.register(Lines)
@view.register(Heatmap)
@view.register(Sankey)
@view.register(Intervals)
@view.register(Scatter)
def _chart(block: Any, language: str) -> dict[str, Any]:
    figure = chart(block, language)
    paper = on_paper(block, figure["layout"]["height"])
    return {
        "kind": "chart",
        "paper": paper,
        "title": block.title,
        "note": block.note,
        "height": figure["layout"]["height"],
        "figure": _without_nan(figure),
    }


def _without_nan(value: Any) -> Any:
    """JSON has no NaN; plotly reads null as a gap."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@view.register
def _answer(block: Answer, language: str) -> dict[str, Any]:
    return {"kind": "answer", "question": block.question, "sentences": block.sentences}


@view.register
def _terms(block: Terms, language: str) -> dict[str, Any]:
    return {"kind": "terms", "items": block.items}


@view.register
def _heading(block: Heading, language: str) -> dict[str, Any]:
    return {"kind": "heading", "text": block.text}


@view.register
def _paragraph(block: Paragraph, language: str) -> dict[str, Any]:
    return {"kind": "paragraph", "text": block.text}


@view.register
def _figures(block: Figures, language: str) -> dict[str, Any]:
    cards = []
    for item in block.items:
        text, unit = item.value, item.unit
        if isinstance(text, (int, float)):
            (value,), unit = scaled([float(text)], unit, language)
            text = format_number(value, unit_decimals(unit))
        cards.append(
            {
                "label": item.label,
                "value": DASH if text is None else text,
                "unit": unit,
                "note": item.note,
            }
        )
    return {"kind": "figures", "cards": cards}


@view.register
def _table(block: TableBlock, language: str) -> dict[str, Any]:
    words = load_texts(language)
    shown = list(block.rows[:MAX_ROWS])
    note = block.note
    if len(block.rows) > MAX_ROWS:
        cut = words["rows_cut_download" if block.download else "rows_cut"]
        note = " ".join(filter(None, (cut.format(shown=MAX_ROWS, count=len(block.rows)), note)))
    columns, texts = readable(block.columns, shown, language)
    folded = len(texts) > FOLD_ABOVE and not block.whole
    return {
        "kind": "table",
        "title": block.title,
        "columns": columns,
        "rows": texts[:SHOWN_WHEN_FOLDED] if folded else texts,
        "rest": texts[SHOWN_WHEN_FOLDED:] if folded else [],
        "show_all": words["show_all"].format(count=len(texts)),
        "folded_on_paper": words["rows_cut"].format(shown=SHOWN_WHEN_FOLDED, count=len(block.rows)),
        "note": note,
        "download": block.download,
        "data_uri": _csv_uri(block) if block.download else "",
    }


def _csv_uri(block: TableBlock) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([harmless(f"{c.title} ({c.unit})" if c.unit else c.title) for c in block.columns])
    writer.writerows([[_for_spreadsheets(cell) for cell in row] for row in block.rows])
    # The byte order mark tells spreadsheets that this is UTF-8.
    return "data:text/csv;charset=utf-8," + quote("\ufeff" + text.getvalue())


def _for_spreadsheets(cell: Cell) -> Cell:
    return "" if is_missing(cell) else harmless(cell) if isinstance(cell, str) else cell


def map_view(block: Map, language: str, size: int) -> dict[str, Any]:
    """What the template needs to show a map, its pictures at most so many pixels long."""
    looks = quick_looks(block.pictures, block.legend, size)
    in_row = across(len(block.pictures))
    pictures = [
        {
            "title": picture.title,
            "source": "data:image/png;base64," + base64.b64encode(look.png).decode("ascii"),
            "aspect": f"{look.aspect:.5f}",
            "coarse": max(look.size) < 200,
            "scale": scale_bar(look.width_m),
            "north_up": look.north_up,
            "overlay": _svg_uri(overlay(picture, block.outlines, block.graticule, in_row, look.aspect)),
        }
        for picture, look in zip(block.pictures, looks)
    ]
    legend = _ramp_legend(block, block.legend, looks[0], language) if isinstance(block.legend, Ramp) else None
    classes = [*looks[0].classes]
    if looks[0].others:
        classes.append(ClassColour(-1, load_texts(language)["other_classes"], load_palettes().other))
    if isinstance(block.legend, Ramp) and block.legend.greyed:
        classes.append(ClassColour(-1, block.legend.greyed, load_palettes().greyed))
    return {
        "kind": "map",
        "title": block.title,
        "note": block.note,
        "pictures": pictures,
        "across": in_row,
        "small": block.beside and len(block.pictures) == 1,
        "ramp": legend,
        "classes": classes,
        "told": source_line(block.pictures, load_texts(language)),
        "rasters": dict.fromkeys(os.fspath(picture.path) for picture in block.pictures),
    }


def _svg_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii") if svg else ""


def _ramp_legend(block: Map, ramp: Ramp, look: QuickLook, language: str) -> dict[str, Any]:
    words = load_texts(language)
    first = block.pictures[0]
    given = stored_unit(str(first.path), first.band) if ramp.unit is None else ramp.unit
    if look.low is None or look.high is None:
        return {
            "ticks": [],
            "unit": unit_text(given, language),
            "colours": "",
            "range": words["no_values"],
        }
    marks, unit = scaled(
        [look.low + (look.high - look.low) * part / 4 for part in range(5)],
        given,
        language,
    )
    decimals = column_decimals(marks)
    return {
        "ticks": [format_number(mark, decimals) for mark in marks],
        "unit": unit,
        "colours": ", ".join(getattr(load_palettes(), ramp.palette)),
        "range": words["range_percentile" if ramp.low is None or ramp.high is None else "range_given"],
    }


def scale_bar(width_m: float | None) -> tuple[float, str] | None:
    """Length of the scale bar in percent of the picture, and its text: 1, 2 or 5 times a power of ten."""
    if not width_m:
        return None
    longest = width_m * _SCALE_BAR_SHARE
    power = 10.0 ** math.floor(math.log10(longest))
    length = max(step * power for step in (1, 2, 5) if step * power <= longest)
    text = f"{format_number(length / 1000)} km" if length >= 1000 else f"{format_number(length)} m"
    return round(100 * length / width_m, 3), text


@view.register
def _parameters(block: Parameters, language: str) -> dict[str, Any]:
    words = load_texts(language)
    columns = [
        Column(words["parameter"], kind="text"),
        Column(words["value"], kind="text"),
    ]
    return _table(TableBlock(words["parameters"], columns, block.items), language)


@view.register
def _sources(block: Sources, language: str) -> dict[str, Any]:
    words = load_texts(language)
    fields = ("title", "source", "year", "unit", "region", "confidence")
    items = [provenance_words(item, language) for item in block.items]
    filled = [field for field in fields if any(getattr(item, field) for item in items)]
    columns = [Column(words["table" if field == "title" else field], kind="text") for field in filled]
    rows = [[getattr(item, field) or None for field in filled] for item in items]
    return _table(TableBlock(words["provenance"], columns, rows), language)


@view.register
def _left_out(block: LeftOutAreas, language: str) -> dict[str, Any]:
    words = load_texts(language)
    if not block.items:
        return {
            "kind": "statement",
            "title": words["left_out"],
            "text": words["nothing_left_out"],
        }
    columns = [
        Column(words["where"], kind="text"),
        Column(words["reason"], kind="text"),
        Column(words["area"], "ha"),
        Column(words["share"], "%"),
    ]
    rows = [[item.where, item.reason, item.area_ha, item.share_pct] for item in block.items]
    return _table(TableBlock(words["left_out"], columns, rows), language)


@view.register
def _command(block: Command, language: str) -> dict[str, Any]:
    return {"kind": "command", "lines": [re.split(r"(?= --\w)", line) for line in block.text.split("\n")]}
