"""Supply and use tables: which ecosystem type gives a service, and who uses it, physically and in money."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...errors import InputError, TableError
from ...messages import say
from ...quantities import Words
from ...tables import Table, resource_table
from ..notices import Notice
from ..quantity_table import TOTALS, column_texts, optional_numbers
from ..services import AREA, catalogue, service_id, service_name
from .cells import UNALLOCATED, WHOLE, SeeaCell, lines_of

INTERMEDIATE = "intermediate"  # used by the ecosystems that give it
INDUSTRIES = (
    "agriculture", "forestry", "fisheries", "mining", "manufacturing", "electricity", "water", "services", "other",
)  # fmt: skip
ECONOMIC = (*INDUSTRIES, "government", "households", "exports_final")
USERS = (*ECONOMIC, INTERMEDIATE, "exports_intermediate")
_ALIASES = {"energy and water supply": "water", "energy and water": "water", "energy": "electricity",
            "household": "households", "exports": "exports_final"}  # fmt: skip
IMPORTS = ("imports_final", "imports_intermediate")
_COUNTED = ("", "valued", "given")
_EXACT = 1e-6


@dataclass(frozen=True)
class Supply:
    """A service that an ecosystem type gives in a year.

    Attributes:
        year: of the flow.
        kind: the ecosystem type.
        service, item: what it is.
        unit: of the quantity; "" where only money is told.
        quantity: None where only money is told.
        value: in the currency; None where it is not valued.
        user: of this flow alone; "" where the table of users tells.
        demand: how demand changed since the opening, where it is told.
    """

    year: int
    kind: str
    service: str
    item: str
    unit: str
    quantity: float | None
    value: float | None
    user: str = ""
    demand: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What a row of the tables is."""
        return self.service, self.item, self.unit


@dataclass(frozen=True)
class Row:
    """A row of supply and use, physical or in money: columns by id."""

    key: tuple[str, str, str]
    supply: Mapping[str, float]
    use: Mapping[str, float]

    @property
    def total_supply(self) -> float:
        return self.supply["total"]

    @property
    def total_use(self) -> float:
        return self.use["total"]


@dataclass(frozen=True)
class SupplyUse:
    """The tables of a year.

    Attributes:
        year: of the tables.
        types: ecosystem types in their order.
        physical: a row per service with a unit; no sums over rows.
        monetary: a row per service with a value.
        notices: what the reader must know.
    """

    year: int
    types: tuple[str, ...]
    physical: tuple[Row, ...]
    monetary: tuple[Row, ...]
    notices: tuple[Notice, ...] = ()

    @property
    def gep(self) -> float:
        """Gross ecosystem product: final services of resident ecosystems less net imports of intermediate ones.

        That is what they give less what ecosystems use, imported intermediate services with it; imports of final
        services are no product of these ecosystems.

        Source: SEEA EA 2024, 9.18.
        """
        return math.fsum(row.supply["total_resident"] - row.use["total_resident_ecosystems"] for row in self.monetary)

    def of_type(self, kind: str) -> float:
        """Value that a type gives."""
        return math.fsum(row.supply.get(kind, 0.0) for row in self.monetary)

    def of_user(self, user: str) -> float:
        """Value that a user takes."""
        return math.fsum(row.use.get(user, 0.0) for row in self.monetary)


def read_supply(table: Table) -> list[Supply]:
    """Reads services by year and ecosystem type.

    Args:
        table: columns `year`, `ecosystem`, `service`, `quantity`, `unit`, and `value` or `price` (or `moved_price`),
        and
            optionally `item`, `status` (rows that the account dropped are left out), `user`, `demand`. The account of
            GEP account is such a table.

    Raises:
        TableError: a column is missing, or a row sums others up.
    """
    table.require("year", "ecosystem", "service")
    if not any(table.has(name) for name in ("value", "price", "moved_price")):
        raise TableError(
            say("Table {name} needs the column value (money) or price (per unit of the quantity).", name=table.name)
        )
    names = ("item", "unit", "status", "user", "demand", "category")
    texts = {name: column_texts(table, name) for name in names}
    numbers = {name: optional_numbers(table, name) for name in ("quantity", "value", "price", "moved_price")}
    found = []
    for i, (year, kind, service) in enumerate(
        zip(table.numbers("year"), table.texts("ecosystem"), table.texts("service"))
    ):
        if kind.casefold() in TOTALS:
            raise TableError(
                say(
                    "Table {name}, row {i} sums up others (ecosystem {kind!r}). Remove it.",
                    name=table.name,
                    i=i + 1,
                    kind=kind,
                )
            )
        if service == AREA or texts["status"][i] not in _COUNTED or texts["category"][i] == "supporting":
            continue
        quantity, price = numbers["quantity"][i], numbers["price"][i]
        price = numbers["moved_price"][i] if price is None else price
        value = numbers["value"][i]
        if value is None and quantity is not None and price is not None:
            value = quantity * price
        unit = texts["unit"][i] if quantity is not None else ""
        place = int(year), kind or UNALLOCATED, service_id(service), texts["item"][i], unit
        found.append(Supply(*place, quantity, value, texts["user"][i], texts["demand"][i].casefold()))
    return found


