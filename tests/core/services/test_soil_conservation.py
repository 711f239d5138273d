import math

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.services.soil.conservation import (
    Intensity,
    SoilInputs,
    SoilOutputs,
    run_soil_conservation,
    soil_loss,
    soil_retention,
)
from ecoassets.core.services.survey import Cover, Rasters

from .conftest import bands_of, read

CNLUCC = load_scheme("cnlucc")
FOREST, GRASS, LAKE, URBAN = 21, 31, 42, 51


def test_one_pixel_by_hand():
    # 3000 * 0.035 * 10 = 1050 t/(ha a) bare; C 0.02 leaves 21 and keeps 1029
    assert soil_loss(3000, 0.035, 10) == pytest.approx(1050)
    assert soil_loss(3000, 0.035, 10, 0.02) == pytest.approx(21)
    assert soil_retention(3000, 0.035, 10, 0.02) == pytest.approx(1029)
    assert soil_retention(3000, 0.035, 10, 1.0, 1.0) == 0


def test_classes_of_the_standard():
    # the limits 200, 2500, 5000, 8000, 15000 t/(km2 a) are 2, 25, 50, 80, 150 t/(ha a), and belong to the upper class
    loss = np.array([0, 1.99, 2, 24.99, 25, 50, 80, 149.99, 150])
    assert Intensity.of_standard().classify(loss, 200.0).tolist() == [1, 1, 2, 2, 3, 4, 5, 5, 6]
    assert Intensity.of_standard().classify(np.array([2.0, 9.99, 10]), 1000.0).tolist() == [1, 1, 2]
    assert len(Intensity.of_standard().names) == 6


@pytest.fixture
def factors(raster):
    """R 1000, K 0.03, LS 1 to 4, C 0.1 of a 2 x 2 region: potential loss 30 to 120, actual 3 to 12 t/(ha a)."""
    ls = np.array([[1.0, 2.0], [3.0, 4.0]])
    paths = [raster("r", np.full((2, 2), 1000.0)), raster("k", np.full((2, 2), 0.03)), raster("ls", ls)]
    return [*map(Rasters.of, paths), Rasters.of(raster("c", np.full((2, 2), 0.1)))]


def test_maps_totals_and_table(factors, raster, out):
    cover = Cover((raster("lc", np.array([[FOREST, GRASS], [LAKE, URBAN]]), nodata=0),), CNLUCC)
    found = run_soil_conservation(
        SoilInputs(*factors, cover=cover), SoilOutputs(out("kept"), out("lost"), out("classes"))
    )
    # 90 % of 30 and 60 is kept by forest and grass; open water and towns count nothing
    assert read(out("kept"))[0] == pytest.approx(np.array([[27, 54], [0, 0]]), rel=1e-6)
    assert read(out("lost"))[0] == pytest.approx(np.array([[3, 6], [9, 12]]), rel=1e-6)
    assert read(out("classes"))[0].tolist() == [[2, 2], [2, 2]]
    assert bands_of(out("kept")) == [("retention", "t/(ha a)")]
    assert found.totals == pytest.approx([81], rel=1e-6)
    assert found.erosion_totals == pytest.approx([30], rel=1e-6)
    table = found.table()
    assert [column.name for column in table.columns][:6] == [
        "year", "ecosystem", "class", "area_ha", "retention_t", "erosion_t",
    ]  # fmt: skip
    assert table.rows[0][:3] == (None, "forest", 2)
    assert table.rows[0][3:6] == pytest.approx((1, 27, 3), rel=1e-6)


def test_parts_add_up(factors, raster):
    cover = Cover((raster("lc", np.array([[FOREST, GRASS], [LAKE, URBAN]]), nodata=0),), CNLUCC)
    everywhere = run_soil_conservation(SoilInputs(*factors), SoilOutputs())
    # retention + loss = potential loss where every pixel counts: 1000 * 0.03 * (1 + 2 + 3 + 4)
    assert everywhere.totals[0] + everywhere.erosion_totals[0] == pytest.approx(300, rel=1e-6)
    by_cover = run_soil_conservation(SoilInputs(*factors, cover=cover), SoilOutputs())
    rows = by_cover.table().rows
    assert math.fsum(row[3] for row in rows) == pytest.approx(4)
    assert math.fsum(row[4] for row in rows) == pytest.approx(by_cover.totals[0])
    assert math.fsum(row[5] for row in rows) == pytest.approx(everywhere.erosion_totals[0])


