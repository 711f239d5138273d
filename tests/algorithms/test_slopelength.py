"""Slope length and steepness through QGIS: a plane by hand, water routed by GRASS, limits, bad input."""

from __future__ import annotations

import math

import pytest

from ecoassets.tests.algorithms.helpers import run
from ecoassets.tests.rasters import WGS_84, read_raster, write_raster

LS = "ecoassets:slopelength"
UNIT_PLOT = 22.13
COLUMNS, ROWS = 9, 17
# 10 percent: the steepness of RUSLE, and the exponent of McCool
SINE = math.sin(math.atan(0.1))
STEEPNESS = 16.8 * SINE - 0.5
BETA = SINE / 0.0896 / (3 * SINE**0.8 + 0.56)
M = BETA / (1 + BETA)


@pytest.fixture
def plane(tmp_path):
    """10 percent down to the west, in cells as long as the unit plot; `holes` are set to a number."""

    def write(rise=0.1, holes=(), **how):
        pixel = how.pop("pixel", UNIT_PLOT)
        rows = [[rise * pixel * column for column in range(COLUMNS)] for _ in range(ROWS)]
        for row, column, value in holes:
            rows[row][column] = value
        return write_raster(tmp_path / "plane.tif", rows, "float32", **{"nodata": -9999, "pixel": pixel, **how})

    return write


@pytest.fixture
def accumulation(tmp_path):
    """What each cell drains in cells, itself included: as many as lie upslope on a plane that falls to the west."""

    def write(values=None, name="accumulation"):
        rows = [values or [COLUMNS - column for column in range(COLUMNS)]] * ROWS
        return write_raster(tmp_path / f"{name}.tif", rows, "float32", nodata=-9999, pixel=UNIT_PLOT)

    return write


