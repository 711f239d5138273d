"""Clustered, Driscoll-Kraay and Conley covariances against sums written out pair by pair."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from ecoassets.core.drivers.observations import read_observations
from ecoassets.core.drivers.panel.conley import SpatialKernel, spatial_meat
from ecoassets.core.drivers.panel.covariance import bartlett_over_time, calendar, positive
from ecoassets.core.drivers.panel.fit import Fit
from ecoassets.core.drivers.panel.regression import panel_regression
from ecoassets.core.drivers.place.neighbours import block_codes
from ecoassets.core.drivers.place.sphere import EARTH_RADIUS
from ecoassets.core.errors import InputError

PLANE = SpatialKernel(2500.0)


def grid_panel(rows=7, columns=9, years=(2000, 2005, 2010), seed=0, jitter=0.0):
    """Cells of 1 km with gaps over some years, two drivers, and blocks of 3 x 3 cells."""
    rng = np.random.default_rng(seed)
    row, column, year = [v.ravel() for v in np.meshgrid(range(rows), range(columns), years, indexing="ij")]
    kept = rng.random(row.size) < 0.8
    row, column, year = row[kept], column[kept], year[kept]
    x = rng.normal(size=(2, row.size)) + 0.1 * row
    table = {
        "cell": row * columns + column,
        "year": year,
        "x0": x[0],
        "x1": x[1],
        "y": 2 * x[0] - x[1] + row + rng.normal(size=row.size) * (1 + 0.2 * column),
        "east": 500_000.0 + 1000 * column + jitter * (rng.random(row.size) - 0.5),
        "north": 4_000_000.0 + 1000 * row,
        "block": row // 3 * 10 + column // 3,
        "half": (column > 4).astype(int),
    }
    return read_observations(
        table, "y", ["x0", "x1"], "cell", "year", cluster=("block", "half"), coordinates=("east", "north")
    )


def pieces(observations, result):
    """Inverse of X'X and scores x~ u of a two-way regression, by dummies, for the rows that were used."""
    position = np.searchsorted(observations.rows, result.rows)
    dummies = np.column_stack(
        [observations.entity[position, None] == np.unique(observations.entity[position])]
        + [observations.time[position, None] == np.unique(observations.time[position])]
    ).astype(float)
    x = observations.x[position]
    within = x - dummies @ np.linalg.lstsq(dummies, x, rcond=None)[0]
    return np.linalg.inv(within.T @ within), within * result.residuals[:, None], position


def std_errors(result):
    return np.array([term.std_error for term in result.terms])


def from_pairs(inverse, scores, weight):
    return np.sqrt(np.diag(inverse @ (scores.T @ weight @ scores) @ inverse))


def same(codes):
    return (codes[:, None] == codes[None, :]).astype(float)


# --- clusters ---


@pytest.mark.parametrize(("cluster", "parameters"), [(("cell",), 2 + 2), (("block",), 2 + 2)])
def test_clusters_pair_by_pair(cluster, parameters):
    # Entities are nested in cells and in blocks; the 3 years add 2 parameters.
    data = grid_panel()
    result = panel_regression(data, "twoway", "cluster", cluster=cluster)
    inverse, scores, rows = pieces(data, result)
    codes = data.groups[cluster[0]][rows]
    count, n = len(set(codes)), result.n
    expected = from_pairs(inverse, scores, same(codes)) * np.sqrt(count / (count - 1) * (n - 1) / (n - parameters))
    assert std_errors(result) == pytest.approx(expected, rel=1e-9)
    assert f"K = {parameters}" in result.notes[-1]


def test_two_way_clusters_add_both_and_take_off_the_overlap():
    data = grid_panel()
    result = panel_regression(data, "entity", "cluster", cluster=("block", "year"))
    position = np.searchsorted(data.rows, result.rows)
    x = data.x[position] - np.array(
        [data.x[position][data.entity[position] == e].mean(axis=0) for e in data.entity[position]]
    )
    inverse, scores = np.linalg.inv(x.T @ x), x * result.residuals[:, None]
    block, year = same(data.groups["block"][position]), same(data.time[position])
    meat = scores.T @ (block + year - block * year) @ scores
    factor = 3 / 2 * (result.n - 1) / (result.n - 2)
    values, vectors = np.linalg.eigh(factor * inverse @ meat @ inverse)
    assert values.min() > 0  # nothing was clipped here
    assert std_errors(result) == pytest.approx(np.sqrt(np.diag(vectors * values @ vectors.T)), rel=1e-9)


