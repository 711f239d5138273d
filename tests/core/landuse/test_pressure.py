"""Human activity and hemeroby: means that a pencil can follow, and bounds that always hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.landuse.pressure.coefficients import hemeroby_coefficients, human_activity_coefficients
from ecoassets.core.landuse.pressure.hemeroby import HemerobyInputs, run_hemeroby
from ecoassets.core.landuse.pressure.human_activity import HumanActivityInputs, run_human_activity
from ecoassets.core.landuse.pressure.run import Factor, pressure_table
from ecoassets.core.landuse.pressure.units import Unit
from ecoassets.core.progress import Progress
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.tables import Table, provenance

from .maps import classes, read, records, write_map, write_rectangles

CLCD = load_scheme("clcd")  # 1 cropland, 2 forest, 8 impervious
HAI = human_activity_coefficients("hai_zhao2017", CLCD)
HEMEROBY = hemeroby_coefficients("hemeroby7", CLCD)
CROP, FOREST, BUILT = 0.61, 0.12, 0.94


def activity(paths, years=(2020,), **kwargs):
    return HumanActivityInputs(tuple(paths), years, CLCD, HAI, **kwargs)


def test_presets():
    assert [HAI.values[code] for code in (1, 2, 8)] == [CROP, FOREST, BUILT]
    assert [HEMEROBY.values[code] for code in (1, 2, 5, 8)] == [5, 2, 4, 7]
    assert HAI.provenance == provenance("hai_coefficients")


def test_the_presets_that_disagree_on_ponds():
    cnlucc = load_scheme("cnlucc")
    ponds = [human_activity_coefficients(name, cnlucc).values[43] for name in ("cle_xiao2022", "hdi_li2021")]
    assert ponds == [0.067, 0.6]
    with pytest.raises(InputError, match="codes of cnlucc, and the land cover is CLCD"):
        human_activity_coefficients("hdi_li2021", CLCD)


def test_a_window_of_three_pixels_by_hand(tmp_path):
    path = write_map(tmp_path / "lc.tif", classes("1128 2.28 1128"))
    out = str(tmp_path / "hai.tif")
    run_human_activity(activity([path], unit=Unit("window", 300)), out)
    found = read(out)
    # the corner sees 1 1 / 2 .; the pixel without land cover has no value and is part of no mean
    assert found[0, 0] == pytest.approx((2 * CROP + FOREST) / 3)
    assert found[1, 1] == -9999
    assert found[1, 2] == pytest.approx((2 * CROP + 3 * FOREST + 3 * BUILT) / 8)


@pytest.mark.parametrize("unit", ["window", "grid"])
def test_a_coefficient_at_a_bound_belongs_to_the_level_below(tmp_path, unit):
    """0.2 in single precision lies above 0.2, and means of many pixels end a rounding error beside it."""
    path = write_map(tmp_path / "lc.tif", np.full((9, 9), 1, np.uint8), pixel=70.0)
    for bound, level in ((0.2, 1), (0.4, 2), (0.6, 3), (0.8, 4)):
        own = human_activity_coefficients("custom", CLCD, Table.of_rows("own", [{"code": 1, "coefficient": bound}]))
        inputs = replace(activity([path], unit=Unit(unit, 210)), coefficients=own)
        assert {row["level"] for row in records(pressure_table(run_human_activity(inputs)))} == {level}


def test_zones_and_their_levels(tmp_path):
    path = write_map(tmp_path / "lc.tif", classes("11888 12888"))
    zones = write_rectangles(
        tmp_path / "z.gpkg", {"west": (500000, 3999800, 500200, 4000000), "mid": (500200, 3999800, 500400, 4000000)}
    )
    out = str(tmp_path / "hai.tif")
    unit = Unit("zones", zones=ZoneLayer(zones, "name"))
    rows = {r["zone"]: r for r in records(pressure_table(run_human_activity(activity([path], unit=unit), out)))}
    west = (3 * CROP + FOREST) / 4
    assert rows["west"]["value"] == pytest.approx(west)
    assert (rows["west"]["level"], rows["west"]["level_name"], rows["west"]["area_ha"]) == (3, "medium", 4)
    assert (rows["mid"]["level"], rows["outside"]["area_ha"]) == (5, 2)
    assert read(out)[0] == pytest.approx([west, west, BUILT, BUILT, BUILT])


def test_a_fishnet(tmp_path):
    path = write_map(tmp_path / "lc.tif", classes("112 228 888"))
    out = str(tmp_path / "hai.tif")
    result = run_human_activity(activity([path], unit=Unit("grid", 200)), out)
    rows = {row.zone: row for row in result.rows}
    assert rows["r1c1"].value == pytest.approx((CROP + FOREST) / 2)
    assert rows["r2c2"].area_ha == 1  # what is left over at the lower right
    assert read(out)[1, 0] == pytest.approx((CROP + FOREST) / 2)


def test_the_mean_does_not_depend_on_the_unit(tmp_path):
    rng = np.random.default_rng(4)
    path = write_map(tmp_path / "lc.tif", rng.choice([1, 2, 8, 255], (40, 50)).astype(np.uint8))
    by_cell = run_human_activity(activity([path], unit=Unit("grid", 700))).means[0]
    one_pixel = run_human_activity(activity([path], unit=Unit("window", 100))).means[0]
    assert by_cell == pytest.approx(one_pixel, rel=1e-6)  # the window's intermediate file is single precision
    lc = read(path)
    assert by_cell == pytest.approx(sum((lc == c).sum() * v for c, v in HAI.values.items()) / (lc != 255).sum())


@pytest.mark.parametrize("unit", [Unit("window", 500), Unit("grid", 500)])
def test_values_lie_between_the_coefficients(tmp_path, unit):
    rng = np.random.default_rng(6)
    path = write_map(tmp_path / "lc.tif", rng.integers(1, 10, (60, 60)).astype(np.uint8))
    out = str(tmp_path / "hai.tif")
    run_human_activity(activity([path], unit=unit), out)
    assert 0.08 - 1e-7 <= read(out).min() <= read(out).max() <= 0.94 + 1e-7


class TestFactors:
    def test_weights_and_normalisation(self, tmp_path):
        # light runs from 10 (0) to 30 (1) over both years; land cover counts twice
        cover = [write_map(tmp_path / f"lc{i}.tif", classes("18")) for i in range(2)]
        light = [
            write_map(tmp_path / f"light{i}.tif", np.array([v], np.float32), nodata=-1)
            for i, v in enumerate(([10, 20], [15, 30]))
        ]
        out = str(tmp_path / "hai.tif")
        inputs = activity(
            cover,
            (2013, 2023),
            unit=Unit("window", 1),
            factors=(Factor("Night light", tuple(light)),),
            land_cover_weight=2,
        )
        result = run_human_activity(inputs, out)
        assert result.ranges == {"Night light": (10, 30)}
        assert read(out, 1)[0] == pytest.approx([(2 * CROP + 0) / 3, (2 * BUILT + 0.5) / 3])
        assert read(out, 2)[0] == pytest.approx([(2 * CROP + 0.25) / 3, (2 * BUILT + 1) / 3])

    def test_only_land_shapes_the_range_of_a_factor(self, tmp_path):
        path = write_map(tmp_path / "lc.tif", classes("12 2."))
        light = write_map(tmp_path / "light.tif", np.array([[0, 10], [5, 60]], dtype=np.float32), nodata=-1)
        result = run_human_activity(activity([path], unit=Unit("grid", 200), factors=(Factor("light", (light,)),)))
        assert result.ranges["light"] == (0, 10)

    def test_a_pixel_without_the_factor_is_left_out(self, tmp_path):
        cover = write_map(tmp_path / "lc.tif", classes("188"))
        light = write_map(tmp_path / "light.tif", np.array([[1, -1, 3]], np.float32), nodata=-1)
        result = run_human_activity(activity([cover], unit=Unit("window", 1), factors=(Factor("Light", (light,)),)))
        assert result.left_out_ha == (pytest.approx(1),)

    def test_a_factor_that_does_not_vary(self, tmp_path):
        cover = write_map(tmp_path / "lc.tif", classes("188"))
        light = write_map(tmp_path / "light.tif", np.full((1, 3), 7, np.float32), nodata=-1)
        with pytest.raises(InputError, match="Light is 7 everywhere"):
            run_human_activity(activity([cover], factors=(Factor("Light", (light,)),)))

    def test_weights(self, tmp_path):
        cover = write_map(tmp_path / "lc.tif", classes("188"))
        with pytest.raises(InputError, match="weight of Light is -1"):
            run_human_activity(activity([cover], factors=(Factor("Light", (cover,), -1),)))
        with pytest.raises(InputError, match="All weights are 0"):
            run_human_activity(activity([cover], land_cover_weight=0))


class TestHemeroby:
    @pytest.fixture
    def path(self, tmp_path):
        return write_map(tmp_path / "lc.tif", classes("28 22"))

    def inputs(self, path, **kwargs):
        return HemerobyInputs((path,), (2020,), CLCD, HEMEROBY, **kwargs)

    def test_by_hand(self, path):
        # three quarters of level 2, one of level 7: 3.25 of 7
        raw, normalised = (
            run_hemeroby(self.inputs(path, unit=Unit("grid", 200), form=form)).rows[0] for form in ("raw", "normalised")
        )
        assert raw.value == pytest.approx(3.25)
        assert normalised.value == pytest.approx(3.25 * 100 / 7)
        assert raw.level == normalised.level == 3

    def test_bounds(self, tmp_path):
        bare = write_map(tmp_path / "ice.tif", classes("68 66"))  # ice is level 1, the lowest
        out = str(tmp_path / "m.tif")
        run_hemeroby(HemerobyInputs((bare,), (2020,), CLCD, HEMEROBY, Unit("window", 1)), out)
        assert read(out).min() == pytest.approx(100 / 7)
        assert read(out).max() == pytest.approx(100)

    def test_own_levels(self, path):
        table = Table.of_rows("levels", [{"code": 2, "coefficient": 1}, {"code": 8, "coefficient": 3}])
        own = hemeroby_coefficients("custom", CLCD, table, levels=3)
        result = run_hemeroby(replace(self.inputs(path, unit=Unit("grid", 200)), coefficients=own))
        assert result.rows[0].value == pytest.approx(1.5 * 100 / 3)
        with pytest.raises(TableError, match="Levels are whole numbers"):
            hemeroby_coefficients("custom", CLCD, Table.of_rows("levels", [{"code": 2, "coefficient": 1.5}]), levels=3)


def test_a_class_without_a_coefficient_is_an_error(tmp_path):
    own = human_activity_coefficients("custom", CLCD, Table.of_rows("own", [{"code": 2, "coefficient": 0.1}]))
    path = write_map(tmp_path / "lc.tif", classes("288"))
    with pytest.raises(TableError, match=r"without a coefficient.*8 \(2 px\)"):
        run_human_activity(HumanActivityInputs((path,), (2020,), CLCD, own))


def test_a_table_overrides_single_classes():
    own = human_activity_coefficients("hai_zhao2017", CLCD, Table.of_rows("own", [{"code": 2, "coefficient": 0.2}]))
    assert (own.values[1], own.values[2]) == (CROP, 0.2)
    with pytest.raises(TableError, match=r"coefficient is 2\. Write 0 to 1"):
        human_activity_coefficients("hai_zhao2017", CLCD, Table.of_rows("own", [{"code": 2, "coefficient": 2}]))


def test_the_size_of_the_window_is_told(tmp_path):
    class Listener(Progress):
        said = ""

        def info(self, message):
            self.said += message

    listener = Listener()
    path = write_map(tmp_path / "lc.tif", classes("188"))
    run_human_activity(activity([path], unit=Unit("window", 350)), progress=listener)
    assert "3 x 3 pixels (300 x 300 m)" in listener.said
