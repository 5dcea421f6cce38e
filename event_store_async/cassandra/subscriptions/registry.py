"""Registry: the registrations of subscriptions, each changed by compare-and-set."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

from ...errors import StoreUnavailable, SubscriptionMismatch, SubscriptionUnknown
from ...feeds import Position
from ...ids import ordered_uuid, random_uuid
from ...ports.slices import Registration
from ...retry import Deadline, Retry
from .rows import StoredRegistration
from .tables import SubscriptionTables

Decide = Callable[[StoredRegistration], StoredRegistration | None]
"""Returns a registration as it is to be; None if nothing is to be changed."""


class Registry:
    """
    Reads and changes registrations.

    Args:
        tables: The tables of subscriptions.
    """

    def __init__(self, tables: SubscriptionTables) -> None:
        self._tables = tables
        self._known: dict[str, StoredRegistration] = {}

    def cached(self, name: str) -> StoredRegistration | None:
        """Return a registration as it was last seen here; None if it was not."""
        return self._known.get(name)

    def forget(self, name: str) -> None:
        """Forget how a registration was last seen."""
        self._known.pop(name, None)

    async def find(self, name: str, *, serial: bool = True) -> StoredRegistration | None:
        """Return a registration; None if there is none."""
        found = await self._tables.registration(name, serial=serial)
        if found is None:
            self.forget(name)
        else:
            self._known[name] = found
        return found

    async def get(self, name: str, *, serial: bool = True) -> StoredRegistration:
        """
        Return a registration.

        Args:
            name: Its name.
            serial: Whether to read at the serial level.

        Raises:
            SubscriptionUnknown: there is none.
        """
        found = await self.find(name, serial=serial)
        if found is None:
            raise SubscriptionUnknown(name)
        return found

    async def register(self, name: str, slices: int, start: Position) -> StoredRegistration:
        """
        Register a subscription, unless it is registered.

        Raises:
            SubscriptionMismatch: it is registered with another number of slices.
        """
        id_ = ordered_uuid()
        public = Registration(name, 1, slices, start, id=id_)
        made = StoredRegistration(id_, 1, random_uuid(), None, public)
        while True:
            known = await self.find(name)
            if known is None:
                if (await self._tables.register(made)).applied:
                    self._known[name] = made
                    return made
            elif slices in {known.public.slices, known.public.next_slices}:
                return known
            else:
                raise SubscriptionMismatch(name, slices, known.public.slices)

    async def unregister(self, name: str) -> StoredRegistration:
        """Delete a registration, and return it; raises what `change` does."""
        retry = Retry(self._tables.settings.backoff, Deadline(self._tables.settings.timeout))
        while True:
            known = await self.get(name)
            written = await self._tables.unregister(known)
            if written.applied:
                self.forget(name)
                return known
            if written.doubtful:
                now = await self.find(name)
                if now is None or now.id != known.id:
                    return known  # an earlier request was applied, whose answer was lost
            if not retry.allows():
                raise StoreUnavailable(f"deleting subscription {name!r}: others were quicker")
            await retry.pause()

    async def change(self, name: str, decide: Decide) -> StoredRegistration:
        """
        Change a registration until it is as it is to be.

        Args:
            name: Its name.
            decide: Says how it is to be, given how it is.

        Returns:
            The registration as it is now.

        Raises:
            SubscriptionUnknown: there is none.
            StoreUnavailable: others were quicker all the time.
        """
        retry = Retry(self._tables.settings.backoff, Deadline(self._tables.settings.timeout))
        while True:
            known = await self.get(name)
            wanted = decide(known)
            if wanted is None:
                return known
            wanted = replace(wanted, revision=known.revision + 1)
            written = await self._tables.change_registration(wanted, known.revision)
            if written.applied:
                self._known[name] = wanted
                return wanted
            if written.doubtful and await self.find(name) == wanted:
                return wanted  # an earlier request was applied, whose answer was lost
            if not retry.allows():
                raise StoreUnavailable(f"changing subscription {name!r}: others were quicker")
            await retry.pause()

    async def update(self, name: str, **fields: Any) -> StoredRegistration:
        """Change fields of a registration; raises what `change` does."""

        def decide(known: StoredRegistration) -> StoredRegistration | None:
            public = replace(known.public, **fields)
            return None if public == known.public else replace(known, public=public)

        return await self.change(name, decide)

    async def request(self, name: str) -> StoredRegistration:
        """Let the members refresh their leases; raises what `change` does."""

        def decide(known: StoredRegistration) -> StoredRegistration:
            public = known.public
            return replace(known, public=replace(public, requests=public.requests + 1))

        return await self.change(name, decide)

    async def reslice(self, name: str, slices: int, series: UUID) -> StoredRegistration:
        """Note that a subscription is to have another number of slices, in a series."""

        def decide(known: StoredRegistration) -> StoredRegistration | None:
            if known.public.slices == slices:
                if known.public.next_slices is None:
                    return None
                public = replace(known.public, next_slices=None)
                return replace(known, next_series=None, public=public)
            if known.public.next_slices == slices:
                return None
            public = replace(known.public, next_slices=slices)
            return replace(known, next_series=series, public=public)

        return await self.change(name, decide)
