"""Spatial autocorrelation of a field of a layer, or of what drivers leave of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from ...errors import InputError
from ...progress import QUIET, Progress
from ...results import Column
from ..feature_table import FeatureTable
from ..observations import Dropped, Observations, read_observations, summarise
from ..panel.regression import panel_regression
from ..place.neighbours import Weights, neighbour_weights
from ..place.spatial import CLUSTERS, LocalMoran, Moran, local_moran, moran, residual_moran

Array = np.ndarray
Weigh = Callable[[Array, Array], Optional[Weights]]

OUTPUT_COLUMNS = (Column("value"), Column("local_i"), Column("p"), Column("cluster", "text"))


@dataclass(frozen=True)
class SpatialChoice:
    """What is tested, and how.

    Attributes:
        field: the column.
        x: drivers whose residuals are tested in its place.
        neighbours: see `neighbour_weights`.
        k, distance: of the neighbours `knn` and `distance`.
        time, year: column of the year, and the one that is tested.
        alpha: significance of a cluster.
        false_discovery: whether alpha is the share of false among all clusters.
    """

    field: str
    x: tuple[str, ...] = ()
    neighbours: str = "queen"
    k: int = 8
    distance: float = 0.0
    permutations: int = 999
    seed: int = 0
    time: str | None = None
    year: float | None = None
    alpha: float = 0.05
    false_discovery: bool = True

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.field, *self.x, self.time) if name]


@dataclass(frozen=True)
class SpatialRun:
    """What was found.

    Attributes:
        rows: of the table that were used, rising, shape (n,).
        values: that were tested, shape (n,).
        coordinates: shape (n, 2).
        overall: Moran's I; its p by permutation is None for residuals, whose order is not exchangeable.
        dropped: rows left out, by reason.
    """

    table: FeatureTable
    choice: SpatialChoice
    observations: Observations
    rows: Array
    values: Array
    coordinates: Array
    overall: Moran
    local: LocalMoran
    dropped: tuple[Dropped, ...]

    def output(self) -> list[Array]:
        """Columns of the result, in the order of `OUTPUT_COLUMNS`."""
        return [self.values, self.local.i, self.local.p, self.local.labels]

    def cluster_counts(self) -> dict[str, int]:
        """Places by cluster, in the order of `CLUSTERS`."""
        return dict(zip(CLUSTERS, np.bincount(self.local.cluster, minlength=len(CLUSTERS)).tolist()))


def run_spatial_autocorrelation(
    table: FeatureTable, choice: SpatialChoice, weigh: Weigh | None = None, progress: Progress = QUIET
) -> SpatialRun:
    """Global and local Moran of a field, or of the residuals of its regression on drivers.

    Args:
        table: the layer.
        choice: what is tested.
        weigh: makes weights from the rows and coordinates that are used; None, or where it gives None, they come from
            the coordinates alone.
        progress: told how far the run is.

    Raises:
        InputError: rows have no place, or lie at the same place, or there is nothing to test.
        TableError: see `read_observations`.
    """
    table = table.with_roles(choice.columns())
    table.needed_coordinates("Spatial autocorrelation")
    table, other_years = _of_year(table, choice)
    # Without drivers the field stands for one too: only y and the places are read then.
    observations = read_observations(table.columns, choice.field, choice.x or (table.place or ("", ""))[:1],
                                     coordinates=table.place)  # fmt: skip
    dropped = _told_apart(observations.dropped, other_years)
    progress.info(f"{observations.n} of {observations.n_read} rows are used. {summarise(dropped)}")
    for warning in observations.warnings:
        progress.warn(warning)
    coordinates = observations.coordinates
    assert coordinates is not None
    _require_one_row_a_place(coordinates, choice)
    rows = observations.rows
    weights = weigh(rows, coordinates) if weigh else None
    if weights is None:
        weights = neighbour_weights(coordinates, choice.neighbours, choice.k, choice.distance, table.geographic)
    values = observations.y
    if choice.x:
        values = panel_regression(observations, "none", "iid").residuals
        overall = residual_moran(values, observations.x, weights)
    else:
        overall = moran(values, weights, choice.permutations, choice.seed, progress.part(0, 40))
    local = local_moran(
        values,
        weights,
        max(choice.permutations, 0),
        choice.seed,
        choice.alpha,
        choice.false_discovery,
        progress.part(40, 100),
    )
    if weights.islands:
        progress.warn(f"{weights.islands} places have no neighbour; they are in no cluster.")
    progress.info(f"Moran's I: {overall.note}.")
    progress.info(f"Local Moran: {local.note}.")
    return SpatialRun(table, choice, observations, rows, values, coordinates, overall, local, dropped)


def _of_year(table: FeatureTable, choice: SpatialChoice) -> tuple[FeatureTable, int]:
    """The table with the field blank in all years but the one that is tested, and how many rows that blanks."""
    if choice.year is None:
        return table, 0
    if choice.time is None:
        raise InputError("YEAR is given without TIME. Choose the field of the year.")
    labels = np.array([_number(value) for value in table.columns[choice.time]], dtype=np.float64)
    chosen = labels == choice.year
    if not chosen.any():
        known = ", ".join(f"{year:g}" for year in np.unique(labels[np.isfinite(labels)])[:20])
        raise InputError(f"No row is of the year {choice.year:g}. {choice.time} holds {known or 'no numbers'}.")
    blank = table.columns[choice.field].copy()
    blank[~chosen] = np.nan if blank.dtype.kind == "f" else None
    return table.with_column(choice.field, blank), int(np.count_nonzero(~chosen))


def _told_apart(dropped: tuple[Dropped, ...], other_years: int) -> tuple[Dropped, ...]:
    """Rows of other years, which were made blank, apart from those that have no value."""
    if not other_years:
        return dropped
    first, *others = dropped
    lacking = [replace(first, count=first.count - other_years)] if first.count > other_years else []
    return (Dropped("rows", other_years, "of other years"), *lacking, *others)


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _require_one_row_a_place(coordinates: Array, choice: SpatialChoice) -> None:
    distinct = len(np.unique(coordinates, axis=0))
    if distinct < len(coordinates):
        hint = "choose TIME and YEAR" if choice.year is None else "remove the repeated rows"
        raise InputError(f"{len(coordinates)} rows lie at {distinct} places. Neighbours need one row a place: {hint}.")
