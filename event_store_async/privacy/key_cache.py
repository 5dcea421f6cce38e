"""Key cache: the keys of a key store that are in memory, and what is known of destroyed ones."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from ..checks import check_not_negative
from ..ports import KeyStore
from ..subject_key import ForgottenSubject, SubjectKey
from .cipher import Cipher

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


@dataclass(frozen=True, slots=True)
class OpeningKeys:
    """
    What is known of the keys of encrypted values. A key in neither is not known to the store.

    Attributes:
        ready: Those that decrypt.
        destroyed: Those that are destroyed.
    """

    ready: Mapping[tuple[str, UUID], ReadyKey]
    destroyed: Collection[tuple[str, UUID]]


class KeyCache:
    """
    The keys of a store that are in memory.

    Args:
        keys: The store.
        seconds: How long a key is kept at most.
        size: How many keys are kept at most.
        clock: Returns seconds, 0 or more, that never go back.

    Attributes:
        keys: The store.
    """

    def __init__(
        self, keys: KeyStore, seconds: float, size: int, clock: Callable[[], float]
    ) -> None:
        self.keys = keys
        self._seconds = seconds
        self._size = size
        self._clock = clock
        self._ready: OrderedDict[str, ReadyKey] = OrderedDict()
        self._destroyed: OrderedDict[tuple[str, UUID], None] = OrderedDict()
        self._forgets = 0
        self._sweep_at = self._time() + seconds

    def _time(self) -> float:
        now = self._clock()
        check_not_negative("what the clock returned", now)
        return now

    def begin(self) -> tuple[float, int]:
        """Return when a request is sent: what `learn` must know of it."""
        return self._time(), self._forgets

    def learn(
        self, found: Iterable[SubjectKey | ForgottenSubject], begun: tuple[float, int]
    ) -> dict[str, ReadyKey]:
        """Keep what a request has found, and return its keys."""
        kept = {}
        for each in found:
            if isinstance(each, SubjectKey):
                kept[each.subject] = self._keep(each, begun)
            else:
                self._ready.pop(each.subject, None)
        return kept

    def drop(self, subject: str) -> None:
        """Forget the key of a subject, and keep none that was asked for before."""
        self._forgets += 1
        self._ready.pop(subject, None)

    def known(self, subject: str) -> ReadyKey | None:
        """Return the key of a subject if it is in the cache."""
        found = self._ready.get(subject)
        if found is None:
            return None
        if self._time() >= found.until:
            del self._ready[subject]
            return None
        self._ready.move_to_end(subject)
        return found

    def known_of(self, subjects: Iterable[str]) -> dict[str, ReadyKey]:
        """Return the keys of those subjects whose keys are in the cache."""
        return {each: key for each in subjects if (key := self.known(each)) is not None}

    async def ready(self, subjects: Collection[str]) -> dict[str, ReadyKey]:
        """
        Return keys to encrypt with, and create those that are missing: one request, or none.

        Raises:
            EventStoreError: as `KeyStore.key_for` does.
        """
        found = self.known_of(subjects)
        missing = [each for each in subjects if each not in found]
        if missing:
            begun = self.begin()
            found |= self.learn((await self.keys.key_for(missing)).values(), begun)
        return found

    async def opening(self, wanted: Collection[tuple[str, UUID]]) -> OpeningKeys:
        """
        Return what is known of keys that encrypted values name: one request, or none.

        Args:
            wanted: The subjects and the ids of their keys. The values were read before this call.

        Raises:
            EventStoreError: as `KeyStore.get` does.
        """
        ready, destroyed, missing = self._sorted(wanted)
        if missing:
            begun = self.begin()
            answers = await self.keys.get(sorted(missing))
            kept = self.learn(answers.values(), begun)
            for each in wanted:
                if each[0] not in missing or each[0] not in answers:
                    continue
                found = kept.get(each[0])
                if found is not None and found.key.id == each[1]:
                    ready[each] = found
                else:
                    destroyed.add(each)
                    self._remember(each)
        return OpeningKeys(ready, destroyed)

    def known_opening(self, wanted: Collection[tuple[str, UUID]]) -> OpeningKeys | None:
        """Return what `opening` would, if nothing need be asked for."""
        ready, destroyed, missing = self._sorted(wanted)
        return None if missing else OpeningKeys(ready, destroyed)

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

    def _keep(self, key: SubjectKey, begun: tuple[float, int]) -> ReadyKey:
        """Keep a key, unless a subject was forgotten since it was asked for."""
        before, forgets = begun
        made = ReadyKey(key, Cipher(key.secret), before + self._seconds)
        self._sweep()
        if self._forgets == forgets and self._seconds:
            self._ready[key.subject] = made
            self._ready.move_to_end(key.subject)
            if len(self._ready) > self._size:
                self._ready.popitem(last=False)
        return made

    def _sweep(self) -> None:
        """Drop the keys that are too old, now and then: each asks for itself otherwise."""
        now = self._time()
        if now >= self._sweep_at:
            self._sweep_at = now + self._seconds
            for subject in [each for each, key in self._ready.items() if now >= key.until]:
                del self._ready[subject]

    def _remember(self, destroyed: tuple[str, UUID]) -> None:
        # A destroyed key never comes back, so this is true for ever.
        self._destroyed[destroyed] = None
        if len(self._destroyed) > _DESTROYED:
            self._destroyed.popitem(last=False)
