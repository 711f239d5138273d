"""`make models`: writes the models of resources/models, as tools/models.yaml describes them and QGIS itself saves them.

Child ids are chosen to read well, because outputs are called `child:output` on the command line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["QT_HASH_SEED"] = "0"  # attributes in one order, so that a model changes only where it did

import yaml
from qgis.core import (
    QgsApplication,
    QgsProcessing,
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelOutput,
    QgsProcessingModelParameter,
    QgsProcessingParameterDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterFile,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameterRasterLayer,
    QgsProcessingParameterString,
)
from qgis.PyQt.QtCore import QPointF, QSizeF

from ..core.land_cover import SCHEMES
from ..core.quality.rsei.sensors import SENSORS
from .help_html import speaking

SPECIFICATION = Path(__file__).with_name("models.yaml")
WORDS = SPECIFICATION.with_name("models_zh.yaml")
FOLDER = Path(__file__).resolve().parents[1] / "resources" / "models"
GROUP = "EcoAssets"
WIDTH, HEIGHT, COLUMN, ROW = 230.0, 40.0, 290.0, 110.0
ABBREVIATIONS = ("gep", "rsei", "seea")
ABOUT = "{title}. Every step can be changed; the last one writes the report."


class Words(dict[str, str]):
    """What is written in English, in the language of a model."""

    def __missing__(self, english: str) -> str:
        if self:
            raise SystemExit(f"{WORDS} has no {english!r}.")
        return english


def build(
    title: str, inputs: Mapping[str, Any], steps: Mapping[str, Any], words: Mapping[str, str]
) -> QgsProcessingModelAlgorithm:
    """The model as QGIS holds it: inputs on the left in the order of the story, numbered steps one below the other."""
    model = QgsProcessingModelAlgorithm(words[title], GROUP)
    for row, (name, described) in enumerate(inputs.items()):
        component = QgsProcessingModelParameter(name)
        _place(component, 0, row)
        model.addModelParameter(_input(name, words[described["label"]], described), component)
    for row, (step, described) in enumerate(steps.items()):
        model.addChildAlgorithm(_child(step, row, words=words, **described))
    model.setParameterOrder(list(inputs))
    own = {name: words[described["help"]] for name, described in inputs.items() if "help" in described}
    model.setHelpContent({"ALG_DESC": words[ABOUT].format(title=words[title]), **_help(model, inputs), **own})
    model.updateDestinationParameters()
    return model


def _help(model: QgsProcessingModelAlgorithm, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Of each input what the first step that takes it alone says of it."""
    found: dict[str, str] = {}
    for child in model.childAlgorithms().values():
        for name, sources in child.parameterSources().items():
            definition = child.algorithm().parameterDefinition(name)
            if len(sources) == 1 and sources[0].parameterName() in inputs and definition.help():
                found.setdefault(sources[0].parameterName(), definition.help())
    return found


def _input(name: str, label: str, described: Mapping[str, Any]) -> QgsProcessingParameterDefinition:
    kind, default = described["kind"], described.get("default")
    if kind == "rasters":
        return QgsProcessingParameterMultipleLayers(name, label, QgsProcessing.SourceType.TypeRaster)
    if kind == "raster":
        return QgsProcessingParameterRasterLayer(name, label)
    if kind == "polygons":
        polygons = [QgsProcessing.SourceType.TypeVectorPolygon]
        return QgsProcessingParameterFeatureSource(name, label, polygons, optional=not described.get("required"))
    if kind == "folder":
        return QgsProcessingParameterFile(name, label, QgsProcessingParameterFile.Behavior.Folder)
    if kind == "table":
        tables = [QgsProcessing.SourceType.TypeVector]
        return QgsProcessingParameterFeatureSource(name, label, tables, optional=True)
    if kind == "number":
        return QgsProcessingParameterNumber(name, label, QgsProcessingParameterNumber.Type.Double, default)
    if kind == "choice":
        options: Any = described["options"]
        words = list({"schemes": SCHEMES, "sensors": SENSORS}[options] if isinstance(options, str) else options)
        return QgsProcessingParameterEnum(name, label, words, defaultValue=default, usesStaticStrings=True)
    return QgsProcessingParameterString(name, label, optional=bool(described.get("optional")))


