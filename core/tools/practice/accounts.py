"""Tables of the practice region for accounts: statistics, emissions, capacities, prices, context. All made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .model import Cell, Table
from .terrain import random_stream

# Money of products per hectare (CNY), and how it grows in a year.
PRODUCTS = (("crops", "cropland", 9_000.0), ("forestry", "forest", 650.0), ("livestock", "grassland", 1_400.0),
            ("fishery", "wetland", 5_200.0))  # fmt: skip
# kg per person and year.
AIR = (("SO2", 11.0), ("NOx", 9.0), ("dust", 8.0))
WATER = (("COD", 14.0), ("NH3-N", 1.4), ("TP", 0.15))
# Land cover code, pollutant, capacity: vegetation in kg/(ha a) or t/(ha a), wetlands in t/(km2 a).
_TAKEN_UP = (
    (21, 88.65, 6.0, 10.11), (22, 92.1, 5.0, 11.4), (23, 60.0, 4.0, 7.0), (24, 45.0, 3.0, 5.0),
    (31, 8.0, 1.0, 0.12), (32, 6.0, 0.8, 0.1), (11, 3.0, 0.5, 0.95), (12, 3.0, 0.5, 0.95),
)  # fmt: skip
AIR_CAPACITY = tuple(
    (code, pollutant, capacity, unit)
    for code, so2, nox, dust in _TAKEN_UP
    for pollutant, capacity, unit in (("SO2", so2, "kg/(ha a)"), ("NOx", nox, "kg/(ha a)"), ("dust", dust, "t/(ha a)"))
)
WATER_CAPACITY = tuple(
    (code, pollutant, capacity, "t/(km2 a)")
    for code, factor in ((46, 1.0), (42, 0.6), (43, 0.6), (41, 0.4))
    for pollutant, capacity in (("COD", 60.0 * factor), ("NH3-N", 6.0 * factor), ("TP", 0.9 * factor))
)
# Service, price, unit, year, index, low, high: what the Garze account has no price for, or has one of its own place.
PRICES = (
    ("tourism", 310.0, "CNY/visit", 2010, "cpi", 180.0, 450.0, "travel and time cost"),
    ("water_tp", 2800.0, "CNY/t", 2003, "none", 2800.0, 28000.0, "pollution charge 0.7 CNY per equivalent / 0.25 kg"),
    ("carbon", 60.0, "CNY/t CO2", 2015, "cpi", 30.0, 380.0, "emission trading, mean of the year"),
)
CONDITION = (("NDVI", "functional", 0.0, 0.9), ("vegetation cover", "structural", 0.0, 1.0))
INDEX_FROM, INDEX_TO = 2000, 2015  # years that prices of the presets and of the region are from lie within


@dataclass(frozen=True)
class District:
    """What statistics know of a district.

    Attributes:
        name: of the district.
        population: persons, by year.
        gdp: 1e4 CNY, by year.
        area_ha: of its ecosystems, by year and name.
    """

    name: str
    population: Sequence[float]
    gdp: Sequence[float]
    area_ha: Sequence[Mapping[str, float]]


def account_tables(seed: int, years: Sequence[int], districts: Sequence[District]) -> tuple[Table, ...]:
    """Every table of the accounts; zones are called by the names of the districts."""
    zones = ("zone", "year")
    emissions = (*zones, "pollutant", "emission", "unit")
    statistics = (*zones, "ecosystem", "service", "item", "quantity", "unit", "source")
    return (
        Table("gep_statistics", "products, water use and visits by district and year, for GEP quantities",
              statistics, _statistics(seed, years, districts)),
        Table("air_emissions", "emissions into the air by district and year, t", emissions,
              _emissions(years, districts, AIR)),
        Table("water_emissions", "emissions into water by district and year, t", emissions,
              _emissions(years, districts, WATER)),
        Table("air_capacity", "what a hectare of each land cover takes up from the air (NOx and sparse land made up)",
              ("code", "pollutant", "capacity", "unit"), AIR_CAPACITY),
        Table("water_capacity", "what wetlands take up from water (made up)", ("code", "pollutant", "capacity", "unit"),
              WATER_CAPACITY),
        Table("gep_prices", "prices of the region beside those of the Garze account (made up)",
              ("service", "price", "unit", "price_year", "price_index", "low", "high", "method"), PRICES),
        Table("gep_price_index", "price levels by year: consumer prices and electricity, 2000 = 100 (made up)",
              ("year", "cpi", "electricity"), _levels(seed, years)),
        Table("gep_context", "population and GDP (CNY) by district and year", (*zones, "population", "gdp"),
              tuple((d.name, year, round(d.population[n]), round(d.gdp[n] * 1e4)) for d in districts
                    for n, year in enumerate(years))),
        Table("condition_variables", "reference levels of condition variables, for maps of NDVI and vegetation cover",
              ("variable", "class", "lower", "upper"), CONDITION),
    )  # fmt: skip


def _statistics(seed: int, years: Sequence[int], districts: Sequence[District]) -> tuple[tuple[Cell, ...], ...]:
    rng = random_stream(seed, "statistics")
    rows: list[tuple[Cell, ...]] = []
    for district in districts:
        mood = 0.9 + 0.2 * rng.random(4)
        for n, year in enumerate(years):
            grown = 1.035 ** (year - years[0])
            area, people = district.area_ha[n], district.population[n]
            given: list[tuple[str, str, float, str]] = [
                (service, "", area.get(ecosystem, 0.0) * money * factor * grown / 1e4, "1e4 CNY")
                for (service, ecosystem, money), factor in zip(PRODUCTS, mood)
            ]
            given += [
                ("water_supply", "domestic", 45 * people, "m3/a"),
                ("water_supply", "industry", 30 * district.gdp[n] / grown, "m3/a"),
                ("water_supply", "farms", 3200 * area.get("cropland", 0.0), "m3/a"),
                ("tourism", "", (0.6 * people + 4 * area.get("forest", 0.0)) * 1.06 ** (year - years[0]), "visits/a"),
            ]
            rows += [
                (district.name, year, "", service, item, round(amount, 1), unit, "yearbook (made up)")
                for service, item, amount, unit in given
            ]
    return tuple(rows)


def _emissions(
    years: Sequence[int], districts: Sequence[District], pollutants: Sequence[tuple[str, float]]
) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (district.name, year, pollutant, round(kilograms * district.population[n] / 1000, 3), "t")
        for district in districts
        for n, year in enumerate(years)
        for pollutant, kilograms in pollutants
    )


def _levels(seed: int, years: Sequence[int]) -> tuple[tuple[Cell, ...], ...]:
    """Levels of every year, so that prices of any of them can be moved."""
    rng = random_stream(seed, "price levels")
    first, last = min(INDEX_FROM, years[0]), max(INDEX_TO, years[-1])
    growth = 1 + np.clip(0.024 + 0.012 * rng.standard_normal((last - first, 2)), -0.01, 0.06)
    levels = 100 * np.vstack([np.ones(2), np.cumprod(growth, axis=0)])
    return tuple((first + n, round(float(cpi), 1), round(float(power), 1)) for n, (cpi, power) in enumerate(levels))
