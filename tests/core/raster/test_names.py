"""Two names of one file on some system are one name on all: folders of a team are used from all of them."""

from __future__ import annotations

import os

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.core.raster.dataset import open_raster
from ecoassets.core.raster.grid import Grid
from ecoassets.core.raster.writing.names import fault_of_name, first_of, is_one_file

from .conftest import write_raster


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Map.tif", "map.TIF", True),
        ("Grün.tif", "GRU\u0308N.tif", True),  # a letter and its mark, as macOS stores it
        ("strasse.tif", "straße.tif", True),  # folded alike
        ("map.tif", "map2.tif", False),
        ("sub/map.tif", "map.tif", False),
    ],
)
def test_names_that_differ_by_case_or_marks(tmp_path, one, other, same):
    assert is_one_file(str(tmp_path / one), str(tmp_path / other)) is same


def test_two_folders_that_differ_by_case_are_two_where_both_exist(tmp_path):
    (tmp_path / "A").mkdir()
    (tmp_path / "a").mkdir(exist_ok=True)
    assert is_one_file(str(tmp_path / "A" / "m.tif"), str(tmp_path / "a" / "m.tif")) is os.path.samefile(
        tmp_path / "A", tmp_path / "a"
    )
    assert is_one_file(str(tmp_path / "New" / "m.tif"), str(tmp_path / "new" / "m.tif"))


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_links_of_both_kinds(tmp_path):
    (tmp_path / "map.tif").touch()
    try:
        os.link(tmp_path / "map.tif", tmp_path / "hard.tif")
    except NotImplementedError:
        pytest.skip("no links here")
    (tmp_path / "soft.tif").symlink_to(tmp_path / "map.tif")
    for name in ("hard.tif", "soft.tif"):
        assert first_of(str(tmp_path / name), ["other.tif", str(tmp_path / "map.tif")]) == str(tmp_path / "map.tif")


def test_names_that_no_file_has():
    assert "code 0" in fault_of_name("/tmp/a\0b.tif")
    assert "too long" in fault_of_name("/tmp/" + "土" * 90 + ".tif")
    assert fault_of_name("/tmp/" + "土" * 80 + ".tif") is None


class TestHeaders:
    """What a header declares is counted before memory is asked for."""

    def virtual(self, tmp_path, width=100, height=100, bands=1, block=None):
        source = write_raster(tmp_path / "small.tif", np.ones((1, 1)))
        size = f' blockXSize="{block}" blockYSize="{block}"' if block else ""
        body = "".join(
            f'<VRTRasterBand dataType="Float64" band="{n + 1}"{size}><SimpleSource><SourceFilename>{source}'
            "</SourceFilename></SimpleSource></VRTRasterBand>"
            for n in range(bands)
        )
        path = tmp_path / "huge.vrt"
        path.write_text(f'<VRTDataset rasterXSize="{width}" rasterYSize="{height}">{body}</VRTDataset>')
        return str(path)

    @pytest.mark.parametrize("size", [{"width": 10**9}, {"height": 2**30}, {"width": 10**7, "height": 10**7}])
    def test_more_pixels_than_any_map_has(self, tmp_path, size):
        with pytest.raises(InputError, match="declares a size of .* pixels in 1 bands, more than any map has"):
            open_raster(self.virtual(tmp_path, **size), "Land cover")

    def test_the_world_in_pixels_of_ten_metres_passes(self, tmp_path):
        assert open_raster(self.virtual(tmp_path, 4_007_502, 2_003_751)).RasterXSize == 4_007_502

    def test_pixels_of_no_map(self, tmp_path):
        for width, top in ((1e300, 0.0), (1e-300, 0.0), (30.0, 1e200)):
            path = write_raster(tmp_path / "odd.tif", np.ones((1, 1)), pixel=width, origin=(0.0, top))
            with pytest.raises(InputError, match=r"pixels of .* which lie on no map of the Earth"):
                Grid.of_dataset(open_raster(path))
