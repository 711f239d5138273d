"""Carbon stored in ecosystems, by land-cover class, and what they take up in a year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...errors import TableError
from ...inputs.record import keep_coefficients
from ...inputs.used import class_columns
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import quantity
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ...raster.zones.zoning import open_zoning
from ...results import Column, ResultTable
from ...tables import Table
from ..by_ecosystem import ByEcosystem, ecosystem_members, per_year
from ..survey import Cover, Survey, map_output
from ..yearly_kernel import Layers, MissingRows, Pixels
from .change import CarbonChange, ChangeInputs, carbon_change, pairs_of
from .flux import CARBON_TO_CO2, FluxInputs, FluxOutputs, FluxResult, run_carbon_flux

STOCK = "carbon"
POOLS = ("above", "below", "soil", "dead")
COLUMNS = (
    Column("density_t_ha", unit=quantity("carbon_density").unit),
    Column("carbon_t", unit="t C"),
    Column("co2_t", unit="t CO2"),
)


def class_densities(table: Table, codes: tuple[int, ...]) -> np.ndarray:
    """Carbon per hectare of classes, the sum of their pools; NaN for codes without a row.

    Args:
        table: `code`, and either `carbon` or some of `above`, `below`, `soil`, `dead`, t C/ha.
        codes: of the result.

    Raises:
        TableError: a column is missing or a density is negative.
    """
    pools = [pool for pool in (*POOLS, "carbon") if table.has(pool)]
    if not pools or ("carbon" in pools and len(pools) > 1):
        raise TableError(
            say(
                "Table {name} needs either the column carbon or columns of pools ({pools}), in t C/ha.",
                name=table.name,
                pools=", ".join(POOLS),
            )
        )
    densities = np.sum([table.numbers(pool) for pool in pools], axis=0)
    of_code = dict(zip(table.codes("code"), map(float, densities)))
    negative = [code for code, density in of_code.items() if density < 0]
    if negative:
        raise TableError(
            say(
                "Table {name}, code {negative}: carbon is negative. Write t C/ha.",
                name=table.name,
                negative=negative[0],
            )
        )
    return np.array([of_code.get(code, np.nan) for code in codes])


@dataclass(frozen=True, eq=False)
class StockFormula:
    """Carbon of the pixels by class; densities of shape (classes,), t C/ha."""

    densities: np.ndarray
    codes: tuple[int, ...]

    def __call__(self, pixels: Pixels) -> Layers:
        stock = self.densities[pixels.classes]
        valid = pixels.all_valid()
        missing = valid & np.isnan(stock)
        if missing.any():
            raise MissingRows(say("carbon"), [c for c, one in zip(self.codes, self.densities) if np.isnan(one)])
        return Layers({STOCK: stock}, valid, {STOCK: stock}, group=pixels.classes)


@dataclass(frozen=True)
class CarbonOutputs:
    """Paths of the maps; None for a map that is not wanted."""

    carbon: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    flux: str | None = None
    oxygen: str | None = None


@dataclass(frozen=True, eq=False)
class CarbonResult(ByEcosystem):
    """Carbon of the study area; arrays have shape (years, ecosystems), groups are land-cover classes.

    Attributes:
        carbon_t: stored.
        flux: of a year; None where no production was given.
        change: between years; None where it was not wanted.
    """

    carbon_t: np.ndarray
    flux: FluxResult | None = None
    change: CarbonChange | None = None

    @property
    def totals(self) -> tuple[float, ...]:
        """Carbon per year, t C."""
        return per_year(self.carbon_t)

    def table(self) -> ResultTable:
        """A row per year and ecosystem that occurs."""
        return self.rows(COLUMNS, self.per_ha(self.carbon_t), self.carbon_t, self.carbon_t * CARBON_TO_CO2)


def run_carbon_storage(
    cover: Cover,
    table: Table,
    outputs: CarbonOutputs,
    years: tuple[int, ...] = (),
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
    flux: FluxInputs | None = None,
    change: ChangeInputs | None = None,
) -> CarbonResult:
    """Maps carbon by land-cover class and sums it by ecosystem; with `flux` also what is taken up in a year, with
    `change` what was emitted and taken up between years.

    Stock and flux are two passes, because production may be missing where there is a stock, such as on lakes.

    Raises:
        TableError: the table of carbon cannot be used, or a land-cover code is not in the scheme.
        InputError: see `run_carbon_flux` and `pairs_of`.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    densities = class_densities(table, cover.scheme.codes)
    if change:
        pairs_of(years)
    title = quantity("carbon_density").name
    keep_coefficients(title, class_columns(cover.scheme.codes, {title: densities}, quantity("carbon_density").unit))
    names, member = ecosystem_members(cover.scheme)
    settings = settings or RasterSettings()
    found = None
    if flux:
        of_flux = FluxOutputs(outputs.flux, outputs.metadata, outputs.oxygen)
        found = run_carbon_flux(cover, flux, of_flux, years, settings, progress.part(0, 60))
        progress = progress.part(60, 100)
        progress.info(say("Carbon stock by class."))
    with workspace() as folder:
        survey = Survey(years, settings, folder, progress)
        survey.add_land_cover(cover)
        made = map_output(survey, STOCK, outputs.carbon, "carbon_density", outputs.metadata)
        zoning = open_zoning(change.zones if change else None, survey.area, progress, overlapping=True)
        stock_progress = progress.part(0, 60) if change else progress
        sums = survey.run(StockFormula(densities, cover.scheme.codes), made, len(densities), stock_progress)
        changed = None
        if change:
            codes, rest = cover.scheme.codes, progress.part(60, 100)
            changed = carbon_change(change, survey.area, zoning, survey.land_cover, years, codes, densities, rest)
    result = CarbonResult(sums.years, names, sums.area_ha @ member, sums, sums.amounts[STOCK] @ member, found, changed)
    for year, total in zip(result.years, result.totals):
        progress.info(say("{year}{total:,.0f} t of carbon stored.", year=f"{year}: " if year else "", total=total))
    return result
