"""Tables of quality, degradation, trends and the remote sensing index on random rasters, against plain numpy."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pytest

from ecoassets.core.land_cover import load_scheme
from ecoassets.core.quality.degradation.run import (
    ComparedLayer,
    DegradationInputs,
    DegradationOutputs,
    run_degradation,
)
from ecoassets.core.quality.degradation.tables import degradation_table, severity_table
from ecoassets.core.quality.ecosystem.run import QualityInputs, QualityOutputs, run_ecosystem_quality
from ecoassets.core.quality.ecosystem.tables import quality_change_table, quality_table
from ecoassets.core.quality.trend.run import TrendInputs, TrendOutputs, run_trend, trend_table
from ecoassets.core.tables import Table

from ...random_land import SEEDS, RandomLand, assert_rows, share

CODES = {4: "forest", 5: "shrub", 8: "grassland", 11: "cropland", 13: "wetland", 30: "urban"}
SCHEME = load_scheme("custom", Table.of_rows("classes", [{"code": c, "ecosystem": e} for c, e in CODES.items()]))
ECOSYSTEMS = ("forest", "shrub", "grassland", "wetland", "cropland", "urban", "desert", "glacier", "barren")
GRADES = ("poor", "low", "medium", "good", "excellent")
NO_LAND_COVER = "no land cover"
with_seeds = pytest.mark.parametrize("seed", SEEDS)


class Ecosystems:
    """Land cover of several dates with gaps, as ecosystems; "" where there is none."""

    def __init__(self, land: RandomLand, dates: int) -> None:
        self.land = land
        codes = [land.classes(tuple(CODES), (0.3, 0.1, 0.2, 0.2, 0.1, 0.1)) for _ in range(dates)]
        self.covered = [land.inside & land.holes() for _ in range(dates)]
        self.paths = land.series("cover", zip(codes, self.covered), "uint8")
        names = np.vectorize(CODES.get)
        self.at = [np.where(covered, names(of_date), "") for covered, of_date in zip(self.covered, codes)]


class Quality:
    """Index and grade of every pixel, worked out for whole arrays."""

    def __init__(self, folder, seed: int) -> None:
        self.land = land = RandomLand(folder, seed)
        self.cover = Ecosystems(land, len(land.years))
        self.method, self.by_year = ("eqi", "relative_biomass")[seed % 2], seed % 3 == 1
        self.percentile = 100.0 if self.by_year else (None, 90.0)[seed % 2]
        self.names = ("lai", "fvc", "gpp") if self.method == "eqi" else ("biomass",)
        self.layers = {n: [(land.numbers(0.05, 7), land.holes(0.04)) for _ in land.years] for n in self.names}
        self.graded = ("forest", "shrub", "grassland", *(["cropland"] if seed % 5 == 2 else []))
        self.regions, names, number = land.zones("regions") if seed % 4 else (None, (), np.zeros(land.shape, int))
        self.zones, self.number = names[:-1], number  # what lies outside of all is not compared
        self.tabled = seed % 3 == 0
        self.grades_of = {"wetland": 4, "cropland": 2} if self.tabled else {}
        self.references: list[dict] = []
        self._compare()

    def inputs(self) -> QualityInputs:
        rows = [{"ecosystem": name, "grade": grade} for name, grade in self.grades_of.items()]
        return QualityInputs(
            {name: self.land.series(name, layers) for name, layers in self.layers.items()},
            self.land.years,
            self.cover.paths,
            SCHEME,
            self.method,
            self.graded,
            self.regions.path if self.regions else None,
            self.regions.field if self.regions else None,
            "yearly" if self.by_year else "pooled",
            self.percentile,
            fewest_pixels=150,
            grade_table=Table.of_rows("grades", rows) if rows else None,
        )

    def _compare(self) -> None:
        land, dates = self.land, range(len(self.land.years))
        near = np.logical_and if land.common else np.logical_or
        self.open = near.reduce(self.cover.covered)
        measured = [np.logical_and.reduce([layers[d][1] for layers in self.layers.values()]) for d in dates]
        if land.common:
            measured = [np.logical_and.reduce(measured)] * len(measured)
        inside = self.number < len(self.zones) if self.regions else True
        self.counted = [self.open & measured[d] & np.isin(self.cover.at[d], self.graded) & inside for d in dates]
        found = {}  # reference and least value of its own pixels
        groups = [(year, [d]) for d, year in enumerate(land.years)] if self.by_year else [(None, list(dates))]
        percent = self.percentile or {"eqi": 99.0, "relative_biomass": 95.0}[self.method]
        for year, of_group in groups:
            for name in self.names:
                for ecosystem in self.graded:
                    for zone in (None, *range(len(self.zones))):
                        where = [
                            self.counted[d] & (self.cover.at[d] == ecosystem) & (zone is None or self.number == zone)
                            for d in of_group
                        ]
                        values = [self.layers[name][d][0] for d in of_group]
                        stacked = np.concatenate(where)
                        if stacked.any():
                            found[year, name, ecosystem, zone] = self._reference(
                                np.concatenate(values), stacked, percent, found.get((year, name, ecosystem, None)), zone
                            )
                            self._tell(year, name, ecosystem, zone, found, int(stacked.sum()))
        own = [key for key in found if (key[3] is not None) == bool(self.zones)]
        self.index = [np.full(land.shape, np.nan) for _ in dates]
        for date, year in enumerate(land.years):
            group = year if self.by_year else None
            total = np.zeros(land.shape)
            for name in self.names:
                density = np.zeros(land.shape)
                for key in own:
                    if key[:2] == (group, name):
                        _, _, ecosystem, zone = key
                        there = (self.cover.at[date] == ecosystem) & (zone is None or self.number == zone)
                        density[there] = np.clip(self.layers[name][date][0][there] / found[key][0], 0, 1)
                if self.by_year:
                    least = min(found[k][1] / found[k][0] for k in own if k[:2] == (group, name))
                    density = (density - least) / (1 - least)
                total += density
            self.index[date][self.counted[date]] = (total / len(self.names) * 100)[self.counted[date]]
        lower = {"eqi": (20, 35, 55, 75), "relative_biomass": (25, 50, 70, 85)}[self.method]
        self.grade = []
        for date in dates:
            grade = np.where(self.counted[date], 1 + sum(self.index[date].round(4) >= bound for bound in lower), 0)
            for ecosystem, known in self.grades_of.items():
                there = self.open & (self.cover.at[date] == ecosystem)
                grade[there], self.index[date][there] = known, np.nan
            self.grade.append(grade)

    def _reference(self, values, where, percent, everywhere, zone) -> tuple[float, float]:
        areas = self.land.areas
        try:
            self.land.areas = np.tile(areas, (len(values) // len(areas), 1))
            reference = self.land.percentile(values, where, percent)
        finally:
            self.land.areas = areas
        if zone is not None and where.sum() < 150:
            reference = everywhere[0]
        return reference, float(values[where].min())

    def _tell(self, year, name, ecosystem, zone, found, pixels) -> None:
        place = "all" if zone is None else self.zones[zone]
        source = "the ecosystem everywhere" if zone is not None and pixels < 150 else "its own pixels"
        row = {"indicator": name, "ecosystem": ecosystem, "zone": place, "year": year, "taken_from": source}
        self.references.append({**row, "reference": found[year, name, ecosystem, zone][0], "pixels": pixels})

    def ecosystems(self) -> tuple[str, ...]:
        return (
            *self.graded,
            *(name for name in ("wetland", "cropland") if name in self.grades_of and name not in self.graded),
        )


def summary_index(areas) -> float:
    return sum(g * a for g, a in enumerate(areas, start=1)) / 5 / sum(areas) * 100


@with_seeds
def test_ecosystem_quality(tmp_path, seed):
    quality = Quality(tmp_path, seed)
    land = quality.land
    found = run_ecosystem_quality(quality.inputs(), QualityOutputs(), land.settings)
    assert_rows(found.references.table, ("indicator", "ecosystem", "zone", "year"), quality.references, 1e-6)
    rows, changes = [], []
    for date, year in enumerate(land.years):
        grade, index, at = quality.grade[date], quality.index[date], quality.cover.at[date]
        whole = land.ha(grade > 0)
        for ecosystem in (*quality.ecosystems(), "all"):
            here = (grade > 0) & (True if ecosystem == "all" else at == ecosystem)
            area = land.ha(here)
            areas = [land.ha(here & (grade == code)) for code in range(1, 6)]
            for code, name in enumerate(GRADES, start=1):
                row = {"year": year, "ecosystem": ecosystem, "class": name, "area_ha": areas[code - 1], "code": code}
                row |= {
                    "share_pct": share(areas[code - 1], area),
                    "index": mean_of(land, index, here & (grade == code)),
                }
                rows.append({**row, "summary_index": None, "contribution": None, "low_pct": None})
            row = {"year": year, "ecosystem": ecosystem, "class": "all", "area_ha": area, "code": None}
            if area:
                summary = summary_index(areas)
                row |= {"share_pct": 100.0, "index": mean_of(land, index, here), "summary_index": summary}
                row |= {"contribution": summary * area / whole, "low_pct": (areas[0] + areas[1]) / area * 100}
            else:
                row |= {"share_pct": None, "index": None, "summary_index": None, "contribution": 0.0, "low_pct": None}
            rows.append(row)
    known = [~np.isnan(index) for index in quality.index]
    for first, last in land.pairs():
        both = known[first] & known[last]
        if land.common:
            both = np.logical_and.reduce(known)
        for ecosystem in (*quality.ecosystems(), "all"):
            here = both & (True if ecosystem == "all" else quality.cover.at[first] == ecosystem)
            old, new = (mean_of(land, quality.index[date], here) for date in (first, last))
            row = {"from_year": land.years[first], "to_year": land.years[last], "ecosystem": ecosystem}
            row |= {"area_ha": land.ha(here), "index_from": old, "index_to": new}
            some = old is not None
            changes.append(
                {**row, "change": new - old if some else None, "change_pct": (new / old - 1) * 100 if some else None}
            )
    assert_rows(quality_table(found), ("year", "ecosystem", "class"), rows, 1e-6)
    assert_rows(quality_change_table(found), ("from_year", "to_year", "ecosystem"), changes, 1e-6)


def mean_of(land: RandomLand, values: np.ndarray, where: np.ndarray) -> float | None:
    where = where & ~np.isnan(values)
    return float(np.average(values[where], weights=land.areas[where])) if where.any() else None


class Change:
    """Layers of two dates, and which became worse or better."""

    def __init__(self, folder, seed: int, kind: str) -> None:
        self.land = land = RandomLand(folder, seed)
        self.kind, self.dates = kind, seed % 3
        if kind == "standard":
            self.dates = 1 + seed % 2
        self.cover = Ecosystems(land, self.dates)
        names = {"standard": ("biomass", "cover")}.get(kind, ("water", "erosion"))
        self.names = names if seed % 4 else names[:1]
        self.values = {}
        for name in self.names:
            old = land.classes(range(1, 6)).astype(float) if kind == "class" else land.numbers(10, 400)
            new = old + land.random.normal(0, 40, land.shape) if kind != "class" else land.classes(range(1, 6))
            new = np.asarray(new, np.float32).astype(float)
            self.values[name] = (old, new), (land.inside & land.holes(), land.inside & land.holes())
        self.threshold = {"absolute": 25.0, "relative": (None, 7.5)[seed % 2]}.get(kind)
        self.smallest = (None, 4.0)[seed // 2 % 2] if kind == "relative" else None
        self.regions = land.zones("regions") if kind == "standard" and seed % 3 else None

    def inputs(self) -> DegradationInputs:
        layers = []
        for name, (values, valid) in self.values.items():
            dtype = "uint8" if self.kind == "class" else "float32"
            before, after = self.land.series(f"layer_{name}", zip(values, valid), dtype)
            layers.append(ComparedLayer(name, before, after, higher_is_better=name != "erosion"))
        return DegradationInputs(
            tuple(layers),
            self.kind,
            self.threshold,
            self.smallest,
            self.cover.paths,
            SCHEME if self.cover.paths else None,
            ecoregions=self.regions[0].path if self.regions else None,
            ecoregion_field="name" if self.regions else None,
        )

    def direction(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """-1, 0 or 1, and where it is known."""
        (old, new), (before, after) = self.values[name]
        both = before & after
        limit = self.threshold if self.threshold is not None else {"relative": 10, "class": 1}[self.kind]
        change = new - old
        enough = np.abs(change) / np.abs(old) * 100 >= limit if self.kind == "relative" else np.abs(change) >= limit
        if self.kind == "relative":
            smallest = self.smallest
            if smallest is None:
                smallest = 0.01 * self.land.percentile(old, both, 95)
            enough &= np.abs(change) >= smallest
        sign = -1 if name == "erosion" else 1
        return sign * np.where(enough & (change != 0), np.sign(change), 0), both

    def severity(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """0 to 4 by the standard, and where it is judged."""
        (old, new), (before, after) = self.values[name]
        ecosystem = {"biomass": "forest", "cover": "grassland"}[name]
        was, now = (self.cover.at[date] == ecosystem for date in (0, -1))
        number = self.regions[2] if self.regions else np.zeros(self.land.shape, int)
        places = range(len(self.regions[1]) - 1) if self.regions else range(1)
        inside = number < len(places)
        whole = self.land.percentile(old, was & before & inside, 95)
        lower = (30, 60, 75, 90) if name == "biomass" else (50, 70, 80, 90)
        found, judged = np.zeros(self.land.shape, int), now & after & inside
        for place in places:
            own = was & before & (number == place)
            undegraded = self.land.percentile(old, own, 95) if own.sum() >= 100 else whole
            degree = (new / undegraded * 100).round(4)  # files are in single precision
            found = np.where(number == place, 4 - sum((degree >= bound).astype(int) for bound in lower), found)
        return found, judged


@with_seeds
@pytest.mark.parametrize("kind", ["relative", "absolute", "class", "standard"])
def test_degradation(tmp_path, seed, kind):
    change = Change(tmp_path, seed, kind)
    land, cover = change.land, change.cover
    found = run_degradation(change.inputs(), DegradationOutputs(), land.settings)
    layers, severities = {}, []
    for name in change.names:
        if kind == "standard":
            severity, judged = change.severity(name)
            layers[name] = -(severity > 0).astype(int), judged
            total = land.ha(judged)
            for level, title in enumerate(("none", "light", "moderate", "severe", "extreme")):
                area = land.ha(judged & (severity == level))
                severities.append({"layer": name, "class": title, "area_ha": area, "share_pct": share(area, total)})
        else:
            layers[name] = change.direction(name)
    if kind == "standard" and change.dates == 2:
        was, now = (at == "wetland" for at in cover.at)
        known = cover.covered[0] & cover.covered[1]
        layers["wetland"] = now.astype(int) - was, known & (was | now)
        before, after = (land.ha(known & wet) for wet in (was, now))
        lost = (before - after) / before * 100
        title = ("none", "light", "moderate", "severe", "extreme")[sum(lost >= bound for bound in (5, 15, 30, 50))]
        severities.append({"layer": "wetland", "class": title, "area_ha": before - after, "share_pct": lost})
    if len(layers) > 1:
        worse = np.logical_or.reduce([judged & (direction < 0) for direction, judged in layers.values()])
        better = np.logical_or.reduce([judged & (direction > 0) for direction, judged in layers.values()])
        joined = np.where(worse, -1, np.where(better, 1, 0)), np.logical_or.reduce([j for _, j in layers.values()])
        layers = {"union": joined, **layers}
    any_layer = next(iter(layers.values()))[1]
    rows = []
    for name, (direction, judged) in layers.items():
        groups = [("all", np.ones(land.shape, dtype=bool))]
        land_of_all = judged
        if cover.at:
            at = np.where(cover.covered[-1], cover.at[-1], NO_LAND_COVER)
            groups += [(e, at == e) for e in (*ECOSYSTEMS, NO_LAND_COVER) if (judged & (at == e)).any()]
            land_of_all = cover.covered[-1] | any_layer
        for ecosystem, where in groups:
            base = land.ha(land_of_all & where)
            for code, title in ((-1, "degraded"), (0, "unchanged"), (1, "improved")):
                area = land.ha(judged & where & (direction == code))
                row = {"layer": name, "ecosystem": ecosystem, "class": title, "area_ha": area, "code": code}
                rows.append({**row, "share_pct": share(area, base)})
    assert_rows(degradation_table(found), ("layer", "ecosystem", "code"), rows)
    assert_rows(severity_table(found), ("layer", "class"), severities)


@with_seeds
def test_trend(tmp_path, seed):
    land = RandomLand(tmp_path, seed, years=5 + seed % 4)
    rise = land.random.normal(0, 0.4, land.shape)
    layers = [
        ((rise * (year - 1990) + land.numbers(0, 8)).round(seed % 3 * 2).astype(np.float32), land.holes(0.05))
        for year in land.years
    ]
    stable, fewest = (0.0, 0.15)[seed % 2], 4 + seed % 2
    inputs = TrendInputs(land.series("series", layers), land.years, 0.1, stable, fewest)
    found = run_trend(inputs, TrendOutputs(), land.settings)
    shown = land.shown([valid for _, valid in layers])
    areas = dict.fromkeys(range(1, 6), 0.0)
    slopes = []
    for row, column in zip(*np.nonzero(np.logical_or.reduce(shown))):
        dates = [n for n, valid in enumerate(shown) if valid[row, column]]
        if len(dates) >= fewest:
            slope, p = mann_kendall([layers[n][0][row, column] for n in dates], [land.years[n] for n in dates])
            direction = np.sign(slope) if abs(slope) >= stable else 0
            areas[3 + int(direction) * (2 if p <= 0.1 else 1)] += land.areas[row, column]
            slopes.append((slope, land.areas[row, column]))
    names = (
        "significant degradation", "slight degradation", "stable", "slight improvement", "significant improvement"
    )  # fmt: skip
    total = sum(areas.values())
    rows = [
        {"class": name, "code": code, "area_ha": areas[code], "share_pct": share(areas[code], total)}
        for code, name in enumerate(names, start=1)
    ]
    assert_rows(trend_table(found), ("code",), rows)
    slope, weight = np.array(slopes).T
    assert found.mean_slope == pytest.approx(np.average(slope, weights=weight), rel=1e-5, abs=1e-6)


def mann_kendall(values, years) -> tuple[float, float]:
    """Sen's slope and the two-sided p of one series."""
    pairs = [(j - i, b - a) for (i, a), (j, b) in combinations(list(zip(years, values)), 2)]
    slope = float(np.median([np.float32(rise) / np.float32(span) for span, rise in pairs]))
    score = sum(np.sign(rise) for _, rise in pairs)
    count = len(values)
    ties = [values.count(value) for value in set(values)]
    variance = (count * (count - 1) * (2 * count + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    z = (score - np.sign(score)) / math.sqrt(variance) if score else 0.0
    return slope, math.erfc(abs(z) / math.sqrt(2))
