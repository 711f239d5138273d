"""The tables of an import: a row per band, a row per file."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ...messages import told
from ...raster.work import JobResult
from ...results import ResultTable, row_table
from .choosing import Chosen
from .laying import Laying


@dataclass(frozen=True)
class YearRow:
    """What became of the numbers of a band.

    Attributes:
        year: the name of the band: a year, a month, or nothing for what does not change.
        files, steps: that entered.
        valid_pct: pixels with a value, of those of the product that lie over the study.
        fill_pct: fill codes among the numbers that were read.
        quality_pct: values whose quality was too poor.
        minimum, mean, maximum: of the band; nothing for classes.
        plausible: `yes`, or `no` where the mean is none that the quantity usually has.
    """

    year: str
    files: int
    steps: int
    valid_pct: float | None
    fill_pct: float | None
    quality_pct: float | None
    minimum: float | None
    mean: float | None
    maximum: float | None
    plausible: str


@dataclass(frozen=True)
class FileRow:
    """A file and its fate."""

    file: str
    product: str
    edition: str
    layer: str
    year: int | None
    month: int | None
    day: int | None
    tile: str
    used: int
    reason: str


def year_table(laying: Laying, made: JobResult) -> ResultTable:
    """A row per band of the raster."""
    statistics = made.statistics["raster"]
    rows = []
    for (label, numbers), band in zip(laying.bands.items(), statistics):
        periods = [laying.periods[number] for number in numbers]
        counts = [laying.counts[number] for number in numbers]
        read = sum(c.numbers for c in counts)
        steps = {(step.first, step.year) for period in periods for step in period.steps}
        has = band.count > 0
        rows.append(
            YearRow(
                year=label,
                files=len({step.file.path for period in periods for step in period.steps}),
                steps=len(steps),
                valid_pct=_pct(sum(c.kept for c in counts), sum(c.pixels for c in counts)),
                fill_pct=_pct(sum(c.fills for c in counts), read),
                quality_pct=_pct(sum(c.poor for c in counts), read),
                minimum=band.minimum if has else None,
                mean=band.mean if has else None,
                maximum=band.maximum if has else None,
                plausible=_plausible(laying, band.mean) if has else "",
            )
        )
    return row_table(YearRow, rows)


def file_table(chosen: Chosen, used: Collection[str], language: str) -> ResultTable:
    """A row per file: used, or why not."""
    files = [(file, "") for file in (*chosen.files, *chosen.qualities)]
    files += [(passed.file, told(passed.reason, language)) for passed in chosen.passed]
    rows = [
        FileRow(
            file=file.name,
            product=file.product.id if file.product else "",
            edition=file.edition.name if file.edition else "",
            layer=file.layer or file.quality,
            year=file.year,
            month=file.month,
            day=file.day,
            tile=file.tile,
            used=int(file.path in used or bool(file.quality and not reason)),
            reason=reason,
        )
        for file, reason in files
    ]
    return row_table(FileRow, sorted(rows, key=lambda row: (-row.used, row.file)))


def _pct(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _plausible(laying: Laying, mean: float) -> str:
    return "yes" if laying.measure.meant.usual.holds(mean) else "no"
