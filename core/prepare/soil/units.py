"""Tables of soil units: HWSD 1.2, HWSD 2.0, and any other with an id and the properties; one value per unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import TableError
from ...messages import say
from ...tables import Table
from .depths import Depth, weights_of

PROPERTIES = ("sand", "silt", "clay", "carbon", "density")
RULES = ("dominant", "weighted")
_HWSD2_DEPTHS = {"D1": (0, 20), "D2": (20, 40), "D3": (40, 60), "D4": (60, 80), "D5": (80, 100),
                 "D6": (100, 150), "D7": (150, 200)}  # fmt: skip
_KEYS = ("HWSD2_SMU_ID", "MU_GLOBAL", "SMU_ID", "id", "code", "value", "unit")
_NAMES = {
    "sand": ("SAND", "T_SAND", "sand_pct"),
    "silt": ("SILT", "T_SILT", "silt_pct"),
    "clay": ("CLAY", "T_CLAY", "clay_pct"),
    "carbon": ("ORG_CARBON", "T_OC", "OC", "SOC", "organic_carbon", "carbon"),
    "density": ("BULK", "T_REF_BULK_DENSITY", "T_BULK_DENSITY", "bulk_density", "density"),
}
_SUBSOIL = {"sand": "S_SAND", "silt": "S_SILT", "clay": "S_CLAY", "carbon": "S_OC", "density": "S_REF_BULK_DENSITY"}
_HWSD1_TOP, _HWSD1_SUB = (0, 30), (30, 100)


@dataclass(frozen=True)
class _Part:
    """A soil within a unit, in one layer."""

    unit: int
    depth: Depth | None
    share: float
    sequence: float
    values: Mapping[str, float]


def values_by_unit(table: Table, key: str, rule: str, top: float, bottom: float) -> dict[int, dict[str, float]]:
    """The properties of each unit over a depth, in the numbers of the table.

    Args:
        table: a row per unit, per soil of a unit, or per soil and layer.
        key: column of the ids; "" looks for the usual names.
        rule: `dominant` takes the soil of the first sequence or the largest share, `weighted` the mean of all soils by
            their share among those that have a value.
        top, bottom: cm; a table without layers has one value for any depth.

    Raises:
        TableError: a column is missing, or no property is there.
        InputError: its layers do not cover the depth.
    """
    parts = _parts(table, _key(table, key))
    depths = {part.depth for part in parts if part.depth is not None}
    weights = weights_of(depths, top, bottom, table.name) if depths else {}
    found: dict[int, dict[str, float]] = {}
    for unit, own in _grouped(parts).items():
        chosen = _dominant(own) if rule == "dominant" else own
        values = {name: _mean(chosen, name, weights) for name in PROPERTIES}
        found[unit] = {name: value for name, value in values.items() if value is not None}
    return found


def _key(table: Table, key: str) -> str:
    columns = {column.casefold(): column for column in table.columns}
    for name in (key,) if key else _KEYS:
        if name.casefold() in columns:
            return columns[name.casefold()]
    raise TableError(
        say(
            "Table {table} has no column {key} with the ids of the raster. It has {columns}. Name it as KEY.",
            table=table.name,
            key=key or " / ".join(_KEYS[:3]),
            columns=", ".join(table.columns),
        )
    )


def _parts(table: Table, key: str) -> list[_Part]:
    columns = {column.casefold(): column for column in table.columns}

    def column(names: Iterable[str]) -> str | None:
        return next((columns[name.casefold()] for name in names if name.casefold() in columns), None)

    top = {name: found for name, names in _NAMES.items() if (found := column(names))}
    if not top:
        raise TableError(
            say(
                "Table {table} has no column of sand, silt, clay or organic carbon. It has {columns}.",
                table=table.name,
                columns=", ".join(table.columns),
            )
        )
    sub = {name: found for name, one in _SUBSOIL.items() if (found := column([one]))}
    layer, share, sequence = column(["LAYER"]), column(["SHARE"]), column(["SEQUENCE", "SEQ"])
    parts = []
    for row in table.rows:
        unit = _number(row[key])
        if unit is None:
            continue
        rest = (_number(row[share]) if share else None), (_number(row[sequence]) if sequence else None)
        shares = 100.0 if rest[0] is None else rest[0], 1.0 if rest[1] is None else rest[1]
        if layer:
            depth = _HWSD2_DEPTHS.get(str(row[layer]).strip().upper())
            if depth is None:
                raise TableError(
                    say("Table {table}: LAYER {layer!r} is not known (D1 to D7).", table=table.name, layer=row[layer])
                )
            parts.append(_Part(int(unit), depth, *shares, _values(row, top)))
        elif sub:
            parts.append(_Part(int(unit), _HWSD1_TOP, *shares, _values(row, top)))
            parts.append(_Part(int(unit), _HWSD1_SUB, *shares, _values(row, sub)))
        else:
            parts.append(_Part(int(unit), None, *shares, _values(row, top)))
    return parts


def _values(row: Mapping[str, object], columns: Mapping[str, str]) -> dict[str, float]:
    """Properties of a row; below 0 stands for no value (-9 of water, -1 of rock)."""
    numbers = {name: _number(row[column]) for name, column in columns.items()}
    return {name: number for name, number in numbers.items() if number is not None and number >= 0}


def _number(cell: object) -> float | None:
    try:
        number = float(str(cell).strip())
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _grouped(parts: Iterable[_Part]) -> dict[int, list[_Part]]:
    found: dict[int, list[_Part]] = {}
    for part in parts:
        found.setdefault(part.unit, []).append(part)
    return found


def _dominant(parts: Sequence[_Part]) -> list[_Part]:
    """The soil of the lowest sequence; of equal ones that with the largest share."""
    first = min(parts, key=lambda part: (part.sequence, -part.share))
    return [part for part in parts if (part.sequence, part.share) == (first.sequence, first.share)]


def _mean(parts: Sequence[_Part], name: str, weights: Mapping[Depth, float]) -> float | None:
    """Mean of the soils by share, then of the layers by thickness; None where a layer has no value."""
    if not weights:
        return _by_share(parts, name)
    total = 0.0
    for depth, weight in weights.items():
        value = _by_share([part for part in parts if part.depth == depth], name)
        if value is None:
            return None
        total += weight * value
    return total


def _by_share(parts: Sequence[_Part], name: str) -> float | None:
    known = [(part.share, part.values[name]) for part in parts if name in part.values and part.share > 0]
    whole = sum(share for share, _ in known)
    return sum(share * value for share, value in known) / whole if whole else None
