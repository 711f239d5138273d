"""Layers in the containers of providers: HDF-EOS, netCDF, GeoTIFF; each as a raster that GDAL reads, on its true grid.

GDAL 3.6 gives HDF5-EOS files no position, turns rasters that store longitude before latitude, and cannot read HDF and
netCDF within archives: this is made good here.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from osgeo import gdal

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.dataset import call_gdal, open_raster, quiet_gdal
from ...raster.grid import Grid
from ...raster.reading.whole import CUT, is_cut
from ..catalogue.product import Edition, Layer, Product
from ..catalogue.recognise import Recognised
from .hdfeos import grid_of_hdfeos5
from .listing import UNREADABLE, file_name

_CHUNK = 1 << 22
_SAME_CELL = 1e-3  # a cell that is off by less than this share was rounded on the way


class NoSuchLayer(InputError):
    """A file can be read, and does not hold the layer."""


@dataclass(frozen=True)
class OpenedLayer:
    """A layer of a file.

    Attributes:
        path: by which GDAL opens it.
        bands: numbers of its bands; several where they are its times.
        grid: where it lies, whatever the file says.
    """

    path: str
    bands: tuple[int, ...]
    grid: Grid


def missing_drivers(edition: Edition) -> tuple[str, ...]:
    """The drivers of which one is needed and none is there; empty where the edition can be read."""
    there = any(gdal.GetDriverByName(name) for name in edition.needs)
    return () if there or not edition.needs else edition.needs


def require_drivers(found: Recognised) -> None:
    """Refuses a file that this GDAL cannot read, before any work.

    Raises:
        InputError: names the driver, and what to order instead.
    """
    edition = found.edition
    missing = missing_drivers(edition) if edition else ()
    if edition is None or not missing:
        return
    raise InputError(
        say(
            "{file} needs the GDAL driver {drivers}, which this QGIS lacks. Install it (OSGeo4W: package gdal-{first})"
            "{instead}.",
            file=found.name,
            drivers=" / ".join(missing),
            first=missing[0].lower(),
            instead=say(", or {way}", way=edition.instead) if edition.instead else "",
        )
    )


def open_layer(found: Recognised, layer: Layer, folder: str, progress: Progress = QUIET) -> OpenedLayer:
    """Finds a layer in a recognised file.

    Args:
        found: the file.
        layer: which of its layers.
        folder: for copies of what cannot be read in place.
        progress: polled while a packed file is unpacked.

    Raises:
        InputError: the driver is missing, the file cannot be read, or it has no such layer; names those that it has.
        GridError: it has no position and its product tells none.
    """
    return _opened(found, layer.match, folder, progress)


def open_quality(found: Recognised, rule: re.Pattern[str], folder: str, progress: Progress = QUIET) -> OpenedLayer:
    """Finds the layer of quality that lies in the same file. Raises as `open_layer`."""
    return _opened(found, rule, folder, progress)


def _opened(found: Recognised, match: re.Pattern[str], folder: str, progress: Progress) -> OpenedLayer:
    product, edition = found.product, found.edition
    if product is None or edition is None:
        raise InputError(say("{file} is of no product that is known.", file=found.name))
    require_drivers(found)
    path = in_place(found.path, edition, folder, progress)
    find = _FINDERS[edition.container]
    opened = find(path, match, found, folder)
    return replace(opened, grid=_true_grid(opened, product, edition, found))


def in_place(path: str, edition: Edition, folder: str, progress: Progress) -> str:
    """The path by which GDAL can read windows: packed files, and HDF and netCDF within archives, are copied out."""
    random_access = not path.startswith("/vsigzip/")
    if not path.startswith("/vsi") or (edition.container in ("raster", "table") and random_access):
        return path
    target = _copied_to(folder, path)
    if os.path.exists(target):
        return target
    try:
        if random_access:
            _copy(_vsi_chunks(path), target, progress)
        else:
            with gzip.open(path[len("/vsigzip/") :], "rb") as packed:
                _copy(iter(lambda: packed.read(_CHUNK), b""), target, progress)
    except UNREADABLE as reason:
        if getattr(reason, "errno", None) == errno.ENOSPC:
            raise InputError(
                say(
                    "{file} cannot be unpacked: the disk of the temporary folder {folder} is full. Free some space, or "
                    "set TMPDIR (Windows: TEMP) to a folder that has more.",
                    file=path,
                    folder=os.path.dirname(folder),
                )
            ) from None
        raise InputError(
            say("{file} cannot be unpacked ({reason}). Order it again.", file=path, reason=reason)
        ) from None
    return target


def _copied_to(folder: str, path: str) -> str:
    """Where the copy of a file goes: files of one name in several archives stay apart."""
    digest = hashlib.blake2b(path.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return os.path.join(folder, f"{digest}-{file_name(path)}")


def _vsi_chunks(path: str) -> Iterator[bytes]:
    handle = gdal.VSIFOpenL(path, "rb")
    if handle is None:
        raise OSError(gdal.GetLastErrorMsg() or "it cannot be opened")
    try:
        while chunk := gdal.VSIFReadL(1, _CHUNK, handle):
            yield bytes(chunk)
    finally:
        gdal.VSIFCloseL(handle)


def _copy(chunks: Iterator[bytes], target: str, progress: Progress) -> None:
    unfinished = target + ".part"
    with open(unfinished, "wb") as file:
        for chunk in chunks:
            progress.check()
            file.write(chunk)
    os.replace(unfinished, target)


def layer_name(subdataset: str) -> str:
    """What a layer is called: the last part of a sub-dataset's name, with blanks for underscores in HDF5."""
    if subdataset.startswith("HDF5:"):
        return subdataset.rsplit("/", 1)[-1].strip('"')
    return subdataset.rsplit(":", 1)[-1].strip('"')


