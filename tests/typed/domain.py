"""The account's events, one of each kind of type."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypedDict
from uuid import UUID

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from event_store_async.typed import EventType, EventTypes


@dataclass(frozen=True)
class Opened:
    owner: str
    on: date
    tags: tuple[str, ...] = ()


class Deposited(msgspec.Struct, frozen=True):
    cents: int
    rate: Decimal | None = None


class Transferred(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)

    to: UUID
    amount: int = Field(alias="Amount")


class Closed(TypedDict):
    kind: Literal["account-closed"]
    reason: str


Event = Opened | Deposited | Transferred | Closed


def in_cents(payload: Any) -> Any:
    return {"cents": payload["amount"] * 100}


def with_rate(payload: Any) -> Any:
    return payload | {"rate": "0.5"}


TYPES = EventTypes[Event](
    EventType(Opened, "account-opened"),
    EventType(
        Deposited,
        "deposited",
        revision=3,
        upcasters={1: in_cents, 2: with_rate},
        formerly=["deposit-performed"],
    ),
    EventType(Transferred, "transferred"),
    EventType(Closed, "account-closed"),
)
EVENTS: list[Event] = [
    Opened("ann", date(2026, 1, 2), ("new", "web")),
    Deposited(50, Decimal("1.25")),
    Transferred(to=UUID(int=7), Amount=3),
    {"kind": "account-closed", "reason": "moved"},
]
