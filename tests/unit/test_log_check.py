"""What the log check makes of entries, right and forged."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from event_store_async.cassandra import FeedFinding, FeedFindingKind
from event_store_async.cassandra.feed.entry import Entry, Link, Links
from event_store_async.cassandra.feed.log_check import LogCheck, Share

A, B, C = (UUID(int=number) for number in (2, 4, 5))
ALL = Share()
Runs = Sequence[tuple[UUID, int, int]]
"""Links as stream, first version and number of events."""


def checked(
    *entries: Runs | None, share: Share = ALL, judges_entries: bool = True
) -> list[FeedFinding]:
    """Return what is wrong with entries; one that is None is missing."""
    findings: list[FeedFinding] = []
    check = LogCheck(share, findings.append, judges_entries=judges_entries)
    ordinal = 1
    for number, links in enumerate(entries, 1):
        if links is None:
            check.lacks(number, "it is missing from the log")
            ordinal += 1
            continue
        check.take(Entry(number, ordinal, Links.of([Link(*link) for link in links]), 0))
        ordinal += sum(link[2] for link in links)
    check.end()
    return findings


def facts(findings: list[FeedFinding]) -> list[tuple[str, UUID | None, int | None, int | None]]:
    return [(each.kind.value, each.stream_id, each.version, each.entry) for each in findings]


def test_a_sound_log_has_no_findings() -> None:
    assert checked([(A, 1, 2), (B, 1, 1)], [(A, 3, 1)], [(B, 2, 5), (A, 4, 1)]) == []


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([[(A, 1, 1)], [(A, 1, 1)]], [("repeated", A, 1, 2)]),
        ([[(A, 1, 1), (A, 1, 1)]], [("repeated", A, 1, 1)]),
        ([[(A, 1, 3)], [(A, 2, 4)]], [("repeated", A, 2, 2)]),
        ([[(A, 1, 1)], [(A, 3, 2)]], [("missing", A, 2, 2)]),
        ([[(A, 2, 1)]], [("missing", A, 1, 1)]),
        ([[(A, 2, 1)], [(A, 1, 1)]], [("misplaced", A, 1, 2)]),
        (
            [[(A, 1, 1)], [(A, 5, 1)], [(A, 3, 1)]],
            [("misplaced", A, 3, 3), ("missing", A, 2, 2), ("missing", A, 4, 2)],
        ),
        (
            [[(A, 2, 1)], [(A, 1, 1)], [(A, 1, 1)]],
            [("misplaced", A, 1, 2), ("repeated", A, 1, 3)],
        ),
        (
            [[(A, 1, 1)], None, [(A, 3, 1), (B, 1, 1)]],
            [("entry", None, None, 2), ("missing", A, 2, 3)],
        ),
    ],
)
def test_a_forged_log_is_found_out(
    entries: list[Runs | None], expected: list[tuple[str, UUID | None, int, int]]
) -> None:
    assert facts(checked(*entries)) == expected


def test_what_is_gone_on_with_after_an_error_is_not_an_error_again() -> None:
    """A stream whose events are there twice goes on after the last of them."""
    assert facts(checked([(A, 1, 3)], [(A, 1, 5)], [(A, 6, 1)])) == [("repeated", A, 1, 2)]


def test_ordinals_must_count_on() -> None:
    findings: list[FeedFinding] = []
    check = LogCheck(Share(), findings.append)
    for number, ordinal in ((1, 1), (2, 3), (3, 4), (4, 4)):
        check.take(Entry(number, ordinal, Links.of([Link(A, number, 1)]), 0))

    assert facts(findings) == [("ordinal", None, None, 2), ("ordinal", None, None, 4)]


def test_each_share_has_its_own_streams() -> None:
    """Entries are judged in one of them alone."""
    entries: list[Runs | None] = [[(A, 2, 1), (C, 2, 1)], None, [(B, 7, 1)]]
    first, second = Share().halves()
    even = checked(*entries, share=first)
    odd = checked(*entries, share=second, judges_entries=False)

    assert facts(even) == [
        ("entry", None, None, 2),
        ("missing", A, 1, 1),
        ("missing", B, 1, 3),
    ]
    assert facts(odd) == [("missing", C, 1, 1)]


def test_the_streams_of_the_log_are_remembered_until_they_are_taken() -> None:
    check = LogCheck(Share(), lambda _: None)
    check.take(Entry(1, 1, Links.of([Link(A, 1, 2), Link(B, 1, 1)]), 0))
    check.take(Entry(2, 4, Links.of([Link(A, 3, 1)]), 0))

    assert check.pop(A) == (3, 2)
    assert check.pop(C) == (0, 0)
    assert check.rest() == [(B, 1, 1)]
    assert len(check) == 1


def test_a_finding_is_a_line() -> None:
    finding = FeedFinding(FeedFindingKind.MISSING, "version 2 is not in the log", A, 2, 7)

    assert (
        str(finding)
        == f"feed, stream {A}, version 2, entry 7: missing: version 2 is not in the log"
    )


def test_shares_are_halved_without_loss() -> None:
    shares = [Share()]
    for _ in range(3):
        shares = [half for share in shares for half in share.halves()]

    for number in range(100):
        assert sum(share.has(UUID(int=number)) for share in shares) == 1
    assert {share.of for share in shares} == {8}
