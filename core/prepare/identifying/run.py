"""Looks through downloads: of what product each file is, what is missing, what it feeds. Names and headers alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from ...errors import EcoAssetsError
from ...messages import Message, say, told
from ...progress import QUIET, Progress
from ...raster.dataset import open_raster
from ...raster.grid import Grid
from ...raster.reading.whole import CUT, is_cut, is_cut_image
from ...results import ResultTable, row_table
from ..catalogue.loader import products
from ..catalogue.product import Product
from ..catalogue.recognise import Recognised, recognise
from ..files.containers import layers_of, missing_drivers, open_raster_or_container
from ..files.listing import list_files, on_disk, why_closed
from ..files.tiles import expected_tiles, places_of_boundary, places_of_grid, tile_key
from ..importing.calendar import expected_steps
from .wanting import WantRow, how_to_get, wanting

_MOST_OPENED = 300  # files whose header is read for the CRS; of more, one per product, edition and tile
_IN_PLACE = ("raster", "landsat", "table")  # containers that GDAL reads within archives
_NAMED = 6  # missing steps and tiles that are named

READY, REPLACED, TWO_EDITIONS, UNDECIDED, UNKNOWN, DRIVER, EMPTY, UNREADABLE = (
    "ready", "replaced", "two_editions", "undecided", "unknown", "driver", "empty", "unreadable",
)  # fmt: skip


@dataclass(frozen=True)
class FileRow:
    """A file and what it is.

    Attributes:
        file: its path from the folder that was given, through the archive where it lies in one.
        product, edition, layer: "" where nothing is known; a layer also where the file holds several.
        year, month, day: of its first day.
        tile: "" where there are none.
        crs: as its header tells it.
        state: one of `ready`, `replaced`, `two_editions`, `undecided`, `unknown`, `driver`, `empty`, `unreadable`.
        reason: what the state means here, and what to do.
    """

    file: str
    product: str
    edition: str
    layer: str
    year: int | None
    month: int | None
    day: int | None
    tile: str
    crs: str
    state: str
    reason: str


@dataclass(frozen=True)
class SummaryRow:
    """A layer of a product: what is there and what is missing.

    Attributes:
        product, layer: ids.
        years: from first to last, gaps named.
        steps_found, steps_expected: of all years between first and last, of all tiles that are there.
        missing: years, or first days of steps, that no file has.
        tiles_missing: that lie over the boundary or the reference.
        ready_for: parameters that take it.
        where: how to get what is missing; "" where nothing is.
    """

    product: str
    layer: str
    years: str
    steps_found: int
    steps_expected: int
    missing: str
    tiles_missing: str
    ready_for: str
    where: str


@dataclass(frozen=True)
class IdentifyResult:
    """What was found.

    Attributes:
        files, summary: rows.
        wanting: products that would feed the inputs of workflows that nothing here feeds.
        recognised: files of a known product.
        problems: files that cannot be used as they are.
    """

    files: tuple[FileRow, ...]
    summary: tuple[SummaryRow, ...]
    wanting: tuple[WantRow, ...]
    recognised: int
    problems: int

    @property
    def file_table(self) -> ResultTable:
        return row_table(FileRow, self.files)

    @property
    def wanting_table(self) -> ResultTable:
        return row_table(WantRow, self.wanting)

    @property
    def summary_table(self) -> ResultTable:
        return row_table(SummaryRow, self.summary)


def run_identify_products(
    places: Sequence[str],
    boundary: str | None = None,
    reference: str | None = None,
    product_folder: str = "",
    progress: Progress = QUIET,
    language: str = "en",
) -> IdentifyResult:
    """Identifies every file.

    Args:
        places: folders, archives and files.
        boundary: polygons of the study; tells which tiles are missing.
        reference: a raster of the study, for the same.
        product_folder: of the user's own products.
        progress: polled for a cancel.
        language: of the reasons.

    Raises:
        InputError: a folder does not exist, or boundary or reference cannot be read.
        TableError: the catalogue of the user is wrong.
        Cancelled: the user stopped.
    """
    known = products(product_folder)
    shown = {path: _shown(path, place) for place in places for path in list_files(place, progress)}
    progress.set(20)
    found = recognise(shown, known, "", progress)
    progress.set(40)
    states = _states(found)
    headers = _Headers(found)
    rows = []
    for number, one in enumerate(found):
        progress.check()
        progress.set(40 + 55 * number / max(1, len(found)))
        state, reason = states[one.path]
        crs = ""
        if state == READY:
            crs, failure = headers.crs_of(one)
            state, reason = (state, reason) if failure is None else (UNREADABLE, failure)
        rows.append(_row(one, shown[one.path], crs, state, told(reason, language)))
    usable = [one for one, row in zip(found, rows) if row.state in (READY, DRIVER)]
    over = _places(boundary, reference)
    summary = tuple(_summary(usable, over, language))
    wanted = tuple(wanting(((row.product, row.layer) for row in summary), language))
    problems = sum(row.state not in (READY, REPLACED, UNKNOWN) for row in rows)
    return IdentifyResult(tuple(rows), summary, wanted, sum(one.known for one in found), problems)


def _shown(path: str, place: str) -> str:
    """A listed path as seen from the folder that was given, with the archive that it lies in."""
    plain = path.split("/", 2)[2] if path.startswith("/vsi") else path
    folder = place if os.path.isdir(place) else os.path.dirname(place)
    return os.path.relpath(plain, folder or ".").replace(os.sep, "/")


def _row(one: Recognised, shown: str, crs: str, state: str, reason: str) -> FileRow:
    product = one.product.id if one.product else ""
    edition = one.edition.name if one.edition else ""
    layer = one.layer or one.quality
    return FileRow(shown, product, edition, layer, one.year, one.month, one.day, one.tile, crs, state, reason)


def _states(found: Sequence[Recognised]) -> dict[str, tuple[str, Message | str]]:
    """State and reason of each path, by names alone."""
    best: dict[tuple, Recognised] = {}
    states: dict[str, tuple[str, Message | str]] = {}
    editions: dict[tuple, Recognised] = {}
    in_order = sorted(found, key=lambda one: (one.version, one.processed, one.name, one.path))
    for one in in_order:
        states[one.path] = _own_state(one)
        if one.product is None or one.edition is None:
            continue
        time = (one.year, one.month, one.day, one.half)
        place = (one.product.id, one.layer, one.band, *time, one.tile, one.part, one.depth)
        key = (*place, one.edition.name, one.variant)
        if key in best:
            older = best[key]
            why = say("{other} is newer, of the same time and tile", other=one.name)
            states[older.path] = REPLACED, say("it is there once more") if older.name == one.name else why
        best[key] = one
        other = editions.setdefault(place, one)
        if (other.edition, other.variant) != (one.edition, one.variant) and one.product.step != "scene":
            why = say("{other} is another edition of the same time and place: say EDITION", other=other.name)
            states[one.path] = TWO_EDITIONS, why
    return states


def _own_state(one: Recognised) -> tuple[str, Message | str]:
    if not one.known:
        if one.candidates:
            return UNDECIDED, say("may be of {products}: name it as PRODUCT", products=", ".join(one.candidates))
        closed = why_closed(one.path)
        if closed is not None:
            return UNREADABLE, closed
        return UNKNOWN, say("its name is that of no product in the catalogue")
    place = on_disk(one.path)
    if os.path.isfile(place) and os.path.getsize(place) == 0:
        return EMPTY, say("the file is empty: order it again")
    missing = missing_drivers(one.edition) if one.edition else ()
    if missing:
        way = one.edition.instead if one.edition else None
        told_way = say("; or {way}", way=way) if way else ""
        return DRIVER, say("this QGIS lacks the GDAL driver {drivers}{way}", drivers=" / ".join(missing), way=told_way)
    return READY, ""


class _Headers:
    """The CRS that headers tell; of HDF and netCDF read once where many files are alike."""

    def __init__(self, found: Sequence[Recognised]) -> None:
        self._each = sum(one.known for one in found) <= _MOST_OPENED
        self._known: dict[tuple, str] = {}

    def crs_of(self, one: Recognised) -> tuple[str, Message | None]:
        """The CRS, "" where the file tells none; and why the file cannot be read, None where it can."""
        if one.product is None or one.edition is None:
            return "", None
        fixed = one.edition.crs or one.product.grid.crs
        alike = (one.product.id, one.edition.name, one.layer, "" if fixed and fixed != "file" else one.tile)
        if self._each or one.edition.container in _IN_PLACE:  # each may be cut
            return _header(one)
        if alike in self._known:
            return self._known[alike], None
        crs, failure = _header(one)
        if failure is None:
            self._known[alike] = crs
        return crs, failure


def _header(one: Recognised) -> tuple[str, Message | None]:
    container = one.edition.container if one.edition else ""
    if container == "safe" and os.path.isdir(one.path):
        cut = next((path for path in _images(one.path) if is_cut_image(path)), None)
        return "", say("{file} cannot be used: {reason}", file=os.path.basename(cut), reason=CUT) if cut else None
    packed = one.path.startswith("/vsi") and container not in _IN_PLACE
    if packed or one.path.startswith("/vsigzip/") or container == "safe":
        return "", None  # would have to be unpacked
    try:
        dataset = open_raster_or_container(one.path)
        if is_cut(dataset):
            return "", CUT
        layers = layers_of(dataset)
        if layers:
            dataset = open_raster(next(iter(layers.values())))
        crs = dataset.GetProjection()
        return (crs_named(crs) if crs else ""), None
    except EcoAssetsError as error:
        return "", say("it cannot be read: {why}", why=str(error))


def _images(product: str) -> Iterator[str]:
    """The JPEG 2000 files below a folder."""
    for place, _, names in os.walk(product):
        yield from (os.path.join(place, name) for name in sorted(names) if name.lower().endswith(".jp2"))


def crs_named(crs: str) -> str:
    """Its code or name; its definition where it has neither."""
    grid = Grid(1, 1, (0, 1, 0, 0, 0, -1), crs)
    named = grid.crs_name
    return str(grid.spatial_reference().ExportToProj4()) if named.startswith(("unknown", "unnamed")) else named


def _places(boundary: str | None, reference: str | None) -> list[tuple[float, float]]:
    if boundary:
        return places_of_boundary(boundary)
    if reference:
        return places_of_grid(Grid.of_dataset(open_raster(reference, "Reference")))
    return []


def _summary(usable: Iterable[Recognised], over: Sequence[tuple[float, float]], language: str) -> Iterable[SummaryRow]:
    """A row per layer; a file that holds several stands for each of its product."""
    groups: dict[tuple[str, str], list[Recognised]] = {}
    known: dict[str, Product] = {}
    for one in usable:
        if one.product is None or one.quality:
            continue
        known[one.product.id] = one.product
        for layer in [one.layer] if one.layer else list(one.product.layers):
            groups.setdefault((one.product.id, layer), []).append(one)
    for (product, layer), files in sorted(groups.items()):
        row = _summary_row(known[product], layer, files, over)
        lacks = row.missing or row.tiles_missing
        yield replace(row, where=how_to_get(known[product], language)) if lacks else row


def _summary_row(
    product: Product, layer: str, files: Sequence[Recognised], over: Sequence[tuple[float, float]]
) -> SummaryRow:
    tiles = {one.tile for one in files}
    years = sorted({year for one in files for year in _years(one)})
    found, expected, missing = _steps(product, files, years, len(tiles))
    wanted = expected_tiles(product.grid.tiles, over) if over else set()
    absent = sorted(wanted - {tile_key(tile) for tile in tiles}) if any(tiles) else []
    return SummaryRow(
        product=product.id,
        layer=layer,
        years=year_ranges(years),
        steps_found=found,
        steps_expected=expected,
        missing=_some(missing),
        tiles_missing=_some(absent),
        ready_for=", ".join(product.layers[layer].feeds),
        where="",
    )


def _years(one: Recognised) -> range:
    return range(0) if one.year is None else range(one.year, (one.year_to or one.year) + 1)


def _steps(
    product: Product, files: Sequence[Recognised], years: Sequence[int], tiles: int
) -> tuple[int, int, list[str]]:
    """Steps that are there, that should be, and what no tile has."""
    several = any(one.edition and one.edition.bands for one in files)
    if product.step in ("static", "scene") or not years:
        return len(files), len(files), []
    every = range(years[0], years[-1] + 1)
    if several or product.step == "year":
        gone = [str(year) for year in every if year not in years]
        count = len({(year, one.tile) for one in files for year in _years(one)})
        in_year = len(expected_steps(product.step, years[0]))
        return count * in_year, len(every) * tiles * in_year, gone
    there = {(one.first_day, one.tile) for one in files if one.first_day}
    days = {day for day, _ in there}
    phase = _phase(product.step, days)
    wanted = [day for year in every for day in expected_steps(product.step, year, phase)]
    return len(there), len(wanted) * tiles, [day.isoformat() for day in wanted if day not in days]


def _phase(step: str, days: Iterable[date | None]) -> int:
    length = {"8day": 8, "16day": 16, "4day": 4}.get(step)
    if length is None:
        return 0
    phases = {(day.timetuple().tm_yday - 1) % length for day in days if day}
    return phases.pop() if len(phases) == 1 else 0


def year_ranges(years: Sequence[int]) -> str:
    """`2000-2003, 2005`."""
    parts: list[list[int]] = []
    for year in years:
        if parts and year == parts[-1][-1] + 1:
            parts[-1].append(year)
        else:
            parts.append([year])
    return ", ".join(str(part[0]) if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)


def _some(texts: Sequence[str]) -> str:
    more = f" … ({len(texts)})" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + more


def count_states(rows: Iterable[FileRow]) -> Mapping[str, int]:
    """How many files are in each state."""
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.state] = counts.get(row.state, 0) + 1
    return counts
