"""A run without QGIS, told by a file: `python -m ecoassets.core.job job.json`, for nodes of a cluster.

{"run": "ecosystemservicevalue",
 "inputs": {"land_cover": ["2000.tif"], "years": [2000], "scheme": "clcd", "equivalents": "xie2015",
            "standard_value": 3406.5},
 "outputs": {"total": "value.vrt"},
 "settings": {"mask": "yearly", "write": {"overviews": false}},
 "scheduler": "tcp://node1:8786",
 "result": "value.json"}

`run` names a method of the catalogue, `methods.py`, by the id of its algorithm; the other keys are the arguments of its
function and the fields of its dataclasses. Schemes and equivalents are named, tables are files. Paths are relative to
the job file. Without `scheduler` the job runs in threads (or where ECOASSETS_SCHEDULER says). The result is printed,
and written to the file `result` where one is named.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import inspect
import json
import math
import os
import sys
import types
import typing
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Callable

import numpy as np

from .assets.equivalents import Equivalents, load_equivalents
from .drivers.feature_table import FeatureTable, feature_table
from .errors import Cancelled, EcoAssetsError, InputError, OutputError
from .inputs.record import recorded
from .land_cover import LandCoverScheme, load_scheme
from .messages import say
from .methods import method
from .progress import Progress
from .raster.cluster.scheduler import scheduled
from .raster.dataset import bounded_cache
from .raster.files import PendingFile, together
from .raster.writing.names import fault_of_name
from .tables import Table, read_table

_UNIONS = (typing.Union, getattr(types, "UnionType", typing.Union))
_MOST = sys.float_info.max  # JSON may hold 1e999, and whole numbers of any length
_OWN_KEYS = {"run", "scheduler", "result"}


def run_file(path: str, progress: Progress) -> Any:
    """Runs the job of a file, with its folder as the current one.

    Raises:
        InputError: the file or a value in it cannot be used; the message names the key.
        OutputError: the result cannot be written, which is told before the run where possible.
        EcoAssetsError, Cancelled: as the method itself; all that was put in place is taken back.
    """
    try:
        with open(path, encoding="utf-8") as file:
            job = json.load(file, parse_constant=_refuse_constant)
    except (OSError, ValueError, RecursionError) as reason:
        raise InputError(say("The job file {path} cannot be read: {reason}.", path=path, reason=reason)) from None
    if not isinstance(job, dict):
        raise InputError(say("The job file {path} holds no object of keys and values.", path=path))
    os.chdir(os.path.dirname(os.path.abspath(path)))
    run = method(job.get("run"))
    arguments = _arguments(run, {key: value for key, value in job.items() if key not in _OWN_KEYS}, "job")
    # opened before the work, so that a wrong path is told early
    fault = fault_of_name(str(job.get("result") or ""))
    if fault is not None:
        raise OutputError(say("Cannot write {path}: {fault}.", path=repr(job["result"]), fault=fault))
    opened = PendingFile(str(job["result"])) if job.get("result") else nullcontext()
    with opened as pending, bounded_cache(), together(), scheduled(str(job.get("scheduler", ""))), recorded() as record:
        told = {"progress": progress} if "progress" in inspect.signature(run).parameters else {}
        result = _plain(run(**arguments, **told))
        if isinstance(result, dict):
            result["findings"] = [finding.told() for finding in record.findings]
        if pending:
            pending.write(json.dumps(result, ensure_ascii=False, indent=1))
    return result


def _refuse_constant(word: str) -> float:
    """JSON has no NaN and no Infinity, though Python reads them."""
    raise ValueError(f"it holds {word}, which is no number")


def _arguments(taker: Callable[..., Any], given: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The arguments of a function or the fields of a dataclass, each turned into its type."""
    hints = typing.get_type_hints(taker)
    allowed = [name for name in hints if name not in ("return", "progress")]
    wrong = [name for name in given if name not in allowed]
    if wrong:
        raise InputError(
            say(
                "{where}: {wrong} is not known. Known are {allowed}.",
                where=where,
                wrong=wrong[0],
                allowed=", ".join(allowed),
            )
        )
    needed = [p.name for p in inspect.signature(taker).parameters.values() if p.default is p.empty]
    missing = [name for name in needed if name not in given]
    if missing:
        raise InputError(say("{where} lacks {missing}.", where=where, missing=", ".join(missing)))
    return {name: _typed(hints[name], value, f"{where}.{name}") for name, value in given.items()}


