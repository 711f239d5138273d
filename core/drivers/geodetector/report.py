"""The report of the geographical detector: q of factors and pairs, strata, risk maps, how classes were chosen."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np

from ...report import (
    Bars,
    Block,
    Chapter,
    Column,
    Figure,
    Figures,
    Heatmap,
    Lines,
    Map,
    MapPicture,
    MethodReport,
    Paragraph,
    Ramp,
    Series,
    TableBlock,
)
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_palettes, load_texts
from ..observations import Dropped
from ..report_parts import (
    chapter,
    choice_word,
    code,
    count,
    number,
    p_value,
    rows_table,
    second_opinion,
    statistics_table,
    text,
    without_empty_columns,
    written,
    written_p,
)
from .report_parts import shares_blocks, shortened, write_stratum_means, years_blocks
from .run import GeodetectorRun
from .tables import FactorRow, InteractionRow

SOURCES = (
    "Wang et al. 2010, 10.1080/13658810802443457; Wang, Zhang and Fu 2016, 10.1016/j.ecolind.2016.02.052; optimal "
    "discretisation: Song et al. 2020, 10.1080/15481603.2020.1760434; natural breaks: Fisher 1958."
)
SIGNIFICANT = 0.05
MOST_FACTORS = 6  # of which strata are drawn, those with the largest q
MOST_BARS = 60
MOST_TOLD = 3


def geodetector_report(run: GeodetectorRun, folder: str, language: str) -> MethodReport:
    """How much of the variance lies between strata, alone and in pairs; language `en` or `zh`.

    Args:
        run: of `run_geodetector`.
        folder: for the rasters of the maps; it must outlive the writing of the report.
        language: of the report.
    """
    words = load_texts(language)
    result = run.result
    dropped = [Dropped(item.variable, item.rows, item.reason) for item in result.dropped]
    used = int(np.count_nonzero(result.used))
    return MethodReport(
        chapters=[
            Chapter(words["drivers_q"], _factors(run, words)),
            *chapter(words["drivers_years"], years_blocks(run, _largest(run), folder, words)),
            *chapter(words["drivers_shares"], shares_blocks(run, _largest(run), words)),
            Chapter(words["drivers_interactions"], _interactions(run, words)),
            Chapter(words["drivers_risk"], [*_risk(run, words), *_risk_maps(run, folder, words)]),
            Chapter(words["drivers_ecological"], _ecological(run, words)),
            Chapter(words["drivers_discretisation"], _curves(run, words)),
            Chapter(words["drivers_rows"], [rows_table(len(result.used), used, dropped, words)]),
            Chapter(
                words["drivers_conventions"],
                [
                    *second_opinion(result.opinions, words, language),
                    *(Paragraph(note) for note in (*result.notes, SOURCES)),
                ],
            ),
        ],
        subtitle=f"{run.choice.y} ~ {', '.join(run.choice.factors)}",
        facts=[(words["drivers_n"], f"{used}")],
        warnings=result.warnings,
        sentences=_sentences(run, Teller(language)),
    )


def _sentences(run: GeodetectorRun, teller: Teller) -> list[Sentence]:
    """The factors that explain most, those that do not, and the pair that explains most together."""
    rows = {row.factor: row for row in run.result.factors}
    order = [name for name in _largest(run) if rows[name].q is not None]
    level = [name for name in order if rows[name].strata < 2]
    doubtful = [name for name in order if name not in level and not _is_clear(rows[name])]
    clear = [(name, teller.number(rows[name].q, 4)) for name in order if name not in (*level, *doubtful)]
    sentences = []
    if clear:
        sentences.append(teller.sentence("factors", "factors", factors=teller.valued(clear[:MOST_TOLD])))
        share = teller.amount_of(100 * (rows[clear[0][0]].q or 0.0), "%")
        sentences.append(teller.sentence("factors", "q_means", factor=clear[0][0], share=share, y=run.choice.y))
    if doubtful:
        sentences.append(teller.sentence("factors", "factors_unsure", factors=teller.listed(doubtful)))
    sentences += _changes(run, order, teller)
    if level:
        sentences.append(teller.sentence("factors", "factors_level", factors=teller.listed(level)))
    pairs = [row for row in run.result.interactions if row.q_ab is not None]
    if pairs:
        best = max(pairs, key=lambda row: row.q_ab or 0.0)
        parts = {"pair": teller.listed((best.factor_a, best.factor_b)), "q": teller.number(best.q_ab, 4)}
        sentences.append(teller.sentence("interactions", "strongest_pair_of", **parts))
        kinds = Counter(row.type for row in pairs if row.type)
        told = teller.valued((within(teller.words[kind]), str(count)) for kind, count in kinds.most_common())
        sentences.append(teller.sentence("interactions", "interactions", kinds=told))
    return sentences


def _changes(run: GeodetectorRun, order: list[str], teller: Teller) -> list[Sentence]:
    """Whose q has changed for certain from the first to the last year, and whose has not."""
    if not run.choice.options.change_draws:
        return []
    rows = {row.factor: row for row in run.by_year[run.years[-1]].factors}
    known = [rows[name] for name in order if rows[name].change_low is not None]
    sure = [row for row in known if (row.change_low or 0.0) > 0 or (row.change_high or 0.0) < 0]
    unsure = [row.factor for row in known if row not in sure]
    span = {"first": run.years[0], "last": run.years[-1]}
    found = []
    if sure:
        told = teller.valued((row.factor, _signed(row.change or 0.0)) for row in sure)
        found.append(teller.sentence("factors", "q_changed", factors=told, **span))
    if unsure:
        found.append(teller.sentence("factors", "q_unchanged", factors=teller.listed(unsure), **span))
    return teller.grouped(found)


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + Teller.number(value, 4)


def _is_clear(row: FactorRow) -> bool:
    p = row.p_permutation if row.p_permutation is not None else row.p_f
    return p is not None and p < SIGNIFICANT


def _largest(run: GeodetectorRun) -> list[str]:
    """Factors by falling q."""
    return [row.factor for row in sorted(run.result.factors, key=lambda row: -(row.q or 0.0))]


def _factors(run: GeodetectorRun, words: dict[str, str]) -> list[Block]:
    rows = {row.factor: row for row in run.result.factors}
    order = _largest(run)
    clear = {name: _is_clear(rows[name]) for name in order}
    palettes = load_palettes()
    series = [
        Series(
            title,
            [rows[name].q if clear[name] == wanted else None for name in order],
            colour,
            [rows[name].q_low if clear[name] == wanted else None for name in order],
            [rows[name].q_high if clear[name] == wanted else None for name in order],
        )
        for title, wanted, colour in (
            (words["drivers_significant"], True, palettes.categorical[0]),
            (words["drivers_not_significant"], False, palettes.other),
        )
        if wanted in clear.values()
    ]
    tested = (name for name in order if not clear[name] and rows[name].strata > 1)
    doubtful = ", ".join(tested) or words["drivers_none"]
    note = words["drivers_q_note"].format(y=run.choice.y, insignificant=doubtful)
    interval = words["drivers_interval"].format(level=f"{100 * run.choice.options.confidence:g} %")
    columns = [
        text(words["drivers_factor"], "factor"),
        number("q", "q", 4),
        code(interval, lambda row: f"{written(row.q_low, 4)} – {written(row.q_high, 4)}"),
        number(words["drivers_q_adjusted"], "q_adjusted", 4),
        p_value("p (Wang)", "p_noncentral"),
        p_value("p (F)", "p_f"),
        p_value(words["drivers_p_permutation"], "p_permutation"),
        number(words["drivers_q_cv"], "q_cv", 4),
        number(words["drivers_share"], "share", 4),
        *(count(words[f"drivers_{name}"], name) for name in ("strata", "singletons")),
        text(words["drivers_method"], lambda row: choice_word("DISCRETISE", row.method, words) if row.method else ""),
    ]
    cards = [Figure(name, None if rows[name].q is None else round(rows[name].q or 0.0, 4), "q") for name in order[:4]]
    return [
        Figures(cards),
        Bars(words["drivers_q"], order, series, stacked=True, horizontal=True, value_title="q", note=note),
        without_empty_columns(statistics_table(words["drivers_q"], columns, [rows[name] for name in order])),
    ]


def _interactions(run: GeodetectorRun, words: dict[str, str]) -> list[Block]:
    if not run.result.interactions:
        return []
    order = _largest(run)
    alone = {row.factor: row.q for row in run.result.factors}
    pairs: dict[frozenset[str], InteractionRow] = {
        frozenset((row.factor_a, row.factor_b)): row for row in run.result.interactions
    }

    def cell(a: str, b: str) -> tuple[float | None, str]:
        if a == b:
            return alone[a], ""
        row = pairs[frozenset((a, b))]
        return row.q_ab, words[row.type] if row.type else ""

    cells = [[cell(a, b) if order.index(b) <= i else (None, "") for b in order] for i, a in enumerate(order)]
    heat = Heatmap(
        words["drivers_interaction_q"],
        order,
        order,
        [[value for value, _ in row] for row in cells],
        "q",
        note=words["drivers_interaction_note"],
        texts=[[text for _, text in row] for row in cells],
    )
    columns = [
        text(f"{words['drivers_factor']} a", "factor_a"),
        text(f"{words['drivers_factor']} b", "factor_b"),
        text(words["drivers_interaction_type"], lambda row: words[row.type] if row.type else "–"),
        *(number(title, field, 4) for title, field in (("q a", "q_a"), ("q b", "q_b"), ("q ab", "q_ab"))),
        number(words["drivers_q_adjusted"], "q_ab_adjusted", 4),
        number(words["drivers_per_stratum"], "n_per_stratum", 4),
        *(count(words[f"drivers_{name}"], name) for name in ("strata", "singletons")),
    ]
    rows = sorted(run.result.interactions, key=lambda row: -(row.q_ab or 0.0))
    return [heat, statistics_table(words["drivers_interactions"], columns, rows)]


def _risk(run: GeodetectorRun, words: dict[str, str]) -> list[Block]:
    blocks: list[Block] = []
    for factor in _largest(run)[:MOST_FACTORS]:
        strata = [row for row in run.result.risk if row.factor == factor]
        if len(strata) <= MOST_BARS:
            note = words["drivers_risk_note"].format(y=run.choice.y, factor=factor)
            reach = [None if row.std_error is None else 1.96 * row.std_error for row in strata]
            low = [None if one is None else row.mean - one for row, one in zip(strata, reach)]
            high = [None if one is None else row.mean + one for row, one in zip(strata, reach)]
            means = [Series("", [row.mean for row in strata], "", low, high)]
            labels = shortened([row.label for row in strata])
            blocks.append(Bars(factor, labels, means, value_title=_y(run, words), category_title=factor, note=note))
    columns = [
        text(words["drivers_factor"], "factor"),
        text(words["drivers_stratum"], "label"),
        count(words["drivers_n"], "n"),
        number(words["drivers_mean_value"], "mean"),
        number(words["drivers_std_error"], "std_error", 4),
        text(words["drivers_differs"], "differs_from"),
    ]
    return [*blocks, statistics_table(words["drivers_risk"], columns, run.result.risk)]


def _risk_maps(run: GeodetectorRun, folder: str, words: dict[str, str]) -> list[Block]:
    """The mean of the stratum that each cell lies in, for the factors that explain most, in one scale."""
    if run.table.coordinates() is None:
        return [Paragraph(words["drivers_no_places"])]
    pictures = []
    for place, factor in enumerate(_largest(run)[:MOST_FACTORS]):
        path = os.path.join(folder, f"risk_{place}.tif")
        if not write_stratum_means(run, run.result, factor, path):
            return [Paragraph(words["drivers_no_grid"])]
        pictures.append(MapPicture(path, factor))
    note = words["drivers_risk_map_note"].format(y=run.choice.y)
    return [Map(words["drivers_risk_map"], pictures, Ramp(_y(run, words)), note)]


def _y(run: GeodetectorRun, words: dict[str, str]) -> str:
    """The explained variable; of all years together it is what differs from the mean of the year."""
    return words["drivers_less_year"].format(y=run.choice.y) if run.years else run.choice.y


def _ecological(run: GeodetectorRun, words: dict[str, str]) -> list[Block]:
    """Whether two factors differ, as a matrix of yes and no with p, each pair once."""
    if not run.result.ecological:
        return []
    order = _largest(run)
    found = {(row.factor_a, row.factor_b): row for row in run.result.ecological}

    def cell(a: str, b: str) -> str:
        row = found[a, b]
        if row.significant is None:
            return "–"
        return f"{words['drivers_yes' if row.significant else 'drivers_no']} (p {written_p(row.p)})"

    columns = [Column(words["drivers_factor"], kind="text"), *(Column(name, kind="text") for name in order[:-1])]
    rows = [(a, *(cell(a, b) if order.index(b) < i else "" for b in order[:-1])) for i, a in enumerate(order) if i]
    return [TableBlock(words["drivers_ecological"], columns, rows, words["drivers_ecological_note"])]


def _curves(run: GeodetectorRun, words: dict[str, str]) -> list[Block]:
    """The q of every method and number of classes that was tried, and the classes that were chosen."""
    blocks: list[Block] = []
    for factor in _largest(run)[:MOST_FACTORS]:
        curve = run.result.strata[factor].curve
        counts = sorted({candidate.classes for candidate in curve})
        if len(counts) < 2:
            continue
        by_method = {candidate.method: {} for candidate in curve}  # type: dict[str, dict[int, float | None]]
        for candidate in curve:
            by_method[candidate.method][candidate.classes] = candidate.q
        series = [
            Series(choice_word("DISCRETISE", method, words), [found.get(k) for k in counts])
            for method, found in by_method.items()
        ]
        chosen = run.result.strata[factor]
        title = f"{factor}: {choice_word('DISCRETISE', chosen.method, words)}, {chosen.classes}"
        blocks.append(Lines(title, counts, series, x_title=words["drivers_strata"], value_title="q"))
    columns = [
        text(words["drivers_factor"], "factor"),
        code(words["drivers_stratum"], "class_"),
        number(words["drivers_low"], "low"),
        number(words["drivers_high"], "high"),
        count(words["drivers_n"], "n"),
    ]
    rows = [row for row in run.result.breaks if row.low is not None]
    return [*blocks, statistics_table(words["drivers_discretisation"], columns, rows)] if rows else blocks
