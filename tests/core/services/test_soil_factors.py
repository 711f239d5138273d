"""Vegetation cover, C, P: formulas, tables and maps."""

import numpy as np
import pytest

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.services.soil.cover_factor import bu, cai, cover_factor_table, dry_cropland, knijff
from ecoassets.core.services.soil.slope import Terrain
from ecoassets.core.services.soil.support_practice import (
    PracticeInputs,
    PracticeOutputs,
    lufafa,
    practice_table,
    run_support_practice,
)
from ecoassets.core.services.soil.vegetation_cover import (
    VegetationInputs,
    VegetationOutputs,
    fractional_cover,
    run_class_cover_factor,
    run_vegetation_cover,
)
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.core.tables import Table

from .conftest import bands_of, read

CNLUCC = load_scheme("cnlucc")
PADDY, DRY, FOREST, GRASS, LAKE, URBAN, SAND = 11, 12, 21, 31, 42, 51, 61


def index_of(code):
    return CNLUCC.codes.index(code)


class TestCoverFactor:
    def test_cai_by_hand(self):
        # lg 10 = 1: 0.6508 - 0.3436; at 0.1 % the middle branch would give 0.9944
        assert cai(np.array([0.0, 0.1, 0.100001, 10.0, 78.3, 78.4])) == pytest.approx(
            [1, 1, 0.9944, 0.3072, 0.6508 - 0.3436 * np.log10(78.3), 0], abs=1e-5
        )

    def test_bu_reaches_zero_at_79_8_percent(self):
        assert bu(np.array([0.0, 50.0, 79.8, 100.0])) == pytest.approx([0.4149, 0.1549, 0, 0], abs=1e-4)

    def test_knijff_by_hand(self):
        # NDVI 0.5: exp(-2); below 0 it is more than 1 and clipped
        assert knijff(np.array([-0.2, 0.0, 0.5, 1.0])) == pytest.approx([1, 1, np.exp(-2), 0])

    def test_dry_cropland_never_falls_below_0_221(self):
        # lg 0.1 = -1: 0.221 + 0.595; bare: clipped to 1
        assert dry_cropland(np.array([0.0, 0.1, 1.0])) == pytest.approx([1, 0.816, 0.221])

    def test_the_standard_by_class_and_cover(self):
        table = cover_factor_table(CNLUCC)
        covers = np.array([0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0])

        def of(code):
            return table(np.full(7, index_of(code)), covers).tolist()

        assert of(FOREST) == [0.10, 0.08, 0.06, 0.02, 0.004, 0.001, 0.001]
        assert of(GRASS) == [0.45, 0.24, 0.15, 0.09, 0.043, 0.011, 0.011]
        assert (of(PADDY)[0], of(LAKE)[0], of(URBAN)[0], of(SAND)[0]) == (0, 0, 0.01, 0.7)
        assert of(DRY)[6] == pytest.approx(0.221)

    def test_an_own_c_wins_and_is_checked(self):
        own = Table.of_rows("c.csv", [{"code": FOREST, "c": 0.5}])
        assert (cover_factor_table(CNLUCC, own).values[index_of(FOREST)] == 0.5).all()
        with pytest.raises(TableError, match=r"c is 5.*divide percent by 100"):
            cover_factor_table(CNLUCC, Table.of_rows("c.csv", [{"code": FOREST, "c": 5}]))


class TestVegetationCover:
    def test_dimidiate_pixel_by_hand(self):
        assert fractional_cover(np.array([0.0, 0.05, 0.455, 0.9]), 0.05, 0.86) == pytest.approx([0, 0, 0.5, 1])

    def test_years_share_their_end_members(self, raster, out):
        first = np.linspace(0.1, 0.5, 100).reshape(10, 10)
        second = first + 0.2
        paths = Rasters.of(raster("n2000", first), raster("n2010", second))
        found = run_vegetation_cover(VegetationInputs(paths, (2000, 2010)), VegetationOutputs(out("f")))
        pooled = np.quantile(np.concatenate([first, second]).astype(np.float32), [0.05, 0.95])
        assert (found.soil, found.vegetation) == pytest.approx(pooled, abs=1e-6)
        # the same rise of NDVI everywhere is a rise of cover, which end members by year would hide
        assert found.mean_cover[1] - found.mean_cover[0] > 0.3
        assert bands_of(out("f")) == [("2000", ""), ("2010", "")]

    def test_fixed_end_members_and_c(self, raster, out):
        ndvi = raster("ndvi", np.array([[0.05, 0.455], [0.86, -9999]]))
        inputs = VegetationInputs(Rasters.of(ndvi), method="fixed", c_method="cai")
        found = run_vegetation_cover(inputs, VegetationOutputs(out("f"), out("c")))
        assert read(out("f"))[0] == pytest.approx(np.array([[0, 0.5], [1, np.nan]]), nan_ok=True, abs=1e-6)
        # cover 50 %: 0.6508 - 0.3436 * 1.69897 = 0.06703
        assert read(out("c"))[0] == pytest.approx(np.array([[1, 0.06703], [0, np.nan]]), nan_ok=True, abs=1e-5)
        assert found.mean_cover == pytest.approx([0.5])

    def test_c_by_table_on_the_grid_of_the_land_cover(self, raster, out):
        cover = raster("lc", np.array([[FOREST, DRY], [URBAN, LAKE]]), nodata=0)
        ndvi = raster("ndvi", np.full((2, 2), 0.455))
        inputs = VegetationInputs(Rasters.of(ndvi), method="fixed", c_method="table", cover=Cover((cover,), CNLUCC))
        run_vegetation_cover(inputs, VegetationOutputs(None, out("c")))
        # cover 0.5: forest of the class 50-70 %; dry cropland 0.221 - 0.595 lg 0.5 = 0.4001
        assert read(out("c"))[0] == pytest.approx(np.array([[0.02, 0.4001], [0.01, 0]]), abs=1e-4)

    @pytest.mark.parametrize("method", ["percentile", "fixed"])
    def test_scaled_ndvi_is_told(self, raster, method):
        scaled = Rasters.of(raster("scaled", np.linspace(500, 9000, 16).reshape(4, 4)))
        with pytest.raises(InputError, match="10 000"):
            run_vegetation_cover(VegetationInputs(scaled, method=method), VegetationOutputs())
        found = run_vegetation_cover(VegetationInputs(scaled, method=method, scale=1e-4), VegetationOutputs())
        assert 0.4 < found.mean_cover[0] < 0.6

    def test_constant_ndvi_has_no_end_members(self, raster):
        with pytest.raises(InputError, match="not below"):
            run_vegetation_cover(VegetationInputs(Rasters.of(raster("n", np.full((3, 3), 0.4)))), VegetationOutputs())

    def test_c_by_class_alone(self, raster, out):
        cover = Cover((raster("lc", np.array([[FOREST, LAKE]]), nodata=0),), CNLUCC)
        table = Table.of_rows("c.csv", [{"code": FOREST, "c": 0.004}, {"code": LAKE, "c": 0}])
        found = run_class_cover_factor(cover, table, VegetationOutputs(None, out("c")))
        assert read(out("c"))[0, 0] == pytest.approx([0.004, 0])
        assert found.mean("cover_factor") == pytest.approx([0.002])
        with pytest.raises(InputError, match="Add a row"):
            one = Table.of_rows("c.csv", [{"code": FOREST, "c": 0.004}])
            run_class_cover_factor(cover, one, VegetationOutputs())


