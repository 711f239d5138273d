"""Small scenes as their providers ship them: Landsat Collection 2 Level 2 bundles and Sentinel-2 Level 2A products."""

from __future__ import annotations

import json
import shutil
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from osgeo import gdal, osr

TOP_LEFT = (499785.0, 4423215.0)
TM = ("SR_B1", "SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B7", "ST_B6")
OLI = ("SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7", "ST_B10")
CLEAR = 21824  # QA_PIXEL of clear land
MSI = {"B02": 10, "B03": 10, "B04": 10, "B08": 10, "B11": 20, "B12": 20, "SCL": 20}
_CRAFTS = {"4": "TM", "5": "TM", "7": "ETM", "8": "OLI_TIRS", "9": "OLI_TIRS"}


def landsat_numbers(seed: int, shape: tuple[int, int] = (12, 10), names: Sequence[str] = OLI) -> dict[str, np.ndarray]:
    """Stored numbers of all bands, clear everywhere."""
    random = np.random.default_rng(seed)
    bands = {name: random.integers(8000, 20000, shape).astype(np.uint16) for name in names}
    for name in bands:
        if name.startswith("ST"):
            bands[name] = random.integers(42000, 48000, shape).astype(np.uint16)
    return {**bands, "QA_PIXEL": np.full(shape, CLEAR, dtype=np.uint16)}


def write_landsat(
    folder: Path,
    product: str,
    bands: Mapping[str, np.ndarray],
    *,
    top_left: tuple[float, float] = TOP_LEFT,
    pixel: float | tuple[float, float] = 30.0,
    epsg: int = 32650,
    tar: bool = False,
    metadata: str = "txt",
    clouds: float = 10.0,
    options: Sequence[str] = (),
    scale: float = 2.75e-05,
) -> Path:
    """A bundle, a folder or a tar, named by its product: `LC08_L2SP_123032_20210615_20210622_02_T1`.

    Args:
        folder: where it goes.
        product: its id.
        bands: stored numbers by name, such as SR_B4, ST_B10, QA_PIXEL.
        top_left, pixel, epsg: where it lies.
        tar: whether it is packed, as USGS ships it.
        metadata: ending of the MTL; "" writes none.
        clouds: CLOUD_COVER.
        options: of GDAL, for the files.
        scale: of reflectance.
    """
    target = folder / product
    target.mkdir(parents=True)
    for name, array in bands.items():
        kind = gdal.GDT_UInt16
        _write(
            target / f"{product}_{name}.TIF",
            array,
            top_left,
            pixel,
            epsg,
            kind,
            1 if name == "QA_PIXEL" else 0,
            options,
        )
    if metadata:
        text = {"txt": _mtl_text, "xml": _mtl_xml, "json": _mtl_json}[metadata](_mtl(product, bands, clouds, scale))
        (target / f"{product}_MTL.{metadata}").write_text(text, encoding="utf-8")
    if not tar:
        return target
    packed = folder / f"{product}.tar"
    with tarfile.open(packed, "w") as archive:
        for path in sorted(target.iterdir()):
            archive.add(path, arcname=path.name)
            path.unlink()
    target.rmdir()
    return packed


