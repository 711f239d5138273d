"""The sensors of a series of images, and how images of different sensors are brought on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InputError
from ...messages import say
from ...progress import Progress
from .sensors import Sensor, WetnessSet, load_sensor

HARMONISATIONS = ("roy2016", "none")
TOP_OF_ATMOSPHERE, SURFACE = "top-of-atmosphere reflectance", "surface reflectance"
_AS_IT_IS = (1.0, 0.0)


@dataclass(frozen=True)
class SensorSeries:
    """The sensor, the wetness and the harmonisation of each year.

    Attributes:
        sensors: by year.
        wetness: by year.
        to_oli: by year, whether reflectance is brought to that of OLI.
    """

    sensors: tuple[Sensor, ...]
    wetness: tuple[WetnessSet, ...]
    to_oli: tuple[bool, ...]

    def harmonised(self, position: int, role: str) -> tuple[float, float]:
        """Slope and intercept that bring the reflectance of a year and role on the scale of the series."""
        return self.sensors[position].to_oli[role] if self.to_oli[position] else _AS_IT_IS

    @property
    def title(self) -> str:
        """The sensors and wetness sets, each once."""
        sensors = dict.fromkeys(sensor.title for sensor in self.sensors)
        sets = dict.fromkeys(wetness.title for wetness in self.wetness)
        return f"{', '.join(sensors)} · {', '.join(sets)}"


def sensor_series(names: Sequence[str], level: str, harmonise: str, wetness: str | None) -> SensorSeries:
    """Loads the sensors of all years.

    One sensor keeps its reflectance and takes its own wetness set. Landsat sensors of different kinds are harmonised:
    TM and ETM+ reflectance is brought to that of OLI where there is an OLI image, and all years take one wetness set,
    that of OLI, else that of the last year's sensor. Without harmonisation every sensor keeps its own set.

    Args:
        names: of the sensors, by year.
        level: of the images.
        harmonise: one of `HARMONISATIONS`; matters for different sensors alone.
        wetness: name of the set; None takes that of the sensor.

    Raises:
        InputError: a sensor or set does not exist, or the sensors cannot be harmonised.
    """
    if harmonise not in HARMONISATIONS:
        raise InputError(
            say(
                "HARMONISE is {harmonise}. Choose one of {harmonisations}.",
                harmonise=harmonise,
                harmonisations=", ".join(HARMONISATIONS),
            )
        )
    sensors = tuple(load_sensor(name) for name in names)
    if len(set(names)) == 1 or harmonise == "none":
        sets = tuple(sensor.wetness_set(wetness) for sensor in sensors)
        return SensorSeries(sensors, sets, (False,) * len(names))
    others = [sensor.title for sensor in sensors if not (sensor.is_oli or sensor.to_oli)]
    if others:
        raise InputError(
            say(
                "Images of {others} cannot be harmonised with others: coefficients exist for Landsat alone "
                "(Roy et al. 2016). Choose HARMONISE none; years are then not on one scale.",
                others=", ".join(dict.fromkeys(others)),
            )
        )
    if level == "level1":
        raise InputError(
            say(
                "The coefficients that harmonise Landsat sensors hold for surface reflectance, but LEVEL is "
                "level1 (top of the atmosphere). Use level 2 images, or choose HARMONISE none; years are "
                "then not on one scale."
            )
        )
    oli = any(sensor.is_oli for sensor in sensors)
    leading = next((sensor for sensor in sensors if sensor.is_oli), sensors[-1])
    sets = (leading.wetness_set(wetness),) * len(names)
    return SensorSeries(sensors, sets, tuple(oli and bool(sensor.to_oli) for sensor in sensors))


def tell_sensors(series: SensorSeries, years: Sequence[int], level: str, progress: Progress) -> None:
    """Says which wetness is used, and how images of different sensors are brought together."""
    for wetness in dict.fromkeys(series.wetness):
        progress.info(say("Wetness: {title}, made for {made_for}.", title=wetness.title, made_for=wetness.made_for))
        if level == "level2" and wetness.made_for == TOP_OF_ATMOSPHERE:
            sets = {name: one for sensor in series.sensors for name, one in sensor.wetness.items()}
            better = [name for name, one in sets.items() if one.made_for == SURFACE]
            if better:
                progress.info(
                    say("Level 2 is surface reflectance; WETNESS {better} is made for it.", better=", ".join(better))
                )
    if len({sensor.name for sensor in series.sensors}) == 1:
        return
    moved = [str(year) for year, to_oli in zip(years, series.to_oli) if to_oli]
    if moved:
        progress.info(
            say("Reflectance of {moved} is brought to that of OLI (Roy et al. 2016).", moved=", ".join(moved))
        )
    elif len(set(series.wetness)) > 1:
        progress.warn(
            say("The images are of different sensors that are not harmonised: their wetness is not on one scale.")
        )
