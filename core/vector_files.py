"""Tables that QGIS writes itself: the older one waits aside, to come back if the run fails; the new one is checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

from osgeo import gdal

from .errors import OutputError
from .raster.dataset import call_gdal, quiet_gdal
from .raster.files import Changes, remove_litter

_WRITE_AHEAD = ("-wal", "-shm", "-journal")  # beside a GeoPackage that another program has open
_PARTS = {
    ".shp": (".shx", ".dbf", ".prj", ".cpg", ".qpj", ".qix", ".sbn", ".sbx"),
    ".tab": (".dat", ".map", ".id", ".ind"),
    ".mif": (".mid",),
}  # of formats that keep a layer in several files
_READ_BACK = (".gpkg", ".shp", ".geojson", ".fgb")
_CHUNK = 1 << 24
_HELD = "Another program may hold it open: remove the layer from the project or choose another name."


def make_room_for_file(path: str, changes: Changes) -> None:
    """Takes a table or layer aside with all its files, of which a shapefile has several.

    Raises:
        OutputError: another program holds it.
    """
    try:
        remove_litter(os.path.dirname(path))
        before = changes.before(path)
        for file in _files_of(path):
            before.clear(file)
        changes.note(undo=lambda: _remove_sides(path), settle=lambda: None)
    except OSError as reason:
        raise OutputError(f"Cannot replace {path}: {reason.strerror}. {_HELD}") from None


def make_room_for_layer(path: str, layer: str, changes: Changes) -> None:
    """Takes one table of a GeoPackage aside, under another name; the other tables stay as they are.

    Raises:
        OutputError: another program holds it.
    """
    if not os.path.exists(path):
        make_room_for_file(path, changes)
        return
    names = _layers(path)
    before = _free_name(f"{layer}_before", names)
    older = next((name for name in names if name.lower() == layer.lower()), None)  # as databases compare names
    if older is None:
        changes.note(undo=lambda: _delete(path, layer), settle=lambda: None)
        return
    _rename(path, older, before)

    def bring_back() -> None:
        _delete(path, layer)
        _rename(path, before, older)

    changes.note(undo=bring_back, settle=lambda: _delete(path, before))


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
        raise OutputError(f"Cannot write {path}: the table is cut off. Is the disk full?")


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


def _files_of(path: str) -> list[str]:
    """The file, then those that belong to it."""
    stem, extension = os.path.splitext(path)
    sides = [stem + part for part in _PARTS.get(extension.lower(), ())]
    sides += [path + ending for ending in _WRITE_AHEAD]
    return [path, *filter(os.path.exists, sides)]


def _remove_sides(path: str) -> None:
    """Removes what a new table has beside its own file."""
    for side in _files_of(path)[1:]:
        os.remove(side)


def _layers(path: str) -> list[str]:
    dataset = _open(path)
    return [dataset.GetLayer(number).GetName() for number in range(dataset.GetLayerCount())]


def _free_name(name: str, taken: Sequence[str]) -> str:
    """The name, with a number where it is taken: by a table of the user, or of a run that was killed."""
    lower = {each.lower() for each in taken}
    names = (f"{name}_{number}" if number > 1 else name for number in count(1))
    return next(each for each in names if each.lower() not in lower)


def _rename(path: str, layer: str, name: str) -> None:
    old, new = (word.replace('"', '""') for word in (layer, name))
    dataset = _open(path)
    _call(path, lambda: dataset.ExecuteSQL(f'ALTER TABLE "{old}" RENAME TO "{new}"') or True)


def _delete(path: str, layer: str) -> None:
    if layer in _layers(path):
        dataset = _open(path)
        _call(path, dataset.DeleteLayer, layer)


def _open(path: str) -> gdal.Dataset:
    return _call(path, gdal.OpenEx, path, gdal.OF_VECTOR | gdal.OF_UPDATE)


def _call(path: str, call: Callable[..., Any], *args: Any) -> Any:
    return call_gdal(f"Cannot replace a table of {path}. {_HELD} GDAL says", OutputError, call, *args)
