"""Target selection: the cheapest planning units that hold given shares of every service."""

from __future__ import annotations

import os

from qgis.core import QgsProcessingUtils

from ...core.errors import InputError
from ...core.progress import Progress
from ...core.zoning.selection.planning_units import UnitFields, read_planning_units
from ...core.zoning.selection.report import selection_report
from ...core.zoning.selection.run import select_units, selection_table
from ..base import Results
from ..given import Given
from ..looks.vector_look import FeatureLook
from ..translation import tr
from .zoning import ZoningAlgorithm

SELECTED = "#1a7837"  # as conserved land in the legends of zoning


class TargetSelection(ZoningAlgorithm):
    """An exact minimum-cost selection by integer programming."""

    NAME = "targetselection"

    def declare(self) -> None:
        self.add_polygons("INPUT", optional=False)
        self.add_field("SERVICES", "INPUT", optional=False, multiple=True)
        self.add_text("TARGETS", "30")
        self.add_field("COST", "INPUT")
        self.add_field("LOCK", "INPUT")
        self.add_number("BOUNDARY_PENALTY", 0, 0)
        self.add_number("TIME_LIMIT", 60, 1)
        self.add_number("GAP_LIMIT", 0, 0, 1, advanced=True)
        self.add_features_output("OUTPUT", optional=False)
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_report_output()
        self.add_number_output("COST_TOTAL", "GAP", "SELECTED", "BOUNDARY")

    def compute(self, given: Given, progress: Progress) -> Results:
        path = given.polygons("INPUT")
        if path is None:
            raise InputError(tr("INPUT: choose a layer of planning units."))
        penalty = given.required_number("BOUNDARY_PENALTY")
        fields = UnitFields(
            tuple(given.fields("SERVICES")),
            next(iter(given.fields("COST")), None),
            next(iter(given.fields("LOCK")), None),
        )
        units = read_planning_units(path, fields, penalty > 0, progress)
        found = select_units(
            units,
            given.numbers("TARGETS"),
            penalty,
            given.required_number("TIME_LIMIT"),
            given.required_number("GAP_LIMIT"),
            progress,
        )
        folder = os.path.dirname(QgsProcessingUtils.generateTempFilename("selection.tif"))
        cost_unit = "" if fields.cost else "ha"
        results = self.publish_report(
            given, lambda language: selection_report(found, path, language, folder, cost_unit)
        )
        look = FeatureLook(self.label("OUTPUT"), "", colour=SELECTED, outlined=True)
        results.update(self.publish_polygons("OUTPUT", path, look, set(found.ids)))
        results.update(self.publish_table("OUTPUT_TABLE", selection_table(found)))
        progress.info(
            tr(
                "{count} of {units} planning units, cost {cost:,.6g}, proven to within {gap:.4%}.",
                count=len(found.ids),
                units=len(units),
                cost=found.cost,
                gap=found.gap,
            )
        )
        numbers = {"BOUNDARY": found.boundary_m} if found.boundary_m is not None else {}
        results.update(self.publish_numbers(COST_TOTAL=found.cost, GAP=found.gap, SELECTED=len(found.ids), **numbers))
        return results