def _mtl(product: str, bands: Mapping[str, np.ndarray], clouds: float, scale: float) -> dict[str, dict[str, object]]:
    """Groups of an MTL, with the keys of Level 1 that are called alike further down."""
    craft, level, tile, day, _, _, tier = product.split("_")
    reflective = [name for name in bands if name.startswith("SR_B")]
    thermal = [name for name in bands if name.startswith("ST_B")]
    names = {f"FILE_NAME_BAND_{name[4:]}": f"{product}_{name}.TIF" for name in reflective}
    names |= {f"FILE_NAME_BAND_{name}": f"{product}_{name}.TIF" for name in thermal}
    names |= {"FILE_NAME_QUALITY_L1_PIXEL": f"{product}_QA_PIXEL.TIF"} if "QA_PIXEL" in bands else {}
    older = product.replace("L2SP", "L1TP").replace("L2SR", "L1TP")
    groups: dict[str, dict[str, object]] = {
        "PRODUCT_CONTENTS": {
            "LANDSAT_PRODUCT_ID": product, "PROCESSING_LEVEL": level, "COLLECTION_NUMBER": "02",
            "COLLECTION_CATEGORY": tier, **names,
        },
        "IMAGE_ATTRIBUTES": {
            "SPACECRAFT_ID": f"LANDSAT_{int(craft[2:])}", "SENSOR_ID": _CRAFTS[craft[-1]], "WRS_PATH": int(tile[:3]),
            "WRS_ROW": int(tile[3:]), "DATE_ACQUIRED": f"{day[:4]}-{day[4:6]}-{day[6:]}", "CLOUD_COVER": clouds,
            **({"SENSOR_MODE_SLC": "OFF"} if craft == "LE07" and int(day) > 20030531 else {}),
        },
        "LEVEL2_PROCESSING_RECORD": {"PROCESSING_LEVEL": level},
        "LEVEL2_SURFACE_REFLECTANCE_PARAMETERS": {
            **{f"REFLECTANCE_MULT_BAND_{name[4:]}": scale for name in reflective},
            **{f"REFLECTANCE_ADD_BAND_{name[4:]}": -0.2 for name in reflective},
        },
        "LEVEL2_SURFACE_TEMPERATURE_PARAMETERS": {
            **{f"TEMPERATURE_MULT_BAND_{name}": 0.00341802 for name in thermal},
            **{f"TEMPERATURE_ADD_BAND_{name}": 149.0 for name in thermal},
        },
        "LEVEL1_PROCESSING_RECORD": {
            "LANDSAT_PRODUCT_ID": older, "PROCESSING_LEVEL": "L1TP",
            **{f"FILE_NAME_BAND_{name[4:]}": f"{older}_B{name[4:]}.TIF" for name in reflective},
        },
        "LEVEL1_RADIOMETRIC_RESCALING": {
            **{f"REFLECTANCE_MULT_BAND_{name[4:]}": 2.0e-05 for name in reflective},
            **{f"REFLECTANCE_ADD_BAND_{name[4:]}": -0.1 for name in reflective},
        },
    }  # fmt: skip
    return groups


def _mtl_text(groups: Mapping[str, Mapping[str, object]]) -> str:
    lines = ["GROUP = LANDSAT_METADATA_FILE"]
    for group, entries in groups.items():
        lines.append(f"  GROUP = {group}")
        for key, value in entries.items():
            lines.append(f"    {key} = " + (f'"{value}"' if isinstance(value, str) else f"{value}"))
        lines.append(f"  END_GROUP = {group}")
    return "\n".join([*lines, "END_GROUP = LANDSAT_METADATA_FILE", "END", ""])


