"""The geographical detector: small examples by hand, published values, and the traps that other programs fall into."""

from __future__ import annotations

import csv
from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from ecoassets.core.drivers.geodetector.detector import geographical_detector
from ecoassets.core.drivers.geodetector.discretise import METHODS, Breaks, classify
from ecoassets.core.drivers.geodetector.optimal import Candidate, build_ladder, choose, discretisation_curve
from ecoassets.core.drivers.geodetector.statistics import stratum_sums
from ecoassets.core.drivers.geodetector.tables import BreakRow, EcologicalRow, FactorRow, InteractionRow, RiskRow
from ecoassets.core.results import row_columns

# Two strata of three: means 2 and 8, sums of squares 2 + 2 of 58 about the mean 5
Y = np.array([1.0, 2, 3, 7, 8, 9])
SIDES = np.array(["west"] * 3 + ["east"] * 3)


def table(path):
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.fixture(scope="module")
def defects(shared_data):
    """Neural-tube defects by village, Wang et al. 2010: incidence and three class codes."""
    columns = table(shared_data / "geodetector" / "NTDs_disease.csv")
    names = ("elevation", "soiltype", "watershed")
    return columns["incidence"].astype(float), {name: columns[name].astype(int) for name in names}


@pytest.fixture(scope="module")
def ndvi(shared_data):
    """NDVI change on a 40 km grid, Song et al. 2020: two factors of text, four of numbers."""
    columns = table(shared_data / "geodetector" / "ndvi_40.csv")
    y = columns.pop("NDVIchange").astype(float)
    return y, {
        name: column if name in ("Climatezone", "Mining") else column.astype(float) for name, column in columns.items()
    }


def by_factor(result):
    return {row.factor: row for row in result.factors}


def by_pair(result):
    return {(row.factor_a, row.factor_b): row for row in result.interactions}


# ---- by hand


def test_q_by_hand():
    (row,) = geographical_detector(Y, {"side": SIDES}).factors
    assert row.q == pytest.approx(1 - 4 / 58)
    assert row.q_adjusted == pytest.approx(1 - 4 / 58 * 5 / 4)
    assert (row.strata, row.singletons, row.n, row.method, row.classes) == (2, 0, 6, "", 2)
    # F = (6 - 2) / (2 - 1) * (54 / 58) / (4 / 58) = 54, the square of the t of two equal groups
    assert row.p_f == pytest.approx(stats.ttest_ind(Y[:3], Y[3:]).pvalue)


def test_wangs_p_by_hand():
    # means 2 and 8: lambda = [2² + 8² - (sqrt 3 * 2 + sqrt 3 * 8)² / 6] / variance = 18 / (58 / 5) or 18 / (58 / 6)
    (sample,) = geographical_detector(Y, {"side": SIDES}).factors
    (population,) = geographical_detector(Y, {"side": SIDES}, variance="population").factors
    assert sample.p_noncentral == pytest.approx(stats.ncf.sf(54, 1, 4, 18 / (58 / 5)))
    assert population.p_noncentral == pytest.approx(stats.ncf.sf(54, 1, 4, 18 / (58 / 6)))


def test_risk_by_hand():
    rows = geographical_detector(Y, {"side": SIDES}).risk
    # sd 1 in each group of three; t = 6 / sqrt(2 / 3) = 7.3, p = .002
    assert [(row.stratum, row.label, row.n, row.mean, row.differs_from) for row in rows] == [
        (1, "east", 3, 8.0, "west"),
        (2, "west", 3, 2.0, "east"),
    ]
    assert [row.std_error for row in rows] == pytest.approx([1 / 3**0.5] * 2)


def test_strata_without_spread_are_not_compared():
    # 0.1 three times has a mean that differs from 0.1 by round-off; that is not a variance
    result = geographical_detector([0.1, 0.1, 0.1, 0.7, 0.7, 0.7], {"side": SIDES})
    assert [row.differs_from for row in result.risk] == ["", ""]


