"""Snapshots: stored snapshots whose personal values are encrypted."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID

from ..checks import check_methods, check_stream_id
from ..errors import (
    InvalidArgument,
    InvalidSnapshot,
    SubjectForgotten,
    UndecodableSnapshot,
    UndecryptableField,
)
from ..personal import FORGOTTEN, unencrypted
from ..ports import SnapshotConversion, SnapshotStore
from ..snapshot import Snapshot, StoredSnapshot, check_kind, check_snapshot
from ..snapshots.codec import is_plain
from ..snapshots.saves import BackgroundSaves, PendingSave
from ..subject_key import ForgottenSubject
from .cached_keys import CachedKeys, cache_of
from .drafts import VALUES, SealedPart, sealed_part
from .envelope import FORGOTTEN_ENVELOPE, pointer, sealed
from .key_cache import ReadyKey
from .opener import closed, opening_of
from .payload import Path, Unsealable, personal_parts, replaced
from .snapshot_fields import SnapshotFields

B = TypeVar("B")

_LOG: Final = logging.getLogger("event_store_async")


@dataclass(frozen=True, slots=True)
class SnapshotDraft:
    """
    A snapshot to be saved, with its personal values encoded.

    Attributes:
        stream_id: The stream.
        kind: The kind.
        snapshot: The snapshot, whose aggregate is plain data with a `PersonalValue` in the place of
            each personal value.
        parts: The personal values, encoded, by their paths; None stands for a forgotten one.
    """

    stream_id: UUID
    kind: str
    snapshot: Snapshot[Any]
    parts: Mapping[Path, SealedPart | None]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the personal values, each once."""
        found = (part.subject for part in self.parts.values() if part is not None)
        return tuple(dict.fromkeys(found))

    def sealed(self, keys: Mapping[str, ReadyKey]) -> Snapshot[Any]:
        """Return the snapshot with envelopes. What has no key is stored as forgotten."""
        stored: dict[Path, Any] = {}
        for path, part in self.parts.items():
            ready = None if part is None else keys.get(part.subject)
            if part is None or ready is None:
                stored[path] = dict(FORGOTTEN_ENVELOPE)
                continue
            place = (*_place(self.stream_id, self.kind, self.snapshot.version), pointer(path))
            stored[path] = sealed(ready.key, ready.cipher, part.encoded, *place)
        return replace(self.snapshot, aggregate=replaced(self.snapshot.aggregate, stored))


