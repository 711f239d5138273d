"""Panel quantile regression against plain computations: dummies, sample quantiles and a primal linear program."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from ecoassets.core.drivers.quantile import koenker as quantile_koenker
from ecoassets.core.drivers.quantile.koenker import fit_penalised, koenker
from ecoassets.core.drivers.quantile.panel import canay, location_scale, make_within, mmqr, pooled
from ecoassets.core.drivers.quantile.solver import fit_quantile, make_basis
from ecoassets.core.errors import InputError
from ecoassets.core.progress import QUIET

NAMES = ("const", "rain", "heat", "year_1", "year_2", "year_3")
QUANTILES = (0.25, 0.5, 0.75)


def panel(cells=30, years=4, seed=3, missing=0.15):
    """An unbalanced panel with cell and year effects and a spread that grows with rain."""
    random = np.random.default_rng(seed)
    cell, year = np.repeat(np.arange(cells), years), np.tile(np.arange(years), cells)
    rain = random.uniform(0, 2, cells * years)
    heat = random.normal(size=cells * years) + 0.1 * cell
    y = (
        1
        + rain
        - heat
        + 0.3 * year
        + random.normal(size=cells)[cell]
        + (0.5 + 0.5 * rain) * random.normal(size=len(cell))
    )
    keep = random.random(len(cell)) >= missing
    keep[[0, 1, 2]] = True
    dummies = (year[:, None] == np.arange(1, years)).astype(float)
    x = np.column_stack([np.ones(len(cell)), rain, heat, dummies])[keep]
    cell = np.unique(cell[keep], return_inverse=True)[1]
    counts = np.bincount(cell)
    several = counts[cell] > 1
    return y[keep][several], x[several], np.unique(cell[several], return_inverse=True)[1]


def with_dummies(y, x, cells):
    """Least squares with a column for every cell: slopes of the other columns and the cell effects."""
    columns = np.column_stack([x[:, 1:], cells[:, None] == np.arange(cells.max() + 1)])
    found = np.linalg.lstsq(columns, y, rcond=None)[0]
    return found[: x.shape[1] - 1], found[x.shape[1] - 1 :]


def test_within_is_least_squares_with_dummies_on_an_unbalanced_panel():
    y, x, cells = panel()
    assert len(set(np.bincount(cells))) > 1
    slopes, effects = make_within(x[:, 1:], NAMES[1:], cells).fit(y)
    expected_slopes, expected_effects = with_dummies(y, x, cells)
    assert slopes == pytest.approx(expected_slopes, rel=1e-9)
    assert effects == pytest.approx(expected_effects, rel=1e-9)


def test_weights_of_cells_are_repeated_cells():
    y, x, cells = panel(cells=8)
    times = np.array([2, 0, 1, 1, 3, 1, 0, 2])[: cells.max() + 1]
    slopes, _ = make_within(x[:, 1:], NAMES[1:], cells).fit(y, times[cells].astype(float))
    rows = np.concatenate([np.flatnonzero(cells == cell) for cell in range(len(times)) for _ in range(times[cell])])
    copies = np.repeat(
        np.arange(times.sum()), [np.sum(cells == cell) for cell in range(len(times)) for _ in range(times[cell])]
    )
    expected, _ = with_dummies(y[rows], x[rows], copies)
    assert slopes == pytest.approx(expected, rel=1e-8)


def test_drivers_without_change_in_time_are_named():
    _, x, cells = panel()
    slope_angle = np.random.default_rng(0).normal(size=cells.max() + 1)[cells]
    with pytest.raises(InputError, match="Constant in time within every cell: slope. Cell effects absorb"):
        make_within(np.column_stack([x[:, 1], slope_angle]), ("rain", "slope"), cells)


def test_a_cell_part_plus_a_year_part_vanishes_beside_year_dummies():
    _, x, cells = panel()
    hidden = np.random.default_rng(0).normal(size=cells.max() + 1)[cells] + x[:, 3:] @ [0.5, 2, -1]
    with pytest.raises(InputError, match="year_3 is a linear combination of hidden, year_1, year_2"):
        make_within(np.column_stack([hidden, x[:, 3:]]), ("hidden", "year_1", "year_2", "year_3"), cells)


def test_canay_is_quantile_regression_of_y_less_the_cell_effects():
    y, x, cells = panel()
    found = canay(y, x, NAMES, cells, QUANTILES, QUIET)
    slopes, _ = with_dummies(y, x, cells)
    effects = np.array([np.mean((y - x[:, 1:] @ slopes)[cells == cell]) for cell in range(cells.max() + 1)])[cells]
    second = y - (effects - effects.mean())
    expected = [fit_quantile(make_basis(x, NAMES), second, quantile).coefficients for quantile in QUANTILES]
    assert found.coefficients == pytest.approx(np.array(expected), rel=1e-7)
    assert found.fitted == pytest.approx(found.coefficients @ x.T + effects - effects.mean(), rel=1e-9)


def test_canay_is_not_quantile_regression_of_demeaned_data():
    y, x, cells = panel()
    within = make_within(x[:, 1:], NAMES[1:], cells)
    demeaned = np.column_stack([np.ones(len(y)), within.demeaned])
    wrong = pooled(y - within.means(y)[cells], demeaned, NAMES, (0.9,), QUIET).coefficients
    right = canay(y, x, NAMES, cells, (0.9,), QUIET).coefficients
    assert abs(wrong[0, 1] - right[0, 1]) > 0.05


def test_mmqr_step_by_step():
    y, x, cells = panel(missing=0)
    found = mmqr(y, x, NAMES, cells, QUANTILES, QUIET)
    location, effects = with_dummies(y, x, cells)
    residuals = y - x[:, 1:] @ location - effects[cells]
    scale, scale_effects = with_dummies(np.abs(residuals), x, cells)
    spread = x[:, 1:] @ scale + scale_effects[cells]
    positive = spread > 0
    q = np.quantile(residuals[positive] / spread[positive], QUANTILES)
    slopes = location + q[:, None] * scale
    constants = effects[cells].mean() + q * scale_effects[cells].mean()
    assert found.coefficients == pytest.approx(np.column_stack([constants, slopes]), rel=1e-8)


def test_the_scale_may_be_fitted_to_signed_residuals_as_well():
    """2 u ([u >= 0] - P(u >= 0)) = |u| + u (1 - 2 P), and u is orthogonal to every column: the same scale."""
    y, x, cells = panel(missing=0)
    within = make_within(x[:, 1:], NAMES[1:], cells)
    fit = location_scale(y, within, QUANTILES)
    signed = 2 * fit.residuals * ((fit.residuals >= 0) - np.mean(fit.residuals >= 0))
    assert within.fit(signed)[0] == pytest.approx(fit.scale, rel=1e-8, abs=1e-12)


def test_mmqr_counts_scales_that_are_not_positive_on_grunfeld():
    """9 of the 200 rows of Grunfeld's ten firms with firm and year effects."""
    datasets = pytest.importorskip("statsmodels.datasets", reason="the Grunfeld data come with statsmodels")
    table = datasets.grunfeld.load_pandas().data
    table = table[table.firm != "American Steel"]
    cells = np.unique(table.firm, return_inverse=True)[1]
    years, year = np.unique(table.year, return_inverse=True)
    x = np.column_stack([np.ones(200), table.value, table.capital, year[:, None] == np.arange(1, len(years))])
    names = ("const", "value", "capital", *(f"year_{one:g}" for one in years[1:]))
    found = mmqr(table.invest.to_numpy(), x.astype(float), names, cells, (0.25, 0.75), QUIET)
    assert any("zero or negative in 9 of 200 rows" in warning for warning in found.warnings)
    # the quantiles cross in these rows and only there
    assert np.sum(found.fitted[1] < found.fitted[0]) == 9


