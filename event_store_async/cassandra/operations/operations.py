"""
Operating: what those who run a cluster ask of a store, and applications do not.

The command ``event-store doctor`` shows an examination, ``schema create --dry-run`` a plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ...retry import Deadline
from ..driver.retrying import repeat
from ..store import EventStore
from .diagnosis import Finding, Severity, diagnose
from .inspector import ClusterState, Inspector

__all__ = ["ClusterState", "Examination", "Finding", "Severity", "examine", "plan_schema"]


@dataclass(frozen=True, slots=True)
class Examination:
    """
    What was found of a cluster.

    Attributes:
        state: The facts.
        findings: What they mean: everything that was looked at, with what to change and why.
    """

    state: ClusterState
    findings: tuple[Finding, ...]


async def examine(store: EventStore) -> Examination:
    """
    Look at a store's cluster: versions, replication, clocks, settings, the table's options.

    Nothing is changed, and the table need not exist.

    Raises:
        StoreUnavailable: nobody answered in time.
        RequestRefused: the user may not read the schema.
        MisuseError: the store is closed, or another loop's or process's.
    """
    settings = store._settings  # noqa: SLF001 - a part of the store that applications do not need
    inspector = Inspector(
        store._session,  # noqa: SLF001
        store._table,  # noqa: SLF001
        request_timeout=settings.request_timeout,
        clock=settings.clock,
    )
    deadline = Deadline(settings.timeout)
    state = await repeat(
        lambda _: inspector.state(deadline), deadline, settings.backoff, "looking at the cluster"
    )
    return Examination(state, diagnose(state))


async def plan_schema(
    store: EventStore, replication: Mapping[str, int] | None = None
) -> tuple[str, ...]:
    """
    Return the CQL that `EventStore.create_schema` would run now, in order, and run none of it.

    Args:
        store: Where to.
        replication: As for `EventStore.create_schema`.

    Returns:
        The statements; none where nothing is to be done. Those that take the lock on the schema
        and record a migration have binds: their values stand behind them in a comment.

    Raises:
        EventStoreError: what `EventStore.create_schema` would raise before its first change.
    """
    return await store._engine.migrator.plan(replication)  # noqa: SLF001 - see examine
