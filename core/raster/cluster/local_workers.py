"""Worker processes on this machine, with their scheduler in this process."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import ClusterError
from ...interpreter import WITHOUT_WINDOW, find_python, importing_environment
from ...messages import say
from ..hidden import HiddenFolder

PACKAGES = ("distributed", "numpy", "osgeo")
END_SECONDS = 5
_TRIES = 3  # of each worker, to start it again
# dask lets the C library give freed memory back at once, so that the arrays of each block come from the system anew.
_KEPT = str(2**28)
_ENVIRONMENT = repr(
    {
        "MALLOC_TRIM_THRESHOLD_": _KEPT,
        "MALLOC_MMAP_THRESHOLD_": _KEPT,
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
)
_SCHEDULER = {
    "http.routes": [],  # no pages that anybody may ask
    "worker-saturation": math.inf,  # no queue, which dask 2022.12 never leaves once all workers have died
}


class LocalWorkers:
    """A scheduler on the loopback device and processes of one thread each, which come back when they die.

    They are started by name, not forked or spawned from this process, which may be QGIS and no Python interpreter. Who
    reaches a scheduler runs code as its user; so each run makes a certificate of its own, and nobody who lacks it is
    heard. It lies in a folder that only this user opens.

    Attributes:
        security: what a client needs to be heard.
    """

    def __init__(self, count: int) -> None:
        import dask
        from distributed import LocalCluster
        from distributed.security import Security

        python = find_python(PACKAGES)
        if python is None:
            raise ClusterError(
                say(
                    "No Python {major}.{minor} with the packages {packages} is found to start worker processes "
                    "with. Start a scheduler and workers yourself and give the address.",
                    major=sys.version_info.major,
                    minor=sys.version_info.minor,
                    packages=", ".join(PACKAGES),
                )
            )
        self.count = count
        try:
            self.security: Any = Security.temporary()
        except ImportError:
            raise ClusterError(
                say(
                    "Processes on this machine are told from strangers by certificates, which need the Python "
                    "package cryptography. Install it (Debian: python3-cryptography; pip: cryptography), or "
                    "leave the scheduler empty."
                )
            ) from None
        self._room = HiddenFolder(tempfile.gettempdir())
        self._folder = self._room.path
        with dask.config.set({f"distributed.scheduler.{name}": value for name, value in _SCHEDULER.items()}):
            self._scheduler: Any = LocalCluster(
                n_workers=0, host="127.0.0.1", protocol="tls://", scheduler_port=0, dashboard_address="127.0.0.1:0",
                processes=True, security=self.security,
            )  # fmt: skip
        self.address: str = self._scheduler.scheduler_address
        self._python = python
        self._processes = [self._start(number) for number in range(count)]
        self._started_again = 0

    def have_ended(self) -> bool:
        """Whether no process is left."""
        return all(process.poll() is not None for process in self._processes)

    def revive(self) -> None:
        """Starts processes again that somebody has killed. Raises ClusterError with what one has complained of."""
        for number, process in enumerate(self._processes):
            if process.poll() is None:
                continue
            if process.returncode < 0 and self._may_start_again():
                self._processes[number] = self._start(number)
                continue
            complaint = self._log(number).read_text(encoding="utf-8", errors="replace").strip() or "no reason told"
            raise ClusterError(
                say("A worker process could not start: {splitlines}", splitlines=complaint.splitlines()[-1])
            )

    def replace(self, name: str) -> None:
        """Ends the process of a worker, which may be frozen, and starts another."""
        number = next((number for number in range(self.count) if name == _name(number)), None)
        if number is not None and self._may_start_again():
            _kill(self._processes[number])
            self._processes[number] = self._start(number)

    def _may_start_again(self) -> bool:
        """Not without end, for a run that kills its workers each time would never stop."""
        self._started_again += 1
        return self._started_again <= _TRIES * self.count

    def close(self) -> None:
        """Ends the processes and the scheduler."""
        for process in self._processes:
            process.terminate()
        end = time.monotonic() + END_SECONDS
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, end - time.monotonic()))
            _kill(process)
        with suppress(OSError, TimeoutError):
            self._scheduler.close(timeout=END_SECONDS)
        self._room.remove()

    def _start(self, number: int) -> subprocess.Popen:
        command = [
            self._python, "-m", "distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-dashboard",
            "--memory-limit", "0", "--host", "127.0.0.1", "--name", _name(number), "--death-timeout", "30",
            "--local-directory", self._folder,
            *self._credentials(),
        ]  # fmt: skip
        environment = {
            **importing_environment(),
            "DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON": _ENVIRONMENT,
            "DASK_DISTRIBUTED__WORKER__HTTP__ROUTES": "[]",
        }
        environment.pop("ECOASSETS_SCHEDULER", None)
        with self._log(number).open("w", encoding="utf-8") as log:
            # nosec B603: a program of dask by an interpreter that lies beside this process; no shell, no user's word
            return subprocess.Popen(  # nosec B603
                command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                creationflags=WITHOUT_WINDOW, start_new_session=True,
            )  # fmt: skip

    def _credentials(self) -> list[str]:
        """The options that name the certificate of a worker."""
        role = self.security.get_tls_config_for_role("worker")
        words = []
        for option, name in (("--tls-ca-file", "ca_file"), ("--tls-cert", "cert"), ("--tls-key", "key")):
            path = Path(self._folder, f"{name}.pem")
            if not path.exists():
                path.touch(mode=0o600)
                path.write_text(role[name], encoding="ascii")
            words += [option, str(path)]
        return words

    def _log(self, number: int) -> Path:
        return Path(self._folder, f"worker{number}.log")


def _name(number: int) -> str:
    return f"worker{number}"


def _kill(process: subprocess.Popen) -> None:
    """Ends a process with all that it has started: a worker that is frozen outlives its keeper."""
    if sys.platform != "win32":
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.wait()
