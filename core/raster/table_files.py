"""Tables that QGIS writes itself: beside their place, checked, and moved there with all else that a run makes.

A table of a GeoPackage that exists goes into it in one transaction: whoever reads the file meanwhile reads the older
table, also when the run is killed, and programs that have the GeoPackage open keep it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing, suppress

from osgeo import gdal

from ..errors import OutputError
from ..messages import say
from .dataset import quiet_gdal
from .files import Changes, PendingFile, current_changes
from .hidden import HELD
from .writing.geopackage import GeoPackage, is_locked, last_change
from .writing.journal import Entry

_WRITE_AHEAD = ("-wal", "-shm", "-journal")  # beside a GeoPackage that another program has open
_PARTS = {
    ".shp": (".shx", ".dbf", ".prj", ".cpg", ".qpj", ".qix", ".sbn", ".sbx"),
    ".tab": (".dat", ".map", ".id", ".ind"),
    ".mif": (".mid",),
}  # of formats that keep a layer in several files
_RASTERS = ("tiles", "2d-gridded-coverage")  # what a GeoPackage calls them
_SHEETS = (".xlsx", ".ods", ".sqlite")
_READ_BACK = (".gpkg", ".shp", ".geojson", ".fgb")
_CHUNK = 1 << 24
LOCK_SECONDS = 600.0  # that a run waits for another program that writes to a GeoPackage
_POLL_SECONDS = 0.1
_OLDER = "older.gpkg"  # beside a table that waits for its place


def layers_within(path: str) -> dict[str, bool]:
    """What a GeoPackage or a file of several sheets holds, which goes when the file is replaced.

    Returns:
        Names of layers, tables and rasters, and whether each is a raster; nothing for other files and for none.
    """
    ending = os.path.splitext(path)[1].lower()
    if not os.path.isfile(path):
        return {}
    if ending == ".gpkg":
        with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=2)) as database:
            rows = database.execute("SELECT table_name, data_type FROM gpkg_contents ORDER BY table_name").fetchall()
            return {str(name): kind in _RASTERS for name, kind in rows}
    if ending in _SHEETS:
        with quiet_gdal(), suppress(RuntimeError):
            book = gdal.OpenEx(path, gdal.OF_VECTOR)
            return {book.GetLayer(number).GetName(): False for number in range(book.GetLayerCount())} if book else {}
    return {}


def pending_table(path: str) -> PendingFile:
    """A table or layer that takes the place of an older one with all its files, of which a shapefile has several.

    Raises:
        OutputError: the folder is missing or cannot be written.
    """
    return PendingFile(path, sides=sides_of(path))


def commit_layer(pending: PendingFile, layer: str) -> None:
    """A table of a GeoPackage is whole: it goes into the GeoPackage, at once or when all of `together` do.

    Args:
        pending: a GeoPackage of this one table.
        layer: the table.

    Raises:
        OutputError: it cannot go there.
    """
    pending.hand_over()
    changes = current_changes()
    if changes is None:
        alone = Changes()
        alone.add(LayersChange(pending, layer))
        alone.apply()
        return
    for change in changes:
        if isinstance(change, LayersChange) and change.target == pending.final:
            change.also(pending, layer)
            return
    changes.add(LayersChange(pending, layer))


class LayersChange:
    """Tables that are whole, each in a GeoPackage of its own, on their way into another, where they replace older ones.

    The rows are copied in one transaction before the files of the run change places; then it is only committed.

    Attributes:
        target: the GeoPackage into which they go.
    """

    final = path = ""

    def __init__(self, pending: PendingFile, layer: str) -> None:
        self.target = pending.final
        self._tables = {layer: pending}
        self._moved: PendingFile | None = None
        self._open: GeoPackage | None = None  # within a transaction
        self._before: dict[str, str | None] = {}  # when the older tables were changed
        self._older = ""  # a GeoPackage of the tables that are replaced
        self._committed = False

    def also(self, pending: PendingFile, layer: str) -> None:
        """Another table of the same run; of two under one name the later one counts."""
        if layer in self._tables:
            self._tables[layer].drop(settled=False)
        self._tables[layer] = pending

    def prepare(self, run: Changes, last: bool) -> None:
        """Copies the rows, once no other program writes to the GeoPackage; where it is new, into the first table's.

        Raises:
            OutputError: another program does not let go of it, or rows cannot be written.
            Cancelled: the user has stopped the run.
        """
        self._run, self._last = run, last
        if os.path.exists(self.target):
            self._begin()
            return
        first, *others = self._tables
        if others:
            whole = GeoPackage(self._tables[first].path, self.target, run.check)
            for layer in others:
                whole.copy_from(self._tables[layer].path, layer)
            whole.close()

    def entries(self) -> list[Entry]:
        """Each table; where the GeoPackage is new, that of the first, which holds them all."""
        if self._open is None:
            return next(iter(self._tables.values())).entries()
        return [pending.entry_of_table(layer, self._before[layer]) for layer, pending in self._tables.items()]

    def put(self) -> None:
        """Commits the transaction; a new GeoPackage is moved to its place. Raises OutputError."""
        if self._open is None and os.path.exists(self.target):  # another run has made it meanwhile
            self._begin()
        if self._open is None:
            self._moved = next(iter(self._tables.values()))
            self._moved.put()
            return
        try:
            self._open.commit()
            self._committed = True
        finally:
            self._open = None

    def undo(self) -> list[str]:
        """Takes the file back that was moved, or puts the older tables back in place of the new ones."""
        if self._moved is not None:
            return self._moved.undo()
        if self._committed:
            with suppress(OutputError):
                target = GeoPackage(self.target, self.target, self._run.check, transaction=True)
                older = GeoPackage(self._older, self.target, self._run.check) if self._older else None
                for layer in self._tables:
                    before = older.layer(layer) if older is not None else None
                    if before is None:
                        target.remove(layer)
                    else:
                        target.replace(before.GetName(), before)
                target.commit()
        return []

    def drop(self, settled: bool) -> None:
        """Removes the GeoPackages of single tables, and what is not committed."""
        if self._open is not None:
            self._open.close()
            self._open = None
        for pending in self._tables.values():
            pending.drop(settled)

    def _begin(self) -> None:
        """Copies tables in a transaction, and again where another program was quicker to lock the GeoPackage."""
        end = time.monotonic() + LOCK_SECONDS
        while self._open is None:
            self._wait(end)
            self._before = {layer: last_change(self.target, layer) for layer in self._tables}
            opened = None
            try:
                opened = GeoPackage(self.target, self.target, self._run.check, transaction=True)
                for layer in self._tables:
                    self._keep(opened, layer)
                    opened.copy_from(self._tables[layer].path, layer)
                self._open = opened
            except OutputError:
                if opened is None:
                    raise
                opened.close()
                if not is_locked(self.target):
                    raise
            except BaseException:
                if opened is not None:
                    opened.close()
                raise

    def _wait(self, end: float) -> None:
        told = False
        while os.path.exists(self.target) and is_locked(self.target):
            self._run.check()
            if time.monotonic() > end:
                raise OutputError(
                    say(
                        "Cannot write to {target}: another program is writing to it. {held}",
                        target=self.target,
                        held=HELD,
                    )
                )
            if not told:
                self._run.tell(
                    say(
                        "Another program is writing to {target}. This run has finished its work and waits up to "
                        "{minutes:.0f} minutes for it: close that program, or cancel.",
                        target=self.target,
                        minutes=LOCK_SECONDS / 60,
                    )
                )
                told = True
            time.sleep(_POLL_SECONDS)

    def _keep(self, opened: GeoPackage, layer: str) -> None:
        """Copies an older table beside, where something after this change may fail and it has to come back."""
        before = opened.layer(layer)
        if self._last or before is None:
            return
        self._older = os.path.join(os.path.dirname(next(iter(self._tables.values())).path), _OLDER)
        kept = GeoPackage(self._older, self.target, self._run.check)
        kept.replace(before.GetName(), before)
        kept.close()


def require_rows(path: str, layer: str, rows: int) -> None:
    """Checks that a table that was closed is whole, for a full disk may cut it silently.

    Args:
        path: of the file.
        layer: its name where the file has several, else "".
        rows: how many were written.

    Raises:
        OutputError: fewer rows are there.
    """
    stem, extension = os.path.splitext(path)
    extension = extension.lower()
    if extension == ".shp" and not os.path.exists(path):  # rows without geometry have no other file
        path = f"{stem}.dbf"
    if extension == ".csv":
        whole = _lines(path) > rows  # the first holds the names of the columns
    elif extension in _READ_BACK:
        whole = _count(path, layer) >= rows
    else:
        return
    if not whole:
        raise OutputError(say("Cannot write {path}: the table is cut off. Is the disk full?", path=path))


def _lines(path: str) -> int:
    """How many lines end in a file."""
    count = 0
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            count += chunk.count(b"\n")
    return count


def _count(path: str, layer: str) -> int:
    """How many rows a layer has; -1 where it cannot be read."""
    try:
        with quiet_gdal():
            dataset = gdal.OpenEx(path, gdal.OF_VECTOR)
            found = dataset and (dataset.GetLayerByName(layer) if layer else dataset.GetLayer(0))
            return found.GetFeatureCount() if found else -1
    except RuntimeError:
        return -1


def sides_of(path: str) -> list[str]:
    """What belongs to a table, beside its file."""
    stem, extension = os.path.splitext(path)
    return [stem + part for part in _PARTS.get(extension.lower(), ())] + [path + end for end in _WRITE_AHEAD]
