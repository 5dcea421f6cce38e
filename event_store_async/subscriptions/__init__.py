"""
Subscriptions and projections: code that handles the events of a feed, in a group of processes.

    recovery     what is done about failures, and how often things happen
    assignment   which member works on which slice
"""

from ..ports.lag import Lag, SliceLag, SubscriptionStatus
from ..ports.slices import (
    Beat,
    Checkpoints,
    Division,
    Lease,
    ParkedStream,
    Registration,
    Roster,
    SkippedEvent,
    SliceKey,
    Start,
)
from ..ports.subscriptions import (
    CheckpointReader,
    SubscriptionAdmin,
    Subscriptions,
    SubscriptionStore,
)
from ..ports.transactions import Stopped, Transaction, Transactions
from .recovery import Pace, Recovery

__all__ = [
    "Beat",
    "CheckpointReader",
    "Checkpoints",
    "Division",
    "Lag",
    "Lease",
    "Pace",
    "ParkedStream",
    "Recovery",
    "Registration",
    "Roster",
    "SkippedEvent",
    "SliceKey",
    "SliceLag",
    "Start",
    "Stopped",
    "SubscriptionAdmin",
    "SubscriptionStatus",
    "SubscriptionStore",
    "Subscriptions",
    "Transaction",
    "Transactions",
]
