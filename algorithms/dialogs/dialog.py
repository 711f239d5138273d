"""The dialog of Processing, with sections where it is long and a line that tells what is missing or odd."""

from __future__ import annotations

from typing import Any

from processing.gui.AlgorithmDialog import AlgorithmDialog
from processing.gui.ParametersPanel import ParametersPanel
from qgis.core import QgsProcessingParameterDefinition
from qgis.PyQt.QtWidgets import QCheckBox, QLabel, QLineEdit, QScrollArea, QWidget

from ..translation import tr
from .inputs_line import InputsLine
from .sections import RESULTS, in_sections, section_title

LONG = 8  # inputs that are not folded away, from which on a dialog has sections
BESIDE_LABELS, WIDEST = 60, 640  # pixels: margins and scroll bar; what a small screen has beside the help


class MethodDialog(AlgorithmDialog):
    """What opens from the toolbox, the menus and scripts. A batch and the modeler have dialogs of their own."""

    def __init__(self, algorithm: Any, parent: QWidget | None = None) -> None:
        super().__init__(algorithm, parent=parent)

    def getParametersPanel(self, algorithm: Any, parent: QWidget) -> MethodPanel:
        return MethodPanel(parent, algorithm)

    def setParameters(self, parameters: dict[str, Any]) -> None:
        super().setParameters(parameters)
        self.mainWidget().line.parameters_set(parameters)


class MethodPanel(ParametersPanel):
    """The panel of Processing. It hands over widget by widget, which are put in place section by section at the end."""

    def initWidgets(self) -> None:
        self._inputs: list[tuple[QgsProcessingParameterDefinition, QWidget, int | None]] = []
        self._outputs: list[tuple[QWidget, int | None]] = []
        super().initWidgets()
        named = {definition.name(): definition for definition, *_ in self._inputs}
        is_workflow = self.algorithm().groupId() == "workflows"
        advanced = QgsProcessingParameterDefinition.Flag.FlagAdvanced
        is_long = sum(not definition.flags() & advanced for definition in named.values()) >= LONG
        if is_workflow and named:
            self._place_text(next(iter(named.values())), self.algorithm().shortDescription())
        for section, names in in_sections(named.values(), is_long):
            if section:
                self._place_text(named[names[0]], f"<b>{section_title(section)}</b>")
            for definition, widget, stretch in self._inputs:
                if definition.name() in names:
                    self._place(definition, widget, stretch)
        if is_long:
            super().addOutputLabel(_text(f"<b>{section_title(RESULTS)}</b>"))
        for widget, stretch in self._outputs:
            self._place_output(widget, stretch)
        self._inputs, self._outputs = [], []
        self._tell_places()
        self._make_room()
        self.line = InputsLine(self)
        self.layout().addWidget(self.line)

    def _tell_places(self) -> None:
        """Where files of a workflow go, which neither "skip" nor "temporary" tells."""
        for name, file in self.algorithm().BESIDE.items():
            field = self.wrappers[name].wrappedWidget().findChild(QLineEdit)
            field.setPlaceholderText(tr("[{file} in the folder of results]", file=file))

    def _make_room(self) -> None:
        """So that the dialog opens wide enough for its longest label, within reason."""
        area = self.findChild(QScrollArea)
        words = [one for one in self.findChildren((QLabel, QCheckBox)) if not getattr(one, "wordWrap", bool)()]
        widest = max((one.sizeHint().width() for one in words), default=0)
        area.setMinimumWidth(min(widest + BESIDE_LABELS, WIDEST))

    def addParameterLabel(self, definition: QgsProcessingParameterDefinition, label: QWidget) -> None:
        self._inputs.append((definition, label, None))

    def addParameterWidget(
        self, definition: QgsProcessingParameterDefinition, widget: QWidget, stretch: int = 0
    ) -> None:
        self._inputs.append((definition, widget, stretch))

    def addOutputLabel(self, label: QWidget) -> None:
        self._outputs.append((label, None))

    def addOutputWidget(self, widget: QWidget, stretch: int = 0) -> None:
        self._outputs.append((widget, stretch))

    def _place(self, definition: QgsProcessingParameterDefinition, widget: QWidget, stretch: int | None) -> None:
        if stretch is None:
            super().addParameterLabel(definition, widget)
        else:
            super().addParameterWidget(definition, widget, stretch)

    def _place_output(self, widget: QWidget, stretch: int | None) -> None:
        if stretch is None:
            super().addOutputLabel(widget)
        else:
            super().addOutputWidget(widget, stretch)

    def _place_text(self, definition: QgsProcessingParameterDefinition, text: str) -> None:
        super().addParameterWidget(definition, _text(text), 0)


def _text(text: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setContentsMargins(0, 10, 0, 0)
    return label
