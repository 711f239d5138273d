"""The rows that an importance of drivers gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DriverRow:
    """What a driver is worth; group names those that share it (|r| above 0.7), permutation_group is theirs together."""

    driver: str
    shap_mean_abs: float | None
    share_pct: float | None
    share_low: float | None
    share_high: float | None
    rank: int
    rank_low: float | None
    rank_high: float | None
    permutation: float
    permutation_sd: float
    direction: float | None
    group: str
    permutation_group: float


@dataclass(frozen=True)
class CurveRow:
    """A point of the curves of a driver; n rows lie between it and the next."""

    driver: str
    x: float
    ale: float
    ale_low: float
    ale_high: float
    pdp: float
    shap_smooth: float | None
    n: int


@dataclass(frozen=True)
class ThresholdRow:
    """Where a driver turns: kind `shap_zero`, `shap_break`, `ale_zero` or `ale_break`, with a 95 % interval."""

    driver: str
    kind: str
    x: float
    low: float
    high: float
    before: float
    after: float


@dataclass(frozen=True)
class InteractionRow:
    """How far two drivers act other than by their sum: in units of y, and as a share of what both do (H)."""

    driver_a: str
    driver_b: str
    strength: float
    h: float
