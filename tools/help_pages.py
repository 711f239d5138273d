"""Writes docs/reference.md and a page per group in docs/methods, from the English help as QGIS itself tells it.

With them come the pages of resources/pages, which the Help button opens (`help_html.py`).

make reference
"""

from __future__ import annotations

import math
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from ..core.quantities import Range, quantities
from .data_pages import data_markdown

# What every raster method takes; the reference lists it, the pages of methods leave it out.
EVERYWHERE = (
    "BOUNDARY",
    "MASK",
    "ALIGN_CLASSES",
    "CREATION_OPTIONS",
    "OVERVIEWS",
    "SCHEDULER",
    "SCHEME",
    "CLASS_TABLE",
)
HEAD = """\
# Reference

Every algorithm of the provider `ecoassets`, in the toolbox, in models and in `qgis_process`.
Written by `make reference` from the help that QGIS shows; mend the texts in `resources/help`, not here.
"""

QUANTITIES = """\
# Quantities

What the plugin reads and makes. Written by `make reference` from `resources/quantities.yaml`; mend it there, not here.
Outside of *possible* a value cannot be: physics or storage excludes it. *Usual* is where the 2nd and the 98th
percentile of real products lie.
"""
SLIPS = """\
## Slips of the unit

How numbers of another unit are known: a statistic of the raster (least, median, 98th percentile, most) that lies above
the first number and not above the second.
"""

METHODS = """\
# {group}

What each method computes, from what, how sure it is, and a sum to follow with a pencil. Written by `make reference`
from the help in `resources/help` and from `examples.yaml`; mend the texts there, not here. All parameters with their
defaults are in the [reference](../reference.md).
"""
DOCS = Path(__file__).resolve().parents[1] / "docs"


def main() -> None:
    """Starts QGIS without a screen, loads the provider and writes the pages."""
    with tempfile.TemporaryDirectory() as profile:
        os.environ.update(LC_ALL="C.UTF-8", QT_QPA_PLATFORM="offscreen", QGIS_CUSTOM_CONFIG_PATH=profile)
        from qgis.core import QgsApplication

        app = QgsApplication([], False)
        app.initQgis()
        sys.path.append(os.path.join(QgsApplication.pkgDataPath(), "python", "plugins"))  # Processing itself
        from ..algorithms.provider import EcoAssetsProvider

        registry = app.processingRegistry()
        provider = EcoAssetsProvider()
        registry.addProvider(provider)
        from .help_html import PAGES, help_pages

        written = {DOCS / name: page for name, page in pages(provider.algorithms()).items()}
        written |= {PAGES / name: page for name, page in help_pages(provider.algorithms()).items()}
        registry.removeProvider(provider)
        app.exitQgis()

    for path, page in written.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(page, encoding="utf-8")
    print(f"{len(written)} pages are written in docs and resources/pages.")


def pages(algorithms: list[Any]) -> dict[str, str]:
    """The text of every page, by its path below docs."""
    from .check_page import check_page  # names parameters by what QGIS declares, so it waits until QGIS is there

    made = {
        "reference.md": reference(algorithms),
        "quantities.md": quantity_page(),
        "checks.md": check_page(algorithms),
        "data.md": data_markdown(),
    }
    return {**made, **method_pages(algorithms)}


def quantity_page() -> str:
    """What the plugin reads and makes: a row per quantity, and the slips of the unit that are known."""
    lines = [QUANTITIES, "| id | quantity | unit | possible | usual |\n|---|---|---|---|---|"]
    for found in quantities().values():
        ranges = " | ".join(map(_span, (found.possible, found.usual)))
        lines.append(f'| <a id="{found.id}"></a>`{found.id}` | {found.name.en} | {found.unit} | {ranges} |')
    lines.append(f"\n{SLIPS}\n| quantity | known by | looks like | mend |\n|---|---|---|---|")
    for found in quantities().values():
        for slip in found.slips:
            known = f"{slip.statistic} {_span(Range(slip.above, slip.up_to))}"
            lines.append(f"| `{found.id}` | {known} | {_cell(slip.looks.en)} | {_cell(slip.mend.en)} |")
    return "\n".join(lines) + "\n"


