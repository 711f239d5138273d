"""Profit and loss of ecosystem service value: what changes of land use, and of what land yields, gained and lost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ...assets.equivalents import Service
from ...assets.valuation.kernel import PLAIN, ValuationKernel
from ...assets.valuation.run import PreparedValuation, ValuationInputs, prepare_valuation
from ...errors import InputError
from ...land_cover import LandCoverClass
from ...land_cover_maps import class_indices, run_over_classes
from ...messages import say
from ...progress import QUIET, Progress
from ...quantities import quantity
from ...raster.files import workspace
from ...raster.output import Band, Output
from ...raster.passes.crosstab import Pairs, classes_that_occur, gather
from ...raster.settings import RasterSettings
from ...raster.tally import Sums, sum_by_class
from ...raster.work import Block, JobResult, Result
from ...raster.zones.zoning import ZoneLayer, Zoning, open_zoning
from ...tables import Table
from ...years import year_pairs
from ..transfer.run import LeftOutOfPair, left_out_of_pairs, tell_left_out
from .change_index import TOLERANCE, change_index, read_gdp, require_known_zones

CHANGE, INDEX = "change", "index"
PIXELS, AREA, GAIN, LOSS, BEFORE, AFTER = "pair_pixels", "pair_area", "gain", "loss", "before", "after"


@dataclass(frozen=True)
class ProfitLossInputs:
    """What is compared.

    Attributes:
        valuation: land cover of at least two years, coefficients, adjustments.
        zones: None for the study area as a whole.
        gdp: zone, year, gdp (constant prices) for the harmony of value and economy; None for none.
        tolerance: a change index nearer to zero than this is zero.
    """

    valuation: ValuationInputs
    zones: ZoneLayer | None = None
    gdp: Table | None = None
    tolerance: float = TOLERANCE


@dataclass(frozen=True)
class ProfitLossOutputs:
    """Paths of the maps, a band per pair of years; None for a map that is not wanted."""

    change: str | None = None
    index: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class ProfitLossResult:
    """Profit and loss. Values are in currency per year; shapes begin with (pairs, zones).

    Attributes:
        pairs: the pairs of years: consecutive ones, then first and last when there are more than two years.
        zones: names; one, `all`, where no zones were given.
        classes: the classes that occur.
        services: the services.
        area_ha: (pairs, zones, classes, classes), rows from.
        structure: (pairs, zones, services, classes, classes): the flow matrix, what changes of land use gained (above
            0) or lost, at what the earlier year's land yields; the diagonal is 0.
        intensity: the same shape: what changes of the coefficients, prices and adjustments add on the land of the
            later year; 0 where they are constant.
        value_from: (pairs, zones, services, classes), by the class of the earlier year.
        value_to: the same, by the class of the later year.
        gain: (pairs, zones), sum over the pixels that gained.
        loss: the same of those that lost, not above 0; gain + loss is the change.
        gdp: by zone and year.
        left_out: what could not be compared.
        inputs: what was asked for.
    """

    pairs: tuple[tuple[int, int], ...]
    zones: tuple[str, ...]
    classes: tuple[LandCoverClass, ...]
    services: tuple[Service, ...]
    area_ha: np.ndarray
    structure: np.ndarray
    intensity: np.ndarray
    value_from: np.ndarray
    value_to: np.ndarray
    gain: np.ndarray
    loss: np.ndarray
    gdp: Mapping[tuple[str, int], float]
    left_out: tuple[LeftOutOfPair, ...]
    inputs: ProfitLossInputs

    def headline(self) -> tuple[float, float, float]:
        """Gain, loss and net change of the study area from the first to the last year."""
        net = math.fsum(self.value_to[-1].flat) - math.fsum(self.value_from[-1].flat)
        return math.fsum(self.gain[-1]), math.fsum(self.loss[-1]), net


@dataclass(frozen=True, eq=False)
class ProfitLossKernel:
    """Sums that all profit and loss follows from, and the maps of change.

    A value is ``V_f(x) = VC_kf adj_f(x)``, linear in the adjustment, so that areas and sums of the adjusting rasters
    by pair of classes are enough for the exact flow of every service.
    """

    valuation: ValuationKernel
    pairs: tuple[tuple[int, int], ...]
    zoning: Zoning
    tolerance: float
    maps: tuple[str, ...]

    def __call__(self, block: Block) -> Result:
        valuation = self.valuation
        classes = [class_indices(block, name, valuation.index) for name in valuation.land_cover]
        masks = valuation.masks(block, classes)
        raw = [
            {name: valuation.adjusting(block, name, year, index) for name in valuation.factors}
            for year, index in enumerate(classes)
        ]
        # Maps hold float32. Gains and losses are summed from float64, as the values of the classes are, so that they
        # add up to the net.
        exact = [valuation.exact_total(year, index, raw[year]) for year, index in enumerate(classes)]
        totals = [values.astype(np.float32) for values in exact]
        zones = self.zoning.numbers(block) if self.zoning.divided else None
        sums: dict[str, np.ndarray] = {}
        layers: dict[str, list[np.ndarray]] = {CHANGE: [], INDEX: []}
        for number, (earlier, later) in enumerate(self.pairs):
            mask = masks[earlier] & masks[later]
            first, second = (block.values[valuation.land_cover[year]] for year in (earlier, later))
            pairs = Pairs(first, second, mask, valuation.index, block.areas_ha, zones)
            pixels = pairs.pixels()
            _add(sums, PIXELS, number, pixels)
            _add(sums, AREA, number, pairs.areas(pixels))
            for name in valuation.factors:
                before = self._before(block, name, earlier, later, raw)
                _add(sums, f"{BEFORE}_{name}", number, pairs.sums(before * block.areas_ha))
                _add(sums, f"{AFTER}_{name}", number, pairs.sums(raw[later][name] * block.areas_ha))
            self._add_gain_and_loss(sums, number, exact[later] - exact[earlier], mask, zones, block)
            change = totals[later] - totals[earlier]
            index = change_index(totals[earlier], totals[later], self.tolerance) if INDEX in self.maps else change
            layers[CHANGE].append(np.where(mask, change, np.nan))
            layers[INDEX].append(np.where(mask, index, np.nan))
        rasters = {name: np.stack(layers[name]) for name in self.maps}
        return Result({name: (values, ~np.isnan(values)) for name, values in rasters.items()}, Sums(sums))

    def _before(
        self, block: Block, name: str, earlier: int, later: int, raw: list[dict[str, np.ndarray]]
    ) -> np.ndarray:
        """The earlier adjusting raster; where it has no value and needs none (built-up land), the later year's.

        Land that becomes forest where productivity was never measured is thus valued at what it yields afterwards,
        and not at nothing.
        """
        factor = self.valuation.factors[name]
        values = raw[earlier][name]
        unknown = ~block.valid[factor.sources[earlier]] & (values == 0)
        if not unknown.any():
            return values
        ratio = factor.references[earlier] / factor.references[later]
        return np.where(unknown, raw[later][name].astype(np.float64) * ratio, values)

    def _add_gain_and_loss(
        self,
        sums: dict[str, np.ndarray],
        number: int,
        change: np.ndarray,
        mask: np.ndarray,
        zones: np.ndarray | None,
        block: Block,
    ) -> None:
        count = len(self.zoning.names)
        zone = np.where(mask, 0 if zones is None else zones, count)
        value = change * block.areas_ha
        sums[f"{GAIN}:{number}"] = sum_by_class(zone, count + 1, np.maximum(value, 0))[:-1]
        sums[f"{LOSS}:{number}"] = sum_by_class(zone, count + 1, np.minimum(value, 0))[:-1]


def _add(sums: dict[str, np.ndarray], what: str, number: int, matrices: Mapping[int, np.ndarray]) -> None:
    sums.update({f"{what}:{number}:{zone}": matrix[:-1, :-1] for zone, matrix in matrices.items()})


ONE_YEAR = say("Profit and loss compare years: give at least two land-cover rasters and their years.")


def run_profit_loss(
    inputs: ProfitLossInputs,
    outputs: ProfitLossOutputs | None = None,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> ProfitLossResult:
    """Values land in every year and tells which change of land gained and lost how much.

    The flow from class i to class j of service f gains ``PL_ij,f = (VC_jf - VC_if) A_ij`` (with adjustments: by pixel,
    at those of the earlier year). All flows add up to the change in value where coefficients are constant; otherwise
    ``structure = sum_ij PL_ij`` and ``intensity = sum_j (VC_2j - VC_1j) A_.j`` add up to it.

    Raises:
        InputError, GridError, TableError, OutputError, Cancelled: as `run_valuation`; fewer than two years, or a table
            of GDP that names none of the zones.
    """
    outputs, settings = outputs or ProfitLossOutputs(), settings or RasterSettings()
    valuation = inputs.valuation
    if len(valuation.years) < 2:
        raise InputError(ONE_YEAR)
    gdp = read_gdp(inputs.gdp) if inputs.gdp is not None else {}
    pairs = year_pairs(valuation.years)
    position = {year: i for i, year in enumerate(valuation.years)}
    wanted = {CHANGE: outputs.change, INDEX: outputs.index}
    with workspace() as folder:
        ready = prepare_valuation(valuation, settings, folder, progress.part(0, 30))
        zoning = open_zoning(inputs.zones, ready.area, progress)
        if inputs.gdp is not None:
            require_known_zones(inputs.gdp, zoning.names)
        kernel = ProfitLossKernel(
            ready.kernel,
            tuple((position[a], position[b]) for a, b in pairs),
            zoning,
            inputs.tolerance,
            tuple(name for name, path in wanted.items() if path),
        )
        maps = _outputs(outputs, pairs, valuation.currency)
        job = ready.area.job(kernel, [*ready.sources, *zoning.sources], maps, gate=ready.kernel.land_cover)

        def accept(found: JobResult) -> None:
            ready.area.require_pixels(found)
            classes_that_occur(found.sums, PIXELS)

        job = replace(job, accept=accept)
        found = run_over_classes(job, ready.cover, valuation.scheme, ready.area, progress.part(30, 100))
    result = _collect(inputs, pairs, position, ready, zoning.names, gdp, found)
    tell_left_out(result.left_out, progress)
    return result


def _outputs(outputs: ProfitLossOutputs, pairs: tuple[tuple[int, int], ...], currency: str) -> list[Output]:
    wanted = (
        (CHANGE, outputs.change, quantity("value_change").unit_in(currency)),
        (INDEX, outputs.index, quantity("change_index").unit),
    )
    return [
        Output(name, path, tuple(Band(f"{a}-{b}", unit) for a, b in pairs), metadata=outputs.metadata)
        for name, path, unit in wanted
        if path
    ]


def _collect(
    inputs: ProfitLossInputs,
    pairs: tuple[tuple[int, int], ...],
    position: Mapping[int, int],
    ready: PreparedValuation,
    zones: tuple[str, ...],
    gdp: Mapping[tuple[str, int], float],
    found: JobResult,
) -> ProfitLossResult:
    kernel, services = ready.kernel, inputs.valuation.equivalents.services
    occurs = classes_that_occur(found.sums, PIXELS)

    def matrices(name: str) -> np.ndarray:
        return gather(found.sums, name, len(pairs), len(zones), occurs)

    pixels, area_ha = matrices(PIXELS), matrices(AREA)
    earlier, later = (np.array([position[pair[i]] for pair in pairs]) for i in (0, 1))
    parts: dict[str, list[np.ndarray]] = {"structure": [], "intensity": [], "value_from": [], "value_to": []}
    for s, factor in enumerate(kernel.factor_of):
        before = after = area_ha
        if factor != PLAIN:  # area times adjustment
            references = np.array(kernel.factors[factor].references)[:, np.newaxis, np.newaxis, np.newaxis]
            before = matrices(f"{BEFORE}_{factor}") / references[earlier]
            after = matrices(f"{AFTER}_{factor}") / references[later]
        # (pairs, zones, from, to): what a hectare yields in the earlier year as the class it was and as the one it
        # becomes, and in the later year
        was = kernel.coefficients[earlier, s][:, occurs][:, np.newaxis, :, np.newaxis]
        becomes = was.swapaxes(2, 3)
        yields = kernel.coefficients[later, s][:, occurs][:, np.newaxis, np.newaxis, :]
        parts["structure"].append((becomes - was) * before)
        parts["intensity"].append(yields * after - becomes * before)
        parts["value_from"].append((was * before).sum(axis=3))
        parts["value_to"].append((yields * after).sum(axis=2))
    by_service = {name: np.stack(arrays, axis=2) for name, arrays in parts.items()}
    gain, loss = (np.stack([found.sums[f"{what}:{p}"] for p in range(len(pairs))]) for what in (GAIN, LOSS))
    return ProfitLossResult(
        pairs=pairs,
        zones=zones,
        classes=tuple(land_class for land_class, here in zip(inputs.valuation.scheme, occurs) if here),
        services=services,
        area_ha=area_ha,
        structure=by_service["structure"],
        intensity=by_service["intensity"],
        value_from=by_service["value_from"],
        value_to=by_service["value_to"],
        gain=gain,
        loss=loss,
        gdp=gdp,
        left_out=left_out_of_pairs(pairs, pixels, area_ha, found),
        inputs=inputs,
    )
