"""Panel regression against published numbers, dummy-variable regression, and pencil and paper."""

import numpy as np
import pytest

from ecoassets.core.drivers.observations import Observations, read_observations
from ecoassets.core.drivers.panel.effects import Groups, Projection
from ecoassets.core.drivers.panel.regression import panel_regression

# Rounding of the libraries and ours; nothing here is iterative.
EXACT = 1e-9


@pytest.fixture(scope="module")
def grunfeld() -> Observations:
    """Grunfeld's investment data, the 10 firms of the published tables."""
    data = pytest.importorskip("statsmodels.datasets").grunfeld.load_pandas().data
    data = data[data.firm != "American Steel"]
    columns = {name: data[name].to_numpy() for name in data}
    return read_observations(columns, "invest", ["value", "capital"], "firm", "year")


def unbalanced(seed=0, entities=12, times=6, share=0.7, k=3, effect=3.0):
    """A random panel with gaps, unequal errors, and effects that go along with the first driver."""
    rng = np.random.default_rng(seed)
    entity, time = [column.ravel() for column in np.meshgrid(range(entities), range(2000, 2000 + times), indexing="ij")]
    kept = rng.random(entity.size) < share
    entity, time = entity[kept], time[kept]
    x = rng.normal(size=(entity.size, k))
    x[:, 0] += 0.5 * entity + 0.3 * (time - 2000)
    y = x @ np.arange(1, k + 1) + effect * np.sin(entity) - 0.4 * (time - 2000) ** 2
    y += rng.normal(size=entity.size) * (1 + 0.2 * entity)
    columns = {f"x{j}": x[:, j] for j in range(k)}
    return {**columns, "y": y, "cell": entity, "year": time}


def read(columns, **others):
    drivers = [name for name in columns if name.startswith("x")]
    return read_observations(columns, "y", drivers, "cell", "year", **others)


def dummies(rows, effects):
    """Columns of ones and zeros for each entity and time that has a row."""
    blocks = [np.ones((rows.n, 1))]
    if effects in ("entity", "twoway"):
        blocks.append(rows.entity[:, None] == np.arange(len(rows.entities)))
    if effects in ("time", "twoway"):
        blocks.append(rows.time[:, None] == np.arange(len(rows.times)))
    return np.column_stack(blocks).astype(float)


def dummy_regression(rows, effects):
    """Slopes, their iid and HC1 standard errors and the residuals, by ordinary least squares with every dummy."""
    design = np.column_stack([rows.x, dummies(rows, effects)])
    inverse = np.linalg.pinv(design.T @ design)
    slopes = inverse @ (design.T @ rows.y)
    residuals = rows.y - design @ slopes
    df = rows.n - np.linalg.matrix_rank(design)
    k = rows.x.shape[1]
    iid = np.sqrt(np.diag(inverse)[:k] * (residuals @ residuals) / df)
    meat = (design * residuals[:, None] ** 2).T @ design
    robust = np.sqrt(np.diag(inverse @ meat @ inverse)[:k] * rows.n / df)
    return slopes[:k], iid, robust, residuals, df


def estimates(result):
    return [term.estimate for term in result.terms]


def std_errors(result):
    return [term.std_error for term in result.terms]


def statistic(result, name):
    return next(test for test in result.tests if test.test == name)


# --- by hand ---


def test_two_cells_and_two_years_by_hand():
    # Entity means out: x~ = -1, 1, -2, 2; y~ = -2, 2, -3, 3. b = (2+2+6+6)/(1+1+4+4) = 1.6.
    # RSS = 2 (0.4^2) + 2 (0.2^2) = 0.4, TSS = 26: R2 = 1 - 0.4/26. a = mean y - 1.6 mean x.
    columns = {"cell": [1, 1, 2, 2], "year": [2000, 2005] * 2, "y": [1.0, 5, 10, 16], "x": [0.0, 2, 3, 7]}
    result = panel_regression(read(columns), "entity", "iid")
    (term,) = result.terms
    assert term.estimate == pytest.approx(1.6)
    assert term.std_error == pytest.approx(np.sqrt(0.4 / (4 - 1 - 2) / 10))
    assert result.r2_within == pytest.approx(1 - 0.4 / 26)
    assert result.residuals == pytest.approx([-0.4, 0.4, 0.2, -0.2])
    # sd(x~)/sd(y~) = sqrt(10/26)
    assert term.standardised == pytest.approx(1.6 * np.sqrt(10 / 26))


