"""A panel regression of a layer: from its columns to coefficients, tests and the pattern of the residuals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from ...errors import InputError
from ...progress import QUIET, Progress
from ...results import Column, ResultTable, row_table
from ..feature_table import FeatureTable
from ..observations import Observations, read_observations, summarise
from ..place.neighbours import Weights, block_codes, grid_weights, knn_weights
from ..place.regular_grid import regular_grid
from ..place.spatial import Moran, moran_by_time, residual_moran
from .conley import SpatialKernel
from .regression import PanelResult, Term, panel_regression
from .specification import Test

Array = np.ndarray

FEWEST_PLACES = 10  # of a year below which Moran's I says nothing
NEAREST = 8


@dataclass(frozen=True)
class PanelChoice:
    """What is regressed on what, and how.

    Attributes:
        y, x: explained column and drivers.
        entity, time: columns of cell and year.
        effects, covariance: see `panel_regression`.
        cluster: columns of the clusters.
        transforms: by column.
        block_size: side of spatial blocks as clusters, units of the coordinates; 0 for none.
        cutoff, kernel: of Conley's errors; units of the coordinates, metres where they are degrees.
        lags: longest lag of Driscoll-Kraay and of Conley across times; None chooses.
        confidence: of the intervals.
    """

    y: str
    x: tuple[str, ...]
    entity: str | None = None
    time: str | None = None
    effects: str = "twoway"
    covariance: str = "cluster"
    cluster: tuple[str, ...] = ()
    transforms: Mapping[str, str] = field(default_factory=dict)
    block_size: float = 0.0
    cutoff: float | None = None
    kernel: str = "bartlett"
    lags: int | None = None
    confidence: float = 0.95

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.y, *self.x, self.entity, self.time, *self.cluster) if name]


@dataclass(frozen=True)
class PanelRun:
    """A result and what it was made from.

    Attributes:
        moran: of the residuals, by time (empty text without times); empty where rows have no place.
        warnings: of the regression and of the residuals' pattern.
    """

    table: FeatureTable
    choice: PanelChoice
    observations: Observations
    result: PanelResult
    moran: tuple[tuple[str, Moran], ...]
    warnings: tuple[str, ...]

    def terms(self) -> ResultTable:
        return row_table(Term, self.result.terms)

    def tests(self) -> ResultTable:
        return row_table(Test, self.all_tests())

    def all_tests(self) -> list[Test]:
        """Specification tests, R2 by definition, and Moran's I of the residuals."""
        by_time = [
            Test(f"moran_residuals {time}".strip(), found.i, None, found.p, f"z = {found.z:.4g}; {found.note}")
            for time, found in self.moran
        ]
        numbers = [
            Test("r2_within", self.result.r2_within, None, None, "1 - RSS/TSS, both after the effects"),
            Test("r2_within_adjusted", self.result.r2_within_adjusted, None, None, "for n - k - p"),
            Test("r2_overall", self.result.r2_overall, None, None, "squared correlation of y and x b"),
        ]
        if self.result.r2_between is not None:
            note = "squared correlation of the entity means of y and x b"
            numbers.append(Test("r2_between", self.result.r2_between, None, None, note))
        return [*self.result.tests, *numbers, *by_time]


def run_panel_regression(table: FeatureTable, choice: PanelChoice, progress: Progress = QUIET) -> PanelRun:
    """Reads the rows that can be used, regresses, and tests whether residuals of neighbours are alike.

    Raises:
        InputError, TableError: see `read_observations` and `panel_regression`.
        Cancelled: on request.
    """
    table = table.with_roles(choice.columns())
    cluster = choice.cluster
    spatial = None
    if choice.covariance == "conley":
        table.needed_coordinates("COVARIANCE conley")
        if choice.cutoff is None:
            raise InputError("COVARIANCE conley needs CUTOFF: give the range of the residuals' variogram.")
        spatial = SpatialKernel(choice.cutoff, choice.kernel, table.geographic)
    if choice.covariance == "cluster" and choice.block_size > 0:
        name = f"blocks of {choice.block_size:g}"
        blocks = blocks_of(table.needed_coordinates("BLOCK_SIZE"), choice.block_size)
        table, cluster = table.with_column(name, blocks), (*cluster, name)
    observations = read_observations(
        table.columns,
        choice.y,
        choice.x,
        choice.entity,
        choice.time,
        cluster,
        table.place if spatial else table.complete_place(),
        choice.transforms,
    )
    progress.info(f"{observations.n} of {observations.n_read} rows have every value. {summarise(observations.dropped)}")
    result = panel_regression(
        observations,
        choice.effects,
        choice.covariance,
        cluster=cluster,
        confidence=choice.confidence,
        lags=choice.lags,
        spatial=spatial,
        progress=progress.part(0, 80),
    )
    moran, doubts = _residual_pattern(table, choice, observations, result)
    progress.set(100)
    warnings = (*observations.warnings, *result.warnings, *doubts)
    for item in result.dropped[len(observations.dropped) :]:
        progress.warn(f"Left out: {item.count} {item.what} ({item.reason}).")
    for warning in warnings:
        progress.warn(warning)
    for note in result.notes:
        progress.info(note)
    return PanelRun(table, choice, observations, result, moran, warnings)


