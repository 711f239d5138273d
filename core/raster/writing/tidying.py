"""What killed runs of this user left in a folder: decided ones are ended, of others the older files come back."""

from __future__ import annotations

import os
import shutil
from contextlib import ExitStack

from ...errors import OutputError
from ..hidden import (
    MAIN,
    SIDES,
    free_names,
    hidden_folders,
    is_own,
    is_same,
    let_lock_go,
    opened,
    taken_over,
)
from .journal import lead_of, roll_forward


def remove_litter(folder: str, *, bring_back: bool = True) -> None:
    """Removes what killed runs of this user left in a folder.

    Args:
        folder: where to look.
        bring_back: whether new files go to their places where a run had begun to put them there, and older files that
            it had taken aside return else. In a temporary folder nothing does.
    """
    for path in hidden_folders(folder):
        lock = taken_over(path) if is_own(path) else None
        if lock is None:
            continue
        done: list[str] = []
        try:
            done = _tidy(path, bring_back)
        except (OSError, OutputError):  # what finds no place waits on
            continue
        finally:
            let_lock_go(lock)
        for one in filter(os.path.lexists, done):  # Windows and network drives remove no open file, nor its folder
            shutil.rmtree(one, ignore_errors=True)


def _tidy(path: str, bring_back: bool) -> list[str]:
    """The hidden folders that are done with, removed as far as the lock that is held in one of them allows it."""
    lead = lead_of(path)
    if lead is None:
        if bring_back:
            _bring_all_back(path)
        done = [path]
    elif not bring_back:
        return []
    else:
        lock = -1 if is_same(lead, path) else taken_over(lead)
        if lock is None:  # somebody is at it
            return []
        try:
            done = roll_forward(lead)
        finally:
            let_lock_go(lock)
    for one in done:
        # held until it is gone: who has just made it finds it taken, or no longer there
        shutil.rmtree(one, ignore_errors=True)
    return done


def _bring_all_back(folder: str) -> None:
    """Files of a killed run return to their places; beside them, as NAME_before, where something newer lies."""
    parent = os.path.dirname(folder)
    parts = (os.path.join(folder, MAIN), os.path.join(folder, SIDES))
    with ExitStack() as stack:
        rooms = [stack.enter_context(opened(part)) for part in parts if os.path.lexists(part)]
        waiting = [name for room in rooms for name in room.names]
        if not waiting:
            return
        mains = rooms[0].names if os.path.lexists(parts[0]) else []
        newer = any(
            os.path.lexists(os.path.join(parent, name))
            and not any(is_same(os.path.join(part, name), os.path.join(parent, name)) for part in parts)
            for name in mains or waiting
        )
        names = free_names(parent, waiting) if newer else {name: name for name in waiting}
        for room in rooms:
            for name in room.names:
                room.move(name, os.path.join(parent, names[name]))
