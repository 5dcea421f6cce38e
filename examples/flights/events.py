"""The events of a flight, made by pure functions of the input."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from event_store_async import NewEvent

from .data import Flight

SCHEDULED: Final = "flight-scheduled"
DEPARTED: Final = "flight-departed"
ARRIVED: Final = "flight-arrived"
CANCELLED: Final = "flight-cancelled"
NOT_ARRIVED: Final = "flight-not-arrived"

_FLIGHTS: Final = UUID("7b0fb6d5-5d1c-4a56-9f0e-2f6c1d0c2013")


def scheduled(flight: Flight) -> NewEvent:
    """Return the first event of every flight."""
    return _event(
        flight,
        SCHEDULED,
        origin=flight.origin,
        destination=flight.destination,
        scheduled_departure=flight.scheduled_departure.isoformat(),
        scheduled_arrival=flight.scheduled_arrival,
        distance=flight.distance,
    )


def reports(flight: Flight) -> list[NewEvent]:
    """
    Return the events after a flight's first one, in order.

    A flight without a departure was cancelled. A flight that left but has no arrival was diverted
    or turned back; the input does not say which, so its last event is `NOT_ARRIVED`. For some
    flights that arrived, the delay is not known; then it is null.
    """
    if flight.departure_delay is None:
        return [_event(flight, CANCELLED)]
    left = flight.scheduled_departure + timedelta(minutes=flight.departure_delay)
    departed = _event(flight, DEPARTED, at=left.isoformat(), delay=flight.departure_delay)
    if flight.arrived is None:
        return [departed, _event(flight, NOT_ARRIVED)]
    arrived = _event(
        flight,
        ARRIVED,
        at=flight.arrived,
        delay=flight.arrival_delay,
        air_time=flight.air_time,
    )
    return [departed, arrived]


def events_of(flight: Flight) -> list[NewEvent]:
    """Return all events of a flight, in order."""
    return [scheduled(flight), *reports(flight)]


def _event(flight: Flight, event_type: str, **facts: Any) -> NewEvent:
    return NewEvent(
        {"flight": flight.key, **facts},
        type=event_type,
        # Not random: an event that is reported twice has the same id, so it is stored once.
        event_id=uuid5(_FLIGHTS, f"{flight.key} {event_type}"),
    )
