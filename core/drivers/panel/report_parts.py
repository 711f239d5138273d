"""Parts of the report of a panel regression that not every run has: curves of drivers, and models side by side."""

from __future__ import annotations

import numpy as np
from scipy import stats

from ...messages import told
from ...report import Block, Column, Interval, Intervals, Lines, Paragraph, Series, TableBlock
from ..report_parts import (
    Told,
    choice_word,
    language_of,
    number,
    number_column,
    p_value,
    statistics_table,
    term_word,
    text,
    written,
    written_p,
)
from .run import PanelRun
from .turning import Curve, Turning, slopes_of

_POINTS = 60  # of a drawn curve


def turning_blocks(run: PanelRun, words: dict[str, str]) -> list[Block]:
    """What each curve says in a sentence, the curve with its interval, turning points, and slopes that others bend."""
    rows = run.turning()
    blocks: list[Block] = [Paragraph(told) for told in turning_sentences(run, words)]
    blocks += [_curve(run, curve, words) for curve in run.curves if len(curve.powers) > 1]
    if rows:
        blocks.append(_table(rows, words))
    bent = [curve for curve in run.curves if curve.products]
    return [*blocks, *([_slopes(run, bent, words)] if bent else [])]


def turning_sentences(run: PanelRun, words: dict[str, str]) -> list[str]:
    """What each curve says, of products where the others have their first value."""
    rows = run.turning()
    return [_sentence(row, run.observations.y_name, words) for row in rows if row.at in ("", rows[0].at)]


def _sentence(row: Turning, y: str, words: dict[str, str]) -> str:
    interval = words["drivers_no_end"] if row.low is None else f"{written(row.low, 4)} – {written(row.high, 4)}"
    sentence = words[f"drivers_shape_{row.shape}"].format(
        x=row.term,
        y=y,
        point=written(row.turning_point, 4),
        interval=interval,
        beyond=written(row.share_beyond, 3),
        p=written_p(row.p_shape),
    )
    return f"{sentence} ({row.at})" if row.at else sentence


def _curve(run: PanelRun, curve: Curve, words: dict[str, str]) -> Block:
    """What the driver does to y beside its middle value, others of products at their first value."""
    estimates, covariance = run.estimates, run.result.covariance
    held, _ = slopes_of(curve, estimates, covariance)[-2 if curve.products else 0]
    middle = float(np.median(curve.values))
    x = np.linspace(float(curve.values.min()), float(curve.values.max()), _POINTS)
    gradient = np.zeros((_POINTS, len(estimates)))
    for power, position in enumerate(curve.powers, start=1):
        gradient[:, position] = x**power - middle**power
    for _, position, values in curve.products:
        gradient[:, position] = (x - middle) * float(np.median(values))
    effect = gradient @ estimates
    error = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", gradient, covariance, gradient), 0))
    reach = float(stats.t.ppf((1 + run.choice.confidence) / 2, run.result.df)) * error
    series = Series(curve.name, effect.tolist(), low=(effect - reach).tolist(), high=(effect + reach).tolist())
    note = words["drivers_curve_note"].format(level=f"{100 * run.choice.confidence:g} %", middle=written(middle, 4))
    return Lines(
        words["drivers_curve"].format(x=curve.name),
        x.tolist(),
        [series],
        x_title=curve.name,
        value_title=words["drivers_effect_on"].format(y=run.observations.y_name),
        note=f"{note} {held}".strip(),
    )


def _table(rows: list[Turning], words: dict[str, str]) -> Block:
    def numbers(*names: str) -> list[Told]:
        return [number(words[f"drivers_{name}"], name, 4) for name in names]

    columns = [
        text(words["drivers_term"], "term"),
        text(words["drivers_held"], "at"),
        text(words["drivers_shape"], lambda row: words[f"drivers_shape_name_{row.shape}"]),
        *numbers("turning_point", "std_error", "low", "high"),
        p_value(words["drivers_p_shape"], "p_shape"),
        *numbers("share_beyond", "helps_from", "helps_to"),
    ]
    return statistics_table(words["drivers_turning"], columns, rows, words["drivers_turning_note"])


def _slopes(run: PanelRun, curves: list[Curve], words: dict[str, str]) -> Block:
    columns = [
        Column(words["drivers_term"], kind="text"),
        Column(words["drivers_held"], kind="text"),
        number_column(words["drivers_estimate"]),
        number_column(words["drivers_std_error"]),
    ]
    cells = []
    for curve in curves:
        middle = float(np.median(curve.values))
        for held, slope in slopes_of(curve, run.estimates, run.result.covariance):
            value, error = slope.at(middle)
            cells.append((curve.name, held, written(value), written(error)))
    return TableBlock(words["drivers_slopes"], columns, cells)


def models_blocks(run: PanelRun, words: dict[str, str]) -> list[Block]:
    """Slopes of all models side by side, and what each is."""
    if len(run.models) < 2:
        return []
    names = list(
        dict.fromkeys(term.term for model in run.models for term in model.terms if not term.term.startswith("year_"))
    )
    found = {(model.model, term.term): term for model in run.models for term in model.terms}
    columns = [
        Column(words["drivers_term"], kind="text"),
        *(Column(choice_word("MODEL", model.model, words), kind="code") for model in run.models),
    ]
    cells = []
    for name in names:
        terms = [found.get((model.model, name)) for model in run.models]
        cells.append(
            (
                term_word(name, words),
                *(
                    "–" if term is None else f"{written(term.estimate, 4)} ({written(term.std_error, 3)})"
                    for term in terms
                ),
            )
        )
    items = [
        Interval(
            term.term,
            term.standardised * 1.0,
            *_scaled(term.standardised, term.estimate, term.low, term.high),
            choice_word("MODEL", model.model, words),
        )
        for model in run.models
        for term in model.terms
        if term.standardised is not None and term.estimate
    ]
    language = language_of(words)
    notes = " ".join(f"{told(model.note, language)} (n {model.n}, R² {written(model.r2, 3)})." for model in run.models)
    plot = Intervals(
        words["drivers_models"], items, value_title=words["drivers_standardised"], note=words["drivers_models_note"]
    )
    return [plot, TableBlock(words["drivers_models"], columns, cells, notes)]


def _scaled(standardised: float, estimate: float, low: float, high: float) -> tuple[float, float]:
    share = standardised / estimate
    ends = sorted((low * share, high * share))
    return ends[0], ends[1]
