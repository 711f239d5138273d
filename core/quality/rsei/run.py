"""The remote sensing ecological index (RSEI): greenness, wetness, dryness and heat in one number per pixel and year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...errors import InputError
from ...inputs.finding import Finding, Place
from ...inputs.images import check_heat, check_indicators, check_share_left
from ...inputs.record import tell
from ...messages import listed, say
from ...progress import QUIET, Progress
from ...quantities import quantity
from ...raster.area import pixel_areas_ha
from ...raster.engine import run_job
from ...raster.files import workspace
from ...raster.passes.percentiles import percentiles_by_stratum
from ...raster.reading.series import images_by_year
from ...raster.settings import RasterSettings
from ...raster.tally import Sums
from ...raster.work import Job
from ...years import year_pairs
from .components import Components, covariance, doubts, principal_components
from .images import IMPOSSIBLE, REASONS, Images, IndexModel, IndicatorSampler, ReasonKernel, ScoreSampler
from .indicators import GOOD, INDICATORS, KELVIN
from .inputs import RseiInputs, prepare
from .maps import LEVELS, MapKernel, RseiOutputs, SumKernel, map_outputs, middle_of

MODES = ("joint", "reference", "yearly", "equal_weight")
NORMALISATIONS = ("percentile", "minmax")
EQUAL_WEIGHTS = GOOD / len(GOOD)
HEAT = INDICATORS.index("lst")


@dataclass(frozen=True)
class IndicatorStatistics:
    """Mean and standard deviation of an indicator in one year, over the pixels that count."""

    year: int
    indicator: str
    mean: float
    deviation: float


@dataclass(frozen=True, eq=False)
class RseiResult:
    """The index of the study area.

    Attributes:
        models: how each year's index came about.
        components: principal components of each year; empty with equal weights.
        area_ha: by year and class, shape (years, classes).
        sums: area-weighted sums of the index by year and class, same shape.
        change_ha: by pair of years, class before and class after.
        pairs: the pairs of years.
        statistics: of the indicators.
        left_out_ha: area by year and reason, shape (years, reasons).
        inputs: what was asked for.
    """

    models: tuple[IndexModel, ...]
    components: tuple[Components, ...]
    area_ha: np.ndarray
    sums: np.ndarray
    change_ha: np.ndarray
    pairs: tuple[tuple[int, int], ...]
    statistics: tuple[IndicatorStatistics, ...]
    left_out_ha: np.ndarray
    inputs: RseiInputs

    @property
    def means(self) -> tuple[float, ...]:
        """Area-weighted mean of the index per year."""
        return tuple(float(total.sum() / area.sum()) for total, area in zip(self.sums, self.area_ha))


def run_rsei(
    inputs: RseiInputs,
    outputs: RseiOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
) -> RseiResult:
    """Six passes over the images: limits of the indicators (two), covariances, limits of the component (two), maps.

    The mean and the direction of the components come from float64 sums, percentiles are exact, and the first component
    is turned by its loadings, so that a high index is always a good one.

    Raises:
        InputError: images, bands, sensor, units and years do not fit, no pixel counts, or an indicator is constant.
        GridError: an image does not fit the grid of the first one.
        OutputError: a map cannot be written.
        Cancelled: the user stopped.
    """
    settings = settings or RasterSettings()
    _check(inputs, outputs)
    feeds, uses = _groups(inputs)
    if inputs.mode == "yearly" and len(inputs.years) > 1:
        progress.warn(
            say(
                "Each year has its own limits and its own component analysis, as in much of the literature: "
                "values of different years are then not on one scale. Use MODE joint to compare years."
            )
        )
    pairs = year_pairs(inputs.years) if len(inputs.years) > 1 else ()
    with workspace() as folder:
        ready = prepare(inputs, settings, folder, progress)
        images, job = ready.images, ready.job
        models = _limits(inputs, images, job, feeds, progress.part(0, 30))
        kernel = SumKernel(images, feeds, uses, models, float(pixel_areas_ha(job.grid).max()))
        sums = run_job(replace(job, kernel=kernel), progress.part(30, 45)).sums
        statistics = _statistics(inputs, models, uses, sums)
        components: tuple[Components, ...] = ()
        if inputs.mode == "equal_weight":
            # the sum of the weighted indicators runs from -0.5 to 0.5: two are good, two are bad
            models = tuple(replace(model, least=-0.5, most=0.5) for model in models)
        else:
            components = tuple(
                principal_components(covariance(sums[f"moments:{group}"])) for group in range(len(models))
            )
            _tell_doubts(inputs, components, feeds, progress)
            models = tuple(replace(m, weights=c.loadings[:, 0]) for m, c in zip(models, components))
            models = _component_limits(inputs, images, job, feeds, models, progress.part(45, 75))
        positions = tuple((inputs.years.index(before), inputs.years.index(after)) for before, after in pairs)
        made = map_outputs(outputs, inputs.years, pairs)
        maps = MapKernel(images, uses, models, positions, tuple(output.name for output in made))
        found = run_job(replace(job, kernel=maps, outputs=made), progress.part(75, 100)).sums
    years = range(len(inputs.years))
    reasons = np.stack([found[f"reasons:{year}"] for year in years])
    _tell_left_out(inputs, reasons, progress)
    return RseiResult(
        models=tuple(models[group] for group in uses),
        components=tuple(components[group] for group in uses) if components else (),
        area_ha=np.stack([found[f"area:{year}"] for year in years]),
        sums=np.stack([found[f"index:{year}"] for year in years]),
        change_ha=np.array([found[f"change:{pair}"] for pair in range(len(pairs))]).reshape(-1, LEVELS, LEVELS),
        pairs=pairs,
        statistics=statistics,
        left_out_ha=reasons[:, :-1],
        inputs=inputs,
    )


def _check(inputs: RseiInputs, outputs: RseiOutputs) -> None:
    images_by_year(inputs.images, inputs.years)
    if outputs.change and len(inputs.years) < 2:
        raise InputError(
            say(
                "A map of change (OUTPUT_CHANGE) is asked for, but only one year is given ({years}). Give "
                "two images, or leave the map away.",
                years=inputs.years[0],
            )
        )
    if inputs.mode not in MODES:
        raise InputError(say("MODE is {mode}. Choose one of {modes}.", mode=inputs.mode, modes=", ".join(MODES)))
    if not 0 <= inputs.clip_pct < 50:
        raise InputError(
            say(
                "The percentile {clip_pct:g} cannot be a lower limit. Give 0 to 49, such as 1.",
                clip_pct=inputs.clip_pct,
            )
        )
    if inputs.reference_year not in (None, *inputs.years):
        raise InputError(
            say(
                "The reference year {reference_year} is not among the years. Choose one of them.",
                reference_year=inputs.reference_year,
            )
        )


def _groups(inputs: RseiInputs) -> tuple[tuple[int | None, ...], tuple[int, ...]]:
    """Per year the group whose model it shapes (or None), and the group whose model it uses."""
    years = range(len(inputs.years))
    if inputs.mode == "yearly":
        return tuple(years), tuple(years)
    if inputs.mode == "reference":
        chosen = inputs.reference_year if inputs.reference_year is not None else inputs.years[0]
        return tuple(0 if year == chosen else None for year in inputs.years), (0,) * len(inputs.years)
    return (0,) * len(inputs.years), (0,) * len(inputs.years)


def _fractions(inputs: RseiInputs) -> tuple[float, float]:
    clip = inputs.clip_pct / 100 if inputs.normalise == "percentile" else 0.0
    return clip, 1 - clip


def _limits(
    inputs: RseiInputs, images: Images, job: Job, feeds: Sequence[int | None], progress: Progress
) -> tuple[IndexModel, ...]:
    """Normalisation limits of the indicators, a model per group."""
    groups = max(group for group in feeds if group is not None) + 1
    strata = groups * len(INDICATORS)
    sampler = IndicatorSampler(images, tuple(feeds))
    found = percentiles_by_stratum(job, sampler, strata, _fractions(inputs), progress)
    models = []
    for group in range(groups):
        rows = slice(group * len(INDICATORS), (group + 1) * len(INDICATORS))
        fed = [year for year, fed in zip(inputs.years, feeds) if fed == group]
        if found.counts[rows].min() == 0:
            raise InputError(_nothing_left(inputs, images, job, fed))
        low, high = found.values[rows].T
        for name, least, most in zip(INDICATORS, low, high):
            if not most > least:
                raise InputError(
                    say(
                        "{upper} is constant ({least:.6g}) in {value}: without variance there is nothing to "
                        "normalise. Check the bands and the thermal raster, or lower the percentile.",
                        upper=name.upper(),
                        least=least,
                        value=", ".join(map(str, fed)),
                    )
                )
        _check_heat(inputs, fed, float(low[HEAT]), float(high[HEAT]), progress)
        models.append(IndexModel(low, high, EQUAL_WEIGHTS))
    return tuple(models)


def _check_heat(inputs: RseiInputs, years: Sequence[int], low: float, high: float, progress: Progress) -> None:
    places = tuple(Place("Image", path, year=year) for path, year in zip(inputs.images, inputs.years) if year in years)
    tell(check_heat(places, low, high, quantity("surface_temperature").usual), progress)


def _component_limits(
    inputs: RseiInputs,
    images: Images,
    job: Job,
    feeds: Sequence[int | None],
    models: tuple[IndexModel, ...],
    progress: Progress,
) -> tuple[IndexModel, ...]:
    sampler = ScoreSampler(images, tuple(feeds), models)
    found = percentiles_by_stratum(job, sampler, len(models), _fractions(inputs), progress)
    for least, most in found.values:
        if not most > least:
            raise InputError(
                say(
                    "The first component is constant ({least:.6g}) between its percentiles, so it cannot be "
                    "spread from 0 to 1. Lower the percentile, or use MODE equal_weight.",
                    least=least,
                )
            )
    return tuple(replace(m, least=float(ends[0]), most=float(ends[1])) for m, ends in zip(models, found.values))


def _nothing_left(inputs: RseiInputs, images: Images, job: Job, years: Sequence[int]) -> str:
    """Says why no pixel counts, by the area that each reason takes."""
    sums = run_job(replace(job, kernel=ReasonKernel(images))).sums
    lines = []
    for position, year in enumerate(inputs.years):
        key = f"reasons:{position}"
        areas = sums[key][:-1] if key in sums else np.zeros(len(REASONS))
        told = [say("{reason} {area:,.0f} ha", reason=reason, area=a) for reason, a in zip(REASONS, areas) if a > 0]
        none = say("no pixel within the study area")
        lines.append(say("{year}: {told}", year=year, told=listed(told, "; ") if told else none))
    return say(
        "No pixel is left for the index of {value}. Left out in {lines}. Check the level (digital "
        "numbers or reflectance), the cloud and water masks, and use MASK yearly where clouds differ.",
        value=", ".join(map(str, years)),
        lines=listed(lines, ". In "),
    )


def _statistics(
    inputs: RseiInputs, models: Sequence[IndexModel], uses: Sequence[int], sums: Sums
) -> tuple[IndicatorStatistics, ...]:
    found = []
    for position, year in enumerate(inputs.years):
        count = float(sums[f"count:{position}"])
        if count == 0:
            raise InputError(say("No pixel of {year} counts. Check its cloud and water masks.", year=year))
        shift = sums[f"sum:{position}"] / count
        variance = sums[f"squares:{position}"] / count - shift**2
        means = middle_of(models[uses[position]]) + shift
        _require_plausible(inputs, year, float(sums[f"nir:{position}"]) / count, float(means[INDICATORS.index("lst")]))
        found += [
            IndicatorStatistics(year, name, float(mean), float(np.sqrt(max(0.0, spread))))
            for name, mean, spread in zip(INDICATORS, means, variance)
        ]
    return tuple(found)


def _require_plausible(inputs: RseiInputs, year: int, nir: float, kelvin: float) -> None:
    """Raises InputError where numbers were taken for what they are not."""
    if nir > quantity("reflectance").possible.high:
        raise InputError(
            say(
                "Near-infrared reflectance of {year} is {nir:.6g} on average, but reflectance lies between 0 "
                "and 1: these are digital numbers. Choose LEVEL level2 or level1, or scale the image.",
                year=year,
                nir=nir,
            )
        )
    usual = quantity("surface_temperature").usual
    if usual.holds(kelvin):
        return
    given = kelvin - KELVIN if inputs.temperature_unit == "celsius" else kelvin
    guesses = {
        "kelvin": "degrees Celsius or Fahrenheit" if given < usual.low else "digital numbers",
        "celsius": "Kelvin or Fahrenheit",
        "mod11": "degrees that are no longer numbers of the product",
        "landsat_c2": "degrees that are no longer numbers of the product",
    }
    raise InputError(
        say(
            "Land surface temperature of {year} is {given:.6g} on average, which cannot be "
            "{temperature_unit}: it looks like {guesses}. Choose TEMPERATURE_UNIT, or convert the raster "
            "to Kelvin.",
            year=year,
            given=given,
            temperature_unit=inputs.temperature_unit,
            guesses=guesses[inputs.temperature_unit],
        )
    )


def _tell_doubts(
    inputs: RseiInputs, components: Sequence[Components], feeds: Sequence[int | None], progress: Progress
) -> None:
    for group, found in enumerate(components):
        years = ", ".join(str(year) for year, fed in zip(inputs.years, feeds) if fed == group)
        for doubt in doubts(found):
            progress.warn(say("{years}: {doubt}.", years=years, doubt=doubt))


def _tell_left_out(inputs: RseiInputs, reasons: np.ndarray, progress: Progress) -> None:
    found: list[Finding] = []
    for year, path, areas in zip(inputs.years, inputs.images, reasons):
        total = areas.sum()
        place = Place("Image", path, year=year)
        found += check_indicators(place, 100 * areas[IMPOSSIBLE] / total)
        found += check_share_left(place, 100 * areas[-1] / total, REASONS[int(areas[:-1].argmax())])
        for reason, area in zip(REASONS, areas):
            if area > 0:
                progress.info(
                    say(
                        "{year}: {area:,.2f} ha ({area2:.1f} %) are left out: {reason}.",
                        year=year,
                        area=area,
                        area2=area / total * 100,
                        reason=reason,
                    )
                )
    tell(found, progress)
