"""Every coefficient, error and score that other programs give for the cases, not only the first of them.

Spatial models: spatialreg 1.2-6, spreg 1.9.0. Local regressions: mgwr 2.2.1; over time by dense formulas, whose
residual sums of squares are mgtwr's. Panels: plm 2.6-2.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from ecoassets.core.drivers.local.kernels import Kernel
from ecoassets.core.drivers.local.spacetime import in_space_and_time
from ecoassets.core.drivers.local.weighted import fit, make_sample
from ecoassets.core.drivers.observations import read_observations
from ecoassets.core.drivers.panel.regression import panel_regression
from ecoassets.core.drivers.spatial_regression.likelihood import fit_both, fit_error, fit_lag, ordinary
from ecoassets.core.drivers.spatial_regression.moments import fit_by_moments
from ecoassets.tests.core.drivers.cases import case
from ecoassets.tests.core.drivers.spatial_regression.examples import columbus, grid

PEERS = json.loads((Path(__file__).parent / "cases" / "peers.json").read_text(encoding="utf-8"))
EXAMPLES = {"columbus": columbus, "grid_sar": grid}
SPATIAL = {
    "ols": ordinary,
    "slx": lambda design: ordinary(design.with_lags(), "slx"),
    "sar_ml": fit_lag,
    "sdm_ml": lambda design: fit_lag(design.with_lags(), "sdm"),
    "sem_ml": fit_error,
    "sdem_ml": lambda design: fit_error(design.with_lags(), "sdem"),
}


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("model", SPATIAL)
def test_spatial_models(example, model):
    found, peer = SPATIAL[model](EXAMPLES[example]()), PEERS["spatial"][example][model]
    first = len(found.spatial)  # rho or lambda stands before the coefficients among the errors
    got = {"coef": found.coefficients, "se": found.std_errors[first:], "logLik": found.log_likelihood}
    if found.spatial:
        name, value = found.spatial[0]
        got |= {name: value, f"{name}_se": found.std_errors[0], "s2": found.sigma2}
    if model == "sar_ml":
        got["lm_resid"] = found.lag_error_test
    for name in peer.keys() & got.keys():
        tolerance = 1e-5 if name.endswith("se") or name == "lm_resid" else 2e-6
        assert got[name] == pytest.approx(peer[name], rel=tolerance, abs=1e-6), name


@pytest.mark.parametrize("example", EXAMPLES)
def test_lag_and_error_together(example):
    """The likelihood is flat about its optimum, so that programs stop 1e-4 apart."""
    found, peer = fit_both(EXAMPLES[example]()), PEERS["spatial"][example]["sac_ml"]
    assert (found.rho, found.lam, *found.coefficients) == pytest.approx(
        (peer["rho"], peer["lambda"], *peer["coef"]), rel=5e-4, abs=5e-4
    )
    assert found.log_likelihood == pytest.approx(peer["logLik"], abs=1e-6)


@pytest.mark.parametrize("example", EXAMPLES)
def test_moments(example):
    design, peer = EXAMPLES[example](), PEERS["spatial"][example]
    lag, error = fit_by_moments(design, "sar", "gmm"), fit_by_moments(design, "sem", "gmm_het")
    assert (lag.rho, *lag.coefficients) == pytest.approx(peer["sar_s2sls_W2X"]["coef"], rel=1e-8)
    assert (*error.coefficients, error.lam) == pytest.approx(peer["gm_error_het"]["betas"], rel=1e-4)


def local_sample(name, drivers):
    rows = case(name)
    places = np.column_stack([rows["x"], rows["y"]])
    return rows, make_sample(places, rows["value"], np.column_stack([rows[driver] for driver in drivers]))


@pytest.mark.parametrize("title", PEERS["gwr"])
def test_local_regressions(title):
    shape, kind = title.split("_")
    _, sample = local_sample("gwr_points", ("x1", "x2", "x3"))
    peer = PEERS["gwr"][title]
    found = fit(sample, Kernel(shape, kind == "adaptive"), peer["bandwidth"])
    numbers, b = found.diagnostics, found.coefficients
    got = {
        **{"AICc": numbers.aicc, "AIC": numbers.aic, "BIC": numbers.bic, "R2": numbers.r2, "RSS": numbers.rss},
        **{"tr_S": numbers.enp, "tr_STS": found.trace_squares, "sigma2": numbers.sigma2},
        **{"llf": numbers.log_likelihood, "coef_mean": b.mean(axis=0), "coef_sd": b.std(axis=0), "coef_last": b[-1]},
        **{"coef_first3": b[:3].tolist(), "se_first3": found.std_errors[:3].tolist(), "t_first3": found.t[:3].tolist()},
        **{"localR2_first3": found.local_r2[:3], "localR2_mean": found.local_r2.mean()},
        **{"local_CN_sqrtw_first3": found.condition[:3], "local_CN_sqrtw_max": found.condition.max()},
    }
    for name, value in got.items():
        assert np.asarray(value) == pytest.approx(np.asarray(peer[name]), rel=1e-6), name


@pytest.mark.parametrize("title", PEERS["gtwr"])
def test_local_regressions_over_time(title):
    shape, kind, bandwidth, tau = title.split("_")
    rows, sample = local_sample("gtwr_points", ("x1", "x2"))
    moved = sample.moved(in_space_and_time(sample.points, rows["year"], float(tau[3:])))
    found, peer = fit(moved, Kernel(shape, kind == "adaptive"), float(bandwidth[2:])), PEERS["gtwr"][title]
    numbers, b = found.diagnostics, found.coefficients
    got = {
        **{"RSS": numbers.rss, "tr_S": numbers.enp, "tr_STS": found.trace_squares, "R2": numbers.r2},
        **{
            "sigma2_n_minus_trS": numbers.sigma2,
            "AIC": numbers.aic,
            "AICc_mgwr_formula": numbers.aicc,
            "CV": numbers.cv,
        },
        **{
            "coef_first2": b[:2],
            "se_first2": found.std_errors[:2],
            "coef_mean": b.mean(axis=0),
            "coef_sd": b.std(axis=0),
        },
    }
    for name, value in got.items():
        assert np.asarray(value) == pytest.approx(np.asarray(peer[name]), rel=1e-6), name


@pytest.mark.parametrize(("effects", "peer"), [("entity", "individual"), ("time", "time"), ("twoway", "twoways")])
def test_fixed_effects(effects, peer):
    rows = read_observations(case("panel_lag"), "value", ["x1", "x2"], entity="cell", time="year")
    found, expected = panel_regression(rows, effects, "iid"), PEERS["panel"][peer]
    assert [term.estimate for term in found.terms] == pytest.approx(expected["coef"], rel=1e-9)
    assert [term.std_error for term in found.terms] == pytest.approx(expected["se"], rel=1e-9)
    assert (float(found.residuals @ found.residuals), found.df) == pytest.approx((expected["rss"], expected["df"]))
