"""Which downloads feed which inputs, decided by names and headers before any work; and why others do not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from ...errors import EcoAssetsError, InputError
from ...messages import Message, listed, say
from ...progress import Progress
from ...quantities import Words, quantity
from ...raster.dataset import open_raster
from ...raster.grid import Grid
from ...workflows.preflight import BOUNDARY_NEEDED, YEARS_NEEDED
from ..catalogue.loader import products
from ..catalogue.product import Layer, Product
from ..catalogue.recognise import Recognised, recognise
from ..files.listing import list_files, on_disk
from ..files.tiles import Place, expected_tiles, places_of_boundary, places_of_grid, share_over, tile_key
from ..importing.choosing import SeveralEditions
from ..importing.run import ImportInputs, check_import_product
from .grid import GridWish, study_grid
from .order import in_order, orders, preferred
from .scenes import scene_check
from .soil import SOIL, is_of_units, soil_check, units_check

LAND_COVER = "land_cover"
IMPORT, SOILS, SCENES = "import", "soil", "scenes"
_NAMED = 6  # tiles that are named
_ROADS = re.compile(r"(?:^|[_-])roads?(?:[_-].*)?\.(?:shp|gpkg|geojson)$", re.IGNORECASE)


@dataclass(frozen=True)
class Wanted:
    """An input that nobody has given.

    Attributes:
        name: of the parameter.
        quantity: that it holds.
    """

    name: str
    quantity: str

    @property
    def label(self) -> Words:
        """What messages call it."""
        return quantity(self.quantity).name


@dataclass(frozen=True)
class Request:
    """What is asked of a folder of downloads.

    Attributes:
        folder: of the downloads.
        wanted: inputs that nobody has given.
        years: of the run.
        boundary: polygons of the study; None for none.
        reference: a raster on the grid of the study, where there is one.
        prefer: products that the user names, separated by commas; `product:edition` names an edition, too.
        grid: what the user says of the grid.
    """

    folder: str
    wanted: Sequence[Wanted]
    years: tuple[int, ...]
    boundary: str | None = None
    reference: str | None = None
    prefer: str = ""
    grid: GridWish = field(default_factory=GridWish)


@dataclass(frozen=True)
class Feed:
    """A layer that feeds an input.

    Attributes:
        wanted: the input.
        product, layer: what feeds it.
        years: that it holds of those of the run; empty for what does not change.
        files: how many.
        how: `import`, `soil` or `scenes`.
        share: of the study that its files lie over, 0 to 1.
        tiles_missing: over the study.
        passed: other products that could feed it, too.
        grid: of its files.
        sensors: of scenes.
        edition: that is meant; "" for the only one.
        place, table: of a map of soil units, its file and that of its table; "" for all else.
    """

    wanted: Wanted
    product: Product
    layer: Layer
    years: tuple[int, ...]
    files: int
    how: str = IMPORT
    share: float = 1.0
    tiles_missing: tuple[str, ...] = ()
    passed: tuple[str, ...] = ()
    grid: Grid | None = None
    sensors: tuple[str, ...] = ()
    edition: str = ""
    place: str = ""
    table: str = ""


@dataclass(frozen=True)
class Lack:
    """An input that nothing feeds, and why what is there does not."""

    wanted: Wanted
    reasons: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What a folder gives.

    Attributes:
        feeds: by name of the parameter.
        lacks: inputs that stay empty.
        files, recognised: numbers of files.
        places: longitude and latitude of places within the study.
        roads: names of files of roads, which nothing takes as they are.
    """

    feeds: Mapping[str, Feed]
    lacks: tuple[Lack, ...]
    files: int
    recognised: int
    places: tuple[Place, ...] = ()
    roads: tuple[str, ...] = ()


class _Unspoken(Progress):
    """Lets a check be cancelled; what it would tell is told when the work is done."""

    def __init__(self, whole: Progress) -> None:
        self._whole = whole

    def cancelled(self) -> bool:
        return self._whole.cancelled()


def plan_downloads(request: Request, progress: Progress) -> Plan:
    """Looks through a folder and decides what feeds what.

    Of several layers that hold all years the first of `product_order.yaml` is taken; for land cover and scenes the
    user has to say which.

    Raises:
        InputError: the folder does not exist, PREFER names no product, years are not given, or there is no boundary
            over which land cover could be taken.
        Cancelled: the user stopped.
    """
    if not request.years:
        raise InputError(YEARS_NEEDED)
    wants_cover = any(one.quantity == LAND_COVER for one in request.wanted)
    if wants_cover and not request.boundary:
        raise InputError(BOUNDARY_NEEDED)
    prefer = preferred(request.prefer)
    known = products()
    found = recognise(list_files(request.folder, progress), known, "", progress)
    for product in prefer:
        found = [recognise([one.path], known, product)[0] if product in one.candidates else one for one in found]
    places = tuple(_places(request))
    feeds: dict[str, Feed] = {}
    lacks = []
    for wanted in request.wanted:
        progress.check()
        looking = _Search(wanted, request.folder, found, request.years, prefer, places, _Unspoken(progress))
        one = looking.feed()
        if isinstance(one, Feed):
            feeds[wanted.name] = one
        else:
            lacks.append(one)
    roads = tuple(one.name for one in found if _ROADS.search(one.name))
    return Plan(feeds, tuple(lacks), len(found), sum(one.known for one in found), places, roads)


