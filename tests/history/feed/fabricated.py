"""Fabricated readings: one for each kind of violation, and more if it has several forms."""

from collections.abc import Callable

from .builder import FeedBuilder
from .kinds import FeedKind

Part = Callable[[FeedBuilder], object]

LOG = "s1 s2 t1! s3 t2 t3!"


def appends(f: FeedBuilder) -> None:
    """Four appends of one store, one after the other; the streams as the last reads show them."""
    f.append(0, 1, "s1 s2")
    f.append(2, 3, "t1")
    f.append(4, 5, "s3", by="other")
    f.append(6, 7, "t2 t3")
    f.streams("s1 s2 s3", "t1 t2 t3")
    f.quiet(20)


def seen(f: FeedBuilder) -> None:
    """Two readers that saw everything, in two processes each, and the last reading."""
    f.read(3.5, "s1 s2 t1!")
    f.read(8, "s3 t2 t3!", after=3, by="r.2")
    f.read(5.5, "s1 s2 t1! s3", by="q.1")
    f.read(9, "t2 t3!", after=4, by="q.2")
    f.log(LOG)


def lied(log: str) -> tuple[Part, ...]:
    """Return the appends, and a feed that every reader saw like this."""
    return (appends, lambda f: f.read(8, log), lambda f: f.log(log))


