"""The page of checks in docs: which check guards which parameter of which algorithm; `make reference` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..algorithms.declared import POLYGONS, QUANTITY
from ..core.inputs.needs import Columns, Metres, Need
from ..core.inputs.registry import CHECKS, Guarded, guarding
from ..core.quantities import quantity

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
    lines.append(f"{len(rows)} parameters take data; each has its checks.\n")
    lines.append("| algorithm | parameter | checks | needed before Run |\n|---|---|---|---|")
    return "\n".join([*lines, *rows]) + "\n"


def guarded(algorithm: Any) -> dict[str, tuple[Guarded, ...]]:
    """The kinds of input that each parameter of an algorithm is, where it takes data."""
    kinds = {d.name(): _kinds(algorithm, d) for d in algorithm.parameterDefinitions() if not d.isDestination()}
    return {name: found for name, found in kinds.items() if found}


def _rows(algorithm: Any) -> Iterator[str]:
    if algorithm.groupId() == "tools":
        return
    needs: dict[str, list[str]] = {}
    for need in algorithm.NEEDS:
        parameter, told = _told(need)
        needs.setdefault(parameter, []).append(told)
    for name, kinds in guarded(algorithm).items():
        checks = dict.fromkeys(check.id for kind in kinds for check in guarding(kind, name))
        yield f"| `{algorithm.name()}` | `{name}` | {', '.join(checks)} | {'; '.join(needs.get(name, []))} |"


def _kinds(algorithm: Any, definition: Any) -> tuple[Guarded, ...]:
    kind = definition.type()
    if kind not in ("raster", "multilayer", "source"):
        return ()
    if kind == "source":
        return ("polygons",) if POLYGONS in [int(one) for one in definition.dataTypes()] else ("table",)
    held = definition.metadata().get(QUANTITY)
    if held is None:
        return () if definition.name() == "METADATA" else ("table",)
    pixels: Guarded = "classes" if quantity(held).is_classes else "continuous"
    several = kind == "multilayer" and algorithm.parameterDefinition("YEARS") is not None
    images: tuple[Guarded, ...] = ("images",) if held == "reflectance" else ()
    return (pixels, "series", *images) if several else (pixels, *images)


def _told(need: Need) -> tuple[str, str]:
    """The parameter that a need is about, and the need in a few words."""
    if isinstance(need, Columns):
        return need.table, f"columns {', '.join(need.names)}"
    assert isinstance(need, Metres)
    where = f" where {need.where[0]} is {need.where[1]}" if need.where else ""
    return need.raster, f"a projected CRS of true lengths{where}"
