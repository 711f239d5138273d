"""Where outputs go: never over an input or each other, and to the file that QGIS really writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ecoassets.algorithms.outputs import pending_table_of
from ecoassets.core.raster.files import together
from ecoassets.tests.algorithms.helpers import VALUE, all_outputs, files_in, run
from ecoassets.tests.rasters import write_raster

EQUIVALENT = "ecoassets:standardequivalent"
CROPS = "crop,area_ha,yield_kg_ha,price_per_kg\nrice,5,7000,2\nmaize,5,6000,2\n"


@pytest.fixture
def crops(tmp_path):
    path = tmp_path / "crops.csv"
    path.write_text(CROPS, encoding="utf-8")
    return path


@pytest.fixture
def cover(tmp_path):
    return [write_raster(tmp_path / f"{year}.tif", [[21, 11], [21, 21]]) for year in (2000, 2005)]


def refused(identifier, parameters, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        run(identifier, parameters)


def shares(crops, destination):
    return run(EQUIVALENT, {"TABLE": str(crops), "METHOD": "oneseventh", "OUTPUT_TABLE": str(destination)})


def test_a_table_that_is_also_the_input(crops, tmp_path):
    link = tmp_path / "link.csv"
    link.symlink_to(crops)
    for destination in (crops, link):
        parameters = {"TABLE": str(crops), "METHOD": "oneseventh", "OUTPUT_TABLE": str(destination)}
        refused(EQUIVALENT, parameters, r"is also an input \(Crops\)")
    assert crops.read_text(encoding="utf-8") == CROPS


def test_a_layer_of_the_project_that_is_also_the_output(crops):
    from qgis.core import QgsProject, QgsVectorLayer

    layer = QgsVectorLayer(str(crops), "crops", "ogr")
    QgsProject.instance().addMapLayer(layer)
    try:
        parameters = {"TABLE": layer.id(), "METHOD": "oneseventh", "OUTPUT_TABLE": str(crops)}
        refused(EQUIVALENT, parameters, r"is also an input \(Crops\)")
    finally:
        QgsProject.instance().removeMapLayer(layer.id())


def test_a_report_that_is_also_a_land_cover(cover, tmp_path):
    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", **all_outputs(tmp_path), "OUTPUT_HTML": cover[1]}
    refused(VALUE, parameters, "is also an input")


@pytest.mark.parametrize("pair", [("OUTPUT_TABLE", "OUTPUT_CHANGE"), ("OUTPUT", "OUTPUT_HTML")])
def test_two_outputs_of_one_name(cover, tmp_path, pair):
    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", **all_outputs(tmp_path)}
    parameters[pair[1]] = parameters[pair[0]]
    before = files_in(tmp_path)
    refused(VALUE, parameters, "is also the file of another output")
    assert files_in(tmp_path) == before


def test_two_tables_of_one_geopackage(cover, tmp_path):
    from osgeo import gdal

    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", **all_outputs(tmp_path)}
    table = "ogr:dbname='{}' table=\"{}\"".format
    path = str(tmp_path / "all.gpkg")
    run(VALUE, {**parameters, "OUTPUT_TABLE": table(path, "one"), "OUTPUT_CHANGE": table(path, "two")})
    data = gdal.OpenEx(path, gdal.OF_VECTOR)
    assert {data.GetLayer(number).GetName() for number in range(data.GetLayerCount())} == {"one", "two"}
    for other in (table(path, "one"), path):
        twice = {**parameters, "OUTPUT_TABLE": table(path, "one"), "OUTPUT_CHANGE": other}
        refused(VALUE, twice, "is also the file of another output")


def test_a_file_of_another_kind_stays_when_qgis_adds_an_extension(crops, tmp_path):
    photograph = tmp_path / "field.tif"
    photograph.write_bytes(b"a photograph")
    assert shares(crops, photograph)["OUTPUT_TABLE"].startswith(f"{photograph}.gpkg")
    assert photograph.read_bytes() == b"a photograph"


@pytest.mark.parametrize(
    ("asked", "written"),
    [("t.json", "t.json.geojson"), ("t.mif", "t.mif.tab")],
)
def test_what_qgis_calls_otherwise_comes_back_too(crops, tmp_path, asked, written):
    shares(crops, tmp_path / asked)
    before = {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path)}
    assert written in before
    with together():
        pending = pending_table_of(str(tmp_path / asked))
        (Path(pending.destination).with_name(written)).write_bytes(b"half a table")
        pending.discard()
    assert {name: (tmp_path / name).read_bytes() for name in files_in(tmp_path)} == before


@pytest.mark.parametrize(
    ("output", "name", "better"),
    [
        ("OUTPUT_TABLE", "t.txt", "t.csv"),
        ("OUTPUT_TABLE", "t.SHP", "t.csv"),
        ("OUTPUT_TABLE", "t.kml", "t.csv"),
        ("OUTPUT_XLSX", "w.csv", "w.xlsx"),
        ("OUTPUT_XLSX", "w", "w.xlsx"),
        ("OUTPUT_METHODS", "m.pdf", "m.md"),
    ],
)
def test_a_name_of_a_format_that_is_not_written_and_one_that_is(cover, tmp_path, output, name, better):
    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", "OUTPUT": str(tmp_path / "value.tif")}
    refused(VALUE, {**parameters, output: str(tmp_path / name)}, f"Name it {better}")
    assert not (tmp_path / "value.tif").exists()
    run(VALUE, {**parameters, output: str(tmp_path / better)})
    assert (tmp_path / better).exists()


def test_the_parameters_beside_a_report_replace_those_of_a_run_alone(cover, tmp_path):
    beside = tmp_path / "report.parameters.json"
    beside.write_text('{"of": "somebody else"}', encoding="utf-8")
    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", **all_outputs(tmp_path)}
    parameters["OUTPUT_HTML"] = str(tmp_path / "report.html")
    refused(VALUE, parameters, r"would replace report\.parameters\.json, which holds no run")
    beside.unlink()
    for _ in range(2):
        run(VALUE, parameters)
    assert "somebody else" not in beside.read_text(encoding="utf-8")


@pytest.mark.parametrize("identifier", ["ecoassets:practiceregion", "ecoassets:aligntogrid"])
def test_a_folder_that_cannot_be_made(cover, crops, identifier):
    inside = str(crops / "folder")
    parameters = {"RASTERS": cover, "REFERENCE": cover[0]} if identifier.endswith("grid") else {"SIZE": 48}
    refused(identifier, {**parameters, "FOLDER": inside}, r"cannot be made: .*\. Choose another folder")


class TestRelative:
    @pytest.fixture(autouse=True)
    def here(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)

    def test_an_older_table_comes_back(self, crops):
        shares(crops, "out.csv")
        before = Path("out.csv").read_bytes()
        with pytest.raises(KeyboardInterrupt), together():
            pending = pending_table_of("out.csv")
            Path(pending.destination).write_text("a\n", encoding="utf-8")
            pending.commit(0)
            assert Path("out.csv").read_bytes() == before
            raise KeyboardInterrupt
        assert Path("out.csv").read_bytes() == before
        assert files_in(Path()) == ["crops.csv", "out.csv"]

    def test_a_missing_folder_is_told(self, crops):
        parameters = {"TABLE": str(crops), "METHOD": "oneseventh", "OUTPUT_TABLE": "missing/out.csv"}
        refused(EQUIVALENT, parameters, "the folder .*missing does not exist")

    def test_an_input_is_refused(self, crops):
        parameters = {"TABLE": str(crops), "METHOD": "oneseventh", "OUTPUT_TABLE": os.path.join(".", "crops.csv")}
        refused(EQUIVALENT, parameters, "is also an input")

    @pytest.mark.parametrize("nowhere", ["TEMPORARY_OUTPUT", "memory:"])
    def test_what_stays_in_memory_is_no_file(self, crops, tmp_path, nowhere):
        shares(crops, nowhere)
        assert files_in(tmp_path) == ["crops.csv"]


def test_a_batch_that_leaves_outputs_empty(cover, tmp_path):
    from qgis.core import QgsProcessingOutputLayerDefinition

    empty = {
        name: QgsProcessingOutputLayerDefinition("") for name in ("OUTPUT_SERVICES", "OUTPUT_TABLE", "OUTPUT_CHANGE")
    }
    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", "OUTPUT": str(tmp_path / "map.tif"), "OUTPUT_HTML": ""}
    found = run(VALUE, {**parameters, **empty})
    assert Path(found["OUTPUT"]).is_file()
    assert not {"OUTPUT_TABLE", "OUTPUT_CHANGE"} & found.keys()


@pytest.mark.parametrize("pair", [("OUTPUT_TABLE", "OUTPUT_CHANGE"), ("OUTPUT", "OUTPUT_SERVICES")])
def test_two_outputs_whose_names_differ_by_case(cover, tmp_path, pair):
    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", **all_outputs(tmp_path)}
    path = Path(parameters[pair[0]])
    parameters[pair[1]] = str(path.with_name(path.name.title()))
    refused(VALUE, parameters, "is also the file of another output")


def test_an_output_whose_name_differs_from_an_input_by_case(crops):
    parameters = {"TABLE": str(crops), "METHOD": "oneseventh", "OUTPUT_TABLE": str(crops.with_name("Crops.CSV"))}
    refused(EQUIVALENT, parameters, r"is also an input \(Crops\)")


def test_a_name_with_a_character_of_code_0(cover, tmp_path):
    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", "OUTPUT": str(tmp_path / "a\0b.tif")}
    refused(VALUE, parameters, r"holds a character of code 0.* \(OUTPUT\)")


def test_a_file_that_another_program_holds_is_told_before_the_work(cover, tmp_path, monkeypatch):
    """On Windows a file that is open cannot be renamed, not even to its own name."""
    old = tmp_path / "map.tif"
    old.write_bytes(b"shown in the project")

    def held(path, to):
        raise PermissionError(13, "The process cannot access the file", path)

    monkeypatch.setattr("ecoassets.algorithms.outputs.os.rename", held)
    monkeypatch.setattr("ecoassets.core.raster.engine.run_job", lambda *a, **k: pytest.fail("the work has begun"))
    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", "OUTPUT": str(old)}
    refused(VALUE, parameters, r"another program holds this file open.* \(OUTPUT\)")
    assert old.read_bytes() == b"shown in the project"


@pytest.mark.parametrize("reason", [OverflowError("too large"), OSError(28, "No space left on device"), MemoryError()])
def test_what_nobody_foresaw_is_told_in_words(cover, tmp_path, monkeypatch, reason):
    def fail(*given, **more):
        raise reason

    monkeypatch.setattr("ecoassets.core.raster.engine.compute_block", fail)
    before = files_in(tmp_path)
    parameters = {"LAND_COVER": cover, "YEARS": "2000,2005", "OUTPUT": str(tmp_path / "map.tif")}
    words = "was not foreseen .OverflowError: too large|No space left on device|needs more memory"
    refused(VALUE, parameters, words)
    assert files_in(tmp_path) == before
