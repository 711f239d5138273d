"""One formula per pixel over several years: inputs are gathered, maps written, sums by group taken in one pass."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Callable, Literal

import numpy as np

from ..errors import InputError, TableError
from ..land_cover import LandCoverScheme, unknown_codes_message
from ..progress import Progress
from ..raster.classes import ClassIndex, count_codes
from ..raster.dataset import open_raster
from ..raster.engine import Block, Result, run_job
from ..raster.output import Band, BandStatistics, Output
from ..raster.series import tell_pairing, yearly_sources
from ..raster.settings import RasterSettings
from ..raster.source import Source
from ..raster.study import StudyArea, open_study_area
from ..raster.tally import Sums, sum_by_class

Climate = Literal["actual", "mean"]
LAND_COVER = "land_cover"
ALL = "all"


@dataclass(frozen=True)
class Series:
    """Rasters of one quantity.

    Attributes:
        paths: one raster per year, one with a band per year, or one for all years.
        minimum, maximum: valid range in the unit of the values; what lies outside is nodata.
    """

    paths: tuple[str, ...]
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def of(cls, *paths: str) -> Series:
        return cls(tuple(paths))


@dataclass(frozen=True)
class Cover:
    """Land cover of the years.

    Attributes:
        paths: one class raster per year, one with a band per year, or one for all years.
        scheme: meaning of the codes.
    """

    paths: tuple[str, ...]
    scheme: LandCoverScheme


@dataclass(frozen=True, eq=False)
class Pixels:
    """The inputs of one year in one block; every array has shape (height, width).

    Attributes:
        values: by input name; 0 where not valid.
        valid: by input name.
        classes: index of the land-cover class; zeros without land cover.
    """

    values: Mapping[str, np.ndarray]
    valid: Mapping[str, np.ndarray]
    classes: np.ndarray

    def all_valid(self, *names: str) -> np.ndarray:
        """Where every named input, or every input at all, is valid."""
        return np.logical_and.reduce([self.valid[name] for name in names or self.valid])


@dataclass(frozen=True, eq=False)
class Layers:
    """What a formula makes of the pixels of one year.

    Attributes:
        maps: by output name.
        valid: where the maps hold.
        amounts: per hectare, by name; their sums are weighted with the pixels' areas.
        counts: conditions whose pixels are counted, by name.
        group: the group of each pixel for all sums; None puts all in group 0.
    """

    maps: Mapping[str, np.ndarray]
    valid: np.ndarray
    amounts: Mapping[str, np.ndarray] = field(default_factory=dict)
    counts: Mapping[str, np.ndarray] = field(default_factory=dict)
    group: np.ndarray | None = None


Formula = Callable[[Pixels], Layers]


class UnknownCodes(InputError):
    """A block holds land-cover codes that the scheme does not know; the caller counts them all."""


@dataclass(frozen=True, eq=False)
class YearlyKernel:
    """Applies a formula to each year and adds up its amounts by group.

    Attributes:
        formula: picklable.
        inputs: per year, the sources of each input; the mean of several is taken.
        land_cover: source of each year, or empty.
        index: land-cover codes to class indices; None without land cover.
        groups: number of groups of the formula's sums.
        common: whether a pixel must be valid in every year.
        maps: which of the formula's maps are wanted.
    """

    formula: Formula
    inputs: tuple[Mapping[str, tuple[Source, ...]], ...]
    land_cover: tuple[Source, ...]
    index: ClassIndex | None
    groups: int
    common: bool
    maps: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        seen: dict[tuple[Source, ...], tuple[np.ndarray, np.ndarray]] = {}
        years = [self.formula(self._pixels(block, year, seen)) for year in range(len(self.inputs))]
        masks = [block.gate & layers.valid if self.common else layers.valid for layers in years]
        if self.common:
            masks = [np.logical_and.reduce(masks)] * len(masks)
        sums: dict[str, np.ndarray] = {}
        for year, (layers, mask) in enumerate(zip(years, masks)):
            self._add_sums(sums, block, year, layers, mask)
        valid = masks[0] if self.common else np.stack(masks)
        return Result({n: (np.stack([y.maps[n] for y in years]), valid) for n in self.maps}, Sums(sums))

    def _pixels(self, block: Block, year: int, seen: dict[tuple[Source, ...], tuple[np.ndarray, np.ndarray]]) -> Pixels:
        values, valid = {}, {}
        for name, sources in self.inputs[year].items():
            if sources not in seen:
                seen[sources] = _mean_of(block, sources)
            values[name], valid[name] = seen[sources]
        classes = np.zeros(block.gate.shape, dtype=np.intp)
        if self.index is not None:
            key = self.land_cover[year].name
            classes = self.index(block.values[key])
            if (block.valid[key] & (classes == self.index.unknown)).any():
                raise UnknownCodes(key)
            valid[LAND_COVER] = block.valid[key]
            # so that tables by class can be looked up everywhere
            classes = np.where(classes == self.index.unknown, 0, classes)
        return Pixels(values, valid, classes)

    def _add_sums(self, sums: dict[str, np.ndarray], block: Block, year: int, layers: Layers, mask: np.ndarray) -> None:
        """Counts, areas and area-weighted amounts by group; what is masked falls into one group more."""
        group = np.where(mask, 0 if layers.group is None else layers.group, self.groups)
        equal_areas = bool((block.areas_ha == block.areas_ha[0]).all())
        area = block.areas_ha[0, 0]

        def weighted(values: np.ndarray) -> np.ndarray:
            if equal_areas:
                return sum_by_class(group, self.groups + 1, values)[:-1] * area
            return sum_by_class(group, self.groups + 1, values * block.areas_ha)[:-1]

        pixels = sum_by_class(group, self.groups + 1)[:-1]
        sums[f"pixels:{year}"] = pixels
        sums[f"area:{year}"] = pixels * area if equal_areas else weighted(np.ones(mask.shape, dtype=np.float32))
        for name, values in layers.amounts.items():
            sums[f"amount {name}:{year}"] = weighted(values)
        for name, condition in layers.counts.items():
            counted = np.where(condition, group, self.groups)
            sums[f"count {name}:{year}"] = sum_by_class(counted, self.groups + 1)[:-1]


def _mean_of(block: Block, sources: tuple[Source, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Values and validity of one source, or the mean of several where all are valid."""
    first = sources[0].name
    if len(sources) == 1:
        return block.values[first], block.valid[first]
    total = np.zeros(block.gate.shape, dtype=np.float64)
    for source in sources:
        total += block.values[source.name]
    return (total / len(sources)).astype(block.values[first].dtype), block.all_valid([s.name for s in sources])


