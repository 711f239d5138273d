"""Tables of land-use change, profit and loss and human pressure on random rasters, against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.assets.equivalents import load_equivalents
from ecoassets.core.assets.valuation.run import Adjustment, Adjustments, ValuationInputs
from ecoassets.core.land_cover import load_scheme
from ecoassets.core.landuse.pressure.coefficients import hemeroby_coefficients, human_activity_coefficients
from ecoassets.core.landuse.pressure.hemeroby import HemerobyInputs, run_hemeroby
from ecoassets.core.landuse.pressure.human_activity import HumanActivityInputs, run_human_activity
from ecoassets.core.landuse.pressure.run import Factor, pressure_table
from ecoassets.core.landuse.pressure.units import Unit
from ecoassets.core.landuse.profit_loss.run import ProfitLossInputs, run_profit_loss
from ecoassets.core.landuse.profit_loss.tables import class_table, flow_table, summary_table
from ecoassets.core.landuse.transfer.run import TransferInputs, run_transfer_matrix
from ecoassets.core.landuse.transfer.tables import balance_table, degree_table, transfer_table
from ecoassets.core.tables import Table

from ...random_land import SEEDS, RandomLand, assert_rows, share

CODES = (3, 7, 12, 20)
FIELD, WOOD, TOWN, LAKE = CODES
NAMES = {FIELD: "Field", WOOD: "Wood", TOWN: "Town", LAKE: "Lake"}
ECOSYSTEMS = {FIELD: "cropland", WOOD: "forest", TOWN: "urban", LAKE: "wetland"}
SCHEME = load_scheme(
    "custom",
    Table.of_rows(
        "classes",
        [
            {"code": FIELD, "name": "Field", "ecosystem": "cropland", "equivalents": "crop:1", "water": 0},
            {"code": WOOD, "name": "Wood", "ecosystem": "forest", "equivalents": "tree:1", "water": 0},
            {"code": TOWN, "name": "Town", "ecosystem": "urban", "equivalents": "none", "water": 0},
            {"code": LAKE, "name": "Lake", "ecosystem": "wetland", "equivalents": "lake:1", "water": 1},
        ],
    ),
)
# by service: what adjusts it, and equivalents of field, wood, town and lake
SERVICES = {
    "food": ("", (1.0, 0.2, 0.0, 0.8)),
    "climate": ("NPP", (0.5, 4.0, 0.0, 0.3)),
    "water": ("PREC", (-2.0, 0.5, 0.0, 6.0)),
    "soil": ("SOIL", (0.9, 2.1, 0.0, 0.0)),
}
STANDARD_VALUE = 1200.0
EQUIVALENTS = load_equivalents(
    "custom",
    Table.of_rows(
        "equivalents",
        [
            {"service_id": name, "service": "", "group": "", "adjust_factor": factor}
            | dict(zip(("crop", "tree", "lake"), (values[0], values[1], values[3])))
            for name, (factor, values) in SERVICES.items()
        ],
    ),
)
with_seeds = pytest.mark.parametrize("seed", SEEDS)


class Cover:
    """Land cover of every year with gaps, and zones."""

    def __init__(self, folder, seed: int) -> None:
        self.land = land = RandomLand(folder, seed)
        self.codes = [land.classes(CODES, (0.4, 0.3, 0.2, 0.1)) for _ in land.years]
        self.covered = [land.holes() for _ in land.years]
        self.paths = land.series("cover", zip(self.codes, self.covered), "uint8")
        self.zones, self.names, self.number = land.zones() if seed % 5 else (None, (), None)

    def parts(self):
        return list(self.land.parts(self.names, self.number))


@with_seeds
def test_transfer_matrix(tmp_path, seed):
    cover = Cover(tmp_path, seed)
    land, codes = cover.land, cover.codes
    found = run_transfer_matrix(TransferInputs(cover.paths, land.years, SCHEME, cover.zones), settings=land.settings)
    shown = land.shown(cover.covered)
    flows, balance, degrees = [], [], []
    for first, last in land.pairs():
        pair = {"from_year": land.years[first], "to_year": land.years[last]}
        span = land.years[last] - land.years[first]
        both = shown[first] & shown[last]
        for zone, part in cover.parts():
            here = {**pair, "zone": zone}
            was = {c: land.ha(both & part & (codes[first] == c)) for c in CODES}
            now = {c: land.ha(both & part & (codes[last] == c)) for c in CODES}
            kept = {c: land.ha(both & part & (codes[first] == c) & (codes[last] == c)) for c in CODES}
            for a in CODES:
                for b in CODES:
                    moved = both & part & (codes[first] == a) & (codes[last] == b)
                    if moved.any():
                        area = land.ha(moved)
                        names = {"from_name": NAMES[a], "to_name": NAMES[b], "pixels": int(moved.sum())}
                        shares = {"from_pct": area / was[a] * 100, "to_pct": area / now[b] * 100}
                        flows.append({**here, "from_code": a, "to_code": b, **names, "area_ha": area, **shares})
                areas = {"area_from_ha": was[a], "area_to_ha": now[a], "persistence_ha": kept[a]}
                changes = {"loss_ha": was[a] - kept[a], "gain_ha": now[a] - kept[a], "net_ha": now[a] - was[a]}
                balance.append({**here, "code": a, "name": NAMES[a], **areas, **changes})
                single = (now[a] / was[a] - 1) / span * 100 if was[a] else None
                degrees.append({**here, "code": a, "single_pct": single, **dict.fromkeys(COMPREHENSIVE)})
            whole, gone = sum(was.values()), sum(was.values()) - sum(kept.values())
            net = sum(abs(now[c] - was[c]) for c in CODES)
            three = (gone / whole * 100, gone / whole / 2 / span * 100, net / whole / 2 / span * 100)
            degrees.append({**here, "code": None, "single_pct": None, **dict(zip(COMPREHENSIVE, three))})
    place = ("from_year", "to_year", "zone")
    assert_rows(transfer_table(found), (*place, "from_code", "to_code"), flows)
    assert_rows(balance_table(found), (*place, "code"), balance)
    assert_rows(degree_table(found), (*place, "code"), degrees)


COMPREHENSIVE = ("comprehensive_pct", "comprehensive_gross_annual_pct", "comprehensive_net_annual_pct")


class Values:
    """What every pixel yields, worked out for whole arrays."""

    def __init__(self, cover: Cover) -> None:
        self.cover, self.land = cover, cover.land
        land, seed = self.land, self.land.seed
        self.prices = [100.0 + 7 * n if seed % 2 else 100.0 for n in range(len(land.years))]
        self.mode = ("all_years", "base_year", "per_year")[seed // 3 % 3]
        self.water = ("one", "leave_out")[seed // 2 % 2]
        self.cap = 1.3 if seed % 7 == 0 else None
        self.given = {"NPP": 640.0} if seed % 4 == 0 else {}
        ranges = {"NPP": (200, 1200), "PREC": (300, 1800), "SOIL": (5, 90)}
        wanted = [name for n, name in enumerate(ranges) if seed % (n + 2)]
        still = {name for name in wanted if (seed + len(name)) % 5 == 0}  # one raster for all years
        self.raw, self.there = {}, {}
        for name in wanted:
            count = 1 if name in still else len(land.years)
            layers = [(land.numbers(*ranges[name]), land.holes()) for _ in range(count)]
            self.raw[name], self.there[name] = (
                [layer[part] for layer in layers] * (len(land.years) if count == 1 else 1) for part in (0, 1)
            )
            setattr(self, f"{name}_paths", land.series(name, layers))
        self.position = [np.searchsorted(CODES, codes) for codes in cover.codes]
        self.worth = {name: np.array(values) * STANDARD_VALUE for name, (_, values) in SERVICES.items()}
        self.shown = land.shown([self._valued(year) for year in range(len(land.years))])
        self.references = {name: self._references(name) for name in wanted}
        self.adjustment = {name: [self._adjusted(name, year) for year in range(len(land.years))] for name in wanted}

    def inputs(self) -> ValuationInputs:
        series = {name: Adjustment(getattr(self, f"{name}_paths"), reference=self.given.get(name)) for name in self.raw}
        adjustments = Adjustments(series, self.mode, self.water, self.cap)
        levels = dict(zip(self.land.years, self.prices))
        paths, years = self.cover.paths, self.land.years
        return ValuationInputs(
            paths, years, SCHEME, EQUIVALENTS, STANDARD_VALUE, adjustments=adjustments, price_level=levels
        )

    def _needs(self, name: str) -> np.ndarray:
        """Whether each class has a service that the raster adjusts."""
        return np.any([np.array(values) != 0 for factor, values in SERVICES.values() if factor == name], axis=0)

    def _valued(self, year: int) -> np.ndarray:
        valid = self.cover.covered[year]
        for name, there in self.there.items():
            free = ~self._needs(name)
            if self.water == "one":
                free[CODES.index(LAKE)] = True
            valid = valid & (there[year] | free[self.position[year]])
        return valid

    def _references(self, name: str) -> list[float]:
        if name in self.given:
            return [self.given[name]] * len(self.land.years)
        seen = [shown & there for shown, there in zip(self.shown, self.there[name])]
        seen = [np.logical_and.reduce(seen)] * len(seen) if self.land.common else seen
        areas = [self.land.ha(where) for where in seen]
        sums = [float((raw * self.land.areas)[where].sum()) for raw, where in zip(self.raw[name], seen)]
        if self.mode == "per_year":
            return [total / area for total, area in zip(sums, areas)]
        mean = sums[0] / areas[0] if self.mode == "base_year" else sum(sums) / sum(areas)
        return [mean] * len(areas)

    def _adjusted(self, name: str, year: int) -> np.ndarray:
        """NaN where nothing is known; open water without a value has 1."""
        found = np.where(self.there[name][year], self.raw[name][year] / self.references[name][year], np.nan)
        lake = self.cover.codes[year] == LAKE
        if self.water == "one":
            found = np.where(np.isnan(found) & lake, 1.0, found)
        return found if self.cap is None else np.minimum(found, self.cap)

    def by_service(self, first: int, last: int):
        """Per service and pixel: structure, intensity, value before and after."""
        for name, (factor, _) in SERVICES.items():
            old = new = np.ones(self.land.shape)
            if factor in self.adjustment:
                old, new = (self.adjustment[factor][year] for year in (first, last))
                new = np.nan_to_num(new)
                old = np.where(np.isnan(old), new, old)  # land that needed no value yields what it does afterwards
            was, becomes = (self.worth[name][self.position[year]] for year in (first, last))
            price, later = self.prices[first] / 100, self.prices[last] / 100
            yield (
                name,
                (
                    (becomes - was) * price * old,
                    becomes * (later * new - price * old),
                    was * price * old,
                    becomes * later * new,
                ),
            )


@with_seeds
def test_profit_and_loss(tmp_path, seed):
    values = Values(Cover(tmp_path, seed))
    land, cover = values.land, values.cover
    gdp = {
        (zone, year): 10.0 + n * 3 + (year - 1990) ** 2 % 7
        for n, (zone, _) in enumerate(cover.parts())
        for year in land.years
    }
    table = Table.of_rows("gdp", [{"zone": zone, "year": year, "gdp": amount} for (zone, year), amount in gdp.items()])
    found = run_profit_loss(ProfitLossInputs(values.inputs(), cover.zones, table), settings=land.settings)
    flows, summary, classes = [], [], []
    gross = 0.0
    for first, last in land.pairs():
        pair = {"from_year": land.years[first], "to_year": land.years[last]}
        both = values.shown[first] & values.shown[last]
        parts = {
            name: [np.where(both, part * land.areas, 0) for part in four]
            for name, four in values.by_service(first, last)
        }
        parts = {"all": [sum(four[k] for four in parts.values()) for k in range(4)], **parts}
        gross += np.abs(parts["all"][2]).sum()
        for zone, where in cover.parts():
            here = {**pair, "zone": zone}
            moved = {
                (a, b): where & both & (cover.codes[first] == a) & (cover.codes[last] == b)
                for a in CODES
                for b in CODES
            }
            moved = {codes: place for codes, place in moved.items() if place.any()}
            changes = {
                codes: any(abs(parts[name][1][place].sum()) > 0 for name in parts) for codes, place in moved.items()
            }
            for name, (structure, intensity, _, _) in parts.items():
                of_flows = {codes: float(structure[place].sum()) for codes, place in moved.items()}
                signs = [sum(v for v in of_flows.values() if v * sign > 0) for sign in (1, -1)]
                change = float(structure[where].sum() + intensity[where].sum())
                for (a, b), place in moved.items():
                    if a == b and not changes[a, b]:
                        continue
                    value = of_flows[a, b]
                    of_sign = value / signs[0 if value > 0 else 1] * 100 if value else 0.0
                    numbers = {"area_ha": land.ha(place), "value": value, "contribution_pct": of_sign}
                    numbers |= {
                        "contribution_overall_pct": share(value, change),
                        "intensity": float(intensity[place].sum()),
                    }
                    flows.append({**here, "from_code": a, "to_code": b, "service": name, **numbers})
            structure, intensity, before, after = (float(part[where].sum()) for part in parts["all"])
            change = (parts["all"][3] - parts["all"][2])[where]
            gain, loss = float(change[change > 0].sum()), float(change[change < 0].sum())
            money = [gdp[zone, land.years[year]] for year in (first, last)]
            index = (after - before) / abs(before) if before else None
            grown = money[1] / money[0] - 1
            eeh = index / grown if grown and index is not None else None
            row = {"structure": structure, "intensity": intensity, "gain": gain, "loss": loss, "net": after - before}
            told = harmony_class(eeh) if eeh is not None and grown > 0 else None
            summary.append({**here, **row, "change_index": index, "harmony": eeh, "harmony_class": told})
            for code in CODES:
                was, now = (
                    float(parts["all"][side][where & (cover.codes[year] == code)].sum())
                    for side, year in ((2, first), (3, last))
                )
                numbers = {"value_from": was, "value_to": now, "change": now - was}
                numbers |= {"change_index": (now - was) / abs(was) if was else None}
                numbers |= {"contribution_overall_pct": share(now - was, after - before)}
                classes.append({**here, "code": code, "name": NAMES[code], **numbers, "ecosystem": ECOSYSTEMS[code]})
    place = ("from_year", "to_year", "zone")
    money = dict.fromkeys(("value", "intensity", "structure", "net", "change"), 1e-12 * gross)  # differences of it
    assert_rows(flow_table(found), (*place, "from_code", "to_code", "service"), flows, 1e-10, money)
    assert_rows(summary_table(found), place, summary, 1e-10, money)
    assert_rows(class_table(found), (*place, "code"), classes, 1e-10, money)


def harmony_class(eeh: float) -> str:
    if eeh >= 1:
        return "coordinated; ESV grows at least as fast as GDP"
    if eeh >= 0:
        return "coordinated under growing pressure"
    return "uncoordinated, conflict" if eeh >= -1 else "severely uncoordinated"


class Pressure:
    """Human pressure of every pixel and year, and over which land it is averaged."""

    def __init__(self, folder, seed: int, coefficients) -> None:
        self.cover = Cover(folder, seed)
        self.land = land = self.cover.land
        self.kind = ("zones", "grid", "window")[seed // 3 % 3]
        self.metres = 7.6 * max(land.metres())
        self.zones, self.names, self.number = land.zones("units")
        self.unit = Unit(self.kind, self.metres, self.zones if self.kind == "zones" else None)
        self.coefficients = coefficients
        self.values = [np.take(coefficients, np.searchsorted(CODES, codes)) for codes in self.cover.codes]
        self.shown = land.shown(self.cover.covered)
        self.factors: tuple[Factor, ...] = ()
        self.weight = 1.0

    def with_factors(self) -> None:
        """Two rasters beside land cover: one of every year, one for all."""
        land = self.land
        counts, self.weight, weights = (len(land.years), 1), 2.0, (1.0, 0.5)
        totals = [self.weight * values for values in self.values]
        valid = list(self.cover.covered)
        near = np.logical_and if land.common else np.logical_or
        covered = land.inside & near.reduce(self.cover.covered)
        for n, (count, weight) in enumerate(zip(counts, weights)):
            layers = [(land.numbers(3, 90), land.holes()) for _ in range(count)]
            self.factors += (Factor(f"factor {n}", land.series(f"factor{n}_", layers), weight),)
            seen = np.concatenate([values[covered & there] for values, there in layers])
            for year in range(len(land.years)):
                values, there = layers[year if count > 1 else 0]
                totals[year] = totals[year] + weight * (values - seen.min()) / (seen.max() - seen.min())
                valid[year] = valid[year] & there
        self.values = [total / (self.weight + sum(weights)) for total in totals]
        self.shown = land.shown(valid)

    def units(self) -> dict[str, np.ndarray]:
        """Where each zone or cell of the fishnet lies."""
        if self.kind == "zones":
            return {name: self.number == zone for zone, name in enumerate(self.names)}
        height, width = self.land.shape
        across, down = self.land.metres()
        rows, columns = (max(1, round(self.metres / size)) for size in (down, across))
        row, column = np.indices(self.land.shape)
        cells = {}
        for r in range(-(-height // rows)):
            for c in range(-(-width // columns)):
                cells[f"r{r + 1}c{c + 1}"] = (row // rows == r) & (column // columns == c)
        return cells

    def windowed(self, year: int) -> np.ndarray:
        """The mean about each pixel, one pixel after the other."""
        values, shown = self.values[year], self.shown[year]
        weights = np.where(shown, self.land.areas, 0)
        _, down = self.land.metres()
        half_rows = max(0, round((self.metres / down - 1) / 2))
        found = np.full(values.shape, np.nan)
        for row, column in zip(*np.nonzero(shown)):
            half = max(0, round((self.metres / self.land.metres(row)[0] - 1) / 2))
            window = (
                slice(max(0, row - half_rows), row + half_rows + 1),
                slice(max(0, column - half), column + half + 1),
            )
            found[row, column] = np.average(values[window], weights=weights[window])
        return found

    def rows(self, scale: float, level_of) -> list[dict]:
        """What the table holds; `level_of` names the level of a mean."""
        made = []
        for year, shown in zip(self.land.years, self.shown):
            values = self.values[self.land.years.index(year)]
            if self.kind == "window":
                means = self.windowed(self.land.years.index(year))
                levels = np.vectorize(lambda mean: level_of(mean)[0] if mean == mean else 0)(means)
                groups = [("all", levels == level, means) for level in np.unique(levels[shown]).tolist()]
            else:
                groups = [
                    ("all", shown, values),
                    *((name, shown & where, values) for name, where in self.units().items()),
                ]
            for name, where, numbers in groups:
                if where.any():
                    mean = float(np.average(numbers[where], weights=self.land.areas[where]))
                    level, title = level_of(mean)
                    row = {"year": year, "zone": name, "value": mean * scale, "level": level}
                    made.append({**row, "area_ha": self.land.ha(where), "level_name": title})
        return made


def coefficient_table(values) -> Table:
    return Table.of_rows("coefficients", [{"code": c, "coefficient": v} for c, v in zip(CODES, values)])


def activity_level(mean: float) -> tuple[int, str]:
    level = 1 + sum(round(mean, 6) > bound for bound in (0.2, 0.4, 0.6, 0.8))
    return level, ("low", "lower", "medium", "higher", "high")[level - 1]


@with_seeds
def test_human_activity(tmp_path, seed):
    given = np.random.default_rng(seed).random(len(CODES)).round(3)
    pressure = Pressure(tmp_path, seed, given)
    if seed % 2 or seed % 5 == 0:
        pressure.with_factors()
    coefficients = human_activity_coefficients("custom", SCHEME, coefficient_table(given))
    inputs = HumanActivityInputs(
        pressure.cover.paths,
        pressure.land.years,
        SCHEME,
        coefficients,
        pressure.unit,
        pressure.factors,
        pressure.weight,
    )
    found = run_human_activity(inputs, settings=pressure.land.settings)
    key = ("year", "zone", "level") if pressure.kind == "window" else ("year", "zone")
    # windows are written as maps in between, in single precision
    assert_rows(
        pressure_table(found), key, pressure.rows(1.0, activity_level), 1e-6 if pressure.kind == "window" else 1e-9
    )


@with_seeds
def test_hemeroby(tmp_path, seed):
    levels = 5
    given = np.random.default_rng(seed).integers(1, levels + 1, len(CODES))
    pressure = Pressure(tmp_path, seed, given)
    coefficients = hemeroby_coefficients("custom", SCHEME, coefficient_table(given), levels)
    form = ("normalised", "raw")[seed % 2]
    inputs = HemerobyInputs(pressure.cover.paths, pressure.land.years, SCHEME, coefficients, pressure.unit, form)
    found = run_hemeroby(inputs, settings=pressure.land.settings)

    def level_of(mean: float) -> tuple[int, str]:
        level = int(np.floor(mean + 0.5 + 1e-9))  # halves up, and a half is one before rounding too
        return level, f"level {level}"

    key = ("year", "zone", "level") if pressure.kind == "window" else ("year", "zone")
    rows = pressure.rows(100 / levels if form == "normalised" else 1.0, level_of)
    assert_rows(pressure_table(found), key, rows, 1e-6 if pressure.kind == "window" else 1e-9)
