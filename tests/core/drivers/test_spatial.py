"""Neighbours, Moran's I of values and of residuals, and local Moran."""

from itertools import permutations

import numpy as np
import pytest

from ecoassets.core.drivers.place.neighbours import (
    block_codes,
    distance_weights,
    grid_weights,
    knn_weights,
    neighbour_weights,
    pair_weights,
)
from ecoassets.core.drivers.place.spatial import local_moran, moran, moran_by_time, residual_moran
from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.progress import Progress

# 3 rows x 4 columns of 500 m, from the north-west.
VALUES = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8], dtype=float)


def cells(rows, columns, step=500.0):
    row, column = np.indices((rows, columns))
    return np.column_stack([600_000 + step * column.ravel(), 4_000_000 - step * row.ravel()])


PLACES = cells(3, 4)


def neighbours_of(weights, place):
    return sorted(weights.matrix[place].indices.tolist())


# --- neighbours ---


def test_rook_and_queen_of_a_corner_and_of_the_middle():
    # 0 1 2  3
    # 4 5 6  7
    # 8 9 10 11
    rook, queen = grid_weights(PLACES, "rook"), grid_weights(PLACES, "queen")
    assert neighbours_of(rook, 0) == [1, 4]
    assert neighbours_of(queen, 0) == [1, 4, 5]
    assert neighbours_of(rook, 5) == [1, 4, 6, 9]
    assert neighbours_of(queen, 5) == [0, 1, 2, 4, 6, 8, 9, 10]
    assert neighbours_of(queen, 7) == [2, 3, 6, 10, 11]


def test_rows_of_weights_sum_to_one_and_islands_to_zero():
    # The north-west cell and, two columns on, three in a column.
    weights = grid_weights(PLACES[[0, 2, 6, 10, 3]], "rook")
    assert weights.islands == 1
    assert np.asarray(weights.matrix.sum(axis=1)).ravel().tolist() == [0, 1, 1, 1, 1]


def test_grid_with_holes_in_any_order_has_the_same_neighbours_as_by_distance():
    rng = np.random.default_rng(0)
    places = cells(15, 11)[rng.permutation(165)[:120]]
    rook, near = grid_weights(places, "rook"), distance_weights(places, 500.0)
    queen, wider = grid_weights(places, "queen"), distance_weights(places, 500 * np.sqrt(2))
    assert abs(rook.matrix - near.matrix).max() == 0
    assert abs(queen.matrix - wider.matrix).max() == 0


def test_touching_polygons_given_as_pairs_count_both_ways_and_once():
    weights = pair_weights(np.array([[0, 1], [1, 0], [1, 2], [2, 2]]), 4)
    assert weights.matrix.toarray().tolist() == [[0, 1, 0, 0], [0.5, 0, 0.5, 0], [0, 1, 0, 0], [0, 0, 0, 0]]


def test_neighbours_in_degrees_are_found_on_the_earth():
    """At 60 degrees north a degree of longitude is 55.6 km, one of latitude 111.2 km."""
    places = np.array([[10.0, 60], [11.5, 60], [10, 61], [10, 59.2], [-170, 60]])
    east, north, south = 83.2, 111.2, 89.0  # km from the first
    assert neighbours_of(knn_weights(places, 1, geographic=True), 0) == [1]
    assert neighbours_of(knn_weights(places, 1), 0) == [3]  # by degrees the one to the south
    for reach, found in ((east - 1, []), (east + 1, [1]), (south + 1, [1, 3]), (north + 1, [1, 2, 3])):
        assert neighbours_of(distance_weights(places, reach * 1000, geographic=True), 0) == found
    # over the date line it is no long way
    assert neighbours_of(knn_weights(np.array([[179.9, 0], [-179.9, 0], [179, 0.0]]), 1, geographic=True), 0) == [1]


