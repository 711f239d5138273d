"""Text files of whatever encoding: UTF-8, UTF-16, and GB 18030 with its parts GBK and GB 2312."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..errors import TableError
from ..messages import say

_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decoded(data: bytes, name: str) -> str:
    """The text of a file. Raises TableError, which names it, where it is in none of the encodings."""
    for encoding in ("utf-16",) if data.startswith(_UTF_16) else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(say("Table {name} is neither UTF-8 nor GB 18030. Save it as CSV UTF-8.", name=name))


def is_utf_8(path: str) -> bool:
    """Whether programs that know no other encoding can read a text file."""
    try:
        Path(path).read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def copy_as_utf_8(path: str, folder: str) -> str:
    """Writes a text file again as UTF-8, under its name and with the types of its columns (.csvt), into a folder.

    Raises:
        TableError: see `decoded`.
    """
    copy = os.path.join(folder, os.path.basename(path))
    Path(copy).write_text(decoded(Path(path).read_bytes(), os.path.basename(path)), encoding="utf-8", newline="")
    if os.path.isfile(f"{path}t"):
        shutil.copyfile(f"{path}t", f"{copy}t")
    return copy
