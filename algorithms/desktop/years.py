"""While the temporal controller plays, all years of a series are ticked; otherwise the one on top."""

from __future__ import annotations

from typing import Any

from qgis.core import QgsLayerTreeGroup, QgsProject

from ..looks.landing import SERIES, year_of


def tick_years(root: QgsLayerTreeGroup, playing: bool) -> None:
    """Ticks the layers of each series that has years: all of them to be played, else the first.

    While it plays, a layer without a year would lie over those that have one.
    """
    for group in root.findGroups(True):
        if not group.customProperty(SERIES):
            continue
        nodes = group.findLayers()
        years = [year_of(node.layer()) if node.layer() is not None else None for node in nodes]
        if len({year for year in years if year is not None}) < 2:
            continue
        for position, (node, year) in enumerate(zip(nodes, years)):
            node.setItemVisibilityChecked(year is not None if playing else position == 0)


class YearsPlayer:
    """Listens to the time of the canvas, which the temporal controller sets."""

    def __init__(self, iface: Any) -> None:
        self._canvas, self._playing = iface.mapCanvas(), False
        self._canvas.temporalRangeChanged.connect(self._changed)

    def remove(self) -> None:
        self._canvas.temporalRangeChanged.disconnect(self._changed)

    def _changed(self) -> None:
        playing = bool(self._canvas.mapSettings().isTemporal())
        if playing != self._playing:
            self._playing = playing
            tick_years(QgsProject.instance().layerTreeRoot(), playing)
