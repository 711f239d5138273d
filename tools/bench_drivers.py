"""The part of the bench about drivers: seconds of processor in memory, after all imports and with the data made.

python -m ecoassets.tools.bench_drivers JOB ROWS     prints the seconds of one job, and what it found

Peers are optional: a line without its package says so. ECOASSETS_PEERS may name a Python that has them (linearmodels,
geodetector, statsmodels, mgwr); all jobs run in it then, so that libraries are the same.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

DRIVERS = 8
YEARS = 4
QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
MOST_RUNS, ENOUGH_S = 5, 20
SMALL, LARGE = 100_000, 1_000_000
NAMES = tuple(f"x{number}" for number in range(DRIVERS))
PLACES = 5_000
LOCAL = {
    "local_near": "search of the bandwidth of a local regression, 66 places the best",
    "local_far": "the same, 1,299 places the best",
    "local_term": "the bandwidth of one term of a multiscale regression",
}
SHARED_METHODS = ("equal", "quantile")  # that both programs have and that end at this size

Array = np.ndarray


def drivers() -> list[str]:
    """Detector, fixed effects, quantiles and local regressions against geodetector, linearmodels, statsmodels, mgwr."""
    title = f"### Drivers, {DRIVERS} of them, seconds of processor, best of up to {MOST_RUNS} runs"
    lines = ["", title, "", "| | rows | seconds | / EcoAssets |", "|---|---|---|---|"]
    shared = _run("detector_shared", SMALL)
    every_small, every_large = _run("detector", SMALL), _run("detector", LARGE)
    lines += _rows(f"q, best of {', '.join(SHARED_METHODS)} x 3-8 classes", SMALL, shared, "PyPI geodetector",
                   _run("peer_detector", SMALL))  # fmt: skip
    lines += _rows("q, best of five methods x 3-8 classes, natural breaks among them", LARGE, every_large)
    lines += _rows("two-way effects, errors clustered by cell, read, estimated", LARGE, _run("panel", LARGE),
                   "linearmodels", _run("peer_panel", LARGE))  # fmt: skip
    lines += _rows("the same with R2, VIF, F, Hausman in three forms and all other tests", LARGE,
                   _run("panel_with_tests", LARGE))  # fmt: skip
    exact = _run("quantiles", LARGE)
    lines += _rows("five quantiles", LARGE, exact, "statsmodels", _run("peer_quantiles", LARGE))
    for job, what in LOCAL.items():
        lines += _rows(what, PLACES, _run(job, PLACES), "mgwr", _run(f"peer_{job}", PLACES))
    if every_small and every_large and exact:
        lines += ["", f"Ten times the rows take the detector {every_large[0] / every_small[0]:.1f}x. Largest relative "
                      f"duality gap of the quantiles: {float(exact[1]):.1e}."]  # fmt: skip
    return lines


def _rows(
    what: str, rows: int, ours: tuple[float, str] | None, peer: str = "", theirs: tuple[float, str] | None = None
) -> list[str]:
    if ours is None:
        return [f"| {what} | {rows} | failed | |"]
    lines = [f"| EcoAssets, {what} | {rows} | {ours[0]:.2f} | 1 |"]
    if peer and theirs is None:
        lines.append(f"| {peer} is not installed | | | |")
    elif theirs is not None:
        lines.append(f"| {peer} | {rows} | {theirs[0]:.2f} | {theirs[0] / ours[0]:.1f} |")
    return lines


def _run(job: str, rows: int) -> tuple[float, str] | None:
    """Seconds and what was found; None where the package of a peer is missing."""
    python = os.environ.get("ECOASSETS_PEERS") or sys.executable
    command = [python, "-m", "ecoassets.tools.bench_drivers", job, str(rows)]
    # Threads that wait for work would count as work.
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
    if "ModuleNotFoundError" in done.stderr:
        return None
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr}")
    seconds, found = done.stdout.split()
    return float(seconds), found


def _panel(rows: int) -> tuple[Array, Array, Array, Array]:
    """Cells, years, drivers (one skewed, one tied) and y, whose spread grows with a driver."""
    rng = np.random.default_rng(7)
    cell = np.repeat(np.arange(rows // YEARS), YEARS)
    year = np.tile(np.arange(2000, 2000 + 5 * YEARS, 5), rows // YEARS)
    x = rng.standard_normal((len(cell), DRIVERS))
    x[:, 0] = np.exp(x[:, 0])
    x[:, 1] = np.round(x[:, 1])
    noise = rng.standard_normal(len(cell)) * (1 + 0.5 * np.abs(x[:, 2]))
    effect = rng.standard_normal(rows // YEARS)[cell] + 0.1 * (year - 2000)
    return cell, year, x, x @ np.linspace(-1, 1, DRIVERS) + effect + noise


def _detector(rows: int, methods: tuple[str, ...]) -> Callable[[], object]:
    from ..core.drivers.geodetector.optimal import choose, discretisation_curve

    _, _, x, y = _panel(rows)

    def best() -> float:
        curves = [discretisation_curve(y, column, methods, range(3, 9)) for column in x.T]
        return max(choose(name, curve, "max").q or 0.0 for name, curve in zip(NAMES, curves))

    return best


def _peer_detector(rows: int) -> Callable[[], object]:
    import pandas
    from geodetector import OptimalDiscretizer

    _, _, x, y = _panel(rows)
    table = pandas.DataFrame(x, columns=list(NAMES))
    finder = OptimalDiscretizer(discretize_methods=list(SHARED_METHODS), k_range=(3, 8))
    return lambda: max(finder.fit(table, y).best_q_.values())


def _panel_regression(rows: int, tests: bool) -> Callable[[], object]:
    from ..core.drivers.observations import read_observations
    from ..core.drivers.panel.covariance import clustered
    from ..core.drivers.panel.model import WithinRegression, without_singletons
    from ..core.drivers.panel.regression import panel_regression

    cell, year, x, y = _panel(rows)
    table = {"cell": cell, "year": year, "y": y, **dict(zip(NAMES, x.T))}

    def regress() -> float:
        observations = read_observations(table, "y", NAMES, entity="cell", time="year")
        if tests:
            return panel_regression(observations, "twoway", "cluster").terms[0].estimate
        model = WithinRegression(without_singletons(observations, "twoway"), "twoway")
        cells = {"cell": model.observations.groups["cell"]}
        clustered(model.sandwich, cells, model.parameters_beside(list(cells.values())))
        return float(model.slopes[0])

    return regress


def _peer_panel(rows: int) -> Callable[[], object]:
    import pandas
    from linearmodels import PanelOLS

    cell, year, x, y = _panel(rows)
    table = pandas.DataFrame(x, columns=list(NAMES)).assign(cell=cell, year=year, y=y).set_index(["cell", "year"])

    def regress() -> float:
        model = PanelOLS(table["y"], table[list(NAMES)], entity_effects=True, time_effects=True)
        return float(model.fit(cov_type="clustered", cluster_entity=True).params.iloc[0])

    return regress


def _quantiles(rows: int) -> Callable[[], object]:
    from ..core.drivers.quantile.regression import quantile_regression

    _, _, x, y = _panel(rows)
    return lambda: max(fit.gap or 0.0 for fit in quantile_regression(y, x, NAMES, QUANTILES, std_error="iid").fits)


def _peer_quantiles(rows: int) -> Callable[[], object]:
    from statsmodels.regression.quantile_regression import QuantReg

    _, _, x, y = _panel(rows)
    model = QuantReg(y, np.column_stack([np.ones(len(y)), x]))
    return lambda: sum(float(model.fit(q, vcov="iid").params[1]) for q in QUANTILES)


def _places(rows: int, far: bool) -> tuple[Array, Array, Array]:
    """Scattered places, y, and four drivers whose coefficients vary fast, or slowly under much noise."""
    rng = np.random.default_rng(5)
    places, x = rng.uniform(0, 1e5, (rows, 2)), rng.normal(size=(rows, 4))
    u, v = places.T / 1e5
    slow = (2 + 0.9 * np.sin(3 * u + 1) + (1 + 0.9 * np.sin(3 * v)) * x[:, 0] + (1 + 0.7 * u) * x[:, 1]
            + (1 + 0.8 * np.cos(3 * u * v)) * x[:, 2] - x[:, 3] + rng.normal(size=rows) * 2.2)  # fmt: skip

    def wave(a: float, b: float, c: float) -> Array:
        found: Array = np.sin(a * u + c) + np.cos(b * v + c)
        return found

    fast = (2 * wave(9, 10, 0) + (1 + 1.2 * wave(10, 9, 1)) * x[:, 0] + (1 + 1.2 * wave(8, 10, 2)) * x[:, 1]
            + 1.2 * wave(9, 9, 3) * x[:, 2] - 1.2 * wave(10, 8, 4) * x[:, 3] + rng.normal(size=rows) / 4)  # fmt: skip
    return places, slow if far else fast, x


def _local(rows: int, far: bool) -> Callable[[], object]:
    from ..core.drivers.local.kernels import Kernel
    from ..core.drivers.local.search import find_bandwidth, search_range
    from ..core.drivers.local.weighted import make_sample, scores

    places, y, x = _places(rows, far)
    sample, kernel = make_sample(places, y, x), Kernel()
    low, high = search_range(places, kernel, sample.k)
    return lambda: find_bandwidth(lambda tried: scores(sample, kernel, tried), kernel, low, high).bandwidth


def _term(rows: int) -> Callable[[], object]:
    from ..core.drivers.local.kernels import Kernel
    from ..core.drivers.local.smoother import TermSearch

    places, y, x = _places(rows, far=True)
    search = TermSearch(places, Kernel())  # once for all terms and sweeps
    return lambda: search.find(x[:, 0], y).bandwidth


def _peer_local(rows: int, far: bool, terms: int = 4) -> Callable[[], object]:
    from mgwr.sel_bw import Sel_BW

    def search(n: int) -> object:
        places, y, x = _places(n, far)
        scaled = (y - y.mean()) / y.std()
        drivers = ((x - x.mean(axis=0)) / x.std(axis=0))[:, :terms]
        return Sel_BW(places, scaled[:, None], drivers, constant=terms > 1, n_jobs=1).search()

    search(100)  # compiles
    return lambda: search(rows)


JOBS: dict[str, Callable[[int], Callable[[], object]]] = {
    "detector": lambda rows: _detector(rows, ("equal", "quantile", "natural", "geometric", "sd")),
    "detector_shared": lambda rows: _detector(rows, SHARED_METHODS),
    "peer_detector": _peer_detector,
    "panel": lambda rows: _panel_regression(rows, tests=False),
    "panel_with_tests": lambda rows: _panel_regression(rows, tests=True),
    "peer_panel": _peer_panel,
    "quantiles": _quantiles,
    "peer_quantiles": _peer_quantiles,
    "local_near": lambda rows: _local(rows, far=False),
    "local_far": lambda rows: _local(rows, far=True),
    "local_term": _term,
    "peer_local_near": lambda rows: _peer_local(rows, far=False),
    "peer_local_far": lambda rows: _peer_local(rows, far=True),
    "peer_local_term": lambda rows: _peer_local(rows, far=True, terms=1),
}


def main() -> None:
    job = JOBS[sys.argv[1]](int(sys.argv[2]))
    seconds: list[float] = []
    found: object = None
    # The first run of a quick job pays for memory that the system hands out, which is no work of the job.
    while len(seconds) < MOST_RUNS and sum(seconds) < ENOUGH_S:
        start = time.process_time()
        found = job()
        seconds.append(time.process_time() - start)
    print(f"{min(seconds):.4f} {found}")


if __name__ == "__main__":
    main()
