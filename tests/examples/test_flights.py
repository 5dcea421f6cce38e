"""The demo as a whole: on a real server, with a slice of the input."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from rich.console import Console

from event_store_async import (
    AppendResult,
    EventStore,
    NewEvent,
    Persisted,
    RecordedEvent,
)
from examples.flights import __main__ as command
from examples.flights import data
from examples.flights.data import Flight
from examples.flights.dispatch import aircraft_days

from ..interruptible import interruptible

pytestmark = pytest.mark.usefixtures("pointed_at_the_server")


@pytest.fixture(scope="module")
def flights() -> list[Flight]:
    """Return the flights of aircraft with more than two flights on the first day."""
    days = [day for day in aircraft_days(data.read_flights(1)) if len(day) > 2]
    return [flight for day in days for flight in day]


async def test_every_event_is_stored_despite_conflicts(
    store: EventStore,
    keyspace: str,
    flights: list[Flight],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "read_flights", lambda _: flights)
    options = command.parser().parse_args(["--keyspace", keyspace])

    events = sum(2 if flight.departure_delay is None else 3 for flight in flights)
    aircraft = len({flight.aircraft for flight in flights})
    verdict = f"All {events} events of {aircraft} aircraft are stored exactly once,"
    conflicts = 0
    while not conflicts:  # a replay without any proves nothing
        assert await command.run(options) == 0
        shown = capsys.readouterr().out
        assert verdict in shown
        assert "on 1 January 2013, from its stream" in shown
        line = next(line for line in shown.splitlines() if "conflicts, all resolved" in line)
        conflicts = int(line.split()[-1])


async def test_it_can_be_repeated_on_one_keyspace(store: EventStore, flights: list[Flight]) -> None:
    console = Console(quiet=True)

    for _ in range(2):
        assert await command.demo(store, flights[:8], dispatchers=2, console=console) == 0


async def test_it_fails_if_one_event_is_missing(
    store: EventStore,
    flights: list[Flight],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    append = store.try_persist_events
    lost: list[NewEvent] = []

    async def lose_an_arrival(
        stream_id: UUID, events: Sequence[NewEvent], expected_version: int
    ) -> AppendResult:
        if lost or events[0].type != "flight-arrived":
            return await append(stream_id, events, expected_version)
        (event,) = events
        lost.append(event)
        version, now = expected_version + 1, datetime.now(UTC)
        not_stored = RecordedEvent(
            stream_id, version, event.payload, now, event.event_id, event.type
        )
        return Persisted(stream_id, version, (not_stored,))

    monkeypatch.setattr(store, "try_persist_events", lose_an_arrival)

    status = await command.demo(store, flights[:8], dispatchers=2, console=Console(width=200))

    shown = capsys.readouterr().out
    assert status == 1
    assert "Problems found: 1" in shown
    assert f"flight-arrived of {lost[0].payload['flight']} is missing" in shown


@pytest.mark.slow
async def test_an_interrupt_ends_it_without_a_traceback(store: EventStore, keyspace: str) -> None:
    demo = await start("--days", "30", "--keyspace", keyspace)
    assert demo.stdout is not None

    # The second line is the first about progress: the replay is running by then.
    await demo.stdout.readline()
    first = await demo.stdout.readline()
    demo.send_signal(signal.SIGINT)
    _, errors = await demo.communicate()

    assert first.startswith(b"Flights replayed")
    assert (demo.returncode, errors) == (130, b"")


async def test_without_a_server_it_prints_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EVENT_STORE_PORT", "1")
    demo = await start("--days", "1")

    _, errors = await demo.communicate()

    assert demo.returncode == 1
    assert errors.startswith(b"error: cannot connect")
    assert b"Traceback" not in errors


async def start(*options: str) -> asyncio.subprocess.Process:
    """Start the command as a process that Ctrl-C ends."""
    command = interruptible([sys.executable, "-m", "examples.flights", *options])
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
