"""A spatial regression of a layer: from its columns to a model, its effects and its tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Optional

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...results import Column, ResultTable, row_table
from ..collinearity import collinearity_warnings
from ..feature_table import FeatureTable
from ..observations import Observations, summarise
from ..panel.specification import Test
from ..place.neighbours import Weights, neighbour_weights
from ..place.spatial import moran, residual_moran
from ..placed_rows import read_placed_rows
from .choose import Chosen, choose
from .design import CORRECTIONS, EFFECTS, Design, make_design
from .diagnostics import chi2_test, lagrange_tests, likelihood_ratio, spatial_hausman, wald_tests
from .effects import Effect, Effects, effects_of
from .fitted import METHODS, MODELS, SpatialFit
from .lag import SpatialLag
from .likelihood import fit_both, fit_error, fit_lag, ordinary
from .moments import fit_by_moments
from .panel_rows import PanelRows, panel_rows
from .tables import CoefficientRow, ModelRow, coefficient_rows, model_row

Weigh = Callable[[np.ndarray, np.ndarray], Optional[Weights]]

MOST_BY_LIKELIHOOD = 10_000  # places above which moments are the default
MOST_COMPARED = 20_000  # rows up to which all models are fitted for comparison


@dataclass(frozen=True)
class SpatialChoice:
    """What is regressed on what, and how neighbours enter.

    Attributes:
        y, x: explained column and drivers.
        model: of `MODELS`, or `auto`.
        method: of `METHODS`, or `auto`: by likelihood, above 10,000 places by `gmm_het`.
        entity, time: columns of cell and year; needed for several years.
        year: the only one that is used.
        effects, correction: see `make_design`.
        complete: whether cells that lack a year are left out rather than refused.
        neighbours, k, distance: see `neighbour_weights`.
        transforms: by column.
        draws, seed: of simulated effects.
        confidence: of all intervals.
    """

    y: str
    x: tuple[str, ...]
    model: str = "auto"
    method: str = "auto"
    entity: str | None = None
    time: str | None = None
    year: float | None = None
    effects: str = "none"
    correction: str = "lee_yu"
    complete: bool = False
    neighbours: str = "queen"
    k: int = 8
    distance: float = 0.0
    transforms: Mapping[str, str] = field(default_factory=dict)
    draws: int = 1_000
    seed: int = 0
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name, word, words in (
            ("MODEL", self.model, ("auto", *MODELS)),
            ("METHOD", self.method, ("auto", *METHODS)),
            ("EFFECTS", self.effects, EFFECTS),
            ("CORRECTION", self.correction, CORRECTIONS),
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
        if self.effects != "none" and (self.entity is None or self.time is None or self.year is not None):
            raise InputError(
                say("EFFECTS {effects} needs ENTITY and TIME, and all years: leave YEAR empty.", effects=self.effects)
            )
        if self.model == "sac" and self.effects != "none":
            raise InputError(say("MODEL sac is offered without EFFECTS; choose sar, sem, sdm or sdem for a panel."))
        if not 0 < self.confidence < 1:
            raise InputError(
                say("CONFIDENCE must lie between 0 and 1; it is {confidence:g}.", confidence=self.confidence)
            )

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.y, *self.x, self.entity, self.time) if name]


@dataclass(frozen=True)
class SpatialRun:
    """A model and what it was chosen from.

    Attributes:
        rows: those used, year by year.
        fit: the model.
        chosen: why, where MODEL is `auto`.
        models: for comparison.
        tests: in the order of the papers.
        warnings: what limits the numbers.
    """

    table: FeatureTable
    choice: SpatialChoice
    observations: Observations
    rows: PanelRows
    fit: SpatialFit
    effects: Effects
    chosen: Chosen | None
    models: tuple[ModelRow, ...]
    tests: tuple[Test, ...]
    warnings: tuple[str, ...]

    def coefficients(self) -> list[CoefficientRow]:
        return coefficient_rows(self.fit, self.choice.confidence)

    def coefficient_table(self) -> ResultTable:
        return row_table(CoefficientRow, self.coefficients())

    def effect_table(self) -> ResultTable:
        return row_table(Effect, self.effects.rows)

    def test_table(self) -> ResultTable:
        return row_table(Test, self.tests)

    def model_table(self) -> ResultTable:
        return row_table(ModelRow, self.models)

    @property
    def places(self) -> np.ndarray:
        """Rows of the table, rising."""
        return np.sort(self.rows.rows)

    def output(self) -> tuple[tuple[Column, ...], list[np.ndarray]]:
        """Columns and values of the places, in the order of `places`."""
        order = np.argsort(self.rows.rows)
        columns, values = [], []
        for name in filter(None, (self.choice.entity, self.choice.time)):
            labels = np.asarray(self.table.columns[name])[self.rows.rows[order]]
            whole = labels.dtype.kind in "fiu" and bool(np.all(labels == np.round(labels)))
            columns.append(Column(name, "integer" if whole else "number" if labels.dtype.kind == "f" else "text"))
            values.append(labels.astype(np.int64) if whole else labels)
        observed = self.rows.y
        numbers = {
            "observed": observed,
            "fitted": observed - self.fit.spatial_residuals,
            "residual": self.fit.residuals,
            "spatial_residual": self.fit.spatial_residuals,
            "standardised": self.fit.residuals / (float(self.fit.residuals.std()) or 1.0),
        }
        columns += [Column(name) for name in numbers]
        return tuple(columns), [*values, *(each[order] for each in numbers.values())]


def run_spatial_regression(
    table: FeatureTable, choice: SpatialChoice, weigh: Weigh | None = None, progress: Progress = QUIET
) -> SpatialRun:
    """Reads the rows that can be used, tests whether neighbours count, chooses and fits a model, works out its effects.

    Args:
        table: the layer, its places in a projected CRS.
        choice: what is asked for.
        weigh: makes weights from rows and coordinates; None, or where it gives None, coordinates alone do.
        progress: told how far the run is, asked whether to stop.

    Raises:
        InputError: no places, unbalanced years, columns that do not vary, no neighbours.
        TableError: see `read_observations`.
        Cancelled: on request.
    """
    observations = read_placed_rows(
        table,
        say("A spatial regression"),
        choice.y,
        choice.x,
        choice.entity,
        choice.time,
        choice.year,
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
    rows = panel_rows(observations, complete=choice.complete)
    weights = weigh(rows.rows[: rows.places], rows.coordinates) if weigh else None
    if weights is None:
        weights = neighbour_weights(rows.coordinates, choice.neighbours, choice.k, choice.distance)
    lag = SpatialLag(weights, rows.times, choice.seed, progress)
    design = make_design(rows.y, rows.x, observations.x_names, lag, choice.effects, choice.correction)
    method = choice.method
    if method == "auto":
        method = "gmm_het" if lag.n > MOST_BY_LIKELIHOOD and choice.model != "sac" else "ml"
        progress.info(say("METHOD {method} is taken for {n} places.", method=method, n=lag.n))
    fits = _Fits(design, method, progress)
    tests = lagrange_tests(fits.get("ols"))
    chosen = choose(tests, fits.get) if choice.model == "auto" else None
    fit = fits.get(chosen.model if chosen else choice.model)
    progress.set(60)
    effects = effects_of(fit, choice.draws, choice.seed, choice.confidence, progress)
    if design.n <= MOST_COMPARED:
        for model in ("slx", "sar", "sem", "sdm", "sdem"):
            fits.get(model)
    progress.set(90)
    all_tests = _tests(fits.known, tests.rows(), fit, weights, rows, design)
    about_means = design.drivers - design.drivers.mean(axis=0)
    collinear = collinearity_warnings(design.driver_names, about_means)
    warnings = (*observations.warnings, *collinear, *rows.notes, *_warnings(lag, fit, effects))
    for warning in warnings:
        progress.warn(warning)
    for note in fit.notes:
        progress.info(note)
    models = tuple(model_row(fits.known[name], name == fit.model) for name in MODELS if name in fits.known)
    progress.set(100)
    return SpatialRun(table, choice, observations, rows, fit, effects, chosen, models, all_tests, warnings)


class _Fits:
    """Models of one design, each fitted once."""

    def __init__(self, design: Design, method: str, progress: Progress) -> None:
        self._design, self._method, self._progress = design, method, progress
        self._wide: Design | None = None
        self.known: dict[str, SpatialFit] = {}

    def get(self, model: str) -> SpatialFit:
        if model not in self.known:
            self._progress.check()
            self.known[model] = self._fit(model)
            self._progress.set(10 + 10 * len(self.known))
        return self.known[model]

    def _fit(self, model: str) -> SpatialFit:
        if model in ("slx", "sdm", "sdem") and self._wide is None:
            self._wide = self._design.with_lags()
        design = self._wide if model in ("slx", "sdm", "sdem") else self._design
        if design is None:
            raise TypeError("design is not as expected")
        if self._method != "ml":
            return fit_by_moments(design, model, self._method, self._progress)
        if model in ("ols", "slx"):
            return ordinary(design, model)
        if model == "sac":
            return fit_both(design, self._progress)
        return (fit_lag if model in ("sar", "sdm") else fit_error)(design, model, self._progress)


def _tests(
    fits: Mapping[str, SpatialFit],
    lagrange: list[Test],
    fit: SpatialFit,
    weights: Weights,
    rows: PanelRows,
    design: Design,
) -> tuple[Test, ...]:
    found: list[Test] = []
    plain = fits["ols"]
    if design.effects == "none" and rows.times == 1:
        pattern = residual_moran(plain.residuals, design.drivers, weights)
        found.append(
            Test("moran_ols", pattern.i, None, pattern.p, say("z = {z:.4g}; residuals of least squares", z=pattern.z))
        )
    if design.effects != "none":
        pooled = ordinary(make_design(rows.y, rows.x, design.names, design.lag))
        found += [
            Test(f"{row.test}_pooled", row.statistic, row.df, row.p, say("before effects; {note}", note=row.note))
            for row in lagrange_tests(pooled).rows()[:4]
        ]
    found += lagrange
    if fit.lag_error_test is not None:
        found.append(chi2_test("lm_error_left", fit.lag_error_test, 1, say("spatial error that the lag model leaves")))
    pairs = (
        ("sar", "ols", say("a lag of y improves on none")),
        ("sem", "ols", say("a spatial error improves on none")),
        ("sdm", "sar", say("neighbours' drivers improve on the lag model")),
        ("sdm", "sem", say("the lag model is no error model in disguise (common factor)")),
        ("sac", "sar", say("a spatial error improves on the lag model")),
    )
    for larger, smaller, note in pairs:
        if larger in fits and smaller in fits:
            test = likelihood_ratio(f"lr_{larger}_{smaller}", fits[larger], fits[smaller], note)
            found += [test] if test else []
    if "sdm" in fits:
        found += wald_tests(fits["sdm"])
    if "sem" in fits and np.isfinite(fits["sem"].covariance[1:, 1:]).all() and design.effects == "none":
        found.append(spatial_hausman(fits["sem"], plain))
    for year, label in enumerate(rows.labels):
        part = fit.residuals[year * rows.places : (year + 1) * rows.places]
        pattern = moran(part, weights)
        note = say("z = {z:.4g}; innovations of the model, as if they were independent data", z=pattern.z)
        found.append(Test(f"moran_residuals {label}".strip(), pattern.i, None, pattern.p, note))
    return tuple(found)


def _warnings(lag: SpatialLag, fit: SpatialFit, effects: Effects) -> tuple[str, ...]:
    texts = []
    if lag.islands:
        texts.append(
            say(
                "{islands} of {n} places have no neighbour: their lag is 0 and nothing passes to or from them. "
                "Choose knn or a larger DISTANCE to join them.",
                islands=lag.islands,
                n=lag.n,
            )
        )
    for name, value in fit.spatial:
        if value > 0.99 or value < lag.low + 0.01:
            texts.append(
                say(
                    "{name} is {value:.4f}, at the edge of its range: the model hardly holds. Look for a trend.",
                    name=name,
                    value=value,
                )
            )
    if effects.rejected:
        texts.append(
            say(
                "{rejected} of {draws} draws had rho outside its range and were set aside.",
                rejected=effects.rejected,
                draws=effects.draws,
            )
        )
    return tuple(texts)
