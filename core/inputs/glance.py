"""A first look at inputs that are being chosen, before anything runs: what a dialog tells under them.

It asks the gate what a run would ask it, of samples of the rasters, and goes on where a run would stop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import EcoAssetsError, InputError
from ..land_cover import CUSTOM, LandCoverScheme, load_scheme
from ..quantities import ANY, Measure, quantity
from ..raster.dataset import open_raster
from ..raster.reading.series import images_by_year, yearly_sources
from ..raster.reading.source import Kind, Source
from ..tables import Table
from ..years import parse_years
from .classes import schemes_of
from .finding import Finding, merged
from .gate import LAND_COVER, Gate
from .profile import look
from .record import recorded
from .years import told_years

IMAGE = "reflectance"  # of several bands, whose numbers sensor and level explain
MOST_LOOKS = 48  # bands that are looked at; the run itself looks at all of them


@dataclass(frozen=True)
class ShownRasters:
    """The rasters of one input.

    Attributes:
        label: what the dialog calls it.
        quantity: what they hold.
        paths: in the order given.
        series: whether they may be one per year.
        any_unit: whether another choice tells their unit, or only ratios count.
        limits: the valid range that was given.
        years: the text of their own years; "" where they are those of all.
    """

    label: str
    quantity: str
    paths: tuple[str, ...]
    series: bool = False
    any_unit: bool = False
    limits: tuple[float | None, float | None] = (None, None)
    years: str = ""

    @property
    def kind(self) -> Kind:
        return "classes" if quantity(self.quantity).is_classes else "continuous"


@dataclass(frozen=True)
class Shown:
    """What a dialog shows.

    Attributes:
        rasters: the inputs that hold rasters; that of the land cover first, where there is one.
        years: the text of the years.
        scheme: the land-cover scheme; "" where there is none to choose.
        class_table: laid over the scheme.
        nodata_codes: land-cover codes that stand for no data.
        insist_on_years: whether the years hold against the evidence.
        layer_names: what the layer tree calls a file, by path.
    """

    rasters: tuple[ShownRasters, ...] = ()
    years: str = ""
    scheme: str = ""
    class_table: Table | None = None
    nodata_codes: tuple[int, ...] = ()
    insist_on_years: bool = False
    layer_names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Glance:
    """What a first look has found.

    Attributes:
        reasons: why the inputs could not even be paired or opened.
        findings: of the gate, the gravest first.
        years: that the rasters tell themselves; empty where they do not.
        schemes: that know every code of the land cover, where the chosen one does not.
    """

    reasons: tuple[EcoAssetsError, ...] = ()
    findings: tuple[Finding, ...] = ()
    years: tuple[int, ...] = ()
    schemes: tuple[str, ...] = ()


def glance(shown: Shown, go_on: Callable[[], bool] = lambda: True) -> Glance:
    """Looks at what a dialog shows; `go_on` is asked before each raster and ends the look where it says no."""
    reasons: list[EcoAssetsError] = []
    with recorded() as record:
        record.layer_names = dict(shown.layer_names)
        told = _told(shown, reasons)
        years = _years(shown.years, told, reasons)
        scheme = _scheme(shown, reasons)
        sources = [
            source
            for rasters in shown.rasters
            for source in _sources(rasters, _years(rasters.years, years, reasons), shown, reasons)
        ]
        sources = list(dict.fromkeys(sources))[:MOST_LOOKS]
        gate = Gate(shown.insist_on_years, scheme, shown.nodata_codes)
        looked = [source for source in sources if go_on() and _can_be_read(source, reasons)]
        gate.admit(looked)
        found = gate.findings()
    order = {"stop": 0, "left_out": 1, "warn": 2, "note": 3}
    findings = sorted(merged(found), key=lambda finding: order[finding.severity])
    schemes = _fitting(looked, scheme, shown.nodata_codes)
    return Glance(tuple({str(reason): reason for reason in reasons}.values()), tuple(findings), told, schemes)


def _told(shown: Shown, reasons: list[EcoAssetsError]) -> tuple[int, ...]:
    """The years that the first list of rasters tells of itself, ascending."""
    series = next((rasters for rasters in shown.rasters if rasters.series and rasters.paths), None)
    if series is None:
        return ()
    try:
        years = told_years(series.paths, shown.layer_names, images=series.quantity == IMAGE)
    except EcoAssetsError as reason:
        reasons.append(reason)
        return ()
    known = sorted({year for year in years if year is not None})
    return tuple(known) if len(known) == len(years) else ()


def _years(text: str, others: tuple[int, ...], reasons: list[EcoAssetsError]) -> tuple[int, ...]:
    """The years that were written, `others` where none were."""
    if not text.strip():
        return others
    try:
        return parse_years(text)
    except EcoAssetsError as reason:
        reasons.append(reason)
        return ()


def _scheme(shown: Shown, reasons: list[EcoAssetsError]) -> LandCoverScheme | None:
    if not shown.scheme or (shown.scheme == CUSTOM and shown.class_table is None):
        return None
    try:
        return load_scheme(shown.scheme, shown.class_table)
    except EcoAssetsError as reason:
        reasons.append(reason)
        return None


def _sources(
    rasters: ShownRasters, years: tuple[int, ...], shown: Shown, reasons: list[EcoAssetsError]
) -> Sequence[Source]:
    """The bands of one input as a run would read them."""
    name = LAND_COVER if rasters.quantity == LAND_COVER else rasters.label
    classes = rasters.kind == "classes"
    measure = ANY if rasters.any_unit or classes else Measure(rasters.quantity)
    lowest, highest = rasters.limits
    try:
        paths = _in_order(rasters, years, shown)
        if rasters.series and years and paths and rasters.quantity == IMAGE:
            return images_by_year(paths, years, rasters.label)
        if rasters.series and years and paths:
            return yearly_sources(
                name,
                paths,
                years,
                rasters.label,
                kind=rasters.kind,
                static=True,
                minimum=lowest,
                maximum=highest,
                measure=measure,
            )
    except EcoAssetsError as reason:
        reasons.append(reason)
        return ()
    return [
        Source(f"{name}:{number}", path, 1, rasters.kind, rasters.label, lowest, highest, measure=measure)
        for number, path in enumerate(rasters.paths)
    ]


def _in_order(rasters: ShownRasters, years: tuple[int, ...], shown: Shown) -> tuple[str, ...]:
    """In the order of their own years where none were written, as a run takes them."""
    if (rasters.years or shown.years).strip() or len(rasters.paths) < 2:
        return rasters.paths
    told = told_years(rasters.paths, shown.layer_names, images=rasters.quantity == IMAGE)
    if None in told or sorted(year for year in told if year is not None) != list(years):
        return rasters.paths
    return tuple(path for _, path in sorted(zip(told, rasters.paths), key=lambda pair: str(pair[0])))


def _can_be_read(source: Source, reasons: list[EcoAssetsError]) -> bool:
    try:
        open_raster(source.path, source.label)
        look(source.path, source.band, source.kind)
    except InputError as reason:
        reasons.append(reason)
        return False
    return True


def _fitting(looked: Sequence[Source], scheme: LandCoverScheme | None, nodata: tuple[int, ...]) -> tuple[str, ...]:
    """Schemes that know every code of the land cover; empty where the chosen one does, or there is no land cover."""
    codes: dict[int, int] = {}
    for source in looked:
        if source.kind == "classes" and source.name.partition(":")[0] == LAND_COVER:
            profile = look(source.path, source.band, source.kind)
            if profile.codes is None:
                return ()
            codes |= {code: n for code, n in profile.codes.items() if code not in nodata and code not in profile.fills}
    if scheme is None or not codes or all(scheme.known(code) or code in scheme.nodata for code in codes):
        return ()
    return schemes_of(codes)