def test_interval_holds_the_t_quantile():
    columns = {"cell": [1, 1, 2, 2], "year": [2000, 2005] * 2, "y": [1.0, 5, 10, 16], "x": [0.0, 2, 3, 7]}
    (term,) = panel_regression(read(columns), "entity", "iid", confidence=0.9).terms
    # t(1) is the Cauchy distribution: its 95 % quantile is tan(0.45 pi).
    assert term.high - term.estimate == pytest.approx(np.tan(0.45 * np.pi) * term.std_error)
    assert term.p == pytest.approx(1 - 2 * np.arctan(term.t) / np.pi)


# --- published ---


def test_grunfeld_entity_effects_as_published(grunfeld):
    result = panel_regression(grunfeld, "entity", "cluster")
    # Baltagi 2021, table 2.1: .1101 (.0119), .3101 (.0174).
    assert estimates(result) == pytest.approx([0.1101238, 0.3100653], abs=1e-7)
    # plm, vcovHC(type = "sss"): G/(G-1) (n-1)/(n-k), effects nested in the clusters not counted.
    assert std_errors(result)[0] == pytest.approx(0.015156, abs=5e-7)
    # plm HC0 has no factor: .014342; linearmodels, debiased: .014414.
    assert std_errors(result)[0] / np.sqrt(10 / 9 * 199 / 198) == pytest.approx(0.014342, abs=5e-7)
    assert std_errors(result)[0] / np.sqrt(10 / 9 * 199 / 198 * 198 / 200) == pytest.approx(0.014414, abs=5e-7)


@pytest.mark.parametrize(
    ("effects", "covariance", "expected"),
    [
        # pyfixest 0.60.0, feols(invest ~ value + capital | ...), vcov iid, hetero, DK with lag 2.
        ("entity", "iid", [0.01185669, 0.0173545]),
        ("twoway", "iid", [0.01375128, 0.02271901]),
        ("time", "iid", [0.0063313, 0.03229611]),
        ("entity", "robust", [0.01937803, 0.04279501]),
        ("twoway", "robust", [0.01917992, 0.05440266]),
        ("time", "robust", [0.0066825, 0.05752027]),
        ("entity", "driscoll_kraay", [0.01866879, 0.036755]),
        ("twoway", "driscoll_kraay", [0.02275224, 0.06213518]),
        ("time", "cluster", [0.01803855, 0.10393422]),
    ],
)
def test_grunfeld_standard_errors_of_pyfixest(grunfeld, effects, covariance, expected):
    assert std_errors(panel_regression(grunfeld, effects, covariance, lags=2)) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize(
    ("effects", "cluster", "nested", "expected"),
    [
        # pyfixest 0.60.0, CRV1; it counts one parameter for effects nested in the clusters, we count none.
        ("entity", ("firm",), 2, [0.01519449, 0.05275177]),
        ("twoway", ("firm",), 21, [0.01082443, 0.0478484]),
    ],
)
def test_grunfeld_clustered_standard_errors_of_pyfixest(grunfeld, effects, cluster, nested, expected):
    result = panel_regression(grunfeld, effects, "cluster", cluster=cluster)
    one_more = np.sqrt((200 - nested) / (200 - nested - 1))
    assert np.array(std_errors(result)) * one_more == pytest.approx(expected, abs=1e-8)


def test_grunfeld_two_way_clusters_of_pyfixest(grunfeld):
    # pyfixest 0.60.0, entity effects, CRV1 firm + year; K = 3 there and 2 here.
    result = panel_regression(grunfeld, "entity", "cluster", cluster=("firm", "year"))
    assert np.array(std_errors(result)) * np.sqrt(198 / 197) == pytest.approx([0.01171118, 0.04358999], abs=1e-8)


def test_grunfeld_hausman_as_published(grunfeld):
    test = statistic(panel_regression(grunfeld, "entity"), "hausman")
    # plm, phtest: chisq = 2.3304, df = 2, p-value = 0.3119.
    assert test.statistic == pytest.approx(2.3304, abs=5e-5)
    assert test.df == 2
    assert test.p == pytest.approx(0.3119, abs=5e-5)


def test_grunfeld_tests_as_published(grunfeld):
    result = panel_regression(grunfeld, "entity")
    # linearmodels 7.1, PanelOLS.f_pooled: F(9, 188) = 49.1766.
    effects = statistic(result, "f_effects")
    assert (effects.statistic, effects.df, effects.df2) == (pytest.approx(49.1766, abs=5e-5), 9, 188)
    # Baltagi 2021, table 4.1: Breusch-Pagan LM for individual effects 798.162.
    assert statistic(result, "breusch_pagan_lm").statistic == pytest.approx(798.162, abs=5e-4)
    # Baltagi 2021, section 2.4: F of slopes 309.01 with (2, 188).
    assert statistic(result, "f_slopes").statistic == pytest.approx(309.014, abs=5e-4)