def test_practice_multiplies_cover(factors, raster):
    half = Rasters.of(raster("p", np.full((2, 2), 0.5)))
    found = run_soil_conservation(SoilInputs(*factors, p=half), SoilOutputs())
    assert found.erosion_totals == pytest.approx([15], rel=1e-6)
    assert found.totals == pytest.approx([285], rel=1e-6)


def test_years_and_mean_climate(factors, raster, out):
    r = Rasters.of(raster("r0", np.full((2, 2), 1000.0)), raster("r1", np.full((2, 2), 3000.0)))
    actual = run_soil_conservation(SoilInputs(r, *factors[1:], years=(2000, 2010)), SoilOutputs(out("kept")))
    assert actual.totals == pytest.approx([270, 810], rel=1e-6)
    assert bands_of(out("kept")) == [("2000", "t/(ha a)"), ("2010", "t/(ha a)")]
    mean = run_soil_conservation(SoilInputs(r, *factors[1:], years=(2000, 2010), climate="mean"), SoilOutputs())
    assert mean.totals == pytest.approx([540, 540], rel=1e-6)
    assert {row[0] for row in mean.table().rows} == {2000, 2010}


def test_a_pixel_without_a_factor_is_left_out_and_told(factors, raster, log):
    hole = Rasters.of(raster("hole", np.array([[0.03, -9999], [0.03, 0.03]])))
    found = run_soil_conservation(SoilInputs(factors[0], hole, *factors[2:]), SoilOutputs(), progress=log)
    assert found.erosion_totals == pytest.approx([3 + 9 + 12], rel=1e-6)
    assert [(item.pixels, item.area_ha) for item in found.sums.left_out] == [(1, pytest.approx(1))]
    assert any("1 pixels (1.00 ha) are left out" in line for line in log.warnings)


def test_common_and_yearly_masks(factors, raster):
    k = Rasters.of(raster("k0", np.full((2, 2), 0.03)), raster("k1", np.array([[0.03, -9999], [0.03, 0.03]])))
    inputs = SoilInputs(factors[0], k, *factors[2:], years=(2000, 2010))
    common = run_soil_conservation(inputs, SoilOutputs())
    yearly = run_soil_conservation(inputs, SoilOutputs(), RasterSettings(mask="yearly"))
    assert common.sums.pixels.sum(axis=1).tolist() == [3, 3]
    assert yearly.sums.pixels.sum(axis=1).tolist() == [4, 3]


def test_the_tolerance_as_a_raster(factors, raster, out):
    tolerance = raster("t", np.array([[200.0, 1000.0], [1000.0, 1000.0]]))
    run_soil_conservation(SoilInputs(*factors, tolerance=tolerance), SoilOutputs(None, None, out("classes")))
    # losses 300, 600, 900 and 1200 t/(km2 a)
    assert read(out("classes"))[0].tolist() == [[2, 1], [1, 2]]
    dataset = gdal.Open(out("classes"))
    assert dataset.GetRasterBand(1).GetColorTable() is not None


@pytest.mark.parametrize(
    ("name", "position", "value", "message"),
    [
        ("k", 1, 0.3, r"US customary units.*0\.1317"),
        ("c", 3, 10.0, "Cover management C is 10 in a typical pixel.*percent"),
        ("r", 0, -5.0, "holds -5, which cannot be"),
    ],
)
def test_slips_of_unit_are_told(factors, raster, name, position, value, message):
    factors[position] = Rasters.of(raster(f"wrong_{name}", np.full((2, 2), value)))
    with pytest.raises(InputError, match=message):
        run_soil_conservation(SoilInputs(*factors), SoilOutputs())


def test_a_tolerance_per_hectare_is_told(factors, raster):
    with pytest.raises(InputError, match=r"2 t/\(km2 a\).*multiply it by 100"):
        run_soil_conservation(SoilInputs(*factors, tolerance=2.0), SoilOutputs())
    with pytest.raises(InputError, match=r"looks like t/\(ha a\).*multiply by 100"):
        run_soil_conservation(SoilInputs(*factors, tolerance=raster("t", np.full((2, 2), 5.0))), SoilOutputs())


def test_unknown_codes_are_counted(factors, raster):
    cover = Cover((raster("lc", np.array([[FOREST, 99], [99, 255]]), nodata=0),), CNLUCC)
    with pytest.raises(InputError, match=r"99 \(2 px\), 255 \(1 px\)"):
        run_soil_conservation(SoilInputs(*factors, cover=cover), SoilOutputs())
