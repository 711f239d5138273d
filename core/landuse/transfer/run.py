"""Transfer matrix: which area of which class became which, by zone, between any two years of a series."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from ...errors import InputError
from ...land_cover import HIGHEST_CODE, LandCoverClass, LandCoverScheme
from ...land_cover_maps import UnknownCodes, run_over_classes
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.classes import ClassIndex, count_codes
from ...raster.files import workspace
from ...raster.output import FLOAT_NODATA, Band, Output
from ...raster.passes.crosstab import Pairs, classes_that_occur, gather
from ...raster.reading.series import tell_pairing, yearly_sources
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...raster.tally import Sums
from ...raster.work import Block, JobResult, Result
from ...raster.zones.zoning import ZoneLayer, Zoning, open_zoning
from ...years import year_pairs

CHANGE = "change"
PIXELS, AREA = "pair_pixels", "pair_area"
FROM = 1000


@dataclass(frozen=True)
class TransferInputs:
    """What is compared.

    Attributes:
        land_cover: one raster per year, or one with a band per year.
        years: strictly rising, at least two.
        scheme: names and colours of the codes; None takes whatever codes occur, named by their number.
        zones: None for the study area as a whole.
    """

    land_cover: tuple[str, ...]
    years: tuple[int, ...]
    scheme: LandCoverScheme | None = None
    zones: ZoneLayer | None = None


@dataclass(frozen=True)
class TransferOutputs:
    """Path of the map of change codes, a band per pair of years; None where it is not wanted."""

    change: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOutOfPair:
    """Land cover of one year of a pair that the matrix leaves out, because the other year has none there.

    With the mask `common` any other year counts.
    """

    pair: tuple[int, int]
    year: int
    pixels: int
    area_ha: float


@dataclass(frozen=True, eq=False)
class TransferResult:
    """Transfer matrices.

    Attributes:
        pairs: the pairs of years: consecutive ones, then first and last when there are more than two years.
        zones: names of the zones; one, `all`, where none were given.
        classes: the classes that occur in any year, rising by code; the rows and columns of the matrices.
        pixels: int64, shape (pairs, zones, classes, classes); rows are the classes of the earlier year.
        area_ha: the same in hectares.
        left_out: land cover that could not be compared.
    """

    pairs: tuple[tuple[int, int], ...]
    zones: tuple[str, ...]
    classes: tuple[LandCoverClass, ...]
    pixels: np.ndarray
    area_ha: np.ndarray
    left_out: tuple[LeftOutOfPair, ...]

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(land_class.code for land_class in self.classes)

    def whole(self, pair: int) -> np.ndarray:
        """Areas of a pair over all zones and what lies outside them, shape (classes, classes), hectares."""
        return self.area_ha[pair].sum(axis=0)


@dataclass(frozen=True, eq=False)
class _TransferKernel:
    cover: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]
    index: ClassIndex
    zoning: Zoning
    common: bool
    mapped: bool

    def __call__(self, block: Block) -> Result:
        zones = self.zoning.numbers(block) if self.zoning.divided else None
        sums: dict[str, np.ndarray] = {}
        layers, masks = [], []
        for number, (earlier, later) in enumerate(self.pairs):
            first, second = self.cover[earlier], self.cover[later]
            mask = block.gate if self.common else block.all_valid((first, second))
            pairs = Pairs(block.values[first], block.values[second], mask, self.index, block.areas_ha, zones)
            pixels = pairs.pixels()
            for zone, counts in pixels.items():
                if counts[-1].any() or counts[:, -1].any():
                    raise UnknownCodes(f"{first}, {second}")
                sums[f"{PIXELS}:{number}:{zone}"] = counts[:-1, :-1]
            for zone, areas in pairs.areas(pixels).items():
                sums[f"{AREA}:{number}:{zone}"] = areas[:-1, :-1]
            if self.mapped:
                layers.append(change_codes(block.values[first], block.values[second]))
                masks.append(mask)
        return Result({CHANGE: (np.stack(layers), np.stack(masks))} if self.mapped else {}, Sums(sums))


def change_codes(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Change code of each pixel, ``from * 1000 + to``, int32; what stays keeps its class twice (1001).

    Raises:
        InputError: a class code is above 999, for which change codes have no place.
    """
    highest = max(int(first.max()), int(second.max()))
    if highest >= FROM:
        raise InputError(
            say(
                "The land cover holds the class code {code}. Change codes are from * 1000 + to, so class codes go from "
                "0 to 999 where they are mapped: reclassify the land cover, or write codes that stand for no data into "
                "NODATA_CODES.",
                code=highest,
            )
        )
    return first.astype(np.int32) * np.int32(FROM) + second.astype(np.int32)


ONE_YEAR = say("A transfer matrix compares years: give at least two land-cover rasters and their years.")


