"""Where pixels are valid. Most blocks are valid everywhere: they share one mask, which nobody combines or counts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np


@lru_cache(maxsize=16)
def everywhere(shape: tuple[int, ...]) -> np.ndarray:
    """The shared mask of a block without a gap: boolean, True, read-only."""
    mask = np.ones(shape, dtype=bool)
    mask.flags.writeable = False
    return mask


def is_everywhere(mask: np.ndarray) -> bool:
    """Whether a mask is the shared one, told without looking at its pixels; other masks may be full all the same."""
    return mask is everywhere(mask.shape)


def settled(mask: np.ndarray) -> np.ndarray:
    """The mask, or the shared one where it has no gap."""
    return everywhere(mask.shape) if is_everywhere(mask) or mask.all() else mask


def all_of(masks: Sequence[np.ndarray]) -> np.ndarray:
    """Where every mask is True; at least one mask, all of one shape. May be one of the masks itself."""
    gaps = [mask for mask in masks if not is_everywhere(mask)]
    if not gaps:
        return masks[0]
    return gaps[0] if len(gaps) == 1 else np.logical_and.reduce(gaps)


def joined(masks: Sequence[np.ndarray]) -> np.ndarray:
    """The mask of a block from those of its strips, shape (..., height, width) each."""
    if all(map(is_everywhere, masks)):
        return everywhere((*masks[0].shape[:-2], sum(mask.shape[-2] for mask in masks), masks[0].shape[-1]))
    return np.concatenate(masks, axis=-2)


def any_of(masks: Sequence[np.ndarray]) -> np.ndarray:
    """Where any mask is True; at least one mask, all of one shape. May be one of the masks itself."""
    full = next((mask for mask in masks if is_everywhere(mask)), None)
    if full is not None:
        return full
    return masks[0] if len(masks) == 1 else np.logical_or.reduce(masks)


def pixels_per_row(mask: np.ndarray) -> np.ndarray:
    """How many pixels of each row are True, int64, shape (height,)."""
    if is_everywhere(mask):
        return np.full(mask.shape[0], mask.shape[1], dtype=np.int64)
    return np.fromiter(map(np.count_nonzero, mask), dtype=np.int64, count=len(mask))
