"""Koenker's penalised quantile regression: cell effects common to all quantiles, shrunk towards zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import block_diag, csr_matrix, eye, hstack, vstack

from ...errors import EcoAssetsError, InputError
from ...messages import say
from ...progress import Progress
from .panel import Codes, Estimates, check_loss, null_losses, short_panel
from .solver import Array, Basis, make_basis

LARGEST = 200_000
"""Rows times quantiles that one sparse linear program still solves in about a quarter of a minute."""
SECONDS = 600.0
"""Longest time for one linear program, which cannot be interrupted."""


@dataclass(frozen=True)
class PenalisedFit:
    """Solution of the penalised problem.

    Attributes:
        coefficients: (K, P).
        effects: (N,) cell effects.
        objective: weighted losses and penalty.
        gap: duality gap as a share of the objective.
    """

    coefficients: Array
    effects: Array
    objective: float
    gap: float


def koenker(
    y: Array,
    x: Array,
    names: tuple[str, ...],
    cells: Codes,
    quantiles: Sequence[float],
    penalty: float,
    progress: Progress,
) -> Estimates:
    """Penalised quantile regression of all quantiles together.

    Minimises ``sum_k (1/K) sum rho_k(y - a_i - x b_k) + penalty sum |a_i|``. R's rqpd enters the penalty as rows at the
    median, whose check function halves it: its ``lambda`` is twice this `penalty`, and by default it weights its three
    quartiles 1/4, 1/2, 1/4.

    Args:
        y: (n,) response.
        x: (n, P) constant first, then drivers and year dummies.
        names: P names.
        cells: (n,) codes 0 .. N-1.
        quantiles: K of them, increasing.
        penalty: 0 or more. With 0 the effects are free; they are then centred to mean 0 over the rows.
        progress: told when the problem is solved.

    Raises:
        InputError: more than `LARGEST` rows times quantiles.

    Source: Koenker 2004, Journal of Multivariate Analysis 91, 74-89 (10.1016/j.jmva.2004.05.006).
    """
    size = len(y) * len(quantiles)
    if size > LARGEST:
        raise InputError(
            say(
                "Koenker's method solves one linear program for all cells and quantiles; {count} rows times "
                "{count2} quantiles is {size}, more than {largest}, beyond which the program and its "
                "bootstrap take hours. Use fewer rows (a coarser grid) or quantiles, or the canay or mmqr "
                "method.",
                count=len(y),
                count2=len(quantiles),
                size=size,
                largest=LARGEST,
            )
        )
    basis = make_basis(x, names)
    progress.check()
    fit = fit_penalised(basis, y, cells, quantiles, penalty)
    progress.set(100)
    fitted = fit.coefficients @ x.T + fit.effects[cells]

    def again(weights: Array) -> Array:
        return fit_penalised(basis, y, cells, quantiles, penalty, weights).coefficients

    zero = int(np.sum(np.abs(fit.effects) < 1e-9 * max(1e-300, float(np.abs(y - y.mean()).mean()))))
    warnings = short_panel(np.bincount(cells))
    if fit.gap > 1e-8:
        warnings.append(
            say(
                "Koenker's method: the relative duality gap is {gap:.2g}, above 1e-8; the fit is not exact.",
                gap=fit.gap,
            )
        )
    return Estimates(
        coefficients=fit.coefficients,
        fitted=fitted,
        losses=np.array([check_loss(y - one, t) for one, t in zip(fitted, quantiles)]),
        null_losses=null_losses(y, quantiles),
        fits=(),
        again=again,
        notes=(
            (
                say(
                    "Method koenker (Koenker 2004): one effect per cell for all quantiles, penalty {penalty:g} sum "
                    "|a_i|, equal quantile weights 1/{count}; {zero} of {count2} effects are shrunk to 0. The lambda "
                    "of R's rqpd is twice this penalty.",
                    penalty=penalty,
                    count=len(quantiles),
                    zero=zero,
                    count2=len(fit.effects),
                )
            ),
            say("The estimates depend on the penalty."),
            say("R1 compares with one constant for all rows, so it holds what the cell effects explain."),
        ),
        warnings=tuple(warnings),
        joint_gap=fit.gap,
    )


def fit_penalised(
    basis: Basis,
    y: Array,
    cells: Codes,
    quantiles: Sequence[float],
    penalty: float,
    weights: Array | None = None,
) -> PenalisedFit:
    """Exact solution by the sparse dual: weights e of rows and quantiles, p of cells.

    Maximise ``sum y e`` subject to ``X'e_k = (1/K)(1 - t_k) X'1`` for each quantile and, for each cell,
    ``sum e + p_i = sum (1/K)(1 - t_k)``, with ``0 <= e <= 1/K`` and ``|p_i| <= penalty``; the marginals are
    ``-b_k`` and ``-a_i``. Row weights (the same in all rows of a cell) multiply both the losses and the cell's
    penalty, as if the cell were repeated.

    Args:
        basis: constant, drivers and year dummies.
        y: (n,) response.
        cells: (n,) codes 0 .. N-1.
        quantiles: K of them.
        penalty: 0 or more.
        weights: (n,) counts, or None.

    Raises:
        EcoAssetsError: HiGHS does not finish in time.
        InputError: the weighted rows do not determine every coefficient.
    """
    rows, count, units = len(y), len(quantiles), int(cells.max()) + 1
    weight = np.ones(rows) if weights is None else weights
    used = np.flatnonzero(weight)
    x, w = basis.rows[used], weight[used]
    strength = np.linalg.eigvalsh((x * w[:, None]).T @ x)
    if strength[0] <= 1e-10 * strength[-1]:
        raise InputError(say("The rows that are left no longer determine every coefficient."))
    offset = basis.rows.T @ y / rows
    response = (y - basis.rows @ offset)[used]
    scale = float(np.mean(np.abs(response))) or 1.0
    response = response / scale
    kept, cell = np.unique(cells[used], return_inverse=True)
    repeats = np.zeros(len(kept))
    repeats[cell] = w

    below = 1 - np.asarray(quantiles)
    membership = csr_matrix((np.ones(len(used)), (cell, np.arange(len(used)))))
    equations = vstack(
        [
            hstack([block_diag([csr_matrix(x.T)] * count), csr_matrix((count * x.shape[1], len(kept)))]),
            hstack([membership] * count + [eye(len(kept))]),
        ]
    )
    share = w / count
    target = np.concatenate([np.outer(below, x.T @ share).ravel(), below.sum() * (membership @ share)])
    limit = np.concatenate([np.tile(share, count), penalty * repeats])
    floor = np.concatenate([np.zeros(count * len(used)), -penalty * repeats])
    gain = np.concatenate([np.tile(response, count), np.zeros(len(kept))])
    found = linprog(
        -gain,
        A_eq=equations.tocsc(),
        b_eq=target,
        bounds=np.column_stack([floor, limit]),
        method="highs",
        options={"time_limit": SECONDS},
    )
    if found.status != 0:
        raise EcoAssetsError(
            say(
                "Koenker's linear program was not solved ({message}). Use fewer rows or quantiles, or canay or mmqr.",
                message=found.message,
            )
        )
    marginals = -found.eqlin.marginals
    rotated, shift = marginals[: count * x.shape[1]].reshape(count, -1), marginals[count * x.shape[1] :]
    left = response - rotated @ x.T - shift[cell]
    losses = share * left * (1 - below[:, None] - (left < 0))
    objective = float(losses.sum() + penalty * repeats @ np.abs(shift))
    dual = float(gain @ found.x - below.sum() * (share @ response))
    gap = abs(objective - dual) / objective if objective > 1e-12 * len(used) else 0.0

    effects = np.zeros(units)
    effects[kept] = scale * shift
    coefficients = np.array([basis.coefficients(offset + scale * one) for one in rotated])
    if penalty == 0:
        level = float(np.average(effects[cells], weights=weight))
        effects, coefficients[:, 0] = effects - level, coefficients[:, 0] + level
    return PenalisedFit(coefficients, effects, scale * objective, gap)
