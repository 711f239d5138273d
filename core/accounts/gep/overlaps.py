"""Services that count the same thing twice, found by a table of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...tables import resource_table
from ..quantity_table import Quantity
from ..services import service_name


@dataclass(frozen=True)
class Overlap:
    """A pair of services that an account holds, of which the second goes where one has to.

    Attributes:
        first, second: ids and items; an item of "" means all of the service.
        reason, reason_zh: why they overlap.
    """

    first: tuple[str, str]
    second: tuple[str, str]
    reason: str
    reason_zh: str

    def drops(self, quantity: Quantity) -> bool:
        """Whether the row belongs to the second service."""
        service, item = self.second
        return quantity.service == service and item in ("", quantity.item)

    def text(self, language: str) -> str:
        """Both services and the reason, in a language (`en` or `zh`)."""
        first, second = (service_name(*pair, language) for pair in (self.first, self.second))
        return f"{first} + {second}：{self.reason_zh}" if language == "zh" else f"{first} + {second}: {self.reason}"


def find_overlaps(quantities: Sequence[Quantity]) -> list[Overlap]:
    """The pairs of which both are there, in the order of the table; what goes for one pair is out of the next.

    An account of several years drops a service in all of them, or the change between years would be made by the rule.
    """
    present = {(q.service, item) for q in quantities for item in (q.item, "")}
    found = []
    for row in resource_table("gep_overlaps").rows:
        first = str(row["first"]), str(row["first_item"])
        second = str(row["second"]), str(row["second_item"])
        if first in present and second in present:
            found.append(Overlap(first, second, str(row["reason"]), str(row["reason_zh"])))
            if not second[1]:
                present = {pair for pair in present if pair[0] != second[0]}
    return found
