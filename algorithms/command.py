"""What repeats a run: the call of `qgis_process`, and its parameters as JSON."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsMapLayer,
    QgsProcessingContext,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingOutputLayerDefinition,
    QgsProcessingParameterDefinition,
)

from ..core.handed_on import without_secrets
from ..core.raster.files import PendingFile
from .declared import DeclaredAlgorithm

PLAIN_ON_WINDOWS = re.compile(r"[\w\\/:.+=-]+")  # what neither cmd.exe nor PowerShell reads as anything else
# Parameters whose default is a setting of the user: told always, because another user's default may differ.
OF_SETTINGS = frozenset({"SCHEME"})


def qgis_process_command(
    algorithm: DeclaredAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> str:
    """Ready for the shells of this system. Values that equal their default are left out.

    A line per value where the shell is sh. One line on Windows: cmd.exe and PowerShell read the same quotes, but a line
    goes on by another sign in each.
    """
    words = [
        (definition.name(), _text(one, context))
        for definition, value in _given(algorithm, parameters)
        for one in _several(value)
    ]
    start = f"{_program()} run {algorithm.id()} --"
    if os.name == "nt":
        return " ".join([start, *(_quoted_on_windows(f"{name}={value}") for name, value in words)])
    return " \\\n  ".join([start, *(f"{name}={shlex.quote(value)}" for name, value in words)])


def _program() -> str:
    """What `qgis_process` is called here: a batch file on Windows, a program in the bundle on macOS."""
    folder = QgsApplication.applicationDirPath()
    if os.name == "nt":
        names = ("qgis_process-qgis", "qgis_process-qgis-ltr", "qgis_process-qgis-dev")
        return next((name for name in names if os.path.isfile(os.path.join(folder, f"{name}.bat"))), names[0])
    if sys.platform == "darwin":
        places = (os.path.join(folder, "bin", "qgis_process"), os.path.join(folder, "qgis_process"))
        return shlex.quote(next(filter(os.path.isfile, places), "qgis_process"))
    return "qgis_process"


def _quoted_on_windows(word: str) -> str:
    """A word as programs there get it back, whatever stands in it; ``&`` and the like act outside of quotes only."""
    if PLAIN_ON_WINDOWS.fullmatch(word):
        return word
    # Backslashes count double before a quote that stands for itself, and before the one that ends the word.
    inside = re.sub(r'(\\*)("|$)', lambda found: found[1] * 2 + ('\\"' if found[2] else ""), word)
    return f'"{inside}"'


def write_parameters(
    algorithm: DeclaredAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext, report: str
) -> None:
    """Writes the same run as JSON beside its report: `qgis_process run ID - < report.parameters.json` repeats it.

    QGIS reads standard input from 3.24 on. Raises OutputError where the file cannot be written.
    """
    write_run(_run(algorithm, parameters, context), parameters_beside(report))


def parameters_beside(report: str) -> str:
    """Where the parameters of a run lie that has this report."""
    return f"{os.path.splitext(report)[0]}.parameters.json"


def is_run(path: str) -> bool:
    """Whether a file holds a run, as `write_run` writes it."""
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(found, dict) and {"algorithm", "inputs"} <= found.keys()


def remember_run(algorithm: DeclaredAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext) -> None:
    """Keeps a run for `last_run`. The steps of a workflow are forgotten for the workflow, which ends after them."""
    _LAST[:] = [_run(algorithm, parameters, context)]


def last_run() -> dict[str, Any] | None:
    """The run that ended last since QGIS started, as `write_run` takes it."""
    return _LAST[0] if _LAST else None


def write_run(run: dict[str, Any], path: str) -> None:
    """Writes a run as JSON. Raises OutputError where the file cannot be written."""
    with PendingFile(path) as pending:
        pending.write(json.dumps(run, ensure_ascii=False, indent=2))


_LAST: list[dict[str, Any]] = []


def _run(algorithm: DeclaredAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext) -> dict[str, Any]:
    inputs = {definition.name(): _json(value, context) for definition, value in _given(algorithm, parameters)}
    return {"algorithm": algorithm.id(), "version": algorithm.provider().versionInfo(), "inputs": inputs}


def given_parameters(
    algorithm: DeclaredAlgorithm,
    parameters: dict[str, Any],
    context: QgsProcessingContext,
    *,
    names_only: bool = False,
) -> list[tuple[str, str]]:
    """Label and value of every parameter that differs from its default; of paths the names of files only if wanted."""
    shown = _file_name if names_only else str
    return [
        (definition.description(), ", ".join(shown(_text(one, context)) for one in _several(value)))
        for definition, value in _given(algorithm, parameters)
    ]


def given_settings(
    algorithm: DeclaredAlgorithm, parameters: dict[str, Any], context: QgsProcessingContext
) -> list[tuple[str, str]]:
    """As `given_parameters`, without outputs, and files by their names: what a text of methods tells."""
    return [
        (definition.description(), ", ".join(_file_name(_text(one, context)) for one in _several(value)))
        for definition, value in _given(algorithm, parameters)
        if not definition.isDestination()
    ]


def _file_name(text: str) -> str:
    """The name of a file without its folders; other texts as they are."""
    text = text.split("|", 1)[0] if os.path.isabs(text) else text
    is_path = os.path.isabs(text) or "://" in text or text.startswith(("ogr:", "dbname="))
    return re.split(r"[/\\]", text.rstrip("/\\"))[-1] if is_path else text


def _given(
    algorithm: DeclaredAlgorithm, parameters: dict[str, Any]
) -> Iterator[tuple[QgsProcessingParameterDefinition, Any]]:
    for definition in algorithm.parameterDefinitions():
        value, default = parameters.get(definition.name()), definition.defaultValue()
        if definition.name() in OF_SETTINGS:
            yield definition, default if value is None else value
        elif value is not None and value != default:
            yield definition, value


def _several(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else [value]


def _json(value: Any, context: QgsProcessingContext) -> Any:
    if isinstance(value, (list, tuple)):
        return [_json(one, context) for one in value]
    return value if isinstance(value, (bool, int, float)) else _text(value, context)


def _text(value: Any, context: QgsProcessingContext) -> str:
    """A value as it may be handed on, without passwords."""
    return without_secrets(_whole_text(value, context))


def _whole_text(value: Any, context: QgsProcessingContext) -> str:
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        return _whole_text(value.source.staticValue(), context)
    if isinstance(value, QgsProcessingOutputLayerDefinition):
        return str(value.sink.staticValue())
    if isinstance(value, QgsMapLayer):
        return value.source()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        layer = context.project().mapLayer(value) if context.project() else None
        return layer.source() if layer is not None else value
    return str(value)
