"""The registry: what it refuses when it is made, and what it needs."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import pytest
from pydantic.dataclasses import dataclass as pydantic_dataclass

from event_store_async import InvalidArgument
from event_store_async.typed import EventType, EventTypes


@dataclass
class A:
    number: int


@dataclass
class B:
    number: int


class Untold(TypedDict):
    number: int


class Told(TypedDict, total=False):
    kind: Literal["told"]


def same(payload: Any) -> Any:
    return payload


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: [EventType(A, "a"), EventType(B, "a")], "the name 'a' is registered twice"),
        (
            lambda: [EventType(A, "a"), EventType(B, "b", formerly=["a"])],
            "the name 'a' is registered twice",
        ),
        (lambda: [EventType(A, "a"), EventType(A, "b")], "A is registered twice"),
        (lambda: [EventType(A, "")], "the name of a type must be a str that is not empty"),
        (lambda: [EventType(A, "a", revision=0)], "revision must be an int of 1 or more, not 0"),
        (
            lambda: [EventType(A, "a", revision=True)],
            "revision must be an int of 1 or more, not True",
        ),
        (
            lambda: [EventType(A, "a", revision=3, upcasters={2: same})],
            "'a': revision 3 needs upcasters from: 1, 2; given: 2",
        ),
        (
            lambda: [EventType(A, "a", upcasters={1: same})],
            "'a': revision 1 needs upcasters from: none; given: 1",
        ),
        (
            lambda: [EventType(A, "a", revision=2, upcasters=[1])],  # type: ignore[arg-type]
            "upcasters of 'a' must be a mapping of revisions",
        ),
        (
            lambda: [EventType(A, "a", revision=2, upcasters={1: "f"})],  # type: ignore[dict-item]
            "an upcaster of 'a' must be callable",
        ),
        (lambda: [EventType(int, "number")], "cannot be a type of event"),
        (
            lambda: [EventType(Untold, "untold")],
            "a dict of the type Untold cannot be told from other dicts "
            "(add a key of the type Literal['untold'] to it)",
        ),
        (
            lambda: [EventType(Told, "other")],
            "a dict of the type Told cannot be told from other dicts",
        ),
    ],
)
def test_what_cannot_work_is_refused(
    make: Callable[[], list[EventType[Any]]], message: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        EventTypes[Any](*make())
    assert message in str(caught.value)


@pytest.mark.parametrize("library", ["msgspec", "pydantic"])
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    cls = A if library == "msgspec" else pydantic_dataclass(A)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InvalidArgument, match=f"{library} is not installed"):
        EventTypes[Any](EventType(cls, "a"))


def test_pydantics_dataclasses_are_checked_by_pydantic() -> None:
    checked = pydantic_dataclass(B)
    types = EventTypes[Any](EventType(checked, "b"))

    event = types.event("b", 1, {"number": 7})
    assert type(event) is checked
    assert types.stored(event) == ("b", 1, {"number": 7})
