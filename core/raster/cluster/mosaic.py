"""An output that many processes write: a tile file per window, then a virtual raster over them, or one COG of it."""

from __future__ import annotations

import glob
import os
import shutil
import uuid
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from osgeo import gdal

from ...errors import OutputError
from ...messages import say
from ...progress import Progress
from ..dataset import call_gdal
from ..files import PendingFile
from ..grid import Grid
from ..output import (
    GDAL_TYPES,
    BandStatistics,
    Output,
    RasterWriter,
    WriteOptions,
    best_compression,
    cancelled_first,
    describe_bands,
    overview_levels,
    stop_when_cancelled,
    write_statistics,
)
from ..windows import TILE, Window

if TYPE_CHECKING:
    from ..work import Job

_END_OF_BAND = "</VRTRasterBand>"
COG_TAKES = ("COMPRESS", "BIGTIFF")  # of the creation options of a GeoTIFF, under the same name


class TileMosaic:
    """One output of a job on a cluster. Takes the place of `RasterWriter`, which one process writes alone.

    A name that ends with .vrt becomes a virtual raster over the tiles, which stay in a folder beside it; any other
    becomes one cloud-optimised GeoTIFF. Either way all of it appears at once: the virtual raster takes its final name
    after its tiles, whose folder bears a new name each time.
    """

    def __init__(self, output: Output, grid: Grid, options: WriteOptions, threads: int) -> None:
        self.output, self._grid, self._options, self._threads = output, grid, options, threads
        self.statistics = [BandStatistics() for _ in output.bands]
        stem, extension = os.path.splitext(os.path.basename(output.path))
        self._virtual = extension.lower() == ".vrt"
        if not self._virtual and extension.lower() not in (".tif", ".tiff"):
            raise OutputError(
                say("Cannot write {path} on a cluster. Use .vrt (tiles stay as they are) or .tif.", path=output.path)
            )
        self._pending = PendingFile(output.path)
        self._beside = os.path.dirname(self._pending.path)
        self._tiles = f"{stem}.tiles-{uuid.uuid4().hex[:8]}"
        self._older = os.path.join(os.path.dirname(self._pending.final), f"{glob.escape(stem)}.tiles-" + "?" * 8)
        self._windows: list[Window] = []
        self.folder = os.path.join(self._beside, self._tiles)
        os.mkdir(self.folder)

    def __enter__(self) -> TileMosaic:
        return self

    def __exit__(self, *failure: object) -> None:
        self.discard()

    def add(self, window: Window, statistics: list[BandStatistics]) -> None:
        """Takes note of a tile that a task has written; called in the order of the windows."""
        self._windows.append(window)
        for total, found in zip(self.statistics, statistics):
            total.merge(found)

    def finish(self, progress: Progress) -> None:
        """Writes the virtual raster, and the COG where one is wanted."""
        path = self._pending.path if self._virtual else os.path.join(self._beside, "mosaic.vrt")
        self._write_virtual(path)
        if not self._virtual:
            self._write_cog(path, progress)
            os.remove(path)
            shutil.rmtree(self.folder)
            return
        expected = {tile_name(window) for window in self._windows}
        for name in os.listdir(self.folder):  # of a worker that died
            if name not in expected:
                shutil.rmtree(os.path.join(self.folder, name), ignore_errors=True)
        if self._options.overviews:
            self._build_overviews(path, progress)

    def commit(self) -> None:
        self._pending.commit(glob.glob(self._older))

    def discard(self) -> None:
        """Drops the tiles; workers that still write one find their folder gone."""
        self._pending.discard()

    def _write_virtual(self, path: str) -> None:
        what, output, grid = f"Cannot write {self.output.path}", self.output, self._grid
        driver = gdal.GetDriverByName("VRT")
        dataset = call_gdal(
            what, OutputError, driver.Create, path, grid.width, grid.height, len(output.bands), GDAL_TYPES[output.dtype]
        )
        describe_bands(dataset, output, grid)
        write_statistics(dataset, output, self.statistics)
        dataset.FlushCache()
        del dataset
        # GDAL has just written the text, in which nothing but the end of a band looks like this
        with open(path, encoding="utf-8", newline="") as file:
            *bands, end = file.read().split(_END_OF_BAND)
        filled = [
            text + "".join(_tile_source(f"{self._tiles}/{tile_name(w)}", w, number) for w in self._windows)
            for number, text in enumerate(bands, start=1)
        ]
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(_END_OF_BAND.join([*filled, end]))

    def _build_overviews(self, path: str, progress: Progress) -> None:
        what, levels = f"Cannot write {self.output.path}", overview_levels(self._grid)
        if not levels:
            return
        dataset = call_gdal(what, OutputError, gdal.OpenEx, path, gdal.OF_RASTER)
        compression = best_compression()["COMPRESS"]
        before = gdal.GetThreadLocalConfigOption("COMPRESS_OVERVIEW", None)
        gdal.SetThreadLocalConfigOption("COMPRESS_OVERVIEW", compression)
        try:
            with cancelled_first(progress):
                method = "AVERAGE" if self.output.continuous else "MODE"
                build = dataset.BuildOverviews
                status = call_gdal(what, OutputError, build, method, levels, callback=stop_when_cancelled(progress))
        finally:
            gdal.SetThreadLocalConfigOption("COMPRESS_OVERVIEW", before)
        if status != gdal.CE_None:
            raise OutputError(f"{what}: {gdal.GetLastErrorMsg()}")

    def _write_cog(self, virtual: str, progress: Progress) -> None:
        what = f"Cannot write {self.output.path}"
        source = call_gdal(what, OutputError, gdal.Open, virtual)
        with cancelled_first(progress):
            copy = call_gdal(
                what, OutputError, gdal.GetDriverByName("COG").CreateCopy, self._pending.path, source,
                options=self._cog_options(), callback=stop_when_cancelled(progress),
            )  # fmt: skip
            copy.FlushCache()

    def _cog_options(self) -> list[str]:
        options = {
            "COMPRESS": best_compression()["COMPRESS"],
            "BLOCKSIZE": str(TILE),
            "BIGTIFF": "IF_SAFER",
            "NUM_THREADS": str(self._threads),
            "SPARSE_OK": "TRUE",
            "PREDICTOR": "NO" if self.output.classes else "YES",
            "OVERVIEW_RESAMPLING": "AVERAGE" if self.output.continuous else "MODE",
            "OVERVIEWS": "AUTO" if self._options.overviews else "NONE",
        }
        chosen = dict(option.upper().split("=", 1) for option in self._options.creation)
        if chosen.get("COMPRESS", options["COMPRESS"]) == "ZSTD":
            options["LEVEL"] = chosen.get("ZSTD_LEVEL", "1")
        elif "ZLEVEL" in chosen:
            options["LEVEL"] = chosen["ZLEVEL"]
        options.update({name: value for name, value in chosen.items() if name in COG_TAKES})
        return [f"{name}={value}" for name, value in options.items()]


