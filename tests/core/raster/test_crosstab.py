"""Class pairs against numpy's own counting."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.raster.classes import ClassIndex
from ecoassets.core.raster.passes.crosstab import Pairs, classes_that_occur, count_pairs, gather
from ecoassets.core.raster.tally import Sums

RNG = np.random.default_rng(3)
CODES = (2, 3, 5, 7)
INDEX = ClassIndex.of_codes(CODES)
FIRST, SECOND = (RNG.choice(CODES, (30, 20)).astype(np.uint8) for _ in range(2))
MASK = RNG.random((30, 20)) > 0.2
ZONES = RNG.choice([0, 4, 9], (30, 20))
AREAS = np.linspace(0.5, 1, 30)[:, np.newaxis]


def counted(first, second, where, weights=None):
    """What a newcomer would write."""
    weights = np.ones(first.shape) if weights is None else np.broadcast_to(weights, first.shape)
    return np.array([[weights[where & (first == a) & (second == b)].sum() for b in CODES] for a in CODES])


@pytest.mark.parametrize("dtype", ["uint8", "int16", "int64"])
def test_one_zone(dtype):
    found = Pairs(FIRST.astype(dtype), SECOND.astype(dtype), MASK, INDEX, AREAS).pixels()
    assert list(found) == [0]
    assert (found[0][:-1, :-1] == counted(FIRST, SECOND, MASK)).all()
    assert not found[0][-1].any()


def test_zones_areas_and_weights():
    pairs = Pairs(FIRST, SECOND, MASK, INDEX, AREAS, ZONES)
    pixels = pairs.pixels()
    weights = RNG.random(FIRST.shape)
    assert sorted(pixels) == [0, 4, 9]
    for zone in pixels:
        where = MASK & np.equal(ZONES, zone)
        assert (pixels[zone][:-1, :-1] == counted(FIRST, SECOND, where)).all()
        assert pairs.areas(pixels)[zone][:-1, :-1] == pytest.approx(counted(FIRST, SECOND, where, AREAS))
        assert pairs.sums(weights)[zone][:-1, :-1] == pytest.approx(counted(FIRST, SECOND, where, weights))


def test_codes_that_are_not_known_fall_in_the_last_class():
    first = np.array([[2, 250, 5]], np.uint8)
    for values in (first, first.astype(np.int32)):
        found = Pairs(values, values, np.array([[True, True, False]]), INDEX, np.ones((1, 1))).pixels()[0]
        assert found[0, 0] == found[-1, -1] == found.sum() - 1 == 1


def test_no_pixel_takes_part():
    assert Pairs(FIRST, SECOND, np.zeros_like(MASK), INDEX, AREAS, ZONES).pixels() == {}


@pytest.mark.parametrize(
    ("size", "dtype", "pixels"),
    [(300, "int64", 3_000_000), (256, "uint8", 700_000), (16, "uint8", 700_001), (9, "uint8", 1), (9, "int16", 0)],
)
def test_neither_chunks_nor_the_width_of_the_values_show(size, dtype, pixels):
    first, second = (RNG.integers(0, size, pixels).astype(dtype) for _ in range(2))
    expected = np.bincount(first.astype(int) * size + second, minlength=size**2).reshape(size, size)
    assert (count_pairs(first, second, size) == expected).all()


def test_gather():
    sums = Sums({"n:0:1": np.diag([1, 0, 3]), "n:1:0": np.diag([0, 0, 2])})
    occurs = classes_that_occur(sums, "n")
    assert occurs.tolist() == [True, False, True]
    found = gather(sums, "n", 2, 2, occurs)
    assert found.shape == (2, 2, 2, 2)
    assert found[0, 1].tolist() == [[1, 0], [0, 3]]
    assert found[0, 0].sum() == 0
    with pytest.raises(InputError, match="No pixel has a class in both years"):
        classes_that_occur(sums, "m")
