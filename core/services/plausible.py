"""Values that cannot be meant: a slip of the unit is told before a wrong map is written."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..errors import InputError
from ..raster.dataset import open_raster, short_name


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


def refuse_second_scale(label: str, paths: Sequence[str], given: str, mend: str) -> None:
    """Raises InputError where a file declares a scale, which is applied when it is read, and another one is given.

    Args:
        label: what the rasters are.
        paths: of the rasters.
        given: the scale of the user, as a message calls it.
        mend: what to do.
    """
    for path in paths:
        dataset = open_raster(path, label)  # must outlive its band
        declared = dataset.GetRasterBand(1).GetScale()
        if declared not in (None, 1):
            raise InputError(
                f"{label}: {short_name(path)} declares the scale {declared:g} itself, which is applied when it is "
                f"read, and {given} is given as well. {mend}"
            )
