"""The condition account: variables, indicators between reference levels, and an index per ecosystem type."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...errors import TableError
from ...messages import say
from ...tables import Table
from ..quantity_table import column_texts
from .cells import WHOLE, SeeaCell, lines_of

# The classes of the typology in their order, and the group of table 5.6 that each belongs to.
GROUPS = {
    "physical": "abiotic", "chemical": "abiotic", "compositional": "biotic", "structural": "biotic",
    "functional": "biotic", "landscape": "landscape",
}  # fmt: skip
_CHINESE = {"物理": "physical", "化学": "chemical", "组成": "compositional", "结构": "structural", "功能": "functional",
            "景观": "landscape"}  # fmt: skip


@dataclass(frozen=True)
class Variable:
    """A condition variable of an ecosystem type, with its reference levels.

    Attributes:
        kind: the ecosystem type.
        ect_class: a key of `GROUPS`.
        name, unit: of the variable.
        opening, closing: its values.
        lower, upper: reference levels; lower may be above upper, where less is better.
    """

    kind: str
    ect_class: str
    name: str
    unit: str
    opening: float
    closing: float
    lower: float
    upper: float

    @property
    def indicator_opening(self) -> float:
        return indicator(self.opening, self.lower, self.upper)

    @property
    def indicator_closing(self) -> float:
        return indicator(self.closing, self.lower, self.upper)


def indicator(value: float, lower: float, upper: float) -> float:
    """Where a value lies between its reference levels, ``(x - lower) / (upper - lower)``, held in 0 to 1.

    Source: SEEA EA 2024, 5.60 to 5.70.
    """
    return min(1.0, max(0.0, (value - lower) / (upper - lower)))


@dataclass(frozen=True)
class Condition:
    """The variables of all types."""

    variables: tuple[Variable, ...]

    @property
    def types(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(variable.kind for variable in self.variables))

    def of(self, kind: str) -> list[Variable]:
        return [variable for variable in self.variables if variable.kind == kind]

    def class_means(self, kind: str) -> dict[str, tuple[float, float]]:
        """Mean indicator of each class that a type has variables of, opening and closing."""
        found = {}
        for name in GROUPS:
            of = [variable for variable in self.of(kind) if variable.ect_class == name]
            if of:
                opening = math.fsum(v.indicator_opening for v in of) / len(of)
                found[name] = opening, math.fsum(v.indicator_closing for v in of) / len(of)
        return found

    def index(self, kind: str) -> tuple[float, float] | None:
        """Condition index of a type, opening and closing: the mean of its class means; None without variables.

        It is never averaged over types.
        """
        means = list(self.class_means(kind).values())
        if not means:
            return None
        return math.fsum(m[0] for m in means) / len(means), math.fsum(m[1] for m in means) / len(means)

    def lines(self, kind: str) -> dict[str, float]:
        """The lines of table 5.6 of a type; the changes of the groups add up to the net change."""
        means, index = self.class_means(kind), self.index(kind)
        if index is None:
            raise TypeError("index is not as expected")
        lines = {"opening": index[0], "closing": index[1], "abiotic": 0.0, "biotic": 0.0, "landscape": 0.0}
        for name, (opening, closing) in means.items():
            lines[GROUPS[name]] += (closing - opening) / len(means)
        lines["net_change"] = lines["abiotic"] + lines["biotic"] + lines["landscape"]
        return lines


def read_condition(table: Table, types: Sequence[str]) -> Condition:
    """Reads condition variables.

    Args:
        table: columns `ecosystem`, `class` (or `ect_class`), `variable`, `opening`, `closing`, `lower`, `upper`, and
            optionally `unit`.
        types: of the account.

    Raises:
        TableError: a column is missing, a class or type is unknown, the reference levels are equal, or a row repeats
            another.
    """
    class_column = "class" if table.has("class") else "ect_class"
    table.require("ecosystem", class_column, "variable", "opening", "closing", "lower", "upper")
    known = {kind.casefold(): kind for kind in types}
    numbers = [table.numbers(name).tolist() for name in ("opening", "closing", "lower", "upper")]
    units = column_texts(table, "unit")
    found: list[Variable] = []
    for row, (kind, ect_class, name, unit, opening, closing, lower, upper) in enumerate(
        zip(table.texts("ecosystem"), table.texts(class_column), table.texts("variable"), units, *numbers), start=1
    ):
        where = say("Table {name}, row {row} ({name2})", name=table.name, row=row, name2=name)
        if kind.casefold() not in known:
            raise TableError(
                say(
                    "{where}: there is no ecosystem type {kind!r}. There are {types}.",
                    where=where,
                    kind=kind,
                    types=", ".join(types),
                )
            )
        variable = Variable(
            known[kind.casefold()], class_of(ect_class, where), name, unit, opening, closing, lower, upper
        )
        require_levels(lower, upper, where)
        if any((v.kind, v.name) == (variable.kind, name) for v in found):
            raise TableError(say("{where} stands for {kind} already. Keep one row.", where=where, kind=kind))
        found.append(variable)
    return Condition(tuple(found))


def class_of(text: str, where: str) -> str:
    """A class of the typology by its English or Chinese name. Raises TableError for an unknown one."""
    name = text.strip().casefold()
    name = _CHINESE.get(name, name)
    if name not in GROUPS:
        raise TableError(
            say(
                "{where}: there is no class {text!r} of condition. Write one of {groups}.",
                where=where,
                text=text,
                groups=", ".join(GROUPS),
            )
        )
    return name


def require_levels(lower: float, upper: float, where: str) -> None:
    """Raises TableError where the reference levels are equal."""
    if lower == upper:
        raise TableError(
            say(
                "{where}: lower and upper are both {lower:g}. Give two reference levels that differ.",
                where=where,
                lower=lower,
            )
        )


def condition_cells(condition: Condition, year: int) -> Iterator[SeeaCell]:
    """Tables 5.2 to 5.4 and 5.6; no line is summed over types."""
    order = 0
    for kind in condition.types:
        means, index = condition.class_means(kind), condition.index(kind)
        if index is None:
            raise TypeError("index is not as expected")
        for v in sorted(condition.of(kind), key=lambda v: list(GROUPS).index(v.ect_class)):
            order += 1
            row = (year, WHOLE, order, f"{kind}|{v.name}", f"{kind}: {v.ect_class}: {v.name}", "")
            start, end = v.indicator_opening, v.indicator_closing
            for column, value in (("opening", v.opening), ("closing", v.closing), ("change", v.closing - v.opening)):
                yield SeeaCell("5.2", *row, column, value, v.unit)
            levels = (("upper", v.upper), ("lower", v.lower), ("indicator_opening", start), ("indicator_closing", end))
            for column, value in (*levels, ("change", end - start)):
                yield SeeaCell("5.3", *row, column, value, "")
            count = sum(w.ect_class == v.ect_class for w in condition.of(kind))
            weight = 1 / len(means) / count
            for column, value in (("indicator_opening", start), ("indicator_closing", end), ("weight", weight),
                                  ("index_opening", weight * start), ("index_closing", weight * end)):  # fmt: skip
                yield SeeaCell("5.4", *row, column, value, "")
        order += 1
        for column, value in (("index_opening", index[0]), ("index_closing", index[1])):
            yield SeeaCell(
                "5.4", year, WHOLE, order, f"{kind}|index", f"{kind}: index", f"{kind}：指数", column, value, ""
            )
    for line in lines_of("condition"):
        for kind in condition.types:
            value = condition.lines(kind)[line.id]
            yield SeeaCell("5.6", year, WHOLE, line.order, line.id, line.name, line.name_zh, kind, value, "")
