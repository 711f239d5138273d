"""RSEI through the algorithm: maps, tables and numbers of two years, other units and levels, styles, bad input."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal
from qgis.core import (
    QgsProcessingModelAlgorithm,
    QgsProcessingModelChildAlgorithm,
    QgsProcessingModelChildParameterSource,
    QgsProcessingModelParameter,
    QgsProcessingParameterString,
)

from ecoassets.tests.algorithms.helpers import layers_of, load_maps, read_csv, run, write_text
from ecoassets.tests.rasters import TOP_LEFT, read_raster, write_raster
from ecoassets.tests.scene_files import CLEAR, OLI, TM, sentinel_numbers, write_landsat, write_safe
from ecoassets.tests.scenes import land

RSEI = "ecoassets:rsei"
EMPTY = -9999


@pytest.fixture
def image(tmp_path):
    return lambda name, bands, dtype="float32": write_raster(tmp_path / f"{name}.tif", bands, dtype, nodata=EMPTY)


@pytest.fixture
def parameters(tmp_path, image):
    """The later year is greener."""
    return {
        "IMAGES": [image("image1", land(1, share_green=0.4)), image("image2", land(1, share_green=0.6))],
        "YEARS": "2000, 2010",
        "SENSOR": "landsat5",
        "LEVEL": "reflectance",
        "OUTPUT": str(tmp_path / "rsei.tif"),
    }


@pytest.fixture
def fails(parameters, tmp_path):
    """Runs with other parameters and gives the message; nothing must be left behind."""
    from qgis.core import QgsProcessingException

    def message(**given):
        with pytest.raises(QgsProcessingException) as told:
            run(RSEI, {**parameters, **given})
        assert not (tmp_path / "rsei.tif").exists()
        return str(told.value)

    return message


def test_two_years_on_one_scale(parameters, tmp_path):
    rasters = {name: str(tmp_path / f"{name}.tif") for name in ("OUTPUT_CLASSES", "OUTPUT_CHANGE", "OUTPUT_INDICATORS")}
    tables = {
        name: str(tmp_path / f"{name}.csv")
        for name in ("OUTPUT_TABLE", "OUTPUT_LOADINGS", "OUTPUT_MOVES", "OUTPUT_STATISTICS")
    }
    found = run(RSEI, {**parameters, **rasters, **tables, "OUTPUT_HTML": str(tmp_path / "rsei.html")})
    index = read_raster(parameters["OUTPUT"])
    assert found["MEAN_FIRST"] == pytest.approx(index[0].mean(), abs=1e-6)
    assert found["MEAN_LAST"] == pytest.approx(index[1].mean(), abs=1e-6)
    assert found["MEAN_LAST"] > found["MEAN_FIRST"] + 0.1
    levels = read_raster(rasters["OUTPUT_CLASSES"])
    assert (levels == np.minimum(index // 0.2 + 1, 5))[(index * 5) % 1 > 1e-4].all()
    assert (read_raster(rasters["OUTPUT_CHANGE"])[0] == levels[1] - levels[0]).all()
    ndvi = read_raster(rasters["OUTPUT_INDICATORS"])[4]
    red, nir = land(1, share_green=0.6)[[2, 3]]
    assert ndvi == pytest.approx((nir - red) / (nir + red), abs=1e-6)
    first = {
        row["indicator"]: float(row["pc1"]) for row in read_csv(tables["OUTPUT_LOADINGS"]) if row["year"] == "2000"
    }
    assert first["ndvi"] > 0 and first["wet"] > 0 and first["ndbsi"] < 0 and first["lst"] < 0
    assert first["contribution_pct"] == pytest.approx(found["CONTRIBUTION"])
    of_year = [row for row in read_csv(tables["OUTPUT_TABLE"]) if row["year"] == "2010"]
    assert sum(float(row["area_ha"]) for row in of_year[:5]) == pytest.approx(float(of_year[5]["area_ha"]))
    moved = sum(float(row["area_ha"]) for row in read_csv(tables["OUTPUT_MOVES"]))
    assert moved == pytest.approx(float(of_year[5]["area_ha"]))
    assert len(read_csv(tables["OUTPUT_STATISTICS"])) == 8
    assert "2000, 2010 · Landsat 5 TM · Crist 1985" in (tmp_path / "rsei.html").read_text(encoding="utf-8")


def test_years_have_one_legend(parameters, tmp_path):
    names = ("OUTPUT", "OUTPUT_CLASSES", "OUTPUT_CHANGE", "OUTPUT_INDICATORS")
    outputs = {name: str(tmp_path / f"{name}.tif") for name in names}
    del parameters["OUTPUT"]
    project = load_maps(RSEI, parameters, outputs)
    layers = layers_of(project)
    ramps = [layers[f"RSEI {year}"].renderer().shader().rasterShaderFunction() for year in (2000, 2010)]
    assert [(ramp.minimumValue(), ramp.maximumValue()) for ramp in ramps] == [(0, 1), (0, 1)]
    assert layers["RSEI 2010"].temporalProperties().fixedTemporalRange().begin().date().year() == 2010
    levels = [c.label for c in layers["RSEI levels 2000"].renderer().classes()]
    assert levels == ["poor", "fair", "moderate", "good", "excellent"]
    change = [c.value for c in layers["Change of RSEI level 2000–2010"].renderer().classes()]
    assert change == [-4, -3, -2, -1, 0, 1, 2, 3, 4]
    warm = [layers[f"LST {year}"].renderer().shader().rasterShaderFunction() for year in (2000, 2010)]
    assert warm[0].maximumValue() == warm[1].maximumValue()
    assert warm[0].colorRampItemList()[0].label.endswith(" K")
    project.clear()


def bands_of(path: str) -> list[str]:
    """What the bands of a raster are called; it is closed by then, so that a run may replace it."""
    dataset = gdal.Open(path)
    return [dataset.GetRasterBand(number + 1).GetDescription() for number in range(dataset.RasterCount)]


def test_composites_tell_their_years_themselves(parameters, image, tmp_path):
    """Those of scenecomposite are named by their years; whatever the order in which they are chosen."""
    first, last = image("composite_2000", land(1, share_green=0.4)), image("composite_2010", land(1, share_green=0.6))
    run(RSEI, {**parameters, "IMAGES": [first, last]})
    expected = read_raster(parameters["OUTPUT"])
    run(RSEI, {**parameters, "IMAGES": [last, first], "YEARS": None})
    assert read_raster(parameters["OUTPUT"]) == pytest.approx(expected, nan_ok=True)
    assert bands_of(parameters["OUTPUT"]) == ["2000", "2010"]
    run(RSEI, {**parameters, "IMAGES": last, "YEARS": None})
    assert bands_of(parameters["OUTPUT"]) == ["2010"]


def test_composites_that_are_given_for_the_years_of_others(parameters, image, fails):
    crossed = [image("composite_2010", land(1)), image("composite_2000", land(1))]
    assert "2000 = composite_2000.tif, 2010 = composite_2010.tif" in fails(IMAGES=crossed)
    run(RSEI, {**parameters, "IMAGES": crossed, "INSIST_ON_YEARS": True})


def test_given_temperatures_in_other_units_change_nothing(parameters, image, tmp_path):
    given = {**parameters, "IMAGES": [image("one", land(1))], "YEARS": "2000"}
    run(RSEI, given)
    expected = read_raster(parameters["OUTPUT"])
    kelvin = land(1)[6]
    celsius = image("celsius", kelvin - 273.15)
    numbers = write_raster(tmp_path / "mod11.tif", np.round(kelvin * 50), "uint16", nodata=0)
    run(RSEI, {**given, "THERMAL": [celsius], "TEMPERATURE_UNIT": "celsius"})
    assert read_raster(parameters["OUTPUT"]) == pytest.approx(expected, abs=1e-4)  # float32 of Celsius and of Kelvin
    run(RSEI, {**given, "THERMAL": [numbers], "TEMPERATURE_UNIT": "mod11"})
    assert read_raster(parameters["OUTPUT"]) == pytest.approx(expected, abs=2e-3)  # half a step of 0.02 K in 15 K


def test_mod11_that_the_file_scales_itself(parameters, image, tmp_path):
    given = {**parameters, "IMAGES": [image("one", land(1))], "YEARS": "2000"}
    numbers = write_raster(tmp_path / "mod11.tif", np.round(land(1)[6] * 50), "uint16", nodata=0)
    run(RSEI, {**given, "THERMAL": [numbers], "TEMPERATURE_UNIT": "mod11"})
    expected = read_raster(parameters["OUTPUT"])
    dataset = gdal.Open(numbers, gdal.GA_Update)
    dataset.GetRasterBand(1).SetScale(0.02)
    del dataset
    run(RSEI, {**given, "THERMAL": [numbers], "TEMPERATURE_UNIT": "mod11"})
    assert read_raster(parameters["OUTPUT"]) == pytest.approx(expected, abs=1e-5)


def test_modis_with_its_own_temperature(parameters, image, tmp_path):
    """MOD09A1 orders its bands red, nir, blue, green, nir2, swir1, swir2."""
    scene = land(1)
    numbers = np.round(scene[[2, 3, 0, 1, 3, 4, 5]] * 10_000)
    warm = write_raster(tmp_path / "mod11.tif", np.round(scene[6] * 50), "uint16", nodata=0)
    given = {
        "SENSOR": "modis",
        "LEVEL": "level2",
        "YEARS": "2010",
        "IMAGES": [image("mod09", numbers, "int16")],
        "THERMAL": [warm],
        "TEMPERATURE_UNIT": "mod11",
        "OUTPUT_INDICATORS": str(tmp_path / "indicators.tif"),
    }
    run(RSEI, {**parameters, **given})
    ndvi, wet, _, lst = read_raster(given["OUTPUT_INDICATORS"])
    assert ndvi == pytest.approx((scene[3] - scene[2]) / (scene[3] + scene[2]), abs=2e-3)
    # Lobser and Cohen 2007: red, nir, blue, green, nir2, swir1, swir2
    weights = [0.1147, 0.2489, 0.2408, 0.3132, -0.3122, -0.6416, -0.5087]
    assert wet == pytest.approx(np.tensordot(weights, numbers / 10_000, 1), abs=1e-5)
    assert lst == pytest.approx(scene[6], abs=0.011)


def test_sentinel_2_takes_its_offset(parameters, image, tmp_path):
    """Numbers of 2022 carry 1000 more; with an offset of 0 they are taken as harmonised."""
    scene = land(1)
    bands = np.round(scene[:6] * 10_000)
    lst = image("lst", scene[6])
    given = {**parameters, "SENSOR": "sentinel2", "LEVEL": "level2", "YEARS": "2022", "THERMAL": [lst]}
    run(RSEI, {**given, "IMAGES": [image("new", bands + 1000, "int16")]})
    expected = read_raster(parameters["OUTPUT"])
    run(RSEI, {**given, "IMAGES": [image("harmonised", bands, "int16")], "OFFSET": 0})
    assert read_raster(parameters["OUTPUT"]) == pytest.approx(expected, abs=1e-6)


def test_landsat_5_and_8_in_one_series(parameters, image):
    tm = land(1)
    slopes = np.array([0.8474, 0.8483, 0.9047, 0.8462, 0.8937, 0.9071, 1])[:, np.newaxis, np.newaxis]
    intercepts = np.array([0.0003, 0.0088, 0.0061, 0.0412, 0.0254, 0.0172, 0])[:, np.newaxis, np.newaxis]
    oli = image("oli", np.concatenate([tm[:1], tm * slopes + intercepts]))  # OLI stacks start with the coastal band
    found = run(RSEI, {**parameters, "IMAGES": [image("tm", tm), oli], "SENSORS": "landsat5, landsat8"})
    assert found["MEAN_FIRST"] == pytest.approx(found["MEAN_LAST"], abs=1e-6)


def test_equal_weights_have_no_contribution(parameters):
    assert "CONTRIBUTION" not in run(RSEI, {**parameters, "MODE": "equal_weight"})


def test_yearly_says_that_years_do_not_compare(parameters):
    from qgis.core import QgsProcessingFeedback

    feedback = QgsProcessingFeedback(False)
    run(RSEI, {**parameters, "MODE": "yearly"}, feedback=feedback)
    assert "values of different years are then not on one scale" in feedback.textLog()


class TestBadInput:
    def test_a_sensor_with_another_number_of_bands(self, fails):
        assert (
            "has 7 bands, and their names tell nothing. A level2 image of Sentinel-2 MSI has 6, 10, 12 bands"
            in fails(SENSOR="sentinel2", LEVEL="level2")
        )

    def test_digital_numbers_given_as_reflectance(self, fails, image):
        numbers = land(1)
        numbers[:6] = np.round((numbers[:6] + 0.2) / 2.75e-5)
        assert "Choose the unit level2 (LEVEL)" in fails(IMAGES=[image("dn", numbers)], YEARS="2000")

    def test_celsius_given_as_kelvin(self, fails, image):
        celsius = [image(f"c{seed}", land(seed)[6] - 273.15) for seed in (1, 2)]
        assert "looks like degrees Celsius. Choose the unit celsius (TEMPERATURE_UNIT)" in fails(THERMAL=celsius)

    def test_fahrenheit_given_as_kelvin(self, fails, image):
        degrees = [image(f"f{seed}", (land(seed)[6] - 273.15) * 1.8 + 32) for seed in (1, 2)]
        assert "which cannot be (Land surface temperature (K)" in fails(THERMAL=degrees)

    def test_fahrenheit_given_as_celsius(self, fails, image):
        degrees = [image(f"f{seed}", (land(seed)[6] - 273.15) * 1.8 + 32) for seed in (1, 2)]
        assert "cannot be celsius: it looks like Kelvin or Fahrenheit" in fails(
            THERMAL=degrees, TEMPERATURE_UNIT="celsius"
        )

    def test_years_with_different_bands(self, fails, parameters, image):
        more = np.concatenate([land(2), np.full((1, 40, 30), 5440, dtype=np.float32)])
        message = fails(IMAGES=[parameters["IMAGES"][0], image("more", more)])
        assert "The images have different bands (number of bands: 2000 7, 2010 8)" in message

    def test_a_constant_indicator(self, fails, image):
        flat = land(1)
        flat[6] = 300
        assert "LST is constant (300) in 2000" in fails(IMAGES=[image("flat", flat)], YEARS="2000")

    def test_an_image_that_is_all_cloud(self, fails, tmp_path):
        cloud = np.concatenate([np.full((7, 4, 4), 12_000), np.full((1, 4, 4), 22_280)])
        path = write_raster(tmp_path / "cloud.tif", cloud, "uint16", nodata=0)
        message = fails(IMAGES=[path], YEARS="2000", LEVEL="level2")
        assert "No pixel is left" in message and "cloud or shadow in the quality band 16 ha" in message

    def test_band_files_in_place_of_a_stack(self, fails, image):
        bands = [image(f"b{number}", band) for number, band in enumerate(land(1))]
        message = fails(IMAGES=bands, YEARS="2000")
        assert "7 image(s) given for 1 year(s)" in message and "Build Virtual Raster" in message

    def test_no_thermal_band(self, fails, image):
        assert "has no thermal band" in fails(IMAGES=[image("cold", land(1)[:6])], YEARS="2000")

    def test_level_1_without_its_metadata(self, fails):
        assert "0 metadata file(s) given for 2 year(s)" in fails(LEVEL="level1")

    def test_metadata_that_is_none(self, fails, parameters, tmp_path):
        text = write_text(tmp_path / "MTL.txt", "nothing\n")
        message = fails(LEVEL="level1", IMAGES=parameters["IMAGES"][:1], YEARS="2000", METADATA=[text])
        assert "is no Landsat metadata file" in message

    def test_change_of_a_single_year(self, fails, parameters, tmp_path):
        message = fails(IMAGES=parameters["IMAGES"][:1], YEARS="2000", OUTPUT_CHANGE=str(tmp_path / "change.tif"))
        assert "only one year is given (2000)" in message

    def test_bands_that_are_not_understood(self, fails):
        assert "BANDS holds 'infrared:4', which is not understood" in fails(BANDS="blue:1;infrared:4")

    def test_wetness_of_another_sensor(self, fails):
        assert "Landsat 5 TM has no wetness coefficients baig2014. Choose one of crist1985" in fails(WETNESS="baig2014")


@pytest.fixture
def scenes(tmp_path):
    """Two years of three scenes each, with clouds over a third; the images that they should become."""
    random = np.random.default_rng(4)
    images = []
    for year, names, craft, green in ((2000, TM, "LT05", 0.4), (2020, OLI, "LC08", 0.6)):
        for number, day in enumerate(("0601", "0703", "0719")):
            image = land(1, share_green=green)
            numbers = {
                name: np.round((band - 149) / 0.00341802 if name.startswith("ST") else (band + 0.2) / 2.75e-05)
                for name, band in zip(names, image)
            }
            numbers = {name: band.astype(np.uint16) for name, band in numbers.items()}
            cloud = np.zeros(image.shape[1:], dtype=bool)
            cloud[number * 13 : number * 13 + 13] = True
            for band in numbers.values():
                band[cloud] = 60000
            quality = {"QA_PIXEL": np.where(cloud, CLEAR | 1 << 3, CLEAR).astype(np.uint16)}
            product = f"{craft}_L2SP_123032_{year}{day}_20220101_02_T1"
            write_landsat(tmp_path / "scenes", product, {**numbers, **quality}, tar=bool(random.integers(2)))
        images.append(land(1, share_green=green))
    return tmp_path / "scenes", images


def _run_of_images(image, images, tmp_path):
    given = [image("y2000", images[0]), image("y2020", images[1])]
    out = str(tmp_path / "expected.tif")
    run(RSEI, {"IMAGES": given, "YEARS": "2000, 2020", "SENSORS": "landsat5, landsat8", "LEVEL": "reflectance",
               "OUTPUT": out})  # fmt: skip
    return read_raster(out)


@pytest.mark.parametrize("how", ["folder", "list", "one by one"])
def test_scenes_are_composed_and_give_the_index_of_their_composites(scenes, image, tmp_path, how):
    folder, images = scenes
    expected = _run_of_images(image, images, tmp_path)
    products = sorted(str(path) for path in folder.iterdir())
    given = {
        "folder": {"DOWNLOADS": str(folder)},
        "list": {"IMAGES": [str(folder)]},
        "one by one": {"IMAGES": products},
    }
    found = run(RSEI, {**given[how], "SEASON": "06-01..09-30", "OUTPUT": str(tmp_path / "rsei.tif"),
                       "OUTPUT_HTML": str(tmp_path / "rsei.html")})  # fmt: skip
    made = read_raster(found["OUTPUT"])
    assert made.shape == expected.shape
    assert made == pytest.approx(expected, abs=2e-3)  # numbers are stored in steps of 2.75e-05
    assert "Landsat 5 TM, Landsat 8" in (tmp_path / "rsei.html").read_text(encoding="utf-8")
    assert not list(tmp_path.glob("composite*"))


@pytest.mark.parametrize(("mask", "told"), [(["cloud", "shadow"], "were masked"), (["cirrus"], "No quality band")])
def test_composites_are_doubted_only_where_clouds_stayed_in_them(scenes, tmp_path, mask, told):
    from qgis.core import QgsProcessingFeedback

    folder, _ = scenes
    made = run("ecoassets:scenecomposite", {"SCENES": str(folder), "MASK": mask, "MINIMUM_CLEAR": 1,
                                            "FOLDER": str(tmp_path / "made")})  # fmt: skip
    feedback = QgsProcessingFeedback(False)
    given = {
        "IMAGES": made["COMPOSITES"],
        "YEARS": "2000, 2020",
        "SENSORS": "landsat5, landsat8",
        "LEVEL": "reflectance",
    }
    run(RSEI, {**given, "OUTPUT": str(tmp_path / "rsei.tif")}, feedback=feedback)
    assert (told in feedback.textLog(), "No quality band" in feedback.textLog()) == (True, told == "No quality band")


def test_sensors_of_one_year_are_harmonised_scene_by_scene(scenes, tmp_path):
    folder, _ = scenes
    numbers = {name: np.full((40, 30), 11000, np.uint16) for name in TM[:6]}
    numbers |= {"ST_B6": np.full((40, 30), 44000, np.uint16), "QA_PIXEL": np.full((40, 30), CLEAR, np.uint16)}
    write_landsat(folder, "LE07_L2SP_123032_20200611_20220101_02_T1", numbers)
    found = run(RSEI, {"DOWNLOADS": str(folder), "OUTPUT": str(tmp_path / "rsei.tif")})
    assert np.isfinite(read_raster(found["OUTPUT"])).any()


def test_scenes_and_rasters_do_not_stand_in_one_list(scenes, image, tmp_path, fails):
    folder, images = scenes
    both = [str(folder), image("y2020", images[1])]
    assert "cannot stand in one list" in fails(IMAGES=both)
    assert "DOWNLOADS" in fails(IMAGES=[])


def test_sentinel_2_needs_a_temperature_before_any_work(tmp_path, image, fails):
    """With THERMAL it runs; without, nothing is composed."""
    numbers = sentinel_numbers(3, 60)
    safe = "S2A_MSIL2A_20210820T023551_N0500_R089_T50TMK_20230301T000000.SAFE"
    made = write_safe(tmp_path / "s2", safe, numbers, epsg=32650, kind="tif", top_left=TOP_LEFT)
    told = fails(IMAGES=[], DOWNLOADS=str(made), YEARS="")
    assert "no scene has a surface temperature" in told and "THERMAL" in told
    heat = image("heat", 290 + 10 * np.random.default_rng(1).random((40, 40)))
    found = run(RSEI, {"DOWNLOADS": str(made), "THERMAL": [heat], "OUTPUT": str(tmp_path / "rsei.tif")})
    assert 0 < found["MEAN_FIRST"] < 1


def test_a_model_takes_scenes_too(scenes, tmp_path):
    folder, _ = scenes
    model, child = QgsProcessingModelAlgorithm("index of scenes"), QgsProcessingModelChildAlgorithm(RSEI)
    child.setChildId("rsei")
    parameter = QgsProcessingModelParameter("FOLDER")
    model.addModelParameter(QgsProcessingParameterString("FOLDER", "folder"), parameter)
    value = QgsProcessingModelChildParameterSource
    child.addParameterSources("DOWNLOADS", [value.fromModelParameter("FOLDER")])
    child.addParameterSources("OUTPUT", [value.fromStaticValue(str(tmp_path / "rsei.tif"))])
    model.addChildAlgorithm(child)
    run(model, {"FOLDER": str(folder)})
    assert read_raster(tmp_path / "rsei.tif").shape == (2, 40, 30)
