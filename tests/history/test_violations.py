"""The checker finds every kind of violation in fabricated histories, and none in valid ones."""

import pytest

from event_store_async.versions import MAX_VERSION

from .builder import SECOND, HistoryBuilder
from .check import check
from .fabricated import FABRICATED, Part, appends, full_read, rest_read, witnessed
from .history import of_operations
from .operations import Mark
from .violations import Kind, Verdict


def verdict_on(*parts: Part, marks: tuple[Mark, ...] = ()) -> Verdict:
    builder = HistoryBuilder()
    for part in parts:
        part(builder)
    return check(of_operations(builder.operations, marks))


TRUE: dict[str, Part] = {
    "nothing else": lambda _: None,
    "a conflict": lambda f: f.append(6, 7, "x", 3, end="conflict", version=5),
    "a conflict with what is in flight": lambda f: f.append(
        4, 5, "x", 5, end="conflict", version=3
    ),
    "stream exists, although it does not exist yet": lambda f: f.append(
        0, 1, "x", "exists", end="conflict", version=0
    ),
    "a refusal": lambda f: f.append(6, 7, "x", end="refused"),
    "an unknown, settled as a conflict": lambda f: (
        f.append(6, 16, "x", 4, end="unknown"),
        f.append(20, 21, "x", 4, end="conflict", version=5),
    ),
    "a refusal, then a conflict": lambda f: (
        f.append(6, 16, "x", 4, end="refused"),
        f.append(20, 21, "x", 4, end="conflict", version=5),
    ),
    "the same append again": lambda f: f.append(6, 7, "c", 2, first=3, earlier=True),
    "a read of all": lambda f: f.read(6, 7, "a b c d e"),
    "a read of a part": lambda f: f.read(6, 7, "b c", 2, count=2),
    "a read after the end": lambda f: f.read(6, 7, "", 6),
    "a read backward": lambda f: f.read(6, 7, "e d c b a", backward=True),
    "a read from before the end, backward": lambda f: f.read(
        6, 7, "c b", 3, at=[3, 2], backward=True, count=2
    ),
    "a read during an append, that sees it": lambda f: f.read(4.2, 4.8, "a b c d e"),
    "a read during an append, that does not": lambda f: f.read(4.2, 4.8, "a b c"),
    "a quorum read that sees less than another": lambda f: (
        f.read(4.1, 4.2, "a b c d e"),
        f.read(4.3, 4.4, "a b c"),
    ),
    "a quorum read that sees an append in part": lambda f: f.read(4.2, 4.8, "a b c d"),
    "a serial read": lambda f: f.read(4.2, 4.8, "a b c", serial=True),
    "a read that failed": lambda f: f.read(6, 16, "", end="failed"),
    "a version": lambda f: f.version(3.5, 4.5, 3),
    "an append without events": lambda f: f.append(6, 7, "", 5, version=5),
    "an append without events, refused": lambda f: f.append(6, 7, "", 3, end="conflict", version=5),
}


@pytest.mark.parametrize("also", TRUE.values(), ids=TRUE)
def test_a_valid_history_has_no_violations(also: Part) -> None:
    assert verdict_on(appends, also, full_read).violations == []


