"""Which band is which: names, file names of a virtual raster, wavelengths, words; what is partial or crossed stops."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.inputs.finding import Refused
from ecoassets.core.quality.rsei.bands import find_bands
from ecoassets.core.quality.rsei.evidence import baseline_of
from ecoassets.core.quality.rsei.sensors import load_sensor

OLI = ("SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7", "ST_B10")
SIX = {"blue": 1, "green": 2, "red": 3, "nir": 4, "swir1": 5, "swir2": 6}


@pytest.fixture
def found(raster):
    """Bands of a raster with these descriptions."""

    def find(names, sensor="landsat8", level="level2", given=None):
        path = raster(np.ones((len(names), 1, 1)), descriptions=names)
        return find_bands(path, 2015, load_sensor(sensor), level, given or {})

    return find


def test_file_names_in_a_virtual_raster(raster, tmp_path):
    files = [raster(np.ones((1, 1)), f"LC08_L2SP_123032_20150707_20200909_02_T1_{name}") for name in OLI]
    path = str(tmp_path / "stack.vrt")
    gdal.BuildVRT(path, files, separate=True).FlushCache()
    assert find_bands(path, 2015, load_sensor("landsat8"), "level2", {}) == {**SIX, "thermal": 7}
    with pytest.raises(Refused, match=r"L2SP says level2, but LEVEL is level1"):
        find_bands(path, 2015, load_sensor("landsat8"), "level1", {})
    with pytest.raises(Refused, match=r"SR_B6, ST_B10 belongs to Landsat 8 OLI-TIRS, Landsat 9"):
        find_bands(path, 2015, load_sensor("landsat5"), "level2", {})


@pytest.mark.parametrize(
    ("names", "sensor"),
    [
        (("B2, central wavelength 490 nm", "B3", "B4", "B8", "B11", "B12"), "sentinel2"),
        (("490 nm", "560 nm", "665 nm", "842 nm", "1.61 um", "2190 nm"), "sentinel2"),
        (("Blue", "Green", "Red", "NIR", "SWIR 1", "SWIR-2"), "landsat8"),
        (("蓝", "绿光", "红波段", "近红外", "短波红外1", "短波红外 2"), "landsat5"),
    ],
)
def test_names_wavelengths_and_words(found, names, sensor):
    assert found(names, sensor) == SIX


def test_red_edge_is_not_red(found):
    names = ("blue", "green", "red", "red edge 1", "nir", "swir1", "swir2")
    assert found(names, "sentinel2") == {"blue": 1, "green": 2, "red": 3, "nir": 5, "swir1": 6, "swir2": 7}


def test_b11_is_no_thermal_band_with_constants(found):
    assert "thermal" not in found(("B2", "B3", "B4", "B5", "B6", "B7", "B11"), level="level1")


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((*OLI[:5], "ST_B10"), r"tell blue 1, .*swir1 5, but none tells swir2 \(SR_B7/B7\)"),
        ((*OLI, "SR_B4"), "bands 3, 8 are all called red"),
        (("B2", "B3", "B4, 560 nm", "B5", "B6", "B7"), "is red by its name, but green"),
        (("SR_B1", *OLI[:6]), None),
        (("B2", "B3", "B4", "B5", "B6", "B7", "B8A"), "B8A belongs to Sentinel-2"),
    ],
)
def test_what_is_partial_or_crossed_stops(found, names, message):
    if message is None:
        assert found(names)["blue"] == 2
        return
    with pytest.raises(Refused, match=message):
        found(names)


def test_what_is_written_wins(found):
    assert found(("B2", "B2", "B4", "B8", "B11"), given={**SIX, "swir2": 5})["swir2"] == 5


@pytest.mark.parametrize(("warm", "blue"), [(7, 1), (8, 2)])
def test_orders_without_names_are_told_apart_by_temperatures(raster, warm, blue):
    path = raster(np.ones((8, 1, 1)))
    kelvin = {warm: 300.0}
    found = find_bands(path, 2015, load_sensor("landsat8"), "level2", {}, lambda band: kelvin.get(band, 220.0))
    assert (found["blue"], found["thermal"]) == (blue, warm)


def test_orders_that_cannot_be_told_apart_stop(raster):
    path = raster(np.ones((8, 1, 1)))
    with pytest.raises(Refused, match=r"8 bands without names.*-, blue, green.*swir2, thermal, quality"):
        find_bands(path, 2015, load_sensor("landsat8"), "level2", {}, lambda band: 300.0)


@pytest.mark.parametrize(
    ("name", "baseline"),
    [("S2A_MSIL2A_20200605T101031_N0500_R022_T32UQD_20230101T000000", 5.0), ("S2A_2020", None)],
)
def test_the_processing_baseline_of_a_product(raster, name, baseline):
    assert baseline_of(raster(np.ones((1, 1)), name)) == baseline
