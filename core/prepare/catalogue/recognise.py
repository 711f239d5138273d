"""Which product a file is, by its name: product, edition, layer, time, tile, variant. Names only, so it is quick."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta

from ...progress import QUIET, Progress
from ..files.listing import file_name
from .product import Edition, Product

# What a group of a pattern tells. `variant` keeps apart what must not be mixed, `version` and `processed` order what
# replaces another, `rest` means nothing.
GROUPS_OF_NAMES = (
    "year", "year_to", "month", "day", "doy", "half", "tile", "tile2", "h", "v", "layer", "variant", "version",
    "processed", "top", "bottom", "part", "rest",
)  # fmt: skip
_CHECK_EVERY = 200
_COPY = re.compile(r" ?\(\d+\)(?=\.|$)")  # what browsers add to a name that is there already


@dataclass(frozen=True)
class Recognised:
    """What a name tells.

    Attributes:
        path: as GDAL opens it.
        name: without folders, as the provider wrote it.
        product, edition: None where no pattern takes the name.
        layer: id of the layer; "" where the file holds several, the name tells none, or it is a layer of quality.
        quality: what the file calls its layer of quality; "" where it holds values.
        band: what the name calls its layer, such as SR_B4, where several are one layer of the product.
        year: of the first day; None where the name does not tell it.
        year_to: last year of a file of several years, else `year`.
        month, day: of the first day; None where the name does not tell them.
        half: 1 or 2, of a half month.
        tile: "" where there are none.
        variant: what must not be mixed with another.
        version: the higher one replaces the lower, then the later `processed`.
        processed: when it was made.
        depth: top and bottom in cm.
        part: of an export that was split.
        candidates: ids of products that the name may be, where only the user knows.
    """

    path: str
    name: str
    product: Product | None = None
    edition: Edition | None = None
    layer: str = ""
    quality: str = ""
    band: str = ""
    year: int | None = None
    year_to: int | None = None
    month: int | None = None
    day: int | None = None
    half: int | None = None
    tile: str = ""
    variant: str = ""
    version: str = ""
    processed: str = ""
    depth: tuple[int, int] | None = None
    part: str = ""
    candidates: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        return self.product is not None

    @property
    def first_day(self) -> date | None:
        """The first day that the file stands for, as far as the name tells it."""
        return None if self.year is None else date(self.year, self.month or 1, self.day or 1)


def recognise(
    files: Iterable[str], known: Mapping[str, Product], product: str = "", progress: Progress = QUIET
) -> list[Recognised]:
    """Recognises files by their names, in their order.

    A name that only says what the user thought of is taken where `product` is given, and else left with candidates.

    Args:
        files: paths, also within archives (`/vsizip/...`).
        known: products by id.
        product: id of the only product that is looked for; "" for all.
        progress: polled for a cancel.
    """
    chosen = [known[product]] if product else list(known.values())
    certain = [(p, e) for p in chosen for e in p.editions if not e.weak or product]
    weak = [] if product else [(p, e) for p in chosen for e in p.editions if e.weak]
    found = []
    for number, path in enumerate(files):
        if number % _CHECK_EVERY == 0:
            progress.check()
        found.append(_recognise(path, certain, weak))
    return found


def _recognise(path: str, certain: list[tuple[Product, Edition]], weak: list[tuple[Product, Edition]]) -> Recognised:
    name = _COPY.sub("", file_name(path))
    matches = [one for product, edition in certain if (one := read_name(name, product, edition))]
    if not matches:  # disks and archives may have changed the case of a name; some names differ by nothing else
        matches = [one for product, edition in certain if (one := read_name(name, product, edition, folded=True))]
    if len({one.product.id for one in matches if one.product}) == 1:
        return replace(matches[0], path=path)
    maybe = matches or [one for product, edition in weak if (one := read_name(name, product, edition))]
    return Recognised(path, name, candidates=tuple(dict.fromkeys(one.product.id for one in maybe if one.product)))


def read_name(name: str, product: Product, edition: Edition, *, folded: bool = False) -> Recognised | None:
    """What a name tells if it is of this edition, whatever its case if `folded`; None if it is not."""
    pattern = edition.pattern
    match = re.match(pattern.pattern, name, re.IGNORECASE) if folded else pattern.match(name)
    if match is None:
        return None
    told = {group: text for group, text in match.groupdict().items() if text}
    first = _first_day(told)
    month = first.month if first and ("month" in told or "doy" in told) else _month(told)
    if first is None and ("doy" in told or month == 0):
        return None
    layer = quality = ""
    if "layer" in told:
        named = product.layer_named(told["layer"])
        layer, quality = (named.id, "") if named else ("", told["layer"])
        if quality and not product.is_quality(quality):
            return None
    year = first.year if first else None
    return Recognised(
        path=name,
        name=name,
        product=product,
        edition=edition,
        layer=layer or ("" if quality or len(product.layers) > 1 else next(iter(product.layers))),
        quality=quality,
        band=told.get("layer", ""),
        year=year,
        year_to=int(told["year_to"]) if "year_to" in told else year,
        month=month,
        day=first.day if first and ("day" in told or "doy" in told) else None,
        half=int(told["half"][-1]) if "half" in told else None,
        tile=f"h{told['h']}v{told['v']}" if "h" in told else told.get("tile", told.get("tile2", "")).upper(),
        variant=told.get("variant", ""),
        version=told.get("version", ""),
        processed=told.get("processed", ""),
        depth=(int(told["top"]), int(told["bottom"])) if "top" in told else None,
        part=told.get("part", ""),
    )


def _month(told: Mapping[str, str]) -> int | None:
    """The month of a climatology, which has no year; 0 for what is none, None where none is told."""
    if "month" not in told:
        return None
    month = int(told["month"])
    return month if "year" not in told and 1 <= month <= 12 else 0


def _first_day(told: Mapping[str, str]) -> date | None:
    """The first day by year and day of year, or by year, month and day; None where that is no day."""
    if "year" not in told:
        return None
    try:
        if "doy" in told:
            first = date(int(told["year"]), 1, 1) + timedelta(int(told["doy"]) - 1)
            return first if first.year == int(told["year"]) and told["doy"] != "000" else None
        return date(int(told["year"]), int(told.get("month", 1)), int(told.get("day", 1)))
    except ValueError:
        return None
