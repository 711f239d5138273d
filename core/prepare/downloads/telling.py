"""What a run says of downloads before it works: what feeds what, what is missing, and where to get it."""

from __future__ import annotations

from collections.abc import Sequence

from ...messages import Message, listed, say
from ...progress import Progress
from ..catalogue.product import Product
from ..identifying.run import year_ranges
from .order import suppliers
from .plan import LAND_COVER, SCENES, Feed, Lack, Plan

_PLACES = 3  # that are named where something is missing


def tell_plan(plan: Plan, years: Sequence[int], progress: Progress) -> None:
    """Tells every input that is fed, and every one that is not; where land cover is not, the error tells it."""
    progress.info(
        say("Downloads: {recognised} of {files} files are known.", recognised=plan.recognised, files=plan.files)
    )
    for feed in plan.feeds.values():
        progress.info(_fed(feed))
        for warning in _doubts(feed, years):
            progress.warn(warning)
    for lack in (one for one in plan.lacks if one.wanted.quantity != LAND_COVER):
        (progress.warn if lack.reasons else progress.info)(lacking(lack))


def tell_roads(plan: Plan, progress: Progress) -> None:
    """Tells how roads become a driver, which they are not as lines."""
    if plan.roads:
        progress.info(
            say(
                "{file} holds roads, and no input takes them as they are: Pressure grids makes their distance and "
                "density, which can be given as MORE_DRIVERS.",
                file=plan.roads[0],
            )
        )


def lacking(lack: Lack) -> Message:
    """What is missing, why what is there does not serve, and where to get it."""
    named = {"label": lack.wanted.label, "name": lack.wanted.name}
    if lack.reasons:
        return say("{label} ({name}) is not fed. {reasons} {where}", **named, reasons=listed(lack.reasons, " "),
                   where=where_to_get(lack.wanted.quantity))  # fmt: skip
    return say("{label} ({name}) is not among the downloads. {where}", **named,
               where=where_to_get(lack.wanted.quantity))  # fmt: skip


def where_to_get(quantity: str) -> Message:
    """The first products that hold a quantity, with their years and pages."""
    told = [listed(_supplied(one), ", ") for one in suppliers(quantity)[:_PLACES]]
    return say("Where to get it: {places}.", places=listed(told, "; "))


def _supplied(product: Product) -> list[object]:
    years = product.supply.years if product.supply else ""
    return [product.title, *([years] if years else []), product.page]


def _fed(feed: Feed) -> Message:
    return say(
        "{label} ({name}) is fed by {product}, layer {layer}: {years}, {files} files.",
        label=feed.wanted.label,
        name=feed.wanted.name,
        product=feed.product.title,
        layer=feed.layer.id,
        years=year_ranges(feed.years) if feed.years else say("one map for all years"),
        files=feed.files,
    )


def _doubts(feed: Feed, years: Sequence[int]) -> list[Message]:
    """What the user should know of a feed before its numbers are trusted."""
    doubts = []
    named = {"label": feed.wanted.label, "product": feed.product.title}
    if feed.share < 1:
        doubts.append(
            say(
                "{label}: the files of {product} lie over {share:.1%} of the study area. The rest has no value: order "
                "the missing ones{tiles}.",
                **named,
                share=feed.share,
                tiles=f" ({', '.join(feed.tiles_missing)})" if feed.tiles_missing else "",
            )
        )
    if feed.passed:
        doubts.append(
            say(
                "{label}: {others} are there, too, and {product} is taken. To take another write PREFER={first}.",
                **named,
                others=", ".join(feed.passed),
                first=feed.passed[0],
            )
        )
    if feed.how == SCENES and feed.years != tuple(years):
        missing = [str(year) for year in years if year not in feed.years]
        doubts.append(
            say("{label}: no scene of {missing}; the other years are used.", **named, missing=", ".join(missing))
        )
    return doubts
