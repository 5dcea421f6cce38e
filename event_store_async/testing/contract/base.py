"""What the tests of the contract share: the store, its capabilities, and helpers to read."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Protocol, Self, TypeVar
from uuid import UUID, uuid4

import pytest

from ...codec import Codec
from ...events import RecordedEvent
from ...ports import EventReaderWriter
from ...settings import Settings

_Test = TypeVar("_Test", bound=Callable[..., Any])


class ContractStore(EventReaderWriter, Protocol):
    """A store that the tests open and therefore close."""

    async def close(self) -> None:
        """Close the store; further calls raise `StoreClosed`."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, *_: object) -> None: ...


def needs(*capabilities: str) -> Callable[[_Test], _Test]:
    """Skip a test if the store lacks a capability, named as the flag of the contract's class."""

    def mark(test: _Test) -> _Test:
        test.__dict__["needs"] = capabilities
        return test

    return mark


class ContractBase:
    """The base of all tests of the contract: capabilities and fixtures."""

    opens_others: ClassVar[bool] = True
    keeps_json: ClassVar[bool] = True
    follows: ClassVar[bool] = False
    lists_streams: ClassVar[bool] = False
    is_monitored: ClassVar[bool] = False

    def reopened(
        self,
        store: Any,
        *,
        codec: Codec | None = None,
        codecs: Iterable[Codec] = (),
        settings: Settings | None = None,
    ) -> ContractStore:
        """
        Return a second store on the same streams, as another process would open it.

        The tests close it; *store* must stay open.

        Args:
            store: The store of the fixture ``store``.
            codec: Writes payloads; None for the store's default codec.
            codecs: Further codecs for reading.
            settings: Limits, look-back, sources of time and ids, hooks.
        """
        raise NotImplementedError("override `reopened`, or set `opens_others = False`")

    @pytest.fixture
    def stream_id(self) -> UUID:
        """Return the id of a stream that does not exist yet."""
        return uuid4()

    @pytest.fixture(autouse=True)
    def _capable(self, request: pytest.FixtureRequest) -> None:
        for capability in getattr(request.function, "needs", ()):
            if not getattr(self, capability):
                pytest.skip(f"{type(self).__name__}.{capability} is False")


async def read_all(
    store: EventReaderWriter, stream_id: UUID, *bounds: int, **options: Any
) -> list[RecordedEvent]:
    """Return the events of a read as a list."""
    return [event async for event in store.read_events(stream_id, *bounds, **options)]


def payloads(events: Iterable[RecordedEvent]) -> list[Any]:
    """Return the payloads of events."""
    return [event.payload for event in events]
