"""Products in place of rasters: `file|variable`, a file of HDF or netCDF, the GDAL name of a layer, a folder.

What the catalogue knows is imported on its own grid, so that its fill codes, scale, quality and unit hold. What it does
not know is opened as it is, and the gate looks at it as at any raster.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from osgeo import gdal

from ..errors import GridError, InputError
from ..messages import Message, listed, say
from ..progress import QUIET, Progress
from ..quantities import quantity
from ..raster.dataset import short_name, stem_of
from .catalogue.loader import products
from .catalogue.product import Layer, Product
from .catalogue.recognise import Recognised, recognise
from .files.containers import layers_of, only_layer, open_raster_or_container, require_drivers
from .files.listing import list_files
from .importing.run import ImportInputs, ImportOutputs, run_import_product

CONTAINERS = (".hdf", ".h4", ".hdf4", ".h5", ".hdf5", ".he5", ".nc", ".nc4", ".cdf")
ARCHIVES = (".zip", ".tar", ".tgz", ".tar.gz")
_DRIVERS = {".hdf": "HDF4", ".h4": "HDF4", ".hdf4": "HDF4", ".nc": "netCDF", ".nc4": "netCDF", ".cdf": "netCDF"}
_GDAL_NAME = re.compile(
    r'(?:NETCDF|HDF5|HDF4_[A-Z]+(?::[A-Z_]+)?|HDF4):(?:"(?P<quoted>[^"]+)"|(?P<plain>[^"]+?)):(?P<rest>.+)'
)
_POSITIONS = re.compile(r"^(lat|lon|latitude|longitude|x|y|time|crs)$|_(bnds|bounds)$", re.IGNORECASE)
_METADATA = re.compile(r"_MTL\.(txt|xml|json)$|^MTD_MSI.*\.xml$", re.IGNORECASE)
OPEN = ("any", "threat", "pressure_factor", "service", "conservation_cost", "zone")  # quantities of many kinds of maps
_MONTHS = {"precipitation_month": "precipitation"}  # quantities of a month, by those of the year that products have
_SHOWN = 12
_SCENES_OF_STEPS = ("mod09a1",)  # products of steps that a composite takes as scenes


@dataclass(frozen=True)
class Place:
    """What a text names.

    Attributes:
        text: as it was given.
        path: the file or the folder.
        variable: "" where none is named.
    """

    text: str
    path: str
    variable: str = ""

    @property
    def name(self) -> str:
        """What messages and layers call it."""
        return short_name(self.path) + (f"|{self.variable}" if self.variable else "")


@dataclass(frozen=True)
class Asked:
    """What a parameter takes.

    Attributes:
        name: of the parameter.
        quantity: what its rasters hold.
        several: whether a raster may have a band per year.
        years: that the user named; empty for all.
        product_folder: of the user's own products.
        raw: whether layers are opened as they are, whatever the catalogue knows.
        scenes: whether scenes of a satellite are taken, which the method composes itself.
    """

    name: str
    quantity: str = "any"
    several: bool = True
    years: Sequence[int] = ()
    raw: bool = False
    product_folder: str = ""
    scenes: bool = False


@dataclass(frozen=True)
class Taken:
    """What becomes of a text.

    Attributes:
        place: what it names.
        path: by which GDAL opens the layer as it is; of an import, its first file.
        imported: how it is imported; None where it is opened as it is.
        notes: what the user should know.
        scenes: whether it holds scenes, which the method composes itself.
    """

    place: Place
    path: str
    imported: ImportInputs | None = None
    notes: tuple[Message, ...] = field(default=())
    scenes: bool = False


def place_of_text(text: str) -> Place | None:
    """What a text names; None where it is a plain raster, a layer, or nothing on this disk."""
    named = _GDAL_NAME.fullmatch(text)
    if named:
        path = named["quoted"] or named["plain"]
        return Place(text, path, re.split(r"[:/]", named["rest"])[-1].strip('"')) if os.path.exists(path) else None
    path, bar, variable = text.partition("|")
    if "=" in variable or (bar and not variable):
        return None
    is_container = path.lower().endswith(CONTAINERS) and os.path.isfile(path)
    if is_container:
        return Place(text, path, variable)
    if _METADATA.search(os.path.basename(path)) and os.path.isfile(path):
        return Place(text, path, variable)
    is_folder = os.path.isdir(path) and not os.path.isfile(os.path.join(path, "hdr.adf"))
    if is_folder or (path.lower().endswith(ARCHIVES) and os.path.isfile(path)):
        return Place(text, path, variable)
    return None


def take(place: Place, asked: Asked, progress: Progress = QUIET) -> Taken:
    """Looks at names and headers what is to be read; no pixel is read.

    Raises:
        InputError: a driver is missing, the variable is not there, it holds another quantity than is asked for, or
            several layers may be meant; says which there are.
        TableError: the catalogue of the user is wrong.
    """
    if asked.raw:
        return _as_it_is(place, [])
    known = products(asked.product_folder)
    metadata = _METADATA.search(os.path.basename(place.path)) is not None
    found = recognise(
        list_files(os.path.dirname(place.path) if metadata else place.path, progress), known, "", progress
    )
    theirs = [one for one in found if one.product is not None]
    if asked.scenes and (metadata or any(_is_scene(one, steps=True) for one in theirs)):
        return Taken(place, place.path, scenes=True)
    if metadata or (theirs and all(_is_scene(one) for one in theirs)):
        raise InputError(
            say(
                "{name} holds scenes of a satellite, with clouds and in bands. Make a composite per year of them with "
                "scenecomposite, and give its rasters.",
                name=place.name,
            )
        )
    theirs = [one for one in theirs if not _is_scene(one)]
    if not theirs:
        return _as_it_is(place, found)
    product, layer = _layer_of(place, theirs, asked)
    if layer is None:
        return _as_it_is(place, found, product)
    first = next(one for one in theirs if one.product is product and one.layer in ("", layer.id) and not one.quality)
    require_drivers(first)
    path = _opened_by(first, layer)
    _require_quantity(place, product, layer, asked)
    monthly = asked.quantity in _MONTHS and product.step not in ("year", "static")
    years = {one.year for one in theirs if one.product is product and one.layer in ("", layer.id)}
    chosen = [year for year in asked.years if year in years] if len(years) > 1 else []
    inputs = ImportInputs(
        files=[place.path], product=product.id, layer=layer.id, years=chosen, step="month" if monthly else "year",
        own_grid=True, product_folder=asked.product_folder,
    )  # fmt: skip
    return Taken(place, path, inputs)


def bring(taken: Taken, asked: Asked, folder: str, progress: Progress = QUIET) -> str:
    """The path of a raster that methods can read: an import in a folder, or the layer as it is.

    Raises:
        InputError: the import cannot be made; says what to do.
        Cancelled: the user stopped.
    """
    for note in taken.notes:
        progress.warn(note)
    if taken.imported is None:
        return taken.path
    stem = stem_of(taken.place.path)
    target = os.path.join(folder, f"{stem}_{taken.imported.layer}.tif")  # a name by which reports tell it
    try:
        made = run_import_product(taken.imported, ImportOutputs(target), None, progress)
    except (InputError, GridError) as reason:
        raise InputError(
            say(
                "{name}: {reason} Where that cannot be mended, bring it in with importproduct, which lets you decide, "
                "and give its raster.",
                name=taken.place.name,
                reason=reason,
            )
        ) from None
    bands = gdal.Open(target).RasterCount
    if bands > 1 and not asked.several:
        raise InputError(
            say(
                "{name} has {bands} bands ({years}), and {parameter} takes one. Name the file of one year.",
                name=taken.place.name,
                bands=bands,
                years=", ".join(map(str, made.years[:_SHOWN])),
                parameter=asked.name,
            )
        )
    for trap in made.traps:
        progress.info(trap)
    return target


def _is_scene(one: Recognised, steps: bool = False) -> bool:
    """Whether a file is of a scene; with `steps` also of one of eight days."""
    if one.product is None:
        return False
    return one.product.step == "scene" or (steps and one.product.id in _SCENES_OF_STEPS)


def _layer_of(place: Place, theirs: Sequence[Recognised], asked: Asked) -> tuple[Product, Layer | None]:
    """Product and layer that are meant; no layer where the catalogue does not know the variable."""
    there = _layers_there(theirs)
    if place.variable:
        named = [(product, layer) for product, layer in there if _is_called(layer, place.variable)]
        if len(named) == 1:
            return named[0]
        if not named and os.path.isfile(place.path):
            product = theirs[0].product
            if product is None:
                raise TypeError("theirs is not as expected")
            return product, None
        raise InputError(_ambiguous(place, named or there, asked))
    wanted = _MONTHS.get(asked.quantity, asked.quantity)
    if wanted not in OPEN:
        fitting = [(product, layer) for product, layer in there if layer.quantity == wanted]
    else:
        fitting = [(product, layer) for product, layer in there if asked.name in layer.feeds] or there
        if len({product.id for product, _ in fitting}) == 1:
            fitting = fitting[:1]  # the layer for which a product is known
    if not fitting:
        raise InputError(_of_another_quantity(place, there, asked))
    if len(fitting) > 1:
        raise InputError(_ambiguous(place, fitting, asked))
    return fitting[0]


def _layers_there(theirs: Sequence[Recognised]) -> list[tuple[Product, Layer]]:
    """Layers that files hold, of a file of several all of its product; each once, in the order of the catalogue."""
    found: dict[tuple[str, str], tuple[Product, Layer]] = {}
    for one in theirs:
        if one.product is None or one.quality:
            continue
        for layer in [one.product.layers[one.layer]] if one.layer else one.product.layers.values():
            found[one.product.id, layer.id] = (one.product, layer)
    return list(found.values())


def _is_called(layer: Layer, variable: str) -> bool:
    return variable == layer.id or any(layer.match.search(name) for name in _spellings(variable))


def _spellings(variable: str) -> tuple[str, str]:
    return variable, variable.replace("_", " ")


def _require_quantity(place: Place, product: Product, layer: Layer, asked: Asked) -> None:
    wanted = _MONTHS.get(asked.quantity, asked.quantity)
    if wanted not in OPEN and layer.quantity != wanted:
        raise InputError(_of_another_quantity(place, [(product, layer)], asked))


def _of_another_quantity(place: Place, layers: Sequence[tuple[Product, Layer]], asked: Asked) -> Message:
    return say(
        "{name} holds {layers}, and {parameter} takes: {wanted}. Give another file or variable.",
        name=place.name,
        layers=listed((layer.title for _, layer in layers[:_SHOWN]), ", "),
        parameter=asked.name,
        wanted=quantity(asked.quantity).name,
    )


def _ambiguous(place: Place, layers: Sequence[tuple[Product, Layer]], asked: Asked) -> Message:
    return say(
        "{name}: which layer is meant for {parameter}? There are: {layers}. Write one behind the path, as {example}.",
        name=place.name,
        parameter=asked.name,
        layers=", ".join(f"{layer.id} ({product.id})" for product, layer in layers[:_SHOWN]),
        example=f"{short_name(place.path)}|{layers[0][1].id}",
    )


def _opened_by(first: Recognised, layer: Layer) -> str:
    """The GDAL name of a layer that lies in a file on the disk; raises where it is not there."""
    if first.path.startswith("/vsi") or first.edition is None or first.edition.container in ("raster", "transposed"):
        return first.path
    return _subdataset(first.path, lambda name: any(layer.match.search(one) for one in _spellings(name)), first.name)[0]


def _as_it_is(place: Place, found: Sequence[Recognised], product: Product | None = None) -> Taken:
    """The layer without what the catalogue knows: other files than products, and other layers than it has."""
    if not os.path.isfile(place.path) or place.path.lower().endswith(ARCHIVES):
        raise InputError(
            say(
                "{name} holds no file of a product that is known. Name its rasters one by one; identifyproducts tells "
                "what each file is.",
                name=place.name,
            )
        )
    _require_driver(place)
    wanted = place.variable
    path, variable = _subdataset(place.path, lambda name: not wanted or wanted in _spellings(name), place.name, wanted)
    notes = []
    if product is not None:
        told = say(
            "{name} is of {product}, whose catalogue does not have this layer: its numbers are read as they stand, "
            "without fill codes, scale and unit.",
            name=place.name,
            product=product.title,
        )
        notes.append(told)
    elif found and found[0].candidates:
        notes.append(
            say(
                "{name} may be of {products}. If so, bring it in with importproduct, which knows its fill codes and "
                "unit; here its numbers are read as they stand.",
                name=place.name,
                products=", ".join(found[0].candidates),
            )
        )
    return Taken(Place(place.text, place.path, variable), path, None, tuple(notes))


def _require_driver(place: Place) -> None:
    extension = os.path.splitext(place.path)[1].lower()
    driver = _DRIVERS.get(extension, "HDF5")
    if gdal.GetDriverByName(driver) is None:
        raise InputError(
            say(
                "{file} needs the GDAL driver {driver}, which this QGIS lacks. Install it (OSGeo4W: package "
                "gdal-{package}), or order GeoTIFF.",
                file=short_name(place.path),
                driver=driver,
                package=driver.lower(),
            )
        )


def _subdataset(path: str, fits: Callable[[str], bool], named: str, wanted: str = "") -> tuple[str, str]:
    """The GDAL name of the only layer that fits, and what it is called; raises with the layers that are there."""
    dataset = open_raster_or_container(path)
    layers = layers_of(dataset)
    own = only_layer(path, dataset) if dataset.RasterCount and not layers else None
    fitting = [name for name in layers if fits(name) and (wanted or not _POSITIONS.search(name))]
    if len(fitting) == 1:
        return layers[fitting[0]], fitting[0]
    if own and fits(own):
        return path, own
    there = ", ".join(list(layers)[:_SHOWN]) or own or say("none")
    if fitting:
        raise InputError(
            say(
                "{name} holds several variables: {there}. Write one behind the path, as {example}.",
                name=named,
                there=there,
                example=f"{short_name(path)}|{fitting[0]}",
            )
        )
    raise InputError(
        say("{name} has no variable {wanted!r}. It has: {there}.", name=named, wanted=wanted or "-", there=there)
    )
