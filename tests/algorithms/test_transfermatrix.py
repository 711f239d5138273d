"""Transfer matrix: tables by hand on six hectares, zones, the styled map, bad input."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from ecoassets.tests.algorithms.helpers import files_in, layers_of, load_maps, read_csv, run
from ecoassets.tests.algorithms.landcover import AFTER, BEFORE, FOREST, NONE, PADDY, TOWN, write_columns, write_years
from ecoassets.tests.rasters import read_raster, write_raster

MATRIX = "ecoassets:transfermatrix"


@pytest.fixture
def parameters(tmp_path):
    return {
        "LAND_COVER": write_years(tmp_path, BEFORE, AFTER),
        "YEARS": "2000, 2005",
        "OUTPUT": str(tmp_path / "change.tif"),
    }


@pytest.fixture
def table(tmp_path, parameters):
    """Runs with changes and gives the rows of a table output."""

    def rows(output="OUTPUT_TABLE", **changes):
        path = str(tmp_path / f"{output}.csv")
        run(MATRIX, {**parameters, output: path, **changes})
        return read_csv(path)

    return rows


def flows(rows, value="area_ha"):
    return {(r["zone"], int(r["from_code"]), int(r["to_code"])): float(r[value]) for r in rows}


def test_flows_by_hand(table):
    # two forests: one stays, one becomes paddy; three paddies: town, paddy, forest; the town stays
    rows = table()
    assert flows(rows) == {
        ("all", FOREST, FOREST): 1,
        ("all", FOREST, PADDY): 1,
        ("all", PADDY, TOWN): 1,
        ("all", PADDY, PADDY): 1,
        ("all", PADDY, FOREST): 1,
        ("all", TOWN, TOWN): 1,
    }
    assert flows(rows, "from_pct")["all", PADDY, TOWN] == pytest.approx(100 / 3)
    assert flows(rows, "to_pct")["all", PADDY, TOWN] == pytest.approx(50)
    assert {r["from_name"] for r in rows if int(r["from_code"]) == FOREST} == {"Forest (closed)"}


def test_the_map_holds_change_codes(parameters):
    run(MATRIX, parameters)
    assert read_raster(parameters["OUTPUT"])[0].tolist() == [[21021, 21011, 11051], [11011, 11021, 51051]]


def test_balances_and_degrees(table):
    balance = {int(r["code"]): r for r in table("OUTPUT_BALANCE")}
    names = ("area_from_ha", "area_to_ha", "persistence_ha", "loss_ha", "gain_ha", "net_ha")
    assert [float(balance[PADDY][n]) for n in names] == [3, 2, 1, 2, 1, -1]
    degrees = {r["code"]: r for r in table("OUTPUT_DEGREES")}
    assert float(degrees[str(PADDY)]["single_pct"]) == pytest.approx(-100 / 3 / 5)
    whole = degrees[""]
    assert float(whole["comprehensive_pct"]) == pytest.approx(50)  # 3 of 6 ha
    assert float(whole["comprehensive_gross_annual_pct"]) == pytest.approx(5)  # 3 / 12 / 5 years
    assert float(whole["comprehensive_net_annual_pct"]) == pytest.approx(100 * 2 / 12 / 5)  # paddy -1, town +1


def test_zones_and_what_lies_outside_them_add_up(table, tmp_path):
    west = write_columns(tmp_path / "zones.gpkg", {"west": (0, 2)})
    by_zone = flows(table(ZONES=west, ZONE_FIELD="name"))
    assert {zone for zone, _, _ in by_zone} == {"all", "west", "outside"}
    assert by_zone["outside", PADDY, TOWN] == 1
    assert by_zone["outside", TOWN, TOWN] == 1
    whole = {key: area for key, area in by_zone.items() if key[0] == "all"}
    assert whole == flows(table())
    assert sum(by_zone.values()) - sum(whole.values()) == sum(whole.values()) == 6


def test_zones_may_be_a_class_raster(table, tmp_path):
    zones = write_raster(tmp_path / "zones.tif", [[7, 7, 8], [7, 7, 8]])
    assert flows(table(ZONES_RASTER=zones))["8", PADDY, TOWN] == 1


def test_swapped_years_transpose_the_matrix(table, parameters):
    forth = flows(table())
    back = flows(table(LAND_COVER=parameters["LAND_COVER"][::-1], INSIST_ON_YEARS=True))
    assert back == {(zone, j, i): area for (zone, i, j), area in forth.items()}


def test_nodata_in_one_year_leaves_the_pixel_out(table, tmp_path):
    holed = write_raster(tmp_path / "holed.tif", [[NONE, *AFTER[0][1:]], AFTER[1]])
    found = flows(table(LAND_COVER=[str(tmp_path / "2000.tif"), holed]))
    assert ("all", FOREST, FOREST) not in found
    assert sum(found.values()) == 5


def test_a_class_of_one_year_only(table, tmp_path):
    lake = 42
    added = write_raster(tmp_path / "lake.tif", [[lake, *AFTER[0][1:]], AFTER[1]])
    balance = {int(r["code"]): r for r in table("OUTPUT_BALANCE", LAND_COVER=[str(tmp_path / "2000.tif"), added])}
    assert (float(balance[lake]["area_from_ha"]), float(balance[lake]["gain_ha"])) == (0, 1)


def test_a_report_and_only_what_was_asked_for(parameters, tmp_path):
    found = run(MATRIX, {**parameters, "OUTPUT_HTML": str(tmp_path / "report.html")})
    assert sorted(found) == ["OUTPUT", "OUTPUT_HTML"]
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "sankey" in text and "Forest (closed)" in text and "qgis_process run ecoassets:transfermatrix" in text


class TestMap:
    @pytest.fixture
    def layers(self, tmp_path):
        maps = write_years(tmp_path, BEFORE, AFTER, AFTER)
        project = load_maps(
            MATRIX, {"LAND_COVER": maps, "YEARS": "2000, 2005, 2010"}, {"OUTPUT": str(tmp_path / "change.tif")}
        )
        yield layers_of(project)
        project.clear()

    def test_every_pair_is_a_layer(self, layers):
        assert sorted(layers) == [f"Land-use change {p}" for p in ("2000–2005", "2000–2010", "2005–2010")]

    def test_the_legend_names_the_changes_of_its_own_pair(self, layers):
        def legend(pair):
            entries = layers[f"Land-use change {pair}"].renderer().classes()
            return {int(entry.value): (entry.label, entry.color.name()) for entry in entries}

        first = legend("2000–2005")
        assert set(first) == {21011, 11051, 11021, 21021, 11011, 51051}
        assert first[11051][0] == "Paddy → Urban"
        assert first[11011] == ("Paddy (unchanged)", "#e4e4e0")
        assert set(legend("2005–2010")) == {21021, 11011, 51051}  # nothing changed


class TestBadInput:
    def test_the_scheduler_of_the_options_counts_where_the_run_names_none(self, parameters, monkeypatch):
        from processing.core.ProcessingConfig import ProcessingConfig
        from qgis.core import QgsProcessingException

        monkeypatch.delenv("ECOASSETS_SCHEDULER", raising=False)
        ProcessingConfig.setSettingValue("ECOASSETS_SCHEDULER", "local:x")
        try:
            with pytest.raises(QgsProcessingException, match="local:x is not understood"):
                run(MATRIX, parameters)
            run(MATRIX, {**parameters, "SCHEDULER": "threads"})
        finally:
            ProcessingConfig.setSettingValue("ECOASSETS_SCHEDULER", "")
        assert Path(parameters["OUTPUT"]).exists()

    def test_a_scheduler_that_is_no_address(self, parameters):
        from qgis.core import QgsProcessingException

        with pytest.raises(QgsProcessingException, match="The scheduler local:x is not understood. Write local:2"):
            run(MATRIX, {**parameters, "SCHEDULER": "local:x"})
        assert not Path(parameters["OUTPUT"]).exists()

    @pytest.fixture
    def refuse(self, parameters, tmp_path):
        from qgis.core import QgsProcessingException

        def refused(message, **changes):
            with pytest.raises(QgsProcessingException, match=message):
                run(MATRIX, {**parameters, **changes})
            assert "change.tif" not in files_in(tmp_path)

        return refused

    def test_one_year(self, refuse, parameters):
        refuse("give at least two land-cover rasters", LAND_COVER=parameters["LAND_COVER"][:1], YEARS="2000")

    def test_an_unknown_code(self, refuse, tmp_path):
        strange = write_raster(tmp_path / "strange.tif", [[99, *AFTER[0][1:]], AFTER[1]])
        message = r"scheme CNLUCC does not know: 99 \(1 px\)"
        refuse(message, LAND_COVER=[str(tmp_path / "2000.tif"), strange])

    def test_more_codes_than_a_byte_holds(self, refuse, tmp_path):
        high = write_raster(tmp_path / "high.tif", [[1300, *AFTER[0][1:]], AFTER[1]], "uint16")
        refuse(r"does not know: 1300 \(1 px\)", LAND_COVER=[str(tmp_path / "2000.tif"), high])

    def test_half_a_pixel_aside(self, refuse, tmp_path):
        aside = write_raster(tmp_path / "aside.tif", AFTER, top_left=(500_050.0, 4_400_000.0))
        refuse("aligntogrid", LAND_COVER=[str(tmp_path / "2000.tif"), aside])

    def test_two_kinds_of_zones(self, refuse, tmp_path):
        polygons = write_columns(tmp_path / "zones.gpkg", {"west": (0, 2)})
        raster = write_raster(tmp_path / "zones.tif", [[7, 7, 8], [7, 7, 8]])
        refuse("Give polygons or a class raster, not both", ZONES=polygons, ZONES_RASTER=raster)


def test_three_hundred_classes(tmp_path):
    codes = [[code, code + 1] for code in range(300, 600, 2)]
    maps = write_years(tmp_path, codes, [row[::-1] for row in codes], dtype="uint16")
    classes = tmp_path / "classes.csv"
    classes.write_text("code,name,ecosystem\n" + "".join(f"{c},c{c},forest\n" for c in range(300, 600)))
    found = run(
        MATRIX,
        {
            "LAND_COVER": maps,
            "YEARS": "2000, 2005",
            "SCHEME": "custom",
            "CLASS_TABLE": str(classes),
            "OUTPUT": str(tmp_path / "change.tif"),
            "OUTPUT_TABLE": str(tmp_path / "table.csv"),
        },
    )
    assert len(read_csv(found["OUTPUT_TABLE"])) == 300
    assert read_raster(found["OUTPUT"])[0][0].tolist() == [300301, 301300]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are listed by Linux")
def test_a_run_that_fails_keeps_no_raster_open(parameters, tmp_path):
    from qgis.core import QgsApplication, QgsProcessingContext, QgsProcessingFeedback

    algorithm = QgsApplication.processingRegistry().createAlgorithmById(MATRIX)
    bad = {**parameters, "CREATION_OPTIONS": "NO_SUCH_OPTION=1"}
    _, right = algorithm.run(bad, QgsProcessingContext(), QgsProcessingFeedback(False))
    gc.collect()
    assert not right
    assert [link for link in map(_target, Path("/proc/self/fd").iterdir()) if str(tmp_path) in link] == []


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:  # the listing itself
        return ""
