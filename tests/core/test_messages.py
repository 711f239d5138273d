"""Every message of the gate has its Chinese, and the Chinese has no message that is no longer told."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import yaml

from ecoassets.core.messages import FOLDER

CORE = Path(__file__).resolve().parents[2] / "core"
HAN = re.compile(r"[\u4e00-\u9fff]")


def _docstrings(tree: ast.AST) -> set[int]:
    """Where docstrings stand: they are constants too."""
    bodies = (node.body for node in ast.walk(tree) if isinstance(getattr(node, "body", None), list))
    return {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}


def _templates() -> Iterator[str]:
    """First arguments of `say`, and what the checks of the gate write: sentences, and texts that tell where."""
    for path in sorted(CORE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "say":
                yield ast.literal_eval(node.args[0])
        if path.parent.name == "inputs" and path.stem != "registry":
            no_texts = _docstrings(tree)
            constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in no_texts)
            for text in (node.value for node in constants if isinstance(node.value, str)):
                if "{where}" in text or re.search(r"\s.*\.$", text):
                    yield text


def _fields(text: str) -> list[str]:
    return sorted({name for _, name, _, _ in Formatter().parse(text) if name})


def test_every_message_is_said_in_chinese_and_nothing_else():
    translated = yaml.safe_load((FOLDER / "zh.yaml").read_text(encoding="utf-8"))
    templates = set(_templates())
    assert {"untranslated": templates - translated.keys(), "without use": translated.keys() - templates} == {
        "untranslated": set(),
        "without use": set(),
    }
    assert [text for text, told in translated.items() if _fields(text) != _fields(told)] == []
    assert [told for told in translated.values() if not HAN.search(re.sub(r"\{[^}]*\}", "", told))] == []
