"""Rows of the input, and flights and events made of them, for the tests of the demo."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from event_store_async import NewEvent, RecordedEvent
from examples.flights.data import Flight

ROW = {
    "year": "2013",
    "month": "1",
    "day": "1",
    "dep_time": "517",
    "sched_dep_time": "515",
    "dep_delay": "2",
    "arr_time": "830",
    "sched_arr_time": "819",
    "arr_delay": "11",
    "carrier": "UA",
    "flight": "1545",
    "tailnum": "N14228",
    "origin": "EWR",
    "dest": "IAH",
    "air_time": "227",
    "distance": "1400",
    "hour": "5",
    "minute": "15",
    "time_hour": "2013-01-01T10:00:00Z",
}

NEVER_ARRIVED = {"arr_time": "NA", "arr_delay": "NA", "air_time": "NA"}
NEVER_LEFT = {"dep_time": "NA", "dep_delay": "NA", **NEVER_ARRIVED}


def flight(**columns: str) -> Flight:
    """Return the first flight of the input, with these columns changed."""
    return Flight.from_row(ROW | columns)


def recorded(events: list[NewEvent], stream_id: UUID | None = None) -> list[RecordedEvent]:
    """Return events as a stream would contain them."""
    stream_id = stream_id or uuid4()
    return [
        RecordedEvent(
            stream_id, version, event.payload, datetime.now(UTC), event.event_id, event.type
        )
        for version, event in enumerate(events, start=1)
    ]
