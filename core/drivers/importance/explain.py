"""What the trees learned: SHAP values, curves with their bands, thresholds that are sure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...progress import QUIET, Progress
from .choice import ImportanceChoice, TreeRows
from .curves import (
    Threshold,
    accumulated_effects,
    best_break,
    is_sure,
    local_linear,
    partial_dependence,
    quantile_edges,
    zero_crossing,
)
from .engines import Model, train

_BINS = 20
_ROWS_OF_CURVES, _ROWS_OF_BOOTSTRAP, _ROWS_OF_FOREST = 500, 500, 60
_FOREST_ROWS = 2_000


@dataclass(frozen=True)
class Shares:
    """What each driver is worth by SHAP, or by permutation where nothing gives SHAP.

    Attributes:
        rows: of the sample that was explained, rising.
        values: SHAP values by driver, shape (rows, drivers), or None.
        gap: largest deviation of the mean prediction plus values from the prediction.
    """

    rows: np.ndarray
    values: np.ndarray | None
    gap: float

    def mean_abs(self) -> np.ndarray | None:
        return None if self.values is None else np.abs(self.values).mean(axis=0)


@dataclass(frozen=True)
class Curve:
    """How the variable answers to one driver, at rising values of it; bands are 5 to 95 % of block bootstraps."""

    driver: int
    at: np.ndarray
    ale: np.ndarray
    ale_low: np.ndarray
    ale_high: np.ndarray
    pdp: np.ndarray
    smooth: np.ndarray | None
    count: np.ndarray


@dataclass(frozen=True)
class SureThreshold:
    """A threshold of a driver with its interval; `of` is `shap` or `ale`."""

    driver: int
    of: str
    threshold: Threshold
    low: float
    high: float


@dataclass(frozen=True)
class Explained:
    """All that was learned. Arrays of bootstraps have shape (repeats, drivers)."""

    shares: Shares
    bootstrap: np.ndarray
    curves: tuple[Curve, ...]
    thresholds: tuple[SureThreshold, ...]


def explain(
    model: Model,
    rows: TreeRows,
    blocks: np.ndarray,
    rounds: int,
    told: np.ndarray,
    choice: ImportanceChoice,
    progress: Progress = QUIET,
) -> Explained:
    """Explains a model, and refits it to blocks drawn with replacement to see what stays.

    Args:
        model: fitted to all rows.
        rows: those.
        blocks: code of the block of each row.
        rounds: of boosting.
        told: whether each driver is worth something on rows left out; others get no threshold, for refits to drawn rows
            repeat what was learned from noise.
        choice: what is asked for.
        progress: told how far the work is.
    """
    shares = shap_shares(model, rows, choice, progress.part(0, 25))
    grids = {
        d: quantile_edges(rows.x[:, rows.columns[d][0]], _BINS) for d in range(len(rows.drivers)) if rows.numeric[d]
    }
    grids = {d: edges for d, edges in grids.items() if len(edges) > 2}
    whole = _curves(model, rows, shares, grids)
    rng = np.random.default_rng(choice.settings.seed)
    worth, curves = [], []
    members = np.split(np.argsort(blocks, kind="stable"), np.cumsum(np.bincount(blocks))[:-1])
    for repeat in range(choice.repeats):
        drawn = np.concatenate([members[b] for b in rng.integers(0, len(members), len(members))])
        refit = train(rows.x[drawn], rows.y[drawn], choice.settings, rounds, progress)
        part = _sample_shares(refit, rows, shares, choice, progress)
        worth.append(part.mean_abs() if part.values is not None else np.full(len(rows.drivers), np.nan))
        curves.append(_curves(refit, rows, part, grids))
        progress.set(25 + 75 * (repeat + 1) / choice.repeats)
    bands = _with_bands(model, rows, whole, curves, grids)
    return Explained(
        shares,
        np.array(worth).reshape(choice.repeats, len(rows.drivers)),
        bands,
        tuple(_thresholds(rows, whole, curves, {d: grids[d] for d in grids if told[d]})),
    )


def shap_shares(model: Model, rows: TreeRows, choice: ImportanceChoice, progress: Progress = QUIET) -> Shares:
    """SHAP values of all rows, or of a sample that holds every part of the range of y alike."""
    most = choice.explain_rows or rows.n
    if choice.settings.engine == "forest":
        most = min(most, _FOREST_ROWS)
    return _shares(model, rows, stratified(rows.y, most), progress)


def stratified(y: np.ndarray, most: int) -> np.ndarray:
    """Rows evenly over the ranks of y, rising; all of them where there are no more."""
    if len(y) <= most:
        return np.arange(len(y))
    order = np.argsort(y, kind="stable")
    return np.sort(order[np.linspace(0, len(y) - 1, most).astype(np.int64)])


def _shares(model: Model, rows: TreeRows, taken: np.ndarray, progress: Progress) -> Shares:
    x = rows.x[taken]
    found = model.contributions(x, progress)
    if found is None:
        return Shares(taken, None, float("nan"))
    gap = float(np.abs(found.sum(axis=1) - model.predict(x)).max())
    return Shares(taken, rows.by_driver(found[:, :-1]), gap)


def _sample_shares(
    model: Model, rows: TreeRows, shares: Shares, choice: ImportanceChoice, progress: Progress
) -> Shares:
    most = _ROWS_OF_FOREST if choice.settings.engine == "forest" else _ROWS_OF_BOOTSTRAP
    taken = shares.rows[stratified(rows.y[shares.rows], most)]
    if shares.values is None:
        return Shares(taken, None, float("nan"))
    return _shares(model, rows, taken, progress.part(0, 0))


def _curves(
    model: Model, rows: TreeRows, shares: Shares, grids: dict[int, np.ndarray]
) -> dict[int, tuple[np.ndarray, np.ndarray | None]]:
    """ALE and smooth SHAP of every driver that is a number, at its grid."""
    found = {}
    for driver, edges in grids.items():
        column = rows.columns[driver][0]
        ale = accumulated_effects(model.predict, rows.x, column, edges).values
        smooth = None
        if shares.values is not None:
            smooth = local_linear(rows.x[shares.rows, column], shares.values[:, driver], edges)
        found[driver] = ale, smooth
    return found


def _with_bands(
    model: Model,
    rows: TreeRows,
    whole: dict[int, tuple[np.ndarray, np.ndarray | None]],
    repeated: list[dict[int, tuple[np.ndarray, np.ndarray | None]]],
    grids: dict[int, np.ndarray],
) -> tuple[Curve, ...]:
    some = rows.x[stratified(rows.y, _ROWS_OF_CURVES)]
    curves = []
    for driver, edges in grids.items():
        column = rows.columns[driver][0]
        ale, smooth = whole[driver]
        low, high = ale, ale
        if repeated:
            low, high = np.percentile([one[driver][0] for one in repeated], [5, 95], axis=0)
        count = np.histogram(rows.x[:, column], edges)[0]
        curves.append(
            Curve(
                driver,
                edges,
                ale,
                low,
                high,
                partial_dependence(model.predict, some, column, edges),
                smooth,
                np.concatenate([count, [0]]),
            )
        )
    return tuple(curves)


def _thresholds(
    rows: TreeRows,
    whole: dict[int, tuple[np.ndarray, np.ndarray | None]],
    repeated: list[dict[int, tuple[np.ndarray, np.ndarray | None]]],
    grids: dict[int, np.ndarray],
) -> list[SureThreshold]:
    """Thresholds that most bootstraps find too, about the one of all rows and within half of the range."""
    found = []
    for driver, edges in grids.items():
        column = np.sort(rows.x[:, rows.columns[driver][0]])
        below = np.searchsorted(column, edges, side="right") / len(column)
        for place, of in ((1, "shap"), (0, "ale")):
            curve = whole[driver][place]
            if curve is None:
                continue
            for finder in (zero_crossing, best_break):
                one = finder(edges, curve, below)
                if one is None:
                    continue
                others = [finder(edges, each[driver][place], below) for each in repeated]  # type: ignore[arg-type]
                kept = [other.x for other in others if other is not None]
                if len(kept) < max(0.8 * len(repeated), 1):
                    continue
                low, high = np.percentile(kept, [2.5, 97.5])
                if low <= one.x <= high and is_sure(float(low), float(high), edges):
                    found.append(SureThreshold(driver, of, one, float(low), float(high)))
    return found
