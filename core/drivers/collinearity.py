"""Which drivers nearly make each other up, so that their coefficients cannot be told apart.

Source: Belsley, Kuh & Welsch 1980, Regression Diagnostics, chapter 3: condition indexes and variance proportions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..messages import Message, say

STRONG = 30.0
"""Condition index from which estimates suffer."""
_EXACT = 1e9  # condition index from which a dependence is one of arithmetic
_INVOLVED = 0.5  # of the variance of a coefficient, from which its driver is part of the dependence


@dataclass(frozen=True)
class Dependence:
    """Drivers that nearly make each other up.

    Attributes:
        drivers: positions of two or more.
        index: condition index of the dependence.
        inflation: the largest variance inflation factor among them.
    """

    drivers: tuple[int, ...]
    index: float
    inflation: float


def near_dependences(columns: np.ndarray) -> list[Dependence]:
    """Near dependences among columns, the strongest first.

    Args:
        columns: drivers about their means, or after effects were taken out, shape (rows, k); a triangle R of them will
            do. No column is zero.
    """
    upper = np.linalg.qr(columns, mode="r")
    unit = upper / np.sqrt(np.einsum("ij,ij->j", upper, upper))
    _, values, directions = np.linalg.svd(unit, full_matrices=False)
    shares = (directions / np.maximum(values, 1e-300)[:, np.newaxis]) ** 2  # of each coefficient's variance
    inflation = shares.sum(axis=0)
    found = []
    for value, share in zip(values[::-1], shares[::-1]):
        drivers = tuple(np.flatnonzero(share > _INVOLVED * inflation).tolist())
        index = float(values[0] / max(value, 1e-300))
        if index > STRONG and len(drivers) > 1:
            found.append(Dependence(drivers, index, float(inflation[list(drivers)].max())))
    return found


def require_independent(names: Sequence[str], columns: np.ndarray) -> None:
    """Stops where drivers make each other up but for round-off, so that no coefficient rests on anything.

    Raises:
        InputError: tells which.
    """
    exact = [found for found in near_dependences(columns) if found.index > _EXACT]
    if exact:
        raise InputError(
            say(
                "{drivers} make each other up exactly, as a driver in two units does, or shares that add up to a "
                "constant: leave one of them out.",
                drivers=listed_names([names[driver] for driver in exact[0].drivers]),
            )
        )


def collinearity_warnings(names: Sequence[str], columns: np.ndarray) -> list[str]:
    """What to say of near dependences among the drivers `names`; see `near_dependences`."""
    warnings: list[str] = []
    for found in near_dependences(columns):
        listed = [names[driver] for driver in found.drivers]
        warnings.append(
            say(
                "{drivers} are collinear: each is nearly a linear combination of the others, as shares are that add up "
                "to a constant (condition index {index:.3g}, VIF {inflation:.3g}). Their slopes cannot be told apart: "
                "leave one out, or put them together.",
                drivers=listed_names(listed),
                index=found.index,
                inflation=found.inflation,
            )
        )
    return warnings


def listed_names(names: Sequence[str]) -> Message:
    """Names in a sentence: a, b and c."""
    return say("{others} and {last}", others=", ".join(names[:-1]), last=names[-1])
