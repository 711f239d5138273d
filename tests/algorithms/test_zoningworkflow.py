"""Land cover in the forms that a workflow takes."""

from __future__ import annotations

import numpy as np

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.algorithms.landcover import FOREST, PADDY, TOWN
from ecoassets.tests.rasters import write_raster


def test_a_raster_with_a_band_per_year_is_land_cover_too(tmp_path):
    """Steps of one date take its last band, as they take the last of several rasters."""
    early, late = np.full((12, 12), FOREST), np.full((12, 12), FOREST)
    late[2:8, 2:8], late[0], early[0] = TOWN, PADDY, PADDY
    apart = [write_raster(tmp_path / f"{year}.tif", codes) for year, codes in ((2000, early), (2010, late))]
    weather = {
        name: [write_raster(tmp_path / f"{name}.tif", np.full((2, 12, 12), depth), "float32", nodata=-1)]
        for name, depth in (("PRECIPITATION", 800), ("EVAPOTRANSPIRATION", 400))
    }
    found = []
    for cover in (apart, [write_raster(tmp_path / "both.tif", [early, late])]):
        folder = tmp_path / f"zones{len(found)}"
        run(
            "ecoassets:zoningworkflow",
            {"LAND_COVER": cover, "YEARS": "2000, 2010", "SCHEME": "cnlucc", **weather, "FOLDER": str(folder)},
        )
        found.append([read_csv(folder / f"{table}.csv") for table in ("restoration", "conservation")])
    assert found[0] == found[1]
