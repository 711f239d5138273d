"""Carbon dioxide that ecosystems fix and oxygen that they release in a year, from net primary production."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from ...column_words import choice
from ...errors import InputError
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import Measure, UnitChoice, quantity
from ...raster.files import workspace
from ...raster.settings import RasterSettings
from ...results import Column, ResultTable, numbers
from ..by_ecosystem import ByEcosystem, ecosystem_members, per_year
from ..survey import Cover, Rasters, Survey, map_output
from ..yearly_kernel import Layers, Pixels

Method = Literal["nep", "dry_matter"]
OxygenMethod = Literal["flux_method", "from_co2", "dry_matter", "npp"]
FLUX, OXYGEN = "co2_flux", "oxygen_flux"
CARBON_TO_CO2 = 44 / 12
CO2_TO_OXYGEN = 32 / 44
CARBON_TO_OXYGEN = 32 / 12
# What a value is multiplied with to become t C/ha.
TO_T_HA = {"gc_m2": 0.01, "kgc_m2": 10.0, "tc_ha": 1.0}
# MOD17A3: stored values are 0.0001 kgC/m2; those above 32700 are fill values (water, towns, barren land).
MOD17, MOD17_TO_T_HA, MOD17_LARGEST = "mod17", 0.001, 32_700.0
NPP_UNITS = (*TO_T_HA, MOD17)
G_M2_PER_T_HA = 100.0
# What the richest land holds in t C/ha would be this, taken for gC/m2; only deserts produce so little.
NEXT_TO_NOTHING_T_HA = 0.25
SOURCES = {
    "nep": "Q_CO2 = 44/12 NEP, Q_O2 = 32/44 Q_CO2",
    "dry_matter": say("CO2 and O2 per dry matter of NPP, by the equation of photosynthesis"),
}
OXYGEN_METHODS: dict[OxygenMethod, str] = {
    "flux_method": say("as the method of CO2 has it"),
    "from_co2": "Q_O2 = 32/44 Q_CO2",
    "dry_matter": say("O2 per dry matter of NPP"),
    "npp": "Q_O2 = 32/12 NPP",
}
COLUMNS = (
    *numbers("npp_t", "nep_t", unit="t C/a"), Column("co2_t_ha", unit=quantity("co2_flux").unit),
    Column("co2_t", unit="t CO2/a"), Column("oxygen_t", unit="t O2/a"),
)  # fmt: skip


def net_ecosystem_production(
    npp: np.ndarray, respiration: np.ndarray | None = None, ratio: float | None = None
) -> np.ndarray:
    """What an ecosystem gains or loses, ``NEP = NPP - Rh``, or ``NEP = ratio NPP``; negative where it loses.

    Args:
        npp: net primary production, t C/(ha a).
        respiration: Rh, of what lives in the soil and is no plant, t C/(ha a); or
        ratio: NEP over NPP, dimensionless.

    Returns:
        t C/(ha a).
    """
    return npp - respiration if ratio is None else ratio * npp


def fixed_by_dry_matter(npp: np.ndarray, carbon_fraction: float, per_dry_matter: float) -> np.ndarray:
    """Gas that plants exchange for their growth, ``per_dry_matter NPP / carbon_fraction``, t/(ha a).

    Args:
        npp: net primary production, t C/(ha a).
        carbon_fraction: of dry matter, such as 0.45.
        per_dry_matter: t of the gas per t of dry matter: 1.63 of CO2 fixed, 1.19 of O2 released.
    """
    return per_dry_matter / carbon_fraction * npp


@dataclass(frozen=True)
class FluxInputs:
    """Production and the way from it to carbon dioxide.

    Attributes:
        npp: annual net primary production.
        npp_unit: one of `NPP_UNITS`; `mod17` are stored values of MOD17A3, whose fill values are left out.
        method: `nep` takes net ecosystem production; `dry_matter` what plants alone exchange, with NPP.
        respiration: annual heterotrophic respiration, for `nep`; or
        nep_ratio: NEP over NPP, above 0 to 1.
        respiration_unit: a key of `TO_T_HA`.
        carbon_fraction: of dry matter, for `dry_matter`.
        co2_per_dry_matter, oxygen_per_dry_matter: t fixed and t released per t of dry matter.
        oxygen: what the oxygen follows: `flux_method` is `from_co2` with `nep` and `dry_matter` with `dry_matter`;
            `from_co2` ties it to the CO2 that is fixed, `dry_matter` and `npp` to what plants alone exchange.
    """

    npp: Rasters
    npp_unit: str = "gc_m2"
    method: Method = "nep"
    respiration: Rasters | None = None
    nep_ratio: float | None = None
    respiration_unit: str = "gc_m2"
    carbon_fraction: float = 0.45
    co2_per_dry_matter: float = 1.63
    oxygen_per_dry_matter: float = 1.19
    oxygen: OxygenMethod = "flux_method"

    @property
    def oxygen_method(self) -> OxygenMethod:
        """What the oxygen follows in the end."""
        if self.oxygen != "flux_method":
            return self.oxygen
        return "from_co2" if self.method == "nep" else "dry_matter"

    @property
    def npp_to_t_ha(self) -> float:
        """What a value of NPP is multiplied with."""
        return MOD17_TO_T_HA if self.npp_unit == MOD17 else TO_T_HA[self.npp_unit]


@dataclass(frozen=True)
class FluxFormula:
    """Carbon dioxide and oxygen of the pixels, t/(ha a)."""

    inputs: FluxInputs

    def __call__(self, pixels: Pixels) -> Layers:
        inputs, valid = self.inputs, pixels.all_valid()
        npp = self._npp(pixels)
        amounts = {"npp": npp}
        if inputs.method == "nep":
            nep = net_ecosystem_production(npp, self._respiration(pixels), inputs.nep_ratio)
            co2 = CARBON_TO_CO2 * nep
            amounts["nep"] = nep
        else:
            co2 = fixed_by_dry_matter(npp, inputs.carbon_fraction, inputs.co2_per_dry_matter)
        oxygen = self._oxygen(npp, co2)
        amounts |= {"oxygen": oxygen, "co2": co2}
        counts = {"losing": co2 < 0, "too rich": G_M2_PER_T_HA * npp > quantity("npp").usual.high}
        return Layers({FLUX: co2, OXYGEN: oxygen}, valid, amounts, counts, pixels.classes)

    def _oxygen(self, npp: np.ndarray, co2: np.ndarray) -> np.ndarray:
        """Oxygen released, t O2/(ha a)."""
        method = self.inputs.oxygen_method
        if method == "from_co2":
            return CO2_TO_OXYGEN * co2
        if method == "npp":
            return CARBON_TO_OXYGEN * npp
        return fixed_by_dry_matter(npp, self.inputs.carbon_fraction, self.inputs.oxygen_per_dry_matter)

    def _npp(self, pixels: Pixels) -> np.ndarray:
        return pixels.values["npp"] * self.inputs.npp_to_t_ha

    def _respiration(self, pixels: Pixels) -> np.ndarray | None:
        if self.inputs.respiration is None:
            return None
        return pixels.values["respiration"] * TO_T_HA[self.inputs.respiration_unit]


@dataclass(frozen=True, eq=False)
class FluxResult(ByEcosystem):
    """Exchange of the study area; arrays have shape (years, ecosystems), groups are land-cover classes.

    Attributes:
        npp_t: t C/a.
        nep_t: t C/a; None with the method `dry_matter`, which does not know it.
        co2_t: fixed, t CO2/a; negative where more is released.
        oxygen_t: released, t O2/a.
        inputs: what it was made from.
    """

    npp_t: np.ndarray
    nep_t: np.ndarray | None
    co2_t: np.ndarray
    oxygen_t: np.ndarray
    inputs: FluxInputs

    @property
    def co2_totals(self) -> tuple[float, ...]:
        """Carbon dioxide fixed per year, t."""
        return per_year(self.co2_t)

    @property
    def oxygen_totals(self) -> tuple[float, ...]:
        """Oxygen released per year, t."""
        return per_year(self.oxygen_t)

    def table(self) -> ResultTable:
        """A row per year and ecosystem that occurs."""
        return self.rows(COLUMNS, self.npp_t, self.nep_t, self.per_ha(self.co2_t), self.co2_t, self.oxygen_t)


@dataclass(frozen=True)
class FluxOutputs:
    """Paths of the maps of carbon dioxide and of oxygen; None for none."""

    flux: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    oxygen: str | None = None


def run_carbon_flux(
    cover: Cover,
    inputs: FluxInputs,
    outputs: FluxOutputs,
    years: tuple[int, ...] = (),
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> FluxResult:
    """Maps carbon dioxide fixed in a year and sums it, with oxygen, by ecosystem.

    Raises:
        InputError: the way from NPP to NEP is missing, told twice or not needed, a constant is out of range, or NPP or
            respiration holds another unit.
        TableError: a land-cover code is not in the scheme.
        GridError, OutputError, Cancelled: see `run_job`.
    """
    _check(inputs)
    progress.info(
        say(
            "CO2 and O2 of a year by {method}: {sources}.",
            method=choice("FLUX_METHOD", inputs.method),
            sources=SOURCES[inputs.method],
        )
    )
    if inputs.oxygen != "flux_method":
        progress.info(
            say(
                "Oxygen by {oxygen}: {oxygen_methods}.",
                oxygen=choice("OXYGEN_METHOD", inputs.oxygen),
                oxygen_methods=OXYGEN_METHODS[inputs.oxygen],
            )
        )
    names, member = ecosystem_members(cover.scheme)
    with workspace() as folder:
        survey = Survey(years, settings or RasterSettings(), folder, progress)
        survey.add_land_cover(cover)
        survey.add("npp", _without_fill(inputs), _measure("npp", inputs.npp_unit, "NPP_UNIT", NPP_UNITS))
        loss = _measure("respiration", inputs.respiration_unit, "RESPIRATION_UNIT", tuple(TO_T_HA))
        survey.add("respiration", inputs.respiration, loss)
        made = map_output(survey, FLUX, outputs.flux, "co2_flux", outputs.metadata)
        made += map_output(survey, OXYGEN, outputs.oxygen, "oxygen_flux", outputs.metadata)
        sums = survey.run(FluxFormula(inputs), made, len(cover.scheme.codes), progress)
    amounts = {name: values @ member for name, values in sums.amounts.items()}
    result = FluxResult(
        years=sums.years,
        ecosystems=names,
        area_ha=sums.area_ha @ member,
        npp_t=amounts["npp"],
        nep_t=amounts.get("nep"),
        co2_t=amounts["co2"],
        oxygen_t=amounts["oxygen"],
        sums=sums,
        inputs=inputs,
    )
    _tell(result, progress)
    return result


def _measure(quantity: str, unit: str, parameter: str, units: Sequence[str]) -> Measure:
    """What a raster holds in one of the units that a parameter offers."""
    offers = {word: G_M2_PER_T_HA * (MOD17_TO_T_HA if word == MOD17 else TO_T_HA[word]) for word in units}
    choices = tuple(UnitChoice(word, factor) for word, factor in offers.items())
    return Measure(quantity, offers[unit], choice=parameter, units=choices)


def _check(inputs: FluxInputs) -> None:
    """Raises InputError where units, method and constants do not make a flux."""
    if inputs.method not in SOURCES:
        raise InputError(
            say("There is no method {method}. Choose {sources}.", method=inputs.method, sources=" or ".join(SOURCES))
        )
    if inputs.oxygen not in OXYGEN_METHODS:
        raise InputError(
            say(
                "There is no method {oxygen} of oxygen. Choose one of {oxygen_methods}.",
                oxygen=inputs.oxygen,
                oxygen_methods=", ".join(OXYGEN_METHODS),
            )
        )
    for unit, known in ((inputs.npp_unit, NPP_UNITS), (inputs.respiration_unit, tuple(TO_T_HA))):
        if unit not in known:
            raise InputError(say("There is no unit {unit}. Choose one of {known}.", unit=unit, known=", ".join(known)))
    ways = [inputs.respiration is not None, inputs.nep_ratio is not None]
    if inputs.method == "dry_matter":
        if any(ways):
            raise InputError(
                say(
                    "The method dry_matter takes NPP as it is: RESPIRATION and NEP_RATIO would count for "
                    "nothing. Leave them out, or choose the method nep."
                )
            )
        _check_dry_matter(inputs)
        return
    if inputs.oxygen_method == "dry_matter":
        _check_dry_matter(inputs)
    if all(ways):
        raise InputError(say("RESPIRATION and NEP_RATIO are both given. NEP is NPP less one, or the other times NPP."))
    if not any(ways):
        raise InputError(
            say(
                "NEP needs RESPIRATION (NEP = NPP - Rh) or NEP_RATIO (NEP = ratio x NPP). Give one of them, "
                "or choose the method dry_matter, which tells what plants alone exchange."
            )
        )
    if inputs.nep_ratio is not None and not 0 < inputs.nep_ratio <= 1:
        raise InputError(
            say(
                "NEP_RATIO is {nep_ratio:g}. Give NEP over NPP, above 0 and at most 1. For land that loses "
                "carbon give RESPIRATION instead.",
                nep_ratio=inputs.nep_ratio,
            )
        )


def _check_dry_matter(inputs: FluxInputs) -> None:
    if not 0 < inputs.carbon_fraction <= 1:
        raise InputError(
            say(
                "CARBON_FRACTION is {carbon_fraction:g}. Give the t of carbon in a t of dry matter, such as 0.45.",
                carbon_fraction=inputs.carbon_fraction,
            )
        )
    factors = {"CO2_PER_DRY_MATTER": inputs.co2_per_dry_matter, "OXYGEN_PER_DRY_MATTER": inputs.oxygen_per_dry_matter}
    for name, factor in factors.items():
        if not factor > 0:
            raise InputError(
                say("{name} is {factor:g}. Give t per t of dry matter, above 0.", name=name, factor=factor)
            )


def _without_fill(inputs: FluxInputs) -> Rasters:
    """NPP without the fill values of MOD17, unless the user gave a range."""
    series = inputs.npp
    if inputs.npp_unit != MOD17 or series.maximum is not None:
        return series
    return Rasters(series.paths, series.minimum, MOD17_LARGEST)


def _tell(result: FluxResult, progress: Progress) -> None:
    npp = result.sums.mean("npp")
    pixels = result.sums.pixels.sum(axis=1)
    losing, rich = (result.sums.counts[name].sum(axis=1) for name in ("losing", "too rich"))
    for y, (year, co2, oxygen) in enumerate(zip(result.years, result.co2_totals, result.oxygen_totals)):
        when = f"{year}: " if year else ""
        progress.info(
            say(
                "{when}{co2:,.0f} t of CO2 fixed and {oxygen:,.0f} t of O2 released ({method}); mean NPP "
                "{npp:.4g} gC/m2.",
                when=when,
                co2=co2,
                oxygen=oxygen,
                method=result.inputs.method,
                npp=100 * npp[y],
            )
        )
        if losing[y]:
            progress.warn(
                say(
                    "{when}{losing} pixels ({pixels:.1f} %) release more CO2 than they fix: they count as losses.",
                    when=when,
                    losing=int(losing[y]),
                    pixels=100 * losing[y] / pixels[y],
                )
            )
        if rich[y]:
            progress.warn(
                say(
                    "{when}NPP is above {high:,.0f} gC/m2 in {rich} pixels, which hardly any land reaches. They "
                    "may be fill values: set NPP_MAX.",
                    when=when,
                    high=quantity("npp").usual.high,
                    rich=int(rich[y]),
                )
            )
        if abs(npp[y]) < NEXT_TO_NOTHING_T_HA:
            progress.warn(
                say(
                    "{when}NPP is {npp:.3g} gC/m2 on average, as in a desert. Check its unit (NPP_UNIT).",
                    when=when,
                    npp=100 * npp[y],
                )
            )
