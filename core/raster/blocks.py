"""Reads the blocks of a job and runs its kernel on them: what a thread does, and a worker of a cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from osgeo import gdal

from ..progress import QUIET, Progress
from .area import pixel_areas_ha
from .output import BandStatistics, stack_for
from .reading.kept_blocks import kept_reader
from .reading.source import open_source
from .tally import Sums
from .validity import all_of, any_of, everywhere, pixels_per_row, settled
from .windows import Window
from .work import COMMON, LEFT_OUT, Block, Job


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
    """Valid pixels and area of the gate as a whole, and of each source as far as it was read."""
    masks = {
        COMMON: block.gate,
        **{source.name: block.valid[source.name] for source in job.sources if source.name in block.valid},
    }
    arrays: dict[str, np.ndarray] = {}
    counted: dict[int, np.ndarray] = {}  # sources often share a mask
    for name, mask in masks.items():
        if id(mask) not in counted:
            counted[id(mask)] = pixels_per_row(mask)
        per_row = counted[id(mask)]
        arrays[f"pixels:{name}"] = np.array(per_row.sum(), dtype=np.int64)
        arrays[f"area:{name}"] = np.array(float(per_row @ block.areas_ha[:, 0]))
    for (name, value), per_row in block.left_out.items():
        arrays[f"pixels:{LEFT_OUT}{value!r}:{name}"] = np.array(per_row.sum(), dtype=np.int64)
        arrays[f"area:{LEFT_OUT}{value!r}:{name}"] = np.array(float(per_row @ block.areas_ha[:, 0]))
    return Sums(arrays)


class BlockReader:
    """Reads blocks, the gate first. Used by one thread at a time."""

    def __init__(self, job: Job, progress: Progress = QUIET) -> None:
        self._job = job
        self._areas = pixel_areas_ha(job.grid)
        kept = {source.name: kept_reader(source, job.grid) for source in job.every_source}
        opened: dict[str, gdal.Dataset] = {}
        self._readers = {}
        for source in job.every_source:
            progress.check()  # what is warped from afar takes a moment to open
            reader = kept[source.name] or open_source(source, job.grid, job.codec_threads, opened)
            self._readers[source.name] = reader
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
        for value, fill in self._readers[name].left_out.items():
            block.left_out[name, value] = pixels_per_row(all_of([fill, inside]))

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
