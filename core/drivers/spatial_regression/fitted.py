"""What a spatial model is once it is fitted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .design import Design

MODELS = ("ols", "slx", "sar", "sem", "sdm", "sdem", "sac")
METHODS = ("ml", "gmm", "gmm_het")


@dataclass(frozen=True)
class SpatialFit:
    """A spatial model.

    Attributes:
        model: `ols`, `slx`, `sar`, `sem`, `sdm`, `sdem` or `sac`.
        method: `ml`, `gmm` or `gmm_het`.
        design: rows and columns, lagged drivers among the latter where the model has them.
        coefficients: of the columns, shape (k,).
        rho, lam: of the lag of y and of the error; None where the model has none.
        covariance: of (rho, lambda, coefficients), those that the model has, in that order.
        sigma2: variance of the innovations.
        log_likelihood: None by moments.
        residuals: innovations, shape (T N,).
        spatial_residuals: y less what drivers explain, neighbours' effects included, shape (T N,).
        notes: what was estimated how.
        lag_error_test: score test of spatial errors that a lag model leaves, or None.
    """

    model: str
    method: str
    design: Design
    coefficients: np.ndarray
    rho: float | None
    lam: float | None
    covariance: np.ndarray
    sigma2: float
    log_likelihood: float | None
    residuals: np.ndarray
    spatial_residuals: np.ndarray
    notes: tuple[str, ...] = ()
    lag_error_test: float | None = None

    @property
    def spatial(self) -> tuple[tuple[str, float], ...]:
        """Names and values of the spatial parameters."""
        pairs = (("rho", self.rho), ("lambda", self.lam))
        return tuple((name, value) for name, value in pairs if value is not None)

    @property
    def parameters(self) -> int:
        """Coefficients, spatial parameters and the variance."""
        return len(self.coefficients) + len(self.spatial) + 1

    @property
    def std_errors(self) -> np.ndarray:
        """Of the spatial parameters, then of the coefficients."""
        return np.sqrt(np.maximum(np.diag(self.covariance), 0))

    @property
    def fitted(self) -> np.ndarray:
        return self.design.y - self.spatial_residuals

    @property
    def r2(self) -> float:
        """Squared correlation of y and what drivers explain."""
        if self.fitted.std() == 0:
            return 0.0
        return float(np.corrcoef(self.design.y, self.fitted)[0, 1] ** 2)

    @property
    def lagged(self) -> bool:
        """Whether the neighbours' drivers are among the columns."""
        return self.model in ("slx", "sdm", "sdem")
