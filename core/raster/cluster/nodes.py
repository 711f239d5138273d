"""What a worker runs and sees, compared with this process: other versions give other bits, other disks no files."""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from osgeo import gdal

from ..dataset import quiet_gdal

_PIECES, _PIECE = 64, 1 << 16  # of a file, for its checksum: 4 MB in all
_MOST_FILES = 100  # of one raster that are compared


@dataclass(frozen=True)
class Node:
    """A process that computes.

    Attributes:
        versions: of what a result depends on.
        inputs: what tells each raster from another of its name (`_seen`); None where it cannot be opened.
        folders: which folders for tiles are not there or cannot be written.
    """

    versions: dict[str, str]
    inputs: dict[str, tuple[Any, ...] | None]
    closed_folders: tuple[str, ...]


def describe_node(inputs: Sequence[str], folders: Sequence[str]) -> Node:
    """Looks at the process in which it is called."""
    versions = {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "numpy": np.__version__,
        "GDAL": gdal.VersionInfo("RELEASE_NAME"),
    }
    return Node(versions, {path: _seen(path) for path in inputs}, tuple(f for f in folders if not _writable(f)))


def disagreement(here: Node, there: Node) -> str | None:
    """What keeps a worker from giving the results of this process, and how to mend it; None for nothing."""
    for name, version in here.versions.items():
        if there.versions[name] != version:
            return (
                f"runs {name} {there.versions[name]}, this process {version}: results could differ. Install the same "
                "version on all machines."
            )
    for path, found in here.inputs.items():
        if there.inputs[path] != found:
            return (
                f"cannot see {path} as it is here. Put inputs on storage that all machines mount under the same name, "
                "where every one reads the same bytes, and set TMPDIR to a folder there for intermediate files (it is "
                f"{tempfile.gettempdir()})."
            )
    if there.closed_folders:
        return (
            f"cannot write to {there.closed_folders[0]}. Put the outputs on storage that all machines mount under the "
            "same name and may write to."
        )
    return None


def _seen(path: str) -> tuple[Any, ...] | None:
    """Width, height and bands of a raster, with size and checksum of its files: a stale copy has the same shape."""
    with quiet_gdal():
        try:
            dataset = gdal.OpenEx(path, gdal.OF_RASTER)
        except RuntimeError:
            return None
        if dataset is None:
            return None
        files = dataset.GetFileList() or []
        shape = dataset.RasterXSize, dataset.RasterYSize, dataset.RasterCount
        return (*shape, *(_file(name) for name in sorted(files)[:_MOST_FILES]))


def _file(path: str) -> tuple[int, str, int]:
    """Size, checksum, and the time of the last change where the checksum leaves parts out."""
    about = gdal.VSIStatL(path)
    file = gdal.VSIFOpenL(path, "rb") if about is not None and not about.IsDirectory() else None
    if file is None:
        return 0, "", 0
    digest, step = hashlib.blake2b(digest_size=16), max(1, about.size // _PIECES)
    whole = about.size <= _PIECES * _PIECE
    try:
        for number in range(_PIECES):
            gdal.VSIFSeekL(file, number * (_PIECE if whole else step), 0)
            digest.update(gdal.VSIFReadL(1, _PIECE, file) or b"")
        gdal.VSIFSeekL(file, max(0, about.size - _PIECE), 0)
        digest.update(gdal.VSIFReadL(1, _PIECE, file) or b"")
    finally:
        gdal.VSIFCloseL(file)
    return about.size, digest.hexdigest(), 0 if whole else int(about.mtime)


def _writable(folder: str) -> bool:
    return os.path.isdir(folder) and os.access(folder, os.W_OK)
