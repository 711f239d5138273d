"""The report of a correlation matrix: heat maps with fields that go together side by side."""

from __future__ import annotations

import numpy as np
from scipy.cluster import hierarchy

from ...report import Block, Chapter, Column, Heatmap, MethodReport, TableBlock
from ...report.numbers import grouped
from ...report.telling import Sentence, Teller
from ...report.texts import load_texts
from ..report_parts import (
    choice_word,
    closing,
    code,
    number,
    number_column,
    p_value,
    rows_table,
    statistics_table,
    text,
    written,
)
from .matrix import Correlations
from .run import CorrelationRun, PairRow

SOURCES = (
    "Kendall and Stuart 1973 (partial correlation); Clifford, Richardson and Hemon 1989, Biometrics 45:123; Dutilleul "
    "1993, Biometrics 49:305 (independent rows)."
)
CLEAR = 0.05
INFLATED = 10  # VIF from which a field repeats what others tell
MOST_TOLD = 3


def correlation_report(run: CorrelationRun, language: str) -> MethodReport:
    """Which fields go together; language `en` or `zh`."""
    words = load_texts(language)
    n = run.by_year[None].n
    chapters = [
        Chapter(words["drivers_correlations"], _heat(run, None, words)),
        *(Chapter(f"{words['year']} {year}", _heat(run, year, words)) for year in run.by_year if year is not None),
        Chapter(words["drivers_pairs"], [_pairs(run, words), _vif(run, words)]),
        *closing(rows_table(run.n_read, n, run.dropped, words), (*run.notes, SOURCES), words),
    ]
    return MethodReport(
        chapters=chapters,
        subtitle=", ".join(run.choice.fields),
        facts=[(words["drivers_n"], f"{n}")],
        warnings=run.warnings,
        sentences=_sentences(run, Teller(language)),
    )


def _sentences(run: CorrelationRun, teller: Teller) -> list[Sentence]:
    """The pairs that go together most, how many pairs are sure to, and fields that repeat what others tell."""
    pairs = sorted((row for row in run.pairs() if row.year is None), key=lambda row: -abs(row.r))
    sentences = []
    for sign, key in ((1, "together"), (-1, "opposed")):
        of_sign = [row for row in pairs if sign * row.r > 0 and _p(row) < CLEAR][:MOST_TOLD]
        if of_sign:
            named = ((teller.listed((row.field_a, row.field_b)), f"r {teller.number(row.r, 3)}") for row in of_sign)
            sentences.append(teller.sentence("pairs", key, pairs=teller.valued(named)))
    sure = sum(_p(row) < CLEAR for row in pairs)
    sentences.append(teller.sentence("pairs", "sure_pairs", sure=sure, count=len(pairs)))
    vif = zip(run.choice.fields, run.by_year[None].vif.tolist())
    inflated = [(name, f"VIF {teller.number(value, 1)}") for name, value in vif if value > INFLATED]
    if inflated:
        sentences.append(teller.sentence("mind", "inflated", fields=teller.valued(inflated)))
    return sentences


def _p(row: PairRow) -> float:
    """Of the effective number of rows, where neighbours were looked at."""
    return row.p if row.p_effective is None else row.p_effective


def _heat(run: CorrelationRun, year: str | None, words: dict[str, str]) -> list[Block]:
    """R of each pair, with a mark where it is clear, and the partial one."""
    found = run.by_year[year]
    order = side_by_side(found)
    names = [run.choice.fields[i] for i in order]
    pairs = {frozenset((row.field_a, row.field_b)): row for row in run.pairs() if row.year == year}

    def mark(a: str, b: str) -> str:
        if a == b:
            return ""
        row = pairs[frozenset((a, b))]
        return "*" if _p(row) < CLEAR else ""

    clear = Heatmap(
        words["drivers_correlations"],
        names,
        names,
        found.r[np.ix_(order, order)].tolist(),
        "r",
        palette="diverging",
        mute_diagonal=True,
        note=words["drivers_correlations_note"].format(method=choice_word("METHOD", run.choice.method, words)),
        texts=[[mark(a, b) for b in names] for a in names],
    )
    partial = found.partial[np.ix_(order, order)]
    held = ", ".join(run.choice.partial) or words["drivers_all_others"]
    apart = Heatmap(
        words["drivers_partial"],
        names,
        names,
        [[None if not np.isfinite(value) else float(value) for value in row] for row in partial],
        "r",
        palette="diverging",
        mute_diagonal=True,
        note=words["drivers_partial_note"].format(held=held),
    )
    return [clear, apart] if len(names) > 2 or run.choice.partial else [clear]


def side_by_side(found: Correlations) -> list[int]:
    """The order of the fields in which those that go together, with either sign, are neighbours."""
    k = len(found.r)
    if k < 3:
        return list(range(k))
    apart = 1 - np.abs(found.r)
    tree = hierarchy.linkage(apart[np.triu_indices(k, 1)], "average")
    return list(hierarchy.leaves_list(hierarchy.optimal_leaf_ordering(tree, apart[np.triu_indices(k, 1)])))


def _pairs(run: CorrelationRun, words: dict[str, str]) -> Block:
    def effective(row: PairRow) -> str:
        return "–" if row.n_effective is None else grouped(row.n_effective)

    columns = [
        text(f"{words['drivers_field']} a", "field_a"),
        text(f"{words['drivers_field']} b", "field_b"),
        code(words["year"], lambda row: row.year or ""),
        number("r", "r", 4),
        p_value(),
        code(words["drivers_n_effective"], effective),
        p_value(words["drivers_p_effective"], "p_effective"),
        number(words["drivers_partial"], "partial_r", 4),
        p_value(f"p ({words['drivers_partial']})", "partial_p"),
    ]
    rows = sorted(run.pairs(), key=lambda row: (row.year or "", -abs(row.r)))
    return statistics_table(words["drivers_pairs"], columns, rows)


def _vif(run: CorrelationRun, words: dict[str, str]) -> Block:
    columns = [Column(words["drivers_field"], kind="text"), number_column("VIF")]
    rows = [(name, written(vif, 4)) for name, vif in zip(run.choice.fields, run.by_year[None].vif.tolist())]
    return TableBlock("VIF", columns, rows, words["drivers_vif_note"])
