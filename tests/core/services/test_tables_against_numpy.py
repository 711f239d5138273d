"""Tables of water, soil, habitat and carbon on random rasters, against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.land_cover import load_scheme
from ecoassets.core.services.carbon.change import ChangeInputs
from ecoassets.core.services.carbon.flux import FluxInputs, FluxOutputs, run_carbon_flux
from ecoassets.core.services.carbon.storage import CarbonOutputs, run_carbon_storage
from ecoassets.core.services.habitat.natural import HabitatInputs, HabitatOutputs, run_natural_habitat
from ecoassets.core.services.soil.conservation import SoilInputs, SoilOutputs, run_soil_conservation
from ecoassets.core.services.soil.rainfall_erosivity import ErosivityInputs, ErosivityOutputs, run_rainfall_erosivity
from ecoassets.core.services.soil.vegetation_cover import VegetationInputs, VegetationOutputs, run_vegetation_cover
from ecoassets.core.services.survey import Cover, Rasters
from ecoassets.core.services.water.flood_mitigation import FloodInputs, FloodOutputs, run_flood_mitigation
from ecoassets.core.services.water.retention import RetentionInputs, RetentionOutputs, run_water_retention
from ecoassets.core.tables import Table

from ...random_land import SEEDS, RandomLand, assert_rows

with_seeds = pytest.mark.parametrize("seed", SEEDS)
ECOSYSTEMS = {3: "forest", 7: "wetland", 12: "cropland", 20: "urban", 31: "forest"}
CODES = tuple(ECOSYSTEMS)
COUNTS_FOR_SOIL = {3: 1, 7: 0, 12: 1, 20: 0, 31: 1}
RUNOFF_PCT = {3: 2.5, 7: 0.0, 12: 30.0, 31: 11.0}  # towns do not count
CARBON = {3: 150.5, 7: 80.0, 12: 20.25, 20: 0.0, 31: 99.0}
CURVES = {
    3: (36, 60, 73, 79),
    7: (100, 100, 100, 100),
    12: (67, 78, 85, 89),
    20: (77, 85, 90, 92),
    31: (45, 66, 77, 83),
}
SCHEME = load_scheme(
    "custom",
    Table.of_rows(
        "classes",
        [{"code": c, "ecosystem": e, "counts_for_soil": COUNTS_FOR_SOIL[c]} for c, e in ECOSYSTEMS.items()],
    ),
)
SINGLE = 2e-6  # rasters and what is computed from them are of single precision


def of_classes(codes: np.ndarray, by_code: dict[int, float]) -> np.ndarray:
    """The number of each pixel's class, NaN for classes without one."""
    found = np.full(codes.shape, np.nan)
    for code, number in by_code.items():
        found[codes == code] = number
    return found


class Covered:
    """Land cover of several years, and rasters beside it."""

    def __init__(self, folder, seed: int) -> None:
        self.land = land = RandomLand(folder, seed)
        self.years = land.years
        self.codes = [land.classes(CODES) for _ in self.years]
        self.valid = [land.holes() for _ in self.years]
        self.paths = land.series("cover", zip(self.codes, self.valid), "uint8")
        self.cover = Cover(self.paths, SCHEME)
        self.ecosystems = [np.vectorize(ECOSYSTEMS.get)(codes) for codes in self.codes]

    def series(self, name: str, least: float, most: float) -> tuple[Rasters, list[np.ndarray], list[np.ndarray]]:
        """A raster per year: the files, values and validity."""
        layers = [(self.land.numbers(least, most), self.land.holes()) for _ in self.years]
        values, valid = zip(*layers)
        return Rasters(self.land.series(name, layers)), list(values), list(valid)

    def rows(self, shown, counts=None, **amounts) -> list[dict]:
        """A row per year and ecosystem with an area: amounts per hectare, added up over the pixels."""
        found = []
        for y, year in enumerate(self.years):
            for ecosystem in dict.fromkeys(ECOSYSTEMS.values()):
                where = shown[y] & (self.ecosystems[y] == ecosystem)
                counting = where if counts is None else where & counts[y]
                if counting.any():
                    row = {"year": year, "ecosystem": ecosystem, "area_ha": self.land.ha(counting)}
                    sums = {name: self.total(per_ha[y], where) for name, per_ha in amounts.items()}
                    found.append({**row, **sums})
        return found

    def total(self, per_ha: np.ndarray, where: np.ndarray) -> float:
        return float((per_ha * self.land.areas)[where].sum())


