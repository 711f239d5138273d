"""Check inputs: a dry run that tells what is wrong with rasters, years and classes, and how to mend it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from osgeo import gdal

from ...errors import EcoAssetsError, InputError
from ...inputs.finding import Finding
from ...inputs.gate import LAND_COVER, Gate
from ...inputs.profile import RasterProfile, profile_band
from ...land_cover import LandCoverScheme, load_scheme
from ...messages import listed, say, told
from ...progress import QUIET, Progress
from ...quantities import ANY, Measure, quantity_of_file
from ...raster.dataset import open_raster, short_name
from ...raster.grid import Grid
from ...raster.reading.source import Kind, Source
from ...results import Column, ResultTable, texts
from ...tables import Table
from .facts import class_facts, nodata_facts, pair_years, value_facts
from .grids import Told, Verdict, check_grid, check_position

CHECK_COLUMNS = (Column("raster", "text"), Column("band", "integer"), *texts("check", "result", "found", "mend"))


@dataclass(frozen=True)
class CheckRow:
    """One thing that was looked at.

    Attributes:
        raster: its file name; "" for what concerns all rasters together.
        band: None for the whole raster.
        check: what was looked at.
        result: `ok`, `warning` (look at it) or `problem` (mend it first).
        found: what was seen, with the values.
        mend: how to mend it; "" where there is nothing to mend.
    """

    raster: str
    band: int | None
    check: str
    result: Verdict
    found: str
    mend: str = ""


@dataclass(frozen=True)
class CheckResult:
    """Everything that was looked at, raster by raster; the last rows concern all of them together."""

    rows: tuple[CheckRow, ...]

    @property
    def problems(self) -> int:
        """Rows that must be mended before a run."""
        return sum(row.result == "problem" for row in self.rows)

    @property
    def warnings(self) -> int:
        """Rows that a person should look at."""
        return sum(row.result == "warning" for row in self.rows)


def check_table(result: CheckResult) -> ResultTable:
    """A row per check."""
    rows = tuple((r.raster, r.band, r.check, r.result, r.found, r.mend) for r in result.rows)
    return ResultTable(CHECK_COLUMNS, rows)


@dataclass(frozen=True)
class Looked:
    """A raster that could be opened: where it lies and what its bands hold.

    Attributes:
        path: as given.
        dataset: open for reading.
        grid: None where it has no CRS or no position, or is rotated.
        bands: by band number; bands that cannot be read are missing.
    """

    path: str
    dataset: gdal.Dataset
    grid: Grid | None
    bands: dict[int, RasterProfile]

    @property
    def name(self) -> str:
        return short_name(self.path)

    @property
    def is_classes(self) -> bool:
        """Whether the bands look like class codes."""
        scaled = self.dataset.GetRasterBand(1).GetScale() not in (None, 1.0)
        return bool(self.bands) and not scaled and all(band.looks_like_classes for band in self.bands.values())


def run_check_inputs(
    rasters: Sequence[str],
    years: str = "",
    scheme: str | None = None,
    class_table: Table | None = None,
    progress: Progress = QUIET,
    language: str = "en",
) -> CheckResult:
    """Looks at rasters as a run would, and goes on where a run would stop: each fault becomes a row.

    What rasters hold is asked of the gate through which every run passes.

    The first raster that can be read is the reference, as the first land-cover raster is in the methods. Every band is
    read once in full.

    Args:
        rasters: in the order in which they will be given.
        years: as in `YEARS`, e.g. `2000, 2005`; blank where there are none.
        scheme: the land-cover scheme; None where no land cover is among the rasters.
        class_table: laid over the scheme.
        progress: told how far it is.
        language: of what the gate finds.

    Raises:
        InputError: no raster is given.
        Cancelled: the user stopped.
    """
    if not rasters:
        raise InputError(say("No raster was given to be checked. Choose at least one."))
    rows: list[CheckRow] = []
    meaning = _load(scheme, class_table, rows)
    reference: Looked | None = None
    looked: list[Looked] = []
    covers: set[int] = set()
    for number, path in enumerate(rasters):
        step = progress.part(100 * number / len(rasters), 100 * (number + 1) / len(rasters))
        found, faults = _look(path, step)
        rows += faults
        if _is_twin(path, rasters[:number]):
            rows.append(_row(path, None, "file", "warning", say("the same file was given before"), _ONCE))
        if found is None:
            continue
        is_land_cover = meaning is not None and _is_land_cover(found, meaning, first=not looked)
        rows += _rows_of(found, reference, meaning if is_land_cover else None)
        covers |= {len(looked)} if is_land_cover else set()
        reference = reference or (found if found.grid is not None else None)
        looked.append(found)
        step.set(100)
    if meaning is None:
        covers = {position for position, found in enumerate(looked) if found.is_classes}
    pairs, told_of_years = _paired(looked, covers, years)
    rows += [CheckRow("", None, *one) for one in told_of_years]
    rows += _asked_of_the_gate(looked, covers if meaning else set(), pairs, meaning, language)
    rows += [CheckRow("", None, *one) for one in _masks([looked[position] for position in sorted(covers)])]
    return CheckResult(tuple(replace(r, found=told(r.found, language), mend=told(r.mend, language)) for r in rows))


_ONCE = say("Choose each raster once; for a series, choose the raster of each year.")
_OPEN = say(
    "Choose a raster file that QGIS can show; copy or download it again, or export a web layer to GeoTIFF first."
)
_TILES = say("Copy or download the file again: it is damaged or was not written to its end.")


def _row(path: str, band: int | None, check: str, result: Verdict, found: str, mend: str = "") -> CheckRow:
    return CheckRow(short_name(path), band, check, result, found, mend)


def _load(scheme: str | None, class_table: Table | None, rows: list[CheckRow]) -> LandCoverScheme | None:
    if scheme is None:
        return None
    try:
        return load_scheme(scheme, class_table)
    except EcoAssetsError as reason:
        mend = say("Mend the class table, or choose another scheme.")
        rows.append(CheckRow("", None, "class table", "problem", listed([reason], ""), mend))
        return None


def _is_twin(path: str, before: Sequence[str]) -> bool:
    return os.path.realpath(path) in {os.path.realpath(other) for other in before}


def _look(path: str, progress: Progress) -> tuple[Looked | None, list[CheckRow]]:
    """Opens a raster and reads its bands; what cannot be opened or read becomes rows."""
    try:
        dataset = open_raster(path)
    except EcoAssetsError as reason:
        return None, [_row(path, None, "file", "problem", listed([reason], ""), _OPEN)]
    rows: list[CheckRow] = []
    try:
        grid = Grid.of_dataset(dataset, short_name(path))
    except EcoAssetsError:
        grid = None  # check_position tells why
    bands = {}
    for number in range(1, dataset.RasterCount + 1):
        step = progress.part(100 * (number - 1) / dataset.RasterCount, 100 * number / dataset.RasterCount)
        if gdal.DataTypeIsComplex(dataset.GetRasterBand(number).DataType):
            mend = say("Convert it to real numbers with Raster > Conversion > Translate.")
            rows.append(_row(path, number, "type", "problem", say("it holds complex numbers"), mend))
            continue
        try:
            bands[number] = profile_band(path, number, progress=step)
        except EcoAssetsError as reason:
            rows.append(_row(path, number, "file", "problem", listed([reason], ""), _OPEN))
    return Looked(path, dataset, grid, bands), rows


def _is_land_cover(found: Looked, scheme: LandCoverScheme, first: bool) -> bool:
    """The first raster is meant as land cover; of the others those of which most codes are known."""
    if first or not found.is_classes:
        return first
    codes = [code for band in found.bands.values() for code in band.codes or ()]
    return 2 * sum(map(scheme.known, codes)) >= len(codes)


def _rows_of(found: Looked, reference: Looked | None, scheme: LandCoverScheme | None) -> Iterator[CheckRow]:
    for one in check_position(found.dataset, found.grid):
        yield _row(found.path, None, *one)
    if found.grid is not None and reference is not None and reference.grid is not None:
        kind: Kind = "classes" if found.is_classes or scheme is not None else "continuous"
        raster = Source("raster", found.path, kind=kind, measure=ANY)
        for one in check_grid(raster, found.grid, reference.grid, reference.name):
            yield _row(found.path, None, *one)
    for number, profile in found.bands.items():
        band = found.dataset.GetRasterBand(number)
        if profile.unreadable:
            first = profile.unreadable[0]
            count = len(profile.unreadable)
            message = say("{count} part(s) cannot be read, the first: {first}", count=count, first=first)
            yield _row(found.path, number, "tiles", "problem", message, _TILES)
        of_band = [*nodata_facts(band, profile), *value_facts(profile, found.is_classes)]
        for one in (*of_band, *class_facts(profile, scheme)):
            yield _row(found.path, number, *one)


def _asked_of_the_gate(
    looked: Sequence[Looked],
    covers: set[int],
    pairs: Sequence[tuple[int, int, int]],
    scheme: LandCoverScheme | None,
    language: str,
) -> Iterator[CheckRow]:
    """What a run would be told of these rasters, or stop for."""
    years = {(position, band): year for position, band, year in pairs}
    profiles = {
        _source(found, number, position, position in covers, years.get((position, number))): profile
        for position, found in enumerate(looked)
        for number, profile in found.bands.items()
    }
    gate = Gate(scheme=scheme)
    gate.admit(list(profiles), profiles)
    for finding in gate.findings():
        names = ", ".join(dict.fromkeys(short_name(place.path) for place in finding.places))
        bands = {place.band or 1 for place in finding.places}
        band = bands.pop() if len(bands) == 1 else None
        mend = told(finding.remedy, language) or told(say("Nothing, when this is as it should be."), language)
        yield CheckRow(names, band, finding.check, _verdict(finding), finding.what(language), mend)


def _source(found: Looked, band: int, position: int, is_cover: bool, year: int | None) -> Source:
    """A band as a run would read it; its quantity is guessed from its name."""
    classes = is_cover or found.is_classes
    folder, file = os.path.split(found.path)
    description = found.dataset.GetRasterBand(band).GetDescription()
    held = quantity_of_file(f"{os.path.basename(folder)}/{os.path.splitext(file)[0]} {description}".strip())
    return Source(
        f"{LAND_COVER if is_cover else 'raster'}:{position}:{band}",
        found.path,
        band,
        "classes" if classes else "continuous",
        measure=Measure(held.id) if held and not classes else ANY,
        year=year,
        series="" if year is None else "series",
    )


def _verdict(finding: Finding) -> Verdict:
    """A guess at the quantity stops no run, so what depends on it only warns."""
    if finding.severity == "note":
        return "ok"
    guessed = finding.check in ("possible", "unit", "scale")
    return "problem" if finding.severity == "stop" and not guessed else "warning"


def _paired(looked: Sequence[Looked], covers: set[int], years: str) -> tuple[list[tuple[int, int, int]], list[Told]]:
    """Which raster and band are for which year; nothing where no years are given."""
    if not years.strip():
        return [], []
    names = [found.name for found in looked]
    bands = [found.dataset.RasterCount for found in looked]
    return pair_years(years, names, bands, [position in covers for position in range(len(looked))])


def _masks(classes: Sequence[Looked]) -> Iterator[Told]:
    """Whether class rasters of one grid are valid on the same area."""
    covers = [(found, found.grid) for found in classes if found.grid is not None]
    same = [found for found, grid in covers if covers[0][1].difference(grid) is None]
    valid = {found.name: found.bands[1].valid for found in same if 1 in found.bands}
    if len(set(valid.values())) > 1:
        counts = ", ".join(f"{name} {pixels:,} px".replace(",", " ") for name, pixels in valid.items())
        mend = say("Nothing, when the smallest is right: MASK common leaves out what is not valid in every year.")
        yield "mask", "warning", say("the class rasters are valid on different areas: {counts}", counts=counts), mend
