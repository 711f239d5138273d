"""A document that word processors open: pieces of a text as WordprocessingML, written with no package."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from .methods_text import Piece

_MAIN = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_WORD}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_WORD}.styles+xml"/></Types>'
)
# Id and name of a style, how its paragraphs stand, how its letters look; sizes in half points, distances in twentieths.
_STYLES = (
    ("Title", "Title", '<w:spacing w:after="240"/><w:outlineLvl w:val="0"/>', '<w:b/><w:sz w:val="32"/>'),
    ("Heading1", "heading 1", '<w:keepNext/><w:spacing w:before="280" w:after="120"/><w:outlineLvl w:val="0"/>',
     '<w:b/><w:sz w:val="26"/>'),
    ("ListBullet", "List Bullet", '<w:spacing w:after="60"/><w:ind w:left="357" w:hanging="357"/>', ""),
    ("Bibliography", "Bibliography", '<w:spacing w:after="60"/><w:ind w:left="567" w:hanging="567"/>', ""),
)  # fmt: skip
_BORDERS = "".join(f'<w:{side} w:val="single" w:sz="4" w:color="999999"/>' for side in ("top", "bottom", "insideH"))
_WIDTHS = (3600, 5400)  # of the columns of settings
_PAGE = '<w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1418" w:right="1418" w:bottom="1418" w:left="1418"/>'


def word_document(pieces: Iterable[Piece], language: str) -> bytes:
    """The content of a .docx file: title, headings and paragraphs, settings as a table, numbered references.

    Args:
        pieces: in their order.
        language: `en` or `zh`, that of the spelling.
    """
    body: list[str] = []
    for kind, run in groupby(pieces, lambda piece: piece.kind):
        group = list(run)
        body += [_table(group)] if kind == "setting" else [_paragraph(p, number) for number, p in enumerate(group, 1)]
    body.append(f"<w:sectPr>{_PAGE}</w:sectPr>")
    document = f'{_HEAD}<w:document xmlns:w="{_MAIN}"><w:body>{"".join(body)}</w:body></w:document>'
    parts = {
        "[Content_Types].xml": _TYPES,
        "_rels/.rels": _relationship("officeDocument", "word/document.xml"),
        "word/_rels/document.xml.rels": _relationship("styles", "styles.xml"),
        "word/document.xml": document,
        "word/styles.xml": _styles(language),
    }
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return content.getvalue()


def _paragraph(piece: Piece, number: int) -> str:
    styles = {"title": "Title", "heading": "Heading1", "item": "ListBullet", "reference": "Bibliography"}
    before = {"item": "•", "reference": f"[{number}]"}.get(piece.kind, "")
    style = f'<w:pPr><w:pStyle w:val="{styles[piece.kind]}"/></w:pPr>' if piece.kind in styles else ""
    return f"<w:p>{style}{_text(before, '<w:tab/>')}{_text(piece.text)}</w:p>"


def _table(settings: Sequence[Piece]) -> str:
    """A row for each setting, and a paragraph behind, without which tables that follow each other would join."""
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in _WIDTHS)
    rows = "".join(f"<w:tr>{_cells((one.text, one.value))}</w:tr>" for one in settings)
    look = f'<w:tblPr><w:tblW w:w="{sum(_WIDTHS)}" w:type="dxa"/><w:tblBorders>{_BORDERS}</w:tblBorders></w:tblPr>'
    return f"<w:tbl>{look}<w:tblGrid>{grid}</w:tblGrid>{rows}</w:tbl><w:p/>"


def _cells(texts: Sequence[str]) -> str:
    told = zip(texts, _WIDTHS)
    return "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{w}" w:type="dxa"/></w:tcPr><w:p>{_text(t)}</w:p></w:tc>' for t, w in told
    )


def _text(text: str, after: str = "") -> str:
    if not text:
        return ""
    plain = "".join(letter for letter in text if letter >= " " or letter in "\t\n")  # XML has no control characters
    return f'<w:r><w:t xml:space="preserve">{escape(plain, quote=False)}</w:t>{after}</w:r>'


def _relationship(kind: str, target: str) -> str:
    one = f'<Relationship Id="rId1" Type="{_OFFICE}/{kind}" Target="{target}"/>'
    return f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">{one}</Relationships>'


def _styles(language: str) -> str:
    fonts = '<w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:eastAsia="SimSun" w:cs="Times New Roman"/>'
    spoken = (
        '<w:lang w:val="en-GB" w:eastAsia="zh-CN"/>'
        if language == "en"
        else '<w:lang w:val="zh-CN" w:eastAsia="zh-CN"/>'
    )
    letters = f'<w:rPrDefault><w:rPr>{fonts}<w:sz w:val="22"/>{spoken}</w:rPr></w:rPrDefault>'
    lines = '<w:pPrDefault><w:pPr><w:spacing w:after="120" w:line="288" w:lineRule="auto"/></w:pPr></w:pPrDefault>'
    normal = '<w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style>'
    own = "".join(
        f'<w:style w:type="paragraph" w:styleId="{style}"><w:name w:val="{name}"/><w:basedOn w:val="Normal"/>'
        f"<w:pPr>{stand}</w:pPr><w:rPr>{look}</w:rPr></w:style>"
        for style, name, stand, look in _STYLES
    )
    return f'{_HEAD}<w:styles xmlns:w="{_MAIN}"><w:docDefaults>{letters}{lines}</w:docDefaults>{normal}{own}</w:styles>'
