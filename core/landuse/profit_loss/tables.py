"""Tables of profit and loss: the flows, the summary by zone, the classes."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from ...class_breaks import NO_CLASS, read_breaks
from ...raster.zones.zoning import ALL
from ...results import Cell, Column, ResultTable, integers, numbers
from ...tables import resource_table
from .change_index import change_index, harmony, same_sign_contributions
from .run import ProfitLossResult

_PAIR = (Column("from_year", "integer"), Column("to_year", "integer"), Column("zone", "text"))
FLOW_COLUMNS = (
    *_PAIR, *integers("from_code", "to_code"), Column("service", "text"), Column("area_ha", unit="ha"),
    Column("value", unit="currency/a"), *numbers("contribution_pct", "contribution_overall_pct", unit="%"),
    Column("intensity", unit="currency/a"),
)  # fmt: skip
SUMMARY_COLUMNS = (
    *_PAIR, *numbers("structure", "intensity", "gain", "loss", "net", unit="currency/a"),
    *numbers("change_index", "harmony"), Column("harmony_class", "text"),
)  # fmt: skip
CLASS_COLUMNS = (
    *_PAIR, Column("code", "integer"), Column("name", "text"),
    *numbers("value_from", "value_to", "change", unit="currency/a"), Column("change_index"),
    Column("contribution_overall_pct", unit="%"), Column("ecosystem", "text"),
)  # fmt: skip


def flow_table(result: ProfitLossResult) -> ResultTable:
    """A row per flow and service, and one for `all` services, for `all` and for each zone.

    `value` is the profit or loss of the change of land use; `contribution_pct` its share in all flows of the same sign,
    `contribution_overall_pct` in the whole change in value of the service (it may exceed 100). `intensity` is what
    changes of the coefficients add on that land; land that kept its class has a row only where there is such a change.
    Zones add up to `all`.
    """
    rows: list[tuple[Cell, ...]] = []
    for p, pair in enumerate(result.pairs):
        for zone, places in _zones(result):
            area = result.area_ha[p, places].sum(axis=0)
            structures = _with_all(result.structure[p, places].sum(axis=0))
            intensities = _with_all(result.intensity[p, places].sum(axis=0))
            changing = (area > 0) & (intensities != 0).any(axis=0)
            shown = (area > 0) & ~np.eye(len(result.classes), dtype=bool) | changing
            for s, service in enumerate(_service_names(result)):
                shares = same_sign_contributions(structures[s])
                change = math.fsum(structures[s].flat) + math.fsum(intensities[s].flat)
                for i, j in zip(*np.nonzero(shown)):
                    value = float(structures[s, i, j])
                    rows.append(
                        (
                            *pair, zone, result.classes[i].code, result.classes[j].code, service,
                            float(area[i, j]), value, float(shares[i, j]),
                            value / change * 100 if change else None, float(intensities[s, i, j]),
                        )
                    )  # fmt: skip
    return ResultTable(FLOW_COLUMNS, tuple(rows))


def summary_table(result: ProfitLossResult) -> ResultTable:
    """A row per pair of years and zone, and one for `all`.

    `harmony` is empty where GDP is not known or did not change. With a shrinking GDP its sign is the other way round
    and it has no class.
    """
    classes = read_breaks(resource_table("eeh_classes"), "EEH (EEHC)", "index")
    rows: list[tuple[Cell, ...]] = []
    for p, pair in enumerate(result.pairs):
        for zone, places in _zones(result):
            structure = math.fsum(result.structure[p, places].flat)
            intensity = math.fsum(result.intensity[p, places].flat)
            before, after = (math.fsum(v[p, places].flat) for v in (result.value_from, result.value_to))
            gdp_from, gdp_to = (result.gdp.get((zone, year)) for year in pair)
            known = gdp_from is not None and gdp_to is not None
            eeh = harmony(before, after, gdp_from or 0, gdp_to or 0) if known else None
            eeh_class = None
            if eeh is not None and (gdp_to or 0) > (gdp_from or 0):
                number = int(classes.classify(np.array(eeh)))
                eeh_class = None if number == NO_CLASS else classes.by_id[number].name
            gain, loss = (math.fsum(v[p, places]) for v in (result.gain, result.loss))
            index = float(change_index(before, after, result.inputs.tolerance)) if before else None
            rows.append((*pair, zone, structure, intensity, gain, loss, after - before, index, eeh, eeh_class))
    return ResultTable(SUMMARY_COLUMNS, tuple(rows))


def class_table(result: ProfitLossResult) -> ResultTable:
    """Value of each class before and after, by zone and for `all`.

    `contribution_overall_pct` is the class's change over the whole change; it may exceed 100.
    """
    rows: list[tuple[Cell, ...]] = []
    for p, pair in enumerate(result.pairs):
        for zone, places in _zones(result):
            before = result.value_from[p, places].sum(axis=(0, 1))
            after = result.value_to[p, places].sum(axis=(0, 1))
            change = math.fsum(after) - math.fsum(before)
            indices = change_index(before, after, result.inputs.tolerance)
            for land_class, old, new, index in zip(result.classes, before.tolist(), after.tolist(), indices.tolist()):
                share = (new - old) / change * 100 if change else None
                rows.append(
                    (
                        *pair, zone, land_class.code, land_class.name, old, new, new - old,
                        index if old else None, share, result.inputs.valuation.ecosystem_of(land_class.code),
                    )
                )  # fmt: skip
    return ResultTable(CLASS_COLUMNS, tuple(rows))


def _zones(result: ProfitLossResult) -> Iterator[tuple[str, list[int]]]:
    """The study area as a whole, then each zone, with their places in the arrays."""
    yield ALL, list(range(len(result.zones)))
    if result.zones != (ALL,):
        yield from ((zone, [z]) for z, zone in enumerate(result.zones))


def _service_names(result: ProfitLossResult) -> tuple[str, ...]:
    return ALL, *(service.id for service in result.services)


def _with_all(by_service: np.ndarray) -> np.ndarray:
    return np.concatenate([by_service.sum(axis=0, keepdims=True), by_service])
