"""The report of a local regression: who drives what where, the scale of each driver, what limits it."""

from __future__ import annotations

import numpy as np

from ...report import (
    Block,
    Chapter,
    Figure,
    Figures,
    Lines,
    MethodReport,
    Paragraph,
    Series,
)
from ...report.numbers import grouped
from ...report.texts import load_texts
from ..observations import summarise
from ..report_parts import (
    choice_word,
    closing,
    code,
    number,
    p_value,
    rows_table,
    statistics_table,
    term_word,
    text,
    written,
)
from .report_maps import local_maps
from .run import LocalRun
from .tables import TermRow

SOURCES = (
    "Fotheringham, Brunsdon and Charlton 2002 (GWR); Fotheringham, Yang and Kang 2017, Annals of the AAG 107:1247 and "
    "Yu et al. 2020, Geographical Analysis 52:87 (multiscale); Huang, Wu and Barry 2010, IJGIS 24:383 (space and "
    "time); da Silva and Fotheringham 2016, Geographical Analysis 48:233 (significance at many places); Oshan et al. "
    "2019, ISPRS IJGI 8:269 (mgwr)."
)


def local_report(run: LocalRun, folder: str, language: str) -> MethodReport:
    """How the drivers work from place to place; language `en` or `zh`.

    Args:
        run: of `run_local_regression`.
        folder: for the rasters of the maps; it must outlive the writing of the report.
        language: of the report.
    """
    words = load_texts(language)
    found, choice = run.estimate, run.choice
    rows = rows_table(run.observations.n_read, run.observations.n, run.observations.dropped, words)
    return MethodReport(
        chapters=[
            Chapter(words["local_findings"], [*_findings(run, words), *_terms(run, words)]),
            Chapter(words["local_maps"], local_maps(run, folder, words)),
            Chapter(words["local_models"], _models(run, words)),
            Chapter(words["local_search"], _search(run, words)),
            *closing(rows, (*_conventions(run, words), SOURCES), words),
        ],
        subtitle=f"{run.observations.y_name} ~ {' + '.join(run.observations.x_names)}",
        facts=[
            (words["drivers_method"], choice.method.upper()),
            (
                words["local_kernel"],
                f"{choice_word('KERNEL', choice.kernel, words)}, {choice_word('BANDWIDTH_KIND', choice.kind, words)}",
            ),
            (words["drivers_n"], f"{run.observations.n}"),
            ("R²", f"{found.diagnostics.r2:.3f}"),
        ],
        warnings=run.warnings,
        sentences=[
            *_pooled(run, words),
            *((words["about_drivers"], _sentence(row, run, words)) for row in run.term_rows()[1:]),
            (words["about_fit"], words["local_better" if _is_better(run) else "local_not_better"]),
        ],
    )


def _pooled(run: LocalRun, words: dict[str, str]) -> list[tuple[str, str]]:
    """That years are taken together, which no local coefficient tells."""
    times = run.observations.times
    if times is None or len(times) < 2 or run.choice.method == "gtwr":
        return []
    return [(words["about_mind"], words["local_years_pooled"].format(years=len(times)))]


def _is_better(run: LocalRun) -> bool:
    """Whether the AICc is lower by more than 3 than that of one regression for all places."""
    return run.models[0].aicc - run.estimate.diagnostics.aicc > 3


def _findings(run: LocalRun, words: dict[str, str]) -> list[Block]:
    found = run.estimate.diagnostics
    ols = run.models[0]
    cards = [
        Figure("R²", round(found.r2, 3), "", words["local_r2_of_ols"].format(r2=f"{ols.r2:.3f}")),
        Figure("AICc", round(found.aicc, 1), "", words["local_aicc_of_ols"].format(aicc=grouped(ols.aicc, 1))),
        Figure(words["local_enp"], round(found.enp, 1)),
    ]
    return [Figures(cards)]


