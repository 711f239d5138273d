"""The pages about methods are made from the help, and their examples belong to algorithms that exist."""

from __future__ import annotations

import yaml

from ecoassets.tools.help_pages import DOCS, method_pages, pages

# Files that come with images; they are read with them.
NO_DATA = {"METADATA"}


def test_examples_are_of_algorithms(processing_ready):
    examples = yaml.safe_load((DOCS / "methods" / "examples.yaml").read_text(encoding="utf-8"))
    assert examples.keys() - {algorithm.name() for algorithm in processing_ready.algorithms()} == set()


def test_every_group_has_a_page_with_formula_units_example_and_call(processing_ready):
    made = method_pages(processing_ready.algorithms())
    assert {f"methods/{algorithm.groupId()}.md" for algorithm in processing_ready.algorithms()} == made.keys()
    page = made["methods/services.md"]
    for words in (
        "## Soil conservation",
        "A = R K LS C P",
        "t/(ha a)",
        "1029",
        "qgis_process run ecoassets:soilconservation",
    ):
        assert words in page


def test_the_pages_are_those_that_make_reference_writes(processing_ready):
    old = [
        name
        for name, page in pages(processing_ready.algorithms()).items()
        if not (DOCS / name).is_file() or (DOCS / name).read_text(encoding="utf-8") != page
    ]
    assert old == [], "their help has changed: make reference"


def test_every_parameter_that_takes_data_has_its_checks(processing_ready):
    from ecoassets.core.inputs.registry import CHECKS, guarding
    from ecoassets.tools.check_page import guarded

    data = ("raster", "multilayer", "source")
    used = {"run"}
    for algorithm in processing_ready.algorithms():
        kinds = guarded(algorithm)
        takes = {d.name() for d in algorithm.parameterDefinitions() if d.type() in data and not d.isDestination()}
        assert takes - kinds.keys() - NO_DATA == set(), algorithm.name()
        assert all(guarding(kind, name) for name, found in kinds.items() for kind in found)
        used |= {kind for found in kinds.values() for kind in found}
    assert [check.id for check in CHECKS if not used & set(check.guards)] == []
