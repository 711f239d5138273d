"""Writes docs/reference.md: every algorithm with its help, parameters and outputs, as QGIS itself tells them.

make reference
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

HEAD = """\
# Reference

Every algorithm of the provider `ecoassets`, in the toolbox, in models and in `qgis_process`.
Written by `make reference` from the help that QGIS shows; mend the texts in `resources/help`, not here.
"""


def main() -> None:
    """Starts QGIS without a screen, loads the provider and writes the page."""
    with tempfile.TemporaryDirectory() as profile:
        os.environ.update(QT_QPA_PLATFORM="offscreen", QGIS_CUSTOM_CONFIG_PATH=profile)
        from qgis.core import QgsApplication

        app = QgsApplication([], False)
        app.initQgis()
        sys.path.append(os.path.join(QgsApplication.pkgDataPath(), "python", "plugins"))  # Processing itself
        from ..algorithms.provider import EcoAssetsProvider

        registry = app.processingRegistry()
        provider = EcoAssetsProvider()
        registry.addProvider(provider)
        page = reference(provider.algorithms())
        registry.removeProvider(provider)
        app.exitQgis()

    target = Path(__file__).resolve().parents[1] / "docs" / "reference.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text(page, encoding="utf-8")
    print(f"docs/{target.name} is written.")


def reference(algorithms: Iterable[Any]) -> str:
    """The page, by group and name."""
    ordered = sorted(algorithms, key=lambda algorithm: (algorithm.group(), algorithm.displayName()))
    lines = [HEAD]
    for group, members in groupby(ordered, key=lambda algorithm: algorithm.group()):
        lines.append(f"## {group}\n")
        for algorithm in members:
            lines += _algorithm(algorithm)
    return "\n".join(lines)


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
        values = definition.type()
    default = definition.defaultValue()
    return (
        f"| `{definition.name()}`{' (optional)' if optional else ''} | {_cell(what)} | {values} | "
        f"{'' if default is None else _cell(f'`{default}`')} |"
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
