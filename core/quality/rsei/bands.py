"""Which band of an image is which: by what is written, by names, file names, wavelengths and words, else by place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import unescape

from osgeo import gdal

from ...errors import InputError
from ...inputs.finding import Finding, Place, Refused
from ...inputs.images import (
    check_level,
    check_missing_bands,
    check_one_meaning,
    check_sensor,
    check_twice,
    check_written,
    of_doubtful_order,
    of_order_by_numbers,
)
from ...inputs.record import remember
from ...messages import say
from ...quantities import quantity
from ...raster.dataset import open_raster, short_name
from ...resources import RESOURCES, read_yaml
from .sensors import NOT_USED, REFLECTIVE, SENSORS, Sensor, load_sensor

# Of the text that GDAL itself writes for a virtual raster.
_VRT_BAND = re.compile(r"<VRTRasterBand.*?</VRTRasterBand>", re.DOTALL)
_VRT_SOURCE = re.compile(r"<SourceFilename[^>]*>(.*?)</SourceFilename>", re.DOTALL)

_NAME = re.compile(
    r"(?<![A-Za-z0-9])((?:SR_|ST_)?B\d{1,2}A?(?:_VCID_[12])?|sur_refl_b\d\d|sur_refl_state_500m|StateQA|QA_PIXEL|SCL|"
    r"LST_Day_1km)(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_WAVELENGTH = re.compile(r"(\d+(?:\.\d+)?)\s*(nm|nanomet(?:er|re)s?|[uµμ]m|micromet(?:er|re)s?)\b", re.IGNORECASE)
_LONGEST_UM = 20.0
_LEVELS = ((re.compile(r"(?<![A-Za-z0-9])L2S[PR](?![A-Za-z0-9])"), "level2"),
           (re.compile(r"(?<![A-Za-z0-9])L1(?:TP|GT|GS)(?![A-Za-z0-9])"), "level1"),
           (re.compile(r"(?<![A-Za-z0-9])(?:SR|ST)_B\d+(?![A-Za-z0-9])"), "level2"))  # fmt: skip


@dataclass(frozen=True)
class BandEvidence:
    """What a band tells of itself.

    Attributes:
        number: from 1.
        description: as the band has it.
        file: name of the file behind a band of a virtual raster; "" where there is none.
        micrometres: the middle of its wavelengths; None where it tells none.
    """

    number: int
    description: str
    file: str = ""
    micrometres: float | None = None

    @property
    def name(self) -> str:
        """The last name of a band in the description, else in the file name; "" where there is none."""
        found = _NAME.findall(self.description) or _NAME.findall(re.sub(r"\.\w+$", "", self.file))
        return str(found[-1]) if found else ""

    @property
    def text(self) -> str:
        return self.description or self.file


def find_bands(
    path: str,
    year: int,
    sensor: Sensor,
    level: str,
    given: Mapping[str, int],
    kelvin: Callable[[int], float] | None = None,
) -> dict[str, int]:
    """Band numbers of an image by role: those given, else by what the bands tell, else by their place.

    Args:
        path: a raster with all bands of one year.
        year: names the image in messages.
        sensor: its sensor.
        level: one of `LEVELS`.
        given: band numbers by role that the user wrote; they win.
        kelvin: the temperature of a typical pixel, would a band be the thermal one; decides between orders by place.

    Raises:
        InputError: the image has another number of bands than the sensor, or lacks a band that was named.
        Refused: what the bands tell is partial, crossed, of another sensor or of another level.
    """
    dataset = open_raster(path, f"Image {year}")
    count = dataset.RasterCount
    where = say("Image {year} ({path})", year=year, path=short_name(path))
    beyond = {role: number for role, number in given.items() if number > count}
    if beyond:
        listed = ", ".join(f"{role}:{number}" for role, number in beyond.items())
        raise InputError(
            say(
                "{where} has {count} bands, but BANDS names {listed}. Correct BANDS.",
                where=where,
                count=count,
                listed=listed,
            )
        )
    place = Place("Image", path, year=year)
    evidence = evidence_of(dataset)
    called = roles_of(evidence, sensor)
    found = list(_found(place, path, evidence, called, sensor, level, given))
    stops = [finding for finding in found if finding.severity == "stop"]
    if stops:
        raise Refused(stops)
    remember(found)
    named = {role: numbers[0] for role, numbers in called.items()}
    if set(REFLECTIVE) <= set(named) | set(given):
        return {**named, **given}
    layout = _layout(place, where, count, sensor, level, kelvin)
    by_position = {role: number for number, role in enumerate(layout, start=1) if role != NOT_USED}
    return {**by_position, **given}


def evidence_of(dataset: gdal.Dataset) -> list[BandEvidence]:
    """What each band of a raster tells of itself."""
    files = _files_behind(dataset)
    found = []
    for number in range(1, dataset.RasterCount + 1):
        band = dataset.GetRasterBand(number)
        tags = {**(band.GetMetadata() or {}), **(band.GetMetadata("IMAGERY") or {})}
        description = band.GetDescription().strip() or tags.get("BANDNAME", "")
        found.append(BandEvidence(number, description, files.get(number, ""), _micrometres(tags, description)))
    return found


def roles_of(evidence: Sequence[BandEvidence], sensor: Sensor) -> dict[str, list[int]]:
    """Numbers of the bands that are called a role, by role; names go before wavelengths, and those before words."""
    called: dict[str, list[int]] = {}
    for band in evidence:
        role = _by_name(band.name, sensor)
        if role is None and not band.name:
            role = _by_wavelength(band.micrometres, sensor) or _by_word(band.description)
        if role:
            called.setdefault(role, []).append(band.number)
    return {role: called[role] for role in sensor.names if role in called} | {
        role: numbers for role, numbers in called.items() if role not in sensor.names
    }


def _found(
    place: Place,
    path: str,
    evidence: Sequence[BandEvidence],
    called: Mapping[str, Sequence[int]],
    sensor: Sensor,
    level: str,
    given: Mapping[str, int],
) -> Iterator[Finding]:
    by_number = {number: role for role, numbers in called.items() for number in numbers}
    crossed = {r: (n, by_number[n]) for r, n in given.items() if n in by_number and by_number[n] != r}
    yield from check_written(place, crossed)
    products = [path, *(band.text for band in evidence), *(band.file for band in evidence)]
    level_told = next(((found, told) for pattern, told in _LEVELS for text in products
                       if (found := pattern.search(short_name(text)))), None)  # fmt: skip
    if level_told:
        yield from check_level(place, level, level_told[1], level_told[0].group())
    if set(REFLECTIVE) <= set(given):
        return
    yield from check_sensor(place, sensor.title, *_foreign(evidence, products, sensor))
    yield from check_twice(place, {role: numbers for role, numbers in called.items() if role not in given})
    yield from check_one_meaning(place, list(_two_meanings(evidence, sensor)))
    understood = ", ".join(f"{role} {numbers[0]}" for role, numbers in called.items() if role in REFLECTIVE)
    missing = [role for role in REFLECTIVE if role not in called and role not in given]
    listed = ", ".join(f"{role} ({'/'.join(sensor.names[role])})" for role in missing)
    yield from check_missing_bands(place, understood, listed)


def _foreign(evidence: Sequence[BandEvidence], products: Sequence[str], sensor: Sensor) -> tuple[str, str]:
    """Names of bands or products that the sensor does not have, and the sensors that have them."""
    names = {band.name for band in evidence if band.name and not _knows(sensor, band.name)}
    owners = {name: [other for other in map(load_sensor, SENSORS) if _knows(other, name)] for name in sorted(names)}
    owned = {name: found for name, found in owners.items() if found}
    if owned:
        titles = dict.fromkeys(other.title for found in owned.values() for other in found)
        return ", ".join(owned), ", ".join(titles)
    for text in map(short_name, products):
        if not _tells(sensor, text):
            for other in map(load_sensor, SENSORS):
                if _tells(other, text) and other.spacecrafts != sensor.spacecrafts:
                    return text, other.title
    return "", ""


def _tells(sensor: Sensor, text: str) -> bool:
    """Whether the name of a product or a scene is one of the sensor: LC08_..., LT5224063..., S2A_..., MOD09A1..."""
    return bool(re.match(rf"(?:{sensor.spacecrafts})(?:[A-Z]\d|\d{{6}}|_)", text, re.IGNORECASE))


def _knows(sensor: Sensor, name: str) -> bool:
    known = {known.upper() for names in (*sensor.names.values(), sensor.others) for known in names}
    return name.upper() in known


def _two_meanings(evidence: Sequence[BandEvidence], sensor: Sensor) -> Iterator[tuple[int, str, str, str]]:
    for band in evidence:
        name = _by_name(band.name, sensor)
        other = _by_wavelength(band.micrometres, sensor) or _by_word(band.description)
        if name and other and name != other:
            yield band.number, band.text, name, other


def _by_name(name: str, sensor: Sensor) -> str | None:
    return next((role for role, names in sensor.names.items() if name.upper() in map(str.upper, names)), None)


def _by_wavelength(micrometres: float | None, sensor: Sensor) -> str | None:
    if micrometres is None:
        return None
    ranges = sensor.wavelengths.items()
    return next((role for role, (low, high) in ranges if low <= micrometres <= high), None)


def _by_word(text: str) -> str | None:
    """The only role whose words a text has."""
    found = [role for role, words in _words().items() if words.search(text)]
    return found[0] if len(found) == 1 else None


@cache
def _words() -> dict[str, re.Pattern[str]]:
    given = read_yaml(RESOURCES / "band_words.yaml")
    return {role: re.compile(rf"(?<![A-Za-z])(?:{words})(?![A-Za-z])", re.IGNORECASE) for role, words in given.items()}


def _micrometres(tags: Mapping[str, str], description: str) -> float | None:
    """The wavelength that tags or the description tell."""
    for key, number in tags.items():
        if key.upper() in ("WAVELENGTH", "CENTRAL_WAVELENGTH_UM"):
            try:
                value = float(number)
            except ValueError:
                continue
            return value if value < _LONGEST_UM else value / 1000
    found = _WAVELENGTH.search(description)
    if not found:
        return None
    return float(found[1]) / (1000 if found[2].lower().startswith("n") else 1)


def _files_behind(dataset: gdal.Dataset) -> dict[int, str]:
    """The file behind each band of a virtual raster, where it has one and that file no more bands."""
    if dataset.GetDriver().ShortName != "VRT":
        return {}
    written = dataset.GetMetadata("xml:VRT")[0]
    found: dict[int, str] = {}
    for number, band in enumerate(_VRT_BAND.findall(written), start=1):
        files = {unescape(name) for name in _VRT_SOURCE.findall(band)}
        if len(files) == 1:
            found[number] = short_name(files.pop())
    return found if len(set(found.values())) == len(found) else {}


def _layout(
    place: Place, where: str, count: int, sensor: Sensor, level: str, kelvin: Callable[[int], float] | None
) -> tuple[str, ...]:
    """The order of the bands by their number; where several have it, the one whose thermal band has temperatures."""
    layouts = sensor.layouts.get(level, ())
    alike = [layout for layout in layouts if len(layout) == count]
    if not alike:
        counts = ", ".join(map(str, sorted({len(layout) for layout in layouts})))
        known = (
            say("A {level} image of {title} has {counts} bands", level=level, title=sensor.title, counts=counts)
            if counts
            else say("{title} has no {level}", title=sensor.title, level=level)
        )
        raise InputError(
            say(
                "{where} has {count} bands, and their names tell nothing. {known}. Check the sensor and the "
                "level, or write the bands as BANDS=blue:1;green:2;red:3;nir:4;swir1:5;swir2:6.",
                where=where,
                count=count,
                known=known,
            )
        )
    if len(alike) == 1 or kelvin is None:
        return alike[0]
    land = quantity("surface_temperature").usual
    warm = {number for number in range(1, count + 1) if land.holds(kelvin(number))}
    fitting = [layout for layout in alike if _thermal_of(layout) in warm] or [
        layout for layout in alike if _thermal_of(layout) is None and count not in warm
    ]
    if len(fitting) != 1:
        raise Refused([of_doubtful_order(place, count, [", ".join(layout) for layout in alike])])
    remember([of_order_by_numbers(place, ", ".join(fitting[0]))])
    return fitting[0]


def _thermal_of(layout: Sequence[str]) -> int | None:
    return layout.index("thermal") + 1 if "thermal" in layout else None