def test_nearest_neighbours_never_include_the_place_itself():
    places = np.array([[0.0, 0], [0, 0], [0, 0], [1, 0], [3, 0]])  # three at one point
    weights = knn_weights(places, 2)
    assert np.all(weights.matrix.diagonal() == 0)
    assert np.diff(weights.matrix.indptr).tolist() == [2] * 5
    assert neighbours_of(weights, 0) == [1, 2]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: grid_weights(np.random.default_rng(0).random((30, 2))), "needs cells of a regular grid"),
        (lambda: grid_weights(np.vstack([PLACES, PLACES])), "choose one year"),
        (lambda: knn_weights(PLACES, 12), "between 1 and 11; it is 12"),
        (lambda: distance_weights(PLACES, 0.0), "positive number; it is 0"),
        (lambda: neighbour_weights(PLACES, "bishop"), "'bishop' is not known"),
        (lambda: block_codes(PLACES, -1.0), "side of a block must be a positive number"),
    ],
)
def test_neighbours_that_cannot_be_found(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_blocks_are_squares_from_the_origin():
    # Side 1000 holds 2 x 2 cells; rows go down from 4 000 000, which starts a block of its own.
    codes = block_codes(PLACES, 1000.0)
    assert codes.reshape(3, 4).tolist() == [[2, 2, 3, 3], [0, 0, 1, 1], [0, 0, 1, 1]]


# --- global ---


@pytest.mark.parametrize(
    ("kind", "i", "variance", "p"),
    [
        # esda 2.9.0, Moran(z, lat2W(3, 4, rook=...), transform r): I, VI_rand, p_rand.
        ("rook", -0.18238993710691828, 0.04698755751196767, 0.6730063729491675),
        ("queen", -0.07252358490566037, 0.020407434683469113, 0.8975943711999136),
    ],
)
def test_moran_of_esda(kind, i, variance, p):
    result = moran(VALUES, grid_weights(PLACES, kind))
    assert result.i == pytest.approx(i)
    assert result.expected == pytest.approx(-1 / 11)
    assert result.variance == pytest.approx(variance)
    assert result.p == pytest.approx(p)
    assert result.p_permutation is None


def test_moran_by_hand():
    # Four in a row, z = -1.5, -0.5, 0.5, 1.5; lags -0.5, -0.5, 0.5, 0.5; z'Wz = 2, z'z = 5, S0 = n.
    weights = grid_weights(cells(1, 4), "rook")
    assert moran(np.array([1.0, 2, 3, 4]), weights).i == pytest.approx(2 / 5)


def test_moran_pair_by_pair_on_irregular_points():
    rng = np.random.default_rng(0)
    places, z = rng.random((30, 2)), rng.normal(size=30)
    weights = knn_weights(places, 4)
    w, c = weights.matrix.toarray(), z - z.mean()
    pairs = sum(w[i, j] * c[i] * c[j] for i in range(30) for j in range(30))
    assert moran(z, weights).i == pytest.approx(pairs / (c @ c))


def test_permutations_agree_with_the_moments_and_repeat_with_the_seed():
    weights = grid_weights(PLACES, "rook")
    first = moran(VALUES, weights, permutations=4999, seed=1)
    # Two standard errors of a share of 0.67 in 4999 draws are 0.013; the normal is itself rough with 12 cells.
    assert first.p_permutation == pytest.approx(first.p, abs=0.05)
    assert moran(VALUES, weights, permutations=4999, seed=1).p_permutation == first.p_permutation


# --- residuals ---


def dense_residual_moments(drivers, weights):
    """E and Var of I for residuals of least squares, with the n x n matrix M (Cliff and Ord 1981; lm.morantest)."""
    w = weights.matrix.toarray()
    n, s0 = len(w), w.sum()
    x = np.column_stack([np.ones(n), drivers])
    m = np.eye(n) - x @ np.linalg.inv(x.T @ x) @ x.T
    k = x.shape[1]
    trace = np.trace(m @ w)
    expected = n / s0 * trace / (n - k)
    second = np.trace(m @ w @ m @ w.T) + np.trace(m @ w @ m @ w) + trace**2
    return expected, (n / s0) ** 2 * second / ((n - k) * (n - k + 2)) - expected**2, m


@pytest.mark.parametrize("kind", ["rook", "knn"])
def test_residual_moments_with_n_by_n_matrices(kind):
    # knn weights are not symmetric, so W and W' must not be mixed up.
    rng = np.random.default_rng(2)
    places = cells(6, 7)
    weights = neighbour_weights(places, kind, k=3)
    drivers = np.column_stack([places[:, 0], rng.normal(size=42)])
    expected, variance, m = dense_residual_moments((drivers - drivers.mean(axis=0)), weights)
    residuals = m @ rng.normal(size=42)
    result = residual_moran(residuals, drivers, weights)
    assert result.expected == pytest.approx(expected, rel=1e-9)
    assert result.variance == pytest.approx(variance, rel=1e-9)
    w = weights.matrix.toarray()
    assert result.i == pytest.approx(42 / w.sum() * (residuals @ w @ residuals) / (residuals @ residuals))


def test_residual_moments_are_not_those_of_values():
    # Trap: a smooth driver takes smooth patterns out of the residuals, so E lies below -1/(n-1).
    places = cells(6, 7)
    residuals = dense_residual_moments(places - places.mean(axis=0), grid_weights(places))[2] @ np.sin(np.arange(42.0))
    result = residual_moran(residuals, places, grid_weights(places))
    assert result.expected < 2 * -1 / 41


def test_residual_moran_keeps_its_level_where_that_of_values_does_not():
    # 400 regressions on the two coordinates with independent errors: z has mean 0 and variance 1.
    rng = np.random.default_rng(5)
    places = cells(6, 7)
    weights = grid_weights(places)
    m = dense_residual_moments(places - places.mean(axis=0), weights)[2]
    draws = [m @ rng.normal(size=42) for _ in range(400)]
    right = np.array([residual_moran(e, places, weights).z for e in draws])
    wrong = np.array([moran(e, weights).z for e in draws])
    # Standard error of the mean of 400 is 0.05.
    assert abs(right.mean()) < 0.15
    assert right.std() == pytest.approx(1, abs=0.1)
    assert wrong.mean() < -0.4


def test_drivers_that_depend_on_each_other_count_once():
    places = cells(6, 7)
    weights = grid_weights(places)
    once = residual_moran(VALUES_42, places, weights)
    twice = residual_moran(VALUES_42, np.column_stack([places, places.sum(axis=1), np.ones(42)]), weights)
    assert twice.variance == pytest.approx(once.variance, rel=1e-9)


VALUES_42 = np.cos(np.arange(42.0) ** 2)


def test_residuals_of_each_year_have_their_own_statistic():
    places = np.vstack([PLACES, PLACES])
    values = np.concatenate([VALUES, VALUES[::-1] ** 2])
    first, second = moran_by_time(values, places, np.repeat([0, 1], 12), grid_weights)
    assert first == moran(VALUES, grid_weights(PLACES))
    assert second == moran(VALUES[::-1] ** 2, grid_weights(PLACES))


# --- local ---


def test_local_moran_of_esda_and_its_mean_is_the_global_one():
    weights = grid_weights(PLACES, "rook")
    result = local_moran(VALUES, weights, permutations=19)
    # esda 2.9.0, Moran_Local(...).Is, times 12/11 because esda divides by n - 1 and Anselin (1995) by n.
    expected = [0.301886792, -0.566037736, 0.169811321, -0.377358491, 0.150943396, -1.25471698]
    expected += [-0.660377358, -0.188679245, -0.0377358491, -0.452830189, 0, 0.726415094]
    assert result.i == pytest.approx(expected, abs=1e-8)
    assert result.i.mean() == pytest.approx(moran(VALUES, weights).i)


def test_local_p_against_all_permutations_of_the_others():
    values, weights = np.array([9.0, 7, 1, 3, 2, 8]), grid_weights(cells(2, 3), "rook")
    result = local_moran(values, weights, permutations=9999, seed=4, false_discovery=False)
    w, z = weights.matrix.toarray(), values - values.mean()
    for place in range(6):
        others = [j for j in range(6) if j != place]
        lags = np.array([w[place, others] @ z[list(order)] for order in permutations(others)])
        lag = w[place] @ z
        exact = min(1, 2 * min(np.mean(lags >= lag - 1e-9), np.mean(lags <= lag + 1e-9)))
        # Three standard errors of twice a share in 9999 draws: at most 0.03.
        assert result.p[place] == pytest.approx(exact, abs=0.03)


def test_clusters_of_a_hot_and_a_cold_corner():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(20, 20)) * 0.3
    values[:6, :6] += 3
    values[-6:, -6:] -= 3
    values[3, 3] = -4  # a low place among high ones
    result = local_moran(values.ravel(), grid_weights(cells(20, 20)), permutations=999)
    labels = result.labels.reshape(20, 20)
    assert labels[1, 1] == "high_high"
    assert labels[18, 18] == "low_low"
    assert labels[3, 3] == "low_high"
    assert np.all(labels[8:12, 8:12] == "not_significant")


