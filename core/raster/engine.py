"""The block engine: a kernel over aligned blocks, plus sums that merge in block order.

One thread reads, some compute, one writes; GDAL releases Python's lock, so they overlap. Only the calling thread
touches the `Progress`. The result does not depend on the number of threads: windows are fixed by the job, and sums are
merged in window order. Where `scheduler.scheduled` names a cluster, its workers take the place of the threads.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from functools import partial
from typing import Any, Callable

from ..errors import OutputError
from ..messages import say
from ..progress import QUIET, Progress
from .blocks import BlockReader, Computed, compute_block
from .cluster.mosaic import TileMosaic
from .cluster.scheduler import chosen_cluster
from .output import RasterWriter
from .tally import Sums
from .windows import Window
from .work import Job, JobResult
from .writing.names import first_of
from .writing.room import look_for_room

POLL_SECONDS = 0.1
# Share of a run's progress that is left for statistics, overviews and moving files.
FINISHING_PCT = 4.0


def run_job(job: Job, progress: Progress = QUIET, total: Sums | None = None) -> JobResult:
    """Runs a job. Outputs appear under their final names only when everything has succeeded.

    Args:
        job: what is run.
        progress: told of the share of windows that are done.
        total: what gathers the sums of the blocks, in the order of the windows; plain `Sums` where None.

    Raises:
        InputError, GridError: an input cannot be read.
        OutputError: an output cannot be written, does not fit on its disk, or would overwrite an input.
        ClusterError: the cluster on which it is to run cannot be used.
        Cancelled: the user stopped; nothing is left behind.
    """
    _refuse_overwriting_inputs(job)
    look_for_room(job.outputs, job.grid, job.write, progress)
    total = Sums() if total is None else total
    with chosen_cluster(progress) as cluster:
        if cluster is None:
            # no lambda: the traceback of a failure would keep it, and with it the files of the reader open
            return _run(job, progress, RasterWriter, partial(_stream, job, BlockReader(job, progress), total=total))
        return _run(job, progress, TileMosaic, lambda outputs, told: cluster.stream(job, outputs, told, total))


def _run(
    job: Job, progress: Progress, writer_of: Callable, stream: Callable[[dict[str, Any], Progress], Sums]
) -> JobResult:
    """Opens the outputs, lets the blocks stream into them, and gives all of them their final names or none."""
    with ExitStack() as opened:
        writers = {
            output.name: opened.enter_context(writer_of(output, job.grid, job.write, job.codec_threads))
            for output in job.outputs
        }
        working = progress.part(0, 100 - FINISHING_PCT) if job.outputs else progress
        sums = stream(writers, working)
        for number, writer in enumerate(writers.values()):
            writer.finish(progress)
            progress.set(100 - FINISHING_PCT + FINISHING_PCT * (number + 1) / len(writers))
        found = JobResult.of(job, sums, {name: writer.statistics for name, writer in writers.items()})
        if job.accept is not None:
            job.accept(found)
        for writer in writers.values():
            writer.commit()
    return found


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


def _write_block(writers: Mapping[str, RasterWriter], window: Window, computed: Computed) -> Sums:
    for name, stack in computed.stacks.items():
        writers[name].write(window, stack)
        for total, found in zip(writers[name].statistics, computed.statistics[name]):
            total.merge(found)
    return computed.sums


def _refuse_overwriting_inputs(job: Job) -> None:
    inputs = {source.path: source for source in job.every_source}
    written: list[str] = []
    for output in job.outputs:
        read = first_of(output.path, inputs)
        if read is not None:
            raise OutputError(
                say(
                    "The output {path} is also an input ({named}). Choose another output name.",
                    path=output.path,
                    named=inputs[read].named,
                )
            )
        if first_of(output.path, written) is not None:
            raise OutputError(say("Two outputs have the same name: {path}. Give each its own.", path=output.path))
        written.append(output.path)
