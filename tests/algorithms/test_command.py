"""What repeats a run: the command in the report, and the parameters beside it."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from ecoassets.tests.algorithms.helpers import VALUE, files_in, read_csv, run, write_text
from ecoassets.tests.rasters import write_raster


@pytest.fixture
def parameters(tmp_path):
    """A town takes half of a forest; a file name with a blank, a list, a number and a flag."""
    maps = [
        write_raster(tmp_path / "land cover 2000.tif", [[21, 21]]),
        write_raster(tmp_path / "land cover 2005.tif", [[21, 51]]),
    ]
    return {
        "LAND_COVER": maps,
        "YEARS": "2000, 2005",
        "STANDARD_VALUE": 1000.5,
        "OVERVIEWS": False,
        "OUTPUT": str(tmp_path / "value.tif"),
        "OUTPUT_TABLE": str(tmp_path / "value.csv"),
        "OUTPUT_HTML": str(tmp_path / "report.html"),
    }


def _command(parameters: dict) -> list[str]:
    """The words of the command that the metadata of the map hold."""
    from osgeo import gdal

    run(VALUE, parameters)
    return shlex.split(gdal.Open(parameters["OUTPUT"]).GetMetadataItem("ECOASSETS_COMMAND"))


def test_the_command_tells_every_value_that_is_no_default(parameters):
    words = _command(parameters)
    assert words[:4] == ["qgis_process", "run", VALUE, "--"]
    assert [word for word in words if word.startswith("LAND_COVER=")] == [
        f"LAND_COVER={path}" for path in parameters["LAND_COVER"]
    ]
    assert "STANDARD_VALUE=1000.5" in words
    assert "OVERVIEWS=false" in words
    assert not any(word.startswith("MASK=") for word in words)


def test_the_command_tells_the_scheme_even_where_it_is_the_users_default(parameters):
    """Another user may have another default."""
    assert "SCHEME=cnlucc" in _command(parameters)
    assert "SCHEME=cnlucc" in _command({**parameters, "SCHEME": "cnlucc"})


def test_parameters_lie_beside_the_report_and_repeat_the_run(parameters, tmp_path):
    first = run(VALUE, parameters)
    saved = json.loads((tmp_path / "report.parameters.json").read_text(encoding="utf-8"))
    assert saved["algorithm"] == VALUE
    assert saved["inputs"] == {**parameters, "SCHEME": "cnlucc"}
    rows = read_csv(tmp_path / "value.csv")
    for name in ("value.tif", "value.csv", "report.html"):
        Path(tmp_path / name).unlink()
    again = run(saved["algorithm"], saved["inputs"])
    assert again == first
    assert read_csv(tmp_path / "value.csv") == rows


def test_layers_of_a_project_are_told_as_files(parameters, tmp_path):
    from qgis.core import QgsRasterLayer

    layers = [QgsRasterLayer(path, f"layer {i}") for i, path in enumerate(parameters["LAND_COVER"])]
    run(VALUE, {**parameters, "LAND_COVER": layers})
    saved = json.loads((tmp_path / "report.parameters.json").read_text(encoding="utf-8"))
    assert saved["inputs"]["LAND_COVER"] == parameters["LAND_COVER"]


def test_a_file_that_is_called_like_the_report_stays(tmp_path):
    """A file of the user that is called like the report is none of ours."""
    own = Path(write_text(tmp_path / "report.json", "{}"))
    run("ecoassets:checkinputs", {"RASTERS": [write_raster(tmp_path / "a.tif", [[1]])],
                                  "OUTPUT_HTML": str(tmp_path / "report.html")})  # fmt: skip
    assert own.read_text() == "{}"
    made = [name for name in files_in(tmp_path) if not name.endswith(".aux.xml")]  # statistics that GDAL leaves
    assert made == ["a.tif", "report.html", "report.json", "report.parameters.json"]


def _words_of_a_program_on_windows(line):
    """How programs there part their command line: quotes hold blanks, backslashes double before quotes."""
    words, word, quoted = [], None, False
    for backslashes, sign in re.findall(r"(\\*)([^\\]|$)", line):
        if sign == '"':
            word = (word or "") + "\\" * (len(backslashes) // 2)
            if len(backslashes) % 2:
                word += sign
            else:
                quoted = not quoted
            continue
        word = (word or "") + backslashes if backslashes or word is not None else None
        if sign == " " and not quoted:
            words += [] if word is None else [word]
            word = None
        elif sign:
            word = (word or "") + sign
    return words + ([] if word is None else [word])


def test_on_windows_the_command_is_one_line_that_programs_read_as_it_was_meant(monkeypatch, tmp_path):
    from qgis.core import QgsApplication, QgsProcessingContext

    from ecoassets.algorithms import command

    algorithm = QgsApplication.processingRegistry().algorithmById("ecoassets:transfermatrix")
    given = {
        "LAND_COVER": ["C:\\my data\\land cover.tif", "D:\\plain.tif", "D:\\土地 & 水\\"],
        "YEARS": "2000, 2015",
        "CREATION_OPTIONS": 'A="b c"|D=e\\',
    }
    monkeypatch.setattr(command.os, "name", "nt")
    line = command.qgis_process_command(algorithm, given, QgsProcessingContext())
    monkeypatch.undo()
    assert "\n" not in line and "'" not in line
    words = _words_of_a_program_on_windows(line)
    assert words[:4] == ["qgis_process-qgis", "run", "ecoassets:transfermatrix", "--"]
    assert [word[11:] for word in words if word.startswith("LAND_COVER=")] == given["LAND_COVER"]
    assert f"YEARS={given['YEARS']}" in words and f"CREATION_OPTIONS={given['CREATION_OPTIONS']}" in words
    assert '"YEARS=2000, 2015"' in line, "the comma would part words in PowerShell"


class TestHandedOn:
    """Maps, tables and reports go to others."""

    DATABASE = "dbname='land' host=db.example user='anna' password='S3cretPW' table=\"public\".\"zones\" (geom)"

    def test_a_password_stands_neither_in_the_command_nor_among_the_parameters(self, processing_ready):
        from qgis.core import QgsApplication, QgsProcessingContext

        from ecoassets.algorithms.command import given_parameters, qgis_process_command

        algorithm = QgsApplication.processingRegistry().algorithmById("ecoassets:zonesummary")
        given = {"VALUES": ["/vsicurl/http://anna:S3cretPW@host/v.tif"], "YEARS": "2000", "ZONES": self.DATABASE}
        told = qgis_process_command(algorithm, given, QgsProcessingContext())
        shown = str(given_parameters(algorithm, given, QgsProcessingContext()))
        for text in (told, shown):
            assert "S3cret" not in text and "anna" not in text
            assert "db.example" in text and "v.tif" in text

    def test_no_paths_where_the_user_wants_none(self, parameters, tmp_path, monkeypatch):
        from osgeo import gdal

        monkeypatch.setattr("ecoassets.algorithms.settings._setting", lambda name: "true" if "HIDE" in name else None)
        run(VALUE, parameters)
        items = gdal.Open(parameters["OUTPUT"]).GetMetadata()
        assert "ECOASSETS_COMMAND" not in items and items["ECOASSETS_METHOD"] == VALUE
        report = Path(parameters["OUTPUT_HTML"]).read_text(encoding="utf-8")
        assert str(tmp_path) not in report and "qgis_process" not in report and "land cover 2000.tif" in report
        assert "report.parameters.json" not in files_in(tmp_path)

    @pytest.mark.parametrize("file", ["table.csv", "table.xlsx", "table.gpkg"])
    def test_names_of_classes_are_no_formulas_in_spreadsheets(self, parameters, tmp_path, file):
        from osgeo import gdal

        name = '=HYPERLINK("http://x","y")'
        classes = write_text(tmp_path / "classes.csv", 'code,name\n21,"' + name.replace('"', '""') + '"\n51,+1+1\n')
        table = str(tmp_path / file)
        given = {"LAND_COVER": parameters["LAND_COVER"], "YEARS": "2000,2005", "CLASS_TABLE": classes}
        run(
            "ecoassets:transfermatrix",
            {**given, "SCHEME": "cnlucc", "OUTPUT": parameters["OUTPUT"], "OUTPUT_TABLE": table},
        )
        layer = (data := gdal.OpenEx(table, gdal.OF_VECTOR)).GetLayer(0)
        cells = {row.GetField(i) for row in layer for i in range(row.GetFieldCount())}
        mark = "" if file.endswith("gpkg") else "'"
        assert {f"{mark}{name}", f"{mark}+1+1"} <= cells
        del layer, data
