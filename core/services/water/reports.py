"""Reports of water retention and flood mitigation."""

from __future__ import annotations

from ...column_words import choice
from ...report import Chapter, MethodReport
from ...report.telling import Teller
from ...tables import Provenance, provenance
from ..report_parts import by_ecosystem, left_out, maps, rows, service_sentences, totals
from .flood_mitigation import FloodOutputs, FloodResult
from .retention import SOURCES as RUNOFF_SOURCES
from .retention import RetentionInputs, RetentionOutputs, RetentionResult


def water_report(
    result: RetentionResult, inputs: RetentionInputs, outputs: RetentionOutputs, language: str
) -> MethodReport:
    """What water retention found."""
    teller = Teller(language)
    words = teller.words
    sources = [
        provenance("runoff_coefficient"),
        Provenance(choice("COEFFICIENTS", inputs.coefficients).of(language), RUNOFF_SOURCES[inputs.coefficients]),
    ]
    return MethodReport(
        [
            totals(words, "water_retention", "m3/a", result.years, result.totals),
            maps(words, result.years, [("water_retention", outputs.retention)]),
            by_ecosystem(words, result.table(), "volume_m3", "water_retention"),
        ],
        sources=sources,
        left_out=left_out(words, result.sums),
        sentences=service_sentences(
            teller, "water_retention", "m3/a", result.years, result.totals, result.table(), "volume_m3"
        ),
    )


def flood_report(result: FloodResult, outputs: FloodOutputs, language: str) -> MethodReport:
    """What flood mitigation found."""
    teller = Teller(language)
    words = teller.words
    tables = ["cn", "cn_amc_table", "cn_by_ecosystem_default"]
    chapters = [
        totals(words, "flood_mitigation", "m3", result.years, result.totals),
        maps(words, result.years, [("flood_mitigation", outputs.held)], result.land_range_mm),
        by_ecosystem(words, result.table(), "volume_m3", "flood_mitigation"),
    ]
    if result.bodies:
        tables.append("lake_regression")
        chapters.append(Chapter(words["services_bodies"], [rows(words, "services_bodies", result.bodies_table())]))
    return MethodReport(
        chapters,
        sources=[provenance(name) for name in tables],
        left_out=left_out(words, result.sums),
        sentences=service_sentences(
            teller, "flood_mitigation", "m3", result.years, result.totals, result.table(), "volume_m3"
        ),
    )