class PrivateSnapshots(SnapshotStore[Any]):
    """
    Snapshots whose personal values are encrypted, as those of events are.

    A value of a subject that is forgotten is saved as forgotten, so the snapshots of an aggregate
    go on after one of its subjects is forgotten.

    What its methods raise beside the errors of the port:

    - `load`: `UndecryptableField`, and what `KeyStore.get` raises;
    - `save`: what `KeyStore.key_for` raises, except for `SubjectForgotten`.

    Args:
        snapshots: The snapshots of the other store, of plain data.
        keys: The keys of the subjects.
        fields: What is personal in aggregates of plain data.
        conversions: Convert aggregates to plain data, the first one first.
        saves: What waits for keys, to be saved in the background.
    """

    def __init__(
        self,
        snapshots: SnapshotStore[Any],
        keys: CachedKeys,
        fields: SnapshotFields,
        conversions: tuple[SnapshotConversion[Any], ...] = (),
        saves: BackgroundSaves | None = None,
    ) -> None:
        self._snapshots = snapshots
        # A conversion checks for itself what it gives back.
        self._plain = snapshots.converted(_AsItIs()) if conversions else snapshots
        self._keys = keys
        self._cache = cache_of(keys)
        self._fields = fields
        self._conversions = conversions
        self._saves = saves or BackgroundSaves()
        self._warned: set[type[BaseException]] = set()

    async def load(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str
    ) -> StoredSnapshot[Any] | None:
        stream, kind = check_stream_id(stream_id), check_kind(kind)
        self.check_sealed(kind)
        found = await self._plain.load(stream, kind)
        if found is None:
            return None
        place = _place(stream, kind, found.version)
        payload = closed(found.aggregate, place, stream, found.version)
        if not self._conversions:
            try:
                self._fields.check_stored(kind, found.aggregate)
                self._fields.check_places(kind, _values(payload.parts))
            except Unsealable as error:
                raise UndecodableSnapshot(stream, kind, found.version, None, str(error)) from None
        aggregate = payload.open(await opening_of(self._cache, [payload]))
        try:
            for conversion in reversed(self._conversions):
                aggregate = conversion.aggregate(aggregate)
        except UndecryptableField:
            raise
        except Exception as error:
            raise UndecodableSnapshot(stream, kind, found.version, None, str(error)) from error
        return replace(found, aggregate=aggregate)

    async def save(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]
    ) -> None:
        draft = self._draft(stream_id, kind, snapshot)
        keys = await self._ready(draft.subjects)
        await self._plain.save(draft.stream_id, draft.kind, draft.sealed(keys))

    def save_soon(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]
    ) -> None:
        try:
            draft = self._draft(stream_id, kind, snapshot)
        except Exception as error:  # noqa: BLE001 - it never raises: the append is stored
            self._warn(error)
            return
        keys = self._cache.known_of(draft.subjects)
        if len(keys) == len(draft.subjects):
            self._plain.save_soon(draft.stream_id, draft.kind, draft.sealed(keys))
            return
        save = partial(self._save_quietly, draft)
        stream, version = draft.stream_id, snapshot.version
        self._saves.add(PendingSave(stream, draft.kind, version, save, lambda: None))

    async def reject(  # noqa: D102 - inherited from the port
        self, stream_id: UUID, kind: str, version: int, reason: str
    ) -> None:
        await self._plain.reject(stream_id, kind, version, reason)

    async def forget(self, stream_id: UUID) -> None:  # noqa: D102 - inherited from the port
        await self._saves.give_up(check_stream_id(stream_id))
        await self._plain.forget(stream_id)

    def converted(  # noqa: D102 - inherited from the port
        self, conversion: SnapshotConversion[B]
    ) -> SnapshotStore[B]:
        check_methods("conversion", conversion, "a SnapshotConversion", "plain", "aggregate")
        conversions = (conversion, *self._conversions)
        return PrivateSnapshots(self._snapshots, self._keys, self._fields, conversions, self._saves)

    def check_sealed(self, kind: str) -> None:
        """
        Refuse a kind of snapshots whose personal values would be stored in plain text.

        Args:
            kind: The kind.

        Raises:
            InvalidArgument: nothing says what is personal in them; see `SnapshotFields`.
        """
        self._fields.check(check_kind(kind), self._conversions)

    def _draft(self, stream_id: UUID, kind: str, snapshot: Snapshot[Any]) -> SnapshotDraft:
        stream, kind = check_stream_id(stream_id), check_kind(kind)
        self.check_sealed(kind)
        check_snapshot(stream, kind, snapshot)
        try:
            plain = snapshot.aggregate
            for conversion in self._conversions:
                plain = conversion.plain(plain)
            if not self._conversions:
                plain = self._fields.marked(kind, plain)
            found = personal_parts(plain)
            if not self._conversions:
                self._fields.check_places(kind, _values(found))
            parts = {path: sealed_part(part) for path, part in found.items()}
        except (Unsealable, InvalidArgument) as error:
            raise InvalidSnapshot(stream, kind, f"it cannot be stored: {error}") from None
        except Exception as error:
            reason = "a personal value holds another one" if unencrypted(error) else str(error)
            raise InvalidSnapshot(stream, kind, f"it cannot be stored: {reason}") from error
        if not self._conversions:
            for path, part in parts.items():
                if part is not None and not _is_kept(found[path].value, part.encoded):
                    raise InvalidSnapshot(
                        stream, kind, f"{pointer(path)} would be read back as something else"
                    )
        return SnapshotDraft(stream, kind, replace(snapshot, aggregate=plain), parts)

    async def _ready(self, subjects: tuple[str, ...]) -> Mapping[str, ReadyKey]:
        """Return the keys of those subjects that are not forgotten."""
        for _ in range(3):
            try:
                return await self._cache.ready(subjects)
            except SubjectForgotten:
                found = await self._keys.get(subjects)
            subjects = tuple(
                each for each in subjects if not isinstance(found.get(each), ForgottenSubject)
            )
        return await self._cache.ready(subjects)

    async def _save_quietly(self, draft: SnapshotDraft) -> None:
        try:
            keys = await self._ready(draft.subjects)
            self._plain.save_soon(draft.stream_id, draft.kind, draft.sealed(keys))
        except Exception as error:  # noqa: BLE001 - it is a hint: it must not end the others
            self._warn(error)

    def _warn(self, error: Exception) -> None:
        """Log the first error of each kind."""
        if type(error) not in self._warned:
            self._warned.add(type(error))
            _LOG.warning(
                "a snapshot with personal values was not saved; further errors of this kind are "
                "not reported",
                exc_info=error,
            )


class _AsItIs:
    def plain(self, aggregate: Any) -> Any:
        return aggregate

    def aggregate(self, plain: Any) -> Any:
        return plain


def _values(parts: Mapping[Path, Any]) -> Iterator[Path]:
    """Iterate over where values are, and not what was forgotten: that is read as it is."""
    return (path for path, part in parts.items() if part is not None and part is not FORGOTTEN)


def _place(stream_id: UUID, kind: str, version: int) -> tuple[str, ...]:
    return ("snapshot", str(stream_id), kind, str(version))


def _is_kept(value: Any, encoded: bytes) -> bool:
    return bool(VALUES.decode(encoded) == value) and is_plain(value)
