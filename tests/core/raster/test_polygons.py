"""Polygons on the grid: a pixel counts where its centre lies inside."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from osgeo import ogr, osr

from ecoassets.core.errors import GridError, InputError
from ecoassets.core.progress import Progress
from ecoassets.core.raster.engine import run_job
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.work import Job
from ecoassets.core.raster.zones.polygons import burn_boundary, burn_zones

from .conftest import UTM, Copy, grid_of, read, wkt, write_raster


def ring(left, bottom, right, top) -> list:
    return [[left, bottom], [right, bottom], [right, top], [left, top], [left, bottom]]


def write_polygons(path: Path, rings: dict[str, list], crs: int = UTM, kind: str = "Polygon") -> str:
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": kind, "coordinates": [corners] if kind == "Polygon" else corners},
        }
        for name, corners in rings.items()
    ]
    named = {"type": "name", "properties": {"name": f"urn:ogc:def:crs:EPSG::{crs}"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": named, "features": features}))
    return str(path)


@pytest.fixture
def ten(tmp_path) -> str:
    """Ten by ten pixels of 10 m; the upper left corner at 500000, 100."""
    values = np.arange(100, dtype="float32").reshape(10, 10)
    return write_raster(tmp_path / "x.tif", values, nodata=-1, pixel=10, origin=(500_000.0, 100.0))


def test_the_centre_decides(tmp_path, ten):
    # from 4 to 26 m: the centres at 5, 15 and 25 m lie inside; from 94.9 to 84 m: the centre at 95 m does not
    polygons = write_polygons(tmp_path / "b.geojson", {"a": ring(500_004, 84, 500_026, 94.9)})
    boundary = burn_boundary(polygons, grid_of(ten), str(tmp_path))
    expected = np.zeros((10, 10), int)
    expected[1, 0:3] = 1
    np.testing.assert_array_equal(read(boundary.path), expected)


def test_what_lies_outside_does_not_count(tmp_path, ten):
    polygons = write_polygons(tmp_path / "b.geojson", {"a": ring(500_000, 50, 500_050, 100)})
    boundary = burn_boundary(polygons, grid_of(ten), str(tmp_path))
    found = run_job(Job(Copy(), (Source("x", ten),), grid_of(ten), boundary=boundary))
    assert found.coverage["x"].pixels == 25
    assert found.coverage["x"].area_ha == pytest.approx(0.25, rel=1e-12)
    assert found.sums["total"] == np.arange(100).reshape(10, 10)[:5, :5].sum()


def test_polygons_in_degrees(tmp_path, ten):
    to_degrees = osr.CoordinateTransformation(grid_of(ten).spatial_reference(), _degrees())
    corners = [to_degrees.TransformPoint(*corner)[:2] for corner in ring(500_020.0, 20.0, 500_080.0, 80.0)]
    polygons = write_polygons(tmp_path / "b.geojson", {"a": [list(c) for c in corners]}, crs=4326)
    inside = read(burn_boundary(polygons, grid_of(ten), str(tmp_path)).path)
    expected = np.zeros((10, 10), int)
    expected[2:8, 2:8] = 1
    np.testing.assert_array_equal(inside, expected)


def _degrees() -> osr.SpatialReference:
    reference = osr.SpatialReference(wkt(4326))
    reference.SetAxisMappingStrategy(osr.OAMS_TRADITIONAL_GIS_ORDER)
    return reference


def test_zones_are_sorted_as_numbers_and_merged_by_name(tmp_path, ten):
    rings = {
        "10": ring(500_000, 90, 500_100, 100),
        "9": ring(500_000, 80, 500_100, 90),
    }
    polygons = write_polygons(tmp_path / "z.geojson", rings)
    zones = burn_zones(polygons, "name", grid_of(ten), str(tmp_path))
    assert zones.names == ("9", "10")
    assert read(zones.source.path)[:3, 0].tolist() == [2, 1, 0]


def test_polygons_elsewhere(tmp_path, ten):
    polygons = write_polygons(tmp_path / "b.geojson", {"a": ring(600_000, 0, 600_100, 100)})
    with pytest.raises(GridError, match=r"Study boundary \(b.geojson\) holds no pixel centre"):
        burn_boundary(polygons, grid_of(ten), str(tmp_path))


def test_lines_are_no_polygons_and_a_missing_field_is_named(tmp_path, ten):
    line = write_polygons(tmp_path / "l.geojson", {"a": [[500_000, 0], [500_100, 100]]}, kind="LineString")
    with pytest.raises(InputError, match="holds no polygon"):
        burn_boundary(line, grid_of(ten), str(tmp_path))
    polygons = write_polygons(tmp_path / "b.geojson", {"a": ring(500_000, 0, 500_100, 100)})
    with pytest.raises(InputError, match=r"has no field district. It has name"):
        burn_zones(polygons, "district", grid_of(ten), str(tmp_path))
    with pytest.raises(InputError, match=r"Cannot open Study boundary.*No such file"):
        burn_boundary(str(tmp_path / "none.gpkg"), grid_of(ten), str(tmp_path))


class TestWhatPolygonsHold:
    """Each zone by hand: pixels of 10 m, so that a hectare is a hundred of them."""

    @pytest.fixture
    def told(self) -> list[str]:
        return []

    @pytest.fixture
    def hears(self, told):
        class Hears(Progress):
            def tell(self, finding):
                told.append(finding.told())

        return Hears()

    def write(self, path: Path, shapes: dict[str, str]) -> str:
        dataset = ogr.GetDriverByName("GPKG").CreateDataSource(str(path))
        layer = dataset.CreateLayer("zones", osr.SpatialReference(wkt(UTM)), ogr.wkbUnknown)
        layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
        for name, shape in shapes.items():
            feature = ogr.Feature(layer.GetLayerDefn())
            feature.SetField("name", name)
            feature.SetGeometry(ogr.CreateGeometryFromWkt(shape))
            layer.CreateFeature(feature)
        return str(path)

    def box(self, left, bottom, right, top) -> str:
        corners = ((left, bottom), (right, bottom), (right, top), (left, top), (left, bottom))
        return "POLYGON((" + ", ".join(f"{500_000 + x} {y}" for x, y in corners) + "))"

    def counts(self, zones) -> dict[str, int]:
        burned = read(zones.source.path)
        of = zones.sets or tuple((i,) for i in range(len(zones.names)))
        held = {name: 0 for name in zones.names}
        for number, members in enumerate(of, start=1):
            for member in members:
                held[zones.names[member]] += int((burned == number).sum())
        return held

    def test_overlapping_zones_keep_their_own_land(self, tmp_path, ten, told, hears):
        shapes = {"a": self.box(0, 0, 60, 100), "b": self.box(40, 0, 100, 100), "c": self.box(40, 0, 60, 20)}
        path = self.write(tmp_path / "z.gpkg", shapes)
        burned = burn_zones(path, "name", grid_of(ten), str(tmp_path), progress=hears, overlapping=True)
        assert self.counts(burned) == {"a": 60, "b": 60, "c": 4}
        assert "overlap on 0.20 ha of 1.00 ha" in told[0]

    def test_where_one_map_is_made_the_overlap_is_told(self, tmp_path, ten, told, hears):
        path = self.write(tmp_path / "z.gpkg", {"a": self.box(0, 0, 60, 100), "b": self.box(40, 0, 100, 100)})
        burned = burn_zones(path, "name", grid_of(ten), str(tmp_path), progress=hears)
        assert self.counts(burned) == {"a": 40, "b": 60}
        assert "(a + b)" in told[0] and "one of them only" in told[0]

    def test_parts_of_one_zone_may_overlap_and_neighbours_may_touch(self, tmp_path, ten, told, hears):
        shapes = {"a": self.box(0, 0, 50, 100), "b": self.box(50, 0, 100, 100)}
        path = self.write(tmp_path / "z.gpkg", shapes)
        assert burn_zones(path, "name", grid_of(ten), str(tmp_path), progress=hears, overlapping=True).sets is None
        assert told == []

    def test_a_curve_counts_as_its_area(self, tmp_path, ten, told, hears):
        # a circle of radius 30 m holds the centres of 32 pixels of 10 m: 4 rows of 6, 2 of 4
        circle = "CURVEPOLYGON(CIRCULARSTRING(500020 50, 500050 80, 500080 50, 500050 20, 500020 50))"
        path = self.write(tmp_path / "z.gpkg", {"circle": circle})
        assert self.counts(burn_zones(path, "name", grid_of(ten), str(tmp_path), progress=hears)) == {"circle": 32}
        assert told == []

    def test_heights_do_not_matter(self, tmp_path, ten):
        path = self.write(tmp_path / "z.gpkg", {"a": "POLYGON Z((500000 0 7, 500050 0 8, 500050 100 9, 500000 0 7))"})
        assert self.counts(burn_zones(path, "name", grid_of(ten), str(tmp_path)))["a"] > 0

    def test_rings_that_cross_are_mended_and_told(self, tmp_path, ten, told, hears):
        # a bow tie: two triangles of 25 m2 x 100
        bow = "POLYGON((500000 0, 500100 100, 500100 0, 500000 100, 500000 0))"
        path = self.write(tmp_path / "z.gpkg", {"bow": bow, "line": "LINESTRING(500000 0, 500100 100)"})
        assert 40 <= self.counts(burn_zones(path, "name", grid_of(ten), str(tmp_path), progress=hears))["bow"] <= 60
        assert any("1 polygons have invalid rings" in one for one in told)
        assert any("1 features have no area" in one for one in told)

    def test_messages_call_the_layer_by_its_name(self, tmp_path, ten):
        path = self.write(tmp_path / "copy.gpkg", {"a": self.box(5000, 5000, 5010, 5010)})
        with pytest.raises(GridError, match=r"Zones \(zones\) holds no pixel centre"):
            burn_zones(f"{path}|layername=zones", "name", grid_of(ten), str(tmp_path))
