"""Whole or nothing: files are written in a hidden folder beside their final place and moved at the end.

What one run makes is moved `together`, when all of it is whole: where the run fails or is killed before, every older
file is still there; where one of the moves fails, the older files come back.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, Protocol

from ..errors import EcoAssetsError, OutputError
from ..messages import Message, say
from .hidden import (
    DONE,
    HELD,
    INNER,
    MAIN,
    SIDES,
    HiddenFolder,
    free_names,
    is_hidden,
    is_same,
    let_go,
    move,
    remove_path,
)
from .writing.journal import Entry, decide, size_of, state_of, withdraw
from .writing.tidying import remove_litter
from .writing.waiting import waits, waits_no_more

RASTER_SIDES = (".aux.xml", ".ovr", ".msk")  # behind the name of a raster


class PendingFile:
    """A file that appears under its final name only when `commit` is called; `discard` leaves what was there before.

    Leaving its `with` block drops what was not committed.

    Attributes:
        path: where to write meanwhile. It has the final file name, so side files get their right names too.
        final: where the file will be.

    Args:
        final: where the file will be.
        tidy: whether to look for what killed runs left in that folder.
        sides: paths of what belongs to an older file of that name; None for those of a raster.

    Raises:
        OutputError: the folder is missing or cannot be written.
    """

    def __init__(self, final: str, tidy: bool = True, sides: Sequence[str] | None = None) -> None:
        self.final = os.path.abspath(final)
        parent, name = os.path.split(self.final)
        if not os.path.isdir(parent):
            raise OutputError(
                say(
                    "Cannot write {final}: the folder {parent} does not exist. Create it or choose another.",
                    final=final,
                    parent=parent,
                )
            )
        if os.path.isdir(self.final) and sides is None:
            raise OutputError(say("Cannot write {final}: it is a folder. Choose a file name.", final=final))
        if tidy:
            remove_litter(parent)
        try:
            self._room = HiddenFolder(parent, len(name))
        except (OSError, ValueError) as reason:
            raise OutputError(
                say(
                    "Cannot write {final}: {reason} in folder {parent}. Choose a folder that you may write to.",
                    final=final,
                    reason=getattr(reason, "strerror", None) or reason,
                    parent=parent,
                )
            ) from None
        self.path = os.path.join(self._room.path, name)
        self._older = [self.final + ending for ending in RASTER_SIDES] if sides is None else list(sides)
        self._committed = False
        self._before = _Before(self._room.path, self.final)

    def __enter__(self) -> PendingFile:
        return self

    def __exit__(self, *failure: object) -> None:
        self.discard()

    def write(self, content: str | bytes) -> None:
        """Writes the whole file, text as UTF-8, and commits it. Raises OutputError."""
        try:
            with open(self.path, "wb") as file:
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as reason:
            raise OutputError(
                say(
                    "Cannot write {final}: {strerror}. Choose a folder that you may write to and that has space left.",
                    final=self.final,
                    strerror=reason.strerror or reason,
                )
            ) from None
        self.commit()

    def commit(self, older: Iterable[str] = ()) -> None:
        """The file is whole: it takes its place, with its side files, at once or when all of `together` do.

        Args:
            older: paths of what else the new file takes the place of.

        Raises:
            OutputError: it cannot take its place.
        """
        self._older += older
        self._committed = True
        changes = None if is_hidden(self.final) else _CHANGES.get()
        if changes is not None:
            changes.add(self)
            return
        alone = Changes()
        alone.add(self)
        alone.apply()

    def hand_over(self) -> None:
        """The file is whole, and another change puts it in its place."""
        self._committed = True

    def discard(self) -> None:
        """Drops what was written so far, unless it was committed."""
        if not self._committed:
            self._room.remove()

    # as a change of a run

    def prepare(self, run: Changes, last: bool) -> None:
        """Nothing is left to do before the files change places."""

    def entries(self) -> list[Entry]:
        """What is to be put in place, the side files first. Raises OutputError: there is nothing."""
        parent, name = os.path.split(self.final)
        written = [entry for entry in _names_in(self._room.path) if entry not in INNER]
        if not written:
            raise OutputError(
                say("Cannot write {final}: it has vanished before it was in its place. Run again.", final=self.final)
            )
        new = sorted(written, key=lambda entry: (entry == name, entry))
        older = [os.path.basename(path) for path in (*self._older, self.final) if os.path.lexists(path)]
        gone = [entry for entry in older if entry not in written]
        return [self._entry(new, older=gone, before=state_of(os.path.join(parent, new[-1])))]

    def entry_of_table(self, layer: str, before: str | None) -> Entry:
        """A GeoPackage of one table that goes into another, where the older table was changed at a time."""
        return self._entry([os.path.basename(self.path)], table=layer, before=before)

    def _entry(self, new: Sequence[str], **more: Any) -> Entry:
        room = self._room.path
        return Entry(room, new, [size_of(os.path.join(room, name)) for name in new], **more)

    def put(self) -> None:
        """Moves the files to their final places. Raises OutputError."""
        parent = os.path.dirname(self.final)
        try:
            (entry,) = self.entries()
            for name in entry.older:
                self._before.clear(os.path.join(parent, name))
            for name in entry.new:
                self._before.replace(os.path.join(self._room.path, name), os.path.join(parent, name))
        except OSError as reason:
            raise OutputError(
                say("Cannot replace {final}: {strerror}. {held}", final=self.final, strerror=reason.strerror, held=HELD)
            ) from None

    def undo(self) -> list[str]:
        """Brings back what was there. Gives the names under which it lies where it could not take its place."""
        return self._before.undo()

    def drop(self, settled: bool) -> None:
        """Removes what is left of the work; once all is `settled` also the older files."""
        if settled:
            self._before.settle()
        if settled or not self._before.waits():
            self._room.remove()
        else:
            self._room.abandon()


class _Before:
    """A file, and what belongs to it, as a run finds them: they wait in its hidden folder until all is in place.

    Args:
        room: the hidden folder.
        main: the file. What belongs to it waits apart, so that a later run can tell them if this one is killed.
    """

    def __init__(self, room: str, main: str) -> None:
        self._room, self._main = room, main
        self._taken: list[str] = []

    def clear(self, path: str) -> None:
        """Takes what is at a path aside, for something new to appear there. Raises OSError where it is held."""
        if os.path.lexists(path):
            move(path, self._waiting(path))
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
        move(new, path)

    def undo(self) -> list[str]:
        """Removes what is new and brings back what was there; beside it where another program holds what is new."""
        rescued = []
        for path in reversed(self._taken):
            try:
                self._bring_back(path)
            except OSError:
                older, parent = self._place(path), os.path.dirname(path)
                with suppress(OSError):
                    beside = os.path.join(parent, free_names(parent, [os.path.basename(path)])[os.path.basename(path)])
                    move(older, beside)
                    rescued.append(beside)
        self._taken.clear()
        return rescued

    def settle(self) -> None:
        """Lets go of what was there before: what is removed only in part must not come back."""
        for part in (MAIN, SIDES):
            with suppress(OSError):
                os.rename(os.path.join(self._room, part), os.path.join(self._room, DONE + part))

    def waits(self) -> bool:
        """Whether something that was taken aside has not come back."""
        return any(map(_names_in, (os.path.join(self._room, MAIN), os.path.join(self._room, SIDES))))

    def _bring_back(self, path: str) -> None:
        older = self._place(path)
        if not os.path.lexists(older):
            remove_path(path)
        elif is_same(older, path):  # a second name of what was never replaced
            os.remove(older)
        else:
            if os.path.isdir(path) or os.path.isdir(older):  # a folder takes no file's place, nor a file a folder's
                remove_path(path)
            move(older, path)

    def _waiting(self, path: str) -> str:
        place = self._place(path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        return place

    def _place(self, path: str) -> str:
        return os.path.join(self._room, MAIN if path == self._main else SIDES, os.path.basename(path))


class Change(Protocol):
    """Something that is whole and waits for its place.

    Attributes:
        final: the file that it becomes; "" for what becomes a part of one.
        path: where it waits.
    """

    final: str
    path: str

    def prepare(self, run: Changes, last: bool) -> None:
        """What may take long, before anything changes; `last` where nothing takes its place after it."""

    def entries(self) -> list[Entry]:
        """What a later run needs to know to put it in its place, should this one be killed meanwhile."""

    def put(self) -> None:
        """Takes its place."""

    def undo(self) -> list[str]:
        """Takes it back; gives the names of older files that could not take their own place."""

    def drop(self, settled: bool) -> None:
        """Ends the work; `settled` where all that belongs together is in place."""


def _nothing(*_: object) -> None:
    pass


class Changes:
    """What a run has made so far, whole, but not yet in its place.

    Attributes:
        check: raises `Cancelled` where the user has stopped the run.
        tell: hears of what the run waits for.
    """

    def __init__(self) -> None:
        self._changes: list[Change] = []
        self.check: Callable[[], None] = _nothing
        self.tell: Callable[[Message], None] = _nothing

    def add(self, change: Change) -> None:
        """Takes note of something that is whole; of two under one name the later one counts."""
        if change.final:
            for earlier in [c for c in self._changes if c.final == change.final]:
                self._changes.remove(earlier)
                earlier.drop(settled=False)
            waits(change.final, change.path)
        self._changes.append(change)

    def __iter__(self) -> Iterator[Change]:
        return iter(self._changes)

    def apply(self) -> None:
        """Everything takes its place, or nothing does.

        Raises:
            OutputError: something cannot take its place; names what could not be brought back.
            Cancelled: the user has stopped the run while tables were copied.
        """
        put: list[Change] = []
        entries: list[Entry] = []
        settled = False
        self._changes.sort(key=lambda change: not change.final)  # what goes into a database is hardest to take back
        try:
            for change in self._changes:
                change.prepare(self, last=change is self._changes[-1])
            entries = [entry for change in self._changes for entry in change.entries()]
            if sum(len(entry.new) + len(entry.older) for entry in entries) > 1:  # one move is whole in itself
                _decided(entries)
            for change in self._changes:
                put.append(change)
                change.put()
            settled = True
        except BaseException as failure:
            let_go(failure)
            withdraw(entries)
            rescued = [path for change in reversed(put) for path in change.undo()]
            if rescued and isinstance(failure, EcoAssetsError):
                raise OutputError(
                    *failure.args, say("The older files are kept as {rescued}.", rescued=", ".join(rescued))
                ) from None
            raise
        finally:
            self.discard(settled)

    def discard(self, settled: bool = False) -> None:
        """Drops what is not in its place."""
        for change in self._changes:
            waits_no_more(change.final)
            with suppress(OSError, OutputError):
                change.drop(settled)
        self._changes.clear()


def _decided(entries: Sequence[Entry]) -> None:
    try:
        decide(entries)
    except OSError as reason:
        raise OutputError(
            say(
                "Cannot write {final}: {strerror}. Choose a folder that you may write to and that has space left.",
                final=os.path.join(os.path.dirname(entries[-1].room), entries[-1].new[-1]),
                strerror=reason.strerror or reason,
            )
        ) from None


_CHANGES: ContextVar[Changes | None] = ContextVar("changes", default=None)


def current_changes() -> Changes | None:
    """Those of the run around; None where what is made takes its place at once."""
    return _CHANGES.get()


@contextmanager
def together() -> Iterator[Changes]:
    """What is made within this block takes its place if the block succeeds; else all is as it was before.

    A block within a block stands for itself: what it has put in place stays though the outer one fails.
    """
    changes = Changes()
    token = _CHANGES.set(changes)
    try:
        yield changes
        changes.apply()
    finally:
        _CHANGES.reset(token)
        changes.discard()


def _names_in(folder: str) -> list[str]:
    return os.listdir(folder) if os.path.isdir(folder) else []


def intermediate_path(folder: str, name: str) -> str:
    """A raster file of a workspace. The name may come from a table: it stays in the folder, and apart from others."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return os.path.join(folder, f"{re.sub('[^A-Za-z0-9]+', '_', name)[:40]}-{digest}.tif")


@contextmanager
def workspace() -> Iterator[str]:
    """A temporary folder for intermediate files of one run."""
    temporary = tempfile.gettempdir()
    remove_litter(temporary, bring_back=False)
    try:
        room = HiddenFolder(temporary)
    except OSError as reason:
        raise OutputError(
            say(
                "The temporary folder {temporary} cannot be used: {strerror}. Set TMPDIR (Windows: TEMP) to "
                "a folder that you may write to and that has space left.",
                temporary=temporary,
                strerror=reason.strerror,
            )
        ) from None
    try:
        yield room.path
    except BaseException as failure:
        let_go(failure)
        raise
    finally:
        room.remove()
