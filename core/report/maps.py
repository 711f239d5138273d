"""Maps as blocks of a report: which rasters are shown, in which colours, and what is drawn over them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Union

from ..raster.output import ClassColour

PathLike = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Ramp:
    """Colours of a continuous raster; without `low` and `high` the 2nd to 98th percentile of what is shown.

    A diverging ramp without limits is symmetric about zero. Without a `unit` it is that of the raster's file. `greyed`
    is what the legend calls pixels that a picture greys.
    """

    unit: str | None = None
    palette: Literal["sequential", "diverging"] = "sequential"
    low: float | None = None
    high: float | None = None
    greyed: str = ""


@dataclass(frozen=True)
class Classes:
    """Colours of a class raster. Codes that are not listed are drawn grey, as "other"."""

    items: Sequence[ClassColour]


@dataclass(frozen=True)
class MapPicture:
    """One band of a raster file, and what stands above its picture (such as the year).

    `recoded` pairs codes of the file with those that are shown, so that many classes become few. Where the raster
    `greyed` holds 1 in the same band, a ramp gives way to grey.
    """

    path: PathLike
    title: str = ""
    band: int = 1
    recoded: Sequence[tuple[int, int]] = ()
    greyed: PathLike | None = None


@dataclass(frozen=True)
class Outlines:
    """Polygons that are drawn over maps, with the names that a field holds; None for no names."""

    path: str
    field: str | None = None


@dataclass(frozen=True)
class Map:
    """Quick-look maps side by side that share one legend and one scale of colours, with outlines and a graticule.

    A map that stands `beside` others takes half the width, so that maps with legends of their own can be compared.
    """

    title: str
    pictures: Sequence[MapPicture]
    legend: Ramp | Classes
    note: str = ""
    outlines: Outlines | None = None
    graticule: bool = False
    beside: bool = False