def test_few_years_as_clusters_are_warned_about():
    # Trap: with a handful of years the clustered covariance is far too small.
    result = panel_regression(grid_panel(), "entity", "cluster", cluster=("year",))
    assert any(
        "Only 3 clusters by year" in warning and "never by a handful of years" in warning for warning in result.warnings
    )


def test_many_clusters_are_not_warned_about():
    assert panel_regression(grid_panel(), "entity", "cluster").warnings == ()


def test_negative_eigenvalues_are_set_to_zero_with_a_warning():
    # [[1, 2], [2, 1]] has 3 along (1, 1) and -1 along (1, -1); without the latter it is 3/2 everywhere.
    fit = Fit(np.zeros(2), np.zeros(4), np.eye(2), 0.0)
    matrix, warnings = positive(np.array([[1.0, 2.0], [2.0, 1.0]]), fit, "two-way clustered")
    assert matrix == pytest.approx(np.full((2, 2), 1.5))
    assert "two-way clustered covariance was not positive: 1 of 2 eigenvalues" in warnings[0]


def test_positive_covariance_is_left_alone():
    matrix = np.array([[2.0, 1.0], [1.0, 2.0]])
    same_matrix, warnings = positive(matrix, Fit(np.zeros(2), np.zeros(4), np.eye(2), 0.0), "Conley")
    assert same_matrix is matrix
    assert warnings == ()


def test_one_cluster_is_refused():
    data = grid_panel(2, 4)
    with pytest.raises(InputError, match="CLUSTER half has one value only"):
        panel_regression(data, "entity", "cluster", cluster=("half",))


@pytest.mark.parametrize(
    ("cluster", "message"),
    [(("soil",), "'soil' was not read; known are cell, year, block, half"), (("cell", "block", "year"), "one or two")],
)
def test_unknown_or_too_many_clusters_are_refused(cluster, message):
    with pytest.raises(InputError, match=message):
        panel_regression(grid_panel(), "entity", "cluster", cluster=cluster)


def test_neighbouring_cells_are_not_independent():
    # Trap: driver and error are both smooth in space and unrelated, yet clustering by cell calls the slope
    # certain. Blocks as wide as the pattern do not, and the standardised slope shows how little it explains.
    rng = np.random.default_rng(3)
    smooth = np.array([gaussian_filter(rng.normal(size=(60, 60)), 4, mode="wrap") for _ in range(4)])
    x, error = smooth[:2], smooth[2:]
    row, column = np.indices((60, 60))
    place = np.column_stack([column.ravel(), row.ravel()]).astype(float)
    table = {
        "cell": np.tile(np.arange(3600), 2),
        "year": np.repeat([2000, 2005], 3600),
        "x": x.ravel(),
        "y": error.ravel(),
        "block": np.tile(block_codes(place, 15.0), 2),
    }
    data = read_observations(table, "y", ["x"], "cell", "year", cluster=("block",))
    by_cell = panel_regression(data, "twoway").terms[0]
    by_block = panel_regression(data, "twoway", cluster=("block",)).terms[0]
    assert by_block.std_error > 3 * by_cell.std_error
    assert abs(by_cell.standardised) < 0.35


def test_very_many_cells_bring_a_warning_about_p_values():
    n = 10_000
    rng = np.random.default_rng(0)
    table = {"cell": np.repeat(np.arange(n), 2), "year": np.tile([2000, 2005], n), "x": rng.normal(size=2 * n)}
    table["y"] = 0.02 * table["x"] + rng.normal(size=2 * n)
    result = panel_regression(read_observations(table, "y", ["x"], "cell", "year"), "twoway")
    assert any("almost any p is tiny" in warning for warning in result.warnings)


# --- Driscoll and Kraay ---


def test_calendar_has_the_common_divisor_of_the_gaps_as_its_step():
    positions, step = calendar(np.array([2000, 2005, 2015]))
    assert (positions.tolist(), step) == ([0, 1, 3], 5)
    positions, step = calendar(np.array([2013, 2015, 2016]))
    assert (positions.tolist(), step) == ([0, 2, 3], 1)


