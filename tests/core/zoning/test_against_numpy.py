"""Tables of restoration, conservation, plan and comparison on random rasters, against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest

from ecoassets.core.land_cover import load_scheme
from ecoassets.core.tables import Table
from ecoassets.core.zoning.conservation.tables import cleanup_table as conservation_cleanup
from ecoassets.core.zoning.conservation.tables import ecosystem_table, efficiency_table, importance_table
from ecoassets.core.zoning.conservation.zones import (
    ConservationInputs,
    ConservationOutputs,
    run_conservation_zones,
)
from ecoassets.core.zoning.plan.comparison import (
    ComparisonInputs,
    ComparisonOutputs,
    comparison_table,
    run_plan_comparison,
)
from ecoassets.core.zoning.plan.result import PlanInputs
from ecoassets.core.zoning.plan.run import PlanOutputs, run_zoning_plan
from ecoassets.core.zoning.plan.tables import plan_table, service_table
from ecoassets.core.zoning.restoration.tables import (
    cleanup_table,
    combination_table,
    priority_table,
    reason_table,
)
from ecoassets.core.zoning.restoration.zones import (
    RestorationInputs,
    RestorationOutputs,
    run_restoration_zones,
)
from ecoassets.core.zoning.services import Service

from ...random_land import SEEDS, RandomLand, assert_rows, share
from ...rasters import read_raster

CODES = {4: "forest", 5: "shrub", 8: "grassland", 11: "cropland", 13: "wetland", 30: "urban"}
SCHEME = load_scheme("custom", Table.of_rows("classes", [{"code": c, "ecosystem": e} for c, e in CODES.items()]))
NATURAL = ("forest", "shrub", "grassland", "wetland")
REASONS = {
    "degraded_water": 1, "degraded_soil": 2, "degraded_flood": 4, "degraded_quality": 8, "low_quality": 16,
    "severe_erosion": 32,
}  # fmt: skip
FILLED = 64
PARTS = {"degraded": 15, "low_quality": 16, "severe_erosion": 32}
KINDS = ("density", "depth", "quantity")
with_seeds = pytest.mark.parametrize("seed", SEEDS)


class Region:
    """A grid with land cover or without."""

    def __init__(self, folder, seed: int) -> None:
        self.land = land = RandomLand(folder, seed)
        self.covered, self.path, self.scheme = land.inside, None, None
        self.at = np.full(land.shape, "all", dtype="<U9")
        if seed % 5:
            codes = land.classes(tuple(CODES), (0.3, 0.1, 0.2, 0.2, 0.1, 0.1))
            valid = land.holes()
            self.covered, self.scheme = land.inside & valid, SCHEME
            self.path = land.write("cover", codes, valid, "uint8")
            self.at = np.where(self.covered, np.vectorize(CODES.get)(codes), "unknown")

    def is_of(self, names) -> np.ndarray:
        """Where an ecosystem is one of these; everywhere without land cover."""
        return np.isin(self.at, names) if self.path else np.ones(self.land.shape, dtype=bool)

    def ecosystems(self) -> list[str]:
        return sorted(set(CODES.values())) if self.path else []


class Restoration:
    """Reasons of every pixel, worked out for whole arrays."""

    def __init__(self, region: Region) -> None:
        land, seed = region.land, region.land.seed
        self.region, self.layers = region, {}
        codes = {name: range(-1, 2) for name in list(REASONS)[:4]}
        codes |= {"quality_classes": range(1, 6), "erosion_classes": range(1, 7)}
        for n, (name, of_layer) in enumerate(codes.items()):
            if seed >> n % 4 & 1 or n > 3:
                self.layers[name] = land.classes(of_layer), land.holes()
        self.severe = 3 + seed % 3
        self.exclude = ("urban", "cropland") if seed % 2 and region.path else ()
        self.weights = {"severe_erosion": 2.0, "low_quality": 0.5} if seed % 3 == 0 else {}
        self.smallest = 5 * float(land.areas.mean()) if seed % 4 == 1 else 0.0
        self.sources = (8, 6, 40, 50) if seed % 3 else None
        known = np.logical_or.reduce([valid for _, valid in self.layers.values()])
        self.valid = region.covered & known
        mask = np.zeros(land.shape, dtype=int)
        for name, (values, valid) in self.layers.items():
            if name == "quality_classes":
                holds, bit = (values <= 2) & region.is_of(("forest", "shrub", "grassland")), 16
            elif name == "erosion_classes":
                holds, bit = values >= self.severe, 32
            else:
                holds, bit = values == -1, REASONS[name]
            mask += np.where(holds & valid, bit, 0)
        self.mask = np.where(self.valid & ~(region.is_of(self.exclude) & bool(self.exclude)), mask, 0)

    def inputs(self) -> RestorationInputs:
        land = self.region.land
        paths = {name: land.write(name, values, valid, "int16") for name, (values, valid) in self.layers.items()}
        sources = land.polygons("sources", {"lake": self.sources}) if self.sources else None
        return RestorationInputs(
            **paths, severe=self.severe, land_cover=self.region.path, scheme=self.region.scheme, exclude=self.exclude,
            minimum_area_ha=self.smallest, water_sources=sources, weights=self.weights,
        )  # fmt: skip

    def priority(self, mask: np.ndarray) -> np.ndarray:
        score = sum(np.where(mask & bit, self.weights.get(name, 1.0), 0.0) for name, bit in REASONS.items())
        found = np.where(mask == 0, 0, np.where(score >= 3, 3, np.where(score >= 2, 2, 1)))
        if self.sources:
            top, left, bottom, right = self.sources
            near = np.zeros(mask.shape, dtype=bool)
            near[top:bottom, left:right] = True
            found[near & (mask & 32 > 0)] = 3
        return found


@with_seeds
def test_restoration(tmp_path, seed):
    region = Region(tmp_path, seed)
    land, restoration = region.land, Restoration(region)
    inputs, outputs = restoration.inputs(), RestorationOutputs(str(tmp_path / "r.tif"), str(tmp_path / "p.tif"))
    found = run_restoration_zones(inputs, outputs, land.settings)
    before, valid = restoration.mask, restoration.valid
    written = read_raster(outputs.reasons)[0]
    assert np.array_equal(~np.isnan(written), valid)
    after = np.nan_to_num(written).astype(int)
    if restoration.smallest:  # what stays keeps its reasons, what is filled had none
        assert np.isin(after, (0, FILLED, *np.unique(before))).all()
        assert ((after == before) | (after == 0) | (before == 0) & (after == FILLED)).all()
    else:
        assert np.array_equal(after, np.where(valid, before, 0))
    whole = land.ha(region.covered if region.path else valid)
    rows = []
    groups = {**REASONS, "degraded": 15, "filled": FILLED, "union": 127}
    for reason, bits in groups.items():
        of_reason = after & bits > 0
        total = land.ha(of_reason)
        if total or reason == "union":
            for name in (*region.ecosystems(), "all"):
                area = land.ha(of_reason & (True if name == "all" else region.at == name))
                if area or name == "all":
                    shares = {"share_pct": area / whole * 100, "of_reason_pct": share(area, total)}
                    rows.append({"reason": reason, "ecosystem": name, "area_ha": area, **shares})
    assert_rows(reason_table(found), ("reason", "ecosystem"), rows)
    rows = []
    for mask in np.unique(after[after > 0]).tolist():
        names = [name for name, bit in {**REASONS, "filled": FILLED}.items() if mask & bit]
        area = land.ha(after == mask)
        rows.append({"mask": mask, "reasons": " + ".join(names), "area_ha": area, "share_pct": area / whole * 100})
    assert_rows(combination_table(found), ("mask",), rows)
    rows = []
    stages = [parts_of(land, mask) for mask in (before, after)]
    for name, old in stages[0].items():
        new = stages[1][name]
        row = {"reason": name, "before_ha": old, "after_ha": new, "change_ha": new - old}
        rows.append({**row, "before_pct": old / whole * 100, "after_pct": new / whole * 100})
    assert_rows(cleanup_table(found), ("reason",), rows)
    priority = restoration.priority(after)
    assert np.array_equal(read_raster(outputs.priority)[0][valid], priority[valid])
    areas = {code: land.ha(valid & (priority == code)) for code in range(4)}
    rows = [{"priority": code, "area_ha": area, "share_pct": area / whole * 100} for code, area in areas.items()]
    assert_rows(priority_table(found), ("priority",), rows)


def parts_of(land: RandomLand, mask: np.ndarray) -> dict[str, float]:
    """The three parts, how far they exceed their union, and the union."""
    parts = {name: land.ha(mask & bits > 0) for name, bits in PARTS.items()}
    often = sum((mask & bits > 0).astype(int) for bits in PARTS.values())
    twice = float((land.areas * np.maximum(often - 1, 0)).sum())
    return {
        **parts, "sum": sum(parts.values()), "overlap": twice, "filled": land.ha(mask & FILLED > 0),
        "union": land.ha(mask > 0),
    }  # fmt: skip


class Services:
    """Services of every kind, and what each pixel holds of them."""

    def __init__(self, region: Region, count: int) -> None:
        land, seed = region.land, region.land.seed
        self.region, self.names = region, [f"service{n}" for n in range(count)]
        self.kinds = [KINDS[(seed + n) % 3] for n in range(count)]
        self.values = [land.numbers(-30, 200) for _ in range(count)]
        self.valid = [land.holes() for _ in range(count)]
        if seed % 2:  # many pixels of one value
            self.values[0] = self.values[0].round(-1)
        self.paths = land.series("service", zip(self.values, self.valid))
        self.amounts = []  # per pixel, with negative ones
        for kind, values, valid in zip(self.kinds, self.values, self.valid):
            amounts = values if kind == "quantity" else values * land.areas * (10 if kind == "depth" else 1)
            self.amounts.append(np.where(valid & land.inside, amounts, 0))
        self.held = [np.maximum(amounts, 0) for amounts in self.amounts]  # what counts

    def given(self) -> tuple[Service, ...]:
        return tuple(Service(*one) for one in zip(self.names, self.paths, self.kinds))

    def worth(self, number: int) -> np.ndarray:
        """What pixels are ranked by: per area, in single precision."""
        values, land = self.values[number], self.region.land
        per_area = values / land.areas if self.kinds[number] == "quantity" and unequal(land) else values
        return per_area.astype(np.float32)


def unequal(land: RandomLand) -> bool:
    return bool(np.ptp(land.areas))


def limits(worth: np.ndarray, held: np.ndarray, where: np.ndarray, breaks) -> list[float]:
    """The largest worth such that the pixels of at least it hold each share of the whole."""
    where = where & (worth > 0)
    values, place = np.unique(worth[where], return_inverse=True)
    reached = np.cumsum(np.bincount(place, weights=held[where])[::-1])
    return [float(values[::-1][np.argmax(reached >= (b / 100 - 1e-9) * reached[-1])]) for b in breaks]


class Conservation:
    """Importance classes and zones, worked out for whole arrays."""

    def __init__(self, region: Region) -> None:
        land, seed = region.land, region.land.seed
        self.region = region
        self.services = services = Services(region, 1 + seed % 3)
        self.breaks = ((50.0, 75.0, 90.0), (30.0, 80.0), (60.0,))[seed // 3 % 3]
        self.composite = ("most_important", "count", "weighted")[seed // 2 % 3]
        count = len(services.names)
        self.keep = 1 + seed % 2 * (count > 1) if self.composite == "count" else 1 + seed % 2 * (len(self.breaks) > 1)
        self.weights = tuple(1.0 + n for n in range(count)) if seed % 4 == 0 else ()
        self.smallest = 5 * float(land.areas.mean()) if seed % 4 == 1 else 0.0
        self.locked = {"in": (10, 12, 25, 30), "out": (40, 8, 55, 45)} if seed % 3 == 1 else {}
        any_valid = land.inside & np.logical_or.reduce(services.valid)
        self.inside = region.covered if region.path or self.locked else any_valid
        self.has_value = [self.inside & valid for valid in services.valid]
        self.any_value = np.logical_or.reduce(self.has_value)
        self.limits, self.classes = [], []
        for n, held in enumerate(services.held):
            worth = services.worth(n)
            found = limits(worth, held, self.has_value[n], self.breaks)
            self.limits.append(found)
            classes = 1 + sum((worth < limit).astype(int) for limit in found)
            self.classes.append(np.where(self.has_value[n], classes, 99))
        self.before = self._zones()

    def _box(self, name: str) -> np.ndarray:
        inside = np.zeros(self.region.land.shape, dtype=bool)
        if name in self.locked:
            top, left, bottom, right = self.locked[name]
            inside[top:bottom, left:right] = True
        return inside

    def _zones(self) -> np.ndarray:
        land, services = self.region.land, self.services
        if self.composite == "count":
            chosen = sum((c <= min(2, len(self.breaks))).astype(int) for c in self.classes) >= self.keep
        elif self.composite == "most_important":
            chosen = np.minimum.reduce(self.classes) <= self.keep
        else:
            total = np.zeros(land.shape)
            for held, weight in zip(services.held, self.weights or (1.0,) * len(services.names)):
                per = held / land.areas if unequal(land) else held
                total += np.where(self.inside, per, 0) * weight / held[self.inside].sum()
            worth = total.astype(np.float32)
            amounts = worth * land.areas if unequal(land) else worth
            found = limits(worth, amounts, self.inside, self.breaks)
            chosen = 1 + sum((worth < limit).astype(int) for limit in found) <= self.keep
        free = self.region.is_of(NATURAL) & ~self._box("out")
        return self.inside & (chosen & self.any_value & free | self._box("in"))

    def inputs(self) -> ConservationInputs:
        land = self.region.land
        locked = {f"locked_{name}": land.polygons(name, {name: box}) for name, box in self.locked.items()}
        return ConservationInputs(
            self.services.given(), self.region.path, self.region.scheme, NATURAL, self.breaks, self.keep,
            self.composite, self.weights, minimum_area_ha=self.smallest, **locked,
        )  # fmt: skip


@with_seeds
def test_conservation(tmp_path, seed):
    region = Region(tmp_path, seed)
    land, conservation = region.land, Conservation(region)
    outputs = ConservationOutputs(str(tmp_path / "z.tif"))
    found = run_conservation_zones(conservation.inputs(), outputs, land.settings)
    before, after = conservation.before, np.nan_to_num(read_raster(outputs.zones)[0]) == 1
    if not conservation.smallest:
        # the sum of several services is ranked in single precision
        assert np.count_nonzero(after != before) <= 2 * (conservation.composite == "weighted")
        before = after
    else:
        before = before | (after & conservation._box("in"))
    whole, total = land.ha(conservation.inside), land.ha(after)
    rows = []
    for name in region.ecosystems():
        area, own = land.ha(after & (region.at == name)), land.ha(region.at == name)
        shares = {"share_pct": share(area, total), "of_ecosystem_pct": area / own * 100}
        rows.append({"ecosystem": name, "area_ha": area, **shares})
    shares = {"share_pct": 100.0, "of_ecosystem_pct": total / whole * 100}
    rows.append({"ecosystem": "all", "area_ha": total, **shares})
    assert_rows(ecosystem_table(found), ("ecosystem",), rows)
    services, near = conservation.services, 1e-6  # amounts of pixels of equal size add up in single precision
    efficiency, importance, cleanup = [], [], []
    for zones, stage in ((before, "before"), (after, "after")):
        cleanup.append(("area", stage, land.ha(zones), "ha"))
        cleanup.append(("share", stage, land.ha(zones) / whole * 100, "%"))
    for n, name in enumerate(services.names):
        held = np.where(conservation.has_value[n], services.held[n], 0)
        kept = [float(held[zones].sum() / held.sum() * 100) for zones in (before, after)]
        cleanup += [(f"kept {name}", stage, pct, "%") for stage, pct in zip(("before", "after"), kept)]
        area_pct = total / whole * 100
        row = {"service": name, "kept": float(held[after].sum()), "kept_pct": kept[1], "area_pct": area_pct}
        efficiency.append({**row, "ratio": kept[1] / area_pct, "total": float(held.sum())})
        of_service, unit = conservation.has_value[n], 10.0 if services.kinds[n] == "depth" else 1.0
        if not unequal(land) and services.kinds[n] != "quantity":
            unit *= land.areas[0, 0]
        for code in range(1, len(conservation.breaks) + 2):
            here = of_service & (conservation.classes[n] == code)
            limit = [*conservation.limits[n], None][code - 1]
            row = {
                "service": name,
                "class": code,
                "area_ha": land.ha(here),
                "area_pct": share(land.ha(here), land.ha(of_service)),
            }
            row |= {"amount": float(held[here].sum()), "amount_pct": float(held[here].sum() / held.sum() * 100)}
            importance.append({**row, "threshold": None if limit is None else limit * unit})
    assert_rows(efficiency_table(found), ("service",), efficiency, near)
    assert_rows(importance_table(found), ("service", "class"), importance, near)
    stages = {(name, unit): {} for name, _, _, unit in cleanup}
    for name, stage, number, unit in cleanup:
        stages[name, unit][stage] = number
    rows = [{"figure": name, "unit": unit, **both} for (name, unit), both in stages.items()]
    assert_rows(conservation_cleanup(found), ("figure",), rows, near)


class Plan:
    """Zones of both kinds as files, and the plan of every pixel."""

    def __init__(self, region: Region) -> None:
        land, seed = region.land, region.land.seed
        self.region, self.policy = region, ("both", "conservation", "restoration")[seed % 3]
        reasons, conserve = land.classes((0, 0, 1, 5, 16, 48)), land.classes((0, 1))
        judged, ranked = land.holes(), land.holes()
        self.paths = land.write("reasons", reasons, judged, "uint8"), land.write("zones", conserve, ranked, "uint8")
        self.services = Services(region, 1 + seed % 2)
        known = (judged | ranked) & land.inside
        self.inside = region.covered | known if region.path else known
        self.restored, self.conserved = judged & (reasons > 0), ranked & (conserve == 1)
        self.code = self.conserved * 1 + self.restored * 2
        if self.policy != "both":
            self.code[self.code == 3] = 1 if self.policy == "conservation" else 2
        self.zones, self.names, self.number = land.zones() if seed % 4 else (None, (), None)

    def inputs(self) -> PlanInputs:
        region = self.region
        return PlanInputs(*self.paths, self.policy, region.path, region.scheme, self.zones, self.services.given())


@with_seeds
def test_plan(tmp_path, seed):
    plan = Plan(Region(tmp_path, seed))
    region, land = plan.region, plan.region.land
    outputs = PlanOutputs(str(tmp_path / "plan.tif"))
    found = run_zoning_plan(plan.inputs(), outputs, land.settings)
    assert np.array_equal(read_raster(outputs.plan)[0], np.where(plan.inside, plan.code, np.nan), equal_nan=True)
    names = (*region.ecosystems(), "unknown") if region.path else ("all",)
    areas, services = [], []
    held = [np.where(plan.inside, amounts, 0) for amounts in plan.services.held]
    for zone, where in land.parts(plan.names, plan.number):
        whole = land.ha(plan.inside & where)
        for code in range(4):
            here = plan.inside & where & (plan.code == code)
            for ecosystem in names:
                area = land.ha(here & (region.at == ecosystem))
                if area:
                    row = {"zone": zone, "plan": code, "ecosystem": ecosystem, "area_ha": area}
                    areas.append({**row, "share_pct": area / whole * 100})
            for name, amounts in zip(plan.services.names, held) if here.any() else ():
                kept = float(amounts[here].sum())
                pct, of_area = kept / amounts.sum() * 100, land.ha(here) / land.ha(plan.inside) * 100
                row = {"zone": zone, "plan": code, "service": name, "kept": kept, "kept_pct": float(pct)}
                services.append({**row, "area_pct": of_area, "ratio": float(pct / of_area)})
    assert_rows(plan_table(found), ("zone", "plan", "ecosystem"), areas)
    assert_rows(service_table(found), ("zone", "plan", "service"), services, 1e-6)


@with_seeds
def test_comparison(tmp_path, seed):
    """What each method takes and keeps, by the map that tells who chose each pixel."""
    plan = Plan(Region(tmp_path, seed))
    region, land = plan.region, plan.region.land
    outputs = ComparisonOutputs(str(tmp_path / "difference.tif"))
    inputs = ComparisonInputs(
        plan.paths[1], plan.services.given(), region.path, region.scheme, NATURAL, max_units=400, time_limit=5
    )
    found = run_plan_comparison(inputs, outputs, land.settings)
    bits = np.nan_to_num(read_raster(outputs.difference)[0]).astype(int)
    zones = read_raster(plan.paths[1])[0]
    inside = (region.covered if region.path else land.inside) | (land.inside & ~np.isnan(zones))
    if not region.path:
        inside = land.inside & ~np.isnan(zones)
    conserved = inside & (zones == 1)
    assert np.array_equal(bits & 1 > 0, conserved)
    free = conserved | inside & region.is_of(NATURAL)
    rows = []
    own = [np.where(inside, amounts, 0) for amounts in plan.services.held]
    for bit, method in ((1, "plan"), (2, "ranking"), (4, "selection")):
        taken = free & (bits & bit > 0)
        row = {"method": method, "area_ha": land.ha(taken), "area_pct": land.ha(taken) / land.ha(inside) * 100}
        row["of_plan_pct"] = land.ha(taken) / land.ha(conserved) * 100
        for name, amounts in zip(plan.services.names, own):
            target, kept = (float(amounts[where].sum() / amounts.sum() * 100) for where in (conserved, taken))
            assert kept >= target * (1 - 1e-6)
            rows.append({**row, "service": name, "target_pct": target, "kept_pct": kept})
    assert_rows(comparison_table(found), ("method", "service"), rows, 1e-6)
