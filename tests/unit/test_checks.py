"""The checks of arguments."""

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Any

import pytest

from event_store_async import InvalidArgument, NewEvent
from event_store_async.checks import (
    check_bool,
    check_category,
    check_int,
    check_optional_int,
    check_positive,
    check_timeout,
    is_event_list,
    is_int,
)


@pytest.mark.parametrize(("value", "answer"), [(0, True), (-1, True), (True, False), (1.0, False)])
def test_a_bool_is_not_an_int(value: object, answer: bool) -> None:
    assert is_int(value) is answer


@pytest.mark.parametrize(
    ("check", "message"),
    [
        (lambda: check_int("n", True, at_least=1), "n must be an int, not True"),
        (lambda: check_int("n", "1", at_least=1), "n must be an int, not '1'"),
        (lambda: check_int("n", None, at_least=1), "n must be an int, not None"),
        (lambda: check_int("n", 0, at_least=1), "n must be 1 or more, not 0"),
        (lambda: check_int("n", 0, at_least=1, at_most=9), "n must be 1 to 9, not 0"),
        (lambda: check_int("n", 10, at_least=1, at_most=9), "n must be 1 to 9, not 10"),
        (lambda: check_optional_int("n", 1.0, at_least=0), "n must be an int or None, not 1.0"),
        (lambda: check_optional_int("n", -1, at_least=0), "n must be 0 to 2147483647, not -1"),
        (lambda: check_positive("n", "1"), "n must be a number, not '1'"),
        (lambda: check_positive("n", True), "n must be a number, not True"),
        (lambda: check_positive("n", 0), "n must be above 0, not 0"),
        (lambda: check_positive("n", float("nan")), "n must be above 0, not nan"),
        (lambda: check_positive("n", float("inf"), finite=True), "n must be finite, not inf"),
        (lambda: check_timeout(-1), "timeout must be above 0, not -1"),
        (lambda: check_bool("n", 1), "n must be True or False, not 1"),
    ],
)
def test_what_is_refused(check: Callable[[], None], message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        check()

    assert str(caught.value) == message


def test_what_is_accepted() -> None:
    check_int("n", 1, at_least=1)
    check_int("n", 9, at_least=1, at_most=9)
    check_int("n", 10**20, at_least=1)
    check_optional_int("n", None, at_least=1)
    check_optional_int("n", 2**31 - 1, at_least=1)
    check_positive("n", 1)
    check_positive("n", 0.1, finite=True)
    check_positive("n", float("inf"))
    check_timeout(None)
    check_timeout(0.1)
    check_bool("n", False)


@pytest.mark.parametrize(
    ("events", "answer"),
    [
        ([], True),
        ((), True),
        (iter("ab"), True),
        (range(3), True),
        ({"a", "b"}, True),
        ({"type": "a"}, False),
        ("text", False),
        (b"bytes", False),
        (bytearray(b"bytes"), False),
        (NewEvent("a"), False),
        (None, False),
        (7, False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_list_of_events_is_not_one_event(events: Any, answer: bool) -> None:
    assert is_event_list(events) is answer


class Name(StrEnum):
    ACCOUNT = "account"


class OldName(str, Enum):  # noqa: UP042 - as code of before Python 3.11 has it
    ORDER = "order"


def test_the_name_of_a_category_is_a_plain_str() -> None:
    """A member of an enum is its value, in what is stored and in what is said."""
    names = [check_category(name) for name in ("a", Name.ACCOUNT, OldName.ORDER)]

    assert names == ["a", "account", "order"]
    assert {type(name) for name in names} == {str}