def _scheme(value: Any) -> LandCoverScheme:
    if isinstance(value, str):
        return load_scheme(value)
    return load_scheme(value["name"], read_table(value["class_table"]))


_BY_NAME: dict[type, Callable[[Any], Any]] = {
    LandCoverScheme: _scheme,
    Equivalents: lambda v: (
        load_equivalents(v) if isinstance(v, str) else load_equivalents("custom", read_table(v["table"]))
    ),
    Table: read_table,
    FeatureTable: lambda v: feature_table(read_table(v)),
}


def _typed(hint: Any, value: Any, where: str) -> Any:
    """A value of a job file as what a type hint asks for."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in _UNIONS:
        return _any_of(inner, value, where)
    if hint in _BY_NAME:
        try:
            return _BY_NAME[hint](value)
        except (KeyError, TypeError):
            raise InputError(
                say(
                    "{where} is {value!r}. Write a name, or an object with the name and a table.",
                    where=where,
                    value=value,
                )
            ) from None
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, dict):
        build: Callable[..., Any] = hint
        return build(**_arguments(build, value, where))
    if origin is tuple and isinstance(value, list):
        kinds = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        if len(kinds) == len(value):
            return tuple(_typed(kind, one, f"{where}[{i}]") for i, (kind, one) in enumerate(zip(kinds, value)))
    if origin in (dict, collections.abc.Mapping) and isinstance(value, dict):
        return {_key(inner[0], key): _typed(inner[1], one, f"{where}.{key}") for key, one in value.items()}
    if origin is typing.Literal and value in inner:
        return value
    if hint is float and isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _MOST:
        return float(value)
    if hint in (str, int, bool) and type(value) is hint:
        return value
    raise InputError(say("{where} is {value!r}, which is no {hint}.", where=where, value=value, hint=_words(hint)))


def _any_of(kinds: tuple[Any, ...], value: Any, where: str) -> Any:
    if value is None and type(None) in kinds:
        return None
    faults = []
    for kind in kinds:
        try:
            if kind is not type(None):
                return _typed(kind, value, where)
        except InputError as fault:
            faults.append(fault)
    raise faults[0]


def _key(kind: Any, key: str) -> Any:
    return int(key) if kind is int and key.lstrip("-").isdigit() else key


def _words(hint: Any) -> str:
    choices = typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else ()
    return " or ".join(map(repr, choices)) or getattr(hint, "__name__", str(hint))


def _plain(value: Any) -> Any:
    """A result as JSON knows it."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


class _Printed(Progress):
    """Progress on standard error, a line per ten percent."""

    def __init__(self) -> None:
        self._told = 0

    def set(self, percent: float) -> None:
        if percent // 10 > self._told:
            self._told = int(percent // 10)
            print(f"{percent:.0f} %", file=sys.stderr, flush=True)

    def info(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)

    def warn(self, message: str) -> None:
        print(f"Warning: {message}", file=sys.stderr, flush=True)


def main() -> int:
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 2
    try:
        result = run_file(sys.argv[1], _Printed())
    except (EcoAssetsError, Cancelled) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped before the end. Nothing was changed.", file=sys.stderr)
        return 130
    except (OSError, MemoryError) as error:
        print(
            f"Error: {error or type(error).__name__}. Check paths, free disk and memory, and run again.",
            file=sys.stderr,
        )
        return 1
    # A console, or a pipe on Windows, may know no Chinese; JSON can say it in ASCII.
    print(json.dumps(result, ensure_ascii=not _knows_all(sys.stdout.encoding), indent=1))
    return 0


def _knows_all(encoding: str | None) -> bool:
    return (encoding or "").lower().replace("-", "").startswith("utf")


if __name__ == "__main__":
    sys.exit(main())
