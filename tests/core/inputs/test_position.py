"""Coordinates that cannot belong to their CRS, and heights in feet."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.inputs.finding import Place, Refused
from ecoassets.core.inputs.position import check_position
from ecoassets.core.progress import QUIET
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.reading.source import Source, open_source
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.study import open_study_area

from ...rasters import write_raster
from ..raster.conftest import wkt

DEGREES, UTM = 4326, 32650


@pytest.mark.parametrize(
    ("epsg", "transform", "right"),
    [
        (UTM, (110, 0.001, 0, 36, 0, -0.001), False),
        (UTM, (500_000, 30, 0, 4_000_000, 0, -30), True),
        (UTM, (0, 10, 0, 90, 0, -10), True),  # small numbers of metres, but large pixels
        (DEGREES, (110, 0.001, 0, 36, 0, -0.002), True),
        (DEGREES, (500_000, 30, 0, 4_000_000, 0, -30), False),
        (DEGREES, (0, 0.25, 0, 90, 0, -0.25), True),
    ],
)
def test_coordinates_and_their_crs(epsg, transform, right):
    found = list(check_position(Place("Land cover"), Grid(8, 8, transform, wkt(epsg))))
    assert (not found) == right
    assert all(finding.severity == "stop" for finding in found)


def test_a_run_is_refused_before_it_starts(tmp_path):
    path = write_raster(tmp_path / "a.tif", [[1, 2]], top_left=(110, 36), pixel=0.001)
    area = open_study_area(Source("a", path), RasterSettings(), str(tmp_path), QUIET)
    fitted = area.fit(Source("a", path, label="Land cover"), QUIET)
    with pytest.raises(Refused, match="look like degrees"):
        area.reads([fitted])


@pytest.mark.parametrize(("unit", "metres"), [("ft", 0.3048), ("US survey foot", 1200 / 3937), ("m", 1.0), ("", 1.0)])
def test_heights_in_feet_are_read_in_metres(tmp_path, unit, metres):
    path = write_raster(tmp_path / "dem.tif", np.full((2, 2), 1000.0), "float64", nodata=-1)
    dataset = gdal.Open(path, gdal.GA_Update)
    dataset.GetRasterBand(1).SetUnitType(unit)
    dataset = None
    reader = open_source(Source("dem", path), Grid.of_dataset(gdal.Open(path)), 1)
    values, valid = reader.read(0, 0, 2, 2)
    assert valid.all() and values[0, 0] == pytest.approx(1000 * metres, rel=1e-9)
