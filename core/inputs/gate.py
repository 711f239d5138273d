"""The gate: every raster of a run is looked at here, once, before work starts.

`StudyArea.fit_all` lets a run's rasters pass, whoever calls: a dialog, a workflow, a model, a job file, a script. What
was found is told together before the first pass (`close`); the pass itself counts exactly and has the last word
(`account`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ..errors import GridError
from ..land_cover import LandCoverScheme
from ..progress import Progress
from ..quantities import Measure, Slip
from ..raster.reading.admission import Admission
from ..raster.reading.legend import read_legend
from ..raster.reading.source import Source, describe_source
from ..raster.work import JobResult
from .classes import check_codes, check_legend, check_measure, check_moved, check_nodata_codes
from .finding import Finding, Place, merged
from .position import check_length, check_position
from .profile import MOST_CLASSES, RasterProfile, fill_ranges, look
from .record import current_record, tell
from .series import check_series, check_swapped
from .used import UsedRaster
from .values import (
    check_coverage,
    check_declared_unit,
    check_ends,
    check_fills,
    check_left_out,
    check_nodata,
    check_possible,
    check_second_scale,
    check_unit,
    fills_apart,
    slip_of,
    statistics_of,
)
from .years import check_order, check_years, evidence_of

# What lies outside the possible range by less than this share of a high value is the rounding of a resampled raster.
_ROUNDING = 1e-4
LAND_COVER = "land_cover"  # the name of its sources, before the year
_Key = TypeVar("_Key", bound=Hashable)
_LARGEST = 1e30  # no quantity goes beyond; only the ends of the float types do


@dataclass
class Gate:
    """What the inputs of one run tell.

    Attributes:
        insist_on_years: whether the user's years hold against the evidence.
        scheme: what the codes of the land cover mean; None where there is none.
        nodata_codes: land-cover codes that stand for no data, beside those of the scheme.
        bounded: whether only a part of the rasters counts, so that a code may occur outside it alone.
    """

    insist_on_years: bool = False
    scheme: LandCoverScheme | None = None
    nodata_codes: tuple[int, ...] = ()
    bounded: bool = False
    _seen: dict[Source, RasterProfile] = field(default_factory=dict)
    _new: list[Source] = field(default_factory=list)
    _places: dict[str, Place] = field(default_factory=dict)

    def admit(
        self, sources: Sequence[Source], profiles: Mapping[Source, RasterProfile] | None = None
    ) -> tuple[Source, ...]:
        """Looks at the rasters of a run and returns them with what is admitted of them.

        Args:
            sources: of the run.
            profiles: what is known of them already; None looks.

        Raises:
            InputError: a raster cannot be opened.
        """
        distinct = list(dict.fromkeys(sources))
        profiles = profiles or {s: look(s.path, s.band, s.kind).within(s.minimum, s.maximum) for s in distinct}
        slips = {
            m: slip_of(statistics_of([profiles[s] for s in found]), m) for m, found in _by_measure(distinct).items()
        }
        apart = {
            name: fills_apart([profiles[s] for s in found], found[0].measure.meant)
            for name, found in _by(distinct, _input_of).items()
        }
        admitted = {}
        for source, profile in profiles.items():
            admission = _admission(source, profile, slips[source.measure], apart.get(_input_of(source), ()))
            if is_land_cover(source):
                admission = replace(admission, codes=(*self.nodata_codes, *(self.scheme.nodata if self.scheme else ())))
            admitted[source] = replace(source, admission=admission)
            self._seen[admitted[source]] = profile
            self._new.append(admitted[source])
            self._places[source.name] = place_of(source)
            _keep(used_raster(source, profile, slips[source.measure]))
        return tuple(admitted[source] for source in sources)

    def fitted(self, sources: Sequence[Source]) -> None:
        """Keeps how sources came on the reference grid, for the report."""
        record = current_record()
        for source in sources if record else ():
            used = record.used.rasters.get(place_of(source)) if record else None
            if used and source.resampling:
                _keep(replace(used, resampling=source.resampling))

    def close(self, progress: Progress) -> None:
        """Tells what was found since the last time.

        Raises:
            Refused: something must be mended first; all of it is told at once.
        """
        tell(self.findings(), progress)

    def findings(self) -> list[Finding]:
        """What was found since the last time, one finding per fact."""
        new, self._new = self._new, []
        found = list(self._found(new))
        wrong = [finding for finding in found if finding.severity == "stop" and finding.check != "unit"]
        refused = {place for finding in wrong for place in finding.places}
        # what a raster would leave out is of no interest where it is the wrong one, but where only its unit is wrong
        return merged(one for one in found if one.check != "fill" or not refused.issuperset(one.places))

    def account(self, found: JobResult, pixels: int | None, progress: Progress) -> None:
        """Tells what a pass has left out, counted exactly, before its outputs get their names.

        Args:
            found: by the pass.
            pixels: that have a result, None where the pass makes none.
            progress: hears it.
        """
        findings = [
            check_left_out(self._places[name], value, counted)
            for (name, value), counted in found.left_out.items()
            if name in self._places and counted.pixels
        ]
        record = current_record()
        for (name, value), counted in found.left_out.items() if record else ():
            if record and name in self._places and counted.pixels:
                record.used.left_out.setdefault(self._places[name], {})[value] = counted.pixels
        covered = [(self._places[name], c.pixels) for name, c in found.coverage.items() if name in self._places]
        if pixels is not None:
            findings += check_coverage(covered, pixels)
        tell(findings, progress)

    def _found(self, sources: Sequence[Source]) -> Iterator[Finding]:
        """What the sources tell alone, those of one measure together, and those of a series among themselves."""
        for measure, alike in _by_measure(sources).items():
            statistics = statistics_of([self._seen[source] for source in alike])
            slip = slip_of(statistics, measure)
            for source in alike:
                yield from _of_raster(source, self._seen[source], slip)
            limited = all(None not in (source.minimum, source.maximum) for source in alike)
            if alike[0].kind != "classes":
                yield from check_unit([place_of(source) for source in alike], statistics, measure, limited)
        for source in sources:
            if self.scheme is not None and is_land_cover(source):
                yield from self._of_measure(source, self.scheme) or self._of_classes(source, self.scheme)
            elif source.quantity == "soil_group":
                yield from check_measure(place_of(source), self._seen[source], source.measure.meant.possible.holds)
        land = [source for source in sources if is_land_cover(source)]
        if land and all(self._seen[source].whole for source in land):
            counts = [self._seen[source].codes or {} for source in land]
            declared = [self._seen[source].nodata for source in land]
            others = [code for code in self.nodata_codes if code not in declared]
            yield from check_nodata_codes(place_of(land[0]), counts, others)
        for members in _by(sources, _own_series).values():
            yield from check_series([(place_of(source), self._seen[source]) for source in members], members[0].kind)
        for members in _by(sources, lambda source: source.series or source.quantity).values():
            yield from self._of_years(members)
        if sources:
            profiles = [(source.quantity, place_of(source), profile) for source, profile in self._seen.items()]
            yield from check_swapped(profiles)

    def _of_measure(self, source: Source, scheme: LandCoverScheme) -> list[Finding]:
        """Whether land cover is no land cover at all; a scheme of very many classes allows for anything."""
        if len(scheme.codes) > MOST_CLASSES or source.admission is None:
            return []
        nodata = source.admission.is_nodata
        return list(
            check_measure(place_of(source), self._seen[source], lambda code: scheme.known(code) or nodata(code))
        )

    def _of_classes(self, source: Source, scheme: LandCoverScheme) -> Iterator[Finding]:
        """What the codes of a land-cover raster and its legend tell; the pass counts those of a part or a large map."""
        profile, place, admission = self._seen[source], place_of(source), source.admission
        if profile.codes is None or admission is None:
            return
        counts = {code: pixels for code, pixels in profile.codes.items() if not admission.is_nodata(code)}
        if profile.whole and not self.bounded:
            yield from check_codes(place, counts, scheme)
        yield from check_moved(place, counts, scheme)
        yield from check_legend(place, read_legend(source.path), counts, scheme)

    def _of_years(self, members: Sequence[Source]) -> Iterator[Finding]:
        """What the rasters of one input tell of their years, against those for which they are given."""
        record = current_record()
        names = record.layer_names if record else {}
        told = [
            (
                place_of(source),
                evidence_of(source.path, source.band, names.get(source.path, ""), image=is_image(source)),
            )
            for source in members
        ]
        dated = [(place, evidence) for place, evidence in told if place.year is not None]
        if dated:
            yield from check_years(dated, self.insist_on_years)
        elif members[0].series and not self.insist_on_years:
            yield from check_order(told)


def admit_alone(source: Source, progress: Progress) -> Source:
    """Lets a raster pass that is read before there is a study area, and tells at once. Raises as `Gate.close`."""
    gate = Gate()
    (admitted,) = gate.admit([source])
    gate.close(progress)
    return admitted


def is_land_cover(source: Source) -> bool:
    """Whether a source holds the codes of a land-cover scheme."""
    return source.kind == "classes" and source.name.partition(":")[0] == LAND_COVER


def is_image(source: Source) -> bool:
    """Whether a source stands for an image of `images_by_year`, whose bands are of one date."""
    return source.name.startswith("image:")


def place_of(source: Source) -> Place:
    """Where a source comes from, as findings tell it."""
    return Place(source.series or source.label, source.path, source.band if source.band > 1 else None, source.year)


def used_raster(source: Source, profile: RasterProfile, slip: Slip | None) -> UsedRaster:
    """What the report tells of a raster. Its unit is told where nothing contradicts it."""
    measure, classes = source.measure, source.kind == "classes"
    unit = "" if slip is not None or "{" in measure.meant.unit else measure.meant.unit
    values = [profile.low, profile.percentile(50) if profile.sample.size else None, profile.high]
    if unit:
        values = [None if value is None else measure.in_unit(value) for value in values]
    low, median, high = [None] * 3 if classes else values
    return UsedRaster(
        place=place_of(source),
        unit=unit or profile.unit,
        whole=profile.whole,
        low=low,
        median=median,
        high=high,
        minimum=source.minimum,
        maximum=source.maximum,
        codes=tuple(sorted(code for code in profile.codes or () if code not in profile.fills)) if classes else (),
        land_cover=classes and source.name.startswith("land_cover"),
    )


def _keep(used: UsedRaster) -> None:
    record = current_record()
    if record is not None:
        record.used.rasters[used.place] = used


def _by(sources: Sequence[Source], key: Callable[[Source], _Key]) -> dict[_Key, list[Source]]:
    """Sources by what they have in common; those that have nothing ("") are left away."""
    found: dict[_Key, list[Source]] = {}
    for source in sources:
        if key(source) != "":
            found.setdefault(key(source), []).append(source)
    return found


def _own_series(source: Source) -> tuple[str, str] | str:
    """The series of a source, and its key: two inputs may be called alike, such as maps of several services."""
    return (source.series, source.name.split(":")[0]) if source.series else ""


def _input_of(source: Source) -> str:
    """What the user calls the input of which a source is one raster; all of them have one mask."""
    return source.series or source.label or source.name


def _by_measure(sources: Sequence[Source]) -> dict[Measure, list[Source]]:
    return _by(sources, lambda source: source.measure)


def _of_raster(source: Source, profile: RasterProfile, slip: Slip | None) -> Iterator[Finding]:
    place, admission = place_of(source), source.admission
    if admission is None:
        raise TypeError("admission is not as expected")
    if profile.cut:
        text = "{where}: the file was not downloaded or copied whole, it ends before its last pixels."
        yield Finding("whole", "stop", (place,), text, "Download or copy it again.")
    with suppress(GridError):  # whoever brings the raster on a grid says that it has none
        yield from check_position(place, describe_source(source)[1])
    yield from check_nodata(place, profile, source.limited)
    yield from check_fills(place, profile, source.measure.meant, admission)
    if source.kind != "classes":
        yield from check_ends(place, profile)
        yield from check_length(place, profile)
        yield from check_second_scale(place, profile, source.measure)
        yield from check_declared_unit(place, profile, source.measure)
        if slip is None:
            yield from check_possible(place, profile, source.measure, admission)


def _admission(source: Source, profile: RasterProfile, slip: Slip | None, apart: tuple[float, ...]) -> Admission:
    """The possible range in the numbers of the file, where the user gave none, and the fill codes as values."""
    measure, meaning = source.measure, source.measure.meant
    low, high = measure.in_numbers(meaning.possible)
    if slip is not None and slip.factor:  # a slip is a guess: what is possible in either unit may be
        ends = [(end - slip.offset) / slip.factor for end in meaning.possible]
        ends = [(end - measure.offset) / measure.factor for end in ends]
        low, high = min(low, *ends), max(high, *ends)
    margin = _ROUNDING * max(map(abs, (profile.percentile(2), profile.percentile(98)))) if profile.sample.size else 0.0
    if source.kind == "classes":
        low = max(low, 0.0)
    low = max(low - margin, -_LARGEST) if source.minimum is None else -float("inf")
    high = min(high + margin, _LARGEST) if source.maximum is None else float("inf")
    apart = tuple(fill for fill in apart if (source.minimum if fill < 0 else source.maximum) is None)
    fills = [sorted(code * profile.scale + profile.offset for code in codes) for codes in fill_ranges(meaning)]
    return Admission(
        low=low,
        high=high,
        fills=tuple((first, last) for first, last in fills),
        codes=apart,
        seen=any(fill in apart or not low <= fill <= high for fill in profile.fills),
        strict=source.kind != "classes" and not measure.guessed,
        meaning=meaning.name.en,
    )
