"""The whole quantile regression: tables, tests, standard errors, warnings and refusals."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.quantile.regression import METHODS, quantile_regression
from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.progress import Progress


def grid(cells=60, years=4, seed=1):
    """y = rain (1 + 0.5 u) - heat + cell + u, u normal: the slope of rain rises with the quantile, heat's does not."""
    random = np.random.default_rng(seed)
    cell, year = np.repeat(np.arange(cells), years), np.tile(2000 + 5 * np.arange(years), cells)
    rain, heat = random.uniform(0, 2, cells * years), random.normal(size=cells * years)
    u = random.normal(size=cells * years)
    y = rain * (1 + 0.5 * u) - heat + 0.2 * random.normal(size=cells)[cell] + u
    return y, np.column_stack([rain, heat]), cell, year


def run(**choices):
    y, x, cell, year = grid()
    given = {"entity": cell, "time": year, "replications": 20} | choices
    return quantile_regression(y, x, ["rain", "heat"], **given)


def column(result, term, field="estimate"):
    return [getattr(row, field) for row in result.terms if row.term == term]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_slopes_that_made_the_data(method):
    """True slopes: -1 for heat everywhere; for rain 1 + 0.5 z, z the normal quantile: 0.66, 1, 1.34."""
    y, x, cell, year = grid(cells=500, years=8)
    result = quantile_regression(
        y, x, ["rain", "heat"], (0.25, 0.5, 0.75), method, entity=cell, time=year, replications=10
    )
    assert column(result, "heat") == pytest.approx([-1, -1, -1], abs=0.12)
    assert column(result, "rain") == pytest.approx([0.663, 1, 1.337], abs=0.2)
    assert result.n == 4_000
    assert next(test.statistic for test in result.tests if test.test == "crossing") <= 40


def test_a_row_for_every_quantile_and_term_the_constant_first():
    result = run(quantiles=(0.75, 0.25), std_error="nid")
    assert [row.quantile for row in result.terms] == [0.25] * 6 + [0.75] * 6
    assert [row.term for row in result.terms[:6]] == ["const", "rain", "heat", "year_2005", "year_2010", "year_2015"]


def test_intervals_are_estimate_and_t_times_error():
    from scipy.stats import t

    row = run(std_error="iid", confidence=0.9).terms[1]
    reach = t.ppf(0.95, 240 - 6) * row.std_error
    assert (row.low, row.high) == pytest.approx((row.estimate - reach, row.estimate + reach))
    assert row.t == pytest.approx(row.estimate / row.std_error)
    assert row.p == pytest.approx(2 * t.sf(abs(row.t), 240 - 6))


def test_r1_by_hand():
    """Rows 0, 0, 10, 14 in two groups: medians 0 and 10..14; loss (0 + 4)/2 of (10 + 14)/2 or (0+0+10+14)/2: 12."""
    result = quantile_regression([0.0, 0, 10, 14], [[0.0], [0], [1], [1]], ["wet"], (0.5,), std_error="iid")
    assert result.fits[0].loss == pytest.approx(2)
    assert result.fits[0].r1 == pytest.approx(1 - 2 / 12)


def test_tests_tell_the_driver_whose_slope_changes():
    y, x, cell, year = grid(cells=500)
    result = quantile_regression(y, x, ["rain", "heat"], entity=cell, time=year)
    slopes = {test.note.split(":")[0]: test for test in result.tests if test.test == "equal_slopes"}
    assert slopes["rain"].p < 1e-4
    assert slopes["heat"].p > 0.01
    assert (slopes["all drivers"].df, slopes["rain"].df) == (8, 4)


@pytest.mark.parametrize("method", METHODS)
def test_every_fit_says_how_exact_it_is(method):
    result = run(method=method)
    gaps = [test.statistic for test in result.tests if test.test == "duality_gap"]
    assert len(gaps) == {"pooled": 5, "canay": 5, "mmqr": 0, "koenker": 1}[method]
    assert all(gap < 1e-8 for gap in gaps)
    assert any(f"Method {method}" in note for note in result.notes)


def test_the_same_seed_gives_the_same_errors():
    first, again, other = (column(run(method="canay", seed=seed), "rain", "std_error") for seed in (4, 4, 5))
    assert first == again
    assert first != other


def test_panel_errors_come_from_the_bootstrap_of_cells_whatever_is_asked():
    result = run(method="mmqr", std_error="nid")
    assert "Standard errors nid ignore the cell effects of mmqr; bootstrap is used instead." in result.warnings
    assert any("20 samples of 60 units (cells)" in note for note in result.notes)


