"""Checks of arguments: a call with a bad one is refused before anything is sent."""

import asyncio
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import islice
from math import isinf
from typing import Any, Final, TypeGuard
from uuid import UUID

from .errors import (
    InvalidArgument,
    InvalidExpectedVersion,
    InvalidIdentifier,
    InvalidStreamId,
    WrongEventLoop,
)
from .excerpt import excerpt
from .moments import from_milliseconds, to_milliseconds, utc_now
from .plain import plain_int, plain_str, plain_uuid
from .versions import MAX_VERSION, ExpectedVersion, StreamState

# Plain values


def is_int(value: object) -> TypeGuard[int]:
    """Return whether a value is an int. Unlike for Python, a bool is not one."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_int(name: str, value: object, *, at_least: int, at_most: int | None = None) -> None:
    """Refuse anything but an int in a range; raises `InvalidArgument`."""
    if not is_int(value):
        raise InvalidArgument(f"{name} must be an int, not {excerpt(value)}")
    if at_most is None and value < at_least:
        raise InvalidArgument(f"{name} must be {at_least} or more, not {excerpt(value)}")
    if at_most is not None and not at_least <= value <= at_most:
        raise InvalidArgument(f"{name} must be {at_least} to {at_most}, not {excerpt(value)}")


def check_optional_int(
    name: str, value: object, *, at_least: int, at_most: int = MAX_VERSION
) -> None:
    """Refuse anything but None or an int in a range; raises `InvalidArgument`."""
    if value is None:
        return
    if not is_int(value):
        raise InvalidArgument(f"{name} must be an int or None, not {excerpt(value)}")
    check_int(name, value, at_least=at_least, at_most=at_most)


def check_positive(name: str, value: object, *, finite: bool = False) -> None:
    """Refuse anything but an int or float above 0; raises `InvalidArgument`."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidArgument(f"{name} must be a number, not {excerpt(value)}")
    try:
        number = float(value)
    except OverflowError:
        raise InvalidArgument(f"{name} is beyond the range of a float") from None
    if not number > 0:  # NaN is not above 0 either
        raise InvalidArgument(f"{name} must be above 0, not {excerpt(value)}")
    if finite and isinf(number):
        raise InvalidArgument(f"{name} must be finite, not {excerpt(value)}")


