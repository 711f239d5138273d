"""Random effects, between, pooled; curves and their turning points; errors that last: values of plm and of formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.drivers.observations import read_observations
from ecoassets.core.drivers.panel.alternatives import between, pooled, random
from ecoassets.core.drivers.panel.choice import PanelChoice
from ecoassets.core.drivers.panel.regression import panel_regression
from ecoassets.core.drivers.panel.report import panel_report
from ecoassets.core.drivers.panel.run import run_panel_regression
from ecoassets.core.drivers.panel.serial import serial_tests, wooldridge
from ecoassets.core.drivers.panel.terms import Made, parse_terms, previous_rows
from ecoassets.core.drivers.panel.turning import Curve, Slope, fieller, turning_points
from ecoassets.core.errors import InputError
from ecoassets.tests.core.drivers.cases import case


@pytest.fixture(scope="module")
def panel():
    return FeatureTable(case("panel_lag"), ("x", "y"))


@pytest.fixture(scope="module")
def observations(panel):
    return read_observations(panel.columns, "value", ["x1", "x2"], "cell", "year")


def numbers(terms, name="estimate"):
    return [getattr(term, name) for term in terms]


class TestModels:
    def test_between_and_pooled_of_plm(self, observations):
        model = between(observations, 0.95)
        assert numbers(model.terms) == pytest.approx([2.39217955, 2.3054295, -0.886608892], rel=1e-8)
        assert numbers(model.terms, "std_error") == pytest.approx([0.489033143, 0.10310504, 0.206721061], rel=1e-8)
        model = pooled(observations, "iid", (), 0.95)
        assert numbers(model.terms) == pytest.approx([1.39552003, 1.78362264, -0.486665273], rel=1e-8)
        assert numbers(model.terms, "std_error") == pytest.approx([0.206218335, 0.0708516345, 0.0790867737], rel=1e-8)

    def test_random_effects_of_plm(self, observations):
        model = random(observations, "entity", "iid", (), 0.95)
        assert model.theta == pytest.approx(0.464262744, rel=1e-8)
        assert numbers(model.terms) == pytest.approx([1.21431304, 1.31692091, -0.43678718], rel=1e-8)
        assert numbers(model.terms, "std_error") == pytest.approx([0.209293565, 0.0757682994, 0.066886212], rel=1e-7)

    def test_random_effects_are_least_squares_on_quasi_demeaned_rows(self, observations):
        """With a column for every year, by dense matrices, clustered by cell."""
        model = random(observations, "twoway", "cluster", (), 0.95)
        cells = observations.entity[:, None] == np.arange(56)
        years = observations.time[:, None] == np.arange(1, 5)
        design = np.column_stack([np.ones(280), observations.x, years])
        means = cells / cells.sum(axis=0) @ cells.T
        take = np.eye(280) - model.theta * means
        x, y = take @ design, take @ observations.y
        estimates = np.linalg.lstsq(x, y, rcond=None)[0]
        assert numbers(model.terms)[:3] == pytest.approx(estimates[:3])
        inverse, u = np.linalg.inv(x.T @ x), y - x @ estimates
        sums = cells.T @ (x * u[:, None])
        covariance = 56 / 55 * 279 / (280 - 7) * inverse @ sums.T @ sums @ inverse
        assert numbers(model.terms, "std_error")[:3] == pytest.approx(np.sqrt(np.diag(covariance))[:3])

    @pytest.mark.parametrize("model", ["re", "between"])
    @pytest.mark.parametrize("effects", ["entity", "twoway"])
    def test_drivers_that_others_make_up_change_no_estimate(self, panel, model, effects):
        """As fixed effects leave them out: a driver in other units, and one value in every row."""
        again = {"metres": 2 * panel.columns["x1"] + 1, "one": np.full(280, 3.0)}
        wide = FeatureTable({**panel.columns, **again}, ("x", "y"))
        how = dict(entity="cell", time="year", effects=effects, covariance="cluster", model=model, compare=True)
        alone = run_panel_regression(panel, PanelChoice("value", ("x1", "x2"), **how))
        run = run_panel_regression(wide, PanelChoice("value", ("x1", "x2", "metres", "one"), **how))
        assert [term.term for term in run.result.terms] == ["const", "x1", "x2"]
        assert numbers(run.result.terms) == pytest.approx(numbers(alone.result.terms))
        assert numbers(run.result.terms, "std_error") == pytest.approx(numbers(alone.result.terms, "std_error"))
        assert [(item.what, item.reason) for item in run.result.dropped] == [
            ("driver metres", "made up of x1"),
            ("driver one", "the same value in every row"),
        ]

    def test_random_effects_keep_a_driver_that_never_changes_and_leave_out_one_all_cells_share(self, panel):
        height = panel.columns["cell"].astype(float) ** 2
        shared = np.sin(panel.columns["year"].astype(float))
        wide = FeatureTable({**panel.columns, "height": height, "shared": shared}, ("x", "y"))
        how = dict(entity="cell", time="year", effects="twoway", covariance="cluster", model="re")
        run = run_panel_regression(wide, PanelChoice("value", ("x1", "height", "shared"), **how))
        assert [term.term for term in run.result.terms] == ["const", "x1", "height"]
        assert [item.what for item in run.result.dropped] == ["driver shared"]
        assert run.result.notes[0].startswith("re: random effects of 56 cells")
        assert not any("factor" in note for note in run.result.notes), "a factor of the errors of the fixed effects"

    def test_a_run_tells_the_model_and_compares(self, panel):
        choice = PanelChoice("value", ("x1", "x2"), "cell", "year", "entity", "iid", model="re", compare=True)
        run = run_panel_regression(panel, choice)
        assert [row[0] for row in run.terms().rows] == ["const", "x1", "x2"]
        assert {row[-1] for row in run.terms().rows} == {"re"}
        assert [model.model for model in run.models] == ["fe", "re", "pooled", "between"]
        assert run.models_table().columns[0].name == "model" and len(run.models_table().rows) == 2 + 3 + 3 + 3
        fitted = run.result.fitted
        assert fitted == pytest.approx(1.21431304 + panel.columns["x1"] * 1.31692091 - panel.columns["x2"] * 0.43678718)

    def test_what_does_not_change_is_held_by_random_effects(self, panel):
        table = panel.with_column("height", np.round(panel.columns["cell"] ** 0.5, 3))
        choice = PanelChoice("value", ("x1", "height"), "cell", "year", "entity", "iid")
        assert "height" not in [term.term for term in run_panel_regression(table, choice).result.terms]
        choice = PanelChoice("value", ("x1", "height"), "cell", "year", "entity", "iid", model="re")
        assert "height" in [term.term for term in run_panel_regression(table, choice).result.terms]

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"model": "pooled"}, "MODEL pooled has no effects, and EFFECTS is twoway"),
            ({"model": "re", "effects": "time"}, "MODEL re needs EFFECTS entity or twoway"),
            ({"model": "between", "entity": None, "effects": "none", "covariance": "robust"}, "need ENTITY"),
            ({"model": "gmm"}, "MODEL 'gmm' is not known"),
        ],
    )
    def test_contradictions(self, panel, changes, words):
        choice = {"entity": "cell", "time": "year", **changes}
        with pytest.raises(InputError, match=words):
            run_panel_regression(panel, PanelChoice("value", ("x1", "x2"), **choice))

    def test_pooled_is_no_effects(self, panel):
        choice = {"entity": "cell", "time": "year", "effects": "none"}
        one = run_panel_regression(panel, PanelChoice("value", ("x1",), **choice, model="pooled"))
        other = run_panel_regression(panel, PanelChoice("value", ("x1",), **choice))
        assert one.terms() == other.terms() and one.model == "pooled"


class TestTerms:
    def test_what_is_written(self):
        drivers, made = parse_terms("gdp^2 + gdp:rain + lag(heat) + lag(rain, 2) + soil", ["rain"])
        assert drivers == ("rain", "gdp", "soil")
        assert made == (
            Made("power", ("gdp",), 2),
            Made("product", ("gdp", "rain")),
            Made("lag", ("heat",), 1),
            Made("lag", ("rain",), 2),
        )
        assert parse_terms("", ["rain"]) == (("rain",), ())
        assert parse_terms("gdp:gdp", [])[1] == (Made("power", ("gdp",), 2),)

    @pytest.mark.parametrize("text", ["gdp^4", "gdp^x", "^2", "a:b:c", "a:", "lag(a, 0)"])
    def test_what_cannot_be_read(self, text):
        with pytest.raises(InputError, match="TERMS holds"):
            parse_terms(text, ["a"])

    def test_a_lag_is_the_year_before_of_the_same_cell(self):
        table = {
            "c": [2, 1, 2, 1, 2],
            "t": [2005, 2000, 2000, 2005, 2010],
            "y": [1.0, 2, 3, 4, 6],
            "x": [10.0, 20, 30, 40, 50],
        }
        rows = read_observations(table, "y", ["x"], "c", "t")
        assert previous_rows(rows).tolist() == [2, -1, -1, 1, 0]
        assert previous_rows(rows, 2).tolist() == [-1, -1, -1, -1, 2]

    def test_lagged_drivers_lose_the_first_year_and_need_none_of_their_own(self, panel):
        choice = PanelChoice("value", ("x1",), "cell", "year", "entity", "iid", terms="lag(x2)")
        run = run_panel_regression(panel, choice)
        assert [term.term for term in run.result.terms] == ["x1", "lag(x2, 1)"]
        assert run.result.n == 56 * 4
        assert any("no time before them" in item.reason for item in run.observations.dropped)
        # by hand: rows are sorted by year, 56 cells each
        y, x1, x2 = (panel.columns[name].reshape(5, 56) for name in ("value", "x1", "x2"))
        design = np.column_stack([(z - z.mean(axis=0)).ravel() for z in (x1[1:], x2[:-1])])
        target = (y[1:] - y[1:].mean(axis=0)).ravel()
        assert numbers(run.result.terms) == pytest.approx(np.linalg.lstsq(design, target, rcond=None)[0].tolist())

    def test_squares_are_of_the_transformed_field_and_alarm_nobody(self, panel):
        table = panel.with_column("gdp", np.exp(panel.columns["x1"]) + 5)
        choice = PanelChoice(
            "value", ("gdp",), "cell", "year", "entity", "iid", terms="gdp^2", transforms={"gdp": "log"}
        )
        run = run_panel_regression(table, choice)
        assert [term.term for term in run.result.terms] == ["log(gdp)", "log(gdp)^2"]
        assert not any("collinear" in warning for warning in run.warnings)
        assert run.curves[0].name == "log(gdp)"


class TestTurning:
    def test_curve_of_the_panel(self, panel):
        choice = PanelChoice("value", ("x1", "x2"), "cell", "year", "entity", "iid", terms="x2^2 + x1:x2")
        run = run_panel_regression(panel, choice)
        assert numbers(run.result.terms) == pytest.approx(
            [0.850177026, -0.0348299314, -0.0664007203, -0.0293162217], rel=1e-8
        )
        first = run.turning()[0]
        assert first.at == "x1 = 0 (0)"
        assert (first.turning_point, first.std_error) == pytest.approx((-0.262270734, 1.52338021), rel=1e-7)
        clustered = run_panel_regression(panel, PanelChoice("value", ("x1", "x2"), "cell", "year", "entity",
                                                            terms="x2^2 + x1:x2")).turning()[0]  # fmt: skip
        factor = np.sqrt(56 / 55 * 279 / (280 - 4))
        assert clustered.std_error == pytest.approx(1.31754723 * factor, rel=1e-7)

    def test_an_inverted_u_by_hand(self):
        # slope 6 - 2 x: turns at 3; variances .04 and .01 without covariance
        slope = Slope(np.array([6.0, -2.0]), np.diag([0.04, 0.01]))
        # delta: sqrt(.04 + 9 x .01)/2
        values = np.linspace(0, 4, 41)
        curve = Curve("x", values, (0, 1))
        (found,) = turning_points(curve, np.array([6.0, -1.0]), np.diag([0.04, 0.0025]), 1e9, 0.95)
        assert (found.turning_point, found.std_error) == pytest.approx((3, np.sqrt(0.13) / 2))
        assert found.shape == "inverted_u" and (found.helps_from, found.helps_to) == (0, pytest.approx(3))
        assert found.share_beyond == pytest.approx(100 * 10 / 41)
        # slopes 6 (se .2) at 0 and -2 (se sqrt(.04 + .16)) at 4
        assert found.p_shape == pytest.approx(stats.norm.sf(2 / np.sqrt(0.2)))
        low, high = fieller(slope, 1.959964)
        for end in (low, high):  # there the slope is as far from zero as the interval reaches
            value, error = slope.at(end)
            assert abs(value) == pytest.approx(1.959964 * error)
        assert (found.low, found.high) == pytest.approx((low, high), rel=1e-6)

    def test_a_curve_that_may_be_straight_has_no_end(self):
        curve = Curve("x", np.linspace(0, 4, 9), (0, 1))
        (found,) = turning_points(curve, np.array([6.0, -0.1]), np.diag([0.04, 0.25]), 100, 0.95)
        assert found.low is None and found.high is None
        assert found.shape == "rising" and (found.helps_from, found.helps_to) == (0, 4)

    def test_fieller_covers_as_it_says(self):
        """1000 samples of y = 2 x - x² + e: the turning point 1 lies in 95 % of the intervals, with an error of 0.7 "
        "%."""
        random_numbers = np.random.default_rng(2)
        hit = 0
        for _ in range(1000):
            x = random_numbers.uniform(0, 1.6, 40)
            design = np.column_stack([np.ones(40), x, x**2])
            y = 2 * x - x**2 + random_numbers.normal(0, 0.3, 40)
            inverse = np.linalg.inv(design.T @ design)
            b = inverse @ design.T @ y
            s2 = float(((y - design @ b) ** 2).sum()) / 37
            (found,) = turning_points(Curve("x", x, (1, 2)), b, s2 * inverse, 37, 0.95)
            endless = found.low is None
            slope, error = Slope(np.array([b[1], 2 * b[2]]), s2 * np.array(
                [[inverse[1, 1], 2 * inverse[1, 2]], [2 * inverse[1, 2], 4 * inverse[2, 2]]]
            )).at(1.0)  # fmt: skip
            inside = abs(slope) <= stats.t.ppf(0.975, 37) * error if endless else found.low <= 1 <= found.high
            hit += inside
        assert 0.93 <= hit / 1000 <= 0.97

    def test_a_cube_turns_twice(self):
        # slope (x - 1)(x - 3) = 3 - 4 x + x²: b = 3, -2, 1/3
        curve = Curve("x", np.linspace(0, 4, 41), (0, 1, 2))
        found = turning_points(curve, np.array([3, -2, 1 / 3]), np.eye(3) * 1e-6, 100, 0.95)
        assert [row.turning_point for row in found] == pytest.approx([1, 3])
        assert [(row.helps_from, row.helps_to) for row in found] == [(0, pytest.approx(1)), (pytest.approx(3), 4)]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_driver_that_another_bends_is_told_on_the_first_page(tmp_path, language):
    """y = x (1 + z): at the median of z, 0, the slope of x is 1 though x:z has one of its own."""
    generator = np.random.default_rng(3)
    x, z, e = generator.normal(size=(3, 400))
    cell, year = np.repeat(np.arange(100), 4), np.tile(np.arange(4), 100)
    table = FeatureTable({"y": x * (1 + z) + 0.1 * e, "x": x, "z": z, "cell": cell, "year": year})
    choice = PanelChoice("y", ("x", "z"), "cell", "year", terms="x + z + x:z")
    run = run_panel_regression(table, choice)
    told = [sentence for _, sentence in panel_report(run, str(tmp_path), language).sentences]
    names = [sentence for sentence in told if ("x at z =" if language == "en" else "x（z =") in sentence]
    assert len(names) == 1 and "P50" in names[0]
    own = next(term for term in run.result.terms if term.term == "x")
    slope = own.estimate + next(t.estimate for t in run.result.terms if ":" in t.term) * np.median(z)
    assert f"{slope * own.standardised / own.estimate:.3f}" in names[0]


