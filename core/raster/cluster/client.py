"""Jobs on a `dask.distributed` cluster: a task per window, a tile file per task, sums merged in window order.

Tasks depend on nothing but the job and their window, and files appear whole, so that dask may run a task again when a
worker dies. dask itself is imported when a cluster is opened.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ...errors import Cancelled, ClusterError, EcoAssetsError
from ...messages import say
from ...progress import QUIET, Progress
from ..blocks import BlockReader, compute_block
from ..output import BandStatistics
from ..tally import Sums
from ..windows import Window
from ..work import Job
from ..writing.waiting import placed
from .local_workers import LocalWorkers
from .mosaic import TileMosaic, write_tile
from .nodes import Node, describe_node, disagreement
from .watch import LOOK_SECONDS, POLL_SECONDS, SILENT_SECONDS, LateError, Watch, answer, no_longer_than, polled

CONNECT_SECONDS = 10
ANSWER_SECONDS = 10.0  # in which a task that has ended sends what it found: some sums, no pixels
AHEAD = 6  # tasks per thread that are handed out before the first of them is needed
LOCAL = "local:"


@dataclass
class Done:
    """What a task gives back; its tiles are in their folders."""

    tiles: dict[str, list[BandStatistics]]
    sums: Sums


class Cluster:
    """A connection to a cluster.

    Args:
        address: of a scheduler, or `local:N` for N worker processes on this machine.

    Attributes:
        address: of the scheduler.
        client: dask's own connection.

    Raises:
        ClusterError: dask is not installed, nobody answers, or there is no worker.
    """

    def __init__(self, address: str, progress: Progress = QUIET) -> None:
        count = _count(address) if address.startswith(LOCAL) else 0
        try:
            from distributed import Client
        except ImportError:
            raise ClusterError(
                say(
                    "Running on a cluster needs the Python package distributed (dask), which is not installed. "
                    "Install it (Debian: python3-distributed; pip: distributed), or leave the scheduler empty."
                )
            ) from None
        self._workers = LocalWorkers(count) if count else None
        self.address = self._workers.address if self._workers else address
        self._seen: set[str] = set()
        try:
            how = {"timeout": CONNECT_SECONDS, "security": self._workers.security if self._workers else None}
            self.client = answer(lambda: Client(self.address, set_as_default=False, **how), progress.check)
            self._wait_for_workers(progress)
        except (ClusterError, Cancelled):
            self.close()
            raise
        except (OSError, TimeoutError, ValueError) as reason:
            self.close()
            raise ClusterError(
                say(
                    "No dask scheduler with workers answers at {address} ({reason}). Check the address "
                    "(tcp://host:8786, or local:2 for two processes here) and that scheduler and workers run.",
                    address=address,
                    reason=reason or type(reason).__name__,
                )
            ) from None

    def _wait_for_workers(self, progress: Progress) -> None:
        """Until all local processes are there, or one of a cluster; where some do not come in time, the others do."""
        wanted, start = self._workers.count if self._workers else 1, time.monotonic()
        while (came := len(answer(self.client.nthreads, progress.check))) < wanted:
            if self._workers:
                self._workers.revive()
            progress.check()
            waited = time.monotonic() - start
            if came and waited > SILENT_SECONDS:
                progress.warn(
                    say(
                        "Only {came} of {wanted} worker processes have started in {seconds:.0f} s. The run goes on "
                        "with them; the others join it when they come.",
                        came=came,
                        wanted=wanted,
                        seconds=SILENT_SECONDS,
                    )
                )
                return
            if waited > 3 * CONNECT_SECONDS:
                raise TimeoutError(f"{came} of {wanted} workers came")
            time.sleep(POLL_SECONDS)

    def has_ended(self) -> bool:
        """Whether every process that this run has started on this machine has ended."""
        return self._workers is not None and self._workers.have_ended()

    def replace_worker(self, worker: Mapping[str, Any]) -> None:
        """Ends a frozen worker where it is one of this run's own, and starts another. dask gives it the work."""
        if self._workers is not None:
            self._workers.replace(str(worker.get("name")))

    def close(self) -> None:
        """Leaves the cluster; local worker processes end."""
        if hasattr(self, "client"):
            with suppress(OSError, TimeoutError):
                self.client.close(timeout=CONNECT_SECONDS)
        if self._workers is not None:
            self._workers.close()

    def stream(self, job: Job, mosaics: Mapping[str, TileMosaic], progress: Progress, total: Sums) -> Sums:
        """Sends every window to a worker, some ahead, and merges what comes back in the order of the windows.

        Raises:
            ClusterError: workers differ from this process, do not see the files, or keep dying.
            EcoAssetsError: what a task raises.
            Cancelled: the user stopped; no task starts any more.
        """
        if not self._seen:
            progress.info(
                say(
                    "Runs on {values} threads of the cluster at {address}.",
                    values=sum(self.client.nthreads().values()),
                    address=self.address,
                )
            )
            if not self.address.startswith("tls://"):
                progress.warn(
                    say(
                        "The scheduler at {address} hears everybody who reaches it, and who does runs programs as the "
                        "user of this machine and of the workers. Use tls:// with certificates outside of a network "
                        "that you trust (docs/cluster.md).",
                        address=self.address,
                    )
                )
        job = _with_files_as_placed(job)
        folders = {name: mosaic.folder for name, mosaic in mosaics.items()}
        self._require_fit(job, folders, progress)
        watch, tasks = Watch(self, progress), _Tasks(self.client, job, folders)
        ahead = AHEAD * max(1, sum(self.client.nthreads().values()))
        windows = job.windows()
        pending: deque[Window] = deque()
        try:
            for done, window in enumerate(windows):
                if len(pending) >= ahead:
                    self._take(pending.popleft(), tasks, mosaics, total, watch)
                    progress.set(100 * (done - len(pending)) / len(windows))
                pending.append(window)
                tasks.submit(window)
            while pending:
                self._take(pending.popleft(), tasks, mosaics, total, watch)
                progress.set(100 * (len(windows) - len(pending)) / len(windows))
        except BaseException:
            tasks.cancel()
            raise
        return total

    def _take(
        self, window: Window, tasks: _Tasks, mosaics: Mapping[str, TileMosaic], total: Sums, watch: Watch
    ) -> None:
        """Waits for a window. One whose worker has gone or frozen while it sends what it found is computed again."""
        done = None
        while done is None:
            while not tasks.futures[window].done():
                if watch.look() and tasks.has_lost_all(watch.workers):
                    tasks.submit_again()
                time.sleep(POLL_SECONDS)
            watch.progress.check()
            done = self._result(tasks.futures[window], watch)
            if done is None:
                tasks.submit(window)
        del tasks.futures[window]
        for name, statistics in done.tiles.items():
            mosaics[name].add(window, statistics)
        total.merge(done.sums)

    def _result(self, future: Any, watch: Watch) -> Done | None:
        """What a task gave; None where it does not come."""
        from distributed.scheduler import KilledWorker

        late = no_longer_than(ANSWER_SECONDS)
        try:
            found: Done = answer(future.result, lambda: (watch.look(), late()))
            return found
        except (EcoAssetsError, Cancelled):
            raise
        except LateError:
            return None
        except KilledWorker as reason:
            raise ClusterError(
                say(
                    "Workers of {address} died over one window again and again ({reason}). They may lack memory: "
                    "give each more, or start fewer on a machine.",
                    address=self.address,
                    reason=reason,
                )
            ) from None
        except Exception as reason:
            if future.status in ("cancelled", "lost"):
                raise ClusterError(
                    say(
                        "The scheduler at {address} has gone: {reason}. Run again.", address=self.address, reason=reason
                    )
                ) from None
            raise

    def _require_fit(self, job: Job, folders: Mapping[str, str], progress: Progress) -> None:
        """Checks once per file that every worker runs the same software and sees the same storage."""
        paths = [source.path for source in job.every_source if source.path not in self._seen]
        here = describe_node(paths, list(folders.values()))
        try:
            nodes: dict[str, Node] = polled(
                lambda: self.client.run(describe_node, paths, list(folders.values())), self.address, progress
            )
        except Cancelled:
            raise
        except ImportError as reason:
            raise ClusterError(
                say(
                    "Workers of {address} cannot import this software ({reason}). Put the folder that holds the "
                    "package {value} on their PYTHONPATH, with numpy and GDAL as here.",
                    address=self.address,
                    reason=reason,
                    value=__name__.split(".")[0],
                )
            ) from None
        except Exception as reason:
            raise ClusterError(
                say(
                    "Workers of {address} do not answer ({reason}). Run the same Python there.",
                    address=self.address,
                    reason=reason,
                )
            ) from None
        for worker, node in nodes.items():
            fault = disagreement(here, node)
            if fault:
                raise ClusterError(say("Worker {worker} {fault}", worker=worker, fault=fault))
        self._seen.update(paths)


