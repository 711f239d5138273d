"""Widgets for texts that name something known: a product of the catalogue, one of its layers, a coordinate system.

What is stored stays a text: an id, or what the user has typed. The widgets are made by QGIS: of one made here the
first Python object dies when QGIS hands out another, and its slots with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsProcessingContext,
    QgsProcessingParameterCrs,
    QgsProcessingParameterEnum,
    QgsProcessingParameterString,
)
from qgis.gui import (
    QgsAbstractProcessingParameterWidgetWrapper,
    QgsGui,
    QgsProcessingGui,
    QgsProcessingModelerParameterWidget,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QComboBox, QWidget

from ...core.prepare.catalogue.loader import products
from ...core.prepare.importing.run import AUTO
from ..compat import user_language
from ..translation import tr

Choice = tuple[str, str]  # an id and its words


class NamedText:
    """What the metadata of such a text name as its widget; the modeler keeps the one that QGIS has for texts."""

    def __new__(  # type: ignore[misc]  # QGIS calls a class, and the kind of the widget depends on the dialog
        cls, text: QgsProcessingParameterString, dialog: Any, row: int = 0, column: int = 0, names: str = ""
    ) -> QgsAbstractProcessingParameterWidgetWrapper | QgsProcessingModelerParameterWidget:
        kind = type(dialog).__name__
        if kind == "ModelerParametersDialog":
            registry = QgsGui.processingGuiRegistry()
            return registry.createModelerParameterWidget(dialog.model, dialog.childId or "", text, dialog.context)
        types = QgsProcessingGui.WidgetType
        wrappers = {"product": ProductBox, "layer": LayerBox, "crs": CrsBox}
        return wrappers[names](text, types.Batch if kind == "BatchAlgorithmDialog" else types.Standard)


class NameBox(QgsAbstractProcessingParameterWidgetWrapper):
    """A drop-down that shows words and gives ids; what is not in the list can be typed."""

    def choices(self) -> Sequence[Choice]:
        """What the list offers at this moment."""
        raise NotImplementedError

    def __init__(self, text: QgsProcessingParameterString, kind: Any) -> None:
        super().__init__(text, kind)
        self._twin = QgsProcessingParameterEnum(text.name(), text.description(), [AUTO])  # QGIS keeps a pointer
        self._inner = QgsGui.processingGuiRegistry().createParameterWidgetWrapper(self._twin, kind)

    def createWidget(self) -> QWidget:
        box = self._inner.createWrappedWidget(QgsProcessingContext())
        box.clear()
        box.setEditable(True)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(24)
        box.completer().setFilterMode(Qt.MatchFlag.MatchContains)
        self.fill(box)
        box.currentTextChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))
        return box

    def fill(self, box: QComboBox) -> None:
        """Offers the choices anew and keeps what is chosen."""
        chosen = _stored(box) if box.count() else AUTO
        box.blockSignals(True)
        box.clear()
        for row, (stored, words) in enumerate(self.choices()):
            box.addItem(words, stored)
            box.setItemData(row, stored, Qt.ItemDataRole.ToolTipRole)
        box.blockSignals(False)
        _choose(box, chosen)

    def setWidgetValue(self, value: Any, context: QgsProcessingContext) -> None:
        _choose(self.wrappedWidget(), str(value or AUTO))

    def widgetValue(self) -> str:
        return _stored(self.wrappedWidget())


def _stored(box: QComboBox) -> str:
    row = box.findText(box.currentText())
    return str(box.itemData(row)) if row >= 0 else box.currentText().strip()


def _choose(box: QComboBox, value: str) -> None:
    row = box.findData(value)
    if row >= 0:
        box.setCurrentIndex(row)
    else:
        box.setEditText(value)


class ProductBox(NameBox):
    """The products of the catalogue by title."""

    def choices(self) -> Sequence[Choice]:
        language = user_language()
        named = sorted((one.title.of(language), key) for key, one in products().items())
        return [(AUTO, tr("The only product that is there")), *((key, title) for title, key in named)]


class LayerBox(NameBox):
    """The layers of the product that is chosen."""

    _product = ""

    def choices(self) -> Sequence[Choice]:
        product = products().get(self._product)
        layers = product.layers.items() if product is not None else ()
        named = [(key, f"{one.title.of(user_language()) or key} ({key})") for key, one in layers]
        return [(AUTO, tr("That which the files hold, or the first of the product")), *named]

    def postInitialize(self, wrappers: Sequence[QgsAbstractProcessingParameterWidgetWrapper]) -> None:
        for wrapper in wrappers:
            if isinstance(wrapper, ProductBox):
                wrapper.widgetValueHasChanged.connect(lambda _, of=wrapper: self._follow(of))
                self._follow(wrapper)

    def _follow(self, product: ProductBox) -> None:
        self._product = product.widgetValue()
        self.fill(self.wrappedWidget())


class CrsBox(QgsAbstractProcessingParameterWidgetWrapper):
    """The widget of QGIS for coordinate systems; none is an empty text."""

    def __init__(self, text: QgsProcessingParameterString, kind: Any) -> None:
        super().__init__(text, kind)
        self._twin = QgsProcessingParameterCrs(text.name(), text.description(), None, True)  # QGIS keeps a pointer
        self._inner = QgsGui.processingGuiRegistry().createParameterWidgetWrapper(self._twin, kind)
        self._inner.widgetValueHasChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))

    def createWidget(self) -> QWidget:
        return self._inner.createWrappedWidget(QgsProcessingContext())

    def setWidgetValue(self, value: Any, context: QgsProcessingContext) -> None:
        self._inner.setParameterValue(value or None, context)

    def widgetValue(self) -> str:
        value = self._inner.parameterValue()
        if isinstance(value, QgsCoordinateReferenceSystem):
            return str(value.authid() or value.toWkt())
        return str(value or "")
