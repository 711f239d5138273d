"""The within regression: effects taken out, drivers that cannot be told from them left out, slopes fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy import linalg

from ...errors import InputError
from ...messages import say
from ..observations import Dropped, Observations
from .covariance import Sandwich, parameters_beside
from .effects import Groups, Projection, singletons, two_way
from .fit import independent, least_squares, narrowed, norms, triangle


def groups_of(codes: np.ndarray | None, labels: np.ndarray | None) -> Groups:
    """The groups of a column that was read."""
    if codes is None:
        raise TypeError("codes is not as expected")
    if labels is None:
        raise TypeError("labels is not as expected")
    return Groups(codes, len(labels))


def _effect_groups(observations: Observations, effects: str) -> tuple[Groups, ...]:
    entity = (groups_of(observations.entity, observations.entities),) if effects in ("entity", "twoway") else ()
    time = (groups_of(observations.time, observations.times),) if effects in ("time", "twoway") else ()
    return entity + time


def without_singletons(observations: Observations, effects: str) -> Observations:
    """The rows that say something about slopes.

    Raises:
        InputError: no row does.
    """
    groups = _effect_groups(observations, effects)
    if not groups:
        return observations
    alone = singletons(groups)
    if alone.all():
        name = observations.time_name if effects == "time" else observations.entity_name
        raise InputError(
            say(
                "Every row is alone in its {name}: effects fit all rows exactly and nothing is left for the "
                "drivers. Check ENTITY and TIME, or choose EFFECTS none.",
                name=name,
            )
        )
    return observations.keep(
        ~alone, [Dropped(say("rows"), int(alone.sum()), say("singletons, fitted exactly by an effect"))]
    )


class WithinRegression:
    """Least squares after the effects, in units where every demeaned driver has length one.

    Attributes:
        centred, y_centred: drivers (n, all) and y (n,) less their means.
        kept: positions of the drivers that have a slope.
        left_out: positions of those that only the effects rule out.
        within, y_within: kept drivers (n, k), divided by their `length`, and y after the effects were taken out.
        upper: triangle of [within y_within].
        raw, upper_raw: the kept drivers, centred and divided by the same `length`, and their triangle with y.
        pooled: least squares on `raw`, without effects.
        total: sum of squares of y after the effects.
        absorbed: p, the parameters that the effects took.
        df: n - k - p.
        fit: least squares on `within`.
        slopes: coefficients in the units of the data, shape (k,).
        sandwich: the start of every covariance; without effects a constant of length one comes first.
    """

    def __init__(self, observations: Observations, effects: str) -> None:
        self.observations, self.effects = observations, effects
        self.groups = _effect_groups(observations, effects)
        self.projection: Projection | None = None
        if effects == "twoway":
            self.projection = two_way(*self.groups)
        elif self.groups:
            self.projection = Projection(self.groups[0])
        self.absorbed = self.projection.parameters if self.projection else 0
        self._demean()
        self._fit()

    def _demean(self) -> None:
        given = self.observations
        self.x_mean, self.y_mean = given.x.mean(axis=0), float(given.y.mean())
        self.centred = given.x - self.x_mean
        self.y_centred = given.y - self.y_mean
        within = self.centred
        y_within = self.y_centred
        if self.projection:
            within = self.projection(self.centred)
            y_within = self.projection(self.y_centred[:, None])[:, 0]
        self.total = float(y_within @ y_within)
        if np.sqrt(self.total) <= 1e-12 * max(float(np.linalg.norm(given.y)), 1e-300):
            what = (
                say("does not vary")
                if not self.projection
                else say("does not vary beside the effects ({effects})", effects=self.effects)
            )
            raise InputError(
                say(
                    "Y {y_name} {what} over the {n} rows: there is nothing to explain.",
                    y_name=given.y_name,
                    what=what,
                    n=given.n,
                )
            )
        spread = norms(self.centred)
        spread = np.where(spread > 1e-12 * norms(given.x), spread, np.inf)
        upper = triangle(within, y_within)
        found = independent(upper, spread)
        self.kept = found.kept
        self.dropped = tuple(
            Dropped(
                say("driver {x_names}", x_names=given.x_names[j]), 1, self._why(j, others, bool(np.isinf(spread[j])))
            )
            for j, others in sorted(found.made_of.items())
        )
        self.left_out = [j for j in found.made_of if not found.made_of[j] and np.isfinite(spread[j])]
        if not self.kept:
            reasons = "; ".join(f"{item.what}: {item.reason}" for item in self.dropped)
            raise InputError(say("No driver is left to estimate. {reasons}.", reasons=reasons))
        self.upper = narrowed(upper, self.kept)
        self.length = norms(self.upper[:, :-1])
        scale = np.r_[self.length, 1.0]
        self.within = np.asfortranarray(within[:, self.kept]) / self.length
        self.upper, self.y_within = self.upper / scale, y_within
        if self.projection:
            self.raw = np.asfortranarray(self.centred[:, self.kept]) / self.length
            self.upper_raw = triangle(self.raw, self.y_centred)
        else:
            self.raw, self.upper_raw = self.within, self.upper

    def _why(self, j: int, others: tuple[int, ...], constant: bool) -> str:
        given = self.observations
        if others:
            names = ", ".join(given.x_names[i] for i in others)
            if self.projection:
                return say("made up of {names} beside the effects", names=names)
            return say("made up of {names}", names=names)
        if constant or not self.projection:
            return say("the same value in every row")
        if self.effects == "time":
            return say(
                "the same for all entities in each {time_name}; use EFFECTS entity or none", time_name=given.time_name
            )
        entity = Projection(self.groups[0])(self.centred[:, [j]])
        if norms(entity)[0] <= 1e-9 * norms(self.centred[:, [j]])[0]:
            return say(
                "does not change over time within any {entity_name}; use EFFECTS time or none, or its product with "
                "the year",
                entity_name=given.entity_name,
            )
        return say(
            "the sum of a part of {entity_name} and a part of {time_name}; use EFFECTS entity",
            entity_name=given.entity_name,
            time_name=given.time_name,
        )

    def _fit(self) -> None:
        given = self.observations
        k = len(self.kept) + (not self.projection)
        self.df = given.n - k - self.absorbed
        if self.df <= 0:
            raise InputError(
                say(
                    "{n} rows cannot estimate {k} coefficients and {absorbed} effects: at least {k2} rows are "
                    "needed. Add years, or use fewer drivers or effects.",
                    n=given.n,
                    k=k,
                    absorbed=self.absorbed,
                    k2=k + self.absorbed + 1,
                )
            )
        self.fit = least_squares(self.within, self.y_within, self.upper)
        columns, everything = self.within, self.fit
        if not self.projection:
            # Centred drivers are at right angles to the constant, which is given length one too.
            columns = np.column_stack([np.full(given.n, given.n**-0.5), self.within])
            inverse, root = (linalg.block_diag(1.0, part) for part in (self.fit.inverse, self.fit.root))
            everything = replace(self.fit, coefficients=np.r_[0.0, self.fit.coefficients], inverse=inverse, root=root)
        self.pooled = self.fit
        if self.projection:
            self.pooled = least_squares(self.raw, self.y_centred, self.upper_raw)
        self.sandwich = Sandwich.of(everything, columns, self.df)
        self.slopes = self.fit.coefficients / self.length

    @property
    def parameters(self) -> int:
        """Coefficients estimated, a constant among them."""
        return len(self.sandwich.fit.coefficients)

    @property
    def components(self) -> int:
        return self.projection.components if self.projection else 1

    def parameters_beside(self, clusters: Sequence[np.ndarray]) -> int:
        return parameters_beside(self.parameters, [group.codes for group in self.groups], self.components, clusters)
