"""What no file of a folder feeds, and where it is had."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...quantities import quantity
from ..catalogue.product import Product
from ..downloads.order import orders, suppliers

_NAMED = 3  # products for each input


@dataclass(frozen=True)
class WantRow:
    """A product that would feed an input that nothing feeds.

    Attributes:
        input: what is wanted.
        product: that holds it.
        years: of which there are files; "" for what does not change.
        size: about.
        how: what a user does to get it.
        page: its address.
    """

    input: str
    product: str
    years: str
    size: str
    how: str
    page: str


def wanting(fed: Iterable[tuple[str, str]], language: str) -> Iterator[WantRow]:
    """The inputs of workflows that no layer of a folder feeds, with the products to take.

    Args:
        fed: product and layer of what is there.
        language: of the words.
    """
    there = set(fed)
    for held, order in orders().items():
        if any((product.id, layer.id) in there for product, layer in order.layers):
            continue
        name = quantity(held).name.of(language)
        for product in suppliers(held)[:_NAMED]:
            supply = product.supply
            yield WantRow(
                input=name,
                product=product.title.of(language),
                years=supply.years if supply else "",
                size=supply.size(language) if supply else "",
                how=supply.order.of(language) if supply else "",
                page=product.page,
            )


def how_to_get(product: Product, language: str) -> str:
    """What a user does to get files of a product, and its address."""
    order = product.supply.order.of(language) if product.supply else ""
    return " ".join(filter(None, (order, product.page)))
