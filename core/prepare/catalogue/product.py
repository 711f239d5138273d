"""What a product is: how its files are named, what lies in them, and how their numbers become a quantity."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ...quantities import Quantity, Range, Words, quantity
from .supply import Supply

CONTAINERS = ("raster", "hdf4eos", "hdf5eos", "netcdf", "transposed", "safe", "landsat", "table")
KINDS = ("continuous", "classes", "count", "density", "flags", "ids")
STEPS = ("year", "month", "halfmonth", "16day", "8day", "4day", "day", "scene", "static")
ANNUAL = ("as_is", "sum", "mean", "maximum", "median", "mode", "last")
RATES = ("", "day", "hour")
FILE_SCALES = ("ignore", "use", "must_equal")
STATES = ("raw", "scaled", "ask")
ASKED = ("scale", "fills", "unit", "zero")
LEVELS = ("standard", "strict")


@dataclass(frozen=True)
class Fill:
    """Stored codes that are no values, and what they stand for."""

    codes: Range
    means: Words


@dataclass(frozen=True)
class QualityTest:
    """A look at a quality layer.

    Attributes:
        first, count: the bits that are looked at; count 0 takes the whole number.
        keep: the values that pass; None where `drop` or `most` tells it.
        drop: the values that do not pass.
        most: the highest value that passes.
    """

    first: int = 0
    count: int = 0
    keep: tuple[int, ...] | None = None
    drop: tuple[int, ...] = ()
    most: float | None = None

    def passes(self, stored: np.ndarray) -> np.ndarray:
        """Where the stored quality numbers pass, in their shape."""
        looked_at = self._bits(stored) if self.count else stored
        if self.most is not None:
            return looked_at <= self.most
        if self.keep is not None:
            return self._any_of(looked_at, self.keep)
        return ~self._any_of(looked_at, self.drop)

    def _bits(self, stored: np.ndarray) -> np.ndarray:
        """The bits that are looked at, where they stand, in the type of the numbers."""
        unsigned = stored.view(f"u{stored.dtype.itemsize}") if stored.dtype.kind == "i" else stored
        return unsigned & unsigned.dtype.type(((1 << self.count) - 1) << self.first)

    def _any_of(self, looked_at: np.ndarray, values: tuple[int, ...]) -> np.ndarray:
        """A few comparisons are quicker than any table."""
        shifted = [value << self.first if self.count else value for value in values]
        if not shifted:
            return np.zeros(looked_at.shape, dtype=bool)
        good: np.ndarray = looked_at == shifted[0]
        for value in shifted[1:]:
            good |= looked_at == value
        return good


@dataclass(frozen=True)
class QualityRule:
    """Which quality layer tells about a layer, and what must pass at each level; strict adds to standard."""

    layer: re.Pattern[str]
    standard: tuple[QualityTest, ...] = ()
    strict: tuple[QualityTest, ...] = ()

    def is_called(self, name: str) -> bool:
        """Whether a file name calls its layer so; disks and archives may have changed the case of the name."""
        return re.search(self.layer.pattern, name, re.IGNORECASE) is not None

    def tests(self, level: str) -> tuple[QualityTest, ...]:
        return {"none": (), "standard": self.standard, "strict": (*self.standard, *self.strict)}[level]


@dataclass(frozen=True)
class Layer:
    """One layer of a product.

    Attributes:
        id: within the product.
        title: what lists call it.
        match: what the layer is called in the files: a part of a file name, a sub-dataset, a variable or a band.
        quantity: id of what the numbers are after scale, offset and conversion.
        kind: one of `KINDS`; it decides how the layer is resampled.
        type: GDAL's name of the stored type; "" where files differ.
        scale, offset: stored x scale + offset is in `unit`; None where the file's own packing is right.
        file_scale: whether the file's own scale is ignored, used, or must be the same.
        valid: stored numbers outside are no values; None where all are.
        fills: stored codes that are no values.
        unit: after scale and offset.
        times, plus: number x times + plus is in the unit of the quantity.
        annual: how the steps of a year become one value, one of `ANNUAL`.
        rate: "day" or "hour" where the values are rates, whose sum needs the days or hours of each step.
        feeds: parameters of the algorithms that take it.
        quality: None where no quality layer tells about it.
        scheme: land-cover scheme of its classes.
        ask: facts that no source confirms: the user has to tell them.
    """

    id: str
    title: Words
    match: re.Pattern[str]
    quantity: str
    kind: str
    type: str = ""
    scale: float | None = 1.0
    offset: float | None = 0.0
    file_scale: str = "ignore"
    valid: Range | None = None
    fills: tuple[Fill, ...] = ()
    unit: str = ""
    times: float = 1.0
    plus: float = 0.0
    annual: str = "as_is"
    rate: str = ""
    feeds: tuple[str, ...] = ()
    quality: QualityRule | None = None
    scheme: str = ""
    ask: tuple[str, ...] = ()

    @property
    def meant(self) -> Quantity:
        return quantity(self.quantity)

    @property
    def is_classes(self) -> bool:
        return self.kind in ("classes", "flags", "ids")


@dataclass(frozen=True)
class Bands:
    """What the bands of a file are in time.

    Attributes:
        step: of one band, one of `STEPS`; `axis` where the time axis of the file tells.
        years: of the bands, where each is a year; empty where the name tells the first year.
    """

    step: str
    years: tuple[int, ...] = ()


@dataclass(frozen=True)
class Edition:
    """One form in which a product is shipped.

    Attributes:
        name: within the product.
        pattern: of the file name, with the groups of `recognise.GROUPS`.
        example: a name that the pattern takes.
        container: one of `CONTAINERS`.
        needs: drivers of GDAL, of which one must be there.
        instead: what to order where none is there.
        state: whether numbers are stored `raw` or `scaled`; `ask` where only the user knows.
        zero: `value`, `fill`, or `ask` where masked pixels come as 0 and 0 may be a value, too.
        weak: whether the name is so common that the product must be named by the user.
        bands: None where a file holds one step.
        crs: of this edition, where it differs from that of the product; `file` where the file tells it.
    """

    name: str
    pattern: re.Pattern[str]
    example: str
    container: str
    needs: tuple[str, ...] = ()
    instead: Words | None = None
    state: str = "raw"
    zero: str = "value"
    weak: bool = False
    bands: Bands | None = None
    crs: str = ""


@dataclass(frozen=True)
class ProductGrid:
    """Where the pixels of a product lie.

    Attributes:
        crs: what the files are in, whatever they say; "" where they tell it themselves.
        assume: what is taken where a file tells none.
        cell: nominal size of a pixel in units of the CRS, to which rounded coordinates are snapped; 0 for none.
        tiles: rule by which the expected tiles are listed, one of `TILES`; "" where there are none.
    """

    crs: str = ""
    assume: str = ""
    cell: float = 0.0
    tiles: str = ""


TILES = ("", "modis", "degrees_1", "degrees_3", "degrees_5", "degrees_10")


@dataclass(frozen=True)
class Trap:
    """What users should know, and of which editions; empty for all."""

    text: Words
    editions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Product:
    """A product of a provider.

    Attributes:
        id: how parameters name it.
        title: what lists call it.
        group: what it is about, one of `GROUPS`.
        provider, page, licence: where it comes from.
        step: of one file or band, one of `STEPS`.
        grid: where its pixels lie.
        editions: forms in which it is shipped, the certain ones first.
        layers: by id; the first is the default.
        traps: what reports say where it applies.
        sources: what the facts rest on.
        supply: how it is had; None where a product of the user does not tell.
        path: of its file.
    """

    id: str
    title: Words
    group: str
    provider: str
    page: str
    licence: str
    step: str
    grid: ProductGrid
    editions: tuple[Edition, ...]
    layers: Mapping[str, Layer]
    traps: tuple[Trap, ...] = ()
    sources: tuple[str, ...] = ()
    supply: Supply | None = None
    path: str = field(default="", compare=False)

    def layer(self, identifier: str = "") -> Layer:
        """A layer by its id, the first without one. Raises KeyError."""
        return self.layers[identifier] if identifier else next(iter(self.layers.values()))

    def layer_named(self, name: str) -> Layer | None:
        """The layer that a file calls so; whatever its case, where none is called exactly so."""
        layers = self.layers.values()
        exact = next((layer for layer in layers if layer.match.search(name)), None)
        return exact or next((la for la in layers if re.search(la.match.pattern, name, re.IGNORECASE)), None)

    def is_quality(self, name: str) -> bool:
        """Whether a file calls a layer of quality so."""
        return any(layer.quality.is_called(name) for layer in self.layers.values() if layer.quality)


GROUPS = ("landsat", "sentinel2", "modis", "viirs", "vegetation", "climate", "terrain", "soil", "landcover", "people")
