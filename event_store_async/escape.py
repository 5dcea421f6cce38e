"""Escapes text that comes from data, so that it cannot control a terminal."""

import codecs
from typing import Final

ERRORS: Final = "event_store_async.escape"
"""The name of the error handler that escapes what a stream's encoding lacks."""


def escape(text: str, *, keep: str = "") -> str:
    """
    Return a text in which everything that is not printable is an escape of JSON.

    These are control characters, those that change the direction of text, other invisible ones,
    and surrogates. A line of JSON stays valid JSON and keeps its meaning.

    Args:
        text: The text.
        keep: Characters that stay as they are, such as a line ending.
    """
    if text.isprintable():
        return text
    return "".join(
        letter if letter.isprintable() or letter in keep else _escaped(letter) for letter in text
    )


def _escaped(text: str) -> str:
    units = text.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))


def _escape_unencodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return _escaped(error.object[error.start : error.end]), error.end


codecs.register_error(ERRORS, _escape_unencodable)
