"""What the algorithms of zoning share: services with names and kinds, maps with legends."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qgis.core import QgsGeometry, QgsVectorLayer, QgsWkbTypes

from ...core.land_cover import LandCoverScheme
from ...core.raster.output import ClassColour
from ...core.word_lists import split_words
from ...core.zoning.services import Service, read_services
from ..base import EcoAlgorithm, Results
from ..compat import user_language
from ..features import new_feature
from ..given import Given
from ..looks.canvas import BandLook, Look
from ..looks.vector_look import FeatureLook
from ..polygon_copies import KEY


class ZoningAlgorithm(EcoAlgorithm):
    """Works on rasters of one date: of several bands the last is taken."""

    GROUP = "zoning"

    def add_services(self, optional: bool = False) -> None:
        """Service rasters, what they are called and what their pixels hold."""
        self.add_rasters("SERVICES", quantity="service", optional=optional)
        self.add_text("NAMES", optional=True)
        self.add_text("KINDS", "density")
        self.add_text("BANDS", optional=True, advanced=True)

    def add_one_land_cover(self) -> None:
        """Land cover of one date, which may be left out."""
        self.add_raster("LAND_COVER", quantity="land_cover", optional=True)
        self.add_scheme()

    def services(self, given: Given) -> tuple[Service, ...]:
        return read_services(
            given.rasters("SERVICES"),
            split_words(given.text("NAMES")),
            split_words(given.text("KINDS")),
            given.numbers("BANDS"),
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
        label = self.label(name)
        return self.publish_raster(
            name, path, Look(label, tuple(bands) or (BandLook(1, label),), classes=tuple(legend))
        )

    def publish_polygons(
        self, name: str, path: str | None, look: FeatureLook, wanted: Collection[int] | None = None
    ) -> Results:
        """Copies polygons of a finished file into a sink, with all their fields; `wanted` tells the ids, None all."""
        if not path:
            return {}
        layer = QgsVectorLayer(path, name, "ogr")
        fields = layer.fields()
        for key in (KEY, "fid"):  # of a GeoPackage; the new file makes its own
            if fields.indexOf(key) >= 0:
                fields.remove(fields.indexOf(key))
        features = (
            new_feature(_as_multi(found.geometry()), [found[field.name()] for field in fields])
            for found in layer.getFeatures()
            if wanted is None or found.id() in wanted
        )
        kind = QgsWkbTypes.multiType(layer.wkbType())
        results = self.publish_features(name, fields, features, kind, layer.crs(), look)
        layer.dataProvider().reloadData()  # QGIS keeps its connection for a minute, and Windows the file with it
        return results

    @property
    def language(self) -> str:
        """Of legends in the canvas."""
        return user_language()


def _as_multi(geometry: QgsGeometry) -> QgsGeometry:
    geometry.convertToMultiType()
    return geometry
