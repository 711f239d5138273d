"""What an algorithm needs of its inputs, as far as it can be known before it starts, without reading a pixel.

A dialog asks it before Run, a workflow of all its steps before the first; the words are those of the run itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ..errors import EcoAssetsError
from ..quantities import ANY
from ..raster.dataset import open_raster, short_name
from ..raster.grid import Grid
from ..raster.passes.terrain import require_metres
from ..raster.reading.series import yearly_sources
from ..tables import Table


class Asked(Protocol):
    """The parameters of a run that has not started."""

    def rasters(self, name: str) -> Sequence[str]:
        """Paths; empty where none was given."""

    def table(self, name: str) -> Table | None:
        """A table of which the columns count."""

    def choice(self, name: str) -> str:
        """The word of a choice."""

    def years(self) -> Sequence[int]:
        """Empty where they are left to the rasters."""

    def label(self, name: str) -> str:
        """What the dialog calls a parameter."""


class Need(Protocol):
    """Something without which a run would stop."""

    def require(self, asked: Asked) -> None:
        """Raises EcoAssetsError where it is not met; what was not given is not asked."""


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
