"""The report of a sensitivity: coefficients by ecosystem, and the band of the simulated value."""

from __future__ import annotations

from ..report import (
    Bars,
    Block,
    Chapter,
    Column,
    Figure,
    Figures,
    Interval,
    Intervals,
    MethodReport,
    Paragraph,
    Series,
    Source,
    TableBlock,
)
from ..report.texts import load_texts
from .sensitivity import SensitivityResult, sensitivity_table


def sensitivity_report(result: SensitivityResult, language: str) -> MethodReport:
    """How the value depends on its coefficients; language `en` or `zh`."""
    words = load_texts(language)
    valuation = result.inputs.valuation
    own = valuation.equivalents.provenance
    return MethodReport(
        chapters=[
            Chapter(words["sensitivity_coefficients"], _coefficients(result, words)),
            Chapter(words["sensitivity_uncertainty"], _uncertainty(result, words)),
        ],
        subtitle=f"{valuation.years[0]} · {valuation.equivalents.name} · {valuation.scheme.title}",
        sources=[Source(own.title, own.source, own.year, own.unit, own.region, own.confidence)] if own else [],
    )


def _coefficients(result: SensitivityResult, words: dict[str, str]) -> list[Block]:
    names = [words[name] for name in result.ecosystems]
    unit = f"{result.inputs.valuation.currency}/a"
    step = f"{abs(result.inputs.change_pct):g} %"
    columns = [
        Column(words["ecosystem"], kind="text"),
        Column(words["sensitivity_share"], decimals=4),
        Column(words["sensitivity_coefficients"], decimals=4),
        Column(words["area"], "ha"),
        Column(words["valuation_value"], unit),
        Column(f"{words['sensitivity_total']} (+{step})", unit),
        Column(f"{words['sensitivity_total']} (−{step})", unit),
    ]
    rows = [(words[str(row[0])], *row[1:7]) for row in sensitivity_table(result).rows]
    series = [Series(words["sensitivity_coefficients"], result.coefficient.tolist())]
    return [
        Figures([Figure(words["sensitivity_total"], result.total, unit)]),
        Bars(words["sensitivity_coefficients"], names, series, horizontal=True),
        TableBlock(words["sensitivity_coefficients"], columns, rows, download="sensitivity.csv"),
        Paragraph(words["sensitivity_note"]),
    ]


def _uncertainty(result: SensitivityResult, words: dict[str, str]) -> list[Block]:
    if result.total_percentiles is None or result.value_percentiles is None:
        return []
    low, middle, high = result.total_percentiles.tolist()
    bands = result.value_percentiles.T.tolist()
    items = [Interval(words["total"], middle, low, high)]
    items += [Interval(words[name], b, a, c) for name, (a, b, c) in zip(result.ecosystems, bands)]
    unit = f"{result.inputs.valuation.currency}/a"
    note = f"{words['sensitivity_band']} (n = {result.inputs.draws}, seed = {result.inputs.seed})"
    return [Intervals(words["sensitivity_uncertainty"], items, unit, note=note)]
