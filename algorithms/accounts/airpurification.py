"""Air purification: sulphur dioxide, nitrogen oxides and dust that vegetation takes up."""

from __future__ import annotations

from ...core.tables import Table, resource_table
from ..given import Given
from .purification import PurificationAlgorithm, purification_needs


class AirPurification(PurificationAlgorithm):
    """The least of what is emitted into the air and what vegetation can take up."""

    NAME = "airpurification"
    MEDIUM = "air"
    NEEDS = purification_needs("air")

    def capacity(self, given: Given) -> Table | None:
        return given.table("CAPACITY") or resource_table("air_capacity")
