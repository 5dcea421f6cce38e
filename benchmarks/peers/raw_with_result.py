"""
The least that an append of the library can take: its checks and its result, around a batch by hand.

The events are checked and encoded by the library's own function, and returned as the library
returns them. The values are bound in the way that costs least. Nothing makes it safe: it has no
deadline, settles no unknown outcome, and shares the driver's session with nobody.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import acsylla

from event_store_async import JsonCodec, Settings
from event_store_async.cql_files import load_statement
from event_store_async.encoding import encode_events
from event_store_async.moments import to_milliseconds, utc_now
from event_store_async.results import Persisted, persisted

from .payloads import Payload
from .protocol import Options, Ready
from .raw_acsylla import RawAcsylla, conflict, open_session
from .tasks import TaskPeer, main

NAME = "raw_with_result"
_QUORUM = acsylla.Consistency.LOCAL_QUORUM
_SERIAL = acsylla.Consistency.LOCAL_SERIAL
_BARE = ("append_bare_first", "append_bare_rest")


class RawWithResult(RawAcsylla):
    """The peer."""

    def __init__(self, session: Any, first: Any, rest: Any, *prepared: Any) -> None:
        super().__init__(session, *prepared)
        self._bare_first = first
        self._bare_rest = rest
        self._codec = JsonCodec()
        self._settings = Settings()
        self.result: Persisted[Any] | None = None  # of the latest append

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        ready = super().ready()
        notes = f"with the library's checks and its result; {ready.notes}"
        return Ready(NAME, ready.version, ready.guarantees, notes)

    async def append(self, stream: UUID, expected: int, payloads: list[Payload]) -> int | None:
        """Append; return None if it was stored, otherwise the stream's version."""
        encoded = encode_events(payloads, self._codec, self._settings)
        moment = utc_now()
        milliseconds = to_milliseconds(moment)
        last = expected + len(payloads)
        batch = acsylla.create_batch_unlogged()
        batch.set_consistency(_QUORUM)
        batch.set_serial_consistency(_SERIAL)
        batch.add_statement(self._head.bind((last, stream, expected or None)))
        prepared, version = self._bare_first, expected
        for item in encoded.items:
            version += 1
            id_, payload, type_ = item.event_id, item.encoded_payload, item.content_type
            values = id_, payload, milliseconds, type_, stream, version
            batch.add_statement(prepared.bind(values))
            prepared = self._bare_rest
        actual = conflict(await self._session.execute_batch(batch))
        if actual is None:
            events = encoded.recorded(stream, expected, moment)
            self.result = persisted(stream, last, events)
        return actual


@asynccontextmanager
async def open_peer(options: Options) -> AsyncGenerator[TaskPeer, None]:
    """Connect and prepare; the library creates the table, so that it is the same."""
    async with open_session(options) as (session, prepared):
        bare = [
            load_statement(f"statements/{name}", keyspace=options.keyspace, table="events").text
            for name in _BARE
        ]
        made = [await session.create_prepared(text) for text in bare]
        yield RawWithResult(session, *made, *prepared)


if __name__ == "__main__":
    main(NAME, open_peer)
