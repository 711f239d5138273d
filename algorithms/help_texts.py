"""Help as data: one text per algorithm and language, shared texts for the parameters that many algorithms have."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any

import yaml

from ..core.resources import RESOURCES
from .translation import tr

FOLDER = RESOURCES / "help"
SHARED = "_shared"


@dataclass(frozen=True)
class Entry:
    """A parameter or an output: its label in the dialog and what it means."""

    label: str
    help: str = ""


@dataclass(frozen=True)
class AlgorithmHelp:
    """Everything that is written about an algorithm.

    Attributes:
        title: its name in the toolbox.
        short: one sentence.
        about: paragraphs.
        tags: search words.
        parameters, outputs: entries by id.
    """

    title: str
    short: str
    about: tuple[str, ...]
    tags: tuple[str, ...]
    parameters: dict[str, Entry]
    outputs: dict[str, Entry]

    def html(self) -> str:
        """For the side panel of the dialog."""
        parts = [f"<p>{escape(text)}</p>" for text in (self.short, *self.about)]
        for title, entries in ((tr("Parameters"), self.parameters), (tr("Outputs"), self.outputs)):
            told = [entry for entry in entries.values() if entry.help]
            if told:
                parts.append(f"<h3>{title}</h3>")
                parts += [f"<p><b>{escape(e.label)}</b><br/>{escape(e.help)}</p>" for e in told]
        return "".join(parts)

    def plain(self) -> str:
        """For the command line, which prints help as it is, after the short description and before the parameters."""
        return "\n\n".join(self.about or (self.short,))


@cache
def load_help(name: str, language: str) -> AlgorithmHelp:
    """The help of an algorithm; entries that its own text lacks come from the shared text, then from English."""
    own, shared = _read(language, name), _read(language, SHARED)
    english = load_help(name, "en") if language != "en" else None
    if own is None:
        if english is None:
            raise FileNotFoundError(f"There is no help for the algorithm {name}.")
        return english
    return AlgorithmHelp(
        title=own["title"],
        short=own["short"],
        about=tuple(own.get("about", ())),
        tags=tuple(own.get("tags", ())),
        parameters=_entries("parameters", own, shared, english.parameters if english else {}),
        outputs=_entries("outputs", own, shared, english.outputs if english else {}),
    )


def _entries(
    part: str, own: dict[str, Any], shared: dict[str, Any] | None, fallback: dict[str, Entry]
) -> dict[str, Entry]:
    """The entries that the algorithm's text lists, in its order. An empty entry takes the shared text."""
    common = (shared or {}).get(part, {})
    entries = {}
    for name, text in (own.get(part) or {}).items():
        found = {**common.get(name, {}), **(text or {})}
        entries[name] = Entry(found["label"], found.get("help", "")) if "label" in found else fallback[name]
    return entries


@cache
def shared_entry(name: str, language: str) -> Entry:
    """The shared text of a parameter, for algorithms whose own text does not list it; its id where there is none."""
    for tongue in (language, "en"):
        found = ((_read(tongue, SHARED) or {}).get("parameters") or {}).get(name)
        if found:
            return Entry(found["label"], found.get("help", ""))
    return Entry(name)


@cache
def group_title(group: str, language: str) -> str:
    """The title of a toolbox group."""
    for tongue in (language, "en"):
        shared = _read(tongue, SHARED)
        if shared and group in shared["groups"]:
            return str(shared["groups"][group])
    raise KeyError(group)


def _read(language: str, name: str) -> dict[str, Any] | None:
    path = FOLDER / language / f"{name}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else None
