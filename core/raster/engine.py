"""The block engine: a kernel over aligned blocks, plus sums that merge in block order.

One thread reads, some compute, one writes; GDAL releases Python's lock, so they overlap. Only the calling thread
touches the `Progress`. The result does not depend on the number of threads: windows are fixed by the job, and sums are
merged in window order. Where `scheduler.scheduled` names a cluster, its workers take the place of the threads.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Callable

import numpy as np

from ..errors import OutputError
from ..progress import QUIET, Progress
from .area import pixel_areas_ha
from .grid import Grid
from .kept_blocks import kept_reader
from .output import BandStatistics, Output, RasterWriter, WriteOptions, stack_for
from .scheduler import chosen_cluster
from .source import Source, open_source
from .tally import Sums
from .validity import all_of, any_of, everywhere, joined, pixels_per_row, settled
from .windows import Window, cut_windows

POLL_SECONDS = 0.1
STRIP_PIXELS = 1 << 16
MOST_WORKERS = 4
# Share of a run's progress that is left for statistics, overviews and moving files.
FINISHING_PCT = 4.0


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
    """

    window: Window
    values: dict[str, np.ndarray]
    valid: dict[str, np.ndarray]
    areas_ha: np.ndarray
    gate: np.ndarray

    def all_valid(self, names: Sequence[str]) -> np.ndarray:
        """Where every named source is valid."""
        return all_of([self.valid[name] for name in names])

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
        coverage: valid pixels and area of each gate source.
        statistics: per output, per band.
    """

    sums: Sums
    coverage: Mapping[str, Coverage]
    statistics: Mapping[str, list[BandStatistics]]


def run_job(job: Job, progress: Progress = QUIET, total: Sums | None = None) -> JobResult:
    """Runs a job. Outputs appear under their final names only when everything has succeeded.

    Args:
        job: what is run.
        progress: told of the share of windows that are done.
        total: what gathers the sums of the blocks, in the order of the windows; plain `Sums` where None.

    Raises:
        InputError, GridError: an input cannot be read.
        OutputError: an output cannot be written, or would overwrite an input.
        ClusterError: the cluster on which it is to run cannot be used.
        Cancelled: the user stopped; nothing is left behind.
    """
    _refuse_overwriting_inputs(job)
    total = Sums() if total is None else total
    with chosen_cluster() as cluster:
        if cluster is None:
            reader = BlockReader(job)
            return _run(job, progress, RasterWriter, lambda outputs, told: _stream(job, reader, outputs, told, total))
        from .mosaic import TileMosaic

        return _run(job, progress, TileMosaic, lambda outputs, told: cluster.stream(job, outputs, told, total))


def _run(
    job: Job, progress: Progress, writer_of: Callable, stream: Callable[[dict[str, Any], Progress], Sums]
) -> JobResult:
    """Opens the outputs, lets the blocks stream into them, and gives all of them their final names or none."""
    writers: dict[str, Any] = {}
    try:
        for output in job.outputs:
            writers[output.name] = writer_of(output, job.grid, job.write, job.codec_threads)
        working = progress.part(0, 100 - FINISHING_PCT) if job.outputs else progress
        sums = stream(writers, working)
        for number, writer in enumerate(writers.values()):
            writer.finish(progress)
            progress.set(100 - FINISHING_PCT + FINISHING_PCT * (number + 1) / len(writers))
        coverage = {
            name: Coverage(int(sums[f"pixels:{name}"]), float(sums[f"area:{name}"]))
            for name in (*job.gate_names, COMMON)
        }
        found = JobResult(sums, coverage, {name: writer.statistics for name, writer in writers.items()})
        if job.accept is not None:
            job.accept(found)
        for writer in writers.values():
            writer.commit()
    except BaseException:
        for writer in writers.values():
            writer.discard()
        raise
    return found


COMMON = "common"


def _stream(
    job: Job, reader: BlockReader, writers: Mapping[str, RasterWriter], progress: Progress, total: Sums
) -> Sums:
    """Sends every window through reading, computing and writing, a few at a time, and merges the sums in order."""
    windows = job.windows()
    stop = threading.Event()
    # Leaving the lanes waits for the tasks that run; those that wait see `stop`.
    with ExitStack() as lanes:
        reading, computing, writing = (
            lanes.enter_context(ThreadPoolExecutor(threads)) for threads in (1, job.workers, 1)
        )

        def submit(window: Window) -> Future:
            block = reading.submit(_unless(stop, reader.read), window)
            result = computing.submit(_unless(stop, lambda: compute_block(job, block.result())))
            return writing.submit(_unless(stop, lambda: _write_block(writers, window, result.result())))

        pending: deque[Future] = deque()
        try:
            for done, window in enumerate(windows):
                if len(pending) > job.workers + 1:
                    total.merge(_await(pending.popleft(), progress))
                    progress.set(100 * (done - len(pending)) / len(windows))
                pending.append(submit(window))
            while pending:
                total.merge(_await(pending.popleft(), progress))
                progress.set(100 * (len(windows) - len(pending)) / len(windows))
        except BaseException:
            stop.set()
            raise
    return total


class _Stopped(Exception):
    """A task that was not started because the job ended."""


def _unless(stop: threading.Event, task: Callable) -> Callable:
    def run(*args: Any) -> Any:
        if stop.is_set():
            raise _Stopped
        return task(*args)

    return run


def _await(future: Future, progress: Progress) -> Sums:
    while True:
        progress.check()
        if wait([future], timeout=POLL_SECONDS).done:
            return future.result()


@dataclass
class Computed:
    """A block's results in the shape in which they are written."""

    stacks: dict[str, np.ndarray]
    statistics: dict[str, list[BandStatistics]]
    sums: Sums


