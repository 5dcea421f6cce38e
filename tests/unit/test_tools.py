"""Small pure parts: moments, backoff, settings, known heads, gap check, statement files."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from event_store_async import Backoff, InvalidArgument, Settings
from event_store_async.cassandra.append.planner import KnownHeads
from event_store_async.cassandra.read.gap_check import GapCheck, Range
from event_store_async.cassandra.schema.tables import (
    FEED_SPECS,
    SNAPSHOTS,
    SPECS,
    SUBSCRIPTION_SPECS,
    StoreTables,
)
from event_store_async.cql_files import (
    cql_root,
    load_statements,
)
from event_store_async.follower import Wakeups
from event_store_async.moments import from_milliseconds, to_milliseconds


def test_timestamps_are_utc_with_milliseconds() -> None:
    moment = datetime(2013, 1, 1, 5, 15, 0, 123000, tzinfo=UTC)

    assert from_milliseconds(to_milliseconds(moment)) == moment
    assert from_milliseconds(0).tzinfo is UTC


def test_pauses_grow_to_a_bound_and_are_jittered() -> None:
    def take(value: float) -> list[float]:
        pauses = Backoff(initial=1.0, maximum=5.0, random=lambda: value).pauses()
        return [next(pauses) for _ in range(5)]

    assert take(1.0) == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert take(0.0) == [0.5, 1.0, 2.0, 2.5, 2.5]


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0},
        {"timeout": "10"},
        {"request_timeout": float("inf")},
        {"close_timeout": float("nan")},
        {"max_append_events": 0},
        {"max_append_bytes": 1.5},
        {"look_back": -1},
        {"max_in_flight": True},
        {"max_in_flight": 5000},
    ],
)
def test_invalid_settings(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match=next(iter(wrong))):
        Settings(**wrong)


def test_heads_are_bounded_and_forget_the_oldest() -> None:
    heads, (one, two, three) = KnownHeads(2, Wakeups()), (uuid4(), uuid4(), uuid4())
    heads.put(one, 1)
    heads.put(two, 2)
    heads.put(one, 3)
    heads.put(three, 4)

    assert [heads.get(stream) for stream in (one, two, three)] == [3, None, 4]
    heads.forget(one)
    assert heads.get(one) is None


def rows(*versions: int, head: int) -> list[tuple[Any, ...]]:
    return [(version, b"", 0, None, None, None, None, head) for version in versions]


def test_no_gap() -> None:
    progress = GapCheck(Range(uuid4(), 1, 100))

    assert len(progress.accept(rows(1, 2, 3, head=5), last_page=False)) == 3
    assert len(progress.accept(rows(4, 5, head=5), last_page=True)) == 2
    assert progress.hole is None


@pytest.mark.parametrize(
    ("versions", "head", "backward", "accepted", "hole"),
    [
        ([2, 3], 3, False, [], 1),
        ([1, 3], 3, False, [1], 2),
        ([1, 2], 3, False, [1, 2], 3),
        ([3, 2], 4, True, [], 4),
        ([4, 2], 4, True, [4], 3),
        ([4, 3], 4, True, [4, 3], 2),
    ],
)
def test_holes(
    versions: list[int], head: int, backward: bool, accepted: list[int], hole: int
) -> None:
    progress = GapCheck(Range(uuid4(), 100 if backward else 1, 100, backward))

    kept = progress.accept(rows(*versions, head=head), last_page=True)

    assert ([row[0] for row in kept], progress.hole) == (accepted, hole)


def test_a_gap_at_the_end_is_found_after_an_empty_last_page() -> None:
    progress = GapCheck(Range(uuid4(), 1, 100))
    progress.accept(rows(1, 2, head=3), last_page=False)
    progress.accept([], last_page=True)

    assert progress.hole == 3
    again = GapCheck(progress.wanted, progress.head)
    again.accept([], last_page=True)
    assert again.hole == 3, "a serial read that gives nothing does not excuse it"


def test_a_complete_range_has_no_gap() -> None:
    progress = GapCheck(Range(uuid4(), 1, 2))
    progress.accept(rows(1, 2, head=9), last_page=True)

    assert progress.hole is None


def test_every_statement_names_its_binds_in_order() -> None:
    root, tables = Path(str(cql_root())), StoreTables("k", "t")
    for entry in sorted((root / "statements").rglob("*.cql")):
        statement = tables.statement(entry.relative_to(root).with_suffix("").as_posix())
        header = entry.read_text(encoding="utf-8").partition("Binds: ")[2]
        comment = " ".join(
            line.removeprefix("--") for line in header.splitlines() if "--" in line or "(" in line
        )
        named = [name for name in statement.binds if f"{name} (" in comment]
        assert named == list(statement.binds), entry.name
        if not statement.binds:
            assert header.startswith("none"), entry.name


def test_migrations_are_numbered_without_gaps_and_hold_statements() -> None:
    for spec in (*SPECS, SNAPSHOTS, *FEED_SPECS, *SUBSCRIPTION_SPECS):
        migrations = spec.migrations_after(spec.first)

        assert [number for number, _ in migrations] == sorted(set(spec.columns) - {spec.first})
        assert sorted(spec.columns) == list(range(spec.first, spec.latest + 1))
        for _, name in migrations:
            assert load_statements(f"{spec.migrations}/{name}", keyspace="k", table="t")
