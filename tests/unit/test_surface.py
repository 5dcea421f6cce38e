"""
Arguments of the wrong kind are refused at once, whatever they are, by everything public.

What is public is found from what is exported, what is wrong from the type hints. A new public name
is tried without a word here, or fails until it is.
"""

import asyncio
import contextlib
import inspect
import pickle
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from event_store_async import (
    EventStore,
    InvalidArgument,
    JsonCodec,
    MemoryEventStore,
    Settings,
    SnapshotStore,
)
from event_store_async.aggregates import Reducer, Repository, Snapshot, SnapshotCache
from event_store_async.archive import export_events, import_events
from event_store_async.correlation import correlated
from event_store_async.maintenance import survey_streams, verify_streams

from .surface.attempts import ALSO, attempt
from .surface.hints import fits
from .surface.junk import DRAWN, JUNK
from .surface.targets import ENDLESS, GIVEN, NOT_CALLED, Target, Unreachable, World, nested, targets

REDUCER: Reducer[int, Any] = Reducer(0, lambda balance, _: balance)
PARAMETERS = [
    (target, parameter)
    for target in targets()
    if target.name not in NOT_CALLED
    for parameter in target.parameters
]
CALLED = sorted({target for target, _ in PARAMETERS}, key=str)
NESTED = [
    pytest.param(target, parameter, id=f"{target}({parameter})")
    for target, parameter in PARAMETERS
    if any(nested(target.hints.get(parameter, Any), World()))
]


def test_nothing_public_is_left_out_without_a_reason() -> None:
    names = {target.name for target in targets()}

    assert set(NOT_CALLED) <= names
    assert {*ALSO, *GIVEN} <= names - set(NOT_CALLED)
    assert not [
        f"{target}({parameter}) has no type hint"
        for target, parameter in PARAMETERS
        if parameter not in target.hints and parameter not in {"args", "kwds"}
    ]


@pytest.mark.parametrize("target", CALLED, ids=str)
async def test_right_arguments_are_made_of_the_hints(target: Target) -> None:
    # Otherwise the tests below would see what is wrong with those.
    for parameter in target.parameters:
        right = target.arguments(World())
        if parameter in right:
            assert await attempt(target, parameter, right[parameter], nested=True) is None


@pytest.mark.parametrize("target", CALLED, ids=str)
async def test_arguments_of_the_wrong_kind_are_refused(target: Target) -> None:
    wrong: dict[tuple[str, str], list[str]] = {}
    for parameter in target.parameters:
        for name, junk in JUNK.items():
            if (target.name, parameter) in ENDLESS and name.startswith(("endless", "range")):
                continue
            if found := await attempt(target, parameter, junk()):
                wrong.setdefault((parameter, found), []).append(name)

    assert wrong == {}


@pytest.mark.parametrize(("target", "parameter"), NESTED)
async def test_values_are_looked_at_where_they_are_used(target: Target, parameter: str) -> None:
    wrong: dict[tuple[str, str, str], list[str]] = {}
    for cls, field, changed in nested(target.hints[parameter], World()):
        for name, junk in JUNK.items():
            if found := await attempt(target, parameter, changed(junk()), nested=True):
                wrong.setdefault((cls.__name__, field, found), []).append(name)

    assert wrong == {}


SNAPSHOTS = [
    Target(f"SnapshotStore.{method}", SnapshotStore, method)
    for method in ("load", "save", "reject", "forget", "converted")
]
"""The methods of the stored snapshots, which no public class has; but for `save_soon`."""


@pytest.mark.parametrize("target", SNAPSHOTS, ids=str)
async def test_stored_snapshots_refuse_arguments_of_the_wrong_kind(target: Target) -> None:
    wrong: dict[tuple[str, str], list[str]] = {}
    for parameter in target.parameters:
        for name, junk in JUNK.items():
            if found := await attempt(target, parameter, junk()):
                wrong.setdefault((parameter, found), []).append(name)

    assert wrong == {}


@pytest.mark.parametrize("parameter", ["stream_id", "kind", "snapshot"])
async def test_a_save_in_the_background_raises_nothing_and_saves_nothing_wrong(
    parameter: str,
) -> None:
    snapshot: Snapshot[Any] = Snapshot({}, 1, datetime(2026, 1, 1, tzinfo=UTC))
    right: dict[str, Any] = {"stream_id": uuid4(), "kind": "account/1", "snapshot": snapshot}
    hints = Target("SnapshotStore.save_soon", SnapshotStore, "save_soon").hints
    async with MemoryEventStore() as store:
        for junk in JUNK.values():
            given = junk()
            if not fits(hints[parameter], given):
                store.snapshots.save_soon(**{**right, parameter: given})

    assert store._table.snapshot_rows._rows == {}


