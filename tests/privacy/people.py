"""Types of events with personal fields, one of each kind."""

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Generic, Literal, NotRequired, TypedDict, TypeVar
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from event_store_async.privacy import Forgotten, Personal
from event_store_async.typed import EventType, EventTypes

T = TypeVar("T")


@dataclass(frozen=True)
class Address:
    street: str
    town: str


@dataclass(frozen=True)
class Registered:
    customer_id: str
    name: Annotated[str, Personal("customer_id", forgotten="(erased)")]
    address: Annotated[Address | None, Personal("customer_id", forgotten=None)] = None
    born: Annotated[date | Forgotten, Personal("customer_id")] = date(1900, 1, 1)
    plan: str = "basic"


class Phoned(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    caller_id: UUID
    phone_number: Annotated[str | Forgotten, Personal("caller_id")]
    call_notes: Annotated[list[str], Personal("caller_id", forgotten=[])] = []
    seconds: int = 0


class Invited(BaseModel):
    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    guest_id: UUID
    email_address: Annotated[str, Field(min_length=3), Personal("guest_id", forgotten="n/a")]
    note: Annotated[str | Forgotten, Personal("guest_id")] = Field("", alias="Note")
    details: Annotated[dict[str, Any], Personal("guest_id", forgotten={})] = {}


class Ticket(TypedDict):
    kind: Literal["ticket"]
    holder: str
    seat_name: Annotated[str, Personal("holder", forgotten="?")]
    remarks: NotRequired[Annotated[str, Personal("holder", forgotten="?")]]


@dataclass(frozen=True)
class Passenger:
    id: str
    name: Annotated[str | Forgotten, Personal("id")]


@dataclass(frozen=True)
class Booked:
    lead: Passenger
    others: tuple[Passenger, ...] = ()
    agent: Passenger | None = None
    seats: dict[str, Passenger] = field(default_factory=dict)
    groups: list[list[Passenger]] = field(default_factory=list)


@dataclass(frozen=True)
class Group(Generic[T]):
    lead: T
    others: list[T] = field(default_factory=list)


@dataclass(frozen=True)
class Toured:
    group: Group[Passenger]
    groups: Group[Group[Passenger]]


Event = Registered | Phoned | Invited | Ticket | Booked | Toured

TYPES = EventTypes[Event](
    EventType(Registered, "registered"),
    EventType(Phoned, "phoned"),
    EventType(Invited, "invited"),
    EventType(Ticket, "ticket"),
    EventType(Booked, "booked"),
    EventType(Toured, "toured"),
)
