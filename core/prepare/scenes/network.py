"""The middle of many numbers, pixel by pixel, by a sorting network: comparisons of whole arrays, without any branch."""

from __future__ import annotations

from functools import cache

import numpy as np

CHUNK = 1 << 15  # pixels that stay near the processor with all their scenes, and are worth a call of each comparison

Comparator = tuple[int, int, bool, bool]


@cache
def middle_network(count: int) -> tuple[Comparator, ...]:
    """Comparators after which the two middle places of `count` numbers hold what sorting would put there.

    Batcher's merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M), from which everything is
    left out that does not reach the middle.

    Returns:
        Pairs of places, and whether the smaller one goes to the first and the greater one to the second place.
    """
    wanted = set(middle_places(count))
    kept: list[Comparator] = []
    for low, high in reversed(_merge_exchange(count)):
        smaller, greater = low in wanted, high in wanted
        if smaller or greater:
            kept.append((low, high, smaller, greater))
            wanted |= {low, high}
    return tuple(reversed(kept))


def middle_places(count: int) -> tuple[int, int]:
    """The places, from 0, of sorted numbers between which the middle lies where half of those that miss go first."""
    return ((count - 1) // 2, min(count - 1, (count - 1) // 2 + 1))


def _merge_exchange(count: int) -> list[tuple[int, int]]:
    if count < 2:
        return []
    pairs = []
    top = 1 << ((count - 1).bit_length() - 1)
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while True:
            pairs += [(i, i + d) for i in range(count - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    return pairs


def select_middle(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The numbers at the two middle places, pixel by pixel.

    Args:
        numbers: shape (count, pixels); what it holds afterwards is undefined.

    Returns:
        Two arrays of shape (pixels,).
    """
    count = len(numbers)
    rows = list(numbers)
    spare = np.empty_like(numbers[0])
    for low, high, smaller, greater in middle_network(count):
        a, b = rows[low], rows[high]
        if smaller and greater:
            np.minimum(a, b, out=spare)
            np.maximum(a, b, out=b)
            rows[low], spare = spare, a
        elif smaller:
            np.minimum(a, b, out=a)
        else:
            np.maximum(a, b, out=b)
    first, second = middle_places(count)
    return rows[first], rows[second]
