"""The report of the scale check: q and slopes of each factor at every cell size."""

from __future__ import annotations

from ..report import Block, Chapter, Column, Lines, MethodReport, Paragraph, Series, TableBlock
from ..report.texts import load_texts
from .report_parts import number_column, written, written_p
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
    columns = [
        Column(words["drivers_cell_size"], "m", decimals=0),
        Column(words["drivers_n"], decimals=0),
        Column(words["drivers_factor"], kind="text"),
        number_column("q"),
        Column(words["drivers_strata"], decimals=0),
        *map(number_column, (words["drivers_estimate"], "p", words["drivers_standardised"])),
    ]
    rows = [
        (
            row.cell_size,
            row.n,
            row.factor,
            written(row.q, 4),
            row.strata,
            written(row.slope),
            written_p(row.p),
            written(row.standardised, 4),
        )
        for row in result.rows
    ]
    title = f"{words['drivers_cell_size']} (m)"
    blocks: list[Block] = [Lines(words["drivers_scale_q"], sizes, q, x_title=title, value_title="q")]
    if slopes:
        value = words["drivers_standardised"]
        blocks.append(Lines(words["drivers_scale_slope"], sizes, slopes, x_title=title, value_title=value))
    return [*blocks, TableBlock(words["drivers_scale"], columns, rows)]
