"""Payload: a payload, or metadata, as text that a browser shows; only a part of a long one."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, Final
from uuid import UUID

from markupsafe import Markup
from markupsafe import escape as html

from ..counts import counted
from ..escape import escape
from ..excerpt import excerpt
from ..personal import FORGOTTEN, RESERVED, Encrypted, PersonalValue

SHOWN: Final = 16 * 1024
"""The most characters of a payload in a list of events."""

SHOWN_ALONE: Final = 256 * 1024
"""The most characters of a payload on a page of its own."""

_DEEPEST: Final = 64
_WIDTH: Final = 72
_INDENT: Final = "  "
_BYTES_A_LINE: Final = 32

_HARMLESS: Final = re.compile(r"([\x20-\x7e]+)")
_INVISIBLE: Final = Markup('<span class="invisible">{}</span>')

Token = tuple[str, str]
"""A class of the style sheet, and the text; escaped for a terminal, not yet for HTML."""


def visible(text: str, *, keep: str = "") -> Markup:
    """
    Return a text for a page, in which what cannot be seen is marked and written out.

    These are control characters, those that change the direction of text, and other invisible ones.

    Args:
        text: The text.
        keep: Characters that stay as they are, such as a line ending.
    """
    if text.isprintable():
        return html(text)
    parts: list[Markup] = []
    for part in _HARMLESS.split(text):
        if part.isprintable():
            parts.append(html(part))
            continue
        for letter in part:
            is_shown = letter.isprintable() or letter in keep
            parts.append(html(letter) if is_shown else _INVISIBLE.format(escape(letter)))
    return Markup("").join(parts)


def advice(text: str) -> Markup:
    """Return a text for a page, with what stands between backticks as code."""
    parts = [visible(part) for part in text.split("`")]
    if len(parts) % 2 == 0:  # one of them stands alone
        return visible(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


@dataclass(frozen=True)
class PayloadText:
    """
    A value as text.

    Attributes:
        html: The text, escaped and coloured.
        is_cut: Whether it is only the beginning.
    """

    html: Markup
    is_cut: bool


def payload_text(value: Any, limit: int = SHOWN) -> PayloadText:
    """
    Return a value as indented JSON, with words in the place of what has no JSON form.

    The work is bounded by the limit, whatever the value is.

    Args:
        value: A payload, or metadata.
        limit: The most characters.
    """
    parts: list[Markup] = []
    left = limit
    is_cut = False
    for kind, text in _tokens(value, 0, limit):
        if len(text) > left:
            text, is_cut = text[:left], True  # noqa: PLW2901 - only its beginning fits
        left -= len(text)
        shown = visible(text, keep="\n")
        parts.append(Markup('<span class="{}">{}</span>').format(kind, shown) if kind else shown)
        if is_cut or left <= 0:
            is_cut = True
            break
    return PayloadText(Markup("").join(parts), is_cut)


def one_line(value: Any, limit: int = 160) -> str:
    """Return the beginning of a value as one line of text."""
    text, is_cut = "", False
    for _, part in _tokens(value, 0, limit):
        text += part
        if len(text) > limit:
            is_cut = True
            break
    text = " ".join(text.split())
    return f"{text[: limit - 1]}…" if is_cut or len(text) > limit else text


def _tokens(value: Any, depth: int, limit: int) -> Iterator[Token]:
    leaf = _leaf(value, limit)
    if leaf is not None:
        yield leaf
        return
    items = _items(value)
    if not items:
        yield "", "{}" if isinstance(value, Mapping) else "[]"
        return
    opening, closing = ("{", "}") if items[0][0] is not None else ("[", "]")
    if depth >= _DEEPEST:
        yield "note", f"{opening} … nested more than {_DEEPEST} deep {closing}"
        return
    compact = _compact(items, limit)
    if compact is not None:
        yield "", opening
        for number, (name, leaf) in enumerate(compact):
            if number:
                yield "", ", "
            if name is not None:
                yield from ((_KEY, name), ("", ": "))
            yield leaf
        yield "", closing
        return
    indent = "\n" + _INDENT * (depth + 1)
    yield "", opening
    for number, (name, item) in enumerate(items):
        yield "", f",{indent}" if number else indent
        if name is not None:
            yield from ((_KEY, _quoted(name, limit)), ("", ": "))
        yield from _tokens(item, depth + 1, limit)
    yield "", "\n" + _INDENT * depth + closing


_KEY: Final = "key"


def _items(value: Any) -> list[tuple[str | None, Any]]:
    if isinstance(value, Mapping):
        return [(str(name), item) for name, item in value.items()]
    if is_dataclass(value):
        return [(field.name, getattr(value, field.name)) for field in fields(value)]
    return [(None, item) for item in value]


def _compact(
    items: list[tuple[str | None, Any]], limit: int
) -> list[tuple[str | None, Token]] | None:
    """Return what fits on a line; None if it does not, or has more than one level."""
    if len(items) * 3 > _WIDTH:
        return None
    found: list[tuple[str | None, Token]] = []
    width = 0
    for name, item in items:
        leaf = _leaf(item, limit)
        if leaf is None:
            return None
        shown = None if name is None else _quoted(name, limit)
        width += len(leaf[1]) + len(shown or "") + 4
        if width > _WIDTH:
            return None
        found.append((shown, leaf))
    return found


def _leaf(value: Any, limit: int) -> Token | None:  # noqa: PLR0911 - a case for each kind
    """Return a value that holds no others; None if it holds some."""
    if isinstance(value, str):
        return "string", _quoted(value, limit)
    if value is None or isinstance(value, bool):
        return "word", {None: "null", True: "true", False: "false"}[value]
    if value is FORGOTTEN:
        return "personal", "personal data of a person who is forgotten"
    if isinstance(value, int | float):
        return "number", excerpt(value)
    if isinstance(value, Encrypted | PersonalValue):
        return "personal", f"encrypted personal data of {escape(value.subject[:200])}"
    if isinstance(value, bytes | bytearray | memoryview):
        return "bytes", _bytes(bytes(value[:limit]), len(value))
    if isinstance(value, Mapping):
        return _envelope(value)
    if isinstance(value, list | tuple) or (is_dataclass(value) and not isinstance(value, type)):
        return None
    if isinstance(value, UUID):
        return "string", f'"{value}"'
    return "word", excerpt(value)


def _envelope(value: Mapping[Any, Any]) -> Token | None:
    """Return what stands for an encrypted value; None if the mapping is another one."""
    if len(value) != 1 or RESERVED not in value:
        return None
    content = value[RESERVED]
    if content is None:
        return "personal", "personal data that was forgotten before it was stored"
    subject = content.get("subject") if isinstance(content, Mapping) else None
    if not isinstance(subject, str):
        return None
    return "personal", f"encrypted personal data of {escape(subject[:200])}"


def _quoted(text: str, limit: int) -> str:
    # A character more than fits, so that the cut is seen.
    return json.dumps(text[: limit + 1], ensure_ascii=False)


def _bytes(data: bytes, size: int) -> str:
    lines = [f"{counted(size, 'byte')}, not JSON"]
    lines += [data[at : at + _BYTES_A_LINE].hex(" ") for at in range(0, len(data), _BYTES_A_LINE)]
    return "\n".join(lines)
