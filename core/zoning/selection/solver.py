"""The exact search in a process of its own, which can be ended: the solver neither hears a cancel nor keeps a limit."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass

import numpy as np

from ...interpreter import WITHOUT_WINDOW, importing_environment
from ...progress import QUIET, Progress
from ...raster.files import workspace
from .problem import Problem
from .program import PROBLEM, SOLUTION

PACKAGES = ("numpy", "scipy.optimize")
POLLED_EVERY = 0.1
GRACE = 1.0
"""Seconds beyond its limit in which the solver may still hand back what it has."""
ROW_SCALE = 1e5
"""The solver lets a row be short by 1e-6; where a service's total counts as this, nobody can measure that."""


@dataclass(frozen=True, eq=False)
class Exact:
    """What the exact search came to.

    Attributes:
        chosen: boolean, shape (units,); None where nothing was found in time.
        bound: what every selection costs at least; -inf where unknown.
        complaint: why the process failed; empty where it did not.
    """

    chosen: np.ndarray | None
    bound: float
    complaint: str = ""


def exact_selection(
    problem: Problem, value: float, gap: float, seconds: float, python: str, progress: Progress = QUIET
) -> Exact:
    """Looks for the best selection in a process that is ended when the time is over or the user cancels.

    Args:
        problem: with as few free units as are known to matter.
        value: of the best selection so far, from which the gap is reckoned.
        gap: relative gap at which to stop.
        seconds: the limit.
        python: the interpreter.
        progress: polled for a cancel; runs to 100 with the time.

    Raises:
        Cancelled: on request, within a tenth of a second.
    """
    start = time.monotonic()
    with workspace() as folder:
        smaller = _Smaller.of(problem)
        smaller.write(folder, value, gap, time.time() + seconds)
        told = os.path.join(folder, "told.txt")
        with open(told, "w", encoding="utf-8") as log:
            # nosec B603: this package's own module by an interpreter that lies beside this process; no shell
            process = subprocess.Popen(  # nosec B603
                [python, "-m", f"{__name__.rpartition('.')[0]}.program", folder],
                env=importing_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                creationflags=WITHOUT_WINDOW,
            )  # fmt: skip
        try:
            while process.poll() is None and time.monotonic() - start < seconds + GRACE:
                progress.check()
                progress.set(min(100 * (time.monotonic() - start) / seconds, 100))
                time.sleep(POLLED_EVERY)
        finally:
            ended = process.poll()
            if ended is None:
                process.kill()
            process.wait()
        solution = os.path.join(folder, SOLUTION)
        if os.path.exists(solution):
            return smaller.read(solution)
        with open(told, encoding="utf-8", errors="replace") as log:
            lines = [line for line in log.read().splitlines() if line.strip()]
    return Exact(None, -np.inf, "" if ended is None else lines[-1] if lines else f"it ended with code {ended}")


@dataclass(frozen=True, eq=False)
class _Smaller:
    """A problem without its locked units, as the solver takes it: a y for each pair of free neighbours, 1 with both.

    ``|x_a - x_b| = x_a + x_b - 2 y`` with ``y <= x_a, y <= x_b``; the y are whole of themselves.

    Attributes:
        problem: the whole one.
        units: the free ones.
        pairs: positions of the pairs of free units.
        costs: of the free units and of the y.
        offset: what the locked units cost.
    """

    problem: Problem
    units: np.ndarray
    pairs: np.ndarray
    costs: np.ndarray
    offset: float

    @classmethod
    def of(cls, problem: Problem) -> _Smaller:
        free, count = problem.free, len(problem.costs)
        inside = problem.low > 0
        # A border comes with a unit, and goes with it where the other side is locked in.
        costs = problem.costs.copy()
        for end, other in ((problem.first, problem.second), (problem.second, problem.first)):
            signs = np.where(inside[other], -1.0, 1.0)
            costs += np.bincount(end, problem.weights * signs, count)
        pairs = np.flatnonzero(free[problem.first] & free[problem.second])
        return cls(
            problem,
            np.flatnonzero(free),
            pairs,
            np.append(costs[free], -2 * problem.weights[pairs]),
            problem.value(inside),
        )

    @property
    def _scale(self) -> float:
        """The dearest variable costs 1, so that the solver's tolerances mean the same for any currency."""
        return float(np.abs(self.costs).max(initial=0.0)) or 1.0

    def write(self, folder: str, value: float, gap: float, until: float) -> None:
        """Writes the problem for the program; the gap becomes relative to the value of the free units alone."""
        data, row, column, least = self._rows()
        of_free = abs(value - self.offset)
        np.savez(
            os.path.join(folder, PROBLEM),
            costs=self.costs / self._scale,
            whole=len(self.units),
            data=data,
            row=row,
            column=column,
            least=least,
            gap=gap * abs(value) / of_free if of_free else 0.0,
            until=until,
        )

    def _rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The constraints: a row per target, two per pair."""
        problem, units, pairs = self.problem, len(self.units), len(self.pairs)
        to_scale = ROW_SCALE / len(problem.costs)
        amounts = problem.amounts[:, self.units] * to_scale
        row, column = np.nonzero(amounts)
        missing = -problem.slack(problem.low > 0) * to_scale
        place = np.full(len(problem.costs), -1)
        place[self.units] = np.arange(units)
        number, minus = np.arange(pairs), np.full(pairs, -1.0)
        ends = (place[problem.first[self.pairs]], place[problem.second[self.pairs]])
        data = [amounts[row, column], np.ones(pairs), minus, np.ones(pairs), minus]
        rows = [row, *(len(amounts) + side * pairs + number for side in (0, 0, 1, 1))]
        columns = [column, *(part for end in ends for part in (end, units + number))]
        least = np.append(missing, np.zeros(2 * pairs))
        return np.concatenate(data), np.concatenate(rows), np.concatenate(columns), least

    def read(self, path: str) -> Exact:
        """What the program found, for all units."""
        with np.load(path) as found:
            x, bound = found["x"], float(found["bound"])
        bound = bound * self._scale + self.offset
        if not len(x):
            return Exact(None, bound)
        chosen = self.problem.low > 0
        chosen[self.units[x[: len(self.units)] > 0.5]] = True
        return Exact(chosen, bound)