def _with_files_as_placed(job: Job) -> Job:
    """The job with its inputs where they lie now: workers do not know what this run has made."""
    sources = tuple(replace(source, path=placed(source.path)) for source in job.sources)
    boundary = job.boundary and replace(job.boundary, path=placed(job.boundary.path))
    return replace(job, sources=sources, boundary=boundary)


def _count(address: str) -> int:
    number = address[len(LOCAL) :]
    if not number.isdigit() or int(number) < 1:
        raise ClusterError(
            say(
                "The scheduler {address} is not understood. Write local:2 for two processes, or an address.",
                address=address,
            )
        )
    return int(number)


class _Tasks:
    """The tasks of a job that are on their way.

    Attributes:
        futures: what dask calls them, by their windows.
    """

    def __init__(self, client: Any, job: Job, folders: Mapping[str, str]) -> None:
        self._client, self._folders = client, folders
        self._job = replace(job, accept=None, threads=1)
        self.futures: dict[Window, Any] = {}
        self._send_job()

    def submit(self, window: Window) -> None:
        """Lets a worker compute a window, again where it was sent before."""
        self.futures[window] = self._client.submit(run_window, self._sent, window, self._folders, pure=False)

    def has_lost_all(self, workers: set[str]) -> bool:
        """Whether there are workers, but none of those that the job was sent to: dask may wait for these for ever."""
        return bool(workers) and not workers & self._workers

    def submit_again(self) -> None:
        """Sends the job and all its tasks anew."""
        self._send_job()
        for window in self.futures:
            self.submit(window)

    def cancel(self) -> None:
        """Lets no task begin any more, as far as the scheduler answers."""
        with suppress(OSError, TimeoutError, LateError):
            answer(lambda: self._client.cancel(list(self.futures.values())), no_longer_than(LOOK_SECONDS))

    def _send_job(self) -> None:
        # A result of a task, not scattered data, so that dask can make it again when the worker that holds it dies.
        self._sent = self._client.submit(_received, self._job, pure=False)
        self._workers = set(self._client.nthreads())


_of_thread = threading.local()


def _received(job: Job) -> Job:
    """The job, as dask's own serialisation brings it to a worker."""
    return job


def run_window(job: Job, window: Window, folders: Mapping[str, str]) -> Done:
    """Runs the kernel on one window and writes its tiles; on a worker."""
    if getattr(_of_thread, "job", None) is not job:  # the files stay open while windows of one job follow each other
        _of_thread.job, _of_thread.reader = job, BlockReader(job)
    computed = compute_block(job, _of_thread.reader.read(window))
    for output in job.outputs:
        if output.name in computed.stacks:
            write_tile(output, job, window, computed.stacks[output.name], folders[output.name])
    return Done(computed.statistics, computed.sums)
