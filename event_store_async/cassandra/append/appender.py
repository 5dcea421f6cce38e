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
from ...versions import ANY, ExpectedVersion
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
        watch: AppendWatch | None = None,
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
            watch: Private: collects the facts for the hooks.

        Raises:
            EventStoreError: as `EventWriter.try_persist_events` does, here or when it is awaited.
        """
        if watch is None and self.observer is not None:
            watch = AppendWatch(self.observer, stream_id, expected, self.settings.max_append_bytes)
            return watch.run(
                lambda: self.append(stream_id, events, expected, timeout, category, watch)
            )
        # The checks are called only for what is not the usual: each call is felt.
        if type(stream_id) is not UUID:
            stream_id = check_stream_id(stream_id)
        encoded = encode_events(events, self.codec, self.settings)
        if expected is not ANY:
            expected = check_expected_version(expected, len(encoded.items))
        if timeout is None:
            timeout = self.settings.timeout
        else:
            check_timeout(timeout)
        deadline = Deadline(timeout)
        loop = self.session.check_usable()
        if watch is not None:
            watch.queued(len(encoded.items), encoded.size)
        append = PendingAppend()
        append.stream_id = stream_id
        append.encoded = encoded
        append.expected_version = expected
        append.deadline = deadline
        append.outcome = loop.create_future()
        append.watch = watch
        append.category = category
        append.started = False
        self.queues.submit(append)  # a closing store refuses it here
        return append.outcome
