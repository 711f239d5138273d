"""Composes the scenes of a year window by window, and writes what comes of it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from dataclasses import dataclass

import numpy as np

from ...progress import Progress
from ...raster.dataset import cache_limit
from ...raster.grid import Grid
from ...raster.output import BandStatistics, Output, RasterWriter, stack_for
from ...raster.reading.source import BandReader, Source, open_source
from ...raster.settings import RasterSettings
from ...raster.windows import TILE, Window
from .masking import grown
from .reading import OpenFiles, PlacedBand, PlacedScene, WindowReader, overlap
from .scene import THERMAL
from .statistics import CLEAR, Seen, Stacked, bytes_per_pixel, compose, mean_of, median_of, picked

BUDGET = 256 * 2**20  # bytes of all windows in work at once
CACHE = 64 * 2**20  # bytes of GDAL's blocks meanwhile: windows follow one another, and none is read twice
_MOST_WORKERS = 4
_MOST_TILES = 2  # of an edge of a window
_POLL_SECONDS = 0.1
NO_COUNT = 65535


@dataclass(frozen=True)
class YearPlan:
    """What a composite is made of.

    Attributes:
        year: of the composite.
        scenes: with reflectance, by date.
        heat: scenes whose temperature is taken; none without one.
        own_heat: whether these are the scenes with reflectance.
        roles: of the reflective bands, in the order of the composite's.
        to_common: slope and intercept by sensor and role, where reflectance is brought on another sensor's scale.
        statistic: one of `STATISTICS`.
        buffer: pixels around what is masked.
        minimum_clear: fewest observations of a pixel.
    """

    year: int
    scenes: Sequence[PlacedScene]
    heat: Sequence[PlacedScene]
    own_heat: bool
    roles: Sequence[str]
    to_common: Mapping[tuple[str, str], tuple[float, float]]
    statistic: str
    buffer: int
    minimum_clear: int

    @property
    def bands(self) -> tuple[str, ...]:
        return (*self.roles, THERMAL) if self.heat else tuple(self.roles)


@dataclass
class Tally:
    """What a year's windows have counted.

    Attributes:
        seen, clear: pixels of the study by scene, with a number and of these without cloud.
        inside: pixels of the study.
        made: of these, with a value.
        observations: sum of the clear scenes of all pixels.
    """

    seen: np.ndarray
    clear: np.ndarray
    inside: int = 0
    made: int = 0
    observations: int = 0

    @classmethod
    def of(cls, scenes: int) -> Tally:
        return cls(np.zeros(scenes, dtype=np.int64), np.zeros(scenes, dtype=np.int64))

    def merge(self, other: Tally) -> None:
        self.seen += other.seen
        self.clear += other.clear
        self.inside += other.inside
        self.made += other.made
        self.observations += other.observations


@dataclass
class _Strip:
    """What comes of a window: values, where they are valid, clear scenes per pixel, and counts."""

    window: Window
    values: np.ndarray
    valid: np.ndarray
    counts: np.ndarray
    inside: np.ndarray
    tally: Tally


class _Stopped(Exception):
    """A window that was given up because the run ended."""


@dataclass
class _Thread:
    """What a thread keeps between windows."""

    files: OpenFiles
    boundary: BandReader | None


def compose_year(
    plan: YearPlan,
    grid: Grid,
    boundary: Source | None,
    output: Output,
    counts: RasterWriter | None,
    position: int,
    settings: RasterSettings,
    progress: Progress,
) -> tuple[RasterWriter, Tally]:
    """Writes the composite of a year; its writer is still to be committed.

    Args:
        plan: what it is made of.
        grid: of the study.
        boundary: a 0/1 raster; None for the whole grid.
        output: the composite.
        counts: gets the clear scenes per pixel, in the band of the year; None where they are not wanted.
        position: of the year, from 0.
        settings: threads and storage.
        progress: told of the share that is done; polled for a cancel ten times a second.

    Raises:
        InputError: a scene cannot be read.
        OutputError: the composite cannot be written.
        Cancelled: the user stopped.
    """
    edge = _edge(plan)
    workers = max(1, min(settings.codec_threads, _MOST_WORKERS if edge == TILE else 1))
    windows = cut(plan, grid, BUDGET // workers, edge)
    total = Tally.of(len(plan.scenes))
    writer = RasterWriter(output, grid, settings.write, settings.codec_threads)
    try:
        streamed = _stream(plan, grid, boundary, windows, workers, progress.part(0, 95))
        with cache_limit(CACHE), closing(streamed) as strips:
            for strip in strips:
                _write(strip, writer, counts, position)
                total.merge(strip.tally)
        writer.finish(progress)
    except BaseException:
        writer.discard()
        raise
    return writer, total


def _write(strip: _Strip, writer: RasterWriter, counts: RasterWriter | None, position: int) -> None:
    stack, found = stack_for(writer.output, strip.values, strip.valid)
    writer.write(strip.window, stack)
    for kept, statistics in zip(writer.statistics, found):
        kept.merge(statistics)
    if counts is not None:
        numbers = np.where(strip.inside, strip.counts, NO_COUNT).astype(np.uint16)
        counts.write(strip.window, numbers[np.newaxis], first=position + 1)
        counts.statistics[position].merge(BandStatistics.of_values(strip.counts[strip.inside]))


def _edge(plan: YearPlan) -> int:
    """The edge that windows should have: that of the blocks of JPEG 2000, which cost much to decode twice."""
    largest = max(max(band.block) for scene in plan.scenes for band in scene.bands.values())
    return TILE * _MOST_TILES if TILE < largest <= TILE * _MOST_TILES else TILE


def cut(plan: YearPlan, grid: Grid, budget: int, edge: int) -> list[Window]:
    """Windows whose scenes fit into a budget of bytes; of whole edges where they do, else smaller ones or strips."""
    scenes = max((len(_touching(plan.scenes, window)) for window in _tiles(grid, TILE, TILE)), default=1)
    itemsize = 2 if _all_small(plan) else 4
    pixels = budget // bytes_per_pixel(plan.statistic, max(1, scenes), len(plan.bands), itemsize)
    for wide, high in ((2 * TILE, 2 * TILE), (2 * TILE, TILE), (TILE, TILE)):
        if wide * high <= pixels or (wide == high == edge > TILE and wide * high <= 1.5 * pixels):
            return list(_tiles(grid, wide, high))
    rows = 1 << max(4, (max(1, pixels // TILE)).bit_length() - 1)
    return list(_tiles(grid, TILE, min(TILE, rows)))


def _all_small(plan: YearPlan) -> bool:
    return all(np.dtype(band.dtype).itemsize <= 2 for scene in plan.scenes for band in scene.bands.values())


def _tiles(grid: Grid, width: int, height: int) -> Iterator[Window]:
    for row in range(0, grid.height, height):
        for column in range(0, grid.width, width):
            yield Window(column, row, min(width, grid.width - column), min(height, grid.height - row))


def _touching(scenes: Sequence[PlacedScene], window: Window) -> list[int]:
    """Numbers of the scenes that lie over a window."""
    return [number for number, scene in enumerate(scenes) if scene.over is not None and overlap(scene.over, window)]


def _stream(
    plan: YearPlan, grid: Grid, boundary: Source | None, windows: Sequence[Window], workers: int, progress: Progress
) -> Generator[_Strip, None, None]:
    """Composes windows in threads, a few at a time, and yields them in order."""
    stop, own = threading.Event(), threading.local()

    def work(window: Window) -> _Strip:
        if not hasattr(own, "thread"):
            opened = open_source(boundary, grid, 1) if boundary is not None else None
            own.thread = _Thread(OpenFiles(workers), opened)
        return _compose(plan, grid, window, own.thread, stop)

    with ExitStack() as lanes:
        pool = lanes.enter_context(ThreadPoolExecutor(workers))
        lanes.callback(stop.set)
        pending: deque[Future] = deque()
        for done, window in enumerate(windows):
            pending.append(pool.submit(work, window))
            if len(pending) > workers:
                yield _await(pending.popleft(), progress)
                progress.set(100 * (done + 1 - len(pending)) / len(windows))
        while pending:
            yield _await(pending.popleft(), progress)
            progress.set(100 * (len(windows) - len(pending)) / len(windows))


def _await(future: Future, progress: Progress) -> _Strip:
    while True:
        progress.check()
        if wait([future], timeout=_POLL_SECONDS).done:
            found: _Strip = future.result()
            return found


def _compose(plan: YearPlan, grid: Grid, window: Window, thread: _Thread, stop: threading.Event) -> _Strip:
    inside = _inside(thread, window)
    looker = _Looker(plan, grid, window, inside, thread.files, stop)
    size = (window.height, window.width)
    values = np.zeros((len(plan.bands), *size), dtype=np.float32)
    valid, counts = np.zeros((len(plan.bands), *size), dtype=bool), np.zeros(size, dtype=np.uint16)
    tally = Tally.of(len(plan.scenes))
    tally.inside = int(np.count_nonzero(inside))
    if tally.inside and looker.numbers:
        stacked = looker.stacked(plan.scenes, looker.numbers)
        found = compose(plan.statistic, stacked, plan.roles)
        counts = found.counts * inside
        enough = counts >= max(1, plan.minimum_clear)
        if plan.heat:
            found.bands[THERMAL] = looker.heat(stacked, found.best)
        for number, role in enumerate(plan.bands):
            values[number], valid[number] = found.bands[role][0], enough & (found.bands[role][1] > 0)
        for number, (seen, clear) in looker.seen.items():
            tally.seen[number], tally.clear[number] = seen, clear
        tally.made, tally.observations = int(np.count_nonzero(enough)), int(counts.sum())
    return _Strip(window, values, valid, counts, inside, tally)


def _inside(thread: _Thread, window: Window) -> np.ndarray:
    if thread.boundary is None:
        return np.ones((window.height, window.width), dtype=bool)
    burned, valid = thread.boundary.read(window.column, window.row, window.width, window.height)
    return np.asarray(valid & (burned != 0))


class _Looker:
    """The scenes of a year over one window: read one band at a time, masked before anything else."""

    def __init__(
        self, plan: YearPlan, grid: Grid, window: Window, inside: np.ndarray, files: OpenFiles, stop: threading.Event
    ) -> None:
        self._plan, self._window, self._inside, self._stop = plan, window, inside, stop
        self._reader = WindowReader(grid, window, files)
        margin = plan.buffer
        around = Window(
            window.column - margin, window.row - margin, window.width + 2 * margin, window.height + 2 * margin
        )
        self._around = WindowReader(grid, around, files) if margin else self._reader
        self.numbers = _touching(plan.scenes, window)
        self.seen: dict[int, tuple[int, int]] = {}
        self._clear: dict[int, np.ndarray] = {}

    def stacked(self, scenes: Sequence[PlacedScene], numbers: Sequence[int]) -> Stacked:
        size = (self._window.height, self._window.width)
        return Stacked(
            len(numbers),
            size,
            lambda role, rows: self._look(scenes, numbers, role, rows),
            lambda role: self._alike(scenes, role),
        )

    def heat(self, stacked: Stacked, best: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Temperature: of the scene that was chosen, else the mean with means and the median with all else."""
        plan = self._plan
        if best is not None and plan.own_heat:
            return picked(stacked, THERMAL, best)
        of_heat = self.stacked(plan.heat, _touching(plan.heat, self._window))
        return (mean_of if plan.statistic == "mean" else median_of)(of_heat, THERMAL)

    def _alike(self, scenes: Sequence[PlacedScene], role: str) -> np.dtype | None:
        kinds = {
            (scene.bands[role].dtype, self._conversion(scene, role), scene.bands[role].band.conversion[2:])
            for scene in scenes
            if role in scene.bands
        }
        if len(kinds) != 1:
            return None
        dtype = np.dtype(next(iter(kinds))[0])
        return dtype if dtype.kind in "ui" and dtype.itemsize <= 2 else None

    def _conversion(self, scene: PlacedScene, role: str) -> tuple[float, float]:
        band = scene.bands[role].band
        slope, intercept = self._plan.to_common.get((scene.scene.sensor, role), (1.0, 0.0))
        return band.scale * slope, band.offset * slope + intercept

    def _look(
        self, scenes: Sequence[PlacedScene], numbers: Sequence[int], role: str, rows: np.ndarray | None
    ) -> Iterator[Seen]:
        there = [number for number in numbers if role in scenes[number].bands]
        for row, number in enumerate(there):
            if self._stop.is_set():
                raise _Stopped
            scene = scenes[number]
            placed = scene.bands[role]
            into = None if rows is None else rows[row]
            kept = self._clear_of(scene)
            counted = scenes is not self._plan.scenes or number in self.seen
            if counted and not kept.any():  # whatever the band holds here, nothing of it counts
                empty = np.zeros(kept.shape, dtype=placed.dtype) if into is None else into
                yield Seen(number, empty, kept, *self._conversion(scene, role))
                continue
            stored = self._reader.read(placed, _outside(placed), into)
            within = _within(stored, placed.band.low, placed.band.high)
            if not counted:
                self._count(number, kept, within)
            yield Seen(number, stored, kept if within is None else kept & within, *self._conversion(scene, role))

    def _count(self, number: int, kept: np.ndarray, within: np.ndarray | None) -> None:
        """Counts pixels with a number, and the clear ones among them."""
        seen = self._inside if within is None else self._inside & (within != 0)
        self.seen[number] = int(np.count_nonzero(seen)), int(np.count_nonzero(seen & (kept != 0)))

    def _clear_of(self, scene: PlacedScene) -> np.ndarray:
        """Where a scene is clear, as in `Seen`; read once."""
        if id(scene) not in self._clear:
            self._clear[id(scene)] = self._read_clear(scene)
        return self._clear[id(scene)]

    def _read_clear(self, scene: PlacedScene) -> np.ndarray:
        size = (self._window.height, self._window.width)
        if scene.quality is None:
            return np.full(size, CLEAR)
        stored, margin = self._around.read(scene.quality, 0), self._plan.buffer
        clear = scene.clear.passes(stored)
        if margin:
            stored = stored[margin : margin + size[0], margin : margin + size[1]]
            clear = ~grown(~clear, margin)
        clear &= scene.measured.passes(stored)
        return _as_mask(clear)


def _as_mask(good: np.ndarray) -> np.ndarray:
    """`CLEAR` where it is good, else 0: what lies below 1 and 0 by as much."""
    kept = good.astype(np.uint16)
    np.negative(kept, out=kept)
    return kept


def _outside(placed: PlacedBand) -> float:
    """A stored number that is no value, for pixels beyond a band."""
    dtype = np.dtype(placed.dtype)
    if dtype.kind == "f":
        return float("nan")
    limits = np.iinfo(dtype)
    low, high = placed.band.low, placed.band.high
    return limits.min if limits.min < low else limits.max if limits.max > high else 0


def _within(stored: np.ndarray, low: float, high: float) -> np.ndarray | None:
    """Where stored numbers are values, as a mask of `Seen`; None where all are."""
    lowest, highest = stored.min(), stored.max()  # both are NaN where any is
    if low <= lowest and highest <= high:
        return None
    return _as_mask((stored >= low) & (stored <= high))
