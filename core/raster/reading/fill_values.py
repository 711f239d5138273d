"""Fill values that are not declared as nodata must go before a raster is interpolated."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..engine import run_job
from ..files import intermediate_path
from ..output import Band, Output, WriteOptions
from ..work import Block, Job, Result
from .source import Source, describe_source


@dataclass(frozen=True)
class _CopyKernel:
    name: str

    def __call__(self, block: Block) -> Result:
        return Result({self.name: (block.values[self.name], block.valid[self.name])})


def holds_fills(source: Source) -> bool:
    """Whether a source has a valid range, or fill codes that nobody declared were seen in it."""
    return source.limited or (source.admission is not None and source.admission.seen)


def without_fill_values(source: Source, folder: str) -> Source:
    """Copies a source that is interpolated and has a valid range or fill codes, so that these are nodata.

    Other sources are returned as they are: range and fill codes are applied when they are read.

    Args:
        source: fitted to the reference grid.
        folder: a temporary folder for the copy.
    """
    if source.resampling is None or not holds_fills(source):
        return source
    _, own = describe_source(source)
    path = intermediate_path(folder, f"{source.name} in range")
    output = Output(source.name, path, (Band(source.name),), "float64")
    in_place = replace(source, resampling=None)
    run_job(Job(_CopyKernel(source.name), (in_place,), own, (output,), write=WriteOptions(overviews=False)))
    return replace(source, path=path, band=1)
