"""The pages about methods are made from the help, and their examples belong to algorithms that exist."""

from __future__ import annotations

import yaml

from ecoassets.tools.help_pages import DOCS, method_pages, pages


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
