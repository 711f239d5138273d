"""Statistics without a map joined to an account: as they are, by area, or to the ecosystems that they belong to."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from ...errors import InputError, TableError
from ...messages import say
from ...tables import Table
from ..quantity_table import TOTALS, Quantity, read_quantities
from ..services import AREA, catalogue
from ..zoned import WHOLE
from .soil import NITROGEN, PHOSPHORUS, SILT, SOIL, SoilFactors, nutrient, silt_volume

Allocate = Literal["none", "area", "named"]
ALLOCATIONS = ("none", "area", "named")
Areas = Mapping[tuple[int, str], Mapping[str, float]]  # hectares by year, zone and ecosystem


def read_statistics(
    tables: Sequence[Table], years: Sequence[int], zones: Sequence[str], soil: SoilFactors, currency: str = "CNY"
) -> list[Quantity]:
    """Reads statistics and brings them to the years and zones of the maps.

    Args:
        tables: as `read_quantities`; a service `soil_retention` (t) becomes silt,
        nitrogen and phosphorus. Rows of years
            that the maps do not have are left out.
        years: of the maps.
        zones: of the maps; a blank zone is the whole region where there are none, else it belongs to no zone.
        soil: see `SoilFactors`.
        currency: of values.

    Raises:
        TableError: a table cannot be used.
        InputError: a zone is not on the map.
    """
    found: list[Quantity] = []
    for table in tables:
        for quantity in read_quantities(_with_soil(table), currency):
            if quantity.year not in years or quantity.service == AREA:
                continue
            zone = _zone(quantity, zones, table)
            placed = replace(quantity, zone=zone, source=quantity.source or table.name)
            found += _soil(placed, soil, table) if placed.service == SOIL else [placed]
    return found


def _with_soil(table: Table) -> Table:
    """The table with a category for soil that is held, which no account counts as such."""
    if not table.has("service") or SOIL not in table.texts("service"):
        return table
    rows = ({**row, "category": "regulating" if of == SOIL else row.get("category")}
            for row, of in zip(table.rows, table.texts("service")))  # fmt: skip
    return Table.of_rows(table.name, rows, [*table.columns, "category"] if not table.has("category") else table.columns,
                         table.decimal_comma)  # fmt: skip


def _zone(quantity: Quantity, zones: Sequence[str], table: Table) -> str:
    name = quantity.zone
    if name in zones:
        return name
    if name.casefold() in {"", *TOTALS}:
        return WHOLE if WHOLE in zones else ""
    raise InputError(
        say(
            "Table {name}, row {row}: there is no zone {name2!r} on the map. It has {zones}.",
            name=table.name,
            row=quantity.row,
            name2=name,
            zones=", ".join(zones),
        )
    )


def _soil(quantity: Quantity, soil: SoilFactors, table: Table) -> list[Quantity]:
    """Soil of statistics as silt, nitrogen and phosphorus, where these are counted."""
    if quantity.amount is None or "kg" in quantity.unit or not quantity.unit.startswith("t"):
        raise TableError(
            say("Table {name}, row {row}: write soil_retention in t/a.", name=table.name, row=quantity.row)
        )
    made = []
    if soil.density is not None:
        made.append((SILT, silt_volume(quantity.amount, soil.silt_share, soil.density), "m3/a"))
    made += [
        (service, nutrient(quantity.amount, percent), "t/a")
        for service, percent in ((NITROGEN, soil.nitrogen), (PHOSPHORUS, soil.phosphorus))
        if percent is not None
    ]
    if not made:
        raise InputError(
            say("Soil retention is given, but neither BULK_DENSITY nor SOIL_N nor SOIL_P that it is counted by.")
        )
    return [replace(quantity, service=service, amount=amount, unit=unit) for service, amount, unit in made]


def allocate(quantities: Iterable[Quantity], rule: Allocate, areas: Areas) -> list[Quantity]:
    """Gives what has no ecosystem to ecosystems.

    `area` spreads over all ecosystems of the zone by their area; `named` over those that the service belongs to (crops
    to cropland, visits to forest, shrub, grassland and wetland), and leaves a service without such where it is.

    Args:
        quantities: with and without an ecosystem.
        rule: one of `ALLOCATIONS`.
        areas: of ecosystems.
    """
    found: list[Quantity] = []
    for quantity in quantities:
        shares = {} if quantity.ecosystem or rule == "none" else _shares(quantity, rule, areas)
        found += [_part(quantity, ecosystem, share) for ecosystem, share in shares.items()] or [quantity]
    return found


def _shares(quantity: Quantity, rule: Allocate, areas: Areas) -> dict[str, float]:
    here = areas.get((quantity.year, quantity.zone)) or _everywhere(quantity.year, areas)
    if rule == "named":
        known = catalogue().get(quantity.service)
        names = known.named_ecosystems if known else ()
        here = {name: area for name, area in here.items() if name in names}
    whole = math.fsum(here.values())
    return {name: area / whole for name, area in here.items() if area > 0} if whole > 0 else {}


def _everywhere(year: int, areas: Areas) -> dict[str, float]:
    """Areas of the whole region, for what belongs to no zone."""
    found: dict[str, float] = {}
    for (of, _), here in areas.items():
        if of == year:
            for name, area in here.items():
                found[name] = found.get(name, 0.0) + area
    return found


def _part(quantity: Quantity, ecosystem: str, share: float) -> Quantity:
    amount, value = (None if number is None else number * share for number in (quantity.amount, quantity.value))
    return replace(quantity, ecosystem=ecosystem, amount=amount, value=value, allocated=True)
