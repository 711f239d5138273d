"""The program of the solver's own process: reads a problem, solves it with SciPy's HiGHS, writes what it found.

It is run as a module by `solver.py` and imports nothing but NumPy and SciPy. Argument: the folder of the two files.
"""

from __future__ import annotations

import os
import sys
import time

import numpy as np

PROBLEM, SOLUTION = "problem.npz", "solution.npz"
OPTIMAL = 0


def solve(folder: str) -> None:
    """Solves ``min costs z``, ``rows z >= least``, the first `whole` of z 0 or 1, until the time `until`.

    Reads `PROBLEM` (rows as data, row, column, shape) and writes `SOLUTION`: x, empty where none was found, and the
    bound, -inf where none is known.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import coo_matrix, csr_matrix

    with np.load(os.path.join(folder, PROBLEM)) as given:
        size = len(given["costs"])
        rows = coo_matrix((given["data"], (given["row"], given["column"])), shape=(len(given["least"]), size))
        found = milp(
            given["costs"],
            integrality=(np.arange(size) < given["whole"]).astype(int),
            bounds=Bounds(np.zeros(size), np.ones(size)),
            constraints=LinearConstraint(csr_matrix(rows), given["least"], np.inf),
            options={"time_limit": max(float(given["until"]) - time.time(), 0.1), "mip_rel_gap": float(given["gap"])},
        )
    x = np.empty(0) if found.x is None else found.x
    bound = getattr(found, "mip_dual_bound", None)
    if bound is None:
        bound = found.fun if found.status == OPTIMAL else -np.inf
    partial = os.path.join(folder, "partial.npz")
    np.savez(partial, x=x, bound=bound)
    os.replace(partial, os.path.join(folder, SOLUTION))


if __name__ == "__main__":
    solve(sys.argv[1])
