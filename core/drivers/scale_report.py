"""The report of the scale check: q and slopes of each factor at every cell size."""

from __future__ import annotations

from operator import attrgetter

from ..report import Block, Chapter, Column, Lines, MethodReport, Paragraph, Series
from ..report.telling import Sentence, Teller
from ..report.texts import load_texts
from .report_parts import Told, count, number, p_value, statistics_table, text
from .scale_check import ScaleResult


def scale_report(result: ScaleResult, language: str) -> MethodReport:
    """Whether conclusions hold at all cell sizes; language `en` or `zh`."""
    words = load_texts(language)
    return MethodReport(
        chapters=[
            Chapter(words["drivers_scale"], _by_size(result, words)),
            Chapter(words["drivers_conventions"], [Paragraph(note) for note in result.notes]),
        ],
        subtitle=f"{result.y} ~ {', '.join(_factors(result))}",
        facts=[(words["drivers_effects"], result.effects)],
        warnings=result.warnings,
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: ScaleResult, teller: Teller) -> list[Sentence]:
    """Whether the strongest factor and the signs of the slopes are the same at all cell sizes."""
    sizes = sorted({row.cell_size for row in result.rows})
    told = teller.listed(teller.number(size) for size in sizes)
    first = [max((r for r in result.rows if r.cell_size == size), key=lambda r: r.q or 0.0).factor for size in sizes]
    key = "scale_first" if len(set(first)) == 1 else "scale_changes"
    by_size = teller.valued(zip(first, (f"{teller.number(size)} m" for size in sizes)))
    sentences = [teller.sentence("factors", key, factor=first[0], sizes=told, factors=by_size)]
    turned, held = list[str](), list[str]()
    for name in _factors(result):
        slopes = [row.standardised for row in result.rows if row.factor == name and row.standardised is not None]
        if slopes:
            (held if len({slope > 0 for slope in slopes}) == 1 else turned).append(name)
    for key, names in (("scale_held", held), ("scale_turned", turned)):
        if names:
            sentences.append(teller.sentence("drivers", key, drivers=teller.listed(names)))
    return sentences


def _factors(result: ScaleResult) -> list[str]:
    return list(dict.fromkeys(row.factor for row in result.rows))


def _by_size(result: ScaleResult, words: dict[str, str]) -> list[Block]:
    sizes = sorted({row.cell_size for row in result.rows})
    found = {(row.factor, row.cell_size): row for row in result.rows}
    factors = _factors(result)
    q = [Series(name, [found[name, size].q for size in sizes]) for name in factors]
    slopes = [
        Series(name, [found[name, size].standardised for size in sizes])
        for name in factors
        if any(found[name, size].standardised is not None for size in sizes)
    ]
    columns: list[Told] = [
        (Column(words["drivers_cell_size"], "m", decimals=0), attrgetter("cell_size")),
        count(words["drivers_n"], "n"),
        text(words["drivers_factor"], "factor"),
        number("q", "q", 4),
        count(words["drivers_strata"], "strata"),
        number(words["drivers_estimate"], "slope"),
        p_value(),
        number(words["drivers_standardised"], "standardised", 4),
    ]
    title = f"{words['drivers_cell_size']} (m)"
    blocks: list[Block] = [Lines(words["drivers_scale_q"], sizes, q, x_title=title, value_title="q")]
    if slopes:
        value = words["drivers_standardised"]
        blocks.append(Lines(words["drivers_scale_slope"], sizes, slopes, x_title=title, value_title=value))
    return [*blocks, statistics_table(words["drivers_scale"], columns, result.rows)]
