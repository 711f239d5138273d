"""What a local regression is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import InputError
from ...messages import say
from .kernels import KINDS, SHAPES, Kernel
from .weighted import CRITERIA

METHODS = ("gwr", "mgwr", "gtwr")
STOPS = ("f", "rss")


@dataclass(frozen=True)
class LocalChoice:
    """What is regressed on what, and how far a place sees.

    Attributes:
        y, x: explained column and drivers.
        method: `gwr` one bandwidth; `mgwr` one a term; `gtwr` one in space and one in time.
        entity, time: columns of cell and year.
        year: the only one that is used.
        within: whether y and x are taken as differences from the mean of their cell.
        kernel, kind: see `Kernel`.
        bandwidths: one, or one a term of `mgwr`; empty searches.
        time_bandwidth: of `gtwr` with fixed bandwidths, years.
        tau: squared distance of one squared year; None searches.
        criterion: `aicc` or `cv`.
        standardise: whether y and x are scaled to mean 0 and deviation 1; `mgwr` always does.
        alpha: level of significance at all places together.
        permutations: draws of the test of variability, 0 for none.
        stop, most_sweeps, seed: see `fit_multiscale`.
    """

    y: str
    x: tuple[str, ...]
    method: str = "gwr"
    entity: str | None = None
    time: str | None = None
    year: float | None = None
    within: bool = False
    kernel: str = "bisquare"
    kind: str = "adaptive"
    bandwidths: tuple[float, ...] = ()
    time_bandwidth: float | None = None
    tau: float | None = None
    criterion: str = "aicc"
    standardise: bool = False
    alpha: float = 0.05
    permutations: int = 0
    stop: str = "f"
    most_sweeps: int = 200
    seed: int = 0

    def __post_init__(self) -> None:
        for name, word, words in (
            ("METHOD", self.method, METHODS),
            ("KERNEL", self.kernel, SHAPES),
            ("BANDWIDTH_KIND", self.kind, KINDS),
            ("CRITERION", self.criterion, CRITERIA),
            ("STOP", self.stop, STOPS),
        ):
            if word not in words:
                raise InputError(
                    say(
                        "{name} {word!r} is not known: choose one of {words}.",
                        name=name,
                        word=word,
                        words=", ".join(words),
                    )
                )
        if self.method != "mgwr" and len(self.bandwidths) > 1:
            raise InputError(
                say(
                    "METHOD {method} takes one BANDWIDTH; given are {count}.",
                    method=self.method,
                    count=len(self.bandwidths),
                )
            )
        if self.method == "gtwr" and (self.time is None or self.year is not None):
            raise InputError(say("METHOD gtwr needs TIME, the field of the year, and all years: leave YEAR empty."))
        if self.time_bandwidth is not None and (self.kind == "adaptive" or not self.bandwidths):
            raise InputError(
                say(
                    "TIME_BANDWIDTH needs BANDWIDTH_KIND fixed and a BANDWIDTH: a year then counts as BANDWIDTH "
                    "/ TIME_BANDWIDTH. Give TAU for an adaptive bandwidth, or leave both empty to search."
                )
            )
        if self.within and self.entity is None:
            raise InputError(say("WITHIN needs ENTITY, the field of the cell whose mean is taken out."))
        if 0 < self.permutations < 19:
            raise InputError(
                say("PERMUTATIONS must be 0 or at least 19; it is {permutations}.", permutations=self.permutations)
            )
        if not 0 < self.alpha < 1:
            raise InputError(say("ALPHA must lie between 0 and 1; it is {alpha:g}.", alpha=self.alpha))

    def columns(self) -> list[str]:
        """The fields that are needed."""
        return [name for name in (self.y, *self.x, self.entity, self.time) if name]

    @property
    def scaled(self) -> bool:
        return self.standardise or self.method == "mgwr"

    def how(self) -> Kernel:
        return Kernel(self.kernel, self.kind == "adaptive")
