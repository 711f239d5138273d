"""What an algorithm needs of its inputs, as far as it can be known before it starts, without reading a pixel.

A dialog asks it before Run, a workflow of all its steps before the first; the words are those of the run itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from ..errors import EcoAssetsError, InputError
from ..land_cover import LandCoverScheme, load_scheme
from ..messages import Message, say
from ..quantities import ANY
from ..raster.dataset import open_raster, short_name
from ..raster.grid import Grid
from ..raster.passes.terrain import require_metres
from ..raster.reading.series import yearly_sources
from ..raster.zones.polygon_layer import require_crs, require_field
from ..tables import Table


class Asked(Protocol):
    """The parameters of a run that has not started."""

    def rasters(self, name: str) -> Sequence[str]:
        """Paths; empty where none was given."""

    def table(self, name: str) -> Table | None:
        """A table; its rows are missing where it is a layer that is not read before the run."""

    def polygons(self, name: str) -> PolygonsAsked | None:
        """What a layer tells without its features; None where none was given."""

    def choice(self, name: str) -> Any:
        """The word of a choice."""

    def text(self, name: str) -> str:
        """What was written; "" for nothing."""

    def has(self, name: str) -> bool:
        """Whether anything was given."""

    def years(self) -> Sequence[int]:
        """Empty where they are left to the rasters."""

    def label(self, name: str) -> str:
        """What the dialog calls a parameter."""


class Need(Protocol):
    """Something without which a run would stop."""

    def require(self, asked: Asked) -> None:
        """Raises EcoAssetsError where it is not met; what was not given is not asked."""


class PolygonsAsked(NamedTuple):
    """A layer of polygons: what messages call it, its fields, and whether it has a CRS."""

    named: str
    fields: tuple[str, ...]
    has_crs: bool


def scheme_asked(asked: Asked) -> LandCoverScheme:
    """The land-cover scheme with the class table. Raises TableError as `load_scheme`."""
    return load_scheme(asked.choice("SCHEME"), asked.table("CLASS_TABLE"))


@dataclass(frozen=True)
class Columns:
    """Columns of a table."""

    table: str
    names: tuple[str, ...]

    def require(self, asked: Asked) -> None:
        table = asked.table(self.table)
        if table is not None:
            table.require(*self.names)


@dataclass(frozen=True)
class Rows:
    """Rows of a table as the run reads them: their keys, codes, words and numbers.

    Attributes:
        table: the parameter.
        read: what the run reads the table with; raises EcoAssetsError.
        of: what is asked of the rows, in a few words.
    """

    table: str
    read: Callable[[Table, Asked], object]
    of: str

    def require(self, asked: Asked) -> None:
        table = asked.table(self.table)
        if table is not None and not table.is_empty:
            self.read(table, asked)


@dataclass(frozen=True)
class Polygons:
    """A layer of polygons that has a CRS, and the field that names them.

    Attributes:
        polygons: the parameter.
        field: the parameter of the field; "" for none.
    """

    polygons: str
    field: str = ""

    def require(self, asked: Asked) -> None:
        found = asked.polygons(self.polygons)
        if found is None:
            return
        require_crs(found.named, found.has_crs)
        field = asked.text(self.field) if self.field else ""
        if field:
            require_field(found.named, field, found.fields)


@dataclass(frozen=True)
class Metres:
    """A raster in a projected CRS of true lengths.

    Attributes:
        raster: the parameter.
        where: a choice and its word by which lengths count; empty for always.
    """

    raster: str
    where: tuple[str, str] | None = None

    def require(self, asked: Asked) -> None:
        if self.where is None or asked.choice(self.where[0]) == self.where[1]:
            for path in asked.rasters(self.raster)[:1]:
                require_metres(_grid(path), f"{asked.label(self.raster)} ({short_name(path)})")


@dataclass(frozen=True)
class Yearly:
    """A raster per year, one with a band per year, or one for all years.

    Attributes:
        raster: the parameter.
        label: what the run calls the series.
    """

    raster: str
    label: str

    def require(self, asked: Asked) -> None:
        paths, years = asked.rasters(self.raster), asked.years()
        if paths and years:
            yearly_sources("asked", paths, years, self.label, static=len(paths) == 1, measure=ANY)


@dataclass(frozen=True)
class AnyOf:
    """At least one of several parameters.

    Attributes:
        names: the parameters.
        why: what a run says where none was given.
    """

    names: tuple[str, ...]
    why: Message

    def require(self, asked: Asked) -> None:
        if not any(map(asked.has, self.names)):
            raise InputError(self.why)


@dataclass(frozen=True)
class Beside:
    """What must be given where something else is, unless a third thing is.

    Attributes:
        name: the parameter that must be given.
        where: the parameter beside which it must.
        unless: that takes its place.
        why: what a run says where it was not given.
    """

    name: str
    where: str
    unless: str
    why: Message

    def require(self, asked: Asked) -> None:
        if asked.has(self.where) and not (asked.has(self.name) or asked.has(self.unless)):
            raise InputError(self.why)


@dataclass(frozen=True)
class SeveralYears:
    """More years than one, where any are given.

    Attributes:
        why: what a run says of one year.
    """

    why: Message

    def require(self, asked: Asked) -> None:
        if len(asked.years()) == 1:
            raise InputError(self.why)


@dataclass(frozen=True)
class Filled:
    """A folder that holds something.

    Attributes:
        folder: the parameter.
    """

    folder: str

    def require(self, asked: Asked) -> None:
        place = asked.text(self.folder)
        if place and os.path.isdir(place) and not os.listdir(place):
            raise InputError(say("{folder} is empty. Choose the folder that holds the files.", folder=place))


def at_once(needs: Iterable[Need]) -> list[Need]:
    """Those that can be asked while one chooses: nothing is opened for them."""
    return [need for need in needs if isinstance(need, (AnyOf, Beside, SeveralYears, Filled))]


def unmet(needs: Iterable[Need], asked: Asked) -> list[EcoAssetsError]:
    """Why a run would stop, each reason once, in the order of the needs."""
    reasons: dict[str, EcoAssetsError] = {}
    for need in needs:
        try:
            need.require(asked)
        except EcoAssetsError as reason:
            reasons.setdefault(str(reason), reason)
    return list(reasons.values())


def _grid(path: str) -> Grid:
    return Grid.of_dataset(open_raster(path), short_name(path))
