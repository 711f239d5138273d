"""The report of the scale check: q and slopes of each factor at every cell size."""

from __future__ import annotations

from operator import attrgetter

from ..report import Block, Chapter, Column, Lines, MethodReport, Paragraph, Series
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
    )


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
