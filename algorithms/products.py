"""Files of products among the values of parameters, read as they were written: QGIS knows no `file|variable`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from qgis.core import (
    QgsMapLayer,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingParameterDefinition,
    QgsProperty,
    QgsRasterLayer,
)

from ..core.errors import EcoAssetsError, InputError
from ..core.prepare.taking import Asked, Place, Taken, bring, place_of_text, take
from ..core.progress import Progress
from ..core.resources import RESOURCES
from ..core.years import parse_years
from .declared import DeclaredAlgorithm
from .help_texts import QUANTITY
from .inputs import listed, load_as_raster
from .translation import tr

STAND_IN = str(RESOURCES / "layouts" / "any_raster.vrt")  # a raster that every QGIS loads


class GivenProducts:
    """The products that a run was given, by parameter and position in its list; nothing of QGIS is kept.

    Raises:
        EcoAssetsError: one cannot be taken; of what QGIS may yet know as a layer nothing is said.
    """

    def __init__(
        self, algorithm: DeclaredAlgorithm, parameters: Mapping[str, Any], context: QgsProcessingContext
    ) -> None:
        self._taken: dict[str, dict[int, Taken]] = {}
        self._asked: dict[str, Asked] = {}
        for definition in algorithm.parameterDefinitions():
            value = parameters.get(definition.name())
            if value and takes_rasters(definition):
                self._take(algorithm, definition, listed(value), _years(parameters), context)

    def __bool__(self) -> bool:
        return bool(self._taken)

    def of(self, name: str) -> dict[int, Taken]:
        """Those of a parameter."""
        return self._taken.get(name, {})

    def scenes(self, name: str) -> list[str]:
        """Places of scenes among the values of a parameter."""
        return [taken.place.path for _, taken in sorted(self.of(name).items()) if taken.scenes]

    def texts(self, name: str) -> list[tuple[int, str]]:
        """Positions of products that stand for a raster, and what was written there."""
        return [(number, taken.place.text) for number, taken in sorted(self.of(name).items()) if not taken.scenes]

    def with_stand_ins(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters, with rasters that QGIS can load in the places of products."""
        stood = dict(parameters)
        for name, taken in self._taken.items():
            values = [STAND_IN if number in taken else one for number, one in enumerate(listed(parameters[name]))]
            stood[name] = values if isinstance(parameters[name], (list, tuple)) else values[0]
        return stood

    def paths_as_given(self, name: str, value: Any, context: QgsProcessingContext) -> list[str]:
        """Of a list that may hold broken rasters: paths of layers that QGIS can load, and what is written otherwise."""
        paths, taken = [], self.of(name)
        for number, one in enumerate(listed(value)):
            if number in taken:
                paths.append(taken[number].place.text)
                continue
            layer = one if isinstance(one, QgsMapLayer) else load_as_raster(str(one), context)
            paths.append(layer.source().split("|", 1)[0] if layer is not None else str(one))
        return paths

    def bring(self, folder: str, progress: Progress) -> dict[str, dict[int, str]]:
        """Paths of rasters that methods read, after all imports. Raises as `taking.bring`."""
        every = [
            (name, number, taken)
            for name, found in self._taken.items()
            for number, taken in found.items()
            if not taken.scenes
        ]
        paths: dict[str, dict[int, str]] = {}
        for count, (name, number, taken) in enumerate(every):
            share = progress.part(100 * count / len(every), 100 * (count + 1) / len(every))
            room = os.path.join(folder, str(count))
            os.mkdir(room)
            paths.setdefault(name, {})[number] = bring(taken, self._asked[name], room, share)
        return paths

    def _take(
        self,
        algorithm: DeclaredAlgorithm,
        definition: QgsProcessingParameterDefinition,
        values: Sequence[Any],
        years: Sequence[int],
        context: QgsProcessingContext,
    ) -> None:
        name, several, raw = definition.name(), definition.type() == "multilayer", algorithm.GROUP == "prepare"
        asked = Asked(
            name,
            definition.metadata().get(QUANTITY) or "any",
            several,
            years,
            raw=raw,
            scenes=name in algorithm.TAKES_SCENES,
        )
        found = {}
        for number, value in enumerate(values):
            place = _place(value, context)
            if place is None or (raw and not place.variable):  # what is prepared knows files and folders by itself
                continue
            try:
                taken = take(place, asked)
            except EcoAssetsError:
                if isinstance(value, str) and not algorithm.TAKES_BROKEN_RASTERS:
                    raise
                continue
            if taken.imported is not None or isinstance(value, str):
                found[number] = taken
        if 0 < sum(taken.scenes for taken in found.values()) < len(values):
            raise InputError(
                tr(
                    "{label}: scenes and rasters cannot stand in one list. Give scenes alone, or a raster per year.",
                    label=definition.description(),
                )
            )
        if found:
            self._taken[name], self._asked[name] = found, asked


def _place(value: Any, context: QgsProcessingContext) -> Place | None:
    """What a value names; layers that hide values of their own stay layers."""
    if isinstance(value, QgsProperty):
        value = value.staticValue()
    project = context.project()
    known = project.mapLayer(value) if isinstance(value, str) and project is not None else None
    layer = known if known is not None else value
    if isinstance(layer, QgsRasterLayer):
        provider = layer.dataProvider()
        hides = any(provider.userNoDataValues(band) for band in range(1, layer.bandCount() + 1))
        return None if hides else place_of_text(layer.source())
    return place_of_text(layer) if isinstance(layer, str) else None


def _years(parameters: Mapping[str, Any]) -> tuple[int, ...]:
    """The years of `YEARS`; none where it is empty, or written as the run will refuse it."""
    try:
        return parse_years(str(parameters.get("YEARS") or ""))
    except InputError:
        return ()


def takes_rasters(definition: QgsProcessingParameterDefinition) -> bool:
    """Whether a parameter takes a raster or a list of them."""
    if definition.type() == "multilayer":
        return bool(definition.layerType() == QgsProcessing.SourceType.TypeRaster)
    return bool(definition.type() == "raster")
