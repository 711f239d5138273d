"""Reports of natural habitat and of its quality."""

from __future__ import annotations

from ...column_words import choice
from ...messages import say
from ...report import Chapter, MethodReport
from ...report.telling import Teller
from ...tables import Provenance
from ..report_parts import by_ecosystem, left_out, maps, mean_levels, of_ecosystems, rows, service_sentences, totals
from .natural import HabitatOutputs, HabitatResult
from .quality import QualityOutputs, QualityResult

DECAY_SOURCES = {
    "nearest": say("Sharp et al., InVEST user's guide, habitat quality; the nearest threat, as InVEST since 3.13"),
    "accumulated": say(
        "Sharp et al., InVEST user's guide, habitat quality, equations 1 to 4 (sum over all threat pixels)"
    ),
}


def natural_habitat_report(result: HabitatResult, outputs: HabitatOutputs, language: str) -> MethodReport:
    """What natural habitat found."""
    teller = Teller(language)
    words = teller.words
    return MethodReport(
        [
            totals(words, "natural_habitat", "ha", result.years, result.totals),
            maps(words, result.years, [("natural_habitat", outputs.habitat)], (0.0, 1.0)),
            by_ecosystem(words, result.table(), "weighted_ha", "natural_habitat"),
        ],
        left_out=left_out(words, result.sums),
        sentences=service_sentences(
            teller, "natural_habitat", "ha", result.years, result.totals, result.table(), "weighted_ha"
        ),
    )


def habitat_quality_report(result: QualityResult, outputs: QualityOutputs, language: str) -> MethodReport:
    """What habitat quality found."""
    teller = Teller(language)
    words = teller.words
    quality = maps(words, result.years, [("services_habitat_quality", outputs.quality)], (0.0, 1.0))
    degradation = maps(words, result.years, [("services_habitat_degradation", outputs.degradation)])
    return MethodReport(
        [
            totals(words, "services_habitat_quality", "", result.years, result.means),
            Chapter(quality.title, [*quality.blocks, *degradation.blocks]),
            Chapter(words["services_by_ecosystem"], [rows(words, "services_by_ecosystem", result.table())]),
        ],
        sources=[Provenance(choice("METHOD", result.method).of(language), DECAY_SOURCES[result.method])],
        left_out=left_out(words, result.sums),
        sentences=[
            *mean_levels(teller, "services_habitat_quality", "", result.years, result.means),
            *teller.extremes(of_ecosystems(words, result.table(), "quality"), "", "ecosystems", "highest"),
        ],
    )
