"""Equivalent factors: what a hectare of each ecosystem is worth in each service, in equivalents of farmland food."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, TableError
from ..inputs.record import remember
from ..inputs.tables import of_sum_row, sum_rows
from ..inputs.used import ClassColumn, class_columns
from ..land_cover import LandCoverClass, LandCoverScheme
from ..messages import say
from ..quantities import Words
from ..tables import Provenance, Table, provenance, resource_table, usual_column

EQUIVALENTS = ("xie2015", "xie2008", "xie2003", "custom")
FACTORS = ("NPP", "PREC", "SOIL")

_SERVICE_COLUMNS = ("service_id", "service", "group", "adjust_factor")
_OTHER_COLUMNS = ("service_zh", "note", "source", "fid", "ogc_fid")


@dataclass(frozen=True)
class Service:
    """One ecosystem service.

    Attributes:
        id: the word that bands and columns use, e.g. `water_supply`.
        name: in English (or as the user's table names it).
        name_zh: in Chinese, "" where not given.
        group: provisioning, regulating, supporting or cultural.
        factor: what adjusts it in space and time, one of `FACTORS`; "" where nothing does.
    """

    id: str
    name: str
    name_zh: str
    group: str
    factor: str

    def named(self, language: str) -> str:
        """The name in a language (`en` or `zh`), the English one where there is no other."""
        return (self.name_zh if language == "zh" else "") or self.name


@dataclass(frozen=True)
class StandardValue:
    """A published value of one equivalent, CNY per hectare and year, and where it comes from."""

    cny_per_ha: float
    reference_year: str
    region: str
    source: str
    confidence: str


@dataclass(frozen=True, eq=False)
class Equivalents:
    """A table of equivalent factors.

    Attributes:
        name: one of `EQUIVALENTS`.
        services: the services, in the order of the table.
        columns: the ecosystems of the table, e.g. `dry_farmland`.
        values: float64 (columns, services), equivalents per hectare and year; some are negative.
        mapping: the table whose weights in the land-cover scheme these columns take: `name`, or, for a custom table
            that has all columns of a table of the plugin, that table.
        standard_value: the value of one equivalent that goes with the table; None for a custom table.
        provenance: where the factors come from; None for a custom table.
    """

    name: str
    services: tuple[Service, ...]
    columns: tuple[str, ...]
    values: NDArray[np.float64]
    mapping: str
    standard_value: StandardValue | None
    provenance: Provenance | None


def load_equivalents(name: str, table: Table | None = None) -> Equivalents:
    """Loads a table of equivalent factors.

    Args:
        name: one of `EQUIVALENTS`.
        table: for `custom`: `service_id`, `service`, `group`, `adjust_factor` (NPP, PREC, SOIL, or blank for not
            adjusted) and a column of numbers per ecosystem. A row in which every number is the sum of the other rows
            is a check sum and is left out, which is told; so are the columns `service_zh`, `note`, `source` and `fid`.

    Raises:
        InputError: the name is unknown, `custom` came without a table, or another name came with one.
        TableError: the table is empty, lacks a column, repeats a service, or holds a cell that cannot be used.

    Source: Xie et al. 2003, J. Nat. Resour. 18(2); 2008, 23(5); 2015, 30(8).
    """
    if name not in EQUIVALENTS:
        raise InputError(
            say(
                "There is no equivalents table {name}. Choose one of {equivalents}.",
                name=name,
                equivalents=", ".join(EQUIVALENTS),
            )
        )
    if name == "custom":
        if table is None:
            columns = ", ".join(_SERVICE_COLUMNS)
            raise InputError(
                say("The equivalents custom need a table with {columns} and a column per ecosystem.", columns=columns)
            )
        return _equivalents_of(name, table)
    if table is not None:
        raise InputError(
            say("A table of equivalents was given, but {name} was chosen. Choose custom to use the table.", name=name)
        )
    return _equivalents_of(name, resource_table(f"equivalents_{name}"))


def class_factors(scheme: LandCoverScheme, equivalents: Equivalents, codes: Sequence[int]) -> NDArray[np.float64]:
    """The factors of land-cover classes: their weights (`class_weights`) times the factors of the table.

    Returns:
        float64 (codes, services), equivalents per hectare and year.
    """
    return np.asarray(class_weights(scheme, equivalents, codes) @ equivalents.values)


def equivalents_by_class(scheme: LandCoverScheme, equivalents: Equivalents) -> tuple[ClassColumn, ...]:
    """What classes take of a table of equivalents, as reports tell it: columns with weights, and a factor per service.

    Raises:
        TableError: as `class_weights`.
    """
    weights = class_weights(scheme, equivalents, scheme.codes)
    shares = ["; ".join(f"{c} {w:g}" for c, w in zip(equivalents.columns, row) if w) or None for row in weights]
    titles = [Words(service.name, service.named("zh")) for service in equivalents.services]
    factors = dict(zip(titles, (weights @ equivalents.values).T))
    return (*class_columns(scheme.codes, {say("Equivalents"): shares}), *class_columns(scheme.codes, factors))


def class_weights(scheme: LandCoverScheme, equivalents: Equivalents, codes: Sequence[int]) -> NDArray[np.float64]:
    """The weights of land-cover classes over the columns of a table of equivalents.

    A class takes the weights that its row states for the table. Where the table is custom and the row states
    nothing, it takes the weights of the plugin's table with the same columns, or else the column named like its
    ecosystem. A class without equivalents (built-up land) is worth nothing; signs are kept.

    Args:
        scheme: the land-cover classes.
        equivalents: the table of factors.
        codes: the class codes wanted, all known to the scheme.

    Returns:
        float64 (codes, columns).

    Raises:
        TableError: a code is unknown, a class names a column that the table does not have, its weights cannot be
            used, or no class of the scheme has equivalents at all.
    """
    if not any(_class_weights(land_class, equivalents) for land_class in scheme):
        raise TableError(
            say(
                "No class of the land-cover scheme {title} has equivalents, so every value would be zero. "
                "Give the class table a column equivalents, e.g. {columns}:1.",
                title=scheme.title,
                columns=equivalents.columns[0],
            )
        )
    weights = np.zeros((len(codes), len(equivalents.columns)))
    for row, code in enumerate(codes):
        if not scheme.known(code):
            raise TableError(
                say(
                    "The land-cover scheme {title} has no class {code}. Add it to the class table.",
                    title=scheme.title,
                    code=code,
                )
            )
        land_class = scheme.classes[code]
        for column, weight in _class_weights(land_class, equivalents).items():
            found = usual_column(column, equivalents.columns)
            if found is None:
                raise TableError(
                    say(
                        "Class {code} ({name}) takes its equivalents from the column {column}, which the table "
                        "{name2} does not have. It has {columns}.",
                        code=code,
                        name=land_class.name,
                        column=column,
                        name2=equivalents.name,
                        columns=", ".join(equivalents.columns),
                    )
                )
            weights[row, equivalents.columns.index(found)] = weight
    return weights


def _class_weights(land_class: LandCoverClass, equivalents: Equivalents) -> dict[str, float]:
    if land_class.states_equivalents(equivalents.name):
        return land_class.equivalents(equivalents.name)
    if equivalents.mapping != equivalents.name:
        return land_class.equivalents(equivalents.mapping)
    by_ecosystem = [column for column in equivalents.columns if column.casefold() == land_class.ecosystem]
    return {column: 1.0 for column in by_ecosystem}


def _equivalents_of(name: str, table: Table) -> Equivalents:
    table.require(*_SERVICE_COLUMNS)
    if table.is_empty:
        raise TableError(say("Table {name} holds no service. Add a row per service.", name=table.name))
    columns = tuple(c for c in table.columns if c.casefold() not in _SERVICE_COLUMNS + _OTHER_COLUMNS)
    if not columns:
        raise TableError(
            say(
                "Table {name} has no column of an ecosystem beside {columns}.",
                name=table.name,
                columns=", ".join(table.columns),
            )
        )
    values = np.stack([table.numbers(column) for column in columns])
    sums = sum_rows(values.T)
    if sums:
        remember([of_sum_row(table.name, table.texts("service_id")[row]) for row in sums])
        keep = [row not in sums for row in range(len(table.rows))]
        table, values = table.kept(keep), values[:, keep]
    values.setflags(write=False)
    own = name != "custom"
    return Equivalents(
        name=name,
        services=_services(table),
        columns=columns,
        values=values,
        mapping=name if own else _table_with_these(columns),
        standard_value=_standard_value(name) if own else None,
        provenance=provenance(table.name) if own else None,
    )


def _services(table: Table) -> tuple[Service, ...]:
    ids = table.texts("service_id")
    chinese = table.texts("service_zh") if table.has("service_zh") else ("",) * len(ids)
    services: list[Service] = []
    columns = zip(ids, table.texts("service"), chinese, table.texts("group"), table.texts("adjust_factor"))
    for row, (service_id, name, name_zh, group, factor) in enumerate(columns, start=1):
        where = say("Table {name}, row {row}", name=table.name, row=row)
        if not service_id:
            raise TableError(say("{where} has no service_id. Write a word that names the service.", where=where))
        if service_id in (service.id for service in services):
            raise TableError(
                say(
                    "{where} repeats the service_id {service_id}. Each service may have one row only.",
                    where=where,
                    service_id=service_id,
                )
            )
        if factor.upper() not in ("", *FACTORS):
            raise TableError(
                say(
                    "{where}, column adjust_factor holds {factor!r}. Write one of {factors}, or leave it blank "
                    "for a service that is not adjusted.",
                    where=where,
                    factor=factor,
                    factors=", ".join(FACTORS),
                )
            )
        services.append(Service(service_id, name or service_id, name_zh, group.lower(), factor.upper()))
    return tuple(services)


def _table_with_these(columns: Sequence[str]) -> str:
    """The plugin's table whose columns a custom table all has, "custom" where there is none."""
    present = {column.casefold() for column in columns}
    for name in EQUIVALENTS:
        if name != "custom" and present.issuperset(load_equivalents(name).columns):
            return name
    return "custom"


def _standard_value(name: str) -> StandardValue:
    table = resource_table("standard_value")
    row = table.texts("default_for").index(name)
    return StandardValue(
        cny_per_ha=float(table.numbers("cny_per_ha")[row]),
        reference_year=table.texts("reference_year")[row],
        region=table.texts("region")[row],
        source=table.texts("source")[row],
        confidence=table.texts("confidence")[row],
    )
