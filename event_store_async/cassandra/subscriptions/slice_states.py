"""SliceStates: each is changed by compare-and-set, mostly by one request."""

from dataclasses import replace
from uuid import UUID

from ...errors import StoreUnavailable, SubscriptionError
from ...retry import Deadline, Retry
from .changes import Decide, NotClaimed
from .rows import SliceState, StoredRegistration
from .tables import SubscriptionTables


class SliceClosed(Exception):
    """The slice is closed: the generation that follows is about to begin."""


class SliceStates:
    """
    Changes slices.

    It remembers the slices on which members of this process work, as they were last stored. So a
    commit need not read first; if somebody else has changed the slice, it is not applied.

    Args:
        tables: The tables of subscriptions.
    """

    def __init__(self, tables: SubscriptionTables) -> None:
        self._tables = tables
        self._known: dict[tuple[UUID, int], SliceState] = {}

    def forget(self, series: UUID, number: int | None = None) -> None:
        """Forget a slice, or all slices of a series."""
        for key in [key for key in self._known if key[0] == series and number in {None, key[1]}]:
            del self._known[key]

    async def change(
        self,
        known: StoredRegistration,
        number: int,
        decide: Decide,
        *,
        seen: SliceState | None = None,
        is_held: bool = False,
        unless_closed: bool = False,
    ) -> SliceState:
        """
        Change a slice until it is as it is to be.

        Args:
            known: The registration.
            number: The slice.
            decide: Says how it is to be, given how it is.
            seen: The slice as it was seen, which may be old; None to read it.
            is_held: Whether a member of this process works on it, or is to.
            unless_closed: Whether it must not be closed for the generation that follows.

        Returns:
            The slice as it is now.

        Raises:
            SliceClosed: it is closed, and must not be.
            SubscriptionError: what *decide* raises; nothing was changed.
            NotClaimed: what *decide* raises.
            StoreUnavailable: others were quicker all the time, for one; or *decide* raises a
                `SubscriptionError`, but an earlier request of this call may have been applied.
        """
        series, ending = known.series, known.next_series
        settings = self._tables.settings
        retry = Retry(settings.backoff, Deadline(settings.timeout))
        state, doubtful = seen or (self._known.get((series, number)) if is_held else None), False
        is_old = state is not None
        while True:
            if state is None:
                state = await self._tables.state(series, number, known.public.start)
            try:
                if unless_closed and state.closed is not None and state.closed == ending:
                    raise SliceClosed
                wanted = decide(state, doubtful)
            except (SubscriptionError, NotClaimed, SliceClosed) as error:
                if not is_old:
                    self.forget(series, number)
                    if doubtful and isinstance(error, SubscriptionError):
                        # It says that nothing was changed, and nobody can tell any more.
                        raise StoreUnavailable(
                            "changing a slice: the outcome is unknown, and others have changed it"
                        ) from error
                    raise
                wanted = None
            if wanted is not None:
                wanted = replace(wanted, revision=state.revision + 1)
                written = await self._tables.change_slice(series, number, wanted, state)
                if written.applied:
                    return self._remember(series, number, wanted, is_held)
                doubtful = doubtful or written.doubtful
                if not is_old:
                    if not retry.allows():
                        raise StoreUnavailable("changing a slice: others were quicker")
                    await retry.pause()
            elif not is_old:
                return self._remember(series, number, state, is_held)
            state, is_old = None, False

    def _remember(self, series: UUID, number: int, state: SliceState, is_held: bool) -> SliceState:
        if is_held and state.holder is not None:
            self._known[series, number] = state
        else:
            self.forget(series, number)
        return state
