"""Tests in the order of the papers: does space matter, as a lag or as an error, and which model is left."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from scipy import stats

from ...messages import say
from ..panel.specification import Test
from .fitted import SpatialFit
from .lag import link_traces

LEVEL = 0.05


@dataclass(frozen=True)
class LagrangeTests:
    """Score tests of least squares against spatial models, chi2 with their degrees of freedom.

    Attributes:
        lag, error, robust_lag, robust_error, sarma: 1, 1, 1, 1 and 2 degrees.
        wx, lag_wx, robust_wx, robust_lag_given_wx: of the neighbours' drivers; k, k + 1, k and 1 degrees.
        k: drivers.
    """

    lag: float
    error: float
    robust_lag: float
    robust_error: float
    sarma: float
    wx: float
    lag_wx: float
    robust_wx: float
    robust_lag_given_wx: float
    k: int

    def rows(self) -> list[Test]:
        """The tests with their p."""
        degrees = (1, 1, 1, 1, 2, self.k, self.k + 1, self.k, 1)
        notes = (
            say("lag of y in place of none"),
            say("spatial error in place of none"),
            say("lag of y, a spatial error allowed for"),
            say("spatial error, a lag of y allowed for"),
            say("lag of y and spatial error together"),
            say("neighbours' drivers in place of none (Koley and Bera 2024)"),
            say("lag of y and neighbours' drivers together"),
            say("neighbours' drivers, a lag of y allowed for"),
            say("lag of y, neighbours' drivers allowed for"),
        )
        names = tuple(each.name for each in fields(self))[: len(degrees)]
        return [
            chi2_test(f"lm_{name}", getattr(self, name), degree, note)
            for name, degree, note in zip(names, degrees, notes)
        ]


def lagrange_tests(fit: SpatialFit) -> LagrangeTests:
    """Score tests on the residuals of least squares (after the effects of a panel, if any).

    With s2 = e'e/n, T = tr(W'W + W^2), M = I - X (X'X)^-1 X' and J = [(W X b)'M(W X b) + T s2]/s2: error (e'We/s2)^2/T,
    lag (e'Wy/s2)^2/J, robust lag (e'Wy/s2 - e'We/s2)^2/(J - T), robust error (e'We/s2 - T/J e'Wy/s2)^2/[T (1 - T/J)].

    Args:
        fit: least squares without neighbours' drivers.

    Source: Anselin 1988; Anselin, Bera, Florax and Yoon 1996, Regional Science and Urban Economics 26:77; Koley and
        Bera 2024, Journal of Spatial Econometrics 5.
    """
    design = fit.design
    lag, e = design.lag, fit.residuals
    s2 = float(e @ e) / design.n
    links = link_traces(lag)
    basis, _ = np.linalg.qr(design.x)

    def annihilated(values: np.ndarray) -> np.ndarray:
        return values - basis @ (basis.T @ values)

    explained = annihilated(lag.lag(design.x @ fit.coefficients))
    j = (float(explained @ explained) + links * s2) / s2
    of_lag = float(e @ lag.lag(design.y)) / s2
    of_error = float(e @ lag.lag(e)) / s2
    robust_lag = (of_lag - of_error) ** 2 / (j - links)
    robust_error = (of_error - links / j * of_lag) ** 2 / (links * (1 - links / j))
    neighbours = annihilated(lag.lag(design.drivers))
    score = np.concatenate([[of_lag], neighbours.T @ e / s2])
    both = np.column_stack([explained, neighbours])
    information = both.T @ both / s2
    wx = float(score[1:] @ np.linalg.pinv(information[1:, 1:]) @ score[1:])
    information[0, 0] += links
    lag_wx = float(score @ np.linalg.pinv(information) @ score)
    plain_lag, plain_error = of_lag**2 / j, of_error**2 / links
    return LagrangeTests(
        plain_lag,
        plain_error,
        robust_lag,
        robust_error,
        robust_lag + plain_error,
        wx,
        lag_wx,
        lag_wx - plain_lag,
        lag_wx - wx,
        design.drivers.shape[1],
    )


def likelihood_ratio(name: str, larger: SpatialFit, smaller: SpatialFit, note: str) -> Test | None:
    """LR test of a model within another; None where one has no likelihood."""
    degrees = larger.parameters - smaller.parameters
    if larger.log_likelihood is None or smaller.log_likelihood is None:
        return None
    statistic = max(2 * (larger.log_likelihood - smaller.log_likelihood), 0.0)
    return chi2_test(name, statistic, degrees, note)


def wald_tests(durbin: SpatialFit) -> list[Test]:
    """Whether a spatial Durbin model falls back to a lag model (theta = 0) or to an error model (theta + rho b = 0)."""
    if durbin.rho is None:
        raise TypeError("durbin.rho is not as expected")
    k = durbin.design.drivers.shape[1] // 2
    first = len(durbin.coefficients) - 2 * k
    b, theta = durbin.coefficients[first : first + k], durbin.coefficients[first + k :]
    covariance = durbin.covariance
    at = 1 + first  # rho stands before the coefficients
    lag_part = np.zeros((k, len(covariance)))
    lag_part[:, at + k :] = np.eye(k)
    error_part = lag_part.copy()
    error_part[:, 0] = b
    error_part[:, at : at + k] = durbin.rho * np.eye(k)
    return [
        _wald("wald_sdm_sar", theta, lag_part, covariance, say("theta = 0: the lag model suffices")),
        _wald(
            "wald_sdm_sem",
            theta + durbin.rho * b,
            error_part,
            covariance,
            say("theta + rho b = 0: the error model does"),
        ),
    ]


def spatial_hausman(error: SpatialFit, plain: SpatialFit) -> Test:
    """Whether least squares and the error model tell the same coefficients, as they should if the model is right.

    Under the error model u = (I - lambda W)^-1 e least squares has the variance s2 B A A'B', A = (I - lambda W)^-1 and
    B = (X'X)^-1 X'. spatialreg 1.2-6 takes A A for A A', which differs where W is not symmetric.

    Source: Pace and LeSage 2008, Economics Letters 101:282.
    """
    if error.lam is None:
        raise TypeError("error.lam is not as expected")
    design = error.design
    solver = design.lag.solver(error.lam)
    bread = np.linalg.inv(design.x.T @ design.x)
    reached = solver.solve_back(design.x)
    of_plain = error.sigma2 * bread @ (reached.T @ reached) @ bread
    difference = plain.coefficients - error.coefficients
    spread = of_plain - error.covariance[1:, 1:]
    values = np.linalg.eigvalsh((spread + spread.T) / 2)
    note = say("coefficients of least squares and of the error model are the same")
    if values[0] <= 0:
        note = say("the difference of variances is not positive")
        return Test("spatial_hausman", float("nan"), float(len(difference)), None, note)
    return chi2_test("spatial_hausman", float(difference @ np.linalg.solve(spread, difference)), len(difference), note)


def chi2_test(name: str, statistic: float, degrees: int, note: str) -> Test:
    return Test(name, statistic, float(degrees), float(stats.chi2.sf(statistic, degrees)), note)


def _wald(name: str, value: np.ndarray, jacobian: np.ndarray, covariance: np.ndarray, note: str) -> Test:
    spread = jacobian @ covariance @ jacobian.T
    return chi2_test(name, float(value @ np.linalg.solve(spread, value)), len(value), note)
