"""Ecosystem services as rasters: how much of a service a pixel holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, cast, get_args

import numpy as np

from ..errors import GridError, InputError
from ..inputs.names import require_names
from ..messages import say
from ..progress import Progress
from ..quantities import Measure
from ..raster.area import M3_PER_MM_HA, equal_pixel_area_ha
from ..raster.dataset import stem_of
from ..raster.passes.share_thresholds import Holds, pixel_amounts, ranked
from ..raster.reading.source import Source
from ..raster.study import StudyArea
from ..raster.work import Block
from .layers import band_source

AmountKind = Literal["density", "depth", "quantity"]
Given = TypeVar("Given")


@dataclass(frozen=True)
class Service:
    """A service map.

    Attributes:
        name: names it in tables.
        path: the raster.
        kind: `density` per hectare, `depth` in mm, or `quantity` per pixel.
        band: None for the last.
    """

    name: str
    path: str
    kind: AmountKind = "density"
    band: int | None = None

    @property
    def per_area(self) -> bool:
        return self.kind != "quantity"

    @property
    def factor(self) -> float:
        """From value times hectares (or the value) to the unit of the amount: m3 for depths."""
        return M3_PER_MM_HA if self.kind == "depth" else 1.0


@dataclass(frozen=True)
class ServiceLayer:
    """A service on the reference grid.

    Attributes:
        service: what it is.
        source: on the grid.
        pixel_ha: area of every pixel; None where pixels differ.
    """

    service: Service
    source: Source
    pixel_ha: float | None = None

    def amounts(self, block: Block) -> np.ndarray:
        """What each pixel holds (float32, times `Service.factor` in the amount's unit); 0 where not valid."""
        values = block.values[self.source.name]
        if not self.service.per_area:
            return values.astype(np.float32, copy=False)
        return pixel_amounts(values, block.areas_ha)

    @property
    def holds(self) -> Holds:
        """What the values say of pixels that may differ in size."""
        if self.pixel_ha is not None:
            return "alike"
        return "density" if self.service.per_area else "quantity"

    @property
    def ranked_unit(self) -> float:
        """Amount, in the unit of `amounts`, of a pixel that is ranked by 1; per hectare where pixels differ in size."""
        return self.pixel_ha if self.service.per_area and self.pixel_ha is not None else 1.0

    def ranked(self, block: Block) -> np.ndarray:
        """What the pixels are ranked by, float32: amounts per hectare, or values where all pixels have one area."""
        return ranked(block.values[self.source.name], block.areas_ha, self.holds)

    def held(self, block: Block) -> np.ndarray:
        """What each pixel holds, in multiples of `ranked_unit`: what share thresholds add up."""
        values = block.values[self.source.name]
        if self.holds == "density":
            return values.astype(np.float64) * block.areas_ha
        return values.astype(np.float32 if self.holds == "alike" else np.float64, copy=False)

    def compared(self, block: Block) -> np.ndarray:
        """How much pixels hold where services are compared: amounts, per hectare where pixels differ in size."""
        return self.amounts(block) if self.pixel_ha is not None else self.ranked(block)

    def valid(self, block: Block) -> np.ndarray:
        return block.valid[self.source.name]


def read_services(
    paths: Sequence[str], names: Sequence[str], kinds: Sequence[str], bands: Sequence[float] = ()
) -> tuple[Service, ...]:
    """Services from rasters and the words that the user wrote for them.

    Args:
        paths: the rasters.
        names: one for each raster; none takes the names of the files.
        kinds: of `AmountKind`, one for all or one for each.
        bands: one for all or one for each; none takes the last band of each raster.

    Raises:
        InputError: the numbers do not fit, or a band is no whole number from 1.
    """
    titles = list(names) or [stem_of(path) for path in paths]
    if len(titles) != len(paths):
        raise InputError(
            say(
                "NAMES holds {count} names ({names}) for {count2} service rasters. Give one name for each, "
                "in their order, or none.",
                count=len(names),
                names=", ".join(names),
                count2=len(paths),
            )
        )
    if names:
        require_names("NAMES", names, paths)
    of_each = _one_each("KINDS", list(kinds) or ["density"], len(paths), f" ({', '.join(get_args(AmountKind))})")
    wrong = [band for band in bands if band < 1 or band != int(band)]
    if wrong:
        raise InputError(say("BANDS holds {wrong:g}. Write the numbers of bands, from 1.", wrong=wrong[0]))
    numbers: list[int | None] = [int(band) for band in bands] if bands else [None]
    chosen = _one_each("BANDS", numbers, len(paths))
    return tuple(
        Service(name, path, cast(AmountKind, kind), band)
        for name, path, kind, band in zip(titles, paths, of_each, chosen)
    )


def _one_each(parameter: str, given: list[Given], count: int, choices: str = "") -> list[Given]:
    """One word for all services, or one for each."""
    of_each = given * count if len(given) == 1 else given
    if len(of_each) != count:
        raise InputError(
            say(
                "{parameter} holds {count} words for {count2} service rasters. Give one for all{choices}, or "
                "one for each.",
                parameter=parameter,
                count=len(given),
                count2=count,
                choices=choices,
            )
        )
    return of_each


def service_sources(services: Sequence[Service], progress: Progress) -> tuple[Source, ...]:
    """Names a source per service.

    Raises:
        InputError: no service, a name twice, an unknown kind, or a raster cannot be opened.
    """
    if not services:
        raise InputError(say("No service is given. Give at least one service raster."))
    twice = [name for name, count in Counter(service.name for service in services).items() if count > 1]
    if twice:
        raise InputError(say("Two services are called {twice}. Give each its own name.", twice=twice[0]))
    for service in services:
        if service.kind not in get_args(AmountKind):
            raise InputError(
                say(
                    "Service {name} is of the unknown kind {kind}. Choose one of {amountkind}.",
                    name=service.name,
                    kind=service.kind,
                    amountkind=", ".join(get_args(AmountKind)),
                )
            )
    return tuple(
        band_source(f"service:{s.name}", s.path, s.name, progress, "continuous", s.band, Measure("service", ratio=True))
        for s in services
    )


def open_services(
    services: Sequence[Service], sources: Sequence[Source], area: StudyArea, progress: Progress
) -> tuple[ServiceLayer, ...]:
    """Brings services on the grid.

    Raises:
        GridError: a raster does not overlap, or quantities per pixel lie on another grid (pixels of another size
            cannot share them out).
    """
    pixel_ha = equal_pixel_area_ha(area.grid)
    fitted = area.fit_all(sources, progress)
    layers = tuple(ServiceLayer(service, source, pixel_ha) for service, source in zip(services, fitted))
    for layer in layers:
        if layer.source.resampling and not layer.service.per_area:
            raise GridError(
                say(
                    "{named} holds quantities per pixel but lies on another grid, where a pixel would hold "
                    "another quantity. Give it per hectare (density), or align the other rasters to it.",
                    named=layer.source.named,
                )
            )
    return layers