@with_seeds
def test_water_retention(tmp_path, seed):
    covered = Covered(tmp_path, seed)
    land, mean = covered.land, seed % 5 == 0
    rain_files, rain, has_rain = covered.series("rain", 200, 1500)
    loss_files, loss, has_loss = covered.series("loss", 100, 1200)
    table = Table.of_rows("runoff", [{"code": code, "runoff_pct": pct} for code, pct in RUNOFF_PCT.items()])
    inputs = RetentionInputs(
        covered.cover, rain_files, loss_files, covered.years, table=table, climate="mean" if mean else "actual"
    )
    found = run_water_retention(inputs, RetentionOutputs(), land.settings)
    both = [a & b for a, b in zip(has_rain, has_loss)]
    if mean:
        rain, loss = ([np.mean(values, axis=0)] * len(values) for values in (rain, loss))
        both = [np.logical_and.reduce(both)] * len(both)
    runoff = [of_classes(codes, RUNOFF_PCT) for codes in covered.codes]
    counts = [~np.isnan(pct) for pct in runoff]
    balance = [np.where(np.isnan(r), 0, p - p * r / 100 - e) for p, e, r in zip(rain, loss, runoff)]
    shown = land.shown([c & (b | ~n) for c, b, n in zip(covered.valid, both, counts)])
    kept = [np.maximum(each, 0) for each in balance]
    rows = covered.rows(shown, counts, volume_m3=[10 * k for k in kept], unclipped_m3=[10 * b for b in balance])
    for row in rows:
        y = covered.years.index(row["year"])
        here = shown[y] & counts[y] & (covered.ecosystems[y] == row["ecosystem"])
        row["depth_mm"] = row["volume_m3"] / row["area_ha"] / 10
        row["clipped_pct"] = 100.0 * np.count_nonzero(balance[y][here] < 0) / np.count_nonzero(here)
    assert_rows(found.table(), ("year", "ecosystem"), rows, SINGLE)


@with_seeds
def test_flood_mitigation(tmp_path, seed):
    covered = Covered(tmp_path, seed)
    land, ratio = covered.land, (0.2, 0.05)[seed % 2]
    rain_files, rain, has_rain = covered.series("storm", 0, 200)
    soil, has_soil = land.classes((1, 2, 3, 4)), land.holes()
    table = [{"code": code, **dict(zip("abcd", numbers))} for code, numbers in CURVES.items()]
    inputs = FloodInputs(
        covered.cover, covered.years, rain_files, soil_group=Rasters.of(land.write("soil", soil, has_soil, "uint8")),
        abstraction=ratio, curve_numbers=Table.of_rows("curves", table),
    )  # fmt: skip
    found = run_flood_mitigation(inputs, FloodOutputs(), land.settings)
    held = []
    for codes, p in zip(covered.codes, rain):
        curve = np.empty(land.shape)
        for group in range(4):
            here = soil == group + 1
            curve[here] = of_classes(codes, {code: curves[group] for code, curves in CURVES.items()})[here]
        storage = 25400 / curve - 254
        if ratio == 0.05:  # Woodward et al. 2003, in mm
            storage = 0.819 * storage**1.15
        excess = np.maximum(p - ratio * storage, 0)
        held.append(p - excess**2 / np.maximum(excess + storage, 1e-300))
    shown = land.shown([c & h & has_soil for c, h in zip(covered.valid, has_rain)])
    rows = covered.rows(shown, volume_m3=[10 * h for h in held])
    for row in rows:
        row |= {"held_mm": row["volume_m3"] / row["area_ha"] / 10, "water_bodies_m3": 0.0}
    assert_rows(found.table(), ("year", "ecosystem"), rows, SINGLE)


