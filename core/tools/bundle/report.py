"""One report from the results of several steps: their maps, their tables and how they came about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ...errors import InputError
from ...messages import say
from ...raster.dataset import open_raster
from ...raster.statistics import stored_statistics, stored_unit
from ...report import Block, Chapter, Command, MethodReport
from ...report.telling import Sentence, Teller
from ...report.texts import load_texts
from ...tables import Table
from .maps import BundledRaster, maps_of
from .tables import blocks_of
from .words import readable


@dataclass(frozen=True)
class BundledTable:
    """A table that a report shows, under its title."""

    title: str
    table: Table


def bundle_report(rasters: Sequence[BundledRaster], tables: Sequence[BundledTable], language: str) -> MethodReport:
    """A chapter of maps, a chapter per table, and the commands that made the maps.

    Args:
        rasters: of EcoAssets or of any origin.
        tables: likewise; those of the same title are numbered.
        language: `en` or `zh`.

    Raises:
        InputError: there is neither a raster nor a table, or a raster cannot be read.
    """
    if not rasters and not tables:
        raise InputError(say("There is nothing to report. Choose at least one raster (RASTERS) or table (TABLES)."))
    words = load_texts(language)
    chapters = [Chapter(words["bundle_maps"], maps_of(rasters, words))]
    chapters += [Chapter(readable(title), blocks_of(title, given.table, words)) for title, given in _distinct(tables)]
    chapters.append(Chapter(words["bundle_commands"], _commands(rasters)))
    return MethodReport(chapters, sentences=_sentences(rasters, len(tables), Teller(language)))


def _sentences(rasters: Sequence[BundledRaster], tables: int, teller: Teller) -> list[Sentence]:
    """What the report holds, and the means of the years of each raster that tells them."""
    told = [teller.sentence("files", "bundled", rasters=len(rasters), tables=tables)]
    for raster in rasters:
        dataset = open_raster(raster.path, raster.title)
        names = [dataset.GetRasterBand(n + 1).GetDescription() for n in range(dataset.RasterCount)]
        found = stored_statistics(raster.path)
        if raster.classes or not all(name.isdigit() for name in names) or not all(one.count for one in found):
            continue
        what, unit = teller.say("mean_of_pixels", what=readable(raster.title)), stored_unit(raster.path)
        told += teller.levels(what, [int(name) for name in names], [one.mean for one in found], unit)
    return told


def _distinct(tables: Sequence[BundledTable]) -> list[tuple[str, BundledTable]]:
    """Tables with titles of their own: the second "table" is "table 2"."""
    seen: Counter[str] = Counter()
    titled = []
    for given in tables:
        seen[given.title] += 1
        count = seen[given.title]
        titled.append((f"{given.title} {count}" if count > 1 else given.title, given))
    return titled


def _commands(rasters: Sequence[BundledRaster]) -> list[Block]:
    """The runs of EcoAssets that made the rasters, as the files tell; one run may have made several."""
    made: dict[str, list[str]] = {}
    for raster in rasters:
        command = open_raster(raster.path, raster.title).GetMetadataItem("ECOASSETS_COMMAND")
        if command:
            made.setdefault(command, []).append(readable(raster.title))
    script = "\n\n".join(f"# {', '.join(titles)}\n{command}" for command, titles in made.items())
    return [Command(script)] if script else []