def test_two_way_within_r2_takes_the_same_effects_from_y(grunfeld):
    # Trap: linearmodels' rsquared_within takes out entity means only. plm and pyfixest (0.60.0, wr2) take both.
    assert panel_regression(grunfeld, "twoway").r2_within == pytest.approx(0.7201452129, abs=1e-10)
    assert panel_regression(grunfeld, "entity").r2_within == pytest.approx(0.7667575837, abs=1e-10)


def test_adjusted_within_r2_of_plm(grunfeld):
    # plm, summary of the within model: Adj. R-Squared 0.75311 = 1 - (1 - .76676) 199/188.
    assert panel_regression(grunfeld, "entity").r2_within_adjusted == pytest.approx(0.75311, abs=5e-6)


# --- independent: dummies ---


@pytest.mark.parametrize("effects", ["entity", "time", "twoway", "none"])
def test_unbalanced_panel_equals_dummy_regression(effects):
    rows = read(unbalanced())
    slopes, iid, robust, residuals, df = dummy_regression(rows, effects)
    result = panel_regression(rows, effects, "iid")
    assert result.df == df
    assert estimates(result)[-3:] == pytest.approx(slopes, rel=EXACT)
    assert std_errors(result)[-3:] == pytest.approx(iid, rel=EXACT)
    assert result.residuals == pytest.approx(residuals, abs=1e-9)
    assert std_errors(panel_regression(rows, effects, "robust"))[-3:] == pytest.approx(robust, rel=EXACT)


def test_two_way_effects_are_not_double_demeaning_when_unbalanced():
    # Trap: x - entity mean - time mean + mean is wrong with gaps, visibly so.
    rows = read(unbalanced())
    x, y = [
        v - Groups(rows.entity, 12).means(v)[rows.entity] - Groups(rows.time, 6).means(v)[rows.time] + v.mean(axis=0)
        for v in (rows.x, rows.y[:, None])
    ]
    naive = np.linalg.lstsq(x, y, rcond=None)[0].ravel()
    exact = dummy_regression(rows, "twoway")[0]
    assert np.abs(naive - exact).max() > 0.01
    assert estimates(panel_regression(rows, "twoway")) == pytest.approx(exact, rel=EXACT)


def test_more_times_than_entities():
    rows = read(unbalanced(entities=4, times=30, share=0.9))
    slopes, iid, _, residuals, _ = dummy_regression(rows, "twoway")
    result = panel_regression(rows, "twoway", "iid")
    assert estimates(result) == pytest.approx(slopes, rel=EXACT)
    assert std_errors(result) == pytest.approx(iid, rel=EXACT)
    assert result.residuals == pytest.approx(residuals, abs=1e-9)


@pytest.mark.parametrize("effects", ["entity", "time", "twoway"])
def test_effects_leave_residuals_that_add_up_to_nothing(effects):
    rows = read(unbalanced())
    result = panel_regression(rows, effects)
    assert result.fitted + result.residuals == pytest.approx(rows.y)
    if effects != "time":
        assert np.bincount(rows.entity, weights=result.residuals) == pytest.approx(0, abs=1e-9)
    if effects != "entity":
        assert np.bincount(rows.time, weights=result.residuals) == pytest.approx(0, abs=1e-9)


def test_constant_of_the_pooled_regression_and_its_clustered_error():
    rows = read(unbalanced())
    result = panel_regression(rows, "none", "cluster")
    design = np.column_stack([np.ones(rows.n), rows.x])
    inverse = np.linalg.inv(design.T @ design)
    slopes = inverse @ design.T @ rows.y
    scores = design * (rows.y - design @ slopes)[:, None]
    sums = np.array([scores[rows.entity == g].sum(axis=0) for g in range(12)])
    expected = 12 / 11 * (rows.n - 1) / (rows.n - 4) * inverse @ sums.T @ sums @ inverse
    assert result.terms[0].term == "const"
    assert estimates(result) == pytest.approx(slopes, rel=EXACT)
    assert std_errors(result) == pytest.approx(np.sqrt(np.diag(expected)), rel=EXACT)


