"""The projection runner of the package eventsourcing, with its view in the server that it gets."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import register_topic
from psycopg.sql import SQL

from .eventsourcing_postgres import environment
from .payloads import make_payloads
from .protocol import Counted, Options, Project
from .recorders import APPLICATION, TOPIC, RecorderPeer
from .threads import ThreadPeer, main

NAME = "eventsourcing_projection"
_EVENTS_OF_STREAM = 10
_WAITING = 170.0

_TABLE = """
CREATE TABLE IF NOT EXISTS runner_view (stream_id uuid PRIMARY KEY, events bigint, amount bigint)
"""
_ADD = """
INSERT INTO runner_view VALUES (%s, 1, %s) ON CONFLICT (stream_id) DO UPDATE
SET events = runner_view.events + 1, amount = runner_view.amount + excluded.amount
"""


class Bench(Application[UUID]):  # type: ignore[misc]
    """The application whose events are projected."""

    name = APPLICATION


class View(PostgresTrackingRecorder):  # type: ignore[misc]
    """The view: a row for each stream, and how far it is, in one transaction."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sql_create_statements.append(SQL(_TABLE))

    def add(self, stream: UUID, amount: int, tracking: Any) -> None:
        """Count an event."""
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(_ADD, (stream, amount), prepare=True)
            self._insert_tracking(cursor, tracking)


class Totals(Projection[View]):  # type: ignore[misc]
    """Handles an event."""

    name = "totals"
    topics = (TOPIC,)

    def process_event(self, domain_event: Any, tracking: Any) -> None:
        """Apply an event to the view."""
        self.view.add(domain_event.originator_id, domain_event.amount, tracking)


class Runner(RecorderPeer):
    """The peer: an application, and a runner for as long as it catches up."""

    def __init__(self, options: Options) -> None:
        self._settings = environment(options.port)
        super().__init__(
            NAME,
            "each event and the position are one transaction: exactly once in the view; an event "
            "whose number becomes visible late can be missed",
            "ProjectionRunner: a transaction for each event",
            self._settings,
        )

    def project(self, command: Project) -> Counted:
        """Append events, and let a runner catch up; only the catching up is measured."""
        payloads = make_payloads(command.count, 200, 0)
        for start in range(0, len(payloads), _EVENTS_OF_STREAM):
            self._insert(uuid4(), 0, payloads[start : start + _EVENTS_OF_STREAM])
        last = self._recorder.max_notification_id()
        begin, cpu = time.perf_counter(), time.process_time()
        with ProjectionRunner(
            application_class=Bench,
            projection_class=Totals,
            view_class=View,
            env=self._settings,
        ) as runner:
            runner.wait(last, _WAITING)
            seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu
        return Counted(seconds, cpu_seconds, len(payloads))


@contextmanager
def open_peer(options: Options) -> Generator[ThreadPeer, None, None]:
    """Connect to the PostgreSQL on the port."""
    register_topic(TOPIC, DomainEvent)
    peer = Runner(options)
    try:
        yield peer
    finally:
        peer.close()


if __name__ == "__main__":
    main(NAME, open_peer)
