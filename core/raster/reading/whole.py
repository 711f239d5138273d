"""Whether a file was downloaded whole: where its directory says that its blocks lie, against its size; by no pixel."""

from __future__ import annotations

from osgeo import gdal

from ...messages import say
from ..dataset import quiet_gdal

CUT = say("it was not downloaded whole, it ends before its last pixels: download it again")
_LOOKED_AT = 32  # blocks of a band: they may have been written in any order
_JPEG_2000 = b"\0\0\0\x0cjP  "
_END_OF_IMAGE = b"\xff\xd9"


def is_cut(dataset: gdal.Dataset) -> bool:
    """Whether a GeoTIFF or a JPEG 2000 file ends before what it should hold; others tell it when they are opened."""
    driver, path = dataset.GetDriver().ShortName, dataset.GetDescription()
    if driver != "GTiff" and not driver.startswith("JP2"):
        return False
    if driver != "GTiff":
        return is_cut_image(path)
    size = _size(path)
    return size > 0 and any(end > size for number in {1, dataset.RasterCount} for end in _ends(dataset, number))


def _size(path: str) -> int:
    """Bytes of a file, also within an archive; 0 for what is none."""
    with quiet_gdal():
        file = gdal.VSIStatL(path)
    return 0 if file is None or file.IsDirectory() else int(file.size)


def _ends(dataset: gdal.Dataset, number: int) -> list[int]:
    """Where some blocks of a band end in the file, the last one among them; of blocks that were written."""
    band = dataset.GetRasterBand(number)
    width, height = band.GetBlockSize()
    across, count = -(-band.XSize // width), -(-band.XSize // width) * -(-band.YSize // height)
    ends = []
    for one in {(count - 1) * n // (_LOOKED_AT - 1) for n in range(_LOOKED_AT)}:
        place = f"{one % across}_{one // across}"
        start, size = (band.GetMetadataItem(f"BLOCK_{what}_{place}", "TIFF") for what in ("OFFSET", "SIZE"))
        if start and size:
            ends.append(int(start) + int(size))
    return ends


def is_cut_image(path: str) -> bool:
    """Whether a JPEG 2000 file ends within one of its boxes: length, kind, content (ISO/IEC 15444-1, annex I)."""
    size = _size(path)
    with quiet_gdal():
        file = gdal.VSIFOpenL(path, "rb")
    if file is None:
        return False
    try:
        if _read(file, 0, len(_JPEG_2000)) != _JPEG_2000:
            return False
        place, kind, length = 0, b"", 0
        while place + 8 <= size:
            head = _read(file, place, 16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            length = int.from_bytes(head[8:16], "big") if length == 1 else length or size - place
            if length < 8 or place + length > size:
                return True
            place += length
        open_end = kind == b"jp2c" and _read(file, place - length, 4) == b"\0\0\0\0"
        return place != size or (open_end and _read(file, size - 2, 2) != _END_OF_IMAGE)
    finally:
        gdal.VSIFCloseL(file)


def _read(file: object, place: int, length: int) -> bytes:
    gdal.VSIFSeekL(file, place, 0)
    return bytes(gdal.VSIFReadL(1, length, file) or b"")
