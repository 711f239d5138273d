import math

import numpy as np
import pytest
from osgeo import gdal, osr

from ecoassets.core.errors import GridError, InputError
from ecoassets.core.services.soil.slope_factors import length_exponent, slope_factor
from ecoassets.core.services.soil.slope_length import (
    SlopeLengthInputs,
    SlopeLengthOutputs,
    constant_length,
    desmet_govers,
    run_slope_length,
)
from ecoassets.core.services.survey import Rasters

from .conftest import read


def degrees(*angles):
    return np.radians(np.array(angles, dtype=float))


class TestSteepness:
    def test_the_unit_plot_is_one(self):
        # 22.13 m long at 9 %: 16.8 * 0.089638 - 0.5 = 1.0059, the known misfit of RUSLE at its own unit plot
        plot = np.array([math.atan(0.09)])
        for method in ("rusle", "hj1173", "liu"):
            ls = constant_length(22.13, length_exponent(plot)) * slope_factor(plot, method)
            assert ls == pytest.approx(1, abs=0.007)

    def test_rusle_by_hand(self):
        # 5 %: sin = 0.049938, 10.8 sin + 0.03 = 0.56933; 20 %: sin = 0.196116, 16.8 sin - 0.5 = 2.79475
        found = slope_factor(np.arctan([0.05, 0.20]), "rusle")
        assert found == pytest.approx([0.56933, 2.79475], abs=1e-5)

    def test_hj1173_is_constant_above_28_81_degrees(self):
        # 21.9 sin 28.81 - 0.96 = 9.594: the published constant closes the curve
        found = slope_factor(degrees(28.80, 28.82, 60), "hj1173")
        assert found == pytest.approx([9.5905, 9.5988, 9.5988], abs=5e-4)

    @pytest.mark.parametrize(("limits", "jump"), [((5.0, 10.0), (2.417, 2.845)), ((5.1428, 14.0362), (3.575, 4.354))])
    def test_liu_jumps_at_its_upper_limit_as_published(self, limits, jump):
        around = degrees(limits[1] - 1e-6, limits[1] + 1e-6)
        assert slope_factor(around, "liu", limits) == pytest.approx(jump, abs=2e-3)

    def test_nearing_agrees_with_rusle_on_moderate_slopes(self):
        moderate = np.arctan([0.05, 0.1, 0.2])
        assert slope_factor(moderate, "nearing") == pytest.approx(slope_factor(moderate, "rusle"), rel=0.15)


class TestExponent:
    def test_mccool_by_hand(self):
        # 9 %: sin 0.089638; beta = 1.00042 / (3 * 0.14523 + 0.56) = 1.00480; m = 0.5012
        assert length_exponent(np.arctan([0.09]), "mccool") == pytest.approx([0.5012], abs=2e-4)

    def test_steps_in_degrees_hold_at_their_upper_limit(self):
        found = length_exponent(degrees(0.5, 1.0 - 1e-9, 2, 4, 6), "liu")
        assert found.tolist() == [0.2, 0.2, 0.3, 0.4, 0.5]

    def test_steps_in_percent(self):
        slopes = np.arctan(np.array([0.5, 2, 4, 6, 12]) / 100)
        assert length_exponent(slopes, "usle").tolist() == [0.2, 0.3, 0.4, 0.5, 0.5]
        assert length_exponent(slopes, "usle_9_percent").tolist() == [0.2, 0.3, 0.4, 0.4, 0.5]
        invest = length_exponent(slopes, "invest")
        assert invest[:4].tolist() == [0.2, 0.3, 0.4, 0.5]
        assert invest[4] == length_exponent(slopes, "mccool")[4]


