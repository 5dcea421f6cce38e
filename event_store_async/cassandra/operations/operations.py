"""Operations: what those who run a cluster ask of a store, and applications do not."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ...checks import check_callable, check_instance, check_text
from ...errors import EventStoreError, MisuseError
from ...feeds import Position, Selection
from ...retry import Deadline
from ...settings import Settings
from ..driver.faults import Fault
from ..driver.repeat import repeat
from ..driver.session import Session
from ..feed.backfill import FeedBackfill
from ..feed.link_reader import FeedLink
from ..feed.room import FeedRoom
from ..feed.status import FeedStatus
from ..feed.verification import FeedFinding, FeedVerification, FeedVerificationProgress
from ..schema.migrator import Migrator
from .clients import ConnectedProcess
from .diagnosis import Finding, diagnose
from .inspector import ClusterState, Inspector

_DDL_TIMEOUT: Final = 30.0


@dataclass(frozen=True, slots=True)
class Examination:
    """
    What was found in a cluster.

    Attributes:
        state: The facts.
        findings: What they mean: a finding for each thing that was looked at, with what to change
            and why.
    """

    state: ClusterState
    findings: tuple[Finding, ...]


class Operations:
    """
    Work on a store's cluster, for those who run it. `EventStore.operations` is one.

    The command ``event-store doctor`` shows an examination, and ``event-store schema create
    --dry-run`` a plan.

    Args:
        session: The store's.
        migrator: The store's.
        inspector: The store's.
        settings: The store's.
        feed: The store's.
        check_open: Raises the `MisuseError` that keeps the store from working, if there is one.
    """

    def __init__(
        self,
        session: Session,
        migrator: Migrator,
        inspector: Inspector,
        settings: Settings,
        feed: FeedRoom,
        check_open: Callable[[], object],
    ) -> None:
        self._feed = feed
        self._session = session
        self._migrator = migrator
        self._inspector = inspector
        self._settings = settings
        self._check_open = check_open

    async def examine(self) -> Examination:
        """
        Look at the cluster: versions, replication, clocks, settings, and options of the tables.

        If the table has a feed, at its writers and its sequencer, too: that takes some seconds.
        Nothing is changed, and the tables need not exist.

        Raises:
            StoreUnavailable: there was no answer in time.
            RequestRefused: the user may not read the schema.
            MisuseError: the store is closed, or belongs to another loop or process.
        """
        self._check_open()
        deadline = Deadline(self._settings.timeout)
        state = await repeat(
            lambda _: self._inspector.state(deadline),
            deadline,
            self._settings.backoff,
            "looking at the cluster",
        )
        if state.schema.has_feed:
            state = await self._with_feed(state)
        return Examination(state, diagnose(state))

    async def _with_feed(self, state: ClusterState) -> ClusterState:
        try:
            return replace(state, feed=await self._feed.facts())
        except MisuseError:
            raise
        except EventStoreError as error:
            # That the feed cannot be read is one of the things to find out.
            return replace(state, feed_problem=str(error))

    async def feed_status(self) -> FeedStatus:
        """
        Look at the feed of the table; takes a little longer than a beat of its sequencer.

        Raises:
            FeedDisabled: the table has no feed.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another loop or process.
        """
        return await self._feed.status()

    def feed_links(
        self,
        after: Position | None = None,
        *,
        categories: Collection[str] = (),
        types: Collection[str] = (),
    ) -> AsyncGenerator[FeedLink, None]:
        """
        Iterate over the log of the feed as it is stored: links to events, and no events.

        It ends at the end of the feed, as it was at the first step.

        Args:
            after: Exclusive; None is the beginning.
            categories: The categories of streams; none is all streams.
            types: The stored names of types; none is all events. A link with an event of one of
                them is given whole.

        Raises:
            InvalidArgument: at the call, before anything is sent.
            MisuseError: the store is closed, or belongs to another loop or process.
            ForeignPosition: *after* is a position in another feed.
            FeedDisabled: the table has no feed.
            FeedInconsistent: an entry of the log is missing.
            StoreUnavailable: no quorum answered in time.
        """
        check_instance("after", after, Position, "a Position", optional=True)
        selection = Selection.of(categories, types)
        self._check_open()
        return self._feed.links(after, selection)

    async def build_feed(self, on_progress: Callable[[FeedBackfill], object]) -> FeedBackfill:
        """
        Sequence the feed until the events from before it was enabled are in it.

        Every store on a table with a feed does this in the background. This is for a process that
        shows how far it has come. It can be ended at any time: what is done stays done, and any
        store goes on from there. If another process works on the feed, this one watches it.

        Args:
            on_progress: Called a few times a second, and once at the end.

        Returns:
            What *on_progress* was called with last: the feed is complete.

        Raises:
            FeedDisabled: the table has no feed.
            FeedInconsistent: the tables of the feed contradict each other.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another loop or process.
        """
        check_callable("on_progress", on_progress)
        return await self._feed.build(on_progress)

    async def clients(self) -> tuple[ConnectedProcess, ...] | None:
        """
        Return the processes with this library that are connected to the cluster, this one included.

        They may use any keyspace. A node lists its own connections only, and no node can be asked
        by name: a process that is connected to nodes that did not answer is not found.

        Returns:
            The processes, by address; None if the servers do not tell (Cassandra before 5.0), or
            the user may not ask.

        Raises:
            StoreUnavailable: no node answered in time.
            MisuseError: the store is closed, or belongs to another loop or process.
        """
        self._check_open()
        deadline = Deadline(self._settings.timeout)
        return await repeat(
            lambda _: self._inspector.clients(deadline),
            deadline,
            self._settings.backoff,
            "looking at the connected clients",
        )

    async def verify_feed(
        self,
        *,
        on_progress: Callable[[FeedVerificationProgress], object] = lambda _: None,
        on_finding: Callable[[FeedFinding], Awaitable[None] | None] = lambda _: None,
    ) -> FeedVerification:
        """
        Compare the feed with the streams, and report everything that is wrong.

        The log of a sound feed has every event of every stream once, in the order of its versions,
        and nothing else; its entries count on without a gap; and the table of progress says of each
        stream what the log has. No payload is read: `event_store_async.maintenance.verify_streams`
        checks the streams themselves.

        Others may append and publish meanwhile. What a stream has and the log lacks is looked for
        again, some seconds long; what the log lacks then is counted as unpublished, and is no
        finding unless the table of progress says that it was published. Memory is bounded: for more
        than 500,000 streams the log is read several times.

        Args:
            on_progress: Called after each stream, and after each entry of the log.
            on_finding: Receives each finding, 1,000 at most; an async function is awaited.

        Raises:
            InvalidArgument: an argument is not callable.
            FeedDisabled: the table has no feed.
            StoreUnavailable: no quorum answered in time.
            RequestRefused: the user may not read the tables.
            MisuseError: the store is closed, or belongs to another loop or process.
        """
        check_callable("on_progress", on_progress)
        check_callable("on_finding", on_finding)
        return await self._feed.verify(on_progress, on_finding)

    async def run_sequencer(self) -> None:
        """
        Sequence the feed until cancelled, or until the store is closed.

        Every store on a table with a feed does this in the background (`Settings.sequences`). This
        is for a process that does nothing else.

        Raises:
            FeedDisabled: the table has no feed.
            StoreUnavailable: no quorum answered in time, at the beginning. Later outages are
                waited out.
            MisuseError: the store is closed, or belongs to another loop or process.
        """
        await self._feed.sequence()

    async def plan_schema(
        self, replication: Mapping[str, int] | None = None, *, feed: bool = False
    ) -> tuple[str, ...]:
        """
        Return the CQL that `EventStore.create_schema` would run now, in order, and run none of it.

        Args:
            replication: As for `EventStore.create_schema`.
            feed: As for `EventStore.create_schema`.

        Returns:
            The statements; empty if there is nothing to do. Those that take the lock on the schema
            and record a migration have bind markers: a comment after them has the values.

        Raises:
            EventStoreError: what `EventStore.create_schema` would raise before its first change.
        """
        self._check_open()
        return await self._migrator.plan(replication, feed=feed)

    async def run_ddl(self, text: str) -> None:
        """
        Run one CQL statement as it is: for tests and tools, never for applications.

        It is sent once, without parameters, and may take 30 seconds. The store is not told of
        what changes: after a change of its own tables, use another store.

        Args:
            text: The statement. Nothing in it is checked.

        Raises:
            InvalidArgument: *text* is not a str, or has a surrogate.
            RequestRefused: the server refuses it; it was not run.
            StoreUnavailable: there was no answer in time. It may have been run, or may yet be.
            MisuseError: the store is closed, or belongs to another loop or process.
        """
        self._check_open()
        statement = check_text("text", text)
        try:
            await self._session.change_schema(statement, timeout=_DDL_TIMEOUT)
        except Fault as fault:
            raise fault.as_error("running a statement") from fault
