"""Invalid arguments, for the tests of every store and for those of single stores."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from ...events import NewEvent


@dataclass
class Measured:
    """A payload that is a dataclass."""

    value: float


EXPECTED_VERSIONS: Final[list[Any]] = [-1, None, True, False, 1.0, "1", 2**31]

STREAM_IDS: Final[list[Any]] = [
    "not a uuid",
    str(UUID(int=7)),
    None,
    7,
    b"0" * 16,
]

EVENT_FIELDS: Final[list[dict[str, Any]]] = [
    {"event_id": "not a uuid"},
    {"event_id": None},
    {"type": ""},
    {"type": 7},
    {"type": "\ud800"},
    {"metadata": ["not", "a mapping"]},
    {"metadata": "text"},
    {"metadata": {"nan": float("nan")}},
    {"metadata": {1: "a key that is not a str"}},
]
"""Fields of a `NewEvent`."""

EVENT_LISTS: Final[list[Any]] = [
    {"type": "a"},
    "text",
    b"bytes",
    bytearray(b"bytes"),
    NewEvent("a"),
    None,
    7,
]

TIMEOUTS: Final[list[Any]] = [0, -1, float("nan"), "1", True]

VERSION_OPTIONS: Final[list[dict[str, Any]]] = [
    {"serial": "quorum"},
    {"serial": None},
    *({"timeout": timeout} for timeout in TIMEOUTS),
]
"""Arguments of `current_version`."""

READ_OPTIONS: Final[list[dict[str, Any]]] = [
    {"from_version": -1},
    {"from_version": 1.0},
    {"from_version": True},
    {"from_version": 2**31 + 1},
    {"max_count": -1},
    {"max_count": "1"},
    {"max_count": True},
    {"max_count": 2**31},
    {"page_size": 0},
    {"page_size": 1.5},
    *VERSION_OPTIONS,
]
"""Arguments of `read_events`."""

FOLLOW_OPTIONS: Final[list[dict[str, Any]]] = [
    *(options for options in READ_OPTIONS if "max_count" not in options),
    {"polling": 1.0},
    {"polling": {"shortest": 1.0}},
]
"""Arguments of `follow`."""

CURSORS: Final[list[Any]] = [
    "",
    "1",
    "not a cursor",
    "A" * 44,
    "_" * 44,
    "=" * 44,
    "\u0661" * 44,
    str(UUID(int=7)),
    b"A" * 44,
    7,
    UUID(int=7),
    True,
]

LIST_OPTIONS: Final[list[dict[str, Any]]] = [
    {"max_count": -1},
    {"max_count": "1"},
    {"max_count": True},
    {"max_count": 2**31},
    {"page_size": 0},
    {"page_size": 1.5},
    {"page_size": True},
    {"page_size": 5001},
    {"page_size": 2**31 - 1},
    *({"timeout": timeout} for timeout in TIMEOUTS),
]
"""Arguments of `streams`."""

JSON_PAYLOADS: Final[list[Any]] = [
    float("nan"),
    {"deep": [{"er": (1, float("inf"))}]},
    Measured(float("-inf")),
    {"a", "set"},
    b"bytes",
    {1: "a key that is not a str"},
    2**64,
    "\ud800",
    object(),
    datetime,
]
"""Payloads that have no JSON form."""
