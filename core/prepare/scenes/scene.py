"""What a scene is: the bands of one overpass, how their numbers become reflectance or Kelvin, and its quality band."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from ...messages import Message
from ...raster.grid import Grid

THERMAL = "thermal"
QUALITY = "quality"
HEAT_ALONE = "mod11a2"  # the sensor of scenes that have nothing but a temperature


@dataclass(frozen=True)
class SceneBand:
    """A band of a scene; ``scale * stored + offset`` for stored numbers from `low` to `high`, both ends valid.

    Attributes:
        path: as GDAL opens it.
        number: of the band in that file.
        scale, offset: to reflectance or Kelvin.
        low, high: ends of what is a value; fill codes lie outside.
        grid: where it lies, where the file itself tells it wrong or rounded; None takes what the file tells.
    """

    path: str
    number: int = 1
    scale: float = 1.0
    offset: float = 0.0
    low: float = 1.0
    high: float = 65535.0
    grid: Grid | None = None

    @property
    def conversion(self) -> tuple[float, float, float, float]:
        """What bands must have in common for their stored numbers to be compared."""
        return self.scale, self.offset, self.low, self.high


@dataclass(frozen=True)
class Scene:
    """One overpass of one path and row, or tile.

    Attributes:
        name: the product's own.
        place: the folder, archive or file that it lies in.
        day: of the overpass.
        sensor: name of a file of `resources/sensors`, or `HEAT_ALONE`.
        tile: path and row, or tile.
        bands: by role; those that are there.
        quality: the quality band; None where there is none.
        cloud_pct: by its metadata; None where they tell none.
        processed: when it was made, digits in the order of their weight.
        edition: what else orders editions of one scene, the higher the better: tier, baseline.
        moment: what tells overpasses of one day apart.
        gaps: whether the scan line corrector was off.
        notes: what was decided while reading it.
        doubts: what speaks against its numbers.
        problem: why it cannot be used; None where it can.
    """

    name: str
    place: str
    day: date
    sensor: str
    tile: str
    bands: Mapping[str, SceneBand] = field(default_factory=dict)
    quality: SceneBand | None = None
    cloud_pct: float | None = None
    processed: str = ""
    edition: tuple[float, ...] = ()
    moment: str = ""
    gaps: bool = False
    notes: tuple[Message, ...] = ()
    doubts: tuple[Message, ...] = ()
    problem: Message | None = None

    @property
    def has_heat(self) -> bool:
        return THERMAL in self.bands

    @property
    def order(self) -> tuple[date, str]:
        """By date; ties are decided by it."""
        return self.day, self.name


@dataclass(frozen=True)
class Unread:
    """What looks like a scene and cannot be read as one."""

    name: str
    place: str
    reason: Message
