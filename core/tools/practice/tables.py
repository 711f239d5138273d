"""Tables of the practice region: crops, prices, GDP by district, daily rain, threats to habitat, carbon."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np

from .layers import KNOWN_COEFFICIENTS, MONTH_SHARE, NOISE_SD
from .model import Table
from .terrain import random_stream

RAIN_YEARS = 10
WET_DAYS = np.array([2, 2, 3, 4, 6, 9, 13, 11, 7, 5, 3, 2])

# Sown area ha, yield kg/ha, price per kg, net profit per ha.
CROPS = (
    ("wheat", 1480.0, 5250.0, 2.12, 1990.0),
    ("maize", 2260.0, 6150.0, 1.87, 3560.0),
    ("rice", 610.0, 6900.0, 2.46, 4480.0),
)

THREATS = (("road", 1.5, 0.6, "linear"), ("town", 4.0, 1.0, "exponential"))

# Land cover code, habitat suitability, sensitivity to road and to town.
SENSITIVITY = (
    (11, 0.4, 0.3, 0.5), (12, 0.3, 0.3, 0.5), (21, 1.0, 0.7, 0.8), (22, 0.9, 0.6, 0.7), (23, 0.8, 0.6, 0.7),
    (24, 0.5, 0.4, 0.5), (31, 0.8, 0.5, 0.6), (32, 0.7, 0.5, 0.6), (33, 0.6, 0.4, 0.5), (41, 0.9, 0.6, 0.8),
    (42, 0.9, 0.6, 0.9), (43, 0.7, 0.5, 0.7), (46, 0.7, 0.5, 0.7), (51, 0.0, 0.0, 0.0), (52, 0.0, 0.0, 0.0),
    (53, 0.0, 0.0, 0.0), (64, 1.0, 0.7, 0.9), (65, 0.2, 0.1, 0.2), (66, 0.3, 0.1, 0.2),
)  # fmt: skip

# Land cover code, carbon above ground, below ground, in soil and in dead matter: made up, in a temperate range.
CARBON = (
    (11, 4.0, 1.5, 85.0, 0.5), (12, 4.0, 1.2, 75.0, 0.5), (21, 58.0, 14.0, 115.0, 4.0), (22, 14.0, 6.0, 95.0, 2.0),
    (23, 25.0, 7.0, 95.0, 2.0), (24, 18.0, 6.0, 80.0, 1.0), (31, 2.2, 6.5, 95.0, 1.0), (32, 1.5, 4.5, 80.0, 0.8),
    (33, 0.8, 2.5, 60.0, 0.4), (41, 0.0, 0.0, 30.0, 0.0), (42, 0.0, 0.0, 40.0, 0.0), (43, 0.0, 0.0, 35.0, 0.0),
    (46, 0.5, 0.6, 45.0, 0.1), (51, 1.5, 0.5, 40.0, 0.0), (52, 1.2, 0.5, 50.0, 0.0), (53, 0.3, 0.1, 30.0, 0.0),
    (64, 5.0, 4.5, 190.0, 2.5), (65, 0.1, 0.1, 25.0, 0.0), (66, 0.0, 0.0, 10.0, 0.0),
)  # fmt: skip


def tables_of(seed: int, years: Sequence[int], gdp: Sequence[tuple[int, int, float]]) -> tuple[Table, ...]:
    """Every table; `gdp` holds rows of zone, year and GDP."""
    index = tuple((year, round(100 * 1.024 ** (year - years[0]), 1)) for year in years)
    known = (*KNOWN_COEFFICIENTS.items(), ("noise_sd", NOISE_SD))
    return (
        Table("gdp_by_district", "GDP by district (zone is district_id) and year, 1e4 CNY", ("zone", "year", "gdp"),
              tuple(gdp)),
        Table("price_index", f"price index by year, {years[0]} = 100", ("year", "index"), index),
        Table("crops", "sown area (ha), yield (kg/ha), price (CNY/kg) and net profit (CNY/ha) of the staple crops",
              ("crop", "area_ha", "yield_kg_ha", "price_per_kg", "profit_per_ha"), CROPS),
        Table("daily_rain", "daily rain of one station in the plain, mm", ("date", "rain_mm"),
              _daily_rain(seed, years[-1])),
        Table("threats", "threats to habitat: reach (km), weight and decay",
              ("threat", "max_distance_km", "weight", "decay"), THREATS),
        Table("sensitivity", "habitat suitability of each land cover and its sensitivity to each threat, 0 to 1",
              ("code", "habitat", "road", "town"), SENSITIVITY),
        Table("carbon", "carbon of each land cover above ground, below ground, in soil and in dead matter, t C/ha",
              ("code", "above", "below", "soil", "dead"), CARBON),
        Table("known_coefficients",
              "effect of one unit of each driver on the layers response_<year> (CNY/ha); noise_sd is the standard "
              "deviation of the noise of a pixel", ("driver", "coefficient"), known),
    )  # fmt: skip


def _daily_rain(seed: int, last_year: int) -> tuple[tuple[str, float], ...]:
    """Ten years of daily rain, about 600 mm a year, most of it in a few summer storms."""
    rng = random_stream(seed, "daily rain")
    day = datetime.date(last_year - RAIN_YEARS + 1, 1, 1)
    rows = []
    while day.year <= last_year:
        month = day.month - 1
        is_wet, amount = rng.random(2)
        depth = 0.0
        if is_wet < WET_DAYS[month] / 30.4:
            # An exponential amount raised to a power: many drizzles, few storms (mean of E^1.4 is 1.242).
            mean = 600 * MONTH_SHARE[month] / WET_DAYS[month]
            depth = mean * float(-np.log(1 - amount)) ** 1.4 / 1.242
        rows.append((day.isoformat(), round(depth, 1)))
        day += datetime.timedelta(days=1)
    return tuple(rows)
