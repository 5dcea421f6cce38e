"""The health probe: whether the store can do its work now, and how busy it is."""

import time
from dataclasses import replace
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import anyio

from ...checks import running_loop
from ...errors import (
    EventStoreError,
    SchemaError,
    StoreClosed,
    StoreUnavailable,
    WrongEventLoop,
    WrongProcess,
)
from ...events import RecordedEvent
from ...health import Health
from ...hooks import Source
from ...retry import Deadline
from ...statistics import Statistics
from ..append.queues import StreamQueues
from ..driver.faults import Fault
from ..driver.port import metrics_of
from ..driver.session import Session
from ..feed.room import FeedRoom
from ..read.reader import Reader
from ..schema.state import inspect
from ..schema.tables import StoreTables

PROBED: Final = uuid5(NAMESPACE_URL, "event_store_async/health")
"""The stream that is read; nothing is ever appended to it."""

_ASKING: Final = 0.75
"""The share of its time that a probe waits for the row; the rest is for finding the reason."""


class HealthProbe:
    """
    Measures the health of a store.

    Args:
        source: The store, for statistics.
        tables: Its tables.
        session: Its session.
        reader: Its reader.
        queues: Its queues of appends.
        feed: Its feed.
        in_flight_limit: How many requests it may have at the server at once.
        append_limit: How many bytes an append may have.
    """

    def __init__(
        self,
        source: Source,
        tables: StoreTables,
        session: Session,
        reader: Reader[RecordedEvent],
        queues: StreamQueues,
        feed: FeedRoom,
        *,
        in_flight_limit: int,
        append_limit: int,
    ) -> None:
        self._source = source
        self._tables = tables
        self._session = session
        self._reader = reader
        self._queues = queues
        self._feed = feed
        self._in_flight_limit = in_flight_limit
        self._append_limit = append_limit
        self._schema_seen = False

    async def health(self, timeout: float) -> Health:
        """
        Read one row of the table, at the quorum level, within *timeout* seconds.

        On a table with a feed, read the feed's row as well.

        Raises:
            WrongEventLoop, WrongProcess
        """
        running_loop()
        begun = time.perf_counter()
        try:
            # Requests survive a cancelled caller, so this holds even if the driver hangs.
            with anyio.fail_after(timeout * _ASKING):
                await self._reader.head(PROBED, Deadline(timeout * _ASKING))
        except (WrongEventLoop, WrongProcess):
            raise
        except StoreClosed:
            return Health.closed()
        except (TimeoutError, StoreUnavailable) as error:
            reason = str(error) or f"no quorum answered within {timeout:g} s"
            return await self._explained(reason, timeout * (1 - _ASKING))
        except EventStoreError as error:
            self._schema_seen = False
            return self._health(None, (str(error),))
        self._schema_seen = True
        latency = time.perf_counter() - begun
        if not self._feed.is_enabled:
            return self._health(latency, ())
        return await self._with_feed(self._health(latency, ()), timeout - latency)

    async def _with_feed(self, health: Health, timeout: float) -> Health:
        """Add what is wrong with the feed to the health of a store that is ready."""
        try:
            with anyio.fail_after(timeout):
                vigil = await self._feed.vigil()
        except (WrongEventLoop, WrongProcess):
            raise
        except StoreClosed:
            return Health.closed()
        except TimeoutError:
            return replace(health, warnings=("the feed was not read: no answer in time",))
        except EventStoreError as error:
            return replace(health, warnings=(f"the feed was not read: {error}",))
        return replace(health, sequenced=vigil.sequenced, warnings=vigil.warnings)

    async def _explained(self, reason: str, timeout: float) -> Health:
        """Find out why the table cannot be read: the driver does not report a dropped table."""
        reasons = [reason]
        if self._is_connected:
            try:
                with anyio.move_on_after(timeout):
                    state = await inspect(self._session, self._tables, Deadline(timeout))
                    state.check_usable()
                    self._schema_seen = True
            except SchemaError as error:
                self._schema_seen = False
                reasons.append(str(error))
            except (Fault, EventStoreError) as error:
                reasons.append(str(error))
        else:
            reasons.append("there is no connection to any node")
        return self._health(None, tuple(reasons))

    def statistics(self) -> Statistics:
        """Return how busy the store is; may be called from any thread."""
        session = self._session
        return Statistics(
            source=self._source,
            in_flight=session.in_flight,
            in_flight_limit=self._in_flight_limit,
            appends_waiting=self._queues.waiting,
            streams_appending=len(self._queues),
            append_limit=self._append_limit,
            # In a forked child, the driver's locks may have been copied while they were held.
            driver=metrics_of(session.raw) if session.is_alive else None,
            feed=self._feed.statistics(),
            streams_shared=len(self._queues.turns),
            conflicts=self._queues.turns.conflicts,
        )

    @property
    def _is_connected(self) -> bool:
        driver = self.statistics().driver
        return driver is None or driver.connections > 0

    def _health(self, latency: float | None, reasons: tuple[str, ...]) -> Health:
        answered = latency is not None
        return Health(
            connected=answered or self._is_connected,
            schema_usable=self._schema_seen,
            quorum=answered,
            latency=latency,
            in_flight=self._session.in_flight,
            appends_waiting=self._queues.waiting,
            reasons=reasons,
        )
