"""Whether the maps of a run find room on their disks, asked before the first pixel is read."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from ...errors import OutputError
from ...messages import say
from ...progress import Progress
from ..grid import Grid
from ..output import Output, WriteOptions

_OVERVIEWS = 4 / 3  # of the pixels, where reduced copies are kept
_SMALLEST = 1 / 200  # to which maps of few classes shrink
_OFTEN = 1 / 2  # to which maps of measured values shrink
_MB = 1e6


def look_for_room(outputs: Sequence[Output], grid: Grid, options: WriteOptions, progress: Progress) -> None:
    """Refuses maps that cannot fit on their disk however small they become; warns where they may not.

    Args:
        outputs: on one grid.
        grid: of the outputs.
        options: how they are stored; without compression their size is known.
        progress: told what may not fit.

    Raises:
        OutputError: they cannot fit.
    """
    compressed = not any(option.replace(" ", "").upper() == "COMPRESS=NONE" for option in options.creation)
    needed: dict[int, float] = defaultdict(float)
    folders: dict[int, str] = {}
    for output in outputs:
        folder = os.path.dirname(os.path.abspath(output.path))
        if os.path.isdir(folder):
            disk = os.stat(folder).st_dev
            folders.setdefault(disk, folder)
            needed[disk] += grid.width * grid.height * len(output.bands) * np.dtype(output.dtype).itemsize
    for disk, folder in folders.items():
        whole = needed[disk] * (_OVERVIEWS if options.overviews else 1.0)
        free = shutil.disk_usage(folder).free
        told = {"folder": folder, "needed": f"{whole / _MB:,.0f}", "free": f"{free / _MB:,.0f}"}
        if free < whole * (_SMALLEST if compressed else 1.0):
            raise OutputError(
                say(
                    "The disk of {folder} has no room for the maps of this run: {needed} MB before compression, and "
                    "{free} MB are free. Free some, or choose a folder on another disk.",
                    **told,
                )
            )
        if free < whole * _OFTEN:
            progress.warn(
                say(
                    "The disk of {folder} may have too little room for the maps of this run: {needed} MB before "
                    "compression, and {free} MB are free.",
                    **told,
                )
            )
