"""The remote sensing index of random scenes against whole arrays of numpy."""

from __future__ import annotations

import math

import numpy as np

from ecoassets.core.quality.rsei.inputs import RseiInputs
from ecoassets.core.quality.rsei.maps import RseiOutputs
from ecoassets.core.quality.rsei.run import run_rsei
from ecoassets.core.quality.rsei.tables import change_table, indicator_table, level_table, loadings_table

from ...random_land import RandomLand, assert_rows, share
from ...scenes import land as scene
from .test_against_numpy import mean_of, with_seeds


class Scenes:
    """Images of every year, the four indicators, and the index by component analysis."""

    def __init__(self, folder, seed: int) -> None:
        self.land = land = RandomLand(folder, seed)
        self.mode = ("joint", "yearly", "reference", "equal_weight")[seed % 4]
        self.clip = (1.0, 3.0, 0.0)[seed // 2 % 3]
        self.images, valid = [], []
        for n, _ in enumerate(land.years):
            image = scene(seed + 100 * n, land.shape, 0.35 + 0.05 * n, 0.5 * n)
            wet = ~land.holes(0.02)
            image[1, wet], image[4, wet] = 0.09, 0.01  # water
            there = land.holes(0.05)
            self.images.append((image, there))
            valid.append(there & ~wet)
        self.shown = land.shown(valid)
        self.indicators = [self._indicators(image.astype(np.float64)) for image, _ in self.images]

    def inputs(self) -> RseiInputs:
        paths = [self.land.write_bands(f"image{n}", image, there) for n, (image, there) in enumerate(self.images)]
        normalise = "percentile" if self.clip else "minmax"
        clip = self.clip or 1.0
        return RseiInputs(
            tuple(paths), self.land.years, "landsat5", "reflectance", mode=self.mode, normalise=normalise, clip_pct=clip
        )

    @staticmethod
    def _indicators(image: np.ndarray) -> np.ndarray:
        blue, green, red, nir, swir1, swir2, lst = image
        wet = 0.0315 * blue + 0.2021 * green + 0.3102 * red + 0.1594 * nir - 0.6806 * swir1 - 0.6109 * swir2
        si = ((swir1 + red) - (nir + blue)) / ((swir1 + red) + (nir + blue))
        a, b = 2 * swir1 / (swir1 + nir), nir / (nir + red) + green / (green + swir1)
        return np.stack([(nir - red) / (nir + red), wet, (si + (a - b) / (a + b)) / 2, lst])

    def groups(self) -> list[tuple[list[int], list[int]]]:
        """Positions of the years that shape a model, and of those that use it."""
        every = list(range(len(self.land.years)))
        if self.mode == "yearly":
            return [([n], [n]) for n in every]
        return [([0] if self.mode == "reference" else every, every)]

    def percentile(self, values, years: list[int], percent: float) -> float:
        """Of the pixels that count in some years; values are one array per year of these."""
        areas, land = self.land.areas, self.land
        try:
            land.areas = np.concatenate([areas] * len(years))
            return land.percentile(np.concatenate(values), np.concatenate([self.shown[n] for n in years]), percent)
        finally:
            land.areas = areas


NAMES = ("ndvi", "wet", "ndbsi", "lst")


@with_seeds
def test_remote_sensing_index(tmp_path, seed):
    scenes = Scenes(tmp_path, seed)
    land = scenes.land
    found = run_rsei(scenes.inputs(), RseiOutputs(), land.settings)
    index: dict[int, np.ndarray] = {}
    loadings, indicators = [], []
    for shaping, using in scenes.groups():
        low, high = (
            np.array([
                scenes.percentile([scenes.indicators[n][i] for n in shaping], shaping, percent) for i in range(4)
            ])
            for percent in (scenes.clip, 100 - scenes.clip)
        )  # fmt: skip
        scaled = {
            n: np.clip((scenes.indicators[n] - low[:, None, None]) / (high - low)[:, None, None], 0, 1)
            for n in {*shaping, *using}
        }
        if scenes.mode == "equal_weight":
            weights, ends = np.array([0.25, 0.25, -0.25, -0.25]), (-0.5, 0.5)
        else:
            pixels = np.concatenate([scaled[n][:, scenes.shown[n]] for n in shaping], axis=1)
            shares = np.concatenate([land.areas[scenes.shown[n]] for n in shaping])
            values, vectors = np.linalg.eigh(weighted_covariance(pixels, shares))
            values, vectors = values[::-1], vectors[:, ::-1]
            weights = vectors[:, 0] * np.sign(vectors[:, 0] @ (1, 1, -1, -1))
            score = [np.tensordot(weights, scaled[n], 1) for n in shaping]
            ends = tuple(scenes.percentile(score, shaping, percent) for percent in (scenes.clip, 100 - scenes.clip))
        for n in using:
            year = land.years[n]
            index[n] = np.clip((np.tensordot(weights, scaled[n], 1) - ends[0]) / (ends[1] - ends[0]), 0, 1)
            shown, areas = scenes.shown[n], land.areas[scenes.shown[n]]
            for i, name in enumerate(NAMES):
                seen = scenes.indicators[n][i][shown]
                mean = np.average(seen, weights=areas)
                spread = math.sqrt(np.average((seen - mean) ** 2, weights=areas))
                row = {"year": year, "indicator": name, "mean": mean, "std_dev": spread}
                indicators.append({**row, "low": low[i], "high": high[i]})
                if scenes.mode == "equal_weight":
                    parts = dict.fromkeys(("pc2", "pc3", "pc4", "contribution_pct"))
                    loadings.append({"year": year, "indicator": name, "pc1": weights[i], **parts})
                else:
                    part = values[0] / values.sum() * 100
                    loadings.append({"year": year, "indicator": name, "pc1": weights[i], "contribution_pct": part})
            if scenes.mode != "equal_weight":
                for name, of_name in (("eigenvalue", values), ("contribution_pct", values / values.sum() * 100)):
                    row = dict(zip(("pc1", "pc2", "pc3", "pc4"), of_name.tolist()))
                    loadings.append({"year": year, "indicator": name, **row, "contribution_pct": part})
    near = 2e-5  # indicators are in single precision in the product
    assert_rows(loadings_table(found), ("year", "indicator"), loadings, near)
    assert_rows(indicator_table(found), ("year", "indicator"), indicators, near)
    levels = {n: 1 + sum((index[n] >= bound).astype(int) for bound in (0.2, 0.4, 0.6, 0.8)) for n in index}
    titles = ("poor", "fair", "moderate", "good", "excellent")
    rows, moves = [], []
    for n, year in enumerate(land.years):
        shown = scenes.shown[n]
        for code, title in enumerate(titles, start=1):
            here = shown & (levels[n] == code)
            row = {
                "year": year,
                "class": title,
                "area_ha": land.ha(here),
                "share_pct": share(land.ha(here), land.ha(shown)),
            }
            rows.append({**row, "mean": mean_of(land, index[n], here), "code": code})
        row = {"year": year, "class": "all", "area_ha": land.ha(shown), "share_pct": 100.0}
        rows.append({**row, "mean": mean_of(land, index[n], shown), "code": None})
    for first, last in land.pairs():
        both = scenes.shown[first] & scenes.shown[last]
        for i, before in enumerate(titles, start=1):
            for j, after in enumerate(titles, start=1):
                area = land.ha(both & (levels[first] == i) & (levels[last] == j))
                row = {"from_year": land.years[first], "to_year": land.years[last], "from_class": before}
                moves.append(
                    {
                        **row,
                        "to_class": after,
                        "change": j - i,
                        "area_ha": area,
                        "share_pct": share(area, land.ha(both)),
                    }
                )
    pixel = {
        "area_ha": 1.01 * float(land.areas.max()),
        "share_pct": 0.05,
        "mean": 1e-3,
    }  # one may lie at a bound in single precision
    assert_rows(level_table(found), ("year", "class"), rows, near, pixel)
    assert_rows(change_table(found), ("from_year", "to_year", "from_class", "to_class"), moves, near, pixel)


def weighted_covariance(values: np.ndarray, areas: np.ndarray) -> np.ndarray:
    """By area, with the n - 1 of a sample of pixels."""
    return np.cov(values, aweights=areas, ddof=0) * values.shape[1] / (values.shape[1] - 1)
