"""What the zoning methods read: one band of a raster each, ecosystems, and locked areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import InputError
from ..land_cover import ECOSYSTEMS, LandCoverScheme
from ..land_cover_maps import class_indices, run_over_classes
from ..messages import listed, say
from ..progress import Progress
from ..quantities import ANY, Measure
from ..raster.classes import ClassIndex, count_codes
from ..raster.dataset import open_raster, short_name
from ..raster.engine import run_job
from ..raster.reading.source import Kind, Source
from ..raster.study import StudyArea
from ..raster.work import Block, Job, JobResult
from ..raster.zones.polygons import burn_area

ALL = "all"
LAND_COVER = "land_cover"
LISTED_CODES = 20


def band_source(
    name: str,
    path: str,
    label: str,
    progress: Progress,
    kind: Kind = "classes",
    band: int | None = None,
    measure: Measure = ANY,
) -> Source:
    """One band of a raster; the last one by default, because series run from the first to the most recent year."""
    count = open_raster(path, label).RasterCount
    if band is None and count > 1:
        progress.info(
            say(
                "{label}: the last of the {count} bands of {path} is taken.",
                label=label,
                count=count,
                path=short_name(path),
            )
        )
    return Source(name, path, band or count, kind, label, measure=measure)


@dataclass(frozen=True, eq=False)
class Ecosystems:
    """The ecosystem of every pixel.

    Attributes:
        names: by ecosystem number, from 0; `all` alone where there is no land cover.
        source: the land cover, if any.
        index: codes to class indices.
        of_class: ecosystem number of each class index.
        scheme: meaning of the codes.
    """

    names: tuple[str, ...] = (ALL,)
    source: Source | None = None
    index: ClassIndex | None = None
    of_class: np.ndarray | None = None
    scheme: LandCoverScheme | None = None

    @property
    def sources(self) -> tuple[Source, ...]:
        return () if self.source is None else (self.source,)

    def valid(self, block: Block) -> np.ndarray | bool:
        """Where there is land cover; everywhere without one."""
        return True if self.source is None else block.valid[self.source.name]

    def numbers(self, block: Block) -> np.ndarray:
        """Ecosystem number of each pixel (0 where there is no land cover), shape (height, width)."""
        if self.source is None or self.index is None or self.of_class is None:
            return np.zeros(block.gate.shape, dtype=np.intp)
        return self.of_class.take(class_indices(block, self.source.name, self.index))

    def members(self, names: Sequence[str]) -> np.ndarray:
        """Per ecosystem number, whether it is one of the names.

        Raises:
            InputError: a name is no ecosystem, or there is no land cover to tell them apart.
        """
        unknown = [name for name in names if name not in ECOSYSTEMS]
        if unknown:
            raise InputError(
                say(
                    "There is no ecosystem {unknown}. Choose of {ecosystems}.",
                    unknown=unknown[0],
                    ecosystems=", ".join(ECOSYSTEMS),
                )
            )
        if names and self.source is None:
            raise InputError(
                say(
                    "Land cover is needed to tell {names} from other ecosystems. Give LAND_COVER.",
                    names=", ".join(names),
                )
            )
        return np.isin(self.names, list(names))


def open_ecosystems(source: Source | None, scheme: LandCoverScheme | None) -> Ecosystems:
    """The ecosystems of a land-cover raster that lies on the grid.

    Raises:
        InputError: land cover came without a scheme.
    """
    if source is None:
        return Ecosystems()
    if scheme is None:
        raise InputError(say("{named} needs a scheme that says what its codes mean.", named=source.named))
    of_class = [ECOSYSTEMS.index(scheme.ecosystem_of(code)) for code in scheme.codes]
    index = ClassIndex.of_codes(scheme.codes)
    return Ecosystems(ECOSYSTEMS, source, index, np.array([*of_class, 0], dtype=np.intp), scheme)


@dataclass(frozen=True)
class Locked:
    """Polygons burned on the grid: 0 outside, other numbers inside."""

    source: Source

    def inside(self, block: Block) -> np.ndarray:
        return block.valid[self.source.name] & (block.values[self.source.name] > 0)


def open_locked(polygons: str | None, name: str, label: str, area: StudyArea) -> Locked | None:
    """Burns polygons where something is decided beforehand. Raises InputError, GridError as `burn_area`."""
    return Locked(burn_area(polygons, area.grid, area.folder, name, label, area.progress)) if polygons else None


class UnexpectedCodes(InputError):
    """A block holds class codes that do not exist; `run_checked` counts them all."""


def require_codes(block: Block, name: str, allowed: Sequence[int]) -> None:
    """Raises UnexpectedCodes when a valid pixel of a class raster holds another code. The codes are consecutive."""
    values = block.values[name]
    if (block.valid[name] & ((values < min(allowed)) | (values > max(allowed)))).any():
        raise UnexpectedCodes(name)


def run_checked(
    job: Job,
    ecosystems: Ecosystems,
    area: StudyArea,
    progress: Progress,
    codes: Mapping[str, Sequence[int]] | None = None,
) -> JobResult:
    """Runs a job whose kernel looks up ecosystems and requires codes.

    Args:
        job: what is run.
        ecosystems: those of the kernel.
        area: where it runs.
        progress: of the run.
        codes: the codes that class rasters may hold, by source name.

    Raises:
        TableError: land-cover codes are not in the scheme.
        InputError: other class rasters hold codes that do not exist, or not a single pixel took part.
    """
    try:
        if ecosystems.source is not None and ecosystems.scheme is not None:
            return run_over_classes(job, (ecosystems.source,), ecosystems.scheme, area, progress)
        found = run_job(job, progress)
    except UnexpectedCodes:
        checked = {source: codes[source.name] for source in job.sources if codes and source.name in codes}
        raise InputError(_unexpected_codes(checked, area, progress)) from None
    area.require_pixels(found)
    return found


def _unexpected_codes(checked: Mapping[Source, Sequence[int]], area: StudyArea, progress: Progress) -> str:
    counts = count_codes(tuple(checked), area.grid, area.boundary, progress)
    messages = []
    for source, allowed in checked.items():
        strange = [f"{code} ({px} px)" for code, px in counts[source.name].items() if code not in allowed]
        if strange:
            messages.append(
                say(
                    "{named} holds codes that do not exist there: {strange}. It may hold {low} to {high}. Choose the "
                    "class raster, or set the others as nodata.",
                    named=source.named,
                    strange=", ".join(strange[:LISTED_CODES]),
                    low=min(allowed),
                    high=max(allowed),
                )
            )
    return listed(messages, "\n")
