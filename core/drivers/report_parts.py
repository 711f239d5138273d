"""What the reports of all drivers share: numbers of very different size side by side, and the account of rows."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Any, Callable, Union

from ..messages import told
from ..report import Block, Chapter, Column, Paragraph, TableBlock
from ..report.numbers import grouped
from ..report.table_words import value_word
from ..report.telling import Sentence, Teller
from ..resources import RESOURCES, read_yaml
from ..results import Cell
from .observations import Dropped
from .second_opinion.opinion import Opinion

_TINY = 1e-4
CERTAIN = 0.05  # a p below which an effect is told as certain
Told = tuple[Column, Callable[[Any], Cell]]  # a column, and what a row has in it
Of = Union[str, Callable[[Any], Any]]  # the name of a field of a row, or what to make of the row


def written(value: float | None, digits: int = 5) -> str:
    """A number by its significant digits, because coefficients of one table differ by powers of ten."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0 or 1e-4 <= abs(value) < 1e7:
        places = max(digits - 1 - math.floor(math.log10(abs(value))), 0) if value else 0
        return grouped(value, min(places, 8))
    return f"{value:.{digits - 1}e}".replace("-", "−")


def written_p(p: float | None) -> str:
    """A p value; below 0.0001 how small it is matters to nobody, and is often round-off."""
    if p is None or not math.isfinite(p):
        return "–"
    return f"< {_TINY:g}" if p < _TINY else f"{p:.4f}"


def language_of(words: dict[str, str]) -> str:
    """`en` or `zh`, which the words of a report are in."""
    return words["html_language"][:2]


def choice_word(parameter: str, choice: str, words: dict[str, str]) -> str:
    """What a choice of a parameter is called in the dialog, without what explains it there.

    >>> choice_word("EFFECTS", "twoway", {"html_language": "en"})
    'Of cells and years'
    """
    both = read_yaml(RESOURCES / "choice_words.yaml")[parameter].get(choice, [choice, choice])
    return str(both[language_of(words) == "zh"]).split(" – ")[0].split(" (")[0].split("（")[0]


def term_word(term: str, words: dict[str, str]) -> str:
    """A driver by the name that the user gave it, as in charts and maps; the constant and spatial terms as is usual."""
    return {"const": words["local_constant"], "rho": "ρ", "lambda": "λ"}.get(term, term)


def directions(effects: Iterable[tuple[str, float, float | None]], teller: Teller) -> list[Sentence]:
    """Which drivers go with more, which with less, and of which no effect is certain; the strongest first.

    Args:
        effects: name, effect in standard deviations, and p.
        teller: of the language.
    """
    by_key: dict[str, list[tuple[str, str]]] = {"effects_up": [], "effects_down": [], "effects_unsure": []}
    for name, effect, p in sorted(effects, key=lambda item: -abs(item[1])):
        certain = p is not None and p < CERTAIN
        key = "effects_unsure" if not certain else "effects_up" if effect > 0 else "effects_down"
        by_key[key].append((name, teller.say("in_deviations", effect=teller.number(effect, 3))))
    return [teller.sentence("drivers", key, drivers=teller.valued(named)) for key, named in by_key.items() if named]


def number_column(title: str) -> Column:
    """A column of what `written` and `written_p` make."""
    return Column(title, kind="code")


def text(title: str, of: Of) -> Told:
    return Column(title, kind="text"), _getter(of)


def count(title: str, of: Of) -> Told:
    return Column(title, decimals=0), _getter(of)


def code(title: str, of: Of) -> Told:
    return number_column(title), _getter(of)


def number(title: str, of: Of, digits: int = 5) -> Told:
    get = _getter(of)
    return number_column(title), lambda row: written(get(row), digits)


def p_value(title: str = "p", of: Of = "p") -> Told:
    get = _getter(of)
    return number_column(title), lambda row: written_p(get(row))


