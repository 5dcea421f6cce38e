"""Privacy: what encrypting a personal field costs, for appends and reads."""

import os
import statistics
import time
from typing import Final
from uuid import uuid4

from event_store_async import EventReaderWriter, EventStore, NewEvent
from event_store_async.privacy import MasterKeys, PersonalFields, PrivateEventStore

from .bench import OURS, Bench
from .peers import REPLICATION
from .results import Key

PRIVACY: Final = "privacy"
APPENDING: Final = "appending one event"
READING: Final = "reading a stream"
PLAIN: Final = "not encrypted"
ENCRYPTED: Final = "one field encrypted"
SUBJECTS: Final = "one field encrypted, keys of 500 subjects that are not cached"

EVENTS: Final = 5000
_APPENDS: Final = 100
_READS: Final = 5
_SUBJECTS: Final = 500
_KEYSPACE: Final = "bench_privacy"
_TYPE: Final = "moved"


async def privacy(bench: Bench) -> None:
    """
    Append events one after the other, and read a stream of 5,000, with and without encryption.

    Appends and the second read find the key in the cache. The third read begins with an empty
    cache, and with keys of 500 subjects, which are fetched and unwrapped.
    """
    masters = MasterKeys({"2026": os.urandom(32)})
    fields = {_TYPE: PersonalFields(subject="who", fields=["address"])}
    async with EventStore.connect(
        bench.contact, port=bench.port, keyspace=_KEYSPACE, local_datacenter="datacenter1"
    ) as store:
        await store.create_schema(REPLICATION)
        keys = store.key_store(masters)
        await keys.create_schema()
        private = PrivateEventStore(store, keys, fields)
        streams = {PLAIN: uuid4(), ENCRYPTED: uuid4(), SUBJECTS: uuid4()}
        for case, stream in streams.items():
            count = _SUBJECTS if case == SUBJECTS else 1
            for start in range(0, EVENTS, 500):
                bench.say(f"{PRIVACY}: filling", start / EVENTS / 3)
                events = [_event(number % count) for number in range(start, start + 500)]
                await (store if case == PLAIN else private).persist_events(stream, events, start)
        rounds = bench.rounds(bench.size.rounds)
        for number in range(rounds):
            bench.say(f"{PRIVACY}: round {number + 1}", number / rounds)
            for case, kept in ((PLAIN, store), (ENCRYPTED, private)):
                _add(bench, APPENDING, case, 0, await _append(kept))
            for case, stream in streams.items():
                taken = []
                for _ in range(_READS):
                    reader: EventReaderWriter = store
                    if case == ENCRYPTED:
                        reader = private
                    elif case == SUBJECTS:
                        reader = PrivateEventStore(store, keys, fields)
                    begin = time.perf_counter()
                    count = len([event async for event in reader.read_events(stream)])
                    taken.append(time.perf_counter() - begin)
                    if count != EVENTS:
                        raise AssertionError(f"{count} events were read, not {EVENTS}")
                _add(bench, READING, case, EVENTS, taken)


def _event(subject: int) -> NewEvent:
    payload = {"who": f"customer-{subject}", "address": "x" * 100, "amount": subject}
    return NewEvent(payload, _TYPE)


async def _append(store: EventReaderWriter) -> list[float]:
    stream, taken = uuid4(), []
    for version in range(_APPENDS):
        begin = time.perf_counter()
        await store.persist_events(stream, [_event(0)], version)
        taken.append(time.perf_counter() - begin)
    return taken


def _add(bench: Bench, what: str, case: str, events: int, taken: list[float]) -> None:
    milliseconds = round(statistics.median(taken) * 1000, 3)
    bench.results.add(Key(PRIVACY, OURS, f"{what}: {case}", events), {"p50_ms": milliseconds})
