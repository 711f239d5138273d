"""Texture classes and the hydrologic soil groups that follow from them."""

from __future__ import annotations

import numpy as np

Array = np.ndarray

GROUPS = {"A": 1, "B": 2, "C": 3, "D": 4}
# Group by texture class: Soil Conservation Service 1986, TR-55, Urban hydrology for small watersheds, appendix A.
_GROUP_OF = {
    "sand": "A", "loamy_sand": "A", "sandy_loam": "A", "silt_loam": "B", "loam": "B", "silt": "B",
    "sandy_clay_loam": "C", "clay_loam": "D", "silty_clay_loam": "D", "sandy_clay": "D", "silty_clay": "D", "clay": "D",
}  # fmt: skip


def close_texture(sand: Array, silt: Array, clay: Array) -> tuple[Array, Array, Array, Array]:
    """Fractions that add up to 100, and by how much their sum missed it.

    Args:
        sand, silt, clay: percent, any shape.

    Returns:
        Each times ``100 / (sand + silt + clay)``, and ``sand + silt + clay - 100``; NaN where the sum is 0.
    """
    total = sand + silt + clay
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.where(total > 0, 100 / total, np.nan)
    return sand * scale, silt * scale, clay * scale, total - 100


def hydrologic_group(sand: Array, silt: Array, clay: Array) -> Array:
    """Group 1 to 4 (A to D) by texture class of the USDA triangle; fractions in percent that add up to 100.

    Source: USDA Soil Survey Manual (2017), chapter 3, texture classes; TR-55 (1986), appendix A. Restrictive layers and
    a high water table, which make a group worse, are not seen.
    """
    group = np.full(np.shape(sand), GROUPS["D"], dtype=np.uint8)
    for name, inside in reversed(texture_classes(sand, silt, clay).items()):
        group[inside] = GROUPS[_GROUP_OF[name]]
    return group


def texture_classes(sand: Array, silt: Array, clay: Array) -> dict[str, Array]:
    """Where each class of the USDA triangle lies, boolean arrays; a limit belongs to the first class that has it."""
    rough = silt + 2 * clay
    return {
        "sand": silt + 1.5 * clay < 15,
        "loamy_sand": (silt + 1.5 * clay >= 15) & (rough < 30),
        "sandy_loam": ((clay >= 7) & (clay < 20) & (sand > 52) & (rough >= 30))
        | ((clay < 7) & (silt < 50) & (rough >= 30)),
        "loam": (clay >= 7) & (clay < 27) & (silt >= 28) & (silt < 50) & (sand <= 52),
        "silt_loam": ((silt >= 50) & (clay >= 12) & (clay < 27)) | ((silt >= 50) & (silt < 80) & (clay < 12)),
        "silt": (silt >= 80) & (clay < 12),
        "sandy_clay_loam": (clay >= 20) & (clay < 35) & (silt < 28) & (sand > 45),
        "clay_loam": (clay >= 27) & (clay < 40) & (sand > 20) & (sand <= 45),
        "silty_clay_loam": (clay >= 27) & (clay < 40) & (sand <= 20),
        "sandy_clay": (clay >= 35) & (sand > 45),
        "silty_clay": (clay >= 40) & (silt >= 40),
        "clay": (clay >= 40) & (sand <= 45) & (silt < 40),
    }
