"""Multiscale regression against its fixed point, solved as one linear system, and against mgwr."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.local import multiscale_errors
from ecoassets.core.drivers.local.kernels import Kernel
from ecoassets.core.drivers.local.multiscale import fit_multiscale
from ecoassets.core.drivers.local.smoother import Smoother, TermSearch
from ecoassets.core.drivers.local.weighted import make_sample
from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.progress import Progress
from ecoassets.tests.core.drivers.cases import case

KERNEL = Kernel("bisquare", True)
BANDWIDTHS = (43, 43, 98, 199)


@pytest.fixture(scope="module")
def sample():
    points = case("gwr_points")
    drivers = np.column_stack([points[name] for name in ("x1", "x2", "x3")])
    return make_sample(np.column_stack([points["x"], points["y"]]), points["value"], drivers)


def test_the_search_finds_the_bandwidths_of_mgwr(sample):
    found = fit_multiscale(sample, KERNEL)
    assert found.bandwidths == BANDWIDTHS and found.stands
    assert found.edges == ("low", "low", "", "high"), "three of the four are limits of the range, not optima"
    assert found.diagnostics.aicc == pytest.approx(-19.8012211442, abs=0.01)  # mgwr, which stops earlier


def test_the_result_is_the_fixed_point(sample):
    found = fit_multiscale(sample, KERNEL, BANDWIDTHS)
    assert found.diagnostics.rss == pytest.approx(7.33037648454, rel=1e-9)
    assert found.diagnostics.aicc == pytest.approx(-19.795921371, abs=1e-8)
    assert found.errors.enp == pytest.approx([12.0176277198, 11.7038425144, 4.50652645655, 1.7993858769], rel=1e-9)
    first = [0.447837065, 0.649927482, 0.345914227, -0.309551386]
    assert found.coefficients[0] == pytest.approx(first, rel=1e-8)
    assert found.std_errors[0] == pytest.approx([0.0401117709, 0.0362086852, 0.0287915877, 0.0169708108], rel=1e-8)
    mean = [0.0230704975, 0.656655459, 0.330075219, -0.314447846]
    assert found.coefficients.mean(axis=0) == pytest.approx(mean, rel=1e-8)


def test_the_fixed_point_solves_its_equations(sample):
    """One linear system of size n k, written out: f_j = A_j (y - sum of the other terms)."""
    n, k = sample.n, sample.k
    smoothers = [Smoother(sample.points, sample.x[:, j], KERNEL, b) for j, b in enumerate(BANDWIDTHS)]
    takes = [each.x[:, None] * each.matrix() for each in smoothers]
    system = np.block([[np.eye(n) if i == j else takes[i] for j in range(k)] for i in range(k)])
    terms = np.linalg.solve(system, np.concatenate([take @ sample.y for take in takes])).reshape(k, n)
    found = fit_multiscale(sample, KERNEL, BANDWIDTHS)
    assert found.fitted == pytest.approx(terms.sum(axis=0), abs=1e-8)


def test_probes_stand_for_the_whole_matrix(sample, monkeypatch):
    exact = fit_multiscale(sample, KERNEL, BANDWIDTHS)
    monkeypatch.setattr(multiscale_errors, "MOST_EXACT", 10)
    probed = fit_multiscale(sample, KERNEL, BANDWIDTHS)
    assert not probed.errors.exact and (probed.errors.enp_error < 0.01).all()
    assert (np.abs(probed.errors.enp - exact.errors.enp) < 4 * probed.errors.enp_error).all()
    assert probed.std_errors == pytest.approx(exact.std_errors, rel=0.02)


def test_all_bandwidths_at_once_equal_one_at_a_time(sample):
    search = TermSearch(sample.points, KERNEL)
    x, values = sample.x[:, 2], sample.y - 0.3 * sample.x[:, 1]
    every = search.find(x, values).tried
    products = np.column_stack([x * x, x * values])
    for bandwidth in (43, 77, 150, 199):
        single = search._scores(x, values, products, [bandwidth], Progress())
        assert every[every[:, 0] == bandwidth, 1] == pytest.approx(single, rel=1e-11)


def test_a_driver_that_is_zero_nearby_keeps_the_rest(sample):
    """A dummy that is zero in half the region has no coefficient there, and leaves no trace in the fit."""
    rng = np.random.default_rng(5)
    points = rng.uniform(0, 100, (150, 2))
    dummy = (points[:, 0] > 60) * rng.normal(1, 0.2, 150)
    x = rng.normal(size=150)
    sample = make_sample(points, x + dummy + 0.1 * rng.normal(size=150), np.column_stack([x, dummy]))
    found = fit_multiscale(sample, KERNEL, (60, 60, 60))
    assert np.isfinite(found.coefficients).all() and found.diagnostics.r2 > 0.9


def test_bandwidths_must_be_one_a_term(sample):
    with pytest.raises(InputError, match="one bandwidth a term, the constant first: 4, not 2"):
        fit_multiscale(sample, KERNEL, (50, 60))


def test_a_cancel_is_heard(sample):
    class Impatient(Progress):
        def cancelled(self) -> bool:
            return True

    with pytest.raises(Cancelled):
        fit_multiscale(sample, KERNEL, progress=Impatient())
