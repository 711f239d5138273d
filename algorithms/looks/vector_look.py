"""How features land in the canvas: coloured by a number or a class, without outlines that would hide small cells."""

from __future__ import annotations

from dataclasses import dataclass, replace

from qgis.core import (
    Qgis,
    QgsCategorizedSymbolRenderer,
    QgsExpression,
    QgsFeatureRenderer,
    QgsGraduatedSymbolRenderer,
    QgsLayerTreeLayer,
    QgsProcessingContext,
    QgsProject,
    QgsRendererCategory,
    QgsRendererRange,
    QgsSingleSymbolRenderer,
    QgsSymbol,
    QgsVectorLayer,
    QgsWkbTypes,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtGui import QColor

from ...core.column_words import column_word
from ...core.report.numbers import unit_text
from ...core.report.texts import load_palettes, ramp_colour
from ..compat import user_language
from ..translation import tr
from .canvas import written
from .field_words import FieldWords, tell_fields
from .landing import dress_when_loaded
from .table_look import set_widths, tell_types

STEPS = 9
_BEYOND = 1e300  # what grey features have in place of their number
POINT_MM = 1.6
OUTLINE, OUTLINE_MM = "#4d4d4d", 0.1


@dataclass(frozen=True)
class FeatureClass:
    """A value of a field as a legend shows it."""

    value: str
    name: str
    colour: str


@dataclass(frozen=True)
class FeatureLook:
    """How a vector layer is shown.

    Attributes:
        name: of the layer.
        field: that is shown.
        low, high: range of the colours of a number; values beyond take the end colours.
        palette: `sequential` or `diverging`, of resources/report/palettes.yaml.
        unit: what the legend says behind numbers.
        classes: legend of a class; the range is not used then.
        year_field: the field of the year, for the temporal controller.
        colour: of all features; field and range are not used then.
        outlined: whether polygons keep a thin outline, because neighbours of one class are still two.
        open_ends: whether values lie beyond the range, so that its ends are named as open.
        greyed: a field that holds 0 where a number is grey because it is not significant.
        own: whether all fields are the plugin's own, though a file of polygons brings them, and are told in words.
        others: further looks of the same layer, which its menu Styles offers under the words for their fields.
    """

    name: str
    field: str
    low: float = 0.0
    high: float = 1.0
    palette: str = "sequential"
    unit: str = ""
    classes: tuple[FeatureClass, ...] = ()
    year_field: str = ""
    colour: str = ""
    outlined: bool = False
    open_ends: bool = False
    greyed: str = ""
    own: bool = False
    others: tuple[FeatureLook, ...] = ()

    @property
    def legend(self) -> dict[str, dict[str, str]]:
        """What the codes of its field are called."""
        return {self.field: {one.value: one.name for one in self.classes}} if self.classes else {}


def named_for(title: str, field: str) -> str:
    """The name of a layer that shows one variable of several."""
    return tr("{title}: {field}", title=title, field=column_word(field, user_language()))


def dress_features_when_loaded(
    context: QgsProcessingContext, layer_id: str, words: FieldWords, look: FeatureLook | None = None
) -> None:
    """Has the layer styled, and its fields told in words, once QGIS has loaded it; a table has no look but a name.

    Does nothing where it will not be loaded.
    """
    if not context.willLoadLayerOnCompletion(layer_id):
        return
    name = context.layerToLoadOnCompletionDetails(layer_id).name

    def dress(layer: QgsVectorLayer, _: QgsProject) -> QgsLayerTreeLayer:
        tell_types(layer, words.texts)
        tell_fields(layer, words)  # before the look, for its further styles are copies
        set_widths(layer, words)
        if look is not None:
            show_features(layer, look)
        else:
            layer.setName(name)
        return QgsLayerTreeLayer(layer)

    dress_when_loaded(context, layer_id, dress)


def show_features(layer: QgsVectorLayer, look: FeatureLook) -> None:
    """Name, renderer and time of a loaded layer. Of several years the last is drawn, unless the controller plays."""
    layer.setName(look.name)
    if layer.geometryType() != QgsWkbTypes.GeometryType.NullGeometry:
        layer.setRenderer(_renderer(layer, look))
        _offer_styles(layer, look)
    if look.year_field:
        _set_time(layer, look.year_field)
    layer.triggerRepaint()


def _offer_styles(layer: QgsVectorLayer, look: FeatureLook) -> None:
    if not look.others:
        return
    styles = layer.styleManager()
    shown = styles.currentStyle()
    for other in look.others:
        named = column_word(other.field, user_language())
        styles.addStyleFromLayer(named)
        styles.setCurrentStyle(named)
        layer.setRenderer(_renderer(layer, replace(other, year_field=look.year_field)))
    styles.setCurrentStyle(shown)
    styles.renameStyle(shown, column_word(look.field, user_language()))


def _renderer(layer: QgsVectorLayer, look: FeatureLook) -> QgsFeatureRenderer:
    if look.colour:
        return QgsSingleSymbolRenderer(_symbol(layer, look.colour, look.outlined))
    return _classes(layer, look) if look.classes else _ramp(layer, look)


def _classes(layer: QgsVectorLayer, look: FeatureLook) -> QgsFeatureRenderer:
    return QgsCategorizedSymbolRenderer(
        _drawn(layer, look),
        [QgsRendererCategory(c.value, _symbol(layer, c.colour, look.outlined), c.name) for c in look.classes],
    )


def _ramp(layer: QgsVectorLayer, look: FeatureLook) -> QgsFeatureRenderer:
    stops = getattr(load_palettes(), look.palette)
    width = (look.high - look.low) / STEPS
    unit, ranges = unit_text(look.unit, user_language()), []
    for step in range(STEPS):
        low, high = look.low + step * width, look.low + (step + 1) * width
        label = f"{written(low)} – {written(high)} {unit}".strip()
        if look.open_ends and step in (0, STEPS - 1):
            label = f"< {written(high)} {unit}".strip() if step == 0 else f"> {written(low)} {unit}".strip()
        lowest = float("-inf") if step == 0 else low
        highest = float("inf") if step == STEPS - 1 else high
        symbol = _symbol(layer, ramp_colour(stops, step / (STEPS - 1)))
        ranges.append(QgsRendererRange(lowest, highest, symbol, label))
    if look.greyed:  # the first range that holds a value is taken
        grey = _symbol(layer, load_palettes().greyed)
        ranges.insert(0, QgsRendererRange(_BEYOND, _BEYOND, grey, tr("Not significant")))
    return QgsGraduatedSymbolRenderer(_drawn(layer, look), ranges)


def _drawn(layer: QgsVectorLayer, look: FeatureLook) -> str:
    """The expression of what is drawn: features of all years lie at the same places."""
    field = f'"{look.field}"'
    if look.greyed:
        field = f'if("{look.greyed}" = 0 and {field} is not null, {_BEYOND:g}, {field})'
    last = layer.maximumValue(layer.fields().lookupField(look.year_field)) if look.year_field else None
    if last is None:
        return field
    shown = f'"{look.year_field}" = {QgsExpression.quotedValue(last)}'
    return f"if(@map_start_time is not null or {shown}, {field}, null)"


def _symbol(layer: QgsVectorLayer, colour: str, outlined: bool = False) -> QgsSymbol:
    symbol = QgsSymbol.defaultSymbol(layer.geometryType())
    symbol.setColor(QColor(colour))
    part = symbol.symbolLayer(0)
    if layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry and outlined:
        part.setStrokeColor(QColor(OUTLINE))
        part.setStrokeWidth(OUTLINE_MM)
    elif layer.geometryType() == QgsWkbTypes.GeometryType.PolygonGeometry:
        part.setStrokeStyle(Qt.PenStyle.NoPen)
    elif layer.geometryType() == QgsWkbTypes.GeometryType.PointGeometry:
        symbol.setSize(POINT_MM)
        part.setStrokeStyle(Qt.PenStyle.NoPen)
    return symbol


def _set_time(layer: QgsVectorLayer, field: str) -> None:
    time = layer.temporalProperties()
    time.setMode(Qgis.VectorTemporalMode.FeatureDateTimeStartAndEndFromExpressions)
    time.setStartExpression(f'make_datetime("{field}", 1, 1, 0, 0, 0)')
    time.setEndExpression(f'make_datetime("{field}", 12, 31, 23, 59, 59)')
    time.setIsActive(True)