def estimates(words: dict[str, str], statistic: str) -> list[Told]:
    """An estimate with its error, the statistic (`t` or `z`), p and interval."""
    ends = [number(words[f"drivers_{end}"], end) for end in ("low", "high")]
    parts = [number(words[f"drivers_{name}"], name) for name in ("estimate", "std_error")]
    return [*parts, number(statistic, statistic, 4), p_value(), *ends]


def statistics_table(
    title: str, columns: Iterable[Told], rows: Iterable[Any], note: str = "", download: str = ""
) -> TableBlock:
    """A table whose columns tell what they take of a row."""
    heads, cells = zip(*columns)
    return TableBlock(title, heads, [tuple(cell(row) for cell in cells) for row in rows], note, download)


def _getter(of: Of) -> Callable[[Any], Any]:
    return attrgetter(of) if isinstance(of, str) else of


def chapter(title: str, blocks: list[Block]) -> list[Chapter]:
    """A chapter, none where there is nothing in it."""
    return [Chapter(title, blocks)] if blocks else []


def closing(rows: Block, notes: Iterable[str], words: dict[str, str]) -> list[Chapter]:
    """The last chapters: the account of rows (`rows_table`), and the conventions."""
    return [
        Chapter(words["drivers_rows"], [rows]),
        Chapter(words["drivers_conventions"], [Paragraph(note) for note in notes]),
    ]


def tests_table(tests: Iterable[tuple[str, float | None, str, float | None, str]], words: dict[str, str]) -> TableBlock:
    """Tests: name, statistic, degrees of freedom as text, p and a note of each."""
    columns = [
        Column(words["drivers_test"], kind="text"),
        *map(number_column, (words["drivers_statistic"], "df", "p")),
        Column(words["drivers_note"], kind="text"),
    ]
    language = language_of(words)
    rows = [
        (value_word("test", name, language) or name, written(statistic), df, written_p(p), told(note, language))
        for name, statistic, df, p, note in tests
    ]
    return TableBlock(words["drivers_tests"], columns, rows)


def second_opinion(opinions: Iterable[Opinion], words: dict[str, str], language: str) -> list[Block]:
    """How far another program agrees, in a sentence; nothing where it was not asked."""
    parts = []
    for opinion in opinions:
        what = words[f"drivers_{opinion.test}"].format(name=opinion.name)
        if opinion.difference is None:
            parts.append(told(opinion.note, language))
            continue
        sentence = words["drivers_second_opinion_same" if opinion.agrees else "drivers_second_opinion_other"]
        parts.append(
            sentence.format(
                what=what,
                difference=f"{opinion.difference:.1e}",
                ours=f"{opinion.ours:.10g}",
                theirs=f"{opinion.theirs:.10g}",
                note=told(opinion.note, language),
            )
        )
    return [Paragraph(words["drivers_second_opinion"].format(parts="; ".join(parts)))] if parts else []


def without_empty_columns(table: TableBlock) -> TableBlock:
    """The table without the columns that hold no value in any row, such as tests that were not asked for."""
    kept = [
        place for place in range(len(table.columns)) if any(row[place] not in ("–", "", None) for row in table.rows)
    ]
    rows = [tuple(row[place] for place in kept) for row in table.rows]
    return replace(table, columns=[table.columns[place] for place in kept], rows=rows)


def rows_table(read: int, used: int, dropped: Iterable[Dropped], words: dict[str, str]) -> Block:
    """How many rows were read and used, and what was left out and why.

    Args:
        read: rows of the layer.
        used: rows of the statistics.
        dropped: what was left out.
        words: of the report.
    """
    rows = [Dropped(words["drivers_rows_read"], read, ""), Dropped(words["drivers_rows_used"], used, ""), *dropped]
    language = language_of(words)
    columns = [
        text(words["drivers_what"], lambda row: told(row.what, language)),
        count(words["drivers_count"], "count"),
        text(words["reason"], lambda row: told(row.reason, language)),
    ]
    return statistics_table(words["drivers_rows"], columns, rows)
