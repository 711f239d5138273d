"""A local regression of a layer: from its columns to coefficients at every place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...results import Column, ResultTable, row_table
from ..collinearity import collinearity_warnings, require_independent
from ..feature_table import FeatureTable
from ..observations import Observations, summarise
from ..panel.run import residual_weights
from ..place.neighbours import Weights
from ..place.spatial import Moran, moran, residual_moran
from ..placed_rows import read_placed_rows, year_numbers
from .choice import LocalChoice
from .estimate import Estimate, estimate
from .tables import ModelRow, Ols, SearchRow, TermRow, ordinary_fit, place_columns
from .variability import Variability, variability
from .warnings import doubts
from .weighted import Diagnostics, make_sample


@dataclass(frozen=True)
class LocalRun:
    """Coefficients at every place, and what they rest on.

    Attributes:
        observations: rows used.
        terms: `const` and the drivers.
        y, x: in the units of the coefficients, shapes (n,), (n, k - 1).
        estimate: of the method asked for.
        ols: the regression of all places.
        models: rows of comparison, ordinary least squares first.
        spread: test of variability, or None.
        warnings: what limits the numbers.
    """

    table: FeatureTable
    choice: LocalChoice
    observations: Observations
    terms: tuple[str, ...]
    y: np.ndarray
    x: np.ndarray
    estimate: Estimate
    ols: Ols
    models: tuple[ModelRow, ...]
    spread: Variability | None
    warnings: tuple[str, ...]

    @property
    def significant(self) -> np.ndarray:
        """Whether each coefficient differs from zero, allowing for many places, shape (n, k)."""
        return np.abs(self.estimate.t) > self.estimate.critical

    def term_rows(self) -> list[TermRow]:
        """A row a term."""
        found, rows = self.estimate, []
        significant = self.significant
        for j, term in enumerate(self.terms):
            b = found.coefficients[:, j]
            known = b[np.isfinite(b)]
            quarter, three = np.percentile(known, [25, 75])
            rows.append(
                TermRow(
                    term,
                    found.bandwidths[j],
                    _number(found.low[j]),
                    _number(found.high[j]),
                    found.time_bandwidth,
                    float(found.enp[j]),
                    float(found.alpha[j]),
                    float(found.critical[j]),
                    float(known.mean()),
                    float(known.std()),
                    float(known.min()),
                    float(np.median(known)),
                    float(known.max()),
                    float(np.mean(known > 0)),
                    float(significant[:, j].sum() / len(known)),
                    float(np.sum(significant[:, j] & (b > 0)) / len(known)),
                    None if self.spread is None else float(self.spread.p[j]),
                    float(self.ols.coefficients[j]),
                    float(self.ols.std_errors[j]),
                    float((three - quarter) / (2 * self.ols.std_errors[j])),
                )
            )
        return rows

    def term_table(self) -> ResultTable:
        return row_table(TermRow, self.term_rows())

    def model_table(self) -> ResultTable:
        return row_table(ModelRow, self.models)

    def search_table(self) -> ResultTable:
        return row_table(SearchRow, self.estimate.tried(self.terms))

    def columns(self) -> tuple[Column, ...]:
        """Columns of the places."""
        return place_columns(self.terms, self.choice.scaled, tuple(column for column, _ in self._labels()))

    def output(self) -> list[np.ndarray]:
        """Values of the places, in the order of `columns`."""
        found, k = self.estimate, len(self.terms)
        values = [each for _, each in self._labels()]
        for matrix in (found.coefficients, found.std_errors, found.t):
            values += [matrix[:, j] for j in range(k)]
        values += [self.significant[:, j].astype(np.int64) for j in range(k)]
        if self.choice.scaled:
            raw = self._raw_coefficients()
            values += [raw[:, j] for j in range(k)]
        return [*values, found.local_r2, found.condition, found.fitted, found.residuals]

    def _raw_coefficients(self) -> np.ndarray:
        y, x = self.observations.y, self.observations.x
        raw = self.estimate.coefficients.copy()
        raw[:, 1:] *= y.std() / x.std(axis=0)
        raw[:, 0] = raw[:, 0] * y.std() + y.mean() - raw[:, 1:] @ x.mean(axis=0)
        return raw

    def _labels(self) -> list[tuple[Column, np.ndarray]]:
        names = (self.choice.entity, self.choice.time)
        return [_label(self.table, name, self.observations.rows) for name in names if name]


def run_local_regression(table: FeatureTable, choice: LocalChoice, progress: Progress = QUIET) -> LocalRun:
    """Reads the rows that can be used, finds bandwidths, fits, compares with the regression of all places.

    Args:
        table: the layer, its places in a projected CRS.
        choice: what is asked for.
        progress: told how far the run is, asked whether to stop.

    Raises:
        InputError: no places, degrees, too few rows, columns that do not vary, a bandwidth that cannot be used.
        TableError: see `read_observations`.
        Cancelled: on request.
    """
    observations = read_placed_rows(
        table, say("A local regression"), choice.y, choice.x, choice.entity, choice.time, choice.year
    )
    progress.info(
        say(
            "{n} of {n_read} rows are used. {dropped}",
            n=observations.n,
            n_read=observations.n_read,
            dropped=summarise(observations.dropped),
        )
    )
    extra = _copies(observations, choice)
    if choice.within:
        observations = _within(observations)
    y, x, points = observations.y, observations.x, observations.coordinates
    if points is None:
        raise TypeError("points is not as expected")
    sample = make_sample(points, y, x, observations.x_names)
    if choice.scaled:
        y, x = (y - y.mean()) / y.std(), (x - x.mean(axis=0)) / x.std(axis=0)
        sample = make_sample(points, y, x, observations.x_names)
    require_independent(observations.x_names, x - x.mean(axis=0))
    ols = ordinary_fit(y, x)
    times = year_numbers(observations) if choice.method == "gtwr" else None
    found = estimate(sample, times, choice, progress.part(2, 85))
    spread = None
    if choice.permutations and choice.method != "mgwr":
        spread = variability(
            found.sample, choice.how(), found.bandwidths[0], choice.permutations, choice.seed, progress.part(85, 97)
        )
    models = (
        _model("ols", ols.diagnostics, _moran(ols.residuals, observations, x)),
        *(_model(name, each, None) for name, each in found.others),
        _model(choice.method, found.diagnostics, _moran(found.residuals, observations, None)),
    )
    terms = ("const", *observations.x_names)
    collinear = collinearity_warnings(observations.x_names, x - x.mean(axis=0))
    warnings = (*observations.warnings, *collinear, *doubts(choice, terms, found, extra))
    for warning in warnings:
        progress.warn(warning)
    progress.set(100)
    return LocalRun(table, choice, observations, terms, y, x, found, ols, models, spread, warnings)


def _copies(observations: Observations, choice: LocalChoice) -> int:
    """How many rows lie where another row lies, in the same year where years lie apart.

    Raises:
        InputError: half of the rows or more do, and nobody said that they are years: a bandwidth would count years as
            places, and errors would take what a place keeps over the years as so many proofs.
    """
    place = observations.coordinates
    if place is None:
        raise TypeError("place is not as expected")
    if choice.method == "gtwr" and observations.time is not None:
        place = np.column_stack([place, observations.time])
    _, codes, count = np.unique(place, axis=0, return_inverse=True, return_counts=True)
    extra = len(place) - len(count)
    shared = count[codes.ravel()] > 1
    if 2 * np.count_nonzero(shared) >= len(place) and choice.time is None and not choice.within:
        first = np.flatnonzero(codes.ravel() == codes.ravel()[np.argmax(shared)])[:2]
        raise InputError(
            say(
                "{shared} of {rows} rows share their place with another (first rows {first} and {second}), as rows of "
                "several years do: the bandwidth would count years as places. Give TIME and one YEAR, or METHOD gtwr; "
                "TIME alone pools the years on purpose. Without years, average the rows of a place.",
                shared=int(np.count_nonzero(shared)),
                rows=len(place),
                first=int(observations.rows[first[0]]) + 1,
                second=int(observations.rows[first[1]]) + 1,
            )
        )
    return extra


def _within(observations: Observations) -> Observations:
    entity = observations.entity
    if entity is None:
        raise TypeError("entity is not as expected")
    count = np.bincount(entity)

    def left(values: np.ndarray) -> np.ndarray:
        return values - (np.bincount(entity, weights=values) / count)[entity]

    constant = [
        name
        for name, column in zip(observations.x_names, observations.x.T)
        if np.abs(left(column)).max() <= 1e-9 * max(np.abs(column).max(), 1e-300)
    ]
    if constant:
        raise InputError(
            say(
                "WITHIN takes out what does not change within a cell: leave out {constant}.",
                constant=", ".join(constant),
            )
        )
    x = np.column_stack([left(column) for column in observations.x.T])
    return replace(observations, y=left(observations.y), x=x)


def _moran(residuals: np.ndarray, observations: Observations, drivers: np.ndarray | None) -> Moran | None:
    """Moran's I of residuals among neighbours of one year; None where nothing can be said."""
    known = np.isfinite(residuals)
    points = observations.coordinates
    if points is None:
        raise TypeError("points is not as expected")
    codes = np.zeros(len(residuals), dtype=np.int64) if observations.time is None else observations.time
    try:
        weights = _weights_within_times(points[known], codes[known])
        if drivers is not None:
            return residual_moran(residuals, drivers, weights)
        return moran(residuals[known], weights)
    except InputError:
        return None


def _weights_within_times(points: np.ndarray, codes: np.ndarray) -> Weights:
    order = np.argsort(codes, kind="stable")
    parts = [residual_weights(points[codes == code]) for code in np.unique(codes)]
    back = np.argsort(order, kind="stable")
    matrix = sparse.block_diag([part.matrix for part in parts], format="csr")[back][:, back]
    return Weights(matrix, sum(part.islands for part in parts), parts[0].kind)


def _model(name: str, found: Diagnostics, pattern: Moran | None) -> ModelRow:
    return ModelRow(
        name,
        found.aicc,
        found.aic,
        found.bic,
        found.r2,
        found.r2_adjusted,
        found.rss,
        found.enp,
        float(np.sqrt(found.sigma2)),
        *((None, None, None) if pattern is None else (pattern.i, pattern.z, pattern.p)),
    )


def _label(table: FeatureTable, name: str, rows: np.ndarray) -> tuple[Column, np.ndarray]:
    values = np.asarray(table.columns[name])[rows]
    if values.dtype.kind in "fiu" and bool(np.all(values == np.round(values))):
        return Column(name, "integer"), values.astype(np.int64)
    return Column(name, "number" if values.dtype.kind == "f" else "text"), values


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
