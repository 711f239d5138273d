"""Importance of drivers of a layer: from its columns to shares, curves, thresholds and the skill behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import stats

from ...messages import say
from ...progress import QUIET, Progress
from ...results import Column, ResultTable, row_table
from ..collinearity import listed_names, near_dependences
from ..feature_table import FeatureTable
from ..observations import summarise
from .choice import ImportanceChoice, TreeRows, tree_rows
from .engines import Model, require_engine, train
from .explain import Explained, explain, stratified
from .measures import Predict, groups_together, interaction_strengths, is_more_than_noise, permuted_losses
from .tables import CurveRow, DriverRow, InteractionRow, ThresholdRow
from .validate import SkillRow, Validations, skill_rows, validate

_REPEATS = 10  # of permutation
_INTERACTION_ROWS, _INTERACTION_DRIVERS = 60, 6


@dataclass(frozen=True)
class ImportanceRun:
    """What was learned, and how well it holds.

    Attributes:
        rows: as trees took them.
        fitted: by the model of all rows.
        drivers: one row each, the most important first.
        warnings: what limits the numbers.
    """

    table: FeatureTable
    choice: ImportanceChoice
    rows: TreeRows
    fitted: np.ndarray
    validations: Validations
    explained: Explained
    drivers: tuple[DriverRow, ...]
    interactions: tuple[InteractionRow, ...]
    skill: tuple[SkillRow, ...]
    warnings: tuple[str, ...]

    def r2(self, kind: str) -> float:
        """R2 of all rows by one kind of validation, NaN where it was not run."""
        return next((row.r2 for row in self.skill if row.validation == kind and row.fold == "all"), float("nan"))

    def driver_table(self) -> ResultTable:
        return row_table(DriverRow, self.drivers)

    def curve_table(self) -> ResultTable:
        return row_table(CurveRow, self.curve_rows())

    def threshold_table(self) -> ResultTable:
        return row_table(ThresholdRow, self.threshold_rows())

    def interaction_table(self) -> ResultTable:
        return row_table(InteractionRow, self.interactions)

    def skill_table(self) -> ResultTable:
        return row_table(SkillRow, self.skill)

    def curve_rows(self) -> list[CurveRow]:
        return [
            CurveRow(
                self.rows.drivers[curve.driver],
                float(curve.at[i]),
                float(curve.ale[i]),
                float(curve.ale_low[i]),
                float(curve.ale_high[i]),
                float(curve.pdp[i]),
                None if curve.smooth is None else float(curve.smooth[i]),
                int(curve.count[i]),
            )
            for curve in self.explained.curves
            for i in range(len(curve.at))
        ]

    def threshold_rows(self) -> list[ThresholdRow]:
        return [
            ThresholdRow(
                self.rows.drivers[each.driver],
                f"{each.of}_{each.threshold.kind}",
                each.threshold.x,
                each.low,
                each.high,
                each.threshold.before,
                each.threshold.after,
            )
            for each in self.explained.thresholds
        ]

    @property
    def places(self) -> np.ndarray:
        """Rows of the table that were used, rising."""
        return self.rows.observations.rows

    def top_driver(self) -> np.ndarray:
        """Position of the driver with the largest |SHAP| of each row, -1 where it was not explained."""
        found = np.full(self.rows.n, -1)
        shares = self.explained.shares
        if shares.values is not None:
            found[shares.rows] = np.abs(shares.values).argmax(axis=1)
        return found

    def shap_bounds(self) -> dict[str, float]:
        """A size of each driver's SHAP values that few exceed; empty without them."""
        values = self.explained.shares.values
        if values is None:
            return {}
        bounds = np.percentile(np.abs(values), 98, axis=0)
        return {name: float(bound) or 1.0 for name, bound in zip(self.rows.drivers, bounds)}

    def residual_bound(self) -> float:
        """A size of the residuals that few exceed."""
        return float(np.percentile(np.abs(self.rows.y - self.validations.chosen.predicted), 98)) or 1.0

    def output(self) -> tuple[tuple[Column, ...], list[np.ndarray]]:
        """Columns and values of the places."""
        columns, values = [], []
        for name in filter(None, (self.choice.entity, self.choice.time)):
            labels = np.asarray(self.table.columns[name])[self.places]
            whole = labels.dtype.kind in "fiu" and bool(np.all(labels == np.round(labels)))
            columns.append(Column(name, "integer" if whole else "number" if labels.dtype.kind == "f" else "text"))
            values.append(labels.astype(np.int64) if whole else labels)
        columns += [Column("observed"), Column("fitted"), Column("residual"), Column("fold", "integer")]
        chosen = self.validations.chosen
        values += [self.rows.y, self.fitted, self.rows.y - chosen.predicted, chosen.fold + 1]
        shares = self.explained.shares
        for place, name in enumerate(self.rows.drivers):
            whole_column = np.full(self.rows.n, np.nan)
            if shares.values is not None:
                whole_column[shares.rows] = shares.values[:, place]
            columns.append(Column(f"shap_{name}"))
            values.append(whole_column)
        names = np.array([*self.rows.drivers, ""], dtype=object)
        columns.append(Column("top_driver", "text"))
        values.append(names[self.top_driver()])
        return tuple(columns), values


