"""Events that attack who looks at them: markup, control characters, and more than fits."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

from event_store_async import MemoryEventStore, NewEvent
from event_store_async.subscriptions import ParkedStream, SliceKey

HIT: Final = "window.__hit = 1"
"""What the attacks run; `window.__hit` says whether one has succeeded."""

MARKUP: Final = (
    f"<script>{HIT}</script>",
    f'<img src=x onerror="{HIT}">',
    f"</textarea><script>{HIT}</script>",
    f"</title></style></pre></template></iframe><svg onload='{HIT}'>",
    f'"><script>{HIT}</script><a href="javascript:{HIT}">x</a>',
    f"' onmouseover='{HIT}' autofocus onfocus='{HIT}' x='",
    "<meta http-equiv=refresh content='0;url=//attack.invalid/'>",
    "<form action=//attack.invalid><button>Replay</button></form>",
    "<link rel=stylesheet href=//attack.invalid/x.css><base href=//attack.invalid/>",
    "]]><!-- --!> &lt;b&gt; {{ 7 * 7 }} {% include 'x' %} ${7*7}",
)

UNSEEN: Final = "a\x00b\x07c\x1b[31md\x7fe\x9bf\u202eg\u2066h\u200bi\ufeffj\u2028k\U000e0041l\rm"
"""Control characters, characters that turn the direction of text, and invisible ones."""

FORBIDDEN: Final = set(UNSEEN) - set("abcdefghijklm[31")
"""What no page may show as it is."""

SUBSCRIPTION: Final = "attacked"


@dataclass(frozen=True)
class Hostile:
    """
    A store with such events.

    Attributes:
        store: The store.
        stream: A stream of them.
        parked: A parked stream, with such an error.
    """

    store: MemoryEventStore
    stream: UUID
    parked: UUID


@asynccontextmanager
async def hostile() -> AsyncGenerator[Hostile, None]:
    """Give such a store."""
    async with MemoryEventStore() as store:
        found = Hostile(store, uuid4(), uuid4())
        every = " ".join(MARKUP)
        for text in (*MARKUP, UNSEEN):
            metadata = {
                "correlation_id": text,
                "causation_id": f"javascript:{HIT}//{text}",
                text: {"user": text},
            }
            payload = {text: text, "list": [text, {"deep": text}]}
            await store.persist_events(found.stream, [NewEvent(payload, text, metadata)])
        metadata = {"correlation_id": "//attack.invalid/"}
        await store.category("attacked").persist_events(
            found.parked, [NewEvent({"all": every}, every, metadata) for _ in range(2)]
        )
        await _park(found, f"{every} {UNSEEN}")
        yield found


async def _park(found: Hostile, error: str) -> None:
    store = found.store
    feed = store.feed()
    items = [item async for item in feed.read()]
    await store.subscriptions.register(SUBSCRIPTION, 1, items[0].position)
    lease = await store.subscriptions.claim(SliceKey(SUBSCRIPTION, 1, 0), uuid4(), 0)
    assert lease is not None
    own = [item for item in items if item.stream_id == found.parked]
    row = ParkedStream(
        found.parked,
        version=1,
        last_version=2,
        after=items[items.index(own[0]) - 1].position,
        last_position=own[-1].position,
        type=own[0].type,
        error=error,
        attempts=5,
        since=datetime.now(UTC),
    )
    lease = await store.subscriptions.commit(lease, items[-1].position, {found.parked: row})
    await store.subscriptions.release(lease)
