"""Means over a depth: how much of each layer counts."""

from __future__ import annotations

from collections.abc import Collection

from ...errors import InputError
from ...messages import say

Depth = tuple[float, float]


def weights_of(depths: Collection[Depth], top: float, bottom: float, what: str) -> dict[Depth, float]:
    """Share of each layer in the depth that is asked for, by its thickness within it.

    Args:
        depths: top and bottom of the layers that are there, cm.
        top, bottom: that are asked for, cm.
        what: is measured, for messages.

    Returns:
        Shares that add up to 1; layers outside are left out.

    Raises:
        InputError: the depth is none, or layers leave a part of it out or overlap.
    """
    if not 0 <= top < bottom:
        raise InputError(say("TOP is {top} and BOTTOM {bottom} cm. Give 0 <= TOP < BOTTOM.", top=top, bottom=bottom))
    within = {depth: min(bottom, depth[1]) - max(top, depth[0]) for depth in sorted(depths)}
    within = {depth: thick for depth, thick in within.items() if thick > 0}
    if abs(sum(within.values()) - (bottom - top)) > 1e-9 * bottom:
        raise InputError(
            say(
                "{what}: the layers {layers} do not cover {top:g} to {bottom:g} cm once each. Order what is missing, "
                "or change TOP and BOTTOM.",
                what=what,
                layers=", ".join(f"{a:g}-{b:g}" for a, b in sorted(depths)) or "-",
                top=top,
                bottom=bottom,
            )
        )
    return {depth: thick / (bottom - top) for depth, thick in within.items()}
