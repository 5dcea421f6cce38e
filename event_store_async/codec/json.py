"""`JsonCodec`, the default codec: JSON by orjson."""

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

import orjson


class JsonCodec:
    """
    Encodes payloads as JSON: dict with str keys, list, str, int, float, bool, None.

    These are encoded too, but decoded as their JSON form: datetime, date and time (ISO 8601), UUID,
    Enum (its value), dataclass and TypedDict (an object). JSON has no form for NaN and infinity,
    set, bytes, keys that are not str, and int beyond 64 bits: they are refused.

    Args:
        default: Takes an object that has no JSON form, and returns one that has, or raises
            `TypeError`.
    """

    content_type: Final = "application/json"

    def __init__(self, *, default: Callable[[Any], Any] | None = None) -> None:
        self._default = None if default is None else _finite_default(default)

    def encode(self, payload: Any) -> bytes:
        """
        Return the payload as UTF-8 JSON.

        Raises:
            TypeError: something in the payload has no JSON form (`orjson.JSONEncodeError`).
            ValueError: a number in the payload is NaN or infinite.
        """
        data = orjson.dumps(payload, self._default)
        # orjson writes NaN and infinity as null, which would lose them silently. Only payloads
        # whose JSON contains "null" need to be searched for them.
        if b"null" in data:
            _refuse_non_finite(payload)
        return data

    def decode(self, data: bytes) -> Any:
        """
        Return the decoded JSON.

        Raises:
            ValueError: the bytes are not JSON (`orjson.JSONDecodeError`).
        """
        return orjson.loads(data)


def _finite_default(default: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def convert(value: Any) -> Any:
        converted = default(value)
        _refuse_non_finite(converted)
        return converted

    return convert


def _refuse_non_finite(payload: Any) -> None:
    waiting = [payload]
    while waiting:
        value = waiting.pop()
        if isinstance(value, float):
            if not math.isfinite(value):
                raise ValueError(f"JSON has no form for {value!r}")
        elif isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
        elif isinstance(value, Enum):
            waiting.append(value.value)
        elif is_dataclass(value) and not isinstance(value, type):
            waiting.extend(getattr(value, field.name) for field in fields(value))
