"""What a run has used: bands of rasters, and classes with their coefficients. Plain values, which its report tells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

from ..messages import Message
from ..quantities import Words
from .finding import Place

Name = Union[Message, Words, str]  # a text of the user's own is a plain one


@dataclass(frozen=True)
class UsedRaster:
    """A band that the gate has let in.

    Attributes:
        place: label, file, band and year.
        unit: of the values as they are read; "" where they have none or nobody knows it.
        whole: whether least, median, greatest and codes are of every pixel, not of a look.
        low, median, high: of values that are no fill code; None for classes, and where there is none.
        minimum, maximum: valid range that was given.
        codes: of a class raster, ascending; empty for any other.
        land_cover: whether these are codes of the land-cover scheme.
        resampling: how it came on the reference grid; "" where it lies there.
    """

    place: Place
    unit: str = ""
    whole: bool = True
    low: float | None = None
    median: float | None = None
    high: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    codes: tuple[int, ...] = ()
    land_cover: bool = False
    resampling: str = ""


@dataclass(frozen=True)
class UsedClass:
    """A class of the land-cover scheme."""

    name: Words
    ecosystem: str


@dataclass(frozen=True)
class ClassColumn:
    """One coefficient of every class.

    Attributes:
        title: what it is.
        values: by code; None or NaN for a class without one. Texts stay as they are.
        unit: "" for none.
    """

    title: Name
    values: Mapping[int, float | str | None]
    unit: str = ""


def class_columns(
    codes: Sequence[int], columns: Mapping[Any, Iterable[Any]], unit: str = ""
) -> tuple[ClassColumn, ...]:
    """Columns of one unit: by their names, values in the order of the codes."""
    return tuple(ClassColumn(title, dict(zip(codes, values)), unit) for title, values in columns.items())


@dataclass
class Used:
    """What a run has used so far.

    Attributes:
        rasters: by label, path, band and year.
        classes: of the scheme, by code.
        coefficients: columns of each table of coefficients, by its title.
        left_out: pixels that a pass left out, by raster and value.
    """

    rasters: dict[Place, UsedRaster] = field(default_factory=dict)
    classes: dict[int, UsedClass] = field(default_factory=dict)
    coefficients: dict[Name, tuple[ClassColumn, ...]] = field(default_factory=dict)
    left_out: dict[Place, dict[float, int]] = field(default_factory=dict)
