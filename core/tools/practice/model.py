"""What the practice region consists of: named layers, shapes and tables, as plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

Cell = Union[int, float, str]


@dataclass(frozen=True)
class Layer:
    """One raster of the region, as it goes to disk.

    Attributes:
        name: file name without extension.
        title: what it shows, in plain words.
        array: (h, w) or (bands, h, w), stored values: `nodata` marks what is missing, `scale` is not yet applied.
        kind: `continuous` or `classes`.
        unit: unit of the scaled values, empty where there is none.
        band_names: one name per band.
        nodata: stored value of missing pixels.
        year: the year it shows, or None.
        scale: factor from stored values to `unit`.
    """

    name: str
    title: str
    array: NDArray[Any]
    kind: str
    unit: str
    band_names: tuple[str, ...]
    nodata: float
    year: int | None = None
    scale: float = 1.0

    def values(self) -> NDArray[np.float64]:
        """Scaled values in `unit`, NaN where missing."""
        return np.where(self.array == self.nodata, np.nan, self.array.astype(np.float64) * self.scale)


@dataclass(frozen=True)
class Feature:
    """A polygon (closed ring of map coordinates, (n, 2)) with its field values."""

    ring: NDArray[np.float64]
    values: tuple[Cell, ...]


@dataclass(frozen=True)
class Shapes:
    """One polygon layer of the region. Field types are those of the first feature's values."""

    name: str
    title: str
    fields: tuple[str, ...]
    features: tuple[Feature, ...]


@dataclass(frozen=True)
class Table:
    """One table of the region."""

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


Piece = Union[Layer, Shapes, Table]


@dataclass(frozen=True)
class Frame:
    """Where and when the practice region lies.

    Attributes:
        size: rows and columns.
        seed: what it was drawn from.
        years: years of the layers by year.
        pixel_m: width of a pixel, m.
        origin: map coordinates of the upper left corner in `epsg`, m.
        epsg: code of the projected CRS.
    """

    size: int
    seed: int
    years: tuple[int, ...]
    pixel_m: float
    origin: tuple[float, float]
    epsg: int


@dataclass(frozen=True)
class Region(Frame):
    """The whole practice region in memory.

    Attributes:
        layers: rasters.
        shapes: polygon layers.
        tables: tables.
        known_coefficients: effect of each driver on the layers `response_<year>`.
    """

    layers: tuple[Layer, ...]
    shapes: tuple[Shapes, ...]
    tables: tuple[Table, ...]
    known_coefficients: dict[str, float]

    def layer(self, name: str) -> Layer:
        """The raster of that name. Raises KeyError."""
        return {layer.name: layer for layer in self.layers}[name]


@dataclass(frozen=True)
class RasterFile:
    """A raster on disk; `kind` is `continuous` or `classes`, `series` its name without the year."""

    path: str
    name: str
    series: str
    title: str
    kind: str
    unit: str
    year: int | None
    bands: tuple[str, ...]


@dataclass(frozen=True)
class ShapesFile:
    """A polygon layer on disk; the layer in the file is called `name`."""

    path: str
    name: str
    title: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class TableFile:
    """A table on disk."""

    path: str
    name: str
    title: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class RegionFiles:
    """Where everything went."""

    folder: str
    rasters: tuple[RasterFile, ...]
    shapes: tuple[ShapesFile, ...]
    tables: tuple[TableFile, ...]
    readme: str

    def raster(self, name: str) -> RasterFile:
        """The raster of that name. Raises KeyError."""
        return {raster.name: raster for raster in self.rasters}[name]
