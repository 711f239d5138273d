"""From a factor to its strata: taken as they are, by the user's limits, by optimal classes, or by a tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ...errors import InputError
from ...messages import say
from .discretise import METHODS, classify
from .optimal import OPTIMAL, Choice, build_ladder
from .sample import Categories
from .statistics import Floats, Integers, q_of_shuffled
from .tables import Strata
from .tree import Tree, grow_tree

OWN, TREE = "own", "tree"


@dataclass(frozen=True)
class StrataSettings:
    """How factors become strata.

    Attributes:
        methods: discretisation methods to try, of `discretise.METHODS` and `optimal.OPTIMAL`.
        classes: numbers of classes to try.
        rule: how the number of classes is chosen, of `optimal.RULES`.
        limits: inner limits that the user gives, by factor; they take the place of everything else.
        kind: ``classes`` or ``tree``.
    """

    methods: tuple[str, ...] = METHODS
    classes: tuple[int, ...] = tuple(range(3, 9))
    rule: str = "loess"
    limits: Mapping[str, Sequence[float]] = field(default_factory=dict)
    kind: str = "classes"


class Stratifier:
    """Makes the strata of one factor, for y in any order. This one takes categories as they are.

    Args:
        name: of the factor.
        factor: categories or numbers.
        settings: how numbers become strata.
    """

    def __init__(self, name: str, factor: Categories | Floats, settings: StrataSettings) -> None:
        self.name, self._factor, self._settings = name, factor, settings

    def strata(self, y: Floats) -> Strata:
        """The strata with all there is to tell of them."""
        factor = self._categories
        values: Sequence[float | None] = factor.values or [None] * len(factor.labels)
        limits = tuple((value, value) for value in values)
        return Strata(factor.codes, factor.labels, limits, "", len(factor.labels))

    def codes(self, y: Floats) -> Integers:
        """(n,) the stratum of each row, quickly."""
        return self._categories.codes

    def q(self, y: Floats) -> float:
        """The q of `codes`, quickly."""
        return quick_q(y, self.codes(y), drop=False)

    def tree(self, y: Floats) -> Tree:
        """The tree of y on the factor, whatever its strata are."""
        return grow_tree(y, {self.name: self._factor})

    def transferred(self, y: Floats, rows: Integers) -> Integers:
        """(n,) the stratum of each row where only some rows are known when the strata are made."""
        return self._categories.codes

    @property
    def _categories(self) -> Categories:
        if not isinstance(self._factor, Categories):
            raise TypeError("self._factor is not as expected")
        return self._factor

    @property
    def _numbers(self) -> Floats:
        if isinstance(self._factor, Categories):
            raise TypeError("self._factor is not as expected")
        return self._factor


class OwnLimits(Stratifier):
    """Classes by the user's limits, closed on the right.

    Raises:
        InputError: a class holds fewer than two rows.
    """

    def __init__(self, name: str, factor: Categories | Floats, settings: StrataSettings) -> None:
        super().__init__(name, factor, settings)
        if isinstance(factor, Categories):
            raise InputError(
                say("BREAKS gives limits of {name!r}, which is taken as categories. Leave out the one.", name=name)
            )
        self._limits = np.array(sorted(set(settings.limits[name])), dtype=np.float64)
        count = np.bincount(classify(self._numbers, self._limits), minlength=len(self._limits) + 1)
        if count.min() < 2:
            which = int(count.argmin())
            raise InputError(
                say(
                    "BREAKS: class {number} of {name!r} ({label}) holds {rows} rows, and a class needs 2. {name!r} "
                    "lies between {low:g} and {high:g}.",
                    number=which + 1,
                    name=name,
                    label=_interval_labels(self._edges())[which],
                    rows=int(count[which]),
                    low=self._numbers.min(),
                    high=self._numbers.max(),
                )
            )

    def strata(self, y: Floats) -> Strata:
        edges = self._edges()
        codes = classify(self._numbers, self._limits)
        return Strata(codes, _interval_labels(edges), tuple(zip(edges, edges[1:])), OWN, len(edges) - 1)

    def codes(self, y: Floats) -> Integers:
        return classify(self._numbers, self._limits)

    def transferred(self, y: Floats, rows: Integers) -> Integers:
        return classify(self._numbers, self._limits)

    def _edges(self) -> list[float]:
        inner = self._limits.tolist()
        return [min(float(self._numbers.min()), inner[0]), *inner, max(float(self._numbers.max()), inner[-1])]


class OptimalClasses(Stratifier):
    """Classes that are chosen to explain y; see `optimal`."""

    def __init__(self, name: str, factor: Categories | Floats, settings: StrataSettings) -> None:
        super().__init__(name, factor, settings)
        self._ladder = build_ladder(self._numbers, settings.methods, settings.classes)
        self._choice = Choice(name, self._ladder.candidates, settings.rule)

    def strata(self, y: Floats) -> Strata:
        curve = self._ladder.curve(y)
        chosen = curve[self._choice(np.array([candidate.q for candidate in curve]))]
        breaks = chosen.breaks.values
        edges = [float(self._numbers.min()), *breaks.tolist(), float(self._numbers.max())]
        return Strata(
            classify(self._numbers, breaks),
            _interval_labels(edges),
            tuple(zip(edges, edges[1:])),
            chosen.method,
            chosen.classes,
            curve,
            chosen.breaks.excess,
        )

    def codes(self, y: Floats) -> Integers:
        best = self._choice(self._ladder.q(y))
        chosen = self._ladder.candidates[best]
        breaks = self._ladder.curve(y)[best].breaks if chosen.method == OPTIMAL else chosen.breaks
        return classify(self._numbers, breaks.values)

    def q(self, y: Floats) -> float:
        q = self._ladder.q(y)
        return float(q[self._choice(q)])

    def transferred(self, y: Floats, rows: Integers) -> Integers:
        known = OptimalClasses(self.name, self._numbers[rows], self._settings)
        limits = known.strata(y[rows]).limits
        return classify(self._numbers, np.array([high for _, high in limits[:-1]], dtype=np.float64))


class TreeLeaves(Stratifier):
    """The leaves of a regression tree of y on the factor."""

    def strata(self, y: Floats) -> Strata:
        tree = self.tree(y)
        leaves = tree.leaves()
        codes = tree.strata({self.name: self._factor})
        if isinstance(self._factor, Categories):
            names = [leaf.rule.partition(": ")[2] or "–" for leaf in leaves]
            return Strata(codes, tuple(names), ((None, None),) * len(leaves), TREE, len(leaves))
        inner = np.unique(self._limits(tree))
        edges = [float(self._factor.min()), *inner.tolist(), float(self._factor.max())]
        codes = classify(self._factor, inner)  # leaves from low to high
        return Strata(codes, _interval_labels(edges), tuple(zip(edges, edges[1:])), TREE, len(leaves))

    def codes(self, y: Floats) -> Integers:
        return self.tree(y).strata({self.name: self._factor})

    def transferred(self, y: Floats, rows: Integers) -> Integers:
        return grow_tree(y[rows], {self.name: _rows_of(self._factor, rows)}).strata({self.name: self._factor})

    @staticmethod
    def _limits(tree: Tree) -> list[float]:
        waiting, limits = [tree.root], []
        while waiting:
            node = waiting.pop()
            if node.left is not None and node.right is not None:
                limits.append(node.limit)
                waiting += [node.left, node.right]
        return limits


def stratifier(name: str, factor: Categories | Floats, settings: StrataSettings) -> Stratifier:
    """What makes the strata of a factor. Raises InputError where they cannot be made as asked."""
    if name in settings.limits:
        return OwnLimits(name, factor, settings)
    if settings.kind == TREE:
        return TreeLeaves(name, factor, settings)
    return (Stratifier if isinstance(factor, Categories) else OptimalClasses)(name, factor, settings)


def quick_q(y: Floats, codes: Integers, drop: bool) -> float:
    """Q of y in strata, in one pass.

    Args:
        y: (n,) values near mean 0.
        codes: (n,) strata.
        drop: whether samples that are alone in their stratum are left out.
    """
    count = np.bincount(codes)
    if drop and (count == 1).any():
        kept = count[codes] > 1
        y, codes = y[kept], codes[kept]
        count = np.bincount(codes, minlength=len(count))
    return q_of_shuffled(y, codes, np.maximum(count[: int(codes.max()) + 1], 1)) if len(codes) else 0.0


def _rows_of(factor: Categories | Floats, rows: Integers) -> Categories | Floats:
    if isinstance(factor, Categories):
        return Categories(factor.codes[rows], factor.labels, factor.values)
    return factor[rows]


def _interval_labels(edges: Sequence[float]) -> tuple[str, ...]:
    labels = [f"({low:.6g}, {high:.6g}]" for low, high in zip(edges, edges[1:])]
    return ("[" + labels[0][1:], *labels[1:])
