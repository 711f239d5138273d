"""The legend that a class raster brings along: names and colours of its codes."""

from __future__ import annotations

from osgeo import gdal

from ..dataset import open_raster
from ..output import ClassColour

_NAMES = (gdal.GFU_Name,)
_CODES = (gdal.GFU_MinMax, gdal.GFU_Min)
_CHANNELS = (gdal.GFU_Red, gdal.GFU_Green, gdal.GFU_Blue)


def read_legend(path: str) -> dict[int, ClassColour]:
    """What the first band of a raster says about its codes, by code; "" for a name or a colour that it does not give.

    The attribute table comes first, then category names and the palette. Raises InputError where the raster cannot
    be opened.
    """
    dataset = open_raster(path)  # a band does not outlive its dataset
    dataset.GetGeoTransform()  # only now GDAL's GeoTIFF driver reads the file beside the raster, which has names
    band = dataset.GetRasterBand(1)
    names: dict[int, str] = {code: name for code, name in enumerate(band.GetCategoryNames() or ()) if name}
    colours: dict[int, str] = _palette(band.GetColorTable())
    table = band.GetDefaultRAT()
    if table is not None:
        _add_attributes(table, names, colours)
    return {code: ClassColour(code, names.get(code, ""), colours.get(code, "")) for code in {*names, *colours}}


def _palette(table: gdal.ColorTable | None) -> dict[int, str]:
    """Colours by code; entries that are fully transparent or black stand for codes that the palette leaves out."""
    if table is None:
        return {}
    entries = ((code, table.GetColorEntry(code)) for code in range(table.GetCount()))
    return {code: _hex(entry[:3]) for code, entry in entries if entry[3] and any(entry[:3])}


def _add_attributes(table: gdal.RasterAttributeTable, names: dict[int, str], colours: dict[int, str]) -> None:
    usages = [table.GetUsageOfCol(column) for column in range(table.GetColumnCount())]
    codes = next((usages.index(usage) for usage in _CODES if usage in usages), None)
    if codes is None:
        return
    name = next((usages.index(usage) for usage in _NAMES if usage in usages), None)
    channels = [usages.index(usage) for usage in _CHANNELS if usage in usages]
    for row in range(table.GetRowCount()):
        code = table.GetValueAsInt(row, codes)
        if name is not None and table.GetValueAsString(row, name):
            names[code] = table.GetValueAsString(row, name)
        if len(channels) == len(_CHANNELS):
            colours[code] = _hex([table.GetValueAsInt(row, channel) for channel in channels])


def _hex(channels: list[int] | tuple[int, ...]) -> str:
    return "#" + "".join(f"{channel:02x}" for channel in channels)