def in_scope(flows: Sequence[Supply]) -> tuple[list[Supply], list[Notice]]:
    """The flows that the SEEA counts: no abiotic ones, no oxygen, supply of water only as a proxy.

    Source: SEEA EA 2024, 6.100 to 6.131, 9.18.
    """
    present = {flow.service for flow in flows}
    scopes = {name: catalogue()[name].seea_scope for name in present if name in catalogue()}
    regulated = "water_retention" in present
    out = {name for name, scope in scopes.items() if scope == "out" or (scope == "proxy" and regulated)}
    names = ", ".join(service_name(name, "", "en") for name in sorted(out))
    notices = [Notice("seea_warns_out", {"services": names})] if out else []
    return [flow for flow in flows if flow.service not in out], notices


class Users:
    """Who uses a service, by shares that add up to 1."""

    def __init__(self, table: Table | None) -> None:
        self._own = _shares(table) if table else {}
        self._default = _shares(resource_table("seea_users"))
        self.guessed: list[str] = []

    def of(self, flow: Supply) -> Mapping[str, float]:
        """Users of a flow and their shares."""
        if flow.user:
            return {user_id(flow.user, f"The service {flow.service} of {flow.kind}"): 1.0}
        if flow.service in self._own:
            return self._own[flow.service]
        if flow.service not in self.guessed:
            self.guessed.append(flow.service)
        known = catalogue().get(flow.service)
        if known and known.seea_scope == INTERMEDIATE:
            return {INTERMEDIATE: 1.0}
        return self._default.get(flow.service, self._default["*"])


def user_id(text: str, where: str) -> str:
    """The id of a user by its id or its name in a language. Raises InputError for an unknown one."""
    small = text.strip().casefold()
    names = {
        name.casefold(): line.id for line in lines_of("use") for name in (line.id, line.name, line.name_zh) if name
    }
    found = _ALIASES.get(small) or names.get(small, small)
    if found not in USERS:
        raise InputError(
            say(
                "{where}: there is no user {text!r}. Write one of {users}.",
                where=where,
                text=text,
                users=", ".join(USERS),
            )
        )
    return found


def _shares(table: Table) -> dict[str, dict[str, float]]:
    table.require("service", "user", "share")
    found: dict[str, dict[str, float]] = {}
    for row, (service, user, share) in enumerate(
        zip(table.texts("service"), table.texts("user"), table.numbers("share")), start=1
    ):
        where = say("Table {name}, row {row}", name=table.name, row=row)
        shares, name = found.setdefault(service_id(service), {}), user_id(user, where)
        if share < 0 or name in shares:
            raise TableError(
                say(
                    "{where}: the share of {user} in {service} is negative or told twice.",
                    where=where,
                    user=user,
                    service=service,
                )
            )
        shares[name] = float(share)
    for service, shares in found.items():
        total = math.fsum(shares.values())
        if abs(total - 1) > _EXACT:
            raise TableError(
                say(
                    "Table {name}: the shares of {service} add up to {total:g}. They must add up to 1.",
                    name=table.name,
                    service=service,
                    total=total,
                )
            )
    return found


@dataclass(frozen=True)
class Import:
    """A service from outside that is used here; `kind` is a column of `IMPORTS`."""

    service: str
    item: str
    kind: str
    quantity: float
    value: float


def read_imports(table: Table | None) -> list[Import]:
    """Reads imports: columns `service`, `kind` (final or intermediate), `quantity`, `value`, and optionally `item`.

    Raises:
        TableError: a column is missing, a number is negative, or a kind is unknown.
    """
    if table is None:
        return []
    table.require("service", "kind", "quantity", "value")
    items = column_texts(table, "item")
    columns = table.texts("service"), items, table.texts("kind"), table.numbers("quantity"), table.numbers("value")
    found = []
    for row, (service, item, kind, quantity, value) in enumerate(zip(*columns), start=1):
        name = f"imports_{kind.casefold()}"
        if name not in IMPORTS or quantity < 0 or value < 0:
            raise TableError(
                say(
                    "Table {name}, row {row}: write final or intermediate, and numbers of 0 or more.",
                    name=table.name,
                    row=row,
                )
            )
        found.append(Import(service_id(service), item, name, float(quantity), float(value)))
    return found


