"""What is handed on with maps, tables and reports: no passwords of inputs, no text that a spreadsheet would run."""

from __future__ import annotations

import re

HIDDEN = "***"
# What names of secrets end in, whatever goes before: clientSecret, X-Amz-Signature, header.Authorization.
_ENDING = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase|code)|userpwd|secret|token|credentials?|signature|authorization|cookie|"
    r"session[-_]?id|key[-_]?pair[-_]?id|access[-_]?(?:key[-_]?)?id|"
    r"(?:api|access|account|auth|client|map|secret|subscription)[-_]?key|密码|口令|密钥|令牌)$"
)
# Shorter words count where they are the name, or its last part: q-ak, db_user.
_WORD = re.compile(
    r"(?i)(?:^|[._-])(?:user(?:name)?|usr|uid|login|pass|pwd|pw|auth|sig|sas|session|jwt|hmac|ticket|key|tk|ak|sk)$"
)
# NAME=VALUE. In an address that stands within another one the signs are encoded: once, or as often as it is within.
_NAMED = re.compile(
    r"""(?i)(?P<before>^|[\s?&,;:'"|({\[/#]|%(?:25)*(?:3F|26|20|3B|2C|23|3A))"""
    r"""(?P<name>[\w.-]+)(?P<sign>['"]\s*:\s*|\s*=\s*|%(?P<level>(?:25)*)3D)"""
    r"""(?P<value>'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.)*"|\{[^{}]*\}|(?:(?!%(?P=level)26)[^\s&,;'"|)}<])+)"""
)
_OF_XML = re.compile(r"<(?P<name>[\w.-]+)>(?P<value>[^<]+)")
_SLASH, _AT = r"(?:/|%(?:25)*2F)", r"(?:@|%(?:25)*40)"
_OF_URL = re.compile(rf"""(?i)((?::|%(?:25)*3A){_SLASH}{{2}})(?!{_SLASH})(?:(?!{_SLASH}|{_AT}|\s|'|").)+({_AT})""")
_OF_ORACLE = re.compile(r"(?i)\b(OCI:|GEOR:|georaster:|ODBC:)(?:[^\s@]+(?=@)|[^\s@/:,]+/[^\s@/:,]+)")
_BEARER = re.compile(r"(?i)\b(bearer|basic)(\s+|%(?:25)*20|\+)[\w.~+/=-]{8,}")
_SIGN = re.compile(r"""(?i)[=@%<]|['"]\s*:|bearer|basic|oci:|odbc:|geor""")  # of what may hold a secret
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?[\d.,\s]*\d(?:[eE][+-]?\d+)?\s*%?|[+-]|[+-]?inf")


def without_secrets(text: str) -> str:
    """A source of data without user names, passwords, tokens and signatures: *** in their place.

    Known are addresses (user and password before the host, `?token=...`, also encoded within others), connections of
    databases (`user='...' password=...`), options of GDAL (`userpwd=`, `header.Authorization=`), XML and JSON.
    """
    if not _SIGN.search(text):
        return text
    text = _OF_URL.sub(rf"\1{HIDDEN}\2", text)
    text = _OF_ORACLE.sub(rf"\1{HIDDEN}", text)
    text = _BEARER.sub(rf"\1\2{HIDDEN}", text)
    text = _OF_XML.sub(lambda found: f"<{found['name']}>{HIDDEN}" if _is_secret(found["name"]) else found[0], text)
    return _NAMED.sub(_hidden, text)


def _hidden(found: re.Match[str]) -> str:
    start, value = found["before"] + found["name"] + found["sign"], found["value"]
    quote = value[0] if value[0] in "'\"" else ""
    if _is_secret(found["name"]) and not _is_key_column(found):
        return f"{start}{quote}{HIDDEN}{quote}"
    return start + _NAMED.sub(_hidden, value)  # the value may be an address with secrets of its own


def _is_secret(name: str) -> bool:
    return bool(_ENDING.search(name) or _WORD.search(name))


def _is_key_column(found: re.Match[str]) -> bool:
    """Whether this is `key='id'`, by which QGIS names the key column of a table in a database."""
    return found["name"] == "key" and found["value"][0] == "'"


def harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: behind an apostrophe where it would. Numbers stay."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def as_written(text: str) -> str:
    """The text behind the apostrophe that `harmless` has put before it."""
    return text[1:] if text[:1] == "'" and harmless(text[1:]) == text else text
