"""Whether neighbours are alike, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...core.progress import Progress
from ..base import Results
from ..compat import user_language
from ..given import Given
from ..looks.vector_look import FeatureClass, FeatureLook, named_for
from ..translation import tr
from .driver import DriverAlgorithm
from .touching import touching_weights

if TYPE_CHECKING:
    from ...core.drivers.autocorrelation.run import SpatialChoice, SpatialRun

NEIGHBOURS = ("queen", "rook", "knn", "distance")


class SpatialAutocorrelation(DriverAlgorithm):
    """Global and local Moran, bivariate Moran, Gi* and Geary of a field, or Moran of the residuals of a regression."""

    NAME = "spatialautocorrelation"

    def declare(self) -> None:
        self.add_features("INPUT")
        self.add_field("FIELD", "INPUT", optional=False)
        self.add_field("X", "INPUT", multiple=True)
        self.add_field("TIME", "INPUT")
        self.add_number("YEAR", integer=True)
        self.add_choice("NEIGHBOURS", NEIGHBOURS, "queen")
        self.add_number("K", 8, 1, integer=True, advanced=True)
        self.add_number("DISTANCE", minimum=0, advanced=True)
        self.add_number("PERMUTATIONS", 999, 19, integer=True)
        self.add_number("SEED", 0, 0, integer=True, advanced=True)
        self.add_number("ALPHA", 0.05, 0, 1, advanced=True)
        self.add_flag("FALSE_DISCOVERY", True)
        self.add_choice("STATISTIC", ("moran", "bivariate", "getis_ord", "geary"), "moran")
        self.add_field("FIELD_2", "INPUT")
        self.add_choice("SIGNIFICANCE", ("permutation", "fdr", "normal"), "fdr", advanced=True)
        self.add_features_output("OUTPUT", optional=False)
        self.add_table_output("OUTPUT_TESTS")
        self.add_report_output()
        self.add_number_output("I", "Z", "P")

    def compute(self, given: Given, progress: Progress) -> Results:
        from ...core.drivers.autocorrelation.report import spatial_report
        from ...core.drivers.autocorrelation.run import run_spatial_autocorrelation

        choice = _choice(given)
        source = given.source("INPUT")
        table = self.read(given, choice.columns(), progress.part(0, 30))
        weigh = (
            touching_weights(source, table, choice.neighbours, progress.part(30, 50))
            if choice.neighbours in ("queen", "rook")
            else None
        )
        run = run_spatial_autocorrelation(table, choice, weigh, progress.part(50, 95))
        results = self.publish_report(given, lambda language: spatial_report(run, self.folder_of_maps(), language))
        results |= self._publish_clusters(run, given)
        results |= self.publish_table("OUTPUT_TESTS", run.test_table())
        progress.info(tr("Moran's I {i:.4f}, z {z:.2f}, p {p:.4g}.", i=run.overall.i, z=run.overall.z, p=run.overall.p))
        for name, count in run.cluster_counts().items():
            progress.info(f"{name}: {count}")
        return results | self.publish_numbers(I=run.overall.i, Z=run.overall.z, P=run.overall.p)

    def _publish_clusters(self, run: SpatialRun, given: Given) -> Results:
        from ...core.drivers.autocorrelation.cluster_legend import cluster_legend
        from ...core.drivers.autocorrelation.run import OUTPUT_COLUMNS

        names = run.local.names
        legend = cluster_legend(user_language(), run.choice.statistic)
        classes = tuple(FeatureClass(names[c.code], c.name, c.colour) for c in legend)
        look = FeatureLook(named_for(self.displayName(), run.choice.field), "cluster", classes=classes)
        return self.publish_rows("OUTPUT", given, run.table, run.rows.tolist(), OUTPUT_COLUMNS, run.output(), look)


def _choice(given: Given) -> SpatialChoice:
    from ...core.drivers.autocorrelation.run import SpatialChoice

    return SpatialChoice(
        field=given.fields("FIELD")[0],
        x=tuple(given.fields("X")),
        neighbours=given.choice("NEIGHBOURS"),
        k=given.integer("K"),
        distance=given.number("DISTANCE") or 0.0,
        permutations=given.integer("PERMUTATIONS"),
        seed=given.integer("SEED"),
        time=given.field("TIME"),
        year=given.number("YEAR"),
        alpha=given.required_number("ALPHA"),
        statistic=given.choice("STATISTIC"),
        second=given.field("FIELD_2"),
        significance=_significance(given),
    )


def _significance(given: Given) -> str:
    """What older models switch off is the false discovery rate."""
    word = given.choice("SIGNIFICANCE")
    return "permutation" if word == "fdr" and not given.flag("FALSE_DISCOVERY") else word
