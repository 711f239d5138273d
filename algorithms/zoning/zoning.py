"""What the algorithms of zoning share: services with names and kinds, maps with legends."""

from __future__ import annotations

from collections.abc import Sequence

from ...core.drivers.sample_inputs import split_words
from ...core.land_cover import SCHEMES, LandCoverScheme
from ...core.raster.output import ClassColour
from ...core.zoning.services import Service, read_services
from ..base import EcoAlgorithm, Results
from ..canvas import BandLook, Look
from ..compat import user_language
from ..given import Given
from ..settings import default_scheme
from ..vector_look import FeatureClass, FeatureLook, style_features_when_loaded


class ZoningAlgorithm(EcoAlgorithm):
    """Works on rasters of one date: of several bands the last is taken."""

    GROUP = "zoning"

    def add_services(self, optional: bool = False) -> None:
        """Service rasters, what they are called and what their pixels hold."""
        self.add_rasters("SERVICES", optional=optional)
        self.add_text("NAMES", optional=optional)
        self.add_text("KINDS", "density")

    def add_one_land_cover(self) -> None:
        """Land cover of one date, which may be left out."""
        self.add_raster("LAND_COVER", optional=True)
        self.add_choice("SCHEME", SCHEMES, default_scheme())
        self.add_table("CLASS_TABLE")

    def services(self, given: Given) -> tuple[Service, ...]:
        return read_services(
            given.rasters("SERVICES"), split_words(given.text("NAMES")), split_words(given.text("KINDS"))
        )

    def scheme(self, given: Given) -> LandCoverScheme | None:
        return given.scheme() if given.raster("LAND_COVER") else None

    def words(self, given: Given, name: str) -> tuple[str, ...]:
        """Words of a text, separated by commas."""
        return tuple(split_words(given.text(name)))

    def publish_classes(
        self, name: str, path: str | None, legend: Sequence[ClassColour], bands: Sequence[BandLook] = ()
    ) -> Results:
        """A class raster with its legend; by default one band under the name of the output."""
        label = self.texts.outputs[name].label
        return self.publish_raster(
            name, path, Look(label, tuple(bands) or (BandLook(1, label),), classes=tuple(legend))
        )

    def publish_polygons(self, name: str, path: str | None, field: str, legend: Sequence[ClassColour]) -> Results:
        """Polygons that the core wrote, coloured by the classes of a field."""
        if not path:
            return {}
        classes = tuple(FeatureClass(str(entry.code), entry.name, entry.colour) for entry in legend)
        look = FeatureLook(self.texts.outputs[name].label, field, classes=classes)
        style_features_when_loaded(self._context, path, look)
        return {name: path}

    @property
    def language(self) -> str:
        """Of legends in the canvas."""
        return user_language()
