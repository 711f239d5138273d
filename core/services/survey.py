"""One formula per pixel over several years: inputs are gathered, maps written, sums by group taken in one pass."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ..errors import InputError, TableError
from ..land_cover import LandCoverScheme
from ..land_cover_maps import telling_unknown_codes
from ..messages import listed, say
from ..progress import Progress
from ..quantities import Measure, quantity
from ..raster.classes import ClassIndex, count_codes
from ..raster.dataset import open_raster
from ..raster.engine import run_job
from ..raster.output import Band, BandStatistics, Output
from ..raster.reading.series import tell_pairing, yearly_sources
from ..raster.reading.source import Source
from ..raster.settings import RasterSettings
from ..raster.study import StudyArea, open_study_area
from ..raster.tally import Sums
from ..raster.work import JobResult
from ..results import LeftOut, tell_left_out
from .yearly_kernel import LAND_COVER, Formula, MissingRows, YearlyKernel

Climate = Literal["actual", "mean"]


@dataclass(frozen=True)
class Rasters:
    """Rasters of one quantity.

    Attributes:
        paths: one raster per year, one with a band per year, or one for all years.
        minimum, maximum: valid range in the unit of the values; what lies outside is nodata.
    """

    paths: tuple[str, ...]
    minimum: float | None = None
    maximum: float | None = None

    @classmethod
    def of(cls, *paths: str) -> Rasters:
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
            raise InputError(say("No raster is given. Choose at least one."))
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
        self._land_cover = self._fit(self.sources(LAND_COVER, Rasters(cover.paths), Measure(LAND_COVER), "classes"))

    def add(self, name: str, series: Rasters | None, measure: Measure, climate: Climate = "actual") -> None:
        """Adds an input, if it is given; with the climate `mean` every year gets the mean over the years."""
        if series is None:
            return
        self.add_sources(name, self.sources(name, series, measure, "continuous"), climate)

    def add_classes(self, name: str, series: Rasters, measure: Measure) -> None:
        """Adds an input that holds codes."""
        self.add_sources(name, self.sources(name, series, measure, "classes"))

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

    def run(
        self,
        formula: Formula,
        outputs: Sequence[Output],
        groups: int,
        progress: Progress,
        accept: Callable[[YearlySums], None] | None = None,
    ) -> YearlySums:
        """Runs the formula over all years.

        Args:
            formula: of the pixels.
            outputs: the maps.
            groups: number of groups of pixels.
            progress: gets advance.
            accept: looks at the sums before the maps get their final names; raises to refuse them.

        Raises:
            InputError: an input holds values that cannot be meant, or no pixel takes part.
            Refused: a land-cover code is not in the scheme; the message lists codes and pixel counts.
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
            maps={output.name: output.dtype for output in outputs},
        )
        first = self._land_cover or tuple(sources[0] for sources in next(iter(self._inputs.values())))
        rest = [source for year in inputs for sources in year.values() for source in sources]
        job = self.area.job(kernel, [*first, *rest], outputs, gate=[source.name for source in first])
        collected: list[YearlySums] = []

        def look(found: JobResult) -> None:
            counted = sum(int(found.sums[f"pixels:{year}"].sum()) for year in range(len(self.dated)))
            self.area.require_pixels(found, counted // len(self.dated))
            require_values(rest, found)
            collected.append(self._collect(found.sums, [found.coverage[s.name] for s in first], found.statistics))
            if accept:
                accept(collected[0])

        known = (
            telling_unknown_codes(self._land_cover, self.scheme, self.area, progress) if self.scheme else nullcontext()
        )
        try:
            with known:
                run_job(replace(job, accept=look), progress)
        except MissingRows as missing:
            raise TableError(self._missing_rows(missing, progress)) from None
        return collected[0]

    def _collect(self, sums: Sums, coverage: Sequence, statistics: Mapping) -> YearlySums:
        count = len(self.dated)

        def of(key: str) -> np.ndarray:
            return np.stack([sums[f"{key}:{year}"] for year in range(count)])

        keys = dict.fromkeys(key.rpartition(":")[0] for key in sums)
        pixels, area = of("pixels"), of("area")
        reason = say("an input has no value there")
        if count > 1 and self.area.common:
            reason = say("an input has no value there in this or another year")
        left_out = []
        for position, (year, covered) in enumerate(zip(self.dated, coverage)):
            missing = covered.pixels - int(pixels[position].sum())
            if missing > 0:
                lost = covered.area_ha - math.fsum(area[position])
                left_out.append(LeftOut(year, reason, missing, lost))
        tell_left_out(left_out, self.progress)
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
        self,
        name: str,
        series: Rasters,
        measure: Measure,
        kind: Literal["classes", "continuous"] = "continuous",
        label: str = "",
    ) -> tuple[Source, ...]:
        """The source of each year; the same one for all years where the series is static.

        Args:
            name: the key of the input.
            series: the rasters.
            measure: what they hold, and their label where none is given.
            kind: as that of `Source`.
            label: for messages.
        """
        low, high, label = series.minimum, series.maximum, label or listed([measure.meant.name], "")
        if self.years:
            found = yearly_sources(
                name,
                series.paths,
                self.years,
                label,
                kind=kind,
                static=True,
                minimum=low,
                maximum=high,
                measure=measure,
            )
            tell_pairing(label, found, self.years, self.progress)
            return found
        bands = [open_raster(path, label).RasterCount for path in series.paths]
        if bands != [1]:
            raise InputError(
                say(
                    "{label}: {count} raster(s) with {bands} band(s) given, but no years. Give one raster of one "
                    "band, or tell the years.",
                    label=label,
                    count=len(bands),
                    bands=sum(bands),
                )
            )
        return (Source(name, series.paths[0], 1, kind, label, low, high, measure=measure),)

    def _fit(self, sources: Sequence[Source]) -> tuple[Source, ...]:
        if self._area is None:
            self._area = open_study_area(sources[0], self.settings, self.folder, self.progress, self.scheme)
        return self.area.fit_all(sources, self.progress)

    def _missing_rows(self, missing: MissingRows, progress: Progress) -> str:
        """All codes that occur and have no row, with their pixels."""
        counts = count_codes(self._land_cover, self.area.grid, self.area.boundary, progress)
        pixels = {code: max(of.get(code, 0) for of in counts.values()) for code in missing.codes}
        listed = ", ".join(f"{code} ({n} px)" for code, n in sorted(pixels.items()) if n)
        return say(
            "The land cover holds codes that the table of {table} does not have: {codes}. Add a row for each.",
            table=missing.table,
            codes=listed,
        )


def require_values(sources: Sequence[Source], found: JobResult) -> None:
    """Raises InputError where a raster that a formula needs has no value at all in the study area."""
    empty = [source.named for source in sources if found.coverage[source.name].pixels == 0]
    if empty:
        raise InputError(
            say(
                "{rasters}: no pixel has a value in the study area, so that a result would rest on nothing. Check "
                "nodata, valid range and extent.",
                rasters=", ".join(dict.fromkeys(empty)),
            )
        )


def map_output(
    survey: Survey, name: str, path: str | None, held: str, metadata: Mapping[str, str], like: Output | None = None
) -> tuple[Output, ...]:
    """The output of a map with a band per year; none where no path is given.

    Args:
        survey: knows the years.
        name: what the formula calls the map.
        path: where to write; None for a map that is not wanted.
        held: id of the quantity that it holds.
        metadata: provenance.
        like: gives data type, nodata and legend of a class raster.
    """
    if path is None:
        return ()
    bands = survey.bands(name, quantity(held).unit)
    if like is not None:
        return (replace(like, name=name, path=path, bands=bands, metadata=metadata),)
    return (Output(name, path, bands, metadata=metadata),)
