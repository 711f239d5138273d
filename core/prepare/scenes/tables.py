"""The tables of composites: a row per scene, a row per year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...messages import told
from ...results import ResultTable, row_table
from .choosing import Fate, Year
from .compositing import Tally
from .scene import Scene


@dataclass(frozen=True)
class SceneRow:
    """A scene and its fate.

    Attributes:
        scene: name of the product.
        date: of the overpass.
        year: that it counts for.
        sensor, tile: path and row, or tile.
        cloud_pct: by its metadata.
        clear_pct: clear pixels of those with a number, within the study.
        used: 1 or 0.
        reason: why it is not used.
        note: how it was read.
    """

    scene: str
    date: str
    year: int | None
    sensor: str
    tile: str
    cloud_pct: float | None
    clear_pct: float | None
    used: int
    reason: str
    note: str


@dataclass(frozen=True)
class YearRow:
    """What a composite is made of.

    Attributes:
        year: of the composite.
        sensor: by whose names its bands go.
        scenes: that entered.
        first_date, last_date: of these.
        clear_pct: pixels of the study with a value.
        mean_clear: clear scenes per pixel of the study.
    """

    year: int
    sensor: str
    scenes: int
    first_date: str
    last_date: str
    clear_pct: float
    mean_clear: float


def scene_table(fates: Sequence[Fate], clear: Mapping[int, float | None], language: str) -> ResultTable:
    """A row per scene, used ones first.

    Args:
        fates: of all scenes.
        clear: percent of clear pixels, by position of the fate.
        language: of reasons and notes.
    """
    rows = []
    for number, fate in enumerate(fates):
        scene = fate.scene
        known = scene if isinstance(scene, Scene) else None
        rows.append(
            SceneRow(
                scene=scene.name,
                date=known.day.isoformat() if known else "",
                year=fate.year,
                sensor=known.sensor if known else "",
                tile=known.tile if known else "",
                cloud_pct=known.cloud_pct if known else None,
                clear_pct=clear.get(number),
                used=int(fate.reason is None),
                reason=told(fate.reason, language) if fate.reason is not None else "",
                note="; ".join(told(note, language) for note in (*known.notes, *known.doubts)) if known else "",
            )
        )
    return row_table(SceneRow, sorted(rows, key=lambda row: (-row.used, row.date, row.scene)))


def year_table(years: Sequence[Year], tallies: Sequence[Tally]) -> ResultTable:
    """A row per composite."""
    rows = [
        YearRow(
            year=year.year,
            sensor=year.sensor,
            scenes=len(year.scenes),
            first_date=year.scenes[0].day.isoformat(),
            last_date=year.scenes[-1].day.isoformat(),
            clear_pct=100 * tally.made / tally.inside,
            mean_clear=tally.observations / tally.inside,
        )
        for year, tally in zip(years, tallies)
    ]
    return row_table(YearRow, rows)
