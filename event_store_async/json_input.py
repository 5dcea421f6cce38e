"""JSON input: read as it is written, or refused. No I/O, and no value is changed on the way."""

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import orjson

_DEEP: Final = "it is nested too deeply"
_SIGNIFICANT: Final = 17
"""Significant digits that tell any double from its neighbours."""


class InexactJson(ValueError):
    """Reading a JSON document would change a value in it."""


def read_json(text: str | bytes) -> Any:
    """
    Return a JSON document.

    Raises:
        orjson.JSONDecodeError: it is not JSON.
        InexactJson: an object has the same key twice, or a number would be changed: an integer
            beyond 64 bits, or one with a fraction or an exponent whose digits no double holds. Or
            it is nested too deeply to look at its keys.
    """
    orjson.loads(text)  # stricter than the standard library, and says where it is wrong
    if isinstance(text, bytes):
        text = text.decode()
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer, parse_float=_number)
    except RecursionError:
        raise InexactJson(_DEEP) from None


def read_own_json(data: bytes) -> Any:
    """
    Return a JSON document that this library wrote with orjson, if nobody gave an object a key more.

    Numbers are not looked at: its fields are checked one by one.

    Raises:
        orjson.JSONDecodeError: it is not JSON.
        InexactJson: an object has the same key twice, or it is nested too deeply to tell.
    """
    found = orjson.loads(data)
    # What is still as it was written can be written again, and has no key twice.
    try:
        if orjson.dumps(found) != data.strip():
            json.loads(data, object_pairs_hook=_object, parse_int=str)
    except (RecursionError, TypeError):  # orjson reads more levels than it writes
        raise InexactJson(_DEEP) from None
    return found


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for name, _ in pairs:
            if name in seen:
                raise InexactJson(f"an object has the key {name!a:.100} twice")
            seen.add(name)
    return found


def _integer(digits: str) -> int:
    # Few digits first: Python refuses to convert thousands of them.
    if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
        raise InexactJson(f"the integer {_short(digits)} is beyond 64 bits")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    significant = digits.lower().partition("e")[0].replace(".", "").lstrip("-0").rstrip("0")
    if significant and not number:
        raise InexactJson(f"the number {_short(digits)} is too small for a float")
    if len(significant) > _SIGNIFICANT and Decimal(number) != Decimal(digits):
        raise InexactJson(f"the number {_short(digits)} has more digits than a float holds")
    return number


def _short(digits: str) -> str:
    return digits if len(digits) <= 50 else f"{digits[:20]}…, of {len(digits):,} characters,"
