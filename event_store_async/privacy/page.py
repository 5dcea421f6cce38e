"""Page: the events of a read, with the keys of several fetched at once."""

from collections.abc import AsyncGenerator
from typing import Any, Final

from ..events import RecordedEvent
from .deadline import within
from .key_cache import KeyCache
from .opener import ClosedPayload, closed_event, known_to, opened_event, opening_of

_EVENTS: Final = 500
"""How many events are held at most while the keys of all of them are asked for."""

_CHARACTERS: Final = 4_000_000
"""How many characters they may have, roughly."""


class PrivatePages:
    """
    Opens the events of one read.

    An event whose keys are known is passed on at once. Before keys are asked for, more events are
    read, so that one request serves them all.

    Args:
        keys: The keys of the subjects.
        page_size: How many events at most are opened with one request; None for a fixed number.
        timeout: Seconds in which the keys must come; None leaves it to the key store.
    """

    def __init__(self, keys: KeyCache, page_size: int | None, timeout: float | None) -> None:
        self._keys = keys
        self._most = min(page_size or _EVENTS, _EVENTS)
        self._timeout = timeout

    async def run(
        self, events: AsyncGenerator[RecordedEvent[Any], None]
    ) -> AsyncGenerator[RecordedEvent[Any], None]:
        """Iterate over the events, with their payloads in plain text."""
        try:
            async for event in events:
                payload = closed_event(event)
                opening = known_to(self._keys, payload)
                if opening is not None:
                    yield opened_event(event, payload, opening)
                    continue
                held = [(event, payload)]
                failure = await self._hold(events, held)
                asked = opening_of(self._keys, [payload for _, payload in held])
                opening = await within(self._timeout, asked)
                for each, closed in held:
                    yield opened_event(each, closed, opening)
                if failure is not None:
                    raise failure
        finally:
            await events.aclose()

    async def _hold(
        self,
        events: AsyncGenerator[RecordedEvent[Any], None],
        held: list[tuple[RecordedEvent[Any], ClosedPayload]],
    ) -> Exception | None:
        """Read more events; return the error that ended the read, which comes after them."""
        size = held[0][1].size
        while len(held) < self._most and size < _CHARACTERS:
            try:
                event = await anext(events)
            except StopAsyncIteration:
                return None
            except Exception as error:  # noqa: BLE001 - it is raised after the events before it
                return error
            payload = closed_event(event)
            size += payload.size
            held.append((event, payload))
        return None
