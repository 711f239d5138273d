"""Reports of land-use change, pressure, terrain, zones and sensitivity: they render with the right numbers."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.assets.equivalents import load_equivalents
from ecoassets.core.assets.sensitivity.report import sensitivity_report
from ecoassets.core.assets.sensitivity.run import SensitivityInputs, run_sensitivity
from ecoassets.core.assets.valuation.run import ValuationInputs
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.landuse.pressure.coefficients import hemeroby_coefficients
from ecoassets.core.landuse.pressure.hemeroby import HemerobyInputs, run_hemeroby
from ecoassets.core.landuse.pressure.report import pressure_report
from ecoassets.core.landuse.pressure.units import Unit
from ecoassets.core.landuse.profit_loss.report import profit_loss_report
from ecoassets.core.landuse.profit_loss.run import ProfitLossInputs, ProfitLossOutputs, run_profit_loss
from ecoassets.core.landuse.transfer.report import transfer_report
from ecoassets.core.landuse.transfer.run import TransferInputs, TransferOutputs, run_transfer_matrix
from ecoassets.core.raster.zones.zoning import ZoneLayer
from ecoassets.core.report import Heatmap, Map, Sankey, render_report
from ecoassets.core.report.telling import Teller
from ecoassets.core.terrain.classes import TerrainInputs, TerrainOutputs, run_terrain_classes
from ecoassets.core.terrain.classes_report import terrain_report
from ecoassets.core.terrain.zone_report import zone_report
from ecoassets.core.terrain.zone_summary import ZoneSummaryInputs, run_zone_summary

from .maps import write_map

YEARS = (2000, 2005, 2010)
SCHEME = load_scheme("clcd")
LANGUAGES = ("en", "zh")


@pytest.fixture(scope="module")
def cover(tmp_path_factory):
    rng = np.random.default_rng(1)
    folder = tmp_path_factory.mktemp("cover")
    first = rng.choice([1, 2, 4, 8], (40, 40)).astype(np.uint8)
    maps = [first]
    for _ in YEARS[1:]:
        changed = rng.random(first.shape) < 0.1
        maps.append(np.where(changed, rng.choice([1, 2, 8], first.shape), maps[-1]).astype(np.uint8))
    return tuple(write_map(folder / f"{year}.tif", m) for year, m in zip(YEARS, maps))


@pytest.fixture(scope="module")
def zones(tmp_path_factory):
    numbers = np.repeat([[1], [2]], 20, axis=0).repeat(40, axis=1).astype(np.uint8)
    return ZoneLayer(write_map(tmp_path_factory.mktemp("zones") / "z.tif", numbers), kind="raster")


def valuation(cover, years):
    xie = load_equivalents("xie2015")
    return ValuationInputs(cover, years, SCHEME, xie, xie.standard_value.cny_per_ha)


def page(report, language):
    return render_report(report.complete("A title", language, [("parameter", 1)], "qgis_process run"))


def blocks(report, kind):
    return [block for chapter in report.chapters for block in chapter.blocks if isinstance(block, kind)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_transfer(cover, tmp_path, language):
    outputs = TransferOutputs(str(tmp_path / "change.tif"))
    result = run_transfer_matrix(TransferInputs(cover, YEARS, SCHEME), outputs)
    report = transfer_report(result, outputs, language)
    sankey = blocks(report, Sankey)[0]
    assert list(sankey.stages) == ["2000", "2005", "2010"]
    # what flows into 2005 flows out of it again
    assert sum(f.value for f in sankey.flows if f.stage == 0) == pytest.approx(1600)
    assert sum(f.value for f in sankey.flows if f.stage == 1) == pytest.approx(1600)
    assert len(blocks(report, Heatmap)) == 3
    assert {"en": "Impervious", "zh": "不透水面"}[language] in page(report, language)
    areas = result.whole(-1)
    changed = Teller(language).amount_of(float(areas.sum() - np.trace(areas)), "ha")
    assert changed in report.sentences[0][1]
    assert len(report.sentences) == 4, "how much changed hands, who won, who lost, between which"


@pytest.mark.parametrize("language", LANGUAGES)
def test_profit_and_loss(cover, zones, tmp_path, language):
    outputs = ProfitLossOutputs(str(tmp_path / "change.tif"), str(tmp_path / "index.tif"))
    result = run_profit_loss(ProfitLossInputs(valuation(cover, YEARS), zones), outputs)
    report = profit_loss_report(result, outputs, language)
    heat = blocks(report, Heatmap)[-1]
    assert np.sum(heat.values) == pytest.approx(result.headline()[2], rel=1e-9)
    assert len(blocks(report, Map)) == 2
    assert {"en": "Net change", "zh": "净变化"}[language] in page(report, language)
    net = Teller(language).amount_of(result.headline()[2], "CNY/a", signed=True)
    assert any(net in text for _, text in report.sentences)
    losses = " ".join(text.rsplit("net", 1)[0].rsplit("净变化", 1)[0] for _, text in report.sentences[:3])
    assert "−" not in losses, "a loss of minus x would be a gain"


@pytest.mark.parametrize("language", LANGUAGES)
def test_pressure(cover, tmp_path, language):
    out = str(tmp_path / "hemeroby.tif")
    coefficients = hemeroby_coefficients("hemeroby7", SCHEME)
    result = run_hemeroby(HemerobyInputs(cover, YEARS, SCHEME, coefficients, Unit("grid", 800)), out)
    text = page(pressure_report(result, out, language), language)
    assert "r1c1" in text
    told = {"en": "Levels of hemeroby by land cover", "zh": "各土地覆被类型的人为干扰度等级"}
    assert told[language] in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_sensitivity(cover, language):
    result = run_sensitivity(SensitivityInputs(valuation(cover[:1], YEARS[:1]), draws=50))
    assert {"en": "Built-up land", "zh": "建设用地"}[language] in page(sensitivity_report(result, language), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_terrain(tmp_path, language):
    heights = np.add.outer(np.arange(30.0) ** 2, np.arange(30.0) * 20).astype(np.float32)
    dem = write_map(tmp_path / "dem.tif", heights, nodata=-9999)
    outputs = TerrainOutputs(*(str(tmp_path / f"{name}.tif") for name in ("slope", "aspect", "landform")))
    report = terrain_report(run_terrain_classes(TerrainInputs(dem), outputs), outputs, language)
    assert len(blocks(report, Map)) == 3
    assert {"en": "northwest", "zh": "西北坡"}[language] in page(report, language)


@pytest.mark.parametrize("kind", ["density", "index"])
def test_zones(cover, zones, kind):
    result = run_zone_summary(ZoneSummaryInputs(cover, YEARS, zones, kind, {"1": "The north", "2": "The south"}))
    assert "The south" in page(zone_report(result, "CNY", "en"), "en")
