"""Land-cover rasters against a scheme: every code that occurs must be known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from .errors import InputError
from .inputs.classes import check_codes
from .inputs.finding import Refused
from .inputs.gate import place_of
from .land_cover import LandCoverScheme
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
        Refused: such codes occur; the message lists them with their pixel counts, raster by raster.
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
    """Turns an unknown code inside a pass into an error that lists all of them with their pixel counts."""
    try:
        yield
    except UnknownCodes:
        distinct = list(dict.fromkeys(cover))
        counts = count_codes(distinct, area.grid, area.boundary, progress)
        findings = [check_codes(place_of(source), counts[source.name], scheme) for source in distinct]
        raise Refused([finding for found in findings for finding in found]) from None
