"""The value of one standard equivalent from crop statistics."""

from __future__ import annotations

from ...core.assets.standard_equivalent import METHODS, standard_equivalent, standard_equivalent_table
from ...core.progress import Progress
from ..base import EcoAlgorithm, Results
from ..given import Given
from ..translation import tr


class StandardEquivalentAlgorithm(EcoAlgorithm):
    """A seventh of the market value of grain, or the net profit of crops, per hectare."""

    NAME = "standardequivalent"
    GROUP = "assets"

    def declare(self) -> None:
        self.add_table("TABLE", optional=False)
        self.add_choice("METHOD", METHODS, "oneseventh")
        self.add_table_output("OUTPUT_TABLE", default=True)
        self.add_number_output("VALUE")

    def compute(self, given: Given, progress: Progress) -> Results:
        found = standard_equivalent(given.required_table("TABLE"), given.choice("METHOD"))
        for warning in found.warnings:
            progress.warn(warning)
        progress.info(tr("One equivalent is worth {value:,.2f} per hectare and year.", value=found.value))
        return {
            **self.publish_table("OUTPUT_TABLE", standard_equivalent_table(found)),
            **self.publish_numbers(VALUE=found.value),
        }
