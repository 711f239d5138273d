"""statsmodels computes the numbers again: it agrees, a wrong number is noticed, and its absence is told."""

from dataclasses import replace

import numpy as np
import pytest

from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.drivers.geodetector.options import DetectorOptions
from ecoassets.core.drivers.geodetector.run import GeodetectorChoice, run_geodetector
from ecoassets.core.drivers.observations import read_observations
from ecoassets.core.drivers.panel.regression import panel_regression
from ecoassets.core.drivers.panel.run import PanelChoice, run_panel_regression
from ecoassets.core.drivers.quantile.run import QuantileChoice, run_quantile_regression
from ecoassets.core.drivers.second_opinion import MOST_ROWS, disagreements
from ecoassets.core.drivers.second_opinion.least_squares import opinions_on_panel

from .test_panel import unbalanced

pytest.importorskip("statsmodels")


def rows(**options):
    columns = unbalanced(entities=30, times=8)
    columns["block"] = columns["cell"] // 5
    return read_observations(columns, "y", ["x0", "x1", "x2"], "cell", "year", ["block"], **options)


@pytest.mark.parametrize("effects", ["none", "entity", "time", "twoway"])
@pytest.mark.parametrize(
    ("covariance", "cluster"),
    [("iid", ()), ("robust", ()), ("cluster", ()), ("cluster", ("block",)), ("driscoll_kraay", ())],
)
def test_slopes_and_errors_of_a_panel_agree_to_round_off(effects, covariance, cluster):
    result = panel_regression(rows(), effects, covariance, cluster=cluster)
    slopes, errors = opinions_on_panel(rows(), result, effects, covariance, cluster)
    assert slopes.difference < 1e-10
    assert errors.difference < 1e-9
    assert disagreements([slopes, errors]) == ()
    assert "statsmodels" in errors.note and "=" in errors.note


def test_two_clusters_agree():
    result = panel_regression(rows(), "entity", "cluster", cluster=("cell", "block"))
    _, errors = opinions_on_panel(rows(), result, "entity", "cluster", ("cell", "block"))
    assert errors.difference < 1e-9


def test_a_wrong_slope_is_told_with_both_numbers():
    result = panel_regression(rows(), "twoway", "iid")
    wrong = replace(result.terms[0], estimate=result.terms[0].estimate * 1.001)
    found = opinions_on_panel(rows(), replace(result, terms=(wrong, *result.terms[1:])), "twoway", "iid")
    (warning,) = disagreements(found)
    assert f"{wrong.estimate:.10g}" in warning
    assert f"{found[0].theirs:.10g}" in warning
    assert found[0].theirs == pytest.approx(result.terms[0].estimate, rel=1e-10)


def test_errors_that_statsmodels_does_not_know_are_said_not_to_be_compared():
    result = panel_regression(rows(), "entity", "driscoll_kraay")
    columns = unbalanced(entities=30, times=8)
    kept = columns["year"] != 2003
    gap = read_observations({k: v[kept] for k, v in columns.items()}, "y", ["x0", "x1", "x2"], "cell", "year")
    result = panel_regression(gap, "entity", "driscoll_kraay")
    slopes, errors = opinions_on_panel(gap, result, "entity", "driscoll_kraay")
    assert slopes.difference < 1e-10
    assert errors.difference is None and "missing" in errors.note


def table(n=400, seed=1):
    rng = np.random.default_rng(seed)
    zone = rng.integers(0, 4, n)
    x = rng.normal(size=n)
    return FeatureTable({"y": zone + x + rng.normal(size=n), "x": x, "zone": zone.astype(float)})


def test_a_panel_run_tells_it_among_its_tests():
    choice = PanelChoice("y", ("x",), effects="none", covariance="robust", second_opinion=True)
    run = run_panel_regression(table(), choice)
    told = {test.test: test.statistic for test in run.all_tests()}
    assert told["second_opinion_slopes"] < 1e-10
    assert told["second_opinion_std_error"] < 1e-9