def supply_use(
    flows: Sequence[Supply], year: int, types: Sequence[str], users: Users, imports: Sequence[Import] = ()
) -> SupplyUse:
    """The tables of a year: total use is total supply, row by row.

    Args:
        flows: of all years.
        year: of the tables.
        types: ecosystem types in their order.
        users: who uses what.
        imports: of that year.
    """
    of_year = [flow for flow in flows if flow.year == year]
    kinds = tuple(kind for kind in (*types, UNALLOCATED) if kind in {flow.kind for flow in of_year} or kind in types)
    keys = dict.fromkeys(flow.key for flow in of_year)
    physical, monetary = [], []
    for key in keys:
        of = [flow for flow in of_year if flow.key == key]
        imported = [one for one in imports if (one.service, one.item) == key[:2]]
        amounts = [(flow, flow.quantity) for flow in of if flow.quantity is not None]
        if amounts:
            physical.append(_row(key, amounts, [(one.kind, one.quantity) for one in imported], kinds, users))
        values = [(flow, flow.value) for flow in of if flow.value is not None]
        if values:
            monetary.append(_row(key, values, [(one.kind, one.value) for one in imported], kinds, users))
    notices = []
    if any(row.supply.get(UNALLOCATED) for row in (*physical, *monetary)):
        notices.append(Notice("seea_warns_unallocated"))
    if users.guessed:
        names = {language: [service_name(name, "", language) for name in users.guessed] for language in ("en", "zh")}
        notices.append(Notice("seea_warns_users", {"services": Words(", ".join(names["en"]), "、".join(names["zh"]))}))
    return SupplyUse(year, kinds, tuple(physical), tuple(monetary), tuple(notices))


def _row(
    key: tuple[str, str, str], flows: Sequence[tuple[Supply, float]], imported: Sequence[tuple[str, float]],
    kinds: Sequence[str], users: Users,
) -> Row:  # fmt: skip
    supply = dict.fromkeys(kinds, 0.0)
    use = dict.fromkeys((*ECONOMIC, *(f"ecosystem|{kind}" for kind in kinds), "exports_intermediate"), 0.0)
    for flow, amount in flows:
        supply[flow.kind] += amount
        _use(use, users.of(flow), amount, flow.kind)
    supply["total_resident"] = math.fsum(amount for _, amount in flows)
    for column in IMPORTS:
        supply[column] = math.fsum(amount for kind, amount in imported if kind == column)
    shares = users.of(flows[0][0])
    for kind, amount in imported:
        # what comes from outside is used by those who use the service here, an intermediate one by the ecosystems
        whole = math.fsum(amount for _, amount in flows)
        if kind == "imports_final":
            _use(use, shares, amount, flows[0][0].kind)
        else:
            for flow, part in flows:
                _use(use, {INTERMEDIATE: 1.0}, amount * (part / whole if whole else 1 / len(flows)), flow.kind)
    supply["total_ecosystems"] = supply["total_resident"] + math.fsum(supply[column] for column in IMPORTS)
    supply["total"] = supply["total_ecosystems"]
    use["total_industry"] = math.fsum(use[name] for name in INDUSTRIES)
    use["total_resident"] = math.fsum((use["total_industry"], use["government"], use["households"]))
    use["total_economic"] = use["total_resident"] + use["exports_final"]
    use["total_resident_ecosystems"] = math.fsum(use[f"ecosystem|{kind}"] for kind in kinds)
    use["total_ecosystems"] = use["total_resident_ecosystems"] + use["exports_intermediate"]
    use["total"] = use["total_economic"] + use["total_ecosystems"]
    return Row(key, supply, use)


def _use(use: dict[str, float], shares: Mapping[str, float], amount: float, kind: str) -> None:
    for user, share in shares.items():
        use[f"ecosystem|{kind}" if user == INTERMEDIATE else user] += share * amount


def supply_use_cells(tables: SupplyUse, currency: str) -> Iterator[SeeaCell]:
    """Tables 7.1a and b in their units, 9.1a and b in money with sums over the services."""
    for number, rows in (("7.1", tables.physical), ("9.1", tables.monetary)):
        for order, row in enumerate(rows, start=1):
            english, chinese = (service_name(row.key[0], row.key[1], language) for language in ("en", "zh"))
            unit = row.key[2] if number == "7.1" else currency
            place = (tables.year, WHOLE, order, "|".join(row.key[:2]).rstrip("|"), english, chinese)
            for part, of in (("a", row.supply), ("b", row.use)):
                for column in columns_of("supply" if part == "a" else "use", tables.types):
                    yield SeeaCell(f"{number}{part}", *place, column, of[column], unit)
    for part, account in (("a", "supply"), ("b", "use")):
        order = len(tables.monetary) + 1
        for column in columns_of(account, tables.types):
            total = math.fsum((row.supply if part == "a" else row.use)[column] for row in tables.monetary)
            place = (tables.year, WHOLE, order, "total", "Total", "合计")
            yield SeeaCell(f"9.1{part}", *place, column, total, currency)


def columns_of(account: str, types: Sequence[str]) -> list[str]:
    """Ids of the columns of a supply or use table, the ecosystem types in their place."""
    columns: list[str] = []
    for line in lines_of(account):
        if line.id == "ecosystems":
            columns += types if account == "supply" else [f"ecosystem|{kind}" for kind in types]
        else:
            columns.append(line.id)
    return columns
