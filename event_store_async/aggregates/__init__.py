"""
Aggregates: state computed from events, and the commands that change it.

    reducer       Reducer: from events to an aggregate
    command       Command, its results, and RetryPolicy
    cache         SnapshotCache: aggregates that were used recently
    proof         whether a stored snapshot fits its stream
    stored        the stored snapshots of a repository: found, saved, rejected
    repository    Repository: loads aggregates from their streams
    execution     CommandExecution: decides one command and appends its events
    handler       CommandHandler: carries out commands, each exactly once

This package uses only the ports, so it works with any store.
"""

from ..ports import SnapshotConversion
from ..snapshot import Snapshot, StoredSnapshot
from .cache import Known, SnapshotCache
from .command import (
    Command,
    CommandHandled,
    CommandResult,
    Decision,
    InvalidAggregateVersion,
    Rejected,
    RetryPolicy,
)
from .handler import CommandHandler
from .reducer import Reducer
from .repository import Repository

__all__ = [
    "Command",
    "CommandHandled",
    "CommandHandler",
    "CommandResult",
    "Decision",
    "InvalidAggregateVersion",
    "Known",
    "Reducer",
    "Rejected",
    "Repository",
    "RetryPolicy",
    "Snapshot",
    "SnapshotCache",
    "SnapshotConversion",
    "StoredSnapshot",
]
