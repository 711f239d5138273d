"""The geographical detector on a layer: from its columns to the tables of the four detectors."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Callable

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...results import Column, ResultTable, row_table
from ...tables import Table
from ..columns import ColumnReader
from ..feature_table import FeatureTable
from ..panel.run import blocks_of
from .detector import ALL_YEARS, detect
from .options import DetectorOptions
from .tables import BreakRow, CheckRow, EcologicalRow, FactorRow, GeodetectorResult, InteractionRow, RiskRow, TreeRow

MOST_CLASSES = 100
BLOCKS_ACROSS = 10


@dataclass(frozen=True)
class GeodetectorChoice:
    """What is explained by which factors, and how.

    Attributes:
        options: how factors are judged.
        block: column of the blocks that permutations and folds move as a whole.
        block_size: side of square blocks in its place, units of the coordinates; 0 for none.
        time: column of the year.
    """

    y: str
    factors: tuple[str, ...]
    categorical: tuple[str, ...] = ()
    options: DetectorOptions = field(default_factory=DetectorOptions)
    block: str | None = None
    block_size: float = 0.0
    time: str | None = None

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.y, *self.factors, self.block, self.time) if name]


@dataclass(frozen=True)
class GeodetectorRun:
    """A result and what it was made from.

    Attributes:
        by_year: results by year, that of all years last under None.
    """

    table: FeatureTable
    choice: GeodetectorChoice
    by_year: Mapping[str | int | None, GeodetectorResult]

    @property
    def result(self) -> GeodetectorResult:
        """Of all rows together."""
        return self.by_year[ALL_YEARS]

    @property
    def years(self) -> tuple[str | int, ...]:
        return tuple(year for year in self.by_year if year is not None)

    def factors(self) -> ResultTable:
        return self._table(FactorRow, lambda result: result.factors)

    def interactions(self) -> ResultTable:
        return self._table(InteractionRow, lambda result: result.interactions)

    def risk(self) -> ResultTable:
        return self._table(RiskRow, lambda result: result.risk)

    def ecological(self) -> ResultTable:
        return self._table(EcologicalRow, lambda result: result.ecological)

    def breaks(self) -> ResultTable:
        return self._table(BreakRow, lambda result: result.breaks)

    def trees(self) -> ResultTable:
        return self._table(TreeRow, lambda result: result.trees)

    def tests(self) -> ResultTable:
        return self._table(
            CheckRow,
            lambda result: tuple(CheckRow(one.test, one.name, one.difference, one.note) for one in result.opinions),
        )

    def _table(self, kind: type, rows_of: Callable[[GeodetectorResult], tuple[Any, ...]]) -> ResultTable:
        """The rows of all years with the year behind them, blank for all years together."""
        tables = [(year, row_table(kind, rows_of(result))) for year, result in self.by_year.items()]
        text = any(isinstance(year, str) for year in self.by_year)
        columns = (*tables[0][1].columns, Column("year", "text" if text else "integer"))
        return ResultTable(columns, tuple((*row, year) for year, table in tables for row in table.rows))


def run_geodetector(table: FeatureTable, choice: GeodetectorChoice, progress: Progress = QUIET) -> GeodetectorRun:
    """Runs the four detectors on the rows that hold y and every factor.

    Raises:
        InputError: see `detect`.
        Cancelled: on request.
    """
    table = table.with_roles(choice.columns())
    unknown = [name for name in choice.categorical if name not in choice.factors]
    if unknown:
        raise InputError(
            say(
                "CATEGORICAL names {unknown}, which is not among FACTORS ({factors}).",
                unknown=", ".join(unknown),
                factors=", ".join(choice.factors),
            )
        )
    if choice.block and choice.block_size > 0:
        raise InputError(say("BLOCKS and BLOCK_SIZE are both given. Choose a field or square blocks."))
    by_year = detect(
        table.columns[choice.y],
        {name: table.columns[name] for name in choice.factors},
        choice.options,
        choice.categorical,
        _blocks(table, choice, progress),
        table.columns[choice.time] if choice.time else None,
        choice.y,
        progress,
        _units(table, choice),
    )
    whole = by_year[ALL_YEARS]
    doubts = _copies(table, choice, whole.used)
    for doubt in doubts:
        progress.warn(doubt)
    by_year = {**by_year, ALL_YEARS: replace(whole, warnings=(*doubts, *whole.warnings))}
    return GeodetectorRun(table, choice, by_year)


def _copies(table: FeatureTable, choice: GeodetectorChoice, used: np.ndarray) -> tuple[str, ...]:
    """What to say of rows that lie where another row of the same year lies: a cell that counts twice moves q."""
    place = table.coordinates()
    if place is None:
        return ()
    rows = np.flatnonzero(used & np.isfinite(place).all(axis=1))
    key = place[rows]
    if choice.time:
        year = ColumnReader(table.columns).labels(choice.time).codes[rows]
        key = np.column_stack([key, year])
    _, first, group = np.unique(key, axis=0, return_index=True, return_inverse=True)
    extra = np.setdiff1d(np.arange(len(rows)), first)
    if not len(extra):
        return ()
    second = int(extra[0])
    mend = (
        say("Remove the copies, or average the rows of a place and year.")
        if choice.time
        else say("A table of several years needs TIME; else remove the copies, or average the rows of a place.")
    )
    return (
        say(
            "{extra} of {rows} rows lie where another row lies, first row {second} where row {first} does (x {x:.10g}, "
            "y {y:.10g}), and count as samples of their own. {mend}",
            extra=len(extra),
            rows=len(rows),
            second=int(rows[second]) + 1,
            first=int(rows[first[group.ravel()[second]]]) + 1,
            x=place[rows[second], 0],
            y=place[rows[second], 1],
            mend=mend,
        ),
    )


def _units(table: FeatureTable, choice: GeodetectorChoice) -> np.ndarray | None:
    """What is drawn as a whole for the change of q: the blocks that were asked for, else cells by their places."""
    if not choice.options.change_draws:
        return None
    if choice.block:
        return ColumnReader(table.columns).labels(choice.block).codes
    if choice.block_size > 0:
        return np.unique(blocks_of(table.needed_coordinates("BLOCK_SIZE"), choice.block_size), return_inverse=True)[1]
    place = table.needed_coordinates("CHANGE_DRAWS")
    return np.unique(place, axis=0, return_inverse=True)[1].ravel()


def _blocks(table: FeatureTable, choice: GeodetectorChoice, progress: Progress) -> Any:
    """The blocks that were asked for, and where folds need some that were not, squares of a tenth of the extent."""
    if choice.block:
        return table.columns[choice.block]
    if choice.block_size > 0:
        return blocks_of(table.needed_coordinates("BLOCK_SIZE"), choice.block_size)
    place = table.coordinates()
    if not choice.options.folds or choice.options.permutations or place is None:
        return None
    known = place[np.isfinite(place).all(axis=1)]
    side = float(np.ptp(known, axis=0).max()) / BLOCKS_ACROSS if len(known) else 0.0
    if not side > 0:
        return None
    progress.info(
        say("Folds are made of square blocks of {side:.4g}, a tenth of the extent. Give BLOCK_SIZE.", side=side)
    )
    return blocks_of(place, side)


def parse_breaks(text: str) -> dict[str, tuple[float, ...]]:
    """Limits by factor: `elevation: 200, 500, 1000; rain: 800`.

    Raises:
        InputError: a part without a name or without numbers.
    """
    found: dict[str, tuple[float, ...]] = {}
    for part in filter(None, (word.strip() for word in re.split(r"[;；\n]+", text))):
        name, _, numbers = part.replace("：", ":").rpartition(":")
        words = [word for word in re.split(r"[,，、\s]+", numbers) if word]
        try:
            limits = tuple(float(word) for word in words)
        except ValueError:
            limits = ()
        if not name.strip() or not limits or not all(map(math.isfinite, limits)):
            raise InputError(
                say(
                    "BREAKS holds {part!r}. Write factors and their limits, such as elevation: 200, 500; rain: 800.",
                    part=part,
                )
            )
        found[name.strip()] = limits
    return found


def breaks_of(table: Table) -> dict[str, tuple[float, ...]]:
    """Limits by factor of a table with columns `factor` and `upper`, the upper end of each class but the last.

    Raises:
        TableError: a column is missing, or a limit is no number.
    """
    found: dict[str, list[float]] = {}
    for name, upper in zip(table.values("factor"), table.numbers("upper", blank=float("inf"))):
        if np.isfinite(upper):
            found.setdefault(str(name).strip(), []).append(float(upper))
    return {name: tuple(limits) for name, limits in found.items()}


def parse_classes(text: str) -> tuple[int, ...]:
    """Numbers of classes to try: `3-8`, `4, 6, 8` or both.

    Raises:
        InputError: no whole numbers from 2 to 100.
    """
    found: set[int] = set()
    for word in filter(None, re.split(r"[,;，；、\s]+", re.sub(r"\s*[-–]\s*", "-", text.strip()))):
        limits = re.fullmatch(r"(\d+)(?:-(\d+))?", word)
        if limits is None:
            raise InputError(
                say("CLASSES holds {word!r}. Write numbers of classes, such as 3-8 or 4, 6, 8.", word=word)
            )
        first, last = int(limits[1]), int(limits[2] or limits[1])
        if not 2 <= first <= last <= MOST_CLASSES:
            raise InputError(
                say(
                    "CLASSES holds {word!r}. Numbers of classes run from 2 to {most_classes}, rising.",
                    word=word,
                    most_classes=MOST_CLASSES,
                )
            )
        found.update(range(first, last + 1))
    if not found:
        raise InputError(say("CLASSES is empty. Write numbers of classes, such as 3-8."))
    return tuple(sorted(found))
