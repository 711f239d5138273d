"""What an algorithm says of itself: identity, help, and the parameters that many algorithms declare alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from qgis.core import (
    QgsProcessing,
    QgsProcessingAlgorithm,
    QgsProcessingOutputDefinition,
    QgsProcessingOutputHtml,
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
)
from qgis.PyQt.QtCore import QUrl
from qgis.PyQt.QtGui import QIcon

from ..core.inputs.needs import Need
from ..core.land_cover import SCHEMES
from .compat import user_language
from .help_texts import (
    ANY_UNIT,
    CHOICES,
    QUANTITY,
    UNIT_FROM,
    AlgorithmHelp,
    Entry,
    Role,
    Use,
    choice_words,
    entry_of,
    help_page,
    load_help,
    numbered_group,
    search_words,
)
from .icons import icon_path
from .inputs import PATHS
from .settings import default_scheme

Kind = QgsProcessingParameterNumber.Type
STREAMED = "streamed"  # in the metadata of a parameter whose features are read while the algorithm runs
CHOICE_WIDGET = f"{__package__}.dialogs.choices.ChoiceWidget"  # by name, because only windows need it
TEXT_WIDGET = f"{__package__}.dialogs.texts.NamedText"
WIDGET = "widget_wrapper"  # in the metadata of a parameter: what QGIS shows it by
WORKBOOK, METHODS = "OUTPUT_XLSX", "OUTPUT_METHODS"
LINES, POLYGONS = 1, 2  # QgsProcessing.SourceType, the data types that `add_lines` and `add_polygons` declare


class DeclaredAlgorithm(QgsProcessingAlgorithm):
    """Identity and parameters of an algorithm; labels and help come from `resources/help`.

    Attributes:
        NAME: id within the provider; never changes after a release.
        GROUP: id of the toolbox group.
        NEEDS: without which a run would stop, apart from what all of them need.
        TAKES_SCENES: lists of rasters that also take places of satellite scenes.
        TAKES_BROKEN_RASTERS: whether lists of rasters may hold what QGIS cannot load.
        BESIDE: files that are written into FOLDER where they are not wanted elsewhere, by the name of their output.
        taken_away: outputs that the base writes by itself, from all tables and from the help.
    """

    NAME = ""
    GROUP = ""
    NEEDS: tuple[Need, ...] = ()
    TAKES_SCENES: tuple[str, ...] = ()
    TAKES_BROKEN_RASTERS = False
    BESIDE: ClassVar[Mapping[str, str]] = {}
    taken_away: tuple[str, ...] = ()

    def declare(self) -> None:
        """Adds parameters and outputs."""
        raise NotImplementedError

    # identity

    def createInstance(self) -> DeclaredAlgorithm:
        return type(self)()

    def name(self) -> str:
        return self.NAME

    def displayName(self) -> str:
        return self.texts.title

    def group(self) -> str:
        return numbered_group(self.GROUP, user_language())

    def groupId(self) -> str:
        return self.GROUP

    def shortDescription(self) -> str:
        return self.texts.short

    def shortHelpString(self) -> str:
        if not _has_window():
            return self.texts.plain()
        takes, gives = self.told()
        return self.texts.html(takes.values(), gives.values())

    def helpUrl(self) -> str:
        page = QUrl.fromLocalFile(str(help_page(self.NAME, user_language())))
        return str(page.toString(QUrl.ComponentFormattingOption.FullyEncoded))

    def tags(self) -> list[str]:
        return search_words(self.NAME)

    def icon(self) -> QIcon:
        return QIcon(icon_path(self.GROUP))

    def svgIconPath(self) -> str:
        return icon_path(self.GROUP)

    def createCustomParametersWidget(self, parent: Any = None) -> Any:
        """The dialog: that of Processing with sections and a line that tells what is missing or odd."""
        if not _has_window():
            return None
        from .dialogs.dialog import MethodDialog

        return MethodDialog(self, parent)

    @property
    def texts(self) -> AlgorithmHelp:
        return load_help(self.NAME, user_language())

    def told(self) -> tuple[dict[str, Entry], dict[str, Entry]]:
        """What the algorithm takes and what it gives, as declared, with labels and help."""
        parameters = self.parameterDefinitions()
        takes = {d.name(): Entry(d.description(), d.help(), _words(d)) for d in parameters if not d.isDestination()}
        made = {d.name(): d.help() for d in parameters if d.isDestination()}
        gives = {
            output.name(): Entry(output.description(), made.get(output.name()) or self._entry(output.name()).help)
            for output in self.outputDefinitions()
        }
        return takes, gives

    def label(self, name: str) -> str:
        """What the dialog calls a parameter or a map, and the project its layer."""
        return str(self.parameterDefinition(name).description())

    # parameters

    def initAlgorithm(self, configuration: dict[str, Any] | None = None) -> None:
        self._ranged: dict[str, Use] = {}
        self.declare()
        report = self.parameterDefinition("OUTPUT_HTML")
        if report is not None and report.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional:
            self._add_take_away_outputs()

    def add(
        self,
        parameter: QgsProcessingParameterDefinition,
        advanced: bool = False,
        use: Use | None = None,
        output: QgsProcessingOutputDefinition | None = None,
    ) -> None:
        """Adds a parameter with its help.

        Args:
            parameter: without label and help.
            advanced: whether it is folded away.
            use: what it has to do with a quantity, which tells its label and help then.
            output: of a destination, in place of one that is named like the parameter.
        """
        entry = self._entry(parameter.name(), use)
        words = parameter.options() if isinstance(parameter, QgsProcessingParameterEnum) else ()
        if words:
            told = choice_words(parameter.name(), user_language())
            shown = [told.get(word, word) for word in words]
            parameter.setMetadata({WIDGET: {"class": CHOICE_WIDGET, "words": shown}})
        parameter.setDescription(entry.label)
        parameter.setHelp(entry.help.replace(CHOICES, ", ".join(words)))
        if use is not None:
            held = {QUANTITY: use.quantity, UNIT_FROM: use.unit_from, ANY_UNIT: bool(use.unit_from or use.ratio)}
            parameter.setMetadata(held)
        if advanced:
            parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagAdvanced)
        self.addParameter(parameter, output is None)
        if output is not None:
            self.addOutput(output)

    def add_raster(
        self, name: str, *, quantity: str, optional: bool = False, ranges: bool = False, unit_from: str = ""
    ) -> None:
        """A single raster.

        Args:
            name: of the parameter.
            quantity: what it holds.
            optional: whether it may be left out.
            ranges: whether its valid range can be told (`add_ranges`).
            unit_from: the parameter by which the user chooses the unit.
        """
        use = Use(quantity, "raster", unit_from)
        self._add_ranged(QgsProcessingParameterRasterLayer(name, "", optional=optional), use, ranges)

    def add_rasters(self, name: str, *, quantity: str, optional: bool = False, ranges: bool = False) -> None:
        """A list of rasters, as its own text tells."""
        self._add_rasters(name, Use(quantity, "rasters"), optional, ranges)

    def add_series(
        self, name: str, *, quantity: str, optional: bool = False, unit_from: str = "", ratio: bool = False
    ) -> None:
        """Continuous rasters, one per year, one with a band per year, or one for all years; with their valid range.

        Args:
            name: of the parameter.
            quantity: what they hold; it tells label, unit, help, and those of the range.
            optional: whether they may be left out.
            unit_from: the parameter by which the user chooses the unit.
            ratio: whether only ratios count, so that any unit will do.
        """
        self._add_rasters(name, Use(quantity, "series", unit_from, ratio), optional, ranges=True)

    def _add_rasters(self, name: str, use: Use, optional: bool, ranges: bool) -> None:
        kind = QgsProcessing.SourceType.TypeRaster
        self._add_ranged(QgsProcessingParameterMultipleLayers(name, "", kind, optional=optional), use, ranges)

    def _add_ranged(self, parameter: QgsProcessingParameterDefinition, use: Use, ranges: bool) -> None:
        self.add(parameter, use=use)
        if ranges:
            self._ranged[parameter.name()] = use

    def add_ranges(self) -> None:
        """The valid ranges of the rasters that have one."""
        for name, use in self._ranged.items():
            self._add_range(name, use)

    def add_range(self, name: str, *, quantity: str) -> None:
        """A valid range that several rasters share: `<name>_MIN` and `<name>_MAX`."""
        self._add_range(name, Use(quantity))

    def _add_range(self, name: str, use: Use) -> None:
        ends: tuple[tuple[str, Role], ...] = (("MIN", "least"), ("MAX", "most"))
        for end, role in ends:
            number = QgsProcessingParameterNumber(f"{name}_{end}", "", Kind.Double, None, True)
            self.add(number, advanced=True, use=replace(use, role=role))

    def add_number(
        self,
        name: str,
        default: float | None = None,
        minimum: float | None = None,
        maximum: float | None = None,
        *,
        integer: bool = False,
        advanced: bool = False,
        optional: bool = False,
    ) -> None:
        """A number; without a default it is optional. What is added later is optional: older models lack it."""
        kind = Kind.Integer if integer else Kind.Double
        parameter = QgsProcessingParameterNumber(name, "", kind, default, optional or default is None)
        if minimum is not None:
            parameter.setMinimum(minimum)
        if maximum is not None:
            parameter.setMaximum(maximum)
        self.add(parameter, advanced)

    def add_text(
        self, name: str, default: str | None = None, *, optional: bool = False, advanced: bool = False, names: str = ""
    ) -> None:
        """A text; one that names a `product`, a `layer` or a `crs` is chosen from a list in the dialog."""
        parameter = QgsProcessingParameterString(name, "", default, optional=optional)
        if names:
            parameter.setMetadata({WIDGET: {"class": TEXT_WIDGET, "names": names}})
        self.add(parameter, advanced)

    def add_paths(self, name: str, default: str | None = None, *, advanced: bool = False) -> None:
        """A text of paths, separated by semicolons, from which a run reads."""
        parameter = QgsProcessingParameterString(name, "", default, optional=True)
        parameter.setMetadata({PATHS: True})
        self.add(parameter, advanced)

    def add_hidden_text(self, name: str) -> None:
        """A text for models, scripts and the command line; in dialogs the options of EcoAssets stand for it."""
        parameter = QgsProcessingParameterString(name, "", "", optional=True)
        parameter.setFlags(parameter.flags() | QgsProcessingParameterDefinition.Flag.FlagHidden)
        self.add(parameter)

    def add_choice(
        self, name: str, options: Sequence[str], default: str, *, advanced: bool = False, optional: bool = False
    ) -> None:
        """One of fixed words. What is added later is optional: older models lack it."""
        self.add(QgsProcessingParameterEnum(name, "", list(options), False, default, optional, True), advanced)

    def add_choices(
        self, name: str, options: Sequence[str], default: Sequence[str] = (), *, optional: bool = False
    ) -> None:
        """Any of fixed words, by default all of them or those of `default`; where none may be chosen, none."""
        chosen = list(default or ([] if optional else options))
        self.add(QgsProcessingParameterEnum(name, "", list(options), True, chosen, optional, usesStaticStrings=True))

    def add_flag(self, name: str, default: bool, *, advanced: bool = True, optional: bool = False) -> None:
        """Yes or no. What is added later is optional: older models lack it."""
        self.add(QgsProcessingParameterBoolean(name, "", default, optional), advanced)

    def add_table(self, name: str, optional: bool = True, *, advanced: bool = False) -> None:
        kind = [QgsProcessing.SourceType.TypeVector]
        self.add(QgsProcessingParameterFeatureSource(name, "", kind, optional=optional), advanced)

    def add_tables(self, name: str) -> None:
        kind = QgsProcessing.SourceType.TypeVector
        self.add(QgsProcessingParameterMultipleLayers(name, "", kind, optional=True))

    def add_polygons(self, name: str, optional: bool = True, *, advanced: bool = False) -> None:
        kind = [QgsProcessing.SourceType.TypeVectorPolygon]
        self.add(QgsProcessingParameterFeatureSource(name, "", kind, optional=optional), advanced)

    def add_lines(self, name: str) -> None:
        kind = [QgsProcessing.SourceType.TypeVectorLine]
        self.add(QgsProcessingParameterFeatureSource(name, "", kind, optional=True))

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

    def add_downloads(self, name: str = "DOWNLOADS", *, several: bool = False, optional: bool = False) -> None:
        """A folder of downloads, with `several` also paths separated by semicolons; archives are read in place."""
        parameter = QgsProcessingParameterFile(name, "", QgsProcessingParameterFile.Behavior.Folder, optional=optional)
        parameter.setMetadata({PATHS: several})
        self.add(parameter)

    def add_raster_output(self, name: str, *, quantity: str, optional: bool = True, default: bool = False) -> None:
        """A map of a quantity; an optional one is made in the dialog only where `default` says so."""
        made = default or not optional
        parameter = QgsProcessingParameterRasterDestination(name, "", optional=optional, createByDefault=made)
        self.add(parameter, use=Use(quantity, "map"))

    def add_table_output(self, *names: str, default: bool = False) -> None:
        kind = QgsProcessing.SourceType.TypeVector
        for name in names:
            self.add(QgsProcessingParameterFeatureSink(name, "", kind, optional=True, createByDefault=default))

    def add_features_output(self, name: str, optional: bool = True) -> None:
        kind = QgsProcessing.SourceType.TypeVectorAnyGeometry
        self.add(QgsProcessingParameterFeatureSink(name, "", kind, optional=optional, createByDefault=not optional))

    def add_report_output(self, name: str = "OUTPUT_HTML", optional: bool = True) -> None:
        """A report, which the dialog makes unless it is told not to; the results viewer lists it under the method."""
        self.add(
            QgsProcessingParameterFileDestination(name, "", "HTML (*.html)", optional=optional, createByDefault=True),
            output=QgsProcessingOutputHtml(name, f"{self.displayName()}: {self._entry(name).label}"),
        )

    def _add_take_away_outputs(self) -> None:
        """A workbook of all tables, where the algorithm has none of its own, and a text of methods and sources."""
        self.taken_away = (METHODS,) if self.parameterDefinition(WORKBOOK) else (WORKBOOK, METHODS)
        if WORKBOOK in self.taken_away:
            self.add_workbook_output()
        kinds = "Markdown (*.md);;Word (*.docx)"
        self.add(QgsProcessingParameterFileDestination(METHODS, "", kinds, optional=True, createByDefault=False))

    def add_workbook_output(self, name: str = WORKBOOK) -> None:
        self.add(
            QgsProcessingParameterFileDestination(name, "", "Excel (*.xlsx)", optional=True, createByDefault=False)
        )

    def add_folder_output(self, name: str, default: str | None = None) -> None:
        self.add(QgsProcessingParameterFolderDestination(name, "", default))

    def add_number_output(self, *names: str) -> None:
        for name in names:
            self.addOutput(QgsProcessingOutputNumber(name, self._entry(name).label))

    def add_land_cover(self, *, several_years: bool = True, optional: bool = False) -> None:
        """Land cover, its years and what its codes mean; optional where downloads may hold it."""
        if several_years:
            self.add_rasters("LAND_COVER", quantity="land_cover", optional=optional)
            self.add_years()
        else:
            self.add_raster("LAND_COVER", quantity="land_cover")
        self.add_scheme()

    def add_years(self) -> None:
        """The years of rasters; empty where names, bands or tags tell them, or where there are none."""
        self.add_text("YEARS", optional=True)
        self.add_flag("INSIST_ON_YEARS", False)

    def add_scheme(self) -> None:
        """What the codes of the land cover mean."""
        self.add_choice("SCHEME", SCHEMES, default_scheme())
        self.add_table("CLASS_TABLE")
        self.add_text("NODATA_CODES", optional=True, advanced=True)

    def add_zones(self, *, raster: bool = True) -> None:
        """By what results are told apart: polygons and the field that names them, or a class raster."""
        self.add_polygons("ZONES")
        self.add_field("ZONE_FIELD", "ZONES")
        if raster:
            self.add_raster("ZONES_RASTER", quantity="zone", optional=True)

    def add_raster_settings(self, *, several_years: bool = True, classes: bool = True, maps: bool = True) -> None:
        """What every raster method lets the user decide: valid ranges, area, grid and, where it makes maps, storage."""
        self.add_ranges()
        self.add_polygons("BOUNDARY")
        if several_years:
            self.add_choice("MASK", ("common", "yearly"), "common", advanced=True)
        if classes:
            self.add_flag("ALIGN_CLASSES", False)
        if maps:
            self.add_text("CREATION_OPTIONS", "", optional=True, advanced=True)
            self.add_flag("OVERVIEWS", True)
        self.add_hidden_text("SCHEDULER")

    def _entry(self, name: str, use: Use | None = None) -> Entry:
        return entry_of(self.NAME, name, user_language(), use)


def _words(definition: QgsProcessingParameterDefinition) -> tuple[tuple[str, str], ...]:
    """Id and word of each choice; empty where a parameter is none."""
    if not isinstance(definition, QgsProcessingParameterEnum):
        return ()
    return tuple(zip(definition.options(), definition.metadata()[WIDGET]["words"]))


def _has_window() -> bool:
    from qgis.utils import iface

    return iface is not None
