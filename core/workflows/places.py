"""Where the results of a workflow lie: values and parts of maps by district, landform or any other zones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..progress import QUIET, Progress
from ..quantities import ANY
from ..raster.area import M3_PER_MM_HA
from ..raster.engine import run_job
from ..raster.files import workspace
from ..raster.reading.source import Source, fit_to_grid
from ..raster.settings import RasterSettings
from ..raster.study import open_study_area
from ..raster.tally import Sums, sum_by_class
from ..raster.work import Block, Result
from ..raster.zones.zoning import OUTSIDE, ZoneLayer, Zoning, open_zoning


@dataclass(frozen=True)
class PlacedValue:
    """A map that adds up: a band per year, per hectare or in mm.

    Attributes:
        name: of what it holds, "" where there is nothing to tell apart.
        path: of the raster.
        years: of its bands.
        unit: of the totals.
        depth: whether it holds mm, whose totals are m3.
    """

    name: str
    path: str
    years: tuple[int, ...]
    unit: str
    depth: bool = False


@dataclass(frozen=True)
class PlacedPart:
    """A part of a class raster: the land with some of its codes."""

    name: str
    path: str
    codes: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Places:
    """What lies in each zone.

    Attributes:
        by: what the zones are: `district`, `landform`.
        zones: with land of the study area, in the order of their layer; what lies outside of all is the last.
        area_ha: of the zones, shape (n,).
        totals: of each value, shape (years, n).
        parts_ha: area of each part, shape (n,).
        values: what was summed.
        whole: of all zones: totals by value (years,) and areas by part, land in several zones once.
        whole_ha: the study area.
    """

    by: str
    zones: tuple[str, ...]
    area_ha: np.ndarray
    totals: Mapping[str, np.ndarray]
    parts_ha: Mapping[str, np.ndarray]
    values: tuple[PlacedValue, ...] = ()
    whole: Mapping[str, np.ndarray] = field(default_factory=dict)
    whole_ha: float = 0.0


@dataclass(frozen=True)
class _PlacesKernel:
    zoning: Zoning
    values: tuple[PlacedValue, ...]
    parts: tuple[PlacedPart, ...]

    def __call__(self, block: Block) -> Result:
        zones, count = self.zoning.numbers(block), self.zoning.count

        def by_zone(where: np.ndarray, weights: np.ndarray) -> np.ndarray:
            return sum_by_class(np.where(where, zones, count), count + 1, np.where(where, weights, 0.0))[:-1]

        sums = {"area": by_zone(block.gate, block.areas_ha)}
        for value in self.values:
            for year in value.years:
                key = f"{value.name}:{year}"
                weighted = block.values[key].astype(np.float64) * block.areas_ha
                sums[f"value:{key}"] = by_zone(block.gate & block.valid[key], weighted)
        for part in self.parts:
            inside = np.isin(block.values[part.path], part.codes) & block.valid[part.path] & block.gate
            sums[f"part:{part.name}"] = by_zone(inside, block.areas_ha)
        return Result(sums=Sums(sums))


def run_places(
    by: str,
    zones: ZoneLayer,
    area: Source,
    values: Sequence[PlacedValue] = (),
    parts: Sequence[PlacedPart] = (),
    names: Mapping[str, str] | None = None,
    progress: Progress = QUIET,
) -> Places:
    """Sums values and areas of parts by zone, in one pass over maps that the workflow itself has made.

    Args:
        by: what the zones are.
        zones: polygons, or a class raster, which is taken by the nearest neighbour where it has a grid of its own.
        area: the study area, whose grid is that of the maps.
        values: what is summed.
        parts: whose area is taken.
        names: of zones by what their layer calls them.
        progress: of the pass.

    Raises:
        InputError, GridError, Cancelled: as the engine.
    """
    with workspace() as folder:
        study = open_study_area(area, RasterSettings(align_classes=True), folder, QUIET)
        sources = [
            Source(f"{value.name}:{year}", value.path, band, measure=ANY)
            for value in values
            for band, year in enumerate(value.years, start=1)
        ]
        sources += [Source(path, path, kind="classes") for path in dict.fromkeys(part.path for part in parts)]
        fitted = [fit_to_grid(source, study.grid, QUIET, True) for source in (area, *sources)]
        zoning = open_zoning(zones, study, QUIET, overlapping=True)
        kernel = _PlacesKernel(zoning, tuple(values), tuple(parts))
        found = run_job(study.job(kernel, [*fitted, *zoning.sources], gate=(area.name,)), progress).sums
    areas = zoning.fold(found["area"])
    kept = areas > 0

    def of_zones(key: str) -> np.ndarray:
        return zoning.fold(found[key])[kept]

    factor = {value.name: M3_PER_MM_HA if value.depth else 1.0 for value in values}
    of_values = {v.name: [f"value:{v.name}:{year}" for year in v.years] for v in values}
    return Places(
        by,
        tuple((names or {}).get(zone, zone) for zone, some in zip(zoning.names, kept) if some),
        areas[kept],
        {name: factor[name] * np.stack([of_zones(key) for key in keys]) for name, keys in of_values.items()},
        {part.name: of_zones(f"part:{part.name}") for part in parts},
        tuple(values),
        {
            **{name: factor[name] * np.array([found[key].sum() for key in keys]) for name, keys in of_values.items()},
            **{part.name: found[f"part:{part.name}"].sum() for part in parts},
        },
        float(found["area"].sum()),
    )


def named_zones(places: Places) -> list[int]:
    """Positions of the zones without what lies outside of all."""
    return [number for number, zone in enumerate(places.zones) if zone != OUTSIDE]
