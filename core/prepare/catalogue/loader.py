"""Reads the catalogue: one YAML per product, checked entry by entry, a wrong one is refused by name and line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ...errors import TableError
from ...land_cover import CUSTOM, SCHEMES
from ...messages import say
from ...quantities import quantities
from ...resources import RESOURCES
from .entries import Reader, Shared, read_shared
from .lines import load_lined
from .product import (
    ANNUAL,
    ASKED,
    CONTAINERS,
    FILE_SCALES,
    GROUPS,
    KINDS,
    LEVELS,
    RATES,
    STATES,
    STEPS,
    TILES,
    Bands,
    Edition,
    Layer,
    Product,
    ProductGrid,
    QualityRule,
    QualityTest,
    Trap,
)  # fmt: skip
from .recognise import GROUPS_OF_NAMES, read_name
from .supply import SUPPLY_FACTS, Supply

FOLDER = RESOURCES / "products"
SHARED = "_shared.yaml"
_PRODUCT = ("id", "title", "group", "provider", "page", "licence", "step", "grid", "editions", "layers")
_LAYER = ("match", "quantity", "kind")
_GRID = ("crs", "assume", "cell", "tiles")
_EDITION = ("name", "pattern", "example", "container")
_ZEROS = ("value", "fill", "ask")
_BAND_STEPS = (*STEPS, "axis")


def products(folder: str = "") -> dict[str, Product]:
    """The products of the plugin, and those of a folder of the user, which win, by id.

    Raises:
        TableError: a file is wrong; with its name and line.
    """
    own = _own_products()
    return {**own, **load_products(Path(folder))} if folder else own


@cache
def _own_products() -> dict[str, Product]:
    return load_products(FOLDER)


def load_products(folder: Path) -> dict[str, Product]:
    """Reads every product of a folder. Raises TableError."""
    if not folder.is_dir():
        raise TableError(say("There is no folder {folder} of products.", folder=folder))
    shared = _shared()
    found: dict[str, Product] = {}
    for path in sorted(folder.glob("*.yaml")):
        if path.name == SHARED:
            continue
        product = load_product(path, shared)
        if product.id in found:
            other = os.path.basename(found[product.id].path)
            raise TableError(
                say("{name}: the product {id} stands in {other}, too.", name=path.name, id=product.id, other=other)
            )
        found[product.id] = product
    return found


def load_product(path: Path, shared: Shared | None = None) -> Product:
    """Reads one product. Raises TableError with the file and the line that is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TableError(say("{name} cannot be read ({error}).", name=path.name, error=error)) from None
    top = load_lined(text, path.name)
    reader = Reader(path.name, shared or _shared())
    return _product(reader, top, str(path))


@cache
def _shared() -> Shared:
    return read_shared(FOLDER / SHARED)


def _product(read: Reader, top: Any, path: str) -> Product:
    read.keys(top, _PRODUCT, ("traps", "sources", "supply"))
    editions = tuple(_edition(read, entry) for entry in read.entries(top, "editions"))
    names = [edition.name for edition in editions]
    if len(set(names)) < len(names):
        raise read.error(top, "editions", "two editions have the same name")
    layers = {name: _layer(read, str(name), entry) for name, entry in read.mapping(top, "layers", "layers").items()}
    product = Product(
        id=read.identifier(top, "id"),
        title=read.words(top, "title"),
        group=read.one_of(top, "group", GROUPS),
        provider=read.text(top, "provider"),
        page=read.text(top, "page"),
        licence=read.text(top, "licence"),
        step=read.one_of(top, "step", STEPS),
        grid=_grid(read, read.mapping(top, "grid", "keys of a grid")),
        editions=editions,
        layers=layers,
        traps=tuple(_trap(read, entry, names) for entry in read.entries(top, "traps", [])),
        sources=read.texts(top, "sources"),
        supply=_supply(read, read.mapping(top, "supply", "area, order and more")) if "supply" in top else None,
        path=path,
    )
    for entry, edition in zip(top["editions"], editions):
        _check_example(read, entry, edition, product)
    return product