def test_a_far_offset_of_y_loses_no_digits():
    # two's powers, so that y + 2^30 is exact
    near = geographical_detector(Y / 1024, {"side": SIDES}).factors[0]
    far = geographical_detector(Y / 1024 + 2**30, {"side": SIDES}).factors[0]
    assert (far.q, far.p_f) == (pytest.approx(near.q, rel=1e-12), pytest.approx(near.p_f, rel=1e-9))


def test_perfect_explanation_has_p_0_and_no_interval():
    (row,) = geographical_detector([0.1, 0.1, 0.1, 0.7, 0.7, 0.7], {"side": SIDES}).factors
    assert (row.q, row.p_f, row.p_noncentral, row.q_low) == (1, 0, 0, None)


def test_ecological_test_is_two_sided_in_both_orders():
    halves = ["a", "a", "a", "b", "b", "b"]
    thirds = ["a", "a", "b", "b", "c", "c"]  # sums of squares .5 + 8 + .5 = 9 against 4
    one, other = geographical_detector(Y, {"halves": halves, "thirds": thirds}).ecological
    assert (one.factor_a, one.factor_b, one.f) == ("halves", "thirds", pytest.approx(4 / 9))
    assert (other.factor_a, other.factor_b, other.f) == ("thirds", "halves", pytest.approx(9 / 4))
    assert one.p == pytest.approx(2 * stats.f.sf(9 / 4, 5, 5)) == pytest.approx(other.p)
    assert not one.significant


def test_columns_are_those_of_the_interface():
    def names(row):
        return tuple(column.name for column in row_columns(row))

    assert names(FactorRow)[:11] == (
        *("factor", "q", "q_adjusted", "p_noncentral", "p_f", "p_permutation", "strata", "singletons", "n"),
        *("method", "classes"),
    )
    assert names(InteractionRow)[:8] == (
        *("factor_a", "factor_b", "q_a", "q_b", "q_ab", "type", "strata", "n_per_stratum"),
    )
    assert names(RiskRow) == ("factor", "stratum", "label", "n", "mean", "std_error", "differs_from")
    assert names(EcologicalRow) == ("factor_a", "factor_b", "f", "p", "significant")
    assert names(BreakRow) == ("factor", "class", "low", "high", "n")


# ---- published values


def test_neural_tube_defects_factors(defects):
    y, factors = defects
    rows = by_factor(geographical_detector(y, factors, categorical=factors))
    assert rows["elevation"].q == pytest.approx(0.6067087, abs=1e-6)
    assert rows["soiltype"].q == pytest.approx(0.3857168, abs=1e-6)
    assert rows["watershed"].q == pytest.approx(0.6377736, abs=1e-6)


def test_neural_tube_defects_p_of_either_convention(defects):
    y, factors = defects
    # R geodetector divides by N - 1, GD and gdverse by N
    sample = by_factor(geographical_detector(y, factors, categorical=factors))
    population = by_factor(geographical_detector(y, factors, categorical=factors, variance="population"))
    assert sample["soiltype"].p_noncentral == pytest.approx(0.36324, abs=1e-5)
    assert population["soiltype"].p_noncentral == pytest.approx(0.37215, abs=1e-5)


def test_neural_tube_defects_interactions_of_either_singleton_policy(defects):
    y, factors = defects
    # GD drops strata of one sample, R geodetector keeps them; GD prints four digits
    kept = by_pair(geographical_detector(y, factors, categorical=factors))
    result = geographical_detector(y, factors, categorical=factors, singletons="drop")
    dropped = by_pair(result)
    assert kept["soiltype", "watershed"].q_ab == pytest.approx(0.7357, abs=1e-4)
    assert dropped["soiltype", "watershed"].q_ab == pytest.approx(0.7232, abs=1e-4)
    assert dropped["elevation", "soiltype"].q_ab == pytest.approx(0.6630, abs=1e-4)
    assert dropped["elevation", "watershed"].q_ab == pytest.approx(0.7103, abs=1e-4)
    assert {row.type for row in (*kept.values(), *dropped.values())} == {"bi_enhance"}
    assert kept["soiltype", "watershed"].singletons == dropped["soiltype", "watershed"].singletons == 2
    assert (kept["soiltype", "watershed"].strata, dropped["soiltype", "watershed"].strata) == (21, 19)
    assert any("left out" in note for note in result.notes)


