"""What an importance of drivers is asked for, and the rows as trees take them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...messages import say
from ..feature_table import FeatureTable
from ..observations import Observations, read_observations
from .engines import ENGINES, Settings
from .folds import VALIDATIONS

FEWEST_REPEATS = 5  # of which percentiles are no more than the least and the largest
_MOST_CLASSES = 40
_PLACE = 0.99  # correlation with a coordinate from which a driver tells the place, whatever its name


@dataclass(frozen=True)
class ImportanceChoice:
    """What is explained by what, and how it is tested.

    Attributes:
        y, x: explained column and drivers.
        categorical: of `x`, taken as classes.
        entity, time: columns of cell and year.
        settings: of the trees.
        validation: of `VALIDATIONS`; the one that sets the rounds and judges drivers.
        block_size: side of blocks, units of the coordinates; 0 takes it from the correlogram.
        folds: of blocks and random rows.
        repeats: block bootstraps.
        explain_rows: with SHAP values at most, 0 for all (2,000 of a forest).
    """

    y: str
    x: tuple[str, ...]
    categorical: tuple[str, ...] = ()
    entity: str | None = None
    time: str | None = None
    settings: Settings = field(default_factory=Settings)
    validation: str = "blocks"
    block_size: float = 0.0
    folds: int = 5
    repeats: int = 20
    explain_rows: int = 20_000

    def __post_init__(self) -> None:
        for name, word, words in (
            ("ENGINE", self.settings.engine, ENGINES),
            ("VALIDATION", self.validation, VALIDATIONS),
        ):
            if word not in words:
                raise InputError(
                    say(
                        "{name} {word!r} is not known: choose one of {words}.",
                        name=name,
                        word=word,
                        words=", ".join(words),
                    )
                )
        stray = [name for name in self.categorical if name not in self.x]
        if stray:
            raise InputError(
                say("CATEGORICAL names {stray}, which is not among the drivers X.", stray=", ".join(stray))
            )
        if self.validation == "years" and self.time is None:
            raise InputError(say("VALIDATION years needs TIME, the field of the year."))
        if 0 < self.repeats < FEWEST_REPEATS:
            raise InputError(
                say(
                    "REPEATS is {repeats}: so few refits give no range. Give {fewest} or more (20 are usual), or 0.",
                    repeats=self.repeats,
                    fewest=FEWEST_REPEATS,
                )
            )
        if not self.numeric:
            raise InputError(say("At least one driver must be a number; geodetector takes classes alone."))

    @property
    def numeric(self) -> tuple[str, ...]:
        return tuple(name for name in self.x if name not in self.categorical)

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.y, *self.x, self.entity, self.time) if name]


@dataclass(frozen=True)
class TreeRows:
    """Rows as trees take them.

    Attributes:
        y: shape (n,).
        x: a column a number, a column of 0 and 1 a class, shape (n, p).
        drivers: names in the order that the user gave.
        columns: of `x` by driver.
        numeric: whether each driver is a number.
        coordinates: shape (n, 2), or None.
        cells: code of the place of each row: of the entity, else of the coordinates, else of the row.
        years: codes and labels, or None.
        warnings: what the reader must know.
    """

    observations: Observations
    y: np.ndarray
    x: np.ndarray
    drivers: tuple[str, ...]
    columns: tuple[tuple[int, ...], ...]
    numeric: tuple[bool, ...]
    coordinates: np.ndarray | None
    cells: np.ndarray
    years: np.ndarray | None
    labels: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def n(self) -> int:
        return len(self.y)

    def by_driver(self, contributions: np.ndarray) -> np.ndarray:
        """SHAP values of columns summed by driver, shape (n, drivers)."""
        return np.column_stack([contributions[:, list(own)].sum(axis=1) for own in self.columns])


def tree_rows(table: FeatureTable, choice: ImportanceChoice) -> TreeRows:
    """Reads the rows that have every value, classes as columns of 0 and 1.

    Raises:
        InputError: a driver with too many classes; too few rows; a driver that does not vary.
        TableError: see `read_observations`.
    """
    table = table.with_roles(choice.columns())
    found = read_observations(
        table.columns,
        choice.y,
        choice.numeric,
        choice.entity,
        choice.time,
        choice.categorical,
        table.complete_place(),
    )
    least = 2 * choice.folds * max(choice.settings.leaf, 5)
    if found.n < least:
        raise InputError(
            say(
                "{n} rows are too few for trees with leaves of {leaf} rows in {folds} folds; at least "
                "{least} are needed. Lower MINIMUM_LEAF or FOLDS, or use panelregression or localregression.",
                n=found.n,
                leaf=choice.settings.leaf,
                folds=choice.folds,
                least=least,
            )
        )
    if float(found.y.std()) == 0:
        raise InputError(say("{y} has the same value everywhere: there is nothing to explain.", y=choice.y))
    parts, columns, at = [], [], 0
    warnings = list(found.warnings)
    for name in choice.x:
        made = _classes(found, name) if name in choice.categorical else found.x[:, [choice.numeric.index(name)]]
        if np.ptp(made, axis=0).max() == 0:
            warnings.append(say("{name} has the same value everywhere, so that it explains nothing.", name=name))
        parts.append(made)
        columns.append(tuple(range(at, at + made.shape[1])))
        at += made.shape[1]
    places = [name for name in choice.numeric if _tells_place(found, choice.numeric.index(name))]
    if places:
        warnings.append(
            say(
                "{places} tells where a row lies: trees then learn the map by heart, which random validation "
                "takes for skill (Meyer et al. 2019). Leave it out, or read the blocked validation alone.",
                places=", ".join(places),
            )
        )
    if found.entity is not None:
        cells = found.entity
    elif found.coordinates is not None:
        cells = np.unique(found.coordinates, axis=0, return_inverse=True)[1].reshape(-1)
    else:
        cells = np.arange(found.n)
    labels = () if found.times is None else tuple(str(label) for label in found.times.tolist())
    return TreeRows(
        found,
        found.y,
        np.ascontiguousarray(np.column_stack(parts)),
        choice.x,
        tuple(columns),
        tuple(name not in choice.categorical for name in choice.x),
        found.coordinates,
        cells,
        found.time,
        labels,
        tuple(warnings),
    )


def _tells_place(found: Observations, column: int) -> bool:
    """Whether a driver rises with one of the coordinates of the rows, as longitude and latitude do."""
    values = found.x[:, column]
    axes = () if found.coordinates is None else found.coordinates.T
    return any(
        abs(float(np.corrcoef(values, axis)[0, 1])) > _PLACE for axis in axes if np.ptp(values) > 0 and np.ptp(axis) > 0
    )


def _classes(found: Observations, name: str) -> np.ndarray:
    codes = found.groups[name]
    count = int(codes.max()) + 1
    if count > _MOST_CLASSES:
        raise InputError(
            say(
                "{name} has {count} classes, more than {most_classes}. Merge rare ones, or take it out of CATEGORICAL.",
                name=name,
                count=count,
                most_classes=_MOST_CLASSES,
            )
        )
    return (codes[:, None] == np.arange(count)).astype(np.float64)
