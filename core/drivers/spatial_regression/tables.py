"""The rows that a spatial regression gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from .fitted import SpatialFit


@dataclass(frozen=True)
class CoefficientRow:
    """A spatial parameter or a coefficient; `W name` is what the driver of the neighbours does."""

    term: str
    estimate: float
    std_error: float | None
    z: float | None
    p: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class ModelRow:
    """A model beside others of the same rows; chosen is 1 for the one that is told in full."""

    model: str
    chosen: int
    rho: float | None
    lambda_: float | None
    log_likelihood: float | None
    aic: float | None
    bic: float | None
    r2: float
    sigma: float
    n: int


def coefficient_rows(fit: SpatialFit, confidence: float) -> list[CoefficientRow]:
    """The spatial parameters, then the coefficients, by the normal distribution."""
    names = (*(name for name, _ in fit.spatial), *fit.design.names)
    values = (*(value for _, value in fit.spatial), *fit.coefficients.tolist())
    half = float(stats.norm.ppf((1 + confidence) / 2))
    rows = []
    for name, value, error in zip(names, values, fit.std_errors.tolist()):
        if not np.isfinite(error) or error == 0:
            rows.append(CoefficientRow(name, value, None, None, None, None, None))
            continue
        z = value / error
        p = float(2 * stats.norm.sf(abs(z)))
        rows.append(CoefficientRow(name, value, error, z, p, value - half * error, value + half * error))
    return rows


def model_row(fit: SpatialFit, chosen: bool) -> ModelRow:
    """A row of comparison; criteria only by likelihood, m rows that count for BIC."""
    likelihood = fit.log_likelihood
    aic = bic = None
    if likelihood is not None:
        aic = -2 * likelihood + 2 * fit.parameters
        bic = -2 * likelihood + fit.parameters * float(np.log(fit.design.size))
    return ModelRow(
        fit.model,
        int(chosen),
        fit.rho,
        fit.lam,
        likelihood,
        aic,
        bic,
        fit.r2,
        float(np.sqrt(fit.sigma2)),
        fit.design.n,
    )
