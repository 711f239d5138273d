"""The study area of a run: the reference grid, its boundary, and inputs brought on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from ..errors import InputError
from ..inputs.gate import Gate
from ..land_cover import LandCoverScheme
from ..messages import say
from ..progress import QUIET, Progress
from .area import AREA_WARNING_PCT, area_scale_error_pct
from .grid import Grid
from .output import Output
from .reading.fill_values import without_fill_values
from .reading.source import Source, describe_source, fit_to_grid
from .settings import RasterSettings
from .work import COMMON, Job, JobResult, Kernel, no_kernel
from .zones.polygons import burn_boundary


@dataclass(frozen=True)
class StudyArea:
    """Where a run works.

    Attributes:
        grid: the reference grid.
        boundary: a 0/1 source, or None for the whole grid.
        settings: the user's decisions.
        folder: for intermediate files.
        progress: hears what the inputs tell.
        gate: through which the inputs pass.
    """

    grid: Grid
    boundary: Source | None
    settings: RasterSettings
    folder: str
    progress: Progress = QUIET
    gate: Gate = field(default_factory=Gate)

    @property
    def common(self) -> bool:
        """Whether a pixel must be valid in every year."""
        return self.settings.mask == "common"

    def fit(self, source: Source, progress: Progress) -> Source:
        """Lets a source pass the gate and brings it on the grid, as `fit_all`."""
        return self.fit_all([source], progress)[0]

    def fit_all(self, sources: Sequence[Source], progress: Progress) -> tuple[Source, ...]:
        """Lets sources pass the gate and brings them on the grid, each once, in order.

        Raises:
            GridError, InputError: as `fit_to_grid`.
            Cancelled: the user stopped.
        """
        admitted = dict(zip(sources, self.gate.admit(sources)))
        fitted = {}
        for source in admitted.values():
            progress.check()
            on_grid = fit_to_grid(source, self.grid, progress, self.settings.align_classes)
            fitted[source] = without_fill_values(on_grid, self.folder)
            self.gate.fitted([on_grid])
        return tuple(fitted[admitted[source]] for source in sources)

    def job(
        self,
        kernel: Kernel,
        sources: Sequence[Source],
        outputs: Sequence[Output] = (),
        gate: Sequence[str] = (),
        gate_any: bool | None = None,
    ) -> Job:
        """A job over this area; sources of the same name are read once. By default the mask decides `gate_any`.

        Outputs of a job in which not a single pixel takes part are refused, so that no old file is lost to them.

        Raises:
            Refused: the gate has found something that must be mended first.
        """
        self.gate.close(self.progress)
        once = tuple({source.name: source for source in sources}.values())
        return Job(
            kernel=kernel,
            sources=once,
            grid=self.grid,
            outputs=tuple(outputs),
            boundary=self.boundary,
            gate=tuple(dict.fromkeys(gate)),
            gate_any=not self.common if gate_any is None else gate_any,
            write=self.settings.write,
            threads=self.settings.threads,
            tile=self.settings.tile,
            accept=self.require_pixels if outputs else None,
        )

    def reads(self, sources: Sequence[Source], gate: Sequence[str] = (), gate_any: bool | None = None) -> Job:
        """A job that only reads: it counts what the sources cover, or tells several passes what they have in common."""
        return self.job(no_kernel, sources, gate=gate, gate_any=gate_any)

    def require_pixels(self, found: JobResult, pixels: int | None = None) -> None:
        """Tells what a pass has left out, before its outputs get their names.

        Args:
            found: by the pass.
            pixels: that have a result; None takes those of the continuous output that has most.

        Raises:
            InputError: not a single pixel took part, or none has a result: it would rest on nothing.
        """
        counts = ", ".join(f"{name} {c.pixels} px" for name, c in found.coverage.items() if name != COMMON)
        mend = say("Check nodata values, valid ranges, the study boundary and whether the rasters overlap.")
        if found.coverage[COMMON].pixels == 0:
            together = say("in all rasters at once") if self.common else say("in any raster")
            raise InputError(
                say(
                    "No pixel is valid {together} within the study area (valid pixels: {counts}). {mend}",
                    together=together,
                    counts=counts,
                    mend=mend,
                )
            )
        pixels = found.made if pixels is None else pixels
        if pixels == 0:
            raise InputError(
                say(
                    "No pixel has a value in every input that the result needs (valid pixels: {counts}). {mend}",
                    counts=counts,
                    mend=mend,
                )
            )
        self.gate.account(found, pixels, self.progress)


def open_study_area(
    reference: Source,
    settings: RasterSettings,
    folder: str,
    progress: Progress,
    scheme: LandCoverScheme | None = None,
) -> StudyArea:
    """Takes the grid of a raster as the reference and burns the boundary on it, or takes the area of `within`.

    Warns where the projection's area scale errs by more than 1 percent.

    Args:
        reference: gives the grid.
        settings: the user's decisions.
        folder: for intermediate files.
        progress: hears what the inputs tell.
        scheme: what the codes of the land cover mean, where there is any.

    Raises:
        GridError: no CRS, no position, a rotated grid, or a boundary that does not overlap.
        InputError: a file cannot be read.
    """
    _, grid = describe_source(reference)
    error = area_scale_error_pct(grid)
    if error > AREA_WARNING_PCT:
        progress.warn(
            say(
                "Areas in {crs_name} err by up to {error:.2g} % here, because the projection does not keep "
                "areas. Reproject {named} to an equal-area CRS for true areas.",
                crs_name=grid.crs_name,
                error=error,
                named=reference.named,
            )
        )
    boundary = _boundary(settings, grid, folder, progress)
    gate = Gate(settings.insist_on_years, scheme, settings.nodata_codes, bounded=boundary is not None)
    return StudyArea(grid, boundary, settings, folder, progress, gate)


_WITHIN: ContextVar[Source | None] = ContextVar("study_area", default=None)


@contextmanager
def within(area: Source) -> Iterator[None]:
    """Lets every study area that is opened in this block be this one, whatever the boundary: a 0/1 raster.

    The steps of a workflow share it, so that all their shares have one base. On another grid it is taken by the nearest
    neighbour.
    """
    token = _WITHIN.set(area)
    try:
        yield
    finally:
        _WITHIN.reset(token)


def _boundary(settings: RasterSettings, grid: Grid, folder: str, progress: Progress) -> Source | None:
    shared = _WITHIN.get()
    if shared is not None:
        return fit_to_grid(shared, grid, QUIET, align_classes=True)
    return burn_boundary(settings.boundary, grid, folder, progress) if settings.boundary else None
