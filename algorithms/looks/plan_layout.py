"""A page for printing the map at hand: title, map, legend, scale, north arrow."""

from __future__ import annotations

from qgis.core import (
    QgsLayoutItemLegend,
    QgsLayoutItemMap,
    QgsMapSettings,
    QgsPrintLayout,
    QgsProject,
    QgsReadWriteContext,
)
from qgis.PyQt.QtXml import QDomDocument

from ...core.resources import RESOURCES
from ..translation import tr
from .plan_legend import fit_legend

TEMPLATE = RESOURCES / "layouts" / "plan_map.qpt"
MARGIN_MM = 10


def add_plan_layout(project: QgsProject, view: QgsMapSettings) -> QgsPrintLayout:
    """Adds a print layout from the template to a project, its map on the extent and in the CRS of a view."""
    manager = project.layoutManager()
    layout = QgsPrintLayout(project)
    layout.initializeDefaults()
    document = QDomDocument()
    document.setContent(TEMPLATE.read_text(encoding="utf-8"))
    layout.loadFromTemplate(document, QgsReadWriteContext())
    layout.setName(_free_name(project))
    page_map = next(item for item in layout.items() if isinstance(item, QgsLayoutItemMap))
    page_map.setCrs(view.destinationCrs())
    page_map.zoomToExtent(view.visibleExtent())
    legend = next(item for item in layout.items() if isinstance(item, QgsLayoutItemLegend))
    page = layout.pageCollection().page(0)
    fit_legend(legend, page.rect().height() - legend.pos().y() - MARGIN_MM)
    layout.refresh()
    manager.addLayout(layout)
    return layout


def _free_name(project: QgsProject) -> str:
    taken = {layout.name() for layout in project.layoutManager().layouts()}
    name, number = tr("Plan map"), 1
    while name in taken:
        number += 1
        name = f"{tr('Plan map')} {number}"
    return name