def test_huge_means_do_no_harm():
    columns = unbalanced()
    shifted = {**columns, "x0": columns["x0"] + 1e9, "y": columns["y"] - 1e9}
    plain, moved = (panel_regression(read(c), "twoway", "iid") for c in (columns, shifted))
    # Numbers of 1e9 hold 1e-7, so the data themselves have moved by that much.
    assert estimates(moved) == pytest.approx(estimates(plain), rel=1e-6)
    assert std_errors(moved) == pytest.approx(std_errors(plain), rel=1e-6)


def test_conjugate_gradients_agree_with_the_direct_solution(monkeypatch):
    rows = read(unbalanced(entities=40, times=30, share=0.15))
    direct = panel_regression(rows, "twoway", "iid")
    monkeypatch.setattr("ecoassets.core.drivers.panel.effects.LARGEST_DENSE", 1)
    iterated = panel_regression(rows, "twoway", "iid")
    assert estimates(iterated) == pytest.approx(estimates(direct), rel=1e-8)
    assert any("conjugate gradients, converged in" in note for note in iterated.notes)


def test_two_way_effects_that_do_not_converge_are_reported(monkeypatch):
    monkeypatch.setattr("ecoassets.core.drivers.panel.effects.LARGEST_DENSE", 1)
    monkeypatch.setattr("ecoassets.core.drivers.panel.effects.MOST_STEPS", 2)
    result = panel_regression(read(unbalanced(entities=40, times=30, share=0.15)), "twoway", "iid")
    assert any("did not converge in 2 steps" in warning for warning in result.warnings)


def test_panel_in_two_parts_counts_its_parameters():
    # Cells 0-5 only in the first three years, cells 6-11 only in the last three: rank of the dummies is N + T - 2.
    columns = unbalanced(share=1.0)
    kept = (columns["cell"] < 6) == (columns["year"] < 2003)
    rows = read({name: values[kept] for name, values in columns.items()})
    slopes, iid, _, _, df = dummy_regression(rows, "twoway")
    result = panel_regression(rows, "twoway", "iid")
    assert result.df == df == 36 - 3 - (12 + 6 - 2)
    assert std_errors(result) == pytest.approx(iid, rel=EXACT)
    assert any("2 parts" in note for note in result.notes)


def test_projection_by_random_effects_is_the_share_of_the_mean():
    # Shares 0 and 1: the first cell keeps its mean, the second loses it.
    entity = Groups(np.array([0, 0, 1, 1]), 2)
    left = Projection(entity, share=np.array([0.0, 1.0]))(np.array([[1.0], [3.0], [10.0], [20.0]]))
    assert left[:, 0].tolist() == [1, 3, -5, 5]


# --- R2 and collinearity ---


def test_between_and_overall_r2_are_squared_correlations():
    rows = read(unbalanced())
    result = panel_regression(rows, "twoway")
    linear = rows.x @ estimates(result)
    means = [[v[rows.entity == g].mean() for g in range(12)] for v in (rows.y, linear)]
    assert result.r2_between == pytest.approx(np.corrcoef(means)[0, 1] ** 2)
    assert result.r2_overall == pytest.approx(np.corrcoef(rows.y, linear)[0, 1] ** 2)


def test_inflation_is_that_of_a_regression_with_a_constant():
    # Trap: without a constant a driver with a large mean looks collinear with everything.
    columns = unbalanced()
    columns["x1"] = columns["x1"] + 1000
    rows = read(columns)
    result = panel_regression(rows, "entity")
    for which, design in (("vif", np.ones((rows.n, 1))), ("vif_within", dummies(rows, "entity"))):
        for j, term in enumerate(result.terms):
            others = np.column_stack([np.delete(rows.x, j, axis=1), design])
            left = rows.x[:, j] - others @ np.linalg.lstsq(others, rows.x[:, j], rcond=None)[0]
            alone = rows.x[:, j] - design @ np.linalg.lstsq(design, rows.x[:, j], rcond=None)[0]
            assert getattr(term, which) == pytest.approx((alone @ alone) / (left @ left), rel=1e-6)
    assert result.terms[1].vif < 1.5


def test_condition_number_of_scaled_demeaned_drivers():
    rows = read(unbalanced())
    x = rows.x - Groups(rows.entity, 12).means(rows.x)[rows.entity]
    values = np.linalg.svd(x / np.linalg.norm(x, axis=0), compute_uv=False)
    result = panel_regression(rows, "entity")
    assert statistic(result, "condition_number").statistic == pytest.approx(values[0] / values[-1])
