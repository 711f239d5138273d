"""How well unseen rows are predicted: rows at random, whole blocks, whole years, and the rows that were learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ..place.neighbours import block_codes
from .choice import ImportanceChoice, TreeRows
from .engines import Model, held_out_losses, train
from .folds import Correlogram, block_folds, correlogram, deal, random_folds, widest_block
from .measures import r2

_LEAST_ROUNDS = 5


@dataclass(frozen=True)
class Validation:
    """A kind of validation.

    Attributes:
        kind: `random`, `blocks` or `years`.
        fold: of each row, shape (n,).
        rounds: of boosting with the least mean loss over folds.
        predicted: of each row by the model that did not see it.
        models: of each fold, fitted without it.
    """

    kind: str
    fold: np.ndarray
    rounds: int
    predicted: np.ndarray
    models: tuple[Model, ...]

    def held_out(self) -> list[tuple[Model, np.ndarray]]:
        """The models and the rows that each did not see."""
        return [(model, np.flatnonzero(self.fold == fold)) for fold, model in enumerate(self.models)]


@dataclass(frozen=True)
class Validations:
    """All kinds, and how the blocks came about; block_size 0 where blocks are whole cells without places."""

    kinds: tuple[Validation, ...]
    chosen: Validation
    blocks: np.ndarray
    block_size: float
    pattern: Correlogram | None
    warnings: tuple[str, ...]

    def of(self, kind: str) -> Validation | None:
        return next((each for each in self.kinds if each.kind == kind), None)


@dataclass(frozen=True)
class SkillRow:
    """Skill on rows that were not learned (`in_sample`: on those that were); fold `all` for all together."""

    validation: str
    fold: str
    n: int
    r2: float
    rmse: float
    mae: float


def validate(rows: TreeRows, choice: ImportanceChoice, progress: Progress = QUIET) -> Validations:
    """Random folds first; how far their errors are alike sets the side of the blocks.

    A cell's years are never parted, but by validation by years.

    Raises:
        InputError: too few blocks or rows for the folds.
    """
    warnings: list[str] = []
    seed = choice.settings.seed
    random = _validation("random", _whole_cells_at_random(rows, choice), rows, choice, progress.part(0, 40))
    side, pattern = choice.block_size, None
    if rows.coordinates is None:
        if rows.observations.entity is None and choice.validation == "blocks":
            raise InputError(
                say("VALIDATION blocks needs places (a layer, or fields x and y) or ENTITY. Choose random.")
            )
        blocks = rows.cells
        fold = deal(blocks, choice.folds, seed, "cells")
        warnings.append(
            say("Rows have no places, so that blocks are single cells; neighbours may be alike across folds.")
        )
    else:
        if side <= 0:
            side, pattern = _side(rows, random.predicted, warnings, seed)
        fold = block_folds(rows.coordinates, side, choice.folds, seed)
        blocks = block_codes(rows.coordinates, side, rows.coordinates.min(axis=0))
    kinds = [random, _validation("blocks", fold, rows, choice, progress.part(40, 80))]
    if choice.validation == "years":
        if rows.years is None:
            raise TypeError("rows.years is not as expected")
        if len(rows.labels) < 2:
            raise InputError(say("VALIDATION years needs at least two years; there is one. Choose blocks."))
        kinds.append(_validation("years", rows.years, rows, choice, progress.part(80, 100)))
    chosen = next(each for each in kinds if each.kind == choice.validation)
    naive, honest = r2(rows.y, random.predicted), r2(rows.y, kinds[1].predicted)
    if naive - honest > 0.1:
        warnings.append(
            say(
                "Random folds find R2 {naive:.2f}, blocks {honest:.2f}: much of the random skill comes from "
                "neighbours that are alike. Report the blocked one.",
                naive=naive,
                honest=honest,
            )
        )
    return Validations(tuple(kinds), chosen, blocks, side, pattern, tuple(warnings))


def skill_rows(rows: TreeRows, found: Validations, in_sample: np.ndarray) -> list[SkillRow]:
    """Skill by kind and fold, what was learned first."""
    made = [_skill("in_sample", "all", rows.y, in_sample)]
    for each in found.kinds:
        made.append(_skill(each.kind, "all", rows.y, each.predicted))
        for fold in range(len(each.models)):
            held = each.fold == fold
            name = rows.labels[fold] if each.kind == "years" else str(fold + 1)
            made.append(_skill(each.kind, name, rows.y[held], each.predicted[held]))
    return made


def _validation(
    kind: str, fold: np.ndarray, rows: TreeRows, choice: ImportanceChoice, progress: Progress
) -> Validation:
    folds = int(fold.max()) + 1
    rounds = _rounds(fold, folds, rows, choice, progress.part(0, 60))
    predicted = np.empty(rows.n)
    models = []
    for number in range(folds):
        out = fold == number
        model = train(rows.x[~out], rows.y[~out], choice.settings, rounds, progress)
        predicted[out] = model.predict(rows.x[out])
        models.append(model)
        progress.set(60 + 40 * (number + 1) / folds)
    return Validation(kind, fold, rounds, predicted, tuple(models))


def _rounds(fold: np.ndarray, folds: int, rows: TreeRows, choice: ImportanceChoice, progress: Progress) -> int:
    """Rounds with the least mean loss over folds; a fold that stopped early keeps its last loss."""
    if choice.settings.engine == "forest":
        return choice.settings.trees
    curves: list[np.ndarray] = []
    for number in range(folds):
        out = fold == number
        curves.append(held_out_losses(rows.x[~out], rows.y[~out], rows.x[out], rows.y[out], choice.settings, progress))
        progress.set(100 * (number + 1) / folds)
    return best_rounds(curves, [int(np.sum(fold == number)) for number in range(folds)])


def best_rounds(curves: Sequence[np.ndarray], sizes: Sequence[int]) -> int:
    """Rounds with the least loss over all rows."""
    longest = max(len(curve) for curve in curves)
    filled = np.array([np.concatenate([curve, np.full(longest - len(curve), curve[-1])]) for curve in curves])
    return max(int(np.argmin(np.asarray(sizes) @ filled)) + 1, _LEAST_ROUNDS)


def _whole_cells_at_random(rows: TreeRows, choice: ImportanceChoice) -> np.ndarray:
    """Whole cells dealt at random, or rows where each is a cell of its own."""
    if len(np.unique(rows.cells)) == rows.n:
        return random_folds(rows.n, choice.folds, choice.settings.seed)
    return deal(rows.cells, choice.folds, choice.settings.seed, "cells")


def _side(rows: TreeRows, predicted: np.ndarray, warnings: list[str], seed: int) -> tuple[float, Correlogram]:
    if rows.coordinates is None:
        raise TypeError("rows.coordinates is not as expected")
    count = np.bincount(rows.cells)
    mean = np.bincount(rows.cells, weights=rows.y - predicted) / np.maximum(count, 1)
    first = np.unique(rows.cells, return_index=True)[1]
    places = rows.coordinates[first]
    pattern = correlogram(mean[rows.cells[first]], places, seed)
    widest = widest_block(places)
    if pattern.reach > widest or not pattern.ends:
        warnings.append(
            say(
                "Errors are alike over {reach:,.0f} or more, wider than blocks can be ({widest:,.0f}), so "
                "that the blocked skill is still too good.",
                reach=pattern.reach,
                widest=widest,
            )
        )
    return min(pattern.reach, widest), pattern


def _skill(kind: str, fold: str, y: np.ndarray, predicted: np.ndarray) -> SkillRow:
    errors = y - predicted
    skill = r2(y, predicted) if len(y) > 1 and y.std() > 0 else float("nan")
    return SkillRow(kind, fold, len(y), skill, float(np.sqrt(np.mean(errors**2))), float(np.mean(np.abs(errors))))
