"""The kernel goes through a block strip by strip; nothing of that may show in a map, a sum or a refusal."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.land_cover_maps import UnknownCodes
from ecoassets.core.raster.classes import ClassIndex
from ecoassets.core.raster.reading.source import Source
from ecoassets.core.raster.validity import everywhere, is_everywhere
from ecoassets.core.raster.windows import Window
from ecoassets.core.raster.work import STRIP_PIXELS, Block
from ecoassets.core.services.yearly_kernel import Layers, YearlyKernel

WIDTH = 1024
ROWS_OF_STRIP = STRIP_PIXELS // WIDTH
HEIGHT = 2 * ROWS_OF_STRIP + 3
CODES = (10, 20, 30)
COVER, AMOUNT = Source("cover", "cover.tif", 1, "classes"), Source("amount", "amount.tif", 1)


@pytest.fixture
def block():
    random = np.random.default_rng(3)
    shape = HEIGHT, WIDTH
    valid = {"cover": everywhere(shape), "amount": np.ones(shape, dtype=bool)}
    valid["amount"][5, 7:300] = False  # the other strips have no gap
    values = {
        "cover": random.choice(np.array(CODES, dtype=np.uint8), shape),
        "amount": random.random(shape, dtype=np.float32),
    }
    areas = np.linspace(0.9, 1.1, HEIGHT)[:, np.newaxis]
    return Block(Window(0, 0, WIDTH, HEIGHT), values, valid, areas, valid["amount"])


def kernel(formula):
    return YearlyKernel(
        formula, ({"amount": (AMOUNT,)},), (COVER,), ClassIndex.of_codes(CODES), 3, False, {"map": "float32"}
    )


def doubled(pixels):
    amount = pixels.values["amount"].astype(np.float64)
    high = amount > 0.5
    return Layers({"map": 2 * amount}, pixels.all_valid(), {"held": amount}, {"high": high}, pixels.classes)


def test_strips_make_up_the_block(block):
    strips = list(block.strips())
    assert [strip.window.row for strip in strips] == [0, ROWS_OF_STRIP, 2 * ROWS_OF_STRIP]
    assert sum(strip.window.height for strip in strips) == HEIGHT
    assert [is_everywhere(strip.gate) for strip in strips] == [False, True, True]
    for name in block.values:
        assert np.array_equal(np.concatenate([strip.values[name] for strip in strips]), block.values[name])
    assert np.array_equal(np.concatenate([strip.areas_ha for strip in strips]), block.areas_ha)


def test_maps_and_sums_are_those_of_all_pixels_at_once(block):
    found = kernel(doubled)(block)
    values, valid = found.rasters["map"]
    assert np.array_equal(values[0], 2 * block.values["amount"])
    assert np.array_equal(valid, block.valid["amount"])
    areas = np.broadcast_to(block.areas_ha, (HEIGHT, WIDTH))
    for group, code in enumerate(CODES):
        here = block.valid["amount"] & (block.values["cover"] == code)
        amount = block.values["amount"].astype(np.float64)
        assert found.sums["pixels:0"][group] == np.count_nonzero(here)
        # sums of 20,000 numbers in another order
        assert found.sums["area:0"][group] == pytest.approx(areas[here].sum(), rel=1e-12)
        assert found.sums["amount held:0"][group] == pytest.approx((amount * areas)[here].sum(), rel=1e-12)
        assert found.sums["count high:0"][group] == np.count_nonzero(here & (amount > 0.5))


def refusing_large(pixels):
    amount, valid = pixels.values["amount"], pixels.valid["amount"]
    if 2 * np.count_nonzero(valid & (amount > 100)) > np.count_nonzero(valid):
        raise InputError("Most amounts are large.")
    return doubled(pixels)


def test_a_strip_of_odd_pixels_does_not_stop_a_run(block):
    block.values["amount"][-3:] = 1000  # all of the last strip, a small part of the block
    values, _ = kernel(refusing_large)(block).rasters["map"]
    assert (values[0, -3:] == 2000).all()


def test_a_block_of_another_unit_does(block):
    block.values["amount"][: ROWS_OF_STRIP + 5] += 1000
    with pytest.raises(InputError, match="Most amounts are large"):
        kernel(refusing_large)(block)


def test_an_unknown_code_in_the_last_strip_is_met(block):
    block.values["cover"][-1, -1] = 99
    with pytest.raises(UnknownCodes):
        kernel(doubled)(block)
