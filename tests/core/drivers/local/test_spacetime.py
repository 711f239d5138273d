"""Space and time: against mgtwr's RSS, its GWR as the null, and the profile of the scale of time."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.drivers.local.choice import LocalChoice
from ecoassets.core.drivers.local.kernels import Kernel
from ecoassets.core.drivers.local.report import local_report
from ecoassets.core.drivers.local.run import run_local_regression
from ecoassets.core.drivers.local.search import find_bandwidth, search_range
from ecoassets.core.drivers.local.spacetime import find_space_time, in_space_and_time
from ecoassets.core.drivers.local.variability import variability
from ecoassets.core.drivers.local.weighted import fit, make_sample, scores
from ecoassets.core.errors import InputError
from ecoassets.tests.core.drivers.cases import case

GAUSSIAN = Kernel("gaussian", False)


@pytest.fixture(scope="module")
def panel():
    rows = case("gtwr_points")
    drivers = np.column_stack([rows["x1"], rows["x2"]])
    return make_sample(np.column_stack([rows["x"], rows["y"]]), rows["value"], drivers), rows["year"]


BISQUARE, EXPONENTIAL = Kernel("bisquare", True), Kernel("exponential", False)

# RSS, tr S, AICc, CV, standard errors at the first place
EXPECTED = {
    (GAUSSIAN, 9_000, 1e6): (64.6663003233, 20.70636857, 390.732678802, 0.433617362, 0.0721504513, 0.0703503258),
    (BISQUARE, 60, 1e6): (47.5065017028, 32.90799341, 362.240640918, 0.35451333, 0.10345097, 0.0939917335),
    (EXPONENTIAL, 6_000, 4e6): (26.9108442442, 60.41001859, 344.94830202, 0.324740572, 0.0739248741, 0.0795895171),
}


@pytest.mark.parametrize(("kernel", "bandwidth", "tau"), EXPECTED)
def test_fits_agree_with_mgtwr(panel, kernel, bandwidth, tau):
    """Its RSS; AICc by the formula of GWR, so that both can be compared (mgtwr's is .5 to 2 lower)."""
    sample, years = panel
    found = fit(sample.moved(in_space_and_time(sample.points, years, tau)), kernel, bandwidth)
    numbers = found.diagnostics
    got = (numbers.rss, numbers.enp, numbers.aicc, numbers.cv, *found.std_errors[0, :2])
    assert got == pytest.approx(EXPECTED[kernel, bandwidth, tau], rel=1e-7)


@pytest.mark.parametrize(
    ("tau", "bandwidth", "aicc"),
    [(0, 8923.361, 515.9399), (1e4, 8718.821, 514.3197), (1e6, 5622.646, 328.7652), (3e6, 7253.024, 298.1442)],
)
def test_the_profile_of_time(panel, tau, bandwidth, aicc):
    sample, years = panel
    moved = sample.moved(in_space_and_time(sample.points, years, tau))
    low, high = search_range(moved.points, GAUSSIAN, 3)
    found = find_bandwidth(lambda trial: scores(moved, GAUSSIAN, trial), GAUSSIAN, low, high)
    assert (found.bandwidth, found.score) == (pytest.approx(bandwidth, rel=1e-3), pytest.approx(aicc, rel=1e-5))


def test_the_search_beats_every_profile_point_and_holds_the_null(panel):
    sample, years = panel
    found = find_space_time(sample, years, GAUSSIAN)
    assert found.score < 298.1442 and 3e6 < found.tau < 1e7
    assert found.profile[0] == pytest.approx([0, 8923.36, 515.93989], rel=1e-5)
    assert found.edge == ""


def test_the_past_and_the_future_count_alike(panel):
    sample, years = panel
    forth = fit(sample.moved(in_space_and_time(sample.points, years, 2e6)), GAUSSIAN, 7_000)
    back = fit(sample.moved(in_space_and_time(sample.points, -years, 2e6)), GAUSSIAN, 7_000)
    assert back.coefficients == pytest.approx(forth.coefficients, rel=1e-9)


def test_one_year_is_no_time(panel):
    sample, years = panel
    with pytest.raises(InputError, match="Choose METHOD gwr"):
        find_space_time(sample, np.zeros_like(years), GAUSSIAN)


def test_variability_at_a_fixed_bandwidth():
    """p of .00, .13, .23 and .98 by GWmodel with 99 draws; the constant varies, x3 does not."""
    points = case("gwr_points")
    drivers = np.column_stack([points[name] for name in ("x1", "x2", "x3")])
    sample = make_sample(np.column_stack([points["x"], points["y"]]), points["value"], drivers)
    found = variability(sample, Kernel("bisquare", True), 53, 99)
    assert found.spread == pytest.approx([1.06896242, 0.417585781, 0.299008352, 0.129718079], rel=1e-7)
    assert found.p == pytest.approx([0.01, 0.13, 0.23, 0.98], abs=0.1)


def test_years_that_make_no_difference_are_told():
    rng = np.random.default_rng(6)
    places, x = np.repeat(rng.uniform(0, 1e4, (60, 2)), 3, axis=0), rng.normal(size=180)
    columns = {"value": (places[:, 0] / 1e4) * x + 0.1 * rng.normal(size=180), "x": x, "year": np.tile([0.0, 1, 2], 60)}
    table = FeatureTable({**columns, "gx": places[:, 0], "gy": places[:, 1]}, ("gx", "gy"))
    run = run_local_regression(table, LocalChoice("value", ("x",), method="gtwr", time="year"))
    assert run.estimate.tau == 0
    assert [text for text in run.warnings if "No weight of time fits better than none" in text]


def pooled_rows():
    rng = np.random.default_rng(7)
    place, x = np.repeat(rng.uniform(0, 1e4, (60, 2)), 3, axis=0), rng.normal(size=180)
    columns = {"value": x + 0.1 * rng.normal(size=180), "x": x, "year": np.tile([0.0, 1, 2], 60)}
    return FeatureTable({**columns, "cell": np.repeat(np.arange(60), 3), "gx": place[:, 0], "gy": place[:, 1]},
                        ("gx", "gy"))  # fmt: skip


def test_years_that_nobody_told_are_refused_and_the_mends_work():
    table = pooled_rows()
    with pytest.raises(InputError, match=r"180 of 180 rows share their place .*rows 1 and 2.* Give TIME and one YEAR"):
        run_local_regression(table, LocalChoice("value", ("x",)))
    for mend in (
        {"time": "year", "year": 1},
        {"time": "year", "method": "gtwr"},
        {"time": "year"},
        {"entity": "cell", "within": True},
    ):
        assert run_local_regression(table, LocalChoice("value", ("x",), **mend)).observations.n in (60, 180)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_years_pooled_on_purpose_are_told_on_the_first_page(tmp_path, language):
    report = local_report(run_local_regression(pooled_rows(), LocalChoice("value", ("x",), time="year")),
                          str(tmp_path), language)  # fmt: skip
    told = {"en": "The 3 years are pooled", "zh": "3 个年份合并计算"}[language]
    assert told in report.sentences[0][1]
