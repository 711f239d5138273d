"""From digital numbers to reflectance and temperature."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from ...raster.dataset import short_name
from ...tables import resource_table
from .indicators import KELVIN, brightness_temperature, emissivity, single_channel_temperature, surface_temperature
from .sensors import Sensor


@dataclass(frozen=True)
class Calibration:
    """``gain * number + offset`` for numbers from `lower` to `upper`."""

    gain: float = 1.0
    offset: float = 0.0
    lower: float = -math.inf
    upper: float = math.inf

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        """Physical values, float32 (float64 where the numbers are)."""
        values = numbers.astype(np.result_type(numbers, np.float32), copy=False)
        if self.gain == 1 and self.offset == 0:
            return values
        return values * values.dtype.type(self.gain) + values.dtype.type(self.offset)

    def then(self, gain: float, offset: float) -> Calibration:
        """This calibration, and its values scaled once more."""
        return replace(self, gain=self.gain * gain, offset=self.offset * gain + offset)

    def within(self, numbers: np.ndarray) -> np.ndarray:
        """Where the numbers are real measurements."""
        return (numbers >= self.lower) & (numbers <= self.upper)


_BRIGHTEST = 1.6  # snow at a low sun, seen from above
REFLECTANCE = Calibration(lower=0.0, upper=_BRIGHTEST)  # as it is; negative reflectance is no measurement of land

# Rasters of surface temperature; mod11 are the numbers of MOD11A1 and MOD11A2, 0.02 K each from 7500 on; landsat_c2
# those of ST_B6 and ST_B10 in Landsat Collection 2 Level 2.
TEMPERATURE_UNITS = {
    "kelvin": Calibration(),
    "celsius": Calibration(offset=KELVIN),
    "mod11": Calibration(gain=0.02, lower=7500, upper=65535),
    "landsat_c2": Calibration(gain=0.00341802, offset=149.0, lower=1, upper=65535),
}
PRODUCT_UNITS = ("mod11", "landsat_c2")  # numbers of products: a file that declares their scale gives Kelvin


@dataclass(frozen=True)
class ThermalConstants:
    """What turns radiance into surface temperature: a row of tables/lst_constants.csv.

    Attributes:
        k1, k2: of the inverse Planck function, W/(m2 sr um) and K.
        wavelength_um: effective wavelength.
        b_gamma: K.
        psi: atmospheric functions; None without water vapour: then only the emissivity is corrected for.
    """

    k1: float
    k2: float
    wavelength_um: float
    b_gamma: float
    psi: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class ThermalCalibration:
    """Surface temperature in K from a thermal band: of a temperature product, or of radiance with `constants`."""

    numbers: Calibration = Calibration()
    constants: ThermalConstants | None = None

    def __call__(self, numbers: np.ndarray, ndvi: np.ndarray) -> np.ndarray:
        """Kelvin, same shape; `ndvi` gives the emissivity."""
        values = self.numbers(numbers)
        constants = self.constants
        if constants is None:
            return values
        temperature = brightness_temperature(values, constants.k1, constants.k2)
        emitted = emissivity(ndvi)
        if constants.psi is None:
            return surface_temperature(temperature, emitted, constants.wavelength_um)
        return single_channel_temperature(values, temperature, emitted, constants.b_gamma, constants.psi)


@dataclass(frozen=True)
class ImageCalibration:
    """Calibrations of one image by role; `thermal` is None where the sensor has no thermal band."""

    bands: Mapping[str, Calibration]
    thermal: ThermalCalibration | None


def product_calibration(sensor: Sensor, offset: float | None = None, scale: float | None = None) -> ImageCalibration:
    """Scaling of a surface reflectance product (level 2). Negative reflectance is no measurement of land.

    Args:
        sensor: whose product.
        offset: overrides the sensor's offset.
        scale: overrides the sensor's gain; numbers then count where reflectance is 0 to 1.
    """
    scaling = sensor.scaling
    offset = float(scaling["offset"]) if offset is None else offset
    lower, upper = scaling["valid"]
    if scale is not None:
        lower, upper = -math.inf, (1 - offset) / scale
    gain = float(scaling["gain"]) if scale is None else scale
    band = Calibration(gain, offset, max(lower, round(-offset / gain, 6)), upper)
    thermal = None
    if sensor.thermal:
        coldest, hottest = sensor.thermal["valid"]
        temperature = Calibration(float(sensor.thermal["gain"]), float(sensor.thermal["offset"]), coldest, hottest)
        thermal = ThermalCalibration(temperature)
    return ImageCalibration(dict.fromkeys(sensor.names, band), thermal)


def temperature_calibration(unit: str) -> ThermalCalibration:
    """Of a raster that holds surface temperature in one of `TEMPERATURE_UNITS`. Raises InputError for another unit."""
    if unit not in TEMPERATURE_UNITS:
        raise InputError(
            say(
                "Surface temperature in {unit} is not known. Choose one of {temperature_units}.",
                unit=unit,
                temperature_units=", ".join(TEMPERATURE_UNITS),
            )
        )
    return ThermalCalibration(TEMPERATURE_UNITS[unit])


def read_metadata(path: str) -> dict[str, str]:
    """The entries of a Landsat MTL file by key, without quotes.

    Raises:
        InputError: the file cannot be read or is no MTL file.
    """
    try:
        text = Path(path).read_bytes().split(b"\0")[0].decode("latin-1")
    except OSError as reason:
        raise InputError(
            say("Metadata {path} cannot be read: {strerror}. Check the path.", path=path, strerror=reason.strerror)
        ) from None
    entries = dict(re.findall(r'^\s*(\w+)\s*=\s*"?(.*?)"?\s*$', text, flags=re.MULTILINE))
    if "SPACECRAFT_ID" not in entries:
        raise InputError(
            say(
                "{path} is no Landsat metadata file: it names no SPACECRAFT_ID. Give the MTL.txt.",
                path=short_name(path),
            )
        )
    # level 2 files name the level of their source, too, further down
    entries.update(
        reversed(re.findall(r'^\s*(PROCESSING_LEVEL|DATA_TYPE)\s*=\s*"?(.*?)"?\s*$', text, flags=re.MULTILINE))
    )
    return entries


def level_of_metadata(entries: Mapping[str, str]) -> tuple[str, str]:
    """The level that an MTL file tells, and in which words; "" where it tells none."""
    word = entries.get("PROCESSING_LEVEL") or entries.get("DATA_TYPE", "")
    return {"L2": "level2", "L1": "level1"}.get(word[:2].upper(), ""), word


def date_of_metadata(entries: Mapping[str, str]) -> str:
    """When the image was taken, YYYY-MM-DD; "" where the file does not tell."""
    return entries.get("DATE_ACQUIRED") or entries.get("ACQUISITION_DATE", "")


def metadata_calibration(path: str, sensor: Sensor, water_vapour: float | None, progress: Progress) -> ImageCalibration:
    """Top-of-atmosphere reflectance and thermal radiance of level 1 numbers, by their MTL file.

    Reflectance is ``(m DN + a) / sin(sun elevation)`` where the file has its coefficients, else
    ``π L d² / (E sin(sun elevation))`` with the radiance L, the earth-sun distance d and the solar irradiance E
    (Chander, Markham & Helder 2009, Remote Sens. Environ. 113:893-903).

    Args:
        path: the MTL file.
        sensor: what it should be of.
        water_vapour: g/cm2 for the single-channel surface temperature; None corrects for emissivity alone.
        progress: hears where constants come from.

    Raises:
        InputError: the file is of another sensor, or lacks an entry.
    """
    mtl = _Metadata(path, read_metadata(path))
    if re.sub("[^A-Z0-9]", "", mtl.entries["SPACECRAFT_ID"].upper()) != sensor.spacecraft.replace("_", ""):
        raise InputError(
            say(
                "{name} is of {entries}, but the sensor is {title}. Choose the right one.",
                name=mtl.name,
                entries=mtl.entries["SPACECRAFT_ID"],
                title=sensor.title,
            )
        )
    bands = {}
    for role, names in sensor.names.items():
        if role not in ("thermal", "quality"):
            bands[role] = mtl.reflectance(names[-1].lstrip("B"), sensor.irradiance.get(role))
    return ImageCalibration(bands, _thermal_of_metadata(mtl, sensor, water_vapour, progress))


@dataclass(frozen=True)
class _Metadata:
    path: str
    entries: Mapping[str, str]

    @property
    def name(self) -> str:
        return short_name(self.path)

    def number(self, *keys: str) -> float:
        """The first of the keys that is there. Raises InputError where none is, or it is no number."""
        for key in keys:
            if key in self.entries:
                try:
                    return float(self.entries[key])
                except ValueError:
                    raise InputError(
                        say(
                            "{name}: {key} holds {entries!r}, no number.",
                            name=self.name,
                            key=key,
                            entries=self.entries[key],
                        )
                    ) from None
        raise InputError(
            say("{name} lacks {keys}. Give the MTL file of this image, or use level 2.", name=self.name, keys=keys[0])
        )

    def has(self, key: str) -> bool:
        return key in self.entries

    def radiance(self, band: str) -> Calibration:
        """W/(m2 sr um), from the range where the file has it: its coefficients are rounded."""
        lower = max(1.0, self.number(f"QUANTIZE_CAL_MIN_BAND_{band}"))
        if self.has(f"RADIANCE_MAXIMUM_BAND_{band}"):
            least, most = (self.number(f"RADIANCE_{end}_BAND_{band}") for end in ("MINIMUM", "MAXIMUM"))
            first, last = (self.number(f"QUANTIZE_CAL_{end}_BAND_{band}") for end in ("MIN", "MAX"))
            gain = (most - least) / (last - first)
            return Calibration(gain, least - gain * first, lower)
        return Calibration(self.number(f"RADIANCE_MULT_BAND_{band}"), self.number(f"RADIANCE_ADD_BAND_{band}"), lower)

    def reflectance(self, band: str, irradiance: float | None) -> Calibration:
        sine = math.sin(math.radians(self.number("SUN_ELEVATION")))
        if self.has(f"REFLECTANCE_MULT_BAND_{band}") or irradiance is None:
            gain = self.number(f"REFLECTANCE_MULT_BAND_{band}")
            offset = self.number(f"REFLECTANCE_ADD_BAND_{band}")
            return Calibration(gain / sine, offset / sine, max(1.0, self.number(f"QUANTIZE_CAL_MIN_BAND_{band}")))
        radiance = self.radiance(band)
        factor = math.pi * self.distance**2 / (irradiance * sine)
        return Calibration(radiance.gain * factor, radiance.offset * factor, radiance.lower)

    @property
    def distance(self) -> float:
        """Between earth and sun, astronomical units; ``1 - 0.01672 cos(0.9856 (day - 4))`` where it is not given."""
        if self.has("EARTH_SUN_DISTANCE"):
            return self.number("EARTH_SUN_DISTANCE")
        try:
            day = datetime.date.fromisoformat(date_of_metadata(self.entries)).timetuple().tm_yday
        except ValueError:
            raise InputError(say("{name} lacks a DATE_ACQUIRED such as 1988-08-14.", name=self.name)) from None
        return 1 - 0.01672 * math.cos(math.radians(0.9856 * (day - 4)))


def _thermal_of_metadata(
    mtl: _Metadata, sensor: Sensor, water_vapour: float | None, progress: Progress
) -> ThermalCalibration | None:
    if not sensor.thermal:
        return None
    bands = [name.removeprefix("B") for name in sensor.names["thermal"] if not name.startswith("ST_")]
    band = next((band for band in bands if mtl.has(f"QUANTIZE_CAL_MIN_BAND_{band}")), bands[0])
    row = next(row for row in resource_table("lst_constants").rows if row["sensor"] == sensor.thermal["constants"])
    numbers = {column: float(str(cell)) for column, cell in row.items() if column.startswith(("K", "lam", "b_", "psi"))}
    given = [mtl.has(f"K{i}_CONSTANT_BAND_{band}") for i in (1, 2)]
    if all(given):
        k1, k2 = (mtl.number(f"K{i}_CONSTANT_BAND_{band}") for i in (1, 2))
    else:
        k1, k2 = numbers["K1"], numbers["K2"]
        progress.info(
            say(
                "{name} has no thermal constants: K1 = {k1:g}, K2 = {k2:g} of {title} are used.",
                name=mtl.name,
                k1=k1,
                k2=k2,
                title=sensor.title,
            )
        )
    psi = None
    if water_vapour is not None:
        first, second, third = (
            numbers[f"psi{i}_w2"] * water_vapour**2 + numbers[f"psi{i}_w"] * water_vapour + numbers[f"psi{i}_0"]
            for i in (1, 2, 3)
        )
        psi = (first, second, third)
    constants = ThermalConstants(k1, k2, numbers["lambda_um"], numbers["b_gamma_K"], psi)
    return ThermalCalibration(mtl.radiance(band), constants)
