"""What lies in a folder of downloads, as GDAL opens it: files, what archives hold, folders that are one raster."""

from __future__ import annotations

import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator

from ...errors import InputError
from ...messages import Message, say
from ...progress import QUIET, Progress

# What lies beside rasters and is none.
SIDES = (
    ".aux.xml", ".ovr", ".msk", ".tfw", ".tfwx", ".jgw", ".prj", ".qpj", ".cpg", ".hdr", ".dbf", ".shx", ".sbn", ".sbx",
    ".qml", ".qmd", ".lyr", ".rrd", ".xmp", ".md5", ".sha256", ".ds_store", ".part", ".crdownload", ".aria2",
)  # fmt: skip
_TARS = (".tar",)
_READ_IN_PLACE = (*_TARS, ".zip")
_PACKED_TARS = (".tar.gz", ".tgz")
_PACKED_LIMIT = 64 * 2**20  # a packed tar is read as a whole for its names
_CHECK_EVERY = 500
# What Python says of archives that are cut off, garbled, packed in a way it does not know, or badly named.
UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, ValueError, NotImplementedError)
_DAMAGED = say("the archive is damaged or was not downloaded whole: download it again")
_LARGE = say(
    "to tell what it holds, the whole archive would have to be unpacked, and it has more than {size} MB: unpack it, or "
    "store it as .tar or .zip, which are read in place",
    size=_PACKED_LIMIT >> 20,
)


def list_files(place: str, progress: Progress = QUIET) -> list[str]:
    """Paths of every file under a folder, or of what a file or an archive holds, sorted.

    Members of `.zip` and `.tar` come as `/vsizip/` and `/vsitar/`, single `.gz` files as `/vsigzip/`; a `.SAFE` folder
    and the folder of an ESRI grid are one entry. What lies beside rasters (`.aux.xml`, `.ovr` and the like) and what a
    browser has not finished is left out. An archive that cannot be read, or is a packed tar of more than 64 MB, comes
    as itself, with a warning.

    Raises:
        InputError: there is nothing of that name.
        Cancelled: the user stopped.
    """
    if not os.path.exists(place):
        raise InputError(say("There is no file and no folder {place}.", place=place))
    if os.path.isfile(place) or _is_one(place):
        return _told(sorted(_of_file(place)), progress)
    found: list[str] = []
    for number, path in enumerate(_walk(place)):
        if number % _CHECK_EVERY == 0:
            progress.check()
        found += _of_file(path)
    return _told(sorted(found), progress)


def why_closed(path: str) -> Message | None:
    """Why a listed path is an archive that was not looked into; None for what is none."""
    if path.startswith("/vsi") or not path.lower().endswith((*_READ_IN_PLACE, *_PACKED_TARS)):
        return None
    return _LARGE if _is_too_large(path) else _DAMAGED


def _told(listed: list[str], progress: Progress) -> list[str]:
    for path in listed:
        reason = why_closed(path)
        if reason is not None:
            progress.warn(say("{file} is not used: {reason}.", file=path, reason=reason))
    return listed


def file_name(path: str) -> str:
    """The name of a listed path without folders, without the `.gz` that is read through."""
    name = os.path.basename(path.rstrip("/\\"))
    return name[:-3] if path.startswith("/vsigzip/") else name


def on_disk(path: str) -> str:
    """The file or the archive on the disk that a listed path lies in; "" for what GDAL reads from elsewhere."""
    if not path.startswith("/vsi"):
        return path
    inner = "".join(path.split("/", 2)[2:])  # nothing of `/vsicurl?url=...`
    while inner and not os.path.exists(inner):
        inner = os.path.dirname(inner)
    return inner


def _walk(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        whole = [name for name in folders if _is_one(os.path.join(parent, name))]
        folders[:] = sorted(name for name in folders if name not in whole and not name.startswith("."))
        for name in (*whole, *files):
            yield os.path.join(parent, name)


def _is_one(path: str) -> bool:
    """Whether a folder is one raster: a Sentinel product or an ESRI grid."""
    if not os.path.isdir(path):
        return False
    return path.rstrip("/\\").upper().endswith(".SAFE") or os.path.isfile(os.path.join(path, "hdr.adf"))


def _of_file(path: str) -> list[str]:
    lowered = path.lower()
    if os.path.isdir(path):
        return [path]
    if lowered.endswith(SIDES) or os.path.basename(path).startswith(".") or not os.path.isfile(path):
        return []  # whoever opens a pipe or a device waits for ever
    if lowered.endswith(".zip"):
        return _members(path, "/vsizip/")
    if lowered.endswith(_TARS) or (lowered.endswith(_PACKED_TARS) and not _is_too_large(path)):
        return _members(path, "/vsitar/")
    if lowered.endswith(".gz") and not lowered.endswith(_PACKED_TARS):
        return [f"/vsigzip/{path}"]
    return [path]


def _is_too_large(path: str) -> bool:
    """Whether a packed tar would take long to read for its names."""
    return path.lower().endswith(_PACKED_TARS) and os.path.getsize(path) > _PACKED_LIMIT


def _members(archive: str, prefix: str) -> list[str]:
    """What an archive holds; the archive itself where it cannot be read, so that it is told."""
    try:
        if prefix == "/vsizip/":
            with zipfile.ZipFile(archive) as packed:
                names = [entry.filename for entry in packed.infolist() if not entry.is_dir()]
        else:
            with tarfile.open(archive) as tar:
                names = [entry.name for entry in tar if entry.isfile()]
                _require_end(tar)
    except UNREADABLE:
        return [archive]
    kept, safes = [], set()
    for name in names:
        safe = _safe_folder(name)
        if safe:
            safes.add(safe)
        elif not name.lower().endswith(SIDES) and not os.path.basename(name).startswith("."):
            kept.append(name)
    return [f"{prefix}{archive}/{name}" for name in (*kept, *safes)]


def _require_end(tar: tarfile.TarFile) -> None:
    """Python stops at garbled blocks as at the zeros of the end, and what lies behind would be missed silently."""
    if tar.fileobj is not None:
        tar.fileobj.seek(tar.offset)
        if tar.fileobj.read(tarfile.BLOCKSIZE).strip(b"\0"):
            raise tarfile.ReadError  # told by whoever lists the archive


def _safe_folder(name: str) -> str:
    """The `.SAFE` folder that a member lies in; "" for none."""
    parts = name.split("/")
    number = next((i for i, part in enumerate(parts) if part.upper().endswith(".SAFE")), None)
    return "" if number is None else "/".join(parts[: number + 1])