def _mtl_xml(groups: Mapping[str, Mapping[str, object]]) -> str:
    inner = "".join(
        f"<{group}>{''.join(f'<{key}>{escape(str(value))}</{key}>' for key, value in entries.items())}</{group}>\n"
        for group, entries in groups.items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<LANDSAT_METADATA_FILE>\n{inner}</LANDSAT_METADATA_FILE>\n'


def _mtl_json(groups: Mapping[str, Mapping[str, object]]) -> str:
    texts = {group: {key: str(value) for key, value in entries.items()} for group, entries in groups.items()}
    return json.dumps({"LANDSAT_METADATA_FILE": texts})


def sentinel_numbers(seed: int, size: int = 24, added: int = 1000) -> dict[str, np.ndarray]:
    """Stored numbers of all bands in their own sizes, vegetation everywhere."""
    random = np.random.default_rng(seed)
    bands = {}
    for name, metres in MSI.items():
        shape = (size * 10 // metres, size * 10 // metres)
        bands[name] = random.integers(100 + added, 4000 + added, shape).astype(np.uint16)
    return {**bands, "SCL": np.full(bands["SCL"].shape, 4, dtype=np.uint8)}


def write_safe(
    folder: Path,
    product: str,
    bands: Mapping[str, np.ndarray],
    *,
    offset: float | None = -1000.0,
    kind: str = "jp2",
    packed: bool = False,
    top_left: tuple[float, float] = (300000.0, 5900040.0),
    epsg: int = 32634,
    clouds: float = 10.0,
    strip: str = "20230625T234624",
) -> Path:
    """A product: `S2B_MSIL2A_20230823T095559_N0509_R122_T34UCF_20230823T124759.SAFE`, or the zip of it.

    Args:
        folder: where it goes.
        product: its name with `.SAFE`.
        bands: stored numbers by name; sizes tell the pixel, B02 has 10 m.
        offset: BOA_ADD_OFFSET of all bands; None writes no list, as before baseline 04.00.
        kind: ending of the bands.
        packed: whether it is zipped.
        top_left, epsg: where it lies.
        clouds: Cloud_Coverage_Assessment.
        strip: when the strip of the product began.
    """
    _, _, start, baseline, _, tile, _ = product.removesuffix(".SAFE").split("_")
    granule = f"GRANULE/L2A_{tile}_A033753_{start}/IMG_DATA"
    root = folder / product
    images = []
    ten_metres = bands["B02"].shape[0]
    for name, array in bands.items():
        metres = ten_metres * 10 // array.shape[0]
        image = f"{granule}/R{metres}m/{tile}_{start}_{name}_{metres}m"
        path = root / f"{image}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_image(path, array, top_left, float(metres), epsg)
        images.append(f"<IMAGE_FILE>{image}</IMAGE_FILE>")
    (root / "MTD_MSIL2A.xml").write_text(
        _product_file(product, start, baseline, images, offset, clouds, strip), encoding="utf-8"
    )
    if not packed:
        return root
    archive = folder / f"{product}.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        for path in sorted(root.rglob("*")):
            if path.is_file():
                opened.write(path, path.relative_to(folder))
    shutil.rmtree(root)
    return archive


def _product_file(
    product: str,
    start: str,
    baseline: str,
    images: Sequence[str],
    offset: float | None,
    clouds: float,
    strip: str,
) -> str:
    day = f"{start[:4]}-{start[4:6]}-{start[6:8]}T{start[9:11]}:{start[11:13]}:{start[13:15]}.024Z"
    offsets = "".join(f'<BOA_ADD_OFFSET band_id="{n}">{offset:g}</BOA_ADD_OFFSET>' for n in range(13)) if offset else ""
    if offsets:
        offsets = f"<BOA_ADD_OFFSET_VALUES_LIST>{offsets}</BOA_ADD_OFFSET_VALUES_LIST>"
    special = "".join(
        f"<Special_Values><SPECIAL_VALUE_TEXT>{text}</SPECIAL_VALUE_TEXT><SPECIAL_VALUE_INDEX>{code}"
        "</SPECIAL_VALUE_INDEX></Special_Values>"
        for text, code in (("NODATA", 0), ("SATURATED", 65535))
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><n1:Level-2A_User_Product '
        'xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd"><n1:General_Info><Product_Info>'
        f"<PRODUCT_START_TIME>{day}</PRODUCT_START_TIME><PRODUCT_URI>{product}</PRODUCT_URI>"
        "<PROCESSING_LEVEL>Level-2A</PROCESSING_LEVEL>"
        f"<PROCESSING_BASELINE>{baseline[1:3]}.{baseline[3:]}</PROCESSING_BASELINE><Product_Organisation><Granule_List>"
        f'<Granule datastripIdentifier="S2A_OPER_MSI_L2A_DS_2APS_20230626T022157_S{strip}_N05.09">'
        f"{''.join(images)}</Granule></Granule_List></Product_Organisation></Product_Info>"
        f"<Product_Image_Characteristics>{special}<QUANTIFICATION_VALUES_LIST>"
        '<BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE></QUANTIFICATION_VALUES_LIST>'
        f"{offsets}</Product_Image_Characteristics></n1:General_Info><n1:Quality_Indicators_Info>"
        f"<Cloud_Coverage_Assessment>{clouds}</Cloud_Coverage_Assessment></n1:Quality_Indicators_Info>"
        "</n1:Level-2A_User_Product>"
    )


def _write(
    path: Path,
    array: np.ndarray,
    top_left: tuple[float, float],
    pixel: float | tuple[float, float],
    epsg: int,
    kind: int,
    nodata: float | None,
    options: Sequence[str] = (),
) -> None:
    height, width = array.shape
    across, down = pixel if isinstance(pixel, tuple) else (pixel, pixel)
    dataset = gdal.GetDriverByName("GTiff").Create(str(path), width, height, 1, kind, options=list(options))
    dataset.SetGeoTransform((top_left[0], across, 0, top_left[1], 0, -down))
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(epsg)
    dataset.SetProjection(reference.ExportToWkt())
    if nodata is not None:
        dataset.GetRasterBand(1).SetNoDataValue(nodata)
    dataset.GetRasterBand(1).WriteArray(array)
    dataset = None


def _write_image(path: Path, array: np.ndarray, top_left: tuple[float, float], pixel: float, epsg: int) -> None:
    kind = gdal.GDT_Byte if array.dtype == np.uint8 else gdal.GDT_UInt16
    if path.suffix != ".jp2":
        _write(path, array, top_left, pixel, epsg, kind, None)
        return
    plain = path.with_suffix(".tmp.tif")
    _write(plain, array, top_left, pixel, epsg, kind, None)
    driver = gdal.GetDriverByName("JP2OpenJPEG")
    driver.CreateCopy(str(path), gdal.Open(str(plain)), options=["QUALITY=100", "REVERSIBLE=YES"])
    plain.unlink()
    Path(f"{path}.aux.xml").unlink(missing_ok=True)
