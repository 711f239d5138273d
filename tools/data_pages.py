"""Writes what the help and the docs tell about data: a page per input, which products hold it and how they are had.

`make reference` makes them from the catalogue of products; nothing is told here that is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from ..core.prepare.catalogue.product import Product
from ..core.prepare.downloads.order import orders, other_places, suppliers
from ..core.quantities import quantities

NAME = "data_{quantity}"
WORDS = {
    "en": {
        "title": "Where to get: {name}",
        "intro": "What a folder of downloads may hold so that this input is fed. Put the files into it as they come,"
        " archives too; names must stay as they are. Facts in brackets were not checked against the provider.",
        "first": "Of several that are there and hold the years, the first of the list is taken; PREFER names another.",
        "choose": "Where several of these are there, the run asks which is meant (PREFER).",
        "product": "Product",
        "covers": "Covers",
        "size": "Size",
        "licence": "Licence",
        "order": "How to get it",
        "known": "Good to know",
        "ask": "Not all facts of this product could be confirmed: Import product asks for {facts}.",
        "beside": "Other places",
        "one": "does not change",
        "index": "Where to get the data",
        "names": "Files are called like",
    },
    "zh": {
        "title": "数据获取：{name}",
        "intro": "下载文件夹中可为该输入提供数据的产品。文件按下载原样放入（压缩包亦可），请勿改名。"
        "括号内的内容未经提供方核实。",
        "first": "同时有多个产品且年份齐全时，采用本表中靠前者（可用 PREFER 指定其他产品）。",
        "choose": "同时有多个产品时，程序会询问采用哪一个（PREFER）。",
        "product": "产品",
        "covers": "范围与年份",
        "size": "大小",
        "licence": "许可",
        "order": "获取步骤",
        "known": "注意事项",
        "ask": "该产品的部分信息未能核实：“导入产品”会要求给出 {facts}。",
        "beside": "其他途径",
        "one": "不随年份变化",
        "index": "数据从哪里获取",
        "names": "文件名形如",
    },
}  # fmt: skip


def told_quantities() -> list[str]:
    """The inputs that have a page, in the order of the quantities."""
    return [one for one in quantities() if one != "any" and (suppliers(one) or other_places(one))]


def page_name(quantity: str) -> str:
    """The file of the page of an input, without a folder."""
    return f"{NAME.format(quantity=quantity)}.html"


def data_page(quantity: str, language: str) -> tuple[str, list[str]]:
    """Title and body of the page of an input."""
    words, name = WORDS[language], quantities()[quantity].name.of(language)
    title = words["title"].format(name=name)
    parts = [f"<h1>{escape(title)}</h1>", f'<p class="short">{escape(words["intro"])}</p>']
    if quantity in orders():
        parts.append(f"<p>{escape(words['choose' if orders()[quantity].choose else 'first'])}</p>")
    for product in suppliers(quantity):
        parts += [f'<h2 id="{product.id}">{escape(product.title.of(language))} <code>{product.id}</code></h2>', "<dl>"]
        parts += [f"<dt>{escape(label)}</dt><dd><p>{told}</p></dd>" for label, told in _facts(product, language)]
        parts.append("</dl>")
    others = other_places(quantity)
    if others:
        parts.append(f"<h2>{escape(words['beside'])}</h2><ul>")
        for one in others:
            note = escape(one.note.of(language))
            parts.append(f'<li><a href="{escape(one.page)}">{escape(one.name)}</a>: {note}</li>')
        parts.append("</ul>")
    return title, parts


def data_markdown() -> str:
    """The page of docs: a table per input, in English."""
    words = WORDS["en"]
    lines = [
        "# Data", "",
        "Where inputs are had, by quantity. Written by `make reference` from the catalogue (`resources/products`,"
        " `product_order.yaml`, `other_places.yaml`); mend it there, not here. " + words["intro"], "",
    ]  # fmt: skip
    for quantity in told_quantities():
        lines += [f"## {quantities()[quantity].name.en}", ""]
        if quantity in orders():
            lines += [words["choose" if orders()[quantity].choose else "first"], ""]
        heads = [words["product"], "id", *(words[key] for key in ("covers", "size", "licence", "order"))]
        lines += [f"| {' | '.join(heads)} |", "|---|---|---|---|---|---|"]
        for product in suppliers(quantity):
            cells = [f"[{product.title.en}]({product.page}), {product.provider}", f"`{product.id}`",
                     _covers(product, "en"), _size(product, "en"), product.licence,
                     product.supply.order.en if product.supply else ""]  # fmt: skip
            lines.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
        lines += ["", *(f"* [{one.name}]({one.page}): {one.note.en}" for one in other_places(quantity)), ""]
    return "\n".join(lines).rstrip() + "\n"


def _facts(product: Product, language: str) -> Iterator[tuple[str, str]]:
    """Label and HTML of each fact of a product."""
    words = WORDS[language]
    yield words["product"], f'<a href="{escape(product.page)}">{escape(product.page)}</a>, {escape(product.provider)}'
    yield words["covers"], escape(_covers(product, language))
    if product.supply and product.supply.mb:
        yield words["size"], escape(_size(product, language))
    yield words["licence"], escape(product.licence)
    if product.supply:
        yield words["order"], escape(product.supply.order.of(language))
    certain = [edition for edition in product.editions if not edition.weak] or list(product.editions)
    yield words["names"], ", ".join(f"<code>{escape(edition.example)}</code>" for edition in certain[:2])
    known = [trap.text.of(language) for trap in product.traps]
    asked = sorted({fact for layer in product.layers.values() for fact in layer.ask})
    if asked:
        known.append(words["ask"].format(facts=", ".join(asked)))
    if known:
        yield words["known"], " ".join(map(escape, known))


def _covers(product: Product, language: str) -> str:
    words, supply = WORDS[language], product.supply
    if supply is None:
        return words["one"] if product.step == "static" else ""
    years = supply.years or (words["one"] if product.step == "static" else "")
    return ", ".join(filter(None, (supply.area.of(language), _doubted(years, "years" in supply.unverified))))


def _size(product: Product, language: str) -> str:
    supply = product.supply
    return _doubted(supply.size(language), "mb" in supply.unverified) if supply else ""


def _doubted(text: str, doubted: bool) -> str:
    return f"({text})" if text and doubted else text
