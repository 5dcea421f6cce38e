"""JSON input: read as it is written, or refused."""

import json
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from event_store_async.json_input import InexactJson, read_json, read_own_json

from .test_codec import JSON


@given(JSON)
def test_what_json_holds_is_read(document: Any) -> None:
    assert read_json(orjson.dumps(document)) == document
    assert read_json(json.dumps(document)) == document


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_is_read_in_all_the_forms_that_tell_it_from_others(number: float) -> None:
    for form in (repr(number), f"{number:.17g}", f"{number:.16e}", str(Decimal(number))):
        if "." in form or "e" in form.lower():  # otherwise it is an integer
            assert read_json(form) == number


@pytest.mark.parametrize(
    "text",
    [
        "0.1000000000000000000000",
        "1E3",
        "-0.0",
        "1.50",
        "0.00000000000000000000000001",
        "0e999",
        "-0.0e-99999999999999999999",
    ],
)
def test_zeros_and_exponents_are_no_digits(text: str) -> None:
    assert read_json(text) == float(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("18446744073709551616", "the integer 18446744073709551616 is beyond 64 bits"),
        ("-9223372036854775809", "beyond 64 bits"),
        ("1" * 300, "the integer 11111111111111111111…, of 300 characters, is beyond 64 bits"),
        ("12345678901234567.89", "more digits than a float holds"),
        ("0.12345678901234567891", "more digits"),
        ("1e-400", "the number 1e-400 is too small for a float"),
        ("1.5e-99999999999999999999", "too small"),
        ('{"a": {"b": 1, "c": 0, "b": 1}}', "an object has the key 'b' twice"),
        ('{"a": 1, "\\u0061": 2}', "an object has the key 'a' twice"),
        ('{"\\u001b": 1, "\\u001b": 2}', "an object has the key '\\x1b' twice"),
    ],
)
def test_what_would_be_changed_is_refused(text: str, says: str) -> None:
    for given_text in (text, text.encode(), f"[1, {text}]"):
        with pytest.raises(InexactJson) as caught:
            read_json(given_text)
        assert says in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "NaN", "[Infinity]", "1e400", "1" * 5000, '"\\ud800"'])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(orjson.JSONDecodeError):
        read_json(text)


def test_what_is_nested_too_deeply_is_refused_without_a_traceback() -> None:
    deep = "[" * 1010 + "]" * 1010
    assert orjson.loads(deep) is not None

    with pytest.raises(InexactJson, match="nested too deeply"):
        read_json(deep)


@given(JSON)
def test_what_we_wrote_is_read(document: Any) -> None:
    assert read_own_json(orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)) == document
    assert read_own_json(json.dumps(document, indent=1).encode()) == document


@pytest.mark.parametrize(
    "text", ['{"a":1,"a":1}', '[{"b":{"a":1,"\\u0061":2}}]', "[" * 1010 + "]" * 1010 + " "]
)
def test_what_we_wrote_and_somebody_changed_is_refused(text: str) -> None:
    with pytest.raises(InexactJson):
        read_own_json(text.encode())
