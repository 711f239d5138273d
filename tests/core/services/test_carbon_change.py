"""Emission and sequestration between years, by hand: what falls is emitted, what rises is taken up."""

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.services.carbon.change import ChangeInputs
from ecoassets.core.services.carbon.storage import CarbonOutputs, run_carbon_storage
from ecoassets.core.services.survey import Cover
from ecoassets.core.tables import Table

from .conftest import bands_of, read

CNLUCC = load_scheme("cnlucc")
FOREST, GRASS, TOWN = 21, 31, 51
STOCKS = Table.of_rows("carbon.csv", [{"code": c, "carbon": t} for c, t in ((FOREST, 150), (GRASS, 60), (TOWN, 30))])
CODES = [
    [[FOREST, GRASS, TOWN, FOREST]],
    [[FOREST, FOREST, TOWN, GRASS]],
    [[GRASS, FOREST, 0, TOWN]],
]
YEARS = (2000, 2010, 2015)
CO2 = 44 / 12


def run(raster, codes=CODES, years=YEARS, mask="common", **change):
    paths = tuple(raster(f"lc{n}", np.array(each), nodata=0) for n, each in enumerate(codes))
    settings = RasterSettings(mask=mask)
    wanted = ChangeInputs(**change)
    return run_carbon_storage(Cover(paths, CNLUCC), STOCKS, CarbonOutputs(), years, settings, change=wanted)


def by_pair(found):
    return {(*row[:2], row[2]): row[3:] for row in found.change.table().rows}


def test_by_hand(raster, out):
    rows = by_pair(run(raster, path=out("c")))
    # the third hectare has no land cover in 2015 and counts in no pair
    assert rows[2000, 2010, "all"] == pytest.approx((3, 90 * CO2, 90 * CO2, 0, 0))
    assert rows[2010, 2015, "all"] == pytest.approx((3, 120 * CO2, 0, -120 * CO2, -24 * CO2))
    assert rows[2000, 2015, "all"] == pytest.approx((3, 210 * CO2, 90 * CO2, -120 * CO2, -8 * CO2))
    nothing = np.nan
    expected = [[[0, 90, nothing, -90]], [[-90, 0, nothing, -30]], [[-90, 90, nothing, -120]]]
    np.testing.assert_array_equal(read(out("c")), expected)
    assert bands_of(out("c")) == [("2000-2010", "t C/ha"), ("2010-2015", "t C/ha"), ("2000-2015", "t C/ha")]


def test_net_is_the_difference_of_the_stocks(raster):
    found = run(raster)
    first, _, last = found.totals
    assert by_pair(found)[2000, 2015, "all"][3] == pytest.approx((last - first) * CO2)


def test_yearly_masks_compare_what_both_dates_have(raster):
    assert by_pair(run(raster, mask="yearly"))[2000, 2010, "all"][0] == 4


def test_zones_add_up_to_all(raster):
    zones = ZoneLayer(raster("z", np.array([[1, 1, 2, 2]])), kind="raster")
    rows = by_pair(run(raster, zones=zones))
    assert rows[2000, 2010, "1"] == pytest.approx((2, 0, 90 * CO2, 90 * CO2, 9 * CO2))
    assert rows[2000, 2010, "2"] == pytest.approx((1, 90 * CO2, 0, -90 * CO2, -9 * CO2))
    whole = np.add(rows[2000, 2015, "1"], rows[2000, 2015, "2"])
    assert whole == pytest.approx(rows[2000, 2015, "all"])


def test_one_year_has_no_change(raster):
    with pytest.raises(InputError, match="needs two years"):
        run(raster, CODES[:1], YEARS[:1])
