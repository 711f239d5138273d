"""Indices of change in value: ESV change index, contributions, ecological-economic harmony."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ...errors import TableError
from ...messages import say
from ...raster.zones.zoning import ALL
from ...tables import Table

TOLERANCE = 1e-9


def change_index(before: np.ndarray | float, after: np.ndarray | float, tolerance: float = TOLERANCE) -> np.ndarray:
    """ESV change index, ``(after - before) / |before|``: above 0 gain, below 0 loss.

    Args:
        before: value of the earlier year, any shape.
        after: value of the later year.
        tolerance: an index nearer to zero than this is zero.

    Returns:
        NaN where `before` is zero. The absolute value makes the sign read as gain or loss for negative values too.

    Source: Leh et al. 2013, Agric. Ecosyst. Environ. 165:6-18.
    """
    before, after = np.asarray(before), np.asarray(after)
    with np.errstate(divide="ignore", invalid="ignore"):
        index = np.where(before == 0, np.nan, (after - before) / np.abs(before))
    return np.where(np.abs(index) <= tolerance, 0.0, index)


def same_sign_contributions(parts: np.ndarray) -> np.ndarray:
    """Share of each gain in all gains and of each loss in all losses, percent; 0 for what is neither.

    >>> same_sign_contributions(np.array([30.0, 10.0, -5.0]))
    array([ 75.,  25., 100.])
    """
    gains, losses = parts[parts > 0].sum(), parts[parts < 0].sum()
    of_sign = np.where(parts > 0, gains, losses)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(parts == 0, 0.0, parts / of_sign * 100)


def harmony(value_from: float, value_to: float, gdp_from: float, gdp_to: float) -> float | None:
    """Ecological-economic harmony, ``EEH = (dESV / ESV) / (dGDP / GDP)``; None where it does not exist.

    At 1 the value of ecosystem services grows as fast as the economy; below 0 one grows while the other shrinks.

    Source: Wei et al. 2018, Acta Ecologica Sinica, doi 10.5846/stxb201705020796.
    """
    if value_from == 0 or gdp_from == 0 or gdp_to == gdp_from:
        return None
    return (value_to - value_from) / abs(value_from) / ((gdp_to - gdp_from) / gdp_from)


def read_gdp(table: Table) -> Mapping[tuple[str, int], float]:
    """GDP by zone and year.

    Args:
        table: columns `zone`, `year`, `gdp` (constant prices); the zone `all` or blank is the study area.

    Raises:
        TableError: a column is missing, a zone and year repeats, or a GDP is not positive.
    """
    table.require("zone", "year", "gdp")
    found: dict[tuple[str, int], float] = {}
    columns = zip(table.texts("zone"), table.numbers("year"), table.numbers("gdp"))
    for row, (zone, year, gdp) in enumerate(columns, start=1):
        key = (zone or "all", int(year))
        if key in found:
            raise TableError(
                say(
                    "Table {name}, row {row} repeats zone {key} in {key2}. Keep one row of each.",
                    name=table.name,
                    row=row,
                    key=key[0],
                    key2=key[1],
                )
            )
        if gdp <= 0:
            raise TableError(
                say(
                    "Table {name}, row {row}: the GDP of {key} in {key2} is {gdp:g}, not positive.",
                    name=table.name,
                    row=row,
                    key=key[0],
                    key2=key[1],
                    gdp=gdp,
                )
            )
        found[key] = float(gdp)
    return found


def require_known_zones(table: Table, zones: Sequence[str]) -> None:
    """Raises TableError where a table of GDP has a row neither for the study area nor for any of the zones."""
    named = dict.fromkeys(zone for zone, _ in read_gdp(table))
    if not set(named) & {ALL, *zones}:
        raise TableError(
            say(
                "Table {name} has the zones {named}, none of which is a zone here ({names}). Write the zones "
                "as the zone field does, or all for the study area.",
                name=table.name,
                named=", ".join(named),
                names=", ".join(zones) or ALL,
            )
        )
