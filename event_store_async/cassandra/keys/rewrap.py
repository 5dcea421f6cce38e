"""The re-wrapping of all keys of a table with the current master key."""

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import Final

from ...errors import InvalidKey, MasterKeyMissing
from ...retry import Retry
from ...tasks import side_by_side
from .changes import KeyChanges
from .reports import RewrapProgress, RewrapReport
from .row import KeyRow
from .table import KeyTable
from .wrapper import CheckedWrapper

_AT_ONCE: Final = 16

RewrapFailure = MasterKeyMissing | InvalidKey
"""Why the key of a subject is not re-wrapped."""


class Rewrap:
    """
    Re-wraps the keys of a table, one walk over it.

    Args:
        table: The table.
        changes: Changes its keys.
        wrapper: Wraps them.
        dry_run: Count, and change nothing.
        on_progress: Called after each page of the table.
        on_failure: Called with the error of each key that cannot be unwrapped.
    """

    def __init__(
        self,
        table: KeyTable,
        changes: KeyChanges,
        wrapper: CheckedWrapper,
        *,
        dry_run: bool,
        on_progress: Callable[[RewrapProgress], object],
        on_failure: Callable[[RewrapFailure], Awaitable[object]],
    ) -> None:
        self._table = table
        self._changes = changes
        self._wrapper = wrapper
        self._dry_run = dry_run
        self._on_progress = on_progress
        self._on_failure = on_failure
        self._subjects = self._rewrapped = self._forgotten = self._failed = 0
        self._masters: Counter[str] = Counter()

    async def run(self) -> RewrapReport:
        """Walk over the table; raises what `CassandraKeyStore.rewrap` does."""
        master = None if self._dry_run else self._wrapper.master
        async with aclosing(self._table.pages()) as pages:
            async for rows in pages:
                await side_by_side(rows, partial(self._row, master), _AT_ONCE)
                self._on_progress(RewrapProgress(self._subjects, self._rewrapped))
        return RewrapReport(
            self._subjects,
            self._rewrapped,
            self._forgotten,
            self._failed,
            dict(sorted(self._masters.items())),
        )

    async def _row(self, master: str | None, row: KeyRow) -> None:
        settings = self._table.settings
        retry = Retry(settings.backoff, self._table.deadline())
        found, known = row, row
        try:
            while not found.is_forgotten and master not in {None, found.master}:
                known = found
                wrapped = await self._wrapper.wrap(await self._wrapper.unwrap(found))
                found = await self._changes.rewrap(found, wrapped)
                if (found.key_id, found.master) == (known.key_id, wrapped.master):
                    self._rewrapped += 1
                    break
                await self._changes.before_next(row.subject, retry)
        except (MasterKeyMissing, InvalidKey) as error:
            self._failed += 1
            await self._on_failure(error)
        self._subjects += 1
        if found.is_forgotten:
            self._forgotten += 1
        else:
            self._masters[found.master or ""] += 1
