"""What a report tells of the inputs of its run: every raster, and the classes with all that was taken for them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from ..errors import InputError
from ..messages import Message, told
from ..quantities import Words
from ..raster.dataset import short_name
from ..report import Chapter, Column, TableBlock
from ..report.blocks import Block, Cell
from ..report.names import told as told_name
from ..report.numbers import format_number
from ..report.texts import load_texts
from .record import Record
from .used import ClassColumn, Name, Used, UsedRaster
from .years import evidence_of


def inputs_chapter(record: Record, language: str) -> Chapter:
    """The chapter on inputs; without blocks where a run has read no raster."""
    words, used = load_texts(language), record.used
    blocks: list[Block] = [_rasters(record, words, language)] if used.rasters else []
    codes = _codes(used)
    if codes:
        blocks.append(_classes(words["inputs_classes"], "classes", (), codes, used, language))
        for number, (title, columns) in enumerate(used.coefficients.items(), start=1):
            blocks.append(_classes(_said(title, language), f"coefficients_{number}", columns, codes, used, language))
    return Chapter(words["inputs"], blocks, appendix=True)


def _rasters(record: Record, words: Mapping[str, str], language: str) -> TableBlock:
    used = record.used
    titles = ("input", "file", "band", "year", "told_by", "least", "median", "greatest", "unit", "left_out", "grid")
    columns = [
        Column(words[f"inputs_{title}"], kind="code" if title in ("band", "year") else "text") for title in titles
    ]
    rows = [_row(raster, record, words, language) for raster in used.rasters.values()]
    note = "" if all(raster.whole for raster in used.rasters.values()) else words["inputs_looked_at"]
    return TableBlock(words["inputs_rasters"], columns, rows, note, "inputs.csv")


def _row(raster: UsedRaster, record: Record, words: Mapping[str, str], language: str) -> list[Cell]:
    place, about = raster.place, "" if raster.whole else "≈ "
    layer_names = record.layer_names
    values = [about + format_number(v) if v is not None else "" for v in (raster.low, raster.median, raster.high)]
    unit = raster.unit
    if raster.codes:
        values, unit = [str(raster.codes[0]), "", str(raster.codes[-1])], words["inputs_codes"]
    resampling = raster.resampling
    return [
        told(place.label, language),
        short_name(place.path),
        place.band or 1,
        "" if place.year is None else place.year,
        _told_by(raster, layer_names, language),
        *values,
        unit,
        "; ".join(_left_out(raster, record.used, words)),
        words[f"inputs_{resampling}"] if resampling else words["inputs_on_grid"],
    ]


def _told_by(raster: UsedRaster, layer_names: Mapping[str, str], language: str) -> str:
    """What tells the year of a raster itself, and the year where that is another; "" where nothing does."""
    place = raster.place
    if place.year is None:
        return ""
    try:
        found = evidence_of(place.path, place.band or 1, layer_names.get(place.path, ""))
    except InputError:  # made for this run, and gone with it
        return ""
    if found is None:
        return ""
    by = told(found.told_by, language)
    return by if found.year == place.year else f"{by}: {found.year}"


def _left_out(raster: UsedRaster, used: Used, words: Mapping[str, str]) -> list[str]:
    """Why pixels of a raster do not count, apart from what it declares as nodata itself."""
    told = [
        words["inputs_fill"].format(value=f"{value:g}", pixels=pixels)
        for value, pixels in used.left_out.get(raster.place, {}).items()
    ]
    if raster.minimum is not None:
        told.append(words["inputs_below"].format(value=f"{raster.minimum:g}"))
    if raster.maximum is not None:
        told.append(words["inputs_above"].format(value=f"{raster.maximum:g}"))
    return told


def _codes(used: Used) -> tuple[int, ...]:
    """Codes of the land cover that occur; all of the scheme where a raster was not looked at as a whole."""
    cover = [raster for raster in used.rasters.values() if raster.land_cover]
    if not cover or not used.classes:
        return ()
    if not all(raster.whole for raster in cover):
        return tuple(used.classes)
    seen = {code for raster in cover for code in raster.codes}
    return tuple(code for code in used.classes if code in seen)


def _classes(
    title: str, file: str, given: tuple[ClassColumn, ...], codes: tuple[int, ...], used: Used, language: str
) -> TableBlock:
    """A row per class: code, name, ecosystem, and the given columns; those without a value are left away."""
    words = load_texts(language)
    texts = [any(isinstance(column.values.get(code), str) for code in codes) for column in given]
    columns = [
        Column(words["inputs_code"], kind="code"),
        Column(words["inputs_class"], kind="text"),
        Column(words["ecosystem"], kind="text"),
        *(Column(_said(c.title, language), c.unit, "text" if text else "number") for c, text in zip(given, texts)),
    ]
    rows = [
        [
            code,
            used.classes[code].name.of(language),
            told_name(words, used.classes[code].ecosystem),
            *(_cell(column.values.get(code), text) for column, text in zip(given, texts)),
        ]
        for code in codes
    ]
    return TableBlock(title, columns, rows, download=f"{file}.csv")


def _cell(value: Cell, text: bool) -> Cell:
    missing = value is None or (isinstance(value, float) and math.isnan(value))
    return ("" if text else None) if missing else value


def _said(name: Name, language: str) -> str:
    if isinstance(name, Message):
        return told(name, language)
    return name.of(language) if isinstance(name, Words) else name
