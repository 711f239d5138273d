"""Tables that QGIS writes itself: the older one of the same name is taken aside, to come back if the run fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from osgeo import gdal

from .errors import OutputError
from .raster.dataset import call_gdal
from .raster.files import Changes

_WRITE_AHEAD = ("-wal", "-shm", "-journal")  # beside a GeoPackage that another program has open
_HELD = "Another program may hold it open: remove the layer from the project or choose another name."


def make_room_for_file(path: str, changes: Changes) -> None:
    """Takes a table or layer aside with all its files, of which a shapefile has several.

    Raises:
        OutputError: another program holds it.
    """
    try:
        for file in _files_of(path):
            changes.make_room(file)
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
    before = f"{layer}_before"
    names = _layers(path)
    if before in names:  # of a run that was killed
        _delete(path, before)
    if layer not in names:
        changes.note(undo=lambda: _delete(path, layer), settle=lambda: None)
        return
    _rename(path, layer, before)

    def bring_back() -> None:
        _delete(path, layer)
        _rename(path, before, layer)

    changes.note(undo=bring_back, settle=lambda: _delete(path, before))


def _files_of(path: str) -> list[str]:
    """The file, then those that belong to it."""
    dataset = gdal.OpenEx(path, gdal.OF_VECTOR) if os.path.exists(path) else None
    sides = (dataset.GetFileList() or []) if dataset is not None else []
    sides += [path + ending for ending in _WRITE_AHEAD]
    return [path, *(side for side in map(os.path.abspath, sides) if side != path and os.path.exists(side))]


def _remove_sides(path: str) -> None:
    """Removes what a new table has beside its own file."""
    for side in _files_of(path)[1:]:
        os.remove(side)


def _layers(path: str) -> list[str]:
    dataset = _open(path)
    return [dataset.GetLayer(number).GetName() for number in range(dataset.GetLayerCount())]


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
