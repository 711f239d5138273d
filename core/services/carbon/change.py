"""Carbon between years: what land emits and takes up by a change of its cover, by zone and as a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ...quantities import quantity
from ...raster.classes import ClassIndex
from ...raster.engine import run_job
from ...raster.output import Band, Output
from ...raster.reading.source import Source
from ...raster.study import StudyArea
from ...raster.tally import Sums, sums_over_area
from ...raster.work import Block, Result, in_strips
from ...raster.zones.zoning import ALL, ZoneLayer, Zoning
from ...results import Column, ResultTable, integers, numbers
from .flux import CARBON_TO_CO2

CHANGE = "carbon_change"
COLUMNS = (
    *integers("from_year", "to_year"), Column("zone", "text"), Column("area_ha", unit="ha"),
    *numbers("emission_co2_t", "sequestration_co2_t", "net_co2_t", unit="t CO2"), Column("net_co2_t_a", unit="t CO2/a"),
)  # fmt: skip


@dataclass(frozen=True)
class ChangeInputs:
    """What is wanted between years.

    Attributes:
        path: of the map; None for none.
        zones: of the table; None for the whole area alone.
        metadata: provenance.
    """

    path: str | None = None
    zones: ZoneLayer | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CarbonChange:
    """Carbon lost and gained between pairs of years; arrays have shape (pairs, zones), t C.

    Attributes:
        pairs: each year and the next, then the first and the last.
        zones: names; `all` first.
        area_ha: with a stock at both dates.
        lost: of pixels whose stock fell.
        gained: of pixels whose stock rose.
    """

    pairs: tuple[tuple[int, int], ...]
    zones: tuple[str, ...]
    area_ha: np.ndarray
    lost: np.ndarray
    gained: np.ndarray

    def table(self) -> ResultTable:
        """A row per pair and zone: emission and sequestration in CO2, net positive where more is taken up."""
        rows = []
        for p, (first, last) in enumerate(self.pairs):
            for z, zone in enumerate(self.zones):
                if self.area_ha[p, z] > 0:
                    emission, sequestration = (float(t[p, z]) * CARBON_TO_CO2 for t in (self.lost, self.gained))
                    net = sequestration - emission
                    area = float(self.area_ha[p, z])
                    rows.append((first, last, zone, area, emission, sequestration, net, net / (last - first)))
        return ResultTable(COLUMNS, tuple(rows))


def pairs_of(years: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Each year and the next, then the first and the last where these are not neighbours.

    Raises:
        InputError: there are fewer than two years.
    """
    if len(years) < 2:
        raise InputError(say("A change of carbon needs two years or more: give LAND_COVER and YEARS of each."))
    steps = tuple(zip(years, years[1:]))
    return steps if len(steps) == 1 else (*steps, (years[0], years[-1]))


@dataclass(frozen=True, eq=False)
class _ChangeKernel:
    """Differences of stocks by class where both dates, or all of them in `common`, have land cover."""

    land_cover: tuple[str, ...]
    index: ClassIndex
    densities: np.ndarray
    pairs: tuple[tuple[int, int], ...]
    zoning: Zoning
    common: bool
    mapped: bool

    def __call__(self, block: Block) -> Result:
        return in_strips(self._strip, block)

    def _strip(self, block: Block) -> Result:
        stocks = [self.densities[self.index(block.values[name])] for name in self.land_cover]
        zones, count = self.zoning.numbers(block), self.zoning.count
        together = block.all_valid(self.land_cover) if self.common else None
        sums, maps, masks = {}, [], []
        for p, (a, b) in enumerate(self.pairs):
            both = block.all_valid([self.land_cover[a], self.land_cover[b]]) if together is None else together
            change = np.where(both, stocks[b] - stocks[a], 0.0)
            group = np.where(both, zones, count)
            amounts = [np.maximum(-change, 0), np.maximum(change, 0)]
            _, area, (lost, gained) = sums_over_area(group, count + 1, block.areas_ha, amounts)
            for name, found in (("area", area), ("lost", lost), ("gained", gained)):
                sums[f"{name}:{p}"] = found[:-1]
            maps.append(change.astype(np.float32))
            masks.append(both)
        rasters = {CHANGE: (np.stack(maps), np.stack(masks))} if self.mapped else {}
        return Result(rasters, Sums(sums))


def carbon_change(
    inputs: ChangeInputs,
    area: StudyArea,
    zoning: Zoning,
    land_cover: Sequence[Source],
    years: Sequence[int],
    codes: Sequence[int],
    densities: np.ndarray,
    progress: Progress,
) -> CarbonChange:
    """Maps and sums what carbon changed between years; every code that occurs must have a density.

    Args:
        inputs: what is wanted.
        area: the study area.
        zoning: zones on its grid.
        land_cover: of each year.
        years: two or more.
        codes: of the classes.
        densities: of the classes, t C/ha.
        progress: gets advance.
    """
    pairs = pairs_of(years)
    at = {year: n for n, year in enumerate(years)}
    unit = quantity(CHANGE).unit
    bands = tuple(Band(f"{a}-{b}", unit) for a, b in pairs)
    outputs = (Output(CHANGE, inputs.path, bands, metadata=inputs.metadata),) if inputs.path else ()
    kernel = _ChangeKernel(
        tuple(source.name for source in land_cover),
        ClassIndex.of_codes(codes),
        np.append(densities, np.nan),
        tuple((at[a], at[b]) for a, b in pairs),
        zoning,
        area.common,
        bool(outputs),
    )
    gate = [source.name for source in land_cover]
    found = run_job(area.job(kernel, [*land_cover, *zoning.sources], outputs, gate=gate), progress)

    def by_zone(name: str) -> np.ndarray:
        by_number = np.stack([found.sums[f"{name}:{p}"] for p in range(len(pairs))])
        whole = by_number.sum(axis=1, keepdims=True)
        return np.hstack([whole, zoning.fold(by_number, axis=1)]) if zoning.divided else whole

    names = (ALL, *zoning.names) if zoning.divided else (ALL,)
    return CarbonChange(pairs, names, by_zone("area"), by_zone("lost"), by_zone("gained"))
