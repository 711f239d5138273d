"""Ecosystems and ecoregions of the pixels, and robust maxima of rasters within them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..errors import InputError, TableError
from ..land_cover import LandCoverScheme
from ..land_cover_maps import class_indices
from ..messages import say
from ..progress import Progress
from ..raster.classes import ClassIndex
from ..raster.passes.percentiles import percentiles_by_stratum
from ..raster.passes.radix_search import Sample
from ..raster.reading.source import Source
from ..raster.work import Block, Job
from ..results import Cell, Column, ResultTable, texts
from ..tables import Table

EVERYWHERE = "all"
OWN_PIXELS, ECOSYSTEM_EVERYWHERE = "its own pixels", "the ecosystem everywhere"
REFERENCE_COLUMNS = (
    *texts("indicator", "ecosystem", "zone"), Column("year", "integer"), Column("reference"),
    Column("pixels", "integer"), Column("taken_from", "text"),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Land:
    """Reads the ecosystem and the zone of every pixel.

    Attributes:
        cover: source name of the land cover at each date.
        index: land-cover codes to class indices.
        ecosystems: those that are told apart.
        of_class: per class index, the position in `ecosystems`, or their number for all others.
        names: per class index, the name of the ecosystem.
        zones: names of the zones; empty for none.
        zone_source: source name of the zones, or None.
    """

    cover: tuple[str, ...]
    index: ClassIndex
    ecosystems: tuple[str, ...]
    of_class: np.ndarray
    names: tuple[str, ...]
    zones: tuple[str, ...] = ()
    zone_source: str | None = None

    @classmethod
    def of_scheme(
        cls,
        cover: Sequence[Source],
        scheme: LandCoverScheme,
        ecosystems: Sequence[str],
        zones: Sequence[str] = (),
        zone_source: str | None = None,
    ) -> Land:
        """Land of a scheme."""
        places = {name: place for place, name in enumerate(ecosystems)}
        of_class = [places.get(scheme.ecosystem_of(code), len(places)) for code in scheme.codes]
        return cls(
            tuple(source.name for source in cover),
            ClassIndex.of_codes(scheme.codes),
            tuple(ecosystems),
            np.array([*of_class, len(places)]),
            tuple(scheme.ecosystem_of(code) for code in scheme.codes),
            tuple(zones),
            zone_source,
        )

    @property
    def others(self) -> int:
        """The position of pixels of no ecosystem that is told apart."""
        return len(self.ecosystems)

    def ecosystem(self, block: Block, date: int) -> np.ndarray:
        """Positions in `ecosystems`, shape (height, width); `others` where land cover or zone are missing."""
        name = self.cover[date]
        valid = block.valid[name]
        index = class_indices(block, name, self.index)
        inside = valid if self.zone_source is None else valid & (block.values[self.zone_source] > 0)
        return np.where(inside, self.of_class.take(index), self.others)

    def positions(self, block: Block, date: int, ecosystems: Sequence[str]) -> np.ndarray:
        """Positions in other ecosystems, wherever a pixel lies; their number where there is no such land cover."""
        places = {name: place for place, name in enumerate(ecosystems)}
        of_class = np.array([*(places.get(name, len(places)) for name in self.names), len(places)])
        name = self.cover[date]
        return np.where(block.valid[name], of_class.take(self.index(block.values[name])), len(places))

    def zone(self, block: Block) -> np.ndarray:
        """Zone numbers from 1, 0 outside all zones or where there are none."""
        if self.zone_source is None:
            return np.zeros(block.gate.shape, dtype=np.intp)
        return block.values[self.zone_source].astype(np.intp)


@dataclass(frozen=True, eq=False)
class Indicators:
    """Rasters that are compared with references.

    Attributes:
        names: of the indicators.
        sources: source names by indicator and date.
    """

    names: tuple[str, ...]
    sources: tuple[tuple[str, ...], ...]

    def measured(self, block: Block, date: int) -> np.ndarray:
        """Where all indicators are valid at a date."""
        return np.logical_and.reduce([block.valid[of_dates[date]] for of_dates in self.sources])


def compared_pixels(block: Block, land: Land, series: Indicators, common: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Per date the ecosystems, and the pixels of one of them that have all indicators (with `common` at all dates)."""
    dates = range(len(land.cover))
    measured = [series.measured(block, date) for date in dates]
    if common:
        measured = [np.logical_and.reduce(measured)] * len(measured)
    ecosystems = [land.ecosystem(block, date) for date in dates]
    return [
        (ecosystem, block.gate & has_all & (ecosystem < land.others))
        for ecosystem, has_all in zip(ecosystems, measured)
    ]


@dataclass(frozen=True, eq=False)
class References:
    """What a value is divided by.

    Attributes:
        values: shape (dates or 1, indicators, zones + 1, ecosystems); zone 0 is the whole area. NaN where nothing is.
        least: smallest value in the same strata.
        table: every reference and where it is taken from.
    """

    values: np.ndarray
    least: np.ndarray
    table: ResultTable


@dataclass(frozen=True, eq=False)
class _ReferenceSampler:
    """Values of each indicator by ecosystem, once by zone and once over the whole area."""

    land: Land
    series: Indicators
    by_date: bool
    common: bool

    def __call__(self, block: Block) -> Iterator[Sample]:
        zones, ecosystems = len(self.land.zones) + 1, len(self.land.ecosystems)
        zone = self.land.zone(block)
        for date, (ecosystem, counted) in enumerate(compared_pixels(block, self.land, self.series, self.common)):
            kinds, places, areas = ecosystem[counted], zone[counted], partial(block.areas_of, counted)
            for number, sources in enumerate(self.series.sources):
                values = block.values[sources[date]][counted]
                first = ((date if self.by_date else 0) * len(self.series.names) + number) * zones
                yield Sample(values, first * ecosystems + kinds, areas)
                if self.land.zone_source is not None:
                    yield Sample(values, (first + places) * ecosystems + kinds, areas)