def test_no_quantile_is_solved_worse_than_statsmodels_does():
    run = run_quantile_regression(table(), QuantileChoice("y", ("x",), second_opinion=True))
    assert sorted(run.opinions) == [0.1, 0.25, 0.5, 0.75, 0.9]
    for opinion in run.opinions.values():
        assert -1e-6 < opinion.difference < 1e-9  # one-sided: theirs may be a little above the optimum


@pytest.mark.parametrize("singletons", ["keep", "drop"])
def test_q_of_the_detector_is_the_r_squared_of_the_strata(singletons):
    options = DetectorOptions(second_opinion=True, singletons=singletons)
    run = run_geodetector(table(), GeodetectorChoice("y", ("x", "zone"), ("zone",), options))
    (opinion,) = run.result.opinions
    assert opinion.difference < 1e-12
    assert run.tests().rows[0][0] == "second_opinion_q"


def test_results_are_the_same_bits_without_it():
    plain, asked = (
        run_geodetector(
            table(), GeodetectorChoice("y", ("x", "zone"), ("zone",), DetectorOptions(second_opinion=wanted))
        )
        for wanted in (False, True)
    )
    assert plain.factors().rows == asked.factors().rows


def test_beyond_the_limit_of_rows_it_is_said_that_nothing_was_compared():
    choice = PanelChoice("y", ("x",), effects="none", covariance="iid", second_opinion=True)
    run = run_panel_regression(table(MOST_ROWS + 1), choice)
    (opinion,) = run.opinions
    assert opinion.difference is None and f"{MOST_ROWS}" in opinion.note


def test_effects_that_hardly_hang_together_are_not_compared(monkeypatch):
    """Means in turn may take for ever where cells and years hardly meet; that is no disagreement."""
    from ecoassets.core.drivers.second_opinion import least_squares

    result = panel_regression(rows(), "twoway", "iid")
    monkeypatch.setattr(least_squares, "MOST_SWEEPS", 1)
    (opinion,) = opinions_on_panel(rows(), result, "twoway", "iid")
    assert opinion.difference is None and "did not settle" in opinion.note


@pytest.mark.parametrize("noise", [0.0, 1e-13])
@pytest.mark.parametrize(("scale", "level"), [(1.0, 0.0), (1e13, 0.0), (1e-13, 0.0), (1e13, 5e14)])
def test_round_off_of_an_exact_fit_is_no_disagreement(scale, level, noise):
    random = np.random.default_rng(4)
    x, z, left = random.normal(size=(3, 300))
    columns = {"x": scale * x + level, "z": z, "cell": np.repeat(np.arange(60), 5), "year": np.tile(np.arange(5), 60)}
    table = FeatureTable({**columns, "y": 2 * columns["x"] + noise * scale * left})
    for effects, covariance in (("entity", "cluster"), ("twoway", "iid"), ("none", "robust")):
        choice = PanelChoice("y", ("x", "z"), "cell", "year", effects, covariance, second_opinion=True)
        assert all(opinion.agrees for opinion in run_panel_regression(table, choice).opinions)
    run = run_quantile_regression(table, QuantileChoice("y", ("x", "z"), second_opinion=True))
    assert all(opinion.agrees for opinion in run.opinions.values())


def test_a_wrong_error_of_a_fit_with_little_left_is_told():
    """What is left is a millionth of y: its digits are there, and a second opinion on them counts."""
    columns = unbalanced(entities=30, times=8)
    columns["y"] = 5 * columns["x0"] + 1e-6 * columns["y"]
    given = read_observations(columns, "y", ["x0", "x1"], "cell", "year")
    result = panel_regression(given, "entity", "iid")
    wrong = replace(result.terms[0], std_error=result.terms[0].std_error * 1.0001)
    assert disagreements(opinions_on_panel(given, result, "entity", "iid")) == ()
    assert disagreements(opinions_on_panel(given, replace(result, terms=(wrong, *result.terms[1:])), "entity", "iid"))
