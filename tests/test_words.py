"""Words that users may not meet: terms that the field does not use, notes of developers, nicknames of papers."""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

CLONE = Path(__file__).resolve().parents[1]
RESOURCES = CLONE / "resources"
# What Chinese readers of the field do not say, and what they do.
CHINESE = {
    "(?<![等幂])级数": "分类数",
    "栖息地": "生境",
    "练习区": "示例数据",
    "标准当量(?!因子)": "标准当量因子价值量",
    "价值敏感性": "敏感性分析",
    "规划分区方案": "保护修复分区方案",
    "规划方案": "分区方案",
    "邻居": "空间邻接方式、相邻单元、邻近地点",
    "聚集": "集聚",
    "(?<!最优性)(?<!对偶)间隙": "最优性间隙",
    "曲线数": "CN 值",
    "并集": "合计",
    "何为变化": "变化判定方式",
    "改变的内容": "调整记录",
    "凭记忆": "未与原文核对",
    "网格": "格网",
    "土地覆盖": "土地覆被",
    "坐标参考系": "坐标参照系",
    "(分区|ESV|生态资产)论文": "方法的名称",
    "单行的?层": "仅一个样本的分层",
    "公里": "千米",
    "本项目": "本插件",
}
ENGLISH = {
    r"from memory": "not compared with its source",
    r"\((assets|zoning|ESV) paper\)": "the method",
    r"\bthe (assets|zoning|ESV) paper\b": "the method",
    r"\bthis project\b": "the plugin",
}
# What users type in to find something: their words, whichever they are.
FOUND_BY = {"tags"}


def _strings(node: object, key: str = "") -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield from () if name in FOUND_BY else _strings(value, str(name))
    elif isinstance(node, list):
        for value in node:
            yield from _strings(value, key)
    elif node is not None:
        yield str(node)


def _texts() -> Iterator[tuple[str, str]]:
    """What users read, and where."""
    folders = ("help", "i18n", "messages", "report/texts", "products", "sensors")
    files = [path for folder in folders for path in (RESOURCES / folder).rglob("*.yaml")]
    files += [path for path in RESOURCES.glob("*_words.yaml") if path.stem not in ("ecosystem_words", "band_words")]
    files += [RESOURCES / "quantities.yaml", CLONE / "tools" / "models_zh.yaml"]
    files += [CLONE / "docs" / "methods" / "examples.zh.yaml"]
    for path in sorted(files):
        for text in _strings(yaml.safe_load(path.read_text(encoding="utf-8"))):
            if "公里网格" in text:  # what data sets are called
                continue
            yield path.relative_to(CLONE).as_posix(), text
    for path in [CLONE / "README.zh.md", *(RESOURCES / "legends").glob("*.csv")]:
        yield path.relative_to(CLONE).as_posix(), path.read_text(encoding="utf-8")
    for path in (RESOURCES / "tables" / "provenance.csv", RESOURCES / "report" / "provenance_zh.csv"):
        yield path.relative_to(CLONE).as_posix(), path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, str]]:
    return list(_texts())


@pytest.mark.parametrize("word", CHINESE, ids=str)
def test_chinese_terms_are_those_of_the_field(texts, word):
    assert [(where, text) for where, text in texts if re.search(word, text)] == [], f"write {CHINESE[word]}"


@pytest.mark.parametrize("word", ENGLISH, ids=str)
def test_users_meet_no_notes_of_developers(texts, word):
    assert [(where, text) for where, text in texts if re.search(word, text)] == [], f"write {ENGLISH[word]}"


def test_chinese_has_its_own_punctuation(texts):
    """Between Chinese characters stand Chinese signs, and no blank stands before a percent sign."""
    half = re.compile(r"[\u4e00-\u9fff)）][,?!][\u4e00-\u9fff]|[\u4e00-\u9fff]\([^)]*[\u4e00-\u9fff]|[\d}] %")
    wrong = [(where, text) for where, text in texts if re.search(r"[\u4e00-\u9fff]", text) and half.search(text)]
    assert [one for one in wrong if one[0].endswith("zh.yaml") or "/zh/" in one[0]] == []


def _rows(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_where_every_table_comes_from_is_told_in_chinese():
    told = {row["table"] for row in _rows(RESOURCES / "report" / "provenance_zh.csv")}
    assert {row["table"] for row in _rows(RESOURCES / "tables" / "provenance.csv")} - told == set()


def test_classes_that_tables_name_have_chinese_names():
    """Names in words, in the resources from which result tables and logs take them; ranges such as 2-6 are no words."""
    parts = yaml.safe_load((RESOURCES / "value_words.yaml").read_text(encoding="utf-8"))
    named = {table: columns for part in parts for table, columns in part.get("tables", {}).items()}
    missing = [
        f"{table}: {row[columns[0]]}"
        for table, columns in named.items()
        for row in _rows(RESOURCES / f"{table}.csv")
        if re.search("[a-z]{3}", row[columns[0]]) and not re.search(r"[\u4e00-\u9fff]", row[columns[1]])
    ]
    assert [one for one in missing if "(0" not in one] == []


def test_notes_of_statistics_are_messages():
    """What stands beside a number in tables and reports is said through `say`, so that Chinese readers have it too."""
    bare = []
    for path in sorted((CLONE / "core").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            targets = node.targets if isinstance(node, ast.Assign) else []
            noted = any(isinstance(one, ast.Name) and one.id in ("note", "notes") for one in targets)
            if (
                noted
                and isinstance(node.value, (ast.Constant, ast.JoinedStr))
                and re.search("[a-z]{3} [a-z]{2}", ast.unparse(node.value))
            ):
                bare.append(f"{path.relative_to(CLONE).as_posix()}, line {node.lineno}")
    assert bare == []