def find_references(
    job: Job,
    land: Land,
    series: Indicators,
    years: Sequence[int],
    by_year: bool,
    common: bool,
    percentile: float,
    fewest_pixels: int,
    progress: Progress,
) -> References:
    """Percentiles of each indicator by ecosystem and zone, over all years together or year by year.

    Where a zone has fewer than `fewest_pixels` pixels of an ecosystem, the reference of that ecosystem in the whole
    area stands in, and a warning says so.

    Args:
        job: reads land cover, zones and indicators; its gate is open where a pixel may count.
        land: ecosystems and zones.
        series: the indicators.
        years: of the dates.
        by_year: whether each year has its own references.
        common: whether a pixel must have all indicators at all dates.
        percentile: 0 to 100; 100 is the maximum.
        fewest_pixels: see above.
        progress: gets progress and warnings.

    Raises:
        InputError: a reference is not positive.
    """
    shape = (len(years) if by_year else 1, len(series.names), len(land.zones) + 1, len(land.ecosystems))
    sampler = _ReferenceSampler(land, series, by_year, common)
    found = percentiles_by_stratum(job, sampler, math.prod(shape), (0.0, percentile / 100), progress)
    counts = found.counts.reshape(shape)
    least, values = (found.values[:, column].reshape(shape).copy() for column in (0, 1))
    rows: list[tuple[Cell, ...]] = []
    for date, number, zone, kind in np.ndindex(*shape):
        count = int(counts[date, number, zone, kind])
        if count == 0:
            continue
        name, ecosystem = series.names[number], land.ecosystems[kind]
        place = land.zones[zone - 1] if zone else EVERYWHERE
        year = years[date] if by_year else None
        where = f"{name}, {ecosystem}, {place}" + (f", {year}" if year else "")
        taken_from = OWN_PIXELS
        if count < fewest_pixels:
            told = say("{where}: only {count} pixels", where=where, count=count)
            if zone:
                values[date, number, zone, kind] = values[date, number, 0, kind]
                taken_from = ECOSYSTEM_EVERYWHERE
                progress.warn(
                    say(
                        "{told}, so the reference of {ecosystem} in the whole area is used.",
                        told=told,
                        ecosystem=ecosystem,
                    )
                )
            else:
                progress.warn(say("{told}, so the reference is not robust.", told=told))
        reference = float(values[date, number, zone, kind])
        if not reference > 0:
            raise InputError(
                say(
                    "The reference of {where} is {reference:g}, and values are divided by it. Check the raster's "
                    "nodata and unit, or leave the ecosystem out.",
                    where=where,
                    reference=reference,
                )
            )
        rows.append((name, ecosystem, place, year, reference, count, taken_from))
    return References(values, least, ResultTable(REFERENCE_COLUMNS, tuple(rows)))


def references_of_table(table: Table, land: Land, series: Indicators) -> References:
    """References that a user or an earlier run wrote down: columns `indicator`, `ecosystem`, `reference`, `zone`.

    A blank zone, `all`, or no such column stands for the whole area; rows of zones go before it. What the table lacks
    is NaN: ecosystems that do not occur need no reference.

    Raises:
        TableError: a column is missing, a reference is not positive, or none is of these indicators and ecosystems.
    """
    table.require("indicator", "ecosystem", "reference")
    if table.has("year") and any(table.texts("year")):
        raise TableError(
            say(
                "Table {name} has references by year. References that are kept for all years have a blank year.",
                name=table.name,
            )
        )
    zones = table.texts("zone") if table.has("zone") else ("",) * len(table.rows)
    numbers = {name: number for number, name in enumerate((EVERYWHERE, *land.zones))}
    values = np.full((1, len(series.names), len(numbers), len(land.ecosystems)), np.nan)
    rows: list[tuple[Cell, ...]] = []
    for name, ecosystem, zone, reference in zip(
        table.texts("indicator"), table.texts("ecosystem"), zones, table.numbers("reference")
    ):
        place = zone or EVERYWHERE
        if name not in series.names or ecosystem not in land.ecosystems or place not in numbers:
            continue
        if not reference > 0:
            raise TableError(
                say(
                    "Table {name}: the reference of {name2}, {ecosystem}, {place} is {reference:g}. Write a "
                    "positive number.",
                    name=table.name,
                    name2=name,
                    ecosystem=ecosystem,
                    place=place,
                    reference=reference,
                )
            )
        values[0, series.names.index(name), numbers[place], land.ecosystems.index(ecosystem)] = reference
        rows.append((name, ecosystem, place, None, float(reference), None, f"table {table.name}"))
    if not rows:
        raise TableError(
            say(
                "Table {name} has no reference of {names} for {ecosystems}. Check the names of indicators "
                "and ecosystems.",
                name=table.name,
                names=", ".join(series.names),
                ecosystems=", ".join(land.ecosystems),
            )
        )
    values = np.where(np.isnan(values), values[:, :, :1], values)
    return References(values, np.zeros(values.shape), ResultTable(REFERENCE_COLUMNS, tuple(rows)))
