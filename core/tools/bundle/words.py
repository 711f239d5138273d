"""Names of files, bands and columns as people read them."""

from __future__ import annotations

import re
from collections.abc import Mapping

Words = Mapping[str, str]

# Longest first, because `_t_ha` also ends in `_ha`.
UNITS = (
    ("_t_km2", "t/km2"),
    ("_kg_ha", "kg/ha"),
    ("_t_ha", "t/ha"),
    ("_pct", "%"),
    ("_km2", "km2"),
    ("_ha", "ha"),
    ("_m2", "m2"),
    ("_m3", "m3"),
    ("_mm", "mm"),
    ("_m", "m"),
    ("_t", "t"),
)


def readable(name: str) -> str:
    """``water_retention`` as ``Water retention``; capitals within words stay."""
    spaced = re.sub(r"[\s_]+", " ", name).strip(" -")
    return spaced[:1].upper() + spaced[1:]


def heading(column: str, words: Words) -> tuple[str, str]:
    """Title and unit of a column by its name: ``area_ha`` is ("Area", "ha")."""
    name = column.casefold()
    stem, unit = next(((name[: -len(end)], unit) for end, unit in UNITS if name.endswith(end)), ("", ""))
    known = words.get(f"column_{name}") or words.get(name)
    return known or readable(column[: len(stem)] if stem else column), unit
