"""What an account is compared with: population, GDP and area of its zones."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ...errors import TableError
from ...messages import say
from ...tables import Table
from ..quantity_table import TOTALS, column_texts, optional_numbers

WHOLE = ""  # the zone of a row that tells of the whole region
_HA_PER_KM2 = 100.0


@dataclass(frozen=True)
class Surroundings:
    """Of a zone in a year; None for what is not told."""

    population: float | None = None
    gdp: float | None = None
    area_km2: float | None = None


@dataclass(frozen=True)
class Context:
    """Population, GDP and area by zone and year."""

    of: Mapping[tuple[str, int], Surroundings] = field(default_factory=dict)

    def zone(self, zone: str, year: int) -> Surroundings:
        """Of one zone; a row without a year holds for all."""
        return self.of.get((zone, year)) or self.of.get((zone, 0)) or Surroundings()

    def whole(self, year: int, zones: Iterable[str]) -> Surroundings:
        """Of the region: its own row, or the sum of the zones where all are told."""
        own = self.zone(WHOLE, year)
        parts = [self.zone(zone, year) for zone in zones]

        def told(name: str) -> float | None:
            number: float | None = getattr(own, name)
            return _sum(getattr(part, name) for part in parts) if number is None else number

        return Surroundings(told("population"), told("gdp"), told("area_km2"))


def read_context(table: Table | None) -> Context:
    """Reads a table of context.

    Args:
        table: columns `zone` (blank or `all` for the whole region), `year` (blank for all years), and any of
            `population` (persons), `gdp` (currency), and `area_km2` or `area` (both km2) or `area_ha`.

    Raises:
        TableError: there is none of these columns, a number is negative, or a row repeats another.
    """
    if table is None:
        return Context()
    names = [name for name in ("population", "gdp", "area_km2", "area", "area_ha") if table.has(name)]
    if not names:
        raise TableError(say("Table {name} needs some of the columns population, gdp, area_km2.", name=table.name))
    zones = column_texts(table, "zone")
    years = table.numbers("year", blank=0) if table.has("year") else [0.0] * len(table.rows)
    numbers = {name: optional_numbers(table, name) for name in names}
    found: dict[tuple[str, int], Surroundings] = {}
    for i, (zone, year) in enumerate(zip(zones, years)):
        key = (WHOLE if zone.casefold() in TOTALS else zone, int(year))
        if key in found:
            raise TableError(
                say(
                    "Table {name}, row {i} tells of zone {zone!r} in {year} again. Keep one row.",
                    name=table.name,
                    i=i + 1,
                    zone=zone,
                    year=int(year),
                )
            )
        for name in names:
            number = numbers[name][i]
            if number is not None and number < 0:
                raise TableError(
                    say(
                        "Table {name}, row {i}, column {name2} holds {number:g}. Write 0 or more.",
                        name=table.name,
                        i=i + 1,
                        name2=name,
                        number=number,
                    )
                )
        area = next((numbers[n][i] for n in ("area_km2", "area") if n in numbers and numbers[n][i] is not None), None)
        hectares = numbers["area_ha"][i] if "area_ha" in numbers else None
        if area is None and hectares is not None:
            area = hectares / _HA_PER_KM2
        population, gdp = (numbers[n][i] if n in numbers else None for n in ("population", "gdp"))
        found[key] = Surroundings(population, gdp, area)
    return Context(found)


def _sum(numbers: Iterable[float | None]) -> float | None:
    listed = list(numbers)
    known = [n for n in listed if n is not None]
    return math.fsum(known) if known and len(known) == len(listed) else None