def write_tile(output: Output, job: Job, window: Window, values: np.ndarray, folder: str) -> None:
    """Writes one tile, whole or not at all; on a worker."""
    grid, (x, dx, _, y, _, dy) = job.grid, job.grid.transform
    corner = (x + window.column * dx, dx, 0.0, y + window.row * dy, 0.0, dy)
    tile = replace(output, path=os.path.join(folder, tile_name(window)))
    options = WriteOptions(job.write.creation, overviews=False)
    place = Grid(window.width, window.height, corner, grid.crs)
    # looking through all tiles for each would add up
    with RasterWriter(tile, place, options, threads=1, tidy=False) as writer:
        writer.write(Window(0, 0, window.width, window.height), values)
        writer.finish(Progress())
        writer.commit()


def tile_name(window: Window) -> str:
    return f"r{window.row:07d}_c{window.column:07d}.tif"


def _tile_source(path: str, window: Window, band: int) -> str:
    size = f'xSize="{window.width}" ySize="{window.height}"'
    return (
        f'<SimpleSource><SourceFilename relativeToVRT="1">{escape(path)}</SourceFilename>'
        f'<SourceBand>{band}</SourceBand><SrcRect xOff="0" yOff="0" {size} />'
        f'<DstRect xOff="{window.column}" yOff="{window.row}" {size} /></SimpleSource>'
    )
