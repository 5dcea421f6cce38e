"""Rendering: values, differences and messages for failed assertions, as lines of text."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from pprint import pformat
from typing import Any

from ..events import NewEvent


def summary(item: Any) -> str:
    """Return a value as short text: a `NewEvent` without its id and fields that are None."""
    if isinstance(item, NewEvent):
        optional = {"type": item.type, "metadata": item.metadata}
        rest = [f", {name}={field!r}" for name, field in optional.items() if field is not None]
        return f"NewEvent({item.payload!r}{''.join(rest)})"
    if isinstance(item, Exception):
        return f"{type(item).__name__}: {item}"
    return pformat(item, width=92, sort_dicts=False)


def detail(item: Any) -> list[str]:
    """Return a value as lines: for a dataclass with several fields, one line for each field."""
    if is_dataclass(item) and not isinstance(item, type | NewEvent):
        shown = [field.name for field in fields(item) if field.repr]
        if len(shown) > 1:
            lines = [f"    {name}={summary(getattr(item, name))}," for name in shown]
            return [f"{type(item).__name__}(", *"\n".join(lines).splitlines(), ")"]
    return summary(item).splitlines()


def message(title: str, *sections: tuple[str, Iterable[str]]) -> str:
    """Return a message: a title, then sections with a heading and lines of text."""
    lines = [title]
    for heading, texts in sections:
        shown = [line for text in texts for line in text.splitlines()]
        lines += [f"{heading}:", *(f"    {line}".rstrip() for line in shown or ["(nothing)"])]
    return "\n".join(lines)


def difference(expected: Sequence[Any], actual: Sequence[Any]) -> list[str]:
    """Return a diff of two lists of values, in the form of `difflib.ndiff`."""
    one = [line for item in expected for line in detail(item)]
    other = [line for item in actual for line in detail(item)]
    if one == other:
        return ["(they look the same, but are not equal)"]
    return [line for line in difflib.ndiff(one, other) if not line.startswith("?")]
