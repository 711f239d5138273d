"""The report of a quantile regression: coefficients by quantile beside those of the mean, tests, fit, conventions."""

from __future__ import annotations

import math

from ...messages import told
from ...report import Block, Chapter, Figure, Figures, Lines, MethodReport, Series
from ...report.telling import Sentence, Teller
from ...report.texts import load_palettes, load_texts
from ..report_parts import (
    CERTAIN,
    choice_word,
    closing,
    code,
    estimates,
    language_of,
    number,
    rows_table,
    second_opinion,
    statistics_table,
    term_word,
    tests_table,
    text,
    written,
)
from .run import QuantileRun

SOURCES = (
    "Koenker and Bassett 1978; Portnoy and Koenker 1997 (solver); Hendricks and Koenker 1992 (nid errors); Koenker and "
    "Machado 1999 (R1); Canay 2011; Machado and Santos Silva 2019 (mmqr); Koenker 2004; Chernozhukov et al. 2010."
)


def quantile_report(run: QuantileRun, language: str) -> MethodReport:
    """What drivers do where values are low and where they are high; language `en` or `zh`."""
    words = load_texts(language)
    result, choice = run.result, run.choice
    rows = rows_table(run.observations.n_read, result.n, run.observations.dropped, words)
    return MethodReport(
        chapters=[
            Chapter(words["drivers_quantiles"], _by_quantile(run, words)),
            Chapter(words["drivers_coefficients"], [_coefficients(run, words)]),
            Chapter(
                words["drivers_tests"],
                [_fit(run, words), _tests(run, words), *second_opinion(run.opinions.values(), words, language)],
            ),
            *closing(rows, (*result.notes, SOURCES), words),
        ],
        subtitle=f"{run.observations.y_name} ~ {' + '.join(run.observations.x_names)}",
        facts=[
            (words["drivers_method"], choice_word("METHOD", choice.method, words)),
            (words["drivers_n"], f"{result.n}"),
        ],
        warnings=result.warnings,
        sentences=_sentences(run, Teller(language)),
    )


def _sentences(run: QuantileRun, teller: Teller) -> list[Sentence]:
    """The effect of each driver where values are low and where they are high, and whether its sign is sure there."""
    sentences = []
    for name in run.observations.x_names:
        terms = sorted((term for term in run.result.terms if term.term == name), key=lambda term: term.quantile)
        sure = [term for term in terms if term.p is not None and term.p < CERTAIN]
        signs = {term.estimate > 0 for term in sure}
        key = "mixed" if len(signs) > 1 else "unsure" if not signs else "up" if signs == {True} else "down"
        parts = {
            "driver": name,
            "low": teller.say("at_quantile", value=written(terms[0].estimate, 4), quantile=f"{terms[0].quantile:g}"),
            "high": teller.say("at_quantile", value=written(terms[-1].estimate, 4), quantile=f"{terms[-1].quantile:g}"),
            "sure": len(sure),
            "count": len(terms),
        }
        sentences.append(teller.sentence("drivers", f"along_{key}", **parts))
    return sentences


def _by_quantile(run: QuantileRun, words: dict[str, str]) -> list[Block]:
    result, choice = run.result, run.choice
    quantile_colour, mean_colour = load_palettes().categorical[:2]
    note = words["drivers_quantile_note"].format(
        level=f"{100 * choice.confidence:g} %", mean=told(run.mean_model, language_of(words))
    )
    blocks: list[Block] = [
        Figures(
            [Figure(words["drivers_n"], result.n)]
            + [
                Figure(words["drivers_r1_at"].format(quantile=f"{fit.quantile:g}"), round(fit.r1, 3))
                for fit in result.fits
                if fit.r1 is not None and len(result.fits) <= 7
            ]
        )
    ]
    for place, name in enumerate(run.observations.x_names):
        terms = [term for term in result.terms if term.term == name]
        series = [
            Series(
                words["drivers_quantile"],
                [term.estimate for term in terms],
                quantile_colour,
                [math.nan if term.low is None else term.low for term in terms],
                [math.nan if term.high is None else term.high for term in terms],
            )
        ]
        mean = run.mean.get(name)
        if mean is not None:
            low, high = (math.nan if end is None else end for end in (mean.low, mean.high))
            count = len(terms)
            series.append(
                Series(words["drivers_mean"], [mean.estimate] * count, mean_colour, [low] * count, [high] * count)
            )
        blocks.append(
            Lines(
                name,
                [term.quantile for term in terms],
                series,
                x_title=words["drivers_quantile"],
                value_title=f"{run.observations.y_name} / {name}",
                note="" if place else note,
            )
        )
    return blocks


def _coefficients(run: QuantileRun, words: dict[str, str]) -> Block:
    quantile = code(words["drivers_quantile"], lambda term: f"{term.quantile:g}")
    columns = [quantile, text(words["drivers_term"], lambda term: term_word(term.term, words)), *estimates(words, "t")]
    return statistics_table(words["drivers_coefficients"], columns, run.result.terms)


def _fit(run: QuantileRun, words: dict[str, str]) -> Block:
    columns = [
        code(words["drivers_quantile"], lambda fit: f"{fit.quantile:g}"),
        number(words["drivers_r1"], "r1", 4),
        code(words["drivers_gap"], lambda fit: "–" if fit.gap is None else f"{fit.gap:.1e}"),
    ]
    return statistics_table(words["drivers_quantile_fit"], columns, run.result.fits)


def _tests(run: QuantileRun, words: dict[str, str]) -> Block:
    tests = (
        (check.test, check.statistic, "" if check.df is None else str(check.df), check.p, check.note)
        for check in run.result.tests
        if check.quantile is None
    )
    return tests_table(tests, words)
