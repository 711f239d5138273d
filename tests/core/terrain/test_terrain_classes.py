"""Terrain classes of surfaces whose slope and aspect geometry gives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.class_breaks import NO_CLASS, BreakClass, ClassBreaks, read_breaks
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.tables import Table, resource_table
from ecoassets.core.terrain.classes import (
    TerrainInputs,
    TerrainOutputs,
    load_scheme,
    run_terrain_classes,
    terrain_table,
)

from ..landuse.maps import read, records, write_map, write_rectangles

N, NE, E, SE, S, SW, W, NW = range(1, 9)


def plane(degrees, towards, size=12, pixel=100.0):
    """A plane that falls with a slope towards a bearing (degrees clockwise from north)."""
    row, column = np.mgrid[:size, :size]
    bearing = math.radians(towards)
    fall = math.tan(math.radians(degrees)) * pixel
    return (5000 - fall * (column * math.sin(bearing) - row * math.cos(bearing))).astype(np.float32)


def classified(tmp_path, heights, **kwargs):
    place = {key: kwargs.pop(key) for key in ("epsg", "pixel", "origin") if key in kwargs}
    dem = write_map(tmp_path / "dem.tif", heights, nodata=-9999, **place)
    outputs = TerrainOutputs(*(str(tmp_path / f"{name}.tif") for name in ("slope", "aspect", "landform")))
    return run_terrain_classes(TerrainInputs(dem, **kwargs), outputs), outputs


@pytest.mark.parametrize(
    ("bearing", "expected"),
    [(0, N), (22, N), (23, NE), (90, E), (135, SE), (180, S), (225, SW), (270, W), (315, NW), (337, NW), (338, N)],
)
def test_aspect_wraps_around_north(tmp_path, bearing, expected):
    _, outputs = classified(tmp_path, plane(20, bearing))
    assert set(np.unique(read(outputs.aspect)[1:-1, 1:-1])) == {expected}


def test_flat_land_faces_nowhere(tmp_path):
    result, outputs = classified(tmp_path, np.full((6, 6), 100, np.float32))
    assert (read(outputs.aspect) == 0).all()
    rows = {(r["variable"], r["name"]): r for r in records(terrain_table(result))}
    assert rows["aspect", "flat"]["share_pct"] == pytest.approx(100)
    assert rows["aspect", "north"]["area_ha"] == 0
    assert rows["slope", "flat"]["area_ha"] == pytest.approx(36)


def test_gentle_land_is_flat_if_the_user_says_so(tmp_path):
    _, outputs = classified(tmp_path, plane(1.5, 180), flat_slope=2.0, aspect_scheme="aspect_4")
    assert (read(outputs.aspect) == 0).all()


@pytest.mark.parametrize(("degrees", "expected"), [(3, 1), (10, 2), (20, 3), (30, 4), (40, 5), (60, 6)])
def test_slope_in_degrees(tmp_path, degrees, expected):
    _, outputs = classified(tmp_path, plane(degrees, 45))
    assert (read(outputs.slope)[1:-1, 1:-1] == expected).all()


@pytest.mark.parametrize("latitude", [0.5, 45.0, 70.0])
@pytest.mark.parametrize("bearing", [90, 180])
def test_a_geographic_dem_is_measured_in_metres(tmp_path, latitude, bearing):
    """A plane of 14.9 and one of 15.1 degrees fall on both sides of a class bound, whatever the latitude."""
    size, step = 40, 0.001
    radius_across = 6378137 / math.sqrt(1 - 0.00669438 * math.sin(math.radians(latitude)) ** 2)
    radius_down = radius_across * (1 - 0.00669438) / (1 - 0.00669438 * math.sin(math.radians(latitude)) ** 2)
    row, column = np.mgrid[:size, :size]
    metres = {
        90: column * math.radians(step) * radius_across * math.cos(math.radians(latitude)),
        180: row * math.radians(step) * radius_down,
    }[bearing]
    for degrees, expected in ((14.9, 2), (15.1, 3)):
        heights = (9000 - metres * math.tan(math.radians(degrees))).astype(np.float64)
        _, outputs = classified(tmp_path, heights, epsg=4326, pixel=step, origin=(100.0, latitude + size * step / 2))
        assert (read(outputs.slope)[1:-1, 1:-1] == expected).all()
        assert (read(outputs.aspect)[1:-1, 1:-1] == {90: E, 180: S}[bearing]).all()


def test_strips_do_not_show(tmp_path):
    """Slope of 1200 rows, cut in windows, equals GDAL's of the whole raster, which guesses neighbours at its edges."""
    rng = np.random.default_rng(8)
    heights = np.cumsum(rng.normal(0, 10, (1200, 30)), axis=0).astype(np.float32)
    _, outputs = classified(tmp_path, heights)
    slope = gdal.DEMProcessing("", str(tmp_path / "dem.tif"), "slope", format="MEM", computeEdges=True).ReadAsArray()
    breaks = load_scheme("slope", "slope_forest6").breaks
    inner = np.s_[1:-1, 1:-1]
    assert (read(outputs.slope)[inner] == breaks.classify(slope)[inner]).all()


