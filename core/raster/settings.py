"""What every raster method lets the user decide about area, grid and storage."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Literal

from .output import WriteOptions


@dataclass(frozen=True)
class RasterSettings:
    """Decisions that all raster methods share.

    Attributes:
        boundary: path of polygons in any CRS; pixels whose centre lies outside do not count. None for the whole raster.
        mask: `common` asks a pixel to be valid in every year, `yearly` only in the year at hand.
        align_classes: whether class rasters on another grid are taken by the nearest neighbour.
        nodata_codes: land-cover codes that stand for no data.
        insist_on_years: whether the years hold even where names of files or bands tell others.
        write: creation options and overviews of the outputs.
        threads: computing threads; None takes one per processor.
        tile: edge of the windows' tiles in pixels; None for the default.
    """

    boundary: str | None = None
    mask: Literal["common", "yearly"] = "common"
    align_classes: bool = False
    nodata_codes: tuple[int, ...] = ()
    insist_on_years: bool = False
    write: WriteOptions = field(default_factory=WriteOptions)
    threads: int | None = None
    tile: int | None = None

    @property
    def codec_threads(self) -> int:
        """Threads of GDAL that compress and decompress."""
        return self.threads or os.cpu_count() or 1
