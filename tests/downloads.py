"""Small files as providers ship them: HDF-EOS, netCDF, GeoTIFF. A test whose writer is missing is skipped."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from osgeo import gdal, osr

RADIUS, TILE = 6371007.181, 1111950.519667
SINUSOIDAL = f"+proj=sinu +R={RADIUS} +units=m +no_defs"
FULL_TILE = 2400


def modis_corner(h: int, v: int) -> tuple[float, float]:
    """The upper left corner of a tile, metres."""
    return -20015109.354 + h * TILE, 10007554.677 - v * TILE


def _structure(
    grid: str, h: int, v: int, size: int, pixel: float, layers: Mapping[str, np.ndarray], prefix: str = ""
) -> str:
    x, y = modis_corner(h, v)
    lines = [
        "GROUP=SwathStructure", "END_GROUP=SwathStructure", "GROUP=GridStructure", "\tGROUP=GRID_1",
        f'\t\tGridName="{grid}"',
        f"\t\tXDim={size}", f"\t\tYDim={size}", f"\t\tUpperLeftPointMtrs=({x:.6f},{y:.6f})",
        f"\t\tLowerRightMtrs=({x + size * pixel:.6f},{y - size * pixel:.6f})", f"\t\tProjection={prefix}GCTP_SNSOID",
        f"\t\tProjParams=({RADIUS},0,0,0,0,0,0,0,0,0,0,0,0)", "\t\tSphereCode=-1", f"\t\tGridOrigin={prefix}HDFE_GD_UL",
        "\t\tGROUP=Dimension", "\t\tEND_GROUP=Dimension", "\t\tGROUP=DataField",
    ]  # fmt: skip
    for number, (name, array) in enumerate(layers.items(), 1):
        kind = f"{'H5T_NATIVE_' if prefix else 'DFNT_'}{array.dtype.name.upper()}"
        lines += [f"\t\t\tOBJECT=DataField_{number}", f'\t\t\t\tDataFieldName="{name}"', f"\t\t\t\tDataType={kind}",
                  '\t\t\t\tDimList=("YDim","XDim")', f"\t\t\tEND_OBJECT=DataField_{number}"]  # fmt: skip
    lines += ["\t\tEND_GROUP=DataField", "\t\tGROUP=MergedFields", "\t\tEND_GROUP=MergedFields", "\tEND_GROUP=GRID_1",
              "END_GROUP=GridStructure", "GROUP=PointStructure", "END_GROUP=PointStructure", "END", ""]  # fmt: skip
    return "\n".join(lines)


def write_hdf4(
    path: Path,
    grid: str,
    h: int,
    v: int,
    layers: Mapping[str, np.ndarray],
    attributes: Mapping[str, Mapping[str, Any]],
    packed: bool = False,
) -> Path:
    """A MODIS tile, HDF4-EOS: the upper left pixels of a tile, of its true size.

    Args:
        path: of the file.
        grid: name of the grid.
        h, v: of the tile.
        layers: arrays by name.
        attributes: of the layers, such as `_FillValue` and `scale_factor`; fills take the type of the array.
        packed: whether layers are compressed, as providers do.
    """
    pytest.importorskip("pyhdf.SD")
    from pyhdf.HDF import HC, HDF
    from pyhdf.SD import SD, SDC
    from pyhdf.V import V as _V  # noqa: F401  vgstart needs it

    kinds = {"i2": SDC.INT16, "u2": SDC.UINT16, "u1": SDC.UINT8, "i1": SDC.INT8}
    size = next(iter(layers.values())).shape[0]
    pixel = TILE / FULL_TILE
    with _within(path.parent):
        file = SD(path.name, SDC.WRITE | SDC.CREATE | SDC.TRUNC)
    references = []
    for name, array in layers.items():
        kind = kinds[array.dtype.str[1:]]
        data = file.create(name, kind, array.shape)
        data.dim(0).setname(f"YDim:{grid}")
        data.dim(1).setname(f"XDim:{grid}")
        for key, value in attributes.get(name, {}).items():
            data.attr(key).set(kind if key == "_FillValue" else SDC.FLOAT64, value)
        if packed:
            data.setcompress(SDC.COMP_DEFLATE, 5)
        data[:] = array
        references.append(data.ref())
        data.endaccess()
    file.attr("HDFEOSVersion").set(SDC.CHAR8, "HDFEOS_V2.19")
    file.attr("StructMetadata.0").set(SDC.CHAR8, _structure(grid, h, v, size, pixel, layers))
    file.end()
    _group_as_grid(HDF(str(path), HC.WRITE), grid, references, HC.DFTAG_NDG)
    return path


@contextmanager
def _within(folder: Path) -> Iterator[None]:
    """HDF4 notes the name that it is given in the file, and no program can read one of more than 256 bytes."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _group_as_grid(file: Any, grid: str, references: Sequence[int], tag: int) -> None:
    groups = file.vgstart()
    parts = [groups.create(name) for name in (grid, "Data Fields", "Grid Attributes")]
    for part, kind in zip(parts, ("GRID", "GRID Vgroup", "GRID Vgroup")):
        part._class = kind
    for reference in references:
        parts[1].add(tag, reference)
    parts[0].insert(parts[1])
    parts[0].insert(parts[2])
    for part in parts:
        part.detach()
    groups.end()
    file.close()


