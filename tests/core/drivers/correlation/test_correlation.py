"""Correlations against R's values, a pencil and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from ecoassets.core.drivers.correlation.effective import CLASSES, Distances, effective_rows
from ecoassets.core.drivers.correlation.matrix import correlations, p_of_t
from ecoassets.core.drivers.correlation.report import side_by_side
from ecoassets.core.drivers.correlation.run import CorrelationChoice, run_correlation_matrix
from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.errors import InputError
from ecoassets.tests.core.drivers.cases import case

FIELDS = ("CRIME", "INC", "HOVAL", "DISCBD")


@pytest.fixture(scope="module")
def columbus():
    table = case("columbus")
    return FeatureTable(table, ("x", "y")), np.column_stack([table[name] for name in FIELDS])


def test_pearson_spearman_and_kendall_of_columbus(columbus):
    _, values = columbus
    pearson = correlations(values)
    assert pearson.r[0] == pytest.approx([1, -0.695589773, -0.574486747, -0.740782524], abs=1e-9)
    assert pearson.p[0, 1] == pytest.approx(2.901025008645498e-08, rel=1e-9)
    spearman = correlations(values, "spearman")
    assert spearman.r[0] == pytest.approx([1, -0.735204082, -0.613979592, -0.787356178], abs=1e-9)
    kendall = correlations(values, "kendall")
    assert (kendall.r[0, 1], kendall.p[0, 1]) == pytest.approx((-0.588435374, 2.44744611e-09), rel=1e-8)


def test_partial_correlations_of_columbus(columbus):
    _, values = columbus
    found = correlations(values)
    assert found.partial[0] == pytest.approx([1, -0.402793618, -0.268774274, -0.518313126], abs=1e-9)
    assert found.partial_p[0, 1] == pytest.approx(0.00499984066, rel=1e-8)
    assert correlations(values, "spearman").partial[0, 1] == pytest.approx(-0.41150770024, abs=1e-9)
    assert np.isnan(correlations(values, "kendall").partial_p[0, 1])


def test_partial_correlation_is_that_of_residuals(columbus):
    _, values = columbus
    held = np.column_stack([np.ones(49), values[:, 2:]])
    left = values[:, :2] - held @ np.linalg.lstsq(held, values[:, :2], rcond=None)[0]
    found = correlations(values[:, :2], held=values[:, 2:])
    assert found.partial[0, 1] == pytest.approx(np.corrcoef(left.T)[0, 1])
    assert found.partial[0, 1] == pytest.approx(correlations(values).partial[0, 1])


def test_partial_correlation_by_pencil():
    # r12 .8, r13 .6, r23 .5: (.8 - .3)/sqrt(.64 .75)
    root = np.linalg.cholesky(np.array([[1, 0.8, 0.6], [0.8, 1, 0.5], [0.6, 0.5, 1]]))
    whitened = np.linalg.qr(np.random.default_rng(1).normal(size=(30, 3)) - 0)[0]
    whitened -= whitened.mean(axis=0)
    whitened = np.linalg.qr(whitened)[0] * np.sqrt(30)
    found = correlations(whitened @ root.T)
    assert found.partial[0, 1] == pytest.approx(0.5 / np.sqrt(0.48))


def test_fields_that_make_each_other_up_have_no_partial_correlation_and_no_end_of_inflation():
    x, z = np.random.default_rng(2).normal(size=(2, 40))
    found = correlations(np.column_stack([x, z, x + z]))
    assert np.isnan(found.partial[0, 1]) and np.isinf(found.vif).all()


def test_effective_rows_by_dense_matrices():
    """The formula of Dutilleul with the n x n matrices written out."""
    random = np.random.default_rng(3)
    place = random.random((40, 2))
    first, second = place[:, 0] + random.normal(size=40) * 0.2, place.sum(axis=1) + random.normal(size=40) * 0.2
    distances = Distances.of(place)
    products = [distances.covariances(values) for values in (first, second)]
    sx, sy = (found[distances.classes] for found in products)
    b = np.eye(40) - 1 / 40
    expected = 1 + np.trace(b @ sx) * np.trace(b @ sy) / np.trace(b @ sx @ b @ sy)
    assert effective_rows(*products, distances) == pytest.approx(np.clip(expected, 3, 40))
    z = first - first.mean()
    near = distances.classes == 1
    assert products[0][1] == pytest.approx(np.mean(np.outer(z, z)[near]))
    assert distances.classes.max() == CLASSES


def test_p_of_independent_rows_keeps_its_level_where_the_plain_one_does_not():
    """200 pairs of unrelated smooth fields: 5 % with a binomial error of 1.5 %; the plain p rejects most."""
    random = np.random.default_rng(1)
    side, reach = 16, 3
    place = np.column_stack([axis.ravel() for axis in np.meshgrid(np.arange(side), np.arange(side))]).astype(float)
    distances = Distances.of(place)

    def smooth():
        noise = random.normal(size=(side + reach, side + reach))
        windows = np.lib.stride_tricks.sliding_window_view(noise, (reach, reach))
        return windows[:side, :side].mean(axis=(2, 3)).ravel()

    plain, effective = [], []
    for _ in range(200):
        first, second = smooth(), smooth()
        r = np.corrcoef(first, second)[0, 1]
        rows = effective_rows(distances.covariances(first), distances.covariances(second), distances)
        plain.append(p_of_t(r, len(first) - 2) < 0.05)
        effective.append(p_of_t(r, rows - 2) < 0.05)
    assert np.mean(plain) > 0.2
    assert 0.01 <= np.mean(effective) <= 0.1


def test_more_places_than_are_drawn_give_nearly_the_same(monkeypatch):
    random = np.random.default_rng(5)
    place = random.random((900, 2)) * 10
    first = np.sin(place[:, 0]) + random.normal(size=900) * 0.3
    second = np.cos(place[:, 1]) + random.normal(size=900) * 0.3
    whole = Distances.of(place)
    monkeypatch.setattr("ecoassets.core.drivers.correlation.effective.MOST_PLACES", 450)
    drawn = Distances.of(place)
    every, half = (
        effective_rows(found.covariances(first), found.covariances(second), found) for found in (whole, drawn)
    )
    assert len(drawn.places) == 450 and half == pytest.approx(every, rel=0.25)


def test_a_run_by_year_and_over_all_years():
    panel = case("panel_lag")
    choice = CorrelationChoice(("value", "x1", "x2"), time="year")
    run = run_correlation_matrix(FeatureTable(panel, ("x", "y")), choice)
    assert list(run.by_year) == ["2000", "2005", "2010", "2015", "2020", None]
    of_year = panel["year"] == 2010
    row = next(row for row in run.pairs() if (row.year, row.field_b) == ("2010", "x1"))
    assert (row.r, row.p) == pytest.approx(stats.pearsonr(panel["value"][of_year], panel["x1"][of_year]))
    assert 3 <= row.n_effective <= row.n == 56 and row.p_effective > row.p
    within = {name: panel[name].copy() for name in ("value", "x1")}
    for year in np.unique(panel["year"]):
        for values in within.values():
            values[panel["year"] == year] -= values[panel["year"] == year].mean()
    whole = next(row for row in run.pairs() if (row.year, row.field_b) == (None, "x1"))
    assert whole.r == pytest.approx(np.corrcoef(within["value"], within["x1"])[0, 1])
    assert [column.name for column in run.table().columns] == [
        *("field_a", "field_b", "year", "method", "r", "p", "n", "n_effective", "p_effective", "partial_r", "partial_p")
    ]


def test_rows_without_places_have_no_effective_number(columbus):
    table, _ = columbus
    run = run_correlation_matrix(FeatureTable(table.columns), CorrelationChoice(FIELDS))
    assert all(row.n_effective is None and row.p_effective is None for row in run.pairs())


def test_fields_that_go_together_stand_side_by_side():
    a, b = np.random.default_rng(6).normal(size=(2, 100))
    noise = np.random.default_rng(7).normal(size=(2, 100)) * 0.1
    found = correlations(np.column_stack([a, b, -a + noise[0], b + noise[1]]))
    order = side_by_side(found)
    assert abs(order.index(0) - order.index(2)) == 1 and abs(order.index(1) - order.index(3)) == 1


@pytest.mark.parametrize(
    ("fields", "changes", "words"),
    [
        (("CRIME",), {}, "FIELDS names 1 field"),
        (("CRIME", "INC"), {"partial": ("INC",)}, "'INC' is used twice"),
        (("CRIME", "INC"), {"method": "cosine"}, "METHOD 'cosine' is not known"),
        (("CRIME", "level"), {}, "'level' is the same in all 49 rows"),
    ],
)
def test_what_cannot_be_correlated(columbus, fields, changes, words):
    table, _ = columbus
    table = table.with_column("level", np.full(49, 3.0))
    with pytest.raises(InputError, match=words):
        run_correlation_matrix(table, CorrelationChoice(fields, **changes))


def blanks(run):
    return [warning for warning in run.warnings if "Partial correlations are blank" in warning]


def test_missing_partial_correlations_are_told_with_their_fields():
    a, b, c = np.random.default_rng(8).normal(size=(3, 50))
    table = FeatureTable({"a": a, "b": b, "c": c, "twice": 2 * c + 1, "sum": a + c})
    (told,) = blanks(run_correlation_matrix(table, CorrelationChoice(("a", "b", "c", "twice"))))
    assert "all pairs: c and twice make each other up in the 50 rows" in told
    run = run_correlation_matrix(table, CorrelationChoice(("a", "b", "sum"), partial=("c",)))
    (told,) = blanks(run)
    assert "blank for a - sum: a, sum and c make each other up" in told
    assert {(row.field_a, row.field_b) for row in run.pairs() if row.partial_r is None} == {("a", "sum")}
    assert blanks(run_correlation_matrix(table, CorrelationChoice(("a", "b", "c")))) == []


def test_too_few_rows_for_a_partial_correlation_are_told_by_year():
    values = np.random.default_rng(9).normal(size=(5, 26))
    years = np.repeat([2000, 2010], [5, 21])
    table = FeatureTable({**dict(zip("abcde", values)), "year": years})
    (told,) = blanks(run_correlation_matrix(table, CorrelationChoice(tuple("abcde"), time="year")))
    assert told.startswith("2000: ") and "5 rows are too few, they take 6 or more" in told
    with pytest.raises(InputError, match="at least 4 rows; there are 3 of 2000. Leave out that year"):
        run_correlation_matrix(FeatureTable({"a": values[0, 2:], "b": values[1, 2:], "year": years[2:]}),
                               CorrelationChoice(("a", "b"), time="year"))  # fmt: skip


def test_tests_over_all_years_know_that_a_mean_of_each_was_taken_out():
    """r of values less their mean of the year is the partial correlation with the years held constant."""
    random = np.random.default_rng(10)
    year = np.repeat([1, 2, 3, 4], 4)
    a, b, c = random.normal(size=(3, 16)) + year
    run = run_correlation_matrix(FeatureTable({"a": a, "b": b, "c": c, "year": year}),
                                 CorrelationChoice(("a", "b", "c"), time="year"))  # fmt: skip
    row = next(row for row in run.pairs() if row.year is None and (row.field_a, row.field_b) == ("a", "b"))
    dummies = np.column_stack([year == label for label in np.unique(year)]).astype(float)

    def p_of_slope(*others):
        matrix = np.column_stack([b, *others, dummies])
        slopes, (rss,), _, _ = np.linalg.lstsq(matrix, a, rcond=None)
        error = np.sqrt(rss / (16 - matrix.shape[1]) * np.linalg.inv(matrix.T @ matrix)[0, 0])
        return 2 * stats.t.sf(abs(slopes[0] / error), 16 - matrix.shape[1])

    assert row.p == pytest.approx(p_of_slope()) and row.partial_p == pytest.approx(p_of_slope(c))
