"""Carbon dioxide and oxygen of a year, from net primary production."""

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.services.carbon.flux import (
    FluxInputs,
    FluxOutputs,
    fixed_by_dry_matter,
    net_ecosystem_production,
    run_carbon_flux,
)
from ecoassets.core.services.carbon.storage import CarbonOutputs, run_carbon_storage
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.core.tables import Table

from .conftest import read

CNLUCC = load_scheme("cnlucc")
FOREST, GRASS, LAKE, URBAN = 21, 31, 42, 51


@pytest.fixture
def cover(raster):
    """Four classes of a hectare each."""
    return Cover((raster("lc", np.array([[FOREST, GRASS], [LAKE, URBAN]]), nodata=0),), CNLUCC)


@pytest.fixture
def series(raster):
    """`series(600, 300, -9999, 0)`: a series of one raster over forest, grass, lake and town."""
    made = []

    def write(*values):
        made.append(raster(f"values{len(made)}", np.array(values, dtype=np.float32).reshape(2, 2)))
        return Rasters.of(made[-1])

    return write


class TestByHand:
    def test_nep_is_production_less_respiration_or_a_share_of_it(self):
        assert net_ecosystem_production(np.float64(6), np.float64(4.5)) == 1.5
        assert net_ecosystem_production(np.float64(6), ratio=0.25) == 1.5

    def test_dry_matter(self):
        # 4.5 t C are 10 t of dry matter
        assert fixed_by_dry_matter(np.float64(4.5), 0.45, 1.63) == pytest.approx(16.3)
        assert fixed_by_dry_matter(np.float64(4.5), 0.45, 1.19) == pytest.approx(11.9)

    def test_the_dry_matter_of_photosynthesis_holds_the_carbon_that_was_fixed(self):
        # 6 CO2 (264) + 5 H2O give C6H10O5 (162, of it 72 carbon) + 6 O2 (192): 264/162 / (72/162) = 44/12
        assert fixed_by_dry_matter(np.float64(1), 72 / 162, 264 / 162) == pytest.approx(44 / 12, rel=1e-15)
        assert (round(264 / 162, 2), round(192 / 162, 2)) == (1.63, 1.19)

    def test_by_a_ratio(self, cover, series, out):
        # 600 gC/m2 = 6 t C/ha; a quarter of it is 1.5 t C/ha, or 5.5 t CO2 and 4 t O2
        inputs = FluxInputs(series(600, 300, -9999, 0), nep_ratio=0.25)
        found = run_carbon_flux(cover, inputs, FluxOutputs(out("f")))
        assert read(out("f"))[0] == pytest.approx(np.array([[5.5, 2.75], [np.nan, 0]]), rel=1e-6, nan_ok=True)
        assert (found.co2_totals, found.oxygen_totals) == (pytest.approx([8.25]), pytest.approx([6]))
        forest = found.table().rows[0]
        assert forest[1:] == ("forest", *map(pytest.approx, (1, 6, 1.5, 5.5, 5.5, 4)))
        assert [row[1] for row in found.table().rows] == ["forest", "grassland", "urban"]
        assert found.sums.left_out[0].area_ha == 1
        assert gdal.Open(out("f")).GetRasterBand(1).GetUnitType() == "t CO2/(ha a)"

    def test_by_respiration_land_may_lose(self, cover, series, log):
        # forest 600 - 450 = 150 gC/m2 = 1.5 t C/ha; grass 300 - 360 = -60 gC/m2: -0.6 t C/ha, -2.2 t CO2
        inputs = FluxInputs(series(600, 300, 0, 0), respiration=series(0.45, 0.36, 0, 0), respiration_unit="kgc_m2")
        found = run_carbon_flux(cover, inputs, FluxOutputs(), progress=log)
        by_ecosystem = {row[1]: row[4:7] for row in found.table().rows}
        assert by_ecosystem["forest"] == pytest.approx((1.5, 5.5, 5.5), rel=1e-6)
        assert by_ecosystem["grassland"] == pytest.approx((-0.6, -2.2, -2.2), rel=1e-6)
        assert found.co2_totals == pytest.approx([3.3], rel=1e-6)
        assert any("1 pixels (25.0 %) release more CO2 than they fix" in warning for warning in log.warnings)

    def test_by_dry_matter(self, cover, series):
        inputs = FluxInputs(series(450, 0, 0, 0), method="dry_matter")
        found = run_carbon_flux(cover, inputs, FluxOutputs())
        assert (found.co2_totals, found.oxygen_totals) == (pytest.approx([16.3]), pytest.approx([11.9]))
        assert found.table().rows[0][4] is None  # NEP is not known

    def test_the_oxygen_of_nep_is_that_of_photosynthesis(self, cover, series):
        npp = series(600, 300, 200, 100)
        whole = run_carbon_flux(cover, FluxInputs(npp, nep_ratio=1), FluxOutputs())
        plants = FluxInputs(
            npp, method="dry_matter", carbon_fraction=72 / 162, co2_per_dry_matter=264 / 162,
            oxygen_per_dry_matter=192 / 162,
        )  # fmt: skip
        found = run_carbon_flux(cover, plants, FluxOutputs())
        assert found.co2_totals == pytest.approx(whole.co2_totals, rel=1e-6)
        assert found.oxygen_totals == pytest.approx(whole.oxygen_totals, rel=1e-6)


