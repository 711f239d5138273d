"""A text of methods, settings and sources that goes into a paper: Markdown, or pieces that become a document."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from ...tables import Provenance
from ..blocks import LeftOutArea
from ..numbers import amount
from ..table_words import provenance_words
from ..texts import load_texts

_SOURCES = re.compile(r"^(?:Sources?|来源|资料来源)\s*[:：]\s*")  # how the last paragraph of a help begins
_ON_SOURCES = re.compile(r"^(?:On sources|来源说明)\s*[:：]")  # of the help alone: how sure they are, what has none
_BETWEEN = re.compile(r"[;；]\s*(?![^(（]*[)）])")  # not within brackets
_SPECIAL = re.compile(r"([\\`*_<>|#]|\[(?!\d+\])|(?<!\d)\])")  # but not the brackets of a citation


@dataclass(frozen=True)
class MethodPart:
    """What one algorithm did.

    Attributes:
        title: of the algorithm.
        about: how it works, a paragraph each; one that begins with "Sources:" lists publications, and
            one that begins with "On sources:" is not told.
        settings: label and value of what was given.
        tables: of coefficients that were used.
        left_out: area without a result.
    """

    title: str
    about: Sequence[str] = ()
    settings: Sequence[tuple[str, str]] = ()
    tables: Sequence[Provenance] = ()
    left_out: Sequence[LeftOutArea] = ()


@dataclass(frozen=True)
class Piece:
    """A paragraph of the text.

    Attributes:
        kind: what it is; settings and references that follow each other belong together.
        text: of a setting its label.
        value: of a setting.
    """

    kind: Literal["title", "heading", "text", "item", "setting", "reference"]
    text: str
    value: str = ""


def methods_text(title: str, parts: Sequence[MethodPart], software: Sequence[str], language: str) -> str:
    """The pieces of `methods_pieces` as Markdown, which word processors open."""
    blocks = []
    for kind, run in groupby(methods_pieces(title, parts, software, language), lambda piece: piece.kind):
        lines = [_markdown(piece, number) for number, piece in enumerate(run, start=1)]
        blocks.append(("\n\n" if kind in ("heading", "text") else "\n").join(lines))
    return "\n\n".join(blocks) + "\n"


def _markdown(piece: Piece, number: int) -> str:
    before = {"title": "# ", "heading": "## ", "item": "- ", "setting": "- ", "reference": f"{number}. "}
    marks = {"setting": f"{_plain(piece.text)}: {_plain(piece.value)}"}
    return before.get(piece.kind, "") + marks.get(piece.kind, _plain(piece.text))


def methods_pieces(title: str, parts: Sequence[MethodPart], software: Sequence[str], language: str) -> list[Piece]:
    """A chapter for each algorithm with numbered citations, the tables used, software, references.

    Args:
        title: of the run.
        parts: a workflow's own part first, then those of its steps.
        software: names with versions.
        language: `en` or `zh`.
    """
    words = load_texts(language)
    cited = _References()
    pieces = [Piece("title", words["methods_title"].format(title=title))]
    for part in parts:
        if len(parts) > 1:
            pieces.append(Piece("heading", part.title))
        pieces += _part(part, cited, words, language)
    tables = list(dict.fromkeys(provenance_words(table, language) for part in parts for table in part.tables))
    if tables:
        pieces.append(Piece("heading", words["provenance"]))
        marks = [cited.mark(table.source, table.year) for table in tables]
        pieces += [Piece("item", f"{_table(table, language)} {mark}") for table, mark in zip(tables, marks)]
    pieces += [Piece("heading", words["methods_software"]), Piece("text", f"{', '.join(software)}.")]
    if cited.all:
        pieces.append(Piece("heading", words["methods_references"]))
        pieces += [Piece("reference", source) for source in cited.all]
    return pieces


def _part(part: MethodPart, cited: _References, words: dict[str, str], language: str) -> list[Piece]:
    pieces: list[Piece] = []
    for paragraph in part.about:
        if _ON_SOURCES.match(paragraph):
            continue
        found = _SOURCES.match(paragraph)
        if found:
            marks = [cited.mark(one) for one in _listed(paragraph[found.end() :])]
            pieces += [Piece("text", words["methods_after"].format(sources=", ".join(marks)))] if marks else []
        else:
            pieces.append(Piece("text", paragraph))
    if part.settings:
        pieces.append(Piece("text", words["methods_settings"]))
        pieces += [Piece("setting", label, value) for label, value in part.settings]
    if part.left_out:
        pieces.append(Piece("text", f"{words['left_out']}{'：' if language == 'zh' else ':'}"))
        pieces += [Piece("item", _left_out(one, language)) for one in part.left_out]
    return pieces


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
    area = amount(one.area_ha, "ha", language)
    if language == "zh":
        share = "" if one.share_pct is None else f"（{one.share_pct:.2f}%）"
        return f"{f'{one.where}：' if one.where else ''}{area}{share}，{one.reason}"
    share = "" if one.share_pct is None else f" ({one.share_pct:.2f} %)"
    return f"{f'{one.where}: ' if one.where else ''}{area}{share}, {one.reason}"


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


def _table(table: Provenance, language: str) -> str:
    details = list(filter(None, (table.unit, table.region, table.confidence)))
    if language == "zh":
        return f"{table.title}（{'；'.join(details)}）" if details else table.title
    return f"{table.title} ({', '.join(details)})" if details else table.title


def _plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SPECIAL.sub(r"\\\1", text)
