"""Raster layers as files that the core reads: what the user has set in the layer is what is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from osgeo import gdal
from qgis.core import QgsMapLayer, QgsProcessingUtils, QgsRasterLayer

from ..core.errors import InputError
from ..core.raster.dataset import call_gdal, open_raster
from .translation import tr


def raster_path(layer: QgsMapLayer, label: str) -> str:
    """The GDAL name of a raster layer: its file, or a virtual raster where the layer has a CRS or nodata of its own.

    Raises:
        InputError: the layer is no raster, does not come from GDAL (web maps, virtual rasters of QGIS), is broken, or
            leaves out values in a way that no file can tell.
    """
    layer = _as_raster(layer, label)
    if not layer.isValid():
        raise InputError(
            tr(
                "{label}: the layer {layer} cannot be read ({source}). Mend its data source.",
                label=label,
                layer=layer.name(),
                source=layer.source(),
            )
        )
    if layer.providerType() != "gdal":
        raise InputError(
            tr(
                "{label}: the layer {layer} is of type {kind}, which shows pictures, not values. Choose a raster file; "
                "export the layer with Export > Save As if it holds raw data.",
                label=label,
                layer=layer.name(),
                kind=layer.providerType(),
            )
        )
    path = layer.source().split("|", 1)[0]
    crs, nodata = _own_crs(layer, path), _own_nodata(layer, label)
    return _virtual(layer, path, label, crs, nodata) if crs or nodata else path


def _as_raster(layer: QgsMapLayer, label: str) -> QgsRasterLayer:
    """The layer, or the raster in its file: QGIS opens some files, such as netCDF, as tables first."""
    if isinstance(layer, QgsRasterLayer):
        return layer
    raster = QgsRasterLayer(layer.source().split("|", 1)[0], layer.name())
    if raster.isValid():
        return raster
    raise InputError(
        tr(
            "{label}: {layer} is a table or a vector layer, no raster. Choose a raster.",
            label=label,
            layer=layer.name(),
        )
    )


def _own_crs(layer: QgsRasterLayer, path: str) -> str:
    """The CRS that the layer has and the file has not, as WKT; "" where the file has one."""
    return "" if open_raster(path, layer.name()).GetProjection() else str(layer.crs().toWkt())


def _own_nodata(layer: QgsRasterLayer, label: str) -> dict[int, float]:
    """The additional nodata value of each band."""
    found = {}
    for band in range(1, layer.bandCount() + 1):
        ranges = layer.dataProvider().userNoDataValues(band)
        values = {one.min() for one in ranges if one.min() == one.max()}
        if len(values) > 1 or len(ranges) > len(values):
            raise InputError(
                tr(
                    "{label}: the layer {layer} has several additional nodata values or a range of them, which no file "
                    "can tell. Keep one, and give the valid range of this input for the others.",
                    label=label,
                    layer=layer.name(),
                )
            )
        if values:
            found[band] = values.pop()
    return found


def _virtual(layer: QgsRasterLayer, path: str, label: str, crs: str, nodata: dict[int, float]) -> str:
    """A virtual raster with the CRS and the nodata of the layer; nodata of the file stays nodata."""
    name = re.sub(r"[^\w.-]+", "_", layer.name()) or "layer"
    target = QgsProcessingUtils.generateTempFilename(f"{name}.vrt")
    options: list[Any] = ["-of", "VRT", *(["-a_srs", crs] if crs else [])]
    dataset = open_raster(path, label)
    made = call_gdal(f"Cannot read {layer.name()}", InputError, gdal.Translate, target, dataset, options=options)
    made.FlushCache()
    del made
    if nodata:
        _declare(target, nodata, [dataset.GetRasterBand(n + 1).GetNoDataValue() for n in range(dataset.RasterCount)])
    return target


def _declare(path: str, nodata: dict[int, float], of_file: Sequence[float | None]) -> None:
    """Writes the nodata of the layer into the text that GDAL has just made of the file."""

    def declared(band: re.Match[str]) -> str:
        number, text = int(band[1]), band[0]
        if number not in nodata:
            return text
        text = re.sub(r"\s*<NoDataValue>.*?</NoDataValue>", "", text)
        text = text.replace(">", f">\n    <NoDataValue>{nodata[number]!r}</NoDataValue>", 1)
        before = of_file[number - 1]
        if before is None:
            return text
        # what the file leaves out is not copied, so it becomes the nodata of the band
        text = text.replace("<SimpleSource", "<ComplexSource")
        return text.replace("</SimpleSource>", f"  <NODATA>{before!r}</NODATA>\n    </ComplexSource>")

    with open(path, encoding="utf-8") as file:
        written = file.read()
    written = re.sub(r'<VRTRasterBand[^>]* band="([0-9]+)".*?</VRTRasterBand>', declared, written, flags=re.DOTALL)
    with open(path, "w", encoding="utf-8") as file:
        file.write(written)
