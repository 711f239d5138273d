"""Which layers feed an input, in the order in which they are taken, and where inputs are had.

The order is that of `resources/product_order.yaml`; places beside the catalogue are those of `other_places.yaml`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ...errors import InputError
from ...messages import say
from ...quantities import Words
from ...resources import RESOURCES, read_yaml
from ..catalogue.loader import products
from ..catalogue.product import Layer, Product

FILE = RESOURCES / "product_order.yaml"
PLACES = RESOURCES / "other_places.yaml"


@dataclass(frozen=True)
class Order:
    """Attributes: layers: with their products, the preferred first. choose: whether the user decides among several."""

    layers: tuple[tuple[Product, Layer], ...]
    choose: bool = False


@cache
def orders() -> Mapping[str, Order]:
    """The layers that feed a quantity, by its id."""
    known = products()
    found = {}
    for quantity, entry in read_yaml(FILE).items():
        pairs = [one.split(".") for one in entry["layers"]]
        layers = tuple((known[product], known[product].layers[layer]) for product, layer in pairs)
        found[quantity] = Order(layers, entry.get("choose", False))
    return found


def preferred(text: str) -> dict[str, str]:
    """The products that the user names, in his order, and of each the edition that he means; "" for any.

    >>> preferred("worldpop, clcd:albers")
    {'worldpop': '', 'clcd': 'albers'}

    Raises:
        InputError: a word is no product.
    """
    plain = text.replace("，", ",").replace(";", ",").replace("：", ":")
    words = {
        word.partition(":")[0].strip(): word.partition(":")[2].strip() for word in plain.split(",") if word.strip()
    }
    known = products()
    for word in words:
        if word not in known:
            raise InputError(
                say(
                    "PREFER holds {word!r}, which is no product. There are: {known}.", word=word, known=", ".join(known)
                )
            )
    return words


def in_order(quantity: str, prefer: Mapping[str, str]) -> list[tuple[Product, Layer]]:
    """The layers that feed a quantity; of products that the user prefers first, in his order."""
    layers = orders()[quantity].layers
    wished = sorted((pair for pair in layers if pair[0].id in prefer), key=lambda pair: list(prefer).index(pair[0].id))
    return [*wished, *(pair for pair in layers if pair[0].id not in prefer)]


@dataclass(frozen=True)
class Place:
    """Where an input can be had beside the catalogue."""

    name: str
    page: str
    note: Words


def suppliers(quantity: str) -> tuple[Product, ...]:
    """The products that hold a quantity, those that feed it first, in their order."""
    known = products()
    ordered = [product for product, _ in orders()[quantity].layers] if quantity in orders() else []
    named = [known[one] for one in _places().get(quantity, ()) if isinstance(one, str)]
    holding = [one for one in known.values() if any(layer.quantity == quantity for layer in one.layers.values())]
    return tuple({one.id: one for one in (*ordered, *named, *holding)}.values())


def other_places(quantity: str) -> tuple[Place, ...]:
    """Where a quantity can be had beside the catalogue."""
    found = [one for one in _places().get(quantity, ()) if not isinstance(one, str)]
    return tuple(Place(name, page, Words(english, chinese)) for name, page, english, chinese in found)


@cache
def _places() -> Mapping[str, Any]:
    places: Mapping[str, Any] = read_yaml(PLACES)
    return places
