"""The monetary asset account: what future services are worth, and what changed it: land, prices, volume."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from ...tables import resource_table
from ..notices import Notice
from .cells import TOTAL, WHOLE, SeeaCell, lines_of
from .condition import Condition

Timing = Literal["end", "start"]
Classify = Literal["type", "service"]
UP, DOWN, SAME = "up", "down", "same"
ENTRIES = ("enhancement", "degradation", "upward_reappraisal", "downward_reappraisal")


def annuity(rate: float, years: float, timing: Timing = "end") -> float:
    """Present value of 1 in each year, ``(1 - (1 + r)^-n) / r``; times ``1 + r`` where flows come at the start.

    Args:
        rate: discount rate, as a fraction.
        years: n, life of the asset.
        timing: of the flow within a year.

    Source: SEEA EA 2024, annex 10.1, with 1/(1 + r)^t where a table of it prints 0.98^t for 2 percent.
    """
    factor = years if rate == 0 else (1 - (1 + rate) ** -years) / rate
    return factor * (1 + rate) if timing == "start" else factor


def effects_of_three(
    first: tuple[float, float, float], second: tuple[float, float, float]
) -> tuple[float, float, float]:
    """What each of three factors adds to the change of their product, without a rest.

    Effect of f: ``df [(x0 y0 + x1 y1)/3 + (x0 y1 + x1 y0)/6]``, and so for the others.

    Source: SEEALand workbook of SEEA EA 2024, annex 10.1 (the printed formulas swap two weights).
    """
    found = []
    for n in range(3):
        a, b = (m for m in range(3) if m != n)
        same = (first[a] * first[b] + second[a] * second[b]) / 3
        crossed = (first[a] * second[b] + second[a] * first[b]) / 6
        found.append((second[n] - first[n]) * (same + crossed))
    return found[0], found[1], found[2]


@dataclass(frozen=True)
class Flow:
    """What is expected of a service of a type each year, at the opening and at the closing.

    Attributes:
        kind: the ecosystem type.
        service: its name.
        opening, closing: quantity in a year.
        price_opening, price_closing: per unit.
        demand: how demand changed, `up`, `down` or "" where nobody tells.
    """

    kind: str
    service: str
    opening: float
    closing: float
    price_opening: float
    price_closing: float
    demand: str = ""


@dataclass(frozen=True)
class FlowChange:
    """Value of a flow and what changed it."""

    flow: Flow
    opening: float
    closing: float
    area_effect: float
    volume_effect: float
    price_effect: float


@dataclass(frozen=True)
class AssetAccount:
    """Table 10.1.

    Attributes:
        types: ecosystem types.
        lines: by id, one value per type.
        changes: flow by flow.
        entries: where the volume effect of each type, or of each flow, went.
        factor: present value of 1 a year.
        notices: what the reader must know.
    """

    types: tuple[str, ...]
    lines: Mapping[str, tuple[float, ...]]
    changes: tuple[FlowChange, ...]
    entries: Mapping[str, str]
    factor: float
    notices: tuple[Notice, ...] = ()

    def total(self, line: str) -> float:
        return math.fsum(self.lines[line])


def flow_change(flow: Flow, areas: tuple[float, float], factor: float, life: float) -> FlowChange:
    """Value ``V = A q p`` of a flow before and after, and the effects of area A, volume per area q and price p.

    ``Q`` is the flow times its life, ``q = Q / A``, ``p = NPV / Q``. Where a type has no area at one end, or gives no
    flow, the other end's volume per area and price stand for it, so that all of the change is one of land or of volume.

    Args:
        flow: expected quantities and prices.
        areas: of the type, opening and closing.
        factor: of `annuity`.
        life: years.
    """
    ends = ((flow.opening, flow.price_opening, areas[0]), (flow.closing, flow.price_closing, areas[1]))
    values = [quantity * price * factor for quantity, price, _ in ends]
    per_area = [quantity * life / area if area else math.nan for quantity, _, area in ends]
    prices = [price * factor / life if quantity or price else math.nan for quantity, price, _ in ends]
    per_area, prices = _filled(per_area), _filled(prices)
    first, second = ((area, x, p) for (_, _, area), x, p in zip(ends, per_area, prices))
    if not any(areas):  # without any land, volume is the flow itself
        first, second = ((1.0, quantity * life, p) for (quantity, _, _), p in zip(ends, prices))
    by_area, by_volume, by_price = effects_of_three(first, second)
    return FlowChange(flow, values[0], values[1], by_area, by_volume, by_price)


def _filled(pair: Sequence[float]) -> list[float]:
    """The other end where one has no value, 0 where neither has."""
    known = [value for value in pair if not math.isnan(value)]
    return [value if not math.isnan(value) else (known[0] if known else 0.0) for value in pair]


def entry_of(volume: float, condition: str, demand: str = "") -> tuple[str, bool]:
    """What a change of volume is recorded as, and whether volume, condition and demand fit together.

    A condition that rises or falls tells enhancement or degradation where volume goes the same way. Where they go
    apart, demand explains it: a reappraisal. So it is too where the condition does not change or is not known.

    Args:
        volume: its effect, in money.
        condition: `up`, `down` or `same`; "" where it is not known.
        demand: `up` or `down`; "" where nobody tells.

    Source: SEEA EA 2024, table A10.1.5.
    """
    way = UP if volume >= 0 else DOWN
    appraised = "upward_reappraisal" if way == UP else "downward_reappraisal"
    if condition in ("", SAME):
        return appraised, True
    rows = [
        str(row["entry"])
        for row in resource_table("seea_volume_rules").rows
        if (row["volume_change"], row["condition_change"]) == (way, condition) and demand in ("", row["demand_change"])
    ]
    possible = [entry for entry in rows if entry != "impossible"]
    return (possible[0], True) if possible else (appraised, False)


def asset_account(
    flows: Sequence[Flow],
    areas: Mapping[str, tuple[float, float]],
    condition: Condition | None,
    rate: float,
    life: float,
    timing: Timing = "end",
    classify: Classify = "type",
    tolerance: float = 0.0,
) -> AssetAccount:
    """The monetary asset account: values by type and what changed them; the lines add up to the closing value.

    Args:
        flows: expected, by type and service.
        areas: of the types, opening and closing.
        condition: tells enhancement and degradation from reappraisals; None records all as reappraisals.
        rate, life, timing: of the present value.
        classify: whether the volume effects of a type are recorded together or service by service.
        tolerance: changes of the condition index up to this count as none.
    """
    factor = annuity(rate, life, timing)
    types = tuple(dict.fromkeys(flow.kind for flow in flows))
    found = tuple(flow_change(flow, areas.get(flow.kind, (0.0, 0.0)), factor, life) for flow in flows)
    lines: dict[str, list[float]] = {line.id: [] for line in lines_of("asset")}
    entries: dict[str, str] = {}
    notices: list[Notice] = []
    for kind in types:
        of = [change for change in found if change.flow.kind == kind]
        way = _condition_way(condition, kind, tolerance)
        parts = [of] if classify == "type" else [[change] for change in of]
        recorded = dict.fromkeys(ENTRIES, 0.0)
        for part in parts:
            volume = math.fsum(change.volume_effect for change in part)
            demand = part[0].flow.demand if len({change.flow.demand for change in part}) == 1 else ""
            entry, fits = entry_of(volume, way, demand)
            name = kind if classify == "type" else f"{kind}, {part[0].flow.service}"
            if volume:
                recorded[entry] += volume
                entries[name] = entry
            if volume and not fits:
                notices.append(Notice("seea_warns_impossible", {"name": name, "condition": way, "demand": demand}))
        land = math.fsum(change.area_effect for change in of)
        price = math.fsum(change.price_effect for change in of)
        opening, closing = math.fsum(c.opening for c in of), math.fsum(c.closing for c in of)
        reappraised = recorded["upward_reappraisal"] + recorded["downward_reappraisal"]
        values = {
            "opening": opening, "enhancement": recorded["enhancement"], "degradation": recorded["degradation"],
            "conversions": land, "additions": max(land, 0.0), "reductions": min(land, 0.0),
            "other_changes": reappraised,
            "catastrophic": 0.0, "reappraisals": reappraised, "revaluations": price, "net_change": closing - opening,
            "closing": closing,
        }  # fmt: skip
        for name, value in values.items():
            lines[name].append(value)
    lacking = [kind for kind in types if condition is None or condition.index(kind) is None]
    if lacking:
        notices.append(Notice("seea_warns_no_condition", {"types": ", ".join(lacking)}))
    return AssetAccount(types, {name: tuple(v) for name, v in lines.items()}, found, entries, factor, tuple(notices))


def _condition_way(condition: Condition | None, kind: str, tolerance: float) -> str:
    index = condition.index(kind) if condition else None
    if index is None:
        return ""
    change = index[1] - index[0]
    return SAME if abs(change) <= tolerance else UP if change > 0 else DOWN


def asset_cells(account: AssetAccount, year: int, currency: str) -> Iterator[SeeaCell]:
    """Table 10.1 with a total over the types."""
    for line in lines_of("asset"):
        for kind, value in (*zip(account.types, account.lines[line.id]), (TOTAL, account.total(line.id))):
            yield SeeaCell("10.1", year, WHOLE, line.order, line.id, line.name, line.name_zh, kind, value, currency)
