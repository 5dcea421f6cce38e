"""What needs the libraries of the extras, on the memory store."""

from uuid import uuid4

import msgspec
import pydantic
import pytest
from prometheus_client import CollectorRegistry

from event_store_async import MemoryEventStore, Settings
from event_store_async.privacy import FORGOTTEN, MemoryKeyStore, PersonalValue, PrivateEventStore
from event_store_async.telemetry.opentelemetry import OpenTelemetryHook
from event_store_async.telemetry.prometheus import PrometheusHook
from event_store_async.typed import EventType, EventTypes, TypedEventStore


class Opened(msgspec.Struct, frozen=True):
    """A msgspec event."""

    owner: str


class Deposited(pydantic.BaseModel, frozen=True):
    """A pydantic event."""

    cents: int


TYPES = EventTypes[Opened | Deposited](
    EventType(Opened, "opened"), EventType(Deposited, "deposited")
)


@pytest.mark.asyncio
async def test_typed_events_are_read_as_they_were_given() -> None:
    """With msgspec and pydantic."""
    events: list[Opened | Deposited] = [Opened("ann"), Deposited(cents=5000)]
    stream = uuid4()
    store = TypedEventStore(MemoryEventStore(), TYPES)
    await store.persist_events(stream, events)

    assert [event.payload async for event in store.read_events(stream)] == events


@pytest.mark.asyncio
async def test_what_is_personal_is_encrypted_and_forgotten() -> None:
    """With cryptography."""
    stream, memory = uuid4(), MemoryEventStore()
    store = PrivateEventStore(memory, MemoryKeyStore())
    await store.persist_events(stream, [{"name": PersonalValue("ann", "Ann")}])
    assert "Ann" not in repr([event.payload async for event in memory.read_events(stream)])
    assert [event.payload async for event in store.read_events(stream)] == [{"name": "Ann"}]

    await store.keys.forget("ann")
    assert [event.payload async for event in store.read_events(stream)] == [{"name": FORGOTTEN}]


@pytest.mark.asyncio
async def test_hooks_count_an_append() -> None:
    """With OpenTelemetry's API and with Prometheus."""
    registry = CollectorRegistry()
    hooks = (OpenTelemetryHook(), PrometheusHook(registry))
    async with MemoryEventStore(settings=Settings(hooks=hooks)) as store:
        await store.persist_events(uuid4(), [{"n": 1}])

    samples = [sample for metric in registry.collect() for sample in metric.samples]
    assert any("append" in sample.name and sample.value == 1 for sample in samples)


@pytest.mark.asyncio
async def test_a_large_payload_is_compressed_and_read() -> None:
    """With zstd."""
    stream = uuid4()
    store = MemoryEventStore(settings=Settings(compress_above=100))
    await store.persist_events(stream, ["a" * 1000])

    assert [event.payload async for event in store.read_events(stream)] == ["a" * 1000]
