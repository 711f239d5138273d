"""Which files of a folder are used: one product, one layer, one edition, the newest of what was ordered twice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ...errors import InputError
from ...messages import Message, say
from ...progress import Progress
from ..catalogue.product import Layer, Product
from ..catalogue.recognise import Recognised

AUTO = "auto"
_SHOWN = 5


class SeveralEditions(InputError):
    """There are two editions of one time and place: the user decides."""


@dataclass(frozen=True)
class Passed:
    """A file that is not used, and why."""

    file: Recognised
    reason: Message


@dataclass(frozen=True)
class Chosen:
    """The files of one layer of one product.

    Attributes:
        product, layer: what they are.
        files: with values, by time, tile and name.
        qualities: with quality alone, where it lies in files of its own.
        passed: what is not used.
    """

    product: Product
    layer: Layer
    files: tuple[Recognised, ...]
    qualities: tuple[Recognised, ...]
    passed: tuple[Passed, ...]


def choose_product(found: Sequence[Recognised], known: Mapping[str, Product], wanted: str) -> Product:
    """The product that the user names, or the only one that is there.

    Raises:
        InputError: none or several are there, or the product is not known.
    """
    if wanted != AUTO:
        if wanted not in known:
            raise InputError(
                say("There is no product {wanted!r}. There are: {known}.", wanted=wanted, known=", ".join(known))
            )
        return known[wanted]
    there = list(dict.fromkeys(one.product.id for one in found if one.product))
    if len(there) == 1:
        return known[there[0]]
    if there:
        raise InputError(say("There are files of several products: {there}. Name one as PRODUCT.", there=_list(there)))
    maybe = sorted({candidate for one in found for candidate in one.candidates})
    if maybe:
        raise InputError(
            say(
                "No name tells its product for certain; files may be of: {maybe}. Name the product as PRODUCT.",
                maybe=_list(maybe),
            )
        )
    names = [one.name for one in found]
    raise InputError(
        say(
            "None of {count} files is of a product that is known ({names}). Identify products tells what each file is.",
            count=len(names),
            names=_list(names) or "-",
        )
    )


def choose_layer(product: Product, found: Sequence[Recognised], wanted: str) -> Layer:
    """The layer that the user names, else the only one that files hold, else the first of the product.

    Raises:
        InputError: the product has no such layer.
    """
    if wanted and wanted != AUTO:
        if wanted not in product.layers:
            raise InputError(
                say(
                    "{product} has no layer {wanted!r}. It has: {layers}.",
                    product=product.title,
                    wanted=wanted,
                    layers=_list(product.layers),
                )
            )
        return product.layers[wanted]
    named = {one.layer for one in found if one.product is product and one.layer}
    return product.layer(named.pop() if len(named) == 1 else "")


def choose_files(
    product: Product, layer: Layer, found: Sequence[Recognised], edition: str, years: Sequence[int], progress: Progress
) -> Chosen:
    """The files of a layer, each time and tile once.

    Of files that differ by version or date of processing alone, the newest is taken. Files of different editions for
    the same time and place are refused: the user decides.

    Args:
        product, layer: what is wanted.
        found: all files.
        edition: name of an edition, or a part of the file name; "" for all.
        years: that are wanted; empty for all.
        progress: told of every file that another replaces.

    Raises:
        InputError: no file is left, or two editions of one time and place are there.
    """
    kept: list[Recognised] = []
    qualities: list[Recognised] = []
    passed: list[Passed] = []
    for one in found:
        reason = _why_not(one, product, layer, edition, years)
        if reason is not None:
            passed.append(Passed(one, reason))
        else:
            (qualities if one.quality else kept).append(one)
    newest, replaced = _newest(kept)
    for one, other in replaced:
        newer = say("{other} takes its place: same time and tile, newer", other=other.name)
        reason = say("it is there once more") if one.name == other.name else newer
        passed.append(Passed(one, reason))
        progress.info(say("{file} is not used: {reason}.", file=one.name, reason=reason))
    if not newest:
        raise InputError(_nothing_left(product, layer, found, years))
    _require_one_edition(newest, product)
    return Chosen(product, layer, tuple(newest), tuple(_newest(qualities)[0]), tuple(passed))


def _why_not(one: Recognised, product: Product, layer: Layer, edition: str, years: Sequence[int]) -> Message | None:
    if one.product is None:
        if product.id in one.candidates:
            return say("may be of {product}: name it as PRODUCT", product=product.id)
        return say("of no product that is known")
    if one.product.id != product.id or one.edition is None:
        return say("of another product: {product}", product=one.product.id)
    if one.layer not in ("", layer.id):
        return say("another layer: {layer}", layer=one.layer)
    if one.quality and not (layer.quality and layer.quality.is_called(one.quality)):
        return say("quality of another layer")
    if edition and edition != one.edition.name and edition not in one.name:
        return say("another edition: {edition}", edition=one.edition.name)
    if years and one.year is not None and not any(one.year <= year <= (one.year_to or one.year) for year in years):
        return say("another year: {year}", year=one.year)
    return None


def _place(one: Recognised) -> tuple:
    """What two files of one time and place have in common; where only their time axes tell the time, none has."""
    bands = one.edition.bands if one.edition else None
    untold = one.path if bands is not None and bands.step == "axis" and one.year is None else ""
    return (one.year, one.year_to, one.month, one.day, one.half, one.tile, one.part, one.depth, untold)


def _newest(files: Iterable[Recognised]) -> tuple[list[Recognised], list[tuple[Recognised, Recognised]]]:
    """Files without those that a newer one of the same kind replaces, and pairs of replaced and newer."""
    best: dict[tuple, Recognised] = {}
    replaced = []
    for one in sorted(files, key=lambda f: (f.version, f.processed, f.name, f.path)):
        key = (*_place(one), one.variant, one.edition.name if one.edition else "", one.band)
        if key in best:
            replaced.append((best[key], one))
        best[key] = one
    return sorted(best.values(), key=_by_time), replaced


def _by_time(one: Recognised) -> tuple:
    return (one.year or 0, one.month or 0, one.day or 0, one.half or 0, one.tile, one.part, one.name)


def _require_one_edition(files: Sequence[Recognised], product: Product) -> None:
    seen: dict[tuple, Recognised] = {}
    for one in files:
        other = seen.setdefault(_place(one), one)
        if other is not one:
            part = _telling_part(one)
            raise SeveralEditions(
                say(
                    "{product}: there are two editions of one time and place: {first} and {second}. "
                    "Say as EDITION which is meant: the name of the edition or a part of the file name, as {part}.",
                    product=product.title,
                    first=other.name,
                    second=one.name,
                    part=part,
                )
            )


def _telling_part(one: Recognised) -> str:
    """A part of the name by which a file is told from another edition."""
    if one.variant or one.depth is None:
        return one.variant or (one.edition.name if one.edition else "")
    return f"{one.depth[0]}-{one.depth[1]}cm"


def _nothing_left(product: Product, layer: Layer, found: Sequence[Recognised], years: Sequence[int]) -> Message:
    own = [one for one in found if one.product is not None and one.product.id == product.id]
    there = sorted({one.year for one in own if one.year is not None})
    if years and there:
        return say(
            "There is no file of {product}, {layer}, for {years}. There are: {there}.",
            product=product.title,
            layer=layer.id,
            years=_list(years),
            there=_list(there),
        )
    if own:
        return say(
            "No file of {product} holds {layer} in the edition that is asked for ({names}).",
            product=product.title,
            layer=layer.id,
            names=_list(one.name for one in own),
        )
    examples = _list(edition.example for edition in product.editions)
    return say(
        "There is no file of {product} among {count} files. Its files are called like {examples}.",
        product=product.title,
        count=len(found),
        examples=examples,
    )


def _list(words: Iterable[object]) -> str:
    texts = [str(word) for word in words]
    return ", ".join(texts[:_SHOWN]) + (f" … ({len(texts)})" if len(texts) > _SHOWN else "")
