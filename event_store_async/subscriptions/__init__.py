"""
Subscriptions and projections: code that handles the events of a feed, in a group of processes.

    subscription  handles events one by one
    projection   keeps a view, a page at a time
    progress     how far a subscription is, for any process
    reaction     events lead to commands
    recovery     what is done about failures, and how often things happen
    health       how a member of a group is
    memory_transactions  transactions of a view in memory
    runner       what subscriptions and projections have in common
    member       beats, claims slices, and works on them
    watch        which members live
    assignment   which member works on which slice
    work         what is done, the same for all slices
    worker       handles the events of one slice
    slice_replay  handles what waits in its parked streams
    slice_task   what each step of that needs
    ledger       what of a slice is handled, stored and parked
    delivery     hands events to the code of the user
    attempt      one call of a handler
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
from .delivery import Apply, Clear, Handler
from .health import SubscriptionHealth
from .memory_transactions import MemoryTransactions
from .progress import SubscriptionProgress
from .projection import Projection
from .reaction import reacting
from .recovery import Pace, Recovery
from .runner import SubscriptionRunner
from .subscription import Subscription

__all__ = [
    "Apply",
    "Beat",
    "CheckpointReader",
    "Checkpoints",
    "Clear",
    "Division",
    "Handler",
    "Lag",
    "Lease",
    "MemoryTransactions",
    "Pace",
    "ParkedStream",
    "Projection",
    "Recovery",
    "Registration",
    "Roster",
    "SkippedEvent",
    "SliceKey",
    "SliceLag",
    "Start",
    "Stopped",
    "Subscription",
    "SubscriptionAdmin",
    "SubscriptionHealth",
    "SubscriptionProgress",
    "SubscriptionRunner",
    "SubscriptionStatus",
    "SubscriptionStore",
    "Subscriptions",
    "Transaction",
    "Transactions",
    "reacting",
]
