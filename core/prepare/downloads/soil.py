"""Whether soils of a folder - SoilGrids, or HWSD with its table - cover the depth on which erodibility rests."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ...raster.files import workspace
from ...raster.grid import Grid
from ...tables import read_table
from ..catalogue.product import Layer
from ..catalogue.recognise import Recognised
from ..files.containers import open_layer
from ..soil.depths import weights_of
from ..soil.units import values_by_unit

SOIL = ("sand", "silt", "clay", "organic_carbon", "soil_group")
_PROPERTIES = {"organic_carbon": "carbon"}  # what tables of soil units call it
_TABLES = (".csv", ".xlsx")
TOP, BOTTOM = 0.0, 30.0  # cm, the topsoil, as the algorithm for soils takes it where nothing is said


def soil_check(layer: Layer, files: Sequence[Recognised], progress: Progress) -> tuple[list[Grid], int]:
    """The grids of the files of a layer, and how many files there are.

    Raises:
        InputError: they do not cover the topsoil once, or cannot be opened.
        GridError: one has no position.
    """
    own = [one for one in files if one.layer == layer.id and one.variant in ("", "mean")]
    if any(one.depth for one in own):
        depths = [one.depth for one in own if one.depth]
        weights_of({(float(top), float(bottom)) for top, bottom in depths}, TOP, BOTTOM, layer.title.en)
    with workspace() as scratch:
        return [open_layer(one, layer, scratch, progress).grid for one in own], len(own)


def is_of_units(files: Sequence[Recognised]) -> bool:
    """Whether a map holds ids of soil units, which mean nothing without their table."""
    return any(one.edition is not None and one.edition.container == "table" for one in files)


def units_check(
    layer: Layer, own: Sequence[Recognised], found: Sequence[Recognised], quantity: str, progress: Progress
) -> tuple[list[Grid], str, str]:
    """The grid of a map of soil units, its path, and that of the table that lies beside it.

    The table is a CSV or a workbook with HWSD in its name: HWSD comes as a database of Access, which few can read.

    Args:
        layer: of the map.
        own: files of the map.
        found: all files of the folder.
        quantity: that the table must hold.
        progress: polled for a cancel.

    Raises:
        InputError: there are several maps, or not one table; or the table does not hold the quantity.
        TableError: the table cannot be read.
    """
    tables = [one.path for one in found if "hwsd" in one.name.lower() and one.name.lower().endswith(_TABLES)]
    if len(own) != 1 or len(tables) != 1:
        raise InputError(
            say(
                "{maps} maps of soil units and {tables} tables with HWSD in their names are there, and one of each is "
                "needed. Export the table HWSD_DATA (1.2) or HWSD2_LAYERS (2.0) of the database as CSV into the "
                "folder.",
                maps=len(own),
                tables=len(tables),
            )
        )
    state = os.stat(tables[0])
    if _PROPERTIES.get(quantity, quantity) not in _held(tables[0], state.st_mtime_ns, state.st_size):
        raise InputError(say("{table} holds no {name}.", table=os.path.basename(tables[0]), name=quantity))
    with workspace() as scratch:
        return [open_layer(own[0], layer, scratch, progress).grid], own[0].path, tables[0]


@lru_cache(maxsize=1)
def _held(table: str, changed: int, size: int) -> frozenset[str]:
    """The properties that a table holds for the topsoil; read once for all of them while the file stays the same."""
    return frozenset().union(*values_by_unit(read_table(table), "", "dominant", TOP, BOTTOM).values())
