"""The pages about methods are made from the help, and their examples belong to algorithms that exist."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from ecoassets.core.prepare.catalogue.loader import products
from ecoassets.core.prepare.downloads.order import PLACES
from ecoassets.core.quantities import quantities
from ecoassets.tools.help_html import HELP, PAGES, help_pages, speaking
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


def test_the_pages_of_help_are_those_that_make_reference_writes(processing_ready):
    made = help_pages(processing_ready.algorithms())
    kept = {str(path.relative_to(PAGES).as_posix()) for path in PAGES.glob("*/*.html")}
    assert kept == made.keys(), "make reference, and take away pages of algorithms that are gone"
    old = [name for name, page in made.items() if (PAGES / name).read_text(encoding="utf-8") != page]
    assert old == [], "their help has changed: make reference"


def test_help_opens_a_page_in_the_language_of_qgis(processing_ready):
    from qgis.PyQt.QtCore import QUrl

    for language, title in (("en", "Soil conservation"), ("zh", "土壤保持")):
        with speaking(language):
            address = QUrl(processing_ready.algorithm("soilconservation").create().helpUrl())
        assert address.isLocalFile() and f"/{language}/" in address.path()
        page = Path(address.toLocalFile()).read_text(encoding="utf-8")
        assert f"<h1>{title}</h1>" in page and "1029" in page and "A = R K LS C P" in page
    links = re.findall(r'(?:href|src)="([^"#:]+)"', page)
    assert links and all((PAGES / "zh" / link).is_file() for link in links)


def test_every_example_is_told_in_both_languages():
    english, chinese = (
        yaml.safe_load((DOCS / "methods" / name).read_text("utf-8")) for name in ("examples.yaml", "examples.zh.yaml")
    )
    assert english.keys() == chinese.keys()


def test_data_and_pitfalls_are_told_of_what_there_is(processing_ready):
    places = yaml.safe_load(PLACES.read_text("utf-8"))
    assert places.keys() - quantities().keys() == set()
    named = [one for found in places.values() for one in found]
    assert all(one in products() if isinstance(one, str) else len(one) == 4 for one in named)
    assert all(one[1].startswith("https://") for one in named if not isinstance(one, str))
    pitfalls = yaml.safe_load((HELP / "pitfalls.yaml").read_text("utf-8"))
    known = {text for algorithm in processing_ready.algorithms() for text in (algorithm.groupId(), algorithm.name())}
    assert pitfalls.keys() - known - {"prepare"} == set()
    assert all(len(one) == 2 for found in pitfalls.values() for one in found)


def test_every_parameter_that_takes_data_has_its_checks(processing_ready):
    from ecoassets.core.inputs.registry import CHECKS
    from ecoassets.tools.check_page import guarded

    data = ("raster", "multilayer", "source")
    used = {"run"}
    for algorithm in processing_ready.algorithms():
        inputs = guarded(algorithm)
        takes = {d.name() for d in algorithm.parameterDefinitions() if d.type() in data and not d.isDestination()}
        assert takes - {one.name for one in inputs} - NO_DATA == set(), algorithm.name()
        assert all(one.checks for one in inputs)
        used |= {kind for one in inputs for kind in one.kinds}
    assert [check.id for check in CHECKS if not used & set(check.guards)] == []


def test_a_check_is_told_only_where_it_asks_something(processing_ready):
    """A scheme has no zones, nobody knows what is usual of anything, and an index of prices has any base in GEP."""
    from ecoassets.tools.check_page import guarded

    checks = {(one.algorithm, one.name): one.checks for a in processing_ready.algorithms() for one in guarded(a)}
    assert "codes" not in checks["zonesummary", "ZONES_RASTER"]
    assert {"codes", "legend"} <= set(checks["transfermatrix", "LAND_COVER"])
    assert {"possible", "usual", "unit", "scale"}.isdisjoint(checks["trend", "RASTERS"])
    assert {"possible", "usual", "unit"} <= set(checks["ecologicalassets", "NPP"])
    assert ("scale" in checks["carbonstorage", "NPP"], "scale" in checks["ecologicalassets", "NPP"]) == (True, False)
    assert ("unit" in checks["profitloss", "PRICE_INDEX"], "unit" in checks["gepaccount", "PRICE_INDEX"]) == (
        True,
        False,
    )
