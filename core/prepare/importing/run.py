"""Import a product: a folder of downloads becomes one raster on the grid of a study, a band per year or month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from ...errors import InputError
from ...land_cover import load_scheme
from ...messages import say
from ...progress import QUIET, Progress
from ...raster.dataset import cache_limit
from ...raster.files import workspace
from ...raster.grid import Grid
from ...raster.reading.source import Source
from ...raster.settings import RasterSettings
from ...raster.study import StudyArea, open_study_area
from ...results import ResultTable
from ..catalogue.loader import products
from ..catalogue.product import Layer, Product
from ..catalogue.recognise import recognise
from ..files.listing import list_files
from ..files.tiles import Place, expected_tiles, places_of_boundary, places_of_grid, share_over, tile_key
from .calendar import Season, expected_steps, parse_season
from .choosing import AUTO, Chosen, choose_files, choose_layer, choose_product
from .laying import Laying, lay_on_grid
from .native import Counts, Rule, reduce_periods
from .rules import Decisions, conversion, require_days, rule_of
from .steps import Period, Step, periods_of, read_steps
from .study_grid import own_grid_of, reference_over
from .tables import file_table, year_table

STEPS = ("year", "month")
_NAMED = 12  # years in a message
_WHOLE = 0.99  # share of places of the study that files cover; edges are a matter of rounding
_CACHE = 128 * 2**20  # bytes of GDAL: what is read is read once


@dataclass(frozen=True)
class ImportInputs:
    """What is imported.

    Attributes:
        files: folders, archives and files.
        product, layer: ids; `auto` takes what is there.
        edition: name of an edition, or a part of file names; "" for all.
        years: empty for all that are there.
        season: such as `04-01..10-31`; "" for the whole year.
        step: `year`, or `month`: the months of one year, or of the mean of several.
        decisions: how numbers are read.
        resampling: one of `RESAMPLING`; `auto` goes by the kind of the layer.
        reference: a raster on the grid of the study; "" where what follows tells the grid.
        crs, cell: of the grid over the boundary.
        own_grid: whether the pixels stay where the product has them.
        product_folder: of the user's own products.
    """

    files: Sequence[str]
    product: str = AUTO
    layer: str = AUTO
    edition: str = ""
    years: Sequence[int] = ()
    season: str = ""
    step: str = "year"
    decisions: Decisions = field(default_factory=Decisions)
    resampling: str = AUTO
    reference: str = ""
    crs: str = ""
    cell: float = 0.0
    own_grid: bool = False
    product_folder: str = ""


@dataclass(frozen=True)
class ImportOutputs:
    """Paths of rasters; an empty one is not made."""

    raster: str
    days: str = ""


@dataclass(frozen=True)
class ImportCheck:
    """What an import would find, by names and headers.

    Attributes:
        product, layer: what it would be.
        years: of the bands; empty for what does not change.
        files: numbers of files.
        grids: on which they lie, the grid of the most files first.
    """

    product: Product
    layer: Layer
    years: tuple[int, ...]
    files: int
    grids: tuple[Grid, ...]


@dataclass(frozen=True)
class ImportResult:
    """What an import has made.

    Attributes:
        product, layer: what it was.
        years: of the bands; empty for what does not change.
        table: a row per band.
        files: a row per file.
        used, skipped: numbers of files.
        conversion: what was done to the numbers.
        unit: of the raster.
        traps: what the catalogue says of the product.
        paths: of the rasters that were made.
    """

    product: Product
    layer: Layer
    years: tuple[int, ...]
    table: ResultTable
    files: ResultTable
    used: int
    skipped: int
    conversion: str
    unit: str
    traps: tuple[str, ...]
    paths: tuple[str, ...]


def run_import_product(
    inputs: ImportInputs,
    outputs: ImportOutputs,
    settings: RasterSettings | None = None,
    progress: Progress = QUIET,
    language: str = "en",
) -> ImportResult:
    """Brings a product on the grid of a study.

    Fill codes, nodata and poor quality go first, the steps of a period are reduced on the product's own grid, and each
    period is warped once: averaged or interpolated, by the nearest or the most frequent class, or by its sum.

    Args:
        inputs: what is imported, and how.
        outputs: where the rasters go.
        settings: boundary and storage.
        progress: told of every decision.
        language: of the texts of the catalogue.

    Raises:
        InputError, GridError: see the steps; nothing is written then.
        TableError: the catalogue of the user is wrong.
        Cancelled: the user stopped.
    """
    settings = settings or RasterSettings()
    with workspace() as scratch, cache_limit(_CACHE):
        area = None if inputs.own_grid else _study(inputs, settings, scratch, progress)
        ready = _ready(inputs, scratch, progress)
        product, layer, chosen, rule = ready.product, ready.layer, ready.chosen, ready.rule
        steps, periods, by_month = ready.steps, ready.periods, inputs.step == "month"
        area = area or _open_area(
            own_grid_of([step.layer.grid for step in steps], scratch), settings, scratch, progress
        )
        _tell_quality(rule, steps, progress)
        if not _tell_missing_tiles(product, periods, area, progress):
            _tell_uncovered(product, periods, area, progress)
        progress.info(say("{layer}: {conversion}.", layer=layer.title, conversion=conversion(rule)))
        natives, counts = reduce_periods(periods, rule, area.grid, scratch, progress.part(2, 75))
        _require_known_codes(rule, counts)
        laying = Laying(
            product, rule, periods, counts, by_month, inputs.decisions.native_unit, inputs.resampling, outputs.raster,
            outputs.days,
        )  # fmt: skip
        made = lay_on_grid(laying, natives, area, progress.part(75, 100))
    used = {step.file.path for step in steps}
    return ImportResult(
        product=product,
        layer=layer,
        years=ready.years,
        table=year_table(laying, made),
        files=file_table(chosen, used, language),
        used=len(used),
        skipped=ready.listed - len(used),
        conversion=conversion(rule),
        unit=laying.unit,
        traps=_traps(chosen, language),
        paths=tuple(path for path in (outputs.raster, outputs.days) if path),
    )


def check_import_product(inputs: ImportInputs, progress: Progress = QUIET) -> ImportCheck:
    """Asks before any work what an import would ask: product, layer, editions, years, steps, scale and fill codes.

    Raises:
        InputError, GridError, TableError, Cancelled: as `run_import_product`, apart from what pixels tell.
    """
    with workspace() as scratch:
        ready = _ready(inputs, scratch, progress)
    grids = Counter(step.layer.grid for step in ready.steps)
    return ImportCheck(
        ready.product, ready.layer, ready.years, len({step.file.path for step in ready.steps}),
        tuple(grid for grid, _ in grids.most_common()),
    )  # fmt: skip


@dataclass(frozen=True)
class _Ready:
    """What is known before a number is read."""

    product: Product
    layer: Layer
    chosen: Chosen
    steps: Sequence[Step]
    periods: Sequence[Period]
    rule: Rule
    listed: int

    @property
    def years(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(period.year for period in self.periods if period.year is not None))


def _ready(inputs: ImportInputs, scratch: str, progress: Progress) -> _Ready:
    known = products(inputs.product_folder)
    season, by_month = parse_season(inputs.season), inputs.step == "month"
    paths = [path for place in inputs.files for path in list_files(place, progress)]
    found = recognise(paths, known, progress=progress)
    if inputs.product in known:  # what the user names settles what names leave open
        found = [one if one.known else recognise([one.path], known, inputs.product)[0] for one in found]
    product = choose_product(found, known, inputs.product)
    layer = choose_layer(product, found, inputs.layer)
    chosen = choose_files(product, layer, found, inputs.edition, inputs.years, progress)
    progress.info(
        say("{product}: {count} files of {layer}.", product=product.title, count=len(chosen.files), layer=layer.id)
    )
    looked_at = inputs.decisions.quality != "none"
    steps = read_steps(chosen, inputs.years, season, looked_at, scratch, progress)
    periods = periods_of(steps, product.step, season, by_month)
    _require_whole(inputs, product, periods, season, by_month)
    rule = rule_of(product, layer, steps, inputs.decisions, progress)
    require_days(periods, rule, progress)
    return _Ready(product, layer, chosen, steps, periods, rule, len(paths))


def _study(inputs: ImportInputs, settings: RasterSettings, scratch: str, progress: Progress) -> StudyArea:
    reference = inputs.reference
    if not reference:
        if not (settings.boundary and inputs.crs and inputs.cell):
            raise InputError(say("Give REFERENCE, a raster on the grid of the study; or BOUNDARY, CRS and CELL_SIZE."))
        reference = reference_over(settings.boundary, inputs.crs, inputs.cell, scratch)
    return _open_area(reference, settings, scratch, progress)


def _open_area(reference: str, settings: RasterSettings, scratch: str, progress: Progress) -> StudyArea:
    source = Source("reference", reference, kind="classes", label="Reference")
    return open_study_area(source, settings, scratch, progress)


def _require_whole(
    inputs: ImportInputs, product: Product, periods: Sequence[Period], season: Season, by_month: bool
) -> None:
    """Refuses years that were asked for and months of which no file is there: fewer bands would pass for all.

    Raises:
        InputError: names them.
    """
    there = {period.year for period in periods}
    missing = [str(year) for year in inputs.years if year not in there] if there != {None} else []
    if by_month:
        months = [day for day in expected_steps("month", None) if season.holds("month", day)]
        held = {period.label for period in periods}
        for year in sorted(there, key=lambda year: year or 0):
            labels = [f"{year}-{day.month:02d}" if year is not None else f"{day.month:02d}" for day in months]
            missing += [label for label in labels if label not in held]
    if missing:
        raise InputError(
            say(
                "{product} has no file of {missing}. Order what is missing, or leave its year out of YEARS.",
                product=product.title,
                missing=", ".join(missing[:12]) + (" …" if len(missing) > 12 else ""),
            )
        )


def _tell_quality(rule: Rule, steps: Sequence[Step], progress: Progress) -> None:
    """Says where quality is asked for and cannot be looked at. Raises InputError where it must be strict."""
    quality = rule.layer.quality
    tests = quality.tests(rule.quality) if quality else ()
    without = [step.file.name for step in steps if step.quality is None]
    if rule.quality == "strict" and not tests:
        progress.warn(say("{layer} has no layer of quality: QUALITY strict changes nothing.", layer=rule.layer.title))
    elif tests and without:
        told = say("{count} steps have no layer of quality, such as {file}", count=len(without), file=without[0])
        if rule.quality == "strict":
            raise InputError(say("{told}. Order it, too, or choose QUALITY standard or none.", told=told))
        progress.warn(say("{told}: cloud and poor values stay in them. Order it, too.", told=told))


def _tell_missing_tiles(product: Product, periods: Sequence[Period], area: StudyArea, progress: Progress) -> bool:
    """Says which tiles lie over the study and are not there, once for all years that lack the same; whether any is."""
    if not product.grid.tiles or not any(step.tile for period in periods for step in period.steps):
        return False
    places = _places(area)
    wanted = expected_tiles(product.grid.tiles, places)
    lacking: dict[tuple[str, ...], list[str]] = {}
    for period in periods:
        absent = tuple(sorted(wanted - {tile_key(step.tile) for step in period.steps}))
        lacking.setdefault(absent, []).append(period.label)
    for absent, labels in lacking.items():
        if absent:
            progress.warn(
                say(
                    "{label}: tiles that lie over the study area are not there: {tiles}. Their land has no value.",
                    label=", ".join(labels) or product.id,
                    tiles=", ".join(absent),
                )
            )
    return any(lacking)


def _tell_uncovered(product: Product, periods: Sequence[Period], area: StudyArea, progress: Progress) -> None:
    """Says which years have files over a part of the study alone, once for all that have the same part."""
    places = _places(area)
    shares: dict[frozenset[Grid], float] = {}
    labels: dict[int, list[str]] = {}
    for period in periods:
        grids = frozenset(step.layer.grid for step in period.steps)
        if grids not in shares:
            shares[grids] = share_over(list(grids), places)
        if shares[grids] < _WHOLE:
            labels.setdefault(round(100 * shares[grids]), []).append(period.label)
    for percent, named in labels.items():
        progress.warn(
            say(
                "{label}: the files cover {percent} % of the study area; the rest has no value. Order files that "
                "cover it.",
                label=", ".join(named[:_NAMED]) + (" …" if len(named) > _NAMED else "") or product.id,
                percent=percent,
            )
        )


def _places(area: StudyArea) -> list[Place]:
    boundary = area.settings.boundary
    return places_of_boundary(boundary) if boundary else places_of_grid(area.grid)


def _require_known_codes(rule: Rule, counts: Sequence[Counts]) -> None:
    """Refuses classes that the scheme of the product does not have."""
    if not rule.layer.scheme:
        return
    codes = load_scheme(rule.layer.scheme).codes
    unknown: dict[int, int] = {}
    for counted in counts:
        for code, pixels in counted.codes.items():
            if code not in codes:
                unknown[code] = unknown.get(code, 0) + pixels
    if unknown:
        listed = ", ".join(f"{code} ({pixels:,} px)" for code, pixels in sorted(unknown.items())[:10])
        raise InputError(
            say(
                "{layer} holds codes that the scheme {scheme} lacks: {codes}. Give FILLS where they are no data.",
                layer=rule.layer.title,
                scheme=rule.layer.scheme,
                codes=listed,
            )
        )


def _traps(chosen: Chosen, language: str) -> tuple[str, ...]:
    editions = {file.edition.name for file in chosen.files if file.edition}
    traps = chosen.product.traps
    return tuple(t.text.of(language) for t in traps if not t.editions or editions & set(t.editions))
