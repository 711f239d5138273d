"""Drop-downs that show words in the user's language where the ids of a choice are stored."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qgis.core import (
    QgsProcessingContext,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingParameterEnum,
)
from qgis.gui import (
    QgsAbstractProcessingParameterWidgetWrapper,
    QgsGui,
    QgsProcessingGui,
    QgsProcessingModelerParameterWidget,
)
from qgis.PyQt.QtCore import Qt
from qgis.PyQt.QtWidgets import QComboBox, QWidget

# Parameters, outputs of steps and kinds of data that the modeler offers for a choice, as QGIS does for its own.
COMPATIBLE: tuple[list[str], list[str], list[int]] = ["enum", "string", "number"], ["outputString", "outputNumber"], []
STATIC = QgsProcessingModelChildParameterSource.fromStaticValue(0).source()  # the enum lives elsewhere since 3.30


class Worded:
    """A choice, and its twin that shows words: an enum of QGIS that counts its options from 0."""

    def __init__(self, choice: QgsProcessingParameterEnum, words: Sequence[str]) -> None:
        self.ids = list(choice.options())
        self.twin = QgsProcessingParameterEnum(choice.name(), choice.description(), list(words), choice.allowMultiple())
        self.twin.setHelp(choice.help())
        self.twin.setFlags(choice.flags())
        self.twin.setDefaultValue(self.shown(choice.defaultValue()))

    def shown(self, value: Any) -> Any:
        """The numbers that the twin knows for ids; what is no id stays as it is."""
        if isinstance(value, (list, tuple)):
            return [self.shown(one) for one in value]
        if isinstance(value, str) and value not in self.ids and "," in value:
            return [self.shown(one.strip()) for one in value.split(",")]
        return self.ids.index(value) if value in self.ids else value

    def stored(self, value: Any) -> Any:
        """The ids of numbers."""
        if isinstance(value, (list, tuple)):
            return [self.stored(one) for one in value]
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < len(self.ids)
        return self.ids[int(value)] if is_number else value

    def name_ids(self, widget: QWidget) -> None:
        """Tells the id of each word where the mouse rests on it, for those who write commands."""
        boxes: Iterable[QComboBox] = [widget] if isinstance(widget, QComboBox) else widget.findChildren(QComboBox)
        for box in boxes:
            if box.count() == len(self.ids):
                for row, stored in enumerate(self.ids):
                    box.setItemData(row, stored, Qt.ItemDataRole.ToolTipRole)


class ChoiceWidget:
    """What the metadata of a choice name as its widget: QGIS calls it and gets one for the dialog, batch or modeler."""

    def __new__(  # type: ignore[misc]  # QGIS calls a class, and the kind of the widget depends on the dialog
        cls, choice: QgsProcessingParameterEnum, dialog: Any, row: int = 0, column: int = 0, words: Sequence[str] = ()
    ) -> QgsAbstractProcessingParameterWidgetWrapper | QgsProcessingModelerParameterWidget:
        worded = Worded(choice, words)
        kind = type(dialog).__name__
        if kind == "ModelerParametersDialog":
            return ModelerChoice(worded, dialog)
        types = QgsProcessingGui.WidgetType
        return DialogChoice(choice, worded, types.Batch if kind == "BatchAlgorithmDialog" else types.Standard, dialog)


class DialogChoice(QgsAbstractProcessingParameterWidgetWrapper):
    """The widget of QGIS for the twin, in a dialog or a row of a batch."""

    def __init__(self, choice: QgsProcessingParameterEnum, worded: Worded, kind: Any, dialog: Any) -> None:
        super().__init__(choice, kind)
        self._worded = worded
        self._inner = QgsGui.processingGuiRegistry().createParameterWidgetWrapper(worded.twin, kind)
        self._inner.setDialog(dialog)
        self._inner.widgetValueHasChanged.connect(lambda _: self.widgetValueHasChanged.emit(self))

    def createWidget(self) -> QWidget:
        widget = self._inner.createWrappedWidget(QgsProcessingContext())
        self._worded.name_ids(widget)
        return widget

    def setWidgetValue(self, value: Any, context: QgsProcessingContext) -> None:
        self._inner.setParameterValue(self._worded.shown(value), context)

    def widgetValue(self) -> Any:
        return self._worded.stored(self._inner.parameterValue())


class ModelerChoice(QgsProcessingModelerParameterWidget):
    """The widget of the modeler for the twin; inputs of the model, outputs of steps and expressions stay."""

    def __init__(self, worded: Worded, dialog: Any) -> None:
        model: QgsProcessingModelAlgorithm = dialog.model
        super().__init__(model, dialog.childId or "", worded.twin, dialog.context)
        self._worded = worded
        self.populateSources(*COMPATIBLE)
        self.setDialog(dialog)
        worded.name_ids(self)

    def setWidgetValue(self, value: Any) -> None:
        super().setWidgetValue([self._shown(one) for one in value] if isinstance(value, list) else self._shown(value))

    def value(self) -> Any:
        value = super().value()
        several = isinstance(value, list)
        told = [
            QgsProcessingModelChildParameterSource.fromStaticValue(self._worded.stored(one.staticValue()))
            if isinstance(one, QgsProcessingModelChildParameterSource) and one.source() == STATIC
            else one
            for one in (value if several else [value])
        ]
        return told if several else told[0]

    def _shown(self, value: Any) -> Any:
        if isinstance(value, QgsProcessingModelChildParameterSource) and value.source() == STATIC:
            return QgsProcessingModelChildParameterSource.fromStaticValue(self._worded.shown(value.staticValue()))
        return value
