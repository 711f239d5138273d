"""The extent account: which area of which ecosystem type there was, came, went and is; and the change matrix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import TableError
from ...messages import say
from ...tables import Table
from ..quantity_table import column_texts
from .cells import TOTAL, WHOLE, SeeaCell, lines_of

# Land that people make is managed, unless the table of transfers says otherwise.
MANAGED = ("cropland", "urban", "urban area", "built-up land", "农田", "城镇", "建设用地")
UNIT = "ha"


@dataclass(frozen=True, eq=False)
class Extent:
    """Areas of the opening types (rows) that are of the closing types (columns), hectares.

    Attributes:
        types: names of the ecosystem types.
        zones: accounting areas; they add up to the whole.
        area_ha: shape (zones, types, types).
        managed: whether people caused a transfer, shape (types, types).
    """

    types: tuple[str, ...]
    zones: tuple[str, ...]
    area_ha: np.ndarray
    managed: np.ndarray

    @property
    def whole(self) -> np.ndarray:
        """Over all zones, shape (types, types)."""
        total: np.ndarray = self.area_ha.sum(axis=0)
        return total

    def opening(self, kind: str) -> float:
        """Opening area of a type, hectares; 0 for a type that does not occur."""
        return float(self.whole[self.types.index(kind)].sum()) if kind in self.types else 0.0

    def closing(self, kind: str) -> float:
        """Closing area of a type, hectares."""
        return float(self.whole[:, self.types.index(kind)].sum()) if kind in self.types else 0.0


def extent_lines(area: np.ndarray, managed: np.ndarray) -> dict[str, np.ndarray]:
    """The lines of table 4.1, each of shape (types,), hectares.

    ``closing = opening + additions - reductions``; additions and reductions of all types are equal, so that the net
    change over all types is 0.

    Args:
        area: opening types by closing types.
        managed: which transfers people caused.

    Source: SEEA EA 2024, table 4.1.
    """
    moved = area * ~np.eye(len(area), dtype=bool)
    by_people, by_nature = moved * managed, moved * ~managed
    lines = {
        "opening": area.sum(axis=1),
        "managed_expansion": by_people.sum(axis=0),
        "unmanaged_expansion": by_nature.sum(axis=0),
        "managed_reductions": by_people.sum(axis=1),
        "unmanaged_reductions": by_nature.sum(axis=1),
        "closing": area.sum(axis=0),
    }
    lines["additions"] = lines["managed_expansion"] + lines["unmanaged_expansion"]
    lines["reductions"] = lines["managed_reductions"] + lines["unmanaged_reductions"]
    lines["net_change"] = lines["additions"] - lines["reductions"]
    return lines


def managed_transfers(types: Sequence[str], ecosystems: Mapping[str, str], table: Table | None) -> np.ndarray:
    """Which transfers people caused: those to cropland and built-up land, unless the table tells otherwise.

    Args:
        types: of the account.
        ecosystems: of the types, where they are known.
        table: columns `from_ecosystem`, `to_ecosystem`, `managed` (0 or 1); a blank stands for every type.

    Raises:
        TableError: a column is missing, a type is unknown, or a cell is neither 0 nor 1.
    """
    made = [ecosystems.get(kind, kind).casefold() in MANAGED for kind in types]
    managed = np.tile(np.array(made, dtype=bool), (len(types), 1))
    if table is None:
        return managed
    table.require("from_ecosystem", "to_ecosystem", "managed")
    known = {kind.casefold(): n for n, kind in enumerate(types)}
    for row, (first, second, flag) in enumerate(
        zip(table.texts("from_ecosystem"), table.texts("to_ecosystem"), table.texts("managed")), start=1
    ):
        for name in (first, second):
            if name and name.casefold() not in known:
                raise TableError(
                    say(
                        "Table {name}, row {row}: there is no type {name2!r}. There are {types}.",
                        name=table.name,
                        row=row,
                        name2=name,
                        types=", ".join(types),
                    )
                )
        if flag not in ("0", "1"):
            raise TableError(
                say("Table {name}, row {row}: managed is {flag!r}. Write 1 or 0.", name=table.name, row=row, flag=flag)
            )
        rows = [known[first.casefold()]] if first else range(len(types))
        columns = [known[second.casefold()]] if second else range(len(types))
        managed[np.ix_(list(rows), list(columns))] = flag == "1"
    return managed


def extent_of_table(table: Table) -> tuple[tuple[str, ...], tuple[str, ...], np.ndarray]:
    """Types, zones and areas (zones, types, types) of a table of transfers.

    Args:
        table: columns `from_ecosystem`, `to_ecosystem`, `area_ha`, and optionally `zone`.

    Raises:
        TableError: a column is missing, or an area is negative.
    """
    table.require("from_ecosystem", "to_ecosystem", "area_ha")
    first, second, areas = table.texts("from_ecosystem"), table.texts("to_ecosystem"), table.numbers("area_ha")
    if (areas < 0).any():
        row = int(np.argmax(areas < 0))
        raise TableError(
            say(
                "Table {name}, row {row}: area_ha is {areas:g}. Write 0 or more.",
                name=table.name,
                row=row + 1,
                areas=areas[row],
            )
        )
    names = column_texts(table, "zone")
    types = tuple(dict.fromkeys(name for pair in zip(first, second) for name in pair))
    zones = tuple(dict.fromkeys(name or WHOLE for name in names))
    found = np.zeros((len(zones), len(types), len(types)))
    for a, b, area, zone in zip(first, second, areas.tolist(), names):
        found[zones.index(zone or WHOLE), types.index(a), types.index(b)] += area
    return types, zones, found


def extent_cells(extent: Extent, year: int) -> Iterator[SeeaCell]:
    """Tables 4.1 and 4.2, of the whole and of each zone."""
    parts = [(WHOLE, extent.whole)]
    if extent.zones != (WHOLE,):
        parts += list(zip(extent.zones, extent.area_ha))
    for zone, area in parts:
        values = extent_lines(area, extent.managed)
        for line in lines_of("extent"):
            for kind, value in (*zip(extent.types, values[line.id]), (TOTAL, values[line.id].sum())):
                yield SeeaCell(
                    "4.1", year, zone, line.order, line.id, line.name, line.name_zh, kind, float(value), UNIT
                )
        for n, first in enumerate(extent.types):
            for kind, value in (*zip(extent.types, area[n]), ("opening", area[n].sum())):
                yield SeeaCell("4.2", year, zone, n + 1, first, first, "", kind, float(value), UNIT)
        for kind, value in (*zip(extent.types, area.sum(axis=0)), ("opening", area.sum())):
            order = len(extent.types) + 1
            yield SeeaCell("4.2", year, zone, order, "closing", "Closing", "期末", kind, float(value), UNIT)
