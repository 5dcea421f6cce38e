"""The ports of subscriptions: who works on what, how far it is, and what operators do."""

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol
from uuid import UUID

from ..errors import InvalidArgument
from ..feeds import Position
from .lag import SubscriptionStatus
from .slices import (
    Beat,
    Checkpoints,
    Lease,
    ParkedStream,
    Registration,
    Roster,
    SkippedEvent,
    SliceKey,
    Start,
)
from .transactions import Stopped


class CheckpointReader(Protocol):
    """Tells how far a subscription is."""

    async def checkpoints(self, name: str) -> Checkpoints:
        """
        Return how far each slice of a subscription is, and which streams are parked.

        Args:
            name: The name of the subscription.

        Raises:
            SubscriptionUnknown: there is no such subscription.
            StoreUnavailable: no quorum answered in time.
            MisuseError: the store is closed, or belongs to another event loop or process.
            SchemaError: a table is missing.
        """
        raise NotImplementedError


class SubscriptionStore(CheckpointReader, Protocol):
    """
    Keeps subscriptions for the members of their consumer groups.

    Every change is one compare-and-set on one slice, or on one registration. A member whose request
    may or may not have been carried out repeats it: a repetition changes nothing. Beats are plain
    writes: nothing but time depends on them.

    Every method raises `SubscriptionUnknown` if there is no such subscription (`register` does
    not), and `StoreUnavailable`, `MisuseError` and `SchemaError` as `checkpoints` does. A request
    that raised `StoreUnavailable` may have been carried out.
    """

    async def register(self, name: str, slices: int, start: Position) -> Registration:
        """
        Register a subscription, unless it is registered.

        Args:
            name: The name of the subscription.
            slices: How many slices it has.
            start: Where it starts. It counts only if the subscription is new.

        Returns:
            The subscription as it is registered.

        Raises:
            InvalidArgument: before anything is sent.
            SubscriptionMismatch: it is registered with another number of slices, and is not to
                have this one next.
        """
        raise NotImplementedError

    async def beat(self, name: str, member: UUID, beat: Beat) -> Roster:
        """
        Say that a member lives, and return what is known of its group.

        Args:
            name: The name of the subscription.
            member: The member.
            beat: What it says of itself. A beat with a lower count than the last one changes
                nothing: it is late.
        """
        raise NotImplementedError

    async def leave(self, name: str, member: UUID) -> None:
        """
        Forget the beats of a member that has ended, or is long dead.

        A member that lives is known again with its next beat.

        Args:
            name: The name of the subscription.
            member: The member.
        """
        raise NotImplementedError

    async def claim(self, key: SliceKey, member: UUID, seen_fence: int) -> Lease | None:
        """
        Claim a slice for a member, whoever holds it. Its fence rises: earlier leases are lost.

        Args:
            key: The slice.
            member: The member.
            seen_fence: The fence that the member saw; 0 for a slice that was never claimed.

        Returns:
            The lease; None if the fence or the generation has changed: somebody was quicker.
        """
        raise NotImplementedError

    async def refresh(self, lease: Lease) -> Lease:
        """
        Return a lease with what operators have changed of its slice: the parked streams.

        Args:
            lease: The lease.

        Raises:
            LeaseLost: it has ended.
        """
        raise NotImplementedError

    async def commit(
        self, lease: Lease, position: Position, parked: Mapping[UUID, ParkedStream | None]
    ) -> Lease:
        """
        Move a slice on, and change its parked streams: one step, all or nothing.

        Repeating it settles it: a commit that was carried out is not carried out again.

        Args:
            lease: The lease, as the store returned it last.
            position: How far the slice is now.
            parked: The parked streams that are new or changed, by id; None for a stream that is
                parked no more.

        Returns:
            The lease with the new position and the new parked streams.

        Raises:
            InvalidArgument: *position* is before the position of the lease.
            LeaseLost: it has ended, or the slice has another position, or an operator has changed a
                row of *parked* since the lease was returned. Nothing was changed.
        """
        raise NotImplementedError

    async def release(self, lease: Lease) -> None:
        """
        Give a slice back, so that another member can claim it at once. A lost lease is ignored.

        Args:
            lease: The lease.
        """
        raise NotImplementedError

    async def prepared(
        self, registration: Registration, stopped: Stopped | None = None
    ) -> Registration:
        """
        Say that a generation is prepared: its view is cleared, so its slices may begin.

        Args:
            registration: The generation. If it is no longer the current one, nothing is changed.
            stopped: How far the generation before was in the database of the view, which the store
                knows less exactly.

        Returns:
            The subscription as it is registered now.
        """
        raise NotImplementedError

    async def divide(self, registration: Registration) -> Registration:
        """
        Begin the generation with the number of slices that an operator has asked for.

        Members call it once no living one holds a slice, so that what they handled is committed.
        What any slice had committed is not delivered again, nothing is left out, and parked streams
        stay parked. Leases that are left are lost.

        Args:
            registration: The generation that ends. If it is no longer the current one, or if no
                other number of slices is asked for, nothing is changed.

        Returns:
            The subscription as it is registered now.
        """
        raise NotImplementedError


