"""What reports tell of references: what values were divided by, and where each was taken from."""

from __future__ import annotations

from collections.abc import Iterable

from ...report import Block, Column, TableBlock
from ...report.names import told
from ...results import ResultTable
from ..strata import ECOSYSTEM_EVERYWHERE, OWN_PIXELS


def reference_tables(tables: Iterable[ResultTable], words: dict[str, str]) -> list[Block]:
    """One table of the references of all indicators; nothing where there are none."""
    columns = [
        Column(words["rsei_indicator"], kind="text"),
        Column(words["ecosystem"], kind="text"),
        Column(words["eqi_zone"], kind="text"),
        Column(words["year"], kind="code"),
        Column(words["eqi_reference"]),
        Column(words["eqi_pixels"], decimals=0),
        Column(words["eqi_taken_from"], kind="text"),
    ]
    origins = {OWN_PIXELS: words["eqi_own_pixels"], ECOSYSTEM_EVERYWHERE: words["eqi_ecosystem_everywhere"]}
    rows = [
        (
            name,
            told(words, str(ecosystem)),
            told(words, str(zone)),
            *numbers,
            origins.get(str(taken_from), taken_from),
        )
        for table in tables
        for name, ecosystem, zone, *numbers, taken_from in table.rows
    ]
    return [TableBlock(words["eqi_references"], columns, rows, download="references.csv")] if rows else []
