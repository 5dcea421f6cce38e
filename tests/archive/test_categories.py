"""Categories in archives: exported, imported, checked; old files have none and are read."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from backports import zstd

from event_store_async import CategoriesMissing, EventStore, InvalidArchive
from event_store_async.archive import Frames, export_events, import_events
from event_store_async.archive.lines import FirstEvent, read_line, write_line
from event_store_async.maintenance import FindingKind, StoredEvent, StreamFinding, verify_streams

from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from ..maintenance.stores import Interrupted, contents, new_store

STREAM = UUID("00000000-0000-4000-8000-000000000001")


@pytest.fixture
async def source(server: Server) -> AsyncGenerator[EventStore]:
    async with new_store(server) as (found, _):
        yield found


@pytest.fixture
async def target(server: Server) -> AsyncGenerator[tuple[EventStore, str]]:
    async with new_store(server) as found:
        yield found


async def categories(store: EventStore) -> dict[UUID, str | None]:
    return {each.stream_id: each.category async for each in store.storage.scan_streams()}


async def fill(store: EventStore) -> None:
    """Append to streams of two categories and of none, short and long."""
    for name in ("account", "order", None):
        of = store.category(name) if name else store
        for length in (1, 250):
            await of.persist_events(uuid4(), range(length))


def test_the_line_of_a_first_event_comes_back_with_the_category() -> None:
    event = StoredEvent(STREAM, 1, b"1", 0)
    line = write_line(FirstEvent(event, "account"))

    assert read_line(line) == FirstEvent(event, "account")
    assert json.loads(line) == {**json.loads(write_line(event)), "category": "account"}


@pytest.mark.parametrize(
    ("version", "category", "reason"),
    [
        (2, '"account"', "'category' is in the line of version 2, not of 1"),
        (1, '"two words"', "'category' is missing or wrong: 'two words'"),
        (1, "null", "'category' is missing or wrong"),
        (1, "7", "'category' is missing or wrong"),
    ],
)
def test_a_category_that_cannot_be_is_refused(version: int, category: str, reason: str) -> None:
    text = f'{{"stream":"{STREAM}","version":{version},"payload":"1","category":{category}}}'

    with pytest.raises(ValueError, match=reason):
        read_line(text.encode())


async def test_categories_are_exported_and_imported(
    source: EventStore, target: tuple[EventStore, str], tmp_path: Path
) -> None:
    store, _ = target
    await fill(source)
    path = tmp_path / "all.zst"

    exported = await export_events(source, path)
    imported = await import_events(store, path)
    again = await import_events(store, path)

    assert await categories(store) == await categories(source)
    assert await contents(store) == await contents(source)
    assert (imported.findings, imported.checked, again.stored) == (0, 6, 0)
    assert exported.digest == imported.digest == (await verify_streams(store)).digest
    with zstd.open(path) as file:
        lines = [json.loads(line) for line in file.read().splitlines()]
    carrying = [(line["version"], line["category"]) for line in lines if "category" in line]
    assert sorted(carrying) == [(1, "account")] * 2 + [(1, "order")] * 2


async def test_an_interrupted_export_and_import_keep_the_categories(
    source: EventStore, target: tuple[EventStore, str], tmp_path: Path
) -> None:
    store, _ = target
    for name in ("account", "order"):
        await source.category(name).persist_events(uuid4(), ["x" * 3000] * 200)
    path, seen = tmp_path / "all.zst", 0

    def stop(_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        await export_events(source, path, frames=Frames(events=60), workers=1, on_progress=stop)
    await export_events(source, path, frames=Frames(events=60), workers=1)
    seen = 0
    with pytest.raises(Interrupted):
        await import_events(store, path, on_progress=stop)
    report = await import_events(store, path)

    assert report.resumed
    assert report.findings == 0
    assert await categories(store) == await categories(source)
    assert await contents(store) == await contents(source)


@pytest.mark.parametrize("there", ["order", None])
async def test_a_stream_of_another_category_is_a_finding(
    source: EventStore, target: tuple[EventStore, str], tmp_path: Path, there: str | None
) -> None:
    store, _ = target
    await source.category("account").persist_events(STREAM, range(250))
    await source.category("account").persist_events(uuid4(), ["a"])
    path, findings = tmp_path / "all.zst", list[StreamFinding]()
    await export_events(source, path)
    first = [event async for event in source.storage.read_stored(STREAM, max_count=1)]
    await store.storage.restore(first, category=there)

    report = await import_events(store, path, on_finding=findings.append)

    (finding,) = findings
    assert (finding.stream_id, finding.kind) == (STREAM, FindingKind.CONFLICT)
    what = f"is of category {there!r}" if there else "has no category"
    assert f"{what}, expected 'account'" in finding.detail
    assert (report.findings, report.stored) == (1, 1)
    assert await store.current_version(STREAM) == 1


async def test_an_archive_without_categories_leaves_those_that_there_are(
    source: EventStore, target: tuple[EventStore, str], tmp_path: Path
) -> None:
    store, _ = target
    await source.persist_events(STREAM, ["a", "b"])
    path = tmp_path / "all.zst"
    await export_events(source, path)
    events = [event async for event in source.storage.read_stored(STREAM, max_count=1)]
    await store.storage.restore(events, category="account")

    report = await import_events(store, path)

    assert (report.stored, report.findings) == (1, 0)
    assert await categories(store) == {STREAM: "account"}


async def test_a_table_without_the_column_takes_what_has_no_category(
    source: EventStore, target: tuple[EventStore, str], server: Server, tmp_path: Path
) -> None:
    _, keyspace = target
    plain, categorised = tmp_path / "plain.zst", tmp_path / "categorised.zst"
    await source.persist_events(uuid4(), ["a"])
    await export_events(source, plain)
    await source.category("account").persist_events(uuid4(), ["a"])
    await export_events(source, categorised)

    async with server.connect(keyspace) as older:
        await run_cql(older, f"ALTER TABLE {keyspace}.events DROP category")
        assert (await import_events(older, plain)).stored == 1
        with pytest.raises(CategoriesMissing):
            await import_events(older, categorised)
        exported = await export_events(older, tmp_path / "again.zst")
        await older.create_schema()
        report = await import_events(older, categorised)

    assert exported.events == 1
    assert (report.stored, report.findings) == (1, 0)


async def test_a_category_on_a_later_line_makes_the_archive_invalid(
    source: EventStore, target: tuple[EventStore, str], tmp_path: Path
) -> None:
    await source.category("account").persist_events(STREAM, ["a", "b"])
    path, odd = tmp_path / "all.zst", tmp_path / "odd.zst"
    await export_events(source, path)
    with zstd.open(path) as file:
        header, *lines = file.read().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"version":2', b'"category":"account","version":2')
    odd.write_bytes(zstd.compress(header) + zstd.compress(b"".join(lines)))

    with pytest.raises(InvalidArchive, match="'category' is in the line of version 2"):
        await import_events(target[0], odd)
