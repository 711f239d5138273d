"""The report of carbon stock and flux."""

from __future__ import annotations

from dataclasses import replace

from ...column_words import choice
from ...report import Block, Chapter, Map, MethodReport, Ramp
from ...report.common import pictures
from ...report.telling import Teller
from ...tables import Provenance
from ..report_parts import Words, by_ecosystem, left_out, maps, rows, service_sentences, totals
from .flux import SOURCES as FLUX_SOURCES
from .flux import FluxResult
from .storage import CarbonOutputs, CarbonResult


def carbon_report(result: CarbonResult, outputs: CarbonOutputs, language: str) -> MethodReport:
    """What carbon storage found."""
    teller = Teller(language)
    words = teller.words
    chapters = [
        totals(words, "services_carbon", "t C", result.years, result.totals),
        maps(words, result.years, [("services_carbon", outputs.carbon)]),
        by_ecosystem(words, result.table(), "carbon_t", "services_carbon"),
    ]
    if result.change:
        chapters.append(
            Chapter(words["services_carbon_change"], [rows(words, "services_carbon_change", result.change.table())])
        )
    missing = left_out(words, result.sums)
    stock = service_sentences(teller, "services_carbon", "t C", result.years, result.totals, result.table(), "carbon_t")
    flux = result.flux
    if flux is None:
        return MethodReport(chapters, left_out=missing, sentences=stock)
    chapters.append(_flux_chapter(flux, outputs.flux, words))
    missing += [replace(o, where=f"{words['services_flux']} {o.where}") for o in left_out(words, flux.sums)]
    fixed = service_sentences(teller, "services_flux", "t CO2/a", flux.years, flux.co2_totals, flux.table(), "co2_t")
    return MethodReport(
        chapters,
        sources=[Provenance(choice("FLUX_METHOD", flux.inputs.method).of(language), FLUX_SOURCES[flux.inputs.method])],
        left_out=missing,
        sentences=[*stock, *((words["services_flux"] + words["about_end"], text) for _, text in fixed)],
    )


def _flux_chapter(flux: FluxResult, path: str | None, words: Words) -> Chapter:
    fixed = totals(words, "services_flux", "t CO2/a", flux.years, flux.co2_totals)
    oxygen = totals(words, "services_oxygen", "t O2/a", flux.years, flux.oxygen_totals)
    blocks: list[Block] = [*fixed.blocks, *oxygen.blocks]
    if path:
        ramp = Ramp(palette="diverging" if flux.sums.counts["losing"].any() else "sequential")
        blocks.append(Map(words["services_flux"], pictures(path, flux.years), ramp))
    of_ecosystems = by_ecosystem(words, flux.table(), "co2_t", "services_flux")
    return Chapter(words["services_flux"], [*blocks, *of_ecosystems.blocks])
