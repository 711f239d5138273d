"""A text of methods, settings and sources that goes into a paper: Markdown, which word processors open."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ..tables import Provenance
from .blocks import LeftOutArea
from .numbers import amount
from .texts import load_texts

_SOURCES = re.compile(r"^(?:Sources?|来源|资料来源)\s*[:：]\s*")  # how the last paragraph of a help begins
_BETWEEN = re.compile(r"[;；]\s*(?![^(（]*[)）])")  # not within brackets
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#])")


@dataclass(frozen=True)
class MethodPart:
    """What one algorithm did.

    Attributes:
        title: of the algorithm.
        about: how it works, a paragraph each; one that begins with "Sources:" lists publications.
        settings: label and value of what was given.
        tables: of coefficients that were used.
        left_out: area without a result.
    """

    title: str
    about: Sequence[str] = ()
    settings: Sequence[tuple[str, str]] = ()
    tables: Sequence[Provenance] = ()
    left_out: Sequence[LeftOutArea] = ()


def methods_text(title: str, parts: Sequence[MethodPart], software: Sequence[str], language: str) -> str:
    """The text: a chapter for each algorithm with numbered citations, the tables used, software, references.

    Args:
        title: of the run.
        parts: a workflow's own part first, then those of its steps.
        software: names with versions.
        language: `en` or `zh`.
    """
    words = load_texts(language)
    cited = _References()
    lines = [f"# {words['methods_title'].format(title=_plain(title))}", ""]
    for part in parts:
        if len(parts) > 1:
            lines += [f"## {_plain(part.title)}", ""]
        lines += _part(part, cited, words, language)
    tables = list(dict.fromkeys(table for part in parts for table in part.tables))
    if tables:
        lines += [f"## {words['provenance']}", ""]
        lines += [f"- {_table(table)} {cited.mark(table.source, table.year)}" for table in tables] + [""]
    lines += [f"## {words['methods_software']}", "", f"{', '.join(map(_plain, software))}.", ""]
    if cited.all:
        lines += [f"## {words['methods_references']}", ""]
        lines += [f"{number}. {_plain(source)}" for number, source in enumerate(cited.all, start=1)] + [""]
    return "\n".join(lines)


def _part(part: MethodPart, cited: _References, words: dict[str, str], language: str) -> list[str]:
    lines: list[str] = []
    for paragraph in part.about:
        found = _SOURCES.match(paragraph)
        if found:
            marks = [cited.mark(one) for one in _listed(paragraph[found.end() :])]
            lines += [words["methods_after"].format(sources=", ".join(marks)), ""] if marks else []
        else:
            lines += [_plain(paragraph), ""]
    if part.settings:
        lines += [words["methods_settings"], ""]
        lines += [f"- {_plain(label)}: {_plain(value)}" for label, value in part.settings] + [""]
    if part.left_out:
        lines += [f"{words['left_out']}:", ""]
        lines += [f"- {_left_out(one, language)}" for one in part.left_out] + [""]
    return lines


def _listed(text: str) -> list[str]:
    """Publications of a list; what begins with a year is by the same authors and stays with them."""
    found: list[str] = []
    for one in filter(None, (piece.strip(" .。") for piece in _BETWEEN.split(text))):
        if found and one[0].isdigit():
            found[-1] += f"; {one}"
        else:
            found.append(one)
    return found


def _left_out(one: LeftOutArea, language: str) -> str:
    share = "" if one.share_pct is None else f" ({one.share_pct:.2f} %)"
    where = f"{one.where}: " if one.where else ""
    return _plain(f"{where}{amount(one.area_ha, 'ha', language)}{share}, {one.reason}")


class _References:
    """Publications in the order of their first citation."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def mark(self, source: str, year: str = "") -> str:
        """The number of a source in brackets; its year is added where it does not tell one."""
        told = source if not year or year in source else f"{source} ({year})"
        if told not in self.all:
            self.all.append(told)
        return f"[{self.all.index(told) + 1}]"


def _table(table: Provenance) -> str:
    details = ", ".join(filter(None, (table.unit, table.region, table.confidence)))
    return _plain(f"{table.title} ({details})" if details else table.title)


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", text)
