"""Statistics and units that a raster carries in its file."""

from __future__ import annotations

from .dataset import open_raster
from .output import BandStatistics

_ITEMS = ("MINIMUM", "MAXIMUM", "MEAN", "STDDEV")


def stored_statistics(path: str) -> list[BandStatistics]:
    """Statistics by band as they were written with the raster, without reading a pixel.

    The number of pixels is not stored: it is 1 where there are statistics and 0 where there are none.

    Raises:
        InputError: the raster cannot be read.
    """
    dataset = open_raster(path, "Raster")
    found = []
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)  # a band must not outlive its dataset
        items = [band.GetMetadataItem(f"STATISTICS_{item}") for item in _ITEMS]
        if None in items:
            found.append(BandStatistics())
            continue
        low, high, mean, deviation = map(float, items)
        found.append(BandStatistics(1, low, high, mean, deviation**2))
    return found


def stored_unit(path: str, band: int = 1) -> str:
    """The unit of a band as its file tells it, "" where it has none.

    Raises:
        InputError: the raster cannot be read.
    """
    dataset = open_raster(path, "Raster")  # must outlive its band
    unit = str(dataset.GetRasterBand(band).GetUnitType())
    return "" if unit == "1" else unit  # a legend would say "0.5 1"
