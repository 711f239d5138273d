"""What is decided before a number is read: state, scale, fill codes, quality, how the steps become one value."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from osgeo import gdal

from ...column_words import choice
from ...errors import InputError
from ...messages import Message, listed, say
from ...progress import Progress
from ...quantities import Quantity
from ...raster.dataset import open_raster
from ..catalogue.product import Edition, Layer, Product
from .masks import StoredMask
from .native import Rule
from .steps import Period, Step

AUTO = "auto"
NONE = "none"
_SUM_NEEDS = 0.9  # share of the days of a year that a sum rests on
_RATES = {"day": say("day"), "hour": say("hour"), "second": say("second")}
_SAMPLE = 512  # pixels across that a test of the range looks at
_LOOSE = 4.0  # a number that is this many times above what is usual is in another unit
_STATISTIC_PCT = 98


@dataclass(frozen=True)
class Decisions:
    """What the user decides; `auto` leaves it to the product.

    Attributes:
        annual: rule of `product.ANNUAL`.
        quality: `standard`, `strict` or `none`.
        minimum_valid_pct: share of the days that a pixel must have; None takes 90 for sums, and one step else.
        state: `raw` or `scaled`.
        scale, offset: stored x scale + offset, instead of the product's; None for the product's.
        fills: codes beside those of the product; None where the user has said nothing.
        native_unit: whether the numbers stay in the unit of the product.
    """

    annual: str = AUTO
    quality: str = "standard"
    minimum_valid_pct: float | None = None
    state: str = AUTO
    scale: float | None = None
    offset: float = 0.0
    fills: tuple[float, ...] | None = None
    native_unit: bool = False


def parse_scale(text: str) -> tuple[float | None, float]:
    """Reads `0.1` or `0.1, -273.15`; None where it is empty or `auto`. Raises InputError."""
    words = [word for word in re.split(r"[,;，；\s]+", text.strip()) if word]
    if not words or words == [AUTO]:
        return None, 0.0
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2 or not all(map(math.isfinite, numbers)) or numbers[0] == 0:
        raise InputError(
            say("SCALE is {text!r}. Write the scale, or scale and offset, such as 0.1 or 0.1, -40.", text=text)
        )
    return numbers[0], numbers[1] if len(numbers) == 2 else 0.0


def parse_fills(text: str) -> tuple[float, ...] | None:
    """Reads `0, 255`; an empty tuple for `none`; None where nothing is said. Raises InputError."""
    words = [word for word in re.split(r"[,;，；\s]+", text.strip()) if word]
    if not words:
        return None
    if words == [NONE]:
        return ()
    try:
        return tuple(float(word) for word in words)
    except ValueError:
        raise InputError(say("FILLS is {text!r}. Write codes, such as 0, 255, or none.", text=text)) from None


def rule_of(product: Product, layer: Layer, steps: Sequence[Step], wish: Decisions, progress: Progress) -> Rule:
    """Decides how the stored numbers are read, and tells it.

    Raises:
        InputError: a fact that no source confirms is not told by the user, a file's scale is not that of the product,
            or it cannot be seen whether the numbers are scaled.
    """
    _require_asked(layer, wish)
    fills = _fills(product, steps, wish)
    scaled = _is_scaled(layer, steps, wish, fills, progress)
    if wish.native_unit:
        layer = replace(layer, times=1.0, plus=0.0)
    scale, offset = (1.0, 0.0) if layer.scale is None else (layer.scale, layer.offset or 0.0)
    if wish.scale is not None:
        scale, offset = wish.scale, wish.offset
        layer = replace(layer, scale=scale, offset=offset)
    elif scaled:
        scale, offset = 1.0, 0.0
        layer = replace(layer, valid=None, fills=(), scale=1.0, offset=0.0)
    else:
        _compare_scales(layer, steps, progress)
    annual = layer.annual if wish.annual == AUTO else wish.annual
    if layer.is_classes and annual not in ("as_is", "mode", "last"):
        raise InputError(say("{layer} holds classes: ANNUAL must be mode or last.", layer=layer.title))
    if layer.rate and annual == "sum":
        progress.info(
            say(
                "{layer} is a rate per {unit}: its sum takes the days of each step.", layer=layer.title, unit=layer.rate
            )
        )
    pct = wish.minimum_valid_pct
    minimum = (_SUM_NEEDS if annual == "sum" else 0.0) if pct is None else pct / 100
    return Rule(layer, annual, scale, offset, wish.quality, fills, minimum)


def conversion(rule: Rule) -> Message:
    """What was done to the stored numbers, for logs and provenance."""
    layer = rule.layer
    if layer.is_classes:
        return say("codes as they are stored")
    stored = say("stored x {scale:.10g} + {offset:.10g}", scale=rule.scale, offset=rule.offset)
    packed = say("packing of each file") if layer.scale is None else stored
    parts: list[object] = [say("{numbers} = {unit}", numbers=packed, unit=layer.unit) if layer.unit else packed]
    if rule.annual == "sum":
        by_time = say("summed over the steps x {rate}s", rate=_RATES.get(layer.rate, layer.rate))
        parts.append(by_time if layer.rate else say("summed over the steps"))
    elif rule.annual != "as_is":
        parts.append(choice("ANNUAL", rule.annual))
    if (layer.times, layer.plus) != (1, 0):
        numbers = {"times": layer.times, "plus": layer.plus, "unit": layer.meant.unit}
        parts.append(say("x {times:.10g} + {plus:.10g} = {unit}", **numbers))
    return listed(parts, ", ")


def require_days(periods: Sequence[Period], rule: Rule, progress: Progress) -> None:
    """Looks whether the steps of each period are there.

    Raises:
        InputError: a sum or a mean over days rests on fewer days than are needed; names year and steps.
    """
    for period in periods:
        if not period.missing:
            continue
        days = {step.first: step.days for step in period.steps}
        there, missing = sum(days.values()), ", ".join(day.isoformat() for day in period.missing[:4])
        values = {
            "label": period.label,
            "there": len(days),
            "expected": len(days) + len(period.missing),
            "missing": missing + (" …" if len(period.missing) > 4 else ""),
        }
        if there < rule.minimum_valid * period.days:
            raise InputError(
                say(
                    "{label}: {there} of {expected} steps there ({days} of {all} days, missing: {missing}); a sum "
                    "would be too low. Order the missing ones, leave {label} out of YEARS, or lower MINIMUM_VALID_PCT.",
                    **values,
                    days=there,
                    all=period.days,
                )
            )
        progress.warn(say("{label}: {there} of {expected} steps are there; missing: {missing}.", **values))


def _require_asked(layer: Layer, wish: Decisions) -> None:
    given = {"scale": wish.scale is not None, "unit": wish.scale is not None, "fills": wish.fills is not None}
    for fact in layer.ask:
        if not given.get(fact, True):
            name = "FILLS" if fact == "fills" else "SCALE"
            raise InputError(
                say(
                    "{layer}: its {fact} stands in no source that could be checked. Look it up in the readme of your "
                    "files and give {name} (the unit that is needed is {unit}).",
                    layer=layer.title,
                    fact=fact,
                    name=name,
                    unit=layer.meant.unit or "1",
                )
            )


def _editions(steps: Sequence[Step]) -> list[Edition]:
    return list({id(step.file.edition): step.file.edition for step in steps if step.file.edition}.values())


def _fills(product: Product, steps: Sequence[Step], wish: Decisions) -> tuple[float, ...]:
    """Codes of the user, and 0 where an edition writes it for masked pixels."""
    rules = {edition.zero for edition in _editions(steps)}
    if "ask" in rules and wish.fills is None:
        raise InputError(
            say(
                "{product}: exports of Earth Engine write 0 for masked pixels, and 0 may be a value, too. Give FILLS: "
                "0 where masked pixels were not filled otherwise, none where they have a nodata value.",
                product=product.title,
            )
        )
    return (*(wish.fills or ()), *((0.0,) if "fill" in rules else ()))


def _is_scaled(
    layer: Layer, steps: Sequence[Step], wish: Decisions, fills: Sequence[float], progress: Progress
) -> bool:
    """Whether the numbers are in the product's unit already: by the user, the edition, or their size."""
    if layer.is_classes:
        return False
    states = {edition.state for edition in _editions(steps)} if wish.state == AUTO else {wish.state}
    if states != {"ask"} and not (wish.state == AUTO and wish.scale is None and _are_other_numbers(layer, steps[0])):
        return states == {"scaled"}
    high = _high(layer, steps[0], fills)
    if layer.scale is None or layer.offset is None:
        raise TypeError("layer.scale, layer.offset is not as expected")
    raw = _could_be(layer, high * layer.scale + layer.offset)
    scaled = _could_be(layer, high)
    if raw == scaled:
        raise InputError(
            say(
                "{file}: a high number is {high}; it cannot be seen whether it is scaled. Say STATE raw or scaled.",
                file=steps[0].file.name,
                high=f"{high:.6g}",
            )
        )
    state = "raw" if raw else "scaled"
    progress.info(say("The numbers are taken as {state}: a high one is {high}.", state=state, high=f"{high:.6g}"))
    return scaled


