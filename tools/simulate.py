"""How often tests of drivers reject what is true, and intervals hold the truth, on simulated data sets.

python -m ecoassets.tools.simulate [STUDY ...] [--draws 1000]      a table in Markdown; each draw has a seed of its own
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator

import numpy as np

LEVEL = 0.05
CELLS, YEARS, RHO, SIDE = 60, 5, 0.5, 10
DEAR = 200  # draws of a study that takes seconds each

Array = np.ndarray
Found = dict[str, "bool | None"]


def _rejects(p: float | None) -> bool | None:
    return None if p is None else bool(p <= LEVEL)


def _holds(low: float | None, truth: float, high: float | None) -> bool | None:
    return None if low is None or high is None else bool(low <= truth <= high)


def detector(draw: int) -> Found:
    """Noise as y, two factors of four strata each, 200 rows; and strata that explain a third of y."""
    from ..core.drivers.geodetector.detector import geographical_detector

    rng = np.random.default_rng(draw)
    one, other = rng.integers(0, 4, (2, 200))
    noise = rng.normal(size=200)
    found = geographical_detector(noise, {"a": one, "b": other}, ["a", "b"], permutations=99, seed=draw)
    first, ecological = found.factors[0], found.ecological[0]
    means = np.array([-1.0, 0.0, 0.0, 1.0])
    strata = np.repeat(np.arange(4), 50)
    told = geographical_detector(means[strata] + noise, {"a": strata}, ["a"]).factors[0]
    alike = geographical_detector(means[one] + means[other] + noise, {"a": one, "b": other}, ["a", "b"]).ecological[0]
    return {
        "factor: p_f, y noise": _rejects(first.p_f),
        "factor: p_noncentral, y noise": _rejects(first.p_noncentral),
        "factor: p_permutation, y noise": _rejects(first.p_permutation),
        "risk: any of six pairs after Holm, y noise": any(row.differs_from for row in found.risk if row.factor == "a"),
        "ecological: F, two factors without effect": _rejects(ecological.p),
        "ecological: F, two factors of one effect": _rejects(alike.p),
        "interval of q holds the q of the population, 1/3": _holds(told.q_low, 1 / 3, told.q_high),
    }


def detector_chosen(draw: int) -> Found:
    """Noise as y, one number in classes that are chosen to explain it, 200 rows."""
    from ..core.drivers.geodetector.detector import geographical_detector

    rng = np.random.default_rng(draw)
    found = geographical_detector(rng.normal(size=200), {"a": rng.normal(size=200)}, permutations=99, seed=draw)
    row = found.factors[0]
    return {
        "chosen classes: p_f, y noise": _rejects(row.p_f),
        "chosen classes: p_permutation, y noise": _rejects(row.p_permutation),
    }


def detector_changes(draw: int) -> Found:
    """Two years of 150 cells with lasting errors and three strata: q stays at 1/3, or falls to 1/7."""
    from ..core.drivers.geodetector.changes import YearSample, q_changes

    rng = np.random.default_rng(draw)
    zone = np.arange(150) % 3
    effect, lasting = np.array([-1.0, 0.0, 1.0])[zone], rng.normal(size=150)
    before, after = (np.sqrt(0.8) * lasting + np.sqrt(0.2) * e for e in rng.normal(size=(2, 150)))
    found = {}
    for name, share, truth in (("stays", 0.75, 0.0), ("falls", 0.25, 1 / 7 - 1 / 3)):
        ys = np.sqrt(0.75) * effect + before, np.sqrt(share) * effect + after
        years = [YearSample(y, np.arange(150), {"zone": zone}) for y in ys]
        change = q_changes(years, 150, 199, 0.95, draw)[0]["zone"]
        found[f"interval of the change holds it, q {name}"] = _holds(change.low, truth, change.high)
    return found


def _panel(rng: np.random.Generator, lasting: float = 0.0, effects: float = 1.0) -> dict[str, Array]:
    """60 cells, ten to a row, of five years; y = x + an effect of its cell + u, u_t = lasting u_t-1 + e."""
    cell = np.repeat(np.arange(CELLS), YEARS)
    e = rng.normal(size=(CELLS, YEARS))
    u = e.copy()
    for year in range(1, YEARS):
        u[:, year] = lasting * u[:, year - 1] + np.sqrt(1 - lasting**2) * e[:, year]
    x = rng.normal(size=(CELLS, YEARS))
    for year in range(1, YEARS):
        x[:, year] = lasting * x[:, year - 1] + np.sqrt(1 - lasting**2) * x[:, year]
    y = x + u + effects * rng.normal(size=(CELLS, 1))
    years = np.tile(2000 + np.arange(YEARS), CELLS)
    return {"cell": cell, "year": years, "y": y.ravel(), "x": x.ravel(), "gx": cell % 10, "gy": cell // 10}


def panel(draw: int) -> Found:
    """Two-way fixed effects of 60 cells and five years; the slope is 1."""
    from ..core.drivers.observations import read_observations
    from ..core.drivers.panel.conley import SpatialKernel
    from ..core.drivers.panel.regression import panel_regression
    from ..core.drivers.panel.serial import wooldridge

    rng = np.random.default_rng(draw)
    found: Found = {}
    for lasting, words in ((0.0, "independent errors"), (0.7, "errors that last (0.7)")):
        table = _panel(rng, lasting)
        rows = read_observations(table, "y", ["x"], entity="cell", time="year", coordinates=("gx", "gy"))
        for kind in ("iid", "robust", "cluster", "driscoll_kraay", "conley"):
            told = SpatialKernel(1.5) if kind == "conley" else None
            slope = panel_regression(rows, "twoway", kind, spatial=told).terms[0]
            found[f"interval of a slope, {kind} errors, {words}"] = _holds(slope.low, 1.0, slope.high)
        found[f"wooldridge_ar, {words}"] = _rejects(_p(wooldridge(rows)))
    table = _panel(rng, effects=1.0)
    rows = read_observations(table, "y", ["x"], entity="cell", time="year")
    tests = {test.test: test.p for test in panel_regression(rows, "entity", "cluster").tests}
    for name in ("hausman", "hausman_common_variance", "hausman_robust", "pesaran_cd"):
        if name in tests:
            found[f"{name}, random effects are right"] = _rejects(tests[name])
    table = _panel(rng, effects=0.0)
    table["y"] = table["y"] - table["x"]
    rows = read_observations(table, "y", ["x"], entity="cell", time="year")
    tests = {test.test: test.p for test in panel_regression(rows, "entity", "cluster").tests}
    found["f_effects, no effects"] = _rejects(tests.get("f_effects"))
    found["breusch_pagan, no effects"] = _rejects(tests.get("breusch_pagan_lm"))
    found["f_slopes, no slope"] = _rejects(tests.get("f_slopes"))
    found["wald_slopes (cluster), no slope"] = _rejects(tests.get("wald_slopes"))
    return found


def _p(test: object) -> float | None:
    return getattr(test, "p", None)


def quantiles(draw: int) -> Found:
    """Rows of y = x + (1 + spread x) e, 200 rows; slopes at 10, 50 and 90 % by each kind of errors."""
    from ..core.drivers.quantile.regression import quantile_regression

    rng = np.random.default_rng(draw)
    x, found = rng.uniform(0, 2, 200), dict[str, "bool | None"]()
    taus = (0.1, 0.5, 0.9)
    for spread, words in ((0.0, "one spread"), (1.0, "spread grows with x")):
        y = x + (1 + spread * x) * rng.normal(size=200)
        for kind in ("iid", "nid", "rank"):
            result = quantile_regression(y, x[:, None], ["x"], taus, std_error=kind)
            for term in (one for one in result.terms if one.term == "x"):
                truth = 1 + spread * (0.0 if term.quantile == 0.5 else np.sign(term.quantile - 0.5) * 1.2815515655)
                found[f"interval at {term.quantile:g}, {kind}, {words}"] = _holds(term.low, truth, term.high)
            if kind == "nid" and not spread:
                found["equal_slopes (nid), slopes are equal"] = _rejects(result.tests[0].p)
    return found


def quantiles_by_bootstrap(draw: int) -> Found:
    """The same by 200 drawn samples."""
    from ..core.drivers.quantile.regression import quantile_regression

    rng = np.random.default_rng(draw)
    x = rng.uniform(0, 2, 200)
    result = quantile_regression(x + (1 + x) * rng.normal(size=200), x[:, None], ["x"], (0.1, 0.5, 0.9),
                                 std_error="bootstrap", seed=draw)  # fmt: skip
    truth = {0.1: 1 - 1.2815515655, 0.5: 1.0, 0.9: 1 + 1.2815515655}
    return {
        f"interval at {term.quantile:g}, bootstrap, spread grows with x": _holds(
            term.low, truth[term.quantile], term.high
        )
        for term in result.terms
        if term.term == "x"
    }


def patterns(draw: int) -> Found:
    """Noise on 10 x 10 cells, and what a regression leaves of it."""
    from ..core.drivers.autocorrelation.run import SpatialChoice, run_spatial_autocorrelation
    from ..core.drivers.feature_table import FeatureTable

    rng = np.random.default_rng(draw)
    values = rng.normal(size=(4, SIDE**2))
    values[3] = np.exp(values[3])
    places = _cells().T
    table = FeatureTable(dict(zip("vwxzgh", [*values, *places])), ("g", "h"))
    found: Found = {}
    for title, choice in {
        "": SpatialChoice("v", permutations=199, seed=draw),
        ", skewed": SpatialChoice("z", permutations=199, seed=draw),
        ", residuals of a regression": SpatialChoice("v", x=("w", "x"), permutations=19),
        ", two fields": SpatialChoice("v", statistic="bivariate", second="w", permutations=199, seed=draw),
        ", contiguity ratio": SpatialChoice("v", statistic="geary", permutations=199, seed=draw),
    }.items():
        test = run_spatial_autocorrelation(table, choice).tests[0]
        name = test.test if hasattr(test, "test") else "moran"
        if test.p is not None:
            found[f"{name}{title}: moments, noise"] = _rejects(test.p)
        if test.p_permutation is not None and "residuals" not in title:
            found[f"{name}{title}: permutation, noise"] = bool(test.p_permutation <= LEVEL)
    return found


def _cells() -> Array:
    return np.array([(i, j) for i in range(SIDE) for j in range(SIDE)], dtype=float)


def spatial(draw: int) -> Found:
    """Places of y = 1 + a - b + e on 10 x 10 cells, with a lag, an error of neighbours (0.5 each), or neither."""
    from ..core.drivers.place.neighbours import grid_weights
    from ..core.drivers.spatial_regression.design import make_design
    from ..core.drivers.spatial_regression.diagnostics import (
        lagrange_tests,
        likelihood_ratio,
        spatial_hausman,
        wald_tests,
    )
    from ..core.drivers.spatial_regression.effects import effects_of
    from ..core.drivers.spatial_regression.lag import SpatialLag
    from ..core.drivers.spatial_regression.likelihood import fit_error, fit_lag, ordinary
    from ..core.drivers.spatial_regression.moments import fit_by_moments
    from ..core.errors import InputError

    lag = SpatialLag(grid_weights(_cells()))
    rng = np.random.default_rng(draw)
    x, e = rng.normal(size=(SIDE**2, 2)), rng.normal(size=SIDE**2)
    solve, mean, names = lag.solver(RHO).solve, 1 + x @ [1, -1], ("a", "b")
    plain = make_design(mean + e, x, names, lag)
    lagged = make_design(solve(mean + e), x, names, lag)
    shocked = make_design(mean + solve(e), x, names, lag)
    uneven = make_design(solve(mean + e * np.exp(x[:, 0] / 2)), x, names, lag)
    found = {f"{row.test}, no dependence": _rejects(row.p) for row in lagrange_tests(ordinary(plain)).rows()}
    sar, durbin = fit_lag(lagged), fit_lag(lagged.with_lags(), "sdm")
    found["lr of a lag, no dependence"] = _rejects(_p(likelihood_ratio("lr", fit_lag(plain), ordinary(plain), "")))
    found["lr of neighbours' drivers, lag model is right"] = _rejects(_p(likelihood_ratio("lr", durbin, sar, "")))
    found["wald theta = 0, lag model is right"] = _rejects(wald_tests(durbin)[0].p)
    found["wald common factor, error model is right"] = _rejects(wald_tests(fit_lag(shocked.with_lags(), "sdm"))[1].p)
    found["spatial hausman, error model is right"] = _rejects(spatial_hausman(fit_error(shocked), ordinary(shocked)).p)
    for words, design, model in (
        ("ml", lagged, "sar"),
        ("gmm", lagged, "gmm"),
        ("gmm_het, unequal variances", uneven, "gmm_het"),
        ("ml, unequal variances", uneven, "sar"),
    ):
        rho = total = None
        try:
            fit = fit_lag(design) if model == "sar" else fit_by_moments(design, "sar", model)
            rho = bool(abs((fit.rho or 0.0) - RHO) < 1.959964 * fit.std_errors[0])
            told = next(row for row in effects_of(fit, draws=500, seed=draw).rows if row.effect == "total")
            total = _holds(told.low, 1 / (1 - RHO), told.high)
        except InputError:  # moments lie outside the range of rho, which a run says and ends
            pass
        found[f"interval of rho 0.5, {words}"] = rho
        found[f"interval of a total effect, {words}"] = total
    return found


def local(draw: int) -> Found:
    """144 places where nothing varies and one of two drivers has no effect: GWR with a searched bandwidth."""
    from ..core.drivers.local.kernels import Kernel
    from ..core.drivers.local.search import find_bandwidth, search_range
    from ..core.drivers.local.variability import variability
    from ..core.drivers.local.weighted import critical_t, fit, make_sample, scores

    rng = np.random.default_rng(draw)
    places = np.array([(i, j) for i in range(12) for j in range(12)], dtype=float) * 1000
    drivers = rng.normal(size=(144, 2))
    sample = make_sample(places, drivers[:, 0] + rng.normal(size=144), drivers)
    kernel = Kernel()
    low, high = search_range(places, kernel, 3)
    bandwidth = find_bandwidth(lambda tried: scores(sample, kernel, tried), kernel, low, high).bandwidth
    found = fit(sample, kernel, bandwidth)
    _, bound = critical_t(LEVEL, found.diagnostics.enp, 3, 144)
    t = found.t
    spread = variability(sample, kernel, bandwidth, 99, draw)
    return {
        "a driver without effect is significant anywhere, corrected": bool((np.abs(t[:, 2]) > bound).any()),
        "the same without correction": bool((np.abs(t[:, 2]) > 1.976692).any()),
        "test of variability, nothing varies": bool(spread.p[1] <= LEVEL),
    }


STUDIES: dict[str, tuple[Callable[[int], Found], int]] = {
    "detector": (detector, 1_000),
    "detector_chosen": (detector_chosen, DEAR),
    "detector_changes": (detector_changes, 1_000),
    "panel": (panel, 1_000),
    "quantiles": (quantiles, DEAR),
    "quantiles_by_bootstrap": (quantiles_by_bootstrap, DEAR),
    "patterns": (patterns, 1_000),
    "spatial": (spatial, 1_000),
    "local": (local, DEAR),
}


def simulated(name: str, draws: int | None = None) -> Iterator[tuple[str, float, float, int]]:
    """What each number of a study shows: its name, share, binomial error and data sets that gave one."""
    study, usual = STUDIES[name]
    found = [study(draw) for draw in range(draws or usual)]
    for title in found[0]:
        known = [bool(one[title]) for one in found if one.get(title) is not None]
        share = float(np.mean(known)) if known else float("nan")
        yield title, share, float(np.sqrt(share * (1 - share) / max(len(known), 1))), len(known)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", nargs="*", default=list(STUDIES), help=", ".join(STUDIES))
    parser.add_argument("--draws", type=int, help="data sets of each study (default: 1,000; 200 of dear ones)")
    given = parser.parse_args()
    for name in given.studies:
        if name not in STUDIES:
            sys.exit(f"{name} is no study: {', '.join(STUDIES)}")
        print(f"\n### {name}: {(STUDIES[name][0].__doc__ or '').splitlines()[0]}\n", flush=True)
        print("| tests reject (5 %), intervals hold (95 %) | % | ± | data sets |\n|---|---|---|---|")
        for title, share, error, count in simulated(name, given.draws):
            print(f"| {title} | {100 * share:.1f} | {100 * error:.1f} | {count} |", flush=True)


if __name__ == "__main__":
    main()
