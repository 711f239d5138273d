"""Writes resources/pages: what the Help button and the menu open, a page per algorithm in each language.

`make reference` makes them with the pages of docs, from the same help; nothing is told here that is told elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

import yaml

from ..algorithms.declared import WIDGET
from ..algorithms.help_texts import QUANTITY, Entry, group_title, groups, load_help
from ..core.prepare.downloads.order import suppliers
from ..core.quantities import quantity
from .data_pages import data_page, page_name, told_quantities

HELP = Path(__file__).resolve().parents[1] / "resources" / "help"
PAGES = HELP.parent / "pages"
EXAMPLES = Path(__file__).resolve().parents[1] / "docs" / "methods"
LANGUAGES = {"en": "en_US", "zh": "zh_CN"}
# What every raster method takes comes last, under a title of its own.
COMMON = ("BOUNDARY", "MASK", "ALIGN_CLASSES", "CREATION_OPTIONS", "OVERVIEWS", "SCHEDULER", "INSIST_ON_YEARS")
MOST_SUPPLIERS = 4  # that the page of a method names
# A workflow is shown by the map of the step that answers its question.
SHOWN_BY = {"assetsworkflow": "ecologicalassets", "esvworkflow": "profitloss", "zoningworkflow": "conservationzones"}
# Publications, and what is to say of them and of what has none.
SOURCES = re.compile(r"^(Sources?|On sources|来源|来源说明)\s*[:：-]\s*")
WORDS = {
    "en": {
        "index": "EcoAssets: help",
        "intro": "From land cover, climate, soil and images to assets, services, quality, zones and drivers. A page per"
        " method, in the order of the toolbox. Begin with the example data and Check inputs, then run a workflow.",
        "method": "Method",
        "example": "Worked example",
        "takes": "What it takes",
        "common": "What every raster method takes",
        "gives": "What it gives",
        "where": "Where to get the data",
        "made": "made by",
        "more": "Providers, years, sizes, licences and how to order",
        "pitfalls": "Pitfalls",
        "slip": "{name}: numbers that look like {looks}. {mend}",
        "sources": "Sources",
        "call": "On the command line",
        "optional": "optional",
        "other": "中文",
        "all": "All methods",
        "picture": "Made of the example data",
        "picture_geodetector": "Made of the example data: NPP, and the strata of the factor with the largest q",
    },
    "zh": {
        "index": "EcoAssets 帮助",
        "intro": "由土地覆被、气候、土壤和影像得到生态资产、服务、质量、分区与驱动因子。每个方法一页，按工具箱排列。"
        "建议先生成示例数据，再用“检查输入数据”，然后运行一个工作流。",
        "method": "方法",
        "example": "算例",
        "takes": "输入",
        "common": "各栅格方法共有的参数",
        "gives": "输出",
        "where": "数据从哪里获取",
        "made": "可由以下算法生成：",
        "more": "提供方、年份、大小、许可与获取步骤",
        "pitfalls": "常见问题",
        "slip": "{name}：数值像是 {looks}。{mend}",
        "sources": "来源",
        "call": "命令行",
        "optional": "可选",
        "other": "English",
        "all": "全部方法",
        "picture": "由示例数据得到",
        "picture_geodetector": "由示例数据得到：NPP（左）与 q 值最大因子的分层（右）",
    },
}


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within this block QGIS speaks a language."""
    from qgis.PyQt.QtCore import QLocale

    before = QLocale()
    QLocale.setDefault(QLocale(LANGUAGES[language]))
    try:
        yield
    finally:
        QLocale.setDefault(before)


def help_pages(algorithms: Iterable[Any]) -> dict[str, str]:
    """The text of every page, by its path below `resources/pages`."""
    found = list(algorithms)
    makers = _makers(found)
    made = {}
    for language in LANGUAGES:
        with speaking(language):
            spoken = [algorithm.create() for algorithm in found]
            made[f"{language}/index.html"] = _index(spoken, language)
            made |= {f"{language}/{one.name()}.html": _page(one, language, makers) for one in spoken}
            made |= {f"{language}/{page_name(one)}": _data(one, language) for one in told_quantities()}
    return made


