"""Digests: as the documentation defines them; they ignore the order, and nothing else."""

import hashlib
import random
from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from event_store_async.maintenance import (
    StoredEvent,
    StoreDigest,
    StreamDigest,
    event_bytes,
)

from .events import EVENTS

STREAM = UUID("00000000-0000-4000-8000-000000000001")
EVENT = StoredEvent(STREAM, 2, b"{}", -1, STREAM, "a", None, b"")


def test_the_bytes_of_an_event_are_those_of_the_documentation() -> None:
    assert event_bytes(EVENT).hex(" ") == (
        "01 00 00 00 08 00 00 00 00 00 00 00 02 "  # version
        "01 00 00 00 08 ff ff ff ff ff ff ff ff "  # timestamp
        "01 00 00 00 10 00 00 00 00 00 00 40 00 80 00 00 00 00 00 00 01 "  # event id
        "01 00 00 00 01 61 "  # type
        "00 "  # content type
        "01 00 00 00 00 "  # metadata
        "01 00 00 00 02 7b 7d"  # payload
    )


def test_a_stream_is_a_chain_that_can_be_continued() -> None:
    other = replace(EVENT, version=3)
    chain = hashlib.sha256(STREAM.bytes).digest()
    for event in (EVENT, other):
        chain = hashlib.sha256(chain + event_bytes(event)).digest()

    begun = StreamDigest(STREAM)
    begun.add(EVENT)
    continued = StreamDigest(STREAM, begun.events, begun.value)
    continued.add(other)

    assert continued.value == chain
    assert continued.events == 2


@given(st.lists(EVENTS, max_size=8), st.randoms(use_true_random=False))
def test_a_store_is_a_sum_in_any_order(events: list[StoredEvent], chance: random.Random) -> None:
    streams = []
    for event in events:
        stream = StreamDigest(event.stream_id)
        stream.add(event)
        streams.append(stream)
    forward, shuffled, halves = StoreDigest(), StoreDigest(), [StoreDigest(), StoreDigest()]
    for stream in streams:
        forward.add(stream)
    chance.shuffle(streams)
    for number, stream in enumerate(streams):
        shuffled.add(stream)
        halves[number % 2].add(stream)
    halves[0].merge(halves[1])

    assert forward == shuffled == halves[0]
    assert int(str(forward), 16) == sum(
        int.from_bytes(stream.value, "big") for stream in streams
    ) % (2**256)
    assert StoreDigest(str(forward)) == forward


@given(EVENTS, EVENTS)
def test_different_events_have_different_bytes(one: StoredEvent, other: StoredEvent) -> None:
    other = replace(other, stream_id=one.stream_id)

    assert (event_bytes(one) == event_bytes(other)) == (one == other)


def test_a_stream_without_events_does_not_count() -> None:
    digest = StoreDigest()
    digest.add(StreamDigest(STREAM))

    assert str(digest) == "0" * 64
