import math

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.services.soil.erodibility import (
    ErodibilityInputs,
    ErodibilityOutputs,
    epic_erodibility,
    erodibility,
    run_soil_erodibility,
)
from ecoassets.core.services.survey import Rasters

from .conftest import bands_of, read

LOAM = (40.0, 40.0, 20.0, 1.2)  # sand, silt, clay, organic carbon, percent


def given(raster, texture_and_carbon, **more):
    names = ("sand", "silt", "clay", "carbon")
    paths = [raster(name, np.full((2, 2), value)) for name, value in zip(names, texture_and_carbon)]
    return ErodibilityInputs(*map(Rasters.of, paths), **more)


def test_a_loam_by_hand():
    # coarse sand 0.2 + 0.3 exp(-0.0256*40*0.6) = 0.2 + 0.3*0.54095 = 0.36229; silt (40/60)^0.3 = 0.88546;
    # carbon 1 - 0.25*1.2/(1.2 + exp(0.18)) = 1 - 0.3/2.39722 = 0.87486;
    # high sand SN 0.6: 1 - 0.42/(0.6 + exp(8.23)) = 0.99989
    by_hand = 0.36229 * 0.88546 * 0.87486 * 0.99989
    assert epic_erodibility(*LOAM) == pytest.approx(by_hand, rel=2e-5)
    assert erodibility(*LOAM, "epic") == pytest.approx(0.1317 * by_hand, rel=2e-5)
    assert erodibility(*LOAM) == pytest.approx(0.1317 * (-0.01383 + 0.51575 * by_hand), rel=2e-5)


def test_the_carbon_term_uses_carbon_and_not_clay():
    # a published misprint has clay there: without carbon the term is 1
    no_carbon = epic_erodibility(40, 40, 20, 0)
    assert epic_erodibility(*LOAM) / no_carbon == pytest.approx(1 - 0.3 / (1.2 + math.exp(0.18)))


def test_pure_sand_has_no_value():
    assert np.isnan(epic_erodibility(100, 0, 0, 0.1))


def test_the_correction_for_china_is_not_below_zero():
    # nearly pure clay: silt share (0.001/99)^0.3 makes Kus less than 0.0268
    assert epic_erodibility(0.999, 0.001, 99, 1) < 0.0268
    assert erodibility(0.999, 0.001, 99, 1) == 0


def test_map_and_mean(raster, out):
    found = run_soil_erodibility(given(raster, LOAM), ErodibilityOutputs(out("k")))
    assert read(out("k"))[0, 0, 0] == pytest.approx(float(erodibility(*LOAM)), rel=1e-6)
    assert found.mean == pytest.approx(float(erodibility(*LOAM)), rel=1e-6)
    assert bands_of(out("k")) == [("soil_erodibility", "t ha h/(ha MJ mm)")]


def test_soilgrids_units(raster):
    stored = (400.0, 400.0, 200.0, 120.0)  # g/kg and dg/kg
    inputs = given(raster, stored, texture_unit="g_per_kg", carbon_unit="dg_per_kg")
    assert run_soil_erodibility(inputs, ErodibilityOutputs()).mean == pytest.approx(float(erodibility(*LOAM)), rel=1e-6)


@pytest.mark.parametrize(
    ("soil", "message"),
    [
        ((0.4, 0.4, 0.2, 1.2), "fractions"),
        ((400.0, 400.0, 200.0, 1.2), r"looks like g/kg \(SoilGrids\)\. Choose the unit soilgrids \(UNITS\)"),
        ((40.0, 40.0, 40.0, 1.2), "should add up to 100"),
        ((40.0, 40.0, 20.0, 120.0), "looks like dg/kg"),
        ((40.0, 40.0, 20.0, 45.0), "looks like g/kg.*multiply by 0.1"),
        ((40.0, 40.0, 20.0, -1.0), "holds -1, which cannot be"),
    ],
)
def test_slips_of_unit_are_told(raster, out, tmp_path, soil, message):
    with pytest.raises(InputError, match=message):
        run_soil_erodibility(given(raster, soil), ErodibilityOutputs(out("k")))
    assert not (tmp_path / "k.tif").exists()


def test_organic_matter_given_for_carbon_is_suspected(raster, log):
    run_soil_erodibility(given(raster, (40.0, 40.0, 20.0, 9.0)), ErodibilityOutputs(), progress=log)
    assert any("9 %" in line and "1.724" in line for line in log.warnings)


def test_organic_matter_beyond_what_carbon_can_be_is_refused(raster, out, tmp_path):
    matter = np.full((3, 3), 13.0)
    matter[1, 1] = 79.0  # peat
    sand, silt, clay = (Rasters.of(raster(f"s{i}", np.full((3, 3), v))) for i, v in enumerate(LOAM[:3]))
    with pytest.raises(InputError, match=r"looks like g/kg\. .*multiply by 0\.1"):
        run_soil_erodibility(
            ErodibilityInputs(sand, silt, clay, Rasters.of(raster("matter", matter))), ErodibilityOutputs(out("k"))
        )
    assert not (tmp_path / "k.tif").exists()


def test_a_single_odd_pixel_is_kept_and_told(raster, log):
    sand = np.full((3, 3), 40.0)
    sand[0, 0] = 60.0
    same = [Rasters.of(raster(f"s{i}", np.full((3, 3), v))) for i, v in enumerate(LOAM[1:])]
    found = run_soil_erodibility(
        ErodibilityInputs(Rasters.of(raster("odd", sand)), *same), ErodibilityOutputs(), progress=log
    )
    assert found.sums.counts["texture off"].sum() == 1
    assert any("in 1 pixels" in line for line in log.warnings)
