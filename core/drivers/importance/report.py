"""The report of an importance of drivers: what matters, how, from where on, and how far it holds elsewhere."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np

from ...report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Column,
    Figure,
    Figures,
    Heatmap,
    Interval,
    Intervals,
    Lines,
    Map,
    MapPicture,
    MethodReport,
    Paragraph,
    Ramp,
    Scatter,
    Series,
    TableBlock,
)
from ...report.maps import ClassColour
from ...report.numbers import format_number, grouped
from ...report.texts import load_palettes, load_texts
from ..place.cell_maps import length_unit
from ..place.place_maps import write_place_map
from ..report_parts import closing, number_column, rows_table, written
from .explain import Curve, stratified
from .run import ImportanceRun
from .tables import DriverRow, ThresholdRow

Array = np.ndarray

SOURCES = (
    "Chen and Guestrin 2016 (xgboost); Ke et al. 2017 (lightgbm); Breiman 2001 (forests, permutation); Lundberg et al. "
    "2020, Nature Machine Intelligence 2:56 (SHAP of trees); Apley and Zhu 2020, JRSS B 82:1059 (accumulated local "
    "effects); Friedman and Popescu 2008 (interactions); Roberts et al. 2017, Ecography 40:913 (blocks); Meyer et al. "
    "2019."
)
_SHOWN, _SWARM_POINTS, _CLOUD_POINTS, _MOST_MAPS = 8, 250, 600, 12


def driver_colours(drivers: Sequence[str]) -> list[tuple[str, str]]:
    """A colour for each driver, the same in layers and reports."""
    return [(name, load_palettes().category(place)) for place, name in enumerate(drivers)]


def importance_report(run: ImportanceRun, folder: str, language: str) -> MethodReport:
    """What the trees found; language `en` or `zh`.

    Args:
        run: of `run_driver_importance`.
        folder: for the rasters of the maps; it must outlive the writing of the report.
        language: of the report.
    """
    words = load_texts(language)
    found, choice = run.rows.observations, run.choice
    rows = rows_table(found.n_read, run.rows.n, found.dropped, words)
    return MethodReport(
        chapters=[
            Chapter(words["importance_findings"], _findings(run, words)),
            Chapter(words["importance_drivers"], _drivers(run, words)),
            Chapter(words["importance_curves"], _curves(run, words)),
            Chapter(words["importance_interactions"], _interactions(run, words)),
            Chapter(words["importance_skill"], _skill(run, words)),
            Chapter(words["importance_maps"], _maps(run, folder, words)),
            *closing(rows, (*_conventions(run, words), SOURCES), words),
        ],
        subtitle=f"{choice.y} ~ {' + '.join(choice.x)}",
        facts=[
            (words["importance_engine"], choice.settings.engine),
            (words["drivers_n"], f"{run.rows.n}"),
            (words["importance_r2_blocks"], f"{run.r2('blocks'):.3f}"),
            (words["importance_r2_random"], f"{run.r2('random'):.3f}"),
        ],
        warnings=run.warnings,
        sentences=_sentences(run, words),
    )


def _sentences(run: ImportanceRun, words: dict[str, str]) -> list[tuple[str, str]]:
    """What each driver does and from where on, the most important first."""
    thresholds = {(row.driver, row.kind): row for row in run.threshold_rows()}
    told = [(words["about_drivers"], _sentence(row, thresholds, words)) for row in run.drivers]
    return told if thresholds else [*told, (words["about_range"], words["importance_no_threshold"])]


def _findings(run: ImportanceRun, words: dict[str, str]) -> list[Block]:
    cards = [
        Figure(words["importance_r2_blocks"], round(run.r2("blocks"), 3), "", words["importance_r2_blocks_note"]),
        Figure(words["importance_r2_random"], round(run.r2("random"), 3), "", words["importance_r2_random_note"]),
        Figure(words["importance_trees"], run.validations.chosen.rounds),
    ]
    return [Figures(cards)]


def _sentence(row: DriverRow, thresholds: dict[tuple[str, str], ThresholdRow], words: dict[str, str]) -> str:
    text = words["importance_sentence"].format(
        rank=row.rank, driver=row.driver, share=f"{row.share_pct or 0:.0f}", change=format_number(-row.permutation, 3)
    )
    if row.share_low is not None and row.share_high is not None:
        text += words["importance_sentence_band"].format(low=f"{row.share_low:.0f}", high=f"{row.share_high:.0f}")
    if row.direction is not None and abs(row.direction) > 0.5:
        text += words["importance_more" if row.direction > 0 else "importance_less"]
    zero = thresholds.get((row.driver, "shap_zero")) or thresholds.get((row.driver, "ale_zero"))
    turn = thresholds.get((row.driver, "shap_break")) or thresholds.get((row.driver, "ale_break"))
    if zero:
        key = "importance_zero_up" if zero.after > 0 else "importance_zero_down"
        text += words[key].format(**_interval(zero))
    if turn:
        text += words["importance_break"].format(**_interval(turn))
    return text


def _interval(row: ThresholdRow) -> dict[str, str]:
    return {"x": written(row.x, 4), "low": written(row.low, 4), "high": written(row.high, 4)}


def _drivers(run: ImportanceRun, words: dict[str, str]) -> list[Block]:
    blocks: list[Block] = [
        Bars(
            words["importance_shares"],
            [row.driver for row in run.drivers],
            [Series(words["importance_share"], [row.share_pct for row in run.drivers])],
            "%",
            horizontal=True,
            note=words["importance_shares_note"],
        )
    ]
    banded = [row for row in run.drivers if row.share_low is not None]
    if banded:
        items = [Interval(r.driver, r.share_pct or 0, r.share_low or 0, r.share_high or 0) for r in banded]
        blocks.append(Intervals(words["importance_stability"], items, "%", note=words["importance_stability_note"]))
    blocks += _swarm(run, words)
    titles = ["SHAP", words["importance_share"], words["importance_rank"], words["importance_rank_range"]]
    titles += [words["importance_permutation"], "±", words["importance_direction"]]
    columns = [Column(words["drivers_term"], kind="text"), *map(number_column, titles)]
    columns += [Column(words["importance_group"], kind="text"), number_column(words["importance_group_loss"])]
    rows = [
        (
            row.driver,
            written(row.shap_mean_abs, 4),
            written(row.share_pct, 3),
            row.rank,
            "–" if row.rank_low is None else f"{row.rank_low:.0f} – {row.rank_high:.0f}",
            written(row.permutation, 3),
            written(row.permutation_sd, 2),
            written(row.direction, 3),
            row.group if row.group != row.driver else "",
            written(row.permutation_group, 3),
        )
        for row in run.drivers
    ]
    note = words["importance_table_note"]
    return [*blocks, TableBlock(words["importance_drivers"], columns, rows, note, download="drivers.csv")]


def _swarm(run: ImportanceRun, words: dict[str, str]) -> list[Block]:
    shares = run.explained.shares
    if shares.values is None:
        return []
    names = [row.driver for row in run.drivers][:_SHOWN]
    taken = stratified(run.rows.y[shares.rows], _SWARM_POINTS)
    rng = np.random.default_rng(0)
    x: list[float] = []
    y: list[float] = []
    shade: list[float] = []
    for place, name in enumerate(names):
        driver = run.rows.drivers.index(name)
        values = shares.values[taken, driver]
        column = run.rows.x[shares.rows[taken], run.rows.columns[driver][0]]
        rank = np.argsort(np.argsort(column)) / max(len(column) - 1, 1)
        x += values.tolist()
        y += (place + _spread(values, rng)).tolist()
        shade += (rank if run.rows.numeric[driver] else np.full(len(rank), 0.5)).tolist()
    return [
        Scatter(
            words["importance_swarm"],
            x,
            y,
            shade,
            words["importance_value"],
            names,
            x_title=words["importance_shap"].format(y=run.choice.y),
            note=words["importance_swarm_note"],
        )
    ]


def _spread(values: Array, rng: np.random.Generator) -> Array:
    """Offsets up and down, wider where many values are alike."""
    counts, edges = np.histogram(values, 30)
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, 29)
    return rng.uniform(-0.38, 0.38, len(values)) * counts[place] / max(counts.max(), 1)


def _curves(run: ImportanceRun, words: dict[str, str]) -> list[Block]:
    blocks: list[Block] = [Paragraph(words["importance_curves_note"])]
    ranks = {row.driver: row.rank for row in run.drivers}
    effect = words["drivers_effect_on"].format(y=run.choice.y)
    curves = sorted(run.explained.curves, key=lambda curve: ranks[run.rows.drivers[curve.driver]])[:_SHOWN]
    for curve in curves:
        name = run.rows.drivers[curve.driver]
        blocks += _dependence(run, curve, name, words)
        ale = Series(
            words["importance_ale"], curve.ale.tolist(), low=curve.ale_low.tolist(), high=curve.ale_high.tolist()
        )
        pdp = Series(words["importance_pdp"], (curve.pdp - curve.pdp.mean()).tolist())
        title = words["importance_ale_of"].format(driver=name)
        blocks.append(Lines(title, curve.at.tolist(), [ale, pdp], x_title=name, value_title=effect))
    rows = [
        (
            row.driver,
            words[f"importance_{row.kind}"],
            *(written(value, 4) for value in (row.x, row.low, row.high, row.before, row.after)),
        )
        for row in run.threshold_rows()
    ]
    if rows:
        columns = [Column(words["drivers_term"], kind="text"), Column(words["importance_kind"], kind="text")]
        titles = [words["importance_threshold"], words["drivers_low"], words["drivers_high"]]
        titles += [words["importance_before"], words["importance_after"]]
        columns += list(map(number_column, titles))
        blocks.append(TableBlock(words["importance_thresholds"], columns, rows, words["importance_thresholds_note"]))
    return blocks


def _dependence(run: ImportanceRun, curve: Curve, name: str, words: dict[str, str]) -> list[Block]:
    shares = run.explained.shares
    if shares.values is None or curve.smooth is None:
        return []
    taken = stratified(run.rows.y[shares.rows], _CLOUD_POINTS)
    column = run.rows.columns[curve.driver][0]
    marks = [
        (row.x, row.low, row.high) for row in run.threshold_rows() if row.driver == name and row.kind[:4] == "shap"
    ]
    return [
        Scatter(
            words["importance_dependence"].format(driver=name),
            run.rows.x[shares.rows[taken], column].tolist(),
            shares.values[taken, curve.driver].tolist(),
            curve=list(zip(curve.at.tolist(), curve.smooth.tolist())),
            marks=marks,
            x_title=name,
            y_title=words["importance_shap"].format(y=run.choice.y),
        )
    ]


def _interactions(run: ImportanceRun, words: dict[str, str]) -> list[Block]:
    if not run.interactions:
        return []
    names = list(dict.fromkeys(n for row in run.interactions for n in (row.driver_a, row.driver_b)))
    found = {frozenset((row.driver_a, row.driver_b)): row for row in run.interactions}
    values = [[None if a == b else found[frozenset((a, b))].strength for b in names] for a in names]
    return [
        Heatmap(
            words["importance_interactions"],
            names,
            names,
            values,
            run.choice.y,
            note=words["importance_interactions_note"],
        )
    ]


def _skill(run: ImportanceRun, words: dict[str, str]) -> list[Block]:
    titles = [words["drivers_n"], "R²", "RMSE", "MAE"]
    columns = [Column(words["importance_validation"], kind="text"), Column(words["importance_fold"], kind="text")]
    columns += list(map(number_column, titles))
    rows = [
        (
            words[f"importance_{row.validation}"],
            words["importance_all"] if row.fold == "all" else row.fold,
            row.n,
            written(row.r2, 4),
            written(row.rmse, 4),
            written(row.mae, 4),
        )
        for row in run.skill
    ]
    blocks: list[Block] = [TableBlock(words["importance_skill"], columns, rows, words["importance_skill_note"])]
    pattern = run.validations.pattern
    unit = length_unit(run.table.crs)
    if pattern is not None:
        blocks.append(
            Lines(
                words["importance_correlogram"],
                pattern.distance.tolist(),
                [Series(words["local_moran"], pattern.i.tolist())],
                x_title=f"{words['importance_distance']} ({unit})" if unit else words["importance_distance"],
                value_title=words["local_moran"],
                note=words["importance_correlogram_note"].format(side=grouped(run.validations.block_size)),
            )
        )
    return blocks


def _maps(run: ImportanceRun, folder: str, words: dict[str, str]) -> list[Block]:
    places = run.rows.coordinates
    if places is None:
        return [Paragraph(words["drivers_no_places"])]
    codes = run.rows.years if len(run.rows.labels) > 1 else None
    times = run.rows.labels if codes is not None else ("",)

    def pictures(name: str, values: Array) -> list[MapPicture]:
        path = os.path.join(folder, f"{name}.tif")
        if not write_place_map(path, values, places, run.table.crs, codes, times):
            return []
        return [MapPicture(path, title, band) for band, title in enumerate(times[:_MOST_MAPS], start=1)]

    blocks: list[Block] = []
    top = run.top_driver()
    if (top >= 0).any():
        colours = driver_colours(run.rows.drivers)
        legend = Classes([ClassColour(place + 1, name, colour) for place, (name, colour) in enumerate(colours)])
        shown = pictures("top", np.where(top >= 0, top + 1.0, np.nan))
        blocks.append(Map(words["importance_top"], shown, legend, words["importance_top_note"]))
    chosen = run.validations.chosen
    left = pictures("residual", run.rows.y - chosen.predicted)
    blocks.append(
        Map(words["importance_residuals"], left, Ramp(run.choice.y, "diverging"), words["drivers_residual_note"])
    )
    return [block for block in blocks if not isinstance(block, Map) or block.pictures]


def _conventions(run: ImportanceRun, words: dict[str, str]) -> list[str]:
    texts = [words["importance_convention_shap"], words["importance_convention_rounds"]]
    gap = run.explained.shares.gap
    if np.isfinite(gap):
        texts.append(words["importance_convention_gap"].format(gap=written(gap, 2)))
    return texts
