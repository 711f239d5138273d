"""One map of what to do: conservation and restoration laid over each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...raster.tally import Sums, sum_by_class
from ...raster.work import Block, Result
from ...raster.zones.zoning import Zoning
from ..layers import Ecosystems, require_codes
from ..reasons import MASKS
from ..services import ServiceLayer

Policy = Literal["both", "conservation", "restoration"]

PLAN, PARTS, DISTRICTS = "plan", "parts", "districts"
RESTORATION, CONSERVATION = "restoration", "conservation"
NONE, CONSERVE, RESTORE, BOTH = 0, 1, 2, 3
PLANS = 4
NO_PLAN = 255
CODES = {CONSERVATION: range(2), RESTORATION: range(MASKS)}


def plan_codes(conserve: np.ndarray, restore: np.ndarray, policy: Policy) -> np.ndarray:
    """Plan of each pixel: 0 none, 1 conservation, 2 restoration, 3 both.

    Args:
        conserve, restore: boolean, same shape.
        policy: what a pixel of both becomes: `both` keeps code 3, else the name says it.

    Returns:
        uint8. Without a policy that decides, codes 1 and 3 are the conservation area, 2 and 3 the restoration area.
    """
    codes = conserve * np.uint8(CONSERVE) + restore * np.uint8(RESTORE)
    if policy == "both":
        return codes
    codes[codes == BOTH] = CONSERVE if policy == "conservation" else RESTORE
    return codes


@dataclass(frozen=True, eq=False)
class PlanKernel:
    """Plan codes of a block and what lies in them, district by district.

    Attributes:
        policy: what becomes of pixels in both.
        ecosystems: what the tables are broken down by; pixels without land cover count as the one after the last.
        districts: zones of the report.
        services: whose amounts are summed.
    """

    policy: Policy
    ecosystems: Ecosystems
    districts: Zoning
    services: tuple[ServiceLayer, ...]

    @property
    def ecosystem_count(self) -> int:
        return len(self.ecosystems.names) + 1

    def __call__(self, block: Block) -> Result:
        for name, allowed in CODES.items():
            require_codes(block, name, allowed)
        conserve = block.valid[CONSERVATION] & (block.values[CONSERVATION] == CONSERVE)
        reasons = np.where(block.valid[RESTORATION], block.values[RESTORATION], 0).astype(np.intp)
        codes = plan_codes(conserve, reasons > 0, self.policy)
        numbers = self.districts.numbers(block)
        district = np.zeros(codes.shape, dtype=np.intp) if numbers is None else numbers
        part = district * PLANS + codes
        parts = PLANS * len(self.districts.names)
        # A block may reach beyond what has a plan: those pixels go into one more part.
        inside = np.where(block.gate, part, parts)
        covered = self.ecosystems.valid(block)
        ecosystem = np.where(covered, self.ecosystems.numbers(block), len(self.ecosystems.names))
        sums = {
            "area": _crossed(inside, parts, ecosystem, self.ecosystem_count, block.areas_ha),
            "reasons": _crossed(inside, parts, reasons, MASKS, block.areas_ha),
        }
        for number, layer in enumerate(self.services):
            held = np.where(layer.valid(block), np.maximum(layer.amounts(block), 0), 0)
            sums[f"kept:{number}"] = sum_by_class(inside, parts + 1, held.astype(np.float64))[:parts]
        rasters = {
            PLAN: (codes, block.gate),
            PARTS: (part + 1, block.gate & (codes != NONE)),
            DISTRICTS: (district + 1, block.gate),
        }
        return Result(rasters, Sums(sums))


def _crossed(part: np.ndarray, parts: int, other: np.ndarray, others: int, areas_ha: np.ndarray) -> np.ndarray:
    """Area by part and another class, shape (parts, others)."""
    return sum_by_class(part * others + other, (parts + 1) * others, areas_ha).reshape(-1, others)[:parts]