def test_ndvi_change(ndvi):
    y, factors = ndvi
    text = {name: factors[name] for name in ("Climatezone", "Mining")}
    result = geographical_detector(y, text)
    rows = by_factor(result)
    assert rows["Climatezone"].q == pytest.approx(0.8218335, abs=1e-6)
    assert rows["Mining"].q == pytest.approx(0.1411154, abs=1e-6)
    pair = result.interactions[0]
    assert pair.q_ab == pytest.approx(0.8344877, abs=1e-6)
    # GD drops the one singleton of the pair, which moves its value by 1.4e-5
    assert pair.q_ab == pytest.approx(0.8344738, abs=1e-4)
    assert pair.type == "bi_enhance"
    # GD prints 7.3e-10 and 6.7e-10, the round-off of 1 - p; the true values are far below
    assert 0 < rows["Climatezone"].p_noncentral < 1e-200
    assert 0 < rows["Mining"].p_noncentral < 1e-15
    assert "Factor 'Mining' is text: its 5 values are taken as categories." in result.notes


def test_ndvi_change_by_gds_best_classification(ndvi):
    # GD reports seven classes by standard deviations for the temperature change, q = .32655
    y, factors = ndvi
    curve = discretisation_curve(y, factors["Tempchange"], ["sd"], [7])
    assert curve[0].q == pytest.approx(0.32655, abs=1e-5)


# ---- the classes are chosen


def candidates(*q, classes=None):
    """A curve of one method, three classes and more."""
    numbers = classes or range(3, 3 + len(q))
    return [Candidate("equal", k, k, value, "", Breaks(np.arange(k - 1.0))) for k, value in zip(numbers, q)]


@pytest.mark.parametrize(
    ("q", "rule", "classes"),
    [
        # With four points nothing is smoothed. Gains of 50, 2 and 2 %: the first small one after a large one is into 5.
        ((0.20, 0.30, 0.306, 0.312), "loess", 5),
        # No gain of 5 %: as in gdverse the largest q.
        ((0.30, 0.306, 0.312, 0.310), "loess", 5),
        # 5 classes gain little on 4 and would be taken, but 4 explain more.
        ((0.20, 0.30, 0.299, 0.40), "loess", 4),
        ((0.20, 0.30, 0.306, 0.312), "max", 6),
        ((0.20, 0.30, 0.30, 0.30), "max", 4),
    ],
)
def test_rules_by_hand(q, rule, classes):
    assert choose("x", candidates(*q), rule).classes == classes


def test_no_choice_is_beaten_by_fewer_classes_with_a_higher_q():
    random = np.random.default_rng(0)
    for rule in ("loess", "max"):
        for _ in range(40):
            x = random.gamma(2, 1, 300)
            y = np.sin(x * random.uniform(0.5, 2)) + random.normal(0, 1, 300)
            curve = discretisation_curve(y, x, METHODS, range(3, 9))
            chosen = choose("x", curve, rule)
            better = [c for c in curve if c.q > chosen.q]
            assert not [c for c in better if c.classes < chosen.classes or c.strata < chosen.strata]


def test_a_ladder_knows_the_q_of_any_y():
    random = np.random.default_rng(8)
    x = np.round(random.lognormal(0, 1, 90), 1)
    ladder = build_ladder(x, METHODS, range(2, 12))
    for y in random.normal(size=(3, 90)):
        for candidate, q in zip(ladder.candidates, ladder.q(y)):
            expected = stratum_sums(y, classify(x, candidate.breaks.values)).q
            assert np.isnan(q) if candidate.refused else q == pytest.approx(expected, rel=1e-9)


