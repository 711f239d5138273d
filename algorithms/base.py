"""EcoAlgorithm: the little that every algorithm shares."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import Any

from qgis.core import (
    QgsCoordinateReferenceSystem,
    QgsFeature,
    QgsFeatureSink,
    QgsFields,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingParameterDefinition,
    QgsProcessingUtils,
    QgsWkbTypes,
)

from ..core.errors import Cancelled, EcoAssetsError, InputError
from ..core.inputs.account import inputs_chapter
from ..core.inputs.needs import unmet
from ..core.inputs.record import recorded, tell
from ..core.inputs.used import Used
from ..core.messages import told
from ..core.packages import missing_package
from ..core.progress import Progress
from ..core.raster.cluster.scheduler import scheduled
from ..core.raster.dataset import bounded_cache
from ..core.raster.files import PendingFile, together, workspace
from ..core.raster.output import WriteOptions
from ..core.raster.settings import RasterSettings
from ..core.report import MethodReport, write_report
from ..core.report.away.document import word_document
from ..core.report.away.methods_text import methods_pieces, methods_text
from ..core.report.away.result_book import result_sheets
from ..core.report.away.workbook import write_workbook
from ..core.report.page_one import with_answer
from ..core.report.pictures.overlay import with_outlines
from ..core.report.texts import load_texts
from ..core.resources import RESOURCES
from ..core.results import Column, ResultTable
from ..core.years import parse_years
from .checks.choices import with_ids
from .checks.needs import needs_of
from .checks.unforeseen import told_unforeseen
from .checks.values import wrong_value
from .command import given_parameters, given_settings, qgis_process_command, remember_run, write_parameters
from .compat import is_command_line, make_fields, user_language
from .declared import METHODS, WORKBOOK, DeclaredAlgorithm
from .features import harmless_feature, harmless_fields, new_feature
from .given import Given
from .help_texts import entry_of
from .inputs import AskedParameters, input_files, table_file, unreadable
from .looks.canvas import Look, style_when_loaded
from .looks.field_words import field_words
from .looks.landing import RunGroup, land_together
from .looks.outlines import zones_of
from .looks.run_name import place_of, run_name
from .looks.vector_look import FeatureLook, dress_features_when_loaded
from .outputs import end_begun, is_wanted, load_from, new_folders, pending_table_of, remove_empty, require_writable
from .products import GivenProducts
from .reporting.feedback import FeedbackProgress
from .reporting.gathered import gathering, hand_over, hand_over_rest
from .reporting.links import tell_file
from .reporting.outlined import outlines_of
from .reporting.spared import spared
from .reporting.takeaway import TakeAway, method_part, software
from .settings import graticule, hides_paths, report_language, scheduler
from .translation import tr
from .version import plugin_version

Results = dict[str, Any]
_BY_PAPER = re.compile(r"\s*[(（][^()（）]*(paper|论文)[^()（）]*[)）]$")  # a report names the method alone
_CHECK_EVERY = 1000  # rows of a table that are written between two looks at a cancel


class EcoAlgorithm(DeclaredAlgorithm):
    """An algorithm of EcoAssets: `declare` its parameters, `compute` through the core, publish."""

    def compute(self, given: Given, progress: Progress) -> Results:
        """Calls the core and publishes what it found. May raise `EcoAssetsError`."""
        raise NotImplementedError

    # running

    def checkParameterValues(self, parameters: dict[str, Any], context: QgsProcessingContext) -> tuple[bool, str]:
        parameters = with_ids(self.parameterDefinitions(), parameters)
        wrong = wrong_value(self.parameterDefinitions(), parameters)
        if wrong:
            return False, wrong
        definition = self.parameterDefinition("YEARS")
        if definition is not None and parameters.get("YEARS"):
            try:
                parse_years(self.parameterAsString(parameters, "YEARS", context))
            except EcoAssetsError as error:
                return False, str(error)
        try:  # QGIS would know neither variables of files nor folders
            loadable = GivenProducts(self, parameters, context).with_stand_ins(parameters)
        except EcoAssetsError as error:
            return False, error.told(user_language())
        # QGIS would only say that the value is incorrect, not which file of several is missing.
        for definition in self.parameterDefinitions():
            name, label = definition.name(), definition.description()
            missing = unreadable(definition, loadable.get(name), context)
            if missing:
                return False, tr(
                    "{label}: {files} cannot be read. Check the path and the format ({name}).",
                    label=label,
                    files=", ".join(missing),
                    name=name,
                )
        # QGIS asks whether it can load a table; text files in other encodings the core reads itself.
        own = [d.name() for d in self.parameterDefinitions() if self._is_read_by_core(d, parameters, context)]
        stand_in = str(RESOURCES / "tables" / "provenance.csv")
        checked: tuple[bool, str] = super().checkParameterValues(
            {name: stand_in if name in own else value for name, value in loadable.items()}, context
        )
        reasons = self.unmet(parameters, context) if checked[0] else []
        return (False, "\n".join(reasons)) if reasons else checked

    def unmet(self, parameters: dict[str, Any], context: QgsProcessingContext) -> list[str]:
        """Why a run would stop, as far as it can be known before; in the language of the user."""
        return [one.told(user_language()) for one in unmet(needs_of(self), AskedParameters(self, parameters, context))]

    def prepareAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> bool:
        parameters = with_ids(self.parameterDefinitions(), parameters)
        try:
            end_begun(self, parameters)
            self._files_read = input_files(self, parameters, context)
            self._place = place_of(self, parameters, context, (file for file, _ in self._files_read))
            self._zones = zones_of(self, parameters, context)
            self._given: Given | EcoAssetsError = Given(self, parameters, context)
        except EcoAssetsError as error:  # raised here, scripts would read "There were errors executing the algorithm"
            self._given = error
        except Exception as error:
            self._given = InputError(told_unforeseen(error, feedback))
        return True

    def processAlgorithm(
        self, parameters: dict[str, Any], context: QgsProcessingContext, feedback: QgsProcessingFeedback
    ) -> Results:
        parameters = with_ids(self.parameterDefinitions(), parameters)
        self._parameters, self._context, self._feedback = parameters, context, feedback
        self._away = TakeAway()
        with ExitStack() as room, recorded() as self._record:
            room.callback(remove_empty, new_folders(self, parameters))
            progress: Progress = FeedbackProgress(feedback, self._record)
            try:
                if isinstance(self._given, EcoAssetsError):
                    raise self._given
                require_writable(self, parameters, self._files_read)
                self._given.bind(parameters, context)
                progress = self._bring_products(self._given, room, progress)
                # files of a step of a workflow keep the names that the workflow knows them by
                self._record.layer_names = {**self._given.layer_names, **self._record.layer_names}
                where = self._given.text("SCHEDULER") if self.parameterDefinition("SCHEDULER") is not None else ""
                with bounded_cache(), together() as changes, scheduled(where, otherwise=scheduler()):
                    changes.check, changes.tell = progress.check, progress.warn
                    results = self.compute(self._given, progress)
                    results |= self._publish_take_away(self._given)
                    self._tell_columns(self._given, progress)
                    progress.check()  # QGIS forgets the results of a run that was cancelled
            except Cancelled:
                if not is_command_line():
                    return {}
                failure = tr("Stopped before the end. Nothing was changed.")
            except EcoAssetsError as error:
                failure = error.told(user_language())
            except QgsProcessingException as error:
                failure = str(error)
            except ModuleNotFoundError as error:
                failure = told(missing_package(error, self.displayName()), user_language())
            except Exception as error:
                failure = told_unforeseen(error, feedback)
            else:
                self._land(self._given, results)
                remember_run(self, parameters, context)
                progress.set(100)
                del self._given, self._parameters, self._context, self._feedback  # layers of the context hold files
                return results
        # QGIS never lets go of an exception. So it is raised where nothing of the run hangs on it: neither frames of
        # the core nor the context, which would keep rasters open.
        del self._given, self._parameters, self._context, self._feedback, parameters, context, feedback, progress
        raise QgsProcessingException(failure)

    def _bring_products(self, given: Given, room: ExitStack, progress: Progress) -> Progress:
        """Imports products into a folder that stays until the run ends; the progress of what comes after it."""
        if not given.products:
            return progress
        folder = room.enter_context(workspace())
        with bounded_cache():
            given.bring_products(folder, progress.part(0, 30))
        self._record.used = Used()  # of the run, not of the imports before it
        return progress.part(30, 100)

    @staticmethod
    def _is_read_by_core(
        definition: QgsProcessingParameterDefinition, parameters: dict[str, Any], context: QgsProcessingContext
    ) -> bool:
        value = parameters.get(definition.name())
        if definition.type() != "source" or not table_file(value):
            return False
        return QgsProcessingUtils.mapLayerFromString(value, context) is None

    @staticmethod
    def _tell_columns(given: Given, progress: Progress) -> None:
        """What has waited to be told, and which columns of the tables were read and which were not."""
        tell([], progress)
        for label, table in given.all_tables():
            if table.read and table.unread:
                read = ", ".join(column for column in table.columns if column in table.read)
                progress.info(
                    tr(
                        "{label} ({table}): the columns {read} were read, {left} were not.",
                        label=label,
                        table=table.name,
                        read=read,
                        left=", ".join(table.unread),
                    )
                )

    def raster_settings(self, given: Given) -> RasterSettings:
        """The core's settings from the parameters of `add_raster_settings`."""
        declared = {definition.name() for definition in self.parameterDefinitions()}
        write = WriteOptions(given.creation_options(), given.flag("OVERVIEWS")) if "OVERVIEWS" in declared else None
        return RasterSettings(
            boundary=given.polygons("BOUNDARY"),
            mask=given.choice("MASK") if "MASK" in declared else "common",
            align_classes=given.flag("ALIGN_CLASSES") if "ALIGN_CLASSES" in declared else False,
            nodata_codes=given.codes("NODATA_CODES") if "NODATA_CODES" in declared else (),
            insist_on_years=given.flag("INSIST_ON_YEARS") if "INSIST_ON_YEARS" in declared else False,
            write=write or WriteOptions(),
        )

    def provenance(self) -> dict[str, str]:
        """GeoTIFF metadata items that tell how a raster came about: method, version, tables, parameters."""
        items = {
            "TIFFTAG_SOFTWARE": f"EcoAssets {plugin_version()}",
            "ECOASSETS_METHOD": self.id(),
            "ECOASSETS_VERSION": plugin_version(),
            "ECOASSETS_COMMAND": self.command().replace(" \\\n ", ""),
        }
        return {name: text for name, text in items.items() if text}

    def command(self) -> str:
        """The call of qgis_process that repeats this run; "" where the user wants no paths in what is handed on."""
        return "" if hides_paths() else qgis_process_command(self, self._parameters, self._context)

    def save_parameters(self, report: str) -> None:
        """Writes the parameters of this run beside a report, so that it can be run again."""
        if not hides_paths():
            write_parameters(self, self._parameters, self._context, report)

    def shown_parameters(self) -> list[tuple[str, str]]:
        """Label and value of every parameter that was given, for the report."""
        return given_parameters(self, self._parameters, self._context, names_only=hides_paths())

    # publishing

    def layers_made(self, results: Results) -> list[str]:
        """What may become layers, the main map first, then other maps, then tables."""
        made = [d for d in self.parameterDefinitions() if d.type() in ("rasterDestination", "sink")]
        tables = [d for d in made if d.type() == "sink" and d.dataType() == QgsProcessing.SourceType.TypeVector]
        ordered = [*(d for d in made if d not in tables), *tables]
        return [str(results[d.name()]) for d in ordered if results.get(d.name())]

    def _land(self, given: Given, results: Results) -> None:
        """The layers come as one group. Steps of a workflow say so too; the workflow, which ends last, overrules."""
        years: Sequence[int] = ()
        with suppress(EcoAssetsError):  # the run is whole, and rasters that tell years may be out of reach by now
            years = given.optional_years() if self.parameterDefinition("YEARS") is not None else ()
        run = RunGroup(run_name(self.displayName(), self._place, years), self._zones)
        land_together(self._context, self.layers_made(results), run)

    def publish_raster(self, name: str, path: str | None, look: Look) -> Results:
        """Gives the layer its style when QGIS loads it."""
        if not path:
            return {}
        style_when_loaded(self._context, path, look)
        return {name: path}

    def publish_report(
        self, given: Given, report_in: Callable[[str], MethodReport], name: str = "OUTPUT_HTML"
    ) -> Results:
        """Writes the report of a method, with this run's parameters and the command that repeats it, and these as JSON.

        Within a workflow the report becomes a chapter of the workflow's own.

        Args:
            given: names the file, if a report is wanted.
            report_in: makes the report in a language.
            name: of the output.
        """
        path = self.report_place(given, name)
        made = False
        if path or self.away_file(given, METHODS):
            with spared(self._feedback, self.parameterDefinition(name).description()):
                made = self._write_report(report_in, path)
        if path and not gathering():
            with spared(self._feedback, tr("Parameters")):
                self.save_parameters(path)
        if not made or not path:
            return {}
        tell_file(self._feedback, self.parameterDefinition(name).description(), path)
        return {name: path}

    def report_place(self, given: Given, name: str) -> str | None:
        """Where the report goes; None where none is wanted."""
        return given.file_output(name)

    def _write_report(self, report_in: Callable[[str], MethodReport], path: str | None) -> bool:
        """Whether a report was written; False where a workflow takes it as a chapter, or where the text has it all."""
        language, title = report_language(), _BY_PAPER.sub("", self.displayName())
        self._away.report = report = report_in(language)
        if hand_over(title, report) or not path:
            return False
        warnings = self._record.notes(language, report.warnings)
        chapters = with_outlines(report.chapters, outlines_of(self, self._given), graticule())
        chapters.append(inputs_chapter(self._record, language))
        question = load_texts(language).get(f"question_{self.NAME}", title)
        report = with_answer(replace(report, chapters=chapters, warnings=warnings), question, language)
        write_report(report.complete(title, language, self.shown_parameters(), self.command()), path)
        return True

    def away_file(self, given: Given, name: str) -> str | None:
        """Where the workbook or the text of methods goes, None where it is not wanted."""
        return given.file_output(name) if name in self.taken_away else None

    def _publish_take_away(self, given: Given) -> Results:
        """Writes the workbook of all tables and the text of methods; a step hands both to its workflow."""
        language, title = report_language(), self.displayName()
        settings = [] if gathering() else given_settings(self, self._parameters, self._context)
        self._away.parts.insert(0, method_part(self.NAME, title, self._away.report, settings, language))
        if hand_over_rest(title, self._away):
            return {}
        results: Results = {}
        book, text = self.away_file(given, WORKBOOK), self.away_file(given, METHODS)
        if book:
            with spared(self._feedback, self.parameterDefinition(WORKBOOK).description()):
                names = self._class_names(language)
                write_workbook(result_sheets(title, self._away.tables, language, self._currency_of_run(), names), book)
                results[WORKBOOK] = book
        if text:
            with spared(self._feedback, self.parameterDefinition(METHODS).description()), PendingFile(text) as pending:
                told = title, self._away.parts, software(plugin_version()), language
                is_document = text.lower().endswith(".docx")
                pending.write(word_document(methods_pieces(*told), language) if is_document else methods_text(*told))
                results[METHODS] = text
        return results

    def _currency_of_run(self) -> str:
        asked = self.parameterDefinition("CURRENCY") is not None
        return self._given.text("CURRENCY") if asked and isinstance(self._given, Given) else "CNY"

    def _class_names(self, language: str) -> dict[str, str]:
        """What the land-cover classes of this run, which tables name in English, are called."""
        return {one.name.en: one.name.of(language) for one in self._record.used.classes.values()}

    def publish_table(self, name: str, table: ResultTable) -> Results:
        """Writes a table into its sink."""
        self._away.add_table(self._title_of(name), table)
        if not is_wanted(self._parameters.get(name)):
            return {}
        rows = (new_feature(None, [_plain(cell) for cell in row]) for row in table.rows)
        return self._write_features(name, table.columns, rows)

    def _title_of(self, output: str) -> str:
        return entry_of(self.NAME, output, report_language()).label

    def publish_features(
        self,
        name: str,
        columns: Sequence[Column] | QgsFields,
        features: Iterable[QgsFeature],
        geometry: Any = QgsWkbTypes.Type.NoGeometry,
        crs: QgsCoordinateReferenceSystem | None = None,
        look: FeatureLook | None = None,
    ) -> Results:
        """Writes features into a sink one by one, so that a million need no memory, and gives their layer its style.

        Attributes are plain values in the order of the columns. The table takes its place with all else that the run
        makes, when that is whole.
        """
        if not is_wanted(self._parameters.get(name)):
            return {}
        watched = self._away.watch(self._title_of(name), columns, features)
        return self._write_features(name, columns, watched, geometry, crs, look)

    def _write_features(
        self,
        name: str,
        columns: Sequence[Column] | QgsFields,
        features: Iterable[QgsFeature],
        geometry: Any = QgsWkbTypes.Type.NoGeometry,
        crs: QgsCoordinateReferenceSystem | None = None,
        look: FeatureLook | None = None,
    ) -> Results:
        fields = columns if isinstance(columns, QgsFields) else make_fields(columns)
        pending = pending_table_of(self._parameters[name])
        if pending is not None and pending.is_for_spreadsheets:
            fields, features = harmless_fields(fields), map(harmless_feature, features)
        place = (fields, geometry, crs or QgsCoordinateReferenceSystem())
        given = self._parameters if pending is None else {**self._parameters, name: pending.destination}
        try:
            sink, sink_id = self.parameterAsSink(given, name, self._context, *place)
            if sink is None:
                raise QgsProcessingException(self.invalidSinkError(given, name))
            rows = 0
            try:
                for feature in features:
                    if rows % _CHECK_EVERY == 0 and self._feedback.isCanceled():
                        raise Cancelled
                    rows += 1
                    if not sink.addFeature(feature, QgsFeatureSink.Flag.FastInsert):
                        raise QgsProcessingException(self.writeFeatureError(sink, given, name))
            finally:
                del sink  # closes the file
            if pending is not None:
                pending.commit(rows)
                sink_id = load_from(self._context, sink_id, pending.placed(sink_id))
        finally:
            if pending is not None:
                pending.discard()
        language, shown = user_language(), look or FeatureLook("", "")
        of = self._currency_of_run(), self._class_names(language), shown.legend, shown.own
        words = field_words(self._away.tables[-1], columns, language, *of)
        dress_features_when_loaded(self._context, sink_id, words, look)
        return {name: sink_id}

    @staticmethod
    def publish_numbers(**numbers: float) -> Results:
        """Numbers that later steps of a model can use; what does not exist is left out."""
        return {name: float(number) for name, number in numbers.items() if math.isfinite(number)}


def _plain(cell: Any) -> Any:
    if cell is None or isinstance(cell, str):
        return cell if cell is None else str(cell)  # a message is no text to QGIS
    if isinstance(cell, float):
        return float(cell) + 0.0 if math.isfinite(cell) else None  # no negative zero
    return int(cell) if isinstance(cell, (int, bool)) else float(cell)
