"""The four indicators of the remote sensing ecological index, from reflectance and temperature."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ...quantities import quantity

# Each indicator is a quantity.
INDICATOR_UNITS = {
    name: quantity(held).unit
    for name, held in (("ndvi", "ndvi"), ("wet", "wetness"), ("ndbsi", "dryness"), ("lst", "surface_temperature"))
}
INDICATORS = tuple(INDICATOR_UNITS)
# What a higher value means: greenness and wetness are good, dryness and heat are bad.
GOOD = np.array([1.0, 1.0, -1.0, -1.0])

KELVIN = 273.15
_RHO = 1.438e-2  # m K: Planck's constant times the speed of light over Boltzmann's constant


def normalised_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """``(a - b) / (a + b)``: NDVI of nir and red (Rouse 1974), MNDWI of green and swir1 (Xu 2006)."""
    return (first - second) / (first + second)


def soil_index(blue: np.ndarray, red: np.ndarray, nir: np.ndarray, swir1: np.ndarray) -> np.ndarray:
    """``SI = [(swir1 + red) - (nir + blue)] / [(swir1 + red) + (nir + blue)]`` (Rikimaru 2002)."""
    return normalised_difference(swir1 + red, nir + blue)


def built_up_index(green: np.ndarray, red: np.ndarray, nir: np.ndarray, swir1: np.ndarray) -> np.ndarray:
    """Index-based built-up index in the form that RSEI uses, from bands alone.

    ``IBI = (a - b) / (a + b)``, ``a = 2 swir1 / (swir1 + nir)``, ``b = nir / (nir + red) + green / (green + swir1)``.

    Source: Xu 2013, Acta Ecol. Sin. 33(24):7853-7862. The IBI of 2008, from NDBI, SAVI and MNDWI, is another number.
    """
    built = 2 * swir1 / (swir1 + nir)
    return normalised_difference(built, nir / (nir + red) + green / (green + swir1))


def dryness(blue: np.ndarray, green: np.ndarray, red: np.ndarray, nir: np.ndarray, swir1: np.ndarray) -> np.ndarray:
    """``NDBSI = (SI + IBI) / 2`` (Xu 2013)."""
    return (soil_index(blue, red, nir, swir1) + built_up_index(green, red, nir, swir1)) / 2


def wetness(bands: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """Tasselled-cap wetness: the bands weighted by role and added up."""
    parts = [bands[role] * np.float32(weight) for role, weight in weights.items()]
    return np.add.reduce(parts)


def emissivity(ndvi: np.ndarray) -> np.ndarray:
    """``0.004 Pv + 0.986``, ``Pv = ((NDVI - 0.2) / (0.5 - 0.2))²`` with NDVI limited to 0.2 to 0.5.

    Source: Sobrino et al. 2004, Remote Sens. Environ. 90:434-440.
    """
    return 0.004 * ((np.clip(ndvi, 0.2, 0.5) - 0.2) / 0.3) ** 2 + 0.986


def brightness_temperature(radiance: np.ndarray, k1: float, k2: float) -> np.ndarray:
    """``T = K2 / ln(K1 / L + 1)``, K, of the radiance L in W/(m2 sr um)."""
    return k2 / np.log(k1 / radiance + 1)


def surface_temperature(temperature: np.ndarray, emissivity: np.ndarray, wavelength_um: float) -> np.ndarray:
    """``T / (1 + λ T / ρ ln ε)``, K, with ρ = 0.01438 m K and λ in metres (Artis & Carnahan 1982)."""
    wavelength = wavelength_um * 1e-6
    return temperature / (1 + wavelength * temperature / _RHO * np.log(emissivity))


def single_channel_temperature(
    radiance: np.ndarray,
    temperature: np.ndarray,
    emissivity: np.ndarray,
    b_gamma: float,
    psi: tuple[float, float, float],
) -> np.ndarray:
    """``γ [(ψ1 L + ψ2) / ε + ψ3] + δ``, K, with ``γ = T² / (b L)`` and ``δ = T - T² / b``.

    Args:
        radiance: L at the sensor, W/(m2 sr um).
        temperature: T, brightness temperature, K.
        emissivity: ε.
        b_gamma: b, K.
        psi: atmospheric functions of the water vapour.

    Source: Jimenez-Munoz et al. 2009, IEEE TGRS 47:339-349; 2014, IEEE GRSL 11:1840-1843.
    """
    squared = temperature**2 / b_gamma
    return squared / radiance * ((psi[0] * radiance + psi[1]) / emissivity + psi[2]) + temperature - squared
