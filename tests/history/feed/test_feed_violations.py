"""The checker finds every kind of violation in fabricated readings, and none in valid ones."""

import logging
from pathlib import Path
from uuid import UUID

import pytest

from event_store_async import Position

from ..builder import SECOND
from ..intents import Intent
from ..operations import Append, Span
from ..violations import Verdict
from .builder import FeedBuilder
from .check import check_feed
from .delays import delays_of, share
from .deliveries import Delivery, Item, Located, Trouble
from .fabricated import FABRICATED, LOG, Part, appends, lied, seen
from .kinds import FeedKind
from .lines import line_of, parse
from .readings import FOLDER, load_readings
from .recorder import FeedRecorder


def verdict_on(*parts: Part) -> Verdict:
    builder = FeedBuilder()
    for part in parts:
        part(builder)
    return check_feed(builder.history, builder.readings)


TRUE: dict[str, Part] = {
    "nothing else": lambda _: None,
    "the events of a killed process again, from a stored position": lambda f: f.read(
        9, "s2 t1! s3 t2 t3!", after=1, by="r.3"
    ),
    "a page that says where the feed ends": lambda f: f.read(9, LOG, head=6, by="p.1"),
    "a selection": lambda f: f.read(9, "1:s1 2:s2 4:s3 5:t2", types=("odd",), position=6, by="p.1"),
    "a page without a selected event": lambda f: (
        f.read(9, "s1 s2", types=("odd",), by="p.1"),
        f.read(10, "", types=("odd",), after=2, position=3, by="p.1"),
        f.read(11, "4:s3 5:t2", types=("odd",), after=3, position=6, by="p.1"),
    ),
    "the position of an event": lambda f: f.locate(9, "s3", 4),
    "a position after an event": lambda f: f.locate(9, "s1", 3),
    "an append that was refused": lambda f: f.append(8, 9, "t4", end="conflict"),
    "an append that never got an answer": lambda f: f.append(8, None, "t4", end=None),
}


@pytest.mark.parametrize("also", TRUE.values(), ids=TRUE)
def test_valid_readings_have_no_violations(also: Part) -> None:
    assert verdict_on(appends, seen, also).violations == []


def test_concurrent_appends_of_a_store_may_stand_in_any_order() -> None:
    def both(f: FeedBuilder) -> None:
        f.append(0, 2, "s1").append(1, 3, "t1").streams("s1", "t1")

    assert verdict_on(both, lambda f: f.log("s1 t1")).valid
    assert verdict_on(both, lambda f: f.log("t1 s1")).valid


def test_appends_of_two_stores_may_stand_in_any_order() -> None:
    def both(f: FeedBuilder) -> None:
        f.append(0, 1, "s1").append(2, 3, "t1", by="other").streams("s1", "t1")

    assert verdict_on(both, lambda f: f.log("t1 s1")).valid


def test_an_append_that_another_store_repeated_may_stand_anywhere() -> None:
    def repeated(f: FeedBuilder) -> None:
        f.append(0, None, "s1", end=None)
        f.append(1, 2, "t1", by="heir").append(3, 4, "s1", by="heir", earlier=True)
        f.append(5, 6, "u1", by="heir").streams("s1", "t1", "u1")

    for log in ("s1 t1 u1", "t1 s1 u1", "t1 u1 s1"):
        assert verdict_on(repeated, lambda f, log=log: f.log(log)).valid  # type: ignore[misc]


def test_an_event_may_be_late_while_things_fail() -> None:
    def late(f: FeedBuilder) -> None:
        f.append(0, 1, "s1").streams("s1").quiet(500).read(559, "s1").log("s1")

    assert verdict_on(late).valid


@pytest.mark.parametrize(("kind", "parts"), FABRICATED.values(), ids=FABRICATED)
def test_a_violation_is_found(kind: FeedKind, parts: tuple[Part, ...]) -> None:
    assert kind in verdict_on(*parts).kinds


def test_there_are_fabricated_readings_for_every_kind() -> None:
    assert {kind for kind, _ in FABRICATED.values()} == set(FeedKind)


def test_a_skipped_event_is_nothing_else() -> None:
    verdict = verdict_on(*lied("s1 s2 t1! s3 t2"), lambda f: f.read(9, "s1", by="q.1"))

    assert set(verdict.kinds) == {FeedKind.FEED_SKIPPED, FeedKind.FEED_STUCK}


def test_a_delay_is_from_the_acknowledgement_to_the_first_reader() -> None:
    builder = FeedBuilder()
    appends(builder)
    seen(builder)

    verdict = check_feed(builder.history, builder.readings)
    assert verdict.counts["delay, longest, milliseconds"] == 2500
    assert verdict.counts["events in the feed"] == 6

    intent = Intent(("a",), [Append(Span("w", 1, 0, SECOND, 9.0), "s", "any", ("a",), "stored")])
    assert delays_of([intent], {"a": SECOND // 2})[0].seconds == 0, "seen before it was answered"
    assert share([], 0.5) == 0


def test_lines_and_back() -> None:
    item = Item(1, "s", 2, "id", "odd")
    for value in (
        Delivery(5, "r.1", "r", 0, (item,), 3, 7, ("odd",), True),
        Delivery(5, "r.1", "r", 0, (), 3),
        Located(6, "r.1", "s", 2, 1),
        Trouble(7, "r.1", True, "in vain"),
        Trouble(7, "r.1", False, "StreamHole"),
    ):
        assert parse(line_of(value)) == value


def test_what_is_recorded_is_read_back_without_a_line_that_was_cut(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    feed = UUID(int=1)
    with FeedRecorder(folder / "reader-1.1.jsonl", "reader-1.1", "reader-1") as recorder:
        recorder.delivered(None, [Item(1, "s", 1, "id", "odd")], Position(feed, 1, 1, 1))
        recorder.located("s", 1, Position(feed, 1, 1, 1))
        recorder.trouble("StreamHole")
        logging.getLogger("event_store_async").error("in %s", "vain")
        logging.getLogger("event_store_async").warning("an outage")
    with (folder / "reader-1.1.jsonl").open("a") as file:
        file.write('{"at":1,"by":')

    readings = load_readings(tmp_path)

    assert readings is not None
    assert [each.items[0].event for each in readings.deliveries] == ["id"]
    assert [each.ordinal for each in readings.located] == [1]
    assert [(each.alarm, each.what) for each in readings.troubles] == [
        (False, "StreamHole"),
        (True, "in vain"),
    ]
    assert load_readings(folder) is None