def test_an_interval_holds_its_estimate_though_q_is_biased():
    # 50 strata of 10: chance alone explains 49/499 of the variance
    random = np.random.default_rng(0)
    x = np.repeat(np.arange(50), 10)
    for share in (0.0, 0.1, 0.5):
        for _ in range(20):
            y = np.sqrt(share) * random.normal(size=50)[x] + np.sqrt(1 - share) * random.normal(size=500)
            (row,) = geographical_detector(y, {"x": x}, categorical=["x"]).factors
            assert row.q_low <= row.q <= row.q_high


def test_p_of_permutations_knows_that_the_classes_were_sought():
    # 200 samples of noise: 5 % with a binomial error of 1.5 %. With the classes kept it was 25 %.
    random = np.random.default_rng(5)
    low = 0
    for _ in range(200):
        noise, x = random.normal(size=60), random.gamma(2, 1, 60)
        (row,) = geographical_detector(noise, {"x": x}, rule="max", classes=range(3, 7), permutations=39).factors
        low += row.p_permutation <= 0.05
    assert 0.005 <= low / 200 <= 0.10


def test_permutations_leave_out_strata_of_one_sample_too():
    x = [1, 1, 1, 2, 2, 3]
    result = geographical_detector(Y, {"x": x}, singletons="drop", permutations=719)
    (row,) = result.factors
    assert (row.method, row.n) == ("distinct", 5)

    # Of the ten ways to part five values into three and two, drawn from six places, count those with as high a q.
    def q_of(order):
        return stratum_sums(np.array(order), np.array([0, 0, 0, 1, 1])).q

    exact = np.mean([q_of(order[:5]) >= row.q - 1e-12 for order in permutations(Y)])
    assert row.p_permutation == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 719))


def test_loess_takes_fewer_classes_than_argmax(ndvi):
    y, factors = ndvi
    numbers = {name: factors[name] for name in ("Tempchange", "Precipitation", "GDP", "Popdensity")}
    greatest = geographical_detector(y, numbers, rule="max", classes=range(3, 8))
    modest = geographical_detector(y, numbers, rule="loess", classes=range(3, 8))
    assert [row.classes for row in greatest.factors] == [7, 7, 6, 7]
    # Temperature gains 1, 7, 1 and 3 %, precipitation never 5 %, the other two a quarter and more, then nothing.
    assert [row.classes for row in modest.factors] == [6, 7, 4, 4]
    for row in (*greatest.factors, *modest.factors):
        curve = greatest.strata[row.factor].curve
        (point,) = [point for point in curve if (point.method, point.classes) == (row.method, row.classes)]
        assert row.q == pytest.approx(point.q, rel=1e-12)


def test_breaks_and_labels_of_a_number():
    x = np.array([0.0, 1, 2, 10, 11, 12])
    result = geographical_detector(Y, {"x": x}, methods=["natural"], classes=[2])
    assert [(row.class_, row.low, row.high, row.n) for row in result.breaks] == [(1, 0, 2, 3), (2, 2, 12, 3)]
    assert [row.label for row in result.risk] == ["[0, 2]", "(2, 12]"]


def test_few_distinct_values_are_their_own_classes():
    (row,) = geographical_detector(Y, {"x": [1, 1, 1, 2, 2, 2]}).factors
    assert (row.method, row.classes, row.strata) == ("distinct", 2, 2)


def test_no_sample_is_lost_at_the_highest_value():
    # class edges at the maximum: round-off in a computed edge must not make the last sample missing
    random = np.random.default_rng(3)
    for _ in range(20):
        x = random.lognormal(0, 1, 60) / 3
        for row in geographical_detector(random.normal(size=60), {"x": x}, rule="max").factors:
            assert row.n == 60


# ---- traps


def test_a_shift_of_y_changes_wangs_p_but_neither_q_nor_f(defects):
    y, factors = defects
    one = by_factor(geographical_detector(y, factors, categorical=factors))
    other = by_factor(geographical_detector(y + 10, factors, categorical=factors))
    for name in factors:
        assert other[name].q == pytest.approx(one[name].q, abs=1e-12)
        assert other[name].p_f == pytest.approx(one[name].p_f, rel=1e-9)
        assert one[name].p_noncentral < 0.37
        assert other[name].p_noncentral > 0.999


