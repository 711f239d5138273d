"""The other models of a panel: random effects, between cells, and pooled rows, to choose or to compare with.

Sources: Swamy & Arora 1972, Econometrica 40:261; Baltagi & Chang 1994, Journal of Econometrics 62:67 (unequal numbers
of years); Baltagi 2021, Econometric Analysis of Panel Data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ...messages import say
from ..observations import Dropped, Observations
from .covariance import Sandwich, clustered, iid, robust
from .effects import Groups, Projection
from .fit import independent, least_squares, norms, triangle
from .model import WithinRegression, groups_of, without_singletons
from .random_effects import WithinModel, random_effects
from .regression import PanelResult, Term, make_terms, panel_regression

MODELS = ("fe", "re", "pooled", "between")
_KINDS = {"cluster", "robust", "iid"}


@dataclass(frozen=True)
class Model:
    """A model of a panel.

    Attributes:
        model: one of `MODELS`.
        terms: coefficients, the constant first.
        covariance: of the estimates, in their order.
        fitted: of the rows that the model is of, shape (n,); of the cells for `between`.
        r2: squared correlation of y and what the drivers explain, in the rows or cells of the model.
        n, df: rows or cells, and degrees of freedom.
        theta: share of a cell's mean that random effects take out, the mean over cells; None for the others.
        note: what was estimated, and how.
        dropped: rows and drivers that this model leaves out.
    """

    model: str
    terms: tuple[Term, ...]
    covariance: np.ndarray
    fitted: np.ndarray
    r2: float
    n: int
    df: int
    theta: float | None
    note: str
    dropped: tuple[Dropped, ...] = ()


def between(observations: Observations, confidence: float) -> Model:
    """Least squares on the means of cells: what places with more of a driver have more of.

    Raises:
        InputError: there are no cells, or too few.
    """
    entity = _entity(observations)
    means = entity.means(np.column_stack([observations.y, observations.x]))
    y, x = means[:, 0], means[:, 1:]
    kept, dropped = _estimable(observations, x, y)
    design = np.column_stack([np.ones(len(y)), x[:, kept]])
    if len(y) <= design.shape[1]:
        raise InputError(
            say("MODEL between needs more cells than coefficients: {cells} cells, {count} coefficients.",
                cells=len(y), count=design.shape[1])
        )  # fmt: skip
    fit = least_squares(design, y, triangle(design, y))
    df = len(y) - design.shape[1]
    covariance = fit.rss / df * fit.inverse
    terms = _terms(observations, kept, fit.coefficients, covariance, df, confidence, design[:, 1:], y)
    note = say("between: least squares on the means of {count} cells, equal variances", count=len(y))
    fitted = y - fit.residuals
    return Model("between", terms, covariance, fitted, _squared(y, fitted), len(y), df, None, note, dropped)


def random(
    observations: Observations, effects: str, covariance: str, cluster: Sequence[str], confidence: float
) -> Model:
    """Random effects of cells by Swamy and Arora, with a column for every year but the first when effects are two-way.

    Args:
        observations: with entities.
        effects: `entity` or `twoway`.
        covariance: `cluster`, `robust` or `iid`; iid in place of another.
        cluster: columns of the clusters; the cells where there are none.
        confidence: of the intervals.

    Raises:
        InputError: there are no cells, effects that cannot be random, or too few cells for the regression on means.
    """
    if effects not in ("entity", "twoway"):
        raise InputError(say("MODEL re needs EFFECTS entity or twoway; it is {effects}.", effects=effects))
    entity = _entity(observations)
    given = without_singletons(observations, effects) if np.any(entity.counts > 1) else observations
    share = _shares(given, effects)
    entity = groups_of(given.entity, given.entities)
    years_out = Projection(groups_of(given.time, given.times)) if effects == "twoway" else None
    kept, dropped = _estimable(given, given.x, given.y, years_out)
    columns = [np.ones((given.n, 1)), given.x[:, kept]]
    years: list[str] = []
    if effects == "twoway" and given.time is not None and given.times is not None:
        columns.append((given.time[:, None] == np.arange(1, len(given.times))).astype(np.float64))
        years = [f"year_{year}" for year in given.times[1:]]
    design = np.column_stack(columns)
    quasi = design - share[entity.codes, None] * entity.means(design)[entity.codes]
    y = given.y - share[entity.codes] * entity.means(given.y[:, None])[entity.codes, 0]
    length = norms(quasi)
    quasi = np.asfortranarray(quasi / length)
    df = given.n - quasi.shape[1]
    if df <= 0:
        raise InputError(say("MODEL re has {rows} rows for {count} coefficients.", rows=given.n, count=quasi.shape[1]))
    fit = least_squares(quasi, y, triangle(quasi, y))
    sandwich = Sandwich.of(fit, quasi, df)
    kind = covariance if covariance in _KINDS else "iid"
    if kind == "cluster":
        names = tuple(cluster) or (given.entity_name,)
        found = clustered(sandwich, {name: given.groups[name] for name in names}, quasi.shape[1])
    else:
        found = (robust if kind == "robust" else iid)(sandwich)
    matrix = found.matrix / np.outer(length, length)
    estimates = fit.coefficients / length
    terms = _terms(given, kept, estimates, matrix, found.df, confidence, given.x[:, kept], given.y, years)
    linear = design @ estimates
    note = say(
        "re: random effects of {size} cells (Swamy and Arora), {value:.3g} % of a cell's mean taken out on average, "
        "{kind} errors",
        size=entity.size,
        value=100 * float(share.mean()),
        kind=kind,
    )
    dropped = (*given.dropped[len(observations.dropped) :], *dropped)
    r2 = _squared(given.y, linear)
    return Model("re", terms, matrix, linear, r2, given.n, df, float(share.mean()), note, dropped)


def pooled(observations: Observations, covariance: str, cluster: Sequence[str], confidence: float) -> Model:
    """Least squares with a constant, as if every row were a place of its own."""
    kind = covariance if covariance in _KINDS else "iid"
    if kind == "cluster" and not (cluster or observations.entity_name):
        kind = "robust"
    result = panel_regression(observations, "none", kind, cluster=tuple(cluster), confidence=confidence)
    return _of_result("pooled", result, say("pooled: least squares with a constant, {kind} errors", kind=kind))


def fixed(result: PanelResult, effects: str, covariance: str) -> Model:
    """The fixed effects that were estimated, to stand beside the others."""
    return _of_result(
        "fe", result, say("fe: fixed effects ({effects}), {covariance} errors", effects=effects, covariance=covariance)
    )


def as_result(model: Model, result: PanelResult, observations: Observations) -> PanelResult:
    """A model in the place of the fixed-effects result that it was compared with, with its own residuals.

    Args:
        model: `re` or `between`.
        result: of the fixed effects; its tests stay.
        observations: that both were estimated on.
    """
    slopes = {term.term: term.estimate for term in model.terms}
    const = slopes.pop("const", 0.0)
    linear = np.full(observations.n, const)
    for name, column in zip(observations.x_names, observations.x.T):
        linear += slopes.get(name, 0.0) * column
    if observations.time is not None and observations.times is not None:
        of_year = np.array([slopes.get(f"year_{year}", 0.0) for year in observations.times])
        linear += of_year[observations.time]
    terms = tuple(
        term for term in model.terms if not term.term.startswith("year_") or term.term in observations.x_names
    )
    kept = [number for number, term in enumerate(model.terms) if term in terms]
    return replace(
        result,
        terms=terms,
        covariance=model.covariance[np.ix_(kept, kept)],
        rows=observations.rows,
        residuals=observations.y - linear,
        fitted=linear,
        r2_overall=_squared(observations.y, linear),
        n=model.n,
        df=model.df,
        # What follows the first two is of the fixed effects and of their errors alone.
        notes=(model.note, result.notes[1]),
        dropped=(*observations.dropped, *model.dropped),
    )


def _of_result(name: str, result: PanelResult, note: str) -> Model:
    return Model(
        name, result.terms, result.covariance, result.fitted, result.r2_overall, result.n, result.df, None, note
    )


def _entity(observations: Observations) -> Groups:
    if observations.entity is None:
        raise InputError(say("MODEL re and between need ENTITY: choose the cell or unit of each row."))
    return groups_of(observations.entity, observations.entities)


def _estimable(
    observations: Observations, x: np.ndarray, y: np.ndarray, years_out: Projection | None = None
) -> tuple[list[int], tuple[Dropped, ...]]:
    """Positions of the drivers that vary and that no others make up, and why the rest are left out.

    Args:
        observations: whose names the drivers have.
        x, y: of rows or of cells, shapes (n, k) and (n,).
        years_out: takes the means of years out, where the model has a column for each.
    """
    centred = x - x.mean(axis=0)
    spread = norms(centred)
    spread = np.where(spread > 1e-12 * norms(x), spread, np.inf)
    found = independent(triangle(years_out(centred) if years_out else centred, y), spread)
    dropped = []
    for j, others in sorted(found.made_of.items()):
        names = ", ".join(observations.x_names[i] for i in others)
        if others:
            reason = say("made up of {names}", names=names)
        elif years_out and np.isfinite(spread[j]):
            reason = say(
                "the same for all entities in each {time_name}; use EFFECTS entity or none",
                time_name=observations.time_name,
            )
        else:
            reason = say("the same value in every row")
        dropped.append(Dropped(say("driver {x_names}", x_names=observations.x_names[j]), 1, reason))
    return found.kept, tuple(dropped)


def _shares(observations: Observations, effects: str) -> np.ndarray:
    """The share of each cell's mean that is taken out, shape (cells,)."""
    model = WithinRegression(observations, effects)
    others = model.centred[:, model.left_out]
    within = WithinModel(
        raw=model.raw,
        others=others / norms(others),
        y=model.y_centred,
        within=model.within,
        fit=model.fit,
        df=model.df,
        entity=groups_of(observations.entity, observations.entities),
        time=model.groups[1] if effects == "twoway" else None,
    )
    projection = random_effects(within, np.column_stack([within.raw, within.others, within.y]))
    if projection is None or projection.share is None:
        raise InputError(
            say(
                "MODEL re is not possible: too few cells for the regression on their means, or no error. Choose MODEL "
                "fe."
            )
        )
    return projection.share


def _terms(
    observations: Observations,
    kept: Sequence[int],
    estimates: np.ndarray,
    covariance: np.ndarray,
    df: float,
    confidence: float,
    x: np.ndarray,
    y: np.ndarray,
    years: Sequence[str] = (),
) -> tuple[Term, ...]:
    """Constant, drivers and years; slopes of drivers also in standard deviations of the rows that are given."""
    names = ["const", *(observations.x_names[j] for j in kept), *years]
    in_deviations = estimates[1 : 1 + len(kept)] * x.std(axis=0) / y.std()
    beside = [[None] * 3, *([value, None, None] for value in in_deviations.tolist()), *([[None] * 3] * len(years))]
    return make_terms(names, estimates, covariance, df, confidence, beside)


def _squared(a: np.ndarray, b: np.ndarray) -> float:
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1] ** 2)