class TestOxygen:
    """450 gC/m2 are 4.5 t C or 10 t of dry matter per ha; a fifth of it, 0.9 t C, stays: 3.3 t CO2."""

    @pytest.mark.parametrize(
        ("method", "oxygen"),
        [("flux_method", 2.4), ("from_co2", 2.4), ("dry_matter", 11.9), ("npp", 12.0)],
    )
    def test_what_it_follows(self, cover, series, out, method, oxygen):
        inputs = FluxInputs(series(450, 0, 0, 0), nep_ratio=0.2, oxygen=method)
        found = run_carbon_flux(cover, inputs, FluxOutputs(oxygen=out("o")))
        assert (found.co2_totals, found.oxygen_totals) == (pytest.approx([3.3]), pytest.approx([oxygen]))
        assert read(out("o"))[0][0, 0] == pytest.approx(oxygen)
        assert gdal.Open(out("o")).GetRasterBand(1).GetUnitType() == "t O2/(ha a)"

    def test_reeds_of_baiyangdian(self, cover, series):
        # 3.74e4 t of dry reeds, 1.63 t CO2 and 1.2 t O2 per t: 1.66e4 t C and 4.49e4 t O2
        inputs = FluxInputs(series(450, 0, 0, 0), method="dry_matter", oxygen_per_dry_matter=1.2)
        found = run_carbon_flux(cover, inputs, FluxOutputs())
        per_tonne = 3.74e4 / 10  # the pixel holds 10 t of dry matter
        assert found.co2_totals[0] * 12 / 44 * per_tonne == pytest.approx(1.66e4, abs=50)
        assert found.oxygen_totals[0] * per_tonne == pytest.approx(4.49e4, abs=50)

    def test_an_unknown_method_is_told(self, cover, series):
        with pytest.raises(InputError, match="There is no method nep of oxygen"):
            run_carbon_flux(cover, FluxInputs(series(1, 1, 1, 1), nep_ratio=1, oxygen="nep"), FluxOutputs())


