"""Selections keep their time: a quick search with an honest bound, an exact one that can be ended."""

from __future__ import annotations

import sys
import threading
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from ecoassets.core.errors import Cancelled
from ecoassets.core.interpreter import find_python
from ecoassets.core.progress import Progress
from ecoassets.core.zoning.selection.problem import Problem
from ecoassets.core.zoning.selection.run import select_units
from ecoassets.core.zoning.selection.search import quick_selection
from ecoassets.core.zoning.selection.solver import GRACE, PACKAGES, exact_selection
from ecoassets.tests.core.zoning.test_target_selection import grid_borders, units_of


class Listener(Progress):
    """Keeps what is told, and cancels some seconds after it was made."""

    def __init__(self, cancelled_after=np.inf):
        self.told = []
        self.deadline = time.monotonic() + cancelled_after

    def info(self, message):
        self.told.append(message)

    warn = info

    def cancelled(self):
        return time.monotonic() > self.deadline


def random_problem(seed):
    """Twelve units with borders, some of them locked."""
    random = np.random.default_rng(seed)
    locks = random.choice([0, 0, 0, 0, 0, 1, -1], 12)
    units = units_of(random.gamma(1.0, 1.0, (12, 2)), random.uniform(0, 3, 12), locks, grid_borders(4, 3))
    reachable = units.amounts[locks >= 0].sum(axis=0) / units.amounts.sum(axis=0)
    return units, Problem.of_units(units, reachable * random.uniform(0.1, 0.9, 2), random.choice([0.0, 0.01, 0.1]))


def selections(problem):
    """All that keep the locks and meet the targets, with their values."""
    for bits in product((False, True), repeat=len(problem.costs)):
        chosen = np.array(bits)
        if (chosen >= problem.low).all() and (chosen <= problem.high).all() and (problem.slack(chosen) >= 0).all():
            yield chosen, problem.value(chosen)


def hard_units(side):
    random = np.random.default_rng(1)
    return units_of(
        random.lognormal(0, 1, (side * side, 5)),
        random.uniform(1, 9, side * side),
        borders=grid_borders(side, side, 500),
    )


def test_the_value_is_cost_and_border():
    units, _ = random_problem(3)
    problem = Problem.of_units(units, np.array([0.1, 0.1]), 0.07)
    for chosen in np.random.default_rng(2).random((50, 12)) < 0.5:
        expected = units.costs[chosen].sum() + 0.07 * units.borders.of_selection(chosen)
        assert problem.value(chosen) == pytest.approx(expected)
        changes = problem.changes(chosen)
        for unit in range(12):
            other = chosen.copy()
            other[unit] = not other[unit]
            assert changes[unit] == pytest.approx(problem.value(other) - problem.value(chosen))
            assert problem.change(chosen, unit) == pytest.approx(changes[unit])


@pytest.mark.parametrize("seed", range(6))
def test_no_selection_is_below_the_bound_and_narrowing_loses_none_that_is_better(seed):
    _, problem = random_problem(seed)
    found = quick_selection(problem, 0, 5)
    every = list(selections(problem))
    best = min(value for _, value in every)
    assert (problem.slack(found.chosen) >= 0).all() and problem.value(found.chosen) == pytest.approx(found.value)
    assert found.bound <= best + 1e-9 <= found.value + 2e-9
    narrowed = problem.narrowed(found.reduced, found.bound, found.value)
    better = [chosen for chosen, value in every if value < found.value]
    assert all((chosen >= narrowed.low).all() and (chosen <= narrowed.high).all() for chosen in better)


def test_a_focused_problem_moves_the_units_in_doubt_alone():
    _, problem = random_problem(1)
    found = quick_selection(problem, 0, 5)
    focused = problem.focused(found.chosen, found.reduced, 3)
    doubt = np.argsort(np.where(problem.free, np.abs(found.reduced), np.inf))[:3]
    assert set(np.flatnonzero(focused.free)) == set(doubt)
    assert (found.chosen >= focused.low).all() and (found.chosen <= focused.high).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_solver_finds_the_best_of_all(seed):
    _, problem = random_problem(seed)
    found = exact_selection(problem, problem.value(problem.high > 0), 0, 30, find_python(PACKAGES))
    best = min(value for _, value in selections(problem))
    assert problem.value(found.chosen) == pytest.approx(best, rel=1e-6)
    assert found.bound == pytest.approx(best, rel=1e-6)


def test_a_limit_of_time_is_kept_and_the_gap_told():
    units, listener, start = hard_units(100), Listener(), time.monotonic()
    result = select_units(units, [40], 0.01, time_limit=4, progress=listener)
    assert time.monotonic() - start < 4 + GRACE + 3  # the rest is the reading and writing of arrays on a busy machine
    assert 0 < result.gap < 0.2
    assert (result.held / units.amounts.sum(axis=0) >= 0.4 - 1e-6).all()
    assert "A first selection is found" in listener.told[0] and "time limit of 4 s ended" in listener.told[-1]


def test_a_cancel_ends_the_quick_search_within_a_second():
    listener = Listener(cancelled_after=0.5)
    with pytest.raises(Cancelled):
        quick_selection(Problem.of_units(hard_units(200), np.full(5, 0.4), 0.01), 0, 60, listener)
    assert time.monotonic() - listener.deadline < 1


def test_a_cancel_ends_the_process_of_the_solver_within_a_second():
    problem, listener = Problem.of_units(hard_units(60), np.full(5, 0.4), 0.01), Listener(cancelled_after=2)
    with pytest.raises(Cancelled):
        exact_selection(problem, problem.value(problem.high > 0), 0, 60, find_python(PACKAGES), listener)
    assert time.monotonic() - listener.deadline < 1
    children = Path("/proc/self/task", str(threading.get_native_id()), "children")
    if children.exists():  # Linux
        commands = [Path("/proc", child, "cmdline").read_bytes() for child in children.read_text().split()]
        assert not any(b"selection.program" in command for command in commands)


def test_a_solver_that_fails_is_told(tmp_path):
    problem = Problem.of_units(hard_units(4), np.full(5, 0.4), 0.0)
    broken = tmp_path / "python3"
    broken.write_text("#!/bin/sh\necho no scipy here >&2\nexit 3\n")
    broken.chmod(0o755)
    found = exact_selection(problem, 100.0, 0, 5, str(broken))
    assert found.chosen is None and found.complaint == "no scipy here"


def test_where_qgis_brings_no_interpreter_the_quick_search_stands_alone(monkeypatch, tmp_path):
    for name in ("exec_prefix", "base_exec_prefix"):
        monkeypatch.setattr(sys, name, str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "QGIS"))
    monkeypatch.setenv("PATH", str(tmp_path))
    find_python.cache_clear()
    try:
        assert find_python(PACKAGES) is None
        listener = Listener()
        result = select_units(hard_units(20), [40], 0.01, time_limit=3, progress=listener)
    finally:
        find_python.cache_clear()
    assert 0 < result.gap < 0.2 and "No Python interpreter with scipy is found" in listener.told[0]
