"""The gate: every raster of a run is looked at here, once, before work starts.

`StudyArea.fit_all` lets a run's rasters pass, whoever calls: a dialog, a workflow, a model, a job file, a script. What
was found is told together before the first pass (`close`); the pass itself counts exactly and has the last word
(`account`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ..progress import Progress
from ..raster.reading.admission import Admission
from ..raster.reading.source import Source
from ..raster.work import JobResult
from .finding import Finding, Place
from .profile import RasterProfile, look
from .record import tell
from .values import check_fills, check_left_out, check_nodata, in_numbers, slip_of

# What lies outside the possible range by less than this share of it is the rounding of a resampled raster.
_ROUNDING = 1e-3


@dataclass
class Gate:
    """What the inputs of one run tell.

    Attributes:
        insist_on_years: whether the user's years hold against the evidence.
    """

    insist_on_years: bool = False
    _waiting: list[Finding] = field(default_factory=list)
    _profiles: dict[Source, RasterProfile] = field(default_factory=dict)
    _places: dict[str, Place] = field(default_factory=dict)

    def admit(self, sources: Sequence[Source]) -> tuple[Source, ...]:
        """Looks at the rasters of a run and returns them with what is admitted of them.

        Raises:
            InputError: a raster cannot be opened.
        """
        admitted: dict[Source, Source] = {}
        for source in dict.fromkeys(sources):
            profile = look(source.path, source.band, source.kind).within(source.minimum, source.maximum)
            admission = _admission(source, profile)
            admitted[source] = replace(source, admission=admission)
            self._profiles[admitted[source]] = profile
            self._places[source.name] = place_of(source)
            self._waiting += _found(source, profile, admission)
        return tuple(admitted[source] for source in sources)

    def holds_fills(self, source: Source) -> bool:
        """Whether fill codes that nobody declared were seen, which must go before a raster is interpolated."""
        profile = self._profiles.get(source)
        admission = source.admission
        if profile is None or admission is None:
            return False
        return any(not admission.low <= fill <= admission.high for fill in profile.fills)

    def close(self, progress: Progress) -> None:
        """Tells what was found since the last time.

        Raises:
            Refused: something must be mended first; all of it is told at once.
        """
        waiting, self._waiting = self._waiting, []
        tell(waiting, progress)

    def account(self, found: JobResult, progress: Progress) -> None:
        """Tells what a pass has left out, counted exactly, before its outputs get their names."""
        findings = [
            check_left_out(self._places[name], value, counted)
            for (name, value), counted in found.left_out.items()
            if name in self._places and counted.pixels
        ]
        tell(findings, progress)


def _found(source: Source, profile: RasterProfile, admission: Admission) -> Iterator[Finding]:
    place = place_of(source)
    yield from check_nodata(place, profile, source.limited)
    yield from check_fills(place, profile, source.measure.meant, admission)


def place_of(source: Source) -> Place:
    """Where a source comes from, as findings tell it."""
    return Place(source.series or source.label, source.path, source.band if source.band > 1 else None, source.year)


def _admission(source: Source, profile: RasterProfile) -> Admission:
    """The possible range in the numbers of the file, where the user gave none, and the fill codes as values."""
    measure, meaning = source.measure, source.measure.meant
    low, high = in_numbers(measure, *meaning.possible)
    slip = slip_of(profile, measure)
    if slip is not None and slip.factor:  # a slip is a guess: what is possible in either unit may be
        ends = in_numbers(measure, *((end - slip.offset) / slip.factor for end in meaning.possible))
        low, high = min(low, *ends), max(high, *ends)
    margin = _ROUNDING * (high - low) if high - low < 1e30 else 0.0
    if source.kind == "classes":
        low = max(low, 0.0)
    fills = [(code * profile.scale + profile.offset for code in fill.codes) for fill in meaning.fills]
    return Admission(
        low=max(low - margin, -1e30) if source.minimum is None else -float("inf"),
        high=min(high + margin, 1e30) if source.maximum is None else float("inf"),
        fills=tuple((min(ends), max(ends)) for ends in map(tuple, fills)),
        strict=False,
        meaning=meaning.name.en,
    )
