"""Degradation of a few pixels by pencil: thresholds, tiny values, classes, unions and the standard HJ 1174."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.errors import InputError
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.quality.degradation.kernel import change_direction, severity_of, union
from ecoassets.core.quality.degradation.run import ComparedLayer, DegradationInputs, DegradationOutputs, run_degradation
from ecoassets.core.quality.degradation.tables import degradation_table, severity_table

FOREST, MEADOW, SWAMP, ARABLE = 11, 31, 41, 51
SCHEME = load_scheme("hj1166")


@pytest.fixture
def layer(raster):
    def make(before, after, name="water", **others):
        return ComparedLayer(name, raster([before], f"{name}1"), raster([after], f"{name}2"), **others)

    return make


@pytest.fixture
def cover(raster):
    return lambda codes, name="cover": raster([codes], name, gdal.GDT_Byte, nodata=0)


@pytest.fixture
def outputs(tmp_path):
    return DegradationOutputs(str(tmp_path / "classes.tif"))


@pytest.fixture
def judged(tmp_path):
    return DegradationOutputs(str(tmp_path / "classes.tif"), str(tmp_path / "severity.tif"))


def areas(result):
    return {row[:3]: row[3] for row in degradation_table(result).rows if row[3]}


class TestDirections:
    @pytest.mark.parametrize(
        ("before", "after", "direction"),
        [
            (100, 90, -1),  # a loss of 10 % reaches the threshold
            (100, 90.1, 0),
            (100, 110, 1),
            (-100, -110, -1),  # of the absolute value: a deficit grows
            (0, 5, 1),  # no percentage, but more than before
            (0, 0, 0),
            (1, 0.5, 0),  # a loss of 50 %, but of less than 0.8
        ],
    )
    def test_relative_change(self, before, after, direction):
        found = change_direction(np.array([before]), np.array([after]), 10, relative=True, smallest=0.8)
        assert found[0] == direction

    def test_thresholds_hold_in_float32_too(self):
        before, after = np.array([0.3], dtype=np.float32), np.array([0.27], dtype=np.float32)
        assert change_direction(before, after, 10, relative=True)[0] == -1

    def test_a_threshold_of_zero_is_the_sign_of_the_change(self):
        found = change_direction(np.array([5.0, 5, 5]), np.array([4.9, 5, 5.1]), 0, relative=True)
        assert found.tolist() == [-1, 0, 1]

    def test_absolute_change(self):
        found = change_direction(np.array([60.0, 60, 60]), np.array([57.0, 58, 63]), 3, relative=False)
        assert found.tolist() == [-1, 0, 1]

    def test_union(self):
        first, second = np.array([-1, 1, 0, 1, 0]), np.array([1, 1, 0, 0, -1])
        valid = [np.ones(5, dtype=bool), np.array([True, True, True, True, False])]
        assert union([first, second], valid).tolist() == [-1, 1, 0, 1, 0]


class TestLayers:
    def test_tiny_values_do_not_flood_the_map(self, layer, outputs, read, told):
        """95th percentile of 20 values of 100 and one of 0.1 is 100: changes below 1 do not count."""
        before, after = [100] * 20 + [0.1], [80] + [100] * 19 + [0.01]
        result = run_degradation(DegradationInputs((layer(before, after),)), outputs, progress=told)
        assert read(outputs.classes)[0].tolist() == [-1] + [0] * 20
        assert "water: changes below 1 do not count." in told.messages
        assert areas(result) == {("water", "all", "degraded"): 1, ("water", "all", "unchanged"): 20}

    def test_a_given_smallest_change_wins(self, layer, outputs, read):
        inputs = DegradationInputs((layer([100, 0.1], [80, 0.01]),), minimum_change=0)
        run_degradation(inputs, outputs)
        assert read(outputs.classes)[0].tolist() == [-1, -1]

    def test_more_erosion_is_worse(self, layer, outputs, read):
        run_degradation(DegradationInputs((layer([10, 10], [20, 5], higher_is_better=False),)), outputs)
        assert read(outputs.classes)[0].tolist() == [-1, 1]

    def test_the_union_comes_first_and_passes_over_gaps(self, layer, outputs, read):
        water = layer([10, 10, 10, -9999], [5, 20, 10, 5])
        soil = layer([10, 10, 10, 10], [20, 5, -9999, 20], "soil")
        result = run_degradation(DegradationInputs((water, soil)), outputs)
        together, of_water, of_soil = np.nan_to_num(read(outputs.classes), nan=9)[:, 0].tolist()
        assert together == [-1, -1, 0, 1]
        assert of_water == [-1, 1, 0, 9]
        assert of_soil == [1, -1, 9, 1]
        assert result.layers == ("union", "water", "soil")
        assert areas(result)["union", "all", "degraded"] == 2

    def test_first_band_before_and_last_band_after(self, raster, outputs, read):
        path = raster(np.array([[[10.0]], [[99.0]], [[5.0]]]), "series")
        run_degradation(DegradationInputs((ComparedLayer("water", path, path),)), outputs)
        assert read(outputs.classes).tolist() == [[-1]]

    def test_steps_of_classes(self, raster, outputs, read):
        before = raster([[5, 3, 1, 2]], "before", gdal.GDT_Byte, nodata=0)
        after = raster([[4, 3, 3, 0]], "after", gdal.GDT_Byte, nodata=0)
        run_degradation(DegradationInputs((ComparedLayer("quality", before, after),), "class"), outputs)
        assert np.nan_to_num(read(outputs.classes), nan=9)[0].tolist() == [-1, 0, 1, 9]

    def test_areas_by_ecosystem(self, layer, cover, outputs):
        inputs = DegradationInputs(
            (layer([10, 10, 10], [5, 20, 5]),), land_cover=(cover([FOREST, FOREST, ARABLE]),), scheme=SCHEME
        )
        result = run_degradation(inputs, outputs)
        assert areas(result) == {
            ("water", "all", "degraded"): 2,
            ("water", "all", "improved"): 1,
            ("water", "forest", "degraded"): 1,
            ("water", "forest", "improved"): 1,
            ("water", "cropland", "degraded"): 1,
        }
        shares = {row[:3]: row[4] for row in degradation_table(result).rows}
        assert shares["water", "forest", "degraded"] == 50


class TestStandard:
    def test_severity_of_forest_and_grassland(self):
        assert severity_of(np.array([95, 90, 89, 75, 60, 30, 29]), "forest").tolist() == [0, 0, 1, 1, 2, 3, 4]
        assert severity_of(np.array([90, 80, 70, 50, 49]), "grassland").tolist() == [0, 1, 2, 3, 4]
        cover = np.array([0.9, 0.8, 0.7, 0.5], dtype=np.float32).astype(np.float64)
        assert severity_of(cover * 100, "grassland").tolist() == [0, 1, 2, 3]

    def test_severity_of_wetland_by_the_area_lost(self):
        assert severity_of(np.array([-20, 4, 5, 15, 30, 50]), "wetland").tolist() == [0, 0, 1, 2, 3, 4]

    def test_biomass_of_forest_and_lost_wetland(self, layer, cover, judged, read, told):
        """Undegraded biomass is 200: 190 is 95 %, 130 is 65 % (moderate). One swamp of two is drained: 50 % lost."""
        biomass = layer([200, 200, 50, 50, 50], [190, 130, 1, 1, 1], "biomass")
        covers = (
            cover([FOREST, FOREST, SWAMP, SWAMP, ARABLE], "before"),
            cover([FOREST, FOREST, SWAMP, ARABLE, ARABLE], "after"),
        )
        inputs = DegradationInputs((biomass,), "standard", land_cover=covers, scheme=SCHEME)
        result = run_degradation(inputs, judged, progress=told)
        assert "Undegraded biomass of forest: 200." in told.messages
        assert [row[1:5] for row in result.references["biomass"].rows] == [("forest", "all", None, 200)]
        together, of_biomass, of_wetland = np.nan_to_num(read(judged.classes), nan=9)[:, 0].tolist()
        assert of_biomass == [0, -1, 9, 9, 9]
        assert of_wetland == [9, 9, 0, -1, 9]
        assert together == [0, -1, 0, -1, 9]
        assert read(judged.severity)[0, :2].tolist() == [0, 2]
        rows = {row[:2]: row[2:] for row in severity_table(result).rows if row[2]}
        assert rows == {
            ("biomass", "none"): (1, 50),
            ("biomass", "moderate"): (1, 50),
            ("wetland", "extreme"): (1, 50),
        }


class TestBadInput:
    def test_severity_without_the_standard(self, layer, judged):
        with pytest.raises(InputError, match="only KIND standard judges it"):
            run_degradation(DegradationInputs((layer([1], [2]),)), judged)

    def test_the_same_band_twice(self, raster):
        path = raster([[1.0]])
        with pytest.raises(InputError, match="BEFORE and AFTER are the same band"):
            run_degradation(DegradationInputs((ComparedLayer("water", path, path),)), DegradationOutputs())

    def test_absolute_change_needs_a_threshold(self, layer):
        with pytest.raises(InputError, match="needs a THRESHOLD"):
            run_degradation(DegradationInputs((layer([1], [2]),), "absolute"), DegradationOutputs())

    def test_the_standard_needs_land_cover(self, layer):
        with pytest.raises(InputError, match="needs LAND_COVER"):
            run_degradation(DegradationInputs((layer([1], [2], "biomass"),), "standard"), DegradationOutputs())

    def test_the_standard_knows_biomass_and_cover(self, layer, cover):
        inputs = DegradationInputs((layer([1], [2]),), "standard", land_cover=(cover([FOREST]),), scheme=SCHEME)
        with pytest.raises(InputError, match="no standard for water"):
            run_degradation(inputs, DegradationOutputs())

    def test_nothing_in_common(self, layer):
        with pytest.raises(InputError, match="No pixel is valid"):
            run_degradation(DegradationInputs((layer([-9999], [-9999]),)), DegradationOutputs())

    def test_valid_before_here_and_after_there(self, layer):
        with pytest.raises(InputError, match="nowhere valid together"):
            run_degradation(DegradationInputs((layer([1, -9999], [-9999, 1]),)), DegradationOutputs())


class TestLand:
    def test_wetland_without_data_at_one_date_is_no_loss(self, cover, outputs):
        """Two of five swamps have no data later, one of the others is drained: one of three is lost, not three."""
        covers = (cover([SWAMP] * 5, "before"), cover([0, 0, SWAMP, SWAMP, ARABLE], "after"))
        result = run_degradation(DegradationInputs((), "standard", land_cover=covers, scheme=SCHEME), outputs)
        assert result.wetland_ha == (3, 2)
        assert severity_table(result).rows == (("wetland", "severe", 1, pytest.approx(100 / 3)),)

    def test_shares_are_of_the_land_and_not_of_what_could_be_compared(self, layer, cover, outputs):
        """Four hectares of forest, of which two could be compared and one is degraded: 25 %."""
        water = layer([10, 10, -9999, 10], [5, 10, 10, -9999])
        inputs = DegradationInputs((water,), land_cover=(cover([FOREST] * 4),), scheme=SCHEME)
        result = run_degradation(inputs, outputs)
        shares = {row[1:3]: row[4] for row in degradation_table(result).rows}
        assert shares["all", "degraded"] == shares["forest", "degraded"] == 25
        assert shares["all", "unchanged"] == 25
        assert result.headline() == (1, 0, 25)

    def test_every_ecoregion_has_its_own_undegraded_state(self, layer, cover, judged, read, zones):
        """In the north 100 is undegraded, in the south 50: 45 is 45 % here and 90 % there."""
        biomass = layer([100] * 100 + [50] * 100 + [70], [45] * 200 + [70], "biomass")
        path = zones({"north": (0, 100), "south": (100, 200)})
        inputs = DegradationInputs(
            (biomass,), "standard", land_cover=(cover([FOREST] * 201),), scheme=SCHEME, ecoregions=path,
            ecoregion_field="name",
        )  # fmt: skip
        result = run_degradation(inputs, judged)
        severity = read(judged.severity)[0]
        assert set(severity[:100]) == {3} and set(severity[100:200]) == {0}
        assert np.isnan(severity[200])  # it lies in no ecoregion
        told = {row[2]: row[4] for row in result.references["biomass"].rows}
        assert (told["north"], told["south"]) == (100, 50)
