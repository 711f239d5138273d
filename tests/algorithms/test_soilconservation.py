"""Soil conservation through the algorithm: a pixel by hand, classes, ecosystems, weather, styles, bad input."""

from __future__ import annotations

import pytest

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run
from ecoassets.tests.rasters import read_raster, write_raster

CONSERVATION = "ecoassets:soilconservation"
FOREST, ARABLE, LAKE = 11, 51, 43


@pytest.fixture
def factor(tmp_path):
    """A factor over three hectares, or one value for all of them."""
    return lambda name, *values: write_raster(
        tmp_path / f"{name}.tif", [list(values) if len(values) > 1 else list(values) * 3], "float32", nodata=-9999
    )


@pytest.fixture
def parameters(tmp_path, factor):
    """Potential loss 3000 x 0.035 x 10 = 1050 t/(ha a) everywhere; C is that of forest, field and bare soil."""
    return {
        "R": [factor("r", 3000)],
        "K": [factor("k", 0.035)],
        "LS": [factor("ls", 10)],
        "C": [factor("c", 0.001, 0.02, 0)],
        "OUTPUT": str(tmp_path / "retention.tif"),
        "OUTPUT_EROSION": str(tmp_path / "loss.tif"),
        "OUTPUT_CLASSES": str(tmp_path / "classes.tif"),
        "OUTPUT_TABLE": str(tmp_path / "table.csv"),
    }


@pytest.fixture
def land_cover(tmp_path):
    return write_raster(tmp_path / "cover.tif", [[FOREST, ARABLE, LAKE]], "uint8", nodata=0)


def test_pixels_by_hand(parameters):
    found = run(CONSERVATION, parameters)
    assert read_raster(parameters["OUTPUT"])[0, 0].tolist() == pytest.approx([1048.95, 1029, 1050], rel=1e-6)
    assert read_raster(parameters["OUTPUT_EROSION"])[0, 0].tolist() == pytest.approx([1.05, 21, 0], rel=1e-5)
    assert found["TOTAL"] == pytest.approx(1048.95 + 1029 + 1050, rel=1e-6)  # a hectare a pixel
    assert found["EROSION_TOTAL"] == pytest.approx(22.05, rel=1e-5)


def test_classes_are_per_square_kilometre(parameters):
    """1.05 and 21 t/(ha a) are 105 and 2100 t/(km2 a): below any tolerance, and light."""
    found = run(CONSERVATION, {**parameters, "TOLERANCE": 200})
    assert read_raster(parameters["OUTPUT_CLASSES"])[0, 0].tolist() == [1, 2, 1]
    assert found["LOSS_AREA"] == 1


def test_the_tolerance_may_differ_by_region(parameters, factor):
    c = [factor("c", 0.005, 0.005, 0.005)]  # 525 t/(km2 a)
    run(CONSERVATION, {**parameters, "C": c, "TOLERANCE_RASTER": factor("tolerance", 200, 500, 1000)})
    assert read_raster(parameters["OUTPUT_CLASSES"])[0, 0].tolist() == [2, 2, 1]


def test_published_limits_belong_to_the_class_above(parameters, factor):
    """R K LS = 1000 t/(ha a) makes C a tenth of the loss in thousands of t/(km2 a)."""
    given = {**parameters, "R": [factor("r", 1000)], "K": [factor("k", 0.1)], "LS": [factor("ls", 10)]}
    classes = {}
    for name, c in (("at", (0.025, 0.05, 0.08)), ("below", (0.0249, 0.0499, 0.0799)), ("severe", (0.15, 0.149, 0))):
        run(CONSERVATION, {**given, "C": [factor("c", *c)]})
        classes[name] = read_raster(given["OUTPUT_CLASSES"])[0, 0].tolist()
    assert classes == {"at": [3, 4, 5], "below": [2, 3, 4], "severe": [6, 5, 1]}


def test_a_lake_keeps_no_soil(parameters, land_cover):
    found = run(CONSERVATION, {**parameters, "LAND_COVER": [land_cover], "SCHEME": "hj1166"})
    assert found["TOTAL"] == pytest.approx(1048.95 + 1029, rel=1e-6)
    rows = {(row["ecosystem"], row["class_name"]): row for row in read_csv(parameters["OUTPUT_TABLE"])}
    assert set(rows) == {("forest", "slight (tolerable)"), ("cropland", "light"), ("wetland", "slight (tolerable)")}
    assert float(rows["cropland", "light"]["erosion_t"]) == pytest.approx(21, rel=1e-5)
    assert float(rows["wetland", "slight (tolerable)"]["retention_t"]) == 0
    assert {float(row["area_ha"]) for row in rows.values()} == {1}


