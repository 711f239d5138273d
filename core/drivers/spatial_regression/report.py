"""The report of a spatial regression: what a driver does here and next door, and why this model."""

from __future__ import annotations

import os

import numpy as np

from ...report import (
    Block,
    Chapter,
    Figure,
    Figures,
    Interval,
    Intervals,
    Map,
    MethodReport,
    Paragraph,
    Ramp,
)
from ...report.common import pictures
from ...report.texts import load_texts
from ..place.place_maps import write_place_map
from ..report_parts import (
    choice_word,
    closing,
    estimates,
    number,
    rows_table,
    statistics_table,
    term_word,
    tests_table,
    text,
    written,
    written_p,
)
from .effects import KINDS, Effect
from .run import SpatialRun

SOURCES = (
    "Anselin 1988, Spatial Econometrics; Anselin et al. 1996, Regional Science and Urban Economics 26:77 (robust score "
    "tests); LeSage and Pace 2009, Introduction to Spatial Econometrics (effects); Elhorst 2014; Lee and Yu 2010, "
    "Journal of Econometrics 154:165 (panels); Kelejian and Prucha 1998 and 1999, Arraiz et al. 2010 (moments)."
)
MOST_MAPS = 12


def spatial_regression_report(run: SpatialRun, folder: str, language: str) -> MethodReport:
    """What drivers do in place and through neighbours; language `en` or `zh`.

    Args:
        run: of `run_spatial_regression`.
        folder: for the rasters of the maps; it must outlive the writing of the report.
        language: of the report.
    """
    words = load_texts(language)
    design = run.fit.design
    rows = rows_table(run.observations.n_read, design.n, run.observations.dropped, words)
    return MethodReport(
        chapters=[
            Chapter(words["spatial_findings"], _findings(run, words)),
            Chapter(words["spatial_choice"], _choice(run, words)),
            Chapter(words["drivers_coefficients"], [_coefficients(run, words)]),
            Chapter(words["drivers_tests"], [_tests(run, words)]),
            Chapter(words["spatial_maps"], _maps(run, folder, words)),
            *closing(rows, (*_conventions(run, words), SOURCES), words),
        ],
        subtitle=f"{run.observations.y_name} ~ {' + '.join(run.observations.x_names)}",
        facts=[
            (words["spatial_model"], run.fit.model.upper()),
            (words["drivers_method"], choice_word("METHOD", run.fit.method, words)),
            (words["drivers_effects"], choice_word("EFFECTS", design.effects, words)),
            (words["drivers_n"], f"{design.n}"),
        ],
        warnings=run.warnings,
        sentences=[(words["about_drivers"], text) for text in _told(run, words)],
    )


def _told(run: SpatialRun, words: dict[str, str]) -> list[str]:
    """What each driver does in all, and how much of it through neighbours."""
    by_term: dict[str, dict[str, Effect]] = {}
    for row in run.effects.rows:
        by_term.setdefault(row.term, {})[row.effect] = row
    return [_sentence(term, rows, words) for term, rows in by_term.items()]


def _findings(run: SpatialRun, words: dict[str, str]) -> list[Block]:
    fit = run.fit
    cards = [Figure(words["drivers_n"], fit.design.n), Figure("R²", round(fit.r2, 3), "", words["spatial_r2_note"])]
    cards += [Figure({"rho": "ρ", "lambda": "λ"}[name], round(value, 3)) for name, value in fit.spatial]
    return [Figures(cards), _effect_plot(run, words), _effect_table(run, words)]


def _sentence(term: str, rows: dict[str, Effect], words: dict[str, str]) -> str:
    total, indirect = rows["total"], rows["indirect"]
    sure = total.p is not None and total.p < 0.05
    key = "spatial_sentence" if sure else "spatial_sentence_unsure"
    text = words[key].format(driver=term, total=written(total.estimate, 3), p=written_p(total.p))
    if indirect.std_error is None:
        return text + words["spatial_sentence_none"]
    if total.estimate * indirect.estimate > 0 and abs(indirect.estimate) <= abs(total.estimate):
        share = 100 * indirect.estimate / total.estimate
        return text + words["spatial_sentence_share"].format(share=f"{share:.0f}", p=written_p(indirect.p))
    values = (written(rows["direct"].estimate, 3), written(indirect.estimate, 3))
    return text + words["spatial_sentence_opposed"].format(
        direct=values[0], indirect=values[1], p=written_p(indirect.p)
    )