class TestSerial:
    def test_xtserial_and_bhargava(self, observations):
        result = panel_regression(observations, "entity", "iid")
        first, second = serial_tests(observations, result.residuals, year_effects=False)
        assert (first.test, first.statistic, first.p, first.df2) == (
            "wooldridge_ar", pytest.approx(33.8172875, rel=1e-8), pytest.approx(3.19241e-07, rel=1e-5), 55,
        )  # fmt: skip
        assert (second.test, second.statistic) == ("bhargava_dw", pytest.approx(1.23873513, rel=1e-8))

    def test_tests_are_among_those_of_a_run(self, panel):
        choice = PanelChoice("value", ("x1",), "cell", "year")
        names = [test.test for test in run_panel_regression(panel, choice).all_tests()]
        assert {"wooldridge_ar", "bhargava_dw"} <= set(names)
        without = run_panel_regression(panel, PanelChoice("value", ("x1",), "cell", "year", ar_test=False))
        assert "wooldridge_ar" not in [test.test for test in without.all_tests()]

    def test_two_years_are_too_few(self):
        table = {
            "c": np.repeat(np.arange(5), 2),
            "t": np.tile([1, 2], 5),
            "y": np.arange(10.0) ** 2,
            "x": np.arange(10.0),
        }
        assert serial_tests(read_observations(table, "y", ["x"], "c", "t"), np.zeros(10), False) == ()

    def test_wooldridge_does_not_know_the_units_of_drivers(self):
        rows = read_observations(case("panel_lag"), "value", ["x1", "x2"], "cell", "year")
        apart = replace(rows, x=rows.x * [1e12, 1e-9])
        assert wooldridge(apart).statistic == pytest.approx(wooldridge(rows).statistic, rel=1e-9)

    def test_an_exact_fit_has_no_errors_that_could_last(self):
        x = np.random.default_rng(1).integers(0, 9, 100).astype(float)
        columns = {"x": x, "y": 2 * x, "cell": np.repeat(np.arange(20), 5), "year": np.tile(np.arange(5), 20)}
        assert wooldridge(read_observations(columns, "y", ["x"], "cell", "year")) is None

    def test_wooldridge_keeps_its_level(self):
        """400 panels of 60 cells and 4 years without errors that last: 5 % with a binomial error of 1.1 %."""
        random_numbers = np.random.default_rng(6)
        low = 0
        for _ in range(400):
            cell, year = np.repeat(np.arange(60), 4), np.tile(np.arange(4), 60)
            x = random_numbers.normal(size=240)
            y = x + random_numbers.normal(size=60)[cell] + random_numbers.normal(size=240)
            rows = read_observations({"c": cell, "t": year, "y": y, "x": x}, "y", ["x"], "c", "t")
            low += wooldridge(rows).p < 0.05
        assert 0.02 <= low / 400 <= 0.085