def _defaults(child: QgsProcessingModelChildAlgorithm) -> dict[str, Any]:
    """What a child takes where nothing is said; without these values the modeler paints a step red, as invalid."""
    return {
        definition.name(): definition.defaultValue()
        for definition in child.algorithm().parameterDefinitions()
        if not definition.isDestination()
        and not definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional
        and definition.defaultValue() is not None
    }


def _child(
    step: str,
    row: int,
    algorithm: str,
    parameters: Mapping[str, Any],
    words: Mapping[str, str],
    shown: Mapping[str, str] | None = None,
    named: str = "",
) -> QgsProcessingModelChildAlgorithm:
    child = QgsProcessingModelChildAlgorithm(algorithm)
    if child.algorithm() is None:
        raise SystemExit(f"There is no algorithm {algorithm}.")
    child.setChildId(step)
    child.setDescription(f"{row + 1}. {words[named] if named else child.algorithm().displayName()}")
    _place(child, 1.3, row)
    given = {name: words[value] if name == "TITLE" else value for name, value in parameters.items()}
    for name, value in {**_defaults(child), **given}.items():
        child.addParameterSources(name, _sources(value))
    outputs = {}
    for n, (name, output) in enumerate((shown or {}).items()):
        outputs[name] = QgsProcessingModelOutput(name, words[_label(name)])
        outputs[name].setChildId(step)
        outputs[name].setChildOutputName(output)
        _place(outputs[name], 2.4 + n * 0.85, row + 0.45)
    child.setModelOutputs(outputs)
    return child


def _label(name: str) -> str:
    """`gep_by_district` as `GEP by district`."""
    first, *others = name.split("_")
    return " ".join([first.upper() if first in ABBREVIATIONS else first.capitalize(), *others])


def _sources(value: Any) -> list[QgsProcessingModelChildParameterSource]:
    """`$name` is an input, `@step.OUTPUT` what a step made, a list of such several of them, anything else a value."""
    source = QgsProcessingModelChildParameterSource
    if isinstance(value, list) and any(str(one)[:1] in ("$", "@") for one in value):
        return [part for one in value for part in _sources(one)]
    if isinstance(value, str) and value.startswith("$"):
        return [source.fromModelParameter(value[1:])]
    if isinstance(value, str) and value.startswith("@"):
        return [source.fromChildOutput(*value[1:].split("."))]
    return [source.fromStaticValue(value)]


def _place(component: Any, column: float, row: float) -> None:
    component.setPosition(QPointF(160 + column * COLUMN, 80 + row * ROW))
    component.setSize(QSizeF(WIDTH, HEIGHT))


def main() -> None:
    app = QgsApplication([], True)
    app.initQgis()
    sys.path.append(str(Path(QgsApplication.pkgDataPath()) / "python" / "plugins"))
    from processing.core.Processing import Processing

    from ..algorithms.provider import EcoAssetsProvider

    Processing.initialize()
    provider = EcoAssetsProvider()  # QGIS holds only a pointer
    QgsApplication.processingRegistry().addProvider(provider)
    chinese = Words(yaml.safe_load(WORDS.read_text(encoding="utf-8")))
    specification = yaml.safe_load(SPECIFICATION.read_text(encoding="utf-8"))
    for language, words in (("en", Words()), ("zh", chinese)):
        folder = FOLDER / language
        folder.mkdir(parents=True, exist_ok=True)
        with speaking(language):
            for name, described in specification.items():
                path = folder / f"{name}.model3"
                if not build(**described, words=words).toFile(str(path)):
                    raise SystemExit(f"{path} could not be written.")
                print(path)
    sys.stdout.flush()
    os._exit(0)  # the provider would outlive the application


if __name__ == "__main__":
    main()
