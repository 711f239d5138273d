"""A panel regression of a layer: from its columns to coefficients, tests and the pattern of the residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...results import Column, ResultTable, numbers, row_table, texts
from ..feature_table import FeatureTable
from ..observations import Observations, read_observations, summarise
from ..place.neighbours import Weights, block_codes, grid_weights, knn_weights
from ..place.regular_grid import regular_grid
from ..place.spatial import Moran, moran_by_time, residual_moran
from ..second_opinion import Opinion, disagreements
from ..second_opinion.least_squares import opinions_on_panel
from .alternatives import MODELS, Model, as_result, between, fixed, pooled, random
from .choice import PanelChoice
from .conley import SpatialKernel
from .regression import PanelResult, Term, panel_regression
from .serial import serial_tests
from .specification import Test
from .terms import Made, with_terms
from .turning import Curve, Turning, turning_points

FEWEST_PLACES = 10  # of a year below which Moran's I says nothing
NEAREST = 8


@dataclass(frozen=True)
class PanelRun:
    """A result and what it was made from.

    Attributes:
        moran: of the residuals, by time (empty text without times); empty where rows have no place.
        warnings: of the regression and of the residuals' pattern.
        curves: drivers with squares, cubes or products.
        models: all models that could be estimated, where they are compared.
        opinions: of statsmodels on slopes and errors, where asked for.
    """

    table: FeatureTable
    choice: PanelChoice
    observations: Observations
    result: PanelResult
    moran: tuple[tuple[str, Moran], ...]
    warnings: tuple[str, ...]
    curves: tuple[Curve, ...] = ()
    models: tuple[Model, ...] = ()
    opinions: tuple[Opinion, ...] = ()

    def terms(self) -> ResultTable:
        """The coefficients, with the model behind them."""
        table = row_table(Term, self.result.terms)
        columns = (*table.columns, Column("model", "text"))
        return ResultTable(columns, tuple((*row, self.model) for row in table.rows))

    @property
    def model(self) -> str:
        return "pooled" if self.choice.model == "fe" and self.choice.effects == "none" else self.choice.model

    @property
    def estimates(self) -> np.ndarray:
        return np.array([term.estimate for term in self.result.terms])

    def turning(self) -> list[Turning]:
        """Turning points of drivers with squares or cubes."""
        law = self.estimates, self.result.covariance, self.result.df, self.choice.confidence
        return [row for curve in self.curves if len(curve.powers) > 1 for row in turning_points(curve, *law)]

    def turning_table(self) -> ResultTable:
        return row_table(Turning, self.turning())

    def models_table(self) -> ResultTable:
        """The coefficients of all models, one below the other."""
        kept = ("term", "estimate", "std_error", "t", "p", "low", "high")
        columns = (
            *texts("model", "term"), *(Column(name) for name in kept[1:]), Column("n", "integer"),
            *numbers("r2", "theta"), Column("note", "text"),
        )  # fmt: skip
        rows = [
            (model.model, *(getattr(term, name) for name in kept), model.n, model.r2, model.theta, model.note)
            for model in self.models
            for term in model.terms
        ]
        return ResultTable(columns, tuple(rows))

    def tests(self) -> ResultTable:
        return row_table(Test, self.all_tests())

    def all_tests(self) -> list[Test]:
        """Specification tests, R2 by definition, and Moran's I of the residuals."""
        by_time = [
            Test(
                f"moran_residuals {time}".strip(),
                found.i,
                None,
                found.p,
                say("z = {z:.4g}; {note}", z=found.z, note=found.note),
            )
            for time, found in self.moran
        ]
        numbers = [
            Test("r2_within", self.result.r2_within, None, None, say("1 - RSS/TSS, both after the effects")),
            Test("r2_within_adjusted", self.result.r2_within_adjusted, None, None, say("for n - k - p")),
            Test("r2_overall", self.result.r2_overall, None, None, say("squared correlation of y and x b")),
        ]
        if self.result.r2_between is not None:
            note = say("squared correlation of the entity means of y and x b")
            numbers.append(Test("r2_between", self.result.r2_between, None, None, note))
        again = [Test(one.test, one.statistic, None, None, one.note) for one in self.opinions]
        return [*self.result.tests, *numbers, *by_time, *again]


def run_panel_regression(table: FeatureTable, choice: PanelChoice, progress: Progress = QUIET) -> PanelRun:
    """Reads the rows that can be used, regresses, and tests whether residuals of neighbours are alike.

    Raises:
        InputError, TableError: see `read_observations` and `panel_regression`.
        Cancelled: on request.
    """
    choice.check()
    table = table.with_roles(choice.columns())
    cluster = choice.cluster
    spatial = None
    if choice.covariance == "conley":
        table.needed_coordinates("COVARIANCE conley")
        if choice.cutoff is None:
            raise InputError(say("COVARIANCE conley needs CUTOFF: give the range of the residuals' variogram."))
        for doubt in table.doubts():
            progress.warn(doubt)
        spatial = SpatialKernel(choice.cutoff, choice.kernel, table.geographic)
    if choice.covariance == "cluster" and choice.block_size > 0:
        name = say("blocks of {block_size:g}", block_size=choice.block_size)
        blocks = blocks_of(table.needed_coordinates("BLOCK_SIZE"), choice.block_size)
        table, cluster = table.with_column(name, blocks), (*cluster, name)
    observations = read_observations(
        table.columns,
        choice.y,
        choice.fields(),
        choice.entity,
        choice.time,
        cluster,
        table.place if spatial else table.complete_place(),
        choice.transforms,
    )
    progress.info(
        say(
            "{n} of {n_read} rows have every value. {dropped}",
            n=observations.n,
            n_read=observations.n_read,
            dropped=summarise(observations.dropped),
        )
    )
    drivers, made = choice.drivers()
    named = dict(zip(choice.fields(), observations.x_names))
    if made:
        observations = with_terms(observations, choice.fields(), drivers, made)
    result = panel_regression(
        observations,
        choice.effects,
        choice.covariance,
        cluster=cluster,
        confidence=choice.confidence,
        lags=choice.lags,
        spatial=spatial,
        progress=progress.part(0, 70),
        made=[term.name(named) for term in made],
    )
    result, models, others = _models(choice, cluster, observations, result, progress.part(70, 80))
    if choice.ar_test:
        result = replace(result, tests=(*result.tests, *_serial(choice, observations, result)))
    moran, doubts = _residual_pattern(table, choice, observations, result)
    opinions: tuple[Opinion, ...] = ()
    if choice.second_opinion and choice.model in ("fe", "pooled"):
        opinions = opinions_on_panel(observations, result, choice.effects, choice.covariance, cluster, choice.lags)
    progress.set(100)
    warnings = (*observations.warnings, *result.warnings, *others, *doubts, *disagreements(opinions))
    for item in result.dropped[len(observations.dropped) :]:
        progress.warn(say("Left out: {count} {what} ({reason}).", count=item.count, what=item.what, reason=item.reason))
    for warning in warnings:
        progress.warn(warning)
    for note in result.notes:
        progress.info(note)
    curves = _curves(made, named, observations, result)
    return PanelRun(table, choice, observations, result, moran, warnings, curves, models, opinions)