def _makers(algorithms: Iterable[Any]) -> dict[str, list[str]]:
    """Names of the algorithms that make a map of a quantity; workflows make everything and are left out."""
    makers: dict[str, list[str]] = {}
    for algorithm in algorithms:
        for definition in algorithm.parameterDefinitions():
            held = definition.metadata().get(QUANTITY)
            if definition.isDestination() and held and held != "any" and algorithm.groupId() != "workflows":
                makers.setdefault(held, []).append(algorithm.name())
    return makers


def _index(algorithms: list[Any], language: str) -> str:
    words = WORDS[language]
    parts = [f"<h1>{words['index']}</h1>", f"<p>{words['intro']}</p>"]
    for group in groups():
        members = [one for one in algorithms if one.groupId() == group]
        if members:
            parts.append(f"<h2>{escape(group_title(group, language))}</h2><ul>")
            parts += [f"<li>{_link(one.name(), language)} – {escape(one.shortDescription())}</li>" for one in members]
            parts.append("</ul>")
    parts.append(f"<h2>{escape(words['where'])}</h2><ul>")
    parts += [f"<li>{_data_link(held, language)}</li>" for held in told_quantities()]
    parts.append("</ul>")
    return _document(words["index"], "index", language, parts)


def _data(held: str, language: str) -> str:
    title, parts = data_page(held, language)
    return _document(title, page_name(held).removesuffix(".html"), language, parts)


def _data_link(held: str, language: str) -> str:
    return f'<a href="{page_name(held)}">{escape(quantity(held).name.of(language))}</a>'


def _page(algorithm: Any, language: str, makers: dict[str, list[str]]) -> str:
    words, name = WORDS[language], algorithm.name()
    about = [text for text in algorithm.texts.about if not SOURCES.match(text)]
    told = [SOURCES.sub("", text) for text in algorithm.texts.about if SOURCES.match(text)]
    sources = [text[:1].upper() + text[1:] for text in told]
    parts = [
        f'<p class="where">{escape(group_title(algorithm.groupId(), language))}</p>',
        f"<h1>{escape(algorithm.displayName())}</h1>",
        f'<p class="short">{escape(algorithm.shortDescription())}</p>',
    ]
    picture = SHOWN_BY.get(name, name)
    if (PAGES / "pictures" / f"{picture}.png").is_file():
        parts.append(
            f'<figure><img src="../pictures/{picture}.png" alt="{escape(load_help(picture, language).title)}">'
            f"<figcaption>{words.get(f'picture_{picture}', words['picture'])}</figcaption></figure>"
        )
    parts += _section(words["method"], [f"<p>{escape(text)}</p>" for text in about])
    example = _read(EXAMPLES / ("examples.yaml" if language == "en" else f"examples.{language}.yaml")).get(name)
    parts += _section(words["example"], [f'<p class="example">{escape(example.strip())}</p>'] if example else [])
    takes, gives = algorithm.told()
    shared = {key: entry for key, entry in takes.items() if key in COMMON or _is_range(key, takes)}
    own = {key: entry for key, entry in takes.items() if key not in shared}
    parts += _section(words["takes"], _entries(algorithm, own, language))
    parts += _section(words["where"], _where(algorithm, language, makers))
    parts += _section(words["gives"], _entries(algorithm, gives, language))
    parts += _section(words["pitfalls"], _pitfalls(algorithm, language))
    parts += _section(words["common"], _entries(algorithm, shared, language))
    parts += _section(words["sources"], [f"<p>{escape(text)}</p>" for text in sources])
    parts += _section(words["call"], [f"<pre>{escape(shortest_call(algorithm))}</pre>"])
    return _document(algorithm.displayName(), name, language, parts)


def _is_range(key: str, takes: dict[str, Entry]) -> bool:
    """Whether a parameter is an end of the valid range of another."""
    return key.endswith(("_MIN", "_MAX")) and key[:-4] in takes


def _section(title: str, parts: list[str]) -> list[str]:
    return [f"<h2>{escape(title)}</h2>", *parts] if parts else []


