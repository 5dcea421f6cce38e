"""Excerpt: a value as a message shows it."""

from typing import Final

_LONGEST: Final = 80


def excerpt(value: object) -> str:
    """
    Return a value for a message: on one line, no more than its beginning, and printable.

    Never raises: the repr of a value may raise anything, and a huge int has none.
    """
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, str | bytes):
        value = value[:_LONGEST]  # enough to be seen, and cut, below
    try:
        text = str.__str__(repr(value))
    except Exception:  # noqa: BLE001 - a repr may raise anything
        text = f"<{type(value).__name__}>"
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST - 3]}..."
    if text.isprintable():
        return text
    return "".join([each if each.isprintable() else ascii(each)[1:-1] for each in text])
