"""What is regressed: a cross-section, pooled years, or a panel whose effects are taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...messages import say
from .lag import SpatialLag

EFFECTS = ("none", "entity", "twoway")
CORRECTIONS = ("lee_yu", "none")


@dataclass(frozen=True)
class Design:
    """Rows year by year, places in the same order in every year.

    Attributes:
        y: shape (T N,).
        x: with a constant first unless effects are taken out, shape (T N, k).
        names: of the columns of x.
        lag: the spatial lag.
        effects: of `EFFECTS`.
        size: rows that count, m; smaller than T N where effects use some up and the correction says so.
        copies: how often ln|I - rho W| counts.
        without_unit: whether the eigenvalue 1 is left out of it (year effects, corrected).
    """

    y: np.ndarray
    x: np.ndarray
    names: tuple[str, ...]
    lag: SpatialLag
    effects: str = "none"
    correction: str = "none"

    @property
    def n(self) -> int:
        return len(self.y)

    @property
    def corrected(self) -> bool:
        return self.effects != "none" and self.correction == "lee_yu"

    @property
    def without_unit(self) -> bool:
        return self.corrected and self.effects == "twoway"

    @property
    def copies(self) -> int:
        return self.lag.times - 1 if self.corrected else self.lag.times

    @property
    def size(self) -> int:
        places = self.lag.n - 1 if self.without_unit else self.lag.n
        return places * self.copies

    @property
    def freedom(self) -> int:
        """Rows less what the effects take."""
        times, places = self.lag.times, self.lag.n
        if self.effects == "none":
            return self.n
        return places * (times - 1) if self.effects == "entity" else (places - 1) * (times - 1)

    @property
    def constant(self) -> bool:
        return self.effects == "none"

    @property
    def drivers(self) -> np.ndarray:
        return self.x[:, 1:] if self.constant else self.x

    @property
    def driver_names(self) -> tuple[str, ...]:
        return self.names[1:] if self.constant else self.names

    def with_lags(self) -> Design:
        """The same with the neighbours' drivers beside the own, W X."""
        lagged = self.lag.lag(self.drivers)
        names = tuple(f"W {name}" for name in self.driver_names)
        x = np.column_stack([self.x, lagged])
        return Design(self.y, x, (*self.names, *names), self.lag, self.effects, self.correction)


def make_design(
    y: np.ndarray,
    drivers: np.ndarray,
    names: tuple[str, ...],
    lag: SpatialLag,
    effects: str = "none",
    correction: str = "lee_yu",
) -> Design:
    """A design whose effects are taken out, with a constant where there are none.

    Args:
        y: year by year, shape (T N,).
        drivers: shape (T N, k).
        names: of the drivers.
        lag: of N places and T years.
        effects: `none`, `entity` or `twoway`.
        correction: `lee_yu` or `none`.

    Raises:
        InputError: a driver that does not vary once the effects are out; too few rows; one year with effects.
    """
    if effects != "none" and lag.times < 2:
        raise InputError(
            say(
                "EFFECTS {effects} needs several years of each cell; there is one. Choose EFFECTS none.",
                effects=effects,
            )
        )
    x = np.asarray(drivers, dtype=np.float64)
    size = np.abs(x).max(axis=0)
    if effects == "none":
        flat = [name for name, column, most in zip(names, x.T, size) if np.ptp(column) <= 1e-12 * most]
        columns, names_all = np.column_stack([np.ones(len(y)), x]), ("const", *names)
    else:
        y, x = without_effects(y, lag, effects), without_effects(x, lag, effects)
        flat = [name for name, column, most in zip(names, x.T, size) if np.abs(column).max() <= 1e-9 * most]
        columns, names_all = x, names
    if flat:
        why = (
            say("does not vary")
            if effects == "none"
            else say("does not vary once effects ({effects}) are taken out", effects=effects)
        )
        raise InputError(say("{flat} {why}. Leave it out of X.", flat=", ".join(flat), why=why))
    scaled = columns / np.sqrt(np.sum(columns**2, axis=0))
    if np.linalg.matrix_rank(scaled, tol=1e-9) < columns.shape[1]:
        raise InputError(
            say(
                "The drivers ({names}) are not independent of each other: leave one of them out.",
                names=", ".join(names),
            )
        )
    design = Design(np.asarray(y), columns, names_all, lag, effects, correction)
    if design.freedom < columns.shape[1] + 3:
        raise InputError(
            say(
                "{n} rows are too few for {shape} coefficients (EFFECTS {effects}).",
                n=design.n,
                shape=columns.shape[1],
                effects=effects,
            )
        )
    return design


def without_effects(values: np.ndarray, lag: SpatialLag, effects: str) -> np.ndarray:
    """Values less the means of their cells, and of their years (`twoway`); shape as given."""
    if effects == "none":
        return values
    table = values.reshape(lag.times, lag.n, -1)
    left = table - table.mean(axis=0, keepdims=True)
    if effects == "twoway":
        left = left - left.mean(axis=1, keepdims=True)
    return left.reshape(values.shape)
