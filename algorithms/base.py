"""EcoAlgorithm: the little that every algorithm shares."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingOutputNumber,
    QgsProcessingParameterBoolean,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSink,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterField,
    QgsProcessingParameterFile,
    QgsProcessingParameterFileDestination,
    QgsProcessingParameterFolderDestination,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterDestination,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
    QgsProcessingParameterVectorDestination,
    QgsWkbTypes,
)
from qgis.PyQt.QtGui import QIcon

from ..core.errors import Cancelled, EcoAssetsError, OutputError
from ..core.land_cover import SCHEMES
from ..core.progress import Progress
from ..core.raster.output import WriteOptions
from ..core.raster.scheduler import scheduled
from ..core.raster.settings import RasterSettings
from ..core.report import MethodReport, write_report
from ..core.results import Column, ResultTable
from ..core.years import parse_years
from .canvas import Look, style_when_loaded
from .command import given_parameters, qgis_process_command
from .compat import make_field, user_language
from .features import new_feature
from .gathered_reports import hand_over
from .given import STREAMED, Given
from .help_texts import AlgorithmHelp, Entry, group_title, load_help
from .icons import icon_path
from .inputs import unreadable
from .outputs import local_path, require_writable
from .settings import default_scheme, report_language, scheduler
from .translation import tr
from .vector_look import FeatureLook, style_features_when_loaded

Results = dict[str, Any]
Kind = QgsProcessingParameterNumber.Type


class FeedbackProgress(Progress):
    """Hands the core's progress to QGIS. The percentage never falls."""

    def __init__(self, feedback: QgsProcessingFeedback) -> None:
        self._feedback, self._highest = feedback, 0.0

    def set(self, percent: float) -> None:
        self._highest = max(self._highest, min(100.0, percent))
        self._feedback.setProgress(self._highest)

    def info(self, message: str) -> None:
        self._feedback.pushInfo(message)

    def warn(self, message: str) -> None:
        self._feedback.pushWarning(message)

    def cancelled(self) -> bool:
        return self._feedback.isCanceled()


