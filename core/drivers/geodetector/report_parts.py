"""Parts of the report of the geographical detector that not every run has: the years, and the shares of the factors."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import numpy as np

from ...report import Bars, Block, Heatmap, Lines, Map, MapPicture, Ramp, Series
from ..place.cell_maps import write_cell_map
from ..report_parts import code, count, number, statistics_table, text, written
from .run import GeodetectorRun
from .tables import GeodetectorResult

MOST_MAPS = 6

_NUMBER = re.compile(r"(?<=[\[( ])-?\d+(\.\d+)?(e[+-]?\d+)?(?=[,\]])")


def years_blocks(run: GeodetectorRun, order: Sequence[str], folder: str, words: dict[str, str]) -> list[Block]:
    """Q by year with its interval, the rank of each factor, and where the strongest one divides the land.

    Args:
        run: of `run_geodetector`.
        order: factors by falling q of all years.
        folder: for the rasters of the maps.
        words: of the report.
    """
    years = run.years
    if len(years) < 2:
        return []
    rows = {year: {row.factor: row for row in run.by_year[year].factors} for year in years}
    pooled = run.choice.options.year_breaks == "pooled"
    note = words["drivers_q_years_note"].format(level=f"{100 * run.choice.options.confidence:g} %")
    note += " " + words["drivers_years_pooled" if pooled else "drivers_years_own"]
    blocks: list[Block] = []
    if all(isinstance(year, int) for year in years):
        series = [
            Series(
                name,
                [rows[year][name].q for year in years],
                low=[rows[year][name].q_low for year in years],
                high=[rows[year][name].q_high for year in years],
            )
            for name in order
        ]
        numbers = [float(year) for year in years]
        blocks.append(
            Lines(words["drivers_q_years"], numbers, series, x_title=words["year"], value_title="q", note=note)
        )
    ranks = {year: sorted(order, key=lambda name: -(rows[year][name].q or 0.0)) for year in years}
    blocks.append(
        Heatmap(
            words["drivers_ranks"],
            list(order),
            [str(year) for year in years],
            [[rows[year][name].q for year in years] for name in order],
            "q",
            column_title=words["year"],
            texts=[
                [words["drivers_rank"].format(rank=ranks[year].index(name) + 1) for year in years] for name in order
            ],
        )
    )
    return [*blocks, *_changes(run, order, words), *_maps(run, order[0], folder, words)]


def _changes(run: GeodetectorRun, order: Sequence[str], words: dict[str, str]) -> list[Block]:
    """The change of each factor's q since the first year, where its interval was asked for."""
    if not run.choice.options.change_draws:
        return []
    level = f"{100 * run.choice.options.confidence:g} %"
    columns = [
        text(words["drivers_factor"], lambda pair: pair[1].factor),
        code(words["year"], lambda pair: str(pair[0])),
        number("q", lambda pair: pair[1].q, 4),
        number(words["drivers_q_change"], lambda pair: pair[1].change, 4),
        code(
            words["drivers_interval"].format(level=level),
            lambda pair: f"{written(pair[1].change_low, 4)} – {written(pair[1].change_high, 4)}",
        ),
    ]
    rows = [(year, row) for name in order for year in run.years[1:] for row in run.by_year[year].factors
            if row.factor == name]  # fmt: skip
    title = words["drivers_q_changes"].format(year=run.years[0])
    return [statistics_table(title, columns, rows, words["drivers_q_changes_note"])]


def _maps(run: GeodetectorRun, factor: str, folder: str, words: dict[str, str]) -> list[Block]:
    """The mean of the stratum of the strongest factor, a picture a year in one scale."""
    pictures = []
    for year in run.years[-MOST_MAPS:]:
        path = os.path.join(folder, f"year_{year}.tif")
        if write_stratum_means(run, run.by_year[year], factor, path):
            pictures.append(MapPicture(path, str(year)))
    if not pictures:
        return []
    note = words["drivers_risk_map_note"].format(y=run.choice.y)
    return [Map(f"{words['drivers_risk_map']}{words['colon']}{factor}", pictures, Ramp(run.choice.y), note)]


def write_stratum_means(run: GeodetectorRun, result: GeodetectorResult, factor: str, path: str) -> bool:
    """Writes each cell in the mean of y over its stratum; False where rows lie on no grid."""
    place = run.table.coordinates()
    if place is None:
        return False
    strata = result.strata[factor]
    means = np.full(len(strata.labels), np.nan)
    for row in result.risk:
        if row.factor == factor:
            means[row.stratum - 1] = row.mean
    return write_cell_map(path, means[strata.codes], place[result.used], run.table.crs)


def shortened(labels: Sequence[str]) -> list[str]:
    """Intervals with limits of four digits, as an axis has room for; as they are where two would be the same.

    >>> shortened(["[443.596, 506.323]", "(506.323, 62074.8]"])
    ['[443.6, 506.3]', '(506.3, 62070]']
    """
    short = [_NUMBER.sub(lambda found: f"{float(f'{float(found[0]):.4g}'):.10g}", label) for label in labels]
    return short if len(set(short)) == len(labels) else list(labels)


def shares_blocks(run: GeodetectorRun, order: Sequence[str], words: dict[str, str]) -> list[Block]:
    """What each factor adds to the q of the tree of all, and the leaves of that tree."""
    shares = {row.factor: row.share for row in run.result.factors}
    if any(share is None for share in shares.values()):
        return []
    ranked = sorted(order, key=lambda name: -(shares[name] or 0.0))
    together = sum(share or 0.0 for share in shares.values())
    note = words["drivers_shares_note"].format(q=f"{together:.4f}")
    bars = Bars(words["drivers_share"], ranked, [Series("", [shares[name] for name in ranked])], horizontal=True,
                value_title="q", note=note)  # fmt: skip
    columns = [text(words["drivers_rule"], "rule"), count(words["drivers_n"], "n")]
    columns.append(number(words["drivers_mean_value"], "mean"))
    joint = " + ".join(run.choice.factors)
    leaves = [row for row in run.result.trees if row.set == joint]
    return [bars, statistics_table(words["drivers_tree"].format(factors=joint), columns, leaves)]
