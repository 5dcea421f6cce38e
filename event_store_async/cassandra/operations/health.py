"""Probing: whether the store can do its work now, and how busy it is."""

import time
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import anyio

from ...errors import (
    EventStoreError,
    SchemaError,
    StoreClosed,
    StoreUnavailable,
    WrongEventLoop,
    WrongProcess,
)
from ...health import Health
from ...hooks import Source
from ...retry import Deadline
from ...settings import Settings
from ...statistics import Statistics
from ..append.queues import StreamQueues
from ..driver.faults import Fault
from ..driver.port import metrics_of
from ..driver.session import Session
from ..read.reader import Reader
from ..schema.state import inspect

PROBED: Final = uuid5(NAMESPACE_URL, "event_store_async/health")
"""The stream that is asked for: nobody appends to it."""


_ASKING: Final = 0.75
"""The share of its time that a probe asks; in the rest it finds out what is wrong."""


class HealthProbe:
    """
    Tells how a store is.

    Args:
        source: The store.
        session: Its session.
        reader: Its reader.
        lanes: Its lanes.
        settings: Its settings.
    """

    def __init__(
        self,
        source: Source,
        session: Session,
        reader: Reader,
        lanes: StreamQueues,
        settings: Settings,
    ) -> None:
        self._source = source
        self._session = session
        self._reader = reader
        self._lanes = lanes
        self._settings = settings
        self._schema_seen = False

    async def health(self, timeout: float) -> Health:
        """
        Ask for one row of the table, at the quorum level, within so many seconds.

        Raises:
            WrongEventLoop, WrongProcess
        """
        begun = time.perf_counter()
        try:
            # A caller that leaves harms no request, so this bound holds whatever hangs below.
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
        return self._health(time.perf_counter() - begun, ())

    async def _explained(self, reason: str, timeout: float) -> Health:
        """Look for what is behind a table that is not read: the driver tells no dropped one."""
        reasons = [reason]
        if self._is_connected:
            try:
                with anyio.move_on_after(timeout):
                    state = await inspect(
                        self._session,
                        Deadline(timeout),
                        keyspace=self._source.keyspace,
                        table=self._source.table,
                    )
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
        """Return how busy the store is; from any thread."""
        session = self._session
        return Statistics(
            source=self._source,
            in_flight=session.in_flight,
            in_flight_limit=self._settings.max_in_flight,
            appends_waiting=self._lanes.waiting,
            streams_appending=len(self._lanes),
            append_limit=self._settings.max_append_bytes,
            # A forked child has a copy of locks that may have been held when it was made.
            driver=metrics_of(session.raw) if session.is_alive else None,
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
            appends_waiting=self._lanes.waiting,
            reasons=reasons,
        )
