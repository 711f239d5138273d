"""Flood water that the soil of a swamp takes up, on top of the water that stands above it."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

from ...errors import InputError, TableError
from ...messages import say

WATER_DENSITY_T_M3 = 1.0
WATER_DENSITIES_T_M3 = (0.9, 1.3)  # ice, and the saltiest lakes
DEEPEST_M = 20.0  # the deepest peat
MINERAL_DENSITY_T_M3 = 2.65  # of grains without pores
LEAST_SATURATED_PCT = 10.0  # even packed sand holds more


def soil_storage_m3(
    area_ha: float,
    depth_m: float,
    bulk_density_t_m3: float,
    saturated_pct: float,
    natural_pct: float,
    water_density_t_m3: float = WATER_DENSITY_T_M3,
) -> float:
    """Water that soil takes up from its natural content to saturation, ``S h rho (F - E) / rho_w``, in m³.

    Args:
        area_ha: S.
        depth_m: h, of the soil.
        bulk_density_t_m3: rho, of the dry soil (g/cm³ is the same number).
        saturated_pct: F, mass of water in saturated soil, percent of its dry mass.
        natural_pct: E, the same as the soil usually is.
        water_density_t_m3: rho_w; the example of the GEP guide has 0.93.
    """
    return area_ha * 1e4 * depth_m * bulk_density_t_m3 * (saturated_pct - natural_pct) / 100 / water_density_t_m3


@dataclass(frozen=True)
class SwampSoil:
    """Soil of a swamp, named like the fields of the polygons; None for what is not known."""

    soil_depth_m: float | None = None
    bulk_density_t_m3: float | None = None
    saturated_pct: float | None = None
    natural_pct: float | None = None

    @property
    def known(self) -> bool:
        """Whether anything is known."""
        return any(value is not None for value in astuple(self))

    def completed(self, other: SwampSoil) -> SwampSoil:
        """With what another soil tells where this one tells nothing."""
        return SwampSoil(*(theirs if own is None else own for own, theirs in zip(astuple(self), astuple(other))))

    def storage_m3(self, area_ha: float, where: str, water_density_t_m3: float = WATER_DENSITY_T_M3) -> float:
        """Storage of a swamp; 0 where nothing is known of its soil.

        Args:
            area_ha: of the swamp.
            where: how messages call it.
            water_density_t_m3: of the water in the soil.

        Raises:
            TableError: only part of the soil is known, or it cannot be a soil.
        """
        if not self.known:
            return 0.0
        missing = [field.name for field, value in zip(fields(self), astuple(self)) if value is None]
        if missing:
            raise TableError(
                say(
                    "{where}: of its soil {missing} is not known. Write the field or give SWAMP_SOIL_DEPTH, "
                    "SWAMP_BULK_DENSITY, SWAMP_SATURATED and SWAMP_NATURAL for all swamps, or leave all of them "
                    "out.",
                    where=where,
                    missing=", ".join(missing),
                )
            )
        depth, density, saturated, natural = astuple(self)
        _check(where, depth, density, saturated, natural, water_density_t_m3)
        return soil_storage_m3(area_ha, depth, density, saturated, natural, water_density_t_m3)


UNKNOWN_SOIL = SwampSoil()


def require_water_density(density_t_m3: float) -> None:
    """Raises InputError where a density cannot be that of water."""
    low, high = WATER_DENSITIES_T_M3
    if not low <= density_t_m3 <= high:
        raise InputError(
            say(
                "WATER_DENSITY is {density:g} t/m3. Water has {low:g} to {high:g}; divide kg/m3 by 1000.",
                density=density_t_m3,
                low=low,
                high=high,
            )
        )


def _check(
    where: str, depth: float, density: float, saturated: float, natural: float, water_density_t_m3: float
) -> None:
    if not 0 < depth <= DEEPEST_M:
        raise TableError(
            say(
                "{where}: its soil is {depth:g} m deep. Write metres, above 0 and up to {deepest_m:g}.",
                where=where,
                depth=depth,
                deepest_m=DEEPEST_M,
            )
        )
    if not 0 < density <= MINERAL_DENSITY_T_M3:
        raise TableError(
            say(
                "{where}: its soil has a bulk density of {density:g}. Write t/m3 (g/cm3) of dry soil, above "
                "0 and up to {mineral_density_t_m3:g}; divide kg/m3 by 1000.",
                where=where,
                density=density,
                mineral_density_t_m3=MINERAL_DENSITY_T_M3,
            )
        )
    if not 0 <= natural <= saturated:
        raise TableError(
            say(
                "{where}: its soil holds {natural:g} % of water by nature and {saturated:g} % when "
                "saturated. The natural content lies between 0 and the saturated one.",
                where=where,
                natural=natural,
                saturated=saturated,
            )
        )
    if saturated < LEAST_SATURATED_PCT:
        raise TableError(
            say(
                "{where}: its saturated soil holds {saturated:g} % of water. Even sand holds more: multiply "
                "fractions by 100.",
                where=where,
                saturated=saturated,
            )
        )
    volume = density * saturated / 100 / water_density_t_m3
    if volume > 1 + 1e-9:
        raise TableError(
            say(
                "{where}: with a bulk density of {density:g} t/m3 and {saturated:g} % of water a cubic metre "
                "of its soil would hold {volume:.3g} m3 of water. Water contents are percent of the dry "
                "mass, not of the volume.",
                where=where,
                density=density,
                saturated=saturated,
                volume=volume,
            )
        )
