"""The contract with models, scripts and batch files: ids, parameters, outputs.

What is in public_surface.json stays as it is: nothing is renamed or removed, no choice and no default changes. More
algorithms, optional parameters, choices and outputs are welcome; they are recorded by

    ECOASSETS_RECORD_SURFACE=1 make test-installed TESTS=tests/algorithms/test_public_surface.py

which writes the file anew, to be committed with the change that needs it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from ecoassets.algorithms.provider import ALGORITHMS

RECORD = Path(__file__).with_name("public_surface.json")


def _parameter(definition) -> dict[str, object]:
    from qgis.core import QgsProcessingParameterDefinition

    optional = bool(definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional)
    # The usual folder of the practice region is another one on each machine.
    default = None if definition.type() == "folderDestination" else definition.defaultValue()
    found = {"type": definition.type(), "optional": optional, "default": default}
    if definition.type() == "enum":
        found["options"] = list(definition.options())
    if "quantity" in definition.metadata():
        found["quantity"] = definition.metadata()["quantity"]
    return found


def _surface(provider) -> dict[str, dict[str, object]]:
    return {
        algorithm.id(): {
            "group": algorithm.groupId(),
            "parameters": {d.name(): _parameter(d) for d in algorithm.parameterDefinitions()},
            "outputs": {output.name(): output.type() for output in algorithm.outputDefinitions()},
        }
        for algorithm in sorted(provider.algorithms(), key=lambda algorithm: algorithm.id())
    }


def as_text(surface: dict[str, dict[str, object]]) -> str:
    """JSON with a line per parameter and output, so that a change of one shows as a change of one line."""
    return _json_object({identifier: _algorithm_text(algorithm) for identifier, algorithm in surface.items()}) + "\n"


def _algorithm_text(algorithm: dict[str, object]) -> str:
    texts = {"group": json.dumps(algorithm["group"])}
    for part in ("parameters", "outputs"):
        entries = {name: json.dumps(entry, ensure_ascii=False) for name, entry in algorithm[part].items()}
        texts[part] = _json_object(entries, indent="  ")
    return _json_object(texts, indent=" ")


def _json_object(texts: dict[str, str], indent: str = "") -> str:
    """A JSON object of values that are JSON already, a line each."""
    lines = ",\n".join(f"{indent} {json.dumps(name)}: {text}" for name, text in texts.items())
    return f"{{\n{lines}\n{indent}}}" if texts else "{}"


def broken_promises(released: dict, present: dict) -> list[str]:
    """What a model or a script that was made for `released` would stumble over."""
    found = []
    for identifier, algorithm in released.items():
        if identifier not in present:
            found.append(f"{identifier} is gone")
            continue
        now = present[identifier]
        if now["group"] != algorithm["group"]:
            found.append(f"{identifier} moved from the group {algorithm['group']} to {now['group']}")
        for name, parameter in algorithm["parameters"].items():
            found += _broken_parameter(f"{identifier}, parameter {name}", parameter, now["parameters"].get(name))
        for name in now["parameters"].keys() - algorithm["parameters"].keys():
            parameter = now["parameters"][name]
            if not parameter["optional"] and parameter["default"] is None:
                found.append(f"{identifier}, parameter {name} is new and required: old calls lack it")
        for name, kind in algorithm["outputs"].items():
            if now["outputs"].get(name) != kind:
                found.append(f"{identifier}, output {name} was {kind} and is {now['outputs'].get(name, 'gone')}")
    return found


def _broken_parameter(where: str, released: dict, present: dict | None) -> list[str]:
    if present is None:
        return [f"{where} is gone"]
    found = [
        f"{where}: {what} was {released[what]!r} and is {present.get(what)!r}"
        for what in ("type", "default", "quantity")
        if what in released and released[what] != present.get(what)
    ]
    if released["optional"] and not present["optional"]:
        found.append(f"{where} was optional and is required")
    lost = [option for option in released.get("options", []) if option not in present.get("options", [])]
    if lost:
        found.append(f"{where} lost the choices {', '.join(lost)}")
    elif present.get("options", [])[: len(released.get("options", []))] != released.get("options", []):
        found.append(f"{where} has its choices in another order: numbers on the command line would mean others")
    return found


@pytest.fixture(scope="module")
def present(processing_ready):
    found = _surface(processing_ready)
    assert len(found) == len(ALGORITHMS), "algorithms are missing from the toolbox, as test_provider.py tells"
    if os.environ.get("ECOASSETS_RECORD_SURFACE"):
        RECORD.write_text(as_text(found), encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def released():
    return json.loads(RECORD.read_text(encoding="utf-8"))


def test_what_was_released_stays(present, released):
    found = broken_promises(released, present)
    assert not found, "Released names never change:\n" + "\n".join(found)


def test_what_is_new_is_recorded(present, released):
    assert json.loads(json.dumps(present)) == released, f"Record what was added to {RECORD.name}, as said in this file."


def test_an_entry_is_a_line(released):
    text = as_text(released)
    entries = sum(len(algorithm["parameters"]) + len(algorithm["outputs"]) for algorithm in released.values())
    assert json.loads(text) == released
    assert len([line for line in text.splitlines() if line.startswith("   ")]) == entries
    assert RECORD.read_text(encoding="utf-8") == text, "the recorded file was written by hand"


RELEASED = {
    "ecoassets:trend": {
        "group": "quality",
        "parameters": {
            "RASTERS": {"type": "multilayer", "optional": False, "default": None, "quantity": "any"},
            "KIND": {"type": "enum", "optional": True, "default": "sen", "options": ["sen", "linear"]},
        },
        "outputs": {"OUTPUT": "outputRaster"},
    }
}


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (lambda a: a["parameters"].pop("RASTERS"), "ecoassets:trend, parameter RASTERS is gone"),
        (lambda a: a["parameters"]["RASTERS"].update(type="raster"), "type was 'multilayer' and is 'raster'"),
        (lambda a: a["parameters"]["KIND"].update(default="linear"), "default was 'sen' and is 'linear'"),
        (lambda a: a["parameters"]["RASTERS"].update(quantity="npp"), "quantity was 'any' and is 'npp'"),
        (lambda a: a["parameters"]["KIND"].update(options=["sen"]), "KIND lost the choices linear"),
        (lambda a: a["parameters"]["KIND"].update(options=["b", "sen", "linear"]), "KIND has its choices in another"),
        (lambda a: a["parameters"]["KIND"].update(optional=False), "KIND was optional and is required"),
        (lambda a: a["outputs"].clear(), "output OUTPUT was outputRaster and is gone"),
        (lambda a: a.update(group="tools"), "moved from the group quality to tools"),
        (
            lambda a: a["parameters"].update(YEARS={"type": "string", "optional": False, "default": None}),
            "parameter YEARS is new and required",
        ),
    ],
)
def test_a_broken_promise_is_told(change, promise):
    present = json.loads(json.dumps(RELEASED))
    change(present["ecoassets:trend"])
    (found,) = broken_promises(RELEASED, present)
    assert promise in found


def test_additions_break_nothing():
    present = json.loads(json.dumps(RELEASED))
    present["ecoassets:slope"] = present["ecoassets:trend"]
    present["ecoassets:trend"]["outputs"]["N"] = "outputNumber"
    present["ecoassets:trend"]["parameters"]["KIND"]["options"].append("robust")
    present["ecoassets:trend"]["parameters"]["ALPHA"] = {"type": "number", "optional": False, "default": 0.05}
    assert broken_promises(RELEASED, present) == []
    assert broken_promises(RELEASED, {}) == ["ecoassets:trend is gone"]