class TestSupportPractice:
    def test_lufafa_by_hand(self):
        assert lufafa(np.array([0.0, 10.0, 40.0])) == pytest.approx([0.2, 0.5, 1.0])

    def test_the_default_by_class_and_slope(self):
        table = practice_table(CNLUCC)
        slopes = np.array([0.0, 4.9, 5.0, 12.0, 24.9, 25.0, 60.0])

        def of(code):
            return table(np.full(7, index_of(code)), slopes).tolist()

        assert of(DRY) == [0.100, 0.100, 0.221, 0.305, 0.705, 0.800, 0.800]
        assert (of(PADDY)[0], of(FOREST)[0], of(URBAN)[0], of(LAKE)[0]) == (0.01, 1, 0, 0)

    def test_contouring_by_percent(self):
        # handbook 537: 2 % 0.60, 5 % 0.50, 15 % 0.70, 30 % 1; strips half of it
        slopes = np.degrees(np.arctan(np.array([2, 5, 15, 30]) / 100))
        dry = np.full(4, index_of(DRY))
        assert practice_table(CNLUCC, "contour")(dry, slopes).tolist() == [0.60, 0.50, 0.70, 1]
        assert practice_table(CNLUCC, "contour_strip")(dry, slopes).tolist() == [0.30, 0.25, 0.35, 1]

    def test_an_own_table_by_slope(self):
        rows = [
            {"code": DRY, "slope_min": 0, "slope_max": 15, "p": 0.35},
            {"code": DRY, "slope_min": 15, "slope_max": 90, "p": 1},
        ]
        table = practice_table(CNLUCC, own=Table.of_rows("p.csv", rows))
        assert table(np.full(2, index_of(DRY)), np.array([10.0, 20.0])).tolist() == [0.35, 1]
        with pytest.raises(TableError, match="without gap"):
            practice_table(CNLUCC, own=Table.of_rows("p.csv", [{**rows[0], "slope_max": 10}, rows[1]]))

    def test_a_map_from_slope_in_percent(self, raster, out):
        cover = Cover((raster("lc", np.array([[DRY, DRY, FOREST]]), nodata=0),), CNLUCC)
        slope = raster("slope", np.array([[5.0, 40.0, 100.0]]))  # 2.9, 21.8 and 45 degrees
        inputs = PracticeInputs(cover, terrain=Terrain(slope, "percent"))
        run_support_practice(inputs, PracticeOutputs(out("p")))
        assert read(out("p"))[0, 0] == pytest.approx([0.1, 0.705, 1])

    def test_percent_said_to_be_degrees_is_told(self, raster):
        cover = Cover((raster("lc", np.array([[DRY, DRY]]), nodata=0),), CNLUCC)
        slope = raster("slope", np.array([[5.0, 156.0]]))
        with pytest.raises(InputError, match=r"looks like percent: degrees end at 90"):
            run_support_practice(PracticeInputs(cover, terrain=Terrain(slope, "degrees")), PracticeOutputs())

    def test_slope_is_needed_only_where_p_depends_on_it(self, raster):
        cover = Cover((raster("lc", np.array([[DRY, FOREST]]), nodata=0),), CNLUCC)
        with pytest.raises(InputError, match="Give a DEM or a slope raster"):
            run_support_practice(PracticeInputs(cover), PracticeOutputs())
        flat = Table.of_rows("p.csv", [{"code": DRY, "p": 0.35}])
        found = run_support_practice(PracticeInputs(cover, table=flat), PracticeOutputs())
        assert found.mean("support_practice") == pytest.approx([0.675])
