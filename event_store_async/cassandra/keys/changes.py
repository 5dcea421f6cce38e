"""Changes of keys: each is a compare-and-set, sent until its one true outcome is known."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal
from uuid import UUID

from ...errors import KeyOutcomeUnknown, StoreUnavailable
from ...ports.keys import WrappedKey
from ...retry import Retry
from ..driver.answer import Answer
from ..driver.faults import Certainty, Fault
from ..driver.repeat import repeat
from .row import KeyRow
from .table import KeyTable

KeyAction = Literal["create", "forget", "rewrap"]


class KeyChanges:
    """
    Changes the keys of subjects.

    Every method returns the row as it is afterwards. It may be what another call has made of it.

    Every method raises, besides what `KeyTable` does:
        KeyOutcomeUnknown: there was no answer in time, and a request may have been applied. Once an
            outcome is in doubt, no other error is raised: none of them may promise that nothing was
            changed.

    Args:
        table: The table.
    """

    def __init__(self, table: KeyTable) -> None:
        self._table = table

    async def create(self, subject: str, key_id: UUID, wrapped: WrappedKey, now: int) -> KeyRow:
        """Store the first key of a subject, unless it has a row."""
        call = _Call(self._table, subject, "create")
        made = KeyRow(subject, 1, key_id, wrapped.master, wrapped.data, now, None)
        values = (subject, key_id, wrapped.master, wrapped.data, now)
        return await call.insert("create", values, made)

    async def renew(self, row: KeyRow, key_id: UUID, wrapped: WrappedKey, now: int) -> KeyRow:
        """Store a new key of a forgotten subject, unless its row has changed."""
        call = _Call(self._table, row.subject, "create")
        values = (key_id, wrapped.master, wrapped.data, now)
        cells = {"key_id": key_id, "master": wrapped.master, "wrapped": wrapped.data}
        return await call.update("renew", row, values, {**cells, "created_at": now})

    async def rewrap(self, row: KeyRow, wrapped: WrappedKey) -> KeyRow:
        """Store the same key, wrapped anew, unless its row has changed."""
        call = _Call(self._table, row.subject, "rewrap")
        values = (wrapped.master, wrapped.data)
        cells = {"master": wrapped.master, "wrapped": wrapped.data}
        return await call.update("rewrap", row, values, cells)

    async def forget(self, subject: str, now: int) -> KeyRow:
        """
        Destroy the key that a subject has; the row may have a later key already.

        Of what was there when this was called, nothing is left on return: the key is destroyed by
        this call or by another one, or the subject was forgotten before.
        """
        call = _Call(self._table, subject, "forget")
        retry = Retry(self._table.settings.backoff, call.deadline)
        with call.settled():
            first = row = await self._table.row(subject, call.deadline)
            while not _forgotten_since(first, row):
                if row is None:
                    made = KeyRow(subject, 1, None, None, b"", None, now)
                    row = await call.insert("forget_unknown", (subject, now), made)
                else:
                    cells = {"wrapped": b"", "forgotten_at": now}
                    row = await call.update("forget", row, (now,), cells)
                first = first or row
                if not _forgotten_since(first, row):
                    await self.before_next(subject, retry)  # it was re-wrapped, for one
            assert row is not None  # noqa: S101 - it is forgotten
            return row

    @staticmethod
    async def before_next(subject: str, retry: Retry) -> None:
        """Wait before another attempt; raises `StoreUnavailable` if there is no time for one."""
        if not retry.allows():
            raise StoreUnavailable(f"changing the key of subject {subject!r}: others were quicker")
        await retry.pause()


def _forgotten_since(first: KeyRow | None, row: KeyRow | None) -> bool:
    """
    Return whether a subject was forgotten since its row was first seen, or was forgotten then.

    The id of a key changes only after the key was destroyed. So whoever finds another one must not
    destroy it: the subject has come back meanwhile.
    """
    if row is None:
        return False
    if row.is_forgotten:
        return row.tells_when  # it may not, if somebody has emptied the cell by hand
    return first is not None and first.key_id != row.key_id


class _Call:
    """A call that changes a key, and whether one of its requests may have been applied."""

    def __init__(self, table: KeyTable, subject: str, action: KeyAction) -> None:
        self._table = table
        self._subject = subject
        self._action: KeyAction = action
        self._doubtful = False
        self.deadline = table.deadline()

    async def insert(self, name: str, values: Sequence[Any], made: KeyRow) -> KeyRow:
        """Store a row unless there is one; return the one that is there now."""
        with self.settled():
            answer = await self._answer(name, values)
            if answer.applied:
                return made
            found = next(filter(None, map(KeyRow.of_answer, answer.rows)), None)
            return found or await self._read()

    async def update(
        self, name: str, row: KeyRow, values: Sequence[Any], cells: dict[str, Any]
    ) -> KeyRow:
        """Change a row if it is as it was; return the one that is there now."""
        revision = (row.revision or 0) + 1
        with self.settled():
            answer = await self._answer(name, (revision, *values, self._subject, row.revision))
            if answer.applied:
                return replace(row, revision=revision, **cells)
            return await self._read()

    @contextmanager
    def settled(self) -> Iterator[None]:
        """Let no error out of the block that promises anything while the outcome is in doubt."""
        try:
            yield
        except KeyOutcomeUnknown:
            raise
        except Exception as error:
            if not self._doubtful:
                raise
            raise KeyOutcomeUnknown(self._subject, self._action) from error

    async def _read(self) -> KeyRow:
        row = await self._table.row(self._subject, self.deadline)
        if row is None:  # somebody has deleted rows by hand
            raise StoreUnavailable(f"the row of subject {self._subject!r} has vanished")
        return row

    async def _answer(self, name: str, values: Sequence[Any]) -> Answer:
        """Send a compare-and-set until it is answered."""

        async def attempt(elsewhere: bool) -> Answer:
            try:
                return await self._table.send(name, values, self.deadline, elsewhere=elsewhere)
            except Fault as fault:
                self._doubtful = self._doubtful or fault.certainty is Certainty.UNKNOWN
                raise

        backoff = self._table.settings.backoff
        return await repeat(attempt, self.deadline, backoff, "changing a key", self._table.explain)
