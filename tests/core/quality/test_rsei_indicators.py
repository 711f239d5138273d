"""Indicators of one pixel by pencil, sensors and calibrations."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.progress import QUIET
from ecoassets.core.quality.rsei.bands import find_bands
from ecoassets.core.quality.rsei.calibration import (
    metadata_calibration,
    product_calibration,
    read_metadata,
    temperature_calibration,
)
from ecoassets.core.quality.rsei.indicators import (
    brightness_temperature,
    built_up_index,
    dryness,
    emissivity,
    normalised_difference,
    single_channel_temperature,
    soil_index,
    surface_temperature,
    wetness,
)
from ecoassets.core.quality.rsei.sensors import SENSORS, load_sensor, parse_bands

FOREST = {"blue": 0.02, "green": 0.05, "red": 0.03, "nir": 0.40, "swir1": 0.15, "swir2": 0.06}


class TestOnePixelOfForest:
    def test_greenness(self):
        assert normalised_difference(0.40, 0.03) == pytest.approx(0.37 / 0.43)

    def test_bare_soil(self):
        # (0.15 + 0.03) - (0.40 + 0.02) over their sum: -0.24 / 0.60
        assert soil_index(0.02, 0.03, 0.40, 0.15) == pytest.approx(-0.4)

    def test_built_up(self):
        # a = 0.30/0.55, b = 0.40/0.43 + 0.05/0.20
        a, b = 0.30 / 0.55, 0.40 / 0.43 + 0.05 / 0.20
        assert built_up_index(0.05, 0.03, 0.40, 0.15) == pytest.approx((a - b) / (a + b))
        assert dryness(0.02, 0.05, 0.03, 0.40, 0.15) == pytest.approx((-0.4 + (a - b) / (a + b)) / 2)

    def test_wetness_of_thematic_mapper(self):
        # Crist 1985: 0.0315, 0.2021, 0.3102, 0.1594, -0.6806, -0.6109
        by_hand = 0.00063 + 0.010105 + 0.009306 + 0.06376 - 0.10209 - 0.036654
        weights = load_sensor("landsat5").wetness_set(None).weights
        bands = {role: np.array([value]) for role, value in FOREST.items()}
        assert wetness(bands, weights)[0] == pytest.approx(by_hand, abs=1e-8)


class TestTemperature:
    def test_planck_backwards(self):
        # 1260.56 / ln(607.76 / 9 + 1)
        assert brightness_temperature(np.array(9.0), 607.76, 1260.56) == pytest.approx(
            1260.56 / math.log(68.5289), 1e-6
        )

    def test_emissivity_of_soil_half_cover_and_forest(self):
        # Pv = 0, (0.15 / 0.3)² = 0.25, 1
        assert emissivity(np.array([0.1, 0.35, 0.8])) == pytest.approx([0.986, 0.987, 0.990])

    def test_a_grey_body_is_warmer_than_it_looks(self):
        # 1 + 11.435e-6 * 300 / 0.01438 * ln 0.98 = 1 - 0.23856 * 0.020203
        found = surface_temperature(np.array(300.0), np.array(0.98), 11.435)
        assert found == pytest.approx(300 / (1 - 0.238560 * 0.0202027), rel=1e-6)
        assert surface_temperature(np.array(300.0), np.array(1.0), 11.435) == 300

    def test_without_an_atmosphere_the_single_channel_sees_the_surface(self):
        # ψ = 1, 0, 0 and ε = 1: γ L + δ = T²/b + T - T²/b
        found = single_channel_temperature(np.array(9.0), np.array(300.0), np.array(1.0), 1256, (1, 0, 0))
        assert found == pytest.approx(300)

    def test_celsius_become_kelvin(self):
        assert temperature_calibration("celsius")(np.array([26.85]), np.zeros(1))[0] == pytest.approx(300)
        with pytest.raises(InputError, match="fahrenheit is not known"):
            temperature_calibration("fahrenheit")


class TestSensors:
    @pytest.mark.parametrize("name", SENSORS)
    def test_wetness_sets_are_unit_vectors(self, name):
        for found in load_sensor(name).wetness.values():
            assert sum(weight**2 for weight in found.weights.values()) == pytest.approx(1, abs=2e-3)

    def test_the_default_of_oli_is_no_dn_set(self):
        sensor = load_sensor("landsat8")
        assert sensor.wetness_set(None).title == "Baig et al. 2014"
        assert sensor.wetness_set("zhai2022").weights["swir2"] == -0.6351
        with pytest.raises(InputError, match="no wetness coefficients crist1985"):
            sensor.wetness_set("crist1985")

    def test_modis_wetness_goes_by_role_not_by_band_order(self):
        weights = load_sensor("modis").wetness_set(None).weights
        assert (weights["red"], weights["blue"], weights["nir2"]) == (0.1147, 0.2408, -0.3122)

    def test_bits_of_the_landsat_quality_band(self):
        # 21824 = clear; 22280 = cloud (bit 3); 23888 = shadow (bit 4); 5440 = clear, TM; 1 = fill
        numbers = np.array([21824, 22280, 23888, 5440, 1])
        masks = [field.masked(numbers) for field in load_sensor("landsat8").quality]
        assert np.logical_or.reduce(masks).tolist() == [False, True, True, False, True]

    def test_the_scene_classes_of_sentinel(self):
        # 4 vegetation, 5 soil, 3 shadow, 9 cloud, 10 cirrus
        (field,) = load_sensor("sentinel2").quality
        assert field.masked(np.array([4, 5, 3, 9, 10])).tolist() == [False, False, True, True, True]

    def test_names_of_bands_win_over_their_order(self, raster):
        names = ("SR_B7", "SR_B5", "SR_B4", "SR_B3", "SR_B2", "SR_B1", "ST_B6", "QA_PIXEL", "extra")
        path = raster(np.ones((9, 1, 1)), descriptions=names)
        found = find_bands(path, 2005, load_sensor("landsat5"), "level2", {})
        assert (found["blue"], found["swir2"], found["thermal"], found["quality"]) == (6, 1, 7, 8)

    def test_the_number_of_bands_tells_without_names(self, raster):
        path = raster(np.ones((7, 1, 1)))
        assert find_bands(path, 2005, load_sensor("landsat5"), "level2", {})["thermal"] == 7
        assert find_bands(path, 2005, load_sensor("landsat5"), "level1", {})["thermal"] == 6
        assert find_bands(path, 2005, load_sensor("landsat8"), "level2", {})["blue"] == 2

    def test_the_wrong_sensor_for_the_number_of_bands(self, raster):
        path = raster(np.ones((4, 1, 1)))
        with pytest.raises(InputError, match=r"Image 2005 \(layer.tif\) has 4 bands.*Landsat 8.*Check the sensor"):
            find_bands(path, 2005, load_sensor("landsat8"), "level2", {})

    def test_bands_as_text(self):
        assert parse_bands("blue:1; green:2") == {"blue": 1, "green": 2}
        with pytest.raises(InputError, match="'pink:3'"):
            parse_bands("blue:1;pink:3")


class TestCalibration:
    def test_collection_2(self):
        found = product_calibration(load_sensor("landsat8"))
        assert found.bands["red"](np.array([10000]))[0] == pytest.approx(0.075)
        assert found.bands["red"].within(np.array([7272, 7273, 43636, 43637])).tolist() == [False, True, True, False]
        assert found.thermal(np.array([44000]), np.zeros(1))[0] == pytest.approx(299.393, abs=1e-3)

    def test_numbers_of_collection_1_by_scale_and_offset(self):
        found = product_calibration(load_sensor("landsat8"), offset=0, scale=0.0001).bands["red"]
        assert found(np.array([750]))[0] == pytest.approx(0.075)
        assert found.within(np.array([-1, 0, 10000, 10001])).tolist() == [False, True, True, False]

    def test_surface_temperature_of_collection_2(self):
        found = temperature_calibration("landsat_c2")
        assert found(np.array([44000]), np.zeros(1))[0] == pytest.approx(299.393, abs=1e-3)
        assert found.numbers.within(np.array([0, 1])).tolist() == [False, True]

    def test_negative_reflectance_is_no_measurement(self):
        band = product_calibration(load_sensor("sentinel2"), -0.1).bands["nir"]
        assert band(np.array([3000]))[0] == pytest.approx(0.2)
        assert band.within(np.array([999, 1000])).tolist() == [False, True]

    def test_metadata_with_reflectance_coefficients(self, tmp_path):
        path = mtl(tmp_path, "LANDSAT_8", range(2, 8), thermal=10)
        found = metadata_calibration(path, load_sensor("landsat8"), None, QUIET)
        # (2e-5 * 10000 - 0.1) / sin 30 degrees
        assert found.bands["red"](np.array([10000.0]))[0] == pytest.approx(0.2)
        radiance = 3.3e-4 * 25000 + 0.1
        kelvin = surface_temperature(1321.0789 / np.log(774.8853 / radiance + 1), emissivity(np.array(0.6)), 10.895)
        assert found.thermal(np.array([25000.0]), np.array([0.6]))[0] == pytest.approx(float(kelvin), rel=1e-9)

    def test_metadata_of_another_sensor(self, tmp_path):
        path = mtl(tmp_path, "LANDSAT_7", range(2, 8), thermal=10)
        with pytest.raises(InputError, match="is of LANDSAT_7, but the sensor is Landsat 8"):
            metadata_calibration(path, load_sensor("landsat8"), None, QUIET)

    def test_a_text_that_is_no_metadata(self, tmp_path):
        path = tmp_path / "notes.txt"
        path.write_text("hello")
        with pytest.raises(InputError, match=r"notes.txt is no Landsat metadata file"):
            read_metadata(str(path))

    def test_radiance_metadata_of_the_real_thematic_mapper(self, shared_data):
        path = shared_data / "landsat5_amazon" / "LT52240631988227CUB02_MTL.txt"
        found = metadata_calibration(str(path), load_sensor("landsat5"), None, QUIET)
        # day 227: d = 1 - 0.01672 cos(0.9856 * 223) = 1.012848; L = 170.52/254 (61 - 1) - 1.52 = 38.760
        # rho = pi L d² / (1983 sin 49.75589)
        by_hand = math.pi * (170.52 / 254 * 60 - 1.52) * 1.012848**2 / (1983 * math.sin(math.radians(49.75588889)))
        assert found.bands["blue"](np.array([61.0]))[0] == pytest.approx(by_hand, rel=1e-5)
        assert found.thermal.constants.k1 == 607.76  # the file has none


def mtl(tmp_path, spacecraft, bands, thermal):
    lines = [f'SPACECRAFT_ID = "{spacecraft}"', "SUN_ELEVATION = 30.0"]
    for band in (*bands, thermal):
        lines += [f"QUANTIZE_CAL_MIN_BAND_{band} = 1", f"REFLECTANCE_MULT_BAND_{band} = 2.0000E-05"]
        lines += [f"REFLECTANCE_ADD_BAND_{band} = -0.100000", f"RADIANCE_MULT_BAND_{band} = 3.3000E-04"]
        lines += [f"RADIANCE_ADD_BAND_{band} = 0.1"]
    path = tmp_path / "MTL.txt"
    path.write_text("\n".join(f"    {line}" for line in lines))
    return str(path)
