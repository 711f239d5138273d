"""What a worker runs and sees, compared with this process: other versions give other bits, other disks no files."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from osgeo import gdal

from ..dataset import quiet_gdal


@dataclass(frozen=True)
class Node:
    """A process that computes.

    Attributes:
        versions: of what a result depends on.
        inputs: width, height and bands of each raster; None where it cannot be opened.
        folders: which folders for tiles are not there or cannot be written.
    """

    versions: dict[str, str]
    inputs: dict[str, tuple[int, int, int] | None]
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
                f"and set TMPDIR to a folder there for intermediate files (it is {tempfile.gettempdir()})."
            )
    if there.closed_folders:
        return (
            f"cannot write to {there.closed_folders[0]}. Put the outputs on storage that all machines mount under the "
            "same name and may write to."
        )
    return None


def _seen(path: str) -> tuple[int, int, int] | None:
    with quiet_gdal():
        try:
            dataset = gdal.OpenEx(path, gdal.OF_RASTER)
        except RuntimeError:
            return None
    return dataset and (dataset.RasterXSize, dataset.RasterYSize, dataset.RasterCount)


def _writable(folder: str) -> bool:
    return os.path.isdir(folder) and os.access(folder, os.W_OK)
