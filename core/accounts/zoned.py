"""Sums by year, zone and ecosystem in one pass over land cover, zones and service rasters."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError
from ..messages import say
from ..progress import Progress
from ..raster.classes import ClassIndex
from ..raster.study import StudyArea
from ..raster.zones.overlaps import find_overlap
from ..raster.zones.polygons import zone_geometries
from ..raster.zones.zoning import ZoneLayer, Zoning, open_zoning
from ..services.by_ecosystem import ecosystem_members
from ..services.survey import Survey, YearlySums
from ..services.yearly_kernel import Formula, Layers, Pixels

ZONES = "zones"
WHOLE = "all"  # the zone of an account without zones
# Districts that were drawn apart overlap in slivers: up to this share of their area it is told, beyond it is refused.
SLIVERS = 0.001


@dataclass(frozen=True, eq=False)
class ZonedFormula:
    """A formula whose amounts are told apart by zone as well as by class.

    Attributes:
        formula: of the pixels; its own groups are the land-cover classes.
        index: values of the zone raster to zone numbers; None where there are no zones.
        classes: how many classes.
    """

    formula: Formula
    index: ClassIndex | None
    classes: int

    def __call__(self, pixels: Pixels) -> Layers:
        layers = self.formula(pixels)
        if self.index is None:
            return replace(layers, group=pixels.classes)
        numbers = np.where(pixels.valid[ZONES], self.index(pixels.values[ZONES].astype(np.int64)), self.index.unknown)
        return replace(layers, group=pixels.classes + self.classes * numbers)


@dataclass(frozen=True, eq=False)
class ZonedSums:
    """Sums; arrays have shape (years, zones, ecosystems).

    Attributes:
        years: as given.
        zones: names; `all` alone without zones, with zones the last is `outside`.
        ecosystems: names.
        classes: codes of the land-cover classes.
        area_ha: by ecosystem.
        class_area_ha: by class, shape (years, zones, classes).
        amounts: by name.
        counts: pixels by name.
        sums: of the run.
    """

    years: tuple[int, ...]
    zones: tuple[str, ...]
    ecosystems: tuple[str, ...]
    classes: tuple[int, ...]
    area_ha: np.ndarray
    class_area_ha: np.ndarray
    amounts: dict[str, np.ndarray]
    counts: dict[str, np.ndarray]
    sums: YearlySums


def add_zones(survey: Survey, layer: ZoneLayer | None, progress: Progress) -> Zoning:
    """Adds zones to a survey whose land cover is there.

    Raises:
        InputError: the zones cannot be read, or two of them cover the same land, which an account would count twice.
        GridError: they do not fit the grid.
    """
    zoning = open_zoning(layer, survey.area, progress)
    if layer is not None and layer.kind == "polygons":
        require_disjoint(layer, survey.area)
    if zoning.source is not None:
        survey.add_sources(ZONES, [zoning.source] * len(survey.dated), on_grid=True)
    return zoning


def zoned_sums(survey: Survey, zoning: Zoning, found: YearlySums) -> ZonedSums:
    """The sums of a run of a `ZonedFormula` by zone and ecosystem."""
    if survey.scheme is None:
        raise TypeError("survey.scheme is not as expected")
    codes = survey.scheme.codes
    names, member = ecosystem_members(survey.scheme)

    def shaped(flat: np.ndarray) -> np.ndarray:
        return flat.reshape(len(survey.years), zoning.count, len(codes))

    return ZonedSums(
        years=survey.years,
        zones=zoning.names,
        ecosystems=names,
        classes=codes,
        area_ha=shaped(found.area_ha) @ member,
        class_area_ha=shaped(found.area_ha),
        amounts={name: shaped(values) @ member for name, values in found.amounts.items()},
        counts={name: shaped(values) @ member for name, values in found.counts.items()},
        sums=found,
    )


def require_disjoint(layer: ZoneLayer, area: StudyArea) -> None:
    """Checks that no two zones cover the same land: zones of an account add up to the whole.

    Raises:
        InputError: they do, by more than slivers; tells the zones and the area that would be counted twice.
    """
    overlap = find_overlap(zone_geometries(layer.path, layer.field, area.grid), area.grid, area.folder)
    if overlap is None or overlap.twice_ha <= SLIVERS * overlap.whole_ha:
        return
    raise InputError(
        say(
            "Zones overlap: {twice} ha of {whole} ha lie in two of them ({pairs}). An account would count that land "
            "twice. Give districts of one level, or mend their borders.",
            twice=f"{overlap.twice_ha:,.2f}", whole=f"{overlap.whole_ha:,.2f}", pairs=overlap.named,
        )
    )  # fmt: skip
