"""The files of ``cql/``: found in a checkout and in an installed wheel alike."""

import re
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

_COMMENT = re.compile(r"--[^\n]*")
_BIND = re.compile(r":([a-z_]+)")


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One CQL statement, ready to be prepared.

    Attributes:
        name: The file's name without its ending.
        text: The CQL, without comments and with its placeholders filled in.
        binds: The names of its bind markers, in order.
    """

    name: str
    text: str
    binds: tuple[str, ...]


def quoted(name: str) -> str:
    """Return the name of a keyspace, or of a table (``keyspace.table``), as it stands in CQL."""
    return ".".join(f'"{part}"' for part in name.split("."))


def cql_root() -> Traversable:
    """Return the folder that holds the ``.cql`` files."""
    packaged = files(__package__) / "_cql"
    if packaged.is_dir():
        return packaged
    # An editable install has no copy: the files are in the checkout.
    return Path(__file__).resolve().parent.parent / "cql"


def load_statement(path: str, *, root: Traversable | None = None, **names: str) -> Statement:
    """
    Read a file of one statement.

    Args:
        path: The file below *root*, without its ending, for example ``statements/read_head``.
        root: The folder; None is `cql_root`.
        names: The values of the file's ``{placeholders}``; they must have been checked.
    """
    (statement,) = load_statements(path, root=root, **names)
    return statement


def load_statements(path: str, *, root: Traversable | None = None, **names: str) -> list[Statement]:
    """Read all statements of a file; otherwise like `load_statement`."""
    name = path.rpartition("/")[2]
    text = _COMMENT.sub("", read_file(path, root)).format(**names)
    parts = (" ".join(part.split()) for part in text.split(";"))
    return [Statement(name, part, tuple(_BIND.findall(part))) for part in parts if part]


def read_file(path: str, root: Traversable | None = None) -> str:
    """Return a file's text as it is, comments and placeholders included."""
    folder, _, name = path.rpartition("/")
    return ((root or cql_root()) / folder / f"{name}.cql").read_text(encoding="utf-8")


def numbered_files(folder: str, root: Traversable | None = None) -> list[tuple[int, str]]:
    """Return a folder's numbered files as (number, name without ending), in order."""
    place = (root or cql_root()) / folder
    if not place.is_dir():
        return []
    names = sorted(
        entry.name.removesuffix(".cql") for entry in place.iterdir() if entry.name.endswith(".cql")
    )
    return [(int(name.partition("_")[0]), name) for name in names]