def _span(span: Range) -> str:
    low, high = (f"{end:,.10g}" if math.isfinite(end) else "" for end in span)
    return f"{low} to {high}".strip() if low and high else f"from {low}" if low else f"up to {high}" if high else ""


def reference(algorithms: Iterable[Any]) -> str:
    """The page, by group and name."""
    from ..algorithms.help_texts import group_title

    ordered = sorted(algorithms, key=lambda algorithm: (algorithm.group(), algorithm.displayName()))
    lines = [HEAD]
    for group, members in groupby(ordered, key=lambda algorithm: algorithm.groupId()):
        lines.append(f"## {group_title(group, 'en')}\n")
        for algorithm in members:
            lines += _algorithm(algorithm)
    return "\n".join(lines)


def method_pages(algorithms: Iterable[Any]) -> dict[str, str]:
    """A page per group: method, formula and limits, inputs and outputs with their units, a worked example, a call."""
    examples = yaml.safe_load((DOCS / "methods" / "examples.yaml").read_text(encoding="utf-8"))
    from ..algorithms.help_texts import group_title

    groups: dict[str, list[str]] = {}
    for algorithm in algorithms:
        lines = groups.setdefault(algorithm.groupId(), [METHODS.format(group=group_title(algorithm.groupId(), "en"))])
        lines += _method(algorithm, examples.get(algorithm.name(), ""))
    return {f"methods/{group}.md": "\n".join(lines) for group, lines in groups.items()}


def _method(algorithm: Any, example: str) -> Iterator[str]:
    from .help_html import shortest_call

    yield f"## {algorithm.displayName()}\n"
    yield algorithm.shortDescription() + "\n"
    yield from (f"{paragraph}\n" for paragraph in algorithm.texts.about)
    if example:
        yield f"**Example.** {example.strip()}\n"
    for title, entries in zip(("Takes", "Gives"), algorithm.told()):
        told = [(name, entry) for name, entry in entries.items() if name not in EVERYWHERE]
        yield f"**{title}**\n"
        yield from (f"- `{name}` {' - '.join(filter(None, (entry.label, entry.help)))}" for name, entry in told)
        yield ""
    yield f"```sh\n{shortest_call(algorithm)}\n```\n"


def _algorithm(algorithm: Any) -> Iterator[str]:
    yield f"### {algorithm.displayName()}\n"
    yield f"`{algorithm.id()}`: {algorithm.shortDescription()}\n"
    yield algorithm.shortHelpString().strip() + "\n"
    yield "| parameter | what it is | values | default |\n|---|---|---|---|"
    yield from map(_parameter, algorithm.parameterDefinitions())
    yield "\n| output | what it is |\n|---|---|"
    yield from (f"| `{output.name()}` | {_cell(output.description())} |" for output in algorithm.outputDefinitions())
    yield ""


def _parameter(definition: Any) -> str:
    from qgis.core import QgsProcessingParameterDefinition, QgsProcessingParameterEnum

    optional = definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional
    what = ". ".join(text.rstrip(".") for text in (definition.description(), definition.help()) if text)
    if isinstance(definition, QgsProcessingParameterEnum):
        values = " ".join(f"`{option}`" for option in definition.options())
    else:
        held = definition.metadata().get("quantity")
        values = f"{definition.type()} ([{held}](quantities.md#{held}))" if held else definition.type()
    default = definition.defaultValue()
    if definition.type() == "folderDestination" and default:
        default = Path(default).name  # where documents lie is told by the machine
    return (
        f"| `{definition.name()}`{' (optional)' if optional else ''} | {_cell(what)} | {values} | "
        f"{'' if default is None else _cell(f'`{default}`')} |"
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