def test_lags_follow_the_calendar_not_the_rows():
    # Sums 1, 10, 100 in 2013, 2015, 2016: one lag joins only 2015 and 2016, with weight 1/2 both ways.
    meat = bartlett_over_time(np.array([[1.0], [10.0], [100.0]]), np.array([0, 2, 3]), longest=1)
    assert meat[0, 0] == pytest.approx(1 + 100 + 10_000 + 2 * 0.5 * 10 * 100)


def test_driscoll_kraay_at_few_times_is_warned_about():
    # Trap: its theory lets the number of times grow; here it is 3.
    result = panel_regression(grid_panel(), "entity", "driscoll_kraay")
    assert any("need many times" in warning and "here are 3" in warning for warning in result.warnings)


def test_driscoll_kraay_needs_whole_years():
    columns = {
        "cell": [1, 1, 1, 2, 2, 2],
        "year": ["a", "b", "c"] * 2,
        "x": [1.0, 2, 4, 1, 5, 3],
        "y": [1.0, 2, 3, 5, 4, 4],
    }
    with pytest.raises(InputError, match="whole numbers such as years; it holds 'a'"):
        panel_regression(read_observations(columns, "y", ["x"], "cell", "year"), "entity", "driscoll_kraay")


# --- Conley ---


def conley_by_pairs(data, result, weight_of_distance, distance, across_times):
    inverse, scores, rows = pieces(data, result)
    place, time, cell = data.coordinates[rows], data.time[rows], data.entity[rows]
    weight = np.zeros((result.n, result.n))
    for i in range(result.n):
        for j in range(result.n):
            if time[i] == time[j]:
                weight[i, j] = weight_of_distance(distance(place[i], place[j]))
            elif cell[i] == cell[j]:
                weight[i, j] = across_times(abs(time[i] - time[j]))
    return from_pairs(inverse, scores, weight) * np.sqrt(result.n / result.df)


def straight(a, b):
    return float(np.hypot(*(a - b)))


def great_circle(a, b):
    """Haversine formula."""
    (lon1, lat1), (lon2, lat2) = np.radians(a), np.radians(b)
    h = np.sin((lat2 - lat1) / 2) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS * np.arcsin(np.sqrt(h))


KERNELS = {
    "bartlett": lambda d: max(0.0, 1 - d / 2500),
    "uniform": lambda d: float(d <= 2500),
}


@pytest.mark.parametrize("shape", ["bartlett", "uniform"])
@pytest.mark.parametrize("jitter", [0.0, 300.0])  # on a grid by convolution, off it by pairs
def test_conley_pair_by_pair(shape, jitter):
    data = grid_panel(jitter=jitter)
    result = panel_regression(data, "twoway", "conley", spatial=SpatialKernel(2500.0, shape))
    expected = conley_by_pairs(data, result, KERNELS[shape], straight, lambda lag: 1.0)
    assert std_errors(result) == pytest.approx(expected, rel=1e-9)


def test_conley_with_lags_takes_bartlett_weights_across_times():
    data = grid_panel()
    result = panel_regression(data, "twoway", "conley", spatial=PLANE, lags=1)
    expected = conley_by_pairs(data, result, KERNELS["bartlett"], straight, lambda lag: max(0.0, 1 - lag / 2))
    assert std_errors(result) == pytest.approx(expected, rel=1e-9)


def test_conley_that_reaches_no_neighbour_is_the_robust_or_the_clustered_one():
    data = grid_panel()
    alone = panel_regression(data, "twoway", "conley", spatial=SpatialKernel(10.0), lags=0)
    assert std_errors(alone) == pytest.approx(std_errors(panel_regression(data, "twoway", "robust")), rel=1e-9)
    assert any("fewer than one neighbour" in warning for warning in alone.warnings)
    linked = panel_regression(data, "twoway", "conley", spatial=SpatialKernel(10.0))
    clustered = panel_regression(data, "twoway", "cluster")
    count = len(set(data.entity[np.searchsorted(data.rows, linked.rows)]))
    factor = linked.n / linked.df / (count / (count - 1) * (linked.n - 1) / (linked.n - 4))
    assert std_errors(linked) == pytest.approx(std_errors(clustered) * np.sqrt(factor), rel=1e-9)


