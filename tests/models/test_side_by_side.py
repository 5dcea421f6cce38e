"""
Random programs have the same results on Cassandra and in memory.

They append, read, follow, list, truncate, delete and close streams, and repeat what they did.

A small fixed set runs with the suite. Ten thousand random programs, which take long:

    pytest tests/models --hypothesis-profile=long
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from event_store_async import (
    ANY,
    NO_STREAM,
    STREAM_EXISTS,
    NewEvent,
    Polling,
)

from .extent import TIMEOUT, extent
from .world import World, read, take, versions

SOON = Polling(shortest=0.0001, longest=0.001)


@dataclass(frozen=True)
class At:
    """An expected version, relative to the stream's version."""

    distance: int


@dataclass(frozen=True)
class Append:
    """An append of a program: to a stream by number, with an expectation still to be resolved."""

    stream: int
    events: list[Any]
    expected: Any
    category: str | None = None

    def through(self, store: Any) -> Any:
        """Return the store to append through: itself, or its view of the category."""
        return store if self.category is None else store.category(self.category)


PAYLOADS = st.one_of(
    st.none(),
    st.integers(-9, 9),
    st.text(max_size=5),
    st.lists(st.booleans(), max_size=3),
    st.text("abc", min_size=15, max_size=40),  # two or three of them are too large
    st.just({1, 2}),  # JSON refuses it
)
IDENTIFIED = st.builds(
    NewEvent,
    payload=PAYLOADS,
    type=st.sampled_from([None, "opened", "geschloßen"]),
    metadata=st.sampled_from([None, {}, {"by": "ann"}]),
    # Few, so that programs use the same ids again.
    event_id=st.integers(1, 6).map(lambda number: UUID(int=number << 64)),
)
EVENTS = st.lists(st.one_of(IDENTIFIED, IDENTIFIED, PAYLOADS), max_size=4) | st.lists(
    st.integers(0, 9), max_size=7
)
EXPECTED = st.one_of(
    st.sampled_from([ANY, STREAM_EXISTS, NO_STREAM]),
    st.just(At(0)),
    st.integers(-3, 2).map(At),
    st.sampled_from([1, 2, 3, -1, None, 2**31 - 3]),
)
STREAMS = st.integers(0, 1)
WRITERS = st.sampled_from([0, 0, 0, 1, 1, 2])
CATEGORIES = st.sampled_from([None, None, None, "account", "account", "order"])
APPENDS = st.builds(Append, STREAMS, EVENTS, EXPECTED, CATEGORIES)


@dataclass
class Followed:
    """
    A stream that is followed on both stores of a pair.

    Attributes:
        stream_id: The stream.
        next: The version of the next event.
        events: The followers.
    """

    stream_id: UUID
    next: int
    events: list[Any]


