"""Conservation zones on rasters whose cumulative shares can be added up by head. A pixel is 1 ha."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import GridError, InputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.progress import Progress
from ecoassets.core.raster.area import pixel_areas_ha
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.zoning.conservation.tables import cleanup_table, ecosystem_table, efficiency_table, importance_table
from ecoassets.core.zoning.conservation.zones import ConservationInputs, ConservationOutputs, run_conservation_zones
from ecoassets.core.zoning.services import Service

from ...rasters import WGS_84, read_raster, write_raster

HJ1166 = load_scheme("hj1166")
FOREST, SHRUB, GRASSLAND, WETLAND, CROPLAND, URBAN = 11, 21, 31, 41, 51, 61
NOTHING = -9999.0


class Listener(Progress):
    def __init__(self):
        self.warnings = []

    def warn(self, message):
        self.warnings.append(message)


def rows_of(table):
    names = [column.name for column in table.columns]
    return [dict(zip(names, row)) for row in table.rows]


@pytest.fixture
def classes_of(raster, pixels, tmp_path):
    """Importance classes of one service."""

    def classify(values, breaks=(50.0, 75.0, 90.0), kind="density", pixel=100.0):
        service = Service("water", raster(np.array(values, dtype=float), "water", pixel=pixel), kind)
        out = ConservationOutputs(importance=str(tmp_path / "importance.tif"))
        run_conservation_zones(ConservationInputs((service,), breaks=breaks), out)
        return pixels(out.importance)[0]

    return classify


class TestImportance:
    def test_a_pixel_is_classed_by_the_share_before_it(self, classes_of):
        # shares before: 0, 40, 65, 80, 90, 95 %. The one that crosses a break still belongs to the class above it.
        assert classes_of([[40, 25, 15, 10, 5, 5]]) == [1, 1, 2, 3, 4, 4]

    def test_an_exact_hit_on_a_break_closes_the_class(self, classes_of):
        # 50 reaches 50 % exactly, 25 more 75 %, 15 more 90 %: the next pixel is one class lower each time
        assert classes_of([[50, 25, 15, 10]]) == [1, 2, 3, 4]

    def test_an_exact_hit_is_not_missed_by_rounding(self, classes_of):
        # ten times 0.1 is less than 1 in binary floating point
        assert classes_of([[0.1] * 10], breaks=(50.0,)) == [1] * 10
        assert classes_of([[0.1, 0.2, 0.3, 0.0, 0.6]], breaks=(50.0,)) == [2, 2, 2, 2, 1]

    def test_equal_amounts_share_the_class_of_the_first_of_them(self, classes_of):
        # before the three 20s lie 40 %; all three are class 1, which then holds 100 %
        assert classes_of([[20, 40, 20, 20]]) == [1, 1, 1, 1]
        assert classes_of([[60, 10, 10, 10, 10]]) == [1, 2, 2, 2, 2]

    def test_zero_and_negative_amounts_take_the_last_class_and_do_not_count(self, classes_of):
        assert classes_of([[60, -500, 0, 40]]) == [1, 4, 4, 2]

    def test_two_breaks_give_three_classes(self, classes_of):
        assert classes_of([[50, 30, 20]], breaks=(50.0, 80.0)) == [1, 2, 3]

    def test_the_kind_does_not_matter_where_pixels_are_equal(self, classes_of):
        values = [[40, 25, 15, 10, 5, 5]]
        assert classes_of(values, kind="quantity") == classes_of(values, kind="depth") == classes_of(values)

    def test_it_agrees_with_sorting_all_pixels(self, raster, pixels, tmp_path):
        random = np.random.default_rng(3)
        values = np.round(random.gamma(1.0, 10.0, (120, 130)), 1).astype(np.float32)
        values[random.random(values.shape) < 0.1] = 0
        out = ConservationOutputs(importance=str(tmp_path / "importance.tif"))
        run_conservation_zones(ConservationInputs((Service("water", raster(values, "water")),)), out)
        flat = values.astype(float).ravel()
        before = np.array([flat[flat > value].sum() for value in np.unique(flat)])[
            np.unique(flat, return_inverse=True)[1]
        ]
        expected = 1 + sum((before / flat.sum() >= share - 1e-9).astype(int) for share in (0.5, 0.75, 0.9))
        expected[flat <= 0] = 4
        assert pixels(out.importance) == expected.reshape(values.shape).tolist()

    @pytest.mark.parametrize("kind", ["density", "quantity"])
    @pytest.mark.parametrize("seed", range(5))
    def test_pixels_in_degrees_are_ranked_by_what_they_hold_per_area(self, tmp_path, kind, seed):
        random = np.random.default_rng(seed)
        values = random.gamma(1.0, 10.0, (400, 180))  # 4 degrees: the pixels differ by 5 %
        values[random.random(values.shape) < 0.1] = -1
        values[random.random(values.shape) < 0.1] = np.nan
        where = {"epsg": WGS_84, "pixel": 0.01, "top_left": (110.0, 42.0), "nodata": None}
        service = Service("soil", write_raster(tmp_path / "soil.tif", values, "float64", **where), kind)
        out = ConservationOutputs(importance=str(tmp_path / "importance.tif"))
        found = run_conservation_zones(ConservationInputs((service,)), out, RasterSettings(tile=128, threads=2))
        areas = pixel_areas_ha(Grid.of_dataset(gdal.Open(service.path), "soil"))[:, np.newaxis]
        amounts, density = (values * areas, values) if kind == "density" else (values, values / areas)
        density, some = density.astype(np.float32), amounts > 0
        order = np.argsort(-density[some], kind="stable")
        held = np.append(0, amounts[some][order].cumsum())
        before = held[np.searchsorted(-density[some][order], -density)]  # of all denser pixels
        classes = 1 + sum((before >= (share - 1e-9) * held[-1]).astype(int) for share in (0.5, 0.75, 0.9))
        expected = np.where(np.isnan(values), np.nan, np.where(some, classes, 4))
        np.testing.assert_array_equal(read_raster(out.importance)[0], expected)
        assert found.kept[0].total == pytest.approx(held[-1], rel=1e-9)
        assert found.kept[0].after == pytest.approx(amounts[expected == 1].sum(), rel=1e-9)
        of_pixels = np.broadcast_to(areas, values.shape)
        assert found.class_area_ha[0] == pytest.approx([of_pixels[expected == c].sum() for c in (1, 2, 3, 4)], rel=1e-9)

    def test_land_that_is_all_equal_has_one_class_whatever_its_latitude(self, tmp_path):
        where = {"epsg": WGS_84, "pixel": 0.5, "top_left": (100.0, 50.0), "nodata": -1}
        areas = pixel_areas_ha(Grid.of_dataset(gdal.Open(write_raster(tmp_path / "a.tif", np.ones((60, 9)), **where))))
        equal = {"density": np.ones((60, 9)), "quantity": np.tile(areas[:, np.newaxis], 9)}
        for kind, values in equal.items():
            service = Service("soil", write_raster(tmp_path / f"{kind}.tif", values, "float64", **where), kind)
            out = ConservationOutputs(importance=str(tmp_path / "importance.tif"))
            run_conservation_zones(ConservationInputs((service,)), out)
            assert (read_raster(out.importance) == 1).all()

    def test_services_of_pixels_in_degrees_are_compared_per_area(self, tmp_path):
        """The composite of shares per hectare, ranked by itself and adding up over the areas."""
        random = np.random.default_rng(6)
        where = {"epsg": WGS_84, "pixel": 0.25, "top_left": (100.0, 60.0), "nodata": -1}
        water, soil = random.gamma(1.0, 10.0, (2, 80, 12)).astype(np.float32)
        services = tuple(
            Service(name, write_raster(tmp_path / f"{name}.tif", values, "float32", **where))
            for name, values in (("water", water), ("soil", soil))
        )
        out = ConservationOutputs(importance=str(tmp_path / "importance.tif"))
        run_conservation_zones(ConservationInputs(services, composite="weighted", weights=(3.0, 1.0)), out)
        areas = pixel_areas_ha(Grid.of_dataset(gdal.Open(services[0].path)))[:, np.newaxis]
        worth = sum(w * v / (v * areas).sum() for w, v in ((3.0, water), (1.0, soil))).astype(np.float32)
        order = np.argsort(-worth, axis=None)
        held = np.append(0, (worth * areas).ravel()[order].cumsum())
        before = held[np.searchsorted(-worth.ravel()[order], -worth)] / held[-1]
        expected = 1 + sum((before >= share - 1e-9).astype(int) for share in (0.5, 0.75, 0.9))
        assert (read_raster(out.importance)[2] == expected).mean() > 0.998  # a share may lie on a break to 1e-7

    def test_the_table_tells_area_amount_and_threshold(self, raster):
        service = Service("water", raster([[50.0, 25.0, 15.0, 5.0, 5.0]], "water"), "depth")
        rows = rows_of(importance_table(run_conservation_zones(ConservationInputs((service,)))))
        # 1 mm on 1 ha is 10 m3
        assert [(r["class"], r["area_ha"], r["amount"], r["amount_pct"], r["threshold"]) for r in rows] == [
            (1, 1, 500, 50, 500),
            (2, 1, 250, 25, 250),
            (3, 1, 150, 15, 150),
            (4, 2, 100, 10, None),
        ]


WATER = [[60.0, 30.0, 10.0, NOTHING, NOTHING]]
SOIL = [[10.0, NOTHING, 30.0, 60.0, NOTHING]]


class TestComposite:
    def composite(self, raster, pixels, tmp_path, **given):
        services = (Service("water", raster(WATER, "water")), Service("soil", raster(SOIL, "soil")))
        out = ConservationOutputs(str(tmp_path / "zones.tif"), str(tmp_path / "importance.tif"))
        run_conservation_zones(ConservationInputs(services, **given), out)
        return pixels(out.importance, 3)[0], pixels(out.zones)[0]

    def test_the_most_important_class_wins_and_missing_services_are_ignored(self, raster, pixels, tmp_path):
        # water 1 2 4 - -, soil 4 - 2 1 -
        composite, zones = self.composite(raster, pixels, tmp_path)
        assert composite == [1, 2, 2, 1, None]
        assert zones == [1, 0, 0, 1, None]

    def test_keep_takes_further_classes(self, raster, pixels, tmp_path):
        assert self.composite(raster, pixels, tmp_path, keep=2)[1] == [1, 1, 1, 1, None]

    def test_count_of_services_in_the_two_highest_classes(self, raster, pixels, tmp_path):
        composite, zones = self.composite(raster, pixels, tmp_path, composite="count", breaks=(50.0, 95.0))
        # with 50 and 95 %: water 1 2 2, soil 2 - 2 1 (before the last 10 lie 90 %)
        assert composite == [2, 1, 2, 1, None]
        assert zones == [1, 1, 1, 1, None]
        _, zones = self.composite(raster, pixels, tmp_path, composite="count", breaks=(50.0, 95.0), keep=2)
        assert zones == [1, 0, 1, 0, None]

    def test_weighted_sum_of_shares(self, raster, pixels, tmp_path):
        # sums of shares: 0.7, 0.3, 0.4, 0.6 of 2; before: 0, 1.7, 1.3, 0.7 -> 0, 85, 65, 35 %
        composite, zones = self.composite(raster, pixels, tmp_path, composite="weighted")
        assert composite == [1, 3, 2, 1, None]
        assert zones == [1, 0, 0, 1, None]
        # water alone: 60, 30, 10
        composite, _ = self.composite(raster, pixels, tmp_path, composite="weighted", weights=(1, 0))
        assert composite == [1, 2, 4, 4, None]


class TestZones:
    def test_only_natural_ecosystems_are_conserved_but_all_count_in_the_shares(self, raster, pixels, tmp_path):
        """The paper's efficiency table: shares of the whole region, on the area of natural ecosystems."""
        services = (
            Service("water", raster([[40.0, 30.0, 10.0, 20.0]], "water"), "depth"),
            Service("soil", raster([[10.0, 10.0, 50.0, 30.0]], "soil")),
        )
        cover = raster([[FOREST, SHRUB, FOREST, CROPLAND]], "cover")
        out = ConservationOutputs(str(tmp_path / "zones.tif"))
        result = run_conservation_zones(ConservationInputs(services, cover, HJ1166), out)
        # water classes 1 1 4 2, soil 3 3 1 2: forest, shrub and the other forest
        assert pixels(out.zones) == [[1, 1, 1, 0]]
        rows = rows_of(efficiency_table(result))
        assert [(r["kept"], r["kept_pct"], r["area_pct"]) for r in rows] == [(800, 80, 75), (70, 70, 75)]
        assert [r["ratio"] for r in rows] == pytest.approx([80 / 75, 70 / 75], rel=1e-15)
        by_ecosystem = {r["ecosystem"]: (r["area_ha"], r["share_pct"]) for r in rows_of(ecosystem_table(result))}
        assert by_ecosystem["forest"] == (2, pytest.approx(200 / 3))
        assert by_ecosystem["cropland"] == (0, 0) and by_ecosystem["all"] == (3, 100)
        assert result.area_ha == 3 and result.share_pct == 75

    def test_shares_of_the_paper(self, raster):
        """54.81 + 34.38 + 6.53 + 4.27 % of the zones (99.99 as printed) on 38.95 % of the region."""
        parts = {FOREST: 5481, SHRUB: 3438, GRASSLAND: 653, WETLAND: 427}
        natural = sum(parts.values())
        region = round(natural / 0.3895)
        cover = np.repeat([*parts, URBAN], [*parts.values(), region - natural]).reshape(1, -1)
        water = np.where(cover == URBAN, 0.0, 7.963 / natural)
        water[cover == URBAN] = 2.037 / (region - natural)  # less per pixel than in the zones, 20.37 % in total
        result = run_conservation_zones(
            ConservationInputs(
                (Service("water", raster(water, "water")),), raster(cover, "cover"), HJ1166, breaks=(79.63,)
            )
        )
        shares = {r["ecosystem"]: r["share_pct"] for r in rows_of(ecosystem_table(result))}
        assert [round(shares[e], 1) for e in ("forest", "shrub", "grassland", "wetland")] == [54.8, 34.4, 6.5, 4.3]
        row = rows_of(efficiency_table(result))[0]
        assert round(row["kept_pct"], 2) == 79.63 and round(row["area_pct"], 2) == 38.95
        assert round(row["ratio"], 2) == 2.04

    def test_land_cover_bounds_the_region(self, raster, pixels, tmp_path):
        service = Service("water", raster([[40.0, 35.0, 25.0, 1000.0]], "water"))
        cover = raster([[FOREST, FOREST, FOREST, -9999]], "cover")
        out = ConservationOutputs(str(tmp_path / "zones.tif"))
        result = run_conservation_zones(ConservationInputs((service,), cover, HJ1166), out)
        assert pixels(out.zones) == [[1, 1, 0, None]]
        assert result.kept[0].total == 100

    def test_locked_areas_are_in_or_out_whatever_they_hold(self, raster, polygons, pixels, tmp_path):
        service = Service("water", raster([[50.0, 50.0, 0.0, 1.0, NOTHING]], "water"))
        cover = raster([[FOREST, FOREST, URBAN, FOREST, FOREST]], "cover")
        out = ConservationOutputs(str(tmp_path / "zones.tif"))
        inputs = ConservationInputs(
            (service,),
            cover,
            HJ1166,
            breaks=(40.0,),
            locked_in=polygons([(2, 0, 1, 1, {}), (4, 0, 1, 1, {})], "reserve"),
            locked_out=polygons([(0, 0, 1, 1, {})], "town"),
        )
        run_conservation_zones(inputs, out)
        assert pixels(out.zones) == [[0, 1, 1, 0, 1]]

    def test_patches_of_pixels_that_differ_in_size_are_told(self, tmp_path):
        warnings = []
        listener = Progress()
        listener.warn = warnings.append
        where = {"epsg": WGS_84, "pixel": 1.0, "top_left": (100.0, 60.0), "nodata": -1}
        service = Service("water", write_raster(tmp_path / "w.tif", np.eye(40), "float64", **where))
        run_conservation_zones(ConservationInputs((service,), minimum_area_ha=2e6), None, None, listener)
        # three pixels of 1 degree: 0.62 Mha each at 60 degrees north, 1.16 at 20
        assert any("has 3 of them, 1.8" in told and "e+06 ha. Reproject" in told for told in warnings)

    def test_the_clean_up_respects_locked_areas_and_both_tables_are_told(self, raster, polygons, pixels, tmp_path):
        water = np.array([[9.0, 9, 9, 0, 0, 0, 9], [9, 0, 9, 0, 0, 0, 0], [9, 9, 9, 0, 0, 0, 0]])
        out = ConservationOutputs(str(tmp_path / "zones.tif"))
        given = {"minimum_area_ha": 2.0, "breaks": (99.0,)}
        service = Service("water", raster(water, "water"))
        result = run_conservation_zones(ConservationInputs((service,), **given), out)
        assert pixels(out.zones) == [[1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0]]
        rows = {r["figure"]: (r["before"], r["after"]) for r in rows_of(cleanup_table(result))}
        assert rows["area"] == (9, 9)
        assert rows["kept water"] == (100, pytest.approx(8 / 9 * 100))
        locked = {
            "locked_in": polygons([(6, 0, 1, 1, {})], "reserve"),
            "locked_out": polygons([(1, 1, 1, 1, {})], "town"),
        }
        run_conservation_zones(ConservationInputs((service,), **given, **locked), out)
        assert pixels(out.zones) == [[1, 1, 1, 0, 0, 0, 1], [1, 0, 1, 0, 0, 0, 0], [1, 1, 1, 0, 0, 0, 0]]


