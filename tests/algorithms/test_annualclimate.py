"""Annual climate from the toolbox."""

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.rasters import read_raster, write_raster


def test_a_year_of_months_and_its_table(tmp_path):
    rain = [np.full((4, 4), month) for month in range(1, 13)]
    given = {
        "INPUTS": [write_raster(tmp_path / "rain.tif", rain, "float32", pixel=200.0, nodata=-99)],
        "FIRST": "2000-01",
        "REFERENCE": write_raster(tmp_path / "land.tif", np.ones((8, 8))),
        "OUTPUT": str(tmp_path / "annual.tif"),
        "OUTPUT_MONTHS": str(tmp_path / "months.tif"),
        "OUTPUT_TABLE": str(tmp_path / "years.csv"),
    }
    results = run("ecoassets:annualclimate", given)
    assert results["YEARS_MADE"] == 1
    assert read_raster(given["OUTPUT"])[0] == pytest.approx(78)
    assert read_raster(given["OUTPUT_MONTHS"])[:, 0, 0].tolist() == list(range(1, 13))
    (row,) = read_csv(tmp_path / "years.csv")
    assert (row["year"], row["days"]) == ("2000", "366")
