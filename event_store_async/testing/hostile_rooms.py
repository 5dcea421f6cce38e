"""Hostile rooms: what a hostile store has besides streams, as far as the wrapped store has it."""

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import Any
from uuid import UUID

from ..health import Health
from ..ports import EventReaderWriter, HealthCheck, SnapshotStore
from ..ports.monitoring import prober
from ..ports.snapshots import reads_personal, snapshots_of
from ..ports.subscriptions import Subscriptions, subscriptions_of
from .hostile_snapshots import HostileSnapshots
from .hostile_subscriptions import HostileSubscriptions
from .injections import Choice, Chooser, Injection
from .older_checkpoints import OlderCheckpoints


class HostileRooms(HealthCheck):
    """Gives the stored snapshots and the subscriptions of the wrapped store, and its health."""

    _store: EventReaderWriter
    _chooser: Chooser
    _checkpoints: OlderCheckpoints
    _sleep: Callable[[float], Awaitable[Any]]

    @cached_property
    def snapshots(self) -> SnapshotStore:
        """The stored snapshots of the wrapped store, with faults; it must have some."""
        kept = snapshots_of(self._store)
        return HostileSnapshots(kept, self._chooser, self._choose, self._record)

    @property
    def subscriptions(self) -> Subscriptions:
        """The subscriptions of the wrapped store, with faults; it must have some."""
        kept = subscriptions_of(self._store)
        return HostileSubscriptions(
            kept, self._choose, self._record, self._sleep, self._checkpoints
        )

    @property
    def reads_personal(self) -> bool:
        """Whether the wrapped store decrypts personal values."""
        return reads_personal(self._store)

    async def health(self, *, timeout: float = 1.0) -> Health:
        """
        Return the wrapped store's own health; no fault is injected.

        Raises:
            InvalidArgument: the store has no ``health``, or *timeout* is not a positive number.
        """
        return await prober(self._store).health(timeout=timeout)

    async def _choose(self, stream_id: UUID | None, possible: frozenset[Injection]) -> Choice:
        raise NotImplementedError

    def _record(self, injection: Injection, stream_id: UUID | None) -> None:
        raise NotImplementedError
