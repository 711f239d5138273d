"""Where jobs run: in threads of this process, or on a `dask.distributed` cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from ...progress import QUIET, Progress

if TYPE_CHECKING:
    from .client import Cluster

VARIABLE = "ECOASSETS_SCHEDULER"
THREADS = "threads"


class _Choice:
    """A scheduler's address, and its cluster once a job has needed it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._cluster: Cluster | None = None

    def cluster(self, progress: Progress) -> Cluster:
        from .client import Cluster

        if self._cluster is None:
            self._cluster = Cluster(self.address, progress)
        return self._cluster

    def close(self) -> None:
        if self._cluster is not None:
            self._cluster.close()


_chosen: ContextVar[_Choice | None] = ContextVar("scheduler", default=None)


@contextmanager
def scheduled(address: str = "", otherwise: str = "") -> Iterator[None]:
    """Runs the jobs within where an address says; they share one cluster, opened when the first one needs it.

    Args:
        address: of a dask scheduler, such as `tcp://node1:8786`; `local:N` for N processes on this machine; `threads`
            for this process; "" for that of the step around this one.
        otherwise: what counts where nothing is around; "" for what the environment variable ECOASSETS_SCHEDULER says,
            else threads.
    """
    if not address.strip() and _chosen.get() is not None:
        yield
        return
    choice = _Choice(address.strip() or otherwise.strip() or os.environ.get(VARIABLE, "").strip() or THREADS)
    token = _chosen.set(choice)
    try:
        yield
    finally:
        _chosen.reset(token)
        choice.close()


@contextmanager
def chosen_cluster(progress: Progress = QUIET) -> Iterator[Cluster | None]:
    """The cluster on which a job is to run; None for the threads of this process. A cancel ends the wait for it.

    Raises:
        ClusterError: there is no such cluster, or it cannot be used.
    """
    choice = _chosen.get()
    if choice is None:
        with scheduled(), chosen_cluster(progress) as cluster:
            yield cluster
    else:
        yield None if choice.address == THREADS else choice.cluster(progress)
