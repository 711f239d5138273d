"""Soil properties from the toolbox."""

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run, write_text
from ecoassets.tests.core.prepare.test_soil import soilgrids
from ecoassets.tests.rasters import read_raster, write_raster


def test_soilgrids_in_a_folder(tmp_path):
    given = {
        "DOWNLOADS": soilgrids(tmp_path / "soil", {"sand": 400, "silt": 400, "clay": 200, "soc": 150}),
        "REFERENCE": write_raster(tmp_path / "land.tif", np.ones((8, 8))),
        **{f"OUTPUT_{name}": str(tmp_path / f"{name}.tif") for name in ("SAND", "SILT", "CLAY", "CARBON", "GROUP")},
        "OUTPUT_TABLE": str(tmp_path / "soil.csv"),
    }
    run("ecoassets:soilproperties", given)
    assert read_raster(given["OUTPUT_SAND"])[0, 7, 7] == pytest.approx(40, abs=0.1)
    assert [row["property"] for row in read_csv(tmp_path / "soil.csv")] == [
        "sand",
        "silt",
        "clay",
        "carbon",
        "texture_sum",
    ]


def test_hwsd_with_its_table(tmp_path):
    (tmp_path / "hwsd").mkdir()
    write_raster(tmp_path / "hwsd" / "hwsd.tif", np.full((8, 8), 5), "uint16", nodata=None)
    rows = "MU_GLOBAL,SEQ,SHARE,T_SAND,T_SILT,T_CLAY,T_OC\n5,1,100,50,30,20,1.2\n"
    given = {
        "DOWNLOADS": str(tmp_path / "hwsd"),
        "TABLE": write_text(tmp_path / "HWSD_DATA.csv", rows),
        "REFERENCE": write_raster(tmp_path / "land.tif", np.ones((8, 8))),
        "OUTPUT_CARBON": str(tmp_path / "carbon.tif"),
    }
    run("ecoassets:soilproperties", given)
    assert read_raster(given["OUTPUT_CARBON"])[0] == pytest.approx(1.2, rel=1e-6)