def _entries(algorithm: Any, entries: dict[str, Entry], language: str) -> list[str]:
    if not entries:
        return []
    return ["<dl>", *(_entry(algorithm, key, entry, language) for key, entry in entries.items()), "</dl>"]


def _entry(algorithm: Any, key: str, entry: Entry, language: str) -> str:
    from qgis.core import QgsProcessingParameterDefinition

    definition = algorithm.parameterDefinition(key)
    free = definition is not None and definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional
    note = f" <small>({WORDS[language]['optional']})</small>" if free else ""
    told = f"<p>{escape(entry.help)}</p>" if entry.help else ""
    if definition is not None and WIDGET in definition.metadata():
        rows = "".join(f"<li>{escape(word)} <code>{escape(one)}</code></li>" for one, word in entry.words)
        told += f"<ul>{rows}</ul>"
    return f"<dt>{escape(entry.label)} <code>{key}</code>{note}</dt><dd>{told}</dd>"


def _inputs(algorithm: Any) -> list[str]:
    """Quantities that the algorithm takes, each once."""
    held = [d.metadata().get(QUANTITY) for d in algorithm.parameterDefinitions() if not d.isDestination()]
    return [one for one in dict.fromkeys(held) if one and one != "any"]


def _where(algorithm: Any, language: str, makers: dict[str, list[str]]) -> list[str]:
    """Providers of each input, and the algorithms that make it."""
    told = []
    for held in _inputs(algorithm):
        first = suppliers(held)[:MOST_SUPPLIERS]
        places = [f"<li>{escape(one.title.of(language))}</li>" for one in first]
        if held in told_quantities():
            places.append(f'<li><a href="{page_name(held)}">{WORDS[language]["more"]}</a></li>')
        makes = [_link(one, language) for one in makers.get(held, ()) if one != algorithm.name()]
        if makes:
            places.append(f"<li>{WORDS[language]['made']} {', '.join(makes)}</li>")
        if places:
            told.append(f"<h3>{escape(quantity(held).name.of(language))}</h3><ul>{''.join(places)}</ul>")
    return told


def _pitfalls(algorithm: Any, language: str) -> list[str]:
    words, known = WORDS[language], _read(HELP / "pitfalls.yaml")
    column = 0 if language == "en" else 1
    told = [one[column] for key in (algorithm.groupId(), algorithm.name()) for one in known.get(key, ())]
    for held in _inputs(algorithm):
        meant = quantity(held)
        for slip in meant.slips:
            looks, mend = slip.looks.of(language), slip.mend.of(language)
            told.append(words["slip"].format(name=meant.name.of(language), looks=looks, mend=mend))
    return ["<ul>", *(f"<li>{escape(text.strip())}</li>" for text in told), "</ul>"] if told else []


def shortest_call(algorithm: Any) -> str:
    """The shortest call on the command line: what has to be given."""
    from qgis.core import QgsProcessingParameterDefinition

    needed = [
        f"{definition.name()}=..."
        for definition in algorithm.parameterDefinitions()
        if not definition.flags() & QgsProcessingParameterDefinition.Flag.FlagOptional
        and definition.defaultValue() is None
    ]
    return " ".join(["qgis_process run", algorithm.id(), "--", *needed])


def _link(name: str, language: str) -> str:
    return f'<a href="{name}.html">{escape(load_help(name, language).title)}</a>'


@cache
def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def _document(title: str, name: str, language: str, parts: Iterable[str]) -> str:
    words = WORDS[language]
    other = "zh" if language == "en" else "en"
    home = f'<a href="index.html">{words["all"]}</a> · ' if name != "index" else ""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            f'<html lang="{language}">',
            f'<head><meta charset="utf-8"><title>{escape(title)} – EcoAssets</title>',
            '<meta name="viewport" content="width=device-width"><link rel="stylesheet" href="../style.css"></head>',
            f'<body><nav>{home}<a href="../{other}/{name}.html">{words["other"]}</a></nav>',
            *parts,
            "</body></html>",
            "",
        ]
    )
