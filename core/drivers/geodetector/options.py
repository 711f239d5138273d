"""How the geographical detector judges factors."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...errors import InputError
from ...messages import say
from .changes import FEWEST_DRAWS
from .judged import Judgement
from .optimal import RULES
from .strata import TREE, StrataSettings

MOST_SHARED = 10
"""Shares take a tree for every set of factors, of which there are two to the power of their number."""
SHARED_ROWS = 10_000
"""Of more rows than that, this many are drawn for the shares."""


@dataclass(frozen=True)
class DetectorOptions:
    """How factors are judged.

    Attributes:
        strata: how factors become strata.
        singletons: ``keep`` counts strata of one sample with a sum of squares of 0, ``drop`` leaves their samples out.
        permutations: random orders of y for p_permutation; 0 for none.
        seed: start of the random orders, and of the folds.
        confidence: of the interval of q, and 1 - significance of the risk and ecological detectors.
        variance: ``sample`` or ``population``, in Wang's noncentrality.
        shares: whether each factor's share in the q of all is told.
        folds: of the cross-validation of q; 0 for none.
        year_breaks: ``pooled`` makes the strata once from all years, ``own`` anew in each.
        second_opinion: whether statsmodels computes q again.
        change_draws: draws of cells for the interval of the change of q since the first year; 0 for none.
    """

    strata: StrataSettings = field(default_factory=StrataSettings)
    singletons: str = "keep"
    permutations: int = 0
    seed: int = 0
    confidence: float = 0.95
    variance: str = "sample"
    shares: bool = False
    folds: int = 0
    year_breaks: str = "pooled"
    second_opinion: bool = False
    change_draws: int = 0

    def check(self) -> None:
        """Raises InputError where an option cannot be used."""
        for option, value, known in (
            ("rule", self.strata.rule, RULES),
            ("strata", self.strata.kind, ("classes", TREE)),
            ("singletons", self.singletons, ("keep", "drop")),
            ("variance", self.variance, ("sample", "population")),
            ("year_breaks", self.year_breaks, ("pooled", "own")),
        ):
            if value not in known:
                raise InputError(
                    say(
                        "Option {option} = '{value}' is unknown; choose from {known}.",
                        option=option,
                        value=value,
                        known=", ".join(known),
                    )
                )
        if not 0 < self.confidence < 1:
            raise InputError(say("Confidence must lie between 0 and 1, not {confidence}.", confidence=self.confidence))
        if self.permutations < 0:
            raise InputError(
                say("The number of permutations cannot be negative ({permutations}).", permutations=self.permutations)
            )
        if self.folds and self.folds < 2:
            raise InputError(say("FOLDS is {folds}. Give 2 or more, or 0 for no cross-validation.", folds=self.folds))
        if 0 < self.change_draws < FEWEST_DRAWS:
            raise InputError(
                say(
                    "CHANGE_DRAWS is {draws}. Give {fewest} or more, such as 999, or 0 for no intervals of changes.",
                    draws=self.change_draws,
                    fewest=FEWEST_DRAWS,
                )
            )
        if self.strata.limits and self.strata.kind == TREE:
            raise InputError(say("BREAKS gives limits, and STRATA tree finds its own. Leave out the one."))

    @property
    def judgement(self) -> Judgement:
        return Judgement(self.singletons == "drop", self.confidence, self.variance, self.strata.kind == TREE)
