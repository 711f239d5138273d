"""Windows of scene bands on the grid of the study: as they lie, or by the nearest pixel, all bands of a scene alike."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from osgeo import gdal

from ...errors import InputError
from ...messages import say
from ...raster.dataset import call_gdal, open_raster, short_name
from ...raster.grid import Grid, same_crs, transformation_between
from ...raster.reading.source import footprint
from ...raster.windows import Window
from .masking import ClearTest, tests_of
from .scene import Scene, SceneBand

# Positions between the points of a lattice are interpolated: over so few pixels map projections are straight lines.
_LATTICE = 8
_ON_EDGE = 1e-6  # of a pixel; centres that lie on an edge go to the next pixel, whatever rounding does to them
_MOST_OPEN = 600  # of all threads; a window of 20 scenes asks for 160 in turn, and what is closed is opened anew


@dataclass(frozen=True)
class PlacedBand:
    """A band and where it lies.

    Attributes:
        band: what is read.
        grid: its own.
        dtype: of its stored numbers.
        same_crs: whether it lies in the CRS of the study.
        block: width and height in which the file is stored.
    """

    band: SceneBand
    grid: Grid
    dtype: str
    same_crs: bool
    block: tuple[int, int]


@dataclass(frozen=True)
class PlacedScene:
    """A scene whose bands were found on the map.

    Attributes:
        scene: what it is.
        bands: by role.
        quality: None where there is none.
        measured: what a pixel of the quality band must pass to be a measurement.
        clear: what it must pass to be clear.
        over: the window of the study's grid that it lies over; None where it lies elsewhere.
    """

    scene: Scene
    bands: Mapping[str, PlacedBand]
    quality: PlacedBand | None
    measured: ClearTest
    clear: ClearTest
    over: Window | None


def place_scene(scene: Scene, masks: tuple[str, ...], study: Grid) -> PlacedScene:
    """Opens the headers of all bands of a scene.

    Raises:
        InputError: one cannot be read.
        GridError: one has no position.
    """
    quality = _placed(scene.quality, study) if scene.quality is not None else None
    bands = {role: _placed(band, study) for role, band in scene.bands.items()}
    over = window_over(next(iter(bands.values())).grid, study)
    return PlacedScene(scene, bands, quality, *tests_of(scene.sensor, masks), over)


def grid_of(band: SceneBand) -> Grid:
    """Where a band lies. Raises InputError, GridError as `place_scene`."""
    return band.grid or Grid.of_dataset(open_raster(band.path))


def _placed(band: SceneBand, study: Grid) -> PlacedBand:
    dataset = open_raster(band.path)
    kind = dataset.GetRasterBand(band.number).DataType
    dtype = np.zeros(0, dtype=_NUMPY_TYPES.get(kind, np.float64)).dtype.name
    own = band.grid or Grid.of_dataset(dataset)
    block = dataset.GetRasterBand(band.number).GetBlockSize()
    return PlacedBand(band, own, dtype, same_crs(own, study), tuple(block))


_NUMPY_TYPES = {
    gdal.GDT_Byte: np.uint8,
    gdal.GDT_UInt16: np.uint16,
    gdal.GDT_Int16: np.int16,
    gdal.GDT_UInt32: np.uint32,
    gdal.GDT_Int32: np.int32,
    gdal.GDT_Float32: np.float32,
}


def window_over(own: Grid, study: Grid) -> Window | None:
    """The window of the study's grid that a raster lies over; None where they lie apart."""
    bounds = own.bounds if same_crs(own, study) else footprint(own, study)
    if bounds is None:
        return Window(0, 0, study.width, study.height)
    x0, dx, _, y0, _, dy = study.transform
    columns = sorted(((bounds[0] - x0) / dx, (bounds[2] - x0) / dx))
    rows = sorted(((bounds[1] - y0) / dy, (bounds[3] - y0) / dy))
    left, right = max(0, int(np.floor(columns[0]))), min(study.width, int(np.ceil(columns[1])))
    top, bottom = max(0, int(np.floor(rows[0]))), min(study.height, int(np.ceil(rows[1])))
    return Window(left, top, right - left, bottom - top) if right > left and bottom > top else None


def overlap(a: Window, b: Window) -> bool:
    """Whether two windows share a pixel."""
    across = a.column < b.column + b.width and b.column < a.column + a.width
    return across and a.row < b.row + b.height and b.row < a.row + a.height


