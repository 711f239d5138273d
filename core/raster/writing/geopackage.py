"""Tables within a GeoPackage: they go into it in one transaction, and every reader finds the older ones until its end.

SQLite writes ahead (WAL) meanwhile: with a rollback journal, readers would wait, and after a kill only who may write
could open the file. Its own switch from one to the other is such a transaction, of the first bytes of the file alone:
without a journal on the disk it is whole or not there, and the file can be read after a kill in that moment, too.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import Any

from osgeo import gdal, ogr

from ...errors import OutputError
from ...messages import say
from ..dataset import call_gdal, quiet_gdal
from ..hidden import HELD

_CHECK_EVERY = 1000  # rows that are copied between two looks at a cancel
_WHILE_WRITING = {
    "OGR_SQLITE_JOURNAL": "WAL",
    "SQLITE_BUSY_TIMEOUT": "2000",
    "OGR_GPKG_ALLOW_THREADED_RTREE": "NO",  # it complains of a transaction
}


class GeoPackage:
    """A GeoPackage into which tables go.

    Args:
        path: of the file; it is made where there is none.
        named: what messages call it.
        check: raises `Cancelled` where the user has stopped the run.
        transaction: whether nothing shows before `commit`, in a file that exists.

    Raises:
        OutputError: it cannot be opened.
    """

    def __init__(self, path: str, named: str, check: Callable[[], None], *, transaction: bool = False) -> None:
        self._path, self._named, self._check = path, named, check
        self._open: Any = None
        self._within = False
        self._to_leave = transaction and _journal(path) != "wal"
        if self._to_leave:
            _set_journal(path, "WAL")
        try:
            with _configured(_WHILE_WRITING if transaction else {}):
                self._open = self._opened()
                if transaction:
                    self._status(self._open.StartTransaction)
                    self._within = True
        except OutputError:
            self.close()
            raise

    def layer(self, name: str) -> ogr.Layer | None:
        """The table of a name, whatever its case; it lives as long as this is open."""
        layers = [self._open.GetLayer(number) for number in range(self._open.GetLayerCount())]
        return next((layer for layer in layers if layer.GetName().lower() == name.lower()), None)

    def copy_from(self, path: str, layer: str) -> None:
        """Takes the only table of another GeoPackage under this name. Raises OutputError, Cancelled."""
        source = self._call(gdal.OpenEx, path, gdal.OF_VECTOR)  # its layers live as long as it
        self.replace(layer, source.GetLayer(0))

    def replace(self, layer: str, source: ogr.Layer) -> None:
        """An older table goes; the new one comes, row by row. Raises OutputError, Cancelled."""
        self.remove(layer)
        definition = source.GetLayerDefn()
        options = [f"GEOMETRY_NAME={source.GetGeometryColumn()}"] if source.GetGeometryColumn() else []
        options.append(f"FID={source.GetFIDColumn() or 'fid'}")
        with _configured(_WHILE_WRITING):
            new = self._call(self._open.CreateLayer, layer, source.GetSpatialRef(), source.GetGeomType(), options)
            for number in range(definition.GetFieldCount()):
                self._status(new.CreateField, definition.GetFieldDefn(number))
            rows = 0
            for feature in source:
                if rows % _CHECK_EVERY == 0:
                    self._check()
                rows += 1
                copy = ogr.Feature(new.GetLayerDefn())
                copy.SetFrom(feature)
                copy.SetFID(feature.GetFID())
                self._status(new.CreateFeature, copy)
            self._status(new.SyncToDisk)
        if new.GetFeatureCount() != rows or source.GetFeatureCount() != rows:
            raise OutputError(say("Cannot write {target}: the table is cut off. Is the disk full?", target=self._named))

    def remove(self, layer: str) -> None:
        """An older table of the name, whatever its case, goes. Raises OutputError."""
        for number in reversed(range(self._open.GetLayerCount())):
            if self._open.GetLayer(number).GetName().lower() == layer.lower():
                self._status(self._open.DeleteLayer, number)

    def commit(self) -> None:
        """Ends the transaction: from here on the new tables are read. Raises OutputError."""
        try:
            self._status(self._open.CommitTransaction)
            self._within = False
        finally:
            self.close()

    def close(self) -> None:
        """Drops what is not committed. It is one file again, where no other program has it open."""
        if self._within:
            with quiet_gdal(), suppress(RuntimeError):
                self._open.RollbackTransaction()
        self._within, self._open = False, None
        if self._to_leave:
            _set_journal(self._path, "MEMORY")

    def _opened(self) -> gdal.Dataset:
        if os.path.exists(self._path):
            return self._call(gdal.OpenEx, self._path, gdal.OF_VECTOR | gdal.OF_UPDATE)
        create = gdal.GetDriverByName("GPKG").Create
        return self._call(create, self._path, 0, 0, 0, gdal.GDT_Unknown)

    def _status(self, call: Callable[..., Any], *args: Any) -> None:
        self._call(lambda: None if call(*args) else True)

    def _call(self, call: Callable[..., Any], *args: Any) -> Any:
        return call_gdal(f"Cannot replace a table of {self._named}. {HELD} GDAL says", OutputError, call, *args)


def is_locked(path: str) -> bool:
    """Whether another program writes to a GeoPackage right now."""
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            database.execute("ROLLBACK")
        return False
    except sqlite3.OperationalError as reason:
        return "locked" in str(reason)  # what else is wrong with it is told when it is opened
    except sqlite3.DatabaseError:
        return False


def last_change(path: str, layer: str) -> str | None:
    """When a table of a GeoPackage was changed, to the millisecond, as the file tells; None where there is none."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=2)) as database:
        asked = "SELECT last_change FROM gpkg_contents WHERE lower(table_name) = lower(?)"
        return next((str(when) for (when,) in database.execute(asked, [layer])), None)
    return None


@contextmanager
def _configured(options: Mapping[str, str]) -> Iterator[None]:
    """Options of GDAL for this thread."""
    for name, value in options.items():
        gdal.SetThreadLocalConfigOption(name, value)
    try:
        yield
    finally:
        for name in options:
            gdal.SetThreadLocalConfigOption(name, None)


def _journal(path: str) -> str:
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0)) as database:
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])
    return ""


def _set_journal(path: str, mode: str) -> None:
    """Switches to or from WAL, where no other program reads the file at this moment; of the others only WAL lasts."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(path, timeout=0)) as database:
        database.execute("PRAGMA journal_mode = MEMORY")
        database.execute(f"PRAGMA journal_mode = {mode}")