def _are_other_numbers(layer: Layer, step: Step) -> bool:
    """Whether a file holds floats where the product stores scaled integers: somebody may have scaled them."""
    if layer.scale in (None, 1.0) or not layer.type.startswith(("Int", "UInt", "Byte")):
        return False
    dataset = open_raster(step.layer.path)  # a band without it is none
    kind = dataset.GetRasterBand(step.band).DataType
    return kind in (gdal.GDT_Float32, gdal.GDT_Float64)


def _could_be(layer: Layer, in_unit: float) -> bool:
    """Whether a high number in the product's unit is one that the quantity has; more than a hundredth of usual ones."""
    usual: Quantity = layer.meant
    value, most = in_unit * layer.times + layer.plus, usual.usual.high
    if layer.plus:  # temperatures: an interval scale
        return usual.usual.holds(value)
    return most / 100 <= value <= most * _LOOSE


def _high(layer: Layer, step: Step, fills: Sequence[float]) -> float:
    """A high stored number of a step, by a sample."""
    dataset = open_raster(step.layer.path)
    band = dataset.GetRasterBand(step.band)
    size = min(_SAMPLE, dataset.RasterXSize), min(_SAMPLE, dataset.RasterYSize)
    stored = band.ReadAsArray(buf_xsize=size[0], buf_ysize=size[1])
    codes = StoredMask.of(replace(layer, valid=None), band.GetNoDataValue(), fills)
    valid = stored[codes.valid(stored) & (stored != 0)]
    if not valid.size:
        raise InputError(say("{file} holds no value but 0 and fill codes.", file=step.file.name))
    return float(np.percentile(valid, _STATISTIC_PCT))


def _compare_scales(layer: Layer, steps: Sequence[Step], progress: Progress) -> None:
    """Compares the scale that files declare with that of the product, which is the one that is taken."""
    if layer.scale is None or layer.is_classes:
        return
    told: dict[float, str] = {}
    for path, band, name in {(step.layer.path, step.band, step.file.name) for step in steps}:
        dataset = open_raster(path)  # a band alone would outlive it
        declared = dataset.GetRasterBand(band).GetScale()
        if declared not in (None, 1.0) and not math.isclose(declared, layer.scale, rel_tol=1e-6):
            told.setdefault(declared, name)
    for declared, name in told.items():
        values = {"file": name, "declared": f"{declared:.10g}", "scale": f"{layer.scale:.10g}"}
        if layer.file_scale == "must_equal":
            raise InputError(
                say(
                    "{file} declares the scale {declared}, but the product has {scale}. Its numbers may have been "
                    "changed on the way: order it again, or give the right one as SCALE.",
                    **values,
                )
            )
        progress.info(say("{file} declares the scale {declared}; that of the product is taken: {scale}.", **values))
