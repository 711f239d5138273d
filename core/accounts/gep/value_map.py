"""GEP by pixel: the value of each service spread over its map, so that the map adds up to the account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import ANY, quantity
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.output import Band, Output
from ...raster.settings import RasterSettings
from ...raster.tally import Sums
from ...raster.work import Block, Result
from ...report.numbers import Amount
from ...services.survey import Rasters, Survey
from .account import GepAccount, total_of

VALUE = "gep_per_ha"


@dataclass(frozen=True)
class ServiceMap:
    """A map of a quantity, and the services whose value follows it.

    Attributes:
        services: ids, such as silt, nitrogen and phosphorus for a map of soil.
        rasters: one per year of the account, or one with a band per year; per hectare, whatever the unit.
    """

    services: tuple[str, ...]
    rasters: Rasters


@dataclass(frozen=True, eq=False)
class _AmountKernel:
    """What the maps hold: sums over the area that the values are spread over, by year."""

    sources: tuple[tuple[str, ...], ...]

    def __call__(self, block: Block) -> Result:
        sums = {}
        for year, names in enumerate(self.sources):
            amounts = [
                (np.where(block.valid[name] & block.gate, block.values[name], 0.0) * block.areas_ha).sum()
                for name in names
            ]
            sums[f"amounts:{year}"] = np.array(amounts)
        return Result(sums=Sums(sums))


@dataclass(frozen=True, eq=False)
class _ValueKernel:
    """Value per hectare: each map times the worth of one of its units.

    Attributes:
        sources: by year, a source per map.
        worth: shape (years, maps).
    """

    sources: tuple[tuple[str, ...], ...]
    worth: np.ndarray

    def __call__(self, block: Block) -> Result:
        layers, masks = [], []
        for year, names in enumerate(self.sources):
            value = np.zeros(block.gate.shape)
            known = np.zeros(block.gate.shape, dtype=bool)
            for name, worth in zip(names, self.worth[year]):
                value += np.where(block.valid[name], block.values[name].astype(np.float64), 0.0) * worth
                known |= block.valid[name]
            layers.append(value.astype(np.float32))
            masks.append(known & block.gate)
        return Result({VALUE: (np.stack(layers), np.stack(masks))})


@dataclass(frozen=True)
class ValueMap:
    """What the map holds: per year the value that it shows, and that of services without a map."""

    years: tuple[int, ...]
    shown: tuple[float, ...]
    left: tuple[float, ...]


def run_value_map(
    account: GepAccount,
    maps: Sequence[ServiceMap],
    path: str,
    metadata: Mapping[str, str] | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> ValueMap:
    """Maps GEP per hectare, a band per year of the account.

    ``value of a pixel = quantity of the pixel x value of the service / sum of the quantity over the map``.

    Raises:
        InputError: a service is not in the account or has two maps, or a map of something that has a value is 0
            throughout.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    _check(account, maps)
    settings = settings or RasterSettings()
    names = tuple(f"map {n}" for n in range(len(maps)))
    with workspace() as folder:
        survey = Survey(account.years, settings, folder, progress)
        for name, one in zip(names, maps):
            survey.add(name, one.rasters, ANY)
        by_year = [survey.sources_by_year(name) for name in names]
        sources = tuple(tuple(of[y].name for of in by_year) for y in range(len(account.years)))
        read = [source for of in by_year for source in of]
        gate = [source.name for source in read]  # a pixel takes part where any map holds something
        summed = run_job(survey.area.job(_AmountKernel(sources), read, gate=gate, gate_any=True), progress.part(0, 50))
        survey.area.require_pixels(summed)
        worth, shown = _worth(account, maps, [summed.sums[f"amounts:{y}"] for y in range(len(account.years))])
        unit = quantity(VALUE).unit.format(currency=account.currency)
        bands = tuple(Band(str(year), unit) for year in account.years)
        output = Output(VALUE, path, bands, metadata=dict(metadata or {}))
        kernel = _ValueKernel(sources, worth)
        run_job(survey.area.job(kernel, read, [output], gate=gate, gate_any=True), progress.part(50, 100))
    left = tuple(account.total(year) - value for year, value in zip(account.years, shown))
    for year, value, rest in zip(account.years, shown, left):
        progress.info(
            say(
                "{year}: the map shows {value}; services without a map {rest}.",
                year=year,
                value=Amount(value, account.currency),
                rest=Amount(rest, account.currency),
            )
        )
    return ValueMap(account.years, tuple(shown), left)


def _worth(
    account: GepAccount, maps: Sequence[ServiceMap], amounts: Sequence[np.ndarray]
) -> tuple[np.ndarray, list[float]]:
    """Value of a unit of each map, shape (years, maps), and the value that all of them show, by year."""
    worth = np.zeros((len(account.years), len(maps)))
    shown = []
    for y, year in enumerate(account.years):
        values = [_value(account, one, year) for one in maps]
        for m, (value, amount) in enumerate(zip(values, amounts[y].tolist())):
            if value and not amount:
                names = ", ".join(maps[m].services)
                raise InputError(
                    say(
                        "{year}: {names} is worth {value:,.2f}, but its map is 0 throughout.",
                        year=year,
                        names=names,
                        value=value,
                    )
                )
            worth[y, m] = value / amount if amount else 0.0
        shown.append(sum(values))
    return worth, shown


def _value(account: GepAccount, one: ServiceMap, year: int) -> float:
    return total_of(row for row in account.of_year(year) if row.quantity.service in one.services)


def _check(account: GepAccount, maps: Sequence[ServiceMap]) -> None:
    present = {row.quantity.service for row in account.rows}
    seen: set[str] = set()
    for one in maps:
        for service in one.services:
            if service not in present:
                raise InputError(
                    say(
                        "MAP_SERVICES names {service}, which the account does not have: {present}.",
                        service=service,
                        present=", ".join(present),
                    )
                )
            if service in seen:
                raise InputError(say("MAP_SERVICES gives {service} two maps. Keep one.", service=service))
            seen.add(service)