def _check_example(read: Reader, entry: Any, edition: Edition, product: Product) -> None:
    """A pattern must take its example and tell from it the layer or the time that the product needs."""
    found = read_name(edition.example, product, edition)
    if found is None:
        raise read.error(entry, "example", f"the pattern of {edition.name} does not take {edition.example!r}")
    tells_time = found.year is not None or found.month is not None or "month" in edition.pattern.groupindex
    if product.step != "static" and not tells_time and edition.bands is None and not edition.weak:
        raise read.error(entry, "pattern", f"{edition.name} tells no year: name a group year, or say bands")


def _grid(read: Reader, entry: Any) -> ProductGrid:
    read.keys(entry, (), _GRID)
    return ProductGrid(
        crs=read.crs(entry, "crs"),
        assume=read.crs(entry, "assume"),
        cell=read.number(entry, "cell", 0.0),
        tiles=read.one_of(entry, "tiles", TILES, ""),
    )


def _edition(read: Reader, entry: Any) -> Edition:
    optional = ("needs", "instead", "state", "zero", "weak", "bands", "crs")
    read.keys(entry, _EDITION, optional)
    return Edition(
        name=read.text(entry, "name"),
        pattern=read.pattern(entry, "pattern", GROUPS_OF_NAMES),
        example=read.text(entry, "example"),
        container=read.one_of(entry, "container", CONTAINERS),
        needs=read.texts(entry, "needs"),
        instead=read.words(entry, "instead") if "instead" in entry else None,
        state=read.one_of(entry, "state", STATES, "raw"),
        zero=read.one_of(entry, "zero", _ZEROS, "value"),
        weak=read.flag(entry, "weak"),
        bands=_bands(read, read.mapping(entry, "bands", "step or years")) if "bands" in entry else None,
        crs=read.crs(entry, "crs"),
    )


def _bands(read: Reader, entry: Any) -> Bands:
    read.keys(entry, ("step",), ("years",))
    years = tuple(int(year) for year in read.numbers(entry, "years"))
    if list(years) != sorted(set(years)):
        raise read.error(entry, "years", "years must rise")
    return Bands(read.one_of(entry, "step", _BAND_STEPS), years)


def _layer(read: Reader, name: str, entry: Any) -> Layer:
    optional = (
        "title", "type", "scale", "offset", "file_scale", "valid", "fills", "unit", "times", "plus", "annual", "rate",
        "feeds", "quality", "scheme", "ask",
    )  # fmt: skip
    read.keys(entry, _LAYER, optional)
    kind = read.one_of(entry, "kind", KINDS)
    meant = quantities().get(read.text(entry, "quantity"))
    if meant is None:
        raise read.error(entry, "quantity", f"there is no quantity {entry['quantity']!r}")
    in_file = entry.get("scale") == "file"
    layer = Layer(
        id=name,
        title=read.words(entry, "title") if "title" in entry else meant.name,
        match=read.pattern(entry, "match"),
        quantity=meant.id,
        kind=kind,
        type=read.gdal_type(entry, "type"),
        scale=None if in_file else read.number(entry, "scale", 1.0),
        offset=None if in_file else read.number(entry, "offset", 0.0),
        file_scale="use" if in_file else read.one_of(entry, "file_scale", FILE_SCALES, "ignore"),
        valid=read.range(entry, "valid"),
        fills=read.fills(entry, "fills"),
        unit=read.text(entry, "unit", meant.unit),
        times=read.number(entry, "times", 1.0),
        plus=read.number(entry, "plus", 0.0),
        annual=read.one_of(entry, "annual", ANNUAL, "as_is"),
        rate=read.one_of(entry, "rate", RATES, ""),
        feeds=read.texts(entry, "feeds"),
        quality=_quality(read, read.mapping(entry, "quality", "layer")) if "quality" in entry else None,
        scheme=read.one_of(entry, "scheme", tuple(s for s in SCHEMES if s != CUSTOM), ""),
        ask=read.some_of(entry, "ask", ASKED),
    )
    _check_layer(read, entry, layer)
    return layer


