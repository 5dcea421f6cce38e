"""`event-store append`: what it stores and prints, and its exit codes."""

from uuid import UUID, uuid4

import orjson
import pytest
import typer

from event_store_async import (
    ANY,
    EventStore,
    MemoryEventStore,
    NewEvent,
)
from event_store_async.cli.append import append_to
from event_store_async.testing.hostile import HostileEventStore
from event_store_async.testing.injections import Injection

from ..fixtures.stores import payloads, read_all
from .running import Shell


async def test_arguments_become_events(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    done = await shell(
        *("append", str(stream_id), '{"amount": 50}', "[1, 2]", '"text"'),
        *("--type", "deposited", "--metadata", '{"user": "ada"}'),
    )

    events = await read_all(store, stream_id)
    assert (done.code, done.lines, done.err) == (0, ["1", "2", "3"], "")
    assert payloads(events) == [{"amount": 50}, [1, 2], "text"]
    assert {event.type for event in events} == {"deposited"}
    assert events[0].metadata == {"user": "ada"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param('{"a": 1}\n\n{"a": 2}\n', [{"a": 1}, {"a": 2}], id="lines"),
        pytest.param('[{"a": 1},\n {"a": 2}]', [{"a": 1}, {"a": 2}], id="array"),
        pytest.param('{\n "a": 1\n}\n', [{"a": 1}], id="one document on many lines"),
        pytest.param("[1, 2]\n[3]\n", [[1, 2], [3]], id="lines that are arrays"),
    ],
)
async def test_standard_input_and_files_become_events(
    shell: Shell, store: EventStore, stream_id: UUID, text: str, expected: list[object]
) -> None:
    (shell.folder / "events.json").write_text(text)

    piped = await shell("append", str(stream_id), stdin=text)
    read = await shell("append", str(stream_id), "--file", "events.json")
    dash = await shell("append", str(stream_id), "-f", "-", stdin=text)

    assert [done.code for done in (piped, read, dash)] == [0, 0, 0]
    assert payloads(await read_all(store, stream_id)) == expected * 3


