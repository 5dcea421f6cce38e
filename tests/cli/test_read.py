"""`event-store read` and `head`."""

import json
from uuid import UUID

import orjson
import pytest

from event_store_async import EventStore, NewEvent, RawCodec

from ..fixtures.server import Server
from ..fixtures.stores import run_cql
from .running import Shell


async def test_events_are_json_lines(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, [NewEvent({"n": 1}, "deposited", {"user": "ada"}), "ö"])

    done = await shell("read", str(stream_id))

    first, second = map(orjson.loads, done.lines)
    assert (done.code, done.err) == (0, "")
    assert list(first) == [
        *("stream_id", "version", "timestamp", "event_id", "type", "metadata", "payload")
    ]
    assert (first["version"], first["payload"], first["type"]) == (1, {"n": 1}, "deposited")
    assert (first["stream_id"], first["metadata"]) == (str(stream_id), {"user": "ada"})
    assert (second["payload"], second["type"], second["metadata"]) == ("ö", None, None)
    assert first["timestamp"].endswith("Z")


@pytest.mark.parametrize(
    ("arguments", "versions"),
    [
        ([], [1, 2, 3, 4, 5]),
        (["--from", "3"], [3, 4, 5]),
        (["--to", "2"], [1, 2]),
        (["--from", "2", "--to", "4"], [2, 3, 4]),
        (["--from", "2", "--to", "4", "--count", "2"], [2, 3]),
        (["--count", "2"], [1, 2]),
        (["--to", "4", "--count", "9"], [1, 2, 3, 4]),
        (["--to", "99"], [1, 2, 3, 4, 5]),
        (["--backward"], [5, 4, 3, 2, 1]),
        (["--backward", "--count", "1"], [5]),
        (["--backward", "--to", "4"], [5, 4]),
        (["--backward", "--to", "99"], []),
        (["--backward", "--from", "4", "--to", "2"], [4, 3, 2]),
        (["--backward", "--from", "99", "--to", "4"], [5, 4]),
        (["--serial", "--from", "5"], [5]),
    ],
)
async def test_ranges(
    shell: Shell, store: EventStore, stream_id: UUID, arguments: list[str], versions: list[int]
) -> None:
    await store.persist_events(stream_id, [1, 2, 3, 4, 5])

    done = await shell("read", str(stream_id), *arguments)

    assert (done.code, [orjson.loads(line)["version"] for line in done.lines]) == (0, versions)


@pytest.mark.parametrize(
    "arguments", [["--from", "3", "--to", "2"], ["--backward", "--from", "2", "--to", "3"]]
)
async def test_an_empty_range_is_rejected(
    shell: Shell, stream_id: UUID, arguments: list[str]
) -> None:
    done = await shell("read", str(stream_id), *arguments)

    assert (done.code, "is empty when reading" in done.err) == (2, True)


async def test_the_readable_form(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    long = {"text": "x" * 300}
    await store.persist_events(
        stream_id, [NewEvent({"amount": 50}, "deposited", {"user": "ada"}), long, "\x1b[2J\x9b1m"]
    )

    done = await shell("read", str(stream_id), "--pretty")

    assert "  1 deposited" in done.out
    assert '    {"amount": 50}\n    metadata {"user": "ada"}\n' in done.out
    assert '    {\n      "text": "xxx' in done.out
    assert "\\u001b[2J\\u009b1m" in done.out  # nothing that a terminal would obey
    assert "\x1b" not in done.out


async def test_bytes_are_base64(shell: Shell, server: Server, stream_id: UUID) -> None:
    keyspace = shell.environment["EVENT_STORE_KEYSPACE"]
    async with EventStore.connect(
        server.contact_points,
        port=server.port,
        keyspace=keyspace,
        local_datacenter=server.local_datacenter,
        codec=RawCodec(),
    ) as raw:
        await raw.persist_events(stream_id, [b"\x00\xff"])

    done = await shell("read", str(stream_id))
    pretty = await shell("read", str(stream_id), "--pretty")

    assert orjson.loads(done.out)["payload_base64"] == "AP8="
    assert "2 bytes that are not JSON" in pretty.out


async def test_integers_beyond_64_bits_are_printed_exactly(
    shell: Shell, store: EventStore, stream_id: UUID, keyspace: str
) -> None:
    await store.persist_events(stream_id, [1])
    foreign = '{"n": 80241446968629135069, "text": "ö"}'
    await run_cql(
        store,
        f"UPDATE {keyspace}.events SET payload = 0x{foreign.encode().hex()} "
        f"WHERE stream_id = {stream_id} AND version = 1",
    )

    done = await shell("read", str(stream_id))
    pretty = await shell("read", str(stream_id), "--pretty")
    again = await shell("append", str(stream_id), "--envelopes", stdin=done.out)

    (line,) = done.lines
    assert json.loads(line)["payload"] == json.loads(foreign)
    assert json.loads(line)["stream_id"] == str(stream_id)
    assert foreign in pretty.out
    assert (again.code, "80241446968629135069 is beyond 64 bits" in again.err) == (2, True)


async def test_a_stream_without_events_gets_a_note(shell: Shell, stream_id: UUID) -> None:
    done = await shell("read", str(stream_id))
    head = await shell("head", str(stream_id))

    assert (done.code, done.out, "no events in this range" in done.err) == (0, "", True)
    assert (head.code, head.out) == (0, "0\n")


async def test_the_version(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    await store.persist_events(stream_id, [1, 2, 3])

    assert (await shell("head", str(stream_id))).out == "3\n"


async def test_events_before_an_undecodable_one_are_printed(
    shell: Shell, store: EventStore, stream_id: UUID, keyspace: str
) -> None:
    await store.persist_events(stream_id, [1, 2])
    await run_cql(
        store,
        f"UPDATE {keyspace}.events SET content_type = 'text/x' "
        f"WHERE stream_id = {stream_id} AND version = 2",
    )

    done = await shell("read", str(stream_id))

    assert (done.code, len(done.lines)) == (1, 1)
    assert f"error: stream {stream_id}, version 2 (text/x)" in done.err
    assert "hint: --from 3 continues after it" in done.err


async def test_more_events_than_a_batch_of_the_printer(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, range(450))

    done = await shell("read", str(stream_id))

    assert [orjson.loads(line)["payload"] for line in done.lines] == [*range(450)]


async def test_a_stream_must_be_a_uuid(nowhere: Shell) -> None:
    done = await nowhere("read", "account-1", "--keyspace", "bank")

    assert done.code == 2
    assert "'account-1' is not a UUID" in done.err
    assert "uuid.uuid4()" in done.err