def layers_of(dataset: gdal.Dataset) -> dict[str, str]:
    """The sub-datasets of a file by the names of their layers."""
    found = {}
    for path, description in dataset.GetSubDatasets():
        name = layer_name(path)
        if path.startswith("HDF4_SDS") and name.isdigit():  # plain HDF4: the name stands in the description alone
            name = re.sub(r"^\[[^\]]*\] | \([^)]*\)$", "", description)
        found[name] = path
    return found


def _subdataset(path: str, match: re.Pattern[str], found: Recognised) -> str:
    """The GDAL name of the layer; the file itself where that is the layer."""
    dataset = open_raster_or_container(path)
    layers = layers_of(dataset)
    matching = [name for name in layers if match.search(name) or match.search(name.replace("_", " "))]
    if len(matching) == 1:
        return layers[matching[0]]
    own = only_layer(path, dataset) if dataset.RasterCount and not layers else None
    if own and (match.search(own) or match.search(own.replace("_", " "))):
        return path
    has = ", ".join(layers) or own or say("none")
    if len(matching) > 1:
        raise InputError(say("{file}: {layers} may all be the layer that is looked for.", file=found.name, layers=has))
    raise NoSuchLayer(
        say(
            "{file} has no layer {wanted}. It has: {layers}. Is it complete, and of this product?",
            file=found.name,
            wanted=match.pattern,
            layers=has,
        )
    )


def only_layer(path: str, dataset: gdal.Dataset) -> str | None:
    """What a file of one layer calls it: GDAL opens it as a raster, of HDF without a name. None where nothing tells."""
    named = dataset.GetRasterBand(1).GetMetadataItem("NETCDF_VARNAME")
    if named:
        return str(named)
    with quiet_gdal(), suppress(RuntimeError):
        container = gdal.OpenEx(path, gdal.OF_MULTIDIM_RASTER)
        root = container.GetRootGroup() if container is not None else None
        size = [dataset.RasterYSize, dataset.RasterXSize]
        names = [name for name, shape in _arrays(root) if shape == size] if root is not None else []
        return names[0] if len(set(names)) == 1 else None
    return None


def _arrays(group: gdal.Group) -> Iterator[tuple[str, list[int]]]:
    """Names and sizes of all arrays of a group and the groups within."""
    for name in group.GetMDArrayNames() or ():
        array = group.OpenMDArray(name)
        if array is not None:
            yield name, [dimension.GetSize() for dimension in array.GetDimensions()]
    for name in group.GetGroupNames() or ():
        inner = group.OpenGroup(name)
        if inner is not None:
            yield from _arrays(inner)


def open_raster_or_container(path: str) -> gdal.Dataset:
    """Opens a file that may hold nothing but sub-datasets. Raises InputError."""
    flags = gdal.OF_RASTER | gdal.OF_VERBOSE_ERROR
    return call_gdal(f"Cannot open {path}", InputError, gdal.OpenEx, path, flags)


def _plain_grid(dataset: gdal.Dataset) -> Grid:
    """Size, position and CRS as far as the file tells them."""
    transform = dataset.GetGeoTransform(can_return_null=True)
    return Grid(
        dataset.RasterXSize, dataset.RasterYSize, tuple(transform) if transform else (), dataset.GetProjection()
    )


