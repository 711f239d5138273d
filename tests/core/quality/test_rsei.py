"""The index: components by hand and by numpy, joint runs against stacked arrays, a real scene, and bad input."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal, ogr, osr

from ecoassets.core.errors import InputError
from ecoassets.core.quality.rsei.components import covariance, doubts, moments, orient, principal_components
from ecoassets.core.quality.rsei.images import REASONS
from ecoassets.core.quality.rsei.indicators import INDICATORS
from ecoassets.core.quality.rsei.inputs import RseiInputs
from ecoassets.core.quality.rsei.maps import RseiOutputs, rsei_levels
from ecoassets.core.quality.rsei.run import run_rsei
from ecoassets.core.quality.rsei.tables import change_table, level_table, loadings_table
from ecoassets.core.raster.settings import RasterSettings
from ecoassets.tests.scenes import land

BANDS = ("blue", "green", "red", "nir", "swir1", "swir2", "lst")
NODATA = -9999.0


def stacked_indicators(image):
    """The indicators of an image as one would write them in a notebook, shape (4, pixels)."""
    blue, green, red, nir, swir1, swir2, lst = image.reshape(7, -1).astype(np.float64)
    wet = 0.0315 * blue + 0.2021 * green + 0.3102 * red + 0.1594 * nir - 0.6806 * swir1 - 0.6109 * swir2
    si = ((swir1 + red) - (nir + blue)) / ((swir1 + red) + (nir + blue))
    a, b = 2 * swir1 / (swir1 + nir), nir / (nir + red) + green / (green + swir1)
    return np.stack([(nir - red) / (nir + red), wet, (si + (a - b) / (a + b)) / 2, lst])


def stacked_rsei(images, clip=0.01):
    """The joint index of all images as arrays, shape (years, pixels), and the first eigenvector."""
    raw = np.hstack([stacked_indicators(image) for image in images])
    low, high = np.quantile(raw, [clip, 1 - clip], axis=1)
    normalised = np.clip((raw - low[:, None]) / (high - low)[:, None], 0, 1)
    values, vectors = np.linalg.eigh(np.cov(normalised))
    first = vectors[:, -1] * np.sign(vectors[0, -1])
    score = first @ normalised
    least, most = np.quantile(score, [clip, 1 - clip])
    return np.clip((score - least) / (most - least), 0, 1).reshape(len(images), -1), first, values[::-1]


@pytest.fixture
def inputs(raster):
    """Inputs of several years of land, as reflectance with names of bands that are roles of Landsat 5."""

    def make(images, years=(2000, 2010), **others):
        names = ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7", "ST_B6")
        paths = tuple(raster(image, f"image{i}", descriptions=names) for i, image in enumerate(images))
        given = {"sensor": "landsat5", "level": "reflectance", **others}
        return RseiInputs(paths, years[: len(paths)], **given)

    return make


class TestComponents:
    def test_streamed_components_are_those_of_the_full_matrix(self):
        values = np.random.default_rng(3).random((4, 5000)) * np.array([1, 0.5, 0.2, 0.05])[:, np.newaxis] + 0.4
        summed = sum(moments(part) for part in np.array_split(values, 7, axis=1))
        expected = np.linalg.eigh(np.cov(values))
        found = principal_components(covariance(summed))
        assert covariance(summed) == pytest.approx(np.cov(values), abs=1e-12)
        assert found.eigenvalues == pytest.approx(expected[0][::-1], abs=1e-9)
        assert np.abs(found.loadings) == pytest.approx(np.abs(expected[1][:, ::-1]), abs=1e-9)

    @pytest.mark.parametrize("sign", [1, -1])
    def test_either_eigenvector_gives_the_same_index(self, sign):
        assert orient(sign * np.array([0.5, 0.5, -0.5, -0.5])).tolist() == [0.5, 0.5, -0.5, -0.5]

    def test_an_undecided_eigenvector_follows_greenness(self):
        assert orient(np.array([-0.5, 0.5, 0.5, -0.5])).tolist() == [0.5, -0.5, -0.5, 0.5]

    def test_wrong_signs_and_weak_components_are_told(self):
        # variance along (0.6, -0.4, -0.4, ...) of an arid place: wetness runs against greenness
        first = np.array([0.678, -0.6, -0.3, -0.302])
        found = principal_components(np.outer(first, first) + 0.3 * np.eye(4))
        told = doubts(found)
        assert "WET (-0.6" in told[0]
        assert "NDVI" not in told[0].split("with")[0]
        assert "less than 60 %" not in told[0]
        assert any("less than 60 %" in doubt for doubt in doubts(principal_components(np.eye(4) + 0.1)))


class TestJoint:
    def test_it_is_the_index_of_the_stacked_arrays(self, inputs, read, tmp_path):
        images = [land(1), land(2, share_green=0.6, warmth=1)]
        outputs = RseiOutputs(str(tmp_path / "rsei.tif"), str(tmp_path / "indicators.tif"))
        result = run_rsei(inputs(images), outputs)
        expected, first, eigenvalues = stacked_rsei(images)
        # indicators are float32 here (1e-7 of their range), float64 there
        assert result.components[0].loadings[:, 0] == pytest.approx(first, abs=1e-6)
        assert result.components[1].eigenvalues == pytest.approx(eigenvalues, abs=1e-6)
        assert read(outputs.index).reshape(2, -1) == pytest.approx(expected, abs=2e-5)
        assert result.means == pytest.approx(expected.mean(axis=1), abs=1e-5)
        both = np.concatenate([stacked_indicators(image) for image in images])
        assert read(outputs.indicators).reshape(8, -1) == pytest.approx(both, rel=1e-5, abs=1e-6)

    def test_years_in_another_order_tile_size_and_threads_change_nothing(self, inputs, read, tmp_path):
        images = [land(1), land(2, share_green=0.7), land(3, share_green=0.3)]
        index = str(tmp_path / "rsei.tif")
        run_rsei(inputs(images, (2000, 2005, 2010)), RseiOutputs(index))
        forward = read(index)
        run_rsei(inputs(images[::-1], (2000, 2005, 2010)), RseiOutputs(index), RasterSettings(tile=16, threads=2))
        assert read(index)[::-1] == pytest.approx(forward, abs=1e-6)

    def test_bands_of_water_and_clouds_do_not_count(self, inputs, read, tmp_path):
        image = land(1)
        image[1, 0, 0], image[4, 0, 0] = 0.08, 0.01  # green above swir1: water
        image[3, 0, 1] = NODATA
        outputs = RseiOutputs(str(tmp_path / "rsei.tif"))
        result = run_rsei(inputs([image], (2000,)), outputs)
        assert np.isnan(read(outputs.index)[0, :2]).all()
        assert left_out(result) == {
            (2000, "water"): 1,
            (2000, "no data, or numbers outside the sensor's valid range"): 1,
        }
        assert result.area_ha.sum() == 40 * 30 - 2

    def test_forest_is_better_than_soil_and_years_are_comparable(self, inputs):
        greener = run_rsei(inputs([land(1, share_green=0.4), land(1, share_green=0.6)]), RseiOutputs())
        assert greener.means[1] > greener.means[0] + 0.1
        assert all(row[6] > 80 for row in loadings_table(greener).rows)

    def test_tables(self, inputs, read, tmp_path):
        outputs = RseiOutputs(classes=str(tmp_path / "classes.tif"), change=str(tmp_path / "change.tif"))
        result = run_rsei(inputs([land(1), land(2)]), outputs)
        levels, change = read(outputs.classes), read(outputs.change)
        for row in level_table(result).rows[:5]:
            assert row[2] == np.count_nonzero(levels[0] == row[5])
        assert level_table(result).rows[5][1:3] == ("all", 1200)
        moved = {row[2:5]: row[5] for row in change_table(result).rows}
        assert moved["poor", "good", 3] == np.count_nonzero((levels[0] == 1) & (levels[1] == 4))
        assert (change == levels[1] - levels[0]).all()
        assert [row[1] for row in loadings_table(result).rows[:6]] == [*INDICATORS, "eigenvalue", "contribution_pct"]


class TestModes:
    def test_reference_equals_a_run_of_the_reference_alone(self, inputs, read, tmp_path):
        images = [land(1), land(2, share_green=0.7)]
        index = str(tmp_path / "rsei.tif")
        run_rsei(inputs(images, mode="reference", reference_year=2010), RseiOutputs(index))
        projected = read(index)
        run_rsei(inputs(images[1:], (2010,)), RseiOutputs(index))
        assert projected[1] == pytest.approx(read(index), abs=1e-6)
        assert projected[0].mean() < projected[1].mean()

    def test_yearly_equals_separate_runs_and_warns(self, inputs, read, tmp_path, told):
        images = [land(1), land(2, share_green=0.7)]
        index = str(tmp_path / "rsei.tif")
        run_rsei(inputs(images, mode="yearly"), RseiOutputs(index), progress=told)
        assert any("not on one scale" in warning for warning in told.warnings)
        both = read(index)
        run_rsei(inputs(images[1:], (2010,)), RseiOutputs(index))
        assert both[1] == pytest.approx(read(index), abs=1e-6)

    def test_equal_weights_by_hand(self, inputs, read, tmp_path):
        image = land(1, shape=(5, 4))
        outputs = RseiOutputs(str(tmp_path / "rsei.tif"))
        run_rsei(inputs([image], (2000,), mode="equal_weight", normalise="minmax"), outputs)
        raw = stacked_indicators(image)
        ndvi, wet, ndbsi, lst = (raw - raw.min(axis=1)[:, None]) / np.ptp(raw, axis=1)[:, None]
        expected = (ndvi + wet + (1 - ndbsi) + (1 - lst)) / 4
        assert read(outputs.index).ravel() == pytest.approx(expected, abs=1e-5)

    def test_temperature_may_come_from_another_raster(self, inputs, raster, read, tmp_path):
        image = land(1)
        index = str(tmp_path / "rsei.tif")
        run_rsei(inputs([image], (2000,)), RseiOutputs(index))
        expected = read(index)
        celsius = raster(image[6] - 273.15, "lst")
        run_rsei(inputs([image], (2000,), temperature=(celsius,), temperature_unit="celsius"), RseiOutputs(index))
        assert read(index) == pytest.approx(expected, abs=1e-4)  # 3e-5 K of float32 in a range of 15 K


class TestSensors:
    """Landsat 5 in 2000 and Landsat 8 in 2020 of the same land."""

    @pytest.fixture
    def images(self, raster):
        slopes = np.array([0.8474, 0.8483, 0.9047, 0.8462, 0.8937, 0.9071, 1])[:, np.newaxis, np.newaxis]
        intercepts = np.array([0.0003, 0.0088, 0.0061, 0.0412, 0.0254, 0.0172, 0])[:, np.newaxis, np.newaxis]
        tm = land(1)
        oli = np.concatenate([tm[:1], tm * slopes + intercepts])  # OLI stacks start with the coastal band
        return raster(tm, "tm"), raster(oli, "oli")

    def mixed(self, images, **others):
        return RseiInputs(images, (2000, 2020), "landsat8", "reflectance", sensors=("landsat5", "landsat8"), **others)

    def test_the_same_land_has_the_same_index(self, images, read, tmp_path, told):
        outputs = RseiOutputs(str(tmp_path / "rsei.tif"), str(tmp_path / "indicators.tif"))
        result = run_rsei(self.mixed(images), outputs, progress=told)
        before, after = read(outputs.index)
        assert before == pytest.approx(after, abs=2e-5)
        assert read(outputs.indicators)[:4] == pytest.approx(read(outputs.indicators)[4:], rel=1e-4, abs=1e-5)
        assert "Reflectance of 2000 is brought to that of OLI (Roy et al. 2016)." in told.messages
        assert result.inputs.series().title == "Landsat 5 TM, Landsat 8 OLI-TIRS · Baig et al. 2014"

    def test_without_harmonisation_each_keeps_its_own_scale(self, images, read, tmp_path, told):
        outputs = RseiOutputs(indicators=str(tmp_path / "indicators.tif"))
        run_rsei(self.mixed(images, harmonise="none"), outputs, progress=told)
        assert read(outputs.indicators)[:4].reshape(4, -1) == pytest.approx(
            stacked_indicators(land(1)), rel=1e-5, abs=1e-6
        )
        assert any("their wetness is not on one scale" in warning for warning in told.warnings)

    def test_tm_and_etm_are_taken_as_one(self, images):
        both = RseiInputs(images, (2000, 2010), "landsat5", "reflectance", sensors=("landsat5", "landsat7"))
        assert both.series().to_oli == (False, False)
        assert {wetness.title for wetness in both.series().wetness} == {"Huang et al. 2002"}

    def test_a_set_for_surface_reflectance_is_named(self, raster, told):
        scene = land(1)
        numbers = np.concatenate([np.round((scene[:6] + 0.2) / 2.75e-5), np.round((scene[6:] - 149) / 0.00341802)])
        path = raster(np.concatenate([numbers[:1], numbers]), "oli2", gdal.GDT_UInt16, nodata=0)
        run_rsei(RseiInputs((path,), (2020,), "landsat8"), RseiOutputs(), progress=told)
        assert "Level 2 is surface reflectance; WETNESS zhai2022 is made for it." in told.messages

    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ({"sensors": ("landsat5",)}, "SENSORS names 1 sensor.* for 2 year"),
            ({"sensors": ("landsat5", "sentinel2")}, "Sentinel-2 MSI cannot be harmonised"),
            ({"level": "level1"}, "hold for surface reflectance, but LEVEL is level1"),
            ({"harmonise": "roy"}, "HARMONISE is roy"),
            ({"wetness": "crist1985"}, "Landsat 8 OLI-TIRS has no wetness coefficients crist1985"),
        ],
    )
    def test_what_cannot_be_harmonised_is_told(self, images, given, message):
        asked = {"level": "reflectance", "sensors": ("landsat5", "landsat8"), **given}
        with pytest.raises(InputError, match=message):
            run_rsei(RseiInputs(images, (2000, 2020), "landsat8", **asked), RseiOutputs())


def left_out(result):
    """Area by year and reason, where there is any."""
    areas = zip(result.inputs.years, result.left_out_ha)
    return {(year, why): area for year, of_year in areas for why, area in zip(REASONS, of_year) if area}


class TestMasks:
    def test_clouds_of_one_year_take_the_pixel_from_all_years_or_from_that_year(self, inputs, read, tmp_path):
        images = [land(1), land(2)]
        images[1][3, 0, 0] = NODATA
        index = str(tmp_path / "rsei.tif")
        common = run_rsei(inputs(images), RseiOutputs(index))
        assert np.isnan(read(index)[:, 0, 0]).all()
        assert left_out(common).keys() == {
            (2000, "left out in another year"),
            (2010, "no data, or numbers outside the sensor's valid range"),
        }
        yearly = run_rsei(inputs(images), RseiOutputs(index), RasterSettings(mask="yearly"))
        assert np.isnan(read(index)[:, 0, 0]).tolist() == [False, True]
        assert yearly.area_ha.sum(axis=1).tolist() == [1200, 1199]

    def test_the_inside_of_mask_polygons_does_not_count(self, inputs, read, tmp_path):
        path = str(tmp_path / "mask.gpkg")
        corners = [[500_000, 4_400_000], [500_300, 4_400_000], [500_300, 4_399_800], [500_000, 4_399_800]]
        ring = ", ".join(f"{x} {y}" for x, y in [*corners, corners[0]])
        dataset = ogr.GetDriverByName("GPKG").CreateDataSource(path)
        reference = osr.SpatialReference()
        reference.ImportFromEPSG(32650)
        layer = dataset.CreateLayer("mask", reference, ogr.wkbPolygon)
        feature = ogr.Feature(layer.GetLayerDefn())
        feature.SetGeometry(ogr.CreateGeometryFromWkt(f"POLYGON (({ring}))"))
        layer.CreateFeature(feature)
        del feature, layer, dataset
        index = str(tmp_path / "rsei.tif")
        run_rsei(inputs([land(1)], (2000,), mask=path), RseiOutputs(index))
        outside = ~np.isnan(read(index))
        assert not outside[:2, :3].any()
        assert outside.sum() == 40 * 30 - 2 * 3


def test_levels_include_their_lower_bound():
    assert rsei_levels(np.array([0, 0.19, 0.2, 0.6, 0.8, 1.0])).tolist() == [1, 1, 2, 4, 5, 5]


def test_collection_2_numbers_give_the_index_of_their_reflectance(inputs, raster, read, tmp_path):
    image = land(5)
    numbers = np.concatenate([np.round((image[:6] + 0.2) / 2.75e-5), np.round((image[6:] - 149) / 0.00341802)])
    quality = np.full((1, 40, 30), 5440)
    quality[0, 0, 0] = 5440 | 1 << 3
    path = raster(np.concatenate([numbers, quality]), "level2", gdal.GDT_UInt16, nodata=0)
    index = str(tmp_path / "rsei.tif")
    run_rsei(RseiInputs((path,), (2000,), "landsat5"), RseiOutputs(index))
    found = read(index)
    assert np.isnan(found[0, 0])
    expected, _, _ = stacked_rsei([image[:, 1:]])
    # without the first row the limits move a little, and numbers are rounded
    assert found[1:].ravel() == pytest.approx(expected[0], abs=0.03)


class TestBadInput:
    def run(self, inputs, images, years=(2000, 2010), **others):
        return run_rsei(inputs(images, years, **others), RseiOutputs())

    def test_digital_numbers_given_as_reflectance(self, inputs):
        image = land(1)
        image[:6] = np.round((image[:6] + 0.2) / 2.75e-5)
        with pytest.raises(InputError, match=r"looks like the integers of Landsat Collection 2"):
            self.run(inputs, [image])

    def test_reflectance_given_as_digital_numbers(self, inputs):
        with pytest.raises(InputError, match=r"looks like reflectance from 0 to 1\. Choose LEVEL reflectance"):
            self.run(inputs, [land(1)], level="level2")

    def test_celsius_given_as_kelvin(self, inputs):
        image = land(1)
        image[6] -= 273.15
        with pytest.raises(InputError, match="looks like degrees Celsius"):
            self.run(inputs, [image])

    def test_fahrenheit_given_as_celsius(self, inputs):
        image = land(1)
        image[6] = (image[6] - 273.15) * 1.8 + 32
        with pytest.raises(InputError, match="cannot be celsius: it looks like Kelvin or Fahrenheit"):
            self.run(inputs, [image], temperature_unit="celsius")

    def test_years_with_different_bands(self, inputs, raster):
        given = inputs([land(1), land(2)])
        extra = raster(
            np.concatenate([land(2), land(2)[:1]]), "more", descriptions=("B1", "B2", "B3", "B4", "B5", "B7", "B6", "x")
        )
        mixed = RseiInputs((given.images[0], extra), given.years, "landsat5", "reflectance")
        with pytest.raises(InputError, match=r"different bands .*2000 7, 2010 8"):
            run_rsei(mixed, RseiOutputs())

    def test_a_constant_indicator(self, inputs):
        image = land(1)
        image[6] = 300
        with pytest.raises(InputError, match=r"LST is constant \(300\) in 2000"):
            self.run(inputs, [image])

    def test_all_cloud(self, raster):
        image = np.concatenate([np.full((7, 4, 4), 12000), np.full((1, 4, 4), 22280)])
        path = raster(image, gdal_type=gdal.GDT_UInt16, nodata=0)
        with pytest.raises(InputError, match=r"No pixel is left .* cloud or shadow in the quality band 16 ha"):
            run_rsei(RseiInputs((path,), (2000,), "landsat5"), RseiOutputs())

    def test_no_thermal_band(self, raster):
        path = raster(land(1)[:6])
        with pytest.raises(InputError, match=r"has no thermal band.*Give rasters of land surface temperature"):
            run_rsei(RseiInputs((path,), (2000,), "landsat5", "reflectance"), RseiOutputs())

    def test_as_many_images_as_years(self, inputs):
        given = inputs([land(1)], (2000,))
        with pytest.raises(InputError, match=r"1 image.*2 year"):
            run_rsei(RseiInputs(given.images, (2000, 2010), "landsat5"), RseiOutputs())


def test_the_amazon_in_1988(shared_data, read, tmp_path):
    """A reservoir, forest and clearings; the metadata has no thermal constants."""
    folder = shared_data / "landsat5_amazon"
    bands = [str(folder / f"LT52240631988227CUB02_B{number}.TIF") for number in range(1, 8)]
    stack = str(tmp_path / "stack.vrt")
    gdal.BuildVRT(stack, bands, separate=True).FlushCache()
    outputs = RseiOutputs(str(tmp_path / "rsei.tif"), str(tmp_path / "indicators.tif"))
    metadata = (str(folder / "LT52240631988227CUB02_MTL.txt"),)
    result = run_rsei(RseiInputs((stack,), (1988,), "landsat5", "level1", metadata), outputs)
    loadings = result.components[0].loadings[:, 0]
    assert (np.sign(loadings) == [1, 1, -1, -1]).all()
    assert result.components[0].shares_pct[0] > 75
    index = read(outputs.index)
    red, nir = (gdal.Open(bands[i]).ReadAsArray().astype(float) for i in (2, 3))
    forest, clearing, water = (nir > 60) & (red < 17), (red > 30) & (nir > 40), nir < 15
    assert forest.sum() > 20_000 and clearing.sum() > 1000 and water.sum() > 10_000
    assert np.nanmean(index[forest]) > 0.8
    assert np.nanmean(index[clearing]) < 0.4
    assert np.isnan(index[water]).mean() > 0.99
    # the covariance of the whole matrix, from the map of indicators
    values = read(outputs.indicators).reshape(4, -1)
    values = values[:, ~np.isnan(values[0])]
    model = result.models[0]
    expected = np.linalg.eigh(np.cov(model.normalise(values)))
    assert result.components[0].eigenvalues == pytest.approx(expected[0][::-1], abs=1e-9)
    assert np.abs(result.components[0].loadings) == pytest.approx(np.abs(expected[1][:, ::-1]), abs=1e-9)
