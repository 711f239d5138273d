"""Tables of a transfer matrix: the flows, the balance of the classes, the dynamic degrees, the legend of the map."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...land_cover import LandCoverClass
from ...raster.output import ClassColour
from ...raster.zones.zoning import ALL
from ...report.texts import blend, load_texts
from ...results import Cell, Column, ResultTable, integers, numbers, texts
from .dynamic_degree import comprehensive_degree, single_degree
from .run import FROM, TransferResult

TRANSFER_COLUMNS = (
    *integers("from_year", "to_year"), Column("zone", "text"), *integers("from_code", "to_code"),
    *texts("from_name", "to_name"), Column("pixels", "integer"), Column("area_ha", unit="ha"),
    *numbers("from_pct", "to_pct", unit="%"),
)  # fmt: skip
BALANCE_COLUMNS = (
    *integers("from_year", "to_year"), Column("zone", "text"), Column("code", "integer"), Column("name", "text"),
    *numbers("area_from_ha", "area_to_ha", "persistence_ha", "loss_ha", "gain_ha", "net_ha", unit="ha"),
)  # fmt: skip
DEGREE_COLUMNS = (
    *integers("from_year", "to_year"), Column("zone", "text"), Column("code", "integer"),
    Column("single_pct", unit="%/a"), Column("comprehensive_pct", unit="%"),
    *numbers("comprehensive_gross_annual_pct", "comprehensive_net_annual_pct", unit="%/a"),
)  # fmt: skip
# What stays is drawn in this grey, so that what changed stands out.
PERSISTENT_COLOUR = "#e4e4e0"
NAMELESS_COLOUR = "#8c8c8c"
TINGE = 0.3


def transfer_table(result: TransferResult) -> ResultTable:
    """A row per flow that occurs, what stays included, for `all` and for each zone; zones add up to `all`.

    `from_pct` is the share of the class's area before, `to_pct` of its area after, both within the zone.
    """
    rows: list[tuple[Cell, ...]] = []
    for pair, zone, pixels, areas in _matrices(result):
        before, after = areas.sum(axis=1), areas.sum(axis=0)
        for i, j in zip(*np.nonzero(pixels)):
            first, second = result.classes[i], result.classes[j]
            rows.append(
                (
                    *pair, zone, first.code, second.code, first.name, second.name,
                    int(pixels[i, j]), float(areas[i, j]),
                    float(areas[i, j] / before[i] * 100), float(areas[i, j] / after[j] * 100),
                )
            )  # fmt: skip
    return ResultTable(TRANSFER_COLUMNS, tuple(rows))


def balance_table(result: TransferResult) -> ResultTable:
    """Loss, gain, net change and persistence of every class, by zone and for `all`."""
    rows: list[tuple[Cell, ...]] = []
    for pair, zone, _, areas in _matrices(result):
        before, after, stayed = areas.sum(axis=1), areas.sum(axis=0), np.diag(areas)
        for i, land_class in enumerate(result.classes):
            loss, gain = before[i] - stayed[i], after[i] - stayed[i]
            numbers = (before[i], after[i], stayed[i], loss, gain, gain - loss)
            rows.append((*pair, zone, land_class.code, land_class.name, *map(float, numbers)))
    return ResultTable(BALANCE_COLUMNS, tuple(rows))


def degree_table(result: TransferResult) -> ResultTable:
    """Dynamic degrees by zone and for `all`; the comprehensive ones in a row without a code."""
    rows: list[tuple[Cell, ...]] = []
    for pair, zone, _, areas in _matrices(result):
        years = pair[1] - pair[0]
        for i, land_class in enumerate(result.classes):
            single = single_degree(float(areas[i].sum()), float(areas[:, i].sum()), years)
            rows.append((*pair, zone, land_class.code, single, None, None, None))
        whole = comprehensive_degree(areas, years)
        rows.append((*pair, zone, None, None, whole.whole_period_pct, whole.gross_annual_pct, whole.net_annual_pct))
    return ResultTable(DEGREE_COLUMNS, tuple(rows))


def change_legend(result: TransferResult, pair: int, language: str = "en") -> tuple[ClassColour, ...]:
    """The change codes that occur between a pair of years: `from → to` in the colour of the class it became.

    A tinge of the class it was tells apart what became the same. What stayed comes last.
    """
    legend = []
    stayed = load_texts(language)["transfer_persistence"].lower()
    places = zip(*np.nonzero(result.pixels[pair].sum(axis=0)))
    for i, j in sorted(places, key=lambda place: place[0] == place[1]):
        first, second = result.classes[i], result.classes[j]
        name = (
            f"{first.named(language)} ({stayed})" if i == j else f"{first.named(language)} → {second.named(language)}"
        )
        colour = PERSISTENT_COLOUR if i == j else _colour_of_change(first, second)
        legend.append(ClassColour(first.code * FROM + second.code, name, colour))
    return tuple(legend)


def _colour_of_change(first: LandCoverClass, second: LandCoverClass) -> str:
    return blend(second.color or NAMELESS_COLOUR, first.color or NAMELESS_COLOUR, TINGE)


def _matrices(result: TransferResult) -> Iterator[tuple[tuple[int, int], str, np.ndarray, np.ndarray]]:
    """Pixels and areas of each pair for the study area as a whole and for each zone."""
    for p, pair in enumerate(result.pairs):
        yield pair, ALL, result.pixels[p].sum(axis=0), result.whole(p)
        if result.zones != (ALL,):
            yield from ((pair, *found) for found in zip(result.zones, result.pixels[p], result.area_ha[p]))
