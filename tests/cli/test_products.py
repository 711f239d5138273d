"""Products in place of rasters, given to `qgis_process`, which in QGIS 3.22 refuses what is no file."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.downloads import write_netcdf
from ecoassets.tests.rasters import read_raster


@pytest.fixture
def rain(tmp_path):
    months = np.full((12, 20, 20), 300, "i2")
    write_netcdf(
        tmp_path / "pre_2020.nc", "pre", months, times=range(12), units="months since 2020-01-15", top_left=(100, 30),
        cell=1 / 120, nodata=-32768,
    )  # fmt: skip
    return tmp_path / "pre_2020.nc"


@pytest.mark.parametrize("written", ["{file}|pre", 'NETCDF:"{file}":pre', "{file}"])
def test_months_of_a_netcdf_file(qgis_process, rain, tmp_path, written):
    outcome = qgis_process(
        "ecoassets:rainfallerosivity", PRECIPITATION=written.format(file=rain), OUTPUT=tmp_path / "r.tif"
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.results["MEAN"] == pytest.approx(0.1833 * 30**1.9957, rel=1e-6)
    assert np.isfinite(read_raster(tmp_path / "r.tif")).all()


def test_a_variable_that_is_not_there(qgis_process, rain, tmp_path):
    outcome = qgis_process("ecoassets:rainfallerosivity", PRECIPITATION=f"{rain}|tmp", OUTPUT=tmp_path / "r.tif")
    assert outcome.returncode != 0
    assert "pre_2020.nc|tmp has no variable 'tmp'. It has: pre." in outcome.stdout + outcome.stderr
    assert not (tmp_path / "r.tif").exists()
