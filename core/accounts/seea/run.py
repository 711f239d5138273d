"""SEEA EA accounts: extent, condition, supply and use, monetary assets, out of maps and tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError, TableError
from ...land_cover import ECOSYSTEMS, LandCoverScheme
from ...landuse.transfer.run import TransferInputs, run_transfer_matrix
from ...messages import listed, say
from ...progress import QUIET, Progress
from ...quantities import Words
from ...raster.files import workspace
from ...raster.reading.series import yearly_sources
from ...raster.settings import RasterSettings
from ...raster.study import open_study_area
from ...raster.zones.zoning import ZoneLayer
from ...tables import Table
from ..notices import Notice
from ..quantity_table import column_texts
from ..services import service_id, service_name
from ..zoned import require_disjoint
from .assets import AssetAccount, Classify, Flow, Timing, asset_account, asset_cells
from .cells import UNALLOCATED, SeeaCell
from .condition import Condition, condition_cells, read_condition
from .condition_maps import condition_of_maps
from .extent import Extent, extent_cells, extent_of_table, managed_transfers
from .supply_use import Supply, SupplyUse, Users, in_scope, read_imports, read_supply, supply_use, supply_use_cells


@dataclass(frozen=True)
class SeeaInputs:
    """What the accounts are made of; every part is optional, but one is needed.

    Attributes:
        land_cover: one raster per year, or one with a band per year; the first and the last year are compared.
        years: rising.
        scheme: meaning of the codes.
        types: columns `code`, `type`: ecosystem types of the account in place of the ecosystems of the scheme.
        zones: accounting areas.
        extent: transfers in place of maps, see `extent_of_table`.
        managed: which transfers people caused, see `managed_transfers`.
        condition: see `read_condition`.
        condition_rasters: maps of condition variables, a band per year, in the order of `condition_variables`.
        condition_variables: columns `variable`, `class`, `lower`, `upper`, and optionally `unit`, `ecosystem`.
        services: see `read_supply`.
        users: columns `service`, `user`, `share`.
        imports: see `read_imports`.
        expected: expected flows in place of those of the first and last year: columns `ecosystem`, `service`,
            `expected_opening`, `expected_closing`, `price_opening`, `price_closing`, and optionally `demand`.
        discount_rate: as a fraction.
        life: of the assets, years.
        timing, classify, tolerance: see `asset_account`.
        currency: of money.
    """

    land_cover: tuple[str, ...] = ()
    years: tuple[int, ...] = ()
    scheme: LandCoverScheme | None = None
    types: Table | None = None
    zones: ZoneLayer | None = None
    extent: Table | None = None
    managed: Table | None = None
    condition: Table | None = None
    condition_rasters: tuple[str, ...] = ()
    condition_variables: Table | None = None
    services: Table | None = None
    users: Table | None = None
    imports: Table | None = None
    expected: Table | None = None
    discount_rate: float = 0.02
    life: float = 100.0
    timing: Timing = "end"
    classify: Classify = "type"
    tolerance: float = 0.0
    currency: str = "CNY"


@dataclass(frozen=True, eq=False)
class SeeaResult:
    """The accounts; None for a part that was not asked for.

    Attributes:
        years: opening and closing year.
        types: ecosystem types in their order.
        extent, condition, assets: see there.
        supply: tables of each year that has services.
        inputs: what was asked for.
        notices: what the reader must know.
    """

    years: tuple[int, int]
    types: tuple[str, ...]
    extent: Extent | None
    condition: Condition | None
    supply: tuple[SupplyUse, ...]
    assets: AssetAccount | None
    inputs: SeeaInputs
    notices: tuple[Notice, ...]

    def cells(self) -> Iterator[SeeaCell]:
        """Every cell of every table."""
        closing = self.years[1]
        if self.extent:
            yield from extent_cells(self.extent, closing)
        if self.condition:
            yield from condition_cells(self.condition, closing)
        for tables in self.supply:
            yield from supply_use_cells(tables, self.inputs.currency)
        if self.assets:
            yield from asset_cells(self.assets, closing, self.inputs.currency)

    def numbers(self) -> dict[str, float]:
        """Headline figures that exist."""
        found = {}
        if self.supply:
            found = {"GEP_OPENING": self.supply[0].gep, "GEP_CLOSING": self.supply[-1].gep}
        if self.assets:
            found |= {"NPV_OPENING": self.assets.total("opening"), "NPV_CLOSING": self.assets.total("closing")}
        return found


def run_seea_accounts(
    inputs: SeeaInputs, settings: RasterSettings | None = None, progress: Progress = QUIET
) -> SeeaResult:
    """Makes the accounts that the inputs allow.

    Raises:
        InputError: nothing is given, two sources tell the same, services tell of types that the extent does not have,
        or
            zones overlap.
        TableError: a table cannot be used, or a land-cover code is not in the scheme.
        GridError, Cancelled: see `run_job`.
    """
    settings = settings or RasterSettings()
    _check(inputs)
    flows, notices = in_scope(read_supply(inputs.services)) if inputs.services else ([], [])
    extent = _extent(inputs, settings, progress.part(0, 60))
    types = extent.types if extent else _types_of(flows, inputs)
    _refuse_strangers(flows, types)
    condition = _condition(inputs, types, settings, progress.part(60, 95))
    users, imports = Users(inputs.users), read_imports(inputs.imports)
    years = sorted({flow.year for flow in flows})
    told = [years[0], years[-1]] if len(years) > 1 else years
    # what comes from outside is told for the last year alone
    supply = tuple(supply_use(flows, year, types, users, imports if year == told[-1] else ()) for year in told)
    assets = _assets(inputs, flows, extent, condition)
    found = [*notices, *(supply[-1].notices if supply else ()), *(assets.notices if assets else ())]
    if extent and inputs.managed is None:
        found.append(Notice("seea_warns_managed"))
    for notice in found:
        progress.warn(listed([Words(notice.text("en"), notice.text("zh"))], ""))
    span = (inputs.years[0], inputs.years[-1]) if inputs.years else (told[0], told[-1]) if told else (0, 0)
    return SeeaResult(span, types, extent, condition, supply, assets, inputs, tuple(found))


def _check(inputs: SeeaInputs) -> None:
    if inputs.land_cover and inputs.extent:
        raise InputError(say("LAND_COVER and EXTENT are both given. Keep one."))
    if not (inputs.land_cover or inputs.extent or inputs.services or inputs.condition or inputs.expected):
        raise InputError(say("There is nothing to account: give LAND_COVER or EXTENT, CONDITION, or SERVICES."))
    if inputs.land_cover and len(inputs.years) < 2:
        raise InputError(say("An extent account compares two years: give land cover of both and YEARS."))
    if inputs.condition_rasters and not inputs.land_cover:
        raise InputError(say("CONDITION_RASTERS are averaged over the types of the land cover: give LAND_COVER."))
    if inputs.discount_rate < 0 or not inputs.life > 0:
        raise InputError(
            say(
                "DISCOUNT_RATE is {discount_rate:g} % and LIFE {life:g} years. Give a rate of 0 or more and "
                "a life above 0.",
                discount_rate=100 * inputs.discount_rate,
                life=inputs.life,
            )
        )
    if inputs.tolerance < 0:
        raise InputError(say("CONDITION_TOLERANCE is {tolerance:g}. Give 0 or more.", tolerance=inputs.tolerance))


def type_names(inputs: SeeaInputs) -> dict[int, str]:
    """The type of each code: that of the table of types, else the ecosystem.

    Raises:
        TableError: a column is missing or a code repeats.
    """
    if inputs.scheme is None:
        raise TypeError("inputs.scheme is not as expected")
    names = {land_class.code: land_class.ecosystem for land_class in inputs.scheme}
    if inputs.types is not None:
        inputs.types.require("code", "type")
        given = dict(zip(inputs.types.codes("code"), inputs.types.texts("type")))
        unknown = [code for code in given if code not in names]
        if unknown:
            raise TableError(
                say(
                    "Table {name} names the code {unknown}, which the scheme does not know.",
                    name=inputs.types.name,
                    unknown=unknown[0],
                )
            )
        names |= {code: name for code, name in given.items() if name}
    return names


def _extent(inputs: SeeaInputs, settings: RasterSettings, progress: Progress) -> Extent | None:
    if inputs.extent is not None:
        types, zones, areas = extent_of_table(inputs.extent)
        return Extent(types, zones, areas, managed_transfers(types, {}, inputs.managed))
    if not inputs.land_cover:
        return None
    if inputs.scheme is None:
        raise TypeError("inputs.scheme is not as expected")
    if inputs.zones is not None and inputs.zones.kind == "polygons":
        with workspace() as folder:
            first = yearly_sources("land_cover", inputs.land_cover, inputs.years, say("Land cover"), kind="classes")[0]
            require_disjoint(inputs.zones, open_study_area(first, settings, folder, progress))
    found = run_transfer_matrix(
        TransferInputs(inputs.land_cover, inputs.years, inputs.scheme, inputs.zones), None, settings, progress
    )
    names = type_names(inputs)
    occurring = {names[code] for code in found.codes}
    order = [name for name in ECOSYSTEMS if name in occurring]
    types = tuple([*order, *(name for name in dict.fromkeys(names[code] for code in found.codes) if name not in order)])
    member = np.array([[names[code] == kind for kind in types] for code in found.codes], dtype=float)
    # the last pair is that of the first and the last year
    areas = np.einsum("zij,ia,jb->zab", found.area_ha[-1], member, member)
    ecosystems = {names[c.code]: c.ecosystem for c in found.classes}
    return Extent(types, found.zones, areas, managed_transfers(types, ecosystems, inputs.managed))


def _types_of(flows: Sequence[Supply], inputs: SeeaInputs) -> tuple[str, ...]:
    """Types of accounts without an extent: those of the services, the condition and the expected flows."""
    names = [flow.kind for flow in flows if flow.kind != UNALLOCATED]
    for table in (inputs.expected, inputs.condition):
        if table is not None and table.has("ecosystem"):
            names += table.texts("ecosystem")
    return tuple(dict.fromkeys(names))


def _refuse_strangers(flows: Sequence[Supply], types: Sequence[str]) -> None:
    strange = sorted({flow.kind for flow in flows} - {*types, UNALLOCATED})
    if strange:
        raise InputError(
            say(
                "SERVICES tell of the ecosystem types {strange}, which the extent does not have: {types}. "
                "Name them alike, or map the codes in TYPES.",
                strange=", ".join(strange),
                types=", ".join(types),
            )
        )


def _condition(
    inputs: SeeaInputs, types: Sequence[str], settings: RasterSettings, progress: Progress
) -> Condition | None:
    variables = list(read_condition(inputs.condition, types).variables) if inputs.condition else []
    if inputs.condition_rasters:
        if inputs.condition_variables is None:
            raise InputError(
                say(
                    "CONDITION_RASTERS need CONDITION_VARIABLES: variable, class, lower and upper of each "
                    "raster, in their order."
                )
            )
        variables += condition_of_maps(
            inputs.land_cover, inputs.years, inputs.scheme, type_names(inputs), inputs.condition_rasters,
            inputs.condition_variables, settings, progress,
        )  # fmt: skip
    return Condition(tuple(variables)) if variables else None


def _assets(
    inputs: SeeaInputs, flows: Sequence[Supply], extent: Extent | None, condition: Condition | None
) -> AssetAccount | None:
    expected = read_expected(inputs.expected) if inputs.expected else _expected(flows)
    if not expected:
        return None
    areas = {kind: (extent.opening(kind), extent.closing(kind)) for kind in extent.types} if extent else {}
    return asset_account(
        expected, areas, condition, inputs.discount_rate, inputs.life, inputs.timing, inputs.classify, inputs.tolerance
    )


def read_expected(table: Table) -> list[Flow]:
    """Reads expected flows, see `SeeaInputs`. Raises TableError where a column is missing."""
    names = ("expected_opening", "expected_closing", "price_opening", "price_closing")
    table.require("ecosystem", "service", *names)
    numbers = [table.numbers(name).tolist() for name in names]
    demands = [text.casefold() for text in column_texts(table, "demand")]
    columns = zip(table.texts("ecosystem"), table.texts("service"), demands, *numbers)
    return [
        Flow(kind, service_id(service), first, last, price_first, price_last, demand)
        for kind, service, demand, first, last, price_first, price_last in columns
    ]


def _expected(flows: Sequence[Supply]) -> list[Flow]:
    """The flows of the first and of the last year, taken to go on; none where there is one year alone."""
    years = sorted({flow.year for flow in flows})
    if len(years) < 2:
        return []
    ends: dict[tuple[str, str], list[Supply | None]] = {}
    for flow in flows:
        if flow.year in (years[0], years[-1]) and flow.value is not None:
            key = (flow.kind, service_name(flow.service, flow.item, "en"))
            ends.setdefault(key, [None, None])[int(flow.year == years[-1])] = flow
    found = []
    for (kind, service), (first, last) in ends.items():
        (q0, p0), (q1, p1) = _quantity_and_price(first), _quantity_and_price(last)
        demand = last.demand if last else ""
        found.append(Flow(kind, service, q0, q1, p0 if q0 else p1, p1 if q1 else p0, demand))
    return found


def _quantity_and_price(flow: Supply | None) -> tuple[float, float]:
    """Of money without a quantity, the money at a price of 1."""
    if flow is None or flow.value is None:
        return 0.0, 0.0
    if not flow.quantity:
        return flow.value, 1.0
    return flow.quantity, flow.value / flow.quantity