def _effect_plot(run: SpatialRun, words: dict[str, str]) -> Block:
    """In standard deviations, so that drivers of different units stand side by side."""
    design = run.fit.design
    k = len({row.term for row in run.effects.rows})
    scale = dict(zip(design.driver_names[:k], design.drivers[:, :k].std(axis=0) / design.y.std()))
    items = [
        Interval(
            row.term,
            row.estimate * scale[row.term],
            row.low * scale[row.term],
            row.high * scale[row.term],
            words[f"spatial_{row.effect}"],
        )
        for kind in KINDS
        for row in run.effects.rows
        if row.effect == kind and row.low is not None and row.high is not None
    ]
    level = f"{100 * run.choice.confidence:g} %"
    note = words["spatial_effects_note"].format(level=level)
    return Intervals(words["spatial_effects"], items, value_title=words["drivers_standardised"], note=note)


def _effect_table(run: SpatialRun, words: dict[str, str]) -> Block:
    effect = text(words["spatial_effect"], lambda row: words[f"spatial_{row.effect}"])
    columns = [text(words["drivers_term"], "term"), effect, *estimates(words, "z")]
    return statistics_table(words["spatial_effects"], columns, run.effects.rows, download="effects.csv")


def _choice(run: SpatialRun, words: dict[str, str]) -> list[Block]:
    blocks: list[Block] = []
    if run.chosen is None:
        blocks.append(Paragraph(words["spatial_choice_given"].format(model=run.fit.model.upper())))
    else:
        steps = [words[step.key].format(**step.numbers) for step in run.chosen.steps]
        blocks += [
            Paragraph(text) for text in (*steps, words["spatial_choice_made"].format(model=run.fit.model.upper()))
        ]
    columns = [
        text(words["spatial_model"], lambda row: row.model.upper() + (" ✓" if row.chosen else "")),
        number("ρ", "rho", 4),
        number("λ", "lambda_", 4),
        number(words["spatial_likelihood"], "log_likelihood", 6),
        number("AIC", "aic", 6),
        number("BIC", "bic", 6),
        number("R²", "r2", 4),
        number("σ", "sigma", 4),
    ]
    return [*blocks, statistics_table(words["spatial_models"], columns, run.models, words["spatial_models_note"])]


def _coefficients(run: SpatialRun, words: dict[str, str]) -> Block:
    columns = [text(words["drivers_term"], lambda row: term_word(row.term, words)), *estimates(words, "z")]
    note = words["spatial_coefficients_note"]
    return statistics_table(words["drivers_coefficients"], columns, run.coefficients(), note)


def _tests(run: SpatialRun, words: dict[str, str]) -> Block:
    tests = ((t.test, t.statistic, "" if t.df is None else f"{t.df:g}", t.p, t.note) for t in run.tests)
    return tests_table(tests, words)


def _maps(run: SpatialRun, folder: str, words: dict[str, str]) -> list[Block]:
    times = run.rows.labels
    places = np.tile(run.rows.coordinates, (run.rows.times, 1))
    codes = np.repeat(np.arange(run.rows.times), run.rows.places) if run.rows.times > 1 else None
    blocks: list[Block] = []
    for name, values, title, note in (
        ("residual", run.fit.residuals, "drivers_residual_map", "drivers_residual_note"),
        ("spatial", run.fit.spatial_residuals, "spatial_left_map", "spatial_left_note"),
    ):
        path = os.path.join(folder, f"{name}.tif")
        if write_place_map(path, values, places, run.table.crs, codes, times):
            blocks.append(
                Map(
                    words[title],
                    pictures(path, times[:MOST_MAPS]),
                    Ramp(run.observations.y_name, "diverging"),
                    words[note],
                )
            )
    return blocks


def _conventions(run: SpatialRun, words: dict[str, str]) -> list[str]:
    keys = ["spatial_convention_effects", "spatial_convention_r2", "spatial_convention_hausman"]
    if run.fit.design.effects != "none":
        keys.append("spatial_convention_lee_yu" if run.fit.design.corrected else "spatial_convention_plain")
    return [*(words[key] for key in keys), *run.fit.notes]
