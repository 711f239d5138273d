"""Names that a user lists beside rasters, against the names of the files."""

from __future__ import annotations

import pytest

from ecoassets.core.inputs.finding import Refused
from ecoassets.core.inputs.names import require_names
from ecoassets.core.inputs.record import recorded, tell
from ecoassets.core.progress import QUIET


def told(names: str, files: str, layers: dict[str, str] | None = None) -> list[str]:
    """What is told of names beside files, both separated by blanks."""
    paths = [f"/data/{file}.tif" for file in files.split()]
    with recorded() as record:
        record.layer_names.update(layers or {})
        require_names("NAMES", names.split(), paths)
        tell([], QUIET)
    return [finding.told() for finding in record.findings]


@pytest.mark.parametrize(
    ("names", "files"),
    [
        ("urban road", "urban road"),
        ("urban road", "map1 map2"),  # the files tell nothing
        ("urban urban road road", "urban_2000 urban_2010 road_2000 road_2010"),
        ("rain drainage", "rain_mm drainage"),  # a name within another word is none
        ("road road_dust", "road road_dust"),
        ("dem slope", "dem slope_of_dem"),
        ("slope dem", "dem_slope dem"),
        ("a b", "dam barn"),
        ("城镇 道路", "城镇2010 道路2010"),
        ("gdp_density gdp_total", "gdp gdp_2"),
    ],
)
def test_names_that_fit_or_about_which_files_say_nothing(names, files):
    assert told(names, files) == []


@pytest.mark.parametrize(
    ("names", "files", "order"),
    [
        ("urban road", "road urban", "road, urban"),
        ("road urban urban road", "urban_2000 urban_2010 road_2000 road_2010", "urban, urban, road, road"),
        ("城镇 道路", "道路2010 城镇2010", "道路, 城镇"),
        ("Night Light", "light_1992 night", "Light, Night"),
    ],
)
def test_names_that_are_crossed_stop_with_the_order_that_is_meant(names, files, order):
    with pytest.raises(
        Refused, match=rf"NAMES .*names are crossed: .*Give them in the order of the rasters: {order}\."
    ):
        told(names, files)


def test_the_name_of_a_layer_counts_before_that_of_its_file():
    assert told("urban road", "road urban", {"/data/road.tif": "Urban", "/data/urban.tif": "Road"}) == []


def test_a_single_file_of_another_name_is_told():
    (line,) = told("road urban", "urban map2")
    assert "the names are crossed: urban.tif → road." in line
