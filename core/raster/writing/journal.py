"""What a run is about to put in its places, on the disk before its first move: who is killed then is rolled forward.

A run works in hidden folders beside its outputs. Each of them tells which one decides; that one holds the journal, and
with it the run is decided. A later run that meets one of the folders ends what the dead one has begun.

Nobody is trusted: folders that take part are hidden ones of this user, each names the other, both are read without
following links, files go from such a folder to the one around it and nowhere else, and only while the lock of the
folder that decides is held. What has changed since at the place of a file or a table is newer, and stays.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass

from ...errors import OutputError
from ..hidden import INNER, JOURNAL, OF, is_hidden_folder, is_own, is_same, move, opened, remove_path
from .geopackage import GeoPackage, is_locked, last_change


@dataclass(frozen=True)
class Entry:
    """What is whole in one hidden folder.

    Attributes:
        room: the hidden folder.
        new: names of its files in the order of their moves, to the folder around it.
        sizes: of each in bytes; a machine that loses its power may lose what it has not yet written to the disk.
        older: names of what belongs to an older file there, and goes.
        table: as which table of a GeoPackage of that name its only file goes there; "" for files.
        before: what `state_of` tells of the place of the last file, or `last_change` of the table.
    """

    room: str
    new: Sequence[str]
    sizes: Sequence[int]
    older: Sequence[str] = ()
    table: str = ""
    before: object = None


def state_of(path: str) -> list[int] | None:
    """By what a file is known again that nobody has changed; None where there is none."""
    with suppress(OSError):
        found = os.lstat(path)
        return [found.st_size, found.st_mtime_ns]
    return None


def size_of(path: str) -> int:
    """Bytes of a file; 0 for a folder, of which each system tells something else."""
    return 0 if os.path.isdir(path) else os.lstat(path).st_size


def decide(entries: Sequence[Entry]) -> None:
    """Writes the journal of a run: from here on its files take their places, whoever moves them. Raises OSError."""
    lead = entries[-1].room  # the last that the run removes
    for entry in entries[:-1]:
        _write(entry.room, OF, _address(lead, entry.room))
    told = [{**asdict(entry), "room": _address(entry.room, lead)} for entry in entries]
    _write(lead, JOURNAL, json.dumps(told))


def withdraw(entries: Sequence[Entry]) -> None:
    """Undoes `decide`, where it has come to that: the run brings the older files back."""
    for entry in entries[-1:]:
        with suppress(OSError):
            os.remove(os.path.join(entry.room, JOURNAL))


def lead_of(room: str) -> str | None:
    """The hidden folder whose journal names this one; None where no run was decided."""
    lead = room if _read(room, JOURNAL) else _other(_read(room, OF), room)
    return lead if lead and any(is_same(entry.room, room) for entry in _entries(lead)) else None


def roll_forward(lead: str) -> list[str]:
    """Ends what a run has begun that was killed since it was decided; its lock is held.

    Returns:
        The hidden folders that took part, the one that decides last.

    Raises:
        OSError, OutputError: not everything can take its place now, as where another program holds a file.
    """
    entries, failure = list(_entries(lead)), None
    for entry in entries:
        try:
            (_put_table if entry.table else _put_files)(entry)
        except (OSError, OutputError) as reason:
            failure = reason
    if failure is not None:
        raise failure
    return [entry.room for entry in entries if not is_same(entry.room, lead)] + [lead]


def _put_files(entry: Entry) -> None:
    folder = os.path.dirname(entry.room)
    with opened(entry.room) as files:
        waiting = [name for name in entry.new if name in files.names]
        last = os.path.join(folder, entry.new[-1])
        if not waiting or (os.path.lexists(last) and state_of(last) != entry.before):
            return
        _require_whole(entry, waiting)
        for name in entry.older:
            remove_path(os.path.join(folder, name))
        for name in waiting:
            new, place = os.path.join(entry.room, name), os.path.join(folder, name)
            if os.path.isdir(place) or os.path.isdir(new):  # a folder takes no file's place, nor a file a folder's
                remove_path(place)
            files.move(name, place)


def _put_table(entry: Entry) -> None:
    (name,) = entry.new
    new, target = os.path.join(entry.room, name), os.path.join(os.path.dirname(entry.room), name)
    if os.path.islink(target) or not os.path.isfile(new) or not os.path.isfile(target):
        return
    if is_locked(target):
        raise BlockingIOError(target)
    if last_change(target, entry.table) != entry.before:
        return
    _require_whole(entry, entry.new)
    into = GeoPackage(target, target, lambda: None, transaction=True)
    try:
        into.copy_from(new, entry.table)
        into.commit()
    finally:
        into.close()


def _require_whole(entry: Entry, names: Sequence[str]) -> None:
    for name, size in zip(entry.new, entry.sizes):
        if name in names and size_of(os.path.join(entry.room, name)) != size:
            raise OSError(errno.EIO, os.strerror(errno.EIO), name)


def _entries(lead: str) -> Iterator[Entry]:
    """What a journal says, as far as the folders that it names say so, too."""
    with suppress(ValueError, TypeError, LookupError):
        for told in json.loads(_read(lead, JOURNAL) or "[]"):
            room = _other(told["room"], lead)
            if room and (is_same(room, lead) or is_same(_other(_read(room, OF), room) or "", lead)):
                entry = Entry(**{**told, "room": room})
                stem = os.path.splitext(entry.new[-1])[0]
                if all(map(_is_name, entry.new)) and all(_is_name(n) and n.startswith(stem) for n in entry.older):
                    yield entry


def _is_name(name: str) -> bool:
    """Whether it is one of a file that a run makes, and leads out of no folder."""
    return name == os.path.basename(name) and name not in (*INNER, "", os.curdir, os.pardir) and "\0" not in name


def _address(room: str, seen_from: str) -> str:
    """Its name within one folder, which containers may call by other paths; else its path."""
    return os.path.basename(room) if os.path.dirname(room) == os.path.dirname(seen_from) else room


def _other(address: str, seen_from: str) -> str | None:
    room = os.path.join(os.path.dirname(seen_from), address)
    return room if address and is_hidden_folder(room) and is_own(room) else None


def _read(room: str, name: str) -> str:
    """A file of a hidden folder; "" where there is none, or somebody else wrote it."""
    with suppress(OSError, ValueError), opened(room) as files:
        return files.read(name)
    return ""


def _write(room: str, name: str, text: str) -> None:
    """Whole or not there, also after the machine has lost its power."""
    part = os.path.join(room, f"{name}.part")
    with open(part, "x", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    move(part, os.path.join(room, name))
    if os.name == "posix":  # elsewhere no folder can be opened
        handle = os.open(room, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
