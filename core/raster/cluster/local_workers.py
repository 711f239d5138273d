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

from ...errors import ClusterError

END_SECONDS = 5
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


class LocalWorkers:
    """A scheduler on the loopback device and processes of one thread each, which come back when they die.

    They are started by name, not forked or spawned from this process, which may be QGIS and no Python interpreter.
    """

    def __init__(self, count: int) -> None:
        from distributed import LocalCluster

        self.count = count
        self._folder = tempfile.mkdtemp(prefix="ecoassets-workers-")
        self._scheduler: Any = LocalCluster(
            n_workers=0, host="127.0.0.1", scheduler_port=0, dashboard_address="127.0.0.1:0",
            processes=True,
        )  # fmt: skip
        self.address: str = self._scheduler.scheduler_address
        python = _python()
        self._processes = [self._start(python, number) for number in range(count)]

    def require_running(self) -> None:
        """Raises ClusterError with what a process complained of when one has ended."""
        for number, process in enumerate(self._processes):
            if process.poll() is not None:
                complaint = self._log(number).read_text(encoding="utf-8", errors="replace").strip() or "no reason told"
                raise ClusterError(f"A worker process could not start: {complaint.splitlines()[-1]}")

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

    def _start(self, python: str, number: int) -> subprocess.Popen:
        command = [
            python, "-m", "distributed.cli.dask_worker", self.address, "--nthreads", "1", "--no-dashboard",
            "--memory-limit", "0", "--host", "127.0.0.1", "--local-directory", self._folder, "--death-timeout", "30",
        ]  # fmt: skip
        beside = os.pathsep.join(filter(None, [str(_importable_from()), os.environ.get("PYTHONPATH", "")]))
        environment = {**os.environ, "PYTHONPATH": beside, "DASK_DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON": _ENVIRONMENT}
        environment.pop("ECOASSETS_SCHEDULER", None)
        with self._log(number).open("w", encoding="utf-8") as log:
            return subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def _log(self, number: int) -> Path:
        return Path(self._folder, f"worker{number}.log")


def _importable_from() -> Path:
    """The folder from which this package is imported under its name."""
    name = __name__.split(".")[0]
    return Path(str(sys.modules[name].__file__)).parent.parent


def _python() -> str:
    """A Python interpreter with the packages of this process; `sys.executable` inside QGIS may be another, or QGIS."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folders = (sys.exec_prefix, os.path.join(sys.exec_prefix, "bin"), os.path.join(sys.base_exec_prefix, "bin"))
    names = (f"python{version}", "python3", "python3.exe", "python.exe")
    beside = [os.path.join(folder, name) for folder in folders for name in names]
    candidates = [sys.executable, *beside, shutil.which("python3") or ""]
    for path in dict.fromkeys(filter(os.path.isfile, candidates)):
        if os.path.basename(path).lower().startswith("python") and _has_packages(path):
            return path
    raise ClusterError(
        f"No Python {version} with the packages distributed, numpy and GDAL is found to start worker processes with. "
        "Start a scheduler and workers yourself and give the address."
    )


def _has_packages(python: str) -> bool:
    program = (
        "import sys; from importlib.util import find_spec; "
        f"sys.exit(sys.version_info[:2] != {sys.version_info[:2]} or not all(map(find_spec, "
        "('distributed', 'numpy', 'osgeo'))))"
    )
    return subprocess.run([python, "-c", program], capture_output=True, check=False).returncode == 0
