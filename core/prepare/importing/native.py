"""Reduces the steps of each period on the product's own grid, tile by tile, strip by strip; nothing is resampled yet.

Tiles on one grid become one raster, a band per period. Tiles on other grids (another UTM zone, another pixel width)
become rasters of their own, which are laid together on the grid of the study.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from osgeo import gdal

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ...raster.dataset import call_gdal
from ...raster.grid import Grid, same_crs
from ...raster.reading.source import footprint
from ...raster.windows import Window
from ..catalogue.product import Layer
from ..near import window_near
from .masks import StoredMask, passes
from .reading import is_random_access, pieces_of, read_ahead, readers_of, stored_in
from .reduction import bytes_per_pixel, converted, reduction_of
from .steps import Period, Step

_PIECE_BYTES = 256 * 2**20  # a tile of 2400 x 2400 at once: packed HDF4 is unpacked from its start for each piece
_CACHE_PIXELS = 1 << 17
_ALIGNED = 1e-2  # of a pixel
NO_CLASS = -32768
_TILE = 256
_SMALL_CODES = 1 << 16


@dataclass(frozen=True)
class Rule:
    """How the steps of a period become one value.

    Attributes:
        layer: what is read.
        annual: rule of `product.ANNUAL`.
        scale, offset: stored x scale + offset is in the product's unit.
        quality: level of quality, one of none, standard, strict.
        fills: codes that the user adds.
        minimum_valid: share of the days of the period that a pixel must have, 0 to 1.
    """

    layer: Layer
    annual: str
    scale: float
    offset: float
    quality: str = "standard"
    fills: tuple[float, ...] = ()
    minimum_valid: float = 0.0


@dataclass
class Counts:
    """What became of the numbers of one period.

    Attributes:
        numbers: that were read.
        fills, poor: of these, fill codes; and values whose quality was too poor.
        pixels, kept: pixels of the native rasters, and those with a value.
        codes: classes and their pixels.
    """

    numbers: int = 0
    fills: int = 0
    poor: int = 0
    pixels: int = 0
    kept: int = 0
    codes: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Native:
    """A raster of reduced periods on a grid of the product.

    Attributes:
        path: a band per period, float32 with NaN, or int32 classes.
        days: valid days, a band per period.
        grid: where it lies.
    """

    path: str
    days: str
    grid: Grid


@dataclass(frozen=True)
class _Part:
    """The window of a tile that lies over the study.

    Attributes:
        tile: its name.
        grid: of the file.
        window: of that grid.
        placed: the grid where it lies for the study: longitudes of 0 to 360 may be turned.
    """

    tile: str
    grid: Grid
    window: Window
    placed: Grid


def reduce_periods(
    periods: Sequence[Period], rule: Rule, study: Grid, folder: str, progress: Progress
) -> tuple[list[Native], list[Counts]]:
    """Reduces all periods on the grids of the product.

    Args:
        periods: what becomes a band each.
        rule: how.
        study: the grid of the study; only what lies over it is read.
        folder: for the rasters.
        progress: told of the share of steps that are read.

    Raises:
        InputError: no file lies over the study, or one cannot be read.
        Cancelled: the user stopped.
    """
    groups = _groups(periods, study)
    if not groups:
        raise InputError(say("No file lies over the study area. Check REFERENCE, or order the tiles that cover it."))
    counts = [Counts() for _ in periods]
    natives = []
    for number, parts in enumerate(groups):
        share = progress.part(100 * number / len(groups), 100 * (number + 1) / len(groups))
        natives.append(_reduce_group(number, parts, periods, rule, counts, folder, share))
    return natives, counts


def _groups(periods: Sequence[Period], study: Grid) -> list[list[_Part]]:
    """Parts over the study by the grid that they share."""
    tiles: dict[tuple, Grid] = {}
    for period in periods:
        for step in period.steps:
            tiles.setdefault((step.tile, step.file.part, step.layer.grid), step.layer.grid)
    groups: list[list[_Part]] = []
    for (tile, _, _), grid in tiles.items():
        for part in _over_study(tile, grid, study):
            group = next((known for known in groups if aligned(known[0].placed, part.placed)), None)
            groups.append([part]) if group is None else group.append(part)
    return groups


def _over_study(tile: str, grid: Grid, study: Grid) -> Iterator[_Part]:
    """The windows of a grid over the study: two where longitudes of 0 to 360 meet a study on both sides of 0."""
    bounds = footprint(study, grid)
    if bounds is None:
        yield _Part(tile, grid, Window(0, 0, grid.width, grid.height), grid)
        return
    for turn in (0.0, 360.0, -360.0) if grid.spatial_reference().IsGeographic() else (0.0,):
        placed = replace(grid, transform=(grid.transform[0] + turn, *grid.transform[1:]))
        window = window_near(placed, bounds)
        if window is not None:
            yield _Part(tile, grid, window, placed)


def aligned(a: Grid, b: Grid) -> bool:
    """Whether the pixels of two grids lie on one another's."""
    same_size = all(math.isclose(a.transform[i], b.transform[i], rel_tol=1e-6) for i in (1, 5))
    if not same_size or not same_crs(a, b):
        return False
    shifts = ((b.transform[0] - a.transform[0]) / a.transform[1], (b.transform[3] - a.transform[3]) / a.transform[5])
    return all(abs(shift - round(shift)) <= _ALIGNED for shift in shifts)


