"""The change of q between years: paired over cells, by identity, by hand and by simulation."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.drivers.geodetector.changes import YearSample, q_changes
from ecoassets.core.drivers.geodetector.options import DetectorOptions
from ecoassets.core.drivers.geodetector.report import geodetector_report
from ecoassets.core.drivers.geodetector.run import GeodetectorChoice, run_geodetector
from ecoassets.core.drivers.geodetector.statistics import stratum_sums
from ecoassets.core.drivers.geodetector.strata import StrataSettings
from ecoassets.core.errors import InputError
from ecoassets.tests.core.drivers.cases import case


def changes(first, second, zone, draws=199, seed=0, **options):
    years = [YearSample(y, np.arange(len(y)), {"zone": zone}) for y in (first, second)]
    return q_changes(years, len(first), draws, 0.95, seed, **options)[0]["zone"]


def test_years_that_are_the_same_but_for_level_and_unit_have_not_changed():
    """Paired cells: whatever is drawn, q of a + b y is that of y. Unpaired draws would give a wide interval."""
    random = np.random.default_rng(1)
    zone = random.integers(0, 4, 80)
    y = zone + random.normal(size=80)
    found = changes(y, 500 - 3 * y, zone)
    assert (found.change, found.low, found.high) == pytest.approx((0, 0, 0), abs=1e-12)


def test_a_draw_is_the_q_of_rows_laid_out_as_often_as_they_were_drawn():
    random = np.random.default_rng(2)
    zone, first, second = random.integers(0, 3, 40), *random.normal(size=(2, 40))
    draws = []
    same = np.random.default_rng(5)
    for _ in range(99):
        rows = same.integers(40, size=40)
        draws.append(stratum_sums(second[rows], zone[rows]).q - stratum_sums(first[rows], zone[rows]).q)
    change = stratum_sums(second, zone).q - stratum_sums(first, zone).q
    low, high = np.percentile(draws, [2.5, 97.5]) + change - np.mean(draws)
    found = changes(first, second, zone, draws=99, seed=5)
    assert (found.change, found.low, found.high) == pytest.approx((change, low, high))


def test_intervals_hold_the_change_as_often_as_they_say():
    """300 pairs of years of 150 cells with lasting errors and a q of 1/3 that stays: 95 % (binomial error 1.3 %)."""
    random = np.random.default_rng(3)
    zone, held, width = np.arange(150) % 3, 0, []
    effect = np.array([-1.0, 0, 1])[zone] * np.sqrt(0.75)  # variance 1/2 of 1/2 + 1
    for seed in range(300):
        lasting = random.normal(size=150)
        first, second = (effect + np.sqrt(0.8) * lasting + np.sqrt(0.2) * random.normal(size=150) for _ in range(2))
        found = changes(first, second, zone, draws=99, seed=seed)
        held += found.low <= 0 <= found.high
        width.append(found.high - found.low)
    assert 0.90 <= held / 300 <= 0.985
    assert np.mean(width) < 0.15  # two q by themselves have intervals of 0.2 and more


def test_a_q_that_rises_is_told():
    random = np.random.default_rng(4)
    zone = np.arange(200) % 4
    first, second = (share * zone + random.normal(size=200) for share in (0.2, 1.5))
    found = changes(first, second, zone)
    assert 0 < found.low < found.change < found.high < 1


def panel_run(**changes):
    panel = case("panel_lag")
    five = StrataSettings(methods=("quantile",), classes=(5,))
    options = DetectorOptions(strata=five, **{"change_draws": 99, **changes.pop("options", {})})
    choice = GeodetectorChoice("value", ("x1", "x2"), options=options, **{"time": "year", **changes})
    return run_geodetector(FeatureTable(panel, changes.get("place", ("x", "y"))), choice)


@pytest.mark.parametrize("breaks", ["pooled", "own"])
def test_rows_of_years_after_the_first_carry_the_change(breaks):
    run = panel_run(options={"year_breaks": breaks})
    q = {year: {row.factor: row.q for row in result.factors} for year, result in run.by_year.items()}
    for year, result in run.by_year.items():
        for row in result.factors:
            if year in (2000, None):
                assert row.change is row.change_low is row.change_high is None
            else:
                assert row.change == pytest.approx(q[year][row.factor] - q[2000][row.factor])
                assert row.change_low < row.change < row.change_high
    assert {"change", "change_low", "change_high"} <= {column.name for column in run.factors().columns}


def test_blocks_are_drawn_as_a_whole():
    cells, blocks = panel_run(), panel_run(block_size=3000.0)
    assert cells.by_year[2020].factors[0].change == blocks.by_year[2020].factors[0].change
    told = [warning for warning in blocks.result.warnings if "cells or blocks to draw" in warning]
    assert len(told) == 1 and not any("to draw" in warning for warning in cells.result.warnings)
    assert cells.by_year[2020].factors[0].change_low != blocks.by_year[2020].factors[0].change_low


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_tells_which_changes_are_certain(tmp_path, language):
    report = geodetector_report(panel_run(), str(tmp_path), language)
    told = [sentence for _, sentence in report.sentences if "2020" in sentence]
    assert len(told) == 1 and "x1" in told[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"options": {"change_draws": 20}}, "CHANGE_DRAWS is 20. Give 99 or more"),
        ({"time": None}, "CHANGE_DRAWS needs TIME"),
    ],
)
def test_what_cannot_be_drawn(change, words):
    with pytest.raises(InputError, match=words):
        panel_run(**change)
