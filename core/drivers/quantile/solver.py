"""Exact linear quantile regression at any size, with a certificate.

The fit minimises ``sum rho_tau(y - x b)``, ``rho_tau(r) = r (tau - [r < 0])`` (Koenker & Bassett 1978).
Its dual has one weight per row: maximise ``y'a`` subject to ``x'a = (1 - tau) x'1``, ``0 <= a <= 1``; ``a`` is 1 above
the fit, 0 below it and in between on the rows that carry it. For any feasible ``a`` the loss exceeds its minimum by at
most ``sum r+ (1 - a) + sum r- a``, the duality gap; every fit reports it.

Three solvers work together. HiGHS finds the exact vertex of a small dual. A Frisch-Newton interior point gets near the
vertex of a large one. And a large problem is cut to the rows near a guess of the fit, the rest being held at 0 or 1 and
moved to the right-hand side, until no held row lies on the wrong side (Portnoy & Koenker 1997, Statistical Science 12,
10.1214/ss/1030037960). So the last word is always an exact vertex and a look at the sign of every row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve, qr, solve_triangular
from scipy.optimize import linprog

from ...errors import EcoAssetsError, InputError
from ...messages import say

Array = NDArray[np.float64]

RANK_TOLERANCE = 1e-9
"""A column is dependent when less than this share of its length is left after removing the columns before it."""
SIGN_TOLERANCE = 1e-9
"""A residual is zero when it is below this share of the mean absolute least squares residual."""
VERTEX_ROWS = 1_000
"""HiGHS solves duals of up to this many rows at once (its time grows faster than linearly)."""
WHOLE_ROWS = 20_000
"""Up to this many rows no subsample is drawn first."""
VERTEX_SECONDS = 300.0
"""Longest time for one call of HiGHS, which cannot be interrupted."""
NARROW_ROWS = 300
"""Rows kept around an interior-point solution to find its vertex."""


@dataclass(frozen=True)
class Basis:
    """The regressors in orthogonal columns, so that their units and means cannot harm the solvers.

    Attributes:
        rows: (n, k), orthogonal columns of mean square 1.
        triangle: (k, k), upper; the regressors are ``rows @ triangle``.
        spread: (n,), root of each row's leverage (up to a factor): how far its fitted value can wander.
    """

    rows: Array
    triangle: Array
    spread: Array

    def coefficients(self, rotated: Array) -> Array:
        """Coefficients of the regressors from those of the orthogonal columns."""
        return solve_triangular(self.triangle, rotated)


@dataclass(frozen=True)
class Solution:
    """One exact quantile fit.

    Attributes:
        coefficients: (k,), of the regressors.
        residuals: (n,), in units of y; exact zeros on the rows that the fit passes through.
        dual: (n,), the optimal weights ``a``, 0 to 1.
        objective: the loss, weighted when the rows were.
        gap: duality gap as a share of the objective (0 for a perfect fit).
        zeros: number of rows on the fit.
        wrong_signs: number of rows whose dual weight contradicts the sign of their residual.
    """

    coefficients: Array
    residuals: Array
    dual: Array
    objective: float
    gap: float
    zeros: int
    wrong_signs: int


class Infeasible(EcoAssetsError):
    """No dual weights meet the right-hand side: too many rows were held."""


def make_basis(x: Array, names: tuple[str, ...]) -> Basis:
    """Orthogonal columns that span the regressors.

    Args:
        x: (n, k) regressors, the constant among them.
        names: k names, for messages.

    Raises:
        InputError: fewer rows than columns, or a column that depends on those before it.
    """
    rows, columns = x.shape
    if rows < columns:
        raise InputError(
            say(
                "{rows} rows cannot carry {columns} coefficients ({names}). Use more rows.",
                rows=rows,
                columns=columns,
                names=", ".join(names),
            )
        )
    length = np.sqrt(np.einsum("ij,ij->j", x, x))
    scaled = np.empty(x.shape, order="F")  # in this order the factorisation needs no copy
    np.divide(x, np.where(length > 0, length, 1), out=scaled)
    orthogonal, triangle = qr(scaled, mode="economic", overwrite_a=True, check_finite=False)
    del scaled
    complaint = dependence(triangle, length, names)
    if complaint:
        raise InputError(complaint)
    orthogonal = np.ascontiguousarray(orthogonal)
    orthogonal *= np.sqrt(rows)
    spread = np.sqrt(np.einsum("ij,ij->i", orthogonal, orthogonal))
    return Basis(orthogonal, triangle * length / np.sqrt(rows), np.maximum(spread, 1e-12))


def dependence(triangle: Array, length: Array, names: tuple[str, ...]) -> str:
    """Says which columns are combinations of which others; empty when none is."""
    complaints, kept = [], []
    for column, name in enumerate(names):
        if length[column] == 0:
            complaints.append(say("{name} is 0 in every row", name=name))
        elif abs(triangle[column, column]) >= RANK_TOLERANCE:
            kept.append(column)
        else:
            share = np.linalg.lstsq(triangle[:, kept], triangle[:, column], rcond=None)[0]
            partners = [names[other] for other, part in zip(kept, share) if abs(part) > 1e-6]
            if partners == ["const"]:
                complaints.append(say("{name} has the same value in every row", name=name))
                continue
            complaints.append(say("{name} is a linear combination of {names}", name=name, names=", ".join(partners)))
    if not complaints:
        return ""
    return say("Linearly dependent columns: {names}. Leave out one column of each.", names="; ".join(complaints))


def fit_quantile(
    basis: Basis,
    y: Array,
    quantile: float,
    guess: Array | None = None,
    weights: Array | None = None,
) -> Solution:
    """Exact fit of one conditional quantile.

    Args:
        basis: the regressors.
        y: (n,) response.
        quantile: 0 to 1, exclusive.
        guess: (n,) residuals of a fit that is close (a neighbouring quantile, or the unweighted rows), as a warm start.
        weights: (n,) non-negative row weights, such as the counts of a bootstrap draw.

    Raises:
        InputError: the weighted rows no longer determine every coefficient.
    """
    x = basis.rows
    rows, columns = x.shape
    # Residuals of least squares have the same quantile fit but for a known shift, and no large mean to lose digits on.
    offset = x.T @ y / rows
    response = y - x @ offset
    scale = float(np.mean(np.abs(response))) or 1.0
    response /= scale
    spread = basis.spread
    used: NDArray[np.intp] | slice = slice(None)
    if weights is not None:
        # The loss is homogeneous: a row that counts w times is the row multiplied by w.
        used = np.flatnonzero(weights)
        weight = weights[used]
        response, x, spread = response[used] * weight, x[used] * weight[:, None], spread[used] * weight
        _check_rank(x)
        if guess is not None:
            guess = guess[used] * weight
    target = (1 - quantile) * x.sum(axis=0)
    near = _first_guess(response, x, quantile) if guess is None else guess / scale
    vertex = None
    if near is not None:
        # Error of the guess times density of rows: from a subsample of (kn)^(2/3) rows, or from a fit of all rows.
        size = 0.8 * (columns * rows) ** (2 / 3) if guess is None else 5 * np.sqrt(columns * rows)
        held = _sides(near, x, target)
        vertex = _narrow(response, x, target, np.abs(near) / spread, held, int(size))
    if vertex is None:
        vertex = _solve(response, x, target)
    return _certify(basis, y, quantile, offset + scale * vertex.b, scale, vertex, used, weights)


@dataclass(frozen=True)
class _Vertex:
    """Solution of the scaled problem: coefficients and dual weights."""

    b: Array
    a: Array


def _certify(
    basis: Basis,
    y: Array,
    quantile: float,
    rotated: Array,
    scale: float,
    vertex: _Vertex,
    used: NDArray[np.intp] | slice,
    weights: Array | None,
) -> Solution:
    """Loss, duality gap and sign check over all rows."""
    residuals = y - basis.rows @ rotated
    weight = np.ones(len(y)) if weights is None else weights
    dual = np.zeros(len(y))
    dual[used] = vertex.a
    objective = float(np.sum(weight * residuals * (quantile - (residuals < 0))))
    excess = float(np.sum(weight * np.where(residuals > 0, residuals * (1 - dual), -residuals * dual)))
    # Round-off in the dual equation x'a = (1 - tau) x'1, priced at one mean absolute residual per unit.
    excess += scale * float(np.abs(basis.rows.T @ (weight * (dual - 1 + quantile))).sum())
    noise = 16 * np.finfo(float).eps * float(np.abs(y).max())
    zero = np.abs(residuals) <= max(SIGN_TOLERANCE * scale, noise)
    residuals[zero] = 0.0
    return Solution(
        coefficients=basis.coefficients(rotated),
        residuals=residuals,
        dual=dual,
        objective=objective,
        gap=excess / objective if objective > noise * len(y) else 0.0,
        zeros=int(np.sum(zero & (weight > 0))),
        wrong_signs=int(np.sum(weight * ((residuals > 0) & (dual < 1 - 1e-6) | (residuals < 0) & (dual > 1e-6)) > 0)),
    )


def _check_rank(x: Array) -> None:
    strength = np.linalg.eigvalsh(x.T @ x)
    if len(x) < x.shape[1] or strength[0] <= 1e-10 * strength[-1]:
        raise InputError(say("The rows that are left no longer determine every coefficient."))


def _first_guess(y: Array, x: Array, quantile: float) -> Array | None:
    """Residuals by the exact fit of a random subsample of (k n)^(2/3) rows; None when all rows are few enough."""
    rows, columns = x.shape
    if rows <= WHOLE_ROWS:
        return None
    size = int((columns * rows) ** (2 / 3))
    if size > rows // 2:
        return None
    # A fixed seed: the answer does not depend on the subsample, and the time should not vary either.
    sample = np.unique(np.random.default_rng(0).integers(rows, size=size))
    return y - x @ _solve(y[sample], x[sample], (1 - quantile) * x[sample].sum(axis=0)).b


def _sides(residuals: Array, x: Array, target: Array) -> Array:
    """Dual weights that a guess implies: 1 above, 0 below, and on ties the share that comes nearest to the target."""
    held = (residuals > SIGN_TOLERANCE).astype(float)
    tied = np.abs(residuals) <= SIGN_TOLERANCE
    if tied.any():
        lack, pull = target - x.T @ held, x.T @ tied
        held[tied] = np.clip(lack @ pull / max(pull @ pull, 1e-300), 0, 1)
    return held


def _solve(y: Array, x: Array, target: Array) -> _Vertex:
    """Exact vertex of: maximise y'a subject to x'a = target, 0 <= a <= 1."""
    if len(y) <= VERTEX_ROWS:
        return _highs(y, x, target)
    near = _frisch_newton(y, x, target)
    if near is None:
        return _highs(y, x, target)
    held = np.where(near.a < 1e-4, 0.0, np.where(near.a > 1 - 1e-4, 1.0, near.a))
    vertex = _narrow(y, x, target, np.abs(y - x @ near.b), held, NARROW_ROWS)
    if vertex is None:
        return _highs(y, x, target)
    return vertex


def _narrow(y: Array, x: Array, target: Array, distance: Array, held: Array, size: int) -> _Vertex | None:
    """Exact vertex by way of the rows nearest to a guess, the others held, until every held row is on its side.

    None when more than half of the rows would have to be kept.

    Args:
        distance: (n,) how far each row is from the guess, in units of the guess's error.
        held: (n,) dual weights that the guess implies.
        size: number of rows to keep at first; doubled when the guess turns out too far off.
    """
    rows, columns = x.shape
    size = max(size, 20 * columns, 200)
    # Ties must not be told apart by round-off, which could pick rows of one kind only.
    distance = np.where(distance < 1e-6, 0, distance)
    while size <= rows // 2:
        inside = np.zeros(rows, dtype=bool)
        inside[np.argpartition(distance, size)[:size]] = True
        wrong = inside
        while wrong.any():
            inside |= wrong
            try:
                vertex = _solve(y[inside], x[inside], target - x.T @ np.where(inside, 0, held))
            except Infeasible:
                break
            residuals = y - x @ vertex.b
            wrong = ((residuals > SIGN_TOLERANCE) & (held < 1)) | ((residuals < -SIGN_TOLERANCE) & (held > 0))
            wrong &= ~inside
            if wrong.sum() > 0.1 * size:
                distance, held = np.abs(residuals), _sides(residuals, x, target)
                break
        else:
            weights = held.copy()
            weights[inside] = vertex.a
            return _Vertex(vertex.b, weights)
        size *= 2
    return None


def _highs(y: Array, x: Array, target: Array) -> _Vertex:
    """The dual by the simplex of HiGHS; the coefficients are its marginals, set exactly on the rows of the vertex.

    Raises:
        Infeasible: no weights within 0 and 1 meet the target.
    """
    found = linprog(-y, A_eq=x.T, b_eq=target, bounds=(0, 1), method="highs-ds", options={"time_limit": VERTEX_SECONDS})
    if found.status in (2, 4):  # 4: HiGHS cannot tell, such as a target that round-off puts just out of reach
        raise Infeasible(f"No dual weights meet the right-hand side of a quantile fit: {found.message}")
    if found.status != 0:
        raise EcoAssetsError(
            say("The linear program of a quantile fit was not solved: {message}", message=found.message)
        )
    a, b = np.clip(found.x, 0, 1), -found.eqlin.marginals
    carriers = (a > SIGN_TOLERANCE) & (a < 1 - SIGN_TOLERANCE)
    if carriers.sum() == x.shape[1]:
        exact = np.linalg.lstsq(x[carriers], y[carriers], rcond=None)[0]
        if np.abs(exact - b).max() <= 1e-6 * (1 + np.abs(b).max()):
            b = exact
    else:
        b = _to_vertex(y, x, b)
    return _Vertex(b, a)


def _to_vertex(y: Array, x: Array, b: Array) -> Array:
    """Slides an optimum that is not unique along its face to a fit through k rows, with the loss unchanged."""
    for _ in range(x.shape[1]):
        residuals = y - x @ b
        on = np.abs(residuals) <= SIGN_TOLERANCE
        strength, axes = np.linalg.eigh(x[on].T @ x[on])
        if strength[0] > RANK_TOLERANCE * max(strength[-1], 1):
            break
        speed = x @ axes[:, 0]
        ahead = ~on & (np.abs(speed) > 1e-9)
        if not ahead.any():
            break
        ways = residuals[ahead] / speed[ahead]
        b = b + ways[np.argmin(np.abs(ways))] * axes[:, 0]
    return b


@np.errstate(over="ignore", divide="ignore", invalid="ignore")
def _frisch_newton(y: Array, x: Array, target: Array, most: int = 80) -> _Vertex | None:
    """Primal-dual interior point with Mehrotra's predictor and corrector; stops near the optimum, not at it.

    None when it breaks down, which HiGHS must then judge. Written for: minimise -y'a, x'a = target, a + s = 1, with
    multipliers z of a >= 0, w of s >= 0 and -b of the equation, so that z - w = x b - y holds throughout. A start that
    misses the target is mended on the way.

    Source: Portnoy & Koenker 1997; Mehrotra 1992, SIAM Journal on Optimization 2 (10.1137/0802028).
    """
    rows = len(y)
    whole = x.sum(axis=0)
    try:
        normal = cho_factor(x.T @ x)
    except LinAlgError:
        return None
    a = np.full(rows, float(np.clip(target @ whole / max(whole @ whole, 1e-300), 0.05, 0.95)))
    a = np.clip(a + x @ cho_solve(normal, target - x.T @ a), 0.02, 0.98)
    s = 1 - a
    b = cho_solve(normal, x.T @ y)
    slack = x @ b - y
    floor = 0.1 * float(np.mean(np.abs(slack))) + 1e-9
    z, w = np.maximum(slack, 0) + floor, np.maximum(-slack, 0) + floor
    goal = 1e-9 * float(np.abs(slack).sum()) + 1e-12 * rows
    for _ in range(most):
        complementarity = float(z @ a + w @ s)
        lack = target - x.T @ a
        if complementarity <= goal and float(np.abs(lack).max()) <= 1e-7 * rows:
            return _Vertex(b, a)
        if not complementarity > 1e-6 * goal:
            return None
        curvature = 1 / (z / a + w / s)
        weighted = x * curvature[:, None]
        try:
            factor = cho_factor(weighted.T @ x)
        except (LinAlgError, ValueError):
            return None
        slack = z - w
        turn = cho_solve(factor, weighted.T @ slack + lack, check_finite=False)
        da = curvature * (x @ turn - slack)
        dz, dw = -z * (1 + da / a), -w * (1 - da / s)
        primal, dual = _reach(a, da, s, -da), _reach(z, dz, w, dw)
        if min(primal, dual) < 1:
            ahead = float((z + dual * dz) @ (a + primal * da) + (w + dual * dw) @ (s - primal * da))
            centre = complementarity / (2 * rows) * (ahead / complementarity) ** 3
            bend_a, bend_s = (centre - da * dz) / a, (centre + da * dw) / s
            push = slack - bend_a + bend_s
            turn = cho_solve(factor, weighted.T @ push + lack, check_finite=False)
            da = curvature * (x @ turn - push)
            dz, dw = bend_a - z - z * da / a, bend_s - w + w * da / s
            primal, dual = _reach(a, da, s, -da), _reach(z, dz, w, dw)
        # s is not 1 - a: that would round to 0 where a comes close to 1.
        a, s = a + primal * da, s - primal * da
        b = b - dual * turn
        z, w = z + dual * dz, w + dual * dw
    return None


def _reach(first: Array, first_step: Array, second: Array, second_step: Array) -> float:
    """The longest step, at most 1, that keeps both vectors positive."""
    steepest = max(float(np.max(-first_step / first)), float(np.max(-second_step / second)), 0.0)
    return min(1.0, 0.9995 / steepest) if steepest > 0 else 1.0
