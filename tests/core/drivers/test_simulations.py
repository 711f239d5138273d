"""The tool that measures sizes and coverages: every study gives its numbers, and one of them is known."""

from __future__ import annotations

import pytest

from ecoassets.tools.simulate import STUDIES, simulated


@pytest.mark.parametrize("study", STUDIES)
def test_every_study_counts_its_data_sets(study):
    found = list(simulated(study, 1))
    assert found and all(share in (0, 1) and error == 0 and count == 1 for _, share, error, count in found), found


def test_binomial_errors_are_those_of_the_share():
    _, share, error, count = next(iter(simulated("patterns", 15)))
    assert count == 15 and share < 0.4  # 5 % are expected; 6 of 15 would be one chance in 20,000
    assert error == pytest.approx((share * (1 - share) / 15) ** 0.5)
