"""Looks after a cluster while a run waits for it: a cancel is heard, and workers that fall silent are told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from ...errors import ClusterError
from ...messages import Message, say
from ...progress import Progress

POLL_SECONDS = 0.02
LOOK_SECONDS = 2.0  # between two looks at the workers while a run waits
SILENT_SECONDS = 6.0  # after which, at the next look, it is told that workers say nothing
FROZEN_SECONDS = 20.0  # after which a silent process of this machine makes room for a new one
GONE_SECONDS = 15.0  # in which workers that have died come back, else the run ends


class Watched(Protocol):
    """A cluster, as far as it is looked at: dask's client, and the processes of this machine."""

    client: Any
    address: str

    def has_ended(self) -> bool:
        """Whether every process that this run has started on this machine has ended."""

    def replace_worker(self, worker: Mapping[str, Any]) -> None:
        """Ends a frozen worker where it is one of this run's own, and starts another."""


class Watch:
    """What a run that waits for a cluster looks at.

    Attributes:
        progress: hears what is found, and tells of a cancel.
        workers: who was there at the last look.
    """

    def __init__(self, cluster: Watched, progress: Progress) -> None:
        self.progress, self._cluster = progress, cluster
        self._next = self._alive = time.monotonic()
        self._heard: dict[str, tuple[float, float]] = {}  # by worker: its last word by its clock, when it came by ours
        self._told = 0
        self.workers: set[str] = set()

    def look(self) -> bool:
        """Whether it was time to look. Raises Cancelled where the user has stopped, ClusterError without a worker."""
        self.progress.check()
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + LOOK_SECONDS
        client, address = self._cluster.client, self._cluster.address
        if client.status not in ("running", "connecting"):
            raise ClusterError(say("The scheduler at {address} has gone. Run again.", address=address))
        workers = polled(client.scheduler_info, address, self.progress)["workers"]
        if workers:
            self._alive = now
        elif now - self._alive > GONE_SECONDS or self._cluster.has_ended():
            raise ClusterError(
                say(
                    "All workers of {address} have gone. They may lack memory: give each more, or start fewer on "
                    "a machine. Then run again.",
                    address=address,
                )
            )
        none_left = not workers and now - self._alive > SILENT_SECONDS
        silent = len(self._heard) if none_left else self._silent(workers, now)
        if silent > self._told:
            self.progress.warn(_silent(address, f"{silent} / {len(workers) or silent}"))
        self._told, self.workers = silent, set(workers)
        for name, worker in workers.items():
            if now - self._heard[name][1] > FROZEN_SECONDS:
                self._cluster.replace_worker(worker)
        return True

    def _silent(self, workers: Mapping[str, Mapping[str, Any]], now: float) -> int:
        """How many have said nothing for a while, or take no work because their memory is full."""
        self._heard = {name: heard for name, heard in self._heard.items() if name in workers}
        for name, worker in workers.items():
            if self._heard.get(name, (None, now))[0] != worker.get("last_seen"):
                self._heard[name] = worker.get("last_seen", 0.0), now
        silent = [name for name in workers if now - self._heard[name][1] > SILENT_SECONDS]
        return sum(name in silent or worker.get("status") == "paused" for name, worker in workers.items())


class LateError(Exception):
    """An answer does not come in time."""


def no_longer_than(seconds: float) -> Callable[[], None]:
    end = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > end:
            raise LateError

    return check


def answer(call: Callable[[], Any], look: Callable[[], object]) -> Any:
    """What a call to dask gives, which may wait for others without end; `look` is called meanwhile and may raise."""
    found: list[Any] = []
    ended = threading.Event()

    def ask() -> None:
        try:
            found.append((call(), None))
        except Exception as reason:
            found.append((None, reason))
        ended.set()

    threading.Thread(target=ask, daemon=True).start()
    while not ended.wait(POLL_SECONDS):
        look()
    answer, failure = found[0]
    if failure is not None:
        raise failure
    return answer


def polled(call: Callable[[], Any], address: str, progress: Progress) -> Any:
    """What a call to the scheduler gives. A cancel is heard meanwhile, and a scheduler that says nothing is told."""
    quiet_until = time.monotonic() + SILENT_SECONDS

    def look() -> None:
        nonlocal quiet_until
        progress.check()
        if time.monotonic() > quiet_until:
            progress.warn(_silent(address, "all"))
            quiet_until = float("inf")

    return answer(call, look)


def _silent(address: str, which: str) -> Message:
    return say(
        "Workers of {address} ({which}) have said nothing for {seconds:.0f} s: they are frozen, or lack processor or "
        "memory. The run goes on waiting, and dask gives their work to others; it can be cancelled.",
        address=address,
        which=which,
        seconds=SILENT_SECONDS,
    )
