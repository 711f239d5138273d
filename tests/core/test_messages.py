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


def _bare(path: Path) -> Iterator[str]:
    """Words that a run tells or an error says without `say`: who reads Chinese would meet them in English.

    A TypeError tells the programmer, not the user; lists of warnings and notes are told one by one later.
    """
    for call in (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        owner = getattr(call.func, "value", None)
        kept = name == "append" and getattr(owner, "attr", getattr(owner, "id", "")) in {"warnings", "notes", "doubts"}
        error = name.endswith("Error") and name not in {"TypeError", "ValueError", "FileNotFoundError", "TimeoutError"}
        if (error or kept or name in {"info", "warn"}) and call.args and _has_words(call.args[0]):
            yield f"{path.relative_to(CORE).as_posix()}, line {call.lineno}"


def _has_words(text: ast.expr) -> bool:
    """Whether a text that is written in place holds words, not only values and what stands between them."""
    if isinstance(text, ast.IfExp):
        return _has_words(text.body) or _has_words(text.orelse)
    if isinstance(text, ast.BinOp):
        return _has_words(text.left) or _has_words(text.right)
    parts = text.values if isinstance(text, ast.JoinedStr) else [text]
    return any(isinstance(one, ast.Constant) and re.search("[A-Za-z]{3}", str(one.value)) for one in parts)


def test_nothing_that_the_core_tells_is_english_alone():
    assert [where for path in sorted(CORE.rglob("*.py")) for where in _bare(path)] == []


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
