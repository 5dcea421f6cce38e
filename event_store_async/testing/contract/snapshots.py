"""The contract of stored snapshots: the newest one is found, and a failure disturbs nobody."""
# ruff: noqa: D102, S101 - the names of the tests say what they check; tests assert

import asyncio
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from ...errors import (
    InvalidSnapshot,
    StoreClosed,
    UndecodableSnapshot,
)
from ...hooks import Record, SnapshotEnded
from ...ports import SnapshotStore
from ...settings import Settings
from ...snapshot import Snapshot, StoredSnapshot
from .base import needs
from .snapshot_base import KIND, MOMENT, snapshot
from .snapshot_refusals import SnapshotRefusals


class TextCodec:
    """Encodes strs only."""

    content_type = "text/contract"

    def encode(self, payload: Any) -> bytes:
        """Return a str as UTF-8."""
        return str.encode(payload)

    def decode(self, data: bytes) -> str:
        """Return UTF-8 as a str."""
        return data.decode()


class SnapshotContract(SnapshotRefusals):
    """
    The promises of `SnapshotStore`, for a store with ``snapshots``.

    A subclass provides what one of `EventStoreContract` does: the fixture ``store``, and, if it
    `opens_others`, the method `reopened`.
    """

    @pytest.mark.asyncio
    async def test_a_stream_without_snapshots_has_none(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        assert await snapshots.load(stream_id, KIND) is None
        await snapshots.forget(stream_id)

    @pytest.mark.asyncio
    async def test_a_snapshot_is_loaded_as_it_was_saved(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        given = snapshot(100)

        await snapshots.save(stream_id, KIND, given)
        found = await snapshots.load(stream_id, KIND)

        assert found == given
        assert found is not None
        assert found.recent == given.recent, "in order"

    @pytest.mark.asyncio
    async def test_a_plain_snapshot_has_no_recent_ids(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        await snapshots.save(stream_id, KIND, Snapshot([1, "a", None], 1, MOMENT))

        assert await snapshots.load(stream_id, KIND) == StoredSnapshot([1, "a", None], 1, MOMENT)

    @pytest.mark.asyncio
    async def test_a_timestamp_is_kept_in_milliseconds_and_in_utc(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        moment = MOMENT + timedelta(microseconds=321)

        await snapshots.save(stream_id, KIND, Snapshot(1, 1, moment))
        found = await snapshots.load(stream_id, KIND)

        assert found is not None
        assert found.timestamp == MOMENT
        assert found.timestamp.tzinfo is UTC

    @pytest.mark.asyncio
    async def test_the_newest_is_found_in_whatever_order_they_are_saved(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        newest = snapshot(500)
        for each in (snapshot(100), newest, snapshot(300), snapshot(400), snapshot(200)):
            await snapshots.save(stream_id, KIND, each)

        assert await snapshots.load(stream_id, KIND) == newest

    @pytest.mark.asyncio
    async def test_saving_a_version_again_replaces_it(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        await snapshots.save(stream_id, KIND, snapshot(100, 1))
        again = snapshot(100, 2)
        await snapshots.save(stream_id, KIND, again)
        await snapshots.save(stream_id, KIND, again)

        assert await snapshots.load(stream_id, KIND) == again

    @pytest.mark.asyncio
    async def test_kinds_and_streams_are_kept_apart(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        one, two, three, other = snapshot(9, 1), snapshot(3, 2), snapshot(5, 3), uuid4()
        await snapshots.save(stream_id, KIND, one)
        await snapshots.save(stream_id, "account/2", two)
        await snapshots.save(other, KIND, three)

        assert await snapshots.load(stream_id, KIND) == one
        assert await snapshots.load(stream_id, "account/2") == two
        assert await snapshots.load(stream_id, "account/3") is None
        assert await snapshots.load(other, KIND) == three

    @pytest.mark.asyncio
    @pytest.mark.parametrize("kind", ["a", "konto/ä 1", "'; drop table x; --", "x" * 200])
    async def test_a_kind_may_be_any_printable_text(
        self, snapshots: SnapshotStore, stream_id: UUID, kind: str
    ) -> None:
        await snapshots.save(stream_id, kind, snapshot(1))

        assert await snapshots.load(stream_id, kind) is not None

    @pytest.mark.asyncio
    async def test_forgetting_deletes_all_kinds_of_one_stream(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        other, kept = uuid4(), snapshot(4)
        for version in (1, 2, 3):
            await snapshots.save(stream_id, KIND, snapshot(version))
        await snapshots.save(stream_id, "account/2", snapshot(1))
        await snapshots.save(other, KIND, kept)

        await snapshots.forget(stream_id)
        await snapshots.forget(stream_id)

        assert await snapshots.load(stream_id, KIND) is None
        assert await snapshots.load(stream_id, "account/2") is None
        assert await snapshots.load(other, KIND) == kept

    @pytest.mark.asyncio
    async def test_a_forgotten_stream_may_have_snapshots_again(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        await snapshots.save(stream_id, KIND, snapshot(9))
        await snapshots.forget(stream_id)
        again = snapshot(2)
        await snapshots.save(stream_id, KIND, again)

        assert await snapshots.load(stream_id, KIND) == again

    @pytest.mark.asyncio
    async def test_a_rejected_snapshot_gives_way_to_the_one_before(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        before, wrong = snapshot(1), snapshot(2)
        await snapshots.save(stream_id, KIND, before)
        await snapshots.save(stream_id, KIND, wrong)

        await snapshots.reject(stream_id, KIND, wrong.version, "it is above the head")
        await snapshots.reject(stream_id, KIND, wrong.version, "it is above the head")

        assert await snapshots.load(stream_id, KIND) == before

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_another_process_finds_them(
        self, store: Any, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        given = snapshot(100)
        await snapshots.save(stream_id, KIND, given)

        async with self.reopened(store) as other:
            assert await other.snapshots.load(stream_id, KIND) == given  # type: ignore[attr-defined]

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_two_processes_may_save_at_once(
        self, store: Any, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        versions = range(1, 21)
        given = {version: snapshot(version) for version in versions}

        async with self.reopened(store) as other:
            both = (snapshots, other.snapshots)  # type: ignore[attr-defined]
            await asyncio.gather(
                *(both[at % 2].save(stream_id, KIND, given[at]) for at in versions),
                *(both[1 - at % 2].save(stream_id, KIND, given[at]) for at in versions),
            )

        assert await snapshots.load(stream_id, KIND) == given[20]

    @pytest.mark.asyncio
    async def test_a_save_that_is_cancelled_is_made_or_not(
        self, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        given = {version: snapshot(version) for version in range(1, 13)}
        saved = 0
        for version, each in given.items():  # cancelled at each of its steps
            task = asyncio.ensure_future(snapshots.save(stream_id, KIND, each))
            for _ in range(version - 1):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.result()
                saved = version

            found = await snapshots.load(stream_id, KIND)
            assert found is None or found == given[found.version]
            assert saved <= (found.version if found else 0), "a cancelled one may be stored late"

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_late_save_does_not_replace_a_newer_one(
        self, store: Any, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        async with self.reopened(store) as other:
            kept: SnapshotStore = other.snapshots  # type: ignore[attr-defined]
            newest = snapshot(900)
            for version in (700, 800):
                await kept.save(stream_id, KIND, snapshot(version))
            await kept.save(stream_id, KIND, newest)
            for version in (100, 750, 850):
                await snapshots.save(stream_id, KIND, snapshot(version))
                assert await snapshots.load(stream_id, KIND) == newest
            assert await kept.load(stream_id, KIND) == newest

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_snapshot_of_an_unknown_codec_is_an_error_until_a_newer_one_comes(
        self, store: Any, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        async with self.reopened(store, codec=TextCodec()) as other:
            kept: SnapshotStore = other.snapshots  # type: ignore[attr-defined]
            await kept.save(stream_id, KIND, Snapshot("text", 1, MOMENT))
            assert await kept.load(stream_id, KIND) == StoredSnapshot("text", 1, MOMENT)
            with pytest.raises(InvalidSnapshot):
                await kept.save(stream_id, KIND, Snapshot({"a": 1}, 2, MOMENT))

        with pytest.raises(UndecodableSnapshot) as caught:
            await snapshots.load(stream_id, KIND)
        newer = snapshot(2)
        await snapshots.save(stream_id, KIND, newer)

        assert (caught.value.kind, caught.value.version) == (KIND, 1)
        assert caught.value.content_type == "text/contract"
        assert await snapshots.load(stream_id, KIND) == newer

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_closing_saves_what_waits(
        self, store: Any, snapshots: SnapshotStore, stream_id: UUID
    ) -> None:
        streams = [stream_id, *(uuid4() for _ in range(20))]
        async with self.reopened(store) as other:
            kept: SnapshotStore = other.snapshots  # type: ignore[attr-defined]
            for each in streams:
                for version in (1, 3, 2):
                    kept.save_soon(each, KIND, snapshot(version))

        for each in streams:
            found = await snapshots.load(each, KIND)
            assert found is not None
            assert found.version == 3, "of those that wait, the newest is saved"

    @pytest.mark.asyncio
    @needs("opens_others")
    async def test_a_closed_store_refuses(self, store: Any, stream_id: UUID) -> None:
        async with self.reopened(store) as other:
            kept: SnapshotStore = other.snapshots  # type: ignore[attr-defined]

        calls: list[Callable[[], Any]] = [
            lambda: kept.load(stream_id, KIND),
            lambda: kept.save(stream_id, KIND, snapshot(1)),
            lambda: kept.reject(stream_id, KIND, 1, "wrong"),
            lambda: kept.forget(stream_id),
        ]
        for call in calls:
            with pytest.raises(StoreClosed):
                await call()
        kept.save_soon(stream_id, KIND, snapshot(1))

    @pytest.mark.asyncio
    @needs("opens_others", "is_monitored")
    async def test_every_call_is_a_record(self, store: Any, stream_id: UUID) -> None:
        records: list[SnapshotEnded] = []

        def hook(record: Record) -> None:
            if isinstance(record, SnapshotEnded):
                records.append(record)

        async with self.reopened(store, settings=Settings(hooks=(hook,))) as other:
            kept: SnapshotStore = other.snapshots  # type: ignore[attr-defined]
            await kept.load(stream_id, KIND)
            for version in (2, 3, 4):
                await kept.save(stream_id, KIND, snapshot(version))
            await kept.save(stream_id, KIND, snapshot(1))
            await kept.load(stream_id, KIND)
            await kept.reject(stream_id, KIND, 4, "above the head")
            with pytest.raises(InvalidSnapshot):
                await kept.save(stream_id, KIND, Snapshot(object(), 9, MOMENT))
            await kept.forget(stream_id)
            kept.save_soon(stream_id, KIND, snapshot(5))
            kept.save_soon(stream_id, KIND, Snapshot(object(), 9, MOMENT))

        assert [(it.operation, it.outcome, it.version) for it in records] == [
            ("load", "missing", None),
            ("save", "saved", 2),
            ("save", "saved", 3),
            ("save", "saved", 4),
            ("save", "outdated", 1),
            ("load", "found", 4),
            ("reject", "rejected", 4),
            ("save", "invalid", None),
            ("forget", "forgotten", None),
            ("save", "saved", 5),
            ("save", "invalid", None),
        ]
        assert {it.stream_id for it in records} == {stream_id}
        assert {it.kind for it in records} == {KIND, ""}
        assert [it.reason for it in records if it.reason] == ["above the head"]
        assert [it.error for it in records if it.error] == ["InvalidSnapshot"] * 2
        assert [it.bytes > 0 for it in records[:6]] == [False, True, True, True, True, True]
