"""
Keys under faults: errors that promise "nothing was changed" are raised only if that is proved.

Each operation meets every pair of a first fault and a last one. Whatever it ends with, the table
shows afterwards whether that was true, also after requests that arrive late.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore, RequestRefused, StoreClosed, StoreUnavailable
from event_store_async.cassandra import CassandraKeyStore, RewrapReport
from event_store_async.errors import (
    EventStoreError,
    KeyOutcomeUnknown,
    SubjectForgotten,
)
from event_store_async.subject_key import ForgottenSubject, SubjectKey

from ..fixtures import faulty as faults
from ..fixtures.faulty import Behaviour, FaultySession, Gate, Send
from ..fixtures.keys import XorWrapper
from ..fixtures.server import Server
from ..fixtures.stores import QUICK
from ..fixtures.time import PassingTime, UntilItsDeadline
from .test_promises import FIRST, LAST, READS, Late, arrives_late, passes

PROMISING = (StoreUnavailable, RequestRefused, StoreClosed, SubjectForgotten)

Found = SubjectKey | ForgottenSubject | None


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def table(server: Server, store: EventStore) -> None:
    """Create the table of keys in the keyspace of the module."""
    await store.key_store(None).create_schema(server.replication)


@pytest.fixture
def subject() -> str:
    return f"customer-{uuid4().hex}"


@pytest.fixture
def keys(store: EventStore) -> CassandraKeyStore:
    """Give a key store without faults, with an old and a new master key."""
    return store.key_store(XorWrapper("old", "new"))


@pytest_asyncio.fixture
async def faulty_keys(faulty: FaultySession, keyspace: str) -> CassandraKeyStore:
    """Give a key store on the faulty session, with its statements prepared."""
    return await on(faulty, keyspace)


async def on(faulty: FaultySession, keyspace: str) -> CassandraKeyStore:
    made = CassandraKeyStore(
        faulty, wrapper=XorWrapper("old", "new"), keyspace=keyspace, settings=QUICK
    )
    one, other = (f"prepares-{uuid4().hex}" for _ in range(2))
    for each in (one, other):
        await made.forget(each)
        await made.key_for([each], renew=True)
        await made.forget(each)
    return made


async def found(keys: CassandraKeyStore, subject: str) -> Found:
    return (await keys.get([subject])).get(subject)


def then(behaviour: Behaviour, meanwhile: Callable[[], Coroutine[Any, Any, object]]) -> Behaviour:
    """Return a fault, after which something else happens before the request is repeated."""

    async def both(send: Send) -> object:
        try:
            return await behaviour(send)
        finally:
            await asyncio.ensure_future(meanwhile())

    return both


# Every pair of faults


async def nothing(keys: CassandraKeyStore, subject: str) -> None:
    """Begin with a subject that is not known."""


async def a_key(keys: CassandraKeyStore, subject: str) -> None:
    """Begin with a subject that has a key."""
    await keys.key_for([subject])


async def a_tombstone(keys: CassandraKeyStore, subject: str) -> None:
    """Begin with a subject that is forgotten."""
    await keys.key_for([subject])
    await keys.forget(subject)


async def create(keys: CassandraKeyStore, subject: str) -> SubjectKey:
    return (await keys.key_for([subject]))[subject]


async def renew(keys: CassandraKeyStore, subject: str) -> SubjectKey:
    return (await keys.key_for([subject], renew=True))[subject]


async def forget(keys: CassandraKeyStore, subject: str) -> ForgottenSubject:
    return await keys.forget(subject)


Operation = Callable[[CassandraKeyStore, str], Awaitable[SubjectKey | ForgottenSubject]]

OPERATIONS: dict[str, tuple[Operation, Operation | Callable[..., Awaitable[None]]]] = {
    "create": (create, nothing),
    "renew": (renew, a_tombstone),
    "forget": (forget, a_key),
    "forget unknown": (forget, nothing),
}


@pytest.mark.parametrize("reading", READS, ids=lambda fault: fault.__name__)
@pytest.mark.parametrize(("operation", "given"), OPERATIONS.values(), ids=OPERATIONS)
async def test_an_error_that_promises_tells_the_truth(
    store: EventStore,
    keys: CassandraKeyStore,
    keyspace: str,
    passing_time: PassingTime,
    operation: Operation,
    given: Any,
    reading: Behaviour,
) -> None:
    broken = []
    faulty = FaultySession(store._engine.session.raw)
    opened = await on(faulty, keyspace)
    for first, last in product(FIRST, LAST):
        subject, late = f"subject-{uuid4().hex}", Late()
        await given(keys, subject)
        before = await found(keys, subject)
        faulty.batches.append(late if first is arrives_late else first)
        faulty.always = last if last is passes else UntilItsDeadline(last, passing_time)
        # The first read is let through, so that the call comes to its compare-and-set.
        faulty.reads.extend([passes, *[reading] * 20])

        outcome: Any
        try:
            outcome = await operation(opened, subject)
        except EventStoreError as error:
            outcome = error

        await late.arrive()
        faulty.always = None
        faulty.reads.clear()
        faulty.batches.clear()
        there = await found(keys, subject)
        again = await operation(opened, subject)
        if not is_true(outcome, before, there) or again != await found(keys, subject):
            broken.append((first.__name__, last.__name__, repr(outcome), before, there))
        if isinstance(outcome, SubjectKey | ForgottenSubject) and again != outcome:
            broken.append((first.__name__, last.__name__, "repeated", outcome, again))
    assert broken == []


def is_true(outcome: Any, before: Found, there: Found) -> bool:
    """Return whether an outcome is true of what was there before, and is there now."""
    if isinstance(outcome, SubjectKey | ForgottenSubject):
        return there == outcome
    if isinstance(outcome, PROMISING):
        return there == before
    return isinstance(outcome, KeyOutcomeUnknown)


# What happens between two attempts


async def test_two_writers_have_one_key_if_an_answer_is_lost(
    keys: CassandraKeyStore, faulty_keys: CassandraKeyStore, faulty: FaultySession, subject: str
) -> None:
    for fault in (faults.lose_answer, faults.lose_request):
        name = f"{subject}-{fault.__name__}"
        faulty.batches.append(then(fault, partial(create, keys, name)))
        assert await create(faulty_keys, name) == await create(keys, name)


async def test_a_key_that_was_created_and_destroyed_is_not_created_again(
    keys: CassandraKeyStore, faulty_keys: CassandraKeyStore, faulty: FaultySession, subject: str
) -> None:
    faulty.batches.append(then(faults.lose_answer, lambda: keys.forget(subject)))
    with pytest.raises(SubjectForgotten):
        await create(faulty_keys, subject)
    assert isinstance(await found(keys, subject), ForgottenSubject)


async def test_a_key_that_was_renewed_and_destroyed_does_not_come_back(
    keys: CassandraKeyStore, faulty_keys: CassandraKeyStore, faulty: FaultySession, subject: str
) -> None:
    seen: list[Found] = []

    async def look_and_forget() -> None:
        seen.append(await found(keys, subject))
        await keys.forget(subject)

    await keys.forget(subject)
    faulty.batches.append(then(faults.lose_answer, look_and_forget))

    renewed = await renew(faulty_keys, subject)

    destroyed = seen[0]
    assert isinstance(destroyed, SubjectKey)
    assert renewed.id != destroyed.id
    assert renewed.secret != destroyed.secret


async def test_forgetting_spares_the_key_of_who_has_come_back_since(
    keys: CassandraKeyStore, faulty_keys: CassandraKeyStore, faulty: FaultySession, subject: str
) -> None:
    back: list[SubjectKey] = []

    async def come_back() -> None:
        back.append(await renew(keys, subject))

    await create(keys, subject)
    faulty.batches.append(then(faults.lose_answer, come_back))

    forgotten = await faulty_keys.forget(subject)

    assert await found(keys, subject) == back[0]
    assert (await keys.status([subject]))[subject].forgotten_at == forgotten.forgotten_at


async def test_forgetting_keeps_the_time_of_who_was_quicker(
    keys: CassandraKeyStore, faulty_keys: CassandraKeyStore, faulty: FaultySession, subject: str
) -> None:
    first: list[ForgottenSubject] = []

    async def be_quicker() -> None:
        first.append(await keys.forget(subject))

    await create(keys, subject)
    faulty.batches.append(then(faults.lose_request, be_quicker))

    assert await faulty_keys.forget(subject) == first[0]


async def test_a_key_that_is_rewrapped_meanwhile_is_destroyed_all_the_same(
    store: EventStore,
    keys: CassandraKeyStore,
    faulty_keys: CassandraKeyStore,
    faulty: FaultySession,
    subject: str,
) -> None:
    await create(store.key_store(XorWrapper("old")), subject)
    faulty.batches.append(then(faults.lose_request, keys.rewrap))

    forgotten = await faulty_keys.forget(subject)

    assert await found(keys, subject) == forgotten


@pytest.mark.parametrize("operation", [create, renew], ids=["create", "renew"])
async def test_a_late_request_does_not_bring_a_key_back(
    keys: CassandraKeyStore,
    faulty_keys: CassandraKeyStore,
    faulty: FaultySession,
    subject: str,
    passing_time: PassingTime,
    operation: Operation,
) -> None:
    if operation is renew:
        await a_tombstone(keys, subject)
    late = Late()
    faulty.always = UntilItsDeadline(late, passing_time)
    with pytest.raises(KeyOutcomeUnknown) as caught:
        await operation(faulty_keys, subject)
    assert (caught.value.subject, caught.value.action) == (subject, "create")
    faulty.always = None

    if operation is renew:  # as if it had been renewed, and then forgotten
        await renew(keys, subject)
    forgotten = await keys.forget(subject)
    await late.arrive()

    assert await found(keys, subject) == forgotten


async def test_a_late_rewrapping_does_not_bring_a_key_back(
    store: EventStore,
    keys: CassandraKeyStore,
    faulty_keys: CassandraKeyStore,
    faulty: FaultySession,
    subject: str,
    passing_time: PassingTime,
) -> None:
    await keys.rewrap()
    await create(store.key_store(XorWrapper("old")), subject)
    late = Late()
    faulty.always = UntilItsDeadline(late, passing_time)
    with pytest.raises(KeyOutcomeUnknown) as caught:
        await faulty_keys.rewrap()
    assert (caught.value.subject, caught.value.action) == (subject, "rewrap")
    faulty.always = None

    forgotten = await keys.forget(subject)
    await late.arrive()

    assert await found(keys, subject) == forgotten


# Re-wrapping under faults


@pytest.mark.parametrize("fault", [faults.lose_answer, faults.lose_request])
async def test_a_rewrapping_whose_answer_is_lost_is_settled(
    store: EventStore,
    keys: CassandraKeyStore,
    faulty_keys: CassandraKeyStore,
    faulty: FaultySession,
    subject: str,
    fault: Behaviour,
) -> None:
    await keys.rewrap()
    key = await create(store.key_store(XorWrapper("old")), subject)
    faulty.batches.append(fault)

    report = await faulty_keys.rewrap()

    assert isinstance(report, RewrapReport)
    assert (report.rewrapped, report.failed) == (1, 0)
    assert set(report.masters) == {"new"}
    assert await found(store.key_store(XorWrapper("new")), subject) == key


async def test_a_rewrapping_meets_a_subject_that_is_forgotten_meanwhile(
    store: EventStore,
    keys: CassandraKeyStore,
    faulty_keys: CassandraKeyStore,
    faulty: FaultySession,
    subject: str,
) -> None:
    await keys.rewrap()
    await create(store.key_store(XorWrapper("old")), subject)
    faulty.batches.append(then(faults.lose_request, lambda: keys.forget(subject)))

    report = await faulty_keys.rewrap()

    assert report.rewrapped == 0
    assert isinstance(await found(keys, subject), ForgottenSubject)


# Cancellation and closing


@pytest.mark.parametrize(("operation", "given"), OPERATIONS.values(), ids=OPERATIONS)
async def test_a_cancelled_call_can_be_repeated(
    keys: CassandraKeyStore,
    faulty_keys: CassandraKeyStore,
    faulty: FaultySession,
    gate: Gate,
    subject: str,
    operation: Operation,
    given: Any,
) -> None:
    await given(keys, subject)
    faulty.batches.append(gate)
    doing = asyncio.ensure_future(operation(faulty_keys, subject))
    await gate.arrived.wait()
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing

    gate.opened.set()  # the request that was sent arrives nevertheless
    result = await operation(faulty_keys, subject)

    assert await found(keys, subject) == result == await operation(keys, subject)


async def test_closing_waits_for_a_call(
    faulty_keys: CassandraKeyStore, faulty: FaultySession, gate: Gate, subject: str
) -> None:
    faulty.batches.extend([faults.lose_answer, gate])
    doing = asyncio.ensure_future(faulty_keys.forget(subject))
    await gate.arrived.wait()
    closing = asyncio.ensure_future(faulty_keys.close())
    await asyncio.sleep(0)
    gate.opened.set()
    await closing

    assert doing.done()
    assert isinstance(doing.result(), ForgottenSubject)
    with pytest.raises(StoreClosed):
        await faulty_keys.forget(subject)


async def test_an_event_store_that_closes_waits_for_its_key_stores(
    faulty_store: EventStore, faulty: FaultySession, gate: Gate, subject: str
) -> None:
    keys = faulty_store.key_store(None)
    await keys.status([subject])
    faulty.batches.extend([faults.lose_answer, gate])
    doing = asyncio.ensure_future(keys.forget(subject))
    await gate.arrived.wait()
    closing = asyncio.ensure_future(faulty_store.close())
    await asyncio.sleep(0)
    gate.opened.set()
    await closing

    assert isinstance(doing.result(), ForgottenSubject)
    with pytest.raises(StoreClosed):
        await keys.status([subject])