def _sentence(row: TermRow, run: LocalRun, words: dict[str, str]) -> str:
    negative = row.share_significant - row.share_significant_positive
    kind = "local_sentence" if row.share_significant > 0 else "local_sentence_none"
    reach = words["local_reach_places" if run.choice.kind == "adaptive" else "local_reach_distance"]
    return words[kind].format(
        driver=row.term,
        positive=f"{100 * row.share_significant_positive:.0f}",
        negative=f"{100 * negative:.0f}",
        low=written(row.minimum, 3),
        median=written(row.median, 3),
        high=written(row.maximum, 3),
        reach=reach.format(bandwidth=grouped(row.bandwidth)),
    )


def _terms(run: LocalRun, words: dict[str, str]) -> list[Block]:
    def reach(row: TermRow) -> str:
        return (
            "–" if row.bandwidth_low is None else f"{grouped(row.bandwidth_low)} – {grouped(row.bandwidth_high or 0.0)}"
        )

    columns = [
        text(words["drivers_term"], lambda row: term_word(row.term, words)),
        code(words["local_bandwidth"], lambda row: grouped(row.bandwidth)),
        code(words["local_bandwidth_range"], reach),
        number(words["local_enp"], "enp", 3),
        number(words["local_critical"], "critical_t", 3),
        *(number(words[f"local_{name}"], name, 3) for name in ("minimum", "median", "maximum")),
        code(words["local_positive"], lambda row: f"{100 * row.share_positive:.0f} %"),
        code(words["local_significant"], lambda row: f"{100 * row.share_significant:.0f} %"),
        number(words["local_ols"], "ols", 3),
        number(words["local_varies"], "iqr_to_2se", 3),
    ]
    if run.spread is not None:
        columns.append(p_value(words["local_p_variability"], "p_variability"))
    note = words["local_terms_note"]
    return [statistics_table(words["local_terms"], columns, run.term_rows(), note, download="terms.csv")]


def _models(run: LocalRun, words: dict[str, str]) -> list[Block]:
    columns = [
        text(words["local_model"], lambda row: row.model.upper()),
        number("AICc", "aicc", 6),
        number("R²", "r2", 4),
        number(words["local_r2_adjusted"], "r2_adjusted", 4),
        number(words["local_enp"], "enp", 4),
        number("σ", "sigma", 4),
        number(words["local_moran"], "moran_residual", 3),
        number("z", "moran_z", 3),
        p_value("p", "moran_p"),
    ]
    return [statistics_table(words["local_models"], columns, run.models, words["local_models_note"])]


def _search(run: LocalRun, words: dict[str, str]) -> list[Block]:
    found = run.estimate
    rows = found.searches
    if not len(rows):
        return [Paragraph(words["local_no_search"])]
    if run.choice.method == "mgwr":
        sweeps = np.unique(rows[:, 1])
        lines = [Series(term, [float(b) for b in rows[rows[:, 0] == j][:, 2]]) for j, term in enumerate(run.terms)]
        return [
            Lines(
                words["local_search_sweeps"],
                sweeps.tolist(),
                lines,
                x_title=words["local_sweep"],
                value_title=words["local_bandwidth"],
            )
        ]
    over_time = bool(np.isfinite(rows[:, 3]).any())
    axis = 3 if over_time else 2
    best = [rows[rows[:, axis] == value][:, 4].min() for value in np.unique(rows[:, axis])]
    at = np.unique(rows[:, axis])
    shown = np.isfinite(best)
    title = words["local_search_tau" if over_time else "local_search_curve"]
    curve = Series(run.choice.criterion.upper(), [float(value) for value in np.array(best)[shown]])
    name = words["local_tau" if over_time else "local_bandwidth"]
    return [Lines(title, at[shown].tolist(), [curve], x_title=name, value_title=run.choice.criterion.upper())]


def _conventions(run: LocalRun, words: dict[str, str]) -> list[str]:
    texts = [words["local_convention_errors"], words["local_convention_condition"]]
    if run.choice.scaled:
        texts.append(words["local_convention_scaled"])
    if run.choice.method == "gtwr":
        texts.append(words["local_convention_time"].format(tau=written(run.estimate.tau)))
    if run.spread is not None:
        texts.append(words["local_convention_variability"].format(draws=run.spread.draws))
    return [*texts, summarise(run.observations.dropped)]
