"""From soil that is held to what an account counts: silt kept out of reservoirs, nutrients kept out of water."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from ...errors import InputError
from ...messages import say
from ...services.survey import Rasters

Amount = TypeVar("Amount", float, np.ndarray)

SOIL = "soil_retention"  # in statistics: tonnes held, which become the three
SILT, NITROGEN, PHOSPHORUS = "soil_retention_silt", "soil_retention_n", "soil_retention_p"
LIGHTEST, HEAVIEST = 0.02, 2.65  # t/m3: peat, and grains without pores
USUAL_LOW, USUAL_HIGH = 0.6, 1.8
RICHEST_PCT = 10.0


def silt_volume(soil_t: Amount, share: float, density: Amount | float) -> Amount:
    """Silt that does not settle in reservoirs, ``lambda A / rho``, m3.

    Args:
        soil_t: A, soil held, t.
        share: lambda, of what erodes that settles; 0.24 after Ouyang et al. 1999.
        density: rho, bulk density of the soil, t/m3.

    Source: Baima Zhuoga et al. 2017, Acta Ecol. Sin. 37(19):6302.
    """
    return share * soil_t / density


def nutrient(soil_t: Amount, percent: Amount | float) -> Amount:
    """Nutrient in soil that is held, ``A C / 100``, t."""
    return soil_t * percent / 100


@dataclass(frozen=True)
class SoilFactors:
    """What soil is made of, as numbers or rasters.

    Attributes:
        silt_share: of what erodes that settles, 0 to 1.
        density: bulk density, t/m3; None where a raster tells, or where silt is not counted.
        nitrogen, phosphorus: content, percent; None where a raster tells, or where they are not counted.
        density_raster, nitrogen_raster, phosphorus_raster: the same as maps.
        density_factor: of the stored values of the raster, such as 0.01 for SoilGrids (cg/cm3).
    """

    silt_share: float = 0.24
    density: float | None = None
    nitrogen: float | None = None
    phosphorus: float | None = None
    density_raster: Rasters | None = None
    nitrogen_raster: Rasters | None = None
    phosphorus_raster: Rasters | None = None
    density_factor: float = 1.0

    def check(self) -> list[str]:
        """Warnings about the numbers.

        Raises:
            InputError: one cannot be.
        """
        if not 0 <= self.silt_share <= 1:
            raise InputError(
                say(
                    "SILT_SHARE is {silt_share:g}. Give the share that settles, 0 to 1, such as 0.24.",
                    silt_share=self.silt_share,
                )
            )
        for name, number, raster in (
            ("BULK_DENSITY", self.density, self.density_raster),
            ("SOIL_N", self.nitrogen, self.nitrogen_raster),
            ("SOIL_P", self.phosphorus, self.phosphorus_raster),
        ):
            if number is not None and raster is not None:
                raise InputError(say("{name} and {name}_RASTER are both given. Keep one.", name=name))
            if number is not None and name != "BULK_DENSITY" and not 0 <= number <= RICHEST_PCT:
                raise InputError(
                    say(
                        "{name} is {number:g}. Give percent of the soil, such as 0.37 for nitrogen.",
                        name=name,
                        number=number,
                    )
                )
        if self.density is None:
            return []
        if not LIGHTEST <= self.density <= HEAVIEST:
            raise InputError(
                say(
                    "BULK_DENSITY is {density:g} t/m3. Soils weigh {lightest:g} to {heaviest:g}; SoilGrids "
                    "stores hundredths (cg/cm3).",
                    density=self.density,
                    lightest=LIGHTEST,
                    heaviest=HEAVIEST,
                )
            )
        if not USUAL_LOW <= self.density <= USUAL_HIGH:
            return [
                f"A bulk density of {self.density:g} t/m3 is unusual: mineral soils weigh {USUAL_LOW:g} to "
                f"{USUAL_HIGH:g}. The volume of silt is inversely proportional to it."
            ]
        return []
