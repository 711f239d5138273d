"""People that are kept, roads that are measured: by hand, on pixels of any shape, on degrees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from osgeo import ogr, osr

from ecoassets.core.errors import InputError
from ecoassets.core.inputs.finding import Refused
from ecoassets.core.prepare.pressure.roads import Roads, pieces
from ecoassets.core.prepare.pressure.run import PressureInputs, PressureOutputs, run_pressure_grids
from ecoassets.core.progress import Progress
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.tests.rasters import TOP_LEFT, read_raster, write_raster


class Heard(Progress):
    def __init__(self):
        self.warnings = []

    def warn(self, message):
        self.warnings.append(str(message))


def write_lines(path, lines, epsg=32650, names=()):
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(epsg)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = dataset.CreateLayer("roads", crs, ogr.wkbLineString)
    layer.CreateField(ogr.FieldDefn("highway", ogr.OFTString))
    for number, line in enumerate(lines):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature["highway"] = names[number] if names else "primary"
        feature.SetGeometry(ogr.CreateGeometryFromWkt(line))
        layer.CreateFeature(feature)
    return str(path)


@pytest.fixture
def reference(tmp_path):
    """40 x 40 pixels of 100 m."""
    return write_raster(tmp_path / "land.tif", np.ones((40, 40)), pixel=100.0)


@pytest.mark.parametrize("fold", [1, 4, 10])
def test_people_are_kept_when_pixels_grow_or_shrink(tmp_path, reference, fold):
    """Counts on pixels of 100, 400 and 1000 m."""
    size = 40 // fold
    people = np.arange(size * size, dtype="float32").reshape(size, size)
    counts = write_raster(tmp_path / "people.tif", people, "float32", pixel=100.0 * fold, nodata=-1)
    out = str(tmp_path / "out.tif")
    result = run_pressure_grids(PressureInputs([counts], "count", (2020,), reference), PressureOutputs(out))
    (row,) = result.totals
    assert (row.year, row.total_before) == (2020, pytest.approx(people.sum()))
    assert row.total_after == pytest.approx(people.sum(), rel=1e-6)
    assert read_raster(out).sum() * 0.01 == pytest.approx(people.sum(), rel=1e-6), "per km2, of pixels of 0.01 km2"


def test_counts_of_crossed_years_stop_the_run(tmp_path, reference):
    """People of 2010 for 2000 would be a change of the wrong sign; the user may hold to the years all the same."""
    files = [
        write_raster(tmp_path / f"pop_{year}.tif", np.full((10, 10), people), "float32", pixel=400.0, nodata=-1)
        for year, people in ((2010, 100), (2000, 50))
    ]
    crossed = PressureInputs(files, "count", (2000, 2010), reference)
    with pytest.raises(Refused, match=r"COUNTS .*crossed.*2000 = pop_2000\.tif, 2010 = pop_2010\.tif"):
        run_pressure_grids(crossed, PressureOutputs(str(tmp_path / "no.tif")))
    assert not (tmp_path / "no.tif").exists()
    held = run_pressure_grids(crossed, PressureOutputs(), RasterSettings(insist_on_years=True))
    assert [(row.year, row.total_before) for row in held.totals] == [(2000, 10000), (2010, 5000)]
    right = run_pressure_grids(replace(crossed, counts=files[::-1]), PressureOutputs())
    assert [(row.year, row.total_before) for row in right.totals] == [(2000, 5000), (2010, 10000)]


def test_a_density_is_interpolated_and_its_total_told(tmp_path, reference):
    density = write_raster(tmp_path / "d.tif", np.full((10, 10), 50), "float32", pixel=400.0)
    out = str(tmp_path / "out.tif")
    result = run_pressure_grids(PressureInputs([density], "density", (), reference), PressureOutputs(out))
    assert np.unique(read_raster(out)) == pytest.approx([50])
    assert result.totals[0].total_before == pytest.approx(50 * 16) == result.totals[0].total_after


def test_a_total_that_is_not_kept_is_told(tmp_path, reference):
    """Counts that end in the middle of the study keep their total; a boundary that cuts large pixels does not."""
    people = write_raster(tmp_path / "people.tif", np.full((4, 4), 100), "float32", pixel=1000.0)
    boundary = tmp_path / "b.gpkg"
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32650)
    left, top = 500000.0, 4000000.0
    from osgeo import gdal

    transform = gdal.Open(reference).GetGeoTransform()
    left, top = transform[0], transform[3]
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(boundary))
    layer = dataset.CreateLayer("b", crs, ogr.wkbPolygon)
    feature = ogr.Feature(layer.GetLayerDefn())
    ring = [(left, top), (left + 1300, top), (left + 1300, top - 4000), (left, top - 4000), (left, top)]
    feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({', '.join(f'{x} {y}' for x, y in ring)}))"))
    layer.CreateFeature(feature)
    del feature, layer, dataset
    heard = Heard()
    result = run_pressure_grids(
        PressureInputs([people], "count", (), reference),
        PressureOutputs(str(tmp_path / "out.tif")),
        RasterSettings(boundary=str(boundary)),
        heard,
    )
    (row,) = result.totals
    assert row.total_before == pytest.approx(400), "the column whose centre lies within"
    assert row.total_after == pytest.approx(520), "1.3 columns"
    assert row.difference_pct == pytest.approx(30)
    assert any("+30.00 %" in warning for warning in heard.warnings)


def write_boundary(path, left, top, right, bottom):
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32650)
    dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
    layer = dataset.CreateLayer("b", crs, ogr.wkbPolygon)
    feature = ogr.Feature(layer.GetLayerDefn())
    ring = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({', '.join(f'{x} {y}' for x, y in ring)}))"))
    layer.CreateFeature(feature)
    return str(path)


@pytest.mark.parametrize("bounded", [False, True])
def test_a_total_on_pixels_that_are_larger_than_the_study_is_not_known(tmp_path, bounded):
    """18 x 18 pixels of 100 m in a corner of a pixel of 4 km with 900 people: 900 x 1.8^2 / 4^2 of them."""
    land = write_raster(tmp_path / "land.tif", np.ones((18, 18)), pixel=100.0)
    left, top = TOP_LEFT
    corner = (left - 100, top + 4100)
    people = write_raster(tmp_path / "p.tif", np.full((4, 4), 900), "float32", pixel=4000.0, top_left=corner, nodata=-1)
    inside = write_boundary(tmp_path / "b.gpkg", left + 100, top - 100, left + 1100, top - 1100)
    heard = Heard()
    result = run_pressure_grids(
        PressureInputs([people], "count", (2020,), land),
        PressureOutputs(str(tmp_path / "out.tif")),
        RasterSettings(boundary=inside if bounded else ""),
        heard,
    )
    (row,) = result.totals
    side = 1.0 if bounded else 1.8
    assert row.total_after == pytest.approx(900 * side**2 / 16, rel=1e-5)
    assert (row.total_before, row.difference_pct) == (None, None)
    assert any("p.tif" in told and "total before is not known" in told for told in heard.warnings)


def test_a_class_of_roads_that_occurs_nowhere_is_named(tmp_path, reference):
    left, top = TOP_LEFT
    line = f"LINESTRING ({left} {top - 50}, {left + 4000} {top - 50})"
    roads = Roads(write_lines(tmp_path / "roads.gpkg", [line]), "highway", ("primary", "trakc"))
    heard = Heard()
    outputs = PressureOutputs(distance=str(tmp_path / "d.tif"))
    result = run_pressure_grids(PressureInputs([], "count", (), reference, roads), outputs, progress=heard)
    assert result.road_km == pytest.approx(4)
    assert [told for told in heard.warnings if "class trakc; it holds primary" in told] == heard.warnings


def test_a_line_is_cut_where_it_leaves_a_pixel():
    """From (0.5, 0.5) to (2.5, 1.5) in pixels of 10 x 20 m: by hand, corners at t = 0.25, 0.5, 0.75."""
    metres = np.full(3, 10.0), np.full(3, 20.0)
    cells, length = pieces(np.array([[0.5, 0.5, 2.5, 1.5]]), 3, 3, metres)
    whole = np.hypot(20, 20)
    found = dict(zip(*np.unique(cells, return_inverse=False, return_counts=True)))
    sums = np.bincount(cells, weights=length, minlength=9)
    assert set(found) == {0, 1, 4, 5}
    assert sums[[0, 1, 4, 5]] == pytest.approx(np.array([0.25, 0.25, 0.25, 0.25]) * whole)


def test_pieces_of_random_lines_add_up_to_their_lengths():
    rng = np.random.default_rng(3)
    segments = rng.uniform(0, 50, (500, 4))
    metres = np.full(50, 7.0), np.full(50, 3.0)
    cells, length = pieces(segments, 50, 50, metres)
    whole = np.hypot((segments[:, 2] - segments[:, 0]) * 7, (segments[:, 3] - segments[:, 1]) * 3).sum()
    assert length.sum() == pytest.approx(whole, rel=1e-12)
    fine = 4000  # the same lines as points: an independent count of what lies in which pixel
    t = (np.arange(fine) + 0.5) / fine
    x = segments[:, :1] + (segments[:, 2:3] - segments[:, :1]) * t
    y = segments[:, 1:2] + (segments[:, 3:4] - segments[:, 1:2]) * t
    each = np.hypot((segments[:, 2] - segments[:, 0]) * 7, (segments[:, 3] - segments[:, 1]) * 3) / fine
    rough = np.bincount(
        (np.floor(y).astype(int) * 50 + np.floor(x).astype(int)).ravel(),
        weights=np.repeat(each, fine),
        minlength=2500,
    )
    assert np.bincount(cells, weights=length, minlength=2500) == pytest.approx(rough, abs=0.3)


def test_roads_by_density_and_distance(tmp_path, reference):
    """A straight road of 4 km along the middle of row 10, and a path that is not taken."""
    from osgeo import gdal

    left, _, _, top, _, _ = gdal.Open(reference).GetGeoTransform()
    y = top - 1050
    lines = write_lines(
        tmp_path / "roads.gpkg",
        [f"LINESTRING ({left} {y}, {left + 4000} {y})", f"LINESTRING ({left} {top}, {left + 4000} {top - 4000})"],
        names=["primary", "path"],
    )
    outputs = PressureOutputs(distance=str(tmp_path / "distance.tif"), roads=str(tmp_path / "roads.tif"))
    inputs = PressureInputs([], "count", (), reference, Roads(lines, "highway", ("primary",)))
    result = run_pressure_grids(inputs, outputs)
    assert result.road_km == pytest.approx(4)
    (roads,), (distance,) = read_raster(outputs.roads), read_raster(outputs.distance)
    assert roads[10] == pytest.approx(0.1 / 0.01), "100 m in a hectare"
    assert roads.sum() == pytest.approx(40 * 10)
    assert distance[:, 3] == pytest.approx(np.abs(np.arange(40) - 10) * 100.0)


def test_on_degrees_a_road_has_its_length_on_the_ground(tmp_path):
    """A degree of longitude at 60 degrees north is 55.8 km on WGS 84, half of that on the equator."""
    land = write_raster(tmp_path / "land.tif", np.ones((20, 100)), pixel=0.01, top_left=(10, 60.1), epsg=4326)
    lines = write_lines(tmp_path / "roads.gpkg", ["LINESTRING (10 60, 11 60)"], epsg=4326)
    outputs = PressureOutputs(roads=str(tmp_path / "roads.tif"))
    result = run_pressure_grids(PressureInputs([], "count", (), land, Roads(lines)), outputs)
    assert result.road_km == pytest.approx(55.80, rel=2e-3)


def test_distance_on_oblong_pixels_is_measured_in_metres(tmp_path):
    """Pixels of 100 x 70 m; a road within one of them, at column 3 and row 2."""
    land = write_raster(tmp_path / "land.tif", np.ones((6, 8)), pixel=(100.0, 70.0))
    left, top = TOP_LEFT
    x, y = left + 350, top - 175
    lines = write_lines(tmp_path / "roads.gpkg", [f"LINESTRING ({x - 20} {y}, {x + 20} {y})"])
    outputs = PressureOutputs(distance=str(tmp_path / "distance.tif"))
    run_pressure_grids(PressureInputs([], "count", (), land, Roads(lines)), outputs)
    expected = np.hypot((np.arange(8) - 3) * 100.0, (np.arange(6)[:, np.newaxis] - 2) * 70.0)
    assert read_raster(outputs.distance)[0] == pytest.approx(expected, rel=1e-6)


def test_distance_on_degrees_is_measured_on_the_ground(tmp_path):
    """At 60 degrees north 0.01 degrees are 558.0 m of longitude and 1114.1 m of latitude on WGS 84."""
    land = write_raster(tmp_path / "land.tif", np.ones((20, 30)), pixel=0.01, top_left=(10, 60.1), epsg=4326)
    lines = write_lines(tmp_path / "roads.gpkg", ["LINESTRING (10.052 59.995, 10.058 59.995)"], epsg=4326)
    outputs = PressureOutputs(distance=str(tmp_path / "distance.tif"))
    run_pressure_grids(PressureInputs([], "count", (), land, Roads(lines)), outputs)
    (found,) = read_raster(outputs.distance)
    assert found[10, 5] == 0
    assert found[10, 15] == pytest.approx(10 * 558.0, rel=2e-3)
    assert found[0, 5] == pytest.approx(10 * 1114.1, rel=2e-3)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"roads": Roads("ROADS", "kind", ("primary",))}, "no field kind"),
        ({"roads": Roads("ROADS", "highway", ("motorway",))}, "no road of the class motorway"),
        ({"roads": Roads("ROADS", "", ("primary",))}, "ROAD_FIELD"),
        ({}, "COUNTS, ROADS"),
        ({"counts": ("LAND", "LAND"), "years": (2000,)}, "2 rasters or bands, and YEARS 1"),
        ({"counts": ("LAND",), "kind": "people"}, "KIND 'people'"),
    ],
)
def test_what_cannot_be_done_is_told(tmp_path, reference, change, words):
    lines = write_lines(tmp_path / "roads.gpkg", ["LINESTRING (500000 4000000, 500100 4000000)"])
    given = {"counts": (), "kind": "count", "years": (), "reference": reference, **change}
    given["counts"] = [reference for _ in given["counts"]]
    if "roads" in given:
        given["roads"] = Roads(lines, given["roads"].field, given["roads"].classes)
    out = tmp_path / "out.tif"
    with pytest.raises(InputError, match=words):
        run_pressure_grids(PressureInputs(**given), PressureOutputs(str(out), str(tmp_path / "d.tif")))
    assert not out.exists()