def test_mmqr_needs_three_years():
    y, x, cells = panel(years=2, missing=0)
    with pytest.raises(InputError, match="at least three years"):
        mmqr(y, x[:, :4], NAMES[:4], cells, QUANTILES, QUIET)


def test_short_panels_are_warned_of():
    y, x, cells = panel(missing=0)
    for form in (canay, mmqr):
        assert form(y, x, NAMES, cells, (0.5,), QUIET).warnings[0].startswith("Cells have 4 years.")


def primal(y, x, cells, quantiles, penalty):
    """Koenker's problem written out with positive and negative parts of everything; returns the minimum."""
    rows, columns, units, count = len(y), x.shape[1], cells.max() + 1, len(quantiles)
    member = (cells[:, None] == np.arange(units)).astype(float)
    blocks = []
    for place in range(count):
        slopes = np.zeros((rows, count * columns))
        slopes[:, place * columns : (place + 1) * columns] = x
        over, under = np.zeros((rows, count * rows)), np.zeros((rows, count * rows))
        over[:, place * rows : (place + 1) * rows] = np.eye(rows)
        under[:, place * rows : (place + 1) * rows] = -np.eye(rows)
        blocks.append(np.hstack([slopes, member, -member, over, under]))
    cost = np.concatenate(
        [
            np.zeros(count * columns),
            np.full(2 * units, penalty),
            np.repeat(np.asarray(quantiles) / count, rows),
            np.repeat((1 - np.asarray(quantiles)) / count, rows),
        ]
    )
    free = [(None, None)] * (count * columns) + [(0, None)] * (2 * units + 2 * count * rows)
    return linprog(cost, A_eq=np.vstack(blocks), b_eq=np.tile(y, count), bounds=free, method="highs").fun


