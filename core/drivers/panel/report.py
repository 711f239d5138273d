"""The report of a panel regression: coefficients with intervals, tests, residual maps, conventions."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np
from scipy import stats

from ...report import (
    Block,
    Chapter,
    Figure,
    Figures,
    Interval,
    Intervals,
    Map,
    MapPicture,
    MethodReport,
    Paragraph,
    Ramp,
)
from ...report.telling import Sentence, Teller
from ...report.texts import load_texts
from ..place.cell_maps import write_cell_map
from ..report_parts import (
    chapter,
    choice_word,
    closing,
    directions,
    estimates,
    number,
    rows_table,
    second_opinion,
    statistics_table,
    term_word,
    tests_table,
    text,
)
from .report_parts import models_blocks, turning_blocks, turning_sentences
from .run import PanelRun
from .turning import slopes_of

SOURCES = (
    "Baltagi 2021, Econometric Analysis of Panel Data; Wooldridge 2010; Arellano 1987 (cluster); Cameron, Gelbach and "
    "Miller 2011 (two-way clusters); Driscoll and Kraay 1998; Conley 1999; Hausman 1978; Mundlak 1978; Cliff and Ord "
    "1981.",
)
MOST_MAPS = 12


def panel_report(run: PanelRun, folder: str, language: str) -> MethodReport:
    """What the drivers explain; language `en` or `zh`.

    Args:
        run: of `run_panel_regression`.
        folder: for the rasters of the maps; it must outlive the writing of the report.
        language: of the report.
    """
    words = load_texts(language)
    choice = run.choice
    rows = rows_table(run.observations.n_read, run.result.n, run.result.dropped, words)
    return MethodReport(
        chapters=[
            Chapter(words["drivers_coefficients"], _coefficients(run, words)),
            *chapter(words["drivers_turning"], turning_blocks(run, words)),
            *chapter(words["drivers_models"], models_blocks(run, words)),
            Chapter(words["drivers_tests"], [*_tests(run, words), *second_opinion(run.opinions, words, language)]),
            Chapter(words["drivers_residuals"], _residual_maps(run, folder, words)),
            *closing(rows, (*run.result.notes, *SOURCES), words),
        ],
        subtitle=f"{run.observations.y_name} ~ {' + '.join(run.observations.x_names)}",
        facts=[
            (words["drivers_model"], choice_word("MODEL", run.model, words)),
            (words["drivers_effects"], choice_word("EFFECTS", choice.effects, words)),
            (words["drivers_covariance"], choice_word("COVARIANCE", choice.covariance, words)),
            (words["drivers_n"], f"{run.result.n}"),
        ],
        warnings=run.warnings,
        sentences=_sentences(run, Teller(language)),
    )


def _sentences(run: PanelRun, teller: Teller) -> list[Sentence]:
    """Which drivers go with more and with less, the strongest first, where curves turn, and what they explain."""
    curved = {curve.name for curve in run.curves}  # what a square does is told by the curve as a whole
    slopes = [
        term
        for term in run.result.terms
        if term.standardised is not None and term.term not in curved and not set("^:") & set(term.term)
    ]
    effects = [(term.term, term.standardised or 0.0, term.p) for term in slopes]
    sentences = directions((*effects, *_bent(run, teller)), teller)
    sentences += [(teller.words["about_range"], told) for told in turning_sentences(run, teller.words)]
    share = teller.amount_of(100 * run.result.r2_within, "%")
    return [*sentences, teller.sentence("fit", "explained_within", share=share, n=teller.number(run.result.n))]


def _bent(run: PanelRun, teller: Teller) -> Iterable[tuple[str, float, float]]:
    """Drivers that others bend, by their slope where the others have their middle value; curves are told elsewhere."""
    terms = {term.term: term for term in run.result.terms}
    for curve in run.curves:
        own = terms.get(curve.name)
        if len(curve.powers) > 1 or not curve.products or own is None or not own.estimate:
            continue
        held, slope = slopes_of(curve, run.estimates, run.result.covariance)[-2]
        value, error = slope.at(0.0)  # without squares it is the same at all values
        p = float(2 * stats.t.sf(abs(value) / error, run.result.df)) if error > 0 else 1.0
        share = (own.standardised or 0.0) / own.estimate
        yield teller.say("at_held", name=curve.name, held=held), value * share, p


def _coefficients(run: PanelRun, words: dict[str, str]) -> list[Block]:
    result = run.result
    level = f"{100 * run.choice.confidence:g} %"
    cards = [
        Figure(words["drivers_n"], result.n),
        Figure(
            words["drivers_r2_within"],
            round(result.r2_within, 4),
            "",
            choice_word("EFFECTS", run.choice.effects, words),
        ),
    ]
    if result.n_entities is not None:
        cards.append(Figure(words["drivers_entities"], result.n_entities))
    if result.n_times is not None:
        cards.append(Figure(words["drivers_times"], result.n_times))
    slopes = [term for term in result.terms if term.term != "const" and term.standardised is not None]
    in_deviations = []
    for term in slopes:
        share = (term.standardised or 0.0) / term.estimate if term.estimate else 0.0
        low, high = sorted((term.low * share, term.high * share))
        in_deviations.append(Interval(term.term, term.standardised or 0.0, low, high))
    columns = [text(words["drivers_term"], lambda row: term_word(row.term, words)), *estimates(words, "t")]
    columns += [number(words["drivers_standardised"], "standardised", 4), number("VIF", "vif", 4)]
    columns += [number(words["drivers_vif_within"], "vif_within", 4)]
    blocks: list[Block] = [
        Figures(cards),
        Intervals(
            words["drivers_standardised_plot"],
            in_deviations,
            value_title=words["drivers_standardised"],
            note=words["drivers_standardised_note"].format(level=level),
        ),
        statistics_table(words["drivers_coefficients"], columns, result.terms),
    ]
    return blocks


def _tests(run: PanelRun, words: dict[str, str]) -> list[Block]:
    tests = (
        (
            test.test,
            test.statistic,
            " / ".join(f"{df:g}" for df in (test.df, test.df2) if df is not None),
            test.p,
            test.note,
        )
        for test in run.all_tests()
        if not test.test.startswith("second_opinion")
    )
    return [tests_table(tests, words)]


def _residual_maps(run: PanelRun, folder: str, words: dict[str, str]) -> list[Block]:
    place = run.table.coordinates()
    if place is None:
        return [Paragraph(words["drivers_no_places"])]
    result, time = run.result, run.choice.time
    codes, times = None, [""]
    if time is not None:
        labels = np.asarray(run.table.columns[time])[result.rows]
        distinct, codes = np.unique(labels.astype(str) if labels.dtype.kind == "O" else labels, return_inverse=True)
        times = [f"{one:g}" if isinstance(one, float) else str(one) for one in distinct.tolist()]
    path = os.path.join(folder, "residuals.tif")
    if not write_cell_map(path, result.residuals, place[result.rows], run.table.crs, codes, times):
        return [Paragraph(words["drivers_no_grid"])]
    pictures = [MapPicture(path, name, band) for band, name in enumerate(times[:MOST_MAPS], start=1)]
    return [
        Map(
            words["drivers_residual_map"],
            pictures,
            Ramp(run.observations.y_name, "diverging"),
            words["drivers_residual_note"],
        )
    ]
