"""Jobs on a `dask.distributed` cluster: a task per window, a tile file per task, sums merged in window order.

Tasks depend on nothing but the job and their window, and files appear whole, so that dask may run a task again when a
worker dies. dask itself is imported when a cluster is opened.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from ...errors import Cancelled, ClusterError, EcoAssetsError
from ...messages import Message, say
from ...progress import QUIET, Progress
from ..blocks import BlockReader, compute_block
from ..files import placed
from ..output import BandStatistics
from ..tally import Sums
from ..windows import Window
from ..work import Job
from .local_workers import LocalWorkers
from .mosaic import TileMosaic, write_tile
from .nodes import Node, describe_node, disagreement

CONNECT_SECONDS = 10
POLL_SECONDS = 0.02
LOOK_SECONDS = 2.0  # between two looks at the workers while a run waits
SILENT_SECONDS = 8.0  # after which it is told that workers say nothing
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
            security = self._workers.security if self._workers else None
            self.client = Client(self.address, timeout=CONNECT_SECONDS, set_as_default=False, security=security)
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
        wanted, end = self._workers.count if self._workers else 1, time.monotonic() + 3 * CONNECT_SECONDS
        while len(self.client.nthreads()) < wanted:
            if self._workers:
                self._workers.require_running()
            progress.check()
            if time.monotonic() > end:
                raise TimeoutError(f"{len(self.client.nthreads())} of {wanted} workers came")
            time.sleep(POLL_SECONDS)

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
        watch = _Watch(self, progress)
        # A result of a task, not scattered data, so that dask can make it again when the worker that holds it dies.
        sent = self.client.submit(_received, replace(job, accept=None, threads=1), pure=False)
        ahead = AHEAD * max(1, sum(self.client.nthreads().values()))
        windows = job.windows()
        pending: deque[tuple[Window, Any]] = deque()
        try:
            for done, window in enumerate(windows):
                if len(pending) >= ahead:
                    self._take(*pending.popleft(), mosaics, total, watch)
                    progress.set(100 * (done - len(pending)) / len(windows))
                pending.append((window, self.client.submit(run_window, sent, window, folders, pure=False)))
            while pending:
                self._take(*pending.popleft(), mosaics, total, watch)
                progress.set(100 * (len(windows) - len(pending)) / len(windows))
        except BaseException:
            self.client.cancel([future for _, future in pending])
            raise
        return total

    def _take(self, window: Window, future: Any, mosaics: Mapping[str, TileMosaic], total: Sums, watch: _Watch) -> None:
        while not future.done():
            watch.look()
            time.sleep(POLL_SECONDS)
        watch.progress.check()
        done = self._result(future)
        for name, statistics in done.tiles.items():
            mosaics[name].add(window, statistics)
        total.merge(done.sums)

    def _result(self, future: Any) -> Done:
        from distributed.scheduler import KilledWorker

        try:
            return future.result()
        except EcoAssetsError:
            raise
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
            nodes: dict[str, Node] = _polled(
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


class _Watch:
    """Looks after a cluster while a run waits for it: cancels are heard, and workers that fall silent are told."""

    def __init__(self, cluster: Cluster, progress: Progress) -> None:
        self.progress, self._cluster = progress, cluster
        self._next = self._alive = time.monotonic()
        self._told = False

    def look(self) -> None:
        """Raises Cancelled where the user has stopped, ClusterError where no worker is left."""
        self.progress.check()
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + LOOK_SECONDS
        client = self._cluster.client
        if client.status not in ("running", "connecting"):
            raise ClusterError(say("The scheduler at {address} has gone. Run again.", address=self._cluster.address))
        workers = _polled(client.scheduler_info, self._cluster.address, self.progress)["workers"].values()
        silent = [w for w in workers if time.time() - w.get("last_seen", time.time()) > SILENT_SECONDS]
        if len(silent) < len(workers):
            self._alive, self._told = now, False
        elif not workers and now - self._alive > SILENT_SECONDS:
            raise ClusterError(
                say(
                    "All workers of {address} have gone. They may lack memory: give each more, or start fewer on "
                    "a machine. Then run again.",
                    address=self._cluster.address,
                )
            )
        elif workers and not self._told:
            self.progress.warn(_silent(self._cluster.address))
            self._told = True


def _polled(call: Callable[[], Any], address: str, progress: Progress) -> Any:
    """What a call to the scheduler gives. A cancel is heard meanwhile, and a scheduler that says nothing is told."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append((call(), None))
        except Exception as reason:
            found.append((None, reason))

    threading.Thread(target=ask, daemon=True).start()
    start, warned = time.monotonic(), False
    while not found:
        progress.check()
        if not warned and time.monotonic() - start > SILENT_SECONDS:
            progress.warn(_silent(address))
            warned = True
        time.sleep(POLL_SECONDS)
    answer, failure = found[0]
    if failure is not None:
        raise failure
    return answer


def _silent(address: str) -> Message:
    return say(
        "The workers of {address} have said nothing for {seconds:.0f} s: they are frozen, or lack processor or memory. "
        "The run goes on waiting; it can be cancelled.",
        address=address,
        seconds=SILENT_SECONDS,
    )


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