def test_bootstrap_draws_rows_cells_or_clusters():
    _, _, cell, _ = grid()
    for choices, units in (
        ({"entity": None}, "240 units (rows)"),
        ({}, "60 units (cells)"),
        ({"cluster": cell // 2}, "30 units (clusters)"),
    ):
        assert any(units in note for note in run(std_error="bootstrap", **choices).notes)


def test_independent_errors_on_a_panel_are_warned_of():
    assert any("independent" in warning for warning in run(std_error="nid").warnings)
    assert any("serves only the bootstrap" in warning for warning in run(cluster=grid()[2] // 2).warnings)


def test_clusters_by_year_are_refused():
    with pytest.raises(InputError, match="60 cells belong to several clusters"):
        run(std_error="bootstrap", cluster=grid()[3])


def test_mmqr_tests_equal_slopes_by_the_outer_quantiles():
    tests = [test for test in run(method="mmqr").tests if test.test == "equal_slopes"]
    assert [test.df for test in tests] == [2, 1, 1]
    assert "quantiles 0.1 and 0.9" in tests[0].note


def test_crossing_rows_are_counted():
    """The 20 % and 80 % lines lie at -6 and 6 where x = 0, at -0.6 and 0.6 where x = 1: they cross before x = 3."""
    x = np.repeat([0.0, 1.0, 3.0], [1001, 1001, 1])
    y = np.concatenate([np.linspace(-10, 10, 1001), np.linspace(-1, 1, 1001), [0.0]])
    result = quantile_regression(y, x[:, None], ["x"], (0.2, 0.8), std_error="iid")
    # the one row at x = 3 moves the lines by a row or two, that is by 0.02
    assert column(result, "const") == pytest.approx([-6, 6], abs=0.05)
    assert column(result, "x") == pytest.approx([5.4, -5.4], abs=0.05)
    assert any("cross in 1 of 2003 rows" in warning for warning in result.warnings)


def test_ties_are_solved_and_warned_of():
    y, x, *_ = grid()
    result = quantile_regression(np.maximum(np.round(y), 0), x, ["rain", "heat"], (0.1, 0.5), std_error="nid")
    assert all(fit.gap < 1e-8 and fit.wrong_signs == 0 for fit in result.fits)
    assert any("lie exactly on the fit (ties in y)" in warning for warning in result.warnings)
    # which vertex of the ties is found, and so whether a slope can be estimated beside it, depends on the solver
    bare = {term.quantile for term in result.terms if term.std_error is None}
    for quantile in bare:
        assert any(f"Quantile {quantile:g} has no nid standard errors" in warning for warning in result.warnings)
    assert bool(bare) != bool([test for test in result.tests if test.test == "equal_slopes"])


def test_cells_with_one_row_are_left_out_of_within_methods():
    y, x, cell, year = grid()
    cell[-1] = 999
    result = quantile_regression(y, x, ["rain", "heat"], method="canay", entity=cell, time=year, replications=5)
    assert result.n == 239
    assert "1 cells with a single row are left out: their effect fits them perfectly." in result.notes


def test_far_quantiles_are_warned_of():
    assert any("Quantile 0.01: only 2.4 of 240 rows" in warning for warning in run(quantiles=(0.01, 0.5)).warnings)


def test_a_user_can_stop():
    class Stop(Progress):
        def cancelled(self):
            return True

    with pytest.raises(Cancelled):
        run(progress=Stop())


def test_progress_only_rises():
    class Watch(Progress):
        def __init__(self):
            self.seen = []

        def set(self, percent):
            self.seen.append(percent)

    watch = Watch()
    run(method="canay", progress=watch)
    assert watch.seen == sorted(watch.seen)
    assert watch.seen[-1] == 100


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ({"quantiles": (0.5, 1.0)}, "between 0 and 1, exclusive; given: 1. Write 10 % as 0.1"),
        ({"quantiles": (10, 50)}, "given: 10, 50"),
        ({"quantiles": ()}, "given: none"),
        ({"quantiles": (0.5, 0.5)}, "given twice"),
        ({"method": "magic"}, "Unknown quantile method: magic. Choose one of pooled, canay"),
        ({"std_error": "hope"}, "Unknown standard error: hope"),
        ({"std_error": "bootstrap", "replications": 1}, "at least 2 replications"),
        ({"method": "koenker", "penalty": -1}, "penalty must be 0 or more; given: -1"),
        ({"confidence": 95}, "confidence must lie between 0 and 1"),
        ({"method": "canay", "entity": None}, "needs the cell of each row"),
        ({"method": "canay", "entity": np.arange(240)}, "Every cell has one row"),
        ({"method": "mmqr", "time": np.full(240, 2000)}, "60 pairs of cell and year .* such as cell 0, year 2000"),
        ({"entity": np.arange(3)}, "entity has shape"),
    ],
)
def test_what_cannot_be_done_is_said(choices, words):
    with pytest.raises(InputError, match=words):
        run(**choices)


def test_bad_data_are_named():
    y, x, *_ = grid()
    with pytest.raises(InputError, match="y is 3 in every row"):
        quantile_regression(np.full(240, 3.0), x, ["rain", "heat"])
    with pytest.raises(InputError, match=r"3 rows are too few for 3 coefficients \(const, rain, heat\)"):
        quantile_regression(y[:3], x[:3], ["rain", "heat"])
    with pytest.raises(InputError, match="heat is missing or infinite in 2 of 240 rows"):
        quantile_regression(y, np.where(np.arange(480).reshape(240, 2) % 300 == 1, np.nan, x), ["rain", "heat"])
    with pytest.raises(InputError, match="twice is a linear combination of rain"):
        quantile_regression(y, np.column_stack([x, 2 * x[:, 0]]), ["rain", "heat", "twice"])
    with pytest.raises(InputError, match="x needs a row for each value of y"):
        quantile_regression(y, x[:5], ["rain", "heat"])
