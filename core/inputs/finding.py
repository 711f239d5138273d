"""What a check has found: how grave it is, where, which value, how to mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..errors import InputError
from ..messages import Message, say, told
from ..raster.dataset import short_name

Severity = Literal["stop", "left_out", "warn", "note"]
SEVERITIES: tuple[Severity, ...] = ("stop", "left_out", "warn", "note")
_LISTED = 4
_NOWHERE = "\0"


@dataclass(frozen=True)
class Place:
    """Where something was found.

    Attributes:
        label: what the user calls the input, e.g. "Land cover".
        path: of the file; "" for what concerns no single file.
        band: None for the whole file.
        year: None where there are no years.
    """

    label: str = ""
    path: str = ""
    band: int | None = None
    year: int | None = None


@dataclass(frozen=True)
class Finding:
    """One fact about the inputs of a run.

    Attributes:
        check: id of the check, one of `registry.CHECKS`.
        severity: `stop` ends the run before work; `left_out` masks pixels, which are counted; `warn` asks the user to
            look; `note` only tells.
        places: where; the same fact in several files or years is one finding.
        text: English template of what was found; may use `{where}`, `{pixels}` and the names in `values`.
        mend: English template of what to do; "" where there is nothing to do.
        values: of both templates.
        value: the pixel value or the cell that is meant; None where there is none.
        pixels: how many pixels; None where they were not counted.
        area_ha: their area, `{area}` in the texts.
    """

    check: str
    severity: Severity
    places: tuple[Place, ...]
    text: str
    mend: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    value: float | str | None = None
    pixels: int | None = None
    area_ha: float | None = None

    @property
    def message(self) -> Message:
        """What was found and where."""
        counted = {"pixels": self.pixels, "area": "" if self.area_ha is None else f"{self.area_ha:,.2f}"}
        return Message(self.text, {**self.values, "where": _Where(self.places), **counted})

    @property
    def remedy(self) -> Message:
        """How to mend it; "" where there is nothing to mend."""
        return Message(self.mend, dict(self.values) if self.mend else {})

    def what(self, language: str = "en") -> str:
        """What was found, without where and mend, in a language."""
        said = told(Message(self.text, {**self.message.values, "where": _NOWHERE}), language)
        return said.replace(f"{_NOWHERE}: ", "").replace(f"{_NOWHERE}：", "").replace(f"{_NOWHERE} ", "")

    def told(self, language: str = "en") -> str:
        """Where, what, and how to mend it, in a language."""
        parts = told(self.message, language), told(self.remedy, language)
        return ("" if language == "zh" else " ").join(part for part in parts if part)

    @property
    def fact(self) -> tuple[Any, ...]:
        """Findings that are alike but for where and how many pixels are one fact."""
        return self.check, self.severity, self.text, self.mend, tuple(self.values.items()), self.value


class Refused(InputError):
    """A run whose inputs cannot be used; knows every reason."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(*findings)
        self.findings = tuple(findings)

    def __str__(self) -> str:
        return self.told("en")

    def told(self, language: str) -> str:
        """Every reason, one a line, in a language."""
        return "\n".join(finding.told(language) for finding in self.findings)


def merged(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per fact: those that differ only by file, year and number of pixels go together, in order."""
    facts: dict[tuple[Any, ...], Finding] = {}
    for finding in findings:
        known = facts.get(finding.fact)
        if known is None:
            facts[finding.fact] = finding
            continue
        places = tuple(dict.fromkeys((*known.places, *finding.places)))
        pixels = None if known.pixels is None or finding.pixels is None else known.pixels + finding.pixels
        area_ha = None if known.area_ha is None or finding.area_ha is None else known.area_ha + finding.area_ha
        facts[finding.fact] = replace(known, places=places, pixels=pixels, area_ha=area_ha)
    return list(facts.values())


class _Where:
    """Labels with their years and files, a few of them in full."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places

    def of(self, language: str) -> str:
        labels: dict[str, list[Place]] = {}
        for place in self._places:
            labels.setdefault(place.label, []).append(place)
        shown = [_of_label(label, found, language) for label, found in list(labels.items())[:_LISTED]]
        return _listed([text for text in shown if text], len(labels) - len(shown), "; ", language)


def _of_label(label: str, places: Sequence[Place], language: str) -> str:
    years = [str(place.year) for place in places if place.year is not None]
    shown = " ".join(filter(None, [told(label, language), years[0] if len(years) == len(places) == 1 else ""]))
    names = list(dict.fromkeys(_name(place, language) for place in places if place.path))
    if not names:
        return shown
    listed = _listed(names[:_LISTED], len(names) - _LISTED, ", ", language)
    return f"{shown} ({listed})" if shown else listed


def _listed(some: Sequence[str], more: int, between: str, language: str) -> str:
    listed = between.join(some)
    return told(say("{files} and {more} more", files=listed, more=more), language) if more > 0 else listed


def _name(place: Place, language: str) -> str:
    name = short_name(place.path)
    return name if place.band is None else told(say("{file} band {band}", file=name, band=place.band), language)