class TestBadInput:
    @pytest.mark.parametrize("amounts", [[0.0, -5.0], [0.0, 0.0], [-3.0, -5.0]])
    def test_a_service_without_any_amount(self, raster, amounts, tmp_path):
        services = (Service("water", raster([amounts], "water")), Service("soil", raster([[3.0, 1.0]], "soil")))
        out = ConservationOutputs(str(tmp_path / "zones.tif"), str(tmp_path / "importance.tif"))
        with pytest.raises(InputError, match=r"water .*is zero or negative everywhere.*Leave it out"):
            run_conservation_zones(ConservationInputs(services), out)
        assert not (tmp_path / "zones.tif").exists() and not (tmp_path / "importance.tif").exists()

    def test_a_service_that_tells_no_pixels_apart_is_told(self, raster):
        listener = Listener()
        habitat = Service("habitat", raster([[1.0, 1.0, 1.0, 0.0]], "habitat"))
        run_conservation_zones(ConservationInputs((habitat,)), progress=listener)
        assert any("habitat: class 1 holds 100.0 %" in message for message in listener.warnings)

    def test_no_natural_pixel(self, raster):
        service = Service("water", raster([[5.0]], "water"))
        with pytest.raises(InputError, match="No pixel may be conserved"):
            run_conservation_zones(ConservationInputs((service,), raster([[URBAN]], "cover"), HJ1166))

    @pytest.mark.parametrize("breaks", [(75.0, 50.0), (50.0, 50.0), (), (0.0, 50.0), (50.0, 100.0)])
    def test_breaks_that_do_not_rise_between_0_and_100(self, breaks):
        with pytest.raises(InputError, match="rising percent"):
            run_conservation_zones(ConservationInputs((Service("water", "water.tif"),), breaks=breaks))

    def test_locked_areas_that_contradict_each_other(self, raster, polygons):
        inputs = ConservationInputs(
            (Service("water", raster([[5.0, 5.0, 5.0]], "water")),),
            locked_in=polygons([(0, 0, 2, 1, {})], "reserve"),
            locked_out=polygons([(1, 0, 2, 1, {})], "town"),
        )
        with pytest.raises(InputError, match=r"overlap on 1.00 ha"):
            run_conservation_zones(inputs)

    def test_keep_beyond_the_classes(self):
        with pytest.raises(InputError, match="KEEP is 4"):
            run_conservation_zones(ConservationInputs((Service("water", "water.tif"),), keep=4))

    def test_names_and_kinds(self):
        twice = (Service("water", "a.tif"), Service("water", "b.tif"))
        with pytest.raises(InputError, match="Two services are called water"):
            run_conservation_zones(ConservationInputs(twice))
        with pytest.raises(InputError, match="unknown kind volume"):
            run_conservation_zones(ConservationInputs((Service("water", "a.tif", "volume"),)))

    def test_quantities_per_pixel_cannot_be_resampled(self, raster):
        fine = Service("soil", raster(np.ones((2, 4)), "soil", pixel=50.0), "quantity")
        with pytest.raises(GridError, match="quantities per pixel"):
            run_conservation_zones(ConservationInputs((Service("water", raster([[1.0, 2.0]], "water")), fine)))