@dataclass(frozen=True)
class LeftOut:
    """Pixels of one year that the first input covers but the result does not."""

    year: int | None
    pixels: int
    area_ha: float


@dataclass(frozen=True, eq=False)
class YearlySums:
    """What a survey found; arrays have shape (years, groups).

    Attributes:
        years: as given; one undated year where none were given.
        pixels: counted.
        area_ha: counted.
        amounts: by name, summed over the area.
        counts: pixels that meet a condition, by name.
        left_out: what lacks an input.
        statistics: per output, per band.
    """

    years: tuple[int | None, ...]
    pixels: np.ndarray
    area_ha: np.ndarray
    amounts: Mapping[str, np.ndarray]
    counts: Mapping[str, np.ndarray]
    left_out: tuple[LeftOut, ...]
    statistics: Mapping[str, list[BandStatistics]]

    def totals(self, amount: str) -> tuple[float, ...]:
        """Sum of an amount per year."""
        return tuple(math.fsum(row) for row in self.amounts[amount])

    def mean(self, amount: str) -> tuple[float, ...]:
        """Area-weighted mean of an amount per year; NaN where no pixel has a value."""
        areas = [math.fsum(area) for area in self.area_ha]
        return tuple(total / area if area else math.nan for total, area in zip(self.totals(amount), areas))


