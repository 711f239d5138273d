"""Values that cannot be meant: a slip of the unit is told before a wrong map is written."""

from __future__ import annotations

import numpy as np

from ..errors import InputError


def refuse_slip(label: str, values: np.ndarray, suspicious: np.ndarray, valid: np.ndarray, mend: str) -> None:
    """Stops a run when more than half of a block's valid pixels are suspicious.

    A single odd pixel is bad data and is left to the maps; a block full of them is another unit.

    Args:
        label: what the values are, with their unit.
        values: shown by their median in the message.
        suspicious: where the values cannot be in that unit; values, suspicious and valid have one shape.
        valid: which pixels count.
        mend: what to do.

    Raises:
        InputError: with the label, the typical value and what to do.
    """
    pixels = np.count_nonzero(valid)
    if pixels and 2 * np.count_nonzero(suspicious) > pixels and 2 * np.count_nonzero(suspicious & valid) > pixels:
        raise InputError(f"{label} is {float(np.median(values[valid])):.4g} in a typical pixel. {mend}")


def refuse_negative(label: str, values: np.ndarray, valid: np.ndarray) -> None:
    """Raises InputError where a quantity that cannot be negative is."""
    if values.min(initial=0) >= 0:
        return
    negative = valid & (values < 0)
    if negative.any():
        raise InputError(
            f"{label} holds negative values such as {float(values[negative][0]):.6g}. Declare them as nodata, or set "
            "the smallest valid value to 0."
        )
