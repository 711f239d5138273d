"""A Python interpreter to start processes with, for inside QGIS this process is often no interpreter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

WITHOUT_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)
"""Flag of a process that shows no console; Windows has one."""


@cache
def find_python(packages: Sequence[str]) -> str | None:
    """Path of a Python of this version that has `packages` (a tuple); None where there is none.

    `sys.executable` may be another program: on Windows and macOS it is QGIS.
    """
    program = os.path.dirname(sys.executable or "")  # in bundles of macOS the interpreter lies beside QGIS
    places = (program, sys.exec_prefix, sys.base_exec_prefix)
    folders = [folder for place in places for folder in (place, os.path.join(place, "bin"))]
    names = (f"python{sys.version_info.major}.{sys.version_info.minor}", "python3", "python3.exe", "python.exe")
    beside = [os.path.join(folder, name) for folder in folders for name in names]
    candidates = [sys.executable or "", *beside, shutil.which("python3") or ""]
    for path in dict.fromkeys(filter(os.path.isfile, candidates)):
        if os.path.basename(path).lower().startswith("python") and _has_packages(path, packages):
            return path
    return None


def importing_environment() -> dict[str, str]:
    """The environment of a process that imports this package under the name it has here."""
    name = __name__.split(".")[0]
    folder = Path(str(sys.modules[name].__file__)).parent.parent
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")]))}


def _has_packages(python: str, packages: Sequence[str]) -> bool:
    program = (
        "import sys; from importlib.util import find_spec; "
        f"sys.exit(sys.version_info[:2] != {sys.version_info[:2]} or not all(map(find_spec, {tuple(packages)!r})))"
    )
    try:
        # nosec B603: an interpreter that lies beside this process, and a fixed program; no shell, no word of a user
        done = subprocess.run(  # nosec B603
            [python, "-c", program], capture_output=True, check=False, timeout=30, creationflags=WITHOUT_WINDOW
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
