"""Arguments and options that several commands share."""

import math
from pathlib import Path
from typing import Annotated, Final
from uuid import UUID

import typer

from ..excerpt import excerpt
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
"""The metavar of options that take no value; typer would show <bool>."""


def uuid_argument(text: str) -> UUID:
    """Parse a UUID on the command line; raises `typer.BadParameter` if it is not one."""
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text[:40]!r} is not a UUID. Make a new one with: python -c 'import uuid; "
            "print(uuid.uuid4())'. To derive one from a name of your own, use "
            "uuid.uuid5(NAMESPACE, name) with the namespace that your programs use."
        ) from None


def finite(value: float | None) -> float | None:
    """Refuse inf and nan, which are floats too; raises `typer.BadParameter`."""
    if value is not None and not math.isfinite(value):
        raise typer.BadParameter(f"{value} is not a number of seconds")
    return value


def parse_expected_version(text: str) -> ExpectedVersion:
    """
    Return the expected version that the option's text means.

    Raises:
        typer.BadParameter: it is not an expected version.
    """
    if text in _WORDS:
        return _WORDS[text]
    digits = text.lstrip("0") or "0"
    # Python refuses to convert thousands of digits, so they are counted first.
    if text.isdecimal() and text.isascii() and len(digits) <= 10 and int(digits) <= MAX_VERSION:
        return int(digits)
    raise typer.BadParameter(
        f"{excerpt(text)} is not an expected version: use any, no-stream, stream-exists or a "
        "version (0, 1, 2 …)",
        param_hint="'--expected-version'",
    )


Stream = Annotated[
    UUID, typer.Argument(parser=uuid_argument, metavar="STREAM", help="The stream's id, a UUID.")
]

SubscriptionName = Annotated[str, typer.Argument(help="The name of the subscription.")]

Expected = Annotated[
    str,  # typer takes no unions: parse_expected_version makes an ExpectedVersion of it
    typer.Option(
        "--expected-version",
        metavar="any|no-stream|stream-exists|N",
        help="Append only if the stream is at this version.",
    ),
]

ExpectedOfDeletion = Annotated[
    str,
    typer.Option(
        "--expected-version",
        metavar="any|no-stream|stream-exists|N",
        help="Delete only if the stream is at this version.",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", metavar=FLAG, help="Print JSON, for programs.")]

Form = Annotated[
    bool | None,
    typer.Option(
        "--json/--pretty",
        metavar=FLAG,
        help="Print JSON lines or a readable form (readable on a terminal, JSON elsewhere).",
        show_default=False,
    ),
]

CheckpointOption = Annotated[
    Path | None,
    typer.Option(help="A file to save progress in; if it exists, the command resumes from it."),
]

Every = Annotated[
    float,
    typer.Option(
        "--every",
        min=0,
        callback=finite,
        help="Seconds between progress lines if standard error is not a terminal.",
    ),
]
