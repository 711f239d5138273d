"""Whole or nothing: files are written in a hidden folder beside their final place and moved at the end.

What one run moves there goes `together`: where the run fails later, the new files go and the older ones come back.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from ..errors import OutputError

MARK = "ecoassets"
STALE_SECONDS = 24 * 3600


class PendingFile:
    """A file that appears under its final name only when `commit` is called; `discard` leaves what was there before.

    Attributes:
        path: where to write meanwhile. It has the final file name, so side files get their right names too.
        final: where the file will be.

    Args:
        final: where the file will be.
        tidy: whether to look for what killed runs left in that folder.

    Raises:
        OutputError: the folder is missing or cannot be written.
    """

    def __init__(self, final: str, tidy: bool = True) -> None:
        self.final = os.path.abspath(final)
        parent, name = os.path.split(self.final)
        if not os.path.isdir(parent):
            raise OutputError(f"Cannot write {final}: the folder {parent} does not exist. Create it or choose another.")
        if os.path.isdir(self.final):
            raise OutputError(f"Cannot write {final}: it is a folder. Choose a file name.")
        if tidy:
            remove_litter(parent)
        try:
            self._folder = tempfile.mkdtemp(prefix=_prefix(), dir=parent)
        except OSError as reason:
            raise OutputError(
                f"Cannot write {final}: {reason.strerror} in folder {parent}. Choose a folder that you may write to."
            ) from None
        self.path = os.path.join(self._folder, name)

    def commit(self, older: Iterable[str] = ()) -> None:
        """Moves the file, its side files first, to the final place. Old side files of the same name go.

        Args:
            older: paths of what else the new file takes the place of.
        """
        parent, name = os.path.split(self.final)
        written = sorted(os.listdir(self._folder), key=lambda entry: entry == name)
        sides = [name + ending for ending in (".aux.xml", ".ovr", ".msk")]
        changes = _CHANGES.get()
        clear = changes.make_room if changes else _remove
        try:
            for side in sides:
                if side not in written:
                    clear(os.path.join(parent, side))
            for entry in written:
                final = os.path.join(parent, entry)
                if changes:  # else the old file is replaced in one step
                    changes.make_room(final)
                os.replace(os.path.join(self._folder, entry), final)
            for path in older:
                clear(path)
        except OSError as reason:
            raise OutputError(
                f"Cannot replace {self.final}: {reason.strerror}. Another program may hold it open: remove the layer "
                "from the project or choose another name."
            ) from None
        finally:
            self.discard()

    def discard(self) -> None:
        """Removes what was written so far."""
        shutil.rmtree(self._folder, ignore_errors=True)


class Changes:
    """What a run has put in place so far; older files wait in hidden folders until it has succeeded."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []
        self._settle: list[Callable[[], None]] = []
        self._waiting: dict[str, str] = {}

    def make_room(self, path: str) -> None:
        """Takes what is at a path aside, for something new to appear there.

        Raises:
            OSError: another program holds it.
        """
        if not os.path.lexists(path):
            self._undo.append(lambda: _remove(path))
            return
        parent, name = os.path.split(path)
        if parent not in self._waiting:
            self._waiting[parent] = tempfile.mkdtemp(prefix=_prefix(), dir=parent)
        older = os.path.join(self._waiting[parent], f"{len(self._undo)}-{name}")
        os.replace(path, older)

        def bring_back() -> None:
            _remove(path)
            os.replace(older, path)

        self._undo.append(bring_back)

    def note(self, undo: Callable[[], None], settle: Callable[[], None]) -> None:
        """Takes note of another change: what takes it back, and what ends it once the run has succeeded."""
        self._undo.append(undo)
        self._settle.append(settle)

    def undo(self) -> None:
        """Removes what is new and brings back what was there, the latest first."""
        for step in reversed(self._undo):
            with suppress(OSError, OutputError):  # what another program holds stays; the others go
                step()
        for folder in self._waiting.values():
            with suppress(OSError):  # it holds what could not be brought back
                os.rmdir(folder)

    def settle(self) -> None:
        """Lets go of what was there before."""
        for step in self._settle:
            step()
        for folder in self._waiting.values():
            shutil.rmtree(folder, ignore_errors=True)


_CHANGES: ContextVar[Changes | None] = ContextVar("changes", default=None)


@contextmanager
def together() -> Iterator[Changes]:
    """What is put in place within this block stays if the block succeeds; else all is as it was before.

    A block within a block stands for itself: what it has put in place stays though the outer one fails.
    """
    changes = Changes()
    token = _CHANGES.set(changes)
    try:
        yield changes
    except BaseException:
        changes.undo()
        raise
    else:
        changes.settle()
    finally:
        _CHANGES.reset(token)


def _remove(path: str) -> None:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.remove(path)


def _prefix() -> str:
    return f".{MARK}-{socket.gethostname()}-{os.getpid()}-"


def remove_litter(folder: str) -> None:
    """Removes what a killed run left in a folder. Work of running processes and of other machines stays."""
    host = f".{MARK}-{socket.gethostname()}-"
    for path in glob.glob(os.path.join(glob.escape(folder), glob.escape(host) + "*")):
        process = os.path.basename(path)[len(host) :].split("-")[0]
        if process.isdigit() and not _may_be_running(int(process), path):
            shutil.rmtree(path, ignore_errors=True)


def _may_be_running(process: int, path: str) -> bool:
    if os.name != "posix":  # there is no harmless signal to ask with
        return time.time() - os.path.getmtime(path) < STALE_SECONDS
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def intermediate_path(folder: str, name: str) -> str:
    """A raster file of a workspace. The name may come from a table: it stays in the folder, and apart from others."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return os.path.join(folder, f"{re.sub('[^A-Za-z0-9]+', '_', name)[:40]}-{digest}.tif")


@contextmanager
def workspace() -> Iterator[str]:
    """A temporary folder for intermediate files of one run."""
    remove_litter(tempfile.gettempdir())
    folder = tempfile.mkdtemp(prefix=_prefix())
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