def test_pairs_are_numbers_not_joined_text():
    # "1" + "12" and "11" + "2" are the same text but not the same pair
    a = np.array([1, 11] * 6)
    b = np.array([12, 2] * 6)
    b[-2:] = [2, 12]
    result = geographical_detector(np.arange(12.0), {"a": a, "b": b}, categorical=("a", "b"))
    assert result.interactions[0].strata == 4


def test_independent_factors_add_up():
    # y = row + 2 column on a balanced board: q_ab = q_a + q_b but for round-off
    row, column = np.divmod(np.arange(24), 6)
    result = geographical_detector(0.1 * row + 0.3 * column, {"row": row, "column": column}, ("row", "column"))
    pair = result.interactions[0]
    assert pair.type == "independent"
    assert pair.q_ab == pytest.approx(1)
    assert pair.q_ab_adjusted is None  # as many strata as samples


def test_nested_classes_do_not_enhance():
    y = np.random.default_rng(2).normal(size=24)
    fine = np.arange(24) // 4
    pair = geographical_detector(y, {"fine": fine, "coarse": fine // 2}, ("fine", "coarse")).interactions[0]
    assert pair.type == "no_enhancement"


def test_weaken_types_come_from_dropped_singletons_only():
    # the pair isolates both high values of a; dropping them leaves nothing to explain
    y = [0, 1, 0, 1, 0, 1, 0, 1, 9, 9]
    a = list("pppppppprr")
    b = list("uuuuvvvvuv")
    kept = geographical_detector(y, {"a": a, "b": b}).interactions[0]
    dropped = geographical_detector(y, {"a": a, "b": b}, singletons="drop").interactions[0]
    assert kept.q_ab == pytest.approx(kept.q_a)
    assert (dropped.q_ab, dropped.type) == (0, "uni_weaken")
    assert (kept.strata, dropped.strata) == (4, 2)
    assert kept.singletons == dropped.singletons == 2


def test_one_stratum_explains_nothing():
    result = geographical_detector(Y, {"same": [3] * 6, "side": SIDES}, permutations=9)
    same = by_factor(result)["same"]
    assert (same.q, same.strata, same.p_f, same.p_noncentral, same.p_permutation) == (0, 1, None, None, None)
    assert "Factor 'same' has one stratum only; its q is 0 and has no p." in result.warnings


def test_singletons_of_a_factor():
    side = np.array([*SIDES, "north"])
    y = np.array([*Y, 5.0])
    (kept,) = geographical_detector(y, {"side": side}).factors
    (dropped,) = geographical_detector(y, {"side": side}, singletons="drop", permutations=19).factors
    (without,) = geographical_detector(Y, {"side": SIDES}).factors
    assert (kept.strata, kept.n, kept.singletons) == (3, 7, 1)
    assert (dropped.strata, dropped.n, dropped.singletons) == (2, 6, 1)
    assert (dropped.q, dropped.p_f) == (without.q, without.p_f)


# ---- permutations


def test_permutation_p_counts_the_orders_that_do_as_well():
    # of 20 ways to choose the three of the west, 2 give q as high
    (row,) = geographical_detector(Y, {"side": SIDES}, permutations=4000, seed=1).factors
    assert row.p_permutation == pytest.approx(2 / 20, abs=0.015)  # three standard errors
    (again,) = geographical_detector(Y, {"side": SIDES}, permutations=4000, seed=1).factors
    assert again == row


def test_blocks_see_what_free_permutation_does_not():
    # 25 stretches of 40 equal-ish cells: the free permutation takes neighbours for independent
    random = np.random.default_rng(4)
    blocks = np.repeat(np.arange(25), 40)
    y = random.normal(size=25)[blocks] + 0.05 * random.normal(size=1000)
    factor = random.integers(0, 3, 25)[blocks]
    (free,) = geographical_detector(y, {"x": factor}, ["x"], permutations=199).factors
    (block,) = geographical_detector(y, {"x": factor}, ["x"], permutations=199, blocks=blocks).factors
    assert free.p_permutation == pytest.approx(1 / 200)
    assert block.p_permutation > 0.05
