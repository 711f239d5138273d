"""Scale check: rows by cell size and factor, the report, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import read_csv, run
from ecoassets.tests.rasters import write_raster

SCALE = "ecoassets:scalecheck"


@pytest.fixture
def parameters(tmp_path):
    """Assets that are twice the rain plus a place, over two years, in pixels of 100 m."""
    rng = np.random.default_rng(5)
    place = rng.uniform(0, 50, (24, 24))
    rasters, names = [], []
    for year in range(2):
        rain = rng.uniform(0, 100, (24, 24))
        for name, values in (("assets", 2 * rain + place + year), ("rain", rain)):
            rasters.append(write_raster(tmp_path / f"{name}{year}.tif", values, "float64", nodata=-1))
            names.append(name)
    return {
        "RASTERS": rasters,
        "NAMES": ", ".join(names),
        "YEARS": "2000, 2005",
        "CELL_SIZES": "400, 200",
        "Y": "assets",
        "X": "rain",
        "OUTPUT_TABLE": str(tmp_path / "scale.csv"),
        "OUTPUT_HTML": str(tmp_path / "scale.html"),
    }


def test_the_slope_holds_at_every_size(parameters, tmp_path):
    run(SCALE, parameters)
    rows = read_csv(parameters["OUTPUT_TABLE"])
    assert [(float(r["cell_size"]), int(r["n"]), r["factor"]) for r in rows] == [(200, 288, "rain"), (400, 72, "rain")]
    assert [float(r["slope"]) for r in rows] == pytest.approx([2, 2], rel=1e-9)
    assert "q by cell size" in (tmp_path / "scale.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"CELL_SIZES": "wide"}, "CELL_SIZES holds 'wide'"),
        ({"CELL_SIZES": "50"}, "smaller than the pixels"),
        ({"Y": "gold"}, "Y 'gold' is not among NAMES"),
        ({"X": "assets"}, "used twice"),
        ({"X": ","}, "X is empty"),
    ],
)
def test_bad_input(parameters, tmp_path, changes, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        run(SCALE, {**parameters, **changes})
    assert not (tmp_path / "scale.csv").exists()
