"""What a folder of downloads feeds, what it lacks, and the grid that its land cover tells."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.prepare.catalogue.loader import products
from ecoassets.core.prepare.downloads.grid import MARGIN_CELLS, GridWish
from ecoassets.core.prepare.downloads.order import orders
from ecoassets.core.prepare.downloads.plan import Plan, Request, Wanted, grid_of_study, plan_downloads
from ecoassets.core.prepare.downloads.stand_ins import stand_in
from ecoassets.core.prepare.downloads.telling import lacking
from ecoassets.core.prepare.files.tiles import share_over
from ecoassets.core.progress import QUIET
from ecoassets.core.quantities import quantities
from ecoassets.core.raster.grid import Grid
from ecoassets.tests.core.prepare.runs import Told
from ecoassets.tests.downloads import hwsd, write_netcdf, write_tif
from ecoassets.tests.region_downloads import ALBERS_CHINA

LAND = np.tile(np.array([1, 2, 4, 8], "u1"), (20, 5))
COVER, RAIN, DEM = (
    Wanted("LAND_COVER", "land_cover"),
    Wanted("PRECIPITATION", "precipitation"),
    Wanted("DEM", "elevation"),
)
LON, LAT = 116.0, 40.0


@pytest.fixture
def boundary(tmp_path: Path) -> str:
    ring = [[LON + 0.02, LAT - 0.02], [LON + 0.08, LAT - 0.02], [LON + 0.08, LAT - 0.08], [LON + 0.02, LAT - 0.08]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}}
    path = tmp_path / "boundary.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    return str(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """CLCD of two years in degrees, rain of one, a tile of a DEM."""
    place = tmp_path / "downloads"
    place.mkdir()
    for year in (2015, 2020):
        write_tif(place / f"CLCD_v01_{year}.tif", LAND, "EPSG:4326", (LON, LAT), 0.005)
    rain(place, 2015)
    heights = np.full((20, 20), 50, "f4")
    write_tif(place / "Copernicus_DSM_COG_30_N39_00_E116_00_DEM.tif", heights, "EPSG:4326", (LON, LAT), 0.005)
    return place


def rain(folder: Path, year: int, months: int = 12) -> None:
    write_netcdf(
        folder / f"pre_{year}.nc", "pre", np.full((months, 20, 20), 500, "i2"), times=range(months),
        units=f"months since {year}-01-15", top_left=(LON, LAT), cell=0.005, nodata=-32768,
    )  # fmt: skip


def planned(folder: Path, boundary: str | None, **more) -> Plan:
    wanted = more.pop("wanted", (COVER, RAIN, DEM))
    return plan_downloads(Request(str(folder), wanted, more.pop("years", (2015, 2020)), boundary, **more), QUIET)


def reasons(plan: Plan, name: str) -> str:
    return next(str(lacking(lack)) for lack in plan.lacks if lack.wanted.name == name)


def test_every_layer_that_feeds_an_input_is_in_the_order():
    ordered = {(product.id, layer.id) for order in orders().values() for product, layer in order.layers}
    known = products()
    assert orders().keys() <= quantities().keys()
    feeding = {
        (product.id, layer.id)
        for product in known.values()
        for layer in product.layers.values()
        if layer.quantity in orders() and layer.feeds and layer.quantity != "reflectance"
    }
    # lowest and highest temperatures are no mean ones; EVI is no NDVI; other legends and lights stay to the user
    left = {layer for product, layer in feeding - ordered}
    assert left <= {"tmn", "tmx", "tmax", "tmin", "evi", "type2", "type5", "prop1", "average", "median"}
    assert all(
        layer.quantity == held or layer.kind == "ids"  # which a table turns into values
        for held, order in orders().items()
        for _, layer in order.layers
        if held != "soil_group"
    )


def test_what_is_there_feeds_what_is_missing_is_told(folder, boundary):
    plan = planned(folder, boundary)
    assert {name: (feed.product.id, feed.years, feed.files) for name, feed in plan.feeds.items()} == {
        "LAND_COVER": ("clcd", (2015, 2020), 2),
        "DEM": ("cop_dem", (), 1),
    }
    told = reasons(plan, "PRECIPITATION")
    assert "no file of 2020" in told and "data.tpdc.ac.cn" in told
    rain(folder, 2020)
    assert planned(folder, boundary).feeds["PRECIPITATION"].years == (2015, 2020)


def test_months_that_are_missing_are_told_before_work(folder, boundary):
    for month in (1, 2, 3):
        values = np.full((20, 20), 30, "f4")
        write_tif(folder / f"chirps-v2.0.2020.{month:02d}.tif", values, "EPSG:4326", (LON, LAT), 0.005)
    assert "3 of 12 steps" in reasons(planned(folder, boundary, years=(2020,)), "PRECIPITATION")


def test_of_two_land_covers_the_user_says_which_is_meant(folder, boundary):
    for year in (2015, 2020):
        name = f"ESACCI-LC-L4-LCCS-Map-300m-P1Y-{year}-v2.0.7.tif"
        write_tif(folder / name, np.full((20, 20), 10, "u1"), "EPSG:4326", (LON, LAT), 0.005)
    assert "PREFER=clcd" in reasons(planned(folder, boundary), "LAND_COVER")
    assert planned(folder, boundary, prefer="cci_lc").feeds["LAND_COVER"].product.id == "cci_lc"
    with pytest.raises(InputError, match="no product"):
        planned(folder, boundary, prefer="clcc")


def test_of_two_editions_the_user_says_which_is_meant(folder, boundary):
    land = np.ones((900, 900), "u1")
    for year in (2015, 2020):
        write_tif(folder / f"CLCD_v01_{year}_albert.tif", land, ALBERS_CHINA, (922_507.0, 4_368_111.0), 30)
    assert "PREFER=clcd:EDITION" in reasons(planned(folder, boundary), "LAND_COVER")
    feed = planned(folder, boundary, prefer="clcd:albers").feeds["LAND_COVER"]
    assert (feed.edition, feed.grid.pixel_width) == ("albers", 30)


def test_a_land_cover_that_lacks_a_year_is_no_rival(folder, boundary):
    name = "ESACCI-LC-L4-LCCS-Map-300m-P1Y-2015-v2.0.7.tif"
    write_tif(folder / name, np.full((20, 20), 10, "u1"), "EPSG:4326", (LON, LAT), 0.005)
    assert planned(folder, boundary).feeds["LAND_COVER"].product.id == "clcd"


def test_of_two_reliefs_the_first_of_the_order_is_taken_and_told(folder, boundary):
    write_tif(folder / "ASTGTMV003_N39E116_dem.tif", np.full((20, 20), 50, "i2"), "EPSG:4326", (LON, LAT), 0.005)
    feed = planned(folder, boundary).feeds["DEM"]
    assert (feed.product.id, feed.passed) == ("cop_dem", ("aster_gdem",))
    assert planned(folder, boundary, prefer="aster_gdem").feeds["DEM"].product.id == "aster_gdem"


@pytest.mark.names_as_written
def test_files_whose_product_only_the_user_knows_are_not_used_silently(folder, boundary):
    for path in folder.glob("CLCD*"):
        path.rename(folder / f"lucc{path.name[9:13]}.tif")
    told = reasons(planned(folder, boundary), "LAND_COVER")
    assert "lucc2015.tif, may be of cnlucc" in told
    named = reasons(planned(folder, boundary, prefer="cnlucc"), "LAND_COVER")
    assert "importproduct" in named and "LAND_COVER" in named


@pytest.mark.names_as_written
def test_files_elsewhere_and_files_over_a_part_are_told(folder, boundary):
    rain(folder, 2020)
    for path in folder.glob("Copernicus*"):
        path.unlink()
    away = np.full((20, 20), 50, "f4")
    write_tif(folder / "Copernicus_DSM_COG_30_N30_00_E116_00_DEM.tif", away, "EPSG:4326", (LON, 31.0), 0.005)
    told = reasons(planned(folder, boundary), "DEM")
    assert f"no file lies over the study area, which is about {LON + 0.05:.2f}, {LAT - 0.05:.2f}" in told
    half = np.full((20, 10), 50, "f4")
    write_tif(folder / "Copernicus_DSM_COG_30_N39_00_E116_00_DEM.tif", half, "EPSG:4326", (LON, LAT), 0.005)
    assert planned(folder, boundary).feeds["DEM"].share == pytest.approx(0.5, abs=0.02)


def test_years_and_a_boundary_are_needed(folder, boundary):
    with pytest.raises(InputError, match="YEARS"):
        planned(folder, boundary, years=())
    with pytest.raises(InputError, match="BOUNDARY"):
        planned(folder, None)


def grid_for(folder, boundary, tmp_path, **wish):
    request = Request(str(folder), (COVER,), (2015, 2020), boundary, grid=GridWish(**wish))
    path = grid_of_study(plan_downloads(request, QUIET), request, str(tmp_path), Told())
    return Grid.of_dataset(gdal.Open(path))


def test_land_cover_in_degrees_gets_the_utm_zone_and_a_usual_pixel(folder, boundary, tmp_path):
    grid = grid_for(folder, boundary, tmp_path)
    assert (grid.crs_name, grid.pixel_width, grid.pixel_height) == ("EPSG:32650", 500, 500)
    wished = grid_for(folder, boundary, tmp_path, crs="EPSG:32651", cell=30.0)
    assert (wished.crs_name, wished.pixel_width) == ("EPSG:32651", 30)


def test_land_cover_in_metres_keeps_its_pixels(folder, boundary, tmp_path):
    for year in (2015, 2020):
        (folder / f"CLCD_v01_{year}.tif").unlink()
        land = np.ones((900, 900), "u1")
        write_tif(folder / f"CLCD_v01_{year}_albert.tif", land, ALBERS_CHINA, (922_507.0, 4_368_111.0), 30)
    grid = grid_for(folder, boundary, tmp_path)
    assert grid.pixel_width == 30
    assert (grid.transform[0] - 922_507.0) % 30 == 0 and (4_368_111.0 - grid.transform[3]) % 30 == 0
    assert grid.width < 900 and share_over([grid], [(LON + 0.02, LAT - 0.02), (LON + 0.08, LAT - 0.08)]) == 1
    metres = 0.06 * 111_320 * np.cos(np.radians(LAT))
    assert 0 <= grid.width - (metres / 30 + 2 * MARGIN_CELLS) < 40  # China's Albers is turned by 7 degrees here


def test_a_stand_in_has_bands_and_no_room(tmp_path):
    grid = Grid(20_000, 20_000, (0, 30, 0, 0, 0, -30), utm_50())
    path = stand_in(str(tmp_path / "npp.tif"), grid, ("2015", "2020"))
    dataset = gdal.Open(path)
    assert [dataset.GetRasterBand(n).GetDescription() for n in (1, 2)] == ["2015", "2020"]
    assert Grid.of_dataset(dataset) == replace(grid, crs=dataset.GetProjection())
    assert Path(path).stat().st_size < 3_000_000


def utm_50() -> str:
    from osgeo import osr

    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32650)
    return str(reference.ExportToWkt())


@pytest.mark.names_as_written
def test_soils_of_hwsd_come_with_their_table(folder, boundary):
    wanted = [Wanted(name, name.lower()) for name in ("SAND", "ORGANIC_CARBON")]
    hwsd(folder, LON, LAT)
    plan = planned(folder, boundary, wanted=[COVER, *wanted])
    sand, carbon = plan.feeds["SAND"], plan.feeds["ORGANIC_CARBON"]
    assert (sand.product.id, sand.how, sand.share) == ("hwsd2", "soil", 1.0)
    assert (
        Path(sand.table).name == Path(carbon.table).name == "HWSD2_LAYERS.csv" and Path(sand.place).name == "HWSD2.bil"
    )
    assert "4326" in sand.grid.crs
    (folder / "HWSD2_LAYERS.csv").write_text("HWSD2_SMU_ID,SEQUENCE,SAND\n11376,1,40\n")
    plan = planned(folder, boundary, wanted=[COVER, *wanted])
    assert "SAND" in plan.feeds and "HWSD2_LAYERS.csv holds no organic_carbon" in reasons(plan, "ORGANIC_CARBON")
    (folder / "HWSD2_LAYERS.csv").unlink()
    assert "Export the table HWSD_DATA" in reasons(planned(folder, boundary, wanted=[COVER, *wanted]), "SAND")
