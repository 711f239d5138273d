"""Composites of MODIS: eight-day reflectance with its state bits, and temperature of MOD11A2 beside it."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.tests.core.prepare.runs import Told
from ecoassets.tests.core.prepare.test_scenes import compose, near
from ecoassets.tests.downloads import write_hdf4, write_tif

SIZE = 16
ROLES = {"b03": 0.05, "b04": 0.07, "b01": 0.06, "b02": 0.35, "b05": 0.3, "b06": 0.2, "b07": 0.1}
STATES = {
    "cloud": [1, 2, 1 << 10],
    "shadow": [1 << 2],
    "cirrus": [2 << 8, 3 << 8],
    "dilated": [1 << 13],
    "snow": [1 << 12, 1 << 15],
}
CLEAR = [0, 3, 1 << 8, 1 << 6]  # clear, not set, small cirrus, aerosol


def write_reflectance(folder, day: int, level: float = 1.0, state: np.ndarray | None = None):
    state = np.zeros((SIZE, SIZE), np.uint16) if state is None else state
    layers = {
        f"sur_refl_{band}": np.full((SIZE, SIZE), round(1e4 * level * value), np.int16) for band, value in ROLES.items()
    }
    layers["sur_refl_b01"][0, 0] = -28672
    layers["sur_refl_b01"][0, 1] = -101
    layers["sur_refl_b01"][0, 2] = -100
    layers["sur_refl_state_500m"] = state
    attributes = {name: {"_FillValue": -28672, "scale_factor": 0.0001} for name in layers if "_b0" in name}
    path = folder / f"MOD09A1.A2021{day:03d}.h28v05.061.2022020135800.hdf"
    return write_hdf4(path, "MOD_Grid_500m_Surface_Reflectance", 28, 5, layers, attributes)


def write_heat(folder, day: int, stored: np.ndarray, quality: np.ndarray):
    layers = {"LST_Day_1km": stored.astype(np.uint16), "QC_Day": quality.astype(np.uint8)}
    attributes = {"LST_Day_1km": {"_FillValue": 0, "scale_factor": 0.02}}
    return write_hdf4(folder / f"MOD11A2.A2021{day:03d}.h28v05.061.2022020135800.hdf", "MODIS_Grid_8Day_1km_LST", 28, 5,
                      layers, attributes)  # fmt: skip


@pytest.mark.parametrize("word", list(STATES))
def test_every_state_masks_what_it_is_called(folder, tmp_path, word):
    state = np.zeros((SIZE, SIZE), np.uint16)
    codes = [code for codes in STATES.values() for code in codes] + CLEAR
    state[5, : len(codes)] = codes
    write_reflectance(folder, 177, state=state)
    _, _, counts = compose(folder, tmp_path, mask=(word,), thermal="without")
    assert [code for code, count in zip(codes, counts[2021][5]) if count == 0] == STATES[word]


def test_bands_fills_and_temperature(folder, tmp_path):
    """The median of reflectance of three steps; temperature is that by day of MOD11A2 where it is good."""
    for day, level in ((169, 1.0), (177, 1.1), (185, 1.4)):
        write_reflectance(folder, day, level)
    warm, good = np.full((SIZE, SIZE), 15000), np.zeros((SIZE, SIZE))
    warm[3, 3], good[4, 4], good[4, 5] = 0, 2, 1
    write_heat(folder, 169, warm, good)
    write_heat(folder, 177, warm + 100, good)
    write_heat(folder, 361, warm + 900, good)  # its middle day lies outside the season
    told = Told()
    result, composites, counts = compose(folder, tmp_path, told, season="06-01..08-31")
    made = composites[2021]
    dataset = gdal.Open(result.composites[2021])
    names = [dataset.GetRasterBand(n).GetDescription() for n in range(1, dataset.RasterCount + 1)]
    assert names == [f"sur_refl_{band}" for band in ("b01", "b02", "b03", "b04", "b05", "b06", "b07")] + ["LST_Day_1km"]
    inner = made[:, 8, 8]
    assert inner[:7] == near([1.1 * ROLES[name.rsplit("_", 1)[-1]] for name in names[:7]])
    assert inner[7] == near(15050 * 0.02)
    assert counts[2021][0, 0] == 0 and counts[2021][0, 1] == 0 and counts[2021][0, 2] == 3
    assert np.isnan(made[7, 3, 3]) and np.isnan(made[7, 4, 4]) and made[7, 4, 5] == near(301.0)
    assert result.sensors == {2021: "modis"} and result.thermal == {2021: True}
    assert any("MOD11A2" in text for text in told.infos)
    assert sum(row[-2] == "outside SEASON" for row in result.scenes.rows) == 1


def test_single_layers_of_appeears_are_one_scene(folder, tmp_path):
    def layer(name: str, values: np.ndarray) -> None:
        write_tif(folder / f"MOD09A1.061_{name}_doy2021177_aid0001.tif", values, "EPSG:4326", (110, 35), 0.005)

    for band, value in ROLES.items():
        layer(f"sur_refl_{band}", np.full((6, 8), round(1e4 * value), "i2"))
    state = np.zeros((6, 8), "u2")
    state[2] = 1
    layer("sur_refl_state_500m", state)
    result, composites, counts = compose(folder, tmp_path, thermal="without")
    assert result.used == 1
    assert (counts[2021][2] == 0).all() and (counts[2021][3] == 1).all()
    assert composites[2021][:, 0, 0] == near(
        [ROLES[band] for band in ("b01", "b02", "b03", "b04", "b05", "b06", "b07")]
    )
