"""XML as GDAL reads it: elements, attributes and texts; entities are neither known nor fetched, so no file can grow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from osgeo import gdal

from ...raster.dataset import quiet_gdal

_ELEMENT, _TEXT, _ATTRIBUTE = 0, 1, 2  # kinds of nodes in GDAL's trees
_DEEPEST = 200  # elements within each other; metadata of scenes have about ten


@dataclass(frozen=True)
class Element:
    """An element of an XML text; the prefix of its name space is left out.

    Attributes:
        tag: its name.
        text: what stands in it, without blanks at the ends.
        attributes: by name.
        children: elements within it.
    """

    tag: str
    text: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: Sequence[Element] = ()

    def walk(self) -> Iterator[Element]:
        """The element and all within it, in the order of the text."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse_xml(text: str) -> Element:
    """The root of an XML text. Raises ValueError where it is none."""
    with quiet_gdal():
        gdal.ErrorReset()
        try:
            tree = gdal.ParseXMLString(text)
        except RuntimeError as reason:
            raise ValueError(str(reason)) from None
        complaint = gdal.GetLastErrorMsg()
    if tree is None or complaint:
        raise ValueError(complaint or "it is empty")
    beside = [one for one in (tree[2:] if tree[1] == "" else [tree]) if one[0] == _ELEMENT]
    roots = [_element(one) for one in beside if not one[1].startswith("?")]
    if len(roots) != 1:
        raise ValueError("it has no root")
    return roots[0]


def _element(node: Sequence[Any], depth: int = 1) -> Element:
    if depth > _DEEPEST:
        raise ValueError("its elements lie too deep within each other")
    inner = node[2:]
    texts = [one[1] for one in inner if one[0] == _TEXT]
    attributes = {one[1]: one[2][1] if len(one) > 2 else "" for one in inner if one[0] == _ATTRIBUTE}
    children = [_element(one, depth + 1) for one in inner if one[0] == _ELEMENT]
    return Element(str(node[1]).rsplit(":", 1)[-1], "".join(texts).strip(), attributes, children)
