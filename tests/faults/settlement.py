"""Settlement: what is unknown is repeated, and every stream is read one last time."""

import asyncio
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from ..history.erasures import Erasures
from ..history.history import History
from ..history.intents import Intent, intents_of
from ..history.operations import Append, Erase
from .caller import Caller
from .events import event_of

_ATTEMPTS: Final = 20
_AT_ONCE: Final = 4


async def settle_erasures(caller: Caller, history: History) -> None:
    """Repeat every erasure whose outcome is unknown."""
    unknown = [
        op
        for op in history.operations
        if isinstance(op, Erase) and op.end not in {"erased", "conflict", "refused"}
    ]
    for op in unknown:
        for _ in range(_ATTEMPTS):
            again = await caller.erase(op.stream, op.what, op.before, 10.0)
            if again.end in {"erased", "conflict"}:
                break


async def settle(caller: Caller, history: History) -> int:
    """
    Repeat every append whose outcome is unknown; return how many there were.

    The calls come from another process than the first ones, which may be dead by now. What is
    erased is not repeated: it would be stored again.
    """
    gone = {stream: Erasures(operations).gone for stream, operations in history.streams.items()}
    open_intents = [
        (stream, intent)
        for stream, operations in history.streams.items()
        for intent in intents_of(op for op in operations if isinstance(op, Append))
        if not intent.settled and intent.events[0] not in gone[stream]
    ]
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(stream: str, intent: Intent) -> None:
        events = [event_of(UUID(event)) for event in intent.events]
        async with turn:
            for _ in range(_ATTEMPTS):
                append = await caller.append(stream, events, intent.expected, 10.0)
                if append.end in {"stored", "conflict", "closed"}:
                    return

    async with asyncio.TaskGroup() as group:
        for stream, intent in open_intents:
            group.create_task(one(stream, intent))
    return len(open_intents)


async def read_all(caller: Caller, streams: Iterable[str]) -> None:
    """Read each whole stream at the serial level, as its last read, and ask for its version."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(stream: str) -> None:
        async with turn:
            for _ in range(_ATTEMPTS):
                if (await caller.read(stream, serial=True, final=True)).end != "failed":
                    await caller.version(stream)
                    return

    async with asyncio.TaskGroup() as group:
        for stream in streams:
            group.create_task(one(stream))
