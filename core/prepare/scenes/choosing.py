"""Which scenes enter which year: season, sensors, clouds, and each overpass once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ...errors import InputError
from ...messages import Message, say
from ...progress import Progress
from ...quality.rsei.sensors import SENSORS, load_sensor
from ..importing.calendar import Season, middle_of_step
from .scene import HEAT_ALONE, Scene, Unread

NO_HARMONISATION, ROY = "none", "roy2016"
HARMONISATIONS = (NO_HARMONISATION, ROY)
_FAMILIES = {"sentinel2": "Sentinel-2", "modis": "MODIS"}


@dataclass(frozen=True)
class Fate:
    """A scene and what becomes of it.

    Attributes:
        scene: that was found.
        year: that it counts for; None where it cannot be read.
        reason: why it is not used; None where it is.
    """

    scene: Scene | Unread
    year: int | None = None
    reason: Message | None = None


@dataclass(frozen=True)
class Wanted:
    """What the user wants of the scenes that are there.

    Attributes:
        years: empty for all.
        season: part of the year.
        sensors: empty for all.
        maximum_cloud_pct: by metadata; None for any.
        thermal: whether temperatures are wanted.
        needed: whether a year without one stops the run.
        harmonise: one of `HARMONISATIONS`.
    """

    years: Sequence[int]
    season: Season
    sensors: Sequence[str]
    maximum_cloud_pct: float | None
    thermal: bool
    needed: bool
    harmonise: str

    def __post_init__(self) -> None:
        unknown = [name for name in self.sensors if name not in SENSORS]
        if unknown:
            raise InputError(
                say(
                    "SENSORS names {unknown}, which is not known. Choose of {sensors}.",
                    unknown=", ".join(unknown),
                    sensors=", ".join(SENSORS),
                )
            )


@dataclass(frozen=True)
class Year:
    """The scenes of a year.

    Attributes:
        year: of the composite.
        sensor: by whose names its bands go.
        scenes: with reflectance, by date.
        heat: scenes whose temperature is taken: the same ones, others, or none.
        to_oli: whether reflectance of TM and ETM+ is brought to that of OLI.
    """

    year: int
    sensor: str
    scenes: tuple[Scene, ...]
    heat: tuple[Scene, ...]
    to_oli: bool


def choose_scenes(found: Sequence[Scene | Unread], wanted: Wanted, progress: Progress) -> list[Fate]:
    """What becomes of each scene, in their order.

    Raises:
        InputError: as `Wanted`.
    """
    fates = [_fate(one, wanted) for one in found]
    for old, new in _replaced(fates):
        newer = say("the same overpass as {other}, which is newer or more complete", other=new.name)
        twice = say("it is there twice")
        scene = fates[old].scene
        fates[old] = replace(fates[old], reason=twice if scene.name == new.name else newer)
    for fate in fates:
        if fate.reason is not None:
            wrong = isinstance(fate.scene, Scene) and fate.reason is fate.scene.problem
            tell = progress.warn if wrong else progress.info
            tell(say("{scene} is not used: {reason}.", scene=fate.scene.name, reason=fate.reason))
    return fates


def is_wanted(scene: Scene, wanted: Wanted) -> bool:
    """Whether a scene would be used, as far as its metadata tell."""
    return _fate(scene, wanted).reason is None


def _fate(one: Scene | Unread, wanted: Wanted) -> Fate:
    if isinstance(one, Unread):
        return Fate(one, reason=one.reason)
    day = middle_of_step("8day", one.day) if one.sensor in ("modis", HEAT_ALONE) else one.day
    year = wanted.season.year_of(day)
    return Fate(one, year, _why_not(one, year, wanted.season.holds_day(day), wanted))


def _why_not(scene: Scene, year: int, in_season: bool, wanted: Wanted) -> Message | None:
    most = wanted.maximum_cloud_pct
    if wanted.sensors and scene.sensor not in (*wanted.sensors, HEAT_ALONE):
        return say("its sensor {sensor} is not in SENSORS", sensor=scene.sensor)
    if not in_season:
        return say("outside SEASON")
    if wanted.years and year not in wanted.years:
        return say("another year: {year}", year=year)
    if scene.sensor == HEAT_ALONE and not wanted.thermal:
        return say("THERMAL is without")
    if scene.problem is not None:
        return scene.problem
    if most is not None and scene.cloud_pct is not None and scene.cloud_pct > most:
        return say("clouds {cloud} %, more than {most} %", cloud=f"{scene.cloud_pct:.4g}", most=f"{most:g}")
    return None


def _replaced(fates: Sequence[Fate]) -> Iterator[tuple[int, Scene]]:
    """Positions of scenes that another of the same overpass replaces, and that other."""
    best: dict[tuple, tuple[int, Scene]] = {}
    usable = [(n, f.scene) for n, f in enumerate(fates) if f.reason is None and isinstance(f.scene, Scene)]
    for number, scene in sorted(usable, key=lambda item: _worth(item[1])):
        key = (scene.sensor, scene.tile, scene.day, scene.moment)
        other = best.get(key)
        if other is not None:
            yield other[0], scene
        best[key] = (number, scene)


def _worth(scene: Scene) -> tuple:
    return (scene.edition, scene.has_heat, scene.processed, scene.name, scene.place)


def years_of_scenes(fates: Sequence[Fate], wanted: Wanted, progress: Progress) -> list[Year]:
    """The years that can be composed, rising.

    Raises:
        InputError: no scene is left, a year that is wanted has none, a year mixes sensors of different kinds, what
            should be harmonised cannot be, or a temperature that is needed is missing.
    """
    used: dict[int, list[Scene]] = {}
    heat: dict[int, list[Scene]] = {}
    for fate in fates:
        if fate.reason is None and isinstance(fate.scene, Scene) and fate.year is not None:
            (heat if fate.scene.sensor == HEAT_ALONE else used).setdefault(fate.year, []).append(fate.scene)
    _require_all(fates, used, wanted)
    oli = _require_harmonisable(used) if wanted.harmonise == ROY else ""
    years = []
    for year in sorted(used):
        scenes = sorted(used[year], key=lambda scene: scene.order)
        _require_one_family(year, scenes)
        _tell_mixture(year, scenes, wanted, progress)
        sensor = oli or _leading(scenes)
        own = [scene for scene in scenes if scene.has_heat]
        warm = (own or sorted(heat.get(year, []), key=lambda scene: scene.order)) if wanted.thermal else []
        years.append(Year(year, sensor, tuple(scenes), tuple(warm), bool(oli)))
        _tell_heat(years[-1], wanted, progress)
    return years


def _require_all(fates: Sequence[Fate], used: Mapping[int, object], wanted: Wanted) -> None:
    missing = [str(year) for year in wanted.years if year not in used]
    if used and not missing:
        return
    reasons: dict[str, tuple[Message, int]] = {}
    for fate in fates:
        if fate.reason is not None and (not used or fate.year in (None, *wanted.years)):
            reasons[str(fate.reason)] = (fate.reason, reasons.get(str(fate.reason), (fate.reason, 0))[1] + 1)
    why: Message | str = ""
    for reason, count in list(reasons.values())[:4]:
        why = say("{before} {count} scenes: {reason}.", before=why, count=count, reason=reason)
    if not fates:
        raise InputError(
            say(
                "No scene of Landsat (Collection 2 Level 2), Sentinel-2 (Level 2A) or MODIS (MOD09A1) is there. Give "
                "the folder of the downloads, the archives, or the .SAFE products."
            )
        )
    if not used:
        raise InputError(say("None of {count} scenes can be used:{why}", count=len(fates), why=why))
    raise InputError(
        say(
            "No scene can be used of {years}. There are scenes of {there}.{why} Correct YEARS, SEASON or the limits, "
            "or order scenes.",
            years=", ".join(missing),
            there=", ".join(map(str, sorted(used))),
            why=why,
        )
    )


def _require_harmonisable(used: Mapping[int, Sequence[Scene]]) -> str:
    """The sensor of OLI that all reflectance is brought to. Raises InputError where coefficients are missing."""
    names = [scene.sensor for scenes in used.values() for scene in scenes]
    others = [name for name in dict.fromkeys(names) if not (load_sensor(name).is_oli or load_sensor(name).to_oli)]
    if others:
        raise InputError(
            say(
                "Images of {others} cannot be harmonised with others: coefficients exist for Landsat alone "
                "(Roy et al. 2016). Choose HARMONISE none; years are then not on one scale.",
                others=", ".join(load_sensor(name).title for name in others),
            )
        )
    return next((name for name in names if load_sensor(name).is_oli), "landsat8")


def _leading(scenes: Sequence[Scene]) -> str:
    """The sensor of most scenes, of two the newer."""
    names = [scene.sensor for scene in scenes]
    return max(dict.fromkeys(names), key=lambda name: (names.count(name), name))


def _family(scene: Scene) -> str:
    return _FAMILIES.get(scene.sensor, "Landsat")


def _require_one_family(year: int, scenes: Sequence[Scene]) -> None:
    counts: dict[str, int] = {}
    for scene in scenes:
        counts[_family(scene)] = counts.get(_family(scene), 0) + 1
    if len(counts) > 1:
        listed = ", ".join(f"{family} {count}" for family, count in counts.items())
        raise InputError(
            say(
                "{year} has scenes of different kinds ({listed}), whose pixels and bands are not alike. Say in SENSORS "
                "which are taken, such as {sensor}.",
                year=year,
                listed=listed,
                sensor=scenes[-1].sensor,
            )
        )


def _tell_mixture(year: int, scenes: Sequence[Scene], wanted: Wanted, progress: Progress) -> None:
    names = dict.fromkeys(scene.sensor for scene in scenes)
    titles = ", ".join(f"{load_sensor(name).title} {sum(s.sensor == name for s in scenes)}" for name in names)
    if len({load_sensor(name).is_oli for name in names}) > 1 and wanted.harmonise == NO_HARMONISATION:
        progress.warn(
            say(
                "{year} mixes sensors whose reflectance differs by some hundredths: {sensors}. HARMONISE roy2016 "
                "brings TM and ETM+ to OLI; SENSORS leaves some out.",
                year=year,
                sensors=titles,
            )
        )
    elif len(names) > 1:
        progress.info(say("{year} has scenes of several sensors: {sensors}.", year=year, sensors=titles))
    if scenes and all(scene.gaps for scene in scenes):
        progress.warn(
            say(
                "{year} has scenes of Landsat 7 with gaps alone (scan line corrector off): where few dates overlap, "
                "stripes stay empty.",
                year=year,
            )
        )


def _tell_heat(year: Year, wanted: Wanted, progress: Progress) -> None:
    if not wanted.thermal:
        return
    if not year.heat and wanted.needed:
        raise InputError(
            say(
                "{year}: no scene has a surface temperature, and no MOD11A2 lies beside them. Put its files into the "
                "folder, or give rasters as THERMAL, one per year.",
                year=year.year,
            )
        )
    if not year.heat:
        progress.warn(
            say(
                "{year}: no scene has a surface temperature, and no MOD11A2 lies beside them: the composite has no "
                "thermal band. RSEI needs one as THERMAL.",
                year=year.year,
            )
        )
    elif year.heat[0].sensor == HEAT_ALONE:
        progress.info(
            say(
                "{year}: surface temperature by day comes from {count} steps of MOD11A2.",
                year=year.year,
                count=len(year.heat),
            )
        )
    elif len(year.heat) < len(year.scenes):
        without = [scene.name for scene in year.scenes if not scene.has_heat]
        progress.warn(
            say(
                "{year}: {count} scenes have no surface temperature (L2SR), such as {scene}.",
                year=year.year,
                count=len(without),
                scene=without[0],
            )
        )
