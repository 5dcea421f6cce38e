"""Memory keys: a `KeyStore` in memory, with the promises of the one on Cassandra."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from os import urandom
from typing import Self
from uuid import UUID

from ..checks import check_bool, check_callable, read_clock
from ..errors import StoreClosed, SubjectForgotten
from ..ids import random_uuid
from ..moments import utc_now
from ..ports import KeyStore
from ..subject_key import (
    KEY_BYTES,
    ForgottenSubject,
    SubjectKey,
    check_subject,
    check_subjects,
)


class MemoryKeyStore(KeyStore):
    """
    Keys of subjects in memory, for tests of applications.

    Nothing ever times out, so no outcome is unknown. Like a call to a server, each call lets other
    tasks run once. The keys are gone with the store and the stores that `reopened` returned.

    Args:
        clock: Returns when a subject is forgotten, as an aware datetime.
        new_key_id: Returns the id of a new key.

    Raises:
        InvalidArgument: an argument is not callable.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime] = utc_now,
        new_key_id: Callable[[], UUID] = random_uuid,
    ) -> None:
        check_callable("clock", clock)
        check_callable("new_key_id", new_key_id)
        self._clock = clock
        self._new_key_id = new_key_id
        self._rows: dict[str, SubjectKey | ForgottenSubject] = {}
        self._closed = False

    def reopened(self) -> "MemoryKeyStore":
        """Return another store with the same keys, as another process would open one."""
        other = MemoryKeyStore(clock=self._clock, new_key_id=self._new_key_id)
        other._rows = self._rows
        return other

    async def get(  # noqa: D102 - inherited from the port
        self, subjects: Iterable[str]
    ) -> Mapping[str, SubjectKey | ForgottenSubject]:
        wanted = check_subjects(subjects)
        await self._turn()
        return {subject: self._rows[subject] for subject in wanted if subject in self._rows}

    async def key_for(  # noqa: D102 - inherited from the port
        self, subjects: Iterable[str], *, renew: bool = False
    ) -> Mapping[str, SubjectKey]:
        wanted = check_subjects(subjects)
        check_bool("renew", renew)
        await self._turn()
        return {subject: self._key(subject, renew=renew) for subject in wanted}

    async def forget(self, subject: str) -> ForgottenSubject:  # noqa: D102 - inherited
        subject = check_subject(subject)
        await self._turn()
        found = self._rows.get(subject)
        if not isinstance(found, ForgottenSubject):
            found = ForgottenSubject(subject, read_clock(self._clock))
            self._rows[subject] = found
        return found

    async def close(self) -> None:
        """Refuse new calls. Calling it twice is harmless."""
        self._closed = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _key(self, subject: str, *, renew: bool) -> SubjectKey:
        found = self._rows.get(subject)
        if isinstance(found, ForgottenSubject) and not renew:
            raise SubjectForgotten(subject)
        if not isinstance(found, SubjectKey):
            found = SubjectKey(subject, self._new_key_id(), urandom(KEY_BYTES))
            self._rows[subject] = found
        return found

    async def _turn(self) -> None:
        # A fake that never lets other tasks run would hide the races of the applications on it.
        if self._closed:
            raise StoreClosed
        await asyncio.sleep(0)
