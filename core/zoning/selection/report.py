"""The report of a target selection: cost, targets and what is held, and where the selected units lie."""

from __future__ import annotations

from ...report import Bars, Block, Chapter, Figure, Figures, MapPicture, MethodReport, Series
from ...report.telling import Sentence, Teller, within
from ...report.texts import load_texts
from ..legends import legend
from ..report_parts import class_map, named, table_block
from .picture import selection_picture, unit_states
from .run import SelectionResult, selection_table


def selection_report(
    result: SelectionResult, units: str, language: str, folder: str, cost_unit: str = ""
) -> MethodReport:
    """What was selected.

    Args:
        result: the selection.
        units: path of the polygon layer that was chosen from.
        language: `en` or `zh`.
        folder: where the map goes; it is read when the report is written.
        cost_unit: `ha` where the area is the cost; that of a field is not known.
    """
    words = load_texts(language)
    totals = result.units.amounts.sum(axis=0)
    held = (result.held / totals * 100).tolist()
    cards = [
        Figure(words["zoning_units"], len(result.ids), note=words["zoning_of_units"].format(count=len(result.units))),
        Figure(words["zoning_cost"], result.cost, cost_unit),
        Figure(words["zoning_gap"], result.gap * 100, "%", words["zoning_gap_note"]),
    ]
    if result.boundary_m is not None:
        cards.append(Figure(words["zoning_boundary"], result.boundary_m / 1000, "km"))
    series = [
        Series(words["column_held_pct"], held, legend("conservation")[1].colour),
        Series(words["column_target_pct"], list(result.targets_pct), "#9e9e9e"),
    ]
    blocks: list[Block] = [
        Figures(cards),
        class_map(
            words["zoning_units_map"],
            [MapPicture(selection_picture(units, result, folder))],
            [entry for entry in legend("selection", language) if entry.code in unit_states(result)],
        ),
        Bars(
            words["zoning_targets"], [named(words, name) for name in result.units.services], series, "%", stacked=False
        ),
        table_block(words["zoning_targets"], selection_table(result), words, download="selection.csv"),
    ]
    sentences = _sentences(result, held, cost_unit, Teller(language))
    return MethodReport(chapters=[Chapter(words["zoning_selection"], blocks)], sentences=sentences)


def _sentences(result: SelectionResult, held: list[float], cost_unit: str, teller: Teller) -> list[Sentence]:
    """How many units for what cost, what they hold against the targets, and how far a better choice may be."""
    parts = {"units": len(result.ids), "count": len(result.units), "cost": teller.amount_of(result.cost, cost_unit)}
    told = []
    for name, pct, target in zip(result.units.services, held, result.targets_pct):
        numbers = {"held": teller.amount_of(pct, "%"), "target": teller.amount_of(float(target), "%")}
        told.append((within(named(teller.words, name)), teller.say("of_target", **numbers)))
    key = "selected_best" if result.gap <= 0 else "selected_gap"
    return [
        teller.sentence("level", "selected", **parts),
        teller.sentence("kept", "held", services=teller.valued(told)),
        teller.sentence("proof", key, gap=teller.amount_of(result.gap * 100, "%")),
    ]