def test_false_discovery_rate_leaves_fewer_places_than_the_plain_level():
    values = np.random.default_rng(0).normal(size=400)
    weights = grid_weights(cells(20, 20))
    plain = local_moran(values, weights, permutations=199, false_discovery=False)
    strict = local_moran(values, weights, permutations=199)
    # About 5 % of independent values are significant place by place: 20 of 400, give or take 2 sd of 4.4.
    assert 8 <= np.sum(plain.cluster > 0) <= 32
    assert np.sum(strict.cluster > 0) == 0
    assert strict.p.tolist() == plain.p.tolist()


def test_islands_have_no_p():
    places = np.vstack([PLACES, [[900_000.0, 4_000_000.0]]])
    result = local_moran(np.append(VALUES, 4.0), distance_weights(places, 500.0), permutations=19)
    assert np.isnan(result.p[12])
    assert result.labels[12] == "island"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.full(12, 0.1), "All values are the same"),
        (np.append(VALUES[:-1], np.nan), "a number at every place"),
        (VALUES[:5], "5 values but weights of 12 places"),
    ],
)
def test_values_that_cannot_be_tested(values, message):
    for test in (moran, local_moran):
        with pytest.raises(InputError, match=message):
            test(values, grid_weights(PLACES))


def test_no_neighbours_at_all_is_refused():
    with pytest.raises(InputError, match="No place has a neighbour"):
        moran(VALUES, distance_weights(PLACES, 10.0))


def test_too_few_permutations_are_refused():
    with pytest.raises(InputError, match="at least 19 permutations"):
        local_moran(VALUES, grid_weights(PLACES), permutations=9)


def test_permutations_can_be_cancelled():
    class Impatient(Progress):
        def cancelled(self):
            return True

    with pytest.raises(Cancelled):
        local_moran(VALUES, grid_weights(PLACES), progress=Impatient())