def write_hdf5(
    path: Path,
    grid: str,
    h: int,
    v: int,
    layers: Mapping[str, np.ndarray],
    degrees: tuple[float, float, float, float] | None = None,
) -> Path:
    """A VIIRS tile, HDF5-EOS, which GDAL before 3.7 opens without a position.

    `degrees` are left, top, right and bottom of a tile in degrees, which the format packs as DDDMMMSSS.
    """
    h5py = pytest.importorskip("h5py")
    size = next(iter(layers.values())).shape[0]
    with h5py.File(path, "w") as file:
        group = file.create_group(f"HDFEOS/GRIDS/{grid}/Data Fields")
        for name, array in layers.items():
            group.create_dataset(name, data=array)
        text = _structure(grid, h, v, size, TILE / FULL_TILE, layers, "HE5_")
        if degrees is not None:
            left, top, right, bottom = (f"{1e6 * corner:.6f}" for corner in degrees)
            text = re.sub(r"(UpperLeftPointMtrs=)\(.*?\)", rf"\1({left},{top})", text)
            text = re.sub(r"(LowerRightMtrs=)\(.*?\)", rf"\1({right},{bottom})", text)
            text = text.replace("GCTP_SNSOID", "GCTP_GEO")
        file.create_group("HDFEOS INFORMATION").create_dataset("StructMetadata.0", data=np.bytes_(text))
    return path


def write_netcdf(
    path: Path,
    variable: str,
    values: np.ndarray,
    *,
    times: Sequence[float],
    units: str,
    top_left: tuple[float, float],
    cell: float,
    attributes: Mapping[str, Any] | None = None,
    nodata: float | None = None,
    group: str = "",
    turned: bool = False,
    names: tuple[str, str, str] = ("time", "lat", "lon"),
) -> Path:
    """A CF file (time, lat, lon), rows from north to south; `turned` stores (time, lon, lat), rows from the south."""
    text, number = gdal.ExtendedDataType.CreateString(), gdal.ExtendedDataType.Create(gdal.GDT_Float64)
    file = gdal.GetDriverByName("netCDF").CreateMultiDimensional(str(path), [], ["FORMAT=NC4"])
    root = file.GetRootGroup()
    place = root.CreateGroup(group) if group else root
    count, height, width = values.shape
    latitudes = top_left[1] - cell * (np.arange(height) + 0.5)
    longitudes = top_left[0] + cell * (np.arange(width) + 0.5)
    if turned:
        latitudes, values = latitudes[::-1], values[:, ::-1]
    axes = [
        ("TEMPORAL", times, units),
        ("HORIZONTAL_Y", latitudes, "degrees_north"),
        ("HORIZONTAL_X", longitudes, "degrees_east"),
    ]
    dimensions = []
    for name, (kind, along, unit) in zip(names, axes):
        dimension = place.CreateDimension(name, kind, None, len(along))
        array = place.CreateMDArray(name, [dimension], number)
        array.CreateAttribute("units", [], text).Write(unit)
        if kind != "TEMPORAL":
            array.CreateAttribute("standard_name", [], text).Write("latitude" if kind.endswith("Y") else "longitude")
        array.Write(np.asarray(along, dtype="f8"))
        dimensions.append(dimension)
        del array
    order = (0, 2, 1) if turned else (0, 1, 2)
    types = {"i2": gdal.GDT_Int16, "f4": gdal.GDT_Float32, "u1": gdal.GDT_Byte}
    data = place.CreateMDArray(
        variable, [dimensions[i] for i in order], gdal.ExtendedDataType.Create(types[values.dtype.str[1:]])
    )
    if nodata is not None:
        data.SetNoDataValueDouble(nodata)
    for key, value in (attributes or {}).items():
        data.CreateAttribute(key, [], text if isinstance(value, str) else number).Write(value)
    data.Write(np.ascontiguousarray(np.transpose(values, order)))
    del data, place, root, file, dimensions
    return path


def write_tif(
    path: Path,
    values: np.ndarray,
    crs: str,
    top_left: tuple[float, float],
    pixel: float,
    nodata: float | None = None,
    metadata: Mapping[str, str] | None = None,
    scale: float | None = None,
) -> Path:
    """A GeoTIFF with a CRS that may have no code."""
    bands = values[np.newaxis] if values.ndim == 2 else values
    types = {
        "i2": gdal.GDT_Int16,
        "u2": gdal.GDT_UInt16,
        "u1": gdal.GDT_Byte,
        "f4": gdal.GDT_Float32,
        "i4": gdal.GDT_Int32,
    }
    count, height, width = bands.shape
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), width, height, count, types[bands.dtype.str[1:]])
    dataset.SetGeoTransform((top_left[0], pixel, 0, top_left[1], 0, -pixel))
    reference = osr.SpatialReference()
    reference.SetFromUserInput(crs)
    dataset.SetProjection(reference.ExportToWkt())
    dataset.SetMetadata(dict(metadata or {}))
    for number, array in enumerate(bands, 1):
        band = dataset.GetRasterBand(number)
        if nodata is not None:
            band.SetNoDataValue(nodata)
        if scale is not None:
            band.SetScale(scale)
        band.WriteArray(array)
    dataset = None
    return path


def hwsd(folder: Path, left: float, top: float) -> None:
    """The map of HWSD 2.0 as it comes, without a CRS, one unit over 0.3 degrees, and its table as a user exports it."""
    made = gdal.GetDriverByName("EHdr").Create(str(folder / "HWSD2.bil"), 36, 36, 1, gdal.GDT_UInt16)
    made.SetGeoTransform((left, 1 / 120, 0, top, 0, -1 / 120))
    made.GetRasterBand(1).WriteArray(np.full((36, 36), 11376, "u2"))
    rows = ["HWSD2_SMU_ID,SEQUENCE,SHARE,LAYER,SAND,SILT,CLAY,ORG_CARBON", "11376,1,70,D1,40,40,20,1.5"]
    rows += ["11376,1,70,D2,20,40,40,1.5", "11376,2,30,D1,90,5,5,0.2", "11376,2,30,D2,90,5,5,0.2"]
    (folder / "HWSD2_LAYERS.csv").write_text("\n".join(rows), encoding="utf-8")
