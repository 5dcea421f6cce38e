"""The recorders of the package eventsourcing, for its peers on PostgreSQL and SQLite."""

from collections.abc import Mapping
from importlib.metadata import version as version_of
from threading import Lock
from typing import Any
from uuid import UUID, uuid4

import orjson

from .followers import FollowerProcess
from .payloads import Payload
from .protocol import CommandRefused, Ready, Unavailable
from .threads import Writer

_AT_ONCE = 1000
_HINT = "pip install 'event_store_async[bench]'"
APPLICATION = "bench"
"""The name of the application whose events they are."""

TOPIC = "benchmark:Deposited"
"""The topic of its events."""


class RecorderPeer:
    """
    An application recorder, which stores the events of an application of that package.

    Its optimistic lock is the primary key (originator_id, originator_version): the second writer
    gets an IntegrityError.

    Args:
        name: The peer's name.
        guarantees: What it promises.
        notes: Further notes.
        environment: The settings of the package's infrastructure.
        follower: Runs a projection of the events in another process; None if nothing does.
    """

    def __init__(
        self,
        name: str,
        guarantees: str,
        notes: str,
        environment: Mapping[str, str],
        follower: FollowerProcess | None = None,
    ) -> None:
        try:
            from eventsourcing.persistence import (
                InfrastructureFactory,
                InfrastructureFactoryError,
                IntegrityError,
                StoredEvent,
            )
            from eventsourcing.utils import Environment
        except ModuleNotFoundError as error:
            raise Unavailable(str(error), _HINT) from error
        self._name = name
        self._guarantees = guarantees
        self._notes = notes
        self._follower = follower
        self._event = StoredEvent
        self._conflict = IntegrityError
        try:
            self._factory: Any = InfrastructureFactory.construct(
                Environment(APPLICATION, environment)
            )
        except InfrastructureFactoryError as error:  # psycopg is not installed
            raise Unavailable(str(error), _HINT) from error
        self._recorder = self._factory.application_recorder()

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        notes = f"ApplicationRecorder.insert_events and select_events in threads; {self._notes}"
        return Ready(self._name, version_of("eventsourcing"), self._guarantees, notes)

    def own(self, stream: UUID) -> Writer:
        """Append at the version after the last append."""
        version = 0

        def write(payload: Payload) -> int:
            nonlocal version
            self._insert(stream, version, [payload])
            version += 1
            return 0

        return write

    def hot(self, stream: UUID) -> Writer:
        """Append in turns, at the version last seen."""
        version = 0
        turn = Lock()

        def write(payload: Payload) -> int:
            nonlocal version
            with turn:
                conflicts = 0
                while True:
                    try:
                        self._insert(stream, version, [payload])
                    except self._conflict:
                        conflicts += 1
                        (last,) = self._recorder.select_events(stream, desc=True, limit=1)
                        version = last.originator_version
                    else:
                        version += 1
                        return conflicts

        return write

    def fill(self, stream: UUID, payloads: list[Payload]) -> None:
        """Insert in batches."""
        for start in range(0, len(payloads), _AT_ONCE):
            self._insert(stream, start, payloads[start : start + _AT_ONCE])

    def read(self, stream: UUID, page_size: int | None) -> int:
        """Select all events at once, as the package does, or in pages if a size is given."""
        count = 0
        after = 0
        while True:
            events = self._recorder.select_events(stream, gt=after, limit=page_size)
            for event in events:
                count += isinstance(orjson.loads(event.state), dict)
            if page_size is None or len(events) < page_size:
                return count
            after = events[-1].originator_version

    def deliver(self, payloads: list[Payload], pause: float) -> list[int]:
        """Append to a stream that a projection in another process handles."""
        if self._follower is None:
            raise CommandRefused("this peer has no projection in another process")
        return self._follower.deliver_blocking(self.own(uuid4()), payloads, pause)

    def close(self) -> None:
        """Close its connections."""
        self._factory.close()

    def _insert(self, stream: UUID, version: int, payloads: list[Payload]) -> None:
        self._recorder.insert_events(
            [
                self._event(stream, number, TOPIC, orjson.dumps(payload))
                for number, payload in enumerate(payloads, start=version + 1)
            ]
        )