def run_transfer_matrix(
    inputs: TransferInputs,
    outputs: TransferOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> TransferResult:
    """Counts in one pass where land changed hands.

    ``A_ij`` is the area that was class i in the earlier and is class j in the later year: the sum of a row is the area
    of the class before, the sum of a column its area after, the diagonal is what stayed. Classes of all years are
    united, so a class that a year lacks is a row or column of zeros.

    Raises:
        InputError: fewer than two years, rasters and years do not fit, or a code above 999.
        GridError: a raster does not fit the grid of the first one.
        TableError: a code is not in the scheme.
        OutputError: the map cannot be written.
        Cancelled: the user stopped.
    """
    outputs, settings = outputs or TransferOutputs(), settings or RasterSettings()
    if len(inputs.years) < 2:
        raise InputError(ONE_YEAR)
    with workspace() as folder:
        cover = yearly_sources("land_cover", inputs.land_cover, inputs.years, say("Land cover"), kind="classes")
        area = open_study_area(cover[0], settings, folder, progress, inputs.scheme)
        cover = area.fit_all(cover, progress)
        tell_pairing(say("Land cover"), cover, inputs.years, progress)
        zoning = open_zoning(inputs.zones, area, progress)
        scheme = inputs.scheme or _scheme_of_codes(cover, area)
        pairs = year_pairs(inputs.years)
        position = {year: i for i, year in enumerate(inputs.years)}
        kernel = _TransferKernel(
            cover=tuple(source.name for source in cover),
            pairs=tuple((position[a], position[b]) for a, b in pairs),
            index=ClassIndex.of_codes(scheme.codes),
            zoning=zoning,
            common=area.common,
            mapped=outputs.change is not None,
        )
        maps = [] if outputs.change is None else [_output(outputs.change, pairs, outputs.metadata)]
        job = area.job(kernel, [*cover, *zoning.sources], maps, gate=kernel.cover)

        def accept(found: JobResult) -> None:
            area.require_pixels(found)
            classes_that_occur(found.sums, PIXELS)

        found = run_over_classes(replace(job, accept=accept), cover, scheme, area, progress)
    result = _collect(pairs, zoning.names, scheme, found)
    tell_left_out(result.left_out, progress)
    return result


def _scheme_of_codes(cover: Sequence[Source], area: StudyArea) -> LandCoverScheme:
    """Every code that occurs as a class of its own."""
    counts = count_codes(cover, area.grid, area.boundary)
    codes = sorted({code for found in counts.values() for code in found})
    wrong = [code for code in codes if not 0 <= code <= HIGHEST_CODE]
    if wrong:
        holding = next(source for source in cover if wrong[0] in counts[source.name])
        raise InputError(
            say(
                "{where} holds the class code {code}. Class codes go from 0 to {highest}: reclassify the land cover, "
                "or write codes that stand for no data into NODATA_CODES.",
                where=holding.named,
                code=wrong[0],
                highest=HIGHEST_CODE,
            )
        )
    return LandCoverScheme(
        "custom", {code: LandCoverClass(code, str(code), "", "", False, {}) for code in codes or [0]}
    )


def _output(path: str, pairs: Sequence[tuple[int, int]], metadata: Mapping[str, str]) -> Output:
    bands = tuple(Band(f"{earlier}-{later}", "from * 1000 + to") for earlier, later in pairs)
    return Output(CHANGE, path, bands, "int32", FLOAT_NODATA, metadata=metadata)


def _collect(
    pairs: tuple[tuple[int, int], ...], zones: tuple[str, ...], scheme: LandCoverScheme, found: JobResult
) -> TransferResult:
    occurs = classes_that_occur(found.sums, PIXELS)
    classes = tuple(land_class for land_class, here in zip(scheme, occurs) if here)
    pixels, area_ha = (gather(found.sums, name, len(pairs), len(zones), occurs) for name in (PIXELS, AREA))
    return TransferResult(pairs, zones, classes, pixels, area_ha, left_out_of_pairs(pairs, pixels, area_ha, found))


def left_out_of_pairs(
    pairs: tuple[tuple[int, int], ...], pixels: np.ndarray, area_ha: np.ndarray, found: JobResult
) -> tuple[LeftOutOfPair, ...]:
    """Land cover of each year of a pair minus what its matrices hold."""
    left_out = []
    for number, pair in enumerate(pairs):
        for year in pair:
            covered = found.coverage[f"land_cover:{year}"]
            missing = covered.pixels - int(pixels[number].sum())
            if missing:
                left_out.append(LeftOutOfPair(pair, year, missing, covered.area_ha - math.fsum(area_ha[number].flat)))
    return tuple(left_out)


def tell_left_out(left_out: tuple[LeftOutOfPair, ...], progress: Progress) -> None:
    """Warns of land cover that could not be compared, once per year where all its pairs lack the same."""
    pairs: dict[tuple[int, int, float], list[str]] = {}
    for item in left_out:
        pairs.setdefault((item.year, item.pixels, round(item.area_ha, 2)), []).append(f"{item.pair[0]}-{item.pair[1]}")
    for (year, pixels, area_ha), periods in pairs.items():
        progress.warn(
            say(
                "{periods}: {pixels} pixels ({area_ha:,.2f} ha) with land cover in {year} are left out: "
                "another year has no value there.",
                periods=", ".join(periods),
                pixels=pixels,
                area_ha=area_ha,
                year=year,
            )
        )