@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(PARAMETERS), DRAWN)
def test_whatever_is_given_only_arguments_are_refused(
    place: tuple[Target, str], junk: object
) -> None:
    target, parameter = place
    assume((target.name, parameter) not in ENDLESS)

    assert asyncio.run(attempt(target, parameter, junk)) is None


def test_a_class_in_place_of_an_instance_has_a_hint() -> None:
    codec: Any = JsonCodec
    with pytest.raises(InvalidArgument, match="JsonCodec") as caught:
        MemoryEventStore(codec=codec)

    assert caught.value.hint == "give an instance: JsonCodec(…)"


def test_a_cache_belongs_to_one_repository() -> None:
    cache = SnapshotCache()
    one = Repository(MemoryEventStore(), REDUCER, cache=cache)

    with pytest.raises(InvalidArgument, match="one repository"):
        Repository(MemoryEventStore(), REDUCER, cache=cache)
    assert one is not None


def test_a_request_cannot_take_longer_than_its_call() -> None:
    with pytest.raises(InvalidArgument, match="request_timeout"):
        Settings(timeout=1, request_timeout=3)

    assert Settings(timeout=1).request_timeout == 1
    assert Settings().request_timeout == 3


def test_a_copy_of_the_settings_has_the_default_again() -> None:
    short = Settings(timeout=1)
    copies = [replace(short, timeout=20), replace(pickle.loads(pickle.dumps(short)), timeout=20)]

    assert [copy.request_timeout for copy in copies] == [3, 3]
    assert replace(copies[0], timeout=2).request_timeout == 2
    assert replace(copies[0], timeout=2) == Settings(timeout=2)
    assert replace(Settings(timeout=20, request_timeout=1), timeout=30).request_timeout == 1
    with pytest.raises(InvalidArgument, match="request_timeout"):
        replace(Settings(request_timeout=3.0), timeout=1)


async def test_a_generator_with_ids_can_be_closed_in_another_context() -> None:
    async def messages() -> AsyncGenerator[int, None]:
        with correlated("c"):
            yield 1  # noqa: ASYNC119
            yield 2  # noqa: ASYNC119

    left = messages()
    await asyncio.create_task(anext(left))

    await left.aclose()


async def test_ids_last_as_long_as_the_generator_that_set_them() -> None:
    store, stream = MemoryEventStore(), uuid4()

    async def messages() -> AsyncGenerator[int, None]:
        with correlated("c"):
            yield 1  # noqa: ASYNC119
            yield 2  # noqa: ASYNC119

    async with contextlib.aclosing(messages()) as left:
        await anext(left)
        inside = await store.persist_events(stream, ["a"])
    after = await store.persist_events(stream, ["b"])

    assert inside.events[0].metadata == {"correlation_id": "c"}
    assert after.events[0].metadata is None


async def test_ids_that_a_thread_sets_do_not_reach_its_starter() -> None:
    store = MemoryEventStore()
    # As FastAPI runs a synchronous dependency: each half in a thread, in a copy of the context.
    block = correlated("c")
    await asyncio.to_thread(block.__enter__)
    lost = await store.persist_events(uuid4(), ["a"])
    await asyncio.to_thread(block.__exit__, None, None, None)

    with correlated("c"):  # as an async one does
        kept = await store.persist_events(uuid4(), ["a"])

    assert lost.events[0].metadata is None
    assert kept.events[0].metadata == {"correlation_id": "c"}


RUNS: list[tuple[Callable[..., Any], list[Any]]] = [
    (survey_streams, []),
    (verify_streams, []),
    (export_events, [Path("never-written")]),
    (import_events, [Path("never-read")]),
]
"""Functions over whole stores, with what they take besides the store."""


@pytest.mark.parametrize(("run", "places"), RUNS)
async def test_runs_over_whole_stores_check_before_they_send(
    run: Callable[..., Any], places: list[Any]
) -> None:
    session: Any = Unreachable()
    names = list(inspect.signature(run).parameters)
    for parameter in names:
        store = EventStore(session, keyspace="bank", settings=Settings(timeout=0.2))
        arguments = dict(zip(names, [store, *places], strict=False))
        # None is right for a checkpoint and for on_stream; an object without anything never is.
        with pytest.raises(InvalidArgument, match=parameter):
            await run(**{**arguments, parameter: object()})