@dataclass
class Survey:
    """Gathers the inputs of a run, then runs a formula over them.

    The first raster that is added is the reference grid, so land cover comes first where there is any.

    Attributes:
        years: strictly rising; empty for a result without a year.
        settings: the user's decisions.
        folder: for intermediate files.
        progress: hears how inputs were paired and brought on the grid.
    """

    years: tuple[int, ...]
    settings: RasterSettings
    folder: str
    progress: Progress
    scheme: LandCoverScheme | None = None
    _area: StudyArea | None = None
    _land_cover: tuple[Source, ...] = ()
    _inputs: dict[str, tuple[tuple[Source, ...], ...]] = field(default_factory=dict)

    @property
    def area(self) -> StudyArea:
        """The study area on the grid of the first raster."""
        if self._area is None:
            raise InputError("No raster is given. Choose at least one.")
        return self._area

    @property
    def dated(self) -> tuple[int | None, ...]:
        """The years; a single None where there are none."""
        return self.years or (None,)

    def add_land_cover(self, cover: Cover | None) -> None:
        """Adds land cover, if there is any."""
        if cover is None:
            return
        self.scheme = cover.scheme
        self._land_cover = self._fit(self.sources(LAND_COVER, "Land cover", Series(cover.paths), "classes"))

    def add(self, name: str, label: str, series: Series | None, climate: Climate = "actual") -> None:
        """Adds an input, if it is given; with the climate `mean` every year gets the mean over the years."""
        if series is None:
            return
        self.add_sources(name, self.sources(name, label, series, "continuous"), climate)

    def add_classes(self, name: str, label: str, series: Series) -> None:
        """Adds an input that holds codes."""
        self.add_sources(name, self.sources(name, label, series, "classes"))

    def add_sources(
        self, name: str, sources: Sequence[Source], climate: Climate = "actual", on_grid: bool = False
    ) -> None:
        """Adds an input by its source of each year; `on_grid` tells that they were made for this grid."""
        fitted = tuple(sources) if on_grid else self._fit(sources)
        if climate == "mean":
            together = tuple(dict.fromkeys(fitted))
            self._inputs[name] = (together,) * len(fitted)
        else:
            self._inputs[name] = tuple((source,) for source in fitted)

    @property
    def land_cover(self) -> tuple[Source, ...]:
        """The fitted land cover of each year; empty where there is none."""
        return self._land_cover

    def sources_by_year(self, name: str) -> tuple[Source, ...]:
        """The first fitted source of an input in each year."""
        return tuple(sources[0] for sources in self._inputs[name])

    def sources_of(self, name: str) -> tuple[Source, ...]:
        """The fitted sources of an input, each once."""
        return tuple(dict.fromkeys(source for sources in self._inputs[name] for source in sources))

    def bands(self, name: str, unit: str) -> tuple[Band, ...]:
        """A band per year; without years one that is called by the name."""
        return tuple(Band(str(year), unit) for year in self.years) or (Band(name, unit),)

    def run(self, formula: Formula, outputs: Sequence[Output], groups: int, progress: Progress) -> YearlySums:
        """Runs the formula over all years.

        Raises:
            InputError: an input holds values that cannot be meant, or no pixel takes part.
            TableError: a land-cover code is not in the scheme; the message lists codes and pixel counts.
            OutputError: a map cannot be written.
            Cancelled: the user stopped.
        """
        inputs = tuple(
            {name: per_year[year] for name, per_year in self._inputs.items()} for year in range(len(self.dated))
        )
        kernel = YearlyKernel(
            formula=formula,
            inputs=inputs,
            land_cover=self._land_cover,
            index=ClassIndex.of_codes(self.scheme.codes) if self.scheme else None,
            groups=groups,
            common=self.area.common,
            maps=tuple(output.name for output in outputs),
        )
        first = self._land_cover or tuple(sources[0] for sources in next(iter(self._inputs.values())))
        rest = [source for year in inputs for sources in year.values() for source in sources]
        job = self.area.job(kernel, [*first, *rest], outputs, gate=[source.name for source in first])
        try:
            found = run_job(job, progress)
        except UnknownCodes:
            raise TableError(self._unknown_codes(progress)) from None
        self.area.require_pixels(found)
        return self._collect(found.sums, groups, [found.coverage[s.name] for s in first], found.statistics)

    def _collect(self, sums: Sums, groups: int, coverage: Sequence, statistics: Mapping) -> YearlySums:
        count = len(self.dated)

        def of(key: str) -> np.ndarray:
            return np.stack([sums[f"{key}:{year}"] for year in range(count)])

        keys = dict.fromkeys(key.rpartition(":")[0] for key in sums)
        pixels, area = of("pixels"), of("area")
        left_out = []
        for position, (year, covered) in enumerate(zip(self.dated, coverage)):
            missing = covered.pixels - int(pixels[position].sum())
            if missing > 0:
                lost = covered.area_ha - math.fsum(area[position])
                left_out.append(LeftOut(year, missing, lost))
                self.progress.warn(
                    f"{f'{year}: ' if year else ''}{missing} pixels ({lost:,.2f} ha) are left out, because an input "
                    "has no value there" + (" in this or another year." if count > 1 and self.area.common else ".")
                )
        return YearlySums(
            years=self.dated,
            pixels=pixels,
            area_ha=area,
            amounts={key[7:]: of(key) for key in keys if key.startswith("amount ")},
            counts={key[6:]: of(key) for key in keys if key.startswith("count ")},
            left_out=tuple(left_out),
            statistics=statistics,
        )

    def sources(
        self, name: str, label: str, series: Series, kind: Literal["classes", "continuous"] = "continuous"
    ) -> tuple[Source, ...]:
        """The source of each year; the same one for all years where the series is static."""
        low, high = series.minimum, series.maximum
        if self.years:
            found = yearly_sources(
                name, series.paths, self.years, label, kind=kind, static=True, minimum=low, maximum=high
            )
            tell_pairing(label, found, self.years, self.progress)
            return found
        bands = [open_raster(path, label).RasterCount for path in series.paths]
        if bands != [1]:
            raise InputError(
                f"{label}: {len(bands)} raster(s) with {sum(bands)} band(s) given, but no years. Give one raster of "
                "one band, or tell the years."
            )
        return (Source(name, series.paths[0], 1, kind, label, low, high),)

    def _fit(self, sources: Sequence[Source]) -> tuple[Source, ...]:
        if self._area is None:
            self._area = open_study_area(sources[0], self.settings, self.folder, self.progress)
        return self.area.fit_all(sources, self.progress)

    def _unknown_codes(self, progress: Progress) -> str:
        assert self.scheme is not None
        counts = count_codes(self._land_cover, self.area.grid, self.area.boundary, progress)
        messages = []
        for source in dict.fromkeys(self._land_cover):
            unknown = {code: n for code, n in counts[source.name].items() if not self.scheme.known(code)}
            if unknown:
                messages.append(unknown_codes_message(source.named, self.scheme, unknown))
        return "\n".join(messages)


def map_output(
    survey: Survey, name: str, path: str | None, unit: str, metadata: Mapping[str, str], like: Output | None = None
) -> tuple[Output, ...]:
    """The output of a map with a band per year; none where no path is given.

    Args:
        survey: knows the years.
        name: what the formula calls the map.
        path: where to write; None for a map that is not wanted.
        unit: of the values.
        metadata: provenance.
        like: gives data type, nodata and legend of a class raster.
    """
    if path is None:
        return ()
    bands = survey.bands(name, unit)
    if like is not None:
        return (replace(like, name=name, path=path, bands=bands, metadata=metadata),)
    return (Output(name, path, bands, metadata=metadata),)


def ecosystem_members(scheme: LandCoverScheme | None) -> tuple[tuple[str, ...], np.ndarray]:
    """Ecosystems of a scheme in the order of its codes, and which class belongs to which.

    Returns:
        Names, and 0/1 of shape (classes, ecosystems); without a scheme one ecosystem `all`.
    """
    if scheme is None:
        return (ALL,), np.ones((1, 1))
    of_class = [land_class.ecosystem for land_class in scheme]
    names = tuple(dict.fromkeys(of_class))
    return names, np.array([[name == ecosystem for name in names] for ecosystem in of_class], dtype=float)
