"""The sections of a long dialog: what it cannot do without, what makes it better, choices."""

from __future__ import annotations

from collections.abc import Iterable

from qgis.core import QgsProcessingParameterDefinition

from ..translation import tr

NEEDED, BETTER, CHOICES, ADVANCED, RESULTS = "needed", "better", "choices", "", "results"
# What belongs to inputs that cannot be left out, though it may be empty or has a default.
_WITH_THE_NEEDED = ("DOWNLOADS", "YEARS", "PRODUCT", "LAYER")
_OF_LAND_COVER = ("SCHEME", "CLASS_TABLE")
_OR_DOWNLOADS = ("LAND_COVER", "IMAGES")  # without which a run that takes downloads cannot do either
_DATA = ("raster", "multilayer", "source", "file", "field")


def section_title(section: str) -> str:
    """The heading of a section."""
    titles = {
        NEEDED: tr("Inputs it cannot do without"),
        BETTER: tr("Inputs that improve it (each may be left out)"),
        CHOICES: tr("Choices"),
        RESULTS: tr("Results"),
    }
    return titles[section]


def in_sections(definitions: Iterable[QgsProcessingParameterDefinition], wanted: bool) -> list[tuple[str, list[str]]]:
    """Names by section, in the order of the dialog; without sections all of them under no heading."""
    found: dict[str, list[str]] = {NEEDED: [], BETTER: [], CHOICES: [], ADVANCED: []}
    before = BETTER
    listed = list(definitions)
    optional = QgsProcessingParameterDefinition.Flag.FlagOptional
    covers = [definition for definition in listed if definition.name() == "LAND_COVER"]
    either = any(definition.name() == "DOWNLOADS" for definition in listed)
    cover = NEEDED if either or not any(definition.flags() & optional for definition in covers) else BETTER
    for definition in listed:
        section = before = _section(definition, before) if wanted else ADVANCED
        if wanted and either and definition.name() in _OR_DOWNLOADS:
            section = before = NEEDED
        if wanted and definition.name() in _OF_LAND_COVER:
            section = before = cover
        found[section].append(definition.name())
    return [(section, names) for section, names in found.items() if names]


def _section(definition: QgsProcessingParameterDefinition, before: str) -> str:
    """The section of a parameter; names, units and numbers without a default stay with the input before them."""
    flags = definition.flags()
    if flags & QgsProcessingParameterDefinition.Flag.FlagAdvanced:
        return ADVANCED
    if definition.name() in _WITH_THE_NEEDED:
        return NEEDED
    if definition.type() in _DATA:
        return BETTER if flags & QgsProcessingParameterDefinition.Flag.FlagOptional else NEEDED
    follows = definition.defaultValue() in (None, "") or definition.name().endswith(("_UNIT", "UNITS"))
    return before if follows and before in (NEEDED, BETTER) else CHOICES
