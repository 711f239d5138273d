"""Class codes in rasters: dense indices for kernels, and counts of what occurs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..progress import QUIET, Progress
from .engine import run_job
from .grid import Grid
from .reading.source import Source
from .tally import Sums
from .work import Block, Job, Result


@dataclass(frozen=True, eq=False)
class ClassIndex:
    """Maps class codes to 0 .. n-1 in the order of `codes`, and every other code to n.

    Attributes:
        codes: the known codes, any order, none negative.
        table: index by code, with one more entry that catches every code beyond the largest.
    """

    codes: tuple[int, ...]
    table: np.ndarray

    @classmethod
    def of_codes(cls, codes: Sequence[int]) -> ClassIndex:
        table = np.full(max(256, max(codes) + 2), len(codes), dtype=np.intp)
        table[list(codes)] = np.arange(len(codes))
        return cls(tuple(codes), table)

    @property
    def unknown(self) -> int:
        """The index of codes that are not known."""
        return len(self.codes)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Indices (intp) of class codes (any integer type), same shape."""
        if values.dtype == np.uint8:
            return self.table.take(values, mode="clip")
        last = len(self.table) - 1
        clipped = np.where((values < 0) | (values > last), last, values)
        return self.table.take(clipped.astype(np.intp, copy=False), mode="clip")


@dataclass(frozen=True)
class _CountKernel:
    """Counts the codes of each source; codes are few, so they become keys of the sums."""

    names: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        counts = {}
        for name in self.names:
            codes, pixels = np.unique(block.values[name][block.valid[name]], return_counts=True)
            counts.update({f"{name}|{int(c)}": np.array(p, dtype=np.int64) for c, p in zip(codes, pixels)})
        return Result(sums=Sums(counts))


def count_codes(
    sources: Sequence[Source], grid: Grid, boundary: Source | None = None, progress: Progress = QUIET
) -> dict[str, dict[int, int]]:
    """Counts the pixels of every class code, per source name, within the boundary."""
    kernel = _CountKernel(tuple(source.name for source in sources))
    result = run_job(Job(kernel, tuple(sources), grid, boundary=boundary, gate_any=True), progress)
    counts: dict[str, dict[int, int]] = {source.name: {} for source in sources}
    for key in result.sums:
        name, _, code = key.rpartition("|")
        if name in counts:
            counts[name][int(code)] = int(result.sums[key])
    return {name: dict(sorted(found.items())) for name, found in counts.items()}
