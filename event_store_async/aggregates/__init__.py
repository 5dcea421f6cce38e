"""
Aggregates: state made of events, and commands that are decided on it.

    reducer snapshot results    what an aggregate is, and what comes of a command
    command policy              what is wanted, how often it is tried
    cache loading repository    aggregates from their streams
    deciding turns undertaking  one command, decided and appended, after those before it
    handler                     carries out commands, each exactly once

It knows the ports alone: any store will do.
"""

from .cache import Known, SnapshotCache
from .command import Command, Decision
from .handler import CommandHandler
from .policy import RetryPolicy
from .reducer import Reducer
from .repository import Repository
from .results import (
    CommandHandled,
    CommandResult,
    InvalidAggregateVersion,
    Rejected,
)
from .snapshot import Snapshot

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
