"""The check of keys: those of encrypted values are there, or were destroyed on purpose."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from ..cassandra import CassandraKeyStore, KeyStatus
from ..privacy.envelope import Envelope
from ..privacy.payload import envelopes

_REMEMBERED: Final = 10_000

Named = tuple[str, UUID]
"""A subject, and the id of a key."""


class KeyCheck:
    """
    Finds out what has become of the keys of encrypted values.

    A value may be unreadable for ever on purpose: its subject is forgotten, or was forgotten and
    came back with another key. In any other case a key that is missing was lost, for example by
    the restore of an older table of keys.

    Args:
        keys: Where the keys are.
    """

    def __init__(self, keys: CassandraKeyStore) -> None:
        self._keys = keys
        self._sound: OrderedDict[Named, None] = OrderedDict()

    def is_known(self, named: Named) -> bool:
        """Return whether a key was found sound before."""
        return named in self._sound

    async def lost(self, wanted: Iterable[Named]) -> Mapping[Named, str]:
        """
        Return which of these keys are lost, and how that shows.

        Raises:
            EventStoreError: as `CassandraKeyStore.status` does.
        """
        asked = list(wanted)
        found = await self._keys.status([subject for subject, _ in asked])
        lost = {}
        for named in asked:
            text = _judged(named, found.get(named[0]))
            if text is not None:
                lost[named] = text
                continue
            self._sound[named] = None
            if len(self._sound) > _REMEMBERED:
                self._sound.popitem(last=False)
        return lost


def named_keys(payload: Any) -> Iterator[Named | None]:
    """Iterate over the keys that a stored payload names; None for a value that is not valid."""
    for plain in envelopes(payload).at.values():
        try:
            found = Envelope.of(plain)
        except ValueError:
            yield None
        else:
            if found is not None:  # it was forgotten before it was stored
                yield found.subject, found.key_id


def _judged(named: Named, status: KeyStatus | None) -> str | None:
    subject, key_id = named
    if status is None:
        return f"subject {subject!r} has no key, and was never forgotten"
    if status.key_id == key_id or status.forgotten_at is not None:
        return None
    return f"subject {subject!r} has another key than {key_id}, and was never forgotten"
