"""What the user gave, as plain data: paths, tables, numbers, words."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from qgis.core import (
    QgsFeatureRequest,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingFeatureSource,
    QgsProcessingParameterDefinition,
    QgsProcessingUtils,
    QgsRasterLayer,
    QgsVectorLayer,
)

from ..core.errors import InputError
from ..core.inputs.encodings import copy_as_utf_8, is_utf_8
from ..core.inputs.glance import IMAGE
from ..core.inputs.record import current_record
from ..core.inputs.used import UsedClass
from ..core.inputs.years import told_years, years_of
from ..core.land_cover import LandCoverScheme, load_scheme
from ..core.progress import Progress
from ..core.quantities import Words
from ..core.raster.output import ClassColour
from ..core.raster.reading.legend import read_legend
from ..core.raster.zones.zoning import ZoneLayer
from ..core.tables import Table, read_table
from ..core.years import parse_years
from .checks.values import MOST, number_of, wrong_value
from .compat import fields_of
from .declared import LINES, POLYGONS, STREAMED, DeclaredAlgorithm
from .help_texts import QUANTITY
from .inputs import CSV_FILES, OWN_YEARS, layer_legend, listed, raster_layers, require_all_found, table_file, table_of
from .polygon_copies import polygons_path
from .products import GivenProducts
from .raster_views import raster_path
from .translation import tr


class Given:
    """The values of an algorithm's parameters.

    Layers belong to the main thread, so they are turned into paths and tables when this is made, in `prepareAlgorithm`;
    the rest is read when it is asked for.
    """

    def __init__(
        self,
        algorithm: DeclaredAlgorithm,
        parameters: dict[str, Any],
        context: QgsProcessingContext,
        *,
        layers: bool = True,
    ) -> None:
        """Takes the parameters; without `layers` what was given is known, but no layer is turned into paths.

        Raises:
            InputError: a number or a flag is none, or a layer cannot be read.
        """
        wrong = wrong_value(algorithm.parameterDefinitions(), parameters) if layers else None
        if wrong:
            raise InputError(wrong)
        self._algorithm = algorithm
        self._rasters: dict[str, list[str]] = {}
        self._tables: dict[str, Table | None] = {}
        self._table_lists: dict[str, list[Table]] = {}
        self._polygons: dict[str, str | None] = {}
        self._legend: dict[int, ClassColour] = {}
        self._ordered: dict[str, tuple[str, ...]] = {}
        self._copies: dict[str, str] = {}
        self.products = GivenProducts(algorithm, parameters if layers else {}, context)
        self.layer_names: dict[str, str] = {}
        self.bind(parameters, context)
        for definition in algorithm.parameterDefinitions() if layers else ():
            self._take_layers(definition)

    def bind(self, parameters: dict[str, Any], context: QgsProcessingContext) -> Given:
        """Takes the parameters and context of the thread that runs."""
        self._parameters, self._context = parameters, context
        return self

    def has(self, name: str) -> bool:
        """Whether the user gave anything."""
        return self._parameters.get(name) not in (None, "", [])

    def supply(self, name: str, value: Any) -> None:
        """Gives a parameter that the user has left empty a value for this run: paths of rasters, or a word.

        The parameters that reports and commands tell stay those of the user.
        """
        self._parameters = {**self._parameters, name: value}
        if name in self._rasters:
            self._rasters[name] = list(value) if isinstance(value, (list, tuple)) else [value]
            self._ordered.pop(name, None)
            if name == "LAND_COVER":
                self._legend = read_legend(self._rasters[name][0])

    def is_left_open(self, name: str) -> bool:
        """Whether the user said nothing of a parameter, so that its default holds; to empty it is to say something."""
        return self._parameters.get(name) is None

    def default(self, name: str) -> Any:
        """The default of a parameter; None where it has none, or there is no such parameter."""
        definition = self._algorithm.parameterDefinition(name)
        return None if definition is None else definition.defaultValue()

    def limits(self, name: str) -> tuple[float | None, float | None]:
        """The valid range of a raster parameter, of `<name>_MIN` and `<name>_MAX`; None where it is open."""
        lowest, highest = (
            self.number(limit) if self._algorithm.parameterDefinition(limit) is not None else None
            for limit in (f"{name}_MIN", f"{name}_MAX")
        )
        return lowest, highest

    def rasters(self, name: str) -> tuple[str, ...]:
        """Paths of a list of rasters, in the order given; in that of their own years where `YEARS` is left empty."""
        if name not in self._ordered:
            self._ordered[name] = tuple(self._in_order_of_years(name))
        return self._ordered[name]

    def _in_order_of_years(self, name: str) -> Sequence[str]:
        paths = self._rasters[name]
        known = self._algorithm.parameterDefinition
        paired = name == "LAND_COVER" or known("NAMES") is None
        written = self.has("YEARS") or self.has(OWN_YEARS.get(name, "YEARS"))
        if len(paths) < 2 or not paired or written or known("INSIST_ON_YEARS") is None:
            return paths
        years = self._told(name, told_years)
        if None in years or len(set(years)) < len(years):
            return paths
        return [path for _, path in sorted(zip(years, paths))]

    def _told(self, name: str, years: Any) -> Any:
        """What `told_years` or `years_of` finds in a list, which may hold images of one date each."""
        held = self._algorithm.parameterDefinition(name).metadata().get(QUANTITY)
        return years(self._rasters[name], self.layer_names, images=held == IMAGE)

    def required_rasters(self, name: str) -> tuple[str, ...]:
        """Paths of a list without which there is nothing to compute. Raises InputError where none was given."""
        if not self._rasters[name]:
            raise InputError(tr("{label}: choose a raster ({name}).", label=self._label(name), name=name))
        return self.rasters(name)

    def raster(self, name: str) -> str | None:
        """Path of a raster, None where none was given."""
        return next(iter(self._rasters[name]), None)

    def required_raster(self, name: str) -> str:
        """Path of a raster without which there is nothing to compute. Raises InputError where none was given."""
        path = self.raster(name)
        if path is None:
            raise InputError(tr("{label}: choose a raster ({name}).", label=self._label(name), name=name))
        return path

    def files(self, name: str) -> tuple[str, ...]:
        """Paths of a list of files, in the order given."""
        return tuple(filter(None, self._algorithm.parameterAsFileList(self._parameters, name, self._context)))

    def table(self, name: str) -> Table | None:
        return self._tables[name]

    def required_table(self, name: str) -> Table:
        """A table without which there is nothing to compute. Raises InputError where none was given."""
        table = self._tables[name]
        if table is None:
            raise InputError(tr("{label}: choose a table ({name}).", label=self._label(name), name=name))
        return table

    def all_tables(self) -> Iterator[tuple[str, Table]]:
        """Labels and tables of every table that was given."""
        for name, table in self._tables.items():
            if table is not None:
                yield self._label(name), table

    def tables(self, name: str) -> tuple[Table, ...]:
        """A list of tables, in the order given, under the names of their layers."""
        return tuple(self._table_lists[name])

    def polygons(self, name: str) -> str | None:
        """Path of a copy of the polygons or lines, None where none were given."""
        return self._polygons[name]

    def for_child(self, name: str) -> Any:
        """The value for a child algorithm: paths in place of layers, which belong to the main thread."""
        if self._rasters.get(name):
            several = self._algorithm.parameterDefinition(name).type() == "multilayer"
            return list(self.rasters(name)) if several else self._rasters[name][0]
        return self._polygons.get(name) or self._parameters.get(name)

    def zones(self) -> ZoneLayer | None:
        """The zones of `ZONES` and `ZONE_FIELD`, or of `ZONES_RASTER`. Raises InputError where both are given."""
        polygons = self.polygons("ZONES")
        raster = self.raster("ZONES_RASTER") if "ZONES_RASTER" in self._rasters else None
        if polygons and raster:
            raise InputError(tr("ZONES and ZONES_RASTER are both given. Give polygons or a class raster, not both."))
        if raster:
            return ZoneLayer(raster, kind="raster")
        return ZoneLayer(polygons, next(iter(self.fields("ZONE_FIELD")), None)) if polygons else None

    def number(self, name: str) -> float | None:
        """A number, None where it is optional and was not given (QGIS itself would read 0)."""
        definition = self._algorithm.parameterDefinition(name)
        if self._parameters.get(name) in (None, "") and definition.defaultValue() is None:
            return None
        return float(self._algorithm.parameterAsDouble(self._parameters, name, self._context))

    def required_number(self, name: str) -> float:
        """A number that always has a value, its default where the user gave none."""
        return float(self._algorithm.parameterAsDouble(self._parameters, name, self._context))

    def integer(self, name: str) -> int:
        return int(self._algorithm.parameterAsInt(self._parameters, name, self._context))

    def optional_integer(self, name: str) -> int | None:
        """A whole number, None where it was not given."""
        number = self.number(name)
        return None if number is None else int(number)

    def text(self, name: str) -> str:
        return self._algorithm.parameterAsString(self._parameters, name, self._context).strip()

    def choice(self, name: str) -> Any:
        return self._algorithm.parameterAsEnumString(self._parameters, name, self._context)

    def years(self) -> tuple[int, ...]:
        """The years of `YEARS`; where it is empty those that the rasters tell of themselves.

        Raises:
            InputError: nothing tells the years, or they do not rise.
        """
        if self.has("YEARS"):
            return parse_years(self.text("YEARS"))
        return tuple(sorted(self._told(self._list_of_years(), years_of)))

    def optional_years(self) -> tuple[int, ...]:
        """The years of `YEARS`, or of several rasters that tell them all; none where there are none."""
        if self.has("YEARS"):
            return self.years()
        if not self._rasters_by_year():
            return ()
        told = self._told(self._list_of_years(), told_years)
        years = [year for year in told if year is not None]
        return tuple(sorted(years)) if len(told) > 1 and len(set(years)) == len(told) else ()

    def _list_of_years(self) -> str:
        """The list of rasters that the years belong to: land cover, else the first that is given."""
        lists = self._rasters_by_year()
        given = [name for name in lists if self._rasters[name]]
        return next(iter(given), lists[0])

    def _rasters_by_year(self) -> list[str]:
        """The parameters that take several rasters."""
        return [name for name in self._rasters if self._algorithm.parameterDefinition(name).type() == "multilayer"]

    def numbers(self, name: str) -> tuple[float, ...]:
        """Numbers of a text, separated by commas. Raises InputError where one is none."""
        words = [word for word in re.split(r"[,;，；、\s]+", self.text(name)) if word]
        numbers = [number_of(word) for word in words]
        known = tuple(number for number in numbers if number is not None and abs(number) <= MOST)
        if len(known) < len(words):
            raise InputError(
                tr("{name} is {text!r}. Write numbers, separated by commas.", name=name, text=self.text(name))
            )
        return known

    def codes(self, name: str) -> tuple[int, ...]:
        """Class codes of a text. Raises InputError where one is no whole number."""
        numbers = self.numbers(name)
        if any(number != int(number) for number in numbers):
            raise InputError(
                tr("{name} is {text!r}. Write class codes, such as 0, 255.", name=name, text=self.text(name))
            )
        return tuple(map(int, numbers))

    def scheme(self) -> LandCoverScheme:
        """The land-cover scheme of `SCHEME`, with the user's `CLASS_TABLE` laid over it.

        New classes that the table leaves without a name or a colour take those of the first land-cover layer.
        """
        scheme = load_scheme(self.choice("SCHEME"), self.table("CLASS_TABLE"), self._legend)
        record = current_record()
        if record is not None:
            record.used.classes = {c.code: UsedClass(Words(c.name, c.named("zh")), c.ecosystem) for c in scheme}
        return scheme

    def flag(self, name: str) -> bool:
        return bool(self._algorithm.parameterAsBool(self._parameters, name, self._context))

    def source(self, name: str) -> QgsProcessingFeatureSource:
        """The features of a layer. Raises InputError where it cannot be read."""
        source = self._source(name)
        if source is None:
            label = self._algorithm.parameterDefinition(name).description()
            raise InputError(
                tr("{label}: {value} is no table or layer.", label=label, value=self._parameters.get(name))
            )
        return source

    def _source(self, name: str) -> QgsProcessingFeatureSource | None:
        """The features of a layer, invalid ones too: rings are mended and told where shapes count."""
        source = self._algorithm.parameterAsSource({**self._parameters, **self._copies}, name, self._context)
        if source is not None:
            source.setInvalidGeometryCheck(QgsFeatureRequest.InvalidGeometryCheck.GeometryNoCheck)
        return source

    def choices(self, name: str) -> tuple[str, ...]:
        """The words of a list of choices."""
        return tuple(self._algorithm.parameterAsEnumStrings(self._parameters, name, self._context))

    def field(self, name: str) -> str | None:
        """A field, None where none was chosen."""
        return next(iter(self.fields(name)), None)

    def fields(self, name: str) -> list[str]:
        return fields_of(self._algorithm, self._parameters, name, self._context)

    def creation_options(self) -> tuple[str, ...]:
        """`CREATION_OPTIONS`, written `NAME=VALUE|NAME=VALUE`."""
        parts = [part.strip() for part in self.text("CREATION_OPTIONS").replace("\n", "|").split("|")]
        for part in filter(None, parts):
            if "=" not in part:
                raise InputError(tr("CREATION_OPTIONS holds {part!r}. Write NAME=VALUE, separated by |.", part=part))
        return tuple(filter(None, parts))

    def output(self, name: str) -> str | None:
        """Path of a raster output, None where it is not wanted."""
        return self._algorithm.parameterAsOutputLayer(self._parameters, name, self._context) or None

    def required_output(self, name: str) -> str:
        """Path of a raster output without which there is nothing to do. Raises InputError where it is not wanted."""
        path = self.output(name)
        if path is None:
            raise InputError(tr("{label}: choose a file ({name}).", label=self._label(name), name=name))
        return path

    def file_output(self, name: str) -> str | None:
        """Path of a file output, None where it is not wanted."""
        return self._algorithm.parameterAsFileOutput(self._parameters, name, self._context) or None

    def folder(self, name: str) -> str:
        return self._algorithm.parameterAsString(self._parameters, name, self._context)

    def _label(self, name: str) -> str:
        """What the dialog calls a parameter."""
        return str(self._algorithm.parameterDefinition(name).description())

    def _take_layers(self, definition: QgsProcessingParameterDefinition) -> None:
        name, kind = definition.name(), definition.type()
        if kind == "raster":
            self._take_raster(definition)
        elif kind == "multilayer" and definition.layerType() == QgsProcessing.SourceType.TypeVector:
            layers = self._algorithm.parameterAsLayerList(self._parameters, name, self._context)
            require_all_found(definition, self._parameters.get(definition.name()), len(layers))
            tables = [table_of(layer, layer, layer.name()) for layer in layers]
            self._table_lists[name] = [replace(table, name=layer.name()) for table, layer in zip(tables, layers)]
        elif kind == "multilayer" and self._algorithm.TAKES_BROKEN_RASTERS:
            self._rasters[name] = self.products.paths_as_given(name, self._parameters.get(name), self._context)
        elif kind == "multilayer" and definition.layerType() != QgsProcessing.SourceType.TypeFile:
            self._take_list(definition)
        elif kind == "source" and not definition.metadata().get(STREAMED):
            self._take_features(definition)
        elif kind == "source":
            self._take_text(name)

    def _take_list(self, definition: QgsProcessingParameterDefinition) -> None:
        """A list of rasters; in the places of products stand their texts until they are brought."""
        name, taken = definition.name(), self.products.of(definition.name())
        others = [one for number, one in enumerate(listed(self._parameters.get(name))) if number not in taken]
        parameters = {**self._parameters, name: others} if taken else self._parameters
        layers = raster_layers(self._algorithm, parameters, name, self._context) if others or not taken else []
        require_all_found(definition, self._parameters.get(definition.name()), len(layers) + len(taken))
        self._rasters[name] = [raster_path(layer, definition.description()) for layer in layers]
        self._take_names(name, layers)
        for number, text in self.products.texts(name):
            self._rasters[name].insert(number, text)

    def bring_products(self, folder: str, progress: Progress) -> None:
        """Imports the products among the rasters into a folder. Raises as `taking.bring`."""
        for name, paths in self.products.bring(folder, progress).items():
            for number, path in paths.items():
                self._rasters[name][number] = path
                self.layer_names[path] = self.products.of(name)[number].place.name
        self._ordered.clear()

    def _take_raster(self, definition: QgsProcessingParameterDefinition) -> None:
        name = definition.name()
        self._rasters[name] = [taken.place.text for taken in self.products.of(name).values()]
        if self._rasters[name]:
            return
        layer = self._algorithm.parameterAsRasterLayer(self._parameters, name, self._context)
        if layer is None and self.has(name):
            layer = self._algorithm.parameterAsLayer(self._parameters, name, self._context)
        if layer is None:
            if self.has(name):
                raise InputError(
                    tr(
                        "{label}: {value} is no raster that can be read.",
                        label=definition.description(),
                        value=self._parameters[name],
                    )
                )
            return
        self._rasters[name] = [raster_path(layer, definition.description())]
        self._take_names(name, [layer])

    def _take_names(self, name: str, layers: Sequence[QgsRasterLayer]) -> None:
        """What the layer tree calls rasters, and the legend of the land cover."""
        self.layer_names.update((path, layer.name()) for path, layer in zip(self._rasters[name], layers))
        if name == "LAND_COVER" and layers and isinstance(layers[0], QgsRasterLayer):
            self._legend = layer_legend(layers[0])

    def _take_text(self, name: str) -> None:
        """A CSV file of an encoding that QGIS does not guess is read from a copy in UTF-8."""
        path = str(self._parameters.get(name))
        if table_file(path) and path.lower().endswith(CSV_FILES) and not is_utf_8(path):
            self._copies[name] = copy_as_utf_8(path, os.path.dirname(QgsProcessingUtils.generateTempFilename("x.csv")))

    def _take_features(self, definition: QgsProcessingParameterDefinition) -> None:
        name = definition.name()
        wants_polygons = bool({LINES, POLYGONS} & {int(kind) for kind in definition.dataTypes()})
        store: dict[str, Any] = self._polygons if wants_polygons else self._tables
        store[name] = None
        if not self.has(name):
            return
        source = self._source(name)
        value = self._parameters[name]
        if source is None and not wants_polygons and table_file(value):
            store[name] = read_table(value)  # QGIS knows fewer encodings
            return
        if source is None:
            raise InputError(
                tr(
                    "{label}: {value} is no table or layer.",
                    label=definition.description(),
                    value=self._parameters[name],
                )
            )
        if wants_polygons:
            store[name] = polygons_path(source, name, definition.description())
        else:
            layer = self._algorithm.parameterAsVectorLayer(self._parameters, name, self._context)
            store[name] = table_of(source, layer if isinstance(layer, QgsVectorLayer) else None, source.sourceName())