FABRICATED: dict[str, tuple[FeedKind, tuple[Part, ...]]] = {
    "an event is skipped": (FeedKind.FEED_SKIPPED, lied("s1 s2 t1! s3 t2")),
    "an event in the middle is skipped": (FeedKind.FEED_SKIPPED, lied("s1 t1! s3 t2 t3!")),
    "a stream is skipped": (FeedKind.FEED_SKIPPED, lied("s1 s2 s3")),
    "an event comes twice": (FeedKind.FEED_TWICE, lied("s1 s2 t1! t1! s3 t2 t3!")),
    "an event comes again at the end": (FeedKind.FEED_TWICE, lied(f"{LOG} s2")),
    "versions are out of order": (FeedKind.FEED_VERSIONS, lied("s2 s1 t1! s3 t2 t3!")),
    "versions are out of order, with others between": (
        FeedKind.FEED_VERSIONS, lied("s1 s2 t2 s3 t1! t3!"),
    ),
    "an earlier append of the same store comes later": (
        FeedKind.FEED_ORDER, lied("t1! s1 s2 s3 t2 t3!"),
    ),
    "an earlier append comes later, with others between": (
        FeedKind.FEED_ORDER,
        (lambda f: f.append(0, 1, "s1"), lambda f: f.append(0, 9, "t1"),
         lambda f: f.append(2, 3, "u1"), lambda f: f.streams("s1", "t1", "u1"),
         lambda f: f.log("u1 t1 s1")),
    ),
    "an earlier append that was settled by its repetition comes later": (
        FeedKind.FEED_ORDER,
        (lambda f: f.append(0, 1, "s1", end="unknown"),
         lambda f: f.append(2, 3, "s1", earlier=True), lambda f: f.append(4, 5, "t1"),
         lambda f: f.streams("s1", "t1"), lambda f: f.log("t1 s1")),
    ),
    "an event that no stream holds": (FeedKind.FEED_PHANTOM, lied(f"{LOG} s4")),
    "an event of a stream that does not exist": (FeedKind.FEED_PHANTOM, lied(f"{LOG} u1")),
    "another event than its stream's": (FeedKind.FEED_PHANTOM, lied("s1 s2x t1! s3 t2 t3!")),
    "an event whose append was refused": (
        FeedKind.FEED_REFUSED,
        (lambda f: f.append(7, 8, "t4", end="conflict"), *lied(f"{LOG} t4")),
    ),
    "an event whose append was refused, seen by one reader only": (
        FeedKind.FEED_REFUSED,
        (lambda f: f.append(7, 8, "t4", end="refused"), appends, seen,
         lambda f: f.read(9, "t4", after=6, by="q.3")),
    ),
    "an event is delivered before its append": (
        FeedKind.FEED_FUTURE, (appends, seen, lambda f: f.read(5.8, "t2", after=4, by="q.3")),
    ),
    "a gap in the positions": (FeedKind.FEED_GAP, lied("s1 s2 4:t1! s3 t2 t3!")),
    "positions that begin late": (FeedKind.FEED_GAP, lied("2:s1 s2 t1! s3 t2 t3!")),
    "two events at one position": (FeedKind.FEED_GAP, lied("s1 s2 2:t1! s3 t2 t3!")),
    "two readers with different orders": (
        FeedKind.FEED_DIFFERENT, (appends, seen, lambda f: f.read(9, "s1 s2 s3 t1!", by="p.1")),
    ),
    "a reader with other positions": (
        FeedKind.FEED_DIFFERENT, (appends, seen, lambda f: f.read(9, "s1 s2 4:t1!", by="p.1")),
    ),
    "an event of which only one reader knows": (
        FeedKind.FEED_DIFFERENT, (appends, seen, lambda f: f.read(9, "s1 t1! s2", by="p.1")),
    ),
    "an event with the type of another": (
        FeedKind.FEED_DIFFERENT, (appends, seen, lambda f: f.read(9, "s1!", by="p.1")),
    ),
    "the event of the position is delivered again": (
        FeedKind.FEED_AGAIN, (appends, seen, lambda f: f.read(9, "6:t3!", after=6, by="r.2")),
    ),
    "a page is delivered in the wrong order": (
        FeedKind.FEED_AGAIN, (appends, seen, lambda f: f.read(9, "2:s2 1:s1", by="p.1")),
    ),
    "a reader passes an event that it did not get": (
        FeedKind.FEED_PASSED, (appends, seen, lambda f: f.read(9, "1:s1 3:t1!", by="p.1")),
    ),
    "a position passes what a page left out at its end": (
        FeedKind.FEED_PASSED, (appends, seen, lambda f: f.read(9, "s1 s2", position=4, by="p.1")),
    ),
    "an empty page passes an event": (
        FeedKind.FEED_PASSED, (appends, seen, lambda f: f.read(9, "", position=1, by="p.1")),
    ),
    "a selected event is passed": (
        FeedKind.FEED_PASSED,
        (appends, seen, lambda f: f.read(9, "1:s1 4:s3", types=("odd",), position=4, by="p.1")),
    ),
    "a process goes on behind what it got": (
        FeedKind.FEED_PASSED,
        (appends, seen, lambda f: f.read(9, "s1 s2", by="p.1"),
         lambda f: f.read(10, "4:s3", after=3, by="p.1")),
    ),
    "a new process goes on behind what its predecessors got": (
        FeedKind.FEED_PASSED,
        (appends, seen, lambda f: f.read(9, "s1 s2", by="p.1"),
         lambda f: f.read(10, "4:s3", after=3, by="p.2")),
    ),
    "an event that was not selected": (
        FeedKind.FEED_UNWANTED, (appends, seen,
                                 lambda f: f.read(9, "s1 s2 t1!", types=("odd",), by="p.1")),
    ),
    "a position before its event": (
        FeedKind.FEED_BEFORE, (appends, seen, lambda f: f.locate(9, "s3", 3)),
    ),
    "a position for an event that is not in the feed": (
        FeedKind.FEED_BEFORE, (appends, seen, lambda f: f.locate(9, "s4", 6)),
    ),
    "an end of the feed that it never had": (
        FeedKind.FEED_BEYOND, (appends, seen, lambda f: f.read(9, "s1", head=7, by="p.1")),
    ),
    "an event long after everything is quiet": (
        FeedKind.FEED_LATE,
        (appends, lambda f: f.read(8, "s1 s2 t1! s3 t2"), lambda f: f.read(81, "t3!", after=5),
         lambda f: f.log(LOG)),
    ),
    "an event that only the last reading shows": (
        FeedKind.FEED_LATE,
        (appends, lambda f: f.read(8, "s1 s2 t1! s3 t2"), lambda f: f.log(LOG)),
    ),
    "a reader that stops early": (
        FeedKind.FEED_STUCK, (appends, seen, lambda f: f.read(9, "s1 s2", by="p.1")),
    ),
    "a reader that gets an error": (
        FeedKind.FEED_BROKEN, (appends, seen, lambda f: f.trouble(9, "StreamHole")),
    ),
    "an alarm of the library": (
        FeedKind.FEED_ALARM, (appends, seen, lambda f: f.trouble(9, "in vain", alarm=True)),
    ),
    "no last reading": (FeedKind.FEED_UNPROVEN, (appends, lambda f: f.read(8, LOG))),
}  # fmt: skip
