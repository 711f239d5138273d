"""Zones of a study area, from polygons or a class raster, and what lies outside all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ..classes import ClassIndex, count_codes
from ..reading.source import Source
from ..study import StudyArea
from ..work import Block
from .polygons import burn_zones

ALL = "all"
OUTSIDE = "outside"


@dataclass(frozen=True)
class ZoneLayer:
    """Zones as the user gives them.

    Attributes:
        path: polygons in any CRS, or a class raster.
        field: the field that names the polygons; None makes each polygon a zone.
        kind: what the path is.
    """

    path: str
    field: str | None = None
    kind: Literal["polygons", "raster"] = "polygons"


@dataclass(frozen=True, eq=False)
class Zoning:
    """Zones on the reference grid.

    Attributes:
        names: by zone number, from 0; with zones the last is `OUTSIDE`, without it is `ALL` alone.
        source: None where there are no zones.
        index: raster values to zone numbers, or to numbers of sets of zones.
        sets: zone numbers of each set, where zones overlap; sums by set become sums by zone with `fold`.
    """

    names: tuple[str, ...] = (ALL,)
    source: Source | None = None
    index: ClassIndex | None = None
    sets: tuple[tuple[int, ...], ...] | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        return () if self.source is None else (self.source,)

    @property
    def count(self) -> int:
        """How many numbers there are, what lies outside included."""
        return len(self.names) if self.sets is None else len(self.sets) + 1

    def fold(self, sums: np.ndarray, axis: int = 0) -> np.ndarray:
        """Sums by number, along an axis of length `count`, as sums by zone in the order of the names."""
        if self.sets is None:
            return sums
        held = np.zeros((len(self.names), self.count), dtype=sums.dtype)
        for number, zones in enumerate(self.sets):
            held[list(zones), number] = 1
        held[-1, -1] = 1
        return np.moveaxis(np.tensordot(held, sums, axes=(1, axis)), 0, axis)

    def name(self, number: int) -> str:
        return self.names[number]

    @property
    def divided(self) -> bool:
        """Whether there are zones at all."""
        return self.source is not None

    def numbers(self, block: Block) -> np.ndarray:
        """The zone number of each pixel, shape (height, width)."""
        if self.source is None or self.index is None:
            return np.zeros(block.gate.shape, dtype=np.intp)
        return np.where(block.valid[self.source.name], self.index(block.values[self.source.name]), self.index.unknown)


def open_zoning(layer: ZoneLayer | None, area: StudyArea, progress: Progress, overlapping: bool = False) -> Zoning:
    """Brings zones on the grid of the study area.

    Args:
        layer: the zones; None for none.
        area: the study area.
        progress: hears of overlaps.
        overlapping: whether the caller folds its sums, so that zones that overlap count all their land.

    Raises:
        InputError: the layer cannot be read, has no such field, or a zone raster has negative codes or none.
        GridError: a zone raster on another grid (unless classes may be aligned), or no overlap.
    """
    if layer is None:
        return Zoning()
    if layer.kind == "polygons":
        zones = burn_zones(layer.path, layer.field, area.grid, area.folder, progress=progress, overlapping=overlapping)
        index = ClassIndex.of_codes(range(1, len(zones.sets or zones.names) + 1))
        return Zoning((*zones.names, OUTSIDE), zones.source, index, zones.sets)
    source = area.fit(Source("zones", layer.path, kind="classes", label="Zones"), progress)
    codes = tuple(count_codes((source,), area.grid, area.boundary)["zones"])
    if not codes or codes[0] < 0:
        fault = (
            say("holds the negative code {codes}", codes=codes[0])
            if codes
            else say("holds no zone within the study area")
        )
        raise InputError(
            say(
                "{named} {fault}. Zone codes are 0 or more: reclassify it or choose another raster.",
                named=source.named,
                fault=fault,
            )
        )
    return Zoning((*map(str, codes), OUTSIDE), source, ClassIndex.of_codes(codes))
