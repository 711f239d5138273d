"""Small data with published or independently computed results.

columbus: crime, income and house values of 49 districts (Anselin 1988; CC0 in R's spData). The others were made with
fixed seeds. What is expected of them was worked out by mgwr, spreg, spatialreg, splm and shap, or by formulas written
out with dense matrices.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np


def case(name: str) -> dict[str, np.ndarray]:
    """The columns of a table of this folder."""
    with (Path(__file__).parent / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {column: np.array([float(row[column]) for row in rows]) for column in rows[0]}
