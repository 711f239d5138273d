"""GEP by pixel: values spread over maps of quantities, adding up to the account."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.accounts.gep.account import GepInputs
from ecoassets.core.accounts.gep.price_table import preset_prices
from ecoassets.core.accounts.gep.run import run_gep_account
from ecoassets.core.accounts.gep.value_map import ServiceMap, run_value_map
from ecoassets.core.errors import InputError
from ecoassets.core.tables import Table
from ecoassets.tests.rasters import WGS_84, read_raster

ROWS = (
    (2010, "carbon", 10, "t CO2"), (2015, "carbon", 20, "t CO2"),
    (2010, "oxygen", 4, "t O2"), (2015, "oxygen", 4, "t O2"),
    (2010, "water_retention", 100, "m3"), (2015, "water_retention", 100, "m3"),
)  # fmt: skip


@pytest.fixture
def account():
    rows = [dict(zip(("year", "service", "quantity", "unit"), row)) for row in ROWS]
    return run_gep_account(GepInputs(Table.of_rows("q", rows), preset_prices("garze2010")))


def test_pixels_share_a_value_by_their_quantity(account, series, tmp_path):
    carbon = ServiceMap(("carbon", "oxygen"), series("c", [[1, 3]], [[2, -9999]]))
    found = run_value_map(account, [carbon], str(tmp_path / "v.tif"))
    first = 10 * 380 + 4 * 727
    assert read_raster(tmp_path / "v.tif")[0] == pytest.approx(np.array([[first / 4, first * 3 / 4]]), rel=1e-6)
    # the second pixel has no value in 2015
    assert read_raster(tmp_path / "v.tif")[1][0, 0] == pytest.approx(20 * 380 + 4 * 727, rel=1e-6)
    assert found.left == (pytest.approx(706), pytest.approx(706))


def test_maps_add_up_where_each_has_gaps(account, series, tmp_path):
    maps = [
        ServiceMap(("carbon",), series("c", [[1, -9999, 2]], [[1, 1, 1]])),
        ServiceMap(("water_retention",), series("w", [[-9999, 5, 5]])),
    ]
    found = run_value_map(account, maps, str(tmp_path / "v.tif"))
    shown = np.nansum(read_raster(tmp_path / "v.tif"), axis=(1, 2))
    assert shown == pytest.approx([10 * 380 + 706, 20 * 380 + 706], rel=1e-6)
    assert found.shown == (pytest.approx(shown[0]), pytest.approx(shown[1]))


def test_true_areas_in_degrees(account, series, tmp_path):
    how = {"epsg": WGS_84, "pixel": 10.0, "top_left": (100.0, 60.0)}
    maps = [ServiceMap(("carbon",), series("c", [[1], [1]], [[1], [1]], **how))]
    run_value_map(account, maps, str(tmp_path / "v.tif"))
    # per hectare the value is the same, whatever the latitude
    upper, lower = read_raster(tmp_path / "v.tif")[0][:, 0]
    assert upper == pytest.approx(lower)


@pytest.mark.parametrize(
    ("services", "values", "words"),
    [
        (("noise",), [[1, 1]], "MAP_SERVICES names noise, which the account does not have"),
        (("carbon",), [[0, 0]], "carbon is worth 3,800.00, but its map is 0 throughout"),
    ],
)
def test_what_cannot_be_spread_is_told(account, series, tmp_path, services, values, words):
    with pytest.raises(InputError, match=words):
        run_value_map(account, [ServiceMap(services, series("c", values))], str(tmp_path / "v.tif"))
