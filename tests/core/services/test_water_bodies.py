"""Water bodies are wholes: what boundary, edge and nodata cut off takes its share of capacity with it."""

import math
from dataclasses import replace

import numpy as np
import pytest
from osgeo import ogr, osr

from ecoassets.core.errors import InputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.raster.area import pixel_areas_ha
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.services.survey import Cover
from ecoassets.core.services.water.bodies import lake_capacity_m3, lake_zones
from ecoassets.core.services.water.flood_mitigation import FloodInputs, FloodOutputs, run_flood_mitigation
from ecoassets.core.services.water.parts import share_on_grid
from ecoassets.core.services.water.swamp_soil import SwampSoil, soil_storage_m3

from ...rasters import WGS_84
from .conftest import read
from .test_flood_mitigation import LAKE, polygons

HJ1166 = load_scheme("hj1166")
EASTERN = lake_zones()["eastern plain"]
BODIES = [
    ((5, 0, 10, 10), "reservoir", 100e6, ""),
    ((4, 10, 16, 5), "lake", None, "Eastern plain"),
    ((0, 15, 20, 5), "swamp", 1e6, ""),
]
WHOLE = [35e6, lake_capacity_m3(0.8, EASTERN.intercept, EASTERN.slope), 1e6]


def held(raster, tmp_path, codes=None, bodies=BODIES, name="all", boundary=None, log=None, years=(), mask="common"):
    """Flood storage on 20 x 20 ha of water, or on the codes of years."""
    codes = [np.full((20, 20), LAKE)] if codes is None else codes
    paths = tuple(raster(f"{name}{n}", each, nodata=0) for n, each in enumerate(codes))
    settings = RasterSettings(mask=mask)
    if boundary:
        settings = RasterSettings(
            boundary=polygons(tmp_path / f"{name}_area.gpkg", [(boundary, "", None, "")]), mask=mask
        )
    path = polygons(tmp_path / f"{name}.gpkg", bodies)
    inputs = FloodInputs(Cover(paths, HJ1166), years, storm_depth_mm=(80.0,), soil_group_code="B", water_bodies=path)
    outputs = FloodOutputs(water=str(tmp_path / f"{name}_water.tif"))
    return run_flood_mitigation(inputs, outputs, settings, *([log] if log else []))


def of_map(tmp_path, name, band=0):
    return 10 * np.nansum(read(str(tmp_path / f"{name}_water.tif"))[band])


def test_districts_add_up_to_the_water_bodies(raster, tmp_path, log):
    whole = held(raster, tmp_path)
    west = held(raster, tmp_path, name="west", boundary=(0, 0, 8, 20), log=log)
    east = held(raster, tmp_path, name="east", boundary=(8, 0, 12, 20))
    assert [body.capacity_m3 for body in whole.bodies] == pytest.approx(WHOLE)
    # 3 of 10, 4 of 16 and 8 of 20 columns; the law of lakes is that of 80 ha
    assert [body.inside_pct for body in west.bodies] == pytest.approx([30, 25, 40])
    assert [body.capacity_m3 for body in west.bodies] == pytest.approx([0.3 * WHOLE[0], 0.25 * WHOLE[1], 0.4e6])
    both = zip(west.bodies, east.bodies)
    assert [a.capacity_m3 + b.capacity_m3 for a, b in both] == pytest.approx(WHOLE)
    for found, name in ((whole, "all"), (west, "west"), (east, "east")):
        table = math.fsum(body.capacity_m3 for body in found.bodies)
        assert table == pytest.approx(found.water_bodies_m3.sum())
        assert table == pytest.approx(of_map(tmp_path, name), rel=1e-6)
    assert any("1 (30 %), 2 (25 %), 3 (40 %)" in warning for warning in log.warnings)


def test_what_lies_beyond_the_rasters_counts_as_area_of_the_whole(raster, tmp_path):
    bodies = [((-5, 0, 10, 10), "reservoir", 100e6, ""), ((10, 10, 20, 20), "lake", None, "")]
    reservoir, lake = held(raster, tmp_path, bodies=bodies).bodies
    assert (reservoir.area_ha, reservoir.whole_ha, reservoir.capacity_m3) == pytest.approx((50, 100, 17.5e6))
    assert lake.capacity_m3 == pytest.approx(lake_capacity_m3(4.0, EASTERN.intercept, EASTERN.slope) / 4)