def blocks_of(coordinates: Array, side: float) -> Array:
    """Square blocks as labels, NaN where a row has no place."""
    known = np.isfinite(coordinates).all(axis=1)
    blocks = np.full(len(coordinates), np.nan)
    if known.any():
        blocks[known] = block_codes(coordinates[known], side)
    return blocks


def residual_columns(run: PanelRun) -> tuple[tuple[Column, ...], list[Array]]:
    """Columns of the residuals: where and when, observed, fitted, left over, the latter in standard deviations."""
    result, choice = run.result, run.choice
    columns: list[Column] = []
    arrays: list[Array] = []
    for name in filter(None, (choice.entity, choice.time)):
        labels = np.asarray(run.table.columns[name])[result.rows]
        whole = labels.dtype.kind == "f" and bool(np.all(labels == np.round(labels)))
        columns.append(Column(name, "integer" if whole else "number" if labels.dtype.kind == "f" else "text"))
        arrays.append(labels.astype(np.int64) if whole else labels)
    deviation = float(np.sqrt(np.mean(result.residuals**2)))
    values = {
        "observed": result.fitted + result.residuals,
        "fitted": result.fitted,
        "residual": result.residuals,
        "standardised": result.residuals / (deviation or 1.0),
    }
    return (*columns, *(Column(name) for name in values)), [*arrays, *values.values()]


def residual_weights(coordinates: Array, geographic: bool = False) -> Weights:
    """Queen neighbours on a regular grid, else the nearest places."""
    if regular_grid(coordinates) is not None:
        return grid_weights(coordinates, "queen")
    return knn_weights(coordinates, min(NEAREST, len(coordinates) - 1), geographic)


def _residual_pattern(
    table: FeatureTable, choice: PanelChoice, observations: Observations, result: PanelResult
) -> tuple[tuple[tuple[str, Moran], ...], tuple[str, ...]]:
    place = table.coordinates()
    if place is None or not np.isfinite(place[result.rows]).all():
        return (), ()
    place, weigh = place[result.rows], partial(residual_weights, geographic=table.geographic)
    try:
        if choice.time is None:
            drivers = observations.x[np.isin(observations.rows, result.rows)]
            if choice.effects != "none" or len(place) < FEWEST_PLACES:
                return (), ()
            return (("", residual_moran(result.residuals, drivers, weigh(place))),), ()
        labels = np.asarray(table.columns[choice.time])[result.rows]
        times, codes = np.unique(labels.astype(str) if labels.dtype.kind == "O" else labels, return_inverse=True)
        if np.bincount(codes).min() < FEWEST_PLACES:
            return (), ()
        found = moran_by_time(result.residuals, place, codes, weigh)
    except InputError as error:
        return (), (f"Moran's I of the residuals is not given: {error}",)
    names = [f"{time:g}" if isinstance(time, float) else str(time) for time in times.tolist()]
    pattern = tuple(zip(names, found))
    clustered = [name for name, moran in pattern if moran.p < 0.05 and moran.i > 0]
    spatial = choice.covariance in ("conley", "driscoll_kraay") or choice.block_size > 0
    if not clustered or spatial:
        return pattern, ()
    return pattern, (
        f"Residuals of neighbours are alike in {', '.join(clustered)} (Moran's I), so these standard errors are too "
        "small: cluster by blocks (BLOCK_SIZE) or choose COVARIANCE conley.",
    )
