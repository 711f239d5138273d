"""The value of one equivalent from crop statistics, as an algorithm."""

from __future__ import annotations

import pytest

from ecoassets.tests.algorithms.helpers import files_in, read_csv, run, write_text

CROPS = "ecoassets:standardequivalent"


def test_two_crops_by_hand(tmp_path):
    table = write_text(
        tmp_path / "crops.csv", "crop,area_ha,yield_kg_ha,price_per_kg\nrice,30,7000,2\nmaize,10,3500,4\n"
    )
    results = run(CROPS, {"TABLE": table, "METHOD": "oneseventh", "OUTPUT_TABLE": str(tmp_path / "shares.csv")})
    # 0.75 * 7000 * 2 / 7 + 0.25 * 3500 * 4 / 7 = 1500 + 500
    assert results["VALUE"] == pytest.approx(2_000, rel=1e-14)
    assert type(results["VALUE"]) is float
    assert [
        (row["crop"], float(row["share"]), float(row["contribution"])) for row in read_csv(tmp_path / "shares.csv")
    ] == [
        ("rice", 0.75, pytest.approx(1_500)),
        ("maize", 0.25, pytest.approx(500)),
    ]


def test_the_table_is_made_only_when_asked_for(tmp_path):
    table = write_text(tmp_path / "crops.csv", "crop,area_ha,profit_per_ha\nrice,30,3406.5\n")
    results = run(CROPS, {"TABLE": table, "METHOD": "netprofit"})
    assert results == {"VALUE": 3406.5}
    assert files_in(tmp_path) == ["crops.csv"]


def test_a_loss_is_warned_of_and_still_a_number(tmp_path):
    from qgis.core import QgsProcessingFeedback

    class Log(QgsProcessingFeedback):
        warnings = ()

        def pushWarning(self, warning):
            self.warnings = (*self.warnings, warning)

    log = Log(False)
    table = write_text(tmp_path / "crops.csv", "crop,area_ha,profit_per_ha\nmaize,1,-1500\n")
    assert run(CROPS, {"TABLE": table, "METHOD": "netprofit"}, feedback=log)["VALUE"] == -1500
    assert any("The standard equivalent is -1500, not above zero" in warning for warning in log.warnings)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("crop,area_ha\nrice,1\n", "Table crops.csv lacks the columns yield_kg_ha, price_per_kg"),
        ("crop,area_ha,yield_kg_ha,price_per_kg\nrice,1,seven,2\n", "row 1, column yield_kg_ha holds 'seven'"),
        ("crop,area_ha,yield_kg_ha,price_per_kg\nrice,0,7000,2\n", "the sown areas add up to zero"),
        ("crop,area_ha,yield_kg_ha,price_per_kg\n", "Table crops.csv holds no crop"),
    ],
)
def test_bad_tables(tmp_path, text, message):
    from qgis.core import QgsProcessingException

    shares = tmp_path / "shares.csv"
    with pytest.raises(QgsProcessingException) as caught:
        run(CROPS, {"TABLE": write_text(tmp_path / "crops.csv", text), "OUTPUT_TABLE": str(shares)})
    assert message in str(caught.value)
    assert not shares.exists()