class TestLength:
    def test_without_upslope_area_it_is_that_of_the_cell(self):
        assert desmet_govers(np.zeros(1), (30.0, 30.0), np.array([0.5]), np.zeros(1)) == pytest.approx(
            (30 / 22.13) ** 0.5
        )

    def test_a_diagonal_slope_crosses_more_of_the_cell(self):
        straight, diagonal = desmet_govers(
            np.array([9000.0] * 2), (30.0, 30.0), np.array([0.5] * 2), np.array([0.0, 45.0])
        )
        assert diagonal / straight == pytest.approx(math.sqrt(2) ** -0.5)

    def test_cells_in_a_row_add_up_to_the_whole_slope(self):
        # unit-contour slope of 4 cells: the mean of the cells' L is (4 D / 22.13)^m
        d, m = 25.0, 0.4
        cells = desmet_govers(d**2 * np.arange(4), (d, d), np.full(4, m), np.zeros(4))
        assert cells.mean() == pytest.approx((4 * d / 22.13) ** m)

    def test_oblong_cells_in_a_row_add_up_to_the_whole_slope(self):
        # flow along the width of 40 m, across the height of 25 m; and the other way round
        m = np.full(4, 0.4)
        for width, height, aspect in ((40.0, 25.0, 90.0), (25.0, 40.0, 180.0)):
            cells = desmet_govers(1000.0 * np.arange(4), (width, height), m, np.full(4, aspect))
            assert cells.mean() == pytest.approx((4 * 40 / 22.13) ** 0.4)


@pytest.fixture
def hillside(raster):
    """A plane that falls 10 m per 100 m to the east, flow from the west."""
    x = np.arange(6.0)
    dem = np.tile(500 - 10 * x, (5, 1))
    accumulation = np.tile(x + 1, (5, 1))
    return raster("dem", dem), raster("accumulation", accumulation)


def test_a_plane_by_hand(hillside, out, log):
    dem, accumulation = hillside
    inputs = SlopeLengthInputs(Rasters.of(dem), accumulation, max_length_m=None)
    found = run_slope_length(inputs, SlopeLengthOutputs(out("ls")), progress=log)
    theta = np.array([math.atan(0.1)])
    m = np.asarray(length_exponent(theta)).item()
    third_cell = desmet_govers(np.array([2 * 100.0**2]), (100.0, 100.0), np.array([m]), np.array([90.0]))
    expected = np.asarray(third_cell * slope_factor(theta)).item()
    assert read(out("ls"))[0, 2, 2] == pytest.approx(expected, rel=1e-5)
    # the mean L of the row is that of 600 m of slope
    assert read(out("ls"))[0, 2].mean() == pytest.approx((600 / 22.13) ** m * slope_factor(theta).item(), rel=1e-5)
    assert found.mean == pytest.approx(np.mean(read(out("ls"))), rel=1e-6)
    assert "HJ 1173-2021" in " ".join(log.infos)


def test_caps_and_streams(hillside, out):
    dem, accumulation = hillside
    m = length_exponent(np.array([math.atan(0.1)])).item()
    capped = run_slope_length(
        SlopeLengthInputs(Rasters.of(dem), accumulation, max_length_m=150.0), SlopeLengthOutputs(out("ls"))
    )
    steepness = slope_factor(np.arctan([0.1])).item()
    assert read(out("ls"))[0, 2, 1:] == pytest.approx((150 / 22.13) ** m * steepness, rel=1e-5)
    assert capped.capped_pixels == 25
    streams = SlopeLengthInputs(Rasters.of(dem), accumulation, stream_area_ha=4.0)
    run_slope_length(streams, SlopeLengthOutputs(out("masked")))
    assert np.isnan(read(out("masked"))[0, 0]).tolist() == [False] * 4 + [True] * 2
    with pytest.raises(InputError, match="give one of them"):
        run_slope_length(SlopeLengthInputs(Rasters.of(dem), accumulation, max_factor=122.0), SlopeLengthOutputs())


def test_the_square_root_of_the_area_shortens_slopes(hillside):
    dem, accumulation = hillside
    plain, root = (
        run_slope_length(
            SlopeLengthInputs(Rasters.of(dem), accumulation, area_form=form, max_length_m=None), SlopeLengthOutputs()
        ).mean
        for form in ("area", "sqrt")
    )
    assert root < plain


def test_negative_edge_cells_are_taken_by_their_size_and_told(hillside, raster, out, log):
    dem, accumulation = hillside
    cells = read(accumulation)[0]
    signed = raster("signed", np.where(np.arange(6) == 5, -cells, cells))
    plain = run_slope_length(SlopeLengthInputs(Rasters.of(dem), accumulation), SlopeLengthOutputs(out("a")))
    found = run_slope_length(SlopeLengthInputs(Rasters.of(dem), signed), SlopeLengthOutputs(out("b")), progress=log)
    assert np.array_equal(read(out("a")), read(out("b")))
    assert (plain.outside_pixels, found.outside_pixels) == (0, 5)
    assert any("5 pixels" in line and "outside" in line for line in log.warnings)


