"""Names of files: whether two are of one file, also where case does not count, and what no file can be called."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable

from ...messages import Message, say

_WINDOWS_LIMIT = 32_000  # characters, with the prefix for long paths


def is_one_file(one: str, other: str) -> bool:
    """Whether two paths name one file, on this system or on one where case does not count (Windows, macOS)."""
    if "\0" in one + other:  # the name of no file
        return one == other
    one, other = os.path.realpath(one), os.path.realpath(other)
    if one == other:
        return True
    if os.path.exists(one) and os.path.exists(other) and os.path.samefile(one, other):
        return True
    (folder, name), (other_folder, other_name) = os.path.split(one), os.path.split(other)
    return _folded(name) == _folded(other_name) and _is_one_folder(folder, other_folder)


def is_among(path: str, folder: str) -> bool:
    """Whether a path names what exists somewhere below a folder, on this system or where case does not count."""
    if "\0" in path:
        return False
    return any(_is_taken_below(folder, *os.path.split(one)) for one in (os.path.abspath(path), os.path.realpath(path)))


def first_of(path: str, others: Iterable[str]) -> str | None:
    """The first of some paths that names the same file; None where none does."""
    return next((other for other in others if is_one_file(path, other)), None)


def fault_of_name(path: str) -> Message | None:
    """Why a file cannot have this name on any system; None where it can."""
    if "\0" in path:
        return say("the name holds a character of code 0. Choose another name")
    if len(path) > _WINDOWS_LIMIT or len(os.path.basename(path).encode("utf-8", "surrogatepass")) > 255:
        return say("the name is too long. Choose a shorter one")
    return None


def _is_taken_below(folder: str, parent: str, name: str) -> bool:
    if not os.path.isdir(parent) or _folded(name) not in map(_folded, os.listdir(parent)):
        return False
    while not _is_one_folder(parent, folder):
        parent, below = os.path.dirname(parent), parent
        if parent == below:
            return False
    return True


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _is_one_folder(one: str, other: str) -> bool:
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return _folded(one) == _folded(other)
