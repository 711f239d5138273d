"""Tables of soil units: HWSD 1.2, HWSD 2.0, and any other with an id and the properties; one value per unit."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

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
MATTER = ("organic_matter", "SOM", "OM", "T_OM")
_SUBSOIL = {"sand": "S_SAND", "silt": "S_SILT", "clay": "S_CLAY", "carbon": "S_OC", "density": "S_REF_BULK_DENSITY"}
_TOLD = 10  # ids in a message
_WITH_COMMA = re.compile(r"[+-]?\d*,\d+")
_HWSD1_TOP, _HWSD1_SUB = (0, 30), (30, 100)


@dataclass(frozen=True)
class _Part:
    """A soil within a unit, in one layer."""

    unit: int
    depth: Depth | None
    share: float
    sequence: float
    values: Mapping[str, float]


def values_by_unit(
    table: Table, key: str, rule: str, top: float, bottom: float, matter: bool = False
) -> dict[int, dict[str, float]]:
    """The properties of each unit over a depth, in the numbers of the table.

    Args:
        table: a row per unit, per soil of a unit, or per soil and layer.
        key: column of the ids; "" looks for the usual names.
        rule: `dominant` takes the soil of the first sequence or the largest share, `weighted` the mean of all soils by
            their share among those that have a value.
        top, bottom: cm; a table without layers has one value for any depth.
        matter: whether organic matter is read as `carbon`, for the caller to convert.

    Raises:
        TableError: a column is missing, no property is there, a number cannot be read, or a unit has several soils and
            nothing says which counts.
        InputError: its layers do not cover the depth.
    """
    parts = _parts(table, _key(table, key), matter)
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


def column_of(table: Table, names: Iterable[str]) -> str | None:
    """The first of some columns that the table has, whatever their case."""
    columns = {column.casefold(): column for column in table.columns}
    return next((columns[name.casefold()] for name in names if name.casefold() in columns), None)


def _parts(table: Table, key: str, matter: bool) -> list[_Part]:
    column = partial(column_of, table)
    names = {**_NAMES, "carbon": (*MATTER, *_NAMES["carbon"])} if matter else _NAMES
    top = {name: found for name, own in names.items() if (found := column(own))}
    if not top and not column(MATTER):
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
    for line, row in enumerate(table.rows, start=1):
        unit = _number(table, line, key)
        if unit is None:
            continue
        rest = tuple(_number(table, line, name) if name else None for name in (share, sequence))
        shares = 100.0 if rest[0] is None else rest[0], 1.0 if rest[1] is None else rest[1]
        if layer:
            depth = _HWSD2_DEPTHS.get(str(row[layer]).strip().upper())
            if depth is None:
                raise TableError(
                    say("Table {table}: LAYER {layer!r} is not known (D1 to D7).", table=table.name, layer=row[layer])
                )
            parts.append(_Part(int(unit), depth, *shares, _values(table, line, top)))
        elif sub:
            parts.append(_Part(int(unit), _HWSD1_TOP, *shares, _values(table, line, top)))
            parts.append(_Part(int(unit), _HWSD1_SUB, *shares, _values(table, line, sub)))
        else:
            parts.append(_Part(int(unit), None, *shares, _values(table, line, top)))
    if not share and not sequence:
        _require_one_soil(parts, table.name, key)
    return parts


def _require_one_soil(parts: Iterable[_Part], table: str, key: str) -> None:
    counts = Counter((part.unit, part.depth) for part in parts)
    twice = sorted({unit for (unit, _), count in counts.items() if count > 1})
    if twice:
        raise TableError(
            say(
                "Table {table}: {key} {ids} has several rows, and no column SHARE or SEQUENCE says which counts. Give "
                "one row per id, or the shares of its soils.",
                table=table,
                key=key,
                ids=", ".join(map(str, twice[:_TOLD])) + (", ..." if len(twice) > _TOLD else ""),
            )
        )


def _values(table: Table, line: int, columns: Mapping[str, str]) -> dict[str, float]:
    """Properties of a row; below 0 stands for no value (-9 of water, -1 of rock)."""
    numbers = {name: _number(table, line, column) for name, column in columns.items()}
    return {name: number for name, number in numbers.items() if number is not None and number >= 0}


def _number(table: Table, line: int, column: str) -> float | None:
    """The number of a cell; None where it holds none, such as NA."""
    cell = table.rows[line - 1][column]
    if cell is None:
        return None
    number = table.number(cell)
    if number is None and _WITH_COMMA.fullmatch(str(cell).strip()):
        raise TableError(
            say(
                "Table {table}, row {row}: {column} is {cell}. Write it with a decimal point, or separate the cells of "
                "the file by semicolons.",
                table=table.name,
                row=line,
                column=column,
                cell=cell,
            )
        )
    return number if number is not None and np.isfinite(number) else None


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
