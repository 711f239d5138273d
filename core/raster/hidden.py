"""Hidden folders in which a run works, beside its outputs and in the temporary folder. What killed runs left is tidied.

Other people may write to both places, so no name is trusted. A folder is ours where it belongs to this user and is no
link; nobody is at work in it where its lock can be taken, whatever machine or container the name came from. Where the
file system knows no locks, a folder counts as in use for a day.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import sys
import time
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import count

from ..messages import say

HELD = "Another program may hold it open: remove the layer from the project or choose another name."
MARK = ".ecoassets-"
MAIN, SIDES, DONE = (
    ".old",
    ".sides",
    ".done",
)  # what a run has taken aside: a file, what belongs to it; no longer needed
LOCK = ".lock"
JOURNAL, OF = ".journal", ".of"  # what is to be put where; the address of the folder that holds it
INNER = (LOCK, MAIN, SIDES, JOURNAL, OF)
_NAME = re.compile(re.escape(MARK) + "[0-9a-f]{16}")
_STALE_SECONDS = 24 * 3600
_TRIES = 10
_NO_LOCKS = (errno.ENOLCK, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP)  # of file systems without them
_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8)  # seconds; a scanner of viruses holds a new file for a moment
_REPARSE_POINT = 0x400  # attribute of a link of Windows to another folder
_WINDOWS_LIMIT = 259  # characters of a path there, without its prefix for longer ones

_live: set[str] = set()


class HiddenFolder:
    """A folder of this run that no other run tidies while it works.

    Attributes:
        path: of the folder.

    Args:
        parent: the folder in which it lies.
        longest: length of the longest name that it will hold.

    Raises:
        OSError: the parent cannot be written to.
    """

    def __init__(self, parent: str, longest: int = 0) -> None:
        self.path, self._lock = _new_own_folder(parent, longest)
        _live.add(self.path)

    def remove(self) -> None:
        """Removes the folder with all that is in it."""
        self.abandon()
        shutil.rmtree(self.path, ignore_errors=True)

    def abandon(self) -> None:
        """Leaves what is in the folder to the next run that writes to its parent."""
        _live.discard(self.path)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def require_open(folder: str) -> None:
    """Raises OSError where no file can be made in a folder."""
    path = _new_folder(folder, 0)
    os.rmdir(path)


def hidden_folders(parent: str) -> list[str]:
    """Paths in a folder that are called as hidden ones are; none where it cannot be read."""
    try:
        return [os.path.join(parent, name) for name in os.listdir(parent) if _NAME.fullmatch(name)]
    except (OSError, ValueError):  # which a character of code 0 in its name is
        return []


def is_hidden_folder(path: str) -> bool:
    """Whether a folder is called as hidden ones are."""
    return _NAME.fullmatch(os.path.basename(path)) is not None


def is_hidden(path: str) -> bool:
    """Whether a path lies in a hidden folder."""
    return any(part.startswith(MARK) for part in path.split(os.sep))


def move(old: str, new: str) -> None:
    """Renames a file, over an older one where there is one. On Windows it waits for scanners. Raises OSError."""
    for pause in _PAUSES if os.name == "nt" else ():
        try:
            os.replace(old, new)
            return
        except PermissionError:
            time.sleep(pause)
    os.replace(old, new)


def long_path(path: str, longest: int = 0) -> str:
    """A folder in which Windows takes names up to the longest, whatever the length of the path; elsewhere as it is."""
    if os.name != "nt" or len(path) + 1 + longest <= _WINDOWS_LIMIT or path.startswith("\\\\?\\"):
        return path
    return f"\\\\?\\UNC{path[1:]}" if path.startswith("\\\\") else f"\\\\?\\{path}"


def free_names(parent: str, names: Collection[str]) -> dict[str, str]:
    """Names NAME_before that are free, for files that share a stem; tiles are known by the name of their folder."""
    stem = os.path.splitext(min(names, key=len))[0]
    marks = (f"_before_{number}" if number > 1 else "_before" for number in count(1))
    marked = ({n: n if ".tiles-" in n else f"{stem}{mark}{n[len(stem) :]}" for n in names} for mark in marks)
    return next(m for m in marked if not any(os.path.lexists(os.path.join(parent, name)) for name in m.values()))


def remove_path(path: str) -> None:
    """Removes a file, a link or a folder, where there is one. Raises OSError."""
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.remove(path)


def is_same(one: str, other: str) -> bool:
    """Whether two names are of one file."""
    return os.path.lexists(one) and os.path.lexists(other) and os.path.samestat(os.lstat(one), os.lstat(other))


def let_go(failure: BaseException | None) -> None:
    """The frames of a failure hold files open, which Windows does not remove: they forget what they hold."""
    while failure is not None:
        traceback.clear_frames(failure.__traceback__)
        failure = failure.__context__


def _new_folder(parent: str, longest: int) -> str:
    """Not by `tempfile`, which tries two thousand million names where Windows refuses every one."""
    for _ in range(_TRIES):
        path = long_path(os.path.join(parent, MARK + secrets.token_hex(8)), longest)
        with suppress(FileExistsError):
            os.mkdir(path, 0o700)
            return path
    raise FileExistsError(errno.EEXIST, say("no free name"), parent)


def _new_own_folder(parent: str, longest: int) -> tuple[str, int | None]:
    """A new folder and its lock; None where the file system knows no locks.

    A run that tidies may take a lock in the moment between its making and its taking, and the folder with it.
    """
    for _ in range(_TRIES):
        path = _new_folder(parent, longest)
        lock = os.path.join(path, LOCK)
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            return path, None
        try:
            _take(handle)
            if os.path.exists(lock):
                return path, handle
        except OSError as reason:
            if reason.errno in _NO_LOCKS:
                os.close(handle)
                return path, None
        os.close(handle)
    raise FileExistsError(errno.EEXIST, say("no free name"), parent)


def taken_over(folder: str) -> int | None:
    """The lock of a folder where nobody works any more; -1 where it is old and has none; None where somebody works."""
    if folder in _live:
        return None
    with suppress(OSError):
        handle = os.open(os.path.join(folder, LOCK), os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
        try:
            _take(handle)
            return handle
        except OSError as reason:
            os.close(handle)
            if reason.errno not in _NO_LOCKS:
                return None
    with suppress(OSError):
        if time.time() - os.lstat(folder).st_mtime > _STALE_SECONDS:
            return -1
    return None


def let_lock_go(lock: int | None) -> None:
    """Ends what `taken_over` has begun."""
    if lock is not None and lock >= 0:
        os.close(lock)


def _take(handle: int) -> None:
    """Locks an open file against other processes, which is undone when this one ends. Raises OSError."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_own(path: str) -> bool:
    try:
        found = os.lstat(path)
    except OSError:
        return False
    if not stat.S_ISDIR(found.st_mode) or getattr(found, "st_file_attributes", 0) & _REPARSE_POINT:
        return False
    return not hasattr(os, "geteuid") or found.st_uid == os.geteuid()


