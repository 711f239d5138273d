"""The report of spatial autocorrelation: Moran's I, clusters and their map."""

from __future__ import annotations

import os

import numpy as np

from ...report import (
    Bars,
    Block,
    Chapter,
    Classes,
    Figure,
    Figures,
    Map,
    MapPicture,
    MethodReport,
    Paragraph,
    Scatter,
    Series,
)
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ..place.place_maps import write_place_map
from ..report_parts import (
    CERTAIN,
    closing,
    count,
    number,
    p_value,
    rows_table,
    statistics_table,
    text,
    written,
    written_p,
)
from .cluster_legend import cluster_legend
from .run import SpatialRun

SOURCES = (
    "Cliff and Ord 1981, Spatial Processes (moments of I and of residuals); Anselin 1995, Geographical Analysis 27:93 "
    "(local Moran); Anselin 2019, Geographical Analysis 51:133 (local Geary); Ord and Getis 1995, Geographical "
    "Analysis 27:286 (Gi*); Lee 2001, Journal of Geographical Systems 3:369 (L); Benjamini and Hochberg 1995 (false "
    "discovery rate)."
)
MOST_POINTS = 5_000  # of the scatter plot; of more places so many are drawn


def spatial_report(run: SpatialRun, folder: str, language: str) -> MethodReport:
    """Whether neighbours are alike, and where; language `en` or `zh`.

    Args:
        run: of `run_spatial_autocorrelation`.
        folder: for the raster of the map; it must outlive the writing of the report.
        language: of the report.
    """
    words = load_texts(language)
    choice = run.choice
    rows = rows_table(run.observations.n_read, len(run.rows), run.dropped, words)
    notes = (*dict.fromkeys(test.note for test in run.tests), run.local.note, SOURCES)
    local = [*_clusters(run, words, language), *_map(run, folder, words, language)]
    return MethodReport(
        chapters=[
            Chapter(words["drivers_autocorrelation"], [*_overall(run, words), *_scatter(run, words)]),
            Chapter(words[f"drivers_local_{choice.statistic}"], local),
            *closing(rows, notes, words),
        ],
        subtitle=_subtitle(run),
        facts=[(words["drivers_n"], f"{len(run.rows)}")],
        sentences=_sentences(run, Teller(language)),
    )


def _sentences(run: SpatialRun, teller: Teller) -> list[Sentence]:
    """Whether neighbours are alike, how surely, and how many places lie in clusters of which kind."""
    first = run.tests[0]
    p = first.p if first.p is not None else first.p_permutation
    expected = first.expected or 0.0
    alike = first.statistic < expected if first.test == "geary_c" else first.statistic > expected
    key = "neighbours_unsure" if p is None or p >= CERTAIN else "neighbours_alike" if alike else "neighbours_differ"
    name = f"{teller.words[f'drivers_{first.test}']} {teller.number(first.statistic, 4)}"
    sentences = [teller.sentence("neighbours", key, statistic=name, p=written_p(p))]
    counts = list(run.cluster_counts().values())
    legend = cluster_legend(teller.language, run.choice.statistic)
    shares = ((each.name, 100 * counts[each.code] / max(len(run.rows), 1)) for each in legend if counts[each.code])
    told = teller.valued((within(name), teller.amount_of(share, "%")) for name, share in shares)
    return [*sentences, teller.sentence("clusters", "clusters", parts=told)]


def _subtitle(run: SpatialRun) -> str:
    choice = run.choice
    if choice.second:
        return f"{choice.field} | {choice.second}"
    return f"{choice.field} ~ {' + '.join(choice.x)}" if choice.x else choice.field


def _overall(run: SpatialRun, words: dict[str, str]) -> list[Block]:
    first = run.tests[0]
    cards = [Figure(words[f"drivers_{first.test}"], round(first.statistic, 4))]
    cards += [Figure("z", round(first.z, 2))] if first.z is not None else []
    p = first.p if first.p is not None else first.p_permutation
    cards += [Figure("p", written_p(p))] if p is not None else []
    columns = [
        text(words["drivers_test"], lambda test: words[f"drivers_{test.test}"]),
        number(words["drivers_statistic"], "statistic", 4),
        number(words["drivers_expected"], "expected", 4),
        number("z", "z", 4),
        p_value(),
        p_value(words["drivers_p_permutation"], "p_permutation"),
        count(words["drivers_n"], "n"),
        count(words["island"], lambda _: run.weights.islands),
    ]
    return [Figures(cards), statistics_table(words["drivers_autocorrelation"], columns, run.tests)]


def _scatter(run: SpatialRun, words: dict[str, str]) -> list[Block]:
    """Each place against its neighbours, both in standard deviations; the slope of the line is Moran's I."""
    if run.choice.statistic not in ("moran", "bivariate"):
        return []
    linked = np.diff(run.weights.matrix.indptr) > 0
    z, v = ((values - values.mean()) / values.std() for values in (run.values, run.around))
    lag = run.weights.matrix @ v
    x, y = z[linked], lag[linked]
    if len(x) > MOST_POINTS:
        drawn = np.sort(np.random.default_rng(run.choice.seed).choice(len(x), MOST_POINTS, replace=False))
        x, y = x[drawn], y[drawn]
    slope = run.tests[0].statistic
    ends = (float(x.min()), float(x.max()))
    return [
        Scatter(
            words["drivers_scatter"],
            x.tolist(),
            y.tolist(),
            curve=[(end, slope * end) for end in ends],
            x_title=words["drivers_in_deviations"].format(field=run.choice.field),
            y_title=words["drivers_in_deviations"].format(
                field=words["drivers_around"].format(field=run.choice.second or run.choice.field)
            ),
            note=words["drivers_scatter_note"].format(i=written(slope, 4)),
        )
    ]


def _clusters(run: SpatialRun, words: dict[str, str], language: str) -> list[Block]:
    counts = list(run.cluster_counts().values())
    legend = [each for each in cluster_legend(language, run.choice.statistic) if counts[each.code]]
    series = [
        Series(each.name, [counts[each.code] if one is each else None for one in legend], each.colour)
        for each in legend
    ]
    names = [each.name for each in legend]
    return [Bars(words["drivers_clusters"], names, series, horizontal=True, value_title=words["drivers_count"])]


def _map(run: SpatialRun, folder: str, words: dict[str, str], language: str) -> list[Block]:
    path = os.path.join(folder, "clusters.tif")
    if not write_place_map(path, run.local.cluster.astype(float), run.coordinates, run.table.crs):
        return [Paragraph(words["drivers_no_grid"])]
    legend = cluster_legend(language, run.choice.statistic)
    return [Map(words["drivers_cluster_map"], [MapPicture(path)], Classes(legend))]