class EcoAlgorithm(QgsProcessingAlgorithm):
    """An algorithm of EcoAssets: `declare` its parameters, `compute` through the core, publish.

    Attributes:
        NAME: id within the provider; never changes after a release.
        GROUP: id of the toolbox group.
        TAKES_BROKEN_RASTERS: whether lists of rasters may hold what QGIS cannot load.
    """

    NAME = ""
    GROUP = ""
    TAKES_BROKEN_RASTERS = False

    def declare(self) -> None:
        """Adds parameters and outputs."""
        raise NotImplementedError

    def compute(self, given: Given, progress: Progress) -> Results:
        """Calls the core and publishes what it found. May raise `EcoAssetsError`."""
        raise NotImplementedError

    # identity

    def createInstance(self) -> EcoAlgorithm:
        return type(self)()

    def name(self) -> str:
        return self.NAME

    def displayName(self) -> str:
        return self.texts.title

    def group(self) -> str:
        return group_title(self.GROUP, user_language())

    def groupId(self) -> str:
        return self.GROUP

    def shortDescription(self) -> str:
        return self.texts.short

    def shortHelpString(self) -> str:
        return self.texts.html() if _has_window() else self.texts.plain()

    def tags(self) -> list[str]:
        return list(self.texts.tags)

    def icon(self) -> QIcon:
        return QIcon(icon_path(self.GROUP))

    def svgIconPath(self) -> str:
        return icon_path(self.GROUP)

    @property
    def texts(self) -> AlgorithmHelp:
        return load_help(self.NAME, user_language())

    def flags(self) -> Any:
        return super().flags()

    # parameters

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self.declare()

    def add(self, parameter: QgsProcessingParameterDefinition, advanced: bool = False) -> None:
        """Adds a parameter with its help."""
        entry = self._entry(parameter.name())
        parameter.setDescription(entry.label)
        parameter.setHelp(entry.help)
        if advanced:
            parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(parameter)

    def add_raster(self, name: str, optional: bool = False) -> None:
        self.add(QgsProcessingParameterRasterLayer(name, "", optional=optional))

    def add_rasters(self, name: str, optional: bool = False) -> None:
        kind = QgsProcessing.SourceType.TypeRaster
        self.add(QgsProcessingParameterMultipleLayers(name, "", kind, optional=optional))

    def add_number(
        self,
        name: str,
        default: float | None = None,
        minimum: float | None = None,
        maximum: float | None = None,
        *,
        integer: bool = False,
        advanced: bool = False,
    ) -> None:
        """A number; without a default it is optional."""
        kind = Kind.Integer if integer else Kind.Double
        parameter = QgsProcessingParameterNumber(name, "", kind, default, default is None)
        if minimum is not None:
            parameter.setMinimum(minimum)
        if maximum is not None:
            parameter.setMaximum(maximum)
        self.add(parameter, advanced)

    def add_text(
        self, name: str, default: str | None = None, *, optional: bool = False, advanced: bool = False
    ) -> None:
        self.add(QgsProcessingParameterString(name, "", default, optional=optional), advanced)

    def add_choice(self, name: str, options: Sequence[str], default: str, *, advanced: bool = False) -> None:
        """One of fixed words."""
        self.add(
            QgsProcessingParameterEnum(name, "", list(options), defaultValue=default, usesStaticStrings=True), advanced
        )

    def add_flag(self, name: str, default: bool, *, advanced: bool = True) -> None:
        self.add(QgsProcessingParameterBoolean(name, "", default), advanced)

    def add_table(self, name: str, optional: bool = True, *, advanced: bool = False) -> None:
        kind = [QgsProcessing.SourceType.TypeVector]
        self.add(QgsProcessingParameterFeatureSource(name, "", kind, optional=optional), advanced)

    def add_polygons(self, name: str, optional: bool = True, *, advanced: bool = False) -> None:
        kind = [QgsProcessing.SourceType.TypeVectorPolygon]
        self.add(QgsProcessingParameterFeatureSource(name, "", kind, optional=optional), advanced)

    def add_features(self, name: str) -> None:
        """A layer or table of which only some fields are read, while the algorithm runs: it may have a million rows."""
        parameter = QgsProcessingParameterFeatureSource(name, "", [QgsProcessing.SourceType.TypeVector])
        parameter.setMetadata({STREAMED: True})
        self.add(parameter)

    def add_field(
        self, name: str, parent: str, optional: bool = True, *, multiple: bool = False, advanced: bool = False
    ) -> None:
        self.add(
            QgsProcessingParameterField(
                name, "", parentLayerParameterName=parent, allowMultiple=multiple, optional=optional
            ),
            advanced,
        )

    def add_files(self, name: str, optional: bool = True, *, advanced: bool = False) -> None:
        kind = QgsProcessing.SourceType.TypeFile
        self.add(QgsProcessingParameterMultipleLayers(name, "", kind, optional=optional), advanced)

    def add_file(self, name: str, extension: str = "", optional: bool = True) -> None:
        behaviour = QgsProcessingParameterFile.Behavior.File
        self.add(QgsProcessingParameterFile(name, "", behaviour, extension, optional=optional))

    def add_raster_output(self, name: str, optional: bool = True, default: bool = False) -> None:
        """A raster; an optional one is made in the dialog only where `default` says so."""
        made = default or not optional
        self.add(QgsProcessingParameterRasterDestination(name, "", optional=optional, createByDefault=made))

    def add_table_output(self, name: str, default: bool = False) -> None:
        kind = QgsProcessing.SourceType.TypeVector
        self.add(QgsProcessingParameterFeatureSink(name, "", kind, optional=True, createByDefault=default))

    def add_features_output(self, name: str, optional: bool = True) -> None:
        kind = QgsProcessing.SourceType.TypeVectorAnyGeometry
        self.add(QgsProcessingParameterFeatureSink(name, "", kind, optional=optional, createByDefault=not optional))

    def add_vector_output(self, name: str) -> None:
        """Polygons that the core itself writes."""
        kind = QgsProcessing.SourceType.TypeVectorPolygon
        self.add(QgsProcessingParameterVectorDestination(name, "", kind, optional=True, createByDefault=False))

    def add_report_output(self, name: str = "OUTPUT_HTML") -> None:
        self.add(QgsProcessingParameterFileDestination(name, "", "HTML (*.html)", optional=True, createByDefault=False))

    def add_folder_output(self, name: str) -> None:
        self.add(QgsProcessingParameterFolderDestination(name, ""))

    def add_number_output(self, name: str) -> None:
        self.addOutput(QgsProcessingOutputNumber(name, self._entry(name).label))

    def add_land_cover(self, *, several_years: bool = True) -> None:
        """Land cover, its years and what its codes mean."""
        if several_years:
            self.add_rasters("LAND_COVER")
            self.add_text("YEARS")
        else:
            self.add_raster("LAND_COVER")
        self.add_scheme()

    def add_scheme(self) -> None:
        """What the codes of the land cover mean."""
        self.add_choice("SCHEME", SCHEMES, default_scheme())
        self.add_table("CLASS_TABLE")

    def add_zones(self, *, raster: bool = True) -> None:
        """By what results are told apart: polygons and the field that names them, or a class raster."""
        self.add_polygons("ZONES")
        self.add_field("ZONE_FIELD", "ZONES")
        if raster:
            self.add_raster("ZONES_RASTER", optional=True)

    def add_raster_settings(self, *, several_years: bool = True, classes: bool = True, maps: bool = True) -> None:
        """What every raster method lets the user decide about area, grid and, where it makes maps, their storage."""
        self.add_polygons("BOUNDARY")
        if several_years:
            self.add_choice("MASK", ("common", "yearly"), "common", advanced=True)
        if classes:
            self.add_flag("ALIGN_CLASSES", False)
        if maps:
            self.add_text("CREATION_OPTIONS", "", optional=True, advanced=True)
            self.add_flag("OVERVIEWS", True)

    def _entry(self, name: str) -> Entry:
        texts = self.texts
        return texts.parameters.get(name) or texts.outputs.get(name) or Entry(name)

    # running

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        definition = self.parameterDefinition("YEARS")
        if definition is not None and parameters.get("YEARS"):
            try:
                parse_years(self.parameterAsString(parameters, "YEARS", context))
            except EcoAssetsError as error:
                return False, str(error)
        # QGIS would only say that the value is incorrect, not which file of several is missing.
        for definition in self.parameterDefinitions():
            name, label = definition.name(), definition.description()
            missing = unreadable(parameters.get(name), context) if _takes_layers(definition) else []
            if missing:
                return False, tr(
                    "{label}: {files} cannot be read. Check the path and the format ({name}).",
                    label=label,
                    files=", ".join(missing),
                    name=name,
                )
        checked: tuple[bool, str] = super().checkParameterValues(parameters, context)
        return checked

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        try:
            self._given: Given | EcoAssetsError = Given(self, parameters, context)
        except EcoAssetsError as error:
            # Raised here, it would reach scripts as "There were errors executing the algorithm".
            self._given = error
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        self._parameters, self._context, self._feedback = parameters, context, feedback
        progress = FeedbackProgress(feedback)
        try:
            if isinstance(self._given, EcoAssetsError):
                raise self._given
            require_writable(self, parameters)
            with scheduled(scheduler()):
                results = self.compute(self._given.bind(parameters, context), progress)
        except Cancelled:
            return {}
        except EcoAssetsError as error:
            raise QgsProcessingException(str(error)) from None
        progress.set(100)
        return results

    def raster_settings(self, given: Given) -> RasterSettings:
        """The core's settings from the parameters of `add_raster_settings`."""
        declared = {definition.name() for definition in self.parameterDefinitions()}
        write = WriteOptions(given.creation_options(), given.flag("OVERVIEWS")) if "OVERVIEWS" in declared else None
        return RasterSettings(
            boundary=given.polygons("BOUNDARY"),
            mask=given.choice("MASK") if "MASK" in declared else "common",
            align_classes=given.flag("ALIGN_CLASSES") if "ALIGN_CLASSES" in declared else False,
            write=write or WriteOptions(),
        )

    def command(self) -> str:
        """The call of qgis_process that repeats this run."""
        return qgis_process_command(self, self._parameters, self._context)

    def shown_parameters(self) -> list[tuple[str, str]]:
        """Label and value of every parameter that was given, for the report."""
        return given_parameters(self, self._parameters, self._context)

    # publishing

    def publish_raster(self, name: str, path: str | None, look: Look) -> Results:
        """Gives the layer its style when QGIS loads it."""
        if not path:
            return {}
        style_when_loaded(self._context, path, look)
        return {name: path}

    def publish_report(self, report: MethodReport, path: str, name: str = "OUTPUT_HTML") -> Results:
        """Writes the report of a method, with this run's parameters and the command that repeats it.

        Within a workflow the report becomes a chapter of the workflow's own.
        """
        title = self.displayName()
        if hand_over(title, report):
            return {}
        complete = report.complete(title, report_language(), self.shown_parameters(), self.command())
        try:
            write_report(complete, path)
        except OutputError as error:
            raise OutputError(str(error) + self._in_place()) from None
        return {name: path}

    def publish_table(self, name: str, table: ResultTable) -> Results:
        """Writes a table into its sink. Called after the work has succeeded, because a sink truncates the old file."""
        rows = (new_feature(None, [_plain(cell) for cell in row]) for row in table.rows)
        return self.publish_features(name, table.columns, rows)

    def publish_features(
        self,
        name: str,
        columns: Sequence[Column],
        features: Iterable[QgsFeature],
        geometry: Any = QgsWkbTypes.Type.NoGeometry,
        crs: QgsCoordinateReferenceSystem | None = None,
        look: FeatureLook | None = None,
    ) -> Results:
        """Writes features into a sink one by one, so that a million need no memory, and gives their layer its style.

        Called after the work has succeeded, because a sink truncates the old file. Attributes are plain values in the
        order of the columns.
        """
        if not self._parameters.get(name):
            return {}
        fields = QgsFields()
        for column in columns:
            fields.append(make_field(column.name, column.kind))
        sink, sink_id = self.parameterAsSink(
            self._parameters, name, self._context, fields, geometry, crs or QgsCoordinateReferenceSystem()
        )
        if sink is None:
            raise QgsProcessingException(self.invalidSinkError(self._parameters, name) + self._in_place())
        for feature in features:
            if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                raise QgsProcessingException(self.writeFeatureError(sink, self._parameters, name) + self._in_place())
        del sink
        if look is not None:
            style_features_when_loaded(self._context, sink_id, look)
        return {name: sink_id}

    def _in_place(self) -> str:
        """What a run that fails while it publishes tells of the maps that it has finished."""
        maps = [d.name() for d in self.parameterDefinitions() if d.type() == "rasterDestination"]
        done = [path for path in (local_path(self._parameters.get(m)) for m in maps) if path and os.path.exists(path)]
        return " " + tr("These maps are finished and in place: {files}.", files=", ".join(done)) if done else ""

    @staticmethod
    def publish_numbers(**numbers: float) -> Results:
        """Numbers that later steps of a model can use; what does not exist is left out."""
        return {name: float(number) for name, number in numbers.items() if math.isfinite(number)}


def _takes_layers(definition: QgsProcessingParameterDefinition) -> bool:
    if definition.type() == "multilayer":
        return definition.layerType() != QgsProcessing.SourceType.TypeFile
    return definition.type() in ("raster", "source")


def _plain(cell: Any) -> Any:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        return float(cell) + 0.0 if math.isfinite(cell) else None  # no negative zero
    return int(cell) if isinstance(cell, (int, bool)) else float(cell)


def _has_window() -> bool:
    from qgis.utils import iface

    return iface is not None
