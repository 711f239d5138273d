"""Panel regression with fixed effects of entities, times or both, exact on unbalanced data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import stats

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ..collinearity import collinearity_warnings
from ..observations import Dropped, Observations
from .conley import SpatialKernel, conley
from .covariance import COVARIANCES, Covariance, clustered, driscoll_kraay, iid, robust
from .effects import EFFECTS, Groups
from .fit import condition_number, inflation, norms
from .model import WithinRegression, groups_of, without_singletons
from .random_effects import WithinModel, hausman_tests
from .specification import Test, breusch_pagan, f_effects, f_slopes, pesaran_cd, wald_slopes

MANY_ENTITIES = 10_000  # from which p values of cell-clustered grids are nearly always tiny


@dataclass(frozen=True)
class Term:
    """One coefficient.

    Attributes:
        term: name of the driver, or `const`.
        t: estimate over standard error.
        p: two-sided, t distribution.
        low, high: limits of the confidence interval.
        standardised: estimate sd(x)/sd(y), both after the effects were taken out; None for the constant.
        vif: variance inflation among the drivers as given; None for the constant.
        vif_within: the same after the effects were taken out, which is what inflates these standard errors.
    """

    term: str
    estimate: float
    std_error: float
    t: float
    p: float
    low: float
    high: float
    standardised: float | None = None
    vif: float | None = None
    vif_within: float | None = None


@dataclass(frozen=True)
class PanelResult:
    """A panel regression and everything needed to report it.

    Attributes:
        terms: the coefficients.
        tests: the specification tests.
        rows: rows of the table that were used, shape (n,).
        residuals: y - x b - effects, shape (n,).
        fitted: y - residuals, shape (n,).
        r2_within: 1 - RSS / sum of squares of y after the same effects were taken out.
        r2_within_adjusted: 1 - (1 - r2_within)(n - 1)/(n - k - p).
        r2_between: squared correlation of entity means of y and of x b; None without entities.
        r2_overall: squared correlation of y and x b.
        df: n - k - p.
        dropped: rows and drivers left out.
        covariance: of the estimates in the order of `terms`, shape (k, k).
    """

    terms: tuple[Term, ...]
    tests: tuple[Test, ...]
    rows: np.ndarray
    residuals: np.ndarray
    fitted: np.ndarray
    r2_within: float
    r2_within_adjusted: float
    r2_between: float | None
    r2_overall: float
    n: int
    n_entities: int | None
    n_times: int | None
    df: int
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    covariance: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)), repr=False)


def panel_regression(
    observations: Observations,
    effects: str = "twoway",
    covariance: str = "cluster",
    *,
    cluster: Sequence[str] = (),
    confidence: float = 0.95,
    lags: int | None = None,
    spatial: SpatialKernel | None = None,
    progress: Progress = QUIET,
    made: Sequence[str] = (),
) -> PanelResult:
    """Estimates y_it = x_it' b + a_i + d_t + u_it by least squares within entities, times or both.

    Args:
        observations: the rows, see `read_observations`.
        effects: `entity` (a_i), `time` (d_t), `twoway` (both) or `none` (a constant).
        covariance: `cluster`, `robust`, `iid`, `driscoll_kraay` or `conley`.
        cluster: one or two columns for `cluster`; the entity column when left out.
        confidence: level of the confidence intervals.
        lags: longest lag of `driscoll_kraay` or of the links across times of `conley`.
        spatial: kernel and cutoff of `conley`.
        made: drivers that are squares, products or lags of others, whose collinearity surprises nobody.

    Raises:
        InputError: a column that the choice needs is missing, or the data cannot answer: too few rows,
            no variation, no driver left. The message says which and how to mend it.

    Source: methods as in Baltagi 2021, Econometric Analysis of Panel Data; Wooldridge 2010.
    """
    _check(observations, effects, covariance, confidence, lags)
    model = WithinRegression(without_singletons(observations, effects), effects)
    progress.check()
    estimate = _covariance(model, covariance, tuple(cluster), lags, spatial, progress)
    progress.check()
    return _result(model, estimate, covariance, tuple(cluster), confidence, made)


def _check(observations: Observations, effects: str, covariance: str, confidence: float, lags: int | None) -> None:
    if effects not in EFFECTS:
        raise InputError(
            say(
                "EFFECTS {effects!r} is not known: choose one of {effects2}.",
                effects=effects,
                effects2=", ".join(EFFECTS),
            )
        )
    if covariance not in COVARIANCES:
        raise InputError(
            say(
                "COVARIANCE {covariance!r} is not known: choose one of {covariances}.",
                covariance=covariance,
                covariances=", ".join(COVARIANCES),
            )
        )
    if not 0 < confidence < 1:
        raise InputError(
            say("The confidence level must lie between 0 and 1; it is {confidence}.", confidence=confidence)
        )
    if lags is not None and lags < 0:
        raise InputError(say("The longest lag must be 0 or more steps; it is {lags}.", lags=lags))
    if effects in ("entity", "twoway"):
        if observations.entity is None:
            raise InputError(
                say("EFFECTS {effects} needs the column ENTITY: choose the cell or unit of each row.", effects=effects)
            )
        if observations.times is not None and len(observations.times) < 2:
            raise InputError(
                say(
                    "All rows are of one time ({times}), so effects of entities cannot be told from errors. Add "
                    "years, or choose EFFECTS none.",
                    times=observations.times[0],
                )
            )
    if effects in ("time", "twoway") and observations.time is None:
        raise InputError(say("EFFECTS {effects} needs the column TIME: choose the year of each row.", effects=effects))


def _result(
    model: WithinRegression,
    covariance: Covariance,
    name: str,
    cluster: tuple[str, ...],
    confidence: float,
    made: Sequence[str],
) -> PanelResult:
    given = model.observations
    linear = model.raw @ model.fit.coefficients
    entity = None if given.entity is None else groups_of(given.entity, given.entities)
    r2 = 1 - model.fit.rss / model.total
    terms, matrix = _terms(model, covariance, confidence)
    return PanelResult(
        terms=terms,
        tests=_tests(model, covariance, name, cluster),
        rows=given.rows,
        residuals=model.fit.residuals,
        fitted=given.y - model.fit.residuals,
        r2_within=r2,
        r2_within_adjusted=1 - (1 - r2) * (given.n - 1) / model.df,
        r2_between=_squared_correlation(*entity.means(np.column_stack([given.y, linear])).T) if entity else None,
        r2_overall=_squared_correlation(given.y, linear),
        n=given.n,
        n_entities=entity.size if entity else None,
        n_times=None if given.times is None else len(given.times),
        df=model.df,
        dropped=given.dropped + model.dropped,
        notes=_notes(model) + covariance.notes,
        warnings=_warnings(model, name, cluster, made) + covariance.warnings + _lost(model, covariance, terms),
        covariance=matrix,
    )


def _lost(model: WithinRegression, covariance: Covariance, terms: Sequence[Term]) -> tuple[str, ...]:
    """That coefficients have no standard error, and what to do."""
    without = [term.term for term in terms if not np.isfinite(term.std_error)]
    if not without or not model.sandwich.lost(covariance.matrix).any():
        return ()
    return (
        say(
            "No standard errors of {drivers}: what clusters or years have to say of them cancels, as it does between "
            "two. Cluster by a column of more values, or choose COVARIANCE robust.",
            drivers=", ".join(without),
        ),
    )


def _terms(model: WithinRegression, covariance: Covariance, confidence: float) -> tuple[tuple[Term, ...], np.ndarray]:
    """The coefficients and their covariance, in the units of the data."""
    given, k = model.observations, len(model.kept)
    names = [given.x_names[j] for j in model.kept]
    # From the units of the fit to those of the data; the constant moves from the mean of x to zero.
    to_data = np.diag(1 / model.length)
    estimates = model.slopes
    if not model.projection:
        mean = model.x_mean[model.kept]
        to_data = np.block(
            [[np.full((1, 1), given.n**-0.5), -(mean / model.length)[None, :]], [np.zeros((k, 1)), to_data]]
        )
        estimates = np.r_[model.y_mean - mean @ model.slopes, model.slopes]
        names = ["const", *names]
    known = np.where(model.sandwich.lost(covariance.matrix), np.nan, 1.0)
    matrix = to_data @ covariance.matrix @ to_data.T
    if np.isnan(known).any():
        known[0] = known[0] if model.projection else np.nan  # the constant moves with the slopes
        matrix = matrix * np.outer(known, known)
    standardised = model.slopes * model.length / np.sqrt(model.total)
    beside = np.column_stack([standardised, inflation(model.upper_raw), inflation(model.upper)]).tolist()
    blank = [[None] * 3] * (len(names) - k)
    return make_terms(names, estimates, matrix, covariance.df, confidence, blank + beside), matrix


def make_terms(
    names: Sequence[str],
    estimates: np.ndarray,
    covariance: np.ndarray,
    df: float,
    confidence: float,
    beside: Sequence[Sequence[float | None]],
) -> tuple[Term, ...]:
    """Coefficients with t, p and intervals.

    Args:
        names, estimates, covariance: of the coefficients.
        df: of their t.
        confidence: of the intervals.
        beside: standardised slope and inflations of each.
    """
    std_errors = np.sqrt(np.maximum(np.diag(covariance), 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = estimates / std_errors
    p = 2 * stats.t.sf(np.abs(t), df)
    reach = stats.t.ppf((1 + confidence) / 2, df) * std_errors
    return tuple(
        Term(name, float(b), float(s), float(ratio), float(q), float(b - r), float(b + r), *others)
        for name, b, s, ratio, q, r, others in zip(names, estimates, std_errors, t, p, reach, beside)
    )


def _tests(model: WithinRegression, covariance: Covariance, name: str, cluster: tuple[str, ...]) -> tuple[Test, ...]:
    given, k = model.observations, len(model.kept)
    tests: list[Test | None] = [
        f_slopes(model.total, model.fit.rss, k, model.df),
        None
        if model.sandwich.lost(covariance.matrix).any()
        else wald_slopes(model.fit.coefficients, covariance.matrix[-k:, -k:], covariance.df, name),
    ]
    pooled = model.pooled
    if model.absorbed > 1:
        tests.append(f_effects(pooled.rss, model.fit.rss, model.absorbed, model.df))
    if given.entity is not None:
        entity = groups_of(given.entity, given.entities)
        tests.append(breusch_pagan(pooled.residuals, entity))
        if model.effects in ("entity", "twoway"):
            tests += _hausman(model, entity, cluster)
        # Time effects force the residuals of a year to sum to zero, which spoils CD.
        if model.effects in ("entity", "none") and given.time is not None and given.times is not None:
            tests.append(pesaran_cd(model.fit.residuals, entity, groups_of(given.time, given.times)))
    number = condition_number(model.upper)
    note = say("largest over smallest singular value of the demeaned drivers scaled to unit length; above 30 is strong")
    tests.append(Test("condition_number", number, None, None, note))
    return tuple(test for test in tests if test is not None)


def _hausman(model: WithinRegression, entity: Groups, cluster: tuple[str, ...]) -> tuple[Test, ...]:
    given = model.observations
    others = model.centred[:, model.left_out]
    within = WithinModel(
        raw=model.raw,
        others=others / norms(others),
        y=model.y_centred,
        within=model.within,
        fit=model.fit,
        df=model.df,
        entity=entity,
        time=model.groups[1] if model.effects == "twoway" else None,
    )
    return hausman_tests(within, given.groups[cluster[0]] if len(cluster) == 1 else entity.codes)


def _notes(model: WithinRegression) -> tuple[str, ...]:
    projection = model.projection
    taken = (
        say("p = {absorbed} effects ({effects})", absorbed=model.absorbed, effects=model.effects)
        if projection
        else say("a constant")
    )
    notes = [
        say(
            "n = {n}, k = {count} slopes, {taken}; residual degrees of freedom {df}.",
            n=model.observations.n,
            count=len(model.kept),
            taken=taken,
            df=model.df,
        ),
        say(
            "r2_within: 1 - RSS/TSS after the same effects are taken out of y; r2_between, r2_overall: squared "
            "correlations of x b with the entity means of y and with y."
        ),
    ]
    if projection and projection.steps and projection.converged:
        notes.append(say("Two-way effects by conjugate gradients, converged in {steps} steps.", steps=projection.steps))
    if model.components > 1:
        notes.append(
            say(
                "The panel falls into {components} parts that share no time: effects compare within a part only.",
                components=model.components,
            )
        )
    return tuple(notes)


def _warnings(model: WithinRegression, name: str, cluster: tuple[str, ...], made: Sequence[str]) -> tuple[str, ...]:
    given, projection = model.observations, model.projection
    names = [given.x_names[j] for j in model.kept]
    given_alone = [number for number, driver in enumerate(names) if driver not in made]
    warnings = collinearity_warnings([names[j] for j in given_alone], model.upper[:-1, given_alone])
    if model.fit.rss <= 1e-20 * model.total:
        warnings.append(say("The drivers fit y exactly: standard errors are round-off."))
    if projection and not projection.converged:
        warnings.append(
            say(
                "The two-way effects did not converge in {steps} steps: entities and times are hardly "
                "linked. Slopes are approximate; leave out entities with few times.",
                steps=projection.steps,
            )
        )
    if name == "robust" and model.effects in ("entity", "twoway"):
        warnings.append(
            say(
                "Robust standard errors are inconsistent with entity effects and few times (Stock and Watson "
                "2008): choose COVARIANCE cluster."
            )
        )
    by_cell = name in ("iid", "robust") or (name == "cluster" and cluster in ((), (given.entity_name,)))
    if by_cell and given.entities is not None and len(given.entities) >= MANY_ENTITIES:
        warnings.append(
            say(
                "With {count} entities almost any p is tiny, and neighbouring cells are not independent: "
                "read the standardised slopes, and cluster by spatial blocks or choose conley.",
                count=len(given.entities),
            )
        )
    return tuple(warnings)


def _covariance(
    model: WithinRegression,
    name: str,
    cluster: tuple[str, ...],
    lags: int | None,
    spatial: SpatialKernel | None,
    progress: Progress,
) -> Covariance:
    given = model.observations
    if name == "iid":
        return iid(model.sandwich)
    if name == "robust":
        return robust(model.sandwich)
    if name == "cluster":
        clusters = _clusters(given, cluster)
        return clustered(model.sandwich, clusters, model.parameters_beside(list(clusters.values())))
    if name == "driscoll_kraay":
        if given.time is None or given.times is None:
            raise InputError(say("COVARIANCE driscoll_kraay needs the column TIME: choose the year of each row."))
        return driscoll_kraay(model.sandwich, given.time, given.times, lags)
    if given.coordinates is None:
        raise InputError(say("COVARIANCE conley needs coordinates: give a point or polygon layer, or columns x and y."))
    if spatial is None:
        raise InputError(say("COVARIANCE conley needs a cutoff distance: give the range of the residuals' variogram."))
    return conley(model.sandwich, given.coordinates, spatial, given.time, given.entity, given.times, lags, progress)


def _clusters(given: Observations, cluster: tuple[str, ...]) -> dict[str, np.ndarray]:
    names = cluster or ((given.entity_name,) if given.entity_name else ())
    if not names:
        raise InputError(say("COVARIANCE cluster needs ENTITY or CLUSTER: choose a column, or COVARIANCE robust."))
    if len(names) > 2 or len(set(names)) < len(names):
        raise InputError(say("CLUSTER takes one or two different columns; given are {names}.", names=", ".join(names)))
    unknown = [name for name in names if name not in given.groups]
    if unknown:
        raise InputError(
            say(
                "CLUSTER {unknown!r} was not read; known are {groups}.",
                unknown=unknown[0],
                groups=", ".join(given.groups) or say("none"),
            )
        )
    return {name: given.groups[name] for name in names}


def _squared_correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float((a @ a) * (b @ b))
    return float(a @ b) ** 2 / scale if scale > 0 else float("nan")
