"""Profit and loss: flows by hand, structure and intensity, zones and GDP, the styled maps, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run, write_text
from ecoassets.tests.algorithms.landcover import (
    AFTER,
    BEFORE,
    FOREST,
    FOREST_VALUE,
    PADDY,
    PADDY_VALUE,
    TOWN,
    write_columns,
    write_years,
)
from ecoassets.tests.rasters import read_raster, write_raster

PROFIT_LOSS = "ecoassets:profitloss"
# forest -> paddy, paddy -> town, paddy -> forest, a hectare each
TO_PADDY, TO_TOWN, TO_FOREST = PADDY_VALUE - FOREST_VALUE, -PADDY_VALUE, FOREST_VALUE - PADDY_VALUE


@pytest.fixture
def parameters(tmp_path):
    return {
        "LAND_COVER": write_years(tmp_path, BEFORE, AFTER),
        "YEARS": "2000, 2005",
        "OUTPUT": str(tmp_path / "change.tif"),
    }


@pytest.fixture
def table(tmp_path, parameters):
    def rows(output="OUTPUT_TABLE", **changes):
        path = str(tmp_path / f"{output}.csv")
        run(PROFIT_LOSS, {**parameters, output: path, **changes})
        return read_csv(path)

    return rows


def flows(rows, service="all", value="value"):
    return {(int(r["from_code"]), int(r["to_code"])): float(r[value]) for r in rows if r["service"] == service}


def test_gains_are_positive(parameters):
    found = run(PROFIT_LOSS, parameters)
    assert found["GAIN"] == pytest.approx(TO_FOREST)
    assert found["LOSS"] == pytest.approx(TO_PADDY + TO_TOWN)
    assert found["NET"] == pytest.approx(-PADDY_VALUE)


def test_flows_by_hand_add_up_to_the_change(table):
    rows = table()
    found = flows(rows)
    expected = {(FOREST, PADDY): TO_PADDY, (PADDY, TOWN): TO_TOWN, (PADDY, FOREST): TO_FOREST}
    assert found == pytest.approx(expected)
    assert sum(found.values()) == pytest.approx(-PADDY_VALUE)
    # paddy uses 2.63 equivalents of water, so turning it into a town saves them
    assert flows(rows, "water_supply")[PADDY, TOWN] == pytest.approx(2.63 * 3406.50)
    losses = TO_PADDY + TO_TOWN
    assert flows(rows, value="contribution_pct") == pytest.approx(
        {(FOREST, PADDY): TO_PADDY / losses * 100, (PADDY, TOWN): TO_TOWN / losses * 100, (PADDY, FOREST): 100}
    )


def test_swapped_years_flip_every_sign(table, parameters):
    forth = flows(table())
    back = flows(table(LAND_COVER=parameters["LAND_COVER"][::-1], INSIST_ON_YEARS=True))
    assert back == pytest.approx({(j, i): -value for (i, j), value in forth.items()})


def test_the_maps_by_pixel(parameters, tmp_path):
    run(PROFIT_LOSS, {**parameters, "OUTPUT_INDEX": str(tmp_path / "index.tif")})
    change = read_raster(parameters["OUTPUT"])[0]
    assert change == pytest.approx(np.array([[0, TO_PADDY, TO_TOWN], [0, TO_FOREST, 0]]), rel=1e-6)  # float32
    index = read_raster(str(tmp_path / "index.tif"))[0]
    expected = [[0, 3.89 / 22.95 - 1, -1], [0, 22.95 / 3.89 - 1, float("nan")]]  # the town was worth nothing
    assert index == pytest.approx(np.array(expected), rel=1e-6, nan_ok=True)


def test_structure_and_intensity_add_up_to_the_change(table, tmp_path):
    npp = [write_raster(tmp_path / f"npp{i}.tif", [[v] * 3] * 2, "float32", nodata=-1) for i, v in enumerate((4, 6))]
    (row,) = table("OUTPUT_SUMMARY", NPP=npp, NPP_REFERENCE=4)
    structure, intensity, net = (float(row[name]) for name in ("structure", "intensity", "net"))
    assert structure == pytest.approx(-PADDY_VALUE)  # valued at the NPP of 2000, which is the reference
    # what NPP adjusts of a hectare grows by half, on the two forests and two paddies of 2005
    adjusted = (22.95 - 0.34 - 4.74 - 2.65) + (3.89 + 2.63 - 2.72 - 0.01)
    assert intensity == pytest.approx(0.5 * 2 * adjusted * 3406.50)
    assert structure + intensity == pytest.approx(net)


def test_zones_with_gdp(table, tmp_path):
    zones = write_columns(tmp_path / "zones.gpkg", {"west": (0, 2)})
    gdp = write_text(tmp_path / "gdp.csv", "zone,year,gdp\nwest,2000,100\nwest,2005,200\n")
    rows = {r["zone"]: r for r in table("OUTPUT_SUMMARY", ZONES=zones, ZONE_FIELD="name", GDP_TABLE=gdp)}
    assert set(rows) == {"all", "west", "outside"}
    assert float(rows["west"]["net"]) == pytest.approx(0, abs=1e-6)  # forest and paddy change places
    assert float(rows["west"]["harmony"]) == pytest.approx(0, abs=1e-9)
    assert float(rows["outside"]["net"]) == pytest.approx(TO_TOWN)
    assert rows["outside"]["harmony"] == ""
    assert float(rows["all"]["net"]) == pytest.approx(float(rows["west"]["net"]) + float(rows["outside"]["net"]))


def test_change_by_class(table):
    rows = {int(r["code"]): r for r in table("OUTPUT_CLASSES")}
    assert float(rows[PADDY]["change"]) == pytest.approx(-PADDY_VALUE)  # 3 ha become 2
    assert float(rows[PADDY]["change_index"]) == pytest.approx(-1 / 3)
    assert rows[TOWN]["change_index"] == ""


def test_it_is_the_change_that_the_valuation_finds(parameters, tmp_path):
    net = run(PROFIT_LOSS, parameters)["NET"]
    valued = run("ecoassets:ecologicalassets", {**parameters, "OUTPUT": str(tmp_path / "value.tif")})
    assert net == pytest.approx(valued["TOTAL_LAST"] - valued["TOTAL_FIRST"])


def test_a_report(parameters, tmp_path):
    run(PROFIT_LOSS, {**parameters, "OUTPUT_HTML": str(tmp_path / "report.html")})
    assert "Profit and loss" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_maps_have_zero_in_the_middle(parameters, tmp_path):
    outputs = {"OUTPUT": str(tmp_path / "change.tif"), "OUTPUT_INDEX": str(tmp_path / "index.tif")}
    project = load_maps(PROFIT_LOSS, {k: v for k, v in parameters.items() if k != "OUTPUT"}, outputs)
    ranges = {
        name: (layer.renderer().classificationMin(), layer.renderer().classificationMax())
        for name, layer in layers_of(project).items()
    }
    low, high = ranges["Change in value 2000–2005"]
    assert low == -high and high > 0
    assert ranges["ESV change index 2000–2005"] == (-1, 1)
    labels = [
        item.label
        for item in layers_of(project)["Change in value 2000–2005"]
        .renderer()
        .shader()
        .rasterShaderFunction()
        .colorRampItemList()
    ]
    project.clear()
    assert labels[4] == "0 CNY/(ha a)"
    assert not any("e+" in label for label in labels)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"YEARS": "2000"}, "2 rasters given for 1 year"),
        ({"EQUIVALENTS": "custom"}, "The equivalents custom need a table"),
        ({"GDP_TABLE": "zone,year,gdp\neast,2000,1\n"}, "none of which is a zone here"),
        ({"GDP_TABLE": "zone,year,gdp\nall,2000,0\n"}, "the GDP of all in 2000 is 0, not positive"),
        ({"GDP_TABLE": "zone,year\nall,2000\n"}, "lacks the column gdp"),
    ],
)
def test_bad_input(parameters, tmp_path, changes, message):
    from qgis.core import QgsProcessingException

    if "GDP_TABLE" in changes:
        changes = {"GDP_TABLE": write_text(tmp_path / "gdp.csv", changes["GDP_TABLE"])}
    with pytest.raises(QgsProcessingException, match=message):
        run(PROFIT_LOSS, {**parameters, **changes})
