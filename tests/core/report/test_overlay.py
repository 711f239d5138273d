"""What lies over maps: districts where they belong, on pixels that are not square and in another CRS; degrees."""

from __future__ import annotations

import re

import numpy as np
import pytest
from osgeo import ogr, osr

from ecoassets.core.report import Chapter, Classes, Map, MapPicture, Outlines, Ramp, Report, quick_looks, render_report
from ecoassets.core.report.maps import ClassColour
from ecoassets.core.report.pictures.overlay import degrees_text, overlay, source_line, with_outlines
from ecoassets.core.report.texts import load_texts
from ecoassets.tests.rasters import write_raster


@pytest.fixture
def picture(tmp_path):
    """4 columns of 200 m and 2 rows of 100 m: 800 m by 200 m."""
    path = write_raster(tmp_path / "map.tif", np.ones((2, 4), "uint8"), pixel=(200, 100), top_left=(500000, 4400000))
    return MapPicture(path)


@pytest.fixture
def districts(tmp_path):
    path = str(tmp_path / "d.gpkg")
    source = ogr.GetDriverByName("GPKG").CreateDataSource(path)
    crs = osr.SpatialReference()
    crs.ImportFromEPSG(32650)
    layer = source.CreateLayer("districts", crs, ogr.wkbPolygon)
    layer.CreateField(ogr.FieldDefn("name", ogr.OFTString))
    for name, left in (("West & co", 500000), ("东区", 500400)):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetField("name", name)
        corners = ((0, 0), (400, 0), (400, -200), (0, -200), (0, 0))
        ring = ", ".join(f"{left + x} {4400000 + y}" for x, y in corners)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({ring}))"))
        layer.CreateFeature(feature)
    source = None
    return path


def test_outlines_lie_where_the_districts_are(picture, districts):
    svg = overlay(picture, Outlines(districts, "name"), False, 1, aspect=4)
    assert 'viewBox="0 0 1000 250.0"' in svg
    points = {tuple(map(float, pair.split(","))) for pair in re.findall(r"[-\d.]+,[-\d.]+", svg)}
    assert {(0.0, 0.0), (500.0, 0.0), (500.0, 250.0), (0.0, 250.0), (1000.0, 250.0)} <= points
    assert re.findall(r">([^<>]+)</text>", svg) == ["West &amp; co", "东区"]


def test_without_a_field_there_are_no_names(picture, districts):
    assert "<text" not in overlay(picture, Outlines(districts), False, 1, aspect=4)


def test_nothing_to_draw_is_nothing(picture, tmp_path):
    assert overlay(picture, None, False, 1, 4) == ""
    assert overlay(picture, Outlines(str(tmp_path / "not_there.gpkg"), "name"), False, 1, 4) == ""


def test_a_graticule_has_meridians_and_parallels(tmp_path):
    path = write_raster(tmp_path / "wide.tif", np.ones((40, 40), "uint8"), pixel=1000)
    svg = overlay(MapPicture(path), None, True, 1, 1)
    words = re.findall(r">([^<>]+)</text>", svg)
    assert any(word.endswith("E") for word in words) and any(word.endswith("N") for word in words)
    assert svg.count("<polyline") == len(words)


def test_degrees_are_written_with_minutes():
    assert degrees_text(116.5, "EW") == "116°30′E"
    assert degrees_text(-40.0, "NS") == "40°S"


def test_the_line_under_a_map_tells_file_crs_and_pixels(picture):
    assert source_line([picture, picture], load_texts("en")) == "Source: map.tif · WGS 84 / UTM zone 50N · 200 m"


def test_results_get_outlines_and_the_appendix_does_not(picture, districts):
    chapters = [Chapter(title, [Map("m", [picture], Ramp())], appendix=title == "How") for title in ("What", "How")]
    found = with_outlines(chapters, Outlines(districts, "name"), graticule=False)
    assert [bool(chapter.blocks[0].outlines) for chapter in found] == [True, False]
    page = render_report(Report("T", found))
    assert page.count('class="overlay"') == 1 and page.count("Source: map.tif") == 2


def test_many_codes_are_shown_as_few(tmp_path):
    path = write_raster(tmp_path / "masks.tif", np.array([[1, 2, 3, 0]], "uint8"))
    colours = (1, "one", "#ff0000"), (4, "several", "#0000ff"), (0, "none", "#ffffff")
    legend = Classes([ClassColour(*colour) for colour in colours])
    look = quick_looks([MapPicture(path, recoded=[(2, 1), (3, 4)])], legend)[0]
    assert {item.name for item in look.classes} == {"one", "several", "none"} and not look.others
