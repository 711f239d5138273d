"""YAML that remembers where its entries stand, so that a wrong one can be named by its line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...errors import TableError
from ...messages import say

_MOST_DEPTH = 40


class Entry(dict):
    """A mapping that knows the line of the file on which each key stands."""

    line: int
    lines: dict[Any, int]

    def line_of(self, key: Any) -> int:
        return self.lines.get(key, self.line)


def load_lined(text: str, file: str) -> Entry:
    """Reads a YAML text whose top is a mapping.

    Raises:
        TableError: it is no YAML, no mapping, or a key stands twice; with the file and the line.
    """
    import yaml

    kind = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, where PyYAML was built with it
    loader = kind(text)
    try:
        _require_flat(yaml.parse(text, kind), file)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise TableError(say("{file}, line 1: a product is a mapping of keys, such as id: and title:.", file=file))
        top = _built(loader, node, file)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise TableError(
            say("{file}, line {line}: this is no YAML ({problem}).", file=file, line=line, problem=error.problem)
        ) from None
    except (yaml.YAMLError, ValueError, TypeError) as error:
        raise TableError(say("{file}: this is no YAML ({error}).", file=file, error=error)) from None
    finally:
        loader.dispose()
    if not isinstance(top, Entry):
        raise TypeError("top is not as expected")
    return top


def _require_flat(events: Iterable[Any], file: str) -> None:
    """Refuses what would end this process, or fill its memory, once it is built: great depth, and aliases."""
    depth = 0
    for event in events:
        word = type(event).__name__
        depth += word.endswith("StartEvent") - word.endswith("EndEvent")
        if depth > _MOST_DEPTH or word == "AliasEvent":
            raise TableError(
                say(
                    "{file}, line {line}: this lies too deep, or stands for another entry. Write it out.",
                    file=file,
                    line=event.start_mark.line + 1,
                )
            )


def _built(loader: Any, node: Any, file: str) -> Any:
    kind = node.id
    if kind == "sequence":
        return [_built(loader, child, file) for child in node.value]
    if kind != "mapping":
        return loader.construct_object(node)
    entry = Entry()
    entry.line, entry.lines = node.start_mark.line + 1, {}
    for key_node, value_node in node.value:
        key, line = loader.construct_object(key_node), key_node.start_mark.line + 1
        if key in entry:
            raise TableError(
                say(
                    "{file}, line {line}, {key}: it stands twice, first on line {lines}.",
                    file=file,
                    line=line,
                    key=key,
                    lines=entry.lines[key],
                )
            )
        entry.lines[key] = line
        entry[key] = _built(loader, value_node, file)
    return entry
