"""What a run leaves for people beside its report: a workbook of all its tables, a text of its methods and sources."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from osgeo import gdal
from qgis.core import Qgis, QgsFeature, QgsFields
from qgis.PyQt.QtCore import QVariant

from ...core.report import MethodReport
from ...core.report.away.methods_text import MethodPart
from ...core.report.away.result_book import MOST_ROWS, NamedTable
from ...core.results import Cell, Column, ResultTable
from ..help_texts import load_help

_TOLD_WHERE_USED = ("numpy", "scipy", "statsmodels", "pandas")


@dataclass
class TakeAway:
    """Tables and methods of a run; those of its steps, where it is a workflow."""

    tables: list[NamedTable] = field(default_factory=list)
    parts: list[MethodPart] = field(default_factory=list)
    report: MethodReport | None = None
    _last: tuple[int, int] = (0, 0)

    def add_table(self, title: str, table: ResultTable) -> None:
        cut = replace(table, rows=table.rows[:MOST_ROWS])
        self.tables.append(NamedTable(title, cut, rows=len(table.rows)))

    def watch(
        self, title: str, columns: Sequence[Column] | QgsFields, features: Iterable[QgsFeature]
    ) -> Iterator[QgsFeature]:
        """Hands features on as they come, and keeps the attributes of the first ones."""
        rows: list[tuple[Cell, ...]] = []
        count = 0
        for feature in features:
            count += 1
            if len(rows) < MOST_ROWS:
                rows.append(tuple(_plain(value) for value in feature.attributes()))
            yield feature
        kept = _columns(columns) if isinstance(columns, QgsFields) else tuple(columns)
        self.tables.append(NamedTable(title, ResultTable(kept, tuple(rows)), rows=count))

    def take(self, step: TakeAway, title: str) -> None:
        """Takes over what a step of the workflow has gathered."""
        self._last = len(self.tables), len(self.parts)
        self.tables += [replace(one, step=title) for one in step.tables]
        self.parts += step.parts

    def name_last_step(self, title: str) -> None:
        """Gives what the last step has handed over a title of its own."""
        tables, parts = self._last
        self.tables[tables:] = [replace(one, step=title) for one in self.tables[tables:]]
        self.parts[parts:] = [replace(one, title=title) for one in self.parts[parts:]]


def method_part(
    name: str, title: str, report: MethodReport | None, settings: Sequence[tuple[str, str]], language: str
) -> MethodPart:
    """What an algorithm did, from its help and from what its report says of tables, numbers and land left out."""
    about = load_help(name, language).about
    if report is None:
        return MethodPart(title, about, settings)
    found = [(label, str(value)) for label, value in report.parameters]
    return MethodPart(title, about, [*settings, *found], report.sources, report.left_out or ())


def software(version: str) -> list[str]:
    """The programs that took part, with their versions; packages where they are loaded."""
    versions = {name: getattr(sys.modules.get(name), "__version__", None) for name in _TOLD_WHERE_USED}
    packages = [f"{name} {number}" for name, number in versions.items() if number]  # one half installed has none
    gdal_version = gdal.VersionInfo("RELEASE_NAME")
    return [f"EcoAssets {version}", f"QGIS {Qgis.version()}", f"GDAL {gdal_version}",
            f"Python {platform.python_version()}", *packages]  # fmt: skip


def _columns(fields: QgsFields) -> tuple[Column, ...]:
    return tuple(Column(one.name(), "number" if one.isNumeric() else "text") for one in fields)


def _plain(value: Any) -> Cell:
    if value is None or isinstance(value, (str, int, float)):
        return value
    return None if isinstance(value, QVariant) else str(value)
