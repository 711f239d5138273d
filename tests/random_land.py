"""Random land for tests against plain numpy: pixels of unequal size, gaps, several years, zones, a boundary.

Nothing here comes from the product: areas in degrees are integrated over the ellipsoid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecoassets.core.raster.settings import RasterSettings
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.results import ResultTable

from .rasters import UTM_50N, WGS_84, write_raster

SEEDS = range(30)
# CRS, pixel and corner: squares of a hectare, oblongs, and degrees in the north, where a row is smaller than the next
GRIDS = (
    (UTM_50N, (100.0, 100.0), (500_000.0, 4_400_000.0)),
    (UTM_50N, (20.0, 70.0), (500_000.0, 4_400_000.0)),
    (WGS_84, (0.01, 0.03), (117.0, 62.0)),
)
EQUATOR_M, ECCENTRICITY_2 = 6_378_137.0, 0.00669437999014132  # WGS 84
NAMES = ("west", "middle", "east")
OUTSIDE = "outside"
NOTHING = -9999.0
RATIOS = ("_pct", "_index", "harmony")


class RandomLand:
    """A grid of a seed, what lies within its boundary, and what tests write on it.

    Attributes:
        random: of this seed.
        years: two to four.
        areas: of the pixels, hectares, shape (height, width).
        inside: what lies within the boundary.
        common: whether pixels must be valid in every year.
    """

    def __init__(self, folder: Path, seed: int, years: int | None = None) -> None:
        self.random, self.folder, self.seed = np.random.default_rng(seed), folder, seed
        self.epsg, self.pixel, self.corner = GRIDS[seed % len(GRIDS)]
        self.shape: tuple[int, int] = tuple(self.random.integers(70, 110, 2).tolist())  # type: ignore[assignment]
        count = years or 2 + seed % 3
        self.years = tuple(sorted((1990 + self.random.choice(30, count, replace=False)).tolist()))
        self.areas = np.repeat(self._row_areas()[:, np.newaxis], self.shape[1], axis=1)
        self.common = seed % 2 == 0
        self.inside = np.ones(self.shape, dtype=bool)
        self.boundary = None
        if seed % 4 > 1:
            top, left = 3, 5
            self.inside[:] = False
            self.inside[top:-4, left:-2] = True
            self.boundary = self.polygons("boundary", {"": (top, left, self.shape[0] - 4, self.shape[1] - 2)})

    def _row_areas(self) -> np.ndarray:
        """Hectares of a pixel in each row."""
        across, down = self.pixel
        if self.epsg != WGS_84:
            return np.full(self.shape[0], across * down / 10_000)
        north = np.radians(self.corner[1] - down * np.arange(self.shape[0]))
        places, weights = np.polynomial.legendre.leggauss(12)
        latitude = north[:, np.newaxis] - np.radians(down) / 2 * (1 + places)
        flat = 1 - ECCENTRICITY_2 * np.sin(latitude) ** 2
        strip = EQUATOR_M**2 * (1 - ECCENTRICITY_2) * np.cos(latitude) / flat**2
        return (strip * weights).sum(axis=1) * np.radians(down) / 2 * np.radians(across) / 10_000

    def metres(self, row: int | None = None) -> tuple[float, float]:
        """Width and height of a pixel in a row, by default the middle one."""
        across, down = self.pixel
        if self.epsg != WGS_84:
            return across, down
        latitude = np.radians(self.corner[1] - down * ((self.shape[0] // 2 if row is None else row) + 0.5))
        flat = 1 - ECCENTRICITY_2 * np.sin(latitude) ** 2
        parallel, meridian = EQUATOR_M * np.cos(latitude) / flat**0.5, EQUATOR_M * (1 - ECCENTRICITY_2) / flat**1.5
        return float(parallel * np.radians(across)), float(meridian * np.radians(down))

    @property
    def settings(self) -> RasterSettings:
        mask = "common" if self.common else "yearly"
        return RasterSettings(boundary=self.boundary, mask=mask, tile=64, threads=2)

    def holes(self, share: float = 0.08) -> np.ndarray:
        """Where a raster is valid: single pixels and a patch are missing."""
        valid = self.random.random(self.shape) >= share
        row, column = (int(self.random.integers(0, size - 12)) for size in self.shape)
        valid[row : row + 12, column : column + 9] = False
        return valid

    def classes(self, codes: Sequence[int], weights: Sequence[float] | None = None) -> np.ndarray:
        """Codes in patches of a few pixels, so that borders and insides occur."""
        size = [-(-n // 3) for n in self.shape]
        coarse = self.random.choice(codes, size, p=weights)
        fine = np.repeat(np.repeat(coarse, 3, axis=0), 3, axis=1)[: self.shape[0], : self.shape[1]]
        return np.where(self.random.random(self.shape) < 0.2, self.random.choice(codes, self.shape), fine)

    def numbers(self, least: float, most: float) -> np.ndarray:
        """Values that files of single precision hold exactly."""
        return self.random.uniform(least, most, self.shape).astype(np.float32).astype(np.float64)

    def write(self, name: str, values: np.ndarray, valid: np.ndarray, dtype: str = "float32") -> str:
        nodata = 255 if dtype == "uint8" else -100 if dtype == "int16" else NOTHING
        path, written = self.folder / f"{name}.tif", np.where(valid, values, nodata)
        return write_raster(path, written, dtype, epsg=self.epsg, pixel=self.pixel, top_left=self.corner, nodata=nodata)

    def series(self, name: str, layers: Iterable[tuple[np.ndarray, np.ndarray]], dtype: str = "float32"):
        return tuple(self.write(f"{name}{n}", values, valid, dtype) for n, (values, valid) in enumerate(layers))

    def write_bands(self, name: str, bands: np.ndarray, valid: np.ndarray) -> str:
        """One file of several bands in single precision."""
        path, written = self.folder / f"{name}.tif", np.where(valid, bands, NOTHING)
        where = {"epsg": self.epsg, "pixel": self.pixel, "top_left": self.corner}
        return write_raster(path, written, "float32", nodata=NOTHING, **where)

    def polygons(self, name: str, boxes: Mapping[str, tuple[int, int, int, int]]) -> str:
        """Rectangles (top, left, bottom, right) in pixels, by name."""
        from .core.landuse.maps import write_rectangles

        (across, down), (x, y) = self.pixel, self.corner
        corners = {
            title: (x + left * across, y - bottom * down, x + right * across, y - top * down)
            for title, (top, left, bottom, right) in boxes.items()
        }
        return write_rectangles(self.folder / f"{name}.gpkg", corners, self.epsg)

    def zones(self, name: str = "zones") -> tuple[ZoneLayer, tuple[str, ...], np.ndarray]:
        """Three zones as polygons, their names with what lies outside, and the number of each pixel."""
        height, width = self.shape
        bounds = (2, width // 3, width // 2, width - 6)
        number = np.full(self.shape, len(NAMES))
        boxes = {}
        for zone, (title, left, right) in enumerate(zip(NAMES, bounds, bounds[1:])):
            bottom = height - 7 * zone
            boxes[title] = (0, left, bottom, right)
            number[:bottom, left:right] = zone
        return ZoneLayer(self.polygons(name, boxes), "name"), (*NAMES, OUTSIDE), number

    def parts(self, names: Sequence[str], number: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
        """The whole area under the name `all`, then each zone, as booleans."""
        yield "all", np.ones(self.shape, dtype=bool)
        for zone, title in enumerate(names):
            yield title, number == zone

    def shown(self, valid: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Where each year has a result."""
        inside = [self.inside & of_year for of_year in valid]
        return [np.logical_and.reduce(inside)] * len(inside) if self.common else inside

    def pairs(self) -> list[tuple[int, int]]:
        """Positions of the years that are compared: each with the next, then the first with the last."""
        last = len(self.years) - 1
        return [*((i, i + 1) for i in range(last)), *([(0, last)] if last > 1 else [])]

    def ha(self, where: np.ndarray) -> float:
        return float(self.areas[where].sum())

    def percentile(self, values: np.ndarray, where: np.ndarray, percent: float) -> float:
        """Linear between ranks; where pixels differ in size, the smallest value up to which that share of area lies."""
        ranked = values[where].astype(np.float32).astype(np.float64)
        if self.epsg != WGS_84:
            return float(np.percentile(ranked, percent))
        order = np.argsort(ranked, kind="stable")
        reached = np.cumsum(self.areas[where][order])
        place = np.searchsorted(reached, reached[-1] * percent / 100 * (1 - 1e-12))
        return float(ranked[order][min(place, len(order) - 1)])


