"""Water purification: oxygen demand, nitrogen and phosphorus that wetlands take up."""

from __future__ import annotations

from .purification import PurificationAlgorithm, purification_needs


class WaterPurification(PurificationAlgorithm):
    """The least of what is emitted into water and what wetlands can take up; no capacity without the user's."""

    NAME = "waterpurification"
    MEDIUM = "water"
    NEEDS = purification_needs("water")
