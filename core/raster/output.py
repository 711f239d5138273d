"""Outputs of a job: tiled, compressed GeoTIFFs with nodata, units, statistics, colours and provenance."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Callable

import numpy as np
from osgeo import gdal

from ..errors import OutputError
from ..messages import say
from ..progress import Progress
from .dataset import cache_limit, call_gdal, threads_are_sound, told_by_gdal
from .files import PendingFile
from .grid import Grid
from .hidden import let_go
from .tally import CHUNK_PIXELS
from .windows import TILE, Window
from .writing.formats import driver_for, require_lossless

FLOAT_NODATA = -9999.0
_OF_OPTIONS = re.compile(r"option|not recogni[sz]ed|ignor", re.IGNORECASE)  # what GDAL says of those it does not know
GDAL_TYPES = {
    "uint8": gdal.GDT_Byte,
    "int16": gdal.GDT_Int16,
    "uint16": gdal.GDT_UInt16,
    "int32": gdal.GDT_Int32,
    "float32": gdal.GDT_Float32,
    "float64": gdal.GDT_Float64,
}


@dataclass(frozen=True)
class Band:
    """What a band shows: `2005` or `2005|water_supply`, and its unit."""

    description: str
    unit: str = ""


@dataclass(frozen=True)
class ClassColour:
    """A class of a class raster: its code, name and colour (#rrggbb, or "" for none)."""

    code: int
    name: str
    colour: str


@dataclass(frozen=True)
class Output:
    """A raster that a job writes.

    Attributes:
        name: the key under which the kernel returns it.
        path: the final file name; its extension chooses the driver.
        bands: one per band.
        dtype: a key of `GDAL_TYPES`.
        nodata: the value of pixels without a result.
        classes: legend of a class raster; empty for continuous values.
        metadata: provenance: method, version, tables, parameters.
    """

    name: str
    path: str
    bands: tuple[Band, ...]
    dtype: str = "float32"
    nodata: float = FLOAT_NODATA
    classes: tuple[ClassColour, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def continuous(self) -> bool:
        return not self.classes and self.dtype.startswith("float")


@dataclass(frozen=True)
class WriteOptions:
    """How outputs are stored.

    Attributes:
        creation: GDAL creation options (`NAME=VALUE`) that override the defaults.
        overviews: whether reduced copies for fast display are built.

    Raises:
        OutputError: an option would change the values.
    """

    creation: tuple[str, ...] = ()
    overviews: bool = True

    def __post_init__(self) -> None:
        require_lossless(self.creation)


@dataclass
class BandStatistics:
    """Running statistics of one band."""

    count: int = 0
    minimum: float = np.inf
    maximum: float = -np.inf
    total: float = 0.0
    squares: float = 0.0

    @classmethod
    def of_values(cls, values: np.ndarray) -> BandStatistics:
        """Statistics of a flat array of valid values, in chunks that stay in the processor's cache."""
        found = cls()
        for start in range(0, values.size, CHUNK_PIXELS):
            chunk = values[start : start + CHUNK_PIXELS]
            shift = float(chunk[0])  # squares about a value of the data lose no digits
            shifted = chunk.astype(np.float64)
            shifted -= shift
            total = float(shifted.sum())
            squares = float(np.einsum("i,i->", shifted, shifted)) - total * total / chunk.size
            found.merge(
                cls(chunk.size, float(chunk.min()), float(chunk.max()), total + shift * chunk.size, max(0.0, squares))
            )
        return found

    def merge(self, other: BandStatistics) -> None:
        """Adds another block (Chan, Golub & LeVeque 1983: the pairwise update of the sum of squares)."""
        if other.count == 0:
            return
        if self.count:
            gap = other.total / other.count - self.total / self.count
            self.squares += gap * gap * self.count * other.count / (self.count + other.count)
        self.squares += other.squares
        self.count += other.count
        self.total += other.total
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else float("nan")

    @property
    def deviation(self) -> float:
        return float(np.sqrt(self.squares / self.count)) if self.count else float("nan")


class RasterWriter:
    """Writes one output, block by block, into a pending file; `tidy` as there.

    Leaving its `with` block drops what was not committed.
    """

    def __init__(self, output: Output, grid: Grid, options: WriteOptions, threads: int, tidy: bool = True) -> None:
        self.output, self._grid, self._options, self._threads = output, grid, options, threads
        self.statistics = [BandStatistics() for _ in output.bands]
        self._driver = driver_for(output.path, GDAL_TYPES[output.dtype])
        self._pending = PendingFile(output.path, tidy)
        direct = self._driver.ShortName == "GTiff"
        self._tiff_path = self._pending.path if direct else self._pending.path + ".building.tif"
        try:
            self._dataset: Any = self._create()
        except BaseException:
            self._pending.discard()
            raise

    def __enter__(self) -> RasterWriter:
        return self

    def __exit__(self, kind: object, failure: BaseException | None, trace: TracebackType | None) -> None:
        let_go(failure)
        self.discard()

    def write(self, window: Window, values: np.ndarray, first: int = 1) -> None:
        """Writes the block of all bands from `first` on, shape (bands, height, width), nodata already in place."""
        for number, block in enumerate(values, start=first):
            band = self._dataset.GetRasterBand(number)
            self._call(band.WriteArray, block, window.column, window.row)
            self._call_status(band.FlushCache)

    def finish(self, progress: Progress) -> None:
        """Writes statistics and overviews, closes the file and checks that it is whole."""
        write_statistics(self._dataset, self.output, self.statistics)
        if not threads_are_sound(len(self.output.bands)):
            self._close()
            self._dataset = self._call(gdal.OpenEx, self._tiff_path, gdal.OF_RASTER | gdal.OF_UPDATE)
        if self._driver.ShortName == "GTiff" and self._options.overviews:
            self._build_overviews(progress)
        self._close()
        if self._tiff_path != self._pending.path:
            self._copy_to_driver(progress)
        _require_whole(self._pending.path, self.output.path)

    def commit(self) -> None:
        self._pending.commit()

    def discard(self) -> None:
        """Drops the file; an older output of the same name stays."""
        self._dataset = None
        self._pending.discard()

    def _create(self) -> gdal.Dataset:
        output, grid = self.output, self._grid
        size = grid.width, grid.height, len(output.bands), GDAL_TYPES[output.dtype]
        create = gdal.GetDriverByName("GTiff").Create
        dataset = self._with_options(create, self._tiff_path, *size, options=self._creation_options())
        describe_bands(dataset, output, grid)
        return dataset

    def _creation_options(self) -> list[str]:
        predictor = "3" if self.output.dtype.startswith("float") else "1" if self.output.classes else "2"
        defaults = {
            "TILED": "YES",
            "BLOCKXSIZE": str(TILE),
            "BLOCKYSIZE": str(TILE),
            "BIGTIFF": "IF_SAFER",
            "SPARSE_OK": "TRUE",
            "INTERLEAVE": "BAND",
            "NUM_THREADS": str(self._threads),
            "PREDICTOR": predictor,
            **best_compression(),
        }
        if self.output.dtype == "uint8" and len(self.output.bands) > 1:
            # Three or four bands of bytes would else be taken for colours, and the fourth for transparency.
            defaults |= {"PHOTOMETRIC": "MINISBLACK", "ALPHA": "NO"}
        if self._driver.ShortName != "GTiff":
            return [f"{name}={value}" for name, value in defaults.items()]
        chosen = dict(option.split("=", 1) for option in self._options.creation)
        chosen = {name.strip().upper(): value.strip() for name, value in chosen.items()}
        if chosen.get("COMPRESS", defaults["COMPRESS"]) != defaults["COMPRESS"]:
            defaults.pop("ZSTD_LEVEL", None)
        if chosen.get("COMPRESS", "").upper() in ("NONE", "PACKBITS"):
            defaults.pop("PREDICTOR")
        return [f"{name}={value}" for name, value in {**defaults, **chosen}.items()]

    def _build_overviews(self, progress: Progress) -> None:
        levels = overview_levels(self._grid)
        if levels:
            row_of_tiles = TILE * self._grid.width * np.dtype(self.output.dtype).itemsize
            # overviews would else fill the cache with the whole raster
            with cancelled_first(progress), cache_limit(gdal.GetCacheUsed() + 3 * row_of_tiles):
                self._call_status(
                    self._dataset.BuildOverviews,
                    "AVERAGE" if self.output.continuous else "MODE",
                    levels,
                    callback=stop_when_cancelled(progress),
                )

    def _close(self) -> None:
        def close() -> int:
            self._dataset.FlushCache()
            self._dataset = None
            return gdal.CE_None

        self._call_status(close)

    def _copy_to_driver(self, progress: Progress) -> None:
        source = self._call(gdal.Open, self._tiff_path)
        with cancelled_first(progress):
            options, callback = list(self._options.creation), stop_when_cancelled(progress)
            create = self._driver.CreateCopy
            copy = self._with_options(create, self._pending.path, source, options=options, callback=callback)
        self._call_status(copy.FlushCache)
        del copy, source
        os.remove(self._tiff_path)

    def _with_options(self, create: Callable[..., gdal.Dataset], *args: Any, **kwargs: Any) -> gdal.Dataset:
        """What GDAL creates; it only warns of an option or a value that it does not know, and goes on without it."""
        warnings: list[str] = []

        def noted() -> gdal.Dataset:
            with told_by_gdal() as told:
                made = create(*args, **kwargs)
            warnings.extend(text for text in told if _OF_OPTIONS.search(text))
            return made

        if not self._options.creation:
            return self._call(noted)
        what = f"Cannot write {self.output.path} with these creation options"
        dataset = call_gdal(what, OutputError, noted)
        if warnings:
            del dataset
            told = say("Cannot write {path} with these creation options: {why}", path=self.output.path, why=warnings[0])
            raise OutputError(told)
        return dataset

    def _call(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return call_gdal(f"Cannot write {self.output.path}", OutputError, call, *args, **kwargs)

    def _call_status(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        status = self._call(lambda: call(*args, **kwargs) or gdal.CE_None)
        if status != gdal.CE_None:
            why = gdal.GetLastErrorMsg() or say("GDAL gave no reason")
            raise OutputError(say("Cannot write {path}: {why}", path=self.output.path, why=why))


def describe_bands(dataset: gdal.Dataset, output: Output, grid: Grid) -> None:
    """Gives a new raster its place, provenance, band names, units, nodata and legend."""
    dataset.SetGeoTransform(grid.transform)
    dataset.SetProjection(grid.crs)
    dataset.SetMetadata(dict(output.metadata))
    for number, band_info in enumerate(output.bands, start=1):
        band = dataset.GetRasterBand(number)
        band.SetNoDataValue(output.nodata)
        band.SetDescription(band_info.description)
        if band_info.unit:
            band.SetUnitType(band_info.unit)
        if output.classes:
            _describe_classes(band, output)


def write_statistics(dataset: gdal.Dataset, output: Output, statistics: Sequence[BandStatistics]) -> None:
    """Stores what the pass has found out about continuous bands."""
    for number, found in enumerate(statistics, start=1):
        if output.continuous and found.count:
            band = dataset.GetRasterBand(number)
            band.SetStatistics(found.minimum, found.maximum, found.mean, found.deviation)


def overview_levels(grid: Grid) -> list[int]:
    """Powers of two until the smallest reduced copy fits one tile."""
    levels, factor = [], 2
    while max(grid.width, grid.height) / (factor / 2) > TILE:
        levels.append(factor)
        factor *= 2
    return levels


@contextmanager
def cancelled_first(progress: Progress) -> Iterator[None]:
    """Turns the failure of a GDAL call that a cancel interrupted into `Cancelled`."""
    try:
        yield
    except OutputError:
        progress.check()
        raise
    progress.check()


def stop_when_cancelled(progress: Progress) -> Callable[[float, str, Any], int]:
    return lambda done, message, data: 0 if progress.cancelled() else 1


def best_compression() -> dict[str, str]:
    options = gdal.GetDriverByName("GTiff").GetMetadataItem("DMD_CREATIONOPTIONLIST")
    return {"COMPRESS": "ZSTD", "ZSTD_LEVEL": "1"} if "ZSTD" in options else {"COMPRESS": "DEFLATE"}


def _describe_classes(band: gdal.Band, output: Output) -> None:
    """Gives a class band its colour table (where codes fit one) and category names."""
    coloured = [entry for entry in output.classes if entry.colour]
    if coloured and output.dtype in ("uint8", "uint16") and len(output.bands) == 1:
        table = gdal.ColorTable()
        for entry in coloured:
            red, green, blue = (int(entry.colour[start : start + 2], 16) for start in (1, 3, 5))
            table.SetColorEntry(entry.code, (red, green, blue, 255))
        band.SetRasterColorTable(table)
    codes = [entry.code for entry in output.classes]
    if min(codes) >= 0 and max(codes) < 256:
        names = [""] * (max(codes) + 1)
        for entry in output.classes:
            names[entry.code] = entry.name
        band.SetCategoryNames(names)


def _require_whole(path: str, final: str) -> None:
    """Checks that the last bytes that the file's directory promises are there (a full disk may cut a file silently).

    Raises:
        OutputError: the file cannot be opened or is too short.
    """
    dataset = call_gdal(f"Cannot read back {final}", OutputError, gdal.OpenEx, path, gdal.OF_RASTER)
    if dataset.GetDriver().ShortName != "GTiff":
        return
    size = os.path.getsize(path)
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        for level in [band] + [band.GetOverview(i) for i in range(band.GetOverviewCount())]:
            if _last_byte(level) > size:
                raise OutputError(say("Cannot write {final}: the file is cut off. Is the disk full?", final=final))


def _last_byte(band: gdal.Band) -> int:
    width, height = band.GetBlockSize()
    last_column, last_row = (band.XSize - 1) // width, (band.YSize - 1) // height
    offset = band.GetMetadataItem(f"BLOCK_OFFSET_{last_column}_{last_row}", "TIFF")
    length = band.GetMetadataItem(f"BLOCK_SIZE_{last_column}_{last_row}", "TIFF")
    return int(offset) + int(length) if offset and length else 0


def stack_for(output: Output, values: np.ndarray, valid: np.ndarray) -> tuple[np.ndarray, list[BandStatistics]]:
    """Shapes a kernel's result for writing: (bands, height, width) in the output's type, nodata where not valid.

    Args:
        output: what is written.
        values: shape (height, width) or (bands, height, width).
        valid: boolean, shape (height, width) or that of `values`.

    Returns:
        The block and, for continuous outputs, the statistics of each band.
    """
    stack = np.asarray(values)
    stack = stack[np.newaxis] if stack.ndim == 2 else stack
    stack = stack.astype(output.dtype, copy=False)
    masks: Sequence[np.ndarray] = list(valid) if valid.ndim == 3 else [valid] * len(stack)
    found = []
    if not stack.flags.writeable:
        stack = stack.copy()
    everywhere = [bool(mask.all()) for mask in masks]
    for layer, mask, full in zip(stack, masks, everywhere):
        if output.continuous:
            found.append(BandStatistics.of_values(layer.reshape(-1) if full else layer[mask]))
        if not full:
            layer[~mask] = output.nodata
    return stack, found