def compute_block(job: Job, block: Block) -> Computed:
    """Runs the kernel on a block and adds the coverage of the gate. An empty block writes nothing."""
    coverage = _coverage_sums(job, block)
    if not block.gate.any():
        return Computed({}, {}, coverage)
    with np.errstate(all="ignore"):  # invalid pixels hold 0: what comes of dividing by it is masked below
        result = job.kernel(block)
    stacks, statistics = {}, {}
    for output in job.outputs:
        stacks[output.name], statistics[output.name] = stack_for(output, *result.rasters[output.name])
    result.sums.merge(coverage)
    return Computed(stacks, statistics, result.sums)


def _coverage_sums(job: Job, block: Block) -> Sums:
    """Valid pixels and area of each gate source, and of the gate as a whole."""
    masks = {COMMON: block.gate, **{name: block.valid[name] for name in job.gate_names}}
    arrays: dict[str, np.ndarray] = {}
    counted: dict[int, np.ndarray] = {}  # sources often share a mask
    for name, mask in masks.items():
        if id(mask) not in counted:
            counted[id(mask)] = pixels_per_row(mask)
        per_row = counted[id(mask)]
        arrays[f"pixels:{name}"] = np.array(per_row.sum(), dtype=np.int64)
        arrays[f"area:{name}"] = np.array(float(per_row @ block.areas_ha[:, 0]))
    return Sums(arrays)


def _write_block(writers: Mapping[str, RasterWriter], window: Window, computed: Computed) -> Sums:
    for name, stack in computed.stacks.items():
        writers[name].write(window, stack)
        for total, found in zip(writers[name].statistics, computed.statistics[name]):
            total.merge(found)
    return computed.sums


class BlockReader:
    """Reads blocks, the gate first. Used by one thread at a time."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._areas = pixel_areas_ha(job.grid)
        kept = {source.name: kept_reader(source, job.grid) for source in job.every_source}
        self._readers = {
            source.name: kept[source.name] or open_source(source, job.grid, job.codec_threads)
            for source in job.every_source
        }
        self._passing = [reader for name, reader in self._readers.items() if reader is not kept[name]]
        self._rest = [source.name for source in job.sources if source.name not in job.gate_names]
        self._row: int | None = None

    def read(self, window: Window) -> Block:
        """The block of a window. Where its gate is closed everywhere, only the gate's sources are read."""
        self._start_row(window.row)
        areas = self._areas[window.row : window.row + window.height, np.newaxis]
        inside = self._inside(window)
        block = Block(window, {}, {}, areas, inside)
        for name in self._job.gate_names:
            self._add(block, name, inside)
        masks = [block.valid[name] for name in self._job.gate_names]
        block.gate = any_of(masks) if self._job.gate_any else all_of(masks)
        if block.gate.any():
            for name in self._rest:
                self._add(block, name, inside)
        return block

    def _add(self, block: Block, name: str, inside: np.ndarray) -> None:
        if not inside.any():
            block.values[name], block.valid[name] = np.zeros(inside.shape, dtype=np.uint8), inside
            return
        values, valid = self._read(name, block.window)
        block.values[name] = values
        block.valid[name] = all_of([valid, inside])

    def _inside(self, window: Window) -> np.ndarray:
        if self._job.boundary is None:
            return everywhere((window.height, window.width))
        values, valid = self._read(self._job.boundary.name, window)
        return settled(all_of([valid, values != 0]))

    def _read(self, name: str, window: Window) -> tuple[np.ndarray, np.ndarray]:
        return self._readers[name].read(window.column, window.row, window.width, window.height)

    def _start_row(self, row: int) -> None:
        """Blocks of a row of windows share strips and tiles of the files; after the row they are not needed again."""
        if self._row is not None and row != self._row:
            for reader in self._passing:
                reader.release()
        self._row = row


def _refuse_overwriting_inputs(job: Job) -> None:
    inputs = {os.path.realpath(source.path): source for source in job.every_source}
    written: set[str] = set()
    for output in job.outputs:
        real = os.path.realpath(output.path)
        if real in inputs:
            raise OutputError(
                f"The output {output.path} is also an input ({inputs[real].named}). Choose another output name."
            )
        if real in written:
            raise OutputError(f"Two outputs have the same name: {output.path}. Give each its own.")
        written.add(real)
