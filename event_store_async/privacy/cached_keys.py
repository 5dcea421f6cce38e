"""Cached keys: a key store whose keys are kept for a while by those who read and append."""

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import Final

from ..checks import check_callable, check_int, check_methods, check_not_negative
from ..errors import InvalidArgument
from ..ports import KeyStore
from ..subject_key import ForgottenSubject, SubjectKey, check_subject
from .key_cache import KeyCache

SECONDS: Final = 60.0
"""How long a key is kept by default."""


class CachedKeys(KeyStore):
    """
    A `KeyStore` beside a cache that private stores, feeds and snapshots can share.

    `get`, `key_for` and `forget` ask the other store itself. What they learn is in the cache at
    once, so a subject that is forgotten here is forgotten in this process when `forget` returns,
    and even if it fails. What another process forgets is forgotten here after *seconds* at most.

    Args:
        keys: The other store. It belongs to the caller, who closes it.
        seconds: How long a key is used at most. 0 keeps none: then each append and each page of a
            read with encrypted fields asks for the keys.
        size: How many keys are kept at most.
        clock: Returns seconds, 0 or more, that never go back.

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
        self._cache = KeyCache(keys, seconds, size, clock)

    async def get(  # noqa: D102 - inherited from the port
        self, subjects: Iterable[str]
    ) -> Mapping[str, SubjectKey | ForgottenSubject]:
        begun = self._cache.begin()
        found = await self._keys.get(subjects)
        self._cache.learn(found.values(), begun)
        return found

    async def key_for(  # noqa: D102 - inherited from the port
        self, subjects: Iterable[str], *, renew: bool = False
    ) -> Mapping[str, SubjectKey]:
        begun = self._cache.begin()
        found = await self._keys.key_for(subjects, renew=renew)
        self._cache.learn(found.values(), begun)
        return found

    async def forget(self, subject: str) -> ForgottenSubject:  # noqa: D102 - inherited
        subject = check_subject(subject)
        self._cache.drop(subject)
        try:
            return await self._keys.forget(subject)
        finally:
            # Again: a key that was asked for meanwhile may be the one that is now destroyed.
            self._cache.drop(subject)


def cache_of(keys: CachedKeys) -> KeyCache:
    """Return the cache of keys: for those who encrypt and decrypt with them."""
    return keys._cache  # noqa: SLF001 - its class is public, and the cache is not


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
