"""The files of ``cql/``: found in a checkout and in an installed wheel alike."""

import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from .errors import InvalidIdentifier

_COMMENT = re.compile(r"--[^\n]*")
_BIND = re.compile(r":([a-z_]+)")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,47}")
_DATACENTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One CQL statement, ready to be prepared.

    Attributes:
        name: The file's name without its ending.
        text: The CQL, without comments and with the names filled in.
        binds: The names of its bind markers, in order.
    """

    name: str
    text: str
    binds: tuple[str, ...]


def cql_root() -> Traversable:
    """Return the folder that holds the ``.cql`` files."""
    packaged = files(__package__) / "_cql"
    if packaged.is_dir():
        return packaged
    # An editable install has no copy of it: the checkout's own folder is the truth.
    return Path(__file__).resolve().parent.parent / "cql"


def load_statement(path: str, **names: str) -> Statement:
    """
    Read one statement.

    Args:
        path: Its place below ``cql/`` without the ending, for example ``statements/read_head``.
        names: What stands for the file's ``{placeholders}``; they must have been checked.
    """
    (statement,) = load_statements(path, **names)
    return statement


def load_statements(path: str, **names: str) -> list[Statement]:
    """Read all the statements of a file; otherwise as `load_statement`."""
    name = path.rpartition("/")[2]
    text = _COMMENT.sub("", read_file(path)).format(**names)
    parts = (" ".join(part.split()) for part in text.split(";"))
    return [Statement(name, part, tuple(_BIND.findall(part))) for part in parts if part]


def read_file(path: str) -> str:
    """Return a file's text as it stands."""
    folder, _, name = path.rpartition("/")
    return (cql_root() / folder / f"{name}.cql").read_text(encoding="utf-8")


def migrations() -> list[tuple[int, str]]:
    """Return every migration as its number and its file's name, in the order of application."""
    names = sorted(
        entry.name.removesuffix(".cql")
        for entry in (cql_root() / "migrations").iterdir()
        if entry.name.endswith(".cql")
    )
    return [(int(name.partition("_")[0]), name) for name in names]


def check_identifier(kind: str, name: object) -> str:
    """
    Return a keyspace's or a table's name if it may stand unquoted in CQL.

    Raises:
        InvalidIdentifier: it may not. Only such names are taken, so that no CQL is ever built
            from unchecked text.
    """
    if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
        raise InvalidIdentifier(
            kind, name, "lower-case letters, digits and _, a letter first, 48 at most"
        )
    return name


def check_datacenter(name: object) -> str:
    """
    Return a datacenter's name if it may stand in a CQL text.

    Raises:
        InvalidIdentifier: it may not.
    """
    if not isinstance(name, str) or not _DATACENTER.fullmatch(name):
        raise InvalidIdentifier("datacenter", name, "letters, digits, '_', '-' and '.' only")
    return name
