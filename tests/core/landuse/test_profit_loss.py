"""Profit and loss on a world of three classes whose values a pencil can follow.

One equivalent is worth 100: a hectare of cropland (1) yields 100 food, 50 climate and -200 water = -50, of forest (2)
20 + 400 + 50 = 470, built-up land (3) nothing.
"""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.assets.equivalents import load_equivalents
from ecoassets.core.assets.valuation.run import (
    Adjustment,
    Adjustments,
    ValuationInputs,
    ValuationOutputs,
    run_valuation,
)
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.landuse.profit_loss.change_index import change_index, harmony, same_sign_contributions
from ecoassets.core.landuse.profit_loss.run import ProfitLossInputs, ProfitLossOutputs, run_profit_loss
from ecoassets.core.landuse.profit_loss.tables import class_table, flow_table, summary_table
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.tables import Table

from .maps import classes, read, records, write_map, write_rectangles

SCHEME = load_scheme(
    "custom",
    Table.of_rows(
        "classes",
        [
            {"code": 1, "name": "Cropland", "ecosystem": "cropland", "equivalents": "crop:1"},
            {"code": 2, "name": "Forest", "ecosystem": "forest", "equivalents": "tree:1"},
            {"code": 3, "name": "Built-up", "ecosystem": "urban", "equivalents": "none"},
        ],
    ),
)
EQUIVALENTS = load_equivalents(
    "custom",
    Table.of_rows(
        "equivalents",
        [
            {"service_id": "food", "service": "", "group": "provisioning", "adjust_factor": "", "crop": 1, "tree": 0.2},
            {"service_id": "climate", "service": "", "group": "", "adjust_factor": "NPP", "crop": 0.5, "tree": 4},
            {"service_id": "water", "service": "", "group": "", "adjust_factor": "PREC", "crop": -2, "tree": 0.5},
        ],
    ),
)
BEFORE = classes("112 122 33.")
AFTER = classes("122 121 332")


def valued(paths, years=(2000, 2010), **kwargs):
    return ValuationInputs(tuple(paths), years, SCHEME, EQUIVALENTS, 100.0, **kwargs)


@pytest.fixture
def maps(tmp_path):
    return [write_map(tmp_path / "a.tif", BEFORE), write_map(tmp_path / "b.tif", AFTER)]


def flows(result, service="all"):
    return {(r["from_code"], r["to_code"]): r for r in records(flow_table(result)) if r["service"] == service}


def test_flows_by_hand(maps):
    # one hectare from cropland to forest gains 520, one the other way loses as much
    result = run_profit_loss(ProfitLossInputs(valued(maps)))
    found = flows(result)
    assert {pair: r["value"] for pair, r in found.items()} == {(1, 2): pytest.approx(520), (2, 1): pytest.approx(-520)}
    assert found[1, 2]["contribution_pct"] == found[2, 1]["contribution_pct"] == pytest.approx(100)
    assert flows(result, "water")[1, 2]["value"] == pytest.approx(250)
    assert flows(result, "food")[1, 2]["value"] == pytest.approx(-80)
    assert result.headline() == (pytest.approx(520), pytest.approx(-520), pytest.approx(0, abs=1e-9))
    assert [(item.year, item.pixels) for item in result.left_out] == [(2010, 1)]


def test_maps(maps, tmp_path):
    out = ProfitLossOutputs(str(tmp_path / "change.tif"), str(tmp_path / "index.tif"))
    run_profit_loss(ProfitLossInputs(valued(maps)), out)
    nothing = -9999
    assert read(out.change).tolist() == [[0, 520, 0], [0, 0, -520], [0, 0, nothing]]
    # cropland is worth -50 before, so 470 is a gain of 520 / 50; built-up land is worth nothing, so it has no index
    expected = [[0, 10.4, 0], [0, 0, -520 / 470], [nothing] * 3]
    assert read(out.index) == pytest.approx(np.array(expected), rel=1e-6)