def test_units_of_accumulation_agree(hillside, raster):
    dem, accumulation = hillside
    cells = read(accumulation)[0]
    above = raster("above", cells - 1)
    square_metres = raster("square_metres", cells * 10_000)
    found = [
        run_slope_length(SlopeLengthInputs(Rasters.of(dem), path, accumulation_unit=unit), SlopeLengthOutputs()).mean
        for path, unit in ((accumulation, "cells"), (above, "cells_above"), (square_metres, "square_metres"))
    ]
    assert found == pytest.approx([found[0]] * 3, rel=1e-7)
    with pytest.raises(InputError, match="cells_above"):
        run_slope_length(SlopeLengthInputs(Rasters.of(dem), above), SlopeLengthOutputs())


def test_invest_by_hand(hillside, out, log):
    # slope 10 %: sin .0995037, cos .9950372; beta = 1.110533 / (3 * .1578598 + .56) = 1.074453, m = .517945
    # A = sqrt(2 * 10000) = 141.42 m in place of 20000 m2; x = sin + cos = 1.0945409; S = 16.8 sin - .5 = 1.171662
    # L = (10141.42^1.517945 - 141.42^1.517945) / (100^2.517945 * 1.0945409^.517945 * 22.13^.517945)
    dem, accumulation = hillside
    m = 0.517945
    length = (10141.4214 ** (m + 1) - 141.4214 ** (m + 1)) / (100 ** (m + 2) * (1.0945409 * 22.13) ** m)
    run_slope_length(
        SlopeLengthInputs(Rasters.of(dem), accumulation, method="invest"), SlopeLengthOutputs(out("ls")), progress=log
    )
    assert read(out("ls"))[0, 2, 2] == pytest.approx(length * 1.171662, rel=1e-5)
    assert "invest" in " ".join(log.infos)


def test_invest_on_a_hill_with_holes(raster, out):
    """LS that natcap.invest 3.20.2 gave for this DEM (30 m) and the flow accumulation that it made of it."""
    gone = -9999.0
    dem = [
        [gone, 300.0, 285.9, 268.9, 259.5, 259.5, 259.2],
        [307.1, 295.7, 277.9, 263.0, 258.6, 259.0, 254.0],
        [305.1, 288.8, 270.3, gone, 258.7, 256.2, 246.5],
        [300.4, 280.7, 264.8, 259.3, 257.9, 250.6, 238.5],
        [293.2, 273.3, 262.2, 259.4, 254.7, 242.9, 231.7],
        [285.1, 268.2, 261.7, 258.4, 248.8, 234.9, gone],
    ]
    flow = [
        [gone, 1.14286, 1.6932, 2.23213, 3.08612, 1.0, 1.06667],
        [1.0, 1.65238, 2.77426, 4.77307, 6.22875, 1.88963, 3.90794],
        [1.07143, 2.18503, 3.57332, gone, 2.86676, 8.52062, 9.23376],
        [1.14286, 2.31506, 4.10808, 5.62771, 3.04271, 6.0874, 16.75939],
        [1.16327, 2.67535, 4.42194, 5.05834, 7.89186, 8.16186, 39.0],
        [1.16618, 2.72798, 3.64501, 5.24121, 9.46912, 14.45266, gone],
    ]
    published = [
        [np.nan, 7.00468, 8.14788, 6.72098, 2.24165, 0.83497, 1.98704],
        [6.25475, 7.87251, 8.59695, 5.87437, 1.59649, 1.80838, 3.84017],
        [7.73832, 8.52659, 8.12471, np.nan, 1.64811, 4.25019, 6.40481],
        [8.86114, 8.67071, 6.2934, 2.46714, 3.27443, 6.04811, 7.74601],
        [8.99159, 7.96029, 4.34581, 2.53245, 5.3077, 7.27071, 7.78901],
        [8.65164, 7.08297, 3.20812, 3.31307, 6.686, 7.68638, np.nan],
    ]
    maps = [raster(name, np.array(values), pixel=30) for name, values in (("dem", dem), ("flow", flow))]
    run_slope_length(SlopeLengthInputs(Rasters.of(maps[0]), maps[1], method="invest"), SlopeLengthOutputs(out("ls")))
    np.testing.assert_allclose(read(out("ls"))[0], published, rtol=2e-5)


