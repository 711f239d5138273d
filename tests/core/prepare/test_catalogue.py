"""The catalogue of products: every entry is sound, and a wrong one is refused by its file and line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ecoassets.core.errors import TableError
from ecoassets.core.prepare.catalogue.loader import FOLDER, load_product, load_products, products
from ecoassets.core.prepare.catalogue.product import QualityTest
from ecoassets.core.prepare.catalogue.recognise import recognise
from ecoassets.core.resources import RESOURCES

CLCD = (FOLDER / "clcd.yaml").read_text(encoding="utf-8")


def changed(tmp_path: Path, old: str, new: str) -> Path:
    """The product CLCD with one line changed."""
    assert old in CLCD
    path = tmp_path / "mine.yaml"
    path.write_text(CLCD.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_names_whose_case_a_disk_has_changed_are_known_too(change):
    names = ["MOD17A3HGF.A2021001.h26v05.061.2022021051542.hdf", "CLCD_v01_2020_albert.tif"]
    plain, changed = (recognise([f"/data/{one}" for one in some], products()) for some in (names, map(change, names)))
    assert [(one.product, one.year, one.tile.lower()) for one in changed] == [
        (one.product, one.year, one.tile.lower()) for one in plain
    ]
    assert all(one.known for one in plain)


@pytest.mark.parametrize("product", products().values(), ids=lambda product: product.id)
def test_every_example_is_recognised_as_its_own_product_among_all(product):
    for edition in product.editions:
        (found,) = recognise([f"/data/{edition.example}"], products(), product.id if edition.weak else "")
        assert (found.product, found.edition) == (product, edition)


@pytest.mark.parametrize("product", products().values(), ids=lambda product: product.id)
def test_a_product_is_named_as_its_file_and_tells_what_it_rests_on(product):
    assert Path(product.path) == RESOURCES / "products" / f"{product.id}.yaml"
    assert product.sources and product.page.startswith("https://")


@pytest.mark.parametrize("product", products().values(), ids=lambda product: product.id)
def test_what_is_valid_after_conversion_is_possible(product):
    for layer in product.layers.values():
        if layer.valid is None or layer.scale is None or layer.annual == "sum":
            continue
        ends = [((end * layer.scale + layer.offset) * layer.times + layer.plus) for end in layer.valid]
        possible = layer.meant.possible
        assert min(ends) < possible.high and max(ends) > possible.low, layer.id


@pytest.mark.parametrize(
    "old, new, what",
    [
        ("step: year", "step: yearly", "'yearly' is none of"),
        ("    kind: classes", "    kind: classes\n    scale: 0.1", "classes have no scale"),
        ("    quantity: land_cover", "    quantity: landcover", "no quantity 'landcover'"),
        ("    fills: {0: outside}", "    fills: {0: nowhere}", "'nowhere' is none of"),
        ("    fills: {0: outside}", "    fill: {0: outside}", "not known"),
        ("    scheme: clcd", "    scheme: clcc", "'clcc' is none of"),
        ("(?P<version>", "(?P<sort>", "sort mean nothing"),
        (r"(?P<year>\d{4})", r"(?P<year>\d{4", "no pattern"),
        ("    example: CLCD_v01_2020_albert.tif", "    example: CLCD_2020.tif", "does not take 'CLCD_2020.tif'"),
        ("id: clcd", "id: clcd\nid: clcd", "stands twice"),
        ("grid: {}", "grid: {crs: albers}", "'albers' is no +proj text"),
        ("title: {en:", "title: {fr:", "a text in en and one in zh"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused_by_file_and_line(tmp_path, old, new, what):
    path = changed(tmp_path, old, new)
    text = path.read_text(encoding="utf-8")
    line = text.count("\n", 0, text.index(new) + len(new)) + 1
    with pytest.raises(TableError, match=f"^mine.yaml, line {line}, ") as refused:
        load_product(path)
    assert what in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "id: " + "[" * 100_000,  # on which libyaml ends the process
        "- " * 100_000,
        "id: &a [*a]",
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]",
        "? [a]\n: b",
        "id: 2000-13-45",
        "id: !!python/object/apply:os.getcwd []",
    ],
)
def test_a_text_that_would_fill_memory_or_end_the_process_is_refused(tmp_path, text):
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match="^mine.yaml"):
        load_product(tmp_path / "mine.yaml")


def test_a_missing_entry_is_named(tmp_path):
    with pytest.raises(TableError, match="^mine.yaml, line 1: provider missing"):
        load_product(changed(tmp_path, "provider: Wuhan University, Zenodo\n", ""))


def test_the_same_product_twice_is_refused(tmp_path):
    changed(tmp_path, "id: clcd", "id: mine")
    (tmp_path / "other.yaml").write_text(CLCD.replace("id: clcd", "id: mine"), encoding="utf-8")
    with pytest.raises(TableError, match="other.yaml: the product mine stands in mine.yaml, too"):
        load_products(tmp_path)


def test_a_product_of_the_user_wins_over_that_of_the_plugin(tmp_path):
    changed(tmp_path, "provider: Wuhan University, Zenodo", "provider: Me")
    assert products(str(tmp_path))["clcd"].provider == "Me"
    assert set(products(str(tmp_path))) == set(products())


def test_a_fill_code_within_what_is_valid_is_refused(tmp_path):
    text = (FOLDER / "mod17a3hgf.yaml").read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("valid: [-30000, 32700]", "valid: [-30000, 32762]"), encoding="utf-8")
    with pytest.raises(TableError, match="mine.yaml, line 39, fills: the code 32762 lies within what is valid"):
        load_product(path)


# names


def test_a_tile_tells_time_tile_and_what_replaces_what():
    (found,) = recognise(["/vsizip/a.zip/MOD17A3HGF.A2021001.h14v02.061.2022020135800.hdf"], products())
    assert found.product.id == "mod17a3hgf"
    assert (found.year, found.month, found.day, found.tile) == (2021, 1, 1, "h14v02")
    assert (found.variant, found.version, found.processed) == ("MOD17A3HGF", "061", "2022020135800")
    assert found.layer == "", "a tile holds several layers"


def test_a_file_of_three_years_tells_both_ends():
    (found,) = recognise(["pre_1901_1903.nc"], products())
    assert (found.layer, found.year, found.year_to) == ("pre", 1901, 1903)


@pytest.mark.parametrize(
    "name",
    [
        "MOD17A3HGF.A2021366.h14v02.061.2022020135800.hdf",  # 2021 had 365 days
        "MOD17A3HGF.A2021000.h14v02.061.2022020135800.hdf",
        "MOD17A3HGF.A2021001.h14v02.061.2022020135800.hdf.part",
        "tree.tif",
    ],
)
def test_what_no_product_is_called_stays_unknown(name):
    (found,) = recognise([name], products())
    assert not found.known and not found.candidates


def test_day_366_is_one_in_a_leap_year():
    (found,) = recognise(["MOD17A3HGF.A2020366.h14v02.061.2022020135800.hdf"], products())
    assert (found.month, found.day) == (12, 31)


def test_a_second_download_of_a_name_is_recognised():
    (found,) = recognise(["CLCD_v01_2020_albert (1).tif"], products())
    assert (found.product.id, found.year) == ("clcd", 2020)


def test_a_home_made_name_waits_until_the_user_names_the_product():
    (open_,) = recognise(["MOD17A3HGF_2010.tif"], products())
    assert not open_.known and open_.candidates == ("mod17a3hgf",)
    (told,) = recognise(["MOD17A3HGF_2010.tif"], products(), "mod17a3hgf")
    assert (told.edition.name, told.year) == ("earthengine", 2010)


# quality


def test_quality_looks_at_bits():
    stored = np.array([0b00000000, 0b00000001, 0b00100000, 0b11100001, 255], dtype="uint8")
    assert QualityTest(0, 1, keep=(0,)).passes(stored).tolist() == [True, False, True, False, False]
    assert QualityTest(5, 3, keep=(0, 1)).passes(stored).tolist() == [True, True, True, False, False]
    assert QualityTest(5, 3, drop=(7,)).passes(stored).tolist() == [True, True, True, False, False]


def test_quality_looks_at_the_whole_number():
    assert QualityTest(most=50).passes(np.array([0, 50, 51, 255], dtype="uint8")).tolist() == [True, True, False, False]
    assert QualityTest(keep=(0, 1)).passes(np.array([-1, 0, 1, 2])).tolist() == [False, True, True, False]


def test_every_product_tells_how_it_is_had():
    """Facts that were not checked with the provider say so; a size is one of something."""
    for product in products().values():
        supply = product.supply
        assert supply is not None and supply.area.zh and supply.order.zh, product.id
        assert (supply.mb is None) == (supply.per is None), product.id
        assert supply.mb is None or "mb" in supply.unverified, product.id
        assert bool(supply.years) or product.step in ("static", "month", "scene"), product.id


def test_a_place_of_supply_that_nobody_knows_is_refused(tmp_path):
    text = (FOLDER / "clcd.yaml").read_text(encoding="utf-8")
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace("area: china", "area: moon"), encoding="utf-8")
    with pytest.raises(TableError, match="mine.yaml, line 7, area: 'moon' is none of world, china"):
        load_product(path)
