"""From the gross ecosystem product of Chinese accounts to that of the SEEA, line by line."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...results import Cell, Column, ResultTable, integers, texts
from ...tables import resource_table
from ..services import catalogue
from .account import GepAccount, total_of

BRIDGE_COLUMNS = (
    *integers("year", "line"), *texts("service", "seea_code"), Column("amount"), *texts("reason", "reason_zh"),
)  # fmt: skip
START, END = "gep_china", "gep_seea"
_PROXY = "proxy"
_REGULATION = "water_retention"  # with it, supply is no proxy any more


@dataclass(frozen=True)
class BridgeLine:
    """A line of the bridge.

    Attributes:
        service: id; `gep_china` and `gep_seea` for the totals.
        seea_code: of the service.
        amount: what is taken off (negative); the amounts of all lines but the last add up to the last.
        noted: value that stays, of which the reason tells what differs.
        reason, reason_zh: why.
    """

    service: str
    seea_code: str
    amount: float
    noted: float
    reason: str
    reason_zh: str


def bridge(account: GepAccount, year: int) -> list[BridgeLine]:
    """What a SEEA account leaves out of the account of a year, and what it keeps at another price.

    Services of the user that the plugin does not know stay as they are.

    Source: SEEA EA 2024, chapters 6 and 9.
    """
    rules = {str(row["scope"]): row for row in resource_table("seea_bridge").rows}
    rows = account.of_year(year)
    present = {row.quantity.service for row in rows}
    lines = [
        BridgeLine(
            START, "", account.total(year), 0.0, "Gross ecosystem product of this account", "本核算的生态产品总值"
        )
    ]
    for service in dict.fromkeys(row.quantity.service for row in rows):
        known = catalogue().get(service)
        if known is None:
            continue
        rule = rules[known.seea_scope]
        value = total_of(row for row in rows if row.quantity.service == service)
        stays = str(rule["counts"]) == "1" or (known.seea_scope == _PROXY and _REGULATION not in present)
        amount = 0.0 if stays else -value
        lines.append(
            BridgeLine(
                service, known.seea_code, amount, value if stays else 0.0, str(rule["reason"]), str(rule["reason_zh"])
            )
        )
    kept = math.fsum(line.amount for line in lines)
    end = "What the SEEA counts, at the prices of this account", "SEEA 计入的部分（按本核算价格）"
    return [*lines, BridgeLine(END, "", kept, 0.0, *end)]


def bridge_table(account: GepAccount) -> ResultTable:
    """The bridges of all years; `amount` is taken off, 0 where the service stays."""
    rows: list[tuple[Cell, ...]] = [
        (year, number, line.service, line.seea_code, line.amount, line.reason, line.reason_zh)
        for year in account.years
        for number, line in enumerate(bridge(account, year), start=1)
    ]
    return ResultTable(BRIDGE_COLUMNS, tuple(rows))