class OpenedFolder:
    """A folder that is held open, because its name may become that of a link; on Windows only its path is known.

    Attributes:
        names: in it; none where it belongs to somebody else.
    """

    def __init__(self, path: str, handle: int | None) -> None:
        self._path, self._handle = path if handle is None else "", handle
        own = is_own(path) if handle is None else os.fstat(handle).st_uid == os.geteuid()
        self.names = os.listdir(path if handle is None else handle) if own else []

    def move(self, name: str, to: str) -> None:
        """Moves one of them to a path. Raises OSError."""
        os.replace(os.path.join(self._path, name), to, src_dir_fd=self._handle)

    def read(self, name: str) -> str:
        """The text of one of them; "" where there is none, or somebody else wrote it. Raises OSError, ValueError."""
        if name not in self.names:
            return ""
        how = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(os.path.join(self._path, name), how, dir_fd=self._handle)
        with open(handle, encoding="utf-8", errors="surrogateescape") as file:
            mine = not hasattr(os, "geteuid") or os.fstat(handle).st_uid == os.geteuid()
            return file.read() if mine else ""


@contextmanager
def opened(path: str) -> Iterator[OpenedFolder]:
    """A folder, held open without following links. Raises OSError."""
    if os.rename not in os.supports_dir_fd:
        yield OpenedFolder(path, None)
        return
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield OpenedFolder(path, handle)
    finally:
        os.close(handle)
