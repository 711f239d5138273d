"""Names of zones, and units of what is summed over them, from what rasters and tables tell."""

from __future__ import annotations

from ..errors import TableError
from ..messages import say
from ..raster.dataset import open_raster
from ..raster.zones.zoning import ZoneLayer
from ..tables import Table


def zone_names(zones: ZoneLayer | None, table: Table | None) -> dict[str, str]:
    """Names by zone: the class names in a zone raster, and over them those of the table.

    Args:
        zones: the zones.
        table: columns `zone`, `name`.

    Raises:
        InputError: the zone raster cannot be read.
        TableError: the table lacks a column or names a zone twice.
    """
    names: dict[str, str] = {}
    if zones is not None and zones.kind == "raster":
        dataset = open_raster(zones.path, "Zones")
        dataset.GetGeoTransform()  # only now GDAL's GeoTIFF driver reads the file beside the raster, which has names
        classes = dataset.GetRasterBand(1).GetCategoryNames() or []
        names = {str(code): name for code, name in enumerate(classes) if name}
    if table is None:
        return names
    table.require("zone", "name")
    given = table.texts("zone")
    for row, zone in enumerate(given, start=1):
        if zone in given[: row - 1]:
            raise TableError(
                say(
                    "Table {name}, row {row} names the zone {zone} again. Keep one row per zone.",
                    name=table.name,
                    row=row,
                    zone=zone,
                )
            )
    return names | {zone: name for zone, name in zip(given, table.texts("name")) if name}


def unit_of_totals(path: str, kind: str) -> str:
    """The unit that totals of a raster have: of a density what it is per hectare of, of mm m3, else as it is."""
    dataset = open_raster(path, "Values")
    unit = str(dataset.GetRasterBand(1).GetUnitType() or "")
    if kind == "depth":
        return (unit or "mm").replace("mm", "m3", 1)
    if kind != "density":
        return unit
    return unit.replace("/(ha a)", "/a").replace("/ha", "")