def run_driver_importance(table: FeatureTable, choice: ImportanceChoice, progress: Progress = QUIET) -> ImportanceRun:
    """Validates, fits, explains, and refits to drawn blocks.

    Args:
        table: the layer.
        choice: what is asked for.
        progress: told how far the run is; asked before every tree and every chunk of rows whether to stop.

    Raises:
        InputError: the package of the engine is missing; too few rows or blocks; see `tree_rows`.
        TableError: see `read_observations`.
        Cancelled: on request.
    """
    require_engine(choice.settings.engine)
    rows = tree_rows(table, choice)
    dropped = summarise(rows.observations.dropped)
    progress.info(
        say(
            "{n} of {n_read} rows have every value. {dropped}",
            n=rows.n,
            n_read=rows.observations.n_read,
            dropped=dropped,
        )
    )
    found = validate(rows, choice, progress.part(0, 35))
    rounds = found.chosen.rounds
    model = train(rows.x, rows.y, choice.settings, rounds, progress)
    fitted = model.predict(rows.x)
    progress.set(38)
    held_out = [(each.predict, held) for each, held in found.chosen.held_out()]
    losses = permuted_losses(
        held_out, rows.x, rows.y, rows.columns, _REPEATS, choice.settings.seed, progress.part(38, 46)
    )
    told = is_more_than_noise(losses)
    explained = explain(model, rows, found.blocks, rounds, told, choice, progress.part(46, 85))
    drivers = _drivers(rows, held_out, losses.sum(axis=1), explained, choice, progress.part(85, 92))
    interactions = _interactions(model, rows, drivers, progress.part(92, 100))
    warnings = [*rows.warnings, *found.warnings, *_collinear(rows)]
    if explained.shares.values is None:
        warnings.append(
            say(
                "SHAP values of a forest need the Python package shap, which is missing; shares come from "
                "permutation. Install it with python -m pip install shap, or choose ENGINE xgboost or "
                "lightgbm, which bring their own."
            )
        )
    for warning in warnings:
        progress.warn(warning)
    progress.set(100)
    skill = tuple(skill_rows(rows, found, fitted))
    return ImportanceRun(table, choice, rows, fitted, found, explained, drivers, interactions, skill, tuple(warnings))


