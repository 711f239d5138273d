"""Soil conservation within a workflow: factors that are given are taken, the others are computed from what is there."""

from __future__ import annotations

from typing import Any

from ...core.services.soil.slope_length import SlopeLengthInputs, check_slope_length
from ...core.services.survey import Rasters
from ..given import Given
from ..services.flow_accumulation import flow_algorithm
from .chain import Chain, Step

TEXTURE = ("SAND", "SILT", "CLAY", "ORGANIC_CARBON")
# What makes each factor where it is not given itself; P is made of land cover and relief, and is 1 without it.
SOURCES: dict[str, tuple[str, ...]] = {
    "R": ("PRECIPITATION",),
    "K": TEXTURE,
    "LS": ("DEM",),
    "C": ("NDVI",),
}


def has_soil(given: Given) -> bool:
    """Whether every factor is given or can be computed; C by class alone needs a table of it."""
    return all(
        given.has(factor) or all(map(given.has, sources)) or (factor == "C" and given.has("C_TABLE"))
        for factor, sources in SOURCES.items()
    )


def useful_sources(given: Given) -> set[str]:
    """What factors that are not given would be made of; relief makes both LS and P."""
    wanted = {source for factor, sources in SOURCES.items() if not given.has(factor) for source in sources}
    return wanted if given.has("P") else {*wanted, "DEM"}


class SoilSteps:
    """The steps from rain, texture, relief and plants to soil retention."""

    def __init__(self, given: Given) -> None:
        self._given = given
        self._made = [factor for factor in SOURCES if not given.has(factor)]
        if not given.has("P") and given.has("DEM"):
            self._made.append("P")

    @property
    def count(self) -> int:
        """How many steps come before soil conservation itself."""
        return len(self._made)

    def asks(self) -> list[tuple[str, dict[str, Any]]]:
        """The steps that have needs of their own."""
        makers = {"LS": "slopelength", "C": "vegetationcover", "P": "supportpractice"}
        return [(name, {}) for factor, name in makers.items() if factor in self._made]

    def check(self) -> None:
        """Refuses a DEM from which slope length cannot come, before the first step. Raises GridError, InputError."""
        if "LS" in self._made:
            inputs = SlopeLengthInputs(
                dem=Rasters(self._given.rasters("DEM")),
                accumulation=self._given.raster("FLOW_ACCUMULATION"),
                method=self._given.choice("SLOPE_LENGTH_METHOD"),
            )
            check_slope_length(inputs, routed=flow_algorithm() is not None)

    def run(self, chain: Chain) -> Step:
        """Computes the missing factors, then soil conservation."""
        makers = {"R": self._erosivity, "K": self._erodibility, "LS": self._slope_length, "C": self._cover,
                  "P": self._practice}  # fmt: skip
        factors: dict[str, Any] = {factor: makers[factor](chain) for factor in self._made}
        return chain.run(
            "soilconservation",
            {
                "OUTPUT": "soil_conservation.tif",
                "OUTPUT_EROSION": "soil_erosion.tif",
                "OUTPUT_CLASSES": "erosion_classes.tif",
                "OUTPUT_TABLE": "soil_conservation.csv",
            },
            shown=["OUTPUT", "OUTPUT_CLASSES"],
            **factors,
        )

    @staticmethod
    def _erosivity(chain: Chain) -> list[str]:
        return [chain.run("rainfallerosivity", {"OUTPUT": "rainfall_erosivity.tif"}, METHOD="zhang_annual").path()]

    @staticmethod
    def _erodibility(chain: Chain) -> list[str]:
        return [chain.run("soilerodibility", {"OUTPUT": "soil_erodibility.tif"}).path()]

    def _slope_length(self, chain: Chain) -> list[str]:
        method = self._given.choice("SLOPE_LENGTH_METHOD")
        return [chain.run("slopelength", {"OUTPUT": "slope_length.tif"}, METHOD=method).path()]

    def _cover(self, chain: Chain) -> list[str]:
        files = {"OUTPUT_C": "cover_factor.tif"}
        if self._given.has("NDVI"):
            files["OUTPUT"] = "vegetation_cover.tif"
        return [chain.run("vegetationcover", files).path("OUTPUT_C")]

    @staticmethod
    def _practice(chain: Chain) -> list[str]:
        # a workflow's preset is one of prices
        return [chain.run("supportpractice", {"OUTPUT": "support_practice.tif"}, PRESET=None).path()]
