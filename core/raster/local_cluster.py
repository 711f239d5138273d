"""Worker processes on this machine, with their scheduler in this process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import ClusterError

PACKAGE = Path(__file__).resolve().parents[2]
END_SECONDS = 5


class LocalWorkers:
    """A scheduler on the loopback device and processes of one thread each, which come back when they die.

    They are started by name, not forked or spawned from this process, which may be QGIS and no Python interpreter.
    """

    def __init__(self, count: int) -> None:
        from distributed import LocalCluster

        self.count = count
        self._folder = tempfile.mkdtemp(prefix="ecoassets-workers-")
        self._scheduler: Any = LocalCluster(
            n_workers=0, host="127.0.0.1", scheduler_port=0, dashboard_address=None, worker_dashboard_address=None,
            processes=True,
        )  # fmt: skip
        self.address: str = self._scheduler.scheduler_address
        self._processes = [self._start(number) for number in range(count)]

    def close(self) -> None:
        """Ends the processes and the scheduler."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        with suppress(OSError, TimeoutError):
            self._scheduler.close(timeout=END_SECONDS)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, number: int) -> subprocess.Popen:
        command = [
            _python(), "-m", "distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-dashboard",
            "--memory-limit", "0", "--host", "127.0.0.1", "--local-directory", self._folder, "--death-timeout", "30",
        ]  # fmt: skip
        beside = os.pathsep.join(filter(None, [str(_importable_from()), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PYTHONPATH": beside, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        environment.pop("ECOASSETS_SCHEDULER", None)
        with open(os.path.join(self._folder, f"worker{number}.log"), "w", encoding="utf-8") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def _importable_from() -> Path:
    """The folder from which this package is imported under its name."""
    name = __name__.split(".")[0]
    return Path(str(sys.modules[name].__file__)).parent.parent


def _python() -> str:
    """The Python interpreter of this process; inside QGIS `sys.executable` may be QGIS itself."""
    candidates = [
        sys.executable,
        *(os.path.join(folder, name) for folder in (sys.exec_prefix, os.path.join(sys.exec_prefix, "bin"))
          for name in ("python3", "python3.exe", "python.exe")),
        shutil.which("python3") or "",
    ]  # fmt: skip
    for path in candidates:
        if os.path.basename(path).lower().startswith("python") and os.path.isfile(path):
            return path
    raise ClusterError(
        "No Python interpreter is found beside QGIS to start worker processes with. Give the address of a scheduler."
    )
