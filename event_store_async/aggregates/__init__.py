"""
Aggregates: state made of events, and commands that are decided on it.

    reducer       from events to an aggregate; an aggregate at a version
    command       what is wanted, what can come of it, and how often it is tried
    cache         aggregates that were used recently
    repository    loads aggregates from their streams
    execution     one command, decided and appended
    handler       carries out commands, each exactly once

It knows only the ports: any store will do.
"""

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
from .reducer import Reducer, Snapshot
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
]
