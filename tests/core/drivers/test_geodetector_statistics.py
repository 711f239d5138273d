"""Formulas of the geographical detector against definitions, scipy and examples of other programs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from ecoassets.core.drivers.geodetector.detector import geographical_detector
from ecoassets.core.drivers.geodetector.optimal import choose, discretisation_curve, local_regression
from ecoassets.core.drivers.geodetector.statistics import (
    BlockShuffle,
    holm,
    interaction_type,
    noncentral_f_sf,
    pair_codes,
    q_interval,
    stratum_sums,
    welch_comparisons,
)
from ecoassets.core.errors import InputError

SIDES = np.array(["west"] * 3 + ["east"] * 3)


def test_welch_is_scipys():
    random = np.random.default_rng(0)
    groups = [random.normal(i, 1 + i, 5 + 3 * i) for i in range(4)]
    codes = np.repeat(np.arange(4), [len(group) for group in groups])
    tests = welch_comparisons(stratum_sums(np.concatenate(groups), codes))
    for i, j, t, p in zip(tests.first, tests.second, tests.t, tests.p):
        peer = stats.ttest_ind(groups[i], groups[j], equal_var=False)
        assert (t, p) == (pytest.approx(peer.statistic), pytest.approx(peer.pvalue))


def test_holm_by_hand():
    # sorted .01 .02 .03 times 3 2 1 = .03 .04 .03, never falling: .03 .04 .04
    assert holm(np.array([0.03, 0.01, 0.02])) == pytest.approx([0.04, 0.03, 0.04])


def test_loess_rule_on_the_example_of_sdsfun():
    # the example of sdsfun::loess_optnum in R, whose answer is 6
    q = [0.26045642, 0.64120405, 0.43938704, 0.95165535, 0.46347836]
    q += [0.25385338, 0.78778726, 0.95938330, 0.83247885, 0.09285196]
    smooth = local_regression(np.arange(3.0, 13), np.array(q))
    gains = np.diff(smooth) / smooth[:-1]
    assert (gains[:2] > 0.05).all()
    assert gains[2] < 0.05  # from 5 to 6


def test_loess_keeps_a_parabola():
    x = np.arange(3.0, 15)
    assert local_regression(x, 2 + 3 * x - x**2) == pytest.approx(2 + 3 * x - x**2)


def test_classes_of_one_sample_are_refused():
    # equal intervals leave 100 alone; quantiles do not
    x = np.array([1, 2, 3, 4, 5, 6, 7, 100.0])
    equal, quantile = discretisation_curve(np.arange(8.0), x, ["equal", "quantile"], [2])
    assert equal.refused == "a class holds fewer than 2 samples"
    assert np.isnan(equal.q)
    assert choose("x", [equal, quantile], "max") is quantile
    with pytest.raises(InputError, match="'x' cannot be discretised as asked: a class holds fewer than 2"):
        choose("x", [equal], "max")


def poisson_mixture(f, free_between, free_within, noncentrality):
    """Upper tail of the noncentral F law as its definition says: central tails weighted by Poisson chances."""
    j = np.arange(4000)
    share = free_within / (free_within + free_between * f)
    weights = stats.poisson.pmf(j, noncentrality / 2)
    return float(np.sum(weights * special.betainc(free_within / 2, free_between / 2 + j, share)))


@pytest.mark.parametrize(
    "law", [(2.5, 3, 180, 4.0), (54, 1, 4, 1.5), (500, 7, 700, 10), (50, 5, 200, 600), (3, 4, 90, 1e-6)]
)
def test_noncentral_f_is_the_poisson_mixture(law):
    # relative, so that tiny p values (the third is 3e-240) count as well
    assert noncentral_f_sf(*law) == pytest.approx(poisson_mixture(*law), rel=1e-6)


def test_noncentral_f_without_noncentrality_is_central():
    assert noncentral_f_sf(2, 3, 180, 0.0) == pytest.approx(stats.f.sf(2, 3, 180), rel=1e-14)
    # scipy's ncf.sf is negative or NaN there; equal strata means give exactly that
    (row,) = geographical_detector([1, 2, 3, 1, 2, 3], {"side": SIDES}).factors
    assert (row.q, row.p_noncentral, row.p_f) == (0, 1, 1)


def test_interval_of_q_puts_f_at_either_tail():
    sums = stratum_sums(np.arange(60.0) % 7 + np.repeat([0, 1, 2], 20), np.repeat([0, 1, 2], 20))
    low, high = q_interval(sums, 0.9)
    f = 57 / 2 * sums.q / (1 - sums.q)
    assert 0 < low < sums.q < high < 1
    assert poisson_mixture(f, 2, 57, 60 * low / (1 - low)) == pytest.approx(0.05, rel=1e-6)
    assert poisson_mixture(f, 2, 57, 60 * high / (1 - high)) == pytest.approx(0.95, rel=1e-6)


def test_pair_codes_have_no_gaps_even_of_many_categories():
    random = np.random.default_rng(5)
    a, b = random.integers(0, 50_000, (2, 300))
    pairs = pair_codes(a, b)
    assert len(np.unique(pairs)) == pairs.max() + 1 == len(set(zip(a.tolist(), b.tolist())))


@pytest.mark.parametrize(
    ("q_ab", "word"),
    [
        (0.05, "nonlinear_weaken"),
        (0.2, "uni_weaken"),
        (0.3, "no_enhancement"),
        (0.3 + 1e-12, "no_enhancement"),
        (0.35, "bi_enhance"),
        (0.1 + 0.3, "independent"),
        (0.1 + 0.3 - 1e-13, "independent"),
        (0.5, "nonlinear_enhance"),
    ],
)
def test_interaction_types_have_a_tolerance(q_ab, word):
    assert interaction_type(0.1, 0.3, q_ab) == interaction_type(0.3, 0.1, q_ab) == word


def test_blocks_stay_together():
    y = np.arange(10.0)
    blocks = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 1])
    shuffle = BlockShuffle(y, blocks, seed=0)
    orders = {tuple(shuffle.draw()[np.argsort(blocks, kind="stable")]) for _ in range(200)}
    # three blocks, 6 orders of 0 1 2 | 3 4 9 | 5 6 7 8
    parts = ((0, 1, 2), (3, 4, 9), (5, 6, 7, 8))
    expected = {parts[i] + parts[j] + parts[3 - i - j] for i in range(3) for j in range(3) if i != j}
    assert orders == expected


def test_codes_of_32_bits_do_not_overflow():
    """The default integer of numpy 1 on Windows: 131,073 x 131,073 pairs are more than it holds."""
    codes = np.arange(131_073, dtype=np.int32)
    assert len(np.unique(pair_codes(codes, codes[::-1].copy()))) == len(codes)


@pytest.mark.parametrize(("free_between", "free_within"), [(1, 3), (4, 100), (60, 10_000)])
def test_far_noncentral_f_goes_on_where_scipy_ends_the_program(free_between, free_within):
    """Boost gives up at 4.3e9 and takes QGIS with it; the law taken beyond 1e9 agrees with it below that."""
    for times in (0.5, 1.0, 1.5, 3.0):
        f = times * 3e9 / free_between
        boost = stats.ncf.sf(f, free_between, free_within, 3e9)
        assert noncentral_f_sf(f, free_between, free_within, 3e9) == pytest.approx(boost, abs=1e-7)
    limit = stats.chi2.cdf(free_within / 1.5, free_within)  # nothing but the sum of squares within varies
    assert noncentral_f_sf(1.5e30 / free_between, free_between, free_within, 1e30) == pytest.approx(limit, abs=1e-9)


def test_values_far_from_zero_and_factors_that_tell_nearly_all_are_judged_too():
    random = np.random.default_rng(1)
    zone = np.repeat([0, 1, 2], [10, 20, 70])
    y = zone + random.normal(size=100)
    near, far = (geographical_detector(y + level, {"zone": zone}, ["zone"]).factors[0] for level in (0, 1e7))
    assert far.q == pytest.approx(near.q, rel=1e-7) and far.p_f == pytest.approx(near.p_f, rel=1e-6)
    assert 0 <= far.p_noncentral <= 1  # of a noncentrality of 1e15
    told = geographical_detector(zone + 1e-7 * y, {"zone": zone}, ["zone"]).factors[0]
    assert 1 - 1e-13 < told.q_low <= told.q <= told.q_high <= 1


def test_q_does_not_know_the_level_of_y():
    random = np.random.default_rng(2)
    codes, y = random.integers(0, 4, 300), random.integers(0, 1000, 300).astype(float)
    assert stratum_sums(y + 2.0**52, codes).q == pytest.approx(stratum_sums(y, codes).q, rel=1e-12)
