"""The statements of ``statements.sql``, by their names."""

from importlib.resources import files
from typing import Final


def text_of(name: str) -> str:
    """Return the text of one of the files of this folder."""
    return (files(__package__) / name).read_text("utf-8")


def _statements() -> dict[str, str]:
    found: dict[str, str] = {}
    for block in text_of("statements.sql").split("\n\n"):
        name, _, text = block.removeprefix("-- ").partition("\n")
        if text:
            found[name] = " ".join(text.split()).removesuffix(";")
    return found


STATEMENTS: Final = _statements()
"""Each statement by its name, in one line."""


def numbered(text: str, sign: str) -> str:
    """Return a statement whose values have numbers: ``$1`` or ``:p1`` for the first ``%s``."""
    first, *rest = text.split("%s")
    return first + "".join(f"{sign}{number}{each}" for number, each in enumerate(rest, 1))