def _check_layer(read: Reader, entry: Any, layer: Layer) -> None:
    if layer.scale == 0 or layer.times == 0:
        raise read.error(entry, "scale" if layer.scale == 0 else "times", "a scale of 0 leaves nothing of the values")
    if layer.is_classes and (layer.scale, layer.offset, layer.times, layer.plus) != (1, 0, 1, 0):
        raise read.error(entry, "scale", f"{layer.kind} have no scale and no unit")
    if layer.scheme and layer.valid:
        raise read.error(entry, "valid", "the scheme tells which codes there are; others are refused, not left out")
    if layer.is_classes and layer.annual not in ("as_is", "mode", "last"):
        raise read.error(entry, "annual", f"{layer.kind} cannot become one of {layer.annual}")
    if layer.rate and layer.annual not in ("sum", "mean"):
        raise read.error(entry, "rate", "a rate is summed over its days, or averaged")
    if layer.times == 1 and layer.plus == 0 and layer.unit != layer.meant.unit and not _same_over_time(layer):
        raise read.error(
            entry, "unit", f"{layer.unit} is not the unit of {layer.quantity} ({layer.meant.unit}): say times or plus"
        )
    low, high = (layer.valid.low, layer.valid.high) if layer.valid else (0.0, 0.0)
    for fill in layer.fills:
        if layer.valid and layer.is_classes is False and low <= fill.codes.low and fill.codes.high <= high:
            raise read.error(entry, "fills", f"the code {fill.codes.low:g} lies within what is valid")


def _same_over_time(layer: Layer) -> bool:
    """Whether units differ by time alone, which the sum over a year settles, as of mm and mm/a; `any` has none."""
    return (
        layer.annual == "sum"
        or layer.quantity == "any"
        or layer.kind in ("count", "density", "classes", "flags", "ids")
    )


def _quality(read: Reader, entry: Any) -> QualityRule:
    read.keys(entry, ("layer",), LEVELS)
    levels = {level: tuple(_test(read, test) for test in read.entries(entry, level, [])) for level in LEVELS}
    return QualityRule(layer=read.pattern(entry, "layer"), **levels)


def _test(read: Reader, entry: Any) -> QualityTest:
    read.keys(entry, (), ("bits", "keep", "drop", "most"))
    if sum(key in entry for key in ("keep", "drop", "most")) != 1:
        raise read.error(entry, "keep", "a test of quality says one of keep, drop and most")
    bits = [int(number) for number in read.numbers(entry, "bits")]
    if "bits" in entry and (len(bits) != 2 or bits[0] < 0 or bits[1] < 1):
        raise read.error(entry, "bits", "bits are the first bit and how many")
    keep = tuple(int(number) for number in read.numbers(entry, "keep")) if "keep" in entry else None
    drop = tuple(int(number) for number in read.numbers(entry, "drop"))
    most = read.number(entry, "most", 0.0) if "most" in entry else None
    first, count = bits if bits else (0, 0)
    highest = max((*(keep or ()), *drop, most or 0))
    if count and highest >= 1 << count:
        raise read.error(entry, "bits", f"{count} bits hold no {highest:g}")
    return QualityTest(first, count, keep, drop, most)


def _supply(read: Reader, entry: Any) -> Supply:
    """How a product is had; areas, measures and orders are short names of `_shared.yaml`."""
    read.keys(entry, ("area", "order"), ("years", "mb", "per", "unverified"))
    return Supply(
        area=read.shared_words(entry, "area", "areas"),
        years=read.text(entry, "years", ""),
        mb=read.number(entry, "mb", 0.0) or None,
        per=read.shared_words(entry, "per", "measures") if "per" in entry else None,
        order=read.shared_words(entry, "order", "orders"),
        unverified=read.some_of(entry, "unverified", SUPPLY_FACTS),
    )


def _trap(read: Reader, entry: Any, editions: list[str]) -> Trap:
    read.keys(entry, ("text",), ("editions",))
    return Trap(read.words(entry, "text"), read.some_of(entry, "editions", tuple(editions)))


def find_product(identifier: str, known: Mapping[str, Product]) -> Product:
    """A product by its id. Raises TableError with the ids that there are."""
    if identifier not in known:
        raise TableError(
            say(
                "There is no product {identifier!r}. The products are {known}.",
                identifier=identifier,
                known=", ".join(known),
            )
        )
    return known[identifier]