def _reduce_group(
    number: int,
    parts: Sequence[_Part],
    periods: Sequence[Period],
    rule: Rule,
    counts: Sequence[Counts],
    folder: str,
    progress: Progress,
) -> Native:
    grid = _union(parts)
    name = f"{rule.layer.id}_{number}" if number else rule.layer.id
    classes = rule.layer.is_classes
    kind, nodata = (gdal.GDT_Int32, float(NO_CLASS)) if classes else (gdal.GDT_Float32, float("nan"))
    values = _create(os.path.join(folder, f"{name}.tif"), grid, len(periods), kind, nodata)
    days = _create(os.path.join(folder, f"{name}_days.tif"), grid, len(periods), gdal.GDT_UInt16, 0)
    work = [
        (band, part, [step for step in period.steps if step.tile == part.tile and step.layer.grid == part.grid])
        for band, period in enumerate(periods)
        for part in parts
    ]
    steps, done = max(1, sum(len(mine) for _, _, mine in work)), 0
    for band, part, mine in work:
        if not mine:
            continue
        targets = values.GetRasterBand(band + 1), days.GetRasterBand(band + 1)
        _reduce_part(mine, part, periods[band], rule, counts[band], grid, targets, progress)
        done += len(mine)
        progress.set(100 * done / steps)
    native = Native(values.GetDescription(), days.GetDescription(), grid)
    for dataset in (values, days):
        dataset.FlushCache()
    return native


def _union(parts: Sequence[_Part]) -> Grid:
    """The grid that holds the windows of all parts, on the pixels of the first."""
    first = parts[0].placed
    x0, dx, _, y0, _, dy = first.transform
    spans = [(*_offset(part, first), part.window) for part in parts]
    left, top = min(c for c, _, _ in spans), min(r for _, r, _ in spans)
    right, bottom = max(c + w.width for c, _, w in spans), max(r + w.height for _, r, w in spans)
    transform = (x0 + left * dx, dx, 0.0, y0 + top * dy, 0.0, dy)
    return Grid(right - left, bottom - top, transform, first.crs)


def _offset(part: _Part, base: Grid) -> tuple[int, int]:
    """Column and row of the window of a part, counted from the corner of a grid."""
    column = round((part.placed.transform[0] - base.transform[0]) / base.transform[1]) + part.window.column
    row = round((part.placed.transform[3] - base.transform[3]) / base.transform[5]) + part.window.row
    return column, row


def _create(path: str, grid: Grid, bands: int, kind: int, nodata: float) -> gdal.Dataset:
    options = [
        "TILED=YES",
        f"BLOCKXSIZE={_TILE}",
        f"BLOCKYSIZE={_TILE}",
        "BIGTIFF=IF_SAFER",
        "INTERLEAVE=BAND",
        "SPARSE_OK=TRUE",
    ]
    driver = gdal.GetDriverByName("GTiff")
    what = f"Cannot write the intermediate raster {path}"
    dataset = call_gdal(what, InputError, driver.Create, path, grid.width, grid.height, bands, kind, options)
    dataset.SetGeoTransform(grid.transform)
    dataset.SetProjection(grid.crs)
    for number in range(1, bands + 1):
        dataset.GetRasterBand(number).SetNoDataValue(nodata)
    return dataset


