"""How tests of algorithms run them and read their tables."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

VALUE = "ecoassets:ecosystemservicevalue"
ASSETS = "ecoassets:ecologicalassets"
CHECKED = ("OUTPUT", "OUTPUT_SERVICES", "OUTPUT_TABLE", "OUTPUT_CHANGE", "OUTPUT_HTML")


def read_csv(path: str | Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def write_csv(path: Path, text: str) -> str:
    """Writes lines such as `code,name; 1,forest` (rows separated by semicolons)."""
    path.write_text("\n".join(line.strip() for line in text.split("|")) + "\n", encoding="utf-8")
    return str(path)


def all_outputs(folder: Path) -> dict[str, str]:
    """A file for each output of a valuation."""
    folder.mkdir(exist_ok=True)
    endings = {
        "OUTPUT": "tif",
        "OUTPUT_SERVICES": "tif",
        "OUTPUT_TABLE": "csv",
        "OUTPUT_CHANGE": "csv",
        "OUTPUT_HTML": "html",
    }
    return {name: str(folder / f"{name.lower()}.{ending}") for name, ending in endings.items()}


def files_in(folder: Path) -> list[str]:
    """Names of all files, hidden ones too."""
    return sorted(path.name for path in folder.rglob("*"))


def run(identifier: str, feedback: Any = None, context: Any = None, **parameters: Any) -> dict[str, Any]:
    """Runs an algorithm as a script in QGIS would."""
    import processing

    return processing.run(identifier, parameters, feedback=feedback, context=context)
