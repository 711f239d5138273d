"""A layer or table as statistics read it: columns of arrays and where each row lies."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..errors import InputError, TableError
from ..messages import say
from ..tables import Table

PLACE = ("geometry x", "geometry y")  # no field has such a name by accident
_FIELDS_OF_PLACE = ("x", "y")


@dataclass(frozen=True)
class FeatureTable:
    """The rows of a layer.

    Attributes:
        columns: by field name, shape (n,): numbers with NaN, or objects with None, where there is no value.
        place: the columns that hold the coordinates of each row, None where it has no place.
        crs: WKT of the coordinates, empty where unknown.
        geographic: whether they are longitude and latitude in degrees.
        name: of the layer.
    """

    columns: Mapping[str, np.ndarray]
    place: tuple[str, str] | None = None
    crs: str = ""
    geographic: bool = False
    name: str = ""

    def with_roles(self, names: Collection[str]) -> FeatureTable:
        """The table with no place where a field that tells it is a variable, such as an explained one called y.

        Args:
            names: the fields that were chosen for something.
        """
        return replace(self, place=None) if self.place and set(self.place) & set(names) else self

    def coordinates(self) -> np.ndarray | None:
        """X and y of each row, shape (n, 2), NaN where a row has no place."""
        if self.place is None:
            return None
        return np.column_stack([np.asarray(self.columns[name], dtype=np.float64) for name in self.place])

    def needed_coordinates(self, purpose: str) -> np.ndarray:
        """The coordinates. Raises InputError, which names the `purpose`, where rows have no place."""
        found = self.coordinates()
        if found is None:
            raise InputError(
                say(
                    "{purpose} needs places: give a layer of points or polygons, or a table with fields x and y "
                    "that are no variables.",
                    purpose=purpose,
                )
            )
        return found

    def plane_coordinates(self, purpose: str) -> np.ndarray:
        """Coordinates between which distances can be measured.

        Raises:
            InputError: rows have no places, or places in degrees.
        """
        found = self.needed_coordinates(purpose)
        if self.geographic:
            raise InputError(
                say(
                    "{purpose} measures distances, and {name} is in degrees, whose length differs by direction. "
                    "Reproject it to a projected CRS in metres first (Vector, Data management, Reproject layer).",
                    purpose=purpose,
                    name=self.name or say("the layer"),
                )
            )
        return found

    def doubts(self) -> tuple[str, ...]:
        """What to say of places whose CRS nobody knows, where they look like degrees."""
        found = self.coordinates()
        if found is None or self.crs:
            return ()
        known = found[np.isfinite(found).all(axis=1)]
        x, y = np.abs(known).T
        within = len(known) > 0 and x.max() <= 180 and y.max() <= 90
        if not within or np.array_equal(known, np.round(known)):  # whole numbers are rows and columns
            return ()
        return (
            say(
                "{fields} of {table} look like degrees, and nothing tells their CRS: distances are taken as they "
                "stand, though a degree differs in length by direction. Give a layer in a projected CRS, or metres.",
                fields=" and ".join(self.place or ()),
                table=self.name or say("the table"),
            ),
        )

    def complete_place(self) -> tuple[str, str] | None:
        """The columns of the coordinates where every row has them."""
        found = self.coordinates()
        return self.place if found is not None and np.isfinite(found).all() else None

    def with_column(self, name: str, values: np.ndarray) -> FeatureTable:
        return replace(self, columns={**self.columns, name: values})


def place_fields(columns: Mapping[str, np.ndarray]) -> tuple[str, str] | None:
    """The fields of the coordinates of a table without geometries."""
    return _FIELDS_OF_PLACE if all(name in columns for name in _FIELDS_OF_PLACE) else None


def feature_table(table: Table) -> FeatureTable:
    """The columns of a file: numbers where every cell of a column is a number or blank, else texts."""
    columns = {name: _column(table, name) for name in table.columns}
    return FeatureTable(columns, place_fields(columns), name=table.name)


def _column(table: Table, name: str) -> np.ndarray:
    try:
        return table.numbers(name, blank=float("nan"))
    except TableError:
        return np.array(table.values(name), dtype=object)
