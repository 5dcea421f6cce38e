"""What sequencers report to hooks, in runs that do each of the things reported."""

from collections import Counter
from typing import Any

from event_store_async.hooks import (
    EntryLost,
    EntryPublished,
    FeedPageRead,
    LeadershipChanged,
    Record,
    RoundEnded,
    ScanFound,
)

from .mutants import CRASH, DUEL
from .world import Plan, simulate


def reported(plan: Plan, seeds: int = 3) -> list[Record]:
    """Return what some runs report; their outcomes are those of runs without hooks."""
    records: list[Record] = []
    for seed in range(seeds):
        outcome = simulate(seed, plan, (records.append,))
        assert outcome == simulate(seed, plan)
        assert not outcome.wrong
    return records


def of(records: list[Record], kind: type) -> list[Any]:
    return [record for record in records if isinstance(record, kind)]


def test_each_entry_is_published_by_one_sequencer() -> None:
    """An entry is reported once, whatever dies: or not at all, if its sequencer did then."""
    records: list[Record] = []
    simulate(1, CRASH, (records.append,))

    published = Counter(record.entry for record in of(records, EntryPublished))
    pages = of(records, FeedPageRead)
    assert set(published.values()) == {1}
    assert max(published) == pages[-1].head.entry
    assert sum(page.events for page in pages) == pages[-1].head.ordinal
    assert all(page.head - page.position >= 0 for page in pages)


def test_the_delay_is_that_of_the_oldest_announcement() -> None:
    delays = [record.delay for record in of(reported(CRASH), EntryPublished)]

    assert delays
    assert all(delay is not None and 0 <= delay < 4000 for delay in delays), "lanes are read hourly"


def test_a_round_reports_what_it_left() -> None:
    rounds = of(reported(CRASH), RoundEnded)

    assert {record.undecided > 0 for record in rounds} == {True, False}
    for record in rounds:
        assert (record.oldest is None) == (record.undecided == 0)
        assert record.undecided_events >= record.undecided


def test_an_entry_that_another_sequencer_appended_first_is_reported() -> None:
    records = reported(DUEL, seeds=8)
    lost = of(records, EntryLost)

    assert lost
    assert {each.entry for each in lost} <= {each.entry for each in of(records, EntryPublished)}


def test_the_lead_is_reported_when_it_changes() -> None:
    """Nobody takes it twice without losing it, or dying, in between."""
    changes = of(reported(Plan(writers=2, crashes=1)), LeadershipChanged)

    assert changes[0].leads
    assert {change.leads for change in changes} <= {True, False}


def test_what_nobody_announced_is_reported() -> None:
    records = reported(Plan(old_writers=1.0, crashes=0, fresh=True), seeds=2)
    found = of(records, ScanFound)

    assert found
    assert all(record.events > 0 and record.version > 0 for record in found)
    silent = [each for each in of(records, EntryPublished) if each.delay is None]
    assert sum(each.events for each in silent) >= sum(each.events for each in found)
