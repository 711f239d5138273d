"""Boosted trees and forests of packages that QGIS may lack, behind one face. Each is imported where it is used."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...errors import InputError
from ...messages import say
from ...packages import is_installed, missing_module
from ...progress import QUIET, Progress

ENGINES = ("xgboost", "lightgbm", "forest")
_MODULES = {"xgboost": "xgboost", "lightgbm": "lightgbm", "forest": "sklearn"}
_PATIENCE = 30  # rounds without a better score before boosting stops
_ROWS_AT_ONCE = 500  # that are explained between two looks at a cancel
_BATCH = 10  # trees of a forest between two looks


@dataclass(frozen=True)
class Settings:
    """How trees are grown.

    Attributes:
        engine: of `ENGINES`.
        trees: at most, for boosting; all of them, for a forest.
        depth: of a boosted tree; of a forest's only above 6, for its trees are meant to be deep.
        rate: shrinkage of a boosted tree.
        leaf: least rows of a leaf.
        threads, seed: of the package.
    """

    engine: str = "xgboost"
    trees: int = 500
    depth: int = 4
    rate: float = 0.05
    leaf: int = 20
    threads: int = 1
    seed: int = 0


def require_engine(engine: str) -> None:
    """Makes sure that the package of an engine is there.

    Raises:
        InputError: it is not; the message tells how to install it here, and which other engine is there.
    """
    if engine not in ENGINES:
        raise InputError(
            say("ENGINE {engine!r} is not known: choose one of {engines}.", engine=engine, engines=", ".join(ENGINES))
        )
    if has_engine(engine):
        return
    others = [each for each in ENGINES if has_engine(each)]
    raise InputError(
        say(
            "{problem} Or choose ENGINE {others}, which is here.",
            problem=missing_module(_MODULES[engine], f"ENGINE {engine}"),
            others=" or ".join(others),
        )
        if others
        else say(
            "{problem} Without it panelregression, localregression and geodetector tell what drives the variable.",
            problem=missing_module(_MODULES[engine], f"ENGINE {engine}"),
        )
    )


def has_engine(engine: str) -> bool:
    return is_installed(_MODULES[engine])


def has_shap() -> bool:
    return is_installed("shap")


class Model(ABC):
    """A fitted ensemble."""

    @abstractmethod
    def predict(self, x: np.ndarray) -> np.ndarray:
        """Shape (n,)."""

    @abstractmethod
    def contributions(self, x: np.ndarray, progress: Progress = QUIET) -> np.ndarray | None:
        """Path-dependent SHAP values, the base in the last column, shape (n, k + 1); None where nothing gives them."""


def train(
    x: np.ndarray, y: np.ndarray, settings: Settings, rounds: int | None = None, progress: Progress = QUIET
) -> Model:
    """Fits an ensemble of `rounds` trees (all that the settings allow where None); asks before each whether to stop."""
    made = _GROWERS[settings.engine](x, y, settings)
    for _ in range(0, rounds or settings.trees, made.step):
        progress.check()
        made.grow()
    return made.model()


def held_out_losses(
    x: np.ndarray, y: np.ndarray, x_out: np.ndarray, y_out: np.ndarray, settings: Settings, progress: Progress = QUIET
) -> np.ndarray:
    """Mean squared error of rows that were held out after each round of boosting, until it no longer falls."""
    made = _GROWERS[settings.engine](x, y, settings)
    made.watch(x_out, y_out)
    losses: list[float] = []
    while len(losses) < settings.trees and len(losses) - int(np.argmin(losses or [0])) <= _PATIENCE:
        progress.check()
        made.grow()
        losses.append(made.watched())
    return np.array(losses)


class _Grower(ABC):
    step = 1

    def __init__(self, x: np.ndarray, y: np.ndarray, settings: Settings) -> None:
        self._x, self._y, self._settings = x, y, settings

    @abstractmethod
    def grow(self) -> None: ...

    @abstractmethod
    def model(self) -> Model: ...

    def watch(self, x: np.ndarray, y: np.ndarray) -> None:
        raise NotImplementedError

    def watched(self) -> float:
        raise NotImplementedError


class _XgboostGrower(_Grower):
    def __init__(self, x: np.ndarray, y: np.ndarray, settings: Settings) -> None:
        super().__init__(x, y, settings)
        import xgboost

        self._package = xgboost
        parameters = {
            "objective": "reg:squarederror",
            "base_score": float(y.mean()),
            "max_depth": settings.depth,
            "eta": settings.rate,
            "min_child_weight": settings.leaf,
            "tree_method": "hist",
            "nthread": settings.threads,
            "seed": settings.seed,
            "verbosity": 0,
        }
        self._data = xgboost.DMatrix(x, label=y)
        self._booster = xgboost.Booster(parameters, [self._data])
        self._rounds = 0
        self._out: Any = None

    def grow(self) -> None:
        self._booster.update(self._data, self._rounds)
        self._rounds += 1

    def watch(self, x: np.ndarray, y: np.ndarray) -> None:
        self._out = self._package.DMatrix(x, label=y)

    def watched(self) -> float:
        text = self._booster.eval(self._out, "out", self._rounds)
        return float(text.rsplit(":", 1)[1]) ** 2

    def model(self) -> Model:
        return _Xgboost(self._booster, self._package)


class _Xgboost(Model):
    def __init__(self, booster: Any, package: Any) -> None:
        self._booster, self._package = booster, package

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self._booster.predict(self._package.DMatrix(x)), dtype=np.float64)

    def contributions(self, x: np.ndarray, progress: Progress = QUIET) -> np.ndarray | None:
        return _by_chunks(
            x, lambda rows: self._booster.predict(self._package.DMatrix(rows), pred_contribs=True), progress
        )


class _LightgbmGrower(_Grower):
    def __init__(self, x: np.ndarray, y: np.ndarray, settings: Settings) -> None:
        super().__init__(x, y, settings)
        import lightgbm

        self._package = lightgbm
        parameters = {
            "objective": "regression",
            "metric": "l2",
            "max_depth": settings.depth,
            "num_leaves": 2**settings.depth,
            "learning_rate": settings.rate,
            "min_data_in_leaf": settings.leaf,
            "num_threads": settings.threads,
            "seed": settings.seed,
            "deterministic": True,
            "verbosity": -1,
        }
        self._data = lightgbm.Dataset(x, y, params={"verbosity": -1}, free_raw_data=False)
        self._booster = lightgbm.Booster(parameters, self._data)

    def grow(self) -> None:
        self._booster.update()

    def watch(self, x: np.ndarray, y: np.ndarray) -> None:
        self._booster.add_valid(self._package.Dataset(x, y, reference=self._data), "out")

    def watched(self) -> float:
        return float(self._booster.eval_valid()[0][2])

    def model(self) -> Model:
        return _Lightgbm(self._booster)


class _Lightgbm(Model):
    def __init__(self, booster: Any) -> None:
        self._booster = booster

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self._booster.predict(x), dtype=np.float64)

    def contributions(self, x: np.ndarray, progress: Progress = QUIET) -> np.ndarray | None:
        return _by_chunks(x, lambda rows: self._booster.predict(rows, pred_contrib=True), progress)


class _ForestGrower(_Grower):
    step = _BATCH

    def __init__(self, x: np.ndarray, y: np.ndarray, settings: Settings) -> None:
        super().__init__(x, y, settings)
        from sklearn.ensemble import RandomForestRegressor

        self._forest = RandomForestRegressor(
            n_estimators=0,
            warm_start=True,
            min_samples_leaf=max(settings.leaf // 4, 1),
            max_depth=settings.depth if settings.depth > 6 else None,
            max_features=max(1 / 3, 1 / x.shape[1]),
            n_jobs=settings.threads,
            random_state=settings.seed,
        )

    def grow(self) -> None:
        self._forest.n_estimators += _BATCH
        self._forest.fit(self._x, self._y)

    def model(self) -> Model:
        return _Forest(self._forest)


class _Forest(Model):
    def __init__(self, forest: Any) -> None:
        self._forest = forest

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self._forest.predict(x), dtype=np.float64)

    def contributions(self, x: np.ndarray, progress: Progress = QUIET) -> np.ndarray | None:
        if not has_shap():
            return None
        from shap import TreeExplainer

        explainer = TreeExplainer(self._forest)
        base = float(np.ravel(explainer.expected_value)[0])

        def explained(rows: np.ndarray) -> np.ndarray:
            values = explainer.shap_values(rows, check_additivity=False)
            return np.column_stack([values, np.full(len(rows), base)])

        return _by_chunks(x, explained, progress, rows=20)


_GROWERS: dict[str, type[_Grower]] = {"xgboost": _XgboostGrower, "lightgbm": _LightgbmGrower, "forest": _ForestGrower}


def _by_chunks(x: np.ndarray, explain: Any, progress: Progress, rows: int = _ROWS_AT_ONCE) -> np.ndarray:
    parts = []
    for start in range(0, len(x), rows):
        progress.check()
        parts.append(np.asarray(explain(x[start : start + rows]), dtype=np.float64))
        progress.set(100 * min(start + rows, len(x)) / len(x))
    return np.concatenate(parts)