def test_distances_between_degrees_are_great_circles():
    rng = np.random.default_rng(1)
    place = np.column_stack([rng.uniform(100, 100.1, 40), rng.uniform(60, 60.05, 40)])
    scores = rng.normal(size=(40, 2))
    kernel = SpatialKernel(2500.0, geographic=True)
    weight = np.array([[KERNELS["bartlett"](great_circle(a, b)) for a in place] for b in place])
    meat, neighbours = spatial_meat(scores, place, kernel)
    # Great circles by chords lose about eps * radius / distance.
    assert meat == pytest.approx(scores.T @ weight @ scores, rel=1e-7)
    assert neighbours == pytest.approx((weight > 0).sum() / 40 - 1)


@pytest.mark.parametrize("step", [(1000.0, 400.0), (400.0, 1000.0)])
def test_oblong_cells_keep_their_two_sides_apart(step):
    data = grid_panel(years=(2000,))
    place = (data.coordinates - [500_000, 4_000_000]) / 1000 * step
    weight = np.array([[KERNELS["bartlett"](straight(a, b)) for a in place] for b in place])
    meat, neighbours = spatial_meat(data.x, place, PLANE)
    assert meat == pytest.approx(data.x.T @ weight @ data.x, rel=1e-9)
    assert neighbours == pytest.approx((weight > 0).sum() / data.n - 1)


def test_cutoff_beyond_the_whole_grid_takes_every_pair_once():
    data = grid_panel(3, 4, (2000,))
    scores = np.arange(2 * data.n, dtype=float).reshape(-1, 2)
    meat, _ = spatial_meat(scores, data.coordinates, SpatialKernel(1e6, "uniform"))
    assert meat == pytest.approx(np.outer(scores.sum(axis=0), scores.sum(axis=0)))


def test_pairs_in_chunks_add_up(monkeypatch):
    data = grid_panel(jitter=300.0)
    scores = data.x
    whole, _ = spatial_meat(scores, data.coordinates, PLANE, data.time)
    monkeypatch.setattr("ecoassets.core.drivers.panel.conley._PAIRS_AT_ONCE", 50)
    parts, _ = spatial_meat(scores, data.coordinates, PLANE, data.time)
    assert parts == pytest.approx(whole, rel=1e-12)


def test_conley_says_what_it_lacks():
    data = grid_panel()
    with pytest.raises(InputError, match="needs a cutoff distance"):
        panel_regression(data, "entity", "conley")
    with pytest.raises(InputError, match="positive number; it is 0"):
        SpatialKernel(0.0)
    with pytest.raises(InputError, match="'gauss' is not known"):
        SpatialKernel(1.0, "gauss")


@pytest.mark.parametrize("apart", [1e-3, 1e-6, 3e-9])
@pytest.mark.parametrize("covariance", ["iid", "robust", "cluster", "driscoll_kraay"])
@pytest.mark.parametrize("effects", ["twoway", "none"])
def test_errors_of_drivers_that_nearly_make_each_other_up_keep_their_digits(apart, covariance, effects):
    """With z = x + apart w the error of z is that of w, in the model of x and w, over apart."""
    observations = grid_panel()
    x, w = observations.x.T
    z = x + apart * w
    near = replace(observations, x=np.asfortranarray(np.column_stack([x, z])))
    plain = replace(observations, x=np.asfortranarray(np.column_stack([x, (z - x) / apart])))
    found, expected = (panel_regression(rows, effects, covariance).terms[-1] for rows in (near, plain))
    kept = pytest.approx(1, rel=max(1e-6, 3e-14 / apart))  # the digits that z - x keeps
    assert found.std_error * apart / expected.std_error == kept
    assert found.estimate * apart / expected.estimate == kept


def test_two_clusters_beside_effects_of_years_leave_no_error():
    """Their scores are the same but for the sign and sum to zero: an error of round-off would make all certain."""
    table = {"cell": [0, 0, 0, 0, 1, 1, 1, 1], "year": [1, 2, 3, 4] * 2, "x": [1.0, 5, 2, 8, 3, 1, 4, 7]}
    table["y"] = [2.0, 7, 1, 6, 4, 2, 8, 5]
    result = panel_regression(read_observations(table, "y", ["x"], "cell", "year"), "twoway", "cluster")
    assert np.isnan(result.terms[0].std_error) and np.isnan(result.terms[0].p)
    assert any("No standard errors of x" in warning for warning in result.warnings)
    assert "wald_slopes" not in [test.test for test in result.tests]
