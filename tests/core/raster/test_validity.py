"""Masks that are shared where a block has no gap."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.raster.validity import all_of, any_of, everywhere, pixels_per_row, settled

SHAPE = (3, 4)
LEFT = np.tile([True, True, False, False], (3, 1))
ODD = np.tile([True, False, True, False], (3, 1))


@pytest.fixture
def full():
    return everywhere(SHAPE)


def test_the_shared_mask_cannot_be_changed(full):
    with pytest.raises(ValueError, match="read-only"):
        full[0, 0] = False


def test_a_full_mask_becomes_the_shared_one(full):
    assert settled(np.ones(SHAPE, dtype=bool)) is full
    assert settled(LEFT) is LEFT


def test_masks_together(full):
    assert all_of([full, full]) is full
    assert all_of([full, LEFT]) is LEFT
    assert (all_of([LEFT, full, ODD]) == LEFT & ODD).all()
    assert any_of([LEFT, full]) is full
    assert (any_of([LEFT, ODD]) == LEFT | ODD).all()


def test_pixels_per_row(full):
    assert pixels_per_row(full).tolist() == [4, 4, 4]
    assert pixels_per_row(np.triu(np.ones(SHAPE, dtype=bool))).tolist() == [4, 3, 2]
