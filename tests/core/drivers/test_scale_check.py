"""Scale check: what holds at every cell size is found at every cell size."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.sampling.inputs import read_variables
from ecoassets.core.drivers.sampling.sample_grid import SampleInputs
from ecoassets.core.drivers.scale_check import run_scale_check
from ecoassets.core.errors import InputError
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.tests.rasters import write_raster

YEARS = (2000, 2005, 2010)


@pytest.fixture(scope="module")
def landscape(tmp_path_factory):
    """y = place + 2 x - 3 t(year), without noise, and a land cover that does not change."""
    folder = tmp_path_factory.mktemp("landscape")
    rng = np.random.default_rng(1)
    place = rng.normal(0, 5, (60, 60)).cumsum(axis=0)
    paths = {"rain": [], "value": []}
    for step, year in enumerate(YEARS):
        x = rng.normal(10, 3, (60, 60))
        y = place + 2 * x - 3 * step
        for name, values in (("rain", x), ("value", y)):
            paths[name].append(write_raster(folder / f"{name}{year}.tif", values, "float64", nodata=-9999))
    cover = write_raster(folder / "cover.tif", np.repeat([[1] * 30 + [2] * 30], 60, axis=0))
    return [*paths["value"], *paths["rain"], cover]


def check(landscape, tmp_path, sizes=(300, 600), y="value", x=("rain", "cover")):
    variables = read_variables(landscape, "value,value,value,rain,rain,rain,cover", "mean, mean, majority")
    return run_scale_check(SampleInputs(variables, YEARS, 1.0), sizes, y, x, RasterSettings(), str(tmp_path))


def test_a_slope_without_noise_is_the_same_at_every_size(landscape, tmp_path):
    result = check(landscape, tmp_path)
    found = [(row.cell_size, row.n, row.factor) for row in result.rows]
    assert found == [(300, 1200, "rain"), (300, 1200, "cover"), (600, 300, "rain"), (600, 300, "cover")]
    # A mean of a linear function is the function of the mean, so cells of any size have slope 2.
    assert [row.slope for row in result.rows] == [pytest.approx(2, rel=1e-9), None, pytest.approx(2, rel=1e-9), None]
    assert all(0 <= row.q <= 1 for row in result.rows)
    assert result.effects == "twoway"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sizes": ()}, "CELL_SIZES is empty"),
        ({"y": "z"}, "Y 'z' is not among NAMES"),
        ({"y": "cover", "x": ("rain",)}, "Y 'cover' is sampled as majority"),
        ({"x": ("rain", "value")}, "used twice"),
        ({"x": ()}, "X is empty"),
    ],
)
def test_what_cannot_be_compared_is_told(landscape, tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        check(landscape, tmp_path, **changes)
