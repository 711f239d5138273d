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
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from itertools import count

from ..errors import OutputError

MARK = "ecoassets"
STALE_SECONDS = 24 * 3600
_WAITING, _SETTLED = "before-", "settled-"  # purposes of hidden folders
_SIDES = ".sides"


class PendingFile:
    """A file that appears under its final name only when `commit` is called; `discard` leaves what was there before.

    Leaving its `with` block drops what was not committed.

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

    def __enter__(self) -> PendingFile:
        return self

    def __exit__(self, *failure: object) -> None:
        self.discard()

    def write(self, content: str | bytes) -> None:
        """Writes the whole file, text as UTF-8, and gives it its place. Raises OutputError."""
        try:
            with open(self.path, "wb") as file:
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as reason:
            raise OutputError(
                f"Cannot write {self.final}: {reason.strerror or reason}. Choose a folder that you may write to and "
                "that has space left."
            ) from None
        self.commit()

    def commit(self, older: Iterable[str] = ()) -> None:
        """Moves the file, its side files first, to the final place. Old side files of the same name go.

        Args:
            older: paths of what else the new file takes the place of.
        """
        parent, name = os.path.split(self.final)
        written = sorted(os.listdir(self._folder), key=lambda entry: entry == name)
        sides = [name + ending for ending in (".aux.xml", ".ovr", ".msk")]
        changes = _CHANGES.get()
        before = changes.before(self.final) if changes else None
        clear, replace = (before.clear, before.replace) if before else (_remove, os.replace)
        try:
            for side in sides:
                if side not in written:
                    clear(os.path.join(parent, side))
            for entry in written:
                replace(os.path.join(self._folder, entry), os.path.join(parent, entry))
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


class Before:
    """A file, and what belongs to it, as a run finds them: they wait in a hidden folder until the run has succeeded.

    Args:
        main: the file. What belongs to it waits in a folder below, so that a later run can tell them if this one is
            killed.
    """

    def __init__(self, main: str) -> None:
        self._main, self._folder = main, ""
        self._taken: list[str] = []

    def clear(self, path: str) -> None:
        """Takes what is at a path aside, for something new to appear there.

        Raises:
            OSError: another program holds it.
        """
        if os.path.lexists(path):
            os.replace(path, self._waiting(path))
        self._taken.append(path)  # not before: what could not be taken is still the old file

    def replace(self, new: str, path: str) -> None:
        """Puts something new at a path; where the file system knows links, an old file is there until the new one is.

        Raises:
            OSError: another program holds it.
        """
        if not os.path.lexists(path):
            self._taken.append(path)
        else:
            try:
                os.link(path, self._waiting(path), follow_symlinks=False)
                self._taken.append(path)
            except (OSError, NotImplementedError):  # folders, and file systems without links
                self.clear(path)
        os.replace(new, path)

    def undo(self) -> None:
        """Removes what is new and brings back what was there."""
        for path in reversed(self._taken):
            with suppress(OSError):  # what another program holds stays; the others go
                self._bring_back(path)
        for folder in (os.path.join(self._folder, _SIDES), self._folder) if self._folder else ():
            with suppress(OSError):  # it holds what could not be brought back
                os.rmdir(folder)

    def settle(self) -> None:
        """Lets go of what was there before."""
        if self._folder:
            with suppress(OSError):  # what is removed only in part must not come back
                parent, name = os.path.split(self._folder)
                settled = os.path.join(parent, name.replace(_WAITING, _SETTLED))
                os.rename(self._folder, settled)
                self._folder = settled
            shutil.rmtree(self._folder, ignore_errors=True)

    def _bring_back(self, path: str) -> None:
        older = self._waiting(path) if self._folder else ""
        if not os.path.lexists(older):
            _remove(path)
        elif _is_same(older, path):  # a second name of what was never replaced
            os.remove(older)
        else:
            if os.path.isdir(path) or os.path.isdir(older):  # a folder takes no file's place, nor a file a folder's
                _remove(path)
            os.replace(older, path)

    def _waiting(self, path: str) -> str:
        parent, name = os.path.split(path)
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix=_prefix() + _WAITING, dir=parent)
            os.mkdir(os.path.join(self._folder, _SIDES))
        return os.path.join(self._folder, name) if path == self._main else os.path.join(self._folder, _SIDES, name)


class Changes:
    """What a run has put in place so far."""

    def __init__(self) -> None:
        self._steps: list[tuple[Callable[[], None], Callable[[], None]]] = []

    def before(self, path: str) -> Before:
        """For a file that something new is to replace: takes what was there aside."""
        before = Before(path)
        self.note(before.undo, before.settle)
        return before

    def note(self, undo: Callable[[], None], settle: Callable[[], None]) -> None:
        """Takes note of another change: what takes it back, and what ends it once the run has succeeded."""
        self._steps.append((undo, settle))

    def undo(self) -> None:
        """Removes what is new and brings back what was there, the latest first."""
        for undo, _ in reversed(self._steps):
            with suppress(OSError, OutputError):
                undo()

    def settle(self) -> None:
        """Lets go of what was there before; the run has succeeded, even if another program holds some of it."""
        for _, settle in self._steps:
            with suppress(OSError, OutputError):
                settle()


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


def _is_same(one: str, other: str) -> bool:
    return os.path.lexists(one) and os.path.lexists(other) and os.path.samestat(os.lstat(one), os.lstat(other))


def _prefix() -> str:
    return f".{MARK}-{socket.gethostname()}-{os.getpid()}-"


def remove_litter(folder: str) -> None:
    """Removes what a killed run left in a folder, and brings back what it had taken aside.

    Work of running processes and of other machines stays.
    """
    host = f".{MARK}-{socket.gethostname()}-"
    for path in glob.glob(os.path.join(glob.escape(folder), glob.escape(host) + "*")):
        process, _, purpose = os.path.basename(path)[len(host) :].partition("-")
        if process.isdigit() and not _may_be_running(int(process), path):
            with suppress(OSError):  # what cannot be brought back waits on
                if purpose.startswith(_WAITING):
                    _bring_all_back(path)
                shutil.rmtree(path, ignore_errors=True)


def _bring_all_back(folder: str) -> None:
    """Files of a killed run return to their places; beside them, as NAME_before, where something newer lies."""
    parent, sides = os.path.dirname(folder), os.path.join(folder, _SIDES)
    mains = {name: os.path.join(folder, name) for name in os.listdir(folder) if name != _SIDES}
    waiting = mains | {name: os.path.join(sides, name) for name in os.listdir(sides)}
    places = {name: os.path.join(parent, name) for name in mains or waiting}
    newer = any(os.path.lexists(place) and not _is_same(waiting[name], place) for name, place in places.items())
    names = _free_names(parent, os.path.splitext(next(iter(waiting)))[0], waiting) if newer else {n: n for n in waiting}
    for name, back in names.items():
        os.replace(waiting[name], os.path.join(parent, back))


def _free_names(parent: str, stem: str, names: Collection[str]) -> dict[str, str]:
    """Names that are free for files that share a stem; tiles are known to their mosaic by the name of their folder."""
    marks = (f"_before_{number}" if number > 1 else "_before" for number in count(1))
    marked = ({n: n if ".tiles-" in n else f"{stem}{mark}{n[len(stem) :]}" for n in names} for mark in marks)
    return next(m for m in marked if not any(os.path.lexists(os.path.join(parent, name)) for name in m.values()))


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
