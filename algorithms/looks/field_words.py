"""How attribute tables and forms speak: heads in words with units, ids as what they are called, numbers rounded.

What the table holds stays as it is; only the layer in the project says it in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qgis.core import QgsEditorWidgetSetup, QgsFields, QgsVectorLayer

from ...core.report.away.result_book import NamedTable
from ...core.report.numbers import decimals_for
from ...core.report.table_words import column_head, value_word
from ...core.results import Cell, Column

MOST_VALUES = 500  # of a column whose ids are told in words
_MOST_DECIMALS = 6
_SMALL = 0.1  # the part of the numbers that may lose digits so that the others are short


@dataclass(frozen=True)
class FieldWords:
    """What fields of a layer are called, and how their values read.

    Attributes:
        heads: words of each field, "" where it is the user's own.
        values: words of the values of each field by what it holds; empty where they stay.
        decimals: digits after the point of each field; None where it holds no broken numbers.
        texts: names of the fields that hold texts.
    """

    heads: tuple[str, ...]
    values: tuple[Mapping[str, str], ...]
    decimals: tuple[int | None, ...] = field(default=())
    texts: tuple[str, ...] = ()


def field_words(
    told: NamedTable,
    columns: Sequence[Column] | QgsFields,
    language: str,
    currency: str,
    names: Mapping[str, str],
    classes: Mapping[str, Mapping[str, str]],
    own: bool = False,
) -> FieldWords:
    """The words of a table.

    Args:
        told: the table, or its first rows.
        columns: as they were declared; fields that were copied from the user's layers keep their names.
        language: of QGIS.
        currency: what ``currency`` in units stands for.
        names: of what tables name otherwise, such as land-cover classes.
        classes: legend by field: what its codes are called.
        own: whether copied fields are the plugin's own all the same.
    """
    own = own or not isinstance(columns, QgsFields)
    cells = list(zip(*told.table.rows)) or [()] * len(told.table.columns)
    heads, values, decimals = [], [], []
    for column, of_column in zip(told.table.columns, cells):
        legend = classes.get(column.name, {})
        heads.append(column_head(column, language, currency) if own or legend else "")
        words = legend or (_words(column, of_column, language, names) if own else {})
        values.append(words)
        decimals.append(decimals_of(of_column) if column.kind == "number" and not words else None)
    texts = tuple(column.name for column in told.table.columns if column.kind == "text")
    return FieldWords(tuple(heads), tuple(values), tuple(decimals), texts)


def _words(column: Column, cells: Sequence[Cell], language: str, names: Mapping[str, str]) -> dict[str, str]:
    """Words of all values of a column, the user's own as they are; empty where there is nothing to say."""
    found = {str(value): value_word(column.name, value, language, names) for value in cells if value is not None}
    if len(found) > MOST_VALUES or not any(found.values()):
        return {}
    return {value: words or value for value, words in found.items()}


def decimals_of(cells: Sequence[Cell]) -> int | None:
    """Digits that show all but the smallest tenth of the numbers of a column; None where all are whole."""
    sizes = sorted(abs(float(v)) for v in cells if isinstance(v, (int, float)) and math.isfinite(v) and v != 0)
    if all(size == int(size) for size in sizes):
        return 0 if sizes else None
    small = sizes[int(_SMALL * len(sizes))]
    return min(max(decimals_for(sizes[-1]), decimals_for(small) - 2, 2), _MOST_DECIMALS)


def tell_fields(layer: QgsVectorLayer, words: FieldWords) -> None:
    """Gives the fields of a layer their words; a key that the file format puts before them is left."""
    first = layer.fields().count() - len(words.heads)
    if first < 0:
        return
    for place, (head, values, decimals) in enumerate(zip(words.heads, words.values, words.decimals), start=first):
        if head:
            layer.setFieldAlias(place, head)
        if values:
            entries = [{name: value} for value, name in _distinct(values).items()]
            layer.setEditorWidgetSetup(place, QgsEditorWidgetSetup("ValueMap", {"map": entries}))
        elif decimals is not None and layer.fields().at(place).isNumeric():
            config = {"Precision": decimals, "AllowNull": True, "Style": "SpinBox", "Step": 10.0**-decimals}
            layer.setEditorWidgetSetup(place, QgsEditorWidgetSetup("Range", config))


def _distinct(values: Mapping[str, str]) -> dict[str, str]:
    """Ids that share a word keep themselves beside it, for the list of a form goes by words."""
    shown = list(values.values())
    return {value: name if shown.count(name) == 1 else f"{name} ({value})" for value, name in values.items()}