def check_not_negative(name: str, value: object) -> None:
    """Refuse anything but a finite int or float of 0 or more; raises `InvalidArgument`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != 0:
        check_positive(name, value, finite=True)


def check_bool(name: str, value: object) -> None:
    """Refuse anything but True or False; raises `InvalidArgument`."""
    if not isinstance(value, bool):
        raise InvalidArgument(f"{name} must be True or False, not {excerpt(value)}")


def check_choice(name: str, value: object, *choices: str, optional: bool = False) -> None:
    """Refuse anything but one of these strings, or None; raises `InvalidArgument`."""
    if optional and value is None:
        return
    if not isinstance(value, str) or plain_str(value) not in choices:
        *most, last = [*(["None"] if optional else []), *map(repr, choices)]
        due = f"{', '.join(most)} or {last}" if most else last
        raise InvalidArgument(f"{name} must be {due}, not {excerpt(value)}")


def check_instance(
    name: str,
    value: object,
    kinds: type | tuple[type, ...],
    due: str,
    *,
    optional: bool = False,
    hint: str | None = None,
) -> None:
    """
    Refuse anything but an instance of these classes; raises `InvalidArgument`.

    Args:
        name: The argument.
        value: Its value.
        kinds: The classes.
        due: What is due, in words, as in "a Settings".
        optional: Whether None is accepted, too.
        hint: What to do about it. A class that is given for an instance of itself has its own.
    """
    if isinstance(value, kinds) or (optional and value is None):
        return
    if isinstance(value, type) and issubclass(value, kinds):
        hint = f"give an instance: {value.__name__}(…)"
    none = " or None" if optional else ""
    raise InvalidArgument(f"{name} must be {due}{none}, not {excerpt(value)}", hint=hint)


def check_tuple(name: str, value: object, kind: type, due: str, *, at_least: int = 0) -> None:
    """
    Refuse anything but a tuple of instances of a class; raises `InvalidArgument`.

    Args:
        name: The argument.
        value: Its value.
        kind: The class.
        due: What each of them must be, in words, as in "a Position".
        at_least: How many there must be.
    """
    check_instance(name, value, tuple, "a tuple", hint="give a tuple: tuple(…)")
    found = tuple.__getitem__(value, slice(None)) if isinstance(value, tuple) else ()
    if len(found) < at_least:
        raise InvalidArgument(f"{name} must hold {at_least} at least")
    for each in found:
        check_instance(f"each of {name}", each, kind, due)


def check_text(name: str, value: object) -> str:
    """Return a str as a plain one; raises `InvalidArgument` for others, and for a surrogate."""
    if not isinstance(value, str):
        raise InvalidArgument(f"{name} must be a str, not {excerpt(value)}")
    try:
        str.encode(value)
    except UnicodeEncodeError:
        raise InvalidArgument(f"{name} has a surrogate, which UTF-8 cannot hold") from None
    return plain_str(value)


def check_secret(name: str, value: object) -> None:
    """Refuse anything but None or a str, without showing it; raises `InvalidArgument`."""
    if value is not None and not isinstance(value, str):
        raise InvalidArgument(f"{name} must be a str or None, not {type(value).__name__}")


def check_callable(name: str, value: object) -> None:
    """Refuse what cannot be called; raises `InvalidArgument`."""
    if not callable(value):
        raise InvalidArgument(f"{name} must be callable, not {excerpt(value)}")


def attribute(value: object, name: str) -> Any:
    """Return an attribute of any object, None if it has none: looking one up may raise anything."""
    try:
        return getattr(value, name, None)
    except Exception:  # noqa: BLE001 - code of the value's class
        return None


def check_methods(
    name: str, value: object, due: str, *methods: str, hint: str | None = None
) -> None:
    """
    Refuse an object without these methods: for arguments that need not be of one class.

    Raises:
        InvalidArgument: a method is missing, or a class was given for an instance.
    """
    if isinstance(value, type):
        made = f"give an instance: {value.__name__}(…)"
        raise InvalidArgument(f"{name} must be {due}, not {excerpt(value)}", hint=made)
    for method in methods:
        if not callable(attribute(value, method)):
            raise InvalidArgument(f"{name} must be {due}, not {excerpt(value)}", hint=hint)


def check_codec(name: str, value: object) -> None:
    """Refuse anything but a codec; raises `InvalidArgument`."""
    check_methods(name, value, "a codec", "encode", "decode", hint="for JSON: JsonCodec()")
    content_type = attribute(value, "content_type")
    if content_type is not None and not isinstance(content_type, str):
        raise InvalidArgument(
            f"the content_type of {name} must be a str, not {excerpt(content_type)}"
        )


MAX_CODECS: Final = 1000


def check_codecs(codec: object, codecs: object) -> tuple[Any, ...]:
    """Return the further codecs of a store if all of them are codecs; raises `InvalidArgument`."""
    if codec is not None:
        check_codec("codec", codec)
    if isinstance(codecs, str | bytes) or not isinstance(codecs, Iterable):
        raise InvalidArgument(f"codecs must be a list of codecs, not {excerpt(codecs)}")
    found = listed("codecs", codecs, MAX_CODECS)
    for each in found:
        check_codec("each of codecs", each)
    return tuple(found)


# Arguments of calls


def check_stream_id(stream_id: object) -> UUID:
    """Return the id of a stream, as a plain UUID; raises `InvalidStreamId` for anything else."""
    if type(stream_id) is UUID:  # by far most are: no calls for them
        return stream_id
    if not isinstance(stream_id, UUID):
        raise InvalidStreamId(stream_id)
    return plain_uuid(stream_id)


def check_timeout(timeout: object) -> None:
    """Refuse anything but None or seconds above 0; raises `InvalidArgument`."""
    if timeout is not None:
        check_positive("timeout", timeout)


def check_read(
    from_version: object,
    max_count: object,
    page_size: object,
    serial: object,
    timeout: object,
    *,
    backward: object = False,
) -> None:
    """Refuse invalid arguments of a read; raises `InvalidArgument`."""
    # One more: it comes after the version of a closed stream.
    check_optional_int("from_version", from_version, at_least=0, at_most=MAX_VERSION + 1)
    check_optional_int("max_count", max_count, at_least=0)
    check_optional_int("page_size", page_size, at_least=1)
    check_bool("serial", serial)
    check_bool("backward", backward)
    check_timeout(timeout)


LARGEST_STREAMS_PAGE: Final = 5000


def check_list(max_count: object, page_size: object, timeout: object) -> None:
    """Refuse invalid arguments of a list of streams; raises `InvalidArgument`."""
    check_optional_int("max_count", max_count, at_least=0)
    if page_size is not None:
        check_int("page_size", page_size, at_least=1, at_most=LARGEST_STREAMS_PAGE)
    check_timeout(timeout)


_CATEGORY: Final = re.compile(r"[A-Za-z0-9._\-]{1,64}")


def check_category(name: object) -> str:
    """
    Return the name of a category as a plain str.

    Raises:
        InvalidArgument: it is not 1 to 64 ASCII letters, digits, ``-``, ``_`` and ``.``.
    """
    if not isinstance(name, str):
        raise InvalidArgument(f"the name of a category must be a str, not {type(name).__name__}")
    if not _CATEGORY.fullmatch(name):
        shown = f"{name!a}" if len(name) <= 64 else f"a str of {len(name):,} characters"
        raise InvalidArgument(
            f"{shown} is not the name of a category",
            hint="use 1 to 64 letters (a to z, A to Z), digits, '-', '_' and '.'",
        )
    return str.__str__(name)  # of a member of an enum, too: its value


def listed(name: str, given: Iterable[Any], at_most: int) -> list[Any]:
    """
    Return what a caller's iterable holds, in a list of our own that nobody changes.

    Raises:
        InvalidArgument: it holds more than *at_most*, or changes while it is read.
    """
    try:
        found = list(islice(given, at_most + 1))
    except (RuntimeError, KeyError) as error:  # what a dict and a mapping raise
        raise InvalidArgument(f"{name} changed while it was read: {excerpt(error)}") from error
    if len(found) > at_most:
        raise InvalidArgument(f"{name} must not hold more than {at_most:,}")
    return found


def is_event_list(events: object) -> TypeGuard[Iterable[Any]]:
    """
    Return whether a value can be a list of events: an iterable that is not itself one event.

    Payloads are often strings or dicts, which are iterable. A caller who passes one of them forgot
    the list around it.
    """
    one_event = isinstance(events, str | bytes | bytearray | Mapping)
    return isinstance(events, Iterable) and not one_event


# Expected versions

_NONE_HINT: Final = "pass ANY for any version, or NO_STREAM for a stream without events"
_NEW_STREAM: Final = "a stream without events has version 0"


def check_expected_version(expected_version: object, new_events: int) -> ExpectedVersion:
    """
    Return an expected version, with an int as a plain one, if an append can have it.

    Args:
        expected_version: The expected version.
        new_events: How many events the append has.

    Raises:
        InvalidExpectedVersion: it is None, or of another wrong type, or negative, or the append
            would end above `MAX_VERSION`.
    """
    if type(expected_version) is not int:
        if isinstance(expected_version, StreamState):
            return expected_version
        if expected_version is None:
            raise InvalidExpectedVersion(expected_version, "None is ambiguous", hint=_NONE_HINT)
        if not is_int(expected_version):
            raise InvalidExpectedVersion(
                expected_version,
                f"a version is an int, not {type(expected_version).__name__}",
                hint="pass ANY, NO_STREAM, STREAM_EXISTS or an int",
            )
        expected_version = plain_int(expected_version)
    if expected_version < 0:
        raise InvalidExpectedVersion(
            expected_version,
            f"a version is 0 or more; {_NEW_STREAM}",
            hint="pass NO_STREAM to begin a new stream",
        )
    # That is the version which callers read of a closed stream: the store says that it is closed.
    if expected_version + new_events > MAX_VERSION and expected_version != MAX_VERSION:
        raise InvalidExpectedVersion(
            expected_version, f"the append would end above the highest version, {MAX_VERSION}"
        )
    return expected_version


def check_aggregate_version(expected_version: object) -> None:
    """
    Refuse an expected version that an aggregate cannot have. None means any version.

    Raises:
        InvalidExpectedVersion: it is neither None nor an int, or it is negative.
    """
    if expected_version is None:
        return
    if not is_int(expected_version):
        raise InvalidExpectedVersion(
            expected_version,
            f"an aggregate's version is an int, not {type(expected_version).__name__}",
            hint="pass an int, or None for any version",
        )
    if expected_version < 0:
        raise InvalidExpectedVersion(expected_version, f"a version is 0 or more; {_NEW_STREAM}")


# Clocks

_PLAIN: Final = (datetime,)  # in a tuple, since freezegun replaces the name of the class
_CLOCK_HINT: Final = "for example: clock=lambda: datetime.now(UTC)"


def check_moment(moment: object) -> datetime:
    """Return what a clock gave; raises `InvalidArgument` unless it is an aware datetime."""
    if not isinstance(moment, datetime):
        raise InvalidArgument(
            f"the clock of the settings returned {type(moment).__name__}, not a datetime",
            hint=_CLOCK_HINT,
        )
    if moment.utcoffset() is None:
        raise InvalidArgument(
            "the clock of the settings returned a datetime without a time zone", hint=_CLOCK_HINT
        )
    return moment


def read_clock(clock: Callable[[], datetime]) -> datetime:
    """
    Return the time of a clock as a plain datetime in UTC, rounded down to a whole millisecond.

    Raises:
        InvalidArgument: the clock returned no aware datetime, or one outside the years 1 to 9999.
    """
    moment = clock()
    plain = type(moment) is _PLAIN[0]
    if plain and clock is utc_now:
        return moment
    if plain and moment.tzinfo is UTC:
        beyond = moment.microsecond % 1000
        return moment.replace(microsecond=moment.microsecond - beyond) if beyond else moment
    try:
        return from_milliseconds(to_milliseconds(check_moment(moment)))
    except OverflowError:
        raise InvalidArgument(
            f"the clock of the settings returned {moment}, which is out of range in UTC"
        ) from None


# Names in CQL

LONGEST_NAME: Final = 48
"""The most characters in the name of a keyspace or table."""

_IDENTIFIER: Final = re.compile(rf"[a-z][a-z0-9_]{{0,{LONGEST_NAME - 1}}}")
_DATACENTER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,63}")


def check_identifier(kind: str, name: object) -> str:
    """
    Return the name of a keyspace or table if it is safe in CQL.

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
    check_choice("consistency", consistency, "local", "global")


# Places


def running_loop() -> asyncio.AbstractEventLoop:
    """Return the event loop that is running; raises `WrongEventLoop` if none is."""
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise WrongEventLoop(running=False) from None
