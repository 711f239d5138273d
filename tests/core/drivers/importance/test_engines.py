"""The three engines, where their packages are there: identities of SHAP, cancels, and a whole run."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.drivers.feature_table import FeatureTable
from ecoassets.core.drivers.importance.choice import ImportanceChoice, tree_rows
from ecoassets.core.drivers.importance.engines import ENGINES, Settings, has_engine, has_shap, held_out_losses, train
from ecoassets.core.drivers.importance.measures import r2
from ecoassets.core.drivers.importance.run import run_driver_importance
from ecoassets.core.errors import Cancelled, InputError
from ecoassets.core.progress import Progress
from ecoassets.tests.core.drivers.cases import case

NAMES = ("elevation", "temperature", "population", "landform")


def needs(engine):
    if not has_engine(engine):
        pytest.skip(f"{engine} is not installed")


@pytest.fixture(scope="module")
def rows():
    columns = case("trees")
    return np.column_stack([columns[name] for name in NAMES]), columns["value"], columns


@pytest.mark.parametrize("engine", ENGINES)
def test_contributions_add_to_the_prediction(rows, engine):
    needs(engine)
    x, y, _ = rows
    model = train(x, y, Settings(engine, trees=60))
    if engine == "forest" and not has_shap():
        assert model.contributions(x[:5]) is None
        return
    found = model.contributions(x[:50])
    assert found.sum(axis=1) == pytest.approx(model.predict(x[:50]), abs=2e-5)
    assert np.ptp(found[:, -1]) == 0, "one base for all rows"
    assert r2(y, model.predict(x)) > 0.85


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
def test_twins_share_and_constants_get_nothing(rows, engine):
    needs(engine)
    x, y, _ = rows
    wide = np.column_stack([x, np.ones(len(y)), x[:, 0]])
    worth = np.abs(train(wide, y, Settings(engine, trees=60)).contributions(wide)).mean(axis=0)
    alone = np.abs(train(x, y, Settings(engine, trees=60)).contributions(x)).mean(axis=0)
    assert worth[4] == 0
    assert worth[0] + worth[5] == pytest.approx(alone[0], rel=0.05)


def test_xgboost_of_the_case(rows):
    """Exact greedy trees as a script would grow them: the mean sizes of 100 rounds, which versions move by a little."""
    needs("xgboost")
    x, y, _ = rows
    model = train(x, y, Settings("xgboost", trees=100, depth=4, rate=0.1, leaf=5))
    worth = np.abs(model.contributions(x)[:, :-1]).mean(axis=0)
    assert worth == pytest.approx([2.18167, 0.609054, 0.228058, 0.101662], rel=0.06)


@pytest.mark.parametrize("engine", ["xgboost", "lightgbm"])
def test_losses_of_rows_left_out(rows, engine):
    needs(engine)
    x, y, _ = rows
    settings = Settings(engine, trees=40)
    losses = held_out_losses(x[:300], y[:300], x[300:], y[300:], settings)
    model = train(x[:300], y[:300], settings, len(losses))
    assert losses[-1] == pytest.approx(np.mean((model.predict(x[300:]) - y[300:]) ** 2), rel=1e-4)


class Impatient(Progress):
    def cancelled(self) -> bool:
        return True


@pytest.mark.parametrize("engine", ENGINES)
def test_a_cancel_is_heard_before_the_next_tree(rows, engine):
    needs(engine)
    x, y, _ = rows
    with pytest.raises(Cancelled):
        train(x, y, Settings(engine), progress=Impatient())


@pytest.fixture(scope="module")
def run(rows):
    needs("lightgbm")
    _, _, columns = rows
    noise = np.random.default_rng(1).normal(size=len(columns["value"]))
    table = FeatureTable({**columns, "noise": noise}, ("x", "y"), name="trees")
    settings = Settings("lightgbm", trees=150)
    choice = ImportanceChoice("value", (*NAMES, "noise"), ("landform",), settings=settings, repeats=10)
    return run_driver_importance(table, choice)


def test_a_run_ranks_drivers(run):
    assert [row.driver for row in run.drivers][:3] == ["elevation", "temperature", "population"]
    assert sum(row.share_pct for row in run.drivers) == pytest.approx(100)
    first = run.drivers[0]
    assert first.share_low <= first.share_pct * 1.1 and first.rank_high == 1 and first.direction > 0.8
    noise = next(row for row in run.drivers if row.driver == "noise")
    assert noise.permutation < 0.01 < first.permutation


def test_skill_is_told_three_ways(run):
    """These data have no error that neighbours share, so that both ways of leaving out agree."""
    assert run.r2("in_sample") > run.r2("random")
    assert run.r2("blocks") == pytest.approx(run.r2("random"), abs=0.02)
    assert {row.fold for row in run.skill if row.validation == "blocks"} == {"all", "1", "2", "3", "4", "5"}


def test_noise_has_no_threshold_and_a_driver_has(run):
    kinds = {(row.driver, row.kind) for row in run.threshold_rows()}
    assert ("elevation", "shap_zero") in kinds and not any(driver == "noise" for driver, _ in kinds)


def test_thresholds_lie_within_their_intervals(run):
    rows = run.threshold_rows()
    assert rows and all(row.low <= row.x <= row.high for row in rows)


def test_too_few_refits_are_refused():
    with pytest.raises(InputError, match="REPEATS is 2.* Give 5 or more"):
        ImportanceChoice("value", ("a",), repeats=2)


def test_the_places_carry_their_strongest_driver(run):
    columns, values = run.output()
    table = dict(zip((column.name for column in columns), values))
    best = np.argmax(np.abs(np.column_stack([table[f"shap_{name}"] for name in run.rows.drivers])), axis=1)
    assert table["top_driver"].tolist() == [run.rows.drivers[place] for place in best]
    assert table["fitted"] + 0 == pytest.approx(run.fitted)


def test_blocks_are_stricter_where_neighbours_share_errors():
    """A smooth unseen surface: random folds learn it through a driver that is smooth too, blocks do not."""
    needs("lightgbm")
    rng = np.random.default_rng(7)
    side = 24
    places = np.array([(i, j) for i in range(side) for j in range(side)], dtype=float)
    smooth = np.column_stack([np.sin(places @ rng.normal(0, 0.4, 2) + rng.uniform(0, 6)) for _ in range(6)])
    x = smooth[:, :3] + 0.02 * rng.normal(size=(side**2, 3))
    table = FeatureTable(
        {
            "a": x[:, 0],
            "b": x[:, 1],
            "c": x[:, 2],
            "v": smooth[:, 3:].sum(axis=1),
            "px": places[:, 0],
            "py": places[:, 1],
        },
        ("px", "py"),
    )
    settings = Settings("lightgbm", trees=200, leaf=5)
    found = run_driver_importance(table, ImportanceChoice("v", ("a", "b", "c"), settings=settings, repeats=0))
    assert found.r2("random") > found.r2("blocks") + 0.2
    assert any("neighbours that are alike" in warning for warning in found.warnings)
    assert found.threshold_rows() == [], "without refits nothing is sure"


def test_what_does_not_fit_is_said(rows):
    needs("lightgbm")
    _, _, columns = rows
    table = FeatureTable(columns, ("x", "y"))
    few = FeatureTable({name: values[:60] for name, values in columns.items()}, ("x", "y"))
    settings = Settings("lightgbm", trees=20)
    with pytest.raises(InputError, match="60 rows are too few"):
        run_driver_importance(few, ImportanceChoice("value", NAMES, settings=settings))
    with pytest.raises(InputError, match="needs TIME"):
        ImportanceChoice("value", NAMES, validation="years")
    with pytest.raises(InputError, match="not among the drivers"):
        ImportanceChoice("value", NAMES, ("soil",))
    with pytest.raises(InputError, match="fewer than 5 folds"):
        run_driver_importance(table, ImportanceChoice("value", NAMES, settings=settings, block_size=1e6))


def test_drivers_that_make_each_other_up_are_told():
    needs("lightgbm")
    rng = np.random.default_rng(3)
    parts = rng.dirichlet([2, 2, 2], 200)
    columns = {"value": parts[:, 0] + 0.1 * rng.normal(size=200), **dict(zip(("forest", "grass", "water"), parts.T))}
    choice = ImportanceChoice(
        "value", ("forest", "grass", "water"), settings=Settings("lightgbm", trees=20), validation="random", repeats=0
    )
    told = [text for text in run_driver_importance(FeatureTable(columns), choice).warnings if "collinear" in text]
    assert len(told) == 1 and "forest, grass and water" in told[0] and "cannot be relied on" in told[0]


def test_what_tells_the_place_is_judged_by_its_values_not_by_its_name():
    rng = np.random.default_rng(5)
    places = rng.uniform(0, 9000, (300, 2))
    columns = {"v": rng.normal(size=300), "x": rng.normal(size=300), "warmth": 30 - places[:, 1] / 1000,
               "px": places[:, 0], "py": places[:, 1]}  # fmt: skip
    rows = tree_rows(FeatureTable(columns, ("px", "py")), ImportanceChoice("v", ("x", "warmth")))
    told = [text for text in rows.warnings if "where a row lies" in text]
    assert len(told) == 1 and told[0].startswith("warmth tells")
