"""Sensors: which band has which role, how the quality band is read, and which wetness belongs to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ...errors import InputError, TableError
from ...raster.dataset import open_raster, short_name
from ...resources import RESOURCES
from ...tables import resource_table

LEVELS = ("level2", "level1", "reflectance")
REFLECTIVE = ("blue", "green", "red", "nir", "swir1", "swir2")
ROLES = (*REFLECTIVE, "nir2", "thermal", "quality")
NOT_USED = "-"

_KEYS = ("title", "spacecraft", "names", "layouts", "scaling", "quality", "wetness", "irradiance")
_FOLDER = RESOURCES / "sensors"
SENSORS = tuple(sorted(path.stem for path in _FOLDER.glob("*.yaml")))


@dataclass(frozen=True)
class BitField:
    """Bits of a quality band, and their values that mask a pixel."""

    first_bit: int
    bits: int
    values: tuple[int, ...]

    def masked(self, quality: np.ndarray) -> np.ndarray:
        """Where the field has one of its values; `quality` holds integers."""
        field = quality.astype(np.int64) >> self.first_bit & ((1 << self.bits) - 1)
        return np.isin(field, self.values)


@dataclass(frozen=True, eq=False)
class WetnessSet:
    """Tasselled-cap wetness: a weight per role, and the kind of reflectance it was made for."""

    title: str
    made_for: str
    weights: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Sensor:
    """A sensor as its file in `resources/sensors` describes it; the first of them tells what each key means."""

    name: str
    title: str
    spacecraft: str
    names: Mapping[str, tuple[str, ...]]
    layouts: Mapping[str, tuple[tuple[str, ...], ...]]
    scaling: Mapping[str, Any]
    thermal: Mapping[str, Any]
    quality: tuple[BitField, ...]
    wetness: Mapping[str, WetnessSet]
    irradiance: Mapping[str, float]
    to_oli: Mapping[str, tuple[float, float]]
    is_oli: bool

    def wetness_set(self, name: str | None) -> WetnessSet:
        """A wetness set by name, the default without one. Raises InputError where the sensor has no such set."""
        if name is None:
            return next(iter(self.wetness.values()))
        if name not in self.wetness:
            raise InputError(
                f"{self.title} has no wetness coefficients {name}. Choose one of {', '.join(self.wetness)}."
            )
        return self.wetness[name]


@cache
def load_sensor(name: str) -> Sensor:
    """Reads a sensor.

    Raises:
        InputError: there is no such sensor.
        TableError: its file lacks a key.
    """
    entry = _read(name)
    missing = [key for key in _KEYS if key not in entry]
    if missing:
        raise TableError(f"sensors/{name}.yaml lacks {', '.join(missing)}.")
    layouts = {"reflectance": entry["layouts"].get("level2", ()), **entry["layouts"]}
    return Sensor(
        name=name,
        title=entry["title"],
        spacecraft=entry["spacecraft"],
        names={role: tuple(names) for role, names in entry["names"].items()},
        layouts={level: tuple(map(tuple, of_level)) for level, of_level in layouts.items()},
        scaling=entry["scaling"],
        thermal=entry.get("thermal", {}),
        quality=tuple(
            BitField(field["first_bit"], field["bits"], tuple(field["values"])) for field in entry["quality"]
        ),
        wetness={key: _wetness_set(row) for key, row in entry["wetness"].items()},
        irradiance=entry["irradiance"],
        to_oli={role: (float(slope), float(intercept)) for role, (slope, intercept) in entry.get("to_oli", {}).items()},
        is_oli=bool(entry.get("is_oli", False)),
    )


def _read(name: str) -> dict[str, Any]:
    """The keys of a sensor, with those of the sensor that it is like."""
    import yaml

    if name not in SENSORS:
        raise InputError(f"There is no sensor {name}. Choose one of {', '.join(SENSORS)}.")
    entry: dict[str, Any] = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    like = entry.pop("like", None)
    return {**_read(like), **entry} if like else entry


@cache
def wetness_sets() -> tuple[str, ...]:
    """The names of the wetness sets of all sensors."""
    return tuple(dict.fromkeys(key for name in SENSORS for key in load_sensor(name).wetness))


def parse_bands(text: str) -> dict[str, int]:
    """Reads band numbers by role, written `blue:1;green:2;red:3`.

    Raises:
        InputError: a role is not known or comes twice, or a number is no band number.
    """
    bands: dict[str, int] = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        role, _, number = (piece.strip() for piece in part.partition(":"))
        if role not in ROLES or role in bands or not re.fullmatch(r"[1-9][0-9]*", number):
            raise InputError(
                f"BANDS holds {part!r}, which is not understood. Write role:number once per role, such as "
                f"blue:1;green:2. Roles are {', '.join(ROLES)}."
            )
        bands[role] = int(number)
    return bands


def find_bands(path: str, year: int, sensor: Sensor, level: str, given: Mapping[str, int]) -> dict[str, int]:
    """Band numbers of an image by role: those given, else by the bands' names, else by their number.

    Args:
        path: a raster with all bands of one year.
        year: names the image in messages.
        sensor: its sensor.
        level: one of `LEVELS`.
        given: band numbers by role that the user wrote; they win.

    Raises:
        InputError: the image has another number of bands than the sensor, or lacks a band that was named.
    """
    dataset = open_raster(path, f"Image {year}")
    count = dataset.RasterCount
    where = f"Image {year} ({short_name(path)})"
    beyond = {role: number for role, number in given.items() if number > count}
    if beyond:
        listed = ", ".join(f"{role}:{number}" for role, number in beyond.items())
        raise InputError(f"{where} has {count} bands, but BANDS names {listed}. Correct BANDS.")
    named = _by_name(sensor, [dataset.GetRasterBand(i + 1).GetDescription() for i in range(count)])
    if set(REFLECTIVE) <= set(named) | set(given):
        return {**named, **given}
    if set(REFLECTIVE) <= set(given):
        return dict(given)
    layouts = sensor.layouts.get(level, ())
    layout = next((layout for layout in layouts if len(layout) == count), None)
    if layout is None:
        counts = ", ".join(str(len(layout)) for layout in layouts)
        known = f"A {level} image of {sensor.title} has {counts} bands" if counts else f"{sensor.title} has no {level}"
        raise InputError(
            f"{where} has {count} bands, and their names tell nothing. {known}. Check the sensor and the level, or "
            "write the bands as BANDS=blue:1;green:2;red:3;nir:4;swir1:5;swir2:6."
        )
    by_position = {role: number for number, role in enumerate(layout, start=1) if role != NOT_USED}
    return {**by_position, **given}


def _by_name(sensor: Sensor, descriptions: Sequence[str]) -> dict[str, int]:
    found = {}
    for role, names in sensor.names.items():
        ends = "|".join(map(re.escape, names))
        pattern = re.compile(rf"(?:.*[^A-Za-z0-9])?(?:{ends})", re.IGNORECASE)
        number = next((i for i, text in enumerate(descriptions, start=1) if pattern.fullmatch(text.strip())), None)
        if number is not None:
            found[role] = number
    return found


def _wetness_set(entry: Mapping[str, str]) -> WetnessSet:
    row = next(
        row
        for row in resource_table(entry["table"]).rows
        if row["sensor"] == entry["sensor"]
        and row["component"] == "wetness"
        and row.get("input", "") == entry.get("input", "")
    )
    if "coefficients_in_order" in row:
        roles = [part.split()[1].split("(")[0] for part in str(row["band_order"]).split(";")]
        weights = dict(zip(roles, map(float, str(row["coefficients_in_order"]).split(";"))))
    else:
        weights = {role: float(str(row[role])) for role in REFLECTIVE}
    return WetnessSet(entry["title"], entry["made_for"], weights)