@with_seeds
def test_soil_conservation(tmp_path, seed):
    covered = Covered(tmp_path, seed)
    land, tolerance = covered.land, (200.0, 500.0, 400.0)[seed % 3]
    ranges = {"r": (1000, 9000), "k": (0.01, 0.06), "ls": (0, 20), "c": (0, 1), "p": (0, 1)}
    names = list(ranges)[: 5 - seed % 2]
    given = {name: covered.series(name, *ranges[name]) for name in names}
    inputs = SoilInputs(
        **{name: files for name, (files, _, _) in given.items()}, years=covered.years, cover=covered.cover,
        tolerance=tolerance,
    )  # fmt: skip
    found = run_soil_conservation(inputs, SoilOutputs(), land.settings)
    valid = [np.logical_and.reduce([c, *(given[n][2][y] for n in names)]) for y, c in enumerate(covered.valid)]
    shown, rows = land.shown(valid), []
    for y, year in enumerate(covered.years):
        values = {name: given[name][1][y] for name in names}
        potential = values["r"] * values["k"] * values["ls"]
        loss = potential * values["c"] * values.get("p", 1.0)
        kept = np.where(of_classes(covered.codes[y], COUNTS_FOR_SOIL) == 1, potential - loss, 0)
        # SL 190-2007: tolerable, 2500, 5000, 8000, 15000 t/(km2 a)
        classes = 1 + sum((100 * loss >= limit).astype(int) for limit in (tolerance, 2500, 5000, 8000, 15000))
        for ecosystem in dict.fromkeys(ECOSYSTEMS.values()):
            for number in range(1, 7):
                here = shown[y] & (covered.ecosystems[y] == ecosystem) & (classes == number)
                if here.any():
                    row = {"year": year, "ecosystem": ecosystem, "class": number, "area_ha": land.ha(here)}
                    sums = {"retention_t": covered.total(kept, here), "erosion_t": covered.total(loss, here)}
                    rows.append({**row, **sums})
    assert_rows(found.table(), ("year", "ecosystem", "class"), rows, SINGLE)


@with_seeds
def test_rainfall_erosivity(tmp_path, seed):
    land = RandomLand(tmp_path, seed)
    layers = [(land.numbers(100, 2500), land.holes()) for _ in land.years]
    inputs = ErosivityInputs(land.series("rain", layers), "zhang_annual", land.years)
    found = run_rainfall_erosivity(inputs, ErosivityOutputs(), land.settings)
    rows = []
    for year, (rain, _), where in zip(land.years, layers, land.shown([valid for _, valid in layers])):
        r, weights = 0.0534 * rain**1.6548, land.areas[where]  # Zhang & Fu 2003
        means = {
            "mean": np.average(r[where], weights=weights),
            "mean_rain_mm": np.average(rain[where], weights=weights),
        }
        rows.append({"year": year, **means})
    assert_rows(found.table(), ("year",), rows, SINGLE)


@with_seeds
def test_vegetation_cover(tmp_path, seed):
    land = RandomLand(tmp_path, seed)
    layers = [(land.numbers(-0.2, 0.95), land.holes()) for _ in land.years]
    fixed = seed % 2 == 0
    inputs = VegetationInputs(
        Rasters(land.series("ndvi", layers)), land.years, "fixed" if fixed else "percentile", soil=0.1, vegetation=0.8
    )
    found = run_vegetation_cover(inputs, VegetationOutputs(), land.settings)
    shown = land.shown([valid for _, valid in layers])
    ends = (0.1, 0.8)
    if not fixed:
        ends = tuple(pooled_percentile(land, [v for v, _ in layers], shown, percent) for percent in (5, 95))
    assert (found.soil, found.vegetation) == pytest.approx(ends, abs=1e-6)
    rows = []
    for year, (ndvi, _), where in zip(land.years, layers, shown):
        fraction = np.clip((ndvi - ends[0]) / (ends[1] - ends[0]), 0, 1)
        rows.append({"year": year, "mean_cover": float(np.average(fraction[where], weights=land.areas[where]))})
    assert_rows(found.table(), ("year",), rows, 5e-6)


def pooled_percentile(land: RandomLand, values, shown, percent: float) -> float:
    """Of the values of all years together, as `RandomLand.percentile` has it of one."""
    ranked = np.concatenate([v[where] for v, where in zip(values, shown)])
    if not np.ptp(land.areas):
        return float(np.percentile(ranked, percent))
    weights = np.concatenate([land.areas[where] for where in shown])
    order = np.argsort(ranked, kind="stable")
    reached = np.cumsum(weights[order])
    return float(ranked[order][np.searchsorted(reached, reached[-1] * percent / 100 * (1 - 1e-12))])