def assert_rows(
    found: ResultTable,
    keys: Sequence[str],
    expected: Sequence[Mapping[str, Any]],
    rel: float = 1e-9,
    within: Mapping[str, float] | None = None,
) -> None:
    """A table has exactly these rows, whatever their order.

    Args:
        found: the product's.
        keys: columns that tell rows apart.
        expected: numpy's; a column that no row holds is not compared.
        rel: of the largest number of a column. Ratios of sums that cancel are less exact.
        within: how far numbers of a column may differ, where it is more.
    """
    names = [column.name for column in found.columns]
    rows = {tuple(row[names.index(key)] for key in keys): dict(zip(names, row)) for row in found.rows}
    wanted = {tuple(row[key] for key in keys): row for row in expected}
    assert len(rows) == len(found.rows)
    assert rows.keys() == wanted.keys()
    numbers = [(name, value) for row in expected for name, value in row.items() if is_number(value)]
    largest = {
        name: max(abs(value) for other, value in numbers if other == name) for name in dict.fromkeys(dict(numbers))
    }
    for key, row in wanted.items():
        for name, value in row.items():
            got = rows[key][name]
            if is_number(value):
                close = max(rel, 1e-7) if name.endswith(RATIOS) else rel
                near = max(close * largest[name], (within or {}).get(name, 0.0))
                assert got == pytest.approx(float(value), rel=close, abs=near), (key, name, got, value)
            else:
                assert got == value, (key, name, got, value)


def is_number(value: Any) -> bool:
    return isinstance(value, (float, np.floating))


def share(part: float, whole: float) -> float | None:
    """Percent; nothing of nothing."""
    return part / whole * 100 if whole else None
