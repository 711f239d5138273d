"""A plugin of pytest: what is open can be neither removed nor replaced nor renamed, as on Windows.

    python3 -m pytest -p ecoassets.tests.held_files ecoassets/tests/core/raster

It looks at the files that this process holds (`/proc/self/fd`), so it runs on Linux. There are no links, no names
relative to an open folder, and a rename never replaces a file. What is refused is listed at the end with the lines of
the project that asked for it.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import traceback
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

_IN_USE = "The process cannot access the file because it is being used by another process"
_REFUSED: Counter[str] = Counter()
_real: dict[str, Callable[..., Any]] = {}


def pytest_configure() -> None:
    """Puts the rules of Windows in place for the whole session."""
    if not os.path.isdir("/proc/self/fd"):
        raise pytest.UsageError("held_files looks at /proc/self/fd, which is not here")
    for name in ("replace", "rename", "remove", "unlink", "link"):
        _real[name] = getattr(os, name)
    os.replace = _checked("replace", both=True)
    os.rename = _renaming
    os.remove = os.unlink = _checked("remove", both=False)
    os.link = _no_links
    shutil._use_fd_functions = False  # type: ignore[attr-defined]


def pytest_unconfigure() -> None:
    for name, function in _real.items():
        setattr(os, name, function)
    shutil._use_fd_functions = True  # type: ignore[attr-defined]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for where, count in _REFUSED.most_common(20):
        terminalreporter.write_line(f"refused {count} times: {where}")


def _held() -> dict[tuple[int, int], str]:
    """The files that this process has open."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            about, path = os.stat(f"/proc/self/fd/{name}"), os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if stat.S_ISREG(about.st_mode):
            found[about.st_dev, about.st_ino] = path
    return found


def _require_closed(path: Any) -> None:
    """Raises PermissionError where a file, or one within a folder, is open."""
    try:
        about = os.lstat(path)
    except (OSError, TypeError, ValueError):
        return
    held, inside = _held(), os.path.join(os.path.abspath(os.fspath(path)), "")
    within = stat.S_ISDIR(about.st_mode) and any(one.startswith(inside) for one in held.values())
    if within or (about.st_dev, about.st_ino) in held:
        stack = traceback.extract_stack()[:-2]
        frames = [frame for frame in stack if "/ecoassets/" in frame.filename]
        asked = " < ".join(f"{os.path.basename(f.filename)}:{f.lineno}" for f in reversed(frames[-4:]))
        _REFUSED[f"{os.path.basename(str(path))} by {asked}"] += 1
        raise PermissionError(errno.EACCES, _IN_USE, str(path))


def _checked(name: str, both: bool) -> Callable[..., Any]:
    def call(*paths: Any, **how: Any) -> Any:
        if not any(how.values()):  # relative to an open folder: not on Windows
            for path in paths[: 2 if both else 1]:
                _require_closed(path)
        return _real[name](*paths, **how)

    return call


def _renaming(old: Any, new: Any, **how: Any) -> Any:
    _require_closed(old)
    if os.path.lexists(new) and os.path.abspath(old) != os.path.abspath(new):
        raise FileExistsError(errno.EEXIST, "Cannot create a file when that file already exists", str(new))
    return _real["rename"](old, new, **how)


def _no_links(*paths: Any, **how: Any) -> None:
    raise NotImplementedError("no links here")
