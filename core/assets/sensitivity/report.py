"""The report of a sensitivity: coefficients by ecosystem, and the band of the simulated value."""

from __future__ import annotations

from ...report import (
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
    TableBlock,
)
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from .run import SensitivityResult, sensitivity_table


def sensitivity_report(result: SensitivityResult, language: str) -> MethodReport:
    """How the value depends on its coefficients; language `en` or `zh`."""
    words = load_texts(language)
    valuation = result.inputs.valuation
    own = valuation.equivalents.provenance
    return MethodReport(
        chapters=[
            Chapter(words["sensitivity_coefficients"], _coefficients(result, words, language)),
            Chapter(words["sensitivity_uncertainty"], _uncertainty(result, words)),
        ],
        subtitle=f"{valuation.years[0]} · {valuation.equivalents.name} · {valuation.scheme.title}",
        sources=[own] if own else [],
        sentences=_sentences(result, Teller(language)),
    )


def _sentences(result: SensitivityResult, teller: Teller) -> list[Sentence]:
    """The value, whose coefficients it hangs on most, whether it is inelastic, and the band of the draws."""
    words, unit = teller.words, f"{result.inputs.valuation.currency}/a"
    names = [within(words[part.ecosystem]) for part in result.parts]
    found = [(n, float(c)) for n, part, c in zip(names, result.parts, result.coefficient) if part.code is None]
    ranked = sorted(found, key=lambda item: -abs(item[1]))[:3]
    told = teller.valued((name, teller.number(coefficient, 4)) for name, coefficient in ranked)
    key = "elastic" if any(abs(coefficient) > 1 for _, coefficient in ranked) else "inelastic"
    sentences = [
        *teller.levels(words["sensitivity_total"], result.inputs.valuation.years, (result.total,), unit),
        teller.sentence("sensitivity", key, parts=told),
    ]
    if result.total_percentiles is not None:
        low, middle, high = (teller.amount_of(value, unit) for value in result.total_percentiles.tolist())
        sentences.append(teller.sentence("uncertainty", "band", low=low, middle=middle, high=high))
    return sentences


def _coefficients(result: SensitivityResult, words: dict[str, str], language: str) -> list[Block]:
    ecosystems = [p for p, part in enumerate(result.parts) if part.code is None]
    names = [words[result.parts[p].ecosystem] for p in ecosystems]
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
    found = list(zip(result.parts, sensitivity_table(result).rows))
    rows = [(words[part.ecosystem], *row[1:7]) for part, row in found if part.code is None]
    classes = result.inputs.valuation.scheme.classes
    of_classes = [
        (words[part.ecosystem], classes[part.code].named(language), *row[1:7])
        for part, row in found
        if part.code is not None
    ]
    series = [Series(words["sensitivity_coefficients"], result.coefficient[ecosystems].tolist())]
    return [
        Figures([Figure(words["sensitivity_total"], result.total, unit)]),
        Bars(words["sensitivity_coefficients"], names, series, horizontal=True),
        TableBlock(words["sensitivity_coefficients"], columns, rows, download="sensitivity.csv"),
        TableBlock(
            words["sensitivity_by_class"],
            [columns[0], Column(words["class"], kind="text"), *columns[1:]],
            of_classes,
            download="sensitivity_classes.csv",
        ),
        Paragraph(words["sensitivity_note"]),
    ]


def _uncertainty(result: SensitivityResult, words: dict[str, str]) -> list[Block]:
    if result.total_percentiles is None or result.value_percentiles is None:
        return []
    low, middle, high = result.total_percentiles.tolist()
    bands = result.value_percentiles.T.tolist()
    items = [Interval(words["total"], middle, low, high)]
    items += [
        Interval(words[part.ecosystem], b, a, c) for part, (a, b, c) in zip(result.parts, bands) if part.code is None
    ]
    unit = f"{result.inputs.valuation.currency}/a"
    note = f"{words['sensitivity_band']} (n = {result.inputs.draws}, seed = {result.inputs.seed})"
    return [Intervals(words["sensitivity_uncertainty"], items, unit, note=note)]
