"""The rows that a local regression gives: terms, models, what was tried."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...results import Column
from .weighted import Diagnostics


@dataclass(frozen=True)
class TermRow:
    """A term over all places. `iqr_to_2se` above 1 hints that it varies (interquartile range to 2 global errors)."""

    term: str
    bandwidth: float
    bandwidth_low: float | None
    bandwidth_high: float | None
    time_bandwidth: float | None
    enp: float
    alpha: float
    critical_t: float
    mean: float
    sd: float
    minimum: float
    median: float
    maximum: float
    share_positive: float
    share_significant: float
    share_significant_positive: float
    p_variability: float | None
    ols: float
    ols_std_error: float
    iqr_to_2se: float


@dataclass(frozen=True)
class ModelRow:
    """How well a model fits, and whether what it leaves is alike among neighbours."""

    model: str
    aicc: float
    aic: float
    bic: float
    r2: float
    r2_adjusted: float
    rss: float
    enp: float
    sigma: float
    moran_residual: float | None
    moran_z: float | None
    moran_p: float | None


@dataclass(frozen=True)
class SearchRow:
    """A bandwidth that was tried; term `all` where terms share it, sweep 0 without sweeps."""

    term: str
    sweep: int
    bandwidth: float
    time_bandwidth: float | None
    tau: float | None
    score: float


@dataclass(frozen=True)
class Ols:
    """The one regression of all places, in the units of the local ones."""

    coefficients: np.ndarray
    std_errors: np.ndarray
    residuals: np.ndarray
    diagnostics: Diagnostics


def ordinary_fit(y: np.ndarray, drivers: np.ndarray) -> Ols:
    """Least squares with a constant; its criteria count k parameters as the local ones count tr S."""
    x = np.column_stack([np.ones(len(y)), drivers])
    q, r = np.linalg.qr(x)
    coefficients = np.linalg.solve(r, q.T @ y)
    residuals: np.ndarray = y - x @ coefficients
    rss = float(residuals @ residuals)
    inverse = np.linalg.inv(r)
    errors = np.sqrt(rss / (len(y) - x.shape[1]) * np.einsum("ij,ij->i", inverse, inverse))
    tss = float(np.sum((y - y.mean()) ** 2))
    return Ols(coefficients, errors, residuals, Diagnostics(rss, tss, len(y), float(x.shape[1])))


def place_columns(terms: tuple[str, ...], scaled: bool, labels: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns of the places, in the order of `LocalRun.output`."""
    groups = ("b", "se", "t")
    numbers = [f"{group}_{term}" for group in groups for term in terms]
    raw = [f"raw_{term}" for term in terms] if scaled else []
    return (
        *labels,
        *(Column(name) for name in numbers),
        *(Column(f"significant_{term}", "integer") for term in terms),
        *(Column(name) for name in raw),
        *(Column(name) for name in ("local_r2", "condition", "fitted", "residual")),
    )
