"""What stored snapshots refuse: what is none, and what would be read back as another."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest

from ...errors import InvalidArgument, InvalidSnapshot, InvalidStreamId
from ...ports import SnapshotStore
from ...snapshot import Snapshot, StoredSnapshot
from .base import needs
from .snapshot_base import KIND, MOMENT, SnapshotBase, snapshot


@dataclass(frozen=True)
class Account:
    """An aggregate that JSON does not give back."""

    balance: int


class Status(StrEnum):
    """A part of an aggregate that JSON gives back as a plain str, which equals it."""

    OPEN = "open"


class SnapshotRefusals(SnapshotBase):
    """What no `SnapshotStore` keeps."""

    @pytest.mark.asyncio
    @pytest.mark.parametrize(
        "given",
        [
            None,
            {"balance": 1},
            Snapshot({}, 0, MOMENT),
            Snapshot({}, -1, MOMENT),
            Snapshot({}, True, MOMENT),
            Snapshot({}, 2**31, MOMENT),
            Snapshot({}, 1, None),
            Snapshot({}, 1, MOMENT.replace(tzinfo=None)),
            Snapshot(object(), 1, MOMENT),
            Snapshot("x" * 2_000_000, 1, MOMENT),
            StoredSnapshot({}, 1, MOMENT, ("a",)),  # type: ignore[arg-type]
        ],
        ids=lambda it: repr(it)[:30],
    )
    async def test_what_is_no_snapshot_is_refused(
        self, snapshots: SnapshotStore, stream_id: UUID, given: Any
    ) -> None:
        with pytest.raises(InvalidSnapshot):
            await snapshots.save(stream_id, KIND, given)
        snapshots.save_soon(stream_id, KIND, given)

        assert await snapshots.load(stream_id, KIND) is None

    @pytest.mark.asyncio
    @needs("keeps_json")
    @pytest.mark.parametrize(
        "aggregate",
        [Account(7), (1, 2), {"a": (1,)}, {1: "a"}, {"a": Status.OPEN}, OrderedDict(a=1)],
        ids=str,
    )
    async def test_what_would_be_read_back_as_something_else_is_refused(
        self, snapshots: SnapshotStore, stream_id: UUID, aggregate: Any
    ) -> None:
        with pytest.raises(InvalidSnapshot):
            await snapshots.save(stream_id, KIND, Snapshot(aggregate, 1, MOMENT))

    @pytest.mark.asyncio
    @pytest.mark.parametrize("kind", [None, "", 1, b"a", "x" * 201, "a\nb", "a\x1b[31m", "\ud800"])
    async def test_what_is_no_kind_is_refused(
        self, snapshots: SnapshotStore, stream_id: UUID, kind: Any
    ) -> None:
        with pytest.raises(InvalidArgument):
            await snapshots.load(stream_id, kind)
        with pytest.raises(InvalidArgument):
            await snapshots.save(stream_id, kind, snapshot(1))
        with pytest.raises(InvalidArgument):
            await snapshots.reject(stream_id, kind, 1, "wrong")
        snapshots.save_soon(stream_id, kind, snapshot(1))

    @pytest.mark.asyncio
    @pytest.mark.parametrize("stream_id", [None, "a", 7])
    async def test_what_is_no_stream_is_refused(
        self, snapshots: SnapshotStore, stream_id: Any
    ) -> None:
        with pytest.raises(InvalidStreamId):
            await snapshots.load(stream_id, KIND)
        with pytest.raises(InvalidStreamId):
            await snapshots.save(stream_id, KIND, snapshot(1))
        with pytest.raises(InvalidStreamId):
            await snapshots.forget(stream_id)
        snapshots.save_soon(stream_id, KIND, snapshot(1))
