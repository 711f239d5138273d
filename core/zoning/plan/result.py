"""What a zoning plan is made of, and what lies in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...land_cover import LandCoverScheme
from ...raster.zones.zoning import ZoneLayer
from ..services import Service
from .kernel import Policy

UNKNOWN = "unknown"


@dataclass(frozen=True)
class PlanInputs:
    """What the plan is made of.

    Attributes:
        restoration: reason masks of `restorationzones`; any code above 0 is restoration. Its grid is the reference.
        conservation: zones of `conservationzones`, 1 conserved.
        policy: what becomes of pixels in both.
        land_cover: for the tables.
        scheme: meaning of the land-cover codes.
        districts: polygons or a class raster; None for the region as a whole.
        services: whose shares are told.
    """

    restoration: str
    conservation: str
    policy: Policy = "both"
    land_cover: str | None = None
    scheme: LandCoverScheme | None = None
    districts: ZoneLayer | None = None
    services: tuple[Service, ...] = ()


@dataclass(frozen=True, eq=False)
class PlanResult:
    """What lies in the plan.

    Attributes:
        districts: names; the last is what lies outside all of them, or `all` is the only one.
        ecosystems: names; the last is `unknown`, for pixels without land cover.
        area_ha: shape (districts, plans, ecosystems).
        reasons_ha: area by reason mask, shape (districts, plans, 128).
        kept: amount of each service, shape (services, districts, plans).
        inputs: what was asked for.
    """

    districts: tuple[str, ...]
    ecosystems: tuple[str, ...]
    area_ha: np.ndarray
    reasons_ha: np.ndarray
    kept: np.ndarray
    inputs: PlanInputs

    def plan_ha(self, *plans: int) -> float:
        """Area of plan codes over the whole region."""
        return float(self.area_ha[:, list(plans)].sum())