ERASED: dict[str, tuple[Part, ...]] = {
    "a truncation": (lambda f: f.erase(8, 9, 4), rest_read),
    "two truncations at once": (
        lambda f: f.erase(8, 10, 3, kept=4), lambda f: f.erase(8, 9, 4), rest_read,
    ),
    "a truncation of unknown outcome that was carried out": (
        lambda f: f.erase(8, 9, 4, end="unknown"), rest_read,
    ),
    "a truncation of unknown outcome that was not": (
        lambda f: f.erase(8, 9, 4, end="unknown"), full_read,
    ),
    "a truncation of which only one of two reads knows": (
        lambda f: f.erase(8, 20, 4),
        lambda f: f.read(10, 11, "d e", at=[4, 5]),
        lambda f: f.read(12, 13, "a b c d e"), rest_read,
    ),
    "a read that begins after what is gone": (
        lambda f: f.erase(8, 9, 4), lambda f: f.read(10, 11, "e", 5), rest_read,
    ),
    "a read backward": (
        lambda f: f.erase(8, 9, 4),
        lambda f: f.read(10, 11, "e d", at=[5, 4], backward=True), rest_read,
    ),
    "a read that is cut": (
        lambda f: f.erase(8, 9, 4), lambda f: f.read(8.5, 9.5, "", end="truncated"), rest_read,
    ),
    "a deletion": (
        lambda f: f.erase(8, 9, 6, "delete"), lambda f: f.read(10, 11, ""),
        lambda f: f.read(10, 11, "", backward=True), lambda f: f.version(12, 13, 5),
        lambda f: f.append(14, 15, "f", 5, first=6),
        lambda f: f.read(90, 91, "f", at=[6], final=True),
    ),
    "a deletion at the end": (
        lambda f: f.erase(8, 9, 6, "delete"), lambda f: f.read(90, 91, "", final=True),
    ),
    "a deletion that conflicts": (
        lambda f: f.erase(8, 9, 4, "delete", end="conflict"), full_read,
    ),
    "a stream that is closed": (
        lambda f: f.erase(8, 9, 6, "close"), lambda f: f.append(10, 11, "f", end="closed"),
        lambda f: f.version(12, 13, MAX_VERSION), lambda f: f.read(90, 91, "", final=True),
    ),
    "an append whose outcome nobody knows any more": (
        lambda f: f.append(6, 16, "f", end="unknown"),
        lambda f: f.read(17, 18, "a b c d e f", serial=True),
        lambda f: f.erase(20, 21, 7), lambda f: f.read(90, 91, "", final=True),
    ),
}  # fmt: skip


@pytest.mark.parametrize("parts", ERASED.values(), ids=ERASED)
def test_a_valid_history_of_a_stream_with_erasures_has_no_violations(
    parts: tuple[Part, ...],
) -> None:
    assert verdict_on(appends, witnessed, *parts).violations == []


def test_an_unknown_append_may_be_stored_or_not() -> None:
    def unknown(f: HistoryBuilder) -> None:
        f.append(0, 10, "a b", 0, end="unknown")
        f.append(11, 12, "a b", 0, first=1, earlier=True)
        f.append(13, 14, "c", end="cancelled")
        f.append(15, 16, "c", first=3)

    assert verdict_on(unknown, lambda f: f.read(90, 91, "a b c", final=True)).valid


def test_an_append_of_a_killed_writer_may_be_settled_by_another() -> None:
    def orphan(f: HistoryBuilder) -> None:
        f.append(0, None, "a", end=None, by="dead")
        f.append(5, 6, "a", first=1, by="heir", earlier=True)

    killed = Mark(1, "killed", "dead")
    assert verdict_on(orphan, lambda f: f.read(90, 91, "a", final=True), marks=(killed,)).valid


def test_the_time_in_which_the_caller_stood_still_is_not_counted() -> None:
    def late(f: HistoryBuilder) -> None:
        f.append(6, 21, "x", 9, end="conflict", version=5)

    def verdict(on: str, at: int, seconds: float) -> Verdict:
        length = ("nanoseconds", f"{seconds * SECOND:.0f}")
        mark = Mark(at * SECOND, "stalled", on, "once", (length,))
        return verdict_on(appends, late, full_read, marks=(mark,))

    assert verdict("w", 20, 3.5).valid
    assert Kind.OVERDUE in verdict("w", 20, 2.5).kinds, "it was late even so"
    assert Kind.OVERDUE in verdict("w", 8, 3.5).kinds, "most of it was before the call"
    assert Kind.OVERDUE in verdict("another process", 20, 3.5).kinds


@pytest.mark.parametrize(("kind", "parts"), FABRICATED.values(), ids=FABRICATED)
def test_a_violation_is_found(kind: Kind, parts: tuple[Part, ...]) -> None:
    assert kind in verdict_on(*parts).kinds


def test_there_is_a_fabricated_history_for_every_kind() -> None:
    assert {kind for kind, _ in FABRICATED.values()} == set(Kind)
