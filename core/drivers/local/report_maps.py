"""Maps of a local regression as small multiples: a legend for each variable, grey where nothing is significant."""

from __future__ import annotations

import os

import numpy as np

from ...report import Block, Map, MapPicture, Paragraph, Ramp
from ..place.place_maps import write_place_map
from .run import LocalRun

MOST_MAPS = 12


def local_maps(run: LocalRun, folder: str, words: dict[str, str]) -> list[Block]:
    """Coefficients, t, fit, collinearity and residuals of places; of each year in `gtwr`.

    Args:
        run: of `run_local_regression`.
        folder: for the rasters; it must outlive the writing of the report.
        words: of the report.
    """
    drawn = _Drawn(run, folder)
    order = [*range(1, len(run.terms)), 0][:MOST_MAPS]
    names = [words["local_constant"] if j == 0 else run.terms[j] for j in order]
    ramp = words["local_not_significant"]
    blocks = [
        Map(
            words["local_map_coefficient"].format(driver=name) if j else name,
            drawn.pictures(f"b{j}", run.estimate.coefficients[:, j], ~run.significant[:, j]),
            Ramp(_unit(run, j, words), "diverging", greyed=ramp),
            beside=len(drawn.times) == 1,
        )
        for j, name in zip(order, names)
    ]
    t = [drawn.pictures(f"t{j}", run.estimate.t[:, j], ~run.significant[:, j], name) for j, name in zip(order, names)]
    told = [picture for of_term in t for picture in of_term]
    blocks.append(Map(words["local_map_t"], told, Ramp("", "diverging", greyed=ramp), words["local_map_t_note"]))
    ramps = {"local_r2": Ramp("", low=0, high=1), "condition": Ramp("")}
    for name, key in (("local_r2", "local_map_r2"), ("condition", "local_map_condition")):
        values = getattr(run.estimate, name)
        blocks.append(Map(words[key], drawn.pictures(name, values), ramps[name], words[f"{key}_note"], beside=True))
    left = drawn.pictures("residual", run.estimate.residuals)
    unit = words["local_deviations"] if run.choice.scaled else run.choice.y
    note = words["drivers_residual_note"]
    blocks.append(Map(words["drivers_residual_map"], left, Ramp(unit, "diverging"), note, beside=True))
    shown_maps = [block for block in blocks if block.pictures]
    return [Paragraph(words["local_maps_note"]), *shown_maps] if shown_maps else []


def _unit(run: LocalRun, j: int, words: dict[str, str]) -> str:
    if run.choice.scaled:
        return words["local_deviations"]
    return run.choice.y if j == 0 else f"{run.choice.y} / {run.terms[j]}"


class _Drawn:
    """Rasters of places, a band a year where coefficients differ by year."""

    def __init__(self, run: LocalRun, folder: str) -> None:
        times = run.observations.times
        self.times = [""] if times is None or run.choice.method != "gtwr" else [str(time) for time in times.tolist()]
        self._run, self._folder = run, folder

    def pictures(
        self, name: str, values: np.ndarray, greyed: np.ndarray | None = None, title: str = ""
    ) -> list[MapPicture]:
        """A picture a year, none where nothing is known or places do not lie apart."""
        path = self._written(name, values)
        grey = None if greyed is None else self._written(f"{name}_grey", np.where(np.isfinite(values), greyed, np.nan))
        if path is None:
            return []
        return [
            MapPicture(path, " ".join(filter(None, (title, time))), band, greyed=grey)
            for band, time in enumerate(self.times[:MOST_MAPS], start=1)
        ]

    def _written(self, name: str, values: np.ndarray) -> str | None:
        path, found = os.path.join(self._folder, f"{name}.tif"), self._run.observations
        codes = found.time if len(self.times) > 1 else None
        if found.coordinates is None:
            raise TypeError("coordinates is not as expected")
        written = write_place_map(path, values, found.coordinates, self._run.table.crs, codes, self.times)
        return path if written else None
