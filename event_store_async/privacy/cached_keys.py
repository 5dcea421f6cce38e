"""Cached keys: a key store whose keys are kept for a while by those who read and append."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final
from uuid import UUID

from ..checks import check_callable, check_int, check_methods, check_not_negative
from ..errors import InvalidArgument
from ..ports import KeyStore
from ..subject_key import ForgottenSubject, SubjectKey, check_subject
from .cipher import Cipher

SECONDS: Final = 60.0
"""How long a key is kept by default."""

_DESTROYED: Final = 100_000
"""Of how many destroyed keys the id is kept: a hundred bytes each."""


@dataclass(frozen=True, slots=True)
class ReadyKey:
    """
    A key with its cipher.

    Attributes:
        key: The key.
        cipher: Encrypts and decrypts with it.
        until: When it is asked for again, on the clock of the cache.
    """

    key: SubjectKey
    cipher: Cipher
    until: float


class CachedKeys(KeyStore):
    """
    A `KeyStore` beside a cache that private stores, feeds and snapshots can share.

    `get`, `key_for` and `forget` ask the other store itself. What they learn is in the cache at
    once, so a subject that is forgotten here is forgotten in this process when `forget` returns,
    and even if it fails. What another process forgets is forgotten here after *seconds* at most.

    Args:
        keys: The other store. It belongs to the caller, who closes it.
        seconds: How long a key is kept at most. 0 keeps none: then each append and each page of a
            read with encrypted fields asks for the keys.
        size: How many keys are kept at most.
        clock: Returns seconds that never go back.

    Raises:
        InvalidArgument: an argument is not valid.
    """

    def __init__(
        self,
        keys: KeyStore,
        *,
        seconds: float = SECONDS,
        size: int = 10_000,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        check_methods("keys", keys, "a KeyStore", "get", "key_for", "forget")
        check_not_negative("seconds", seconds)
        check_int("size", size, at_least=1)
        check_callable("clock", clock)
        self._keys = keys
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._ready: OrderedDict[str, ReadyKey] = OrderedDict()
        self._destroyed: OrderedDict[tuple[str, UUID], None] = OrderedDict()
        self._forgets = 0

    async def get(  # noqa: D102 - inherited from the port
        self, subjects: Iterable[str]
    ) -> Mapping[str, SubjectKey | ForgottenSubject]:
        before, forgets = self._clock(), self._forgets
        found = await self._keys.get(subjects)
        self._learn(found.values(), before, forgets)
        return found

    async def key_for(  # noqa: D102 - inherited from the port
        self, subjects: Iterable[str], *, renew: bool = False
    ) -> Mapping[str, SubjectKey]:
        before, forgets = self._clock(), self._forgets
        found = await self._keys.key_for(subjects, renew=renew)
        self._learn(found.values(), before, forgets)
        return found

    async def forget(self, subject: str) -> ForgottenSubject:  # noqa: D102 - inherited
        subject = check_subject(subject)
        self._drop(subject)
        try:
            return await self._keys.forget(subject)
        finally:
            # Again: a key that was asked for meanwhile may be the one that is now destroyed.
            self._drop(subject)

    def known(self, subject: str) -> ReadyKey | None:
        """Return the key of a subject if it is in the cache."""
        found = self._ready.get(subject)
        if found is None or self._clock() >= found.until:
            return None
        self._ready.move_to_end(subject)
        return found

    async def ready(self, subjects: Collection[str]) -> dict[str, ReadyKey]:
        """
        Return keys to encrypt with, and create those that are missing: one request, or none.

        Raises:
            EventStoreError: as `KeyStore.key_for` does.
        """
        found = {each: key for each in subjects if (key := self.known(each)) is not None}
        missing = [each for each in subjects if each not in found]
        if missing:
            before, forgets = self._clock(), self._forgets
            for each in (await self._keys.key_for(missing)).values():
                found[each.subject] = self._keep(each, before, forgets)
        return found

    async def opening(self, wanted: Collection[tuple[str, UUID]]) -> "Opening":
        """
        Return what is known of keys that encrypted values name: one request, or none.

        Args:
            wanted: The subjects and the ids of their keys. The values were read before this call.

        Raises:
            EventStoreError: as `KeyStore.get` does.
        """
        ready, destroyed, missing = self._sorted(wanted)
        if missing:
            before, forgets = self._clock(), self._forgets
            answers = await self._keys.get(sorted(missing))
            for each in wanted:
                answer = answers.get(each[0])
                if answer is None or each[0] not in missing:
                    continue
                if isinstance(answer, SubjectKey) and answer.id == each[1]:
                    ready[each] = self._keep(answer, before, forgets)
                else:
                    destroyed.add(each)
                    self._remember(each)
        return Opening(ready, destroyed)

    def known_opening(self, wanted: Collection[tuple[str, UUID]]) -> "Opening | None":
        """Return what `opening` would, if nothing need be asked for."""
        ready, destroyed, missing = self._sorted(wanted)
        return None if missing else Opening(ready, destroyed)

    def _sorted(
        self, wanted: Collection[tuple[str, UUID]]
    ) -> tuple[dict[tuple[str, UUID], ReadyKey], set[tuple[str, UUID]], set[str]]:
        ready: dict[tuple[str, UUID], ReadyKey] = {}
        destroyed: set[tuple[str, UUID]] = set()
        missing: set[str] = set()
        for each in wanted:
            if each in self._destroyed:
                self._destroyed.move_to_end(each)
                destroyed.add(each)
            elif (found := self.known(each[0])) is not None and found.key.id == each[1]:
                ready[each] = found
            else:
                # Also if another key of the subject is known: the value may have a later one.
                missing.add(each[0])
        return ready, destroyed, missing

    def _learn(
        self, found: Iterable[SubjectKey | ForgottenSubject], before: float, forgets: int
    ) -> None:
        for each in found:
            if isinstance(each, SubjectKey):
                self._keep(each, before, forgets)
            else:
                self._ready.pop(each.subject, None)

    def _keep(self, key: SubjectKey, before: float, forgets: int) -> ReadyKey:
        """Keep a key that was asked for at *before*, unless a subject was forgotten since."""
        made = ReadyKey(key, Cipher(key.secret), before + self._seconds)
        if self._forgets == forgets and self._seconds:
            self._ready[key.subject] = made
            self._ready.move_to_end(key.subject)
            if len(self._ready) > self._size:
                self._ready.popitem(last=False)
        return made

    def _remember(self, destroyed: tuple[str, UUID]) -> None:
        # A destroyed key never comes back, so this is true for ever.
        self._destroyed[destroyed] = None
        if len(self._destroyed) > _DESTROYED:
            self._destroyed.popitem(last=False)

    def _drop(self, subject: str) -> None:
        self._forgets += 1
        self._ready.pop(subject, None)


@dataclass(frozen=True, slots=True)
class Opening:
    """
    What is known of the keys of encrypted values. A key in neither is not known to the store.

    Attributes:
        ready: Those that decrypt.
        destroyed: Those that are destroyed.
    """

    ready: Mapping[tuple[str, UUID], ReadyKey]
    destroyed: Collection[tuple[str, UUID]]


def cached(keys: KeyStore, seconds: float | None, clock: Callable[[], float]) -> CachedKeys:
    """
    Return a store of keys with a cache; one that has a cache is returned as it is.

    Raises:
        InvalidArgument: *keys* has a cache, and *seconds* is given as well.
    """
    if not isinstance(keys, CachedKeys):
        return CachedKeys(keys, seconds=SECONDS if seconds is None else seconds, clock=clock)
    if seconds is not None:
        raise InvalidArgument(
            "cache_seconds cannot be given for keys that are cached already",
            hint="CachedKeys(keys, seconds=…)",
        )
    return keys