def grid_of_study(plan: Plan, request: Request, folder: str, progress: Progress) -> str:
    """The raster that tells the grid: the land cover that was given, or one over the boundary.

    Raises:
        InputError, GridError: as `study_grid`.
    """
    if request.reference:
        return request.reference
    cover = next(feed for feed in plan.feeds.values() if feed.wanted.quantity == LAND_COVER)
    if cover.grid is None or request.boundary is None:
        raise TypeError("land cover is planned with its grid, over a boundary")
    return study_grid(request.boundary, cover.grid, request.grid, plan.places, folder, progress)


def _places(request: Request) -> list[Place]:
    if request.boundary:
        return places_of_boundary(request.boundary)
    if request.reference:
        return places_of_grid(Grid.of_dataset(open_raster(request.reference, "Reference")))
    raise InputError(say("Give BOUNDARY, the polygons of the study area."))


@dataclass(frozen=True)
class _Search:
    """Looks for what feeds one input."""

    wanted: Wanted
    folder: str
    found: Sequence[Recognised]
    years: tuple[int, ...]
    prefer: Mapping[str, str]
    places: Sequence[Place]
    progress: Progress

    def feed(self) -> Feed | Lack:
        reasons: list[Message] = []
        usable: list[Feed] = []
        passed: list[str] = []
        choose = orders()[self.wanted.quantity].choose
        for product, layer in in_order(self.wanted.quantity, self.prefer):
            own = [one for one in self.found if one.product is not None and one.product.id == product.id]
            if not any(one.layer in ("", layer.id) and not one.quality for one in own):
                reasons += self._undecided(product)
                continue
            if usable and (not choose or usable[0].product.id in self.prefer):
                passed.append(product.id)
                continue
            try:
                usable.append(self._check(product, layer, own))
            except EcoAssetsError as reason:
                reasons.append(listed([product.title, _said(reason)], ": "))
                if layer.ask:
                    reasons.append(self._by_hand())
                elif isinstance(reason, SeveralEditions):
                    reasons.append(say("In a workflow write it as PREFER={product}:EDITION.", product=product.id))
        if choose and len(usable) > 1 and usable[0].product.id not in self.prefer:
            names = [feed.product.id for feed in usable]
            several = say(
                "{products} all hold the years. Name the one that is meant in PREFER, such as PREFER={first}.",
                products=", ".join(names),
                first=names[0],
            )
            return Lack(self.wanted, (several,))
        if usable:
            first = usable[0]
            others = tuple(dict.fromkeys(one for one in passed if one != first.product.id))
            return replace(first, passed=others)
        return Lack(self.wanted, tuple(dict.fromkeys(reasons)))

    def _undecided(self, product: Product) -> list[Message]:
        maybe = [one.name for one in self.found if product.id in one.candidates]
        if not maybe:
            return []
        return [
            say(
                "{count} files, such as {file}, may be of {product}: name it in PREFER if they are.",
                count=len(maybe),
                file=maybe[0],
                product=product.id,
            )
        ]

    def _by_hand(self) -> Message:
        return say("Import it with importproduct, and give the result as {name}.", name=self.wanted.name)

    def _check(self, product: Product, layer: Layer, own: Sequence[Recognised]) -> Feed:
        make = partial(Feed, self.wanted, product, layer)
        if product.step == "scene":
            return self._scenes(make, product)
        if self.wanted.quantity in SOIL and is_of_units(own):
            grids, place, table = units_check(layer, own, self.found, self.wanted.quantity, self.progress)
            return make((), 1, SOILS, self._share(product, grids), grid=grids[0], place=place, table=table)
        if self.wanted.quantity in SOIL:
            grids, files = soil_check(layer, own, self.progress)
            return make((), files, SOILS, self._share(product, grids), grid=grids[0])
        places = list(dict.fromkeys(on_disk(one.path) for one in own))
        edition = self.prefer.get(product.id, "")
        inputs = ImportInputs(places, product.id, layer.id, edition, self.years)
        checked = check_import_product(inputs, self.progress)
        share = self._share(product, checked.grids)
        grid = max(checked.grids[:_NAMED], key=lambda grid: share_over([grid], self.places))
        return make(checked.years, checked.files, IMPORT, share, self._tiles(product, own), grid=grid, edition=edition)

    def _share(self, product: Product, grids: Sequence[Grid]) -> float:
        share = share_over(list(dict.fromkeys(grids)), self.places)
        if share == 0:
            lon, lat = (sum(along) / len(along) for along in zip(*self.places))
            raise InputError(
                say(
                    "no file lies over the study area, which is about {lon:.2f}, {lat:.2f} (longitude, latitude). "
                    "Check that this is your study, or order files that cover it.",
                    lon=lon,
                    lat=lat,
                )
            )
        return share

    def _tiles(self, product: Product, own: Sequence[Recognised]) -> tuple[str, ...]:
        tiles = {tile_key(one.tile) for one in own if one.tile}
        return tuple(sorted(expected_tiles(product.grid.tiles, self.places) - tiles)) if tiles else ()

    def _scenes(self, make: partial[Feed], product: Product) -> Feed:
        found = scene_check(product, self.folder, self.years, self.progress)
        return make(found.years, found.scenes, SCENES, self._share(product, found.grids), sensors=found.sensors)


def _said(reason: EcoAssetsError) -> Message | str:
    """What an error tells, as a message where it is one."""
    text = reason.args[0] if len(reason.args) == 1 else str(reason)
    return text if isinstance(text, Message) else str(text)