def _reduce_part(
    steps: Sequence[Step],
    part: _Part,
    period: Period,
    rule: Rule,
    counted: Counts,
    grid: Grid,
    targets: tuple[gdal.Band, gdal.Band],
    progress: Progress,
) -> None:
    """Reads a tile of one period piece by piece, each piece step by step, and writes the result."""
    values, days = targets
    dtype, block = stored_in(steps[0], rule.layer)
    column, row = _offset(part, grid)
    held = bytes_per_pixel(rule.annual, len(steps), dtype) + (readers_of(steps) + 2) * (dtype.itemsize + 1)
    for piece in pieces_of(part.window, part.grid, block, _PIECE_BYTES // held, is_random_access(steps)):
        found, valid_days = _reduce_strip(steps, piece, period, rule, counted, dtype, progress)
        good = (valid_days > 0) & (valid_days >= math.ceil(rule.minimum_valid * period.days))
        counted.pixels += good.size
        counted.kept += int(np.count_nonzero(good))
        place = column + piece.column - part.window.column, row + piece.row - part.window.row
        _lay(values, found, good, *place, rule.layer.is_classes, counted)
        valid_days[~good] = 0
        _lay_days(days, valid_days, *place)
        for band in targets:  # which would else wait in the cache
            call_gdal("Cannot write an intermediate raster", InputError, lambda one=band: one.FlushCache() or True)


def _reduce_strip(
    steps: Sequence[Step],
    window: Window,
    period: Period,
    rule: Rule,
    counted: Counts,
    dtype: np.dtype,
    progress: Progress,
) -> tuple[np.ndarray, np.ndarray]:
    lines = max(1, _CACHE_PIXELS // window.width)
    slices = [slice(top, min(top + lines, window.height)) for top in range(0, window.height, lines)]
    shapes = [(part.stop - part.start, window.width) for part in slices]
    running = [reduction_of(rule.annual, shape, dtype, rule.layer.rate) for shape in shapes]
    tests = rule.layer.quality.tests(rule.quality) if rule.layer.quality else ()
    packed = rule.layer.scale is None
    for step, stored, band, quality in read_ahead(steps, window, bool(tests)):
        progress.check()
        mask = StoredMask.of(rule.layer, band.nodata, rule.fills)
        counted.numbers += stored.size
        for part, reduction in zip(slices, running):
            valid = mask.valid(stored[part])
            values = int(np.count_nonzero(valid))
            counted.fills += valid.size - values
            if quality is not None:
                valid &= passes(tests, quality[part])
                counted.poor += values - int(np.count_nonzero(valid))
            reduction.add(band.unpacked(stored[part]) if packed else stored[part], valid, step.days)
    kind = np.int32 if rule.layer.is_classes else np.float32
    found, valid_days = [], []
    for one in running:
        reduced, days = converted(one, rule.annual, rule.layer, rule.scale, rule.offset, period.days)
        found.append(reduced.astype(kind))
        valid_days.append(days.astype(np.uint16))
    return np.concatenate(found), np.concatenate(valid_days)


def _lay(
    band: gdal.Band, found: np.ndarray, good: np.ndarray, column: int, row: int, classes: bool, counted: Counts
) -> None:
    """Writes values, and leaves what is there where there are none: neighbouring tiles may overlap."""
    height, width = found.shape
    if classes:
        _count_codes(found[good], counted)
    written = np.where(good, found, found.dtype.type(NO_CLASS if classes else np.nan))
    _write(band, _over(band, written, good, column, row, width, height), column, row)


def _count_codes(codes: np.ndarray, counted: Counts) -> None:
    """Adds the pixels of each class; small codes by their place, which needs no sorting."""
    if codes.size and codes.min() >= 0 and codes.max() < _SMALL_CODES:
        pixels = np.bincount(codes)
        found = np.flatnonzero(pixels)
        counts = pixels[found]
    else:
        found, counts = np.unique(codes, return_counts=True)
    for code, count in zip(found.tolist(), counts.tolist()):
        counted.codes[code] = counted.codes.get(code, 0) + count


def _lay_days(band: gdal.Band, days: np.ndarray, column: int, row: int) -> None:
    height, width = days.shape
    written = days.astype(np.uint16)
    _write(band, _over(band, written, written > 0, column, row, width, height), column, row)


def _over(
    band: gdal.Band, written: np.ndarray, good: np.ndarray, column: int, row: int, width: int, height: int
) -> np.ndarray:
    if good.all():
        return written
    there = call_gdal("Cannot read back", InputError, band.ReadAsArray, column, row, width, height)
    return np.where(good, written, there)


def _write(band: gdal.Band, values: np.ndarray, column: int, row: int) -> None:
    write: Callable[..., int] = band.WriteArray
    call_gdal("Cannot write an intermediate raster", InputError, lambda: write(values, column, row) or True)
