"""The report of composites: a row per year, a row per scene."""

from __future__ import annotations

from ...report import Chapter, MethodReport
from ...report.texts import load_texts
from ..identifying.report import plain_table
from .run import SceneResult


def scene_report(result: SceneResult, language: str) -> MethodReport:
    """Years and scenes, and how they became one."""
    words = load_texts(language)
    inputs = result.inputs
    return MethodReport(
        [
            Chapter(words["scenes_years"], [plain_table(words["scenes_years"], result.years, "years.csv")]),
            Chapter(words["scenes_scenes"], [plain_table(words["scenes_scenes"], result.scenes, "scenes.csv")]),
        ],
        facts=[
            (words["scenes_statistic"], inputs.statistic),
            (words["scenes_masked"], ", ".join(inputs.mask) or "-"),
            (words["scenes_season"], inputs.season or "-"),
            (words["scenes_clear"], f"{result.clear_pct:.1f} %"),
            (words["scenes_used"], f"{result.used} / {result.used + result.skipped}"),
        ],
    )
