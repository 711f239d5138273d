"""Exact quantile fits: published values, the properties of an optimum, ties, and the agreement of the solvers."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.quantile import solver
from ecoassets.core.drivers.quantile.solver import fit_quantile, make_basis
from ecoassets.core.errors import InputError

# R quantreg, rq(foodexp ~ income, data = engel), to three decimals.
ENGEL = {
    0.05: (124.880, 0.343),
    0.10: (110.142, 0.402),
    0.25: (95.484, 0.474),
    0.50: (81.482, 0.560),
    0.75: (62.397, 0.644),
    0.90: (67.351, 0.686),
    0.95: (64.104, 0.709),
}


def engel():
    datasets = pytest.importorskip("statsmodels.datasets", reason="the Engel data come with statsmodels")
    table = datasets.engel.load_pandas().data
    return table.foodexp.to_numpy(), np.column_stack([np.ones(len(table)), table.income])


def basis_of(x):
    return make_basis(x, tuple(f"x{place}" for place in range(x.shape[1])))


def loss(residuals, quantile):
    return np.sum(residuals * (quantile - (residuals < 0)))


def highs_loss(x, y, quantile):
    """The optimum by one plain linear program on the untransformed dual."""
    from scipy.optimize import linprog

    found = linprog(-y, A_eq=x.T, b_eq=(1 - quantile) * x.sum(axis=0), bounds=(0, 1), method="highs-ds")
    return loss(y + x @ found.eqlin.marginals, quantile)


def assert_optimal(fit, x, quantile):
    """At least k zeros, sign counts around n tau, dual weights that are subgradients, and a closed gap."""
    rows, columns = x.shape
    below, above = np.sum(fit.residuals < 0), np.sum(fit.residuals > 0)
    assert fit.zeros >= columns
    assert below <= rows * quantile + 1e-9 and above <= rows * (1 - quantile) + 1e-9
    assert fit.zeros == rows - below - above
    assert fit.dual[fit.residuals > 0] == pytest.approx(1, abs=1e-6)
    assert fit.dual[fit.residuals < 0] == pytest.approx(0, abs=1e-6)
    size = np.abs(x).sum(axis=0)
    assert (x.T @ fit.dual - (1 - quantile) * x.sum(axis=0)) / size == pytest.approx(0, abs=1e-9)
    assert 0 <= fit.gap < 1e-8 and fit.wrong_signs == 0


@pytest.mark.parametrize("quantile", ENGEL)
def test_engel_coefficients_are_those_of_quantreg(quantile):
    y, x = engel()
    fit = fit_quantile(basis_of(x), y, quantile)
    assert fit.coefficients == pytest.approx(ENGEL[quantile], abs=5.1e-4)
    assert_optimal(fit, x, quantile)


def test_engel_median_to_seven_digits():
    y, x = engel()
    assert fit_quantile(basis_of(x), y, 0.5).coefficients == pytest.approx([81.4822474, 0.5601806], abs=6e-8)


def test_a_constant_alone_gives_the_median():
    y = np.array([5.0, 1.0, 9.0, 2.0, 7.0])
    fit = fit_quantile(basis_of(np.ones((5, 1))), y, 0.5)
    # |5-5| + |1-5| + |9-5| + |2-5| + |7-5| = 13, halved by the check function
    assert fit.coefficients == pytest.approx([5])
    assert fit.objective == pytest.approx(6.5)


def test_an_even_count_takes_one_of_the_two_middle_values():
    """Any median between 2 and 5 is optimal; a vertex passes through a row."""
    fit = fit_quantile(basis_of(np.ones((4, 1))), np.array([1.0, 2.0, 5.0, 9.0]), 0.5)
    assert fit.coefficients[0] == pytest.approx(2) or fit.coefficients[0] == pytest.approx(5)
    assert fit.objective == pytest.approx(5.5)


def responses(rows, seed=1):
    random = np.random.default_rng(seed)
    x = np.column_stack([np.ones(rows), random.normal(size=(rows, 3))])
    classes = np.column_stack([np.ones(rows), random.integers(0, 3, (rows, 3))])
    return {
        "continuous": (x, x @ [1.0, 2, 3, 4] + (1 + 0.3 * np.abs(x[:, 1])) * random.standard_t(4, size=rows)),
        "counts": (x, random.poisson(np.exp(0.3 * x[:, 1])).astype(float)),
        "mostly zero": (x, np.where(random.random(rows) < 0.6, 0, random.exponential(size=rows))),
        "classes on classes": (classes, random.integers(0, 4, rows).astype(float)),
        "far from the origin": (
            x * [1, 0.01, 0.01, 0.01] + [0, 5e3, 5e3, 5e3],
            1e6 + 1e3 * random.standard_cauchy(rows),
        ),
    }


@pytest.mark.parametrize("rows", [60, 3_000, 30_000])
@pytest.mark.parametrize("kind", list(responses(10)))
def test_all_roads_lead_to_the_optimum_of_highs(rows, kind):
    """60 rows go to HiGHS at once, 3000 through the interior point, 30 000 through a subsample as well."""
    x, y = responses(rows)[kind]
    for quantile in (0.1, 0.5, 0.7):
        fit = fit_quantile(basis_of(x), y, quantile)
        assert_optimal(fit, x, quantile)
        if rows <= 3_000:
            assert fit.objective == pytest.approx(highs_loss(x, y, quantile), rel=1e-8)


def test_interior_point_alone_comes_close_to_highs():
    x, y = responses(2_000)["continuous"]
    target = 0.25 * x.sum(axis=0)
    near = solver._frisch_newton(y, x, target)
    assert loss(y - x @ near.b, 0.75) == pytest.approx(highs_loss(x, y, 0.75), rel=1e-8)
    assert np.all((near.a > 0) & (near.a < 1))
    assert x.T @ near.a == pytest.approx(target, rel=1e-8, abs=1e-6)


def test_a_bad_guess_costs_time_but_not_the_answer():
    x, y = responses(3_000)["continuous"]
    basis = basis_of(x)
    cold = fit_quantile(basis, y, 0.3)
    misled = fit_quantile(basis, y, 0.3, guess=np.random.default_rng(5).normal(size=len(y)))
    assert misled.coefficients == pytest.approx(cold.coefficients, rel=1e-9)
    assert misled.gap < 1e-8


def test_weights_are_repeated_rows():
    x, y = responses(300)["continuous"]
    weights = np.random.default_rng(2).integers(0, 4, 300)
    weighted = fit_quantile(basis_of(x), y, 0.4, weights=weights.astype(float))
    repeated = fit_quantile(basis_of(np.repeat(x, weights, axis=0)), np.repeat(y, weights), 0.4)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-12)
    assert weighted.coefficients == pytest.approx(repeated.coefficients, rel=1e-9)


def test_units_and_shifts_carry_over():
    """b(c y + X d) = c b(y) + d, and a driver in metres has a thousandth of the slope of one in kilometres."""
    x, y = responses(500)["continuous"]
    plain = fit_quantile(basis_of(x), y, 0.8).coefficients
    shifted = fit_quantile(basis_of(x), 1e6 * y + x @ [5.0, 6, 7, 8], 0.8).coefficients
    assert shifted == pytest.approx(1e6 * plain + [5, 6, 7, 8], rel=1e-9)
    metres = fit_quantile(basis_of(x * [1, 1000, 1, 1e-8]), y, 0.8).coefficients
    assert metres * [1, 1000, 1, 1e-8] == pytest.approx(plain, rel=1e-9)


def test_a_perfect_line_has_no_loss_and_no_gap():
    x = np.column_stack([np.ones(50), np.arange(50.0)])
    fit = fit_quantile(basis_of(x), x @ [3.0, 2.0], 0.25)
    assert fit.coefficients == pytest.approx([3, 2])
    assert fit.zeros == 50 and fit.gap == 0


def test_dependent_columns_are_named_with_their_partners():
    random = np.random.default_rng(0)
    rain, heat = random.normal(size=(2, 40))
    x = np.column_stack([np.ones(40), rain, heat, 2 * rain - 5, np.zeros(40)])
    with pytest.raises(InputError, match="rain_mm is a linear combination of const, rain; zero is 0 in every row"):
        make_basis(x, ("const", "rain", "heat", "rain_mm", "zero"))


def test_a_small_but_real_variation_is_not_dependence():
    """Elevation around 5000 m that varies by 1 mm is poor data, but not a second constant."""
    x = np.column_stack([np.ones(40), 5000 + 1e-3 * np.random.default_rng(0).normal(size=40)])
    assert basis_of(x).rows.shape == (40, 2)


def test_fewer_rows_than_columns():
    with pytest.raises(InputError, match="2 rows cannot carry 3 coefficients"):
        make_basis(np.ones((2, 3)), ("const", "a", "b"))