class SideBySide(RuleBasedStateMachine):
    """The state of a program: its streams, and the appends that it can repeat."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        world.begin()
        self.streams = [uuid4(), uuid4()]
        self.past: list[Append] = []
        self.followers: list[Followed] = []

    def both(self, writer: int, call: Callable[[Any], Any]) -> None:
        """Make a call on both stores of a pair, and compare the outcomes."""
        pair = self.world.pairs[writer]
        cassandra = self.world.outcome(call(pair.cassandra))
        memory = self.world.outcome(call(pair.memory))
        assert cassandra == memory

    def resolved(self, append: Append) -> Append:
        """Return an append with its relative expectation resolved to an exact version."""
        if not isinstance(append.expected, At):
            return append
        memory = self.world.pairs[0].memory
        version = self.world.run(memory.current_version(self.streams[append.stream]))
        return replace(append, expected=max(0, version + append.expected.distance))

    def make(self, writer: int, append: Append) -> None:
        append = self.resolved(append)
        self.world.step()
        self.past.append(append)
        stream_id = self.streams[append.stream]
        self.both(
            writer,
            lambda store: append.through(store).try_persist_events(
                stream_id, append.events, append.expected
            ),
        )

    @rule(writer=WRITERS, append=APPENDS)
    def append(self, writer: int, append: Append) -> None:
        self.make(writer, append)

    @precondition(lambda self: self.past)
    @rule(writer=WRITERS, which=st.integers(0, 20), begin=st.integers(0, 1), more=EVENTS)
    def repeat_in_part(self, writer: int, which: int, begin: int, more: list[Any]) -> None:
        earlier = self.past[-1 - which % len(self.past)]
        self.make(writer, replace(earlier, events=[*earlier.events[begin:], *more[:1]]))

    @precondition(lambda self: self.past)
    @rule(writer=WRITERS, which=st.integers(0, 20))
    def repeat(self, writer: int, which: int) -> None:
        self.make(writer, self.past[-1 - which % len(self.past)])

    @precondition(lambda self: self.past)
    @rule(writer=WRITERS, which=st.integers(0, 20), expected=EXPECTED)
    def repeat_with_another_expectation(self, writer: int, which: int, expected: Any) -> None:
        earlier = self.past[-1 - which % len(self.past)]
        self.make(writer, replace(earlier, expected=expected))

    @precondition(lambda self: self.past)
    @rule(writer=WRITERS, which=st.integers(0, 20), category=CATEGORIES)
    def repeat_in_another_category(self, writer: int, which: int, category: str | None) -> None:
        earlier = self.past[-1 - which % len(self.past)]
        self.make(writer, replace(earlier, category=category))

    @rule(writer=WRITERS, appends=st.lists(APPENDS, min_size=2, max_size=4))
    def append_all_at_once(self, writer: int, appends: list[Append]) -> None:
        appends = [self.resolved(append) for append in appends]
        self.world.step()

        async def together(store: Any) -> list[object]:
            results = await asyncio.gather(
                *(
                    append.through(store).try_persist_events(
                        self.streams[append.stream], append.events, append.expected
                    )
                    for append in appends
                ),
                return_exceptions=True,
            )
            return [
                (type(result), result.args, vars(result))
                if isinstance(result, BaseException)
                else result
                for result in results
            ]

        self.both(writer, together)

    @rule(writer=WRITERS, stream=STREAMS, distance=st.integers(-6, 2), repeats=st.booleans())
    def truncate(self, writer: int, stream: int, distance: int, repeats: bool) -> None:
        self.end_following(stream)
        stream_id = self.streams[stream]
        version = self.world.run(self.world.pairs[0].memory.current_version(stream_id))
        for _ in range(1 + repeats):
            self.both(
                writer,
                lambda store: store.truncate_stream(stream_id, before=max(0, version + distance)),
            )

    @rule(writer=WRITERS, stream=STREAMS, expected=EXPECTED)
    def delete(self, writer: int, stream: int, expected: Any) -> None:
        self.end_following(stream)
        wanted = self.resolved(Append(stream, [], expected)).expected
        self.both(writer, lambda store: store.delete_stream(self.streams[stream], wanted))

    @precondition(lambda self: len(self.past) % 5 == 4)  # else programs would end too early
    @rule(writer=WRITERS, stream=STREAMS, append=APPENDS)
    def close(self, writer: int, stream: int, append: Append) -> None:
        self.end_following(stream)
        self.both(writer, lambda store: store.close_stream(self.streams[stream]))
        if isinstance(append.expected, At):
            append = replace(append, expected=0)
        self.make(writer, replace(append, stream=stream))
        self.both(writer, lambda store: store.close_stream(self.streams[stream]))
        self.both(writer, lambda store: store.truncate_stream(self.streams[stream], before=3))
        self.both(writer, lambda store: store.delete_stream(self.streams[stream]))
        self.both(0, lambda store: versions(store, self.streams))
        self.both(0, lambda store: read(store, self.streams[stream], {}))
        self.streams[stream] = uuid4()

    def end_following(self, stream: int) -> None:
        """End the followers of a stream: one may have fetched what is erased now, or not."""
        stream_id = self.streams[stream]
        for followed in self.followers:
            if followed.stream_id == stream_id:
                for events in followed.events:
                    self.world.run(events.aclose())
        self.followers = [each for each in self.followers if each.stream_id != stream_id]

    @rule(
        reader=st.integers(0, 2),
        stream=STREAMS,
        options=st.fixed_dictionaries(
            {},
            optional={
                "from_version": st.none() | st.integers(0, 14),
                "max_count": st.none() | st.integers(0, 9),
                "backward": st.booleans(),
                "page_size": st.none() | st.integers(1, 4),
                "serial": st.sampled_from([False, False, True]),
            },
        ),
    )
    def read_a_range(self, reader: int, stream: int, options: dict[str, Any]) -> None:
        self.both(reader, lambda store: read(store, self.streams[stream], options))

    @rule(reader=st.integers(0, 2), stream=STREAMS, from_version=st.none() | st.integers(0, 9))
    def begin_to_follow(self, reader: int, stream: int, from_version: int | None) -> None:
        pair, stream_id = self.world.pairs[reader], self.streams[stream]

        async def follow(store: Any) -> Any:
            return store.follow(stream_id, from_version, polling=SOON)

        pairs = [self.world.run(follow(store)) for store in (pair.cassandra, pair.memory)]
        self.followers.append(Followed(stream_id, max(from_version or 1, 1), pairs))

    @precondition(lambda self: self.followers)
    @rule(which=st.integers(0, 20), count=st.integers(1, 5))
    def go_on_following(self, which: int, count: int) -> None:
        followed = self.followers[which % len(self.followers)]
        memory = self.world.pairs[0].memory
        stream = memory._table.stream(followed.stream_id)
        followed.next = max(followed.next, stream.kept_from)
        count = min(count, stream.version - followed.next + 1)  # it would wait for more
        if count > 0:
            cassandra, in_memory = (
                self.world.run(take(events, count)) for events in followed.events
            )
            assert cassandra == in_memory
            followed.next += count

    @rule()
    def list_the_streams(self) -> None:
        self.both(0, lambda store: versions(store, self.streams))

    @rule(reader=st.integers(0, 2), stream=STREAMS)
    def ask_for_the_version(self, reader: int, stream: int) -> None:
        self.both(reader, lambda store: store.current_version(self.streams[stream]))

    @rule(writer=st.integers(0, 2))
    def forget_where_streams_are(self, writer: int) -> None:
        self.world.pairs[writer].cassandra._engine.known_heads.clear()

    def teardown(self) -> None:
        """Read everything at the end; the last pair can decode all of it."""
        for followed in self.followers:
            for events in followed.events:
                self.world.run(events.aclose())
        for stream_id in self.streams:
            for reader in (0, 2):
                for backward in (False, True):
                    options = {"backward": backward}
                    self.both(reader, lambda store: read(store, stream_id, options))  # noqa: B023


@pytest.mark.timeout(TIMEOUT)
def test_programs_have_the_same_results_on_cassandra_and_in_memory(world: World) -> None:
    class Here(SideBySide):
        def __init__(self) -> None:
            super().__init__(world)

    run_state_machine_as_test(Here, settings=extent(200))
