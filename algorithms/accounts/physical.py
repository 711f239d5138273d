"""What the algorithms of physical services of an account share: land cover of years, zones, rasters of services."""

from __future__ import annotations

from ...core.services.survey import Cover
from ..given import Given
from ..services.service import ServiceAlgorithm


class PhysicalAlgorithm(ServiceAlgorithm):
    """A physical service by year, zone and ecosystem, as a table that GEP quantities joins in."""

    GROUP = "accounts"

    def add_places(self) -> None:
        """Land cover of the years, and zones."""
        self.add_land_cover()
        self.add_zones()

    def land_cover(self, given: Given) -> Cover:
        return Cover(given.required_rasters("LAND_COVER"), given.scheme())
