"""The chain of a workflow: children that run one after the other, into one folder."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qgis.core import (
    QgsApplication,
    QgsProcessingAlgorithm,
    QgsProcessingContext,
    QgsProcessingException,
    QgsProcessingFeedback,
    QgsProcessingMultiStepFeedback,
    QgsProcessingUtils,
)

from ...core.errors import Cancelled, OutputError
from ...core.raster.writing.names import is_one_file
from ...core.report.texts import load_texts
from ...core.tables import Table, read_table
from ...core.workflows.combined_report import StepReport
from ..given import Given
from ..outputs import require_apart
from ..reporting.takeaway import TakeAway
from ..settings import report_language
from ..translation import tr


class Step:
    """A child algorithm that has run: where its results are."""

    def __init__(self, results: dict[str, Any]) -> None:
        self._results = results

    def path(self, output: str = "OUTPUT") -> str:
        """The file of an output."""
        return str(self._results[output])

    def table(self, output: str = "OUTPUT_TABLE") -> Table:
        """A table that it wrote."""
        return read_table(self.path(output))

    def number(self, output: str) -> float | None:
        """A number output, None where it does not exist."""
        value = self._results.get(output)
        return None if value is None else float(value)


class Chain:
    """Runs algorithms of this provider as children. What they share with the workflow by name is passed on.

    Attributes:
        finished: how many have succeeded.
        shown: files that become layers of the project where there is one, in the order of the steps.
    """

    def __init__(
        self,
        given: Given,
        files_read: Mapping[tuple[str, str], str],
        context: QgsProcessingContext,
        feedback: QgsProcessingFeedback,
        folder: str,
        steps: int,
        reports: list[StepReport],
        away: TakeAway,
        results: Mapping[str, tuple[int, ...]],
    ) -> None:
        self._results = results
        self._given, self._context, self._feedback, self._folder = given, context, feedback, folder
        self._files_read = files_read
        self._steps, self._started, self._reports, self._away = steps, 0, reports, away
        self._multi = QgsProcessingMultiStepFeedback(steps, feedback)
        self.finished = 0
        self.shown: list[str] = []

    def file(self, name: str) -> str:
        """A file of this name in the folder of results."""
        return os.path.join(self._folder, name)

    def require_free(self, path: str) -> None:
        """Raises OutputError where a file of the workflow's own would replace one of its inputs."""
        label = next((label for (file, _), label in self._files_read.items() if is_one_file(file, path)), None)
        if label is not None:
            raise OutputError(
                tr("{path} is an input ({label}), and the workflow writes a file of this name. Choose another FOLDER.",
                   path=path, label=label)
            )  # fmt: skip

    def run(
        self, name: str, files: dict[str, str], *, shown: Sequence[str] = (), about: str = "", **parameters: Any
    ) -> Step:
        """Runs the algorithm `ecoassets:name`.

        Args:
            name: of the algorithm.
            files: output id to file name within the folder of results.
            shown: outputs that become layers of the project where there is one.
            about: what tells this step from others of the same algorithm; a word of the report's texts.
            parameters: what differs from the workflow's own parameters of the same name; None leaves one out.

        Raises:
            Cancelled: the user stopped.
            OutputError: the step would write over an input of the workflow.
            QgsProcessingException: the child failed; says at which step.
        """
        child = QgsApplication.processingRegistry().createAlgorithmById(f"ecoassets:{name}")
        self._multi.setCurrentStep(self._started)
        self._started += 1
        title = child.displayName()
        if about:
            words = load_texts(report_language())
            title = words["colon"].join((title, words.get(about, about)))
        where = tr("Step {step} of {steps}, {title}", step=self._started, steps=self._steps, title=title)
        self._feedback.pushInfo("\n" + where)
        paths = {output: self.file(file) for output, file in files.items()}
        for output in shown:
            label = child.parameterDefinition(output).description()
            hint = QgsProcessingUtils.LayerHint.Raster  # else QGIS tries a table first, and says so in its log
            details = QgsProcessingContext.LayerDetails(label, self._context.project(), output, hint)
            self._context.addLayerToLoadOnCompletion(paths[output], details)
        self.shown += [paths[output] for output in shown]
        given = {**self._shared_with(child), **parameters, **paths}
        given = {key: value for key, value in given.items() if value is not None}
        if child.parameterDefinition("OUTPUT_HTML") is not None:
            given["OUTPUT_HTML"] = self.file(f"{name}.html")  # gathered, not written
        require_apart(child, given, self._files_read)  # a step would else replace what a later one reads
        valid, message = child.checkParameterValues(given, self._context)
        if not valid:
            raise QgsProcessingException(f"{where}: {message}")
        told = len(self._reports)
        try:
            results, succeeded = child.run(given, self._context, self._multi, {}, False)
        except QgsProcessingException as error:
            raise QgsProcessingException(f"{where}: {error}") from None
        if self._feedback.isCanceled():
            raise Cancelled
        if about:
            self._away.name_last_step(title)
        if len(self._reports) > told:
            own = self._results.get(f"{name}:{about}", self._results.get(name, ()))
            chapters = tuple(n for n in own if n < len(self._reports[-1].report.chapters))
            self._reports[-1] = replace(self._reports[-1], title=title, results=chapters)
        if not succeeded:
            raise QgsProcessingException(tr("{where}: there were errors, see the messages above.", where=where))
        self.finished += 1
        return Step({**paths, **results})

    def _shared_with(self, child: QgsProcessingAlgorithm) -> dict[str, Any]:
        """The workflow's parameters that the child has too, apart from outputs; defaults where the child's differ."""
        shared = {}
        names = [definition.name() for definition in child.parameterDefinitions() if not definition.isDestination()]
        for name in names:
            default = self._given.default(name) if self._given.is_left_open(name) else None
            if self._given.has(name):
                shared[name] = self._given.for_child(name)
            elif default not in (None, child.parameterDefinition(name).defaultValue()):
                shared[name] = default
        if "YEARS" in names and "YEARS" not in shared:
            shared["YEARS"] = ", ".join(map(str, self._given.years()))
        return shared
