"""Writes the practice region as GeoTIFF, GeoPackage and CSV files with a list of what they are."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from osgeo import gdal, gdal_array, ogr, osr

from ...errors import OutputError
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.files import PendingFile, together
from .model import Frame, Layer, Piece, RasterFile, Region, RegionFiles, Shapes, ShapesFile, Table, TableFile
from .readme import readme

CREATION = ("TILED=YES", "BLOCKXSIZE=256", "BLOCKYSIZE=256", "COMPRESS=DEFLATE", "ZLEVEL=2", "BIGTIFF=IF_SAFER")


def write_region(
    region: Region, folder: str | os.PathLike[str], progress: Progress = QUIET, language: str = "en"
) -> RegionFiles:
    """Writes a region that is in memory; see `write_pieces`."""
    pieces: list[Piece] = [*region.layers, *region.shapes, *region.tables]

    def one_by_one() -> Iterator[Piece]:
        for done, piece in enumerate(pieces):
            progress.set(100 * done / len(pieces))
            yield piece

    return write_pieces(region, one_by_one(), folder, progress, language)


def write_pieces(
    frame: Frame,
    pieces: Iterable[Piece],
    folder: str | os.PathLike[str],
    progress: Progress = QUIET,
    language: str = "en",
) -> RegionFiles:
    """Writes layers, shapes (the boundary first) and tables as they come, and a README.txt in a language.

    Files of the same name are replaced; all take their places when all of them are whole.

    Raises:
        OutputError: the folder or a file in it cannot be written.
        Cancelled: the user asked to stop.
    """
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            say(
                "Folder {target} cannot be made: {strerror}. Choose a folder you may write to.",
                target=target,
                strerror=error.strerror,
            )
        ) from None
    with together():
        files = _write_all(frame, pieces, target, progress, language)
    progress.set(100)
    return files


def _write_all(frame: Frame, pieces: Iterable[Piece], target: Path, progress: Progress, language: str) -> RegionFiles:
    rasters, shapes, tables, outline = [], [], [], None
    for piece in pieces:
        progress.check()
        if isinstance(piece, Table):
            tables.append(_write_table(piece, target))
            continue
        with _gdal_exceptions():
            system = osr.SpatialReference()
            system.ImportFromEPSG(frame.epsg)
            if isinstance(piece, Layer):
                rasters.append(_write_raster(frame, piece, system, target))
            else:
                outline = outline or _polygon(piece.features[0].ring)
                shapes.append(_write_shapes(piece, outline, system, target))
    files = RegionFiles(str(target), tuple(rasters), tuple(shapes), tuple(tables), str(target / "README.txt"))
    with _whole_file(target / "README.txt") as part:
        part.write_text(readme(frame, files, language), encoding="utf-8")
    return files


@contextmanager
def _gdal_exceptions() -> Iterator[None]:
    """GDAL raises within the block and is left as found."""
    modules = (gdal, ogr, osr)
    before = [bool(module.GetUseExceptions()) for module in modules]
    for module in modules:
        module.UseExceptions()
    try:
        yield
    finally:
        # In reverse, because GDAL 3.6 stacks its error handlers.
        for module, raised in reversed(list(zip(modules, before))):
            if not raised:
                module.DontUseExceptions()
        # From 3.7 on, gdal switches its sisters off with it.
        for module, raised in zip(modules, before):
            if raised and not module.GetUseExceptions():
                module.UseExceptions()


@contextmanager
def _whole_file(final: Path) -> Iterator[Path]:
    """A name to write to, which takes the final name when the block ends well and vanishes when it does not."""
    try:
        with PendingFile(str(final)) as pending:
            yield Path(pending.path)
            pending.commit()
    except (OSError, RuntimeError) as error:
        raise OutputError(
            say(
                "{final} cannot be written: {error}. Check free space and rights of the folder.",
                final=final,
                error=error,
            )
        ) from None


def _write_raster(frame: Frame, layer: Layer, system: osr.SpatialReference, folder: Path) -> RasterFile:
    bands = layer.array if layer.array.ndim == 3 else layer.array[np.newaxis]
    count, height, width = bands.shape
    predictor = "PREDICTOR=3" if bands.dtype.kind == "f" else "PREDICTOR=2"
    path = folder / f"{layer.name}.tif"
    with _whole_file(path) as part:
        dataset = gdal.GetDriverByName("GTiff").Create(
            str(part), width, height, count, gdal_array.NumericTypeCodeToGDALTypeCode(bands.dtype.type),
            options=[*CREATION, predictor, f"INTERLEAVE={'BAND' if count > 1 else 'PIXEL'}"],
        )  # fmt: skip
        dataset.SetGeoTransform((frame.origin[0], frame.pixel_m, 0, frame.origin[1], 0, -frame.pixel_m))
        dataset.SetSpatialRef(system)
        dataset.SetMetadataItem("TITLE", layer.title)
        dataset.SetMetadataItem("SOURCE", f"EcoAssets practice region, size {frame.size}, seed {frame.seed}")
        for number, (name, values) in enumerate(zip(layer.band_names, bands), start=1):
            band = dataset.GetRasterBand(number)
            band.SetNoDataValue(layer.nodata)
            band.SetDescription(name)
            if layer.unit:
                band.SetUnitType(layer.unit)
            if layer.scale != 1:
                band.SetScale(layer.scale)
                band.SetOffset(0)
            band.WriteArray(values)
        # Closing is where a full disk shows.
        dataset.FlushCache()
        band = dataset = None
    series = layer.name if layer.year is None else layer.name.rsplit("_", 1)[0]
    return RasterFile(str(path), layer.name, series, layer.title, layer.kind, layer.unit, layer.year, layer.band_names)


def _polygon(ring: NDArray[np.float64]) -> ogr.Geometry:
    line = ogr.Geometry(ogr.wkbLinearRing)
    for x, y in ring:
        line.AddPoint_2D(float(x), float(y))
    polygon = ogr.Geometry(ogr.wkbPolygon)
    polygon.AddGeometry(line)
    return polygon


def _write_shapes(shapes: Shapes, outline: ogr.Geometry, system: osr.SpatialReference, folder: Path) -> ShapesFile:
    types = {int: ogr.OFTInteger, float: ogr.OFTReal, str: ogr.OFTString}
    path = folder / f"{shapes.name}.gpkg"
    with _whole_file(path) as part:
        dataset = gdal.GetDriverByName("GPKG").Create(str(part), 0, 0, 0, gdal.GDT_Unknown)
        layer = dataset.CreateLayer(
            shapes.name, system, ogr.wkbMultiPolygon, [f"IDENTIFIER={shapes.name}", f"DESCRIPTION={shapes.title}"]
        )
        for name, value in zip(shapes.fields, shapes.features[0].values):
            layer.CreateField(ogr.FieldDefn(name, types[type(value)]))
        layer.StartTransaction()
        for feature in shapes.features:
            # Districts overrun the boundary by construction; the others keep their own edge.
            geometry = _polygon(feature.ring)
            if shapes.name == "districts":
                geometry = geometry.Intersection(outline)
            row = ogr.Feature(layer.GetLayerDefn())
            for name, value in zip(shapes.fields, feature.values):
                row.SetField(name, value)
            row.SetGeometry(ogr.ForceToMultiPolygon(geometry))
            layer.CreateFeature(row)
        layer.CommitTransaction()
        row = layer = dataset = None
    return ShapesFile(str(path), shapes.name, shapes.title, shapes.fields)


def _write_table(table: Table, folder: Path) -> TableFile:
    path = folder / f"{table.name}.csv"
    with _whole_file(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(table.rows)
    return TableFile(str(path), table.name, table.title, table.columns)
