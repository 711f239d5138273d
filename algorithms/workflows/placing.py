"""Where the results of a workflow lie: its maps by the districts that were given and by the landforms of the DEM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ...core.progress import Progress
from ...core.raster.zones.zoning import ZoneLayer
from ...core.terrain.zone_names import zone_names
from ...core.workflows.places import PlacedPart, PlacedValue, Places, run_places
from ...core.workflows.study_area import SharedArea
from ..given import Given

LANDFORM = "landform"
TERRAIN_FILES = {
    "OUTPUT_SLOPE": "slope_classes.tif",
    "OUTPUT_ASPECT": "aspect_classes.tif",
    "OUTPUT_LANDFORM": "landform_classes.tif",
    "OUTPUT_TABLE": "terrain_classes.csv",
}


class Placing:
    """Collects what is to be placed while the steps run.

    Attributes:
        landform: the classes of the landforms; None without a DEM.
    """

    def __init__(self, given: Given) -> None:
        self._given = given
        self._values: list[PlacedValue] = []
        self._parts: list[PlacedPart] = []
        self.landform: str | None = None

    def value(self, name: str, path: str, unit: str, depth: bool = False) -> None:
        """A map with a band per year, per hectare or in mm."""
        self._values.append(PlacedValue(name, path, tuple(self._given.years()), unit, depth))

    def part(self, name: str, path: str, codes: Sequence[int]) -> None:
        """A part of a class map: the land with these codes."""
        self._parts.append(PlacedPart(name, path, tuple(codes)))

    @property
    def steps(self) -> int:
        return 1 if self._given.has("DEM") else 0

    def classify(self, run: Callable[..., Any]) -> None:
        """Runs the step that tells the landforms, where there is a DEM; `run` is that of the chain."""
        if self._given.has("DEM"):
            self.landform = run("terrainclasses", TERRAIN_FILES).path("OUTPUT_LANDFORM")

    def find(self, shared: SharedArea, progress: Progress) -> list[Places]:
        """What lies in each district and on each landform. May raise `EcoAssetsError`."""
        if not self._values and not self._parts:
            return []
        layers: list[tuple[str, ZoneLayer]] = []
        districts = self._given.zones()
        if self.landform:
            layers.append((LANDFORM, ZoneLayer(self.landform, kind="raster")))
        if districts:
            layers.append(("district", districts))
        return [
            run_places(
                by, layer, shared.source, self._values, self._parts, zone_names(layer, None), progress.part(0, 0)
            )
            for by, layer in layers
        ]
