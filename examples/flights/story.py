"""The output at the end: the figures, one aircraft's day, and the verdict."""

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
from .desk import Tally
from .dispatch import aircraft_days, stream_of

_MOST_PROBLEMS_SHOWN: Final = 20


def show_figures(console: Console, tally: Tally, findings: Findings, seconds: float) -> None:
    """Show the figures of the replay."""
    table = Table(title="The replay", box=box.SIMPLE, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_row("flights", f"{tally.flights:,}")
    table.add_row("aircraft, a stream each", f"{findings.aircraft:,}")
    table.add_row("events", f"{tally.events:,}")
    table.add_row("appends", f"{tally.appends:,}")
    table.add_row("conflicts met, all resolved", f"{tally.conflicts:,}")
    table.add_row("events a second", f"{tally.events / seconds:,.0f}")
    table.add_row("seconds", f"{seconds:,.1f}")
    console.print(table)


async def tell_busiest_day(
    console: Console, reader: EventReader, flights: Sequence[Flight], *, run: UUID
) -> None:
    """Show one day of one stream: that of the aircraft with the most flights on a day."""
    busiest = max(
        (flown for flown in aircraft_days(flights) if flown[0].tail_number),
        key=len,
        default=None,
    )
    if busiest is None:
        return
    aircraft, day = busiest[0].aircraft, busiest[0].day
    of_the_day = {flight.key for flight in busiest}
    title = f"{aircraft} on {day.day} {day:%B %Y}, as recorded in its stream (times in UTC)"
    table = Table(title=title, box=box.SIMPLE, pad_edge=False)
    table.add_column("version", justify="right")
    for title in ("recorded", "by", "flight", "event", ""):
        table.add_column(title)
    async for event in reader.read_events(stream_of(run, aircraft)):
        if event.payload["flight"] in of_the_day:
            table.add_row(*_row(event))
    console.print(table)


def show_verdict(console: Console, findings: Findings) -> None:
    """Print that every event is stored, or list the problems."""
    if not findings.problems:
        console.print(
            f"All {findings.events:,} events of {findings.aircraft:,} aircraft are stored"
            " exactly once, and in order for each flight.",
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
        _words(event.payload),
    )


def _words(facts: dict[str, Any]) -> str:
    match facts:
        case {"origin": origin, "destination": destination, "due_out": due_out}:
            return f"{origin} → {destination} {datetime.fromisoformat(due_out):%H:%M}"
        case {"delay": None}:
            return "delay unknown"
        case {"delay": 0}:
            return "on time"
        case {"delay": int(delay)}:
            return f"{abs(delay)} min {'late' if delay > 0 else 'early'}"
    return ""
