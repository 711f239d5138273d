"""Sensitivity of the value: shares by hand, identities, and a simulation with known percentiles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ecoassets.core.assets.equivalents import load_equivalents
from ecoassets.core.assets.sensitivity.run import (
    SensitivityInputs,
    coefficient_of_sensitivity,
    run_sensitivity,
    sensitivity_table,
)
from ecoassets.core.assets.valuation.run import Adjustment, Adjustments, ValuationInputs
from ecoassets.core.errors import InputError, TableError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.tables import Table

from ..landuse.maps import classes, records, write_map


def equivalents(crop=1.0, tree=4.0):
    row = {"service_id": "food", "service": "", "group": "", "adjust_factor": "", "cropland": crop, "forest": tree}
    return load_equivalents("custom", Table.of_rows("equivalents", [row]))


SCHEME = load_scheme(
    "custom",
    Table.of_rows(
        "classes",
        [
            {"code": 1, "ecosystem": "cropland", "equivalents": "cropland:1"},
            {"code": 2, "ecosystem": "forest", "equivalents": "forest:1"},
            {"code": 3, "ecosystem": "forest", "equivalents": "forest:0.5;cropland:0.5"},
        ],
    ),
)


def coefficients(result):
    """Of the ecosystems."""
    return [c for part, c in zip(result.parts, result.coefficient.tolist()) if part.code is None]


@pytest.fixture
def valuation(tmp_path):
    path = write_map(tmp_path / "lc.tif", classes("111 122"))
    return ValuationInputs((path,), (2020,), SCHEME, equivalents(), 100.0)


def test_by_hand(valuation):
    # 4 ha of cropland are worth 400, 2 ha of forest 800
    result = run_sensitivity(SensitivityInputs(valuation))
    rows = {r["ecosystem"]: r for r in records(sensitivity_table(result)) if r["code"] is None}
    assert rows["cropland"]["share"] == pytest.approx(1 / 3)
    assert rows["forest"]["coefficient_of_sensitivity"] == pytest.approx(2 / 3)
    assert rows["forest"]["total_plus"] == pytest.approx(1600)
    assert rows["forest"]["total_minus"] == pytest.approx(800)
    assert rows["forest"]["value_p05"] is None


def test_classes_stand_below_their_ecosystem(tmp_path, valuation):
    # a forest of class 2 is worth 4, one of class 3 half of 1 and of 4; a cropland 1: 4 + 2.5 + 1 = 7.5
    path = write_map(tmp_path / "three.tif", classes("123"))
    rows = records(sensitivity_table(run_sensitivity(SensitivityInputs(replace(valuation, land_cover=(path,))))))
    shares = [(r["ecosystem"], r["code"], round(r["coefficient_of_sensitivity"] * 7.5, 9)) for r in rows]
    assert shares == [
        ("cropland", None, 1), ("cropland", 1, 1),
        ("forest", None, 6.5), ("forest", 2, 4), ("forest", 3, 2.5),
    ]  # fmt: skip


@pytest.mark.parametrize("change", [50, -50, 3])
def test_the_definition_gives_the_share_whatever_the_step(valuation, change):
    """The total is computed anew with a forest that is worth more; the built-in coefficient must agree."""
    moved = replace(valuation, equivalents=equivalents(tree=4.0 * (1 + change / 100)))
    before, after = (run_sensitivity(SensitivityInputs(v)).total for v in (valuation, moved))
    share = coefficients(run_sensitivity(SensitivityInputs(valuation, change_pct=change)))[1]
    assert share == pytest.approx(coefficient_of_sensitivity(before, after, change / 100), rel=1e-12)


def test_coefficients_add_up_to_one_with_the_table_of_xie(tmp_path):
    rng = np.random.default_rng(2)
    path = write_map(tmp_path / "lc.tif", rng.integers(1, 10, (30, 30)).astype(np.uint8))
    xie = load_equivalents("xie2015")
    valued = ValuationInputs((path,), (2020,), load_scheme("clcd"), xie, xie.standard_value.cny_per_ha)
    result = run_sensitivity(SensitivityInputs(valued))
    assert sum(coefficients(result)) == pytest.approx(1, rel=1e-12)
    assert len(coefficients(result)) == 8  # water is wetland
    split = run_sensitivity(SensitivityInputs(replace(valued, split_wetland=True)))
    assert sum(coefficients(split)) == pytest.approx(1, rel=1e-12)
    assert {part.ecosystem for part in split.parts} - {part.ecosystem for part in result.parts} == {"open_water"}


def test_a_negative_equivalent_makes_a_negative_share(valuation):
    result = run_sensitivity(SensitivityInputs(replace(valuation, equivalents=equivalents(crop=-1.0))))
    assert coefficients(result) == pytest.approx([-1, 2])


class TestDraws:
    def test_normal_percentiles(self, valuation):
        # sd 10 % of 400 and of 800, independent: the total has sd sqrt(40^2 + 80^2) = 89.44
        result = run_sensitivity(SensitivityInputs(valuation, draws=40_000, seed=4, relative_sd=0.1))
        half = 1.6449 * 89.44
        # the error of a 5th percentile of 40,000 draws is about 0.01 standard deviations
        assert result.total_percentiles == pytest.approx([1200 - half, 1200, 1200 + half], abs=4)
        assert result.value_percentiles[:, 0] == pytest.approx([400 - 1.6449 * 40, 400, 400 + 1.6449 * 40], abs=2)

    def test_a_range_is_triangular(self, valuation):
        # a triangle from 0 to 2 about 1: P05 lies where x^2 / 2 = 0.05, at 0.3162
        rows = [
            {"column": "cropland", "service_id": "food", "min": 0, "max": 2, "relative_sd": None},
            {"column": "forest", "service_id": "", "min": None, "max": None, "relative_sd": 0},
        ]
        table = Table.of_rows("spread", rows)
        result = run_sensitivity(SensitivityInputs(valuation, draws=40_000, table=table))
        assert result.value_percentiles[0, 0] == pytest.approx(400 * 0.3162, rel=0.02)
        forest = [part.ecosystem for part in result.parts].index("forest")
        assert result.value_percentiles[:, forest] == pytest.approx([800, 800, 800])

    def test_classes_share_the_draw_of_their_column(self, tmp_path, valuation):
        # half of class 3 is cropland: drawn with the cropland, the total of 2 ha has sd 10 % of 1 and 4, not of 5
        path = write_map(tmp_path / "mixed.tif", classes("33"))
        result = run_sensitivity(
            SensitivityInputs(replace(valuation, land_cover=(path,)), draws=40_000, relative_sd=0.1)
        )
        assert result.total_percentiles[2] == pytest.approx(500 + 1.6449 * 10 * np.hypot(1, 4), abs=1.5)

    def test_the_seed_decides(self, valuation):
        runs = [run_sensitivity(SensitivityInputs(valuation, draws=100, seed=seed)) for seed in (1, 1, 2)]
        first, again, other = (result.total_percentiles.tolist() for result in runs)
        assert first == again != other


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"column": "tundra", "relative_sd": 0.1}, "tundra.*cropland, forest"),
        ({"column": "forest", "min": 5, "max": 6}, "min and max with the equivalents 4 to 4"),
        ({"column": "forest"}, "either relative_sd"),
        ({"column": "forest", "relative_sd": -0.1}, "0 or more"),
    ],
)
def test_a_spread_that_cannot_be_used(valuation, row, told):
    with pytest.raises(TableError, match=told):
        run_sensitivity(SensitivityInputs(valuation, draws=1, table=Table.of_rows("spread", [row])))


def test_what_is_refused(valuation):
    with pytest.raises(InputError, match="one year"):
        run_sensitivity(SensitivityInputs(replace(valuation, years=(2000, 2010))))
    with pytest.raises(InputError, match="leave out NPP"):
        adjusted = replace(valuation, adjustments=Adjustments({"NPP": Adjustment(("npp.tif",))}))
        run_sensitivity(SensitivityInputs(adjusted))
    with pytest.raises(InputError, match="CHANGE_PCT is 0"):
        run_sensitivity(SensitivityInputs(valuation, change_pct=0))
