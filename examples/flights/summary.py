"""The summary at the end: figures, one aircraft's day, and whether all events are correct."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from rich import box
from rich.console import Console
from rich.table import Table

from event_store_async import EventReader, RecordedEvent

from .check import Findings
from .data import Flight
from .dispatch import aircraft_days, stream_of
from .recorder import Tally

_MOST_PROBLEMS_SHOWN: Final = 20


def show_figures(console: Console, tally: Tally, findings: Findings, seconds: float) -> None:
    """Show the figures of the replay."""
    table = Table(title="The replay", box=box.SIMPLE, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("flights", f"{tally.flights:,}")
    table.add_row("aircraft (one stream each)", f"{findings.aircraft:,}")
    table.add_row("events", f"{tally.events:,}")
    table.add_row("appends", f"{tally.appends:,}")
    table.add_row("conflicts, all resolved", f"{tally.conflicts:,}")
    table.add_row("seconds", f"{seconds:,.1f}")
    table.add_row("events per second, of this replay", f"{tally.events / seconds:,.0f}")
    console.print(table)
    console.print(
        "The last figure is the pace of this program, which decides on each flight and repeats"
        " conflicts. It is not the speed of the store: docs/performance.md shows that.\n",
        style="dim",
        highlight=False,
    )


async def show_busiest_day(
    console: Console, reader: EventReader, flights: Sequence[Flight], *, run: UUID
) -> None:
    """Show the aircraft with the most flights on one day: its events of that day."""
    busiest = max(
        (group for group in aircraft_days(flights) if group[0].tail_number),
        key=len,
        default=None,
    )
    if busiest is None:
        return
    aircraft, day = busiest[0].aircraft, busiest[0].day
    of_the_day = {flight.key for flight in busiest}
    title = f"{aircraft} on {day.day} {day:%B %Y}, from its stream (times in UTC)"
    table = Table(title=title, box=box.SIMPLE, pad_edge=False)
    table.add_column("version", justify="right")
    for title in ("recorded", "by", "flight", "event", ""):
        table.add_column(title)
    async for event in reader.read_events(stream_of(run, aircraft)):
        if event.payload["flight"] in of_the_day:
            table.add_row(*_row(event))
    console.print(table)


def show_verdict(console: Console, findings: Findings) -> None:
    """Show one line if all events are correct, or else list the problems."""
    if not findings.problems:
        console.print(
            f"All {findings.events:,} events of {findings.aircraft:,} aircraft are stored"
            " exactly once, and those of each flight in order.",
            style="bold green",
            highlight=False,
        )
        return
    console.print(f"Problems found: {len(findings.problems):,}", style="bold red", highlight=False)
    for problem in findings.problems[:_MOST_PROBLEMS_SHOWN]:
        console.print(f"  {problem}", markup=False, highlight=False)
    more = len(findings.problems) - _MOST_PROBLEMS_SHOWN
    if more > 0:
        console.print(f"  and {more:,} more")


def _row(event: RecordedEvent) -> tuple[str, ...]:
    _, designator, _ = event.payload["flight"].split()
    return (
        str(event.version),
        f"{event.timestamp:%H:%M:%S.%f}"[:-3],
        str((event.metadata or {}).get("by")),
        designator,
        str(event.type).removeprefix("flight-"),
        _description(event.payload),
    )


def _description(payload: dict[str, Any]) -> str:
    match payload:
        case {"origin": origin, "destination": destination, "scheduled_departure": departure}:
            return f"{origin} → {destination} {datetime.fromisoformat(departure):%H:%M}"
        case {"delay": None}:
            return "delay unknown"
        case {"delay": 0}:
            return "on time"
        case {"delay": int(delay)}:
            return f"{abs(delay)} min {'late' if delay > 0 else 'early'}"
    return ""