class TestUnits:
    @pytest.mark.parametrize(("unit", "value"), [("gc_m2", 600), ("kgc_m2", 0.6), ("tc_ha", 6), ("mod17", 6000)])
    def test_one_production_in_every_unit(self, cover, series, unit, value):
        inputs = FluxInputs(series(*[value] * 4), npp_unit=unit, nep_ratio=0.25)
        assert run_carbon_flux(cover, inputs, FluxOutputs()).co2_totals == pytest.approx([4 * 5.5], rel=1e-6)

    def test_fill_values_of_mod17_are_left_out(self, cover, series):
        inputs = FluxInputs(series(6000, 6000, 32_761, 32_766), npp_unit="mod17", nep_ratio=0.25)
        found = run_carbon_flux(cover, inputs, FluxOutputs())
        assert found.co2_totals == pytest.approx([2 * 5.5], rel=1e-6)
        assert found.sums.left_out[0].pixels == 2

    def test_mod17_that_declares_its_scale(self, cover, series):
        npp = series(6000, 6000, 6000, 6000)
        dataset = gdal.Open(npp.paths[0], gdal.GA_Update)
        dataset.GetRasterBand(1).SetScale(0.0001)
        dataset = None
        with pytest.raises(InputError, match=r"looks like kg C/m2\. Choose the unit .*kgc_m2.* \(NPP_UNIT\)"):
            run_carbon_flux(cover, FluxInputs(npp, npp_unit="mod17", nep_ratio=0.25), FluxOutputs())
        found = run_carbon_flux(cover, FluxInputs(npp, npp_unit="kgc_m2", nep_ratio=0.25), FluxOutputs())
        assert found.co2_totals == pytest.approx([4 * 5.5], rel=1e-6)

    @pytest.mark.parametrize(
        ("unit", "value", "right"),
        [("tc_ha", 600, "gc_m2"), ("kgc_m2", 600, "gc_m2"), ("gc_m2", 6000, "mod17"), ("gc_m2", 0.6, "kgc_m2")],
    )
    def test_another_unit_is_suspected(self, cover, series, unit, value, right, out):
        inputs = FluxInputs(series(*[value] * 4), npp_unit=unit, nep_ratio=0.25)
        with pytest.raises(InputError, match=rf"Choose the unit .*{right}.* \(NPP_UNIT\) if that is what it holds"):
            run_carbon_flux(cover, inputs, FluxOutputs(out("f")))

    def test_too_small_a_unit_is_told(self, cover, series, log):
        """12 t C/ha of a forest, taken for gC/m2."""
        run_carbon_flux(cover, FluxInputs(series(12, 12, 12, 12), nep_ratio=0.25), FluxOutputs(), progress=log)
        told = "NPP is 12 gC/m2 on average, as in a desert. Check its unit (NPP_UNIT)."
        assert any(told in warning for warning in log.warnings)

    @pytest.mark.parametrize("fill", [65_535, -32_768])
    def test_a_fill_code_that_is_not_declared_is_left_out(self, cover, series, log, fill):
        run = run_carbon_flux(
            cover, FluxInputs(series(600, 600, 600, fill), nep_ratio=0.25), FluxOutputs(), progress=log
        )
        assert run.sums.pixels.sum() == 3
        assert any(f"holds {fill}" in warning and "left out" in warning for warning in log.warnings)

    @pytest.mark.parametrize(
        ("values", "message"),
        [((450, 450, -1, 0), "holds -1, which cannot be"), ((45_000,) * 4, "holds 45000, which cannot be")],
    )
    def test_respiration_that_cannot_be(self, cover, series, values, message):
        inputs = FluxInputs(series(600, 600, 600, 600), respiration=series(*values))
        with pytest.raises(InputError, match=message):
            run_carbon_flux(cover, inputs, FluxOutputs())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "NEP needs RESPIRATION .* or NEP_RATIO"),
        ({"nep_ratio": -0.2}, "NEP_RATIO is -0.2"),
        ({"nep_ratio": 0.0}, "NEP_RATIO is 0"),
        ({"nep_ratio": 20.0}, "NEP_RATIO is 20"),
        ({"nep_ratio": 0.2, "respiration": Rasters.of("r.tif")}, "are both given"),
        ({"nep_ratio": 0.2, "method": "dry_matter"}, "would count for nothing"),
        ({"method": "dry_matter", "carbon_fraction": 45}, "CARBON_FRACTION is 45"),
        ({"method": "dry_matter", "co2_per_dry_matter": 0}, "CO2_PER_DRY_MATTER is 0"),
        ({"method": "dry_matter", "oxygen_per_dry_matter": -1.19}, "OXYGEN_PER_DRY_MATTER is -1.19"),
        ({"method": "gep"}, "There is no method gep. Choose nep or dry_matter"),
        ({"npp_unit": "t_ha", "nep_ratio": 0.2}, "There is no unit t_ha"),
        ({"npp_unit": "mod17", "respiration_unit": "mod17"}, "There is no unit mod17. Choose one of gc_m2"),
    ],
)
def test_bad_input_is_told_before_anything_is_read(cover, given, message):
    with pytest.raises(InputError, match=message):
        run_carbon_flux(cover, FluxInputs(Rasters.of("no such file.tif"), **given), FluxOutputs())


class TestBesideTheStock:
    ROWS = tuple(
        {"code": code, "carbon": carbon} for code, carbon in ((FOREST, 205), (GRASS, 100), (LAKE, 0), (URBAN, 30))
    )

    def test_the_stock_is_the_same_with_a_flux_that_has_gaps(self, cover, series, out):
        table = Table.of_rows("carbon.csv", self.ROWS)
        alone = run_carbon_storage(cover, table, CarbonOutputs(out("a")))
        flux = FluxInputs(series(600, 300, -9999, -9999), nep_ratio=0.25)
        both = run_carbon_storage(cover, table, CarbonOutputs(out("b"), flux=out("f")), flux=flux)
        assert np.array_equal(read(out("a")), read(out("b")))
        assert alone.table() == both.table()
        assert alone.flux is None
        assert both.flux.co2_totals == pytest.approx([8.25])

    def test_years_that_share_their_gaps_compare(self, cover, raster):
        stack = np.array([[[600, 300], [200, -9999]], [[660, -9999], [220, 100]]])
        flux = FluxInputs(Rasters.of(raster("npp", stack)), nep_ratio=0.25)
        common = run_carbon_flux(cover, flux, FluxOutputs(), (2000, 2005))
        assert common.area_ha.sum(axis=1).tolist() == [2, 2]
        assert common.co2_totals[1] == pytest.approx(1.1 * common.co2_totals[0], rel=1e-6)
        yearly = run_carbon_flux(cover, flux, FluxOutputs(), (2000, 2005), RasterSettings(mask="yearly"))
        assert yearly.area_ha.sum(axis=1).tolist() == [3, 3]
