"""The wage panel (Vella and Verbeek 1998) against linearmodels and pyfixest, in an environment that has them.

pip install linearmodels pyfixest pytest     then run this file; elsewhere it is skipped
"""

from __future__ import annotations

import pytest

from ecoassets.core.drivers.observations import read_observations
from ecoassets.core.drivers.panel.regression import panel_regression

DRIVERS = ("expersq", "union", "married")


@pytest.fixture(scope="module")
def wages():
    """545 men over eight years."""
    panel = pytest.importorskip("linearmodels.datasets.wage_panel", reason="the wage panel comes with linearmodels")
    return panel.load()


@pytest.fixture
def ours(wages):
    def regress(effects):
        table = {name: wages[name].to_numpy() for name in ("nr", "year", "lwage", *DRIVERS)}
        result = panel_regression(read_observations(table, "lwage", DRIVERS, entity="nr", time="year"), effects)
        return {term.term: term for term in result.terms}

    return regress


@pytest.mark.parametrize(
    ("effects", "entity", "time"), [("entity", True, False), ("time", False, True), ("twoway", True, True)]
)
def test_coefficients_of_linearmodels(wages, ours, effects, entity, time):
    from linearmodels import PanelOLS

    data = wages.set_index(["nr", "year"])
    fit = PanelOLS(data["lwage"], data[list(DRIVERS)], entity_effects=entity, time_effects=time).fit()
    found = {name: term.estimate for name, term in ours(effects).items()}
    assert found == pytest.approx(fit.params.to_dict(), rel=1e-9)


def test_clustered_errors_of_pyfixest(wages, ours):
    pyfixest = pytest.importorskip("pyfixest", reason="the standard errors are those of pyfixest")
    fit = pyfixest.feols("lwage ~ expersq + union + married | nr + year", wages, vcov={"CRV1": "nr"})
    # It counts one parameter for the effects nested in the clusters, we count none: K = 3 + 7 years + 1.
    one_more = ((4360 - 10) / (4360 - 11)) ** 0.5
    found = {name: term.std_error * one_more for name, term in ours("twoway").items()}
    assert found == pytest.approx(fit.se().to_dict(), rel=1e-9)
