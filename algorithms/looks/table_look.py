"""Tables of text files as layers: numbers as numbers, and columns as wide as their heads and cells."""

from __future__ import annotations

from collections.abc import Collection

from qgis.core import QgsDataProvider, QgsFeatureRequest, QgsVectorLayer
from qgis.PyQt.QtCore import QCoreApplication
from qgis.PyQt.QtGui import QFont, QFontMetrics, QGuiApplication

from .field_words import FieldWords

# A text file says nothing of types, so that its reader has to guess them.
_TYPED = "|option:AUTODETECT_TYPE=YES|option:AUTODETECT_SIZE_LIMIT=0"
# QGIS writes texts that look like numbers in quotes, but whole numbers as well.
_QUOTED_TEXTS = "|option:QUOTED_FIELDS_AS_STRING=YES"
_ROWS = 200  # whose cells are measured
_MARGIN, _MOST = 28, 420  # pixels; beside the text stands the arrow of sorting


def tell_types(layer: QgsVectorLayer, texts: Collection[str]) -> None:
    """Reads a text file anew with the types of its columns; its values stay as the file has them.

    Args:
        layer: of the file.
        texts: names of columns whose digits are names, such as zone 001; whole numbers are texts then, too.
    """
    source, options = layer.source(), QgsDataProvider.ProviderOptions()
    if layer.providerType() != "ogr" or not source.lower().endswith(".csv"):
        return
    layer.setDataSource(source + _TYPED, layer.name(), "ogr", options)
    if any(field.isNumeric() and field.name() in texts for field in layer.fields()):
        layer.setDataSource(source + _TYPED + _QUOTED_TEXTS, layer.name(), "ogr", options)


def set_widths(layer: QgsVectorLayer, words: FieldWords) -> None:
    """Makes the columns of the attribute table as wide as what they show."""
    if not isinstance(QCoreApplication.instance(), QGuiApplication):
        return
    font, bold = QFont(), QFont()
    bold.setBold(True)
    of_cells, of_heads = QFontMetrics(font), QFontMetrics(bold)
    fields, rows = layer.fields(), list(layer.getFeatures(QgsFeatureRequest().setLimit(_ROWS)))
    first = fields.count() - len(words.heads)
    config = layer.attributeTableConfig()
    config.update(fields)
    columns = config.columns()
    for column in columns:
        place = fields.indexOf(column.name)
        if place < 0:
            continue
        told = words.values[place - first] if place >= first else {}
        digits = words.decimals[place - first] if place >= first else None
        texts = {_text(row[place], digits) for row in rows} | set(told.values())
        widest = max(map(of_cells.horizontalAdvance, texts), default=0)
        column.width = min(max(widest, of_heads.horizontalAdvance(layer.attributeDisplayName(place))) + _MARGIN, _MOST)
    config.setColumns(columns)
    layer.setAttributeTableConfig(config)


def _text(value: object, digits: int | None) -> str:
    return f"{value:,.{digits}f}" if isinstance(value, float) and digits is not None else str(value)
