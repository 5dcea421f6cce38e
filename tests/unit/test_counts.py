"""Counts in words."""

import re
from pathlib import Path

import event_store_async
from event_store_async.counts import counted

PACKAGE = Path(event_store_async.__file__).parent


def test_one_is_singular() -> None:
    assert [counted(number, "stream") for number in (0, 1, 2, 1200)] == [
        "0 streams",
        "1 stream",
        "2 streams",
        "1,200 streams",
    ]
    assert counted(2, "reply", "replies") == "2 replies"


def test_no_message_avoids_the_question() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert "(s)" not in path.read_text("utf-8"), path


def test_the_command_counts_events_and_streams_with_it() -> None:
    by_hand = re.compile(r"\{[^{}]*\} (events?|streams?|bytes?|statements?)\b(?!/s)")
    for path in (PACKAGE / "cli").rglob("*.py"):
        assert by_hand.findall(path.read_text("utf-8")) == [], path