def test_landforms_by_height_and_by_relief(tmp_path):
    heights = np.full((9, 9), 600, np.float32)
    heights[4, 4] = 780
    result, outputs = classified(tmp_path, heights)
    assert {c.name: c.area_ha for c in result.of("landform") if c.area_ha} == {"low mountain": pytest.approx(81)}
    _, outputs = classified(tmp_path, heights, landform_scheme="relief_1to1M", relief_window_m=300)
    expected = np.ones((9, 9))
    expected[3:6, 3:6] = 3  # the peak stands 180 m above its neighbours: hill
    assert (read(outputs.landform) == expected).all()


def test_holes_are_reported_and_shares_add_up(tmp_path):
    heights = plane(12, 200)
    heights[2:4, 5] = -9999
    result, outputs = classified(tmp_path, heights)
    assert (result.holes.pixels, result.holes.area_ha) == (2, pytest.approx(2))
    for variable in ("slope", "aspect", "landform"):
        assert sum(c.share_pct for c in result.of(variable)) == pytest.approx(100)
        assert sum(c.area_ha for c in result.of(variable)) == pytest.approx(142)
    assert (read(outputs.slope)[2:4, 5] == 255).all()


def test_holes_count_within_the_boundary(tmp_path):
    heights = plane(12, 200)
    heights[2:4, 5] = -9999
    heights[11, 11] = -9999
    dem = write_map(tmp_path / "dem.tif", heights, nodata=-9999)
    boundary = write_rectangles(tmp_path / "b.gpkg", {"": (500000, 3999400, 500800, 4000000)})
    result = run_terrain_classes(TerrainInputs(dem), settings=RasterSettings(boundary=boundary))
    assert result.holes.pixels == 2
    assert sum(c.area_ha for c in result.of("slope")) == pytest.approx(48 - 2)


def test_own_classes(tmp_path):
    rows = [
        {"scheme_id": "mine", "variable": v, "class_id": i + 1, "name_en": name, "lower": low, "upper": high}
        for v, classes in {
            "slope": [("low", 0, 10), ("high", 10, 90)],
            "aspect": [("shady", 270, 90), ("sunny", 90, 270)],
            "elevation": [("all", -500, 9000)],
        }.items()
        for i, (name, low, high) in enumerate(classes)
    ]
    for row in rows:
        row["scheme_id"] = row["variable"]
    table = Table.of_rows("mine", rows)
    result, _ = classified(
        tmp_path,
        plane(12, 10),
        table=table,
        slope_scheme="slope",
        aspect_scheme="aspect",
        landform_scheme="elevation",
    )
    assert {c.name for c in result.classes if c.area_ha} == {"high", "shady", "all"}


def test_a_scheme_of_another_variable():
    with pytest.raises(InputError, match="aspect_4 is one of aspect, and slope was asked for"):
        load_scheme("slope", "aspect_4")
    with pytest.raises(TableError, match=r"no scheme slope_9\. It has slope_forest6"):
        load_scheme("slope", "slope_9")


def test_every_preset_can_be_read():
    table = resource_table("topo_classes")
    for name in dict.fromkeys(table.texts("scheme_id")):
        variable = name.split("_")[0]
        scheme = load_scheme({"elev": "landform", "relief": "landform"}.get(variable, variable), name)
        assert len(scheme.legend()) >= 4


class TestBreaks:
    def test_bounds_belong_to_the_class_above_unless_told(self):
        breaks = ClassBreaks("b", (BreakClass(1, "", "", 0, 5), BreakClass(2, "", "", 5, 90)))
        assert breaks.classify(np.array([-0.1, 0, 4.999, 5, 90, 90.1, np.nan])).tolist() == [
            NO_CLASS, 1, 1, 2, 2, NO_CLASS, NO_CLASS,
        ]  # fmt: skip

    def test_levels_of_human_activity_own_their_upper_bound(self):
        breaks = read_breaks(resource_table("eeh_classes"), "HAI", "index")
        assert breaks.classify(np.array([0, 0.2, 0.2000001, 0.8, 1.0])).tolist() == [1, 1, 2, 4, 5]

    def test_classes_that_come_twice(self):
        breaks = read_breaks(resource_table("eeh_classes"), "YEEH", "index")
        assert breaks.classify(np.array([0.1, 1.0, 1.7, 5.0])).tolist() == [1, 4, 2, 1]

    def test_a_gap_holds_nothing(self):
        breaks = ClassBreaks("b", (BreakClass(1, "", "", 0, 5), BreakClass(2, "", "", 7, 9)))
        assert breaks.classify(np.array([5, 5.5, 7])).tolist() == [1, NO_CLASS, 2]

    def test_overlaps_are_refused(self):
        with pytest.raises(TableError, match="class 2 begins at 4, before class 1 ends at 5"):
            ClassBreaks("b", (BreakClass(1, "", "", 0, 5), BreakClass(2, "", "", 4, 9)))
        with pytest.raises(TableError, match="must lie below its upper bound"):
            ClassBreaks("b", (BreakClass(1, "", "", 5, 0),))