def test_invest_limits_l_by_122_or_what_is_given():
    given = SlopeLengthInputs(Rasters.of("dem.tif"), method="invest", max_factor=9.0)
    assert given.as_invest().max_factor == 9
    assert SlopeLengthInputs(Rasters.of("dem.tif"), method="invest").as_invest().max_factor == 122
    assert given.as_invest().max_length_m is None


def test_oblong_pixels_are_told_before_flow_is_computed(tmp_path):
    path = str(tmp_path / "oblong.tif")
    dataset = gdal.GetDriverByName("GTiff").Create(path, 6, 5, 1, gdal.GDT_Float32)
    dataset.SetGeoTransform((500_000, 100, 0, 4_400_000, 0, -50))
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(32650)
    dataset.SetProjection(reference.ExportToWkt())
    dataset.GetRasterBand(1).WriteArray(np.tile(500 - 10 * np.arange(6.0), (5, 1)))
    dataset = None

    def never(dem, folder):
        raise AssertionError("flow was computed")

    with pytest.raises(GridError, match=r"DEM.*100 x 50.*square ones only.*FLOW_ACCUMULATION"):
        run_slope_length(SlopeLengthInputs(Rasters.of(path)), SlopeLengthOutputs(), accumulate=never)
    with pytest.raises(GridError, match="the method invest takes square ones only"):
        run_slope_length(SlopeLengthInputs(Rasters.of(path), path, method="invest"), SlopeLengthOutputs())


def test_flow_of_the_run_itself_lies_where_its_dem_lies(tmp_path, log):
    """GRASS writes the EPSG code of an earlier raster where this one has none, and no nodata: neither is told."""
    own = "+proj=lcc +lat_1=41 +lat_2=42 +lat_0=41 +lon_0=-71.5 +ellps=GRS80 +units=m"
    paths = [str(tmp_path / name) for name in ("dem.tif", "flow.tif")]
    for path, crs in zip(paths, (own, "EPSG:32650")):
        dataset = gdal.GetDriverByName("GTiff").Create(path, 6, 5, 1, gdal.GDT_Float32)
        dataset.SetGeoTransform((200_000, 100, 0, 900_000, 0, -100))
        reference = osr.SpatialReference()
        reference.SetFromUserInput(crs)
        dataset.SetProjection(reference.ExportToWkt())
        dataset.GetRasterBand(1).WriteArray(np.tile(60 - 10 * np.arange(6.0), (5, 1)))
        if path == paths[0]:
            dataset.GetRasterBand(1).SetNoDataValue(-1)
        dataset = None
    run_slope_length(
        SlopeLengthInputs(Rasters.of(paths[0])), SlopeLengthOutputs(), progress=log, accumulate=lambda dem, _: paths[1]
    )
    assert not [line for line in log.warnings if "nodata" in line]


def test_constant_length(hillside, out):
    dem, _ = hillside
    found = run_slope_length(
        SlopeLengthInputs(Rasters.of(dem), method="constant", constant_length_m=22.13), SlopeLengthOutputs(out("ls"))
    )
    assert found.mean_length == pytest.approx(1)
    assert read(out("ls"))[0, 2] == pytest.approx(float(slope_factor(np.arctan([0.1]))[0]), rel=1e-5)


def test_what_is_missing_or_lies_elsewhere_is_told(hillside, raster):
    dem, _ = hillside
    with pytest.raises(InputError, match=r"raster.*GRASS provider.*constant"):
        run_slope_length(SlopeLengthInputs(Rasters.of(dem)), SlopeLengthOutputs())
    geographic = raster("degrees", np.ones((4, 4)), epsg=4326, pixel=0.01, origin=(116, 40))
    with pytest.raises(GridError, match="EPSG:4326.*Reproject"):
        run_slope_length(SlopeLengthInputs(Rasters.of(geographic), method="constant"), SlopeLengthOutputs())
    elsewhere = raster("elsewhere", np.ones((5, 6)), origin=(500_050.0, 4_400_000.0))
    with pytest.raises(GridError, match="cannot be resampled"):
        run_slope_length(SlopeLengthInputs(Rasters.of(dem), elsewhere), SlopeLengthOutputs())
