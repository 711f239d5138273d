"""The page of checks in docs: which check guards which parameter of which algorithm; `make reference` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..algorithms.checks.needs import needs_of
from ..algorithms.declared import POLYGONS
from ..algorithms.help_texts import QUANTITY, UNIT_FROM
from ..core.inputs.needs import AnyOf, Beside, Columns, Filled, Metres, Need, Polygons, Rows, SeveralYears, Yearly
from ..core.inputs.registry import CHECKS, Guarded, Input, guarding
from ..core.quantities import quantity

NAMES = ("NAMES", "DRIVER_NAMES")  # stand beside a list of rasters, one for each

HEAD = """\
# Checks

What every input is asked before it enters a run, whoever starts it: a dialog, a workflow, a model, a job file, a
script. Written by `make reference` from the list of checks (`core/inputs/registry.py`) and from the parameters. The
algorithms of the group `tools` compute nothing of their inputs and are not listed.
"""


def check_page(algorithms: Iterable[Any]) -> str:
    """What each check asks, then a row per parameter with the checks that guard it and what is needed before Run."""
    lines = [HEAD, "| check | guards | asks |\n|---|---|---|"]
    lines += [f"| {check.id} | {', '.join(check.guards)} | {check.asks} |" for check in CHECKS]
    run = ", ".join(check.id for check in guarding("run"))
    lines.append(f"\nEvery run as a whole: {run}.\n")
    rows = [row for algorithm in sorted(algorithms, key=lambda a: (a.groupId(), a.name())) for row in _rows(algorithm)]
    lines.append(f"{len(rows)} parameters take data or name it; each has its checks.\n")
    lines.append("| algorithm | parameter | checks | needed before Run |\n|---|---|---|---|")
    return "\n".join([*lines, *rows]) + "\n"


def guarded(algorithm: Any) -> list[Input]:
    """The parameters of an algorithm that take data, or name it."""
    found = [_input(algorithm, d) for d in algorithm.parameterDefinitions() if not d.isDestination()]
    return [one for one in found if one.kinds]


def _rows(algorithm: Any) -> Iterator[str]:
    if algorithm.groupId() == "tools":
        return
    needs: dict[str, list[str]] = {}
    for need in needs_of(algorithm):
        if not isinstance(need, Yearly):  # `series` says so
            parameter, told = _told(need)
            needs.setdefault(parameter, []).append(told)
    for one in guarded(algorithm):
        yield f"| `{one.algorithm}` | `{one.name}` | {', '.join(one.checks)} | {'; '.join(needs.get(one.name, []))} |"


def _input(algorithm: Any, definition: Any) -> Input:
    name, kind = definition.name(), definition.type()
    if name in NAMES:
        return Input(algorithm.name(), name, ("names",))
    if kind == "source":
        polygons = POLYGONS in [int(one) for one in definition.dataTypes()]
        return Input(algorithm.name(), name, ("polygons",) if polygons else ("table",))
    if kind not in ("raster", "multilayer") or name == "METADATA":
        return Input(algorithm.name(), name, ())
    held = definition.metadata().get(QUANTITY)
    if held is None:
        return Input(algorithm.name(), name, ("table",))
    meaning = quantity(held)
    kinds: list[Guarded] = ["classes" if meaning.is_classes else "continuous"]
    kinds += ["land_cover"] if held == "land_cover" else []
    kinds += ["series"] if kind == "multilayer" and algorithm.parameterDefinition("YEARS") is not None else []
    kinds += ["images"] if held == "reflectance" else []
    return Input(algorithm.name(), name, tuple(kinds), meaning, bool(definition.metadata().get(UNIT_FROM)))


def _told(need: Need) -> tuple[str, str]:
    """The parameter that a need is about, and the need in a few words."""
    if isinstance(need, Columns):
        return need.table, f"columns {', '.join(need.names)}"
    if isinstance(need, Rows):
        return need.table, need.of
    if isinstance(need, Polygons):
        return need.polygons, f"a CRS{f', the field of {need.field}' if need.field else ''}"
    if isinstance(need, SeveralYears):
        return "YEARS", "two years or more"
    if isinstance(need, AnyOf):
        return need.names[0], f"one of {', '.join(need.names)}"
    if isinstance(need, Beside):
        return need.name, f"given beside {need.where}, unless {need.unless} is"
    if isinstance(need, Filled):
        return need.folder, "a folder that is not empty"
    assert isinstance(need, Metres)
    where = f" where {need.where[0]} is {need.where[1]}" if need.where else ""
    return need.raster, f"a projected CRS of true lengths{where}"
