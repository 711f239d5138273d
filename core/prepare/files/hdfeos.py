"""The grid of HDF5-EOS files, which GDAL before 3.7 opens without position: from the text `StructMetadata.0`."""

from __future__ import annotations

import re

from osgeo import gdal

from ...errors import InputError
from ...messages import say
from ...raster.dataset import call_gdal
from ...raster.grid import Grid
from ..catalogue.recognise import Recognised

_INFORMATION = "HDFEOS INFORMATION"
_STRUCTURE = "StructMetadata.0"
_PAIR = r"\s*=\s*\(\s*([-+\d.eE]+)\s*,\s*([-+\d.eE]+)\s*\)"
_DEGREES = 1e6  # GCTP_GEO writes packed degrees: DDDMMMSSS.SS


def grid_of_hdfeos5(path: str, layer: gdal.Dataset, found: Recognised) -> Grid:
    """Size of the layer, and position as the structure of its file tells it; the CRS is that of the product.

    Raises:
        InputError: the file has no such text, or no corners stand in it.
    """
    text = _structure(path, found)
    group = _group_of(text, layer.RasterXSize, layer.RasterYSize)
    first, last = (re.search(key + _PAIR, group) for key in ("UpperLeftPointMtrs", "LowerRightMtrs"))
    if first is None or last is None:
        raise InputError(say("{file}: its structure tells no corners.", file=found.name))
    geographic = "GCTP_GEO" in group
    left, top, right, bottom = (
        _degrees(float(text)) if geographic else float(text) for match in (first, last) for text in match.groups()
    )
    width, height = layer.RasterXSize, layer.RasterYSize
    transform = (left, (right - left) / width, 0.0, top, 0.0, (bottom - top) / height)
    return Grid(width, height, transform, layer.GetProjection())


def _structure(path: str, found: Recognised) -> str:
    what = f"Cannot read the structure of {found.name}"
    file = call_gdal(what, InputError, gdal.OpenEx, path, gdal.OF_MULTIDIM_RASTER | gdal.OF_VERBOSE_ERROR)
    root = file.GetRootGroup()
    if _INFORMATION not in (root.GetGroupNames() or ()):
        raise InputError(say("{file} is no HDF-EOS file: it has no {group}.", file=found.name, group=_INFORMATION))
    array = root.OpenGroup(_INFORMATION).OpenMDArray(_STRUCTURE)
    text = call_gdal(what, InputError, array.Read)
    return text[0] if isinstance(text, (list, tuple)) else str(text)


def _group_of(text: str, width: int, height: int) -> str:
    """The part on the grid of this size; the whole text where it is not parted so."""
    groups = re.findall(r"GROUP=(GRID_\d+)\s(.*?)END_GROUP=\1", text, flags=re.DOTALL)
    sized = (body for _, body in groups if re.search(rf"XDim={width}\b", body) and re.search(rf"YDim={height}\b", body))
    return next(sized, text)


def _degrees(packed: float) -> float:
    """Degrees of a packed DDDMMMSSS.SS; small numbers are degrees already."""
    if abs(packed) <= 360:
        return packed
    sign, packed = (-1.0 if packed < 0 else 1.0), abs(packed)
    degrees, rest = divmod(packed, _DEGREES)
    minutes, seconds = divmod(rest, 1000)
    return sign * (degrees + minutes / 60 + seconds / 3600)
