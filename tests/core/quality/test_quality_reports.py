"""Reports of this room are whole pages in both languages and name what was found."""

from __future__ import annotations

import numpy as np
import pytest
from osgeo import gdal

from ecoassets.core.land_cover import load_scheme
from ecoassets.core.quality.degradation.report import degradation_report
from ecoassets.core.quality.degradation.run import ComparedLayer, DegradationInputs, DegradationOutputs, run_degradation
from ecoassets.core.quality.ecosystem.report import quality_report
from ecoassets.core.quality.ecosystem.run import QualityInputs, QualityOutputs, run_ecosystem_quality
from ecoassets.core.quality.rsei.inputs import RseiInputs
from ecoassets.core.quality.rsei.maps import RseiOutputs
from ecoassets.core.quality.rsei.report import rsei_report
from ecoassets.core.quality.rsei.run import run_rsei
from ecoassets.core.quality.trend.report import trend_report
from ecoassets.core.quality.trend.run import TrendInputs, TrendOutputs, run_trend
from ecoassets.core.report import render_report
from ecoassets.core.report.telling import Teller


def page(made, language):
    return render_report(made.complete("A title", language, [], ""))


def some_land(seed):
    random = np.random.default_rng(seed)
    green = random.random((12, 10))
    forest, soil = [0.02, 0.05, 0.03, 0.4, 0.15, 0.06, 296], [0.1, 0.14, 0.18, 0.25, 0.35, 0.3, 310]
    image = np.multiply.outer(forest, green) + np.multiply.outer(soil, 1 - green)
    return image * random.normal(1, 0.002, image.shape)


@pytest.mark.parametrize(("language", "word"), [("en", "Loadings of the first component"), ("zh", "第一主成分载荷")])
def test_the_index(raster, tmp_path, language, word):
    images = tuple(raster(some_land(seed), f"image{seed}") for seed in (1, 2))
    outputs = RseiOutputs(*(str(tmp_path / f"{name}.tif") for name in ("index", "indicators", "classes", "change")))
    result = run_rsei(RseiInputs(images, (2000, 2010), "landsat5", "reflectance"), outputs)
    html = page(rsei_report(result, outputs, language), language)
    assert word in html
    assert "2000–2010" in html


@pytest.mark.parametrize(("language", "word"), [("en", "with the wrong sign"), ("zh", "的载荷符号有误")])
def test_warm_forest_is_told(raster, language, word):
    image = some_land(1)
    image[6] = 600 - image[6]
    result = run_rsei(RseiInputs((raster(image),), (2000,), "landsat5", "reflectance"), RseiOutputs())
    (warning,) = rsei_report(result, RseiOutputs(), language).warnings
    assert "LST (+0." in warning and word in warning


@pytest.mark.parametrize(("language", "word"), [("en", "significant improvement"), ("zh", "显著改善")])
def test_a_trend_of_few_years(raster, tmp_path, language, word):
    path = raster(np.arange(4.0)[:, np.newaxis, np.newaxis] * np.ones((4, 3, 3)))
    outputs = TrendOutputs(str(tmp_path / "trend.tif"), str(tmp_path / "classes.tif"))
    made = trend_report(run_trend(TrendInputs((path,), (2000, 2001, 2002, 2003)), outputs), outputs, language)
    assert "0.089" in made.warnings[0]
    assert word in page(made, language)


@pytest.mark.parametrize(("language", "word"), [("en", "Summary index"), ("zh", "综合指数")])
def test_quality(raster, tmp_path, language, word):
    cover = raster([[11, 11, 31]], "cover", gdal.GDT_Byte, nodata=0)
    gpp = raster([[100.0, 40, 20]], "a"), raster([[90.0, 40, 10]], "b")
    outputs = QualityOutputs(str(tmp_path / "index.tif"), str(tmp_path / "classes.tif"))
    inputs = QualityInputs({"gpp": gpp}, (2000, 2010), (cover,), load_scheme("hj1166"))
    result = run_ecosystem_quality(inputs, outputs)
    made = quality_report(result, outputs, language)
    assert word in page(made, language)
    excellent = {"en": "excellent", "zh": "优"}[language]
    grades = next(text for _, text in made.sentences if excellent in text)
    assert Teller(language).amount_of(float(result.area_ha[-1, :, 4].sum()), "ha") in grades.split(excellent)[1][:12]


@pytest.mark.parametrize(("language", "word"), [("en", "improved"), ("zh", "改善")])
def test_degradation(raster, tmp_path, language, word):
    layer = ComparedLayer("water", raster([[10.0, 10]], "a"), raster([[5.0, 20]], "b"))
    outputs = DegradationOutputs(str(tmp_path / "classes.tif"))
    made = degradation_report(run_degradation(DegradationInputs((layer,)), outputs), outputs, language)
    assert word in page(made, language)


@pytest.mark.parametrize(("language", "word"), [("en", "severe"), ("zh", "重度")])
def test_severity(raster, tmp_path, language, word):
    cover = raster([[11, 11]], "cover", gdal.GDT_Byte, nodata=0)
    layer = ComparedLayer("biomass", raster([[100.0, 100]], "a"), raster([[100.0, 40]], "b"))
    outputs = DegradationOutputs(str(tmp_path / "classes.tif"), str(tmp_path / "severity.tif"))
    inputs = DegradationInputs((layer,), "standard", land_cover=(cover,), scheme=load_scheme("hj1166"))
    chapter = degradation_report(run_degradation(inputs, outputs), outputs, language).chapters[-1]
    table, maps = chapter.blocks
    assert [row[1] for row in table.rows if row[2]][1] == word
    assert [picture.path for picture in maps.pictures] == [outputs.severity]
