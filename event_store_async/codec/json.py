"""`JsonCodec`, the default codec: JSON by orjson."""

import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, time
from secrets import randbelow
from typing import Any, Final
from uuid import UUID

import orjson

from ..checks import check_callable
from ..marked_objects import has_marks, marked_inside
from ..personal import FORGOTTEN_JSON, Unencrypted, holds_forgotten, refuse_unencrypted
from ..plain import iso_format, leaves, plain_uuid

# orjson's own form of a dataclass leaves out fields that begin with "_", and adds whatever else
# stands in its __dict__: a cached property once it was used, for example.
# And it rounds the offset of a time zone to minutes, which makes another moment of it.
_OPTIONS: Final = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME

# Integers beyond 64 bits: 20 digits or more, or 19 with a minus sign. The first look at a payload
# finds 19 digits in a row, after what can stand before a number.
_SHAPE: Final = bytes(
    ord("0") if byte in b"0123456789" else ord(":") if byte in b" \t\r\n[:,-" else 0
    for byte in range(256)
)
_LONG: Final = b":" + b"0" * 19
# The second one knows a minus sign, and so what is not too long: nanoseconds since 1970.
_SIGNED: Final = bytes(ord("-") if byte == ord("-") else _SHAPE[byte] for byte in range(256))
_TOO_LONG: Final = (b":" + b"0" * 20, b"-" + b"0" * 19)
_BEYOND_64_BITS: Final = re.compile(rb"(?:^|[\s\[:,])(?:-[0-9]|[0-9]{2})[0-9]{18,}(?:[\s\],}]|$)")
_AT_ONCE: Final = 32 * 1024

_SECRET: Final = 10**16 + randbelow(10**16)  # too short for a long integer
_BETWEEN: Final = b",%d," % _SECRET


class JsonCodec:
    """
    Encodes payloads as JSON: dict with str keys, list, str, int, float, bool, None.

    These are encoded too, but decoded as their JSON form: datetime, date and time (ISO 8601), UUID,
    subclasses of these and of str, int, float, dict and list, Enum (its value), dataclass and
    TypedDict (an object). The object of a dataclass has its fields, all of them and nothing else.
    JSON has no form for NaN and infinity, set, bytes, keys that are not str, int beyond 64 bits,
    and a time zone whose offset has seconds: they are refused. So are objects whose classes have
    fields that are marked `Personal`.

    Args:
        default: Takes an object that has no JSON form, and returns one that has, or raises
            `TypeError`.

    Raises:
        InvalidArgument: *default* is not callable.
    """

    content_type: Final = "application/json"

    def __init__(self, *, default: Callable[[Any], Any] | None = None) -> None:
        if default is not None:
            check_callable("default", default)
        self._default = _json_form if default is None else _with_default(default)

    def encode(self, payload: Any) -> bytes:
        """
        Return the payload as UTF-8 JSON.

        Raises:
            TypeError: something in the payload has no JSON form (`orjson.JSONEncodeError`), or is
                personal and not encrypted.
            ValueError: a number in the payload is NaN or infinite.
        """
        data = orjson.dumps(payload, self._default, _OPTIONS)
        # orjson writes NaN and infinity as null, which would lose them silently. Only payloads
        # whose JSON contains "null" need to be searched for them. Not by "in", which first makes
        # an exception: bytes are no integer. `partition` takes a third fewer instructions than
        # `find`, and copies nothing unless it finds something.
        if data.partition(b"null")[1]:
            _refuse_non_finite(payload)
        # It writes the number of an enum.
        if data.partition(FORGOTTEN_JSON)[1] and holds_forgotten(payload):
            raise Unencrypted("FORGOTTEN has no JSON form")
        return data

    def decode(self, data: bytes) -> Any:
        """
        Return the decoded JSON.

        An integer is decoded exactly, up to the range of a float (309 digits). A number with a
        fraction or an exponent becomes the nearest float. If an object has the same key twice, the
        last one counts.

        Raises:
            ValueError: the bytes are not JSON (`orjson.JSONDecodeError`).
        """
        return _decode(data)


def json_values(payloads: Sequence[bytes]) -> list[Any]:
    """
    Return what `JsonCodec.decode` returns for each of some payloads; raises what it raises.

    Many small payloads are decoded as one array, and looked at together for long integers. Of more
    bytes than the caches of a processor hold, the halves are decoded, and so on.
    """
    count = len(payloads)
    if count > 1:
        try:
            size = sum(map(len, payloads))
        except TypeError:  # a row without a payload: decoding it tells what is wrong
            return list(map(_decode, payloads))
        if size > _AT_ONCE:
            half = count // 2
            return json_values(payloads[:half]) + json_values(payloads[half:])
        found = _decode_array(payloads)
        if found is not None:
            return found
    return list(map(_decode, payloads))


def _decode_array(payloads: Sequence[bytes]) -> list[Any] | None:
    """Return the values of payloads, None if they must be decoded one by one."""
    # Broken payloads may look well together, such as b"[1" and b"2]". So a number that nobody can
    # know stands between any two. Only if each of these numbers is found in its place is each
    # payload one value.
    text = _BETWEEN.join((b"[0", *payloads, b"0]"))
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if found[1::2] != [_SECRET] * (len(payloads) + 1) or _may_be_long(found, text):
        return None
    values: list[Any] = found[2:-1:2]
    return values


def _decode(data: bytes) -> Any:
    found = orjson.loads(data)
    # orjson makes floats of integers beyond 64 bits.
    if _may_be_long(found, data) and _BEYOND_64_BITS.search(data):
        return json.loads(data)
    return found


def _may_be_long(found: Any, data: bytes) -> bool:
    """Return whether data, which *found* was made of, may hold an integer beyond 64 bits."""
    # What orjson writes again as it was has none: of a float, a point or an exponent is written.
    # That is how this library writes, and takes half the time of looking at each digit.
    try:
        if orjson.dumps(found) == data:
            return False
    except TypeError:  # orjson reads more levels than it writes
        pass
    data = b":" + data  # it may begin with a number
    if _LONG not in data.translate(_SHAPE):
        return False
    shape = data.translate(_SIGNED)
    return any(each in shape for each in _TOO_LONG)


def _json_form(value: Any) -> Any:
    """Return the JSON form of a value that orjson does not know, or is not asked to know."""
    refuse_unencrypted(value)
    if has_marks(type(value)):
        raise _marked(type(value))
    if is_dataclass(value) and "__dataclass_fields__" in type(value).__dict__:
        return {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, date | time):
        return iso_format(value)
    if isinstance(value, UUID):
        return plain_uuid(value)
    if isinstance(value, float):
        return float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _marked(cls: type) -> Unencrypted:
    return Unencrypted(f"{cls.__name__} has personal fields, which must be encrypted")


def _with_default(default: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        try:
            return _json_form(value)
        except Unencrypted:
            raise
        except TypeError:
            marked = marked_inside(value)  # the function may make plain data of all of it
            if marked is not None:
                raise _marked(marked) from None
            converted = default(value)
        _refuse_non_finite(converted)
        return converted

    return convert


def _refuse_non_finite(payload: Any) -> None:
    for value in leaves(payload):
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"JSON has no form for {value!r}")
