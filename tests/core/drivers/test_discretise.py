"""Classes of a driver: every method by hand, natural breaks against all partitions and a quadratic programme."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from ecoassets.core.drivers.geodetector.discretise import METHODS, SortedSample, class_breaks, classify, natural_breaks
from ecoassets.core.errors import InputError


def sample(values):
    return SortedSample(np.sort(np.asarray(values, dtype=float)))


def breaks(values, method, classes):
    return class_breaks(sample(values), method, [classes])[classes].values.tolist()


def scatter(values):
    return float(np.sum((values - np.mean(values)) ** 2))


def within(values, inner_breaks):
    codes = classify(values, inner_breaks)
    return sum(scatter(values[codes == code]) for code in np.unique(codes))


def test_equal_intervals():
    assert breaks([0, 1, 3, 5, 7, 8], "equal", 4) == [2, 4, 6]


def test_equal_intervals_keep_a_break_only_where_a_class_ends():
    # 0-2.5, 2.5-5, 5-7.5 (empty: merged into the next one), 7.5-10
    assert breaks([0, 1, 2, 3, 10], "equal", 4) == [2.5, 5.0]


def test_quantiles_are_of_type_7():
    # places (n - 1) p = 5/3 and 10/3 between the values 1 2 3 | 4 5 6
    assert breaks([1, 2, 3, 4, 5, 6], "quantile", 3) == pytest.approx([1 + 5 / 3, 1 + 10 / 3])


def test_tied_quantiles_leave_fewer_classes():
    # three of four quarters end at 0
    assert breaks([0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4], "quantile", 4) == [0.0, 1.5]


def test_geometric_intervals_run_from_c_to_101_c():
    # range 100, c = 1: 101^(1/2) - 1 above the minimum
    assert breaks([0, 5, 20, 100], "geometric", 2) == pytest.approx([101**0.5 - 1])


def test_geometric_intervals_do_not_depend_on_the_zero_of_the_unit():
    celsius = np.array([-20, -5, 0, 3, 12, 25.0])
    kelvin = breaks(celsius + 273.15, "geometric", 3)
    assert np.subtract(kelvin, 273.15) == pytest.approx(breaks(celsius, "geometric", 3), abs=1e-10)


def test_standard_deviations_about_the_mean():
    # mean 4, sample variance (16 + 4 + 0 + 4 + 16) / 4 = 10
    values = [0, 2, 4, 6, 8]
    assert breaks(values, "sd", 2) == pytest.approx([4])
    assert breaks(values, "sd", 4) == pytest.approx([4 - 10**0.5, 4, 4 + 10**0.5])


def test_standard_deviations_step_by_half_when_there_are_many_classes():
    values = np.arange(-50, 51)
    steps = np.diff(breaks(values, "sd", 8)) / np.std(values, ddof=1)
    assert steps == pytest.approx([0.5] * 6)


def test_natural_breaks_find_the_gaps():
    assert breaks([1, 2, 3, 11, 12, 13, 31, 32, 33], "natural", 3) == [3, 13]


@pytest.mark.parametrize("seed", range(20))
def test_natural_breaks_against_all_partitions(seed):
    random = np.random.default_rng(seed)
    values = np.sort(random.integers(0, 15, 12) if seed % 2 else random.normal(size=11)).astype(float)
    for classes, found in natural_breaks(sample(values), range(2, 6)).items():
        least = min(
            sum(scatter(part) for part in np.split(values, cut))
            for cut in combinations(range(1, len(values)), classes - 1)
        )
        assert len(found.values) == classes - 1
        assert within(values, found.values) == pytest.approx(least, rel=1e-12, abs=1e-12)
        assert found.excess == 0


def quadratic_programme(values, classes):
    """Least sum of squares of sorted values by the plain O(k n²) recurrence of Fisher 1958."""
    count = np.arange(len(values) + 1.0)
    total = np.concatenate(([0], np.cumsum(values)))
    square = np.concatenate(([0], np.cumsum(values**2)))
    least = np.full(len(values) + 1, np.inf)
    least[0] = 0
    for _ in range(classes):
        longer = np.full_like(least, np.inf)
        for end in range(1, len(values) + 1):
            start = slice(0, end)
            cost = square[end] - square[start] - (total[end] - total[start]) ** 2 / (count[end] - count[start])
            longer[end] = np.min(least[start] + cost)
        least = longer
    return least[-1]


@pytest.mark.parametrize("draw", ["normal", "lognormal", "tied"])
def test_natural_breaks_against_the_quadratic_programme(draw):
    random = np.random.default_rng(7)
    values = {
        "normal": random.normal(size=500),
        "lognormal": random.lognormal(0, 2, 500),
        "tied": np.round(random.normal(size=500), 1),
    }[draw]
    values = np.sort(values - values.mean())
    for classes, found in natural_breaks(sample(values), [3, 5, 8]).items():
        # the recurrence subtracts running sums, hence 1e-9 of the total and not 1e-12
        assert within(values, found.values) == pytest.approx(quadratic_programme(values, classes), rel=1e-9)


@pytest.mark.parametrize("scale", [0.5, 2.5])
def test_grouped_natural_breaks_keep_their_promise(scale):
    values = np.sort(np.random.default_rng(1).lognormal(0, scale, 20_000))
    exact = natural_breaks(sample(values), range(3, 9))
    grouped = natural_breaks(sample(values), range(3, 9), exact=1000)
    for classes, found in grouped.items():
        excess = within(values, found.values) / within(values, exact[classes].values) - 1
        assert -1e-12 <= excess <= found.excess
        assert 0 < found.excess < 0.02


def test_grouping_sees_clusters_that_are_tight_and_far_apart():
    random = np.random.default_rng(2)
    values = np.sort(np.concatenate([centre + random.normal(0, 1e-7, 1000) for centre in (0, 1, 5)]))
    for classes, found in natural_breaks(sample(values), [2, 3, 4], exact=500).items():
        assert len(found.values) == classes - 1
    assert natural_breaks(sample(values), [3], exact=500)[3].values.tolist() == [values[999], values[1999]]


@pytest.mark.parametrize("method", METHODS)
def test_every_value_has_a_class_whatever_the_round_off(method):
    # 0.1 * 3 > 0.3: breaks computed from the ends must not lose the ends
    values = np.array([0.1 * i for i in range(1, 31)])
    for classes, found in class_breaks(sample(values), method, range(2, 12)).items():
        codes = classify(values, found.values)
        assert codes.min() == 0
        assert codes[-1] == codes.max() == len(found.values) <= classes - 1
        assert (np.bincount(codes) > 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_few_distinct_values_are_classes_themselves(method):
    assert breaks([3, 1, 1, 2, 3, 3], method, 5) == [1, 2]


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_driver_is_one_class(method):
    assert breaks([7, 7, 7], method, 3) == []


def test_intervals_are_closed_on_the_right():
    assert classify(np.array([0, 1, 1.5, 2, 9]), np.array([1.0, 2.0])).tolist() == [0, 0, 1, 1, 2]


def test_a_far_offset_does_not_blur_natural_breaks():
    values = np.array([1, 2, 3, 11, 12, 13, 31, 32, 33]) * 1e-3 + 1e6
    found = natural_breaks(sample(values), [3])[3].values
    assert classify(values, found).tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_wrong_options_are_named():
    with pytest.raises(InputError, match="'jenks' is unknown; choose from equal, quantile, natural"):
        class_breaks(sample([1, 2, 3]), "jenks", [3])
    with pytest.raises(InputError, match="at least 2 classes, not 1"):
        class_breaks(sample([1, 2, 3]), "equal", [1, 3])
