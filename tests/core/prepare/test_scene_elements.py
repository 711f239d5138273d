"""XML of scenes: what stands in it, and texts that are none."""

from __future__ import annotations

import pytest

from ecoassets.core.prepare.scenes.elements import parse_xml


def test_elements_attributes_and_texts():
    text = '<?xml version="1.0"?>\n<!-- made -->\n<n1:P xmlns:n1="u">\n <b k="1"> 2 &amp; 3 </b><b k="4">5</b></n1:P>'
    root = parse_xml(text)
    assert root.tag == "P"
    assert [(one.tag, one.text, one.attributes.get("k")) for one in root.walk()] == [
        ("P", "", None), ("b", "2 & 3", "1"), ("b", "5", "4"),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "no XML", "<a><b></a>", "<a>"])
def test_what_is_no_xml(text):
    with pytest.raises(ValueError, match="."):
        parse_xml(text)


def test_entities_do_not_grow():
    bomb = '<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;&x;&x;">]><a><b>&y;</b></a>'
    assert len("".join(one.text for one in parse_xml(bomb).walk())) < 10


@pytest.mark.parametrize("depth", [300, 900, 5_000, 200_000])
def test_great_depth_is_told(depth):
    with pytest.raises(ValueError, match="deep|depth"):
        parse_xml("<a>" * depth + "</a>" * depth)
