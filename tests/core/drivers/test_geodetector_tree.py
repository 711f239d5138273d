"""Trees as strata, shares of factors, the best intervals, q of new places: by rpart and by formulas written out."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest

from ecoassets.core.drivers.geodetector.detector import geographical_detector
from ecoassets.core.drivers.geodetector.discretise import SortedSample
from ecoassets.core.drivers.geodetector.intervals import BestIntervals
from ecoassets.core.drivers.geodetector.sample import common_sample
from ecoassets.core.drivers.geodetector.statistics import stratum_sums
from ecoassets.core.drivers.geodetector.tree import grow_tree, shapley_shares
from ecoassets.core.drivers.geodetector.validation import deal_blocks
from ecoassets.core.errors import InputError
from ecoassets.tests.core.drivers.cases import case

# rpart, anova, defaults: q and leaves of the tree of every set of factors
TREES = {
    "elevation": (0.416033924365, 5),
    "rain": (0.5255681380611, 7),
    "density": (0.1047109143314, 8),
    "landuse": (0, 1),
    "elevation rain": (0.8012495199473, 8),
    "elevation density": (0.4399038015603, 6),
    "elevation landuse": (0.4195586890161, 4),
    "rain density": (0.5225842707561, 7),
    "rain landuse": (0.5547767828242, 9),
    "density landuse": (0.1047109143314, 8),
    "elevation rain density": (0.8012495199473, 8),
    "elevation rain landuse": (0.8012495199473, 8),
    "elevation density landuse": (0.4411694029207, 6),
    "rain density landuse": (0.5302032438637, 7),
    "elevation rain density landuse": (0.8012495199473, 8),
}
# the best q of k intervals and their limits, by trying all
INTERVALS = {
    ("elevation", 3): (0.38786123137762285, [290.976, 418.04]),
    ("rain", 4): (0.48370813318354844, [688.896, 907.743, 1039.796]),
    ("density", 2): (0.02612509871191815, [5.3543]),
    ("density", 8): (0.11732747961745094, None),
}


@pytest.fixture(scope="module")
def detector():
    table = case("detector")
    y = table["value"]
    names = ("elevation", "rain", "density", "landuse")
    return y, {name: table[name] for name in names}


@pytest.fixture(scope="module")
def factors(detector):
    y, columns = detector
    return common_sample(y, columns, ["landuse"]).factors


@pytest.mark.parametrize("names", TREES)
def test_q_of_every_tree_is_that_of_rpart(detector, factors, names):
    y, _ = detector
    of_set = {name: factors[name] for name in names.split()}
    tree = grow_tree(y, of_set)
    sums = stratum_sums(y, tree.strata(of_set))
    q, leaves = TREES[names]
    assert sums.q == pytest.approx(q, rel=1e-9, abs=1e-12)
    assert [leaf.n for leaf in tree.leaves()] == sums.count.tolist() and len(sums.count) == leaves
    assert [leaf.mean for leaf in tree.leaves()] == pytest.approx(sums.mean.tolist())


def test_splits_of_elevation(detector, factors):
    rows = geographical_detector(detector[0], {"elevation": factors["elevation"]}, strata_kind="tree").breaks
    assert [row.high for row in rows[:-1]] == pytest.approx([294.4215, 357.3935, 418.4395, 430.928])


def test_rules_of_categories_name_them():
    y = np.array([1.0] * 10 + [5.0] * 10 + [9.0] * 10)
    kinds = ["a"] * 10 + ["b"] * 10 + ["c"] * 10
    sample = common_sample(y, {"soil": kinds})
    assert [leaf.rule for leaf in grow_tree(y, sample.factors).leaves()] == ["soil: a", "soil: b", "soil: c"]


def test_rules_put_the_limits_of_a_factor_together(detector, factors):
    tree = grow_tree(detector[0], {"landuse": factors["landuse"], "rain": factors["rain"]})
    rules = [leaf.rule for leaf in tree.leaves()]
    assert rules[1] == "713.279 < rain <= 907.753"
    assert rules[5] == "1040.23 < rain <= 1093.33 & landuse: 3"
    assert rules[-1] == "rain > 1218.11"


def test_shares_by_hand():
    value = {frozenset("a"): 0.4, frozenset("b"): 0.2, frozenset("ab"): 0.9}
    # a first: 0.4, a second: 0.9 - 0.2
    assert shapley_shares(value, "ab") == pytest.approx({"a": 0.55, "b": 0.35})


def test_shares_are_means_over_all_orders():
    random = np.random.default_rng(2)
    names = "abcd"
    sets = [frozenset(c) for k in range(1, 5) for c in combinations(names, k)]
    value = {chosen: float(random.random()) for chosen in sets}
    gains = {name: [] for name in names}
    for order in permutations(names):
        for place, name in enumerate(order):
            before = frozenset(order[:place])
            gains[name].append(value[before | {name}] - value.get(before, 0.0))
    expected = {name: np.mean(found) for name, found in gains.items()}
    assert shapley_shares(value, names) == pytest.approx(expected)


def test_shares_of_the_detector_sum_to_the_q_of_all(detector):
    y, columns = detector
    result = geographical_detector(y, columns, ["landuse"], shares=True)
    shares = {row.factor: row.share for row in result.factors}
    assert shares == pytest.approx(
        {
            "elevation": 0.3294391695317,
            "rain": 0.4319449482454,
            "density": 0.03639723684666,
            "landuse": 0.003468165323521,
        }
    )
    assert sum(shares.values()) == pytest.approx(0.8012495199473)
    assert len([row for row in result.trees if row.set == "elevation + rain + density + landuse"]) == 8


def test_pairs_of_trees_and_their_types(detector):
    y, columns = detector
    result = geographical_detector(y, columns, ["landuse"], strata_kind="tree", shares=True)
    pairs = {(row.factor_a, row.factor_b): row for row in result.interactions}
    assert pairs["elevation", "rain"].q_ab == pytest.approx(0.8012495199473)
    assert pairs["elevation", "rain"].type == "bi_enhance"
    assert pairs["elevation", "landuse"].type == "nonlinear_enhance"
    assert pairs["rain", "density"].type == "uni_weaken"  # the tree of both is pruned earlier
    row = pairs["elevation", "rain"]
    assert row.share_a + row.share_b == pytest.approx(row.q_ab)
    assert row.share_a / row.share_b == pytest.approx(0.3294391695317 / 0.4319449482454)
    assert {row.set for row in result.trees} >= {"elevation", "elevation + rain"}


@pytest.mark.parametrize(("name", "classes"), INTERVALS)
def test_best_intervals(detector, name, classes):
    y, columns = detector
    result = geographical_detector(y, {name: columns[name]}, methods=["optimal"], classes=[classes])
    q, limits = INTERVALS[name, classes]
    assert result.factors[0].q == pytest.approx(q, rel=1e-9)
    assert (result.factors[0].method, result.factors[0].strata) == ("optimal", classes)
    if limits:
        assert [row.high for row in result.breaks[:-1]] == pytest.approx(limits)


def test_best_intervals_are_the_best_of_all():
    random = np.random.default_rng(5)
    x = np.round(random.random(14), 1)
    order = np.argsort(x, kind="stable")
    y = random.normal(size=14)[order]
    y -= y.mean()
    sample = SortedSample(x[order])
    found = BestIntervals.of(sample, [2, 3, 4]).solve(y)
    for k, (between, _) in found.items():
        limits = combinations(sample.distinct[:-1], k - 1)
        codes = [np.searchsorted(np.array(inner), sample.values, side="left") for inner in limits]
        best = max(stratum_sums(y, code).q for code in codes)
        assert between / (y @ y) == pytest.approx(best)


def test_noise_is_explained_by_best_intervals_but_not_at_new_places():
    random = np.random.default_rng(4)
    y, x = random.normal(size=(2, 300))
    (row,) = geographical_detector(y, {"x": x}, methods=["optimal"], classes=[8], rule="max", folds=5).factors
    assert row.q > 0.05 > 0 > row.q_cv


def test_q_of_new_places_by_hand():
    """Three blocks of two, two folds would mix: with a fold a block the mean of the others predicts."""
    y = np.array([1.0, 3, 2, 4, 3, 5])
    side = ["a", "b"] * 3
    (row,) = geographical_detector(y, {"side": side}, blocks=[1, 1, 2, 2, 3, 3], folds=3).factors
    # Without a block of means m the strata of the other two predict; a: 1, 2, 3 by 2.5, 2, 1.5, and b two more each.
    missed = 2 * (1.5**2 + 0 + 1.5**2)
    level = [np.mean([2, 4, 3, 5]), np.mean([1, 3, 3, 5]), np.mean([1, 3, 2, 4])]
    total = sum((y[2 * i : 2 * i + 2] - level[i]) @ (y[2 * i : 2 * i + 2] - level[i]) for i in range(3))
    assert row.q_cv == pytest.approx(1 - missed / total)


def test_blocks_stay_whole_in_folds():
    blocks = np.repeat(np.arange(10), 7)
    fold = deal_blocks(blocks, 5, seed=1)
    assert np.bincount(fold).tolist() == [14] * 5
    assert all(len(set(fold[blocks == block])) == 1 for block in range(10))


def test_own_limits():
    y = np.array([1.0, 2, 3, 7, 8, 9])
    x = np.array([10.0, 20, 30, 40, 50, 60])
    result = geographical_detector(y, {"x": x}, limits={"x": [30]}, permutations=19)
    assert [(row.low, row.high, row.n) for row in result.breaks] == [(10, 30, 3), (30, 60, 3)]
    assert (result.factors[0].method, result.factors[0].q) == ("own", pytest.approx(1 - 4 / 58))
    with pytest.raises(InputError, match=r"class 3 of 'x' \(\(55, 60\]\) holds 1 rows, and a class needs 2.*10 and 60"):
        geographical_detector(y, {"x": x}, limits={"x": [30, 55]})
    with pytest.raises(InputError, match="BREAKS names 'z', which is not among FACTORS"):
        geographical_detector(y, {"x": x}, limits={"z": [30]})
    with pytest.raises(InputError, match="STRATA tree finds its own"):
        geographical_detector(y, {"x": x}, limits={"x": [30]}, strata_kind="tree")


def test_p_of_permutations_grows_the_tree_anew():
    # 100 samples of noise: 5 % with a binomial error of 2 %
    random = np.random.default_rng(11)
    low = 0
    for _ in range(100):
        y, x = random.normal(size=(2, 60))
        (row,) = geographical_detector(y, {"x": x}, strata_kind="tree", permutations=39).factors
        low += row.p_permutation is not None and row.p_permutation <= 0.05
    assert low / 100 <= 0.12
