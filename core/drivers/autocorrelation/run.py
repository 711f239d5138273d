"""Spatial autocorrelation of a field of a layer, or of what drivers leave of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Optional

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...results import Column, ResultTable, numbers, row_table
from ..feature_table import FeatureTable
from ..observations import Dropped, Observations, read_observations, summarise
from ..panel.regression import panel_regression
from ..place.local_statistics import Global, Local, bivariate, geary, geary_c, getis_ord, require_significance
from ..place.neighbours import Weights, neighbour_weights
from ..place.spatial import CLUSTERS, Moran, local_moran, moran, residual_moran

Weigh = Callable[[np.ndarray, np.ndarray], Optional[Weights]]

STATISTICS = ("moran", "bivariate", "getis_ord", "geary")
OUTPUT_COLUMNS = (*numbers("value", "local_i", "p"), Column("cluster", "text"), Column("z"), Column("class", "integer"))


@dataclass(frozen=True)
class SpatialChoice:
    """What is tested, and how.

    Attributes:
        field: the column.
        x: drivers whose residuals are tested in its place.
        statistic: one of `STATISTICS`.
        second: the column that is looked at around each place, for `bivariate`.
        neighbours: see `neighbour_weights`.
        k, distance: of the neighbours `knn` and `distance`.
        time, year: column of the year, and the one that is tested.
        alpha: significance of a cluster.
        significance: see `local_statistics`.
    """

    field: str
    x: tuple[str, ...] = ()
    statistic: str = "moran"
    second: str | None = None
    neighbours: str = "queen"
    k: int = 8
    distance: float = 0.0
    permutations: int = 999
    seed: int = 0
    time: str | None = None
    year: float | None = None
    alpha: float = 0.05
    significance: str = "fdr"

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.field, self.second, *self.x, self.time) if name]

    def check(self) -> None:
        """Raises InputError where the parts do not go together."""
        require_significance(self.significance)
        if self.statistic not in STATISTICS:
            raise InputError(
                say(
                    "STATISTIC {statistic!r} is not known: choose one of {statistics}.",
                    statistic=self.statistic,
                    statistics=", ".join(STATISTICS),
                )
            )
        if self.x and self.statistic != "moran":
            raise InputError(
                say(
                    "X is given, and {statistic} tests values, not residuals. Choose STATISTIC moran.",
                    statistic=self.statistic,
                )
            )
        if (self.statistic == "bivariate") != bool(self.second):
            raise InputError(
                say("STATISTIC bivariate needs FIELD_2, the field that is looked at around each place.")
                if not self.second
                else say("FIELD_2 belongs to STATISTIC bivariate. Choose it, or leave FIELD_2 blank.")
            )


@dataclass(frozen=True)
class SpatialRun:
    """What was found.

    Attributes:
        rows: of the table that were used, rising, shape (n,).
        values: that were tested, shape (n,).
        around: what is looked at around each place: the values themselves, or the second field; shape (n,).
        coordinates: shape (n, 2).
        weights: of the places.
        overall: Moran's I of the values; its p by permutation is None for residuals, whose order is not exchangeable.
        tests: the global statistics, that of the chosen kind first.
        local: the local statistic.
        dropped: rows left out, by reason.
    """

    table: FeatureTable
    choice: SpatialChoice
    observations: Observations
    rows: np.ndarray
    values: np.ndarray
    around: np.ndarray
    coordinates: np.ndarray
    weights: Weights
    overall: Moran
    tests: tuple[Global, ...]
    local: Local
    dropped: tuple[Dropped, ...]

    def output(self) -> list[np.ndarray]:
        """Columns of the result, in the order of `OUTPUT_COLUMNS`."""
        local = self.local
        return [self.values, local.statistic, local.p, local.labels, local.z, local.number]

    def test_table(self) -> ResultTable:
        return row_table(Global, self.tests)

    def cluster_counts(self) -> dict[str, int]:
        """Places by cluster, in the order of the names of the statistic."""
        names = self.local.names
        return dict(zip(names, np.bincount(self.local.cluster, minlength=len(names)).tolist()))


def run_spatial_autocorrelation(
    table: FeatureTable, choice: SpatialChoice, weigh: Weigh | None = None, progress: Progress = QUIET
) -> SpatialRun:
    """Global and local statistics of a field, or of the residuals of its regression on drivers.

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
    choice.check()
    table = table.with_roles(choice.columns())
    table.needed_coordinates("Spatial autocorrelation")
    table, other_years = _of_year(table, choice)
    # Without drivers the field stands for one too: only y and the places are read then.
    beside = choice.x or ((choice.second,) if choice.second else (table.place or ("", ""))[:1])
    observations = read_observations(table.columns, choice.field, beside, coordinates=table.place)
    dropped = _told_apart(observations.dropped, other_years)
    progress.info(
        say(
            "{n} of {n_read} rows are used. {dropped}",
            n=observations.n,
            n_read=observations.n_read,
            dropped=summarise(dropped),
        )
    )
    for warning in (*observations.warnings, *table.doubts()):
        progress.warn(warning)
    coordinates = observations.coordinates
    if coordinates is None:
        raise TypeError("coordinates is not as expected")
    _require_one_row_a_place(coordinates, choice)
    rows = observations.rows
    weights = weigh(rows, coordinates) if weigh else None
    if weights is None:
        weights = neighbour_weights(coordinates, choice.neighbours, choice.k, choice.distance, table.geographic)
    if weights.islands:
        progress.warn(say("{islands} places have no neighbour; they are in no cluster.", islands=weights.islands))
    values = observations.y
    around = observations.x[:, 0] if choice.second else values
    if choice.x:
        plain = panel_regression(observations, "none", "iid")
        for warning in plain.warnings:
            progress.warn(warning)
        values = around = plain.residuals
        overall = residual_moran(values, observations.x, weights)
    else:
        shuffled = 0 if choice.second else choice.permutations
        overall = moran(values, weights, shuffled, choice.seed, progress.part(0, 40))
    local, tests = _statistic(choice, values, around, weights, progress.part(40, 100))
    of_values = Global("moran", overall.i, overall.expected, overall.variance, overall.z, overall.p,
                       overall.p_permutation, overall.n, overall.note)  # fmt: skip
    every = (*tests, of_values) if choice.statistic != "moran" else (of_values, *tests)
    progress.info(say("Moran's I: {note}.", note=overall.note))
    progress.info(f"{choice.statistic}: {local.note}.")
    return SpatialRun(
        table, choice, observations, rows, values, around, coordinates, weights, overall, every, local, dropped
    )


