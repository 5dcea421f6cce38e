"""Checks: arguments are refused here, before anything is sent."""

import re
from typing import Final
from uuid import UUID

from .errors import (
    InvalidArgument,
    InvalidExpectedVersion,
    InvalidIdentifier,
    InvalidStreamId,
)
from .versions import MAX_VERSION, StreamState

_NONE_HINT = "say ANY for no expectation, or NO_STREAM for a new stream: None could mean either"


def check_expected_version(expected_version: object, new_events: int) -> None:
    """
    Refuse what cannot be an expected version for an append of *new_events* events.

    Raises:
        InvalidExpectedVersion: for None, a bool, any other type, a negative version, or one
            from which the append would end above `MAX_VERSION`.
    """
    if isinstance(expected_version, StreamState):
        return
    if expected_version is None:
        raise InvalidExpectedVersion(expected_version, "None is ambiguous", hint=_NONE_HINT)
    if isinstance(expected_version, bool) or not isinstance(expected_version, int):
        raise InvalidExpectedVersion(
            expected_version,
            f"a {type(expected_version).__name__} is no version",
            hint="pass ANY, NO_STREAM, STREAM_EXISTS or an int",
        )
    if expected_version < 0:
        raise InvalidExpectedVersion(
            expected_version,
            "versions start at 0, the version of a stream without events",
            hint="pass NO_STREAM for a new stream",
        )
    if expected_version + new_events > MAX_VERSION:
        raise InvalidExpectedVersion(expected_version, f"no version is above {MAX_VERSION}")


def check_stream_id(stream_id: object) -> None:
    """Refuse a stream id that is no UUID; raises `InvalidStreamId`."""
    if not isinstance(stream_id, UUID):
        raise InvalidStreamId(stream_id)


def check_number(name: str, value: object, *, at_least: int) -> None:
    """Refuse what is neither None nor an int that a version could be; raises `InvalidArgument`."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgument(f"{name} must be an int or None, not {value!r}")
    if not at_least <= value <= MAX_VERSION:
        raise InvalidArgument(f"{name} must be {at_least} to {MAX_VERSION}, not {value}")


def check_timeout(timeout: object) -> None:
    """Refuse what is neither None nor seconds above 0; raises `InvalidArgument`."""
    if timeout is None:
        return
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        raise InvalidArgument(f"a timeout is seconds above 0, not {timeout!r}")


def check_read(
    from_version: object, max_count: object, page_size: object, consistency: object
) -> None:
    """Refuse arguments that no read can have; raises `InvalidArgument`."""
    check_number("from_version", from_version, at_least=0)
    check_number("max_count", max_count, at_least=0)
    check_number("page_size", page_size, at_least=1)
    if consistency not in {None, "serial"}:
        raise InvalidArgument(f"consistency is None or 'serial', not {consistency!r}")


_IDENTIFIER: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
_DATACENTER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


def check_identifier(kind: str, name: object) -> str:
    """
    Return the name of a keyspace or table if it is safe to stand unquoted in CQL.

    Raises:
        InvalidIdentifier: it is not. CQL is never built from unchecked names.
    """
    if not isinstance(name, str) or not _IDENTIFIER.fullmatch(name):
        raise InvalidIdentifier(
            kind, name, "use up to 48 lower-case letters, digits and _, beginning with a letter"
        )
    return name


def check_datacenter(name: object) -> str:
    """
    Return the name of a datacenter if it is safe to stand in a CQL string.

    Raises:
        InvalidIdentifier: it is not.
    """
    if not isinstance(name, str) or not _DATACENTER.fullmatch(name):
        raise InvalidIdentifier("datacenter", name, "use letters, digits, '_', '-' and '.' only")
    return name


def check_names(keyspace: object, table: object, consistency: object) -> None:
    """Refuse names that are not safe in CQL, and other consistencies; raises `InvalidArgument`."""
    check_identifier("keyspace", keyspace)
    check_identifier("table", table)
    if consistency not in ("local", "global"):
        raise InvalidArgument(f"consistency must be 'local' or 'global', not {consistency!r}")