@with_seeds
def test_natural_habitat(tmp_path, seed):
    covered = Covered(tmp_path, seed)
    land = covered.land
    layers = [(land.classes((1, 2, 3, 4, 5)), land.holes()) for _ in covered.years]
    graded = seed % 3 > 0
    quality = Rasters(land.series("grade", layers, "uint8")) if graded else None
    found = run_natural_habitat(HabitatInputs(covered.cover, covered.years, quality), HabitatOutputs(), land.settings)
    valid, weights, natural = [], [], []
    for (grade, has_grade), has_cover, ecosystem in zip(layers, covered.valid, covered.ecosystems):
        is_natural = np.isin(ecosystem, ("forest", "wetland"))
        whole = (ecosystem == "wetland") & ~has_grade
        valid.append(has_cover & (has_grade | whole | ~is_natural) if graded else has_cover)
        weights.append(np.where(is_natural, np.where(whole, 1, grade / 5) if graded else 1.0, 0))
        natural.append(is_natural)
    rows = covered.rows(land.shown(valid), natural, weighted_ha=weights)
    assert_rows(found.table(), ("year", "ecosystem"), rows, SINGLE)


@with_seeds
def test_carbon_stock_and_its_change(tmp_path, seed):
    covered = Covered(tmp_path, seed)
    land = covered.land
    zones, names, number = land.zones() if seed % 4 else (None, (), None)
    table = Table.of_rows("carbon", [{"code": code, "carbon": density} for code, density in CARBON.items()])
    found = run_carbon_storage(
        covered.cover, table, CarbonOutputs(), covered.years, land.settings, change=ChangeInputs(zones=zones)
    )
    stock = [of_classes(codes, CARBON) for codes in covered.codes]
    shown = land.shown(covered.valid)
    rows = covered.rows(shown, carbon_t=stock)
    for row in rows:
        row |= {"density_t_ha": row["carbon_t"] / row["area_ha"], "co2_t": row["carbon_t"] * 44 / 12}
    assert_rows(found.table(), ("year", "ecosystem"), rows)
    changes = []
    for a, b in land.pairs():
        there = shown[a] & shown[b]
        rise = stock[b] - stock[a]
        for zone, where in land.parts(names, number):
            here = there & where
            if here.any():
                lost, gained = (covered.total(np.maximum(sign * rise, 0), here) * 44 / 12 for sign in (-1, 1))
                row = {"from_year": land.years[a], "to_year": land.years[b], "zone": zone, "area_ha": land.ha(here)}
                row |= {"emission_co2_t": lost, "sequestration_co2_t": gained, "net_co2_t": gained - lost}
                changes.append({**row, "net_co2_t_a": (gained - lost) / (land.years[b] - land.years[a])})
    assert_rows(found.change.table(), ("from_year", "to_year", "zone"), changes, 1e-8)


@with_seeds
def test_carbon_flux(tmp_path, seed):
    covered = Covered(tmp_path, seed)
    land, kind = covered.land, seed % 3
    npp_files, npp, has_npp = covered.series("npp", 0, 1200)
    loss_files, loss, has_loss = covered.series("loss", 0, 900)
    inputs = (
        FluxInputs(npp_files, respiration=loss_files),
        FluxInputs(npp_files, nep_ratio=0.25, oxygen="npp"),
        FluxInputs(npp_files, method="dry_matter", carbon_fraction=0.5),
    )[kind]
    found = run_carbon_flux(covered.cover, inputs, FluxOutputs(), covered.years, land.settings)
    valid = [c & n & (h if kind == 0 else True) for c, n, h in zip(covered.valid, has_npp, has_loss)]
    npp, loss = ([values / 100 for values in of_years] for of_years in (npp, loss))  # gC/m2 to t/ha
    nep = [n - r if kind == 0 else 0.25 * n for n, r in zip(npp, loss)]
    co2 = [1.63 / 0.5 * n for n in npp] if kind == 2 else [44 / 12 * n for n in nep]
    oxygen = {0: [32 / 44 * c for c in co2], 1: [32 / 12 * n for n in npp], 2: [1.19 / 0.5 * n for n in npp]}[kind]
    amounts = {"npp_t": npp, "co2_t": co2, "oxygen_t": oxygen, **({} if kind == 2 else {"nep_t": nep})}
    rows = covered.rows(land.shown(valid), **amounts)
    for row in rows:
        row |= {"co2_t_ha": row["co2_t"] / row["area_ha"], **({"nep_t": None} if kind == 2 else {})}
    assert_rows(found.table(), ("year", "ecosystem"), rows, 1e-5)
