"""What is handed on with maps, tables and reports: no passwords of inputs, no text that a spreadsheet would run."""

from __future__ import annotations

import re

HIDDEN = "***"
_OF_SECRETS = (
    r"user(?:name|pwd)?|usr|uid|login|pass(?:word|wd|phrase)?|pwd|pw|secret|token|credentials?|auth(?:orization)?|"
    r"sig(?:nature)?|session|(?:aws|oss)accesskeyid|x-(?:amz|goog|oss)-(?:signature|credential|security-token)|"
    r"(?:(?:api|access|account|subscription)[-_]?)?key|access[-_]?(?:key|token)[-_]?id|tk|ak|sk"
)
# Names end in one of these words: client_secret, aws_secret_access_key, header.Authorization
_VALUE = r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s&,;'"|)}]+"""
_NAMED = re.compile(rf"""(?i)(?<![^\s?&,;:'"|({{/])((?:[\w.-]*[._-])?(?:{_OF_SECRETS})\s*(?:=|%3D))({_VALUE})""")
_OF_URL = re.compile(r"(?i)((?::|%3A)(?:/|%2F){2})(?!(?:/|%2F))((?:(?!/|%2F|@|%40|\s|'|\").)+)(@|%40)")
_OF_ORACLE = re.compile(r"(?i)\b(OCI:|GEOR:|georaster:)([^\s@]+)(@)")
_BEARER = re.compile(r"(?i)\b(bearer|basic)(\s+|%20|\+)[\w.~+/=-]{8,}")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d(?:[eE][+-]?\d+)?\s*%?|[+-]|[+-]?inf")


def without_secrets(text: str) -> str:
    """A source of data without user names, passwords, tokens and signatures: *** in their place.

    Known are addresses (`http://user:password@host`, `?token=...`), connections of databases (`user='...'
    password=...`) and options of GDAL (`userpwd=`, `header.Authorization=`).
    """
    if not any(sign in text for sign in ("=", "@", "%3D", "%3d", "%40", "earer", "asic")):
        return text
    text = _OF_URL.sub(rf"\1{HIDDEN}\3", text)
    text = _OF_ORACLE.sub(rf"\1{HIDDEN}\3", text)
    text = _BEARER.sub(rf"\1\2{HIDDEN}", text)
    return _NAMED.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    quote = found[2][0] if found[2][0] in "'\"" else ""
    return f"{found[1]}{quote}{HIDDEN}{quote}"


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: behind an apostrophe where it would. Numbers stay."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def as_written(text: str) -> str:
    """The text behind the apostrophe that `harmless` has put before it."""
    return text[1:] if text[:1] == "'" and harmless(text[1:]) == text else text
