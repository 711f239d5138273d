"""Tables of emissions and of capacities: pollutants by their usual names, in tonnes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from ...errors import TableError
from ...land_cover import ECOSYSTEMS, LandCoverScheme
from ...messages import say
from ...tables import Table
from ..quantity_table import TOTALS, column_texts
from ..units import parse_unit
from ..zoned import WHOLE

Medium = Literal["air", "water"]
# Pollutants that an account has a service for, by the names that tables of emissions give them.
SERVICES: dict[Medium, dict[str, str]] = {
    "air": {"SO2": "air_so2", "NOx": "air_nox", "dust": "air_dust"},
    "water": {"COD": "water_cod", "NH3-N": "water_nh3n", "TN": "water_nh3n", "TP": "water_tp"},
}
_ALIASES = {
    "二氧化硫": "SO2", "氮氧化物": "NOx", "粉尘": "dust", "工业粉尘": "dust", "烟粉尘": "dust", "颗粒物": "dust",
    "化学需氧量": "COD", "氨氮": "NH3-N", "nh3n": "NH3-N", "nh4-n": "NH3-N", "总氮": "TN", "总磷": "TP",
}  # fmt: skip
KG_PER_T = 1000.0
HA_PER_KM2 = 100.0


def read_emissions(table: Table, medium: Medium) -> dict[tuple[str, int, str], float]:
    """Reads emissions, t, by zone, year and pollutant.

    Args:
        table: columns `zone` (blank or `all` where there are no zones), `year`, `pollutant`, `emission`, and optionally
            `unit` (t by default).
        medium: whose pollutants are meant.

    Raises:
        TableError: a column is missing, a pollutant is not known, an emission is negative, or a row repeats another.
        InputError: a unit is not that of a mass.
    """
    table.require("year", "pollutant", "emission")
    zones, units = column_texts(table, "zone"), column_texts(table, "unit")
    found: dict[tuple[str, int, str], float] = {}
    for row, (zone, year, name, amount, unit) in enumerate(
        zip(zones, table.numbers("year"), table.texts("pollutant"), table.numbers("emission"), units), start=1
    ):
        where = say("Table {name}, row {row}", name=table.name, row=row)
        pollutant = pollutant_of(name, medium, where)
        written = parse_unit(unit or "t")
        if written.kind != "mass" or amount < 0:
            raise TableError(
                say(
                    "{where} ({name}): the emission is {amount:g} {unit}. Write tonnes, 0 or more.",
                    where=where,
                    name=name,
                    amount=amount,
                    unit=unit or "t",
                )
            )
        key = (WHOLE if zone.casefold() in {*TOTALS, ""} else zone, int(year), pollutant)
        if key in found:
            raise TableError(
                say(
                    "{where} tells the emission of {name} in {zone}, {year} again.",
                    where=where,
                    name=name,
                    zone=zone or say("the region"),
                    year=int(year),
                )
            )
        found[key] = float(amount) * written.factor
    return found


def pollutant_of(name: str, medium: Medium, where: str) -> str:
    """A pollutant by its usual names. Raises TableError for one that no account has a service for."""
    known = {pollutant.casefold(): pollutant for pollutant in SERVICES[medium]}
    found = known.get(name.strip().casefold()) or _ALIASES.get(name.strip().casefold(), "")
    if found not in SERVICES[medium]:
        known_names = ", ".join(SERVICES[medium])
        raise TableError(
            say(
                "{where}: {name!r} is no pollutant of the {medium}. Write one of {known_names}.",
                where=where,
                name=name,
                medium=medium,
                known_names=known_names,
            )
        )
    return found


def class_capacity(table: Table | None, scheme: LandCoverScheme, medium: Medium) -> dict[str, np.ndarray]:
    """What a hectare of each class can take up in a year, t/(ha a), by pollutant; 0 for classes that take up nothing.

    Args:
        table: columns `pollutant`, `capacity`, `unit` (kg/(ha a), t/(ha a) or t/(km2 a)), and `code` or `ecosystem` or
            both (a code wins); rows with another `scheme` are left out. None for no capacity at all.
        scheme: of the land cover.
        medium: whose pollutants are meant.

    Raises:
        TableError: a column is missing or a cell cannot be used.
    """
    if table is None:
        return {}
    table.require("pollutant", "capacity", "unit")
    codes, ecosystems, schemes = (column_texts(table, name) for name in ("code", "ecosystem", "scheme"))
    found: dict[str, np.ndarray] = {}
    columns = table.texts("pollutant"), table.numbers("capacity"), table.texts("unit"), codes, ecosystems, schemes
    rows = sorted(enumerate(zip(*columns), start=1), key=lambda numbered: numbered[1][3] != "")  # codes last: they win
    for number, (name, capacity, unit, code, ecosystem, of) in rows:
        if of.casefold() not in ("", scheme.name):
            continue
        where = say("Table {name}, row {number}", name=table.name, number=number)
        pollutant = pollutant_of(name, medium, where)
        if ecosystem and ecosystem.casefold() not in ECOSYSTEMS:
            raise TableError(
                say(
                    "{where}: there is no ecosystem {ecosystem!r}. Write one of {ecosystems}.",
                    where=where,
                    ecosystem=ecosystem,
                    ecosystems=", ".join(ECOSYSTEMS),
                )
            )
        if capacity < 0 or not (code or ecosystem):
            raise TableError(
                say(
                    "{where} ({name}): write a capacity of 0 or more and a code or an ecosystem.",
                    where=where,
                    name=name,
                )
            )
        values = found.setdefault(pollutant, np.zeros(len(scheme.codes)))
        for n, land_class in enumerate(scheme):
            if (code and str(land_class.code) == code) or (not code and land_class.ecosystem == ecosystem.casefold()):
                values[n] = float(capacity) * _tonnes_per_ha(unit, where)
    return found


def _tonnes_per_ha(unit: str, where: str) -> float:
    plain = unit.casefold().replace(" ", "").replace("·", "").replace("(", "").replace(")", "").removesuffix("a")
    known = {"kg/ha": 1 / KG_PER_T, "t/ha": 1.0, "t/km2": 1 / HA_PER_KM2, "kg/hm2": 1 / KG_PER_T, "t/hm2": 1.0}
    if plain not in known:
        raise TableError(
            say(
                "{where}: the unit of the capacity is {unit!r}. Write kg/(ha a), t/(ha a) or t/(km2 a).",
                where=where,
                unit=unit,
            )
        )
    return known[plain]
