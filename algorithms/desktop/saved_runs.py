"""Runs that were saved, opened again: one in its dialog, several in the batch dialog."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingParameterDefinition

from ...core.errors import InputError
from ...core.tables import read_table
from ..translation import tr

ALGORITHM = "algorithm"  # the column of a table of runs that names the algorithm
BETWEEN = ";"  # the members of a list in a cell


@dataclass(frozen=True)
class SavedRun:
    """An algorithm and its parameters, by their ids."""

    algorithm: str
    parameters: dict[str, Any]


def read_runs(paths: Sequence[str]) -> list[SavedRun]:
    """The runs of files: JSON as it lies beside a report, or tables (CSV, XLSX) with a run per row.

    A table has a column `algorithm` and columns named by parameters; members of lists are separated by semicolons, and
    paths without a folder are those of files beside the table.

    Raises:
        InputError: a file holds no run, an algorithm or a parameter is unknown, or the runs are of several algorithms.
    """
    runs = [run for path in paths for run in (_of_json(path) if path.lower().endswith(".json") else _of_table(path))]
    if not runs:
        raise InputError(tr("{files} hold no run.", files=", ".join(map(os.path.basename, paths))))
    others = sorted({run.algorithm for run in runs} - {runs[0].algorithm})
    if others:
        raise InputError(
            tr("The runs are of {first} and of {other}. Open those of one algorithm at a time.",
               first=runs[0].algorithm, other=others[0])
        )  # fmt: skip
    return runs


def _of_json(path: str) -> list[SavedRun]:
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
        run = SavedRun(str(found["algorithm"]), dict(found["inputs"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as reason:
        raise InputError(
            tr("{path} holds no run ({reason}). Choose a file NAME.parameters.json that lies beside a report.",
               path=path, reason=repr(reason))
        ) from None  # fmt: skip
    return [_checked(run, path)]


def _of_table(path: str) -> list[SavedRun]:
    table = read_table(path)
    if ALGORITHM not in table.columns:
        raise InputError(
            tr("{path} has no column {column}. A table of runs names the algorithm in it, such as ecoassets:rsei.",
               path=path, column=ALGORITHM)
        )  # fmt: skip
    folder, runs = os.path.dirname(path), []
    for row in table.rows:
        cells = {name: str(cell).strip() for name, cell in row.items() if cell is not None and str(cell).strip()}
        name = cells.pop(ALGORITHM, "")
        run = _checked(SavedRun(name if ":" in name else f"ecoassets:{name}", dict(cells)), path)
        given = {key: _value(_definition(run.algorithm, key), cell, folder) for key, cell in cells.items()}
        runs.append(SavedRun(run.algorithm, given))
    return runs


def _checked(run: SavedRun, path: str) -> SavedRun:
    algorithm = QgsApplication.processingRegistry().algorithmById(run.algorithm)
    if algorithm is None:
        raise InputError(tr("{path}: there is no algorithm {name}.", path=path, name=run.algorithm))
    unknown = [name for name in run.parameters if algorithm.parameterDefinition(name) is None]
    if unknown:
        known = ", ".join(definition.name() for definition in algorithm.parameterDefinitions())
        raise InputError(
            tr("{path}: {algorithm} has no parameter {name}. It has {known}.",
               path=path, algorithm=run.algorithm, name=unknown[0], known=known)
        )  # fmt: skip
    return run


def _definition(algorithm: str, name: str) -> QgsProcessingParameterDefinition:
    return QgsApplication.processingRegistry().algorithmById(algorithm).parameterDefinition(name)


def _value(definition: QgsProcessingParameterDefinition, cell: str, folder: str) -> Any:
    """A cell as the dialog takes it: lists where it wants lists, files beside the table with their folder."""

    def placed(word: str) -> str:
        beside = os.path.join(folder, word)
        return beside if definition.isDestination() or os.path.exists(beside) else word

    kind = definition.type()
    if (kind in ("multilayer", "enum", "field") and BETWEEN in cell) or kind == "multilayer":
        return [placed(word.strip()) for word in cell.split(BETWEEN) if word.strip()]
    return placed(cell)


def show_runs(runs: Sequence[SavedRun], parent: Any) -> Any:
    """Opens the dialog of a run, or the batch dialog of several, filled in; gives the dialog."""
    if len(runs) == 1:
        import processing

        dialog = processing.createAlgorithmDialog(runs[0].algorithm, runs[0].parameters)
    else:
        dialog = _batch(runs, parent)
    dialog.show()
    return dialog


def _batch(runs: Sequence[SavedRun], parent: Any) -> Any:
    from processing.gui.BatchAlgorithmDialog import BatchAlgorithmDialog

    algorithm = QgsApplication.processingRegistry().createAlgorithmById(runs[0].algorithm)
    dialog = BatchAlgorithmDialog(algorithm, parent)
    panel, context = dialog.mainWidget(), QgsProcessingContext()
    panel.addRow(len(runs) - panel.batchRowCount())
    columns = {name: number for number, name in panel.column_to_parameter_definition.items()}
    for row, run in enumerate(runs):
        _fill(panel, row, columns, run.parameters, context)
    return dialog


def _fill(
    panel: Any, row: int, columns: Mapping[str, int], parameters: Mapping[str, Any], context: QgsProcessingContext
) -> None:
    for name, value in parameters.items():
        column = columns.get(name)
        if column is None:
            continue
        wrapper = panel.wrappers[row][column]
        if wrapper is None:  # an output; the first row of the table holds the buttons of the columns
            panel.tblParameters.cellWidget(row + 1, column).setValue(str(value))
        else:
            wrapper.setParameterValue(value, context)