@pytest.fixture
def middle(tmp_path):
    """LS of the middle of the plane."""

    def compute(dem, **changes):
        path = str(tmp_path / "ls.tif")
        run(LS, {"DEM": dem, "SLOPE_FACTOR": "rusle", "OUTPUT": path, **changes})
        return read_raster(path)[0, ROWS // 2, COLUMNS // 2]

    return compute


@pytest.fixture
def grass(processing_ready):
    from qgis.core import QgsApplication

    if not any(QgsApplication.processingRegistry().algorithmById(f"{p}:r.watershed") for p in ("grass", "grass7")):
        pytest.skip("this QGIS has no GRASS")


def refused(parameters, words):
    from qgis.core import QgsProcessingException

    with pytest.raises(QgsProcessingException, match=words):
        run(LS, parameters)


def test_the_length_of_the_unit_plot_is_one(plane, middle):
    assert middle(plane(), METHOD="constant", CONSTANT_LENGTH=UNIT_PLOT) == pytest.approx(STEEPNESS, rel=1e-4)


def test_the_unit_plot_itself_is_one(plane, middle):
    """9 percent and 22.13 m: 1.006, the known misfit of the published numbers."""
    assert middle(plane(rise=0.09), METHOD="constant", CONSTANT_LENGTH=UNIT_PLOT) == pytest.approx(1, abs=0.007)


def test_a_cell_that_nothing_flows_into_is_a_unit_plot(plane, middle, accumulation):
    alone = accumulation([1] * COLUMNS)
    assert middle(plane(), FLOW_ACCUMULATION=alone) == pytest.approx(STEEPNESS, rel=1e-4)


def test_four_cells_upslope_by_hand(plane, middle, accumulation):
    """In unit plots of area A = 4 and edge 1: L = 5^(m+1) - 4^(m+1)."""
    expected = STEEPNESS * (5 ** (M + 1) - 4 ** (M + 1))
    assert middle(plane(), FLOW_ACCUMULATION=accumulation()) == pytest.approx(expected, rel=1e-4)


def test_grass_finds_the_cells_upslope(plane, middle, accumulation, grass):
    """The cells of the highest edge drain off the map in GRASS, so that one cell less lies upslope."""
    fewer = [COLUMNS - 1 - column for column in range(COLUMNS - 1)] + [1]
    assert middle(plane()) == pytest.approx(middle(plane(), FLOW_ACCUMULATION=accumulation(fewer)), rel=1e-4)


def test_it_stays_in_the_main_thread_as_grass_does(processing_ready):
    from qgis.core import QgsApplication, QgsProcessingAlgorithm

    algorithm = QgsApplication.processingRegistry().algorithmById(LS)
    assert algorithm.flags() & QgsProcessingAlgorithm.Flag.FlagNoThreading


def test_what_grass_calls_an_error_is_none_of_the_run(plane, tmp_path, grass):
    """It complains of a table of colours that nobody asked for."""
    from qgis.core import QgsProcessingFeedback

    errors = []

    class Listener(QgsProcessingFeedback):
        def reportError(self, error, fatalError=False):
            errors.append(error)

    run(LS, {"DEM": plane(), "OUTPUT": str(tmp_path / "ls.tif")}, feedback=Listener(False))
    assert errors == []


def test_grass_does_not_see_what_is_no_elevation(plane, middle, grass):
    """A fill value that is not declared would be a pit, or a wall."""
    there = middle(plane(holes=[(0, 0, -500)]), DEM_MIN=-100)
    assert there == pytest.approx(middle(plane()), rel=1e-4)


def test_the_unit_of_a_given_raster_does_not_touch_that_of_grass(plane, middle, grass):
    assert middle(plane(), ACCUMULATION_UNIT="square_metres") == pytest.approx(middle(plane()), rel=1e-6)


def test_edge_cells_are_negative_and_count_by_their_size(plane, middle, accumulation):
    values = [COLUMNS - column for column in range(COLUMNS)]
    given, negative = accumulation(values), accumulation([-value for value in values], "negative")
    assert middle(plane(), FLOW_ACCUMULATION=negative) == middle(plane(), FLOW_ACCUMULATION=given)


def test_the_longest_slope_is_a_limit(plane, middle, accumulation):
    far = accumulation([1000] * COLUMNS)
    limited = middle(plane(), FLOW_ACCUMULATION=far)
    assert limited == pytest.approx(STEEPNESS * (300 / UNIT_PLOT) ** M, rel=1e-4)
    assert middle(plane(), FLOW_ACCUMULATION=far, MAX_LENGTH=0) > 3 * limited
    assert middle(plane(), FLOW_ACCUMULATION=far, MAX_FACTOR=2) == pytest.approx(2 * STEEPNESS, rel=1e-4)


def test_streams_get_no_value(plane, middle, accumulation):
    hectares = 5 * UNIT_PLOT**2 / 1e4
    streams = accumulation([6 if column == COLUMNS // 2 else 5 for column in range(COLUMNS)])
    assert math.isnan(middle(plane(), FLOW_ACCUMULATION=streams, STREAM_AREA=hectares))


def test_a_map_of_streams_alone_is_refused(plane, accumulation, tmp_path):
    from qgis.core import QgsProcessingException

    given = {"DEM": plane(), "FLOW_ACCUMULATION": accumulation([6] * COLUMNS), "OUTPUT": str(tmp_path / "ls.tif")}
    with pytest.raises(QgsProcessingException, match="No pixel has a value"):
        run(LS, {**given, "STREAM_AREA": 0.01})
    assert not (tmp_path / "ls.tif").exists()


@pytest.mark.parametrize(("limits", "formula"), [((5, 10), (21.91, 0.96)), ((5.1428, 14.0362), (16.8, 0.5))])
def test_where_liu_takes_a_slope_for_steep(plane, middle, limits, formula):
    """12 degrees are steep by CSLE, and not yet by 25 percent."""
    slope, less = formula
    found = middle(
        plane(rise=math.tan(math.radians(12))), SLOPE_FACTOR="liu", METHOD="constant", CONSTANT_LENGTH=UNIT_PLOT,
        STEEP_FROM=limits[0], VERY_STEEP_FROM=limits[1],
    )  # fmt: skip
    assert found == pytest.approx(slope * math.sin(math.radians(12)) - less, rel=1e-4)


def test_a_report(plane, accumulation, tmp_path):
    page = tmp_path / "report.html"
    given = {"DEM": plane(), "FLOW_ACCUMULATION": accumulation(), "OUTPUT": str(tmp_path / "ls.tif")}
    run(LS, {**given, "OUTPUT_HTML": str(page)})
    text = page.read_text(encoding="utf-8")
    assert "HJ 1173-2021" in text
    assert "Pixels where the limit takes effect" in text


def test_a_dem_in_degrees_is_refused_before_any_routing(plane, tmp_path):
    """GRASS would take a degree for a metre without a word."""
    dem = plane(pixel=0.001, epsg=WGS_84, top_left=(117, 40))
    refused({"DEM": dem, "OUTPUT": str(tmp_path / "ls.tif")}, "whose unit is the degree.*Reproject it")
    assert not (tmp_path / "ls.tif").exists()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"STEEP_FROM": 20}, "20 and 10 degrees. They must rise"),
        ({"FLOW_ACCUMULATION": "elsewhere"}, "Flow accumulation.*another grid than the DEM.*compute it from this DEM"),
        ({"FLOW_ACCUMULATION": "above"}, "less than the cell itself.*choose the unit cells_above"),
    ],
)
def test_bad_input(plane, accumulation, tmp_path, changes, words):
    ready = {
        "elsewhere": lambda: write_raster(tmp_path / "elsewhere.tif", [[1] * 3] * 3, "float32", nodata=-9999),
        "above": lambda: accumulation([0] * COLUMNS, "above"),
    }
    given = {name: ready[value]() if value in ready else value for name, value in changes.items()}
    start = {"DEM": plane(), "FLOW_ACCUMULATION": accumulation(), "OUTPUT": str(tmp_path / "ls.tif")}
    refused({**start, **given}, words)