def _models(
    choice: PanelChoice,
    cluster: tuple[str, ...],
    observations: Observations,
    result: PanelResult,
    progress: Progress,
) -> tuple[PanelResult, tuple[Model, ...], tuple[str, ...]]:
    """The result of the chosen model, all models where they are compared, and what could not be estimated."""
    how = choice.covariance, cluster, choice.confidence
    makers = {
        "fe": lambda: fixed(result, choice.effects, choice.covariance),
        "re": lambda: random(observations, choice.effects if choice.effects != "none" else "entity", *how),
        "between": lambda: between(observations, choice.confidence),
        "pooled": lambda: pooled(observations, *how),
    }
    wanted = [choice.model] if choice.model in ("re", "between") else []
    if choice.compare and observations.entity is not None:
        wanted = [name for name in MODELS if name != "fe" or choice.effects != "none"]
    found: dict[str, Model] = {}
    doubts = []
    for name in wanted:
        progress.check()
        try:
            found[name] = makers[name]()
        except InputError as error:
            if name == choice.model:
                raise
            doubts.append(f"{name}: {error}")
    if choice.model in ("re", "between"):
        result = as_result(found[choice.model], result, observations)
    models = tuple(found.values()) if choice.compare else ()
    return result, models, tuple(say("Not among the models compared: {doubt}", doubt=doubt) for doubt in doubts)


def _serial(choice: PanelChoice, observations: Observations, result: PanelResult) -> tuple[Test, ...]:
    """Tests of errors that last, of the rows that effects of cells were estimated on."""
    if choice.effects not in ("entity", "twoway") or choice.model in ("re", "between"):
        return ()
    if observations.entity is None or observations.time is None:
        return ()
    used = observations.keep(np.isin(observations.rows, result.rows))
    return serial_tests(used, result.residuals, choice.effects == "twoway")


def _curves(
    made: Sequence[Made], named: Mapping[str, str], observations: Observations, result: PanelResult
) -> tuple[Curve, ...]:
    """Drivers whose slope is no constant, as far as their terms could be estimated."""
    place = {term.term: number for number, term in enumerate(result.terms)}
    column = dict(zip(observations.x_names, observations.x.T))
    names = dict(named)
    found = []
    for field, name in names.items():
        powers = [place.get(name)]
        for power in (2, 3):
            term = Made("power", (field,), power)
            powers += [place.get(term.name(names))] if term in made else []
        products = [
            (names[other], place[term.name(names)], column[names[other]])
            for term in made
            if term.kind == "product" and field in term.fields and term.name(names) in place
            for other in term.fields
            if other != field
        ]
        if all(number is not None for number in powers) and (len(powers) > 1 or products):
            found.append(Curve(name, column[name], [number for number in powers if number is not None], products))
    return tuple(found)


def blocks_of(coordinates: np.ndarray, side: float) -> np.ndarray:
    """Square blocks as labels, NaN where a row has no place."""
    known = np.isfinite(coordinates).all(axis=1)
    blocks = np.full(len(coordinates), np.nan)
    if known.any():
        blocks[known] = block_codes(coordinates[known], side)
    return blocks


def residual_columns(run: PanelRun) -> tuple[tuple[Column, ...], list[np.ndarray]]:
    """Columns of the residuals: where and when, observed, fitted, left over, the latter in standard deviations."""
    result, choice = run.result, run.choice
    columns: list[Column] = []
    arrays: list[np.ndarray] = []
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


def residual_weights(coordinates: np.ndarray, geographic: bool = False) -> Weights:
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
        return (), (say("Moran's I of the residuals is not given: {error}", error=error),)
    names = [f"{time:g}" if isinstance(time, float) else str(time) for time in times.tolist()]
    pattern = tuple(zip(names, found))
    clustered = [name for name, moran in pattern if moran.p < 0.05 and moran.i > 0]
    spatial = choice.covariance in ("conley", "driscoll_kraay") or choice.block_size > 0
    if not clustered or spatial:
        return pattern, ()
    return pattern, (
        say(
            "Residuals of neighbours are alike in {times} (Moran's I), so these standard errors are too small: run "
            "Panel regression on this sample with blocks (BLOCK_SIZE) or with COVARIANCE conley.",
            times=", ".join(clustered),
        ),
    )