async def test_each_event_may_have_a_type_and_an_id(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    ids = [uuid4(), uuid4()]
    arguments = [
        *("append", str(stream_id), "1", "2", "--type", "one", "--type", "two"),
        *(f"--event-id={event_id}" for event_id in ids),
    ]

    first = await shell(*arguments)
    again = await shell(*arguments)

    events = await read_all(store, stream_id)
    assert [(event.type, event.event_id) for event in events] == [("one", ids[0]), ("two", ids[1])]
    assert (first.out, first.err) == (again.out, "") == ("1\n2\n", "")
    assert (again.code, "stored earlier" in again.err) == (0, True)


async def test_what_read_prints_can_be_appended(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    other = uuid4()
    await store.persist_events(
        stream_id, [NewEvent({"amount": 50}, "deposited", {"user": "ada"}), {"amount": 1}]
    )

    printed = await shell("read", str(stream_id))
    done = await shell("append", str(other), "--envelopes", stdin=printed.out)

    def facts(events: list[object]) -> list[object]:
        return [(e.payload, e.type, e.metadata, e.event_id) for e in events]  # type: ignore[attr-defined]

    assert (done.code, done.out) == (0, "1\n2\n")
    assert facts([*await read_all(store, other)]) == facts([*await read_all(store, stream_id)])


async def test_envelopes_without_an_id_get_the_given_one(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    """The hint of an unknown outcome gives all ids, also those of the envelopes."""
    ids = [uuid4(), uuid4()]
    arguments = [
        *("append", str(stream_id), f'{{"payload": 1, "event_id": "{ids[0]}"}}', '{"payload": 2}'),
        *("--envelopes", *(f"--event-id={event_id}" for event_id in ids)),
    ]

    first = await shell(*arguments)
    again = await shell(*arguments)

    events = await read_all(store, stream_id)
    assert [(event.payload, event.event_id) for event in events] == [(1, ids[0]), (2, ids[1])]
    assert (first.code, first.out) == (again.code, again.out) == (0, "1\n2\n")
    assert "stored earlier" in again.err


@pytest.mark.parametrize(
    ("expected", "versions"),
    [("any", "2"), ("stream-exists", "2"), ("1", "2")],
)
async def test_a_correct_expected_version(
    shell: Shell, store: EventStore, stream_id: UUID, expected: str, versions: str
) -> None:
    await store.persist_events(stream_id, [1])

    done = await shell("append", str(stream_id), "2", "--expected-version", expected)

    assert (done.code, done.lines) == (0, [versions])


@pytest.mark.parametrize("expected", ["no-stream", "0", "3"])
async def test_a_conflict_has_its_own_exit_code(
    shell: Shell, store: EventStore, stream_id: UUID, expected: str
) -> None:
    await store.persist_events(stream_id, [1, 2])

    done = await shell("append", str(stream_id), "3", "--expected-version", expected, "--json")

    assert done.code == 3
    assert orjson.loads(done.out) == {
        "outcome": "conflict",
        "stream_id": str(stream_id),
        "actual_version": 2,
    }
    assert f"stream {stream_id} is at version 2" in done.err
    assert "nothing was stored" in done.err
    assert await store.current_version(stream_id) == 2


async def test_json_has_everything_that_was_stored(shell: Shell, stream_id: UUID) -> None:
    event_id = uuid4()

    done = await shell("append", str(stream_id), "1", "--event-id", str(event_id), "--json")

    assert orjson.loads(done.out) == {
        "outcome": "stored",
        "stream_id": str(stream_id),
        "version": 1,
        "stored_earlier": False,
        "events": [{"version": 1, "event_id": str(event_id)}],
    }


async def test_an_unknown_outcome_prints_the_ids_to_repeat_it_with(
    stream_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = MemoryEventStore()
    hostile = HostileEventStore(memory, seed=1, script=[Injection.UNKNOWN_STORED])
    events = [NewEvent(1), NewEvent(2)]

    with pytest.raises(typer.Exit) as left:
        await append_to(hostile, stream_id, events, ANY, timeout=None, as_json=True)
    unknown = capsys.readouterr()
    ids = orjson.loads(unknown.out)["event_ids"]
    repeated = [NewEvent(1, event_id=UUID(ids[0])), NewEvent(2, event_id=UUID(ids[1]))]
    await append_to(hostile, stream_id, repeated, ANY, timeout=None, as_json=False)

    assert left.value.exit_code == 4
    assert ids == [str(event.event_id) for event in events]
    assert f"--event-id {ids[0]} --event-id {ids[1]}" in unknown.err
    assert "stored earlier" in capsys.readouterr().err
    assert await memory.current_version(stream_id) == 2


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        (["{"], "", ["argument 1 is not valid JSON", "in single quotes"]),
        (["text"], "", ["argument 1 is not valid JSON", "needs double quotes"]),
        (
            [],
            '{"a": 1}\n{"a": 2\n',
            ["standard input, line 2 is not valid JSON", "nothing was appended"],
        ),
        ([], '{"a": 1,\n"b": [2\n}', ["standard input, line 3: not valid JSON"]),
        ([], "  \n", ["standard input is empty"]),
        (["--file", "missing.json"], "", ["missing.json cannot be read: No such file"]),
        (["1", "--file", "-"], "", ["as arguments or with --file, not both"]),
        (
            ["1", "2", "3", "--type", "a", "--type", "b"],
            "",
            ["--type options (2) is not that of events (3)"],
        ),
        (
            ["1", "--event-id", str(uuid4()), "--event-id", str(uuid4())],
            "",
            ["--event-id options (2)"],
        ),
        (["1", "--event-id", "x"], "", ["'x' is not a UUID"]),
        (["1", "--metadata", "[1]"], "", ["--metadata must be a JSON object"]),
        (["1", "--metadata", "{"], "", ["--metadata is not valid JSON"]),
        (["1", "--expected-version", "-1"], "", ["'-1' is not an expected version"]),
        (
            ["1", "--expected-version", "last"],
            "",
            ["'last' is not an expected version", "expected-version"],
        ),
        (["1", "--envelopes"], "", ["event 1 is not an envelope"]),
        (['{"payload": 1, "kind": "x"}', "--envelopes"], "", ["event 1 has unknown keys: kind"]),
        (['{"payload": 1, "event_id": 5}', "--envelopes"], "", ["5 is not a UUID"]),
        (["1", "--envelopes", "--type", "x"], "", ["each envelope has its own"]),
        (
            ['{"payload": 1}', "--envelopes", *[f"--event-id={uuid4()}"] * 2],
            "",
            ["--event-id options (2) is not that of events (1)"],
        ),
        (
            [f'{{"payload": 1, "event_id": "{uuid4()}"}}', "--envelopes", f"--event-id={uuid4()}"],
            "",
            ["event 1 has the event id", "but --event-id is", "in the order of the events"],
        ),
        (["1", "--timeout", "0"], "", ["--timeout"]),
        (["1", "--timeout", "inf"], "", ["--timeout", "inf is not a number of seconds"]),
        (["1", "--timeout", "nan"], "", ["--timeout"]),
        *(
            (["--envelopes", *map(str.strip, text.split(" + "))], "", says)
            for text, says in [
                (
                    '{"payload": 1, "version": 2} + {"payload": 2, "version": 1}',
                    ["event 2 has version 1, where 3 is due", "rise by one"],
                ),
                (
                    '{"payload": 1, "version": 1} + {"payload": 2, "version": 3}',
                    ["event 2 has version 3, where 2 is due"],
                ),
                (
                    '{"payload": 1, "version": 1} + {"payload": 2} + {"payload": 3, "version": 2}',
                    ["event 3 has version 2, where 3 is due"],
                ),
                ('{"payload": 1, "version": "1"}', ["event 1: '1' is not a version"]),
                ('{"payload": 1, "version": true}', ["event 1: True is not a version"]),
                ('{"payload": 1, "stream_id": "x"}', ["event 1: stream_id 'x' is not a UUID"]),
                (
                    f'{{"payload": 1, "stream_id": "{uuid4()}"}} + '
                    f'{{"payload": 2, "stream_id": "{uuid4()}"}}',
                    ["event 2 is of stream", "append each stream separately"],
                ),
                ('{"payload_base64": "?"}', ["event 1: payload_base64 is not base64"]),
                ('{"payload_base64": 5}', ["event 1: payload_base64 is not base64"]),
                ('{"payload_base64": "AA==", "payload": 1}', ["event 1 is not an envelope"]),
                (
                    '{"payload_base64": "AA=="} + {"payload": 1}',
                    ["some events have a payload, others payload_base64"],
                ),
            ]
        ),
        (
            ['{"n": 80241446968629135069}'],
            "",
            ["argument 1: the integer 80241446968629135069 is beyond 64 bits", "as a string"],
        ),
        (["[-9223372036854775809]"], "", ["-9223372036854775809 is beyond 64 bits"]),
        (["[" + "7" * 5000 + "]"], "", ["argument 1"]),
        (["1.23456789012345678901"], "", ["1.23456789012345678901 has more digits than a float"]),
        (["1e-400"], "", ["the number 1e-400 is too small for a float"]),
        (
            ["1", '{"a": [{"b": 1, "c": 2, "b": 1}]}'],
            "",
            ["argument 2: an object has the key 'b' twice", "each key once"],
        ),
        ([], '{"a": 1}\n{"a": 18446744073709551616}', ["standard input, line 2: the integer"]),
        ([], '[{"a": 1, "a": 2}]', ["standard input: an object has the key 'a' twice"]),
        (["1", "--metadata", '{"a": 1, "a": 2}'], "", ["--metadata: an object has the key 'a'"]),
        (
            ['{"payload": {"n": 18446744073709551616}}', "--envelopes"],
            "",
            ["the integer 18446744073709551616 is beyond 64 bits"],
        ),
        (['{"payload": 1, "payload": 2}', "--envelopes"], "", ["the key 'payload' twice"]),
    ],
)
async def test_wrong_input_is_rejected_before_anything_is_sent(
    nowhere: Shell, dead_port: int, arguments: list[str], stdin: str, says: list[str]
) -> None:
    """No server listens at the port, which is not noticed."""
    done = await nowhere(
        *("append", str(uuid4()), *arguments, "--keyspace", "bank"),
        *("--port", str(dead_port)),
        stdin=stdin,
    )

    assert (done.code, done.out) == (2, "")
    for words in says:
        assert words in done.err


async def test_an_event_that_is_too_large_is_rejected(shell: Shell, stream_id: UUID) -> None:
    done = await shell("append", str(stream_id), stdin=f'"{"x" * 1100000}"')

    assert (done.code, "above the limit" in done.err) == (2, True)


async def test_input_that_is_too_large_for_an_append_is_not_read(
    shell: Shell, stream_id: UUID
) -> None:
    done = await shell("append", str(stream_id), stdin=f'"{"x" * 17_000_000}"')

    assert (done.code, "is larger than 16 MiB" in done.err) == (2, True)


@pytest.mark.parametrize("digits", [19, 20, 5000])
async def test_an_expected_version_of_many_digits_is_refused(
    shell: Shell, stream_id: UUID, digits: int
) -> None:
    done = await shell("append", str(stream_id), "1", "--expected-version", "9" * digits)

    assert (done.code, done.out) == (2, "")
    assert "is not an expected version" in " ".join(done.err.split())
    assert "Traceback" not in done.err


async def test_zeros_before_an_expected_version_do_not_matter(
    shell: Shell, stream_id: UUID
) -> None:
    done = await shell("append", str(stream_id), "1", "--expected-version", "0" * 5000)

    assert done.code == 0


@pytest.mark.parametrize("option", [["--shortest", "inf"], ["--longest", "inf"]])
async def test_seconds_are_finite(nowhere: Shell, option: list[str]) -> None:
    tail = await nowhere("tail", str(uuid4()), *option, "--keyspace", "bank")
    verify = await nowhere("verify", "--every", option[1], "--keyspace", "bank")

    assert (tail.code, verify.code) == (2, 2)
    assert "is not a number of seconds" in tail.err
    assert "is not a number of seconds" in verify.err


async def test_messages_count_events_from_one(shell: Shell, stream_id: UUID) -> None:
    done = await shell("append", str(stream_id), "--envelopes", '{"payload": 1, "type": ""}')

    assert (done.code, "error: event 1: type must be" in done.err) == (2, True)


async def test_envelopes_that_read_prints_are_the_same_events(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [{"n": number} for number in range(3)])
    printed = (await shell("read", str(stream_id), "--from", "2")).out
    backward = (await shell("read", str(stream_id), "--backward")).out

    copied = await shell("append", str(uuid4()), "--envelopes", stdin=printed)
    refused = await shell("append", str(uuid4()), "--envelopes", stdin=backward)

    assert (copied.code, copied.lines) == (0, ["1", "2"])
    assert (refused.code, "versions, if given, must rise by one" in refused.err) == (2, True)


async def test_bytes_that_read_prints_are_appended_as_bytes(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    lines = '{"payload_base64": "AP8=", "type": "raw"}\n{"payload_base64": ""}'

    done = await shell("append", str(stream_id), "--envelopes", stdin=lines)
    printed = (await shell("read", str(stream_id))).out
    again = await shell("append", str(stream_id), "--envelopes", stdin=printed)
    copied = await shell("append", str(uuid4()), "--envelopes", stdin=printed)

    assert (done.code, again.code, copied.code) == (0, 0, 0)
    assert "stored earlier" in again.err
    assert payloads(await read_all(store, stream_id)) == [b"\x00\xff", b""]


@pytest.mark.parametrize("option", [[], ["--envelopes"]])
async def test_an_empty_array_appends_nothing(
    shell: Shell, stream_id: UUID, option: list[str]
) -> None:
    done = await shell("append", str(stream_id), *option, stdin="[]")

    assert (done.code, done.out) == (0, "")
