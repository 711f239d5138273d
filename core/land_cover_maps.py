"""Land-cover rasters against a scheme: every code that occurs must be known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from .errors import InputError, TableError
from .land_cover import LandCoverScheme, unknown_codes_message
from .progress import QUIET, Progress
from .raster.classes import ClassIndex, count_codes
from .raster.engine import run_job
from .raster.reading.source import Source
from .raster.study import StudyArea
from .raster.work import Block, Job, JobResult


class UnknownCodes(InputError):
    """A block holds land-cover codes that the scheme does not know; `telling_unknown_codes` counts them all."""


def class_indices(block: Block, name: str, index: ClassIndex) -> np.ndarray:
    """Class indices of a land-cover source. Raises UnknownCodes when a valid pixel has an unknown code."""
    found = index(block.values[name])
    # the index of what is unknown is the largest
    if found.max() == index.unknown and (block.valid[name] & (found == index.unknown)).any():
        raise UnknownCodes(name)
    return found


def run_over_classes(
    job: Job, cover: Sequence[Source], scheme: LandCoverScheme, area: StudyArea, progress: Progress
) -> JobResult:
    """Runs a job whose kernel raises UnknownCodes for codes that the scheme lacks.

    Raises:
        TableError: such codes occur; the message lists them with their pixel counts, raster by raster.
        InputError: not a single pixel took part.
    """
    with telling_unknown_codes(cover, scheme, area, progress):
        found = run_job(job, progress)
    area.require_pixels(found)
    return found


@contextmanager
def telling_unknown_codes(
    cover: Sequence[Source], scheme: LandCoverScheme, area: StudyArea, progress: Progress = QUIET
) -> Iterator[None]:
    """Turns an unknown code inside a pass into a TableError that lists all of them with their pixel counts."""
    try:
        yield
    except UnknownCodes:
        counts = count_codes(cover, area.grid, area.boundary, progress)
        messages = []
        for source in dict.fromkeys(cover):
            unknown = {code: pixels for code, pixels in counts[source.name].items() if not scheme.known(code)}
            if unknown:
                messages.append(unknown_codes_message(source.named, scheme, unknown))
        raise TableError("\n".join(messages)) from None