def _drivers(
    rows: TreeRows,
    held_out: Sequence[tuple[Predict, np.ndarray]],
    alone: np.ndarray,
    explained: Explained,
    choice: ImportanceChoice,
    progress: Progress,
) -> tuple[DriverRow, ...]:
    groups = groups_together(rows.x, rows.columns)
    several = [group for group in groups if len(group) > 1]
    together = {}
    if several:
        columns = [[c for driver in group for c in rows.columns[driver]] for group in several]
        losses = permuted_losses(held_out, rows.x, rows.y, columns, _REPEATS, choice.settings.seed, progress)
        worth_together = losses.sum(axis=1).mean(axis=0)
        together = {driver: (group, loss) for group, loss in zip(several, worth_together) for driver in group}
    worth = explained.shares.mean_abs()
    measure = np.maximum(alone.mean(axis=0), 0) if worth is None else worth
    shares = 100 * measure / (measure.sum() or 1.0)
    rank = stats.rankdata(-measure, method="ordinal").astype(int)
    repeats = explained.bootstrap
    by_chance = 100 * repeats / np.where(repeats.sum(axis=1) > 0, repeats.sum(axis=1), np.nan)[:, None]
    ranks = stats.rankdata(-repeats, axis=1) if len(repeats) else repeats
    has_band = len(repeats) > 0 and bool(np.isfinite(by_chance).all())
    made = []
    for driver, name in enumerate(rows.drivers):
        group, loss = together.get(driver, ([driver], float(alone[:, driver].mean())))
        low, high, first, last = (None,) * 4
        if has_band:
            low, high = np.percentile(by_chance[:, driver], [5, 95]).tolist()
            first, last = np.percentile(ranks[:, driver], [5, 95]).tolist()
        made.append(
            DriverRow(
                name,
                None if worth is None else float(worth[driver]),
                float(shares[driver]),
                low,
                high,
                int(rank[driver]),
                first,
                last,
                float(alone[:, driver].mean()),
                float(alone[:, driver].std(ddof=1)),
                _direction(rows, explained, driver),
                " + ".join(rows.drivers[other] for other in group),
                float(loss),
            )
        )
    return tuple(sorted(made, key=lambda row: row.rank))


def _collinear(rows: TreeRows) -> list[str]:
    """Which numbers nearly make each other up: trees take now one and now another, and importance is split at will."""
    drivers = [driver for driver, numeric in enumerate(rows.numeric) if numeric]
    columns = rows.x[:, [rows.columns[driver][0] for driver in drivers]]
    varies = np.ptp(columns, axis=0) > 0
    drivers, columns = [driver for driver, kept in zip(drivers, varies) if kept], columns[:, varies]
    if len(drivers) < 2:
        return []
    return [
        say(
            "{drivers} are collinear: each is nearly a linear combination of the others (condition index "
            "{index:.3g}, VIF "
            "{inflation:.3g}). Trees share what they are worth among them at will, so that shares, ranks and "
            "thresholds "
            "of each alone cannot be relied on: read the loss of all of them together (Loss together), leave one "
            "out, or "
            "put them together.",
            drivers=listed_names([rows.drivers[drivers[place]] for place in found.drivers]),
            index=found.index,
            inflation=found.inflation,
        )
        for found in near_dependences(columns - columns.mean(axis=0))
    ]


def _direction(rows: TreeRows, explained: Explained, driver: int) -> float | None:
    shares = explained.shares
    if shares.values is None or not rows.numeric[driver]:
        return None
    column = rows.x[shares.rows, rows.columns[driver][0]]
    if np.ptp(column) == 0 or np.ptp(shares.values[:, driver]) == 0:
        return None
    return float(stats.spearmanr(column, shares.values[:, driver])[0])


def _interactions(
    model: Model, rows: TreeRows, drivers: tuple[DriverRow, ...], progress: Progress
) -> tuple[InteractionRow, ...]:
    names = [row.driver for row in drivers if rows.numeric[rows.drivers.index(row.driver)]][:_INTERACTION_DRIVERS]
    places = [rows.drivers.index(name) for name in names]
    pairs = list(combinations(places, 2))
    if not pairs:
        return ()
    some = rows.x[stratified(rows.y, _INTERACTION_ROWS)]
    columns = [(rows.columns[a][0], rows.columns[b][0]) for a, b in pairs]
    found = interaction_strengths(model.predict, some, columns, progress)
    made = [
        InteractionRow(rows.drivers[a], rows.drivers[b], float(strength), float(h))
        for (a, b), (strength, h) in zip(pairs, found)
    ]
    return tuple(sorted(made, key=lambda row: -row.strength))
