"""Seven years of real GPP and land cover in Mauritania: trends and quality of single pixels, by other means."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal
from scipy.stats import theilslopes

from ecoassets.core.land_cover import load_scheme
from ecoassets.core.quality.ecosystem.run import QualityInputs, QualityOutputs, run_ecosystem_quality
from ecoassets.core.quality.trend.run import TrendInputs, TrendOutputs, run_trend

YEARS = tuple(range(2010, 2017))
HIGHEST = 65_532  # 65533 is a fill value that the files do not declare
IGBP_GRASSLAND = 10


@pytest.fixture(scope="module")
def gpp(shared_data):
    return tuple(str(shared_data / "assaba/MODIS_Gross_Primary_Production_GPP" / f"{year}_GP.tif") for year in YEARS)


@pytest.fixture(scope="module")
def values(gpp):
    """GPP by year, NaN where there is none."""
    layers = np.stack([gdal.Open(path).ReadAsArray() for path in gpp]).astype(np.float64)
    layers[layers > HIGHEST] = np.nan
    return layers


def test_slopes_of_some_pixels(gpp, values, read, tmp_path):
    outputs = TrendOutputs(str(tmp_path / "trend.tif"))
    result = run_trend(TrendInputs(gpp, YEARS, maximum=HIGHEST), outputs)
    slope = read(outputs.statistics)[0]
    everywhere = ~np.isnan(values).any(axis=0)
    assert np.array_equal(~np.isnan(slope), everywhere)
    for row, column in np.argwhere(everywhere)[::9000]:
        assert slope[row, column] == pytest.approx(theilslopes(values[:, row, column], YEARS)[0], rel=1e-6)
    assert result.smallest_p < 0.01


def test_quality_of_grassland(gpp, values, read, shared_data, tmp_path):
    folder = shared_data / "assaba/Modis_Land_Cover_Data"
    covers = tuple(str(folder / f"{year}LCT.tif") for year in (2011, 2016))
    outputs = QualityOutputs(str(tmp_path / "index.tif"))
    inputs = QualityInputs(
        {"gpp": (gpp[1], gpp[6])},
        (2011, 2016),
        covers,
        load_scheme("igbp"),
        ecosystems=("grassland",),
        maximum={"gpp": HIGHEST},
    )
    result = run_ecosystem_quality(inputs, outputs)
    before, after = values[1], values[6]
    land = [gdal.Open(path).ReadAsArray() for path in covers]
    known = (land[0] != 255) & (land[1] != 255) & ~np.isnan(before) & ~np.isnan(after)
    grass = [known & (cover == IGBP_GRASSLAND) for cover in land]
    reference = np.percentile(np.concatenate([before[grass[0]], after[grass[1]]]), 99)
    assert result.references.table.rows[0][4] == reference
    index = read(outputs.index)
    assert index[0][grass[0]] == pytest.approx(np.minimum(before[grass[0]] / reference, 1) * 100, rel=1e-6)
    assert np.isnan(index[1][~grass[1]]).all()