@pytest.mark.parametrize("penalty", [0.0, 0.3, 1.0, 50.0])
def test_koenker_reaches_the_optimum_of_the_primal_problem(penalty):
    y, x, cells = panel(cells=12)
    fit = fit_penalised(make_basis(x, NAMES), y, cells, QUANTILES, penalty)
    assert fit.objective == pytest.approx(primal(y, x, cells, QUANTILES, penalty), rel=1e-8)
    assert fit.gap < 1e-8
    residuals = y - fit.coefficients @ x.T - fit.effects[cells]
    losses = sum(np.sum(r * (t - (r < 0))) for r, t in zip(residuals, QUANTILES)) / 3
    assert losses + penalty * np.abs(fit.effects).sum() == pytest.approx(fit.objective, rel=1e-9)


def test_a_large_penalty_leaves_pooled_regression():
    y, x, cells = panel(cells=12)
    found = koenker(y, x, NAMES, cells, QUANTILES, 50.0, QUIET)
    assert "12 of 12 effects are shrunk to 0" in found.notes[0]
    assert found.losses == pytest.approx(pooled(y, x, NAMES, QUANTILES, QUIET).losses, rel=1e-8)


def test_without_a_penalty_the_effects_are_centred():
    y, x, cells = panel(cells=12)
    fit = fit_penalised(make_basis(x, NAMES), y, cells, QUANTILES, 0.0)
    assert fit.effects[cells].mean() == pytest.approx(0, abs=1e-10)


def test_koenker_weights_are_repeated_cells():
    y, x, cells = panel(cells=10, missing=0)
    times = np.array([2, 0, 1, 1, 3, 1, 0, 2, 1, 1])
    weighted = fit_penalised(make_basis(x, NAMES), y, cells, QUANTILES, 0.5, times[cells].astype(float))
    rows = np.concatenate([np.flatnonzero(cells == cell) for cell in range(10) for _ in range(times[cell])])
    copies = np.repeat(np.arange(times.sum()), 4)
    repeated = fit_penalised(make_basis(x[rows], NAMES), y[rows], copies, QUANTILES, 0.5)
    assert weighted.objective == pytest.approx(repeated.objective, rel=1e-8)


def test_koenker_refuses_what_would_take_hours(monkeypatch):
    monkeypatch.setattr(quantile_koenker, "LARGEST", 100)
    y, x, cells = panel()
    with pytest.raises(InputError, match="rows times 3 quantiles is .* more than 100.* canay or mmqr"):
        koenker(y, x, NAMES, cells, QUANTILES, 1.0, QUIET)
