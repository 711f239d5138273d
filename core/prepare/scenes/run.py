"""Scene composite: downloads of scenes become one cloud-masked image per year."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from ...errors import InputError
from ...messages import Message, listed, say
from ...progress import QUIET, Progress
from ...quality.rsei.sensors import Sensor, load_sensor
from ...raster.files import workspace
from ...raster.output import Band, Output, RasterWriter
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...results import ResultTable
from ..importing.calendar import parse_season
from ..importing.study_grid import reference_over
from .choosing import NO_HARMONISATION, Fate, Wanted, Year, choose_scenes, years_of_scenes
from .compositing import NO_COUNT, Tally, YearPlan, compose_year
from .finding import find_scenes
from .grid import grid_over_scenes
from .masking import DEFAULT_MASKS, MASKS
from .reading import PlacedScene, place_scene
from .scene import QUALITY, THERMAL, Scene
from .statistics import STATISTICS
from .tables import scene_table, year_table
from .whole import broken_told

NEEDED = "needed"
THERMALS = ("with", "without")


@dataclass(frozen=True)
class SceneInputs:
    """What is composed, and how.

    Attributes:
        places: folders, archives, .SAFE products, MTL files, in any mixture.
        years: empty for all of which there is a scene.
        season: such as `06-01..09-30`; `11-01..02-28` counts for the year in which it ends; "" for the whole year.
        statistic: one of `STATISTICS`.
        mask: of `MASKS`, what is taken away beside pixels without a measurement.
        buffer: pixels of the study's grid around it, in a square.
        maximum_cloud_pct: scenes with more clouds by their metadata are left out; None for none.
        minimum_clear: fewest clear scenes of a pixel.
        thermal: whether the composite gets surface temperature: one of `THERMALS`, or `NEEDED`, which stops without.
        harmonise: `roy2016` brings reflectance of TM and ETM+ to that of OLI (Roy et al. 2016, Remote Sens. Environ.
            185, 57-70), `none` leaves it.
        baseline: processing baseline of Sentinel-2 bands without product file; None leaves them out.
        sensors: that are used; empty for all.
        reference: a raster on the grid of the study; "" where what follows tells it.
        crs, cell: of the grid over the boundary, or over the scenes; "" and 0 take the grid of most scenes.
    """

    places: Sequence[str]
    years: Sequence[int] = ()
    season: str = ""
    statistic: str = "median"
    mask: Sequence[str] = DEFAULT_MASKS
    buffer: int = 0
    maximum_cloud_pct: float | None = None
    minimum_clear: int = 1
    thermal: str = "with"
    harmonise: str = NO_HARMONISATION
    baseline: float | None = None
    sensors: Sequence[str] = ()
    reference: str = ""
    crs: str = ""
    cell: float = 0.0


@dataclass(frozen=True)
class SceneOutputs:
    """Where composites go.

    Attributes:
        folder: gets `composite_YYYY.tif`.
        count: raster of clear scenes per pixel, a band per year; "" makes none.
        metadata: provenance of the caller.
    """

    folder: str
    count: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SceneResult:
    """Composites.

    Attributes:
        composites: paths by year, rising.
        sensors: by whose names the bands go, by year.
        thermal: whether there is a temperature, by year.
        scenes, years: tables.
        clear_pct: pixels of all years with a value.
        used, skipped: numbers of scenes.
        inputs: what was asked for.
        count: path of the raster of clear scenes; "" for none.
    """

    composites: dict[int, str]
    sensors: dict[int, str]
    thermal: dict[int, bool]
    scenes: ResultTable
    years: ResultTable
    clear_pct: float
    used: int
    skipped: int
    inputs: SceneInputs
    count: str


def run_scene_composite(
    inputs: SceneInputs,
    outputs: SceneOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
    language: str = "en",
) -> SceneResult:
    """Composes the clear pixels of all scenes of each year.

    Scale, offset, date and sensor come from each scene's own metadata. Bands are masked first; those on the grid of the
    study are read as they lie, others by the nearest pixel, all bands of a scene alike.

    Args:
        inputs: scenes, and how they become one.
        outputs: where composites go.
        settings: boundary and storage.
        progress: told of every decision.
        language: of reasons in the tables.

    Raises:
        InputError: no scene can be used of a year, a year mixes kinds of sensors or has no clear pixel, a file cannot
            be read.
        GridError: scenes, boundary and grid do not fit.
        OutputError: a composite cannot be written; then none is.
        Cancelled: the user stopped; nothing is left behind.
    """
    settings = settings or RasterSettings()
    _check(inputs)
    season = parse_season(inputs.season, wraps=True)
    if season.wraps:
        progress.info(
            say(
                "SEASON {season} runs over the end of the year: it counts for the year in which it ends.",
                season=inputs.season,
            )
        )
    wanted = Wanted(
        years=inputs.years,
        season=season,
        sensors=inputs.sensors,
        maximum_cloud_pct=inputs.maximum_cloud_pct,
        thermal=inputs.thermal != "without",
        needed=inputs.thermal == NEEDED,
        harmonise=inputs.harmonise,
    )
    with workspace() as scratch:
        found = find_scenes(inputs.places, scratch, progress, inputs.baseline)
        fates = choose_scenes(broken_told(found, wanted, progress), wanted, progress)
        years = years_of_scenes(fates, wanted, progress)
        area = _study(inputs, years, settings, scratch, progress)
        placed = _placed(inputs, years, area, progress)
        fates = _told_apart(fates, placed, progress)
        years = years_of_scenes(fates, wanted, QUIET)
        for year in years:
            _tell_year(year, inputs, progress)
        tallies, paths = _compose(inputs, outputs, years, placed, area, progress.part(5, 100))
    clear = _clear_pct(fates, years, tallies)
    return SceneResult(
        composites=paths,
        sensors={year.year: year.sensor for year in years},
        thermal={year.year: bool(year.heat) for year in years},
        scenes=scene_table(fates, clear, language),
        years=year_table(years, tallies),
        clear_pct=100 * sum(tally.made for tally in tallies) / sum(tally.inside for tally in tallies),
        used=sum(fate.reason is None for fate in fates),
        skipped=sum(fate.reason is not None for fate in fates),
        inputs=inputs,
        count=outputs.count,
    )


def _check(inputs: SceneInputs) -> None:
    for name, value, known in (
        ("STATISTIC", inputs.statistic, STATISTICS),
        ("THERMAL", inputs.thermal, (*THERMALS, NEEDED)),
        *(("MASK", word, MASKS) for word in inputs.mask),
    ):
        if value not in known:
            raise InputError(
                say("{name} is {value}. Choose one of {known}.", name=name, value=value, known=", ".join(known))
            )
    if inputs.minimum_clear < 1 or inputs.buffer < 0:
        raise InputError(say("MINIMUM_CLEAR must be 1 or more, and BUFFER 0 or more."))


def _study(
    inputs: SceneInputs, years: Sequence[Year], settings: RasterSettings, scratch: str, progress: Progress
) -> StudyArea:
    reference = inputs.reference
    if not reference and settings.boundary and inputs.crs and inputs.cell:
        reference = reference_over(settings.boundary, inputs.crs, inputs.cell, scratch)
    if not reference:
        scenes = [scene for year in years for scene in year.scenes]
        reference = grid_over_scenes(scenes, settings.boundary, inputs.crs, inputs.cell, scratch, progress)
    source = Source("reference", reference, kind="classes", label="Reference")
    return open_study_area(source, settings, scratch, progress)


def _placed(inputs: SceneInputs, years: Sequence[Year], area: StudyArea, progress: Progress) -> dict[int, PlacedScene]:
    """Scenes on the map, by identity."""
    masks = tuple(inputs.mask)
    placed = {}
    for year in years:
        for scene in (*year.scenes, *year.heat):
            progress.check()
            if id(scene) not in placed:
                placed[id(scene)] = place_scene(scene, masks, area.grid)
    return placed


def _told_apart(fates: Sequence[Fate], placed: Mapping[int, PlacedScene], progress: Progress) -> list[Fate]:
    """The fates once it is known where scenes lie."""
    outside = say("it lies outside the study area")
    found = []
    for fate in fates:
        known = placed.get(id(fate.scene))
        if fate.reason is None and known is not None and known.over is None:
            progress.info(say("{scene} is not used: {reason}.", scene=fate.scene.name, reason=outside))
            fate = replace(fate, reason=outside)
        found.append(fate)
    without = [known.scene.name for known in placed.values() if known.over is not None and known.quality is None]
    if without:
        progress.warn(
            say(
                "{count} scenes have no quality band, such as {scene}: clouds stay in them.",
                count=len(without),
                scene=without[0],
            )
        )
    moved = [known for known in placed.values() if known.over is not None and not _lies_on(known)]
    if moved:
        progress.info(
            say(
                "{count} scenes lie in another CRS, such as {scene}: the nearest pixel is taken.",
                count=len(moved),
                scene=moved[0].scene.name,
            )
        )
    return found


def _lies_on(known: PlacedScene) -> bool:
    return all(band.same_crs for band in known.bands.values())


def _tell_year(year: Year, inputs: SceneInputs, progress: Progress) -> None:
    progress.info(
        say(
            "{year}: {statistic} of {count} scenes, {first} to {last}, bands named as those of {sensor}.",
            year=year.year,
            statistic=inputs.statistic,
            count=len(year.scenes),
            first=year.scenes[0].day.isoformat(),
            last=year.scenes[-1].day.isoformat(),
            sensor=load_sensor(year.sensor).title,
        )
    )
    for scene in year.scenes:
        for note in scene.notes:
            progress.info(say("{scene} is read: {note}.", scene=scene.name, note=note))
        for doubt in scene.doubts:
            progress.warn(say("{scene} is read: {note}.", scene=scene.name, note=doubt))


def _compose(
    inputs: SceneInputs,
    outputs: SceneOutputs,
    years: Sequence[Year],
    placed: Mapping[int, PlacedScene],
    area: StudyArea,
    progress: Progress,
) -> tuple[list[Tally], dict[int, str]]:
    tallies, paths = [], {}
    with ExitStack() as opened:
        counts = None
        if outputs.count:
            counts = opened.enter_context(_count_writer(outputs, years, area))
        writers: list[RasterWriter] = [counts] if counts else []
        for number, year in enumerate(years):
            share = progress.part(100 * number / len(years), 100 * (number + 1) / len(years))
            plan = _plan(inputs, year, placed)
            paths[year.year] = os.path.join(outputs.folder, f"composite_{year.year}.tif")
            output = _output(paths[year.year], plan, year, inputs, outputs)
            made, tally = compose_year(plan, area.grid, area.boundary, output, counts, number, area.settings, share)
            opened.callback(made.discard)
            writers.append(made)
            tallies.append(tally)
        _require_clear(years, tallies, inputs)
        if counts:
            counts.finish(progress)
        for writer in writers:
            writer.commit()
    return tallies, paths


def _plan(inputs: SceneInputs, year: Year, placed: Mapping[int, PlacedScene]) -> YearPlan:
    sensor = load_sensor(year.sensor)
    to_common = {
        (scene.sensor, role): pair
        for scene in year.scenes
        if year.to_oli
        for role, pair in load_sensor(scene.sensor).to_oli.items()
    }
    return YearPlan(
        year=year.year,
        scenes=[placed[id(scene)] for scene in year.scenes],
        heat=[placed[id(scene)] for scene in year.heat],
        own_heat=any(scene in year.scenes for scene in year.heat),
        roles=_reflective(sensor),
        to_common=to_common,
        statistic=inputs.statistic,
        buffer=inputs.buffer,
        minimum_clear=inputs.minimum_clear,
    )


def _reflective(sensor: Sensor) -> tuple[str, ...]:
    return tuple(role for role in sensor.names if role not in (THERMAL, QUALITY))


def _output(path: str, plan: YearPlan, year: Year, inputs: SceneInputs, outputs: SceneOutputs) -> Output:
    names = load_sensor(year.sensor).names
    bands = tuple(Band(names[role][0], "K" if role == THERMAL else "") for role in plan.bands)
    metadata = {
        "ECOASSETS_METHOD": "scenecomposite",
        **outputs.metadata,
        "ECOASSETS_YEAR": str(year.year),
        "ECOASSETS_STATISTIC": inputs.statistic,
        "ECOASSETS_MASK": ", ".join(inputs.mask),
        "ECOASSETS_SEASON": inputs.season,
        "ECOASSETS_SCENES": "; ".join(scene.name for scene in year.scenes),
        "ECOASSETS_HARMONISED": "Roy et al. 2016, to OLI" if year.to_oli else "",
    }
    for role, band in zip(plan.bands, bands):
        scenes = plan.heat if role == THERMAL else plan.scenes
        metadata[f"ECOASSETS_CONVERSION_{band.description}"] = _conversions(scenes, role)
        if role == THERMAL and not plan.own_heat:
            metadata[f"ECOASSETS_SCENES_{band.description}"] = "; ".join(one.scene.name for one in scenes)
    return Output("composite", path, bands, metadata={key: text for key, text in metadata.items() if text})


def _conversions(scenes: Sequence[PlacedScene], role: str) -> str:
    """How stored numbers became values, and in how many scenes each way."""
    counts: dict[str, int] = {}
    for one in scenes:
        if role in one.scene.bands:
            band = one.scene.bands[role]
            told = f"stored x {band.scale:.10g} {band.offset:+.10g} for {band.low:g} to {band.high:g}"
            counts[told] = counts.get(told, 0) + 1
    return "; ".join(f"{told} ({count} scenes)" for told, count in counts.items())


def _count_writer(outputs: SceneOutputs, years: Sequence[Year], area: StudyArea) -> RasterWriter:
    bands = tuple(Band(str(year.year)) for year in years)
    metadata = {"ECOASSETS_METHOD": "scenecomposite", **outputs.metadata}
    output = Output("count", outputs.count, bands, "uint16", NO_COUNT, (), metadata)
    return RasterWriter(output, area.grid, area.settings.write, area.settings.codec_threads)


def _require_clear(years: Sequence[Year], tallies: Sequence[Tally], inputs: SceneInputs) -> None:
    empty: list[Message] = [
        say("{year} ({count} scenes)", year=year.year, count=len(year.scenes))
        for year, tally in zip(years, tallies)
        if not tally.made
    ]
    if empty:
        raise InputError(
            say(
                "No pixel of the study area is clear in {minimum} or more scenes of: {years}. Widen SEASON, order more "
                "scenes, lower MINIMUM_CLEAR, or take words out of MASK.",
                minimum=inputs.minimum_clear,
                years=listed(empty, ", "),
            )
        )


def _clear_pct(fates: Sequence[Fate], years: Sequence[Year], tallies: Sequence[Tally]) -> dict[int, float | None]:
    """Percent of clear pixels by position of the fate; None where a scene has no number within the study."""
    shares: dict[int, float | None] = {}
    for year, tally in zip(years, tallies):
        for scene, seen, clear in zip(year.scenes, tally.seen, tally.clear):
            shares[id(scene)] = 100 * float(clear) / float(seen) if seen else None
    return {number: shares[id(fate.scene)] for number, fate in enumerate(fates) if id(fate.scene) in shares}


def scenes_of(found: Sequence[object]) -> list[Scene]:
    """The scenes that can be used, among what was found."""
    return [one for one in found if isinstance(one, Scene) and one.problem is None]
