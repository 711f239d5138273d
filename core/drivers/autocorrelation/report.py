"""The report of spatial autocorrelation: Moran's I, clusters and their map."""

from __future__ import annotations

import os

from ...report import Bars, Block, Chapter, Classes, Figure, Figures, Map, MapPicture, MethodReport, Paragraph, Series
from ...report.blocks import Column, TableBlock
from ...report.texts import load_texts
from ..place.cell_maps import write_cell_map
from ..report_parts import number_column, rows_table, written, written_p
from .cluster_legend import cluster_legend
from .run import SpatialRun

SOURCES = (
    "Cliff and Ord 1981, Spatial Processes (moments of I and of residuals); Anselin 1995, Geographical Analysis 27:93 "
    "(local Moran); Benjamini and Hochberg 1995 (false discovery rate)."
)


def spatial_report(run: SpatialRun, folder: str, language: str) -> MethodReport:
    """Whether neighbours are alike, and where; language `en` or `zh`.

    Args:
        run: of `run_spatial_autocorrelation`.
        folder: for the raster of the map; it must outlive the writing of the report.
        language: of the report.
    """
    words = load_texts(language)
    overall, choice = run.overall, run.choice
    rows = rows_table(run.observations.n_read, len(run.rows), run.dropped, words)
    notes = (overall.note, run.local.note, SOURCES)
    return MethodReport(
        chapters=[
            Chapter(words["drivers_autocorrelation"], _overall(run, words)),
            Chapter(words["drivers_local"], [*_clusters(run, words, language), *_map(run, folder, words, language)]),
            Chapter(words["drivers_rows"], [rows]),
            Chapter(words["drivers_conventions"], [Paragraph(note) for note in notes]),
        ],
        subtitle=f"{choice.field} ~ {' + '.join(choice.x)}" if choice.x else choice.field,
        facts=[(words["drivers_n"], f"{len(run.rows)}")],
    )


def _overall(run: SpatialRun, words: dict[str, str]) -> list[Block]:
    overall = run.overall
    cards = [Figure("I", round(overall.i, 4)), Figure("z", round(overall.z, 2)), Figure("p", written_p(overall.p))]
    titles = ("I", words["drivers_expected"], "z", "p", words["drivers_p_permutation"])
    row = (
        written(overall.i, 4),
        written(overall.expected, 4),
        written(overall.z, 4),
        written_p(overall.p),
        written_p(overall.p_permutation),
        overall.n,
        overall.islands,
    )
    columns = [*map(number_column, titles), Column(words["drivers_n"], decimals=0), Column(words["island"], decimals=0)]
    return [Figures(cards), TableBlock(words["drivers_autocorrelation"], columns, [row])]


def _clusters(run: SpatialRun, words: dict[str, str], language: str) -> list[Block]:
    counts = list(run.cluster_counts().values())
    legend = [each for each in cluster_legend(language) if counts[each.code]]
    series = [
        Series(each.name, [counts[each.code] if one is each else None for one in legend], each.colour)
        for each in legend
    ]
    names = [each.name for each in legend]
    return [Bars(words["drivers_clusters"], names, series, horizontal=True, value_title=words["drivers_count"])]


def _map(run: SpatialRun, folder: str, words: dict[str, str], language: str) -> list[Block]:
    path = os.path.join(folder, "clusters.tif")
    if not write_cell_map(path, run.local.cluster.astype(float), run.coordinates, run.table.crs):
        return [Paragraph(words["drivers_no_grid"])]
    return [Map(words["drivers_cluster_map"], [MapPicture(path)], Classes(cluster_legend(language)))]
