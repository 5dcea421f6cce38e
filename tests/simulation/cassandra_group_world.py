"""World of a group whose subscriptions are kept by the production code, on simulated tables."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final
from unittest import mock
from uuid import UUID

from event_store_async import (
    Backoff,
    NotParked,
    ResliceRefused,
    Settings,
    StoreUnavailable,
    SubscriptionUnknown,
)
from event_store_async.cassandra.driver.port import UNSET, Bound
from event_store_async.cassandra.schema.added_statements import AddedStatements
from event_store_async.cassandra.schema.tables import StoreTables
from event_store_async.cassandra.subscriptions.store import CassandraSubscriptions
from event_store_async.cassandra.subscriptions.tables import SubscriptionTables
from event_store_async.feeds import FeedReader
from event_store_async.subscriptions import Lease

from .cql_tables import CqlTables
from .group_process import Process, ProcessReader, Trouble
from .group_world import NAME, GroupOutcome, GroupPlan, GroupWorld, run_group
from .process_session import ProcessSession
from .session import CALM, TIMEOUT, Sky, Weather

ROOM: Final = "event_store_async.cassandra.subscriptions"
TABLES: Final = StoreTables("simulated", "events")
_BEGINNING: Final = datetime(2024, 1, 1, tzinfo=UTC)


@dataclass
class CassandraPlan(GroupPlan):
    """
    What happens in a run.

    Attributes:
        weather: The faults of requests to the tables of subscriptions. Those of `trouble` that are
            about requests are of the feed's.
        forgets: How likely an operator stops all members and forgets the subscription.
    """

    weather: Weather = field(default_factory=Weather)
    forgets: float = 0.0

    @classmethod
    def drawn(cls, chance: Random) -> "CassandraPlan":
        """Return a plan by chance."""
        bad = chance.choice([0.0, 0.01, 0.05, 0.1])

        def maybe() -> float:
            return chance.choice([0.0, bad])

        weather = Weather(
            lost=maybe(),
            unanswered=maybe(),
            late=maybe(),
            unsent=maybe(),
            half=chance.choice([0.0, 0.5, 1.0]),
            slow=maybe(),
            pause=maybe() / 10,
        )
        forgets = chance.choice([0.0, 0.0, 0.1])
        plan = GroupPlan.drawn(chance)
        # There are several requests in each call of a port.
        crash, frozen = plan.trouble.crash / 4, plan.trouble.frozen / 4
        trouble = replace(plan.trouble, crash=crash, frozen=frozen)
        return cls(**{**vars(plan), "trouble": trouble}, weather=weather, forgets=forgets)


class CassandraGroupWorld(GroupWorld):
    """
    One run.

    What was reset and skipped is known from the tables, since whoever asked may never be told.

    Args:
        seed: Everything follows from it.
        plan: What happens; None draws one.
    """

    plan: CassandraPlan

    def __init__(self, seed: int, plan: CassandraPlan | None = None) -> None:
        super().__init__(seed, plan or CassandraPlan.drawn(Random(f"plan {seed}")))
        self.tables = CqlTables(Random(f"reads {seed}"), TABLES)
        self.sky = Sky(self.plan.weather)
        self.facts |= {"forgotten": 0, "unanswered": 0, "operators": 0}
        self._numbers: dict[tuple[str, int], int] = {}  # of generations: (registration, generation)
        self._series: dict[str, int] = {}  # the number of the generation that a series is of
        self._acts: list[asyncio.Task[None]] = []
        self._may_start = True
        nobody = Process(0, Trouble(), Random(f"nobody {seed}"))
        self._calm = Sky(CALM)
        self._operators: list[Process] = []
        self._nobody = nobody

    def patched(self, new_id: Callable[[], UUID]) -> AbstractContextManager[object]:
        count = 0

        def later_id() -> UUID:
            nonlocal count
            count += 1
            return UUID(int=count << 80 | 7 << 76 | 2 << 62 | new_id().int & (1 << 62) - 1)

        patches = ExitStack()
        for module in ("registry", "generations", "store"):
            patches.enter_context(mock.patch(f"{ROOM}.{module}.random_uuid", new_id))
        patches.enter_context(mock.patch(f"{ROOM}.registry.ordered_uuid", later_id))
        return patches

    # Processes

    def opened(self, process: Process, reader: FeedReader[Any], sky: Sky) -> CassandraSubscriptions:
        """Open the subscriptions, as a new process would."""
        chance = Random(f"session {process.number} {self.random.random()}")
        session = ProcessSession(self.tables, process, sky, chance, self.note)
        backoff = Backoff(initial=0.01, maximum=0.2, random=chance.random)
        settings = Settings(timeout=10.0, request_timeout=TIMEOUT, backoff=backoff)
        statements = AddedStatements(
            session, TABLES, StoreTables.of_subscriptions, "subscriptions", backoff
        )
        statements._check = _unchecked  # type: ignore[method-assign,assignment]
        tables = SubscriptionTables(session, statements, settings)
        loop = asyncio.get_running_loop()
        return CassandraSubscriptions(
            tables,
            reader,
            lambda: _BEGINNING + timedelta(seconds=loop.time()),
            lambda: None,
        )

    def subscriptions_of(self, process: Process, reader: Any) -> CassandraSubscriptions:
        return self.opened(process, reader, self.sky)

    def start_member(self, crash_at: int | None = None) -> Process:
        if not self._may_start:
            return self._nobody
        return super().start_member(crash_at)

    def number_of(self, lease: Lease) -> int:
        return self._numbers[str(lease.registration_id), lease.key.generation]

    async def _run(self, runner: Any, process: Process) -> None:
        try:
            await super()._run(runner, process)
        finally:
            unknown = f"RAISED: {SubscriptionUnknown.__name__}"
            if self.facts["forgotten"]:
                self.failed[:] = [each for each in self.failed if not each.startswith(unknown)]

    # What is known of the tables

    def note(self, process: Process, batch: Sequence[Bound], before: dict[Any, Any]) -> None:
        """Note what a conditional batch that is applied means."""
        head, values = batch[0]
        bound = dict(zip(head.statement.binds, values, strict=True))
        name = head.statement.name
        if name == "register":
            self._begin(str(bound["id"]), 1, str(bound["series"]), is_reset=True)
        elif name == "unregister":
            self.facts["forgotten"] += 1
        elif name == "change_registration" and bound["series"] is not None:
            series = str(bound["series"])
            if series != before[(), "series"]:
                is_reset = series != before.get(((), "next_series"))
                self._begin(str(bound["id"]), bound["generation"], series, is_reset=is_reset)
        elif name == "change_slice" and process in self._operators:
            number = self._series.get(str(bound["series"]))
            for prepared, own in batch[1:]:
                row = dict(zip(prepared.statement.binds, own, strict=True))
                known = before.get(((row["item"],), "version"))
                if number is None or known is None or row.get("version", UNSET) is UNSET:
                    continue
                if row["version"] > known:
                    self.story.skipped.append((UUID(row["item"]), known, number))

    def _begin(self, id_: str, generation: int, series: str, *, is_reset: bool) -> None:
        number = len(self._numbers) + 1
        self._numbers[id_, generation] = self._series[series] = number
        if is_reset and number > 1:
            self.story.resets.append(number)

    def note_reset(self, generation: int) -> None:
        pass

    def note_skip(self, stream_id: UUID, version: int, generation: int) -> None:
        pass

    # Operators: processes, which die and stand still, too

    async def operate(self) -> None:
        if not self._operators or self._operators[-1].is_dead:
            self._open_operator()
        act = asyncio.ensure_future(self._act())
        self._acts.append(act)
        await asyncio.wait([act], timeout=self.random.choice([0.01, 1.0, 20.0]))

    def _open_operator(self) -> None:
        chance = Random(f"operator {len(self._operators)} {self.random.random()}")
        process = Process(-1 - len(self._operators), self.trouble, chance)
        self._operators.append(process)
        self.facts["operators"] += 1
        self._may_start = True
        self.operator = self.opened(
            process, ProcessReader(self.store.feed().reader, process), self.sky
        )

    async def _act(self) -> None:
        try:
            if self.random.random() < self.plan.forgets:
                await self._forget()
            await super().operate()
        except (NotParked, ResliceRefused, SubscriptionUnknown):
            pass
        except StoreUnavailable:
            self.facts["unanswered"] += 1

    async def _forget(self) -> None:
        """Stop all members, and forget the subscription."""
        operator = self.operator
        self._may_start = False
        try:
            tasks = [task for process, _, task in self.running if not process.is_dead]
            for _, runner, _ in self.running:
                runner.stop()
            if tasks:
                await asyncio.wait(tasks, timeout=100.0)
            await operator.forget(NAME)
        finally:
            self._may_start = True

    # The end

    async def calm_down(self) -> None:
        self.sky.now = CALM
        await super().calm_down()
        await asyncio.sleep(100.0)  # who stood still at a request goes on
        if self._acts:
            await asyncio.wait(self._acts, timeout=200.0)
        self.failed += [
            f"OPERATOR: {type(error).__name__}: {error}"
            for act in self._acts
            if act.done() and (error := act.exception()) is not None
        ]
        self._may_start = True
        for _ in range(60):
            if self._is_desperate():
                self.start_member()
            await asyncio.sleep(5.0)
            if [each async for each in self.admin.all()]:
                return

    async def live(self, loop: Any) -> GroupOutcome:
        self.admin = self.opened(self._nobody, self.store.feed().reader, self._calm)
        return await super().live(loop)


async def _unchecked(_: Any) -> None:
    """Look at no table: they are there."""


def simulate_cassandra_group(seed: int, plan: CassandraPlan | None = None) -> GroupOutcome:
    """Run one world; the same seed gives the same outcome."""
    return run_group(CassandraGroupWorld(seed, plan))
