"""What a panel regression regresses on what, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...errors import InputError
from ...messages import say
from .alternatives import MODELS
from .terms import Made, parse_terms


@dataclass(frozen=True)
class PanelChoice:
    """What is regressed on what, and how.

    Attributes:
        y, x: explained column and drivers.
        entity, time: columns of cell and year.
        effects, covariance: see `panel_regression`.
        cluster: columns of the clusters.
        transforms: by column.
        block_size: side of spatial blocks as clusters, units of the coordinates; 0 for none.
        cutoff, kernel: of Conley's errors; units of the coordinates, metres where they are degrees.
        lags: longest lag of Driscoll-Kraay and of Conley across times; None chooses.
        confidence: of the intervals.
        model: see `alternatives.MODELS`; `fe` without effects is `pooled`.
        terms: squares, products and lags of drivers, see `parse_terms`.
        ar_test: whether errors are tested for lasting from time to time.
        compare: whether the other models are estimated too.
        second_opinion: whether statsmodels computes slopes and errors again.
    """

    y: str
    x: tuple[str, ...]
    entity: str | None = None
    time: str | None = None
    effects: str = "twoway"
    covariance: str = "cluster"
    cluster: tuple[str, ...] = ()
    transforms: Mapping[str, str] = field(default_factory=dict)
    block_size: float = 0.0
    cutoff: float | None = None
    kernel: str = "bartlett"
    lags: int | None = None
    confidence: float = 0.95
    model: str = "fe"
    terms: str = ""
    ar_test: bool = True
    compare: bool = False
    second_opinion: bool = False

    def drivers(self) -> tuple[tuple[str, ...], tuple[Made, ...]]:
        """All drivers, and the columns that are made of fields."""
        return parse_terms(self.terms, self.x)

    def fields(self) -> tuple[str, ...]:
        """The fields of the drivers and of what is made of them."""
        drivers, made = self.drivers()
        return tuple(dict.fromkeys((*drivers, *(field for term in made for field in term.fields))))

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.y, *self.fields(), self.entity, self.time, *self.cluster) if name]

    def check(self) -> None:
        """Raises InputError where model and effects contradict each other."""
        if self.model not in MODELS:
            raise InputError(
                say("MODEL {model!r} is not known: choose one of {models}.", model=self.model, models=", ".join(MODELS))
            )
        if self.model == "pooled" and self.effects != "none":
            raise InputError(
                say("MODEL pooled has no effects, and EFFECTS is {effects}. Choose none.", effects=self.effects)
            )
