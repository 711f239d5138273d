"""Where the layers of a run land: one group on top of the tree, its main map shown, everything else folded away."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import gcd
from uuid import uuid4

from qgis.core import (
    QgsCoordinateTransform,
    QgsDateTimeRange,
    QgsInterval,
    QgsLayerTreeGroup,
    QgsLayerTreeLayer,
    QgsLayerTreeNode,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeedback,
    QgsProcessingLayerPostProcessorInterface,
    QgsProject,
    QgsRasterLayer,
    QgsUnitTypes,
)
from qgis.PyQt.QtCore import QDate, QDateTime, QTime, QTimer

from .outlines import Outlines, first_place

SERIES = "ecoassets/series"  # marks a group whose layers are the years, or bands, of one thing
OF_RUN = "ecoassets/run"  # holds the key of the run whose layers a group holds
RANK = "ecoassets/rank"  # the place of an output in its group
BETWEEN = " · "
AROUND = 1.2  # what lies within so much more than a map is seen through its holes alone

# Styles a loaded layer and gives its new place in the tree.
Dress = Callable[[QgsMapLayer, QgsProject], QgsLayerTreeNode]


@dataclass(frozen=True)
class RunGroup:
    """The group of a run; it is made when the first layer lands.

    Attributes:
        name: method, place and time.
        outlines: that lie over its main map.
        sources: of its layers.
        key: tells it from the groups of other runs, whatever the user calls them later.
    """

    name: str
    outlines: Outlines | None = None
    sources: tuple[str, ...] = ()
    key: str = field(default_factory=lambda: uuid4().hex)

    def node(self, project: QgsProject) -> QgsLayerTreeGroup:
        """The group, made on top of the tree, below outlines alone; the groups of earlier runs are folded then."""
        root = project.layerTreeRoot()
        runs = {group.customProperty(OF_RUN): group for group in root.findGroups(True) if group.customProperty(OF_RUN)}
        if self.key in runs:
            return runs[self.key]
        for earlier in runs.values():
            earlier.setExpanded(False)
        group = root.insertGroup(first_place(root, self.sources), self.name)
        group.setCustomProperty(OF_RUN, self.key)
        return group


class Landing(QgsProcessingLayerPostProcessorInterface):
    """What becomes of a layer once QGIS has loaded it.

    Attributes:
        run: the group that it goes to.
        rank: its place there; the layer of the lowest rank is the main map.
    """

    def __init__(self, dress: Dress) -> None:
        super().__init__()
        self._dress, self.done = dress, False
        self.run: RunGroup | None = None
        self.rank = 0

    def postProcessLayer(
        self, layer: QgsMapLayer, context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> None:
        project = context.project() or QgsProject.instance()
        node = self._dress(layer, project)
        if self.run is not None and project.layerTreeRoot().findLayer(layer.id()) is not None:
            _land(layer, node, self.run, self.rank, project)
        self.done = True


_WAITING: list[Landing] = []


def dress_when_loaded(context: QgsProcessingContext, source: str, dress: Dress) -> None:
    """Has a layer dressed once QGIS has loaded it. Does nothing where it will not be loaded."""
    if not context.willLoadLayerOnCompletion(source):
        return
    landing = Landing(dress)
    # QGIS holds only a pointer: without a reference of ours the landing would be gone before its turn.
    _WAITING[:] = [waiting for waiting in _WAITING if not waiting.done] + [landing]
    context.layerToLoadOnCompletionDetails(source).setPostProcessor(landing)


def land_together(context: QgsProcessingContext, sources: Iterable[str], run: RunGroup) -> None:
    """Has those of some layers that will be loaded land in one group, the first on top. The last call holds."""
    loaded = tuple(source for source in sources if context.willLoadLayerOnCompletion(source))
    run = replace(run, sources=loaded)
    for rank, source in enumerate(loaded):
        details = context.layerToLoadOnCompletionDetails(source)
        if details.postProcessor() is None:
            dress_when_loaded(context, source, _named(details.name))
        landing = details.postProcessor()
        if isinstance(landing, Landing):
            landing.run, landing.rank = run, rank


def _named(name: str) -> Dress:
    """Tables are called by what they hold in the language of QGIS, as maps are, whatever their files are called."""

    def dress(layer: QgsMapLayer, _: QgsProject) -> QgsLayerTreeNode:
        layer.setName(name)
        return QgsLayerTreeLayer(layer)

    return dress


def _land(layer: QgsMapLayer, node: QgsLayerTreeNode, run: RunGroup, rank: int, project: QgsProject) -> None:
    group = run.node(project)
    before = next(n for n in project.layerTreeRoot().findLayers() if n.layerId() == layer.id() and n is not node)
    node.setCustomProperty(RANK, rank)
    node.setExpanded(False)  # before it goes in: the tree view does not fold what has no legend yet
    place = sum(int(child.customProperty(RANK, 0)) < rank for child in group.children())
    group.insertChildNode(place, node)
    _leave(before, project)
    for position, child in enumerate(group.children()):
        shown = position == 0 and any(one.isSpatial() for one in _layers(child))
        child.setItemVisibilityChecked(shown)
        child.setExpanded(shown)
    if place == 0:
        _show(_layers(node), project)
    if place == 0 and layer.isSpatial():
        _hide_below(layer, group, project)
        if run.outlines is not None:
            run.outlines.lay(project, group)
    _settle(project, run.key)


def _leave(node: QgsLayerTreeLayer, project: QgsProject) -> None:
    """Takes a layer from where QGIS put it. What showed the same file before shows the old state no more: it goes."""
    parent, source = node.parent(), node.layer().source()
    parent.removeChildNode(node)
    while parent.customProperty(SERIES) and parent.parent().customProperty(SERIES):
        parent = parent.parent()
    if parent.customProperty(SERIES):
        stale = [one.layerId() for one in parent.findLayers() if one.layer() and one.layer().source() == source]
        if len(stale) == len(parent.findLayers()):
            run = parent.parent()
            run.removeChildNode(parent)
            project.removeMapLayers(stale)
            parent = run
    if parent.customProperty(OF_RUN) and not parent.children():
        parent.parent().removeChildNode(parent)


def _hide_below(main: QgsMapLayer, group: QgsLayerTreeGroup, project: QgsProject) -> None:
    """Unticks rasters of files that would be seen through the holes of a main map alone, as if they were part of it."""
    if not isinstance(main, QgsRasterLayer):
        return
    around = main.extent()
    around.scale(AROUND)
    for node in project.layerTreeRoot().findLayers():
        layer = node.layer()
        is_file = isinstance(layer, QgsRasterLayer) and layer.providerType() == "gdal"
        if not is_file or not node.isVisible() or _ancestor(node, OF_RUN) is group:
            continue
        to_main = QgsCoordinateTransform(layer.crs(), main.crs(), project)
        to_main.setBallparkTransformsAreAppropriate(True)
        if around.contains(to_main.transformBoundingBox(layer.extent())):
            hidden = _ancestor(node, OF_RUN) or _ancestor(node, SERIES) or node
            hidden.setItemVisibilityChecked(False)


def _ancestor(node: QgsLayerTreeNode, kind: str) -> QgsLayerTreeGroup | None:
    """The group of a kind in which a node lies."""
    parent = node.parent()
    while parent is not None and not parent.customProperty(kind):
        parent = parent.parent()
    return parent


def _layers(node: QgsLayerTreeNode) -> list[QgsMapLayer]:
    nodes = [node] if isinstance(node, QgsLayerTreeLayer) else node.findLayers()
    return [found.layer() for found in nodes if found.layer() is not None]


def _show(layers: Sequence[QgsMapLayer], project: QgsProject) -> None:
    """The canvas looks at the main map, and the temporal controller steps through its years."""
    years = sorted({year for layer in layers if (year := year_of(layer)) is not None})
    if len(years) > 1:
        step_by_years(project, years)
    if layers and layers[0].isSpatial():
        look_at(layers[0], project)


def look_at(layer: QgsMapLayer, project: QgsProject) -> None:
    """Moves the canvas to a layer of the open project that lies outside its view."""
    from qgis.utils import iface

    if iface is None or project is not QgsProject.instance():
        return
    canvas = iface.mapCanvas()
    extent = canvas.mapSettings().layerExtentToOutputExtent(layer, layer.extent())
    if not canvas.extent().intersects(extent):
        canvas.setExtent(extent)
        canvas.refresh()


def _settle(project: QgsProject, key: str) -> None:
    """Folds earlier runs and shows the latest, once QGIS has unfolded where it put the layer."""
    from qgis.utils import iface

    def settle() -> None:
        for group in project.layerTreeRoot().findGroups(True):
            if group.customProperty(OF_RUN) not in (None, "", key):
                group.setExpanded(False)
        iface.layerTreeView().scrollToTop()

    if iface is not None and project is QgsProject.instance():
        QTimer.singleShot(0, settle)


def range_of_years(first: int, last: int) -> QgsDateTimeRange:
    """From the first second of a year to the last of another."""
    return QgsDateTimeRange(
        QDateTime(QDate(first, 1, 1), QTime(0, 0)), QDateTime(QDate(last, 12, 31), QTime(23, 59, 59))
    )


def year_of(layer: QgsMapLayer) -> int | None:
    """The year of a raster that shows one; None for others."""
    time = layer.temporalProperties() if isinstance(layer, QgsRasterLayer) else None
    if time is None or not time.isActive():
        return None
    return int(time.fixedTemporalRange().begin().date().year())


def step_by_years(project: QgsProject, years: Sequence[int]) -> None:
    """Sets the project, and the controller where there is a window, to steps that meet one year each."""
    step = gcd(*(later - earlier for earlier, later in zip(years, years[1:])))
    whole = range_of_years(years[0], years[-1])
    time = project.timeSettings()
    time.setTemporalRange(whole)
    time.setTimeStep(step)
    time.setTimeStepUnit(QgsUnitTypes.TemporalUnit.TemporalYears)
    from qgis.utils import iface

    if iface is not None and project is QgsProject.instance():
        controller = iface.mapCanvas().temporalController()
        controller.setTemporalExtents(whole)
        controller.setFrameDuration(QgsInterval(step, QgsUnitTypes.TemporalUnit.TemporalYears))
