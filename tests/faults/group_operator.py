"""Operator: acts on the groups while everything fails, and has them end in good order."""

import asyncio
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID

from event_store_async import (
    EventStore,
    NotParked,
    ResliceRefused,
    StoreOverloaded,
    StoreUnavailable,
    SubscriptionUnknown,
)
from event_store_async.subscriptions import ParkedStream, Registration

from ..history.recorder import Recorder

_T = TypeVar("_T")

REQUIRED: Final = ("replay", "reslice", "reset", "skip")
"""What every run must have, in this order."""

_NOTHING_WAITS: Final = "nothing waits"
_NOT_PARKED: Final = "it was not parked any more"
_DIVIDING: Final = "a division is under way"
_NOTHING: Final = {_NOTHING_WAITS, _NOT_PARKED, _DIVIDING, "0 streams"}
"""The results that say that nothing was done."""

_OUTAGES: Final = (StoreUnavailable, StoreOverloaded)
_SETTLING: Final = 240.0
"""Seconds without any progress after which a group is stuck, once nothing fails any more."""


@dataclass(slots=True)
class Deeds:
    """
    What was done to a group, as far as its checker must know.

    Attributes:
        generation: The last generation that was known.
        resets: The generations that began with a reset; the first one is among them.
        skips: The reasons of the skips, with what was skipped and in which generation.
        counts: How often each kind of deed was done.
    """

    generation: int = 1
    resets: list[int] = field(default_factory=lambda: [1])
    skips: dict[str, tuple[UUID, int, int]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


class Operator:
    """
    Replays, skips, parks, pauses, resets and reslices, at random.

    Args:
        store: A store on the nodes themselves.
        names: The groups.
        recorder: Records what is done.
        rng: Makes every choice.

    Attributes:
        deeds: What was done, by group.
    """

    def __init__(
        self, store: EventStore, names: list[str], recorder: Recorder, rng: random.Random
    ) -> None:
        self._store = store
        self._admin = store.subscriptions
        self._recorder = recorder
        self._rng = rng
        self._deck: list[tuple[str, str]] = []
        self.deeds = {name: Deeds() for name in names}

    async def run(self, stop: asyncio.Event) -> None:
        """Act until *stop* is set; what is begun is brought to its end."""
        # First and quickly what every run must have, so that a short one has all of it.
        self._deck = [(kind, name) for kind in reversed(REQUIRED) for name in self.deeds]
        while not stop.is_set():
            longest = 5.0 if self.has_all else 2.0
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._rng.uniform(longest / 5, longest))
            if not self._deck:
                # Dealt like cards.
                kinds = ["replay", "replay", "skip", "skip", "park", "pause", "reset", "reslice"]
                self._deck = [(kind, name) for kind in kinds for name in self.deeds]
                self._rng.shuffle(self._deck)
            kind, name = self._deck.pop()
            if await self._act(kind, name):
                self.deeds[name].counts[kind] += 1
            elif kind in REQUIRED and not self.deeds[name].counts[kind]:
                self._deck.insert(0, (kind, name))  # later

    @property
    def has_all(self) -> bool:
        """Whether all that every run must have was done to each group."""
        return all(deeds.counts[kind] for deeds in self.deeds.values() for kind in REQUIRED)

    async def _act(self, kind: str, name: str) -> bool:
        """Do something; return whether it was done."""
        try:
            result, done = await getattr(self, f"_{kind}")(name) or "done", True
        except (SubscriptionUnknown, ResliceRefused, NotParked) as error:
            result, done = type(error).__name__, False
        self._recorder.mark("operator", name, did=kind, result=result)
        return done and result not in _NOTHING

    async def _insist(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """Call until there is an answer: then an earlier call has no effect any more."""
        while True:
            try:
                return await call()
            except _OUTAGES:
                await asyncio.sleep(0.5)

    async def _registered(self, name: str) -> Registration:
        known = await self._insist(lambda: self._admin.checkpoints(name))
        return known.registration

    async def _rows(self, name: str) -> list[ParkedStream]:
        async def rows() -> list[ParkedStream]:
            return [row async for row in self._admin.parked(name)]

        return await self._insist(rows)

    async def _skipped(self, name: str) -> dict[str, tuple[UUID, int]]:
        async def skipped() -> dict[str, tuple[UUID, int]]:
            return {
                each.reason: (each.stream_id, each.version)
                async for each in self._admin.skipped(name)
            }

        return await self._insist(skipped)

    # Deeds

    async def _replay(self, name: str) -> str:
        return f"{await self._insist(lambda: self._admin.replay(name))} streams"

    async def _skip(self, name: str) -> str:
        rows = [row for row in await self._rows(name) if row.waits]
        if not rows:
            return _NOTHING_WAITS
        row, reason = self._rng.choice(rows), uuid.uuid4().hex
        generation = (await self._registered(name)).generation
        # It may not be parked any more by a call that got no answer: the record tells.
        with suppress(NotParked):
            await self._insist(
                lambda: self._admin.skip(
                    name, row.stream_id, row.version, reason=reason, by="operator"
                )
            )
        if reason not in await self._skipped(name):
            return _NOT_PARKED
        self.deeds[name].skips[reason] = (row.stream_id, row.version, generation)
        return f"{row.stream_id} {row.version}"

    async def _park(self, name: str) -> str:
        async def streams() -> list[UUID]:
            return [each.stream_id async for each in self._store.streams(max_count=200)]

        stream_id = self._rng.choice(await self._insist(streams))
        await self._insist(lambda: self._admin.park(name, stream_id))
        return f"{stream_id}"

    async def _pause(self, name: str) -> None:
        await self._insist(lambda: self._admin.pause(name))
        await asyncio.sleep(self._rng.uniform(0.5, 5.0))
        await self._insist(lambda: self._admin.resume(name))

    async def _reset(self, name: str) -> str:
        deeds, known = self.deeds[name], await self._registered(name)
        if known.next_slices is not None:
            return _DIVIDING
        # One operator acts: what changes from here on is this reset, or its repetitions.
        after = await self._insist(lambda: self._admin.reset(name, "beginning"))
        deeds.resets += range(known.generation + 1, after.generation + 1)
        return f"generation {after.generation}"

    async def _reslice(self, name: str) -> str:
        slices = self._rng.randint(1, 6)
        await self._insist(lambda: self._admin.reslice(name, slices))
        return f"{slices} slices"

    # The end

    async def settle(self, name: str) -> dict[UUID, ParkedStream]:
        """
        Replay what is parked until nothing is; return what is left once nothing comes nearer.

        How long it takes has no limit of its own: after a late reset, all events of the run are
        handled again, and there are more of them in a longer run.
        """
        await self._insist(lambda: self._admin.resume(name))
        loop = asyncio.get_running_loop()
        # Replays that fail count their attempts, and begin anew: that is no progress. These states
        # are so few that a group that never ends comes back to one of them.
        states: set[object] = set()
        try:
            async with asyncio.timeout(_SETTLING) as limit:
                while True:
                    head = await self._insist(self._store.feed().head)
                    known = await self._insist(lambda: self._admin.checkpoints(name))
                    rows = await self._rows(name)
                    group = known.registration
                    waiting = frozenset((row.stream_id, row.version) for row in rows)
                    state = group.generation, group.ready, known.positions, waiting
                    if state not in states:
                        states.add(state)
                        limit.reschedule(loop.time() + _SETTLING)
                    if (
                        group.ready
                        and group.next_slices is None
                        and min(known.positions) == head
                        and not rows
                    ):
                        break
                    if any(not row.replay for row in rows):
                        await self._insist(lambda: self._admin.replay(name))
                    await asyncio.sleep(1.0)
        except TimeoutError:
            pass  # the checker tells what is missing
        return {row.stream_id: row for row in await self._rows(name)}

    async def records(self, name: str) -> Mapping[str, tuple[UUID, int]]:
        """Return what is on record of skips, by their reasons."""
        return await self._skipped(name)