def _in_raster(path: str, match: re.Pattern[str], found: Recognised, folder: str) -> OpenedLayer:
    dataset = open_raster(path)
    if is_cut(dataset):
        raise InputError(say("{file} cannot be used: {reason}.", file=found.name, reason=CUT))
    count = dataset.RasterCount
    numbers = tuple(range(1, count + 1))
    if found.edition is not None and found.edition.bands is None and count > 1:
        named = [n for n in numbers if match.search(dataset.GetRasterBand(n).GetDescription() or "\0")]
        numbers = tuple(named[:1]) or (1,)
    return OpenedLayer(path, numbers, _plain_grid(dataset))


def _in_hdf4(path: str, match: re.Pattern[str], found: Recognised, folder: str) -> OpenedLayer:
    name = _subdataset(path, match, found)
    return OpenedLayer(name, (1,), _plain_grid(open_raster(name)))


def _in_hdf5(path: str, match: re.Pattern[str], found: Recognised, folder: str) -> OpenedLayer:
    name = _subdataset(path, match, found)
    return OpenedLayer(name, (1,), grid_of_hdfeos5(path, open_raster(name), found))


def _in_netcdf(path: str, match: re.Pattern[str], found: Recognised, folder: str) -> OpenedLayer:
    name = _subdataset(path, match, found)
    dataset = open_raster(name)
    return OpenedLayer(name, tuple(range(1, dataset.RasterCount + 1)), _plain_grid(dataset))


def _in_transposed(path: str, match: re.Pattern[str], found: Recognised, folder: str) -> OpenedLayer:
    """A raster that is stored (time, lon, lat), turned into a file of its own."""
    target = f"{_copied_to(folder, path)}.tif"
    if not os.path.exists(target):
        _turn(path, match, found, target)
    return OpenedLayer(target, (1,), _plain_grid(open_raster(target)))


def _turn(path: str, match: re.Pattern[str], found: Recognised, target: str) -> None:
    what = f"Cannot read {found.name}"
    container = call_gdal(what, InputError, gdal.OpenEx, path, gdal.OF_MULTIDIM_RASTER | gdal.OF_VERBOSE_ERROR)
    array = _array_named(container.GetRootGroup(), match)
    if array is None:
        raise InputError(say("{file} has no layer {wanted}.", file=found.name, wanted=match.pattern))
    view = array.GetView("[0,...]") if array.GetDimensionCount() == 3 else array
    flat = call_gdal(what, InputError, view.AsClassicDataset, 0, 1)
    call_gdal(what, InputError, gdal.GetDriverByName("GTiff").CreateCopy, target, flat)


def _array_named(group: gdal.Group, match: re.Pattern[str]) -> gdal.MDArray | None:
    name = next((name for name in group.GetMDArrayNames() or () if match.search(name)), None)
    if name is not None:
        return group.OpenMDArray(name)
    inner = (group.OpenGroup(name) for name in group.GetGroupNames() or ())
    return next((array for child in inner if (array := _array_named(child, match)) is not None), None)


_FINDERS: dict[str, Callable[[str, re.Pattern[str], Recognised, str], OpenedLayer]] = {
    "raster": _in_raster,
    "table": _in_raster,  # of ids
    "hdf4eos": _in_hdf4,
    "hdf5eos": _in_hdf5,
    "netcdf": _in_netcdf,
    "transposed": _in_transposed,
}


def _true_grid(opened: OpenedLayer, product: Product, edition: Edition, found: Recognised) -> Grid:
    """The grid by what the product is known for: its CRS where that is told, a cell that was not rounded."""
    told = edition.crs or product.grid.crs
    crs = "" if told == "file" else told
    grid = opened.grid
    if not grid.transform:
        raise InputError(say("{file} has no position. Order it again, or georeference it.", file=found.name))
    if crs or not grid.crs:
        crs = crs or product.grid.assume
        grid = replace(grid, crs=_wkt(crs)) if crs else grid
    if not grid.crs:
        raise InputError(
            say(
                "{file} has no coordinate reference system. Assign it (Raster > Projections > Assign projection).",
                file=found.name,
            )
        )
    return _snapped(grid, product.grid.cell)


def _wkt(definition: str) -> str:
    from osgeo import osr

    reference = osr.SpatialReference()
    call_gdal(f"Cannot understand {definition}", InputError, lambda: reference.SetFromUserInput(definition) or True)
    return str(reference.ExportToWkt())


def _snapped(grid: Grid, cell: float) -> Grid:
    """Rounded cells become the nominal one; the middle of the raster stays where it is."""
    x, width, skew_x, y, skew_y, height = grid.transform
    if not cell or max(abs(abs(width) / cell - 1), abs(abs(height) / cell - 1)) > _SAME_CELL:
        return grid
    across, down = (cell if width > 0 else -cell), (cell if height > 0 else -cell)
    left, top = x + (width - across) * grid.width / 2, y + (height - down) * grid.height / 2
    return replace(grid, transform=(left, across, skew_x, top, skew_y, down))
