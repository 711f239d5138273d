"""What the engine runs: a job, the blocks that its kernel gets, and what comes of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Callable

import numpy as np

from .grid import Grid
from .output import BandStatistics, Output, WriteOptions
from .reading.source import Source
from .tally import Sums
from .validity import all_of, joined, settled
from .windows import Window, cut_windows

STRIP_PIXELS = 1 << 16


MOST_WORKERS = 4


@dataclass
class Block:
    """What a kernel gets: the inputs of one window.

    Attributes:
        window: where the block lies.
        values: array per source, shape (height, width); 0 where not valid.
        valid: boolean array per source, same shape, not to be changed: masks are shared. Outside the study boundary
            nothing is valid.
        areas_ha: area of a pixel per row, shape (height, 1), hectares.
        gate: where the job's gate is open, shape (height, width).
        left_out: pixels per row that hold a fill code which nobody declared, by source and value.
    """

    window: Window
    values: dict[str, np.ndarray]
    valid: dict[str, np.ndarray]
    areas_ha: np.ndarray
    gate: np.ndarray
    left_out: dict[tuple[str, float], np.ndarray] = field(default_factory=dict)

    def all_valid(self, names: Sequence[str]) -> np.ndarray:
        """Where every named source is valid."""
        return all_of([self.valid[name] for name in names])

    def areas_of(self, pixels: np.ndarray) -> np.ndarray:
        """Area of each of these pixels (boolean, shape (height, width)), hectares, shape (n,)."""
        return np.broadcast_to(self.areas_ha, pixels.shape)[pixels]

    def strips(self) -> Iterator[Block]:
        """The block as strips of whole rows, small enough to stay in the processor's cache."""
        height, width = self.gate.shape
        step = max(1, STRIP_PIXELS // width)
        for start in range(0, height, step):
            rows = slice(start, min(start + step, height))
            window = replace(self.window, row=self.window.row + start, height=rows.stop - start)
            values = {name: array[rows] for name, array in self.values.items()}
            valid = {name: settled(mask[rows]) for name, mask in self.valid.items()}
            yield Block(window, values, valid, self.areas_ha[rows], settled(self.gate[rows]))


@dataclass
class Result:
    """What a kernel returns: per output its values and validity, and the block's sums."""

    rasters: dict[str, tuple[np.ndarray, np.ndarray]] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)


Kernel = Callable[[Block], Result]


def in_strips(kernel: Kernel, block: Block) -> Result:
    """What a kernel makes of a block that looks at each pixel alone, computed strip by strip in the cache."""
    parts = [kernel(strip) for strip in block.strips()]
    rasters = {}
    for name in parts[0].rasters:
        values = np.concatenate([part.rasters[name][0] for part in parts], axis=-2)
        rasters[name] = values, joined([part.rasters[name][1] for part in parts])
    sums: dict[str, np.ndarray] = {}
    for part in parts:
        for name in part.sums:
            sums[name] = sums[name] + part.sums[name] if name in sums else part.sums[name]
    return Result(rasters, Sums(sums))


@dataclass(frozen=True)
class Coverage:
    """How much of a source is valid within the study boundary."""

    pixels: int
    area_ha: float


@dataclass(frozen=True)
class Job:
    """A kernel with its inputs and outputs.

    Attributes:
        kernel: picklable; called once per block that is not empty.
        sources: what the kernel reads, already fitted to the grid.
        grid: the reference grid.
        outputs: what it writes; none for a pass that only sums.
        boundary: an optional 0/1 raster source; pixels with 0 count as outside.
        gate: names of sources that are read first, all by default; a block where no pixel is valid in all of them (in
            any of them with `gate_any`) is skipped, and the other sources are not read there.
        gate_any: see `gate`.
        write: creation options and overviews.
        threads: computing threads, and codec threads of GDAL; None takes one per processor.
        tile: edge of the windows' tiles in pixels.
        accept: looks at what was gathered before the outputs get their final names; raises to refuse it.
    """

    kernel: Kernel
    sources: tuple[Source, ...]
    grid: Grid
    outputs: tuple[Output, ...] = ()
    boundary: Source | None = None
    gate: tuple[str, ...] = ()
    gate_any: bool = False
    write: WriteOptions = field(default_factory=WriteOptions)
    threads: int | None = None
    tile: int | None = None
    accept: Callable[[JobResult], None] | None = None

    @cached_property
    def codec_threads(self) -> int:
        return self.threads or os.cpu_count() or 1

    @property
    def workers(self) -> int:
        """Computing threads: few, because each holds a block, and the codec takes most of the time."""
        return min(self.codec_threads, MOST_WORKERS)

    @property
    def every_source(self) -> tuple[Source, ...]:
        return self.sources if self.boundary is None else (*self.sources, self.boundary)

    @property
    def gate_names(self) -> tuple[str, ...]:
        return self.gate or tuple(source.name for source in self.sources)

    def windows(self) -> list[Window]:
        read = 6 * len(self.sources)
        written = sum(len(o.bands) * np.dtype(o.dtype).itemsize for o in self.outputs)
        return cut_windows(self.grid, read + written, *([self.tile] if self.tile else []))


@dataclass(frozen=True)
class JobResult:
    """What a job gathered.

    Attributes:
        sums: the kernel's sums over the whole raster.
        coverage: valid pixels and area of the gate as a whole and of each source; sources beside the gate are counted
            where it is open.
        statistics: per output, per band.
        left_out: pixels that hold a fill code which nobody declared, by source and value.
        made: pixels of the continuous output that has most; None where there is none.
    """

    sums: Sums
    coverage: Mapping[str, Coverage]
    statistics: Mapping[str, list[BandStatistics]]
    left_out: Mapping[tuple[str, float], Coverage] = field(default_factory=dict)
    made: int | None = None

    @classmethod
    def of(cls, job: Job, sums: Sums, statistics: Mapping[str, list[BandStatistics]]) -> JobResult:
        """Takes what concerns the inputs out of the sums of all blocks."""
        coverage = {name: covered(sums, name) for name in (*(source.name for source in job.sources), COMMON)}
        fills = [key.partition(LEFT_OUT)[2] for key in sums if key.startswith(f"pixels:{LEFT_OUT}")]
        left_out = {}
        for fill in fills:
            value, _, name = fill.partition(":")
            left_out[name, float(value)] = covered(sums, f"{LEFT_OUT}{fill}")
        made = [band.count for output in job.outputs if output.continuous for band in statistics[output.name]]
        return cls(sums, coverage, statistics, left_out, max(made, default=None))


COMMON = "common"
LEFT_OUT = "left out "  # before value and source, in the keys of sums


def covered(sums: Sums, key: str) -> Coverage:
    """The pixels and the area that a pass has summed under a key."""
    if f"pixels:{key}" not in sums:
        return Coverage(0, 0.0)
    return Coverage(int(sums[f"pixels:{key}"]), float(sums[f"area:{key}"]))


def no_kernel(block: Block) -> Result:
    """The kernel of a job that only reads, see `StudyArea.reads`."""
    return Result()