def test_years_with_other_gaps_have_their_own_rows(raster, tmp_path):
    first, last = np.full((2, 20, 20), LAKE)
    last[:5, 5:15] = 0  # half of the reservoir
    found = held(raster, tmp_path, [first, last], years=(2000, 2010), mask="yearly")
    of_year = [sum(b.capacity_m3 for b in found.bodies if b.year == year) for year in (2000, 2010)]
    assert of_year == pytest.approx([sum(WHOLE), sum(WHOLE) - 17.5e6])
    assert of_year == pytest.approx([of_map(tmp_path, "all", band) for band in (0, 1)], rel=1e-6)
    assert of_year == pytest.approx(found.water_bodies_m3.sum(axis=1))

    common = held(raster, tmp_path, [first, last], years=(2000, 2010), name="common")
    assert [body.year for body in common.bodies] == [None] * 3
    assert common.bodies[0].capacity_m3 == pytest.approx(17.5e6)


def test_water_bodies_that_overlap_each_hold_their_own(raster, tmp_path, log):
    bodies = [((0, 0, 10, 10), "reservoir", 10e6, ""), ((5, 0, 10, 10), "reservoir", 20e6, "")]
    found = held(raster, tmp_path, bodies=bodies, log=log)
    assert [body.capacity_m3 for body in found.bodies] == pytest.approx([3.5e6, 7e6])
    assert of_map(tmp_path, "all") == pytest.approx(10.5e6, rel=1e-6)
    assert any("overlap on 50.00 ha of 150.00 ha (1 + 2)" in told for told in [*log.infos, *log.warnings])


def test_those_without_a_pixel_are_named(raster, tmp_path, log):
    found = held(raster, tmp_path, boundary=(0, 0, 20, 9), log=log)
    assert [body.feature for body in found.bodies] == ["1"]
    assert any("left out, with what they hold: 2, 3." in warning for warning in log.warnings)


def test_the_share_on_a_grid_in_degrees_is_that_of_the_ellipsoid():
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(WGS_84)
    north = Grid(10, 20, (100.0, 1.0, 0.0, 70.0, 0.0, -1.0), reference.ExportToWkt())
    south = replace(north, height=10, transform=(100.0, 1.0, 0.0, 60.0, 0.0, -1.0))
    # twenty degrees of latitude, the southern ten of which lie on the smaller grid
    shape = ogr.CreateGeometryFromWkt("POLYGON((102 50, 104 50, 104 70, 102 70, 102 50))")
    rows = pixel_areas_ha(north)
    assert share_on_grid(shape, north) == pytest.approx((1.0, 2 * rows.sum()))
    assert share_on_grid(shape, south) == pytest.approx((rows[10:].sum() / rows.sum(), 2 * rows.sum()))


class TestDensityOfWater:
    def test_it_divides_the_mass_of_water(self):
        assert soil_storage_m3(1, 1.5, 0.2, 400, 250, 0.93) == pytest.approx(4500 / 0.93)

    # bulk density in t/m3, saturated and natural content in percent of the dry mass
    @pytest.mark.parametrize(
        "peat", [(0.2, 480.0, 300.0), (0.1, 930.0, 700.0), (0.4, 230.0, 150.0), (0.25, 400.0, 0.0)]
    )
    def test_peat_passes(self, peat):
        density, saturated, natural = peat
        stored = SwampSoil(1.0, density, saturated, natural).storage_m3(1, "peat")
        assert stored == pytest.approx(1e4 * density * (saturated - natural) / 100)

    @pytest.mark.parametrize("density", [0.0, 0.5, 1000.0])
    def test_what_no_water_has_is_refused(self, raster, tmp_path, density):
        cover = Cover((raster("cover", np.full((2, 2), LAKE), nodata=0),), HJ1166)
        inputs = FloodInputs(cover, storm_depth_mm=(80.0,), soil_group_code="B", water_density_t_m3=density)
        with pytest.raises(InputError, match="WATER_DENSITY is"):
            run_flood_mitigation(inputs, FloodOutputs())
