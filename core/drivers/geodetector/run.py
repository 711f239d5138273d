"""The geographical detector on a layer: from its columns to the tables of the four detectors."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import InputError
from ...progress import QUIET, Progress
from ...results import ResultTable, row_table
from ..feature_table import FeatureTable
from ..panel.run import blocks_of
from .detector import geographical_detector
from .discretise import METHODS
from .tables import BreakRow, EcologicalRow, FactorRow, GeodetectorResult, InteractionRow, RiskRow

MOST_CLASSES = 100


@dataclass(frozen=True)
class GeodetectorChoice:
    """What is explained by which factors, and how; see `geographical_detector`.

    Attributes:
        block: column of the blocks that permutations move as a whole.
        block_size: side of square blocks in its place, units of the coordinates; 0 for none.
    """

    y: str
    factors: tuple[str, ...]
    categorical: tuple[str, ...] = ()
    methods: tuple[str, ...] = METHODS
    classes: tuple[int, ...] = tuple(range(3, 9))
    rule: str = "loess"
    singletons: str = "keep"
    permutations: int = 0
    block: str | None = None
    block_size: float = 0.0
    seed: int = 0
    confidence: float = 0.95
    variance: str = "sample"

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.y, *self.factors, self.block) if name]


@dataclass(frozen=True)
class GeodetectorRun:
    """A result and what it was made from."""

    table: FeatureTable
    choice: GeodetectorChoice
    result: GeodetectorResult

    def factors(self) -> ResultTable:
        return row_table(FactorRow, self.result.factors)

    def interactions(self) -> ResultTable:
        return row_table(InteractionRow, self.result.interactions)

    def risk(self) -> ResultTable:
        return row_table(RiskRow, self.result.risk)

    def ecological(self) -> ResultTable:
        return row_table(EcologicalRow, self.result.ecological)

    def breaks(self) -> ResultTable:
        return row_table(BreakRow, self.result.breaks)


def run_geodetector(table: FeatureTable, choice: GeodetectorChoice, progress: Progress = QUIET) -> GeodetectorRun:
    """Runs the four detectors on the rows that hold y and every factor.

    Raises:
        InputError: see `geographical_detector`.
        Cancelled: on request.
    """
    table = table.with_roles(choice.columns())
    unknown = [name for name in choice.categorical if name not in choice.factors]
    if unknown:
        raise InputError(
            f"CATEGORICAL names {', '.join(unknown)}, which is not among FACTORS ({', '.join(choice.factors)})."
        )
    if choice.block and choice.block_size > 0:
        raise InputError("BLOCKS and BLOCK_SIZE are both given. Choose a field or square blocks.")
    blocks = table.columns[choice.block] if choice.block else None
    if choice.block_size > 0:
        blocks = blocks_of(table.needed_coordinates("BLOCK_SIZE"), choice.block_size)
    result = geographical_detector(
        table.columns[choice.y],
        {name: table.columns[name] for name in choice.factors},
        choice.categorical,
        choice.methods,
        choice.classes,
        choice.rule,
        choice.singletons,
        choice.permutations,
        blocks,
        choice.seed,
        choice.confidence,
        choice.variance,
        choice.y,
        progress,
    )
    return GeodetectorRun(table, choice, result)


def parse_classes(text: str) -> tuple[int, ...]:
    """Numbers of classes to try: `3-8`, `4, 6, 8` or both.

    Raises:
        InputError: no whole numbers from 2 to 100.
    """
    found: set[int] = set()
    for word in filter(None, re.split(r"[,;，；、\s]+", re.sub(r"\s*[-–]\s*", "-", text.strip()))):
        limits = re.fullmatch(r"(\d+)(?:-(\d+))?", word)
        if limits is None:
            raise InputError(f"CLASSES holds {word!r}. Write numbers of classes, such as 3-8 or 4, 6, 8.")
        first, last = int(limits[1]), int(limits[2] or limits[1])
        if not 2 <= first <= last <= MOST_CLASSES:
            raise InputError(f"CLASSES holds {word!r}. Numbers of classes run from 2 to {MOST_CLASSES}, rising.")
        found.update(range(first, last + 1))
    if not found:
        raise InputError("CLASSES is empty. Write numbers of classes, such as 3-8.")
    return tuple(sorted(found))
