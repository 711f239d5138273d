"""Strata that nobody has to choose: the leaves of a regression tree of y on one factor or on several.

The rule is that of rpart with its defaults: of all splits that leave at least 7 rows on either side the one that lowers
the sum of squares most, categories in the order of their mean; nodes of fewer than 20 rows are not split. The tree is
grown in full and then pruned, for a weak split can open a strong one: a node stays a leaf unless its subtree, at a
price of 1 % of the sum of squares of y for each leaf, costs less than the node.

Sources: Breiman et al. 1984, Classification and Regression Trees; Luo et al. 2022, 10.1016/j.isprsjprs.2022.01.009
(geographically optimal zones-based heterogeneity).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from .sample import Categories
from .statistics import Floats, Integers

FEWEST_TO_SPLIT, FEWEST_IN_LEAF = 20, 7
COMPLEXITY = 0.01
DEEPEST = 30


@dataclass
class Node:
    """A node of a tree.

    Attributes:
        n: rows.
        mean: of y.
        ssw: sum of squares of y about the mean.
        factor: name of the factor that splits it; empty for a leaf.
        limit: rows at most this large go left, where the factor is of numbers.
        goes_left: (categories,) which go left, where it is of categories; those without rows go with the larger side.
        left, right: its children.
    """

    n: int
    mean: float
    ssw: float
    factor: str = ""
    limit: float = 0.0
    goes_left: np.ndarray | None = None
    left: Node | None = None
    right: Node | None = None


@dataclass(frozen=True)
class Leaf:
    """A stratum: the rule that leads to it, its rows and the mean of y."""

    rule: str
    n: int
    mean: float


@dataclass(frozen=True)
class Tree:
    """A pruned tree of one factor or several.

    Attributes:
        root: of the nodes.
        labels: of the categories, by factor.
    """

    root: Node
    labels: Mapping[str, tuple[str, ...]]

    def leaves(self) -> list[Leaf]:
        """The strata, in the order of the codes of `strata`."""
        found: list[Leaf] = []
        self._collect(self.root, {}, found)
        return found

    def strata(self, factors: Mapping[str, Categories | Floats]) -> Integers:
        """(n,) the leaf of each row, 0 to the number of leaves - 1."""
        rows = len(next(iter(_values(factor) for factor in factors.values())))
        codes = np.zeros(rows, dtype=np.int64)
        count = 0
        waiting = [(self.root, np.arange(rows))]
        while waiting:
            node, here = waiting.pop()
            if node.left is None or node.right is None:
                codes[here] = count
                count += 1
                continue
            values = _values(factors[node.factor])[here]
            left = node.goes_left[values] if node.goes_left is not None else values <= node.limit
            waiting += [(node.right, here[~left]), (node.left, here[left])]  # the left one is next
        return codes

    def _collect(self, node: Node, bounds: dict[str, _Bounds], found: list[Leaf]) -> None:
        if node.left is None or node.right is None:
            rules = (bound.rule(name, self.labels.get(name, ())) for name, bound in bounds.items())
            found.append(Leaf(" & ".join(rules), node.n, node.mean))
            return
        every = _Bounds(categories=np.ones(len(self.labels.get(node.factor, ())), dtype=bool))
        known = bounds.get(node.factor, every)
        if node.goes_left is None:
            sides = replace(known, high=node.limit), replace(known, low=node.limit)
        else:
            sides = tuple(  # type: ignore[assignment]
                replace(known, categories=known.categories & side) for side in (node.goes_left, ~node.goes_left)
            )
        for child, side in zip((node.left, node.right), sides):
            self._collect(child, {**bounds, node.factor: side}, found)


@dataclass(frozen=True)
class _Bounds:
    """What the splits above a leaf leave of a factor."""

    low: float = -np.inf
    high: float = np.inf
    categories: np.ndarray = field(default_factory=lambda: np.ones(0, dtype=bool))

    def rule(self, name: str, labels: Sequence[str]) -> str:
        if len(labels):
            return f"{name}: {', '.join(label for label, kept in zip(labels, self.categories) if kept)}"
        low = f"{self.low:.6g} < " if np.isfinite(self.low) else ""
        if np.isfinite(self.high):
            return f"{low}{name} <= {self.high:.6g}"
        return f"{name} > {self.low:.6g}"


def grow_tree(y: Floats, factors: Mapping[str, Categories | Floats]) -> Tree:
    """The pruned tree of y on all the factors together.

    Args:
        y: (n,) explained variable.
        factors: (n,) each, by name; of equal splits the first factor named is taken.
    """
    grower = _Grower(y, factors)
    root = grower.grow()
    grower.prune(root)
    return Tree(root, {name: f.labels for name, f in factors.items() if isinstance(f, Categories)})


@dataclass
class _Part:
    """The rows of a node: all of them, and in the order of each factor of numbers."""

    rows: Integers
    orders: list[Integers]
    node: Node
    depth: int = 0


@dataclass(frozen=True)
class _Split:
    """A split and by how much it lowers the sum of squares; see `Node`."""

    gain: float
    limit: float = 0.0
    goes_left: np.ndarray | None = None
    factor: str = ""


class _Grower:
    def __init__(self, y: Floats, factors: Mapping[str, Categories | Floats]) -> None:
        self._y = y - y.mean()
        self._level = float(y.mean())
        self._names = list(factors)
        self._factors = factors
        self._numbers = [name for name, factor in factors.items() if not isinstance(factor, Categories)]
        total = float(self._y @ self._y)
        self._price = COMPLEXITY * total
        self._side = np.zeros(len(y), dtype=bool)

    def grow(self) -> Node:
        rows = np.arange(len(self._y))
        orders = [np.argsort(_values(self._factors[name]), kind="stable") for name in self._numbers]
        top = _Part(rows, orders, self._node(rows))
        waiting = [top]
        while waiting:
            waiting += self._split(waiting.pop())
        return top.node

    def prune(self, node: Node) -> float:
        """Makes leaves of nodes whose subtree is not worth its leaves; returns what the node costs then."""
        alone = node.ssw + self._price
        if node.left is None or node.right is None:
            return alone
        below = self.prune(node.left) + self.prune(node.right)
        if below < alone:
            return below
        node.left = node.right = None
        return alone

    def _node(self, rows: Integers) -> Node:
        values = self._y[rows]
        mean = float(values.mean())
        return Node(len(rows), mean + self._level, float(((values - mean) ** 2).sum()))

    def _split(self, part: _Part) -> list[_Part]:
        """Splits a node in place and returns its children."""
        node = part.node
        # Two leaves cost two prices at least, so that a node of no more than one price is never split in the end.
        if node.n < FEWEST_TO_SPLIT or part.depth >= DEEPEST or node.ssw <= self._price:
            return []
        best = _Split(0.0)
        mean = node.mean - self._level
        for name in self._names:
            factor = self._factors[name]
            if isinstance(factor, Categories):
                split = _best_categories(factor.codes[part.rows], self._y[part.rows] - mean, len(factor.labels))
            else:
                order = part.orders[self._numbers.index(name)]
                split = _best_limit(factor[order], self._y[order] - mean)
            if split.gain > best.gain * (1 + 1e-12):
                best = replace(split, factor=name)
        if not best.factor:
            return []
        node.factor, node.limit, node.goes_left = best.factor, best.limit, best.goes_left
        values = _values(self._factors[node.factor])[part.rows]
        left = values <= node.limit
        if node.goes_left is not None:
            left = node.goes_left[values]
            present = np.bincount(values, minlength=len(node.goes_left)) > 0
            node.goes_left = np.where(present, node.goes_left, 2 * np.count_nonzero(left) >= len(left))
        self._side[part.rows] = left
        children = []
        for side in (True, False):
            orders = [order[self._side[order] == side] for order in part.orders]
            rows = part.rows[left == side]
            children.append(_Part(rows, orders, self._node(rows), part.depth + 1))
        node.left, node.right = children[0].node, children[1].node
        return children


def _values(factor: Categories | Floats) -> np.ndarray:
    return factor.codes if isinstance(factor, Categories) else factor


def _best_limit(x: Floats, y: Floats) -> _Split:
    """The split of sorted x with the largest gain, which is 0 where there is none.

    Args:
        x: (n,) ascending.
        y: (n,) about their mean, in the order of x.
    """
    n = len(y)
    sums = np.cumsum(y)[FEWEST_IN_LEAF - 1 : n - FEWEST_IN_LEAF]
    counts = np.arange(FEWEST_IN_LEAF, n - FEWEST_IN_LEAF + 1)
    apart = x[FEWEST_IN_LEAF - 1 : n - FEWEST_IN_LEAF] < x[FEWEST_IN_LEAF : n - FEWEST_IN_LEAF + 1]
    if not apart.any():
        return _Split(0.0)
    gains = np.where(apart, sums**2 * (1 / counts + 1 / (n - counts)), -1.0)
    at = int(np.argmax(gains))
    low, high = x[FEWEST_IN_LEAF - 1 + at], x[FEWEST_IN_LEAF + at]
    limit = (low + high) / 2
    return _Split(float(gains[at]), float(limit if limit < high else low))


def _best_categories(codes: Integers, y: Floats, categories: int) -> _Split:
    """The same for categories in the order of their mean of y."""
    count = np.bincount(codes, minlength=categories)
    total = np.bincount(codes, weights=y, minlength=categories)
    present = np.flatnonzero(count)
    if len(present) < 2:
        return _Split(0.0)
    order = present[np.argsort(total[present] / count[present], kind="stable")]
    n, sums = np.cumsum(count[order])[:-1], np.cumsum(total[order])[:-1]
    enough = (n >= FEWEST_IN_LEAF) & (len(y) - n >= FEWEST_IN_LEAF)
    if not enough.any():
        return _Split(0.0)
    gains = np.where(enough, sums**2 * (1 / n + 1 / (len(y) - n)), -1.0)
    at = int(np.argmax(gains))
    left = np.zeros(categories, dtype=bool)
    left[order[: at + 1]] = True
    return _Split(float(gains[at]), goes_left=left)


def shapley_shares(value: Mapping[frozenset[str], float], names: Sequence[str]) -> dict[str, float]:
    """What each factor adds on average over all orders in which factors can be added; the shares sum to that of all.

    Args:
        value: of every set of factors, the empty set excepted, which is worth 0.
        names: of all factors.

    Source: Shapley 1953; Li et al. 2023, 10.1080/17538947.2023.2271883 (locally explained stratified heterogeneity).
    """
    count = len(names)
    weights = [1.0]
    for size in range(1, count):  # size! (count - size - 1)! / count!, from 1/count on
        weights.append(weights[-1] * size / (count - size))
    shares = dict.fromkeys(names, 0.0)
    for chosen, worth in value.items():
        for name in chosen:
            without = chosen - {name}
            gain = worth - (value[without] if without else 0.0)
            shares[name] += weights[len(without)] / count * gain
    return shares
