"""Arguments that several commands have: the stream, the expected version."""

from typing import Annotated, Final
from uuid import UUID

import typer

from ..versions import (
    ANY,
    MAX_VERSION,
    NO_STREAM,
    STREAM_EXISTS,
    ExpectedVersion,
)

_WORDS: Final[dict[str, ExpectedVersion]] = {
    "any": ANY,
    "no-stream": NO_STREAM,
    "stream-exists": STREAM_EXISTS,
}

FLAG: Final = ""
"""The metavar of options that take no value: typer would write <bool>."""


def parse_uuid(text: str) -> UUID:
    """Return the UUID that a text is; `typer.BadParameter` if it is none."""
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a UUID. A new one: python -c 'import uuid; print(uuid.uuid4())'. "
            "For a text of yours always the same one: uuid.uuid5(NAMESPACE, text), with the "
            "namespace that your programs use."
        ) from None


def parse_expected_version(text: str) -> ExpectedVersion:
    """
    Return the expected version that the option's text means.

    Raises:
        typer.BadParameter: it means none.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text.isdecimal() and text.isascii() and int(text) <= MAX_VERSION:
        return int(text)
    raise typer.BadParameter(
        f"{text!r} is neither any, no-stream or stream-exists, nor a version (0, 1, 2 …)",
        param_hint="'--expected-version'",
    )


Stream = Annotated[
    UUID, typer.Argument(parser=parse_uuid, metavar="STREAM", help="The stream's id, a UUID.")
]

Expected = Annotated[
    str,  # typer takes no unions: parse_expected_version makes an ExpectedVersion of it
    typer.Option(
        "--expected-version",
        metavar="any|no-stream|stream-exists|N",
        help="Where the stream must be, or nothing is appended.",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", metavar=FLAG, help="Print JSON, for programs.")]