def test_swapped_years_flip_every_sign(maps):
    one_way = [write_map(maps[1].replace("b.tif", "c.tif"), classes("122 122 332")), maps[0]]
    back, forth = (run_profit_loss(ProfitLossInputs(valued(p))) for p in (one_way, one_way[::-1]))
    assert forth.headline() == (pytest.approx(520), 0, pytest.approx(520))
    assert back.headline() == (0, pytest.approx(-520), pytest.approx(-520))
    assert (back.structure == -forth.structure.swapaxes(-1, -2)).all()


def test_the_sum_of_all_flows_is_the_change_of_the_value(tmp_path):
    rng = np.random.default_rng(3)
    paths = [write_map(tmp_path / f"{i}.tif", rng.integers(1, 4, (40, 50)).astype(np.uint8)) for i in range(3)]
    inputs = valued(paths, (2000, 2005, 2015))
    result = run_profit_loss(ProfitLossInputs(inputs))
    totals = run_valuation(inputs, ValuationOutputs()).totals
    assert result.structure.sum(axis=(1, 2, 3, 4)) == pytest.approx(
        [totals[1] - totals[0], totals[2] - totals[1], totals[2] - totals[0]], rel=1e-9
    )
    assert not result.intensity.any()
    assert np.diagonal(result.structure, axis1=-2, axis2=-1).max() == 0


class TestAdjusted:
    """Productivity and rain that change from year to year and from pixel to pixel."""

    @pytest.fixture
    def inputs(self, tmp_path):
        rng = np.random.default_rng(11)
        cover = [write_map(tmp_path / f"lc{i}.tif", rng.integers(1, 4, (30, 40)).astype(np.uint8)) for i in range(2)]
        npp, rain = (
            tuple(
                write_map(tmp_path / f"{name}{i}.tif", rng.uniform(500, 2000, (30, 40)).astype(np.float32), nodata=-1)
                for i in range(2)
            )
            for name in ("npp", "rain")
        )
        series = {"NPP": Adjustment(npp, reference=1100), "PREC": Adjustment(rain)}
        return valued(cover, adjustments=Adjustments(series), price_level={2000: 100, 2010: 125})

    def test_structure_and_intensity_add_up_to_the_change(self, inputs):
        result = run_profit_loss(ProfitLossInputs(inputs))
        totals = run_valuation(inputs, ValuationOutputs()).totals
        parts = [result.structure.sum(), result.intensity.sum()]
        assert sum(parts) == pytest.approx(totals[1] - totals[0], rel=1e-9)
        assert all(abs(part) > 1 for part in parts)

    def test_gain_and_loss_are_those_of_the_map(self, inputs, tmp_path):
        out = ProfitLossOutputs(str(tmp_path / "change.tif"))
        gain, loss, net = run_profit_loss(ProfitLossInputs(inputs), out).headline()
        change = read(out.change).astype(float)
        # the map is in single precision, of which 1200 pixels keep six digits
        assert gain == pytest.approx(change[change > 0].sum(), rel=1e-6)
        assert loss == pytest.approx(change[change < 0].sum(), rel=1e-6)
        assert gain + loss == pytest.approx(net, abs=1e-6 * gain)

    def test_against_an_independent_computation(self, inputs):
        """By pixel, in numpy: (VC_j - VC_i) at the adjustments of 2000, then what the adjustments add."""
        result = run_profit_loss(ProfitLossInputs(inputs))
        lc = [read(path) for path in inputs.land_cover]
        npp = [read(path).astype(float) / 1100 for path in inputs.adjustments.series["NPP"].paths]
        rain = [read(path).astype(float) for path in inputs.adjustments.series["PREC"].paths]
        rain = [r / np.mean(rain) for r in rain]
        factors = np.array([[0, 1, 0.2, 0], [0, 0.5, 4, 0], [0, -2, 0.5, 0]])
        structure = intensity = 0.0
        for f, (old, new) in enumerate([(1, 1), npp, rain]):
            first, second = factors[f][lc[0]], factors[f][lc[1]]
            structure += (100 * (second - first) * old).sum()
            intensity += (second * (125 * new - 100 * old)).sum()
        assert result.structure.sum() == pytest.approx(structure, rel=1e-6)  # rasters are single precision
        assert result.intensity.sum() == pytest.approx(intensity, rel=1e-6)


