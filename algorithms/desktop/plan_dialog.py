"""Asks what a new plan map is to show: title, author, map theme, paper, districts, a page for each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qgis.core import QgsLayerTreeGroup, QgsProject, QgsSettings, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt.QtWidgets import QCheckBox, QComboBox, QDialog, QDialogButtonBox, QFormLayout, QLineEdit

from ..looks.landing import BETWEEN, OF_RUN
from ..looks.plan_layout import PAPERS, PlanPage
from ..translation import tr

WIDTH = 520  # px, so that a title can be read
AUTHOR, PAPER = "EcoAssets/author", "EcoAssets/paper"


class PlanDialog(QDialog):
    """Hands a page to `make` when it is accepted; the author and the paper are kept for the next time."""

    def __init__(self, project: QgsProject, make: Callable[[PlanPage], Any], parent: Any) -> None:
        super().__init__(parent)
        self._project, self._make, settings = project, make, QgsSettings()
        self.setWindowTitle(tr("New plan map"))
        self.setMinimumWidth(WIDTH)
        self.title = QLineEdit(usual_title(project))
        self.author = QLineEdit(settings.value(AUTHOR, "") or project.metadata().author())
        self.theme, self.paper, self.orientation = QComboBox(), QComboBox(), QComboBox()
        self.theme.addItem(tr("As on the screen"), "")
        for theme in project.mapThemeCollection().mapThemes():
            self.theme.addItem(theme, theme)
        self.paper.addItems(list(PAPERS))
        self.paper.setCurrentText(settings.value(PAPER, "A4"))
        self.orientation.addItem(tr("Landscape"), True)
        self.orientation.addItem(tr("Portrait"), False)
        self.districts, self.names = QComboBox(), QComboBox()
        self.atlas = QCheckBox(tr("A page for each district (atlas)"))
        self.districts.addItem(tr("None, only the map"), "")
        for layer in polygon_layers(project):
            self.districts.addItem(layer.name(), layer.id())
        self.districts.currentIndexChanged.connect(lambda _: self._offer_names())
        self.districts.setCurrentIndex(min(1, self.districts.count() - 1))
        self._offer_names()
        form = QFormLayout(self)
        for label, widget in (
            (tr("Title"), self.title),
            (tr("Author"), self.author),
            (tr("Map theme"), self.theme),
            (tr("Paper"), self.paper),
            (tr("Orientation"), self.orientation),
            (tr("Districts over the map"), self.districts),
            (tr("Names of the districts"), self.names),
        ):
            form.addRow(label, widget)
        form.addRow(self.atlas)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        form.addRow(buttons)

    def page(self) -> PlanPage:
        """What is asked for."""
        districts = self._project.mapLayer(self.districts.currentData() or "")
        return PlanPage(
            self.title.text().strip(),
            self.author.text().strip(),
            self.theme.currentData(),
            self.paper.currentText(),
            bool(self.orientation.currentData()),
            districts,
            self.names.currentData() or "",
            districts is not None and self.atlas.isChecked(),
        )

    def accept(self) -> None:
        settings = QgsSettings()
        settings.setValue(AUTHOR, self.author.text().strip())
        settings.setValue(PAPER, self.paper.currentText())
        super().accept()
        self._make(self.page())

    def _offer_names(self) -> None:
        layer = self._project.mapLayer(self.districts.currentData() or "")
        self.names.clear()
        self.names.addItem(tr("No names"), "")
        for field in layer.fields() if layer is not None else ():
            self.names.addItem(layer.attributeDisplayName(layer.fields().indexOf(field.name())), field.name())
        texts = [i for i, field in enumerate(layer.fields(), start=1) if not field.isNumeric()] if layer else []
        called = [i for i in texts if "name" in self.names.itemData(i).lower()]
        self.names.setCurrentIndex((called or texts or [0])[0])
        self.atlas.setEnabled(layer is not None)


def usual_title(project: QgsProject) -> str:
    """Method and place of the run on top of the layers, else the project's title."""
    for child in project.layerTreeRoot().children():
        if isinstance(child, QgsLayerTreeGroup) and child.customProperty(OF_RUN):
            return BETWEEN.join(child.name().split(BETWEEN)[:2])
    return str(project.title())


def polygon_layers(project: QgsProject) -> list[QgsVectorLayer]:
    """Those of the layer tree that may be districts: ticked ones first, results of runs last."""
    found = []
    for node in project.layerTreeRoot().findLayers():
        layer = node.layer()
        polygons = QgsWkbTypes.GeometryType.PolygonGeometry
        if isinstance(layer, QgsVectorLayer) and layer.isSpatial() and layer.geometryType() == polygons:
            found.append((bool(node.parent().customProperty(OF_RUN)), not node.itemVisibilityChecked(), layer))
    return [layer for *_, layer in sorted(found, key=lambda one: one[:2])]