class OpenFiles:
    """Rasters that one thread has open, the last used ones."""

    def __init__(self, share: int) -> None:
        self._most = max(8, _open_limit() // share)
        self._open: OrderedDict[str, gdal.Dataset] = OrderedDict()

    def band(self, band: SceneBand) -> gdal.Band:
        """The dataset stays open as long as other files do not push it out."""
        dataset = self._open.pop(band.path, None)
        if dataset is None:
            dataset = open_raster(band.path)
        self._open[band.path] = dataset
        while len(self._open) > self._most:
            self._open.popitem(last=False)
        return dataset.GetRasterBand(band.number)


def _open_limit() -> int:
    """How many files may be open: half of what the system lets a process have."""
    try:
        import resource
    except ImportError:  # Windows, where GDAL's files do not count against the limit of the C library
        return _MOST_OPEN
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_OPEN if soft <= 0 else min(_MOST_OPEN, soft // 2)


@dataclass(frozen=True)
class _Lines:
    """Which part of a raster lies under a window, where both have the same CRS.

    Attributes:
        block: column, row, width and height of the part that is read.
        pick: rows and columns of that part, as an index; None where all of it is taken as it lies.
        place: where it goes in the window; None where it fills the window.
    """

    block: tuple[int, int, int, int]
    pick: tuple[np.ndarray, ...] | None
    place: tuple[slice, slice] | None


class WindowReader:
    """Reads bands over one window of the study's grid, grown by a margin.

    Args:
        grid: of the study.
        window: of that grid; with its margin it may reach beyond.
        files: that are open.
    """

    def __init__(self, grid: Grid, window: Window, files: OpenFiles) -> None:
        self._grid, self.window, self._files = grid, window, files
        self._centres: dict[str, tuple[np.ndarray, np.ndarray] | None] = {}
        self._lines_by_grid: dict[tuple, _Lines | None] = {}
        self._steps: dict[tuple, tuple[np.ndarray, np.ndarray]] = {}

    def read(self, placed: PlacedBand, fill: float, into: np.ndarray | None = None) -> np.ndarray:
        """Stored numbers, shape (height, width), `fill` where the band has none.

        Args:
            placed: what is read.
            fill: a number that is no value.
            into: where the numbers go; None makes an array.

        Raises:
            InputError: the band cannot be read there.
        """
        found = np.empty((self.window.height, self.window.width), dtype=placed.dtype) if into is None else into
        if placed.same_crs:
            self._pick(placed, fill, self._lines_of(placed.grid), found)
            return found
        centres = self._centres_in(placed.grid)
        if centres is None:
            found[:] = fill
        else:
            self._gather(placed, fill, centres, found)
        return found

    def _lines_of(self, own: Grid) -> _Lines | None:
        """As `_lines`; bands and scenes often share their grid."""
        key = (own.transform, own.width, own.height)
        if key not in self._lines_by_grid:
            self._lines_by_grid[key] = self._lines(own)
        return self._lines_by_grid[key]

    def _lines(self, own: Grid) -> _Lines | None:
        """What lies under the window; None where nothing does."""
        x0, dx, _, y0, _, dy = self._grid.transform
        window = self.window
        xs = x0 + (window.column + np.arange(window.width) + 0.5) * dx
        ys = y0 + (window.row + np.arange(window.height) + 0.5) * dy
        left, wide, _, top, _, high = own.transform
        columns = np.floor((xs - left) / wide + _ON_EDGE).astype(np.int64)
        rows = np.floor((ys - top) / high + _ON_EDGE).astype(np.int64)
        across = np.flatnonzero((columns >= 0) & (columns < own.width))
        down = np.flatnonzero((rows >= 0) & (rows < own.height))
        if not across.size or not down.size:
            return None
        columns, rows = columns[across], rows[down]
        first, upper = int(columns.min()), int(rows.min())
        size = int(columns.max()) - first + 1, int(rows.max()) - upper + 1
        as_it_lies = _runs(columns) and _runs(rows)
        fills = as_it_lies and size == (window.width, window.height)
        return _Lines(
            (first, upper, *size),
            None if as_it_lies else np.ix_(rows - upper, columns - first),
            None if fills else (slice(down[0], down[-1] + 1), slice(across[0], across[-1] + 1)),
        )

    def _pick(self, placed: PlacedBand, fill: float, lines: _Lines | None, found: np.ndarray) -> None:
        if lines is None:
            found[:] = fill
        elif lines.place is None:
            self._block(placed, *lines.block, found)
        else:
            found[:] = fill
            block = self._block(placed, *lines.block)
            found[lines.place] = block if lines.pick is None else block[lines.pick]

    def _block(
        self, placed: PlacedBand, column: int, row: int, width: int, height: int, into: np.ndarray | None = None
    ) -> np.ndarray:
        where = f"Cannot read {short_name(placed.band.path)} at column {column}, row {row}"
        raster = self._files.band(placed.band)
        if column + width > raster.XSize or row + height > raster.YSize:
            raise InputError(
                say(
                    "{file} has changed its size while the run was being prepared. Run again.",
                    file=short_name(placed.band.path),
                )
            )
        try:
            block: np.ndarray = call_gdal(
                where, InputError, raster.ReadAsArray, column, row, width, height, buf_obj=into
            )
        except InputError as reason:
            raise InputError(
                say("{why}. Download the scene again, or take it out of the folder.", why=str(reason))
            ) from None
        return block

    def _centres_in(self, own: Grid) -> tuple[np.ndarray, np.ndarray] | None:
        """Where the centres of the window's pixels lie in the CRS of a raster; None where they have no place there."""
        if own.crs not in self._centres:
            self._centres[own.crs] = _interpolated(self._grid, self.window, own)
        return self._centres[own.crs]

    def _gather(
        self, placed: PlacedBand, fill: float, centres: tuple[np.ndarray, np.ndarray], found: np.ndarray
    ) -> None:
        own = placed.grid
        left, across, _, top, _, down = own.transform
        shift_x, shift_y = left / across, top / down
        phase = (own.crs, across, down, round(shift_x % 1, 6), round(shift_y % 1, 6))
        if phase not in self._steps:
            columns = np.floor(centres[0] / across - shift_x % 1 + _ON_EDGE)
            rows = np.floor(centres[1] / down - shift_y % 1 + _ON_EDGE)
            self._steps[phase] = columns.astype(np.int64), rows.astype(np.int64)
        columns, rows = self._steps[phase]
        columns, rows = columns - round(shift_x - shift_x % 1), rows - round(shift_y - shift_y % 1)
        inside = (columns >= 0) & (columns < own.width) & (rows >= 0) & (rows < own.height)
        found[:] = fill
        if not inside.any():
            return
        columns, rows = columns[inside], rows[inside]
        first_column, first_row = int(columns.min()), int(rows.min())
        size = int(columns.max()) - first_column + 1, int(rows.max()) - first_row + 1
        block = self._block(placed, first_column, first_row, *size)
        found[inside] = block[rows - first_row, columns - first_column]


def _runs(lines: np.ndarray) -> bool:
    """Whether lines follow one another without a gap, so that nothing is picked."""
    return bool((np.diff(lines) == 1).all())


def _interpolated(grid: Grid, window: Window, own: Grid) -> tuple[np.ndarray, np.ndarray] | None:
    """Positions of pixel centres in another CRS, from the points of a lattice that lies on the grid, not the window."""
    columns = _lattice_lines(window.column, window.width)
    rows = _lattice_lines(window.row, window.height)
    x0, dx, _, y0, _, dy = grid.transform
    points = np.stack(np.meshgrid(x0 + (columns + 0.5) * dx, y0 + (rows + 0.5) * dy), axis=-1).reshape(-1, 2)
    transformation = transformation_between(grid.spatial_reference(), own.spatial_reference())
    try:
        turned = np.array(transformation.TransformPoints(points.tolist()), dtype=np.float64)[:, :2]
    except RuntimeError:
        return None
    turned[~np.isfinite(turned).all(axis=1)] = -1e30
    lattice = turned.reshape(len(rows), len(columns), 2)
    across = _between(window.column - columns[0] + np.arange(window.width), lattice, axis=1)
    x, y = np.moveaxis(_between(window.row - rows[0] + np.arange(window.height), across, axis=0), -1, 0)
    return np.ascontiguousarray(x), np.ascontiguousarray(y)


def _lattice_lines(start: int, length: int) -> np.ndarray:
    first, last = start // _LATTICE, -(-(start + length) // _LATTICE)
    return np.arange(first, last + 1) * _LATTICE


def _between(places: np.ndarray, lattice: np.ndarray, axis: int) -> np.ndarray:
    """Linear interpolation along an axis at places counted in pixels from the first line of the lattice."""
    low = np.minimum(places // _LATTICE, lattice.shape[axis] - 2)
    share = (places / _LATTICE - low).reshape([-1 if n == axis else 1 for n in range(lattice.ndim)])
    return np.take(lattice, low, axis=axis) * (1 - share) + np.take(lattice, low + 1, axis=axis) * share
