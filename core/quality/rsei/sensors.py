"""Sensors: which band has which role, how the quality band is read, and which wetness belongs to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from ...errors import InputError, TableError
from ...messages import say
from ...resources import RESOURCES, read_yaml
from ...tables import resource_table

LEVELS = ("level2", "level1", "reflectance")
REFLECTIVE = ("blue", "green", "red", "nir", "swir1", "swir2")
ROLES = (*REFLECTIVE, "nir2", "thermal", "quality")
NOT_USED = "-"

_KEYS = (
    "title",
    "spacecraft",
    "names",
    "others",
    "wavelengths",
    "spacecrafts",
    "layouts",
    "scaling",
    "quality",
    "masks",
    "wetness",
    "irradiance",
)
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
    others: tuple[str, ...]
    wavelengths: Mapping[str, tuple[float, float]]
    spacecrafts: str
    layouts: Mapping[str, tuple[tuple[str, ...], ...]]
    scaling: Mapping[str, Any]
    thermal: Mapping[str, Any]
    quality: tuple[BitField, ...]
    masks: Mapping[str, tuple[BitField, ...]]
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
                say(
                    "{title} has no wetness coefficients {name}. Choose one of {wetness}.",
                    title=self.title,
                    name=name,
                    wetness=", ".join(self.wetness),
                )
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
        raise TableError(say("sensors/{name}.yaml lacks {missing}.", name=name, missing=", ".join(missing)))
    layouts = {"reflectance": entry["layouts"].get("level2", ()), **entry["layouts"]}
    return Sensor(
        name=name,
        title=entry["title"],
        spacecraft=entry["spacecraft"],
        names={role: tuple(names) for role, names in entry["names"].items()},
        others=tuple(entry["others"]),
        wavelengths={role: (float(low), float(high)) for role, (low, high) in entry["wavelengths"].items()},
        spacecrafts=entry["spacecrafts"],
        layouts={level: tuple(map(tuple, of_level)) for level, of_level in layouts.items()},
        scaling=entry["scaling"],
        thermal=entry.get("thermal", {}),
        quality=_bit_fields(entry["quality"]),
        masks={word: _bit_fields(fields) for word, fields in entry["masks"].items()},
        wetness={key: _wetness_set(row) for key, row in entry["wetness"].items()},
        irradiance=entry["irradiance"],
        to_oli={role: (float(slope), float(intercept)) for role, (slope, intercept) in entry.get("to_oli", {}).items()},
        is_oli=bool(entry.get("is_oli", False)),
    )


def _bit_fields(entries: Sequence[Mapping[str, Any]]) -> tuple[BitField, ...]:
    return tuple(BitField(entry["first_bit"], entry["bits"], tuple(entry["values"])) for entry in entries)


def _read(name: str) -> dict[str, Any]:
    """The keys of a sensor, with those of the sensor that it is like."""
    if name not in SENSORS:
        raise InputError(
            say("There is no sensor {name}. Choose one of {sensors}.", name=name, sensors=", ".join(SENSORS))
        )
    entry: dict[str, Any] = read_yaml(_FOLDER / f"{name}.yaml")
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
                say(
                    "BANDS holds {part!r}, which is not understood. Write role:number once per role, such as "
                    "blue:1;green:2. Roles are {roles}.",
                    part=part,
                    roles=", ".join(ROLES),
                )
            )
        bands[role] = int(number)
    return bands


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
