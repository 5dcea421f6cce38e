"""The appender: takes an append, checks and encodes it, and puts it in its stream's queue."""

from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ...checks import check_expected_version, check_stream_id, check_timeout
from ...codec import Codec
from ...encoding import encode_events
from ...hooks.append_watch import AppendWatch
from ...hooks.observer import Observer
from ...results import AppendResult
from ...retry import Deadline
from ...settings import Settings
from ...versions import ExpectedVersion
from ..driver.session import Session
from .batch import PendingAppend
from .queues import StreamQueues


@dataclass(slots=True)
class Appender:
    """Begins the appends of a store."""

    session: Session
    queues: StreamQueues
    codec: Codec
    settings: Settings
    observer: Observer | None

    def append(
        self,
        stream_id: UUID,
        events: Iterable[Any],
        expected: ExpectedVersion,
        timeout: float | None,
        category: str | None = None,
    ) -> Awaitable[AppendResult]:
        """
        Begin an append; what is returned is its outcome, to be awaited at once.

        Args:
            stream_id: As for `EventWriter.persist_events`.
            events: As for `EventWriter.persist_events`.
            expected: As for `EventWriter.persist_events`.
            timeout: As for `EventWriter.persist_events`.
            category: The category that the stream must have, or gets if it is new; None for an
                append of the store itself.

        Raises:
            EventStoreError: as `EventWriter.try_persist_events` does, here or when it is awaited.
        """
        if self.observer is None:
            return self._begin(stream_id, events, expected, timeout, category)
        watch = AppendWatch(self.observer, stream_id, expected, self.settings.max_append_bytes)
        return watch.run(lambda: self._begin(stream_id, events, expected, timeout, category, watch))

    def _begin(
        self,
        stream_id: UUID,
        events: Iterable[Any],
        expected: ExpectedVersion,
        timeout: float | None,
        category: str | None,
        watch: AppendWatch | None = None,
    ) -> Awaitable[AppendResult]:
        stream_id = check_stream_id(stream_id)
        encoded = encode_events(events, self.codec, self.settings)
        expected = check_expected_version(expected, len(encoded.items))
        check_timeout(timeout)
        deadline = Deadline(self.settings.timeout if timeout is None else timeout)
        loop = self.session.check_usable()
        if watch is not None:
            watch.queued(len(encoded.items), encoded.size)
        append = PendingAppend(
            stream_id, encoded, expected, deadline, loop.create_future(), watch, category
        )
        self.queues.submit(append)  # a closing store refuses it here
        return append.outcome
