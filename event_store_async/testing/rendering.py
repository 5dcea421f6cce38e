"""Rendering: what failed assertions show, line by line."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from pprint import pformat
from typing import Any

from ..events import NewEvent


def summary(item: Any) -> str:
    """Return a value as short as may be: events without what is not said of them."""
    if isinstance(item, NewEvent):
        said = {"type": item.type, "metadata": item.metadata}
        rest = "".join(f", {name}={what!r}" for name, what in said.items() if what is not None)
        return f"NewEvent({item.payload!r}{rest})"
    if isinstance(item, Exception):
        return f"{type(item).__name__}: {item}"
    return pformat(item, width=92, sort_dicts=False)


def detail(item: Any) -> list[str]:
    """Return a value's lines: one for each field, where it is a dataclass of several."""
    if is_dataclass(item) and not isinstance(item, type | NewEvent):
        shown = [field.name for field in fields(item) if field.repr]
        if len(shown) > 1:
            lines = [f"    {name}={summary(getattr(item, name))}," for name in shown]
            return [f"{type(item).__name__}(", *"\n".join(lines).splitlines(), ")"]
    return summary(item).splitlines()


def message(title: str, *sections: tuple[str, Iterable[str]]) -> str:
    """Return a message: a title, and under each heading its lines."""
    lines = [title]
    for heading, texts in sections:
        shown = [line for text in texts for line in text.splitlines()]
        lines += [f"{heading}:", *(f"    {line}".rstrip() for line in shown or ["(nothing)"])]
    return "\n".join(lines)


def difference(expected: Sequence[Any], actual: Sequence[Any]) -> list[str]:
    """Return the lines in which two lists of values differ, and those around them."""
    one = [line for item in expected for line in detail(item)]
    other = [line for item in actual for line in detail(item)]
    if one == other:
        return ["(they look the same, and are not equal)"]
    return [line for line in difflib.ndiff(one, other) if not line.startswith("?")]
