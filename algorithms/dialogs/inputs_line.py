"""The line under the inputs of a dialog: what is missing or odd, told while one chooses.

Values are taken from the widgets in the window's thread; files are looked at in a thread of their own, one look at a
time, some moments after the last change.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from threading import Thread
from typing import Any

from qgis.core import QgsProcessingParameterDefinition
from qgis.PyQt.QtCore import QObject, QTimer, pyqtSignal
from qgis.PyQt.QtWidgets import QLabel, QLineEdit

from ...core.errors import EcoAssetsError
from ...core.inputs.glance import Glance, Shown, glance
from ...core.inputs.needs import at_once, unmet
from ..compat import user_language
from ..help_texts import choice_words
from ..inputs import AskedParameters
from ..translation import tr
from .shown import shown_in

PAUSE_MS = 500
LINES = 3
COLOURS = {"missing": "#8a6d00", "stop": "#b3261e", "warn": "#8a5a00", "fine": "#1c6b48"}
SIGNS = {"missing": "○", "stop": "✖", "warn": "⚠", "fine": "✔"}


class _Seen(QObject):
    """Brings a look from its thread to the window's; a line that is gone hears nothing."""

    done = pyqtSignal(object, object)


class InputsLine(QLabel):
    """Told by every change of the widgets of a panel."""

    def __init__(self, panel: Any) -> None:
        super().__init__()
        self._panel, self._algorithm = panel, panel.algorithm()
        self._seen, self._busy, self._again = _Seen(), False, False
        self._looked: Shown | None = None
        self._glance = Glance()
        self._chosen_by_user = self._setting = False
        self.setWordWrap(True)
        self.setObjectName("ecoassets-inputs")
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._look)
        self._seen.done.connect(self._hear)
        for name, wrapper in panel.wrappers.items():
            wrapper.widgetValueHasChanged.connect(self._scheme_changed if name == "SCHEME" else self._changed)
        self._timer.start()

    def parameters_set(self, parameters: dict[str, Any]) -> None:
        """What a script, a model or the history has set is kept as it is."""
        self._chosen_by_user = self._chosen_by_user or "SCHEME" in parameters

    def _changed(self, *_: Any) -> None:
        self._timer.start()

    def _scheme_changed(self, *_: Any) -> None:
        self._chosen_by_user = self._chosen_by_user or not self._setting
        self._timer.start()

    def _look(self) -> None:
        if self._busy:
            self._again = True
            return
        shown = shown_in(self._panel, self._algorithm)
        if shown == self._looked:
            self._tell()
            return
        self._busy = True
        Thread(target=_work, args=(shown, self._seen), daemon=True).start()

    def _hear(self, shown: Shown, seen: Glance) -> None:
        self._busy, self._looked, self._glance = False, shown, seen
        self._propose_years(seen.years)
        if self._again or self._propose_scheme(seen.schemes):
            self._again = False
            self._timer.start()
        self._tell()

    def _propose_years(self, years: Sequence[int]) -> None:
        """Shows in the empty field of the years those that the rasters tell, which a run takes."""
        wrapper = self._panel.wrappers.get("YEARS")
        widget = wrapper.wrappedWidget() if wrapper is not None else None
        field = widget if isinstance(widget, QLineEdit) else widget.findChild(QLineEdit) if widget is not None else None
        if field is not None:
            told = tr("{years} (told by the rasters)", years=", ".join(map(str, years))) if years else ""
            field.setPlaceholderText(told)

    def _propose_scheme(self, schemes: Sequence[str]) -> bool:
        """Chooses the scheme that knows the codes, unless the user has chosen one."""
        wrapper = self._panel.wrappers.get("SCHEME")
        if wrapper is None or not schemes or self._chosen_by_user:
            return False
        self._setting = True
        wrapper.setParameterValue(schemes[0], self._panel.processing_context)
        self._setting = False
        return True

    def _tell(self) -> None:
        told = [*self._missing(), *self._unmet(), *self._found()]
        if not told:
            told = [("fine", tr("Nothing is missing, and a first look finds nothing odd."))] if self._looked else []
        lines = [
            f'<span style="color:{COLOURS[kind]}">{SIGNS[kind]} {escape(text)}</span>' for kind, text in told[:LINES]
        ]
        if len(told) > LINES:
            lines.append(escape(tr("… and {count} more.", count=len(told) - LINES)))
        self.setText("<br/>".join(lines))
        self.setToolTip("<br/>".join(escape(text) for _, text in told))

    def _missing(self) -> list[tuple[str, str]]:
        """Inputs without which nothing runs."""
        labels = [
            definition.description()
            for definition in self._algorithm.parameterDefinitions()
            if not definition.isDestination() and self._is_missing(definition)
        ]
        return [("missing", tr("Still missing: {labels}.", labels=", ".join(labels)))] if labels else []

    def _unmet(self) -> list[tuple[str, str]]:
        """What the method needs besides; years that were not written are those that the rasters tell."""
        values = {name: wrapper.parameterValue() for name, wrapper in self._panel.wrappers.items()}
        if "YEARS" in values and not values["YEARS"]:
            values["YEARS"] = ", ".join(map(str, self._glance.years))
        asked = AskedParameters(self._algorithm, values, self._panel.processing_context)
        return [("missing", one.told(user_language())) for one in unmet(at_once(self._algorithm.NEEDS), asked)]

    def _is_missing(self, definition: QgsProcessingParameterDefinition) -> bool:
        wrapper = self._panel.wrappers.get(definition.name())
        optional = definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional
        return wrapper is not None and not optional and wrapper.parameterValue() in (None, "", [])

    def _found(self) -> list[tuple[str, str]]:
        language, seen = user_language(), self._glance
        told = [("stop", reason.told(language)) for reason in seen.reasons]
        for finding in seen.findings:
            if finding.severity != "note":
                told.append(("stop" if finding.severity == "stop" else "warn", finding.told(language)))
        if seen.schemes and self._chosen_by_user:
            words = choice_words("SCHEME", language)
            named = ", ".join(words.get(scheme, scheme) for scheme in seen.schemes[:LINES])
            told.insert(0, ("warn", tr("The codes of the land cover are those of: {schemes}.", schemes=named)))
        return told


def _work(shown: Shown, seen: _Seen) -> None:
    try:
        found = glance(shown)
    except EcoAssetsError as reason:
        found = Glance((reason,))
    except Exception:  # a first look is a courtesy: what it cannot do, the run itself tells
        found = Glance()
    seen.done.emit(shown, found)
