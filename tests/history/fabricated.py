"""Fabricated histories: one for each kind of violation, and more if it has several forms."""

from collections.abc import Callable

from event_store_async.versions import MAX_VERSION

from .builder import HistoryBuilder
from .violations import Kind

Part = Callable[[HistoryBuilder], object]


def appends(f: HistoryBuilder) -> None:
    """Three appends: a b, then c, then d e."""
    f.append(0, 1, "a b", 0, first=1)
    f.append(2, 3, "c", 2, first=3)
    f.append(4, 5, "d e", first=4)


def full_read(f: HistoryBuilder) -> None:
    f.read(90, 91, "a b c d e", final=True)


def final_read(events: str, at: list[int] | None = None) -> Part:
    """Return the last read of the stream, with these events."""
    return lambda f: f.read(90, 91, events, at=at, final=True)


def witnessed(f: HistoryBuilder) -> None:
    """Who erases has read all events before."""
    f.read(6, 7, "a b c d e", serial=True)


def rest_read(f: HistoryBuilder) -> None:
    f.read(90, 91, "d e", at=[4, 5], final=True)


FABRICATED: dict[str, tuple[Kind, tuple[Part, ...]]] = {
    "a gap": (Kind.GAP, (appends, final_read("a b c d e", [1, 2, 3, 5, 6]))),
    "a stream that begins late": (Kind.GAP, (appends, final_read("c d e", [3, 4, 5]))),
    "a lost append": (Kind.LOST, (appends, final_read("a b c"))),
    "a lost event": (Kind.LOST, (appends, final_read("a b c d"))),
    "half an append": (Kind.TORN, (appends, final_read("a b c d"))),
    "an append with another inside": (
        Kind.TORN,
        (lambda f: f.append(0, 10, "a b", end="unknown"),
         lambda f: f.append(11, 12, "a b", end="unknown"),
         lambda f: f.append(0, 1, "c", first=2),
         final_read("a c b")),
    ),
    "an append out of its order": (
        Kind.TORN,
        (lambda f: f.append(0, 10, "a b", end="unknown"), final_read("b a")),
    ),
    "an append at another place": (
        Kind.MISPLACED,
        (lambda f: f.append(0, 1, "a", first=1), lambda f: f.append(0, 1, "b", first=1),
         final_read("a b")),
    ),
    "a version that is not its last event's": (
        Kind.MISPLACED,
        (lambda f: f.append(0, 1, "a", first=1, version=2), final_read("a")),
    ),
    "an event twice": (Kind.DUPLICATED, (appends, final_read("a b c d e c"))),
    "an unknown append twice": (
        Kind.DUPLICATED,
        (lambda f: f.append(0, 10, "a", end="unknown"),
         lambda f: f.append(11, 12, "a", first=2),
         final_read("a a")),
    ),
    "an event that no call appended": (Kind.PHANTOM, (appends, final_read("a b c d e x"))),
    "a refused append that is stored": (
        Kind.REFUSED_BUT_STORED,
        (appends, lambda f: f.append(6, 7, "x", end="refused"), final_read("a b c d e x")),
    ),
    "a conflict that is stored": (
        Kind.REFUSED_BUT_STORED,
        (appends, lambda f: f.append(6, 7, "x", 4, end="conflict", version=5),
         final_read("a b c d e x")),
    ),
    "an unknown append that is stored after its conflict": (
        Kind.REFUSED_BUT_STORED,
        (appends,
         lambda f: f.append(6, 16, "x", 5, end="unknown"),
         lambda f: f.append(17, 18, "x", 5, end="conflict", version=3),
         final_read("a b c d e x")),
    ),
    "an append at another version than expected": (
        Kind.UNMET,
        (lambda f: f.append(0, 1, "a", first=1), lambda f: f.append(2, 3, "b", 5, first=2),
         final_read("a b")),
    ),
    "an append to a new stream that expected it to exist": (
        Kind.UNMET, (lambda f: f.append(0, 1, "a", "exists", first=1), final_read("a")),
    ),
    "an empty append whose expectation did not hold": (
        Kind.UNMET, (appends, lambda f: f.append(6, 7, "", 3, version=5), full_read),
    ),
    "stored and refused": (
        Kind.TWO_ANSWERS,
        (appends, lambda f: f.append(6, 7, "c", 2, end="conflict", version=5), full_read),
    ),
    "stored at two versions": (
        Kind.TWO_ANSWERS,
        (appends, lambda f: f.append(6, 7, "c", 2, first=4, earlier=True), full_read),
    ),
    "stored as new twice": (
        Kind.TWO_ANSWERS, (appends, lambda f: f.append(6, 7, "c", 2, first=3), full_read),
    ),
    "appends out of their order in time": (
        Kind.ORDER,
        (lambda f: f.append(0, 1, "b", first=2), lambda f: f.append(2, 3, "a", first=1),
         final_read("a b")),
    ),
    "appends out of their order in time, with others between": (
        Kind.ORDER,
        (lambda f: f.append(0, 1, "c", first=3), lambda f: f.append(2, 9, "a", first=1),
         lambda f: f.append(0, 9, "b", first=2), final_read("a b c")),
    ),
    "an unknown append before one that began after it was settled": (
        Kind.ORDER,
        (lambda f: f.append(0, 10, "b", end="unknown"),
         lambda f: f.append(11, 12, "b", first=2),
         lambda f: f.append(13, 14, "a", first=1), final_read("a b")),
    ),
    "a conflict with a later version": (
        Kind.WRONG_CONFLICT,
        (appends, lambda f: f.append(2, 3, "x", 1, end="conflict", version=5), full_read),
    ),
    "a conflict with an earlier version": (
        Kind.WRONG_CONFLICT,
        (appends, lambda f: f.append(6, 7, "x", 5, end="conflict", version=3), full_read),
    ),
    "a conflict with the middle of an append": (
        Kind.WRONG_CONFLICT,
        (appends, lambda f: f.append(4, 5, "x", 1, end="conflict", version=4), full_read),
    ),
    "a conflict with a version never reached": (
        Kind.WRONG_CONFLICT,
        (appends, lambda f: f.append(6, 7, "x", 1, end="conflict", version=9), full_read),
    ),
    "a conflict with the expected version": (
        Kind.WRONG_CONFLICT,
        (appends, lambda f: f.append(6, 7, "x", 5, end="conflict", version=5), full_read),
    ),
    "a conflict without an expectation": (
        Kind.WRONG_CONFLICT,
        (appends, lambda f: f.append(6, 7, "x", end="conflict", version=5), full_read),
    ),
    "a conflict with a stream that exists": (
        Kind.WRONG_CONFLICT,
        (appends, lambda f: f.append(0, 1, "x", "exists", end="conflict", version=2), full_read),
    ),
    "two conflicts that contradict each other": (
        Kind.WRONG_CONFLICT,
        (lambda f: f.append(0, 10, "a", first=1),
         lambda f: f.append(1, 2, "x", 7, end="conflict", version=1),
         lambda f: f.append(3, 4, "y", 7, end="conflict", version=0), final_read("a")),
    ),
    "a read with a gap": (
        Kind.NOT_A_PREFIX, (appends, lambda f: f.read(6, 7, "a b d", at=[1, 2, 4]), full_read),
    ),
    "a read that begins late": (
        Kind.NOT_A_PREFIX, (appends, lambda f: f.read(6, 7, "b c d e", at=[2, 3, 4, 5]), full_read),
    ),
    "a read of an event that was never appended": (
        Kind.NOT_A_PREFIX, (appends, lambda f: f.read(6, 7, "a b c d e x"), full_read),
    ),
    "a read of another event": (
        Kind.NOT_A_PREFIX, (appends, lambda f: f.read(6, 7, "a b x d e"), full_read),
    ),
    "a read of too many events": (
        Kind.NOT_A_PREFIX, (appends, lambda f: f.read(6, 7, "a b c", count=2), full_read),
    ),
    "a backward read that ends early": (
        Kind.NOT_A_PREFIX,
        (appends, lambda f: f.read(6, 7, "e d c", at=[5, 4, 3], backward=True), full_read),
    ),
    "a backward read from too high": (
        Kind.NOT_A_PREFIX,
        (appends, lambda f: f.read(6, 7, "e", 4, at=[5], backward=True, count=1), full_read),
    ),
    "a stale read": (Kind.STALE_READ, (appends, lambda f: f.read(6, 7, "a b c"), full_read)),
    "a stale read of nothing": (Kind.STALE_READ, (appends, lambda f: f.read(6, 7, ""), full_read)),
    "a stale read from the middle": (
        Kind.STALE_READ, (appends, lambda f: f.read(6, 7, "", 4), full_read),
    ),
    "a stale backward read": (
        Kind.STALE_READ, (appends, lambda f: f.read(6, 7, "c b a", backward=True), full_read),
    ),
    "a stale serial read": (
        Kind.STALE_READ, (appends, lambda f: f.read(6, 7, "a b c", serial=True), full_read),
    ),
    "a stale version": (Kind.STALE_READ, (appends, lambda f: f.version(6, 7, 3), full_read)),
    "a serial read that sees less than another before it": (
        Kind.STALE_READ,
        (appends, lambda f: f.read(4.1, 4.2, "a b c d e", serial=True),
         lambda f: f.read(4.3, 4.4, "a b c", serial=True), full_read),
    ),
    "a serial read that sees less than a quorum read before it": (
        Kind.STALE_READ,
        (appends, lambda f: f.read(4.1, 4.2, "a b c d"),
         lambda f: f.read(4.3, 4.4, "a b c", serial=True), full_read),
    ),
    "a read of the future": (
        Kind.FUTURE_READ, (appends, lambda f: f.read(2, 3, "a b c d"), full_read),
    ),
    "a partial read of the future": (
        Kind.FUTURE_READ, (appends, lambda f: f.read(2, 3, "d", 4, count=1), full_read),
    ),
    "a serial read of the future": (
        Kind.FUTURE_READ, (appends, lambda f: f.read(2, 3, "a b c d e", serial=True), full_read),
    ),
    "a version of the future": (
        Kind.FUTURE_READ, (appends, lambda f: f.version(2, 3, 5), full_read),
    ),
    "a serial read of half an append": (
        Kind.TORN_READ, (appends, lambda f: f.read(4, 5, "a b c d", serial=True), full_read),
    ),
    "a version inside an append": (
        Kind.TORN_READ, (appends, lambda f: f.version(4, 5, 4), full_read),
    ),
    "a hole that does not exist": (
        Kind.FALSE_HOLE, (appends, lambda f: f.read(6, 7, "", end="hole"), full_read),
    ),
    "an error that is not allowed": (
        Kind.ERROR,
        (appends, lambda f: f.append(6, 7, "x", end="error"),
         lambda f: f.append(8, 9, "x", end="refused"), full_read),
    ),
    "an unknown outcome that is never settled": (
        Kind.UNSETTLED, (appends, lambda f: f.append(6, 16, "x", end="unknown"), full_read),
    ),
    "an unknown outcome that a refusal does not settle": (
        Kind.UNSETTLED,
        (appends, lambda f: f.append(6, 16, "x", end="unknown"),
         lambda f: f.append(17, 18, "x", end="refused"), full_read),
    ),
    "an answer far too late": (
        Kind.OVERDUE,
        (appends, lambda f: f.append(6, 18.5, "x", 9, end="conflict", version=5), full_read),
    ),
    "no answer": (
        Kind.NEVER_ENDED,
        (appends, lambda f: f.append(6, None, "x", end=None),
         lambda f: f.append(17, 18, "x", end="refused"), full_read),
    ),
    "a stream that begins late though a truncation was refused": (
        Kind.OVER_ERASED,
        (appends, witnessed, lambda f: f.erase(8, 9, 4, end="refused"), rest_read),
    ),
    "a stream that begins later than it was truncated": (
        Kind.OVER_ERASED, (appends, witnessed, lambda f: f.erase(8, 9, 3), rest_read),
    ),
    "a stream that is closed though nobody closed it": (
        Kind.OVER_ERASED, (appends, lambda f: f.version(6, 7, MAX_VERSION), full_read),
    ),
    "a truncation that erased what was acknowledged later": (
        Kind.LOST,
        (appends, witnessed, lambda f: f.erase(8, 9, 6, "delete"),
         lambda f: f.append(10, 11, "f", first=6), final_read("")),
    ),
    "a stream that is whole though it was truncated": (
        Kind.RESURRECTED, (appends, witnessed, lambda f: f.erase(8, 9, 4), full_read),
    ),
    "a read of what is gone": (
        Kind.RESURRECTED,
        (appends, witnessed, lambda f: f.erase(8, 9, 4), lambda f: f.read(10, 11, "a b c d e"),
         rest_read),
    ),
    "a backward read of what is gone": (
        Kind.RESURRECTED,
        (appends, witnessed, lambda f: f.erase(8, 9, 4),
         lambda f: f.read(10, 11, "e d c b a", backward=True), rest_read),
    ),
    "a truncation that kept more than it was told": (
        Kind.RESURRECTED,
        (appends, witnessed, lambda f: f.erase(8, 9, 4, kept=3),
         lambda f: f.read(90, 91, "c d e", at=[3, 4, 5], final=True)),
    ),
    "a stream that is open again": (
        Kind.RESURRECTED,
        (appends, witnessed, lambda f: f.erase(8, 9, 6, "close"),
         lambda f: f.version(10, 11, 5), final_read("")),
    ),
    "a deletion at another version": (
        Kind.UNMET,
        (appends, witnessed, lambda f: f.erase(8, 9, 4, "delete", kept=6), final_read("")),
    ),
    "a deletion that conflicts with the version that it expects": (
        Kind.WRONG_CONFLICT,
        (appends, witnessed, lambda f: f.erase(8, 9, 6, "delete", end="conflict"), full_read),
    ),
    "a truncation that reports a version inside an append": (
        Kind.TORN_READ, (appends, witnessed, lambda f: f.erase(8, 9, 4, version=4), rest_read),
    ),
    "a read that is cut though nothing was erased meanwhile": (
        Kind.FALSE_HOLE,
        (appends, witnessed, lambda f: f.erase(8, 9, 4),
         lambda f: f.read(10, 11, "", end="truncated"), rest_read),
    ),
    "a stale read of a truncated stream": (
        Kind.STALE_READ,
        (appends, witnessed, lambda f: f.erase(8, 9, 3), lambda f: f.read(10, 11, "c", at=[3]),
         lambda f: f.read(90, 91, "c d e", at=[3, 4, 5], final=True)),
    ),
    "an unknown append that is not in a truncated stream": (
        Kind.UNSETTLED,
        (appends, witnessed, lambda f: f.append(6, 16, "x", end="unknown"),
         lambda f: f.erase(8, 9, 4), rest_read),
    ),
    "no last read": (Kind.UNPROVEN, (appends,)),
}  # fmt: skip
