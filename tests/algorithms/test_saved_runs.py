"""Runs opened again: the JSON beside a report, and tables with a run per row."""

from __future__ import annotations

import json

import pytest

from ecoassets.tests.algorithms.helpers import VALUE, run
from ecoassets.tests.rasters import write_raster

FOREST = 21


@pytest.fixture(autouse=True)
def ready(processing_ready):
    return processing_ready


def test_the_last_run_is_saved_and_opened_again(tmp_path):
    from ecoassets.algorithms.command import last_run, write_run
    from ecoassets.algorithms.desktop.saved_runs import read_runs

    cover = write_raster(tmp_path / "cover.tif", [[FOREST]])
    given = {"LAND_COVER": [cover], "YEARS": "2005", "SCHEME": "cnlucc", "OUTPUT": str(tmp_path / "value.tif")}
    run(VALUE, {**given, "OUTPUT_HTML": str(tmp_path / "value.html")})
    path = str(tmp_path / "saved.json")
    write_run(last_run(), path)
    (found,) = read_runs([path])
    assert found.algorithm == VALUE
    assert {name: found.parameters[name] for name in given} == given
    # it is what lies beside the report
    assert read_runs([str(tmp_path / "value.parameters.json")]) == [found]


def test_a_table_holds_a_run_per_row(tmp_path):
    from ecoassets.algorithms.desktop.saved_runs import read_runs

    (tmp_path / "a.tif").touch()
    (tmp_path / "b.tif").touch()
    table = tmp_path / "runs.csv"
    table.write_text(
        "algorithm,LAND_COVER,YEARS,OUTPUT\n"
        'ecosystemservicevalue,a.tif;b.tif,"2000, 2005",one.tif\n'
        "ecosystemservicevalue,/elsewhere/c.tif,2010,two.tif\n",
        encoding="utf-8",
    )
    one, two = read_runs([str(table)])
    assert one.algorithm == two.algorithm == VALUE
    assert one.parameters["LAND_COVER"] == [str(tmp_path / "a.tif"), str(tmp_path / "b.tif")]
    assert (one.parameters["YEARS"], one.parameters["OUTPUT"]) == ("2000, 2005", str(tmp_path / "one.tif"))
    assert two.parameters["LAND_COVER"] == ["/elsewhere/c.tif"]
    assert two.parameters["YEARS"] == "2010"


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.json", "no JSON", "holds no run"),
        ("a.json", "[1]", "holds no run"),
        ("a.json", json.dumps({"algorithm": "ecoassets:none", "inputs": {}}), "there is no algorithm ecoassets:none"),
        (
            "a.json",
            json.dumps({"algorithm": VALUE, "inputs": {"COVER": 1}}),
            "no parameter COVER. It has .*LAND_COVER",
        ),
        ("a.csv", "LAND_COVER,YEARS\na.tif,2000\n", "has no column algorithm"),
        ("a.csv", "algorithm,YEARS\nrsei,2000\ntrend,2000\n", "of ecoassets:rsei and of ecoassets:trend"),
    ],
)
def test_what_is_no_run_is_told(tmp_path, name, content, words):
    from ecoassets.algorithms.desktop.saved_runs import read_runs
    from ecoassets.core.errors import InputError

    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        read_runs([str(tmp_path / name)])


class TestStart:
    def test_every_file_of_the_run_is_one_of_the_region(self, tmp_path):
        """And every parameter one of the workflow."""
        from qgis.core import QgsApplication, QgsProject

        from ecoassets.algorithms.desktop.start import practice_run
        from ecoassets.core.tools.practice.region import build_region, write_region

        write_region(build_region(48), tmp_path)
        name, parameters = practice_run(str(tmp_path), QgsProject())
        algorithm = QgsApplication.processingRegistry().algorithmById(name)
        assert [key for key in parameters if algorithm.parameterDefinition(key) is None] == []
        values = [one for v in parameters.values() for one in (v if isinstance(v, list) else [v])]
        files = [value for value in values if str(value).startswith(str(tmp_path)) and "results" not in str(value)]
        assert len(files) > 20
        missing = [file for file in files if not (tmp_path / file).exists()]
        assert missing == []

    def test_every_layer_of_the_region_has_a_name_in_both_languages(self):
        import yaml

        from ecoassets.core.resources import RESOURCES
        from ecoassets.core.tools.practice.region import build_region

        region = build_region(48)
        words = yaml.safe_load((RESOURCES / "practice" / "layers.yaml").read_text(encoding="utf-8"))
        raster = {layer.name if layer.year is None else layer.name.rsplit("_", 1)[0] for layer in region.layers}
        every = raster | {one.name for one in (*region.shapes, *region.tables)}
        assert every == set(words["layers"])
        assert all({"en", "zh"} <= set(entry) for entry in (*words["layers"].values(), *words["subjects"].values()))


def test_years_are_ticked_while_they_play(tmp_path):
    from qgis.core import QgsProject, QgsRasterLayer

    from ecoassets.algorithms.desktop.years import tick_years
    from ecoassets.algorithms.looks.canvas import set_year
    from ecoassets.algorithms.looks.landing import SERIES

    project = QgsProject()
    group = project.layerTreeRoot().addGroup("Change")
    group.setCustomProperty(SERIES, True)
    for name, year in (("2000–2010", None), ("2005–2010", 2010), ("2000–2005", 2005)):
        layer = QgsRasterLayer(write_raster(tmp_path / f"{name}.tif", [[1]]), name)
        if year:
            set_year(layer, year)
        project.addMapLayer(layer, False)
        group.addLayer(layer).setItemVisibilityChecked(name == "2000–2010")

    def ticked():
        return [node.itemVisibilityChecked() for node in group.findLayers()]

    tick_years(project.layerTreeRoot(), playing=True)
    assert ticked() == [False, True, True]  # the whole period would lie over the others
    tick_years(project.layerTreeRoot(), playing=False)
    assert ticked() == [True, False, False]
    project.clear()
