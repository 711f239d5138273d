"""Which scenes are found and which enter a year: seasons, editions, sensors, offsets, what is broken."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.errors import InputError
from ecoassets.tests.core.prepare.runs import Told
from ecoassets.tests.core.prepare.test_scenes import SHAPE, compose, near, product, values_of
from ecoassets.tests.rasters import read_raster
from ecoassets.tests.scene_files import (
    CLEAR,
    OLI,
    landsat_numbers,
    sentinel_numbers,
    write_landsat,
    write_safe,
)

SAFE = "S2A_MSIL2A_{day}T023551_N{baseline}_R089_T50TMK_{processed}.SAFE"


def safe(day: str, baseline: str = "0509", processed: str = "20230301T000000") -> str:
    return SAFE.format(day=day, baseline=baseline, processed=processed)


def rows_of(result) -> dict[str, dict]:
    names = [column.name for column in result.scenes.columns]
    return {row[0]: dict(zip(names, row)) for row in result.scenes.rows}


@pytest.mark.parametrize(
    ("season", "years", "days"),
    [
        ("", [2019, 2020, 2021], {"20191115", "20200228", "20200229", "20200301", "20201231", "20210110"}),
        ("02-28..02-28", [2020], {"20200228"}),
        ("02-29..02-29", [2020], {"20200229"}),
        ("02-01..02-29", [2020], {"20200228", "20200229"}),
        ("03-01..12-31", [2019, 2020], {"20191115", "20200301", "20201231"}),
        ("11-01..02-28", [2020, 2021], {"20191115", "20200228", "20201231", "20210110"}),
    ],
)
def test_a_season_holds_both_its_days_and_may_run_over_the_end_of_the_year(tmp_path, season, years, days):
    every = ("20191115", "20200228", "20200229", "20200301", "20201231", "20210110")
    for seed, day in enumerate(every):
        write_landsat(tmp_path / "in", product(day), landsat_numbers(seed, SHAPE))
    result, composites, _ = compose(tmp_path / "in", tmp_path, season=season)
    assert list(composites) == years
    assert {row["scene"].split("_")[3] for row in rows_of(result).values() if row["used"]} == days


def test_an_overpass_counts_once(tmp_path):
    """Real-time and final, two processing dates, folder and tar; the better and newer is taken."""
    wrong, right = landsat_numbers(1, SHAPE), landsat_numbers(2, SHAPE)
    write_landsat(tmp_path / "in", product("20210601", tier="RT", processed="20220301"), wrong)
    write_landsat(tmp_path / "in", product("20210601", processed="20210701"), wrong)
    write_landsat(tmp_path / "in", product("20210601", processed="20220101"), right)
    write_landsat(tmp_path / "again", product("20210601", processed="20220101"), right, tar=True)
    told = Told()
    result, composites, _ = compose([tmp_path / "in", tmp_path / "again"], tmp_path, told)
    assert composites[2021] == near(values_of(right))
    assert (result.used, result.skipped) == (1, 3)
    reasons = [row[-2] for row in result.scenes.rows if not row[-3]]
    assert sum("same overpass" in reason for reason in reasons) == 2 and "it is there twice" in reasons
    assert sum("is not used" in text for text in told.infos) == 3


@pytest.mark.names_as_written
def test_half_a_tar_is_told_as_such_and_the_rest_goes_on(tmp_path):
    write_landsat(tmp_path / "in", product("20210601"), landsat_numbers(1, SHAPE))
    half = write_landsat(tmp_path / "in", product("20210617"), landsat_numbers(2, SHAPE), tar=True)
    half.write_bytes(half.read_bytes()[: half.stat().st_size // 2])
    told = Told()
    result, _, _ = compose(tmp_path / "in", tmp_path, progress=told)
    assert rows_of(result)[half.name]["reason"].startswith("the archive is damaged")
    assert [half.name in text for text in told.warnings] == [True]
    with pytest.raises(InputError, match="download it again"):
        compose(half, tmp_path)


@pytest.mark.names_as_written
@pytest.mark.parametrize("how", ["cut", "torn"])
def test_a_band_that_was_not_downloaded_whole_leaves_its_scene_out(tmp_path, how):
    """Told before any work with scene, band and mend; an older copy of the overpass takes its place."""
    older, other = landsat_numbers(2, SHAPE), landsat_numbers(3, SHAPE)
    write_landsat(tmp_path / "in", product("20210601"), older)
    write_landsat(tmp_path / "in", product("20210703"), other)
    newer = product("20210601", processed="20230101")
    band = write_landsat(tmp_path / "in", newer, landsat_numbers(1, SHAPE)) / f"{newer}_SR_B5.TIF"
    band.write_bytes(band.read_bytes()[:-20] if how == "cut" else b"nothing")
    told = Told()
    result, composites, _ = compose(tmp_path / "in", tmp_path, told, statistic="mean")
    rows = rows_of(result)
    assert [rows[name]["used"] for name in (product("20210601"), product("20210703"), newer)] == [1, 1, 0]
    assert band.name in rows[newer]["reason"]
    assert sum(newer in text and band.name in text for text in told.warnings) == 1
    if how == "cut":
        assert "download it again" in rows[newer]["reason"]
    assert composites[2021] == near((values_of(older) + values_of(other)) / 2)
    with pytest.raises(InputError, match=band.name):
        compose(band.parent, tmp_path)


def test_clouds_of_the_metadata_and_sensors_leave_scenes_out(tmp_path):
    write_landsat(tmp_path / "in", product("20210601"), landsat_numbers(1, SHAPE), clouds=60.0)
    write_landsat(tmp_path / "in", product("20210617"), landsat_numbers(2, SHAPE), clouds=-1)
    write_landsat(tmp_path / "in", product("20210625", "LC09"), landsat_numbers(3, SHAPE), clouds=20.0)
    result, _, _ = compose(tmp_path / "in", tmp_path, maximum_cloud_pct=50, sensors=("landsat8",))
    rows = rows_of(result)
    assert [row["used"] for row in rows.values()] == [1, 0, 0]
    assert rows[product("20210601")]["reason"] == "clouds 60 %, more than 50 %"
    assert "landsat9" in rows[product("20210625", "LC09")]["reason"]
    assert rows[product("20210617")]["cloud_pct"] is None
    with pytest.raises(InputError, match="None of 3 scenes can be used"):
        compose(tmp_path / "in", tmp_path, maximum_cloud_pct=5, sensors=("landsat9",))
    with pytest.raises(InputError, match="not known"):
        compose(tmp_path / "in", tmp_path, sensors=("landsat99",))


def test_years_that_are_asked_for_must_be_there(tmp_path):
    write_landsat(tmp_path / "in", product("20210601"), landsat_numbers(1, SHAPE))
    with pytest.raises(InputError, match="No scene can be used of 2010. There are scenes of 2021"):
        compose(tmp_path / "in", tmp_path, years=(2010, 2021))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="No scene of Landsat"):
        compose(empty, tmp_path)


def test_what_cannot_be_used_is_told_and_the_rest_goes_on(tmp_path):
    numbers = landsat_numbers(1, SHAPE)
    write_landsat(tmp_path / "in", product("20210601"), numbers)
    lacking = {name: array for name, array in numbers.items() if name != "SR_B4"}
    write_landsat(tmp_path / "in", product("20210617"), lacking)
    write_landsat(tmp_path / "in", product("20210703").replace("L2SP", "L1TP"), numbers)
    broken = write_landsat(tmp_path / "in", product("20210719"), numbers)
    (broken / f"{product('20210719')}_MTL.txt").write_text("nothing of use")
    result, _, _ = compose(tmp_path / "in", tmp_path)
    rows = rows_of(result)
    assert rows[product("20210617")]["reason"] == "it lacks SR_B4"
    assert "level L1TP" in rows[product("20210703").replace("L2SP", "L1TP")]["reason"]
    assert rows[product("20210719")]["used"] == 1 and "no MTL file" in rows[product("20210719")]["note"]
    one = tmp_path / "in" / product("20210601") / f"{product('20210601')}_MTL.txt"
    assert compose([one], tmp_path)[0].used == 1, "a single MTL names the scene of its folder"


def test_products_without_temperature_leave_it_out_or_lack_it(tmp_path):
    without = landsat_numbers(1, SHAPE, OLI[:6])
    write_landsat(tmp_path / "in", product("20200601").replace("L2SP", "L2SR"), without)
    write_landsat(tmp_path / "in", product("20210601"), landsat_numbers(2, SHAPE))
    told = Told()
    result, composites, _ = compose(tmp_path / "in", tmp_path, told)
    assert result.thermal == {2020: False, 2021: True}
    assert composites[2020].shape[0] == 6 and composites[2021].shape[0] == 7
    assert any("no scene has a surface temperature" in text for text in told.warnings)
    assert compose(tmp_path / "in", tmp_path, thermal="without")[1][2021].shape[0] == 6


@pytest.mark.parametrize("kind", ["jp2", "tif"])
def test_the_offset_of_sentinel_2_is_that_of_the_product_never_of_the_year(tmp_path, kind):
    """Scenes of 2021: as they came, and processed anew with baseline 05.00; 04.00 and 05.10 of 2022 and 2023."""
    old, new = sentinel_numbers(1, added=0), sentinel_numbers(2)
    write_safe(tmp_path / "in", safe("20210701", "0301"), old, offset=None, epsg=32650, kind=kind)
    write_safe(tmp_path / "in", safe("20210711", "0500"), new, epsg=32650, kind=kind)
    write_safe(tmp_path / "in", safe("20220711", "0400"), new, epsg=32650, kind=kind, packed=True)
    write_safe(tmp_path / "in", safe("20230711", "0510"), new, epsg=32650, kind=kind)
    result, composites, _ = compose(tmp_path / "in", tmp_path)
    names = ("B02", "B03", "B04", "B08", "B11", "B12")
    doubled = {n: (lambda a, n=n: np.repeat(np.repeat(a, 2, 0), 2, 1) if n in ("B11", "B12") else a) for n in names}
    before = np.stack([doubled[n](old[n]) / 1e4 for n in names])
    after = np.stack([(doubled[n](new[n]) - 1000.0) / 1e4 for n in names])
    assert composites[2021] == near((before + after) / 2)
    assert composites[2022] == near(after)
    assert composites[2023] == near(after)
    assert set(result.sensors.values()) == {"sentinel2"}
    assert {row["note"] for row in rows_of(result).values()} >= {
        "baseline 03.01, offset 0",
        "baseline 05.00, offset -1000",
    }


@pytest.mark.parametrize(("baseline", "doubted"), [("0301", False), ("0510", True), ("9999", False)])
def test_a_baseline_whose_offset_is_not_told_is_doubted(tmp_path, baseline, doubted):
    write_safe(tmp_path / "in", safe("20200701", baseline), sentinel_numbers(1), offset=None, epsg=32650, kind="tif")
    told = Told()
    result, _, _ = compose(tmp_path / "in", tmp_path, progress=told, thermal="without")
    assert ["BOA_ADD_OFFSET" in text for text in told.warnings] == [True] * doubted
    assert [("harmonised" in row["note"]) for row in rows_of(result).values()] == [doubted]


def test_every_scene_class_masks_what_it_is_called(tmp_path):
    numbers = sentinel_numbers(1)
    numbers["SCL"][0] = np.arange(12)
    numbers["B02"][0, 23] = 65535  # saturated
    write_safe(tmp_path / "in", safe("20210701"), numbers, epsg=32650, kind="tif")
    told = {}
    for word in ("cloud", "shadow", "cirrus", "snow", "dilated"):
        _, _, counts = compose(tmp_path / "in", tmp_path, mask=(word,), thermal="without")
        told[word] = [code for code in range(12) if counts[2021][0, 2 * code] == 0]
        assert counts[2021][0, 23] == 0
    assert told == {
        "cloud": [0, 1, 8, 9],
        "shadow": [0, 1, 3],
        "cirrus": [0, 1, 10],
        "snow": [0, 1, 11],
        "dilated": [0, 1],
    }


def test_single_bands_of_sentinel_2_need_their_baseline(tmp_path):
    numbers = sentinel_numbers(1)
    made = write_safe(tmp_path / "made", safe("20210701"), numbers, epsg=32650, kind="tif")
    loose = tmp_path / "in"
    loose.mkdir()
    for path in made.rglob("*.tif"):
        path.rename(loose / path.name)
    with pytest.raises(InputError, match="BASELINE"):
        compose(loose, tmp_path)
    _, with_offset, _ = compose(loose, tmp_path, baseline=5.0)
    _, without, _ = compose(loose, tmp_path, baseline=2.14)
    assert with_offset[2021][0] == near((numbers["B02"] - 1000.0) / 1e4)
    assert without[2021][0] == near(numbers["B02"] / 1e4)


def test_strips_of_one_overpass_are_both_taken_and_older_processings_are_not(tmp_path):
    """Two strips meet in a tile; one of an older baseline and a copy of a second earlier are replaced."""
    upper, lower, old = sentinel_numbers(1), sentinel_numbers(2), sentinel_numbers(3, added=0)
    for name in upper:
        half = upper[name].shape[0] // 2
        upper[name][half:], lower[name][:half] = 0, 0
    how = {"epsg": 32650, "kind": "tif"}
    write_safe(tmp_path / "in", safe("20230625", "0509", "20230626T022157"), upper, **how)
    write_safe(tmp_path / "in", safe("20230625", "0509", "20230626T022158"), upper, **how)
    write_safe(tmp_path / "in", safe("20230625", "0509", "20230626T022159"), lower, strip="20230625T234701", **how)
    write_safe(tmp_path / "in", safe("20230625", "0301", "20230626T010000"), old, offset=None, **how)
    result, composites, counts = compose(tmp_path / "in", tmp_path)
    assert (counts[2023] == 1).all() and (result.used, result.skipped) == (2, 2)
    expected = np.where(np.arange(24)[:, np.newaxis] < 12, upper["B02"], lower["B02"])
    assert composites[2023][0] == near((expected - 1000.0) / 1e4)


def test_kinds_of_sensors_are_not_mixed_in_a_year(tmp_path):
    write_landsat(tmp_path / "in", product("20210601"), landsat_numbers(1, SHAPE))
    write_safe(tmp_path / "in", safe("20210701"), sentinel_numbers(1), epsg=32650, kind="tif")
    with pytest.raises(InputError, match=r"Landsat 1, Sentinel-2 1.*SENSORS"):
        compose(tmp_path / "in", tmp_path)
    assert compose(tmp_path / "in", tmp_path, sensors=("landsat8",))[0].sensors == {2021: "landsat8"}
    with pytest.raises(InputError, match="cannot be harmonised"):
        compose(tmp_path / "in", tmp_path, sensors=("sentinel2",), harmonise="roy2016")


def test_what_is_no_level_2a_product_is_told(tmp_path):
    made = write_safe(tmp_path / "in", safe("20210701"), sentinel_numbers(1), epsg=32650, kind="tif")
    (made / "MTD_MSIL2A.xml").rename(made / "MTD_MSIL1C.xml")
    with pytest.raises(InputError, match="level 1C"):
        compose(tmp_path / "in", tmp_path)
    (made / "MTD_MSIL1C.xml").rename(made / "MTD_MSIL2A.xml")
    (made / "MTD_MSIL2A.xml").write_text(
        "<n1:none xmlns:n1='x'><PROCESSING_BASELINE>05.00</PROCESSING_BASELINE></n1:none>"
    )
    with pytest.raises(InputError, match="does not tell how numbers become reflectance"):
        compose(tmp_path / "in", tmp_path)


def test_scenes_elsewhere_are_left_out(tmp_path):
    write_landsat(tmp_path / "in", product("20210601"), landsat_numbers(1, SHAPE))
    far = landsat_numbers(2, SHAPE)
    write_landsat(tmp_path / "in", product("20210617", tile="120030"), far, top_left=(700_000.0, 4_500_000.0))
    study = str(tmp_path / "in" / product("20210601") / f"{product('20210601')}_SR_B2.TIF")
    result, composites, _ = compose(tmp_path / "in", tmp_path, reference=study)
    assert composites[2021].shape == (7, *SHAPE)
    assert rows_of(result)[product("20210617", tile="120030")]["reason"] == "it lies outside the study area"


def test_clear_shares_are_of_pixels_with_a_number(tmp_path):
    numbers = landsat_numbers(1, SHAPE)
    for name, array in numbers.items():
        array[:6] = 1 if name == "QA_PIXEL" else 0
    numbers["QA_PIXEL"][6:9] = CLEAR | 1 << 3
    write_landsat(tmp_path / "in", product("20210601"), numbers)
    result, _, _ = compose(tmp_path / "in", tmp_path)
    assert rows_of(result)[product("20210601")]["clear_pct"] == 50
    assert result.clear_pct == 25
    assert np.isnan(read_raster(result.composites[2021])[0, :9]).all()
