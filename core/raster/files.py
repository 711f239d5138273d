"""Whole or nothing: files are written in a hidden folder beside their final place and moved at the end."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

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

    def commit(self) -> None:
        """Moves the file, its side files first, to the final place. Old side files of the same name go."""
        parent, name = os.path.split(self.final)
        written = sorted(os.listdir(self._folder), key=lambda entry: entry == name)
        try:
            for old in (name + ".aux.xml", name + ".ovr", name + ".msk"):
                if old not in written and os.path.exists(os.path.join(parent, old)):
                    os.remove(os.path.join(parent, old))
            for entry in written:
                os.replace(os.path.join(self._folder, entry), os.path.join(parent, entry))
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