class SubscriptionAdmin(Protocol):
    """
    What operators do with subscriptions. No handler is needed.

    Every method raises `SubscriptionUnknown` if there is no such subscription (`all` does not), and
    `InvalidArgument`, `StoreUnavailable`, `MisuseError` and `SchemaError` as the ports do.
    """

    def all(self) -> AsyncGenerator[SubscriptionStatus, None]:
        """Iterate over all subscriptions, in the order of their names."""
        raise NotImplementedError

    async def status(self, name: str) -> SubscriptionStatus:
        """
        Return a subscription, its members, and how far it is behind.

        Args:
            name: The name of the subscription.
        """
        raise NotImplementedError

    async def pause(self, name: str) -> None:
        """
        Let a subscription stand still until it is resumed. It survives restarts.

        Members see it at their next beat, and finish the event in hand.

        Args:
            name: The name of the subscription.
        """
        raise NotImplementedError

    async def resume(self, name: str) -> None:
        """
        Let a paused subscription go on.

        Args:
            name: The name of the subscription.
        """
        raise NotImplementedError

    async def reset(self, name: str, to: Start) -> Registration:
        """
        Start a subscription anew. Nobody has to be stopped: it is a new generation.

        Every lease of the generation before is lost, and so are its parked streams: what is after
        *to* is delivered again, events that were skipped, too. A projection clears its view first,
        wherever it starts: from any start but the beginning, the view lacks what is before it.

        Args:
            name: The name of the subscription.
            to: Where it starts.
        """
        raise NotImplementedError

    async def reslice(self, name: str, slices: int) -> Registration:
        """
        Change the number of slices. Nobody has to be stopped: it is a new generation.

        It begins at once if nobody holds a slice. Otherwise the members see it at their next beat,
        finish the event in hand, commit, and begin it: nothing is delivered twice or left out, but
        for what a member that died had not committed. Parked streams stay parked.

        Args:
            name: The name of the subscription.
            slices: How many slices it is to have. The number that it has takes a change back that
                has not begun.

        Returns:
            The subscription as it is registered now.

        Raises:
            ResliceRefused: it was changed often, and has yet to catch up.
        """
        raise NotImplementedError

    def parked(
        self, name: str, stream_id: UUID | None = None
    ) -> AsyncGenerator[ParkedStream, None]:
        """
        Iterate over the parked streams of a subscription.

        Args:
            name: The name of the subscription.
            stream_id: Only this stream.
        """
        raise NotImplementedError

    async def park(self, name: str, stream_id: UUID) -> None:
        """
        Park a stream, as for a slice that holds at one of its events. A parked stream stays so.

        Args:
            name: The name of the subscription.
            stream_id: The stream.
        """
        raise NotImplementedError

    async def replay(self, name: str, stream_id: UUID | None = None) -> int:
        """
        Ask for parked events to be handled again, in order.

        Args:
            name: The name of the subscription.
            stream_id: Only this stream; None for all parked streams.

        Returns:
            How many streams will be replayed.

        Raises:
            NotParked: *stream_id* is not parked.
        """
        raise NotImplementedError

    async def skip(self, name: str, stream_id: UUID, version: int, *, reason: str, by: str) -> None:
        """
        Skip the first parked event of a stream, and replay those behind it. It stays on record.

        Args:
            name: The name of the subscription.
            stream_id: The stream.
            version: The version of the event.
            reason: Why.
            by: Who says so.

        Raises:
            NotParked: it is not the first parked event of the stream.
        """
        raise NotImplementedError

    def skipped(self, name: str) -> AsyncGenerator[SkippedEvent, None]:
        """
        Iterate over the events of a subscription that were ever skipped, in that order.

        Args:
            name: The name of the subscription.
        """
        raise NotImplementedError

    async def forget(self, name: str) -> None:
        """
        Delete everything that is known of a subscription. Stop its members first.

        Args:
            name: The name of the subscription.
        """
        raise NotImplementedError


class Subscriptions(SubscriptionStore, SubscriptionAdmin, Protocol):
    """Keeps subscriptions: for the members of their groups, and for operators."""


def subscriptions_of(store: object) -> Subscriptions:
    """Return the subscriptions of a wrapped store; raises `InvalidArgument` if it keeps none."""
    kept: Subscriptions | None = getattr(store, "subscriptions", None)
    if kept is None:
        raise InvalidArgument(f"{type(store).__name__} has no subscriptions")
    return kept
