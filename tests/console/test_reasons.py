"""Why a subscription is behind, in words."""

from uuid import uuid4

from event_store_async import MemoryEventStore
from event_store_async.console.reasons import reasons
from event_store_async.subscriptions import Beat, SliceKey


async def test_a_member_that_was_killed_is_not_said_to_work() -> None:
    """It stays the holder of its slices for as long as nobody takes them over."""
    member = uuid4()
    async with MemoryEventStore() as store:
        start = await store.feed().head()
        await store.subscriptions.register("mails", 2, start)
        for number in range(2):
            await store.subscriptions.claim(SliceKey("mails", 1, number), member, 0)
        await store.subscriptions.beat("mails", member, Beat(1, 7))
        await store.persist_events(uuid4(), [1, 2, 3])
        status = await store.subscriptions.status("mails")

    (silent,) = reasons(status, 0.0, {member: 40.0})
    beating = reasons(status, 0.0, {member: 2.0})

    assert silent.kind == "bad"
    assert silent.text.startswith(f"Slices 0, 1 are held by member {member}")
    assert "40 seconds" in silent.text
    assert "start it again" in silent.step
    assert all("held by" not in each.text for each in beating)
