"""Help as data: one text per algorithm and language, shared texts for the parameters that many algorithms have.

What a raster holds is told by its quantity; a text of its own adds what only this algorithm knows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Literal

from ..core.quantities import Quantity, Range, quantity
from ..core.report.numbers import unit_text
from ..core.resources import RESOURCES, read_yaml
from .translation import tr

FOLDER = RESOURCES / "help"
PAGES = RESOURCES / "pages"  # what `make reference` writes from the texts
SHARED = "_shared"
CHOICES = "{choices}"  # in the help of a choice: its words, where data say which there are
QUANTITY = "quantity"  # in the metadata of a raster parameter: the id of what it holds
UNIT_FROM = "unit_from"  # likewise: the parameter by which the user chooses its unit
ANY_UNIT = "any_unit"  # beside it: whether another choice tells the unit, or only ratios count
Role = Literal["raster", "rasters", "series", "map", "least", "most"]


@dataclass(frozen=True)
class Entry:
    """A parameter or an output: its label in the dialog, what it means, and of a choice its ids with their words."""

    label: str
    help: str = ""
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Use:
    """What a parameter has to do with a quantity.

    Attributes:
        quantity: its id.
        role: a single `raster`, a list of `rasters`, a `series` by year, a `map` that is made, or the end of a valid
            range, `least` or `most`.
        unit_from: the parameter by which the user chooses the unit.
        ratio: whether only ratios count, so that any unit will do.
    """

    quantity: str
    role: Role = "raster"
    unit_from: str = ""
    ratio: bool = False


@dataclass(frozen=True)
class AlgorithmHelp:
    """What is written about an algorithm as a whole.

    Attributes:
        title: its name in the toolbox.
        short: one sentence.
        about: paragraphs.
        tags: search words.
    """

    title: str
    short: str
    about: tuple[str, ...]
    tags: tuple[str, ...]

    def html(self, takes: Iterable[Entry], gives: Iterable[Entry]) -> str:
        """For the side panel of the dialog, with what the algorithm takes and gives."""
        parts = [f"<p>{escape(text)}</p>" for text in (self.short, *self.about)]
        for title, entries in ((tr("Parameters"), takes), (tr("Outputs"), gives)):
            told = [entry for entry in entries if entry.help]
            if told:
                parts.append(f"<h3>{title}</h3>")
                parts += [f"<p><b>{escape(e.label)}</b><br/>{escape(e.help)}{_listed(e)}</p>" for e in told]
        return "".join(parts)

    def plain(self) -> str:
        """For the command line, which prints help as it is, after the short description and before the parameters."""
        return "\n\n".join(self.about or (self.short,))


def _listed(entry: Entry) -> str:
    """The words of a choice with their ids, where they differ."""
    return "".join(f"<br/>• {escape(word)}: <code>{escape(one)}</code>" for one, word in entry.words if one != word)


@cache
def load_help(name: str, language: str) -> AlgorithmHelp:
    """The help of an algorithm, in English where the language has none."""
    own = _read(language, name) or _read("en", name)
    if not own:
        raise FileNotFoundError(f"There is no help for the algorithm {name}.")
    return AlgorithmHelp(own["title"], own["short"], tuple(own.get("about", ())), tuple(own.get("tags", ())))


@cache
def entry_of(algorithm: str, name: str, language: str, use: Use | None = None) -> Entry:
    """Label and help of a parameter or an output.

    The algorithm's own text goes before that of `_shared.yaml`, and both before English; label and help each. A
    quantity gives the label where no text does, and its own words around the help.
    """
    found: dict[str, str] = {}
    for tongue in ("en", language):
        for text in (SHARED, algorithm):
            for part in ("outputs", "parameters"):  # a number output may be called as a parameter
                found |= (_read(tongue, text).get(part) or {}).get(name) or {}
    if use is None:
        return Entry(found.get("label", name), found.get("help", ""))
    words = _Words(language, quantity(use.quantity), use, **_read(language, SHARED)["rasters"])
    told = filter(None, (words.before(), found.get("help", ""), words.after()))
    return Entry(found.get("label") or words.label(), words.space.join(told))


@dataclass(frozen=True)
class _Words:
    """What a quantity says of a parameter; the texts are those of `rasters` in the shared help."""

    language: str
    meant: Quantity
    use: Use
    space: str
    label_with: str
    any_unit: str
    chosen_unit: str
    by_year: str
    band_per_year: str
    least: str
    most: str
    value: str
    smaller: str
    larger: str
    own_unit: str
    possible: str
    usual: str

    def label(self) -> str:
        name, role = self.meant.name.of(self.language), self.use.role
        if role in ("least", "most"):
            inside = self.value if self.meant.id == "any" else _inside_a_sentence(name)
            return (self.least if role == "least" else self.most).format(name=inside)
        if role == "map":
            return name
        told = self._unit()
        return self.label_with.format(name=name, told=told) if told else name

    def before(self) -> str:
        """What comes first in the help."""
        if self.use.role in ("least", "most"):
            return self.smaller if self.use.role == "least" else self.larger
        if self.use.role == "map":
            unit = "" if "{" in self.meant.unit else self.meant.unit
            return self.band_per_year.format(unit=unit_text(unit)) if unit else ""
        about = self.meant.about.of(self.language) if self.meant.about else ""
        return self.space.join(filter(None, (about, self.by_year if self.use.role == "series" else "")))

    def after(self) -> str:
        """What comes last: which values are usual, or possible."""
        if self.use.role == "map" or self.meant.is_classes:
            return ""
        if self.use.role not in ("least", "most"):
            return self._span(self.usual, self.meant.usual)
        own = self.own_unit if self.use.ratio or self.use.unit_from else ""
        return self.space.join(filter(None, (own, self._span(self.possible, self.meant.possible))))

    def _unit(self) -> str:
        if self.use.unit_from:
            return self.chosen_unit
        if self.use.ratio:
            return self.any_unit
        told = self.meant.told.of(self.language) if self.meant.told else self.meant.unit
        return unit_text(told)

    def _span(self, text: str, span: Range) -> str:
        if not (math.isfinite(span.low) and math.isfinite(span.high)):
            return ""
        return text.format(low=f"{span.low:,.10g}", high=f"{span.high:,.10g} {unit_text(self.meant.unit)}".strip())


def _inside_a_sentence(name: str) -> str:
    """`Soil loss` as `soil loss`; abbreviations and Chinese stay."""
    return name[0].lower() + name[1:] if name[1:2].islower() else name


@cache
def choice_words(parameter: str, language: str) -> dict[str, str]:
    """What the drop-down of a parameter shows, by id."""
    column = ("en", "zh").index(language)
    return {str(choice): words[column] for choice, words in (_choices().get(parameter) or {}).items()}


@cache
def _choices() -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, list[str]]] = read_yaml(RESOURCES / "choice_words.yaml")
    return found


def help_page(name: str, language: str) -> Path:
    """The page that Help opens, `index` for that of all methods; in English where the language has none."""
    page = PAGES / language / f"{name}.html"
    return page if page.is_file() else PAGES / "en" / page.name


def search_words(name: str) -> list[str]:
    """What finds an algorithm in the toolbox: titles and tags of every language, whichever QGIS speaks."""
    texts = [load_help(name, language) for language in ("en", "zh")]
    return list(dict.fromkeys(word for text in texts for word in (text.title, *text.tags)))


def numbered_group(group: str, language: str) -> str:
    """The title of a toolbox group with its number, because QGIS sorts groups by their titles."""
    return f"{groups().index(group) + 1:02d} {group_title(group, language)}"


@cache
def groups() -> tuple[str, ...]:
    """Ids of the toolbox groups in the order of the work."""
    return tuple(_read("en", SHARED)["groups"])


@cache
def group_title(group: str, language: str) -> str:
    """The title of a toolbox group."""
    for tongue in (language, "en"):
        titles = _read(tongue, SHARED).get("groups") or {}
        if group in titles:
            return str(titles[group])
    raise KeyError(group)


@cache
def _read(language: str, name: str) -> dict[str, Any]:
    """A text; empty where there is none."""
    path = FOLDER / language / f"{name}.yaml"
    found: dict[str, Any] = read_yaml(path) if path.is_file() else {}
    return found
