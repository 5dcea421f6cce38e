"""The demo: ``python -m examples.flights``, or ``make demo``."""

import argparse
import sys
from collections.abc import Sequence
from time import monotonic
from uuid import uuid4

import anyio
from anyio import to_thread
from rich.console import Console

from event_store_async import EventStoreError
from event_store_async.embedded import EmbeddedError

from ..cassandra import open_store
from .check import Findings, check
from .data import DAYS, Flight, InputMissing, read_flights
from .dispatch import replay
from .logbook import OutOfOrder
from .progress import progress
from .recorder import Store, Tally
from .summary import show_busiest_day, show_figures, show_verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return the exit status: 0 only if every event is stored as it should be."""
    options = parser().parse_args(arguments)
    status = 1
    try:
        status = anyio.run(run, options)
    except* KeyboardInterrupt:
        status = 130
    except* (EventStoreError, EmbeddedError, InputMissing, OutOfOrder) as errors:
        first: BaseException = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        sys.stderr.write(f"error: {first}\n")
    return status


def parser() -> argparse.ArgumentParser:
    """Return the parser for the command's options."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.flights",
        description="Replay the flights that left New York in 2013 and check every event.",
    )
    length = parser.add_mutually_exclusive_group()
    length.add_argument(
        "--days", type=count, default=10, help="number of days, from 1 January (default: 10)"
    )
    length.add_argument(
        "--year",
        action="store_const",
        const=DAYS,
        dest="days",
        help="replay the whole year, which takes more than twenty minutes",
    )
    parser.add_argument(
        "--dispatchers",
        type=count,
        default=16,
        help="number of concurrent dispatchers (default: 16)",
    )
    parser.add_argument(
        "--keyspace", default="demo", help="keyspace to store the events in (default: demo)"
    )
    return parser


async def run(options: argparse.Namespace) -> int:
    """Read the input, open a store and replay."""
    flights = await to_thread.run_sync(read_flights, options.days, abandon_on_cancel=True)
    async with open_store(options.keyspace) as store:
        return await demo(store, flights, dispatchers=options.dispatchers, console=Console())


async def demo(
    store: Store, flights: Sequence[Flight], *, dispatchers: int, console: Console
) -> int:
    """Replay flights, read them back, check them, and show the results."""
    run, tally, findings = uuid4(), Tally(), Findings()
    days = len({flight.day for flight in flights})
    console.print(
        f"Replaying {len(flights):,} flights of {days} day(s) with {dispatchers} concurrent "
        "dispatchers. After a conflict in an aircraft's stream, a dispatcher decides again.",
        highlight=False,
        soft_wrap=True,
    )
    started = monotonic()

    def replayed() -> tuple[int, str]:
        rate = tally.events / (monotonic() - started)
        return tally.flights, f"{rate:,.0f} events/s, {tally.conflicts:,} conflicts"

    def read_back() -> tuple[int, str]:
        return findings.aircraft, f"{findings.events:,} events"

    async with progress(console, "Flights replayed", len(flights), replayed):
        await replay(store, flights, run=run, dispatchers=dispatchers, tally=tally)
    seconds = monotonic() - started
    aircraft = len({flight.aircraft for flight in flights})
    async with progress(console, "Streams read back", aircraft, read_back):
        await check(store, flights, run=run, findings=findings)

    await show_busiest_day(console, store, flights, run=run)
    show_figures(console, tally, findings, seconds)
    show_verdict(console, findings)
    return 1 if findings.problems else 0


def count(text: str) -> int:
    """Return an option's value as an int above 0."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"must be above 0, not {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