def test_land_that_becomes_forest_where_productivity_was_never_measured(tmp_path):
    # built-up land has no NPP and needs none; as forest it has twice the reference: all its value is that of the forest
    cover = [write_map(tmp_path / "a.tif", classes("3")), write_map(tmp_path / "b.tif", classes("2"))]
    npp = [write_map(tmp_path / f"n{v}.tif", np.array([[v]], np.float32), nodata=-1) for v in (-1, 1000)]
    adjustments = Adjustments({"NPP": Adjustment(tuple(npp), reference=500)})
    result = run_profit_loss(ProfitLossInputs(valued(cover, adjustments=adjustments)))
    assert result.structure.sum() == pytest.approx(20 + 800 + 50)
    assert result.intensity.sum() == 0


def test_zone_parts_add_up_and_harmony(maps, tmp_path):
    zones = write_rectangles(
        tmp_path / "z.gpkg", {"west": (500000, 3999700, 500200, 4000000), "east": (500200, 3999700, 500300, 4000000)}
    )
    gdp = Table.of_rows(
        "gdp",
        [
            {"zone": "west", "year": 2000, "gdp": 10},
            {"zone": "west", "year": 2010, "gdp": 20},
            {"zone": "east", "year": 2000, "gdp": 20},
            {"zone": "east", "year": 2010, "gdp": 10},
        ],
    )
    inputs = ProfitLossInputs(valued(maps), ZoneLayer(zones, "name"), gdp)
    result = run_profit_loss(inputs)
    rows = {r["zone"]: r for r in records(summary_table(result))}
    for column in ("structure", "intensity", "gain", "loss", "net"):
        assert rows["all"][column] == pytest.approx(sum(rows[z][column] for z in ("west", "east", "outside")), abs=1e-9)
    # west: three pixels of cropland and one of forest (320) gain 520 while GDP doubles
    assert rows["west"]["change_index"] == pytest.approx(520 / 320)
    assert rows["west"]["harmony"] == pytest.approx(520 / 320)
    assert rows["west"]["harmony_class"] == "coordinated; ESV grows at least as fast as GDP"
    assert rows["east"]["harmony"] == pytest.approx((-520 / 940) / -0.5)
    assert rows["east"]["harmony_class"] is None  # a shrinking economy turns the meaning round
    assert rows["all"]["harmony"] is None


def test_gdp_of_other_zones_is_an_error(maps):
    gdp = Table.of_rows("gdp", [{"zone": "Atlantis", "year": 2000, "gdp": 1}])
    with pytest.raises(TableError, match=r"Atlantis.*none of which"):
        run_profit_loss(ProfitLossInputs(valued(maps), gdp=gdp))


def test_one_year_is_an_error(maps):
    with pytest.raises(InputError, match="at least two"):
        run_profit_loss(ProfitLossInputs(valued(maps[:1], (2000,))))


def test_the_classes_add_up_to_the_change(maps):
    rows = {r["code"]: r for r in records(class_table(run_profit_loss(ProfitLossInputs(valued(maps)))))}
    assert rows[1]["value_from"] == pytest.approx(-150)
    assert rows[2]["change"] == pytest.approx(0)
    assert rows[3]["change_index"] is None


def test_indices_by_hand():
    assert change_index(np.array([100.0, -50.0, 0.0, 1.0]), np.array([110.0, -60.0, 5.0, 1.0 + 1e-12])) == (
        pytest.approx([0.1, -0.2, np.nan, 0.0], nan_ok=True)
    )
    assert same_sign_contributions(np.array([30.0, 10.0, -5.0, 0.0])).tolist() == [75, 25, 100, 0]
    assert harmony(100, 110, 50, 60) == pytest.approx(0.5)
    assert harmony(100, 110, 50, 50) is None