def _statistic(
    choice: SpatialChoice, values: np.ndarray, around: np.ndarray, weights: Weights, progress: Progress
) -> tuple[Local, tuple[Global, ...]]:
    """The chosen local statistic and the global ones beside Moran's I."""
    draws = (choice.permutations, choice.seed)
    if choice.statistic == "bivariate":
        return bivariate(values, around, weights, *draws, choice.alpha, choice.significance, progress)
    if choice.statistic == "getis_ord":
        return getis_ord(values, weights, *draws, choice.significance, progress)
    if choice.statistic == "geary":
        return geary(values, weights, *draws, choice.alpha, choice.significance, progress)
    controlled, normal = choice.significance == "fdr", choice.significance == "normal"
    found = local_moran(values, weights, *draws, choice.alpha, controlled, progress, normal)
    tests = () if choice.x else (geary_c(values, weights),)
    return Local(found.i, found.z, found.p, found.cluster, CLUSTERS, found.cluster, found.note), tests


def _of_year(table: FeatureTable, choice: SpatialChoice) -> tuple[FeatureTable, int]:
    """The table with the field blank in all years but the one that is tested, and how many rows that blanks."""
    if choice.year is None:
        return table, 0
    if choice.time is None:
        raise InputError(say("YEAR is given without TIME. Choose the field of the year."))
    labels = np.array([_number(value) for value in table.columns[choice.time]], dtype=np.float64)
    chosen = labels == choice.year
    if not chosen.any():
        known = ", ".join(f"{year:g}" for year in np.unique(labels[np.isfinite(labels)])[:20])
        raise InputError(
            say(
                "No row is of the year {year:g}. {time} holds {known}.",
                year=choice.year,
                time=choice.time,
                known=known or say("no numbers"),
            )
        )
    blank = table.columns[choice.field].copy()
    blank[~chosen] = np.nan if blank.dtype.kind == "f" else None
    return table.with_column(choice.field, blank), int(np.count_nonzero(~chosen))


def _told_apart(dropped: tuple[Dropped, ...], other_years: int) -> tuple[Dropped, ...]:
    """Rows of other years, which were made blank, apart from those that have no value."""
    if not other_years:
        return dropped
    first, *others = dropped
    lacking = [replace(first, count=first.count - other_years)] if first.count > other_years else []
    return (Dropped(say("rows"), other_years, say("of other years")), *lacking, *others)


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _require_one_row_a_place(coordinates: np.ndarray, choice: SpatialChoice) -> None:
    distinct = len(np.unique(coordinates, axis=0))
    if distinct < len(coordinates):
        hint = say("choose TIME and YEAR if rows are of several years, else average the rows of a place")
        if choice.year is not None:
            hint = say("remove the repeated rows")
        raise InputError(
            say(
                "{count} rows lie at {distinct} places. Neighbours need one row a place: {hint}.",
                count=len(coordinates),
                distinct=distinct,
                hint=hint,
            )
        )