def test_practice_halves_the_loss(parameters, factor):
    run(CONSERVATION, {**parameters, "P": [factor("p", 0.5)]})
    assert read_raster(parameters["OUTPUT_EROSION"])[0, 0].tolist() == pytest.approx([0.525, 10.5, 0], rel=1e-5)


def test_mean_weather_shows_the_change_of_the_land_alone(parameters, factor):
    given = {
        **parameters,
        "R": [factor("r2000", 2000), factor("r2005", 4000)],
        "C": [factor("c2000", 0.02), factor("c2005", 0.01)],
        "YEARS": "2000, 2005",
    }
    run(CONSERVATION, given)
    actual = read_raster(given["OUTPUT_EROSION"])[:, 0, 0]
    assert actual == pytest.approx([14, 14], rel=1e-5)  # twice the rain, half the bare soil
    run(CONSERVATION, {**given, "CLIMATE": "mean"})
    assert read_raster(given["OUTPUT_EROSION"])[:, 0, 0] == pytest.approx([21, 10.5], rel=1e-5)
    assert {row["year"] for row in read_csv(given["OUTPUT_TABLE"])} == {"2000", "2005"}


def test_maps_have_years_units_and_the_colours_of_the_classes(parameters, factor, tmp_path):
    outputs = {name: str(tmp_path / f"{name}.tif") for name in ("OUTPUT", "OUTPUT_EROSION", "OUTPUT_CLASSES")}
    given = {name: value for name, value in parameters.items() if not name.startswith("OUTPUT")}
    c = [factor("c2000", 0.02, 0.03, 0.04), factor("c2005", 0.01, 0.02, 0.03)]
    project = load_maps(CONSERVATION, {**given, "C": c, "YEARS": "2000, 2005"}, outputs)
    layers = layers_of(project)
    classes = {entry.label: entry.color.name() for entry in layers["Erosion classes 2005"].renderer().classes()}
    ramp = layers["Soil loss 2005"].renderer().shader().rasterShaderFunction().colorRampItemList()
    labels = [item.label for item in ramp]
    names = set(layers)
    project.clear()
    assert names == {
        f"{name} {year}" for name in ("Soil retention", "Soil loss", "Erosion classes") for year in (2000, 2005)
    }
    assert next(iter(classes)) == "slight (tolerable)"
    assert classes["severe (extreme)"] == "#4d1500"
    assert len(set(classes.values())) == 6
    assert all(label.endswith(" t/(ha a)") for label in labels)


def test_a_report(parameters, land_cover, tmp_path):
    run(CONSERVATION, {
        **parameters, "LAND_COVER": [land_cover], "SCHEME": "hj1166", "OUTPUT_HTML": str(tmp_path / "report.html"),
    })  # fmt: skip
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "more than tolerable loss" in page
    assert "SL 190-2007" in page


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("K", (0.3,), "looks like US customary units.*multiply by 0.1317"),
        ("C", (40, 50, 60), "looks like percent"),
        ("R", (3000, -1, 3000), "holds -1, which cannot be"),
    ],
)
def test_bad_factors(parameters, factor, tmp_path, name, values, message):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=message):
        run(CONSERVATION, {**parameters, name: [factor(f"bad_{name}", *values)]})
    assert not any((tmp_path / file).exists() for file in ("retention.tif", "loss.tif", "classes.tif", "table.csv"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"TOLERANCE": 5}, r"looks like t/\(ha a\): multiply it by 100"),
        ({"YEARS": "2000, 2005, 2010", "R": "two"}, "Rainfall erosivity .*: 2 rasters given for 3 year"),
        ({"R": "two"}, "2 raster.s. with 2 band.s. given, but no years"),
    ],
)
def test_bad_input(parameters, factor, changes, message):
    from qgis.core import QgsProcessingException

    if changes.get("R") == "two":
        changes = {**changes, "R": [factor("r1", 3000), factor("r2", 4000)]}
    with pytest.raises(QgsProcessingException, match=message):
        run(CONSERVATION, {**parameters, **changes})
