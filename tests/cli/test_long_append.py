"""`event-store append` of more than one append may have: in steps, resumed by the same command."""

import asyncio
import io
import signal
import tracemalloc
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from event_store_async import (
    ANY,
    NO_STREAM,
    EventReader,
    EventStore,
    ExpectedVersion,
    MemoryEventStore,
    Settings,
    StoreUnavailable,
)
from event_store_async.cli.documents import Arguments, DocumentFile, Input
from event_store_async.cli.drafts import Drafts
from event_store_async.cli.failures import CommandFailed
from event_store_async.cli.json_array import JsonArray
from event_store_async.cli.long_append import LongAppend
from event_store_async.cli.steps import AppendStep, steps_of
from event_store_async.testing.hostile import HostileEventStore
from event_store_async.testing.injections import Injection

from .running import Shell, ended

SMALL = Settings(max_append_events=3)


def drafts(settings: Settings = SMALL, **options: Any) -> Drafts:
    given = {"envelopes": False, "types": (), "metadata": None, "event_ids": (), "counted": True}
    return Drafts(settings, **{**given, **options})


async def stored(store: EventReader, stream: UUID) -> list[Any]:
    return [event.payload async for event in store.read_events(stream)]


def arguments(documents: Iterable[object]) -> Arguments:
    return Arguments([orjson.dumps(document).decode() for document in documents])


async def all_steps(source: Input, stream: UUID, **options: Any) -> list[AppendStep]:
    return [step async for step in steps_of(source, drafts(**options), SMALL, stream)]


async def append_all(
    store: Any,
    stream: UUID,
    documents: Iterable[object],
    expected: ExpectedVersion = ANY,
    *,
    as_json: bool = False,
    **options: Any,
) -> None:
    """Append documents in steps of three."""
    source = arguments(documents)
    async with aclosing(steps_of(source, drafts(**options), SMALL, stream)) as steps:
        first = await anext(steps)
        job = LongAppend(store, stream, source, expected, timeout=None, as_json=as_json)
        await job.run(first, steps, lambda _: None)


class Breaking(MemoryEventStore):
    """A store on which every append but the first *working* ones fails, or meets another's."""

    def __init__(self, working: int, other: object = None) -> None:
        super().__init__()
        self.working = working
        self.other = other

    async def try_persist_events(
        self, stream_id: UUID, events: Any, *args: Any, **options: Any
    ) -> Any:
        self.working -= 1
        if self.working < 0 and self.other is None:
            raise StoreUnavailable("no")
        if self.working == -1:
            await super().try_persist_events(stream_id, [self.other])
        return await super().try_persist_events(stream_id, events, *args, **options)


async def test_ids_are_derived_only_for_several_steps() -> None:
    stream = uuid4()
    one = await all_steps(arguments(range(3)), stream)
    again = await all_steps(arguments(range(3)), stream)
    long = await all_steps(arguments(range(7)), stream)
    longer = await all_steps(arguments(range(8)), stream)
    other_begin = await all_steps(arguments([9, *range(1, 7)]), stream)
    other_stream = await all_steps(arguments(range(7)), uuid4())
    other_type = await all_steps(arguments(range(7)), stream, types=["x"])

    def ids(steps: Sequence[AppendStep]) -> list[UUID]:
        return [event.event_id for step in steps for event in step.events]

    assert [step.alone for step in one] == [True]
    assert set(ids(one)).isdisjoint(ids(again))
    assert [(step.first, len(step.events), step.alone) for step in long] == [
        (1, 3, False),
        (4, 3, False),
        (7, 1, False),
    ]
    assert ids(long) == ids(longer)[:7]
    assert len(set(ids(longer))) == 8
    for others in (other_begin, other_stream, other_type):
        assert set(ids(others)).isdisjoint(ids(long))


async def test_given_ids_are_kept() -> None:
    own = uuid4()
    envelopes = [{"payload": number} for number in range(4)]
    envelopes[1]["event_id"] = str(own)  # type: ignore[assignment]

    first, _ = await all_steps(arguments(envelopes), uuid4(), envelopes=True)

    assert first.events[1].event_id == own


@pytest.mark.parametrize("working", range(5))
@pytest.mark.parametrize("expected", [ANY, NO_STREAM, 0])
async def test_the_same_command_goes_on_where_it_ended(
    stream_id: UUID, working: int, expected: ExpectedVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Breaking(working)
    documents = [{"n": number} for number in range(13)]

    with pytest.raises(StoreUnavailable):
        await append_all(store, stream_id, documents, expected)
    broken = capsys.readouterr()
    store.working = 100
    await append_all(store, stream_id, documents, expected)
    resumed = capsys.readouterr()
    await append_all(store, stream_id, documents, expected)
    repeated = capsys.readouterr()

    assert await stored(store, stream_id) == documents
    versions = [f"{number}" for number in range(1, 14)]
    assert broken.out.splitlines() == versions[: 3 * working]
    assert resumed.out.splitlines() == repeated.out.splitlines() == versions
    assert ("of the input are stored; the same command goes on" in broken.err) is (working > 0)
    assert (f"{3 * working} events stored earlier" in resumed.err) is (working > 0)
    assert "stored earlier; nothing was added" in repeated.err


@pytest.mark.parametrize("expected", [ANY, 2])
async def test_a_conflict_in_the_middle_says_what_is_stored(
    stream_id: UUID, expected: ExpectedVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    store = Breaking(3, other="stranger")
    await store.persist_events(stream_id, ["a", "b"])

    with pytest.raises(typer.Exit) as left:
        await append_all(store, stream_id, range(9), expected, as_json=True)
    conflict = capsys.readouterr()
    await append_all(store, stream_id, range(9), expected)

    assert left.value.exit_code == 3
    assert "is at version 9, not at version 8; 6 events of the input are stored" in conflict.err
    assert f"event-store read {stream_id} --from 9" in conflict.err
    assert "repeat the command: the same command goes on" in conflict.err
    assert orjson.loads(conflict.out.splitlines()[-1]) == {
        "outcome": "conflict",
        "stream_id": str(stream_id),
        "actual_version": 9,
        "stored": 6,
    }
    found = await stored(store, stream_id)
    assert found == ["a", "b", *range(6), "stranger", *range(6, 9)]


async def test_an_id_that_comes_twice_is_named(
    stream_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    envelopes = [{"payload": number, "event_id": str(uuid4())} for number in range(6)]
    envelopes[4] = envelopes[0]
    store = MemoryEventStore()

    with pytest.raises(typer.Exit) as left:
        await append_all(store, stream_id, envelopes, envelopes=True)

    assert left.value.exit_code == 3
    said = capsys.readouterr().err
    assert f"the event id {envelopes[0]['event_id']} is taken, at version 1" in said
    assert "3 events of the input are stored, the rest is not" in said


async def test_a_conflict_at_the_first_step_stores_nothing(
    stream_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    store = MemoryEventStore()
    await store.persist_events(stream_id, ["a", "b"])

    for expected in (NO_STREAM, 1, 7):
        with pytest.raises(typer.Exit) as left:
            await append_all(store, stream_id, range(9), expected)
        assert left.value.exit_code == 3
        assert "nothing was stored" in capsys.readouterr().err
    assert await store.current_version(stream_id) == 2


@pytest.mark.parametrize("injection", [Injection.UNKNOWN_STORED, Injection.UNKNOWN_LOST])
async def test_an_unknown_outcome_is_settled_by_the_same_command(
    stream_id: UUID, injection: Injection, capsys: pytest.CaptureFixture[str]
) -> None:
    memory = MemoryEventStore()
    await append_all(memory, stream_id, range(3))  # another input, which has the same first step
    hostile = HostileEventStore(memory, seed=1, script=[injection])

    with pytest.raises(typer.Exit) as left:
        await append_all(hostile, stream_id, range(8))
    unknown = capsys.readouterr()
    await append_all(memory, stream_id, range(8))

    assert left.value.exit_code == 4
    assert "it is unknown whether the next 3 events of it are" in unknown.err
    found = await stored(memory, stream_id)
    assert found[3:] == [*range(8)]


async def test_an_input_that_has_changed_is_refused(stream_id: UUID) -> None:
    store = MemoryEventStore()
    await append_all(store, stream_id, range(9))

    with pytest.raises(CommandFailed, match="event 6 is stored already, at version 6, with other"):
        await append_all(store, stream_id, [*range(5), "other", *range(6, 12)])
    await append_all(store, stream_id, range(12))

    assert await stored(store, stream_id) == [*range(12)]


async def test_a_file_of_several_steps(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    lines = "".join(f'{{"n": {number}}}\r\n' for number in range(2500))
    (shell.folder / "many").write_text(f"\ufeff{lines}", "utf-8")
    command = ("append", str(stream_id), "--file", "many", "--type", "counted")

    done = await shell(*command, "--expected-version", "no-stream")
    again = await shell(*command, "--expected-version", "no-stream", "--json")
    piped = await shell(*command[:2], "--type", "counted", stdin=lines)
    array = await shell(*command[:2], "--type", "counted", stdin=f"[{lines.replace('}', '},')}9]")

    assert (done.code, done.lines) == (0, [str(number) for number in range(1, 2501)])
    assert again.code == piped.code == array.code == 0
    assert "stored earlier; nothing was added" in again.err
    assert [
        (found["outcome"], found["version"], found["stored_earlier"], len(found["events"]))
        for found in map(orjson.loads, again.lines)
    ] == [("stored", 1000, True, 1000), ("stored", 2000, True, 1000), ("stored", 2500, True, 500)]
    assert piped.out == done.out
    assert array.lines == [*done.lines, "2501"]
    assert await store.current_version(stream_id) == 2501


async def test_what_read_prints_is_copied_in_steps(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    other = str(uuid4())
    for start in (0, 900):
        await store.persist_events(stream_id, range(start, start + 900))
    printed = (await shell("read", str(stream_id))).out

    done = await shell("append", other, "--envelopes", stdin=printed)
    again = await shell("append", other, "--envelopes", stdin=printed)

    assert done.lines == again.lines == [str(number) for number in range(1, 1801)]
    assert (await shell("read", other)).lines[-1].partition('"version"')[2].startswith(":1800")


async def test_steps_are_bounded_in_bytes(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    lines = "".join(f'"{number}{"x" * 400_000}"\n' for number in range(5))

    done = await shell("append", str(stream_id), "--json", stdin=lines)

    assert [len(orjson.loads(line)["events"]) for line in done.lines] == [2, 2, 1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1\n" * 1500 + "{\n", "line 1501 is not valid JSON"),
        ("1\n" * 1500 + f'"{"x" * 1_100_000}"\n', "event 1501: its 1,100,002 bytes are above"),
    ],
)
async def test_a_wrong_file_is_refused_before_anything_is_sent(
    shell: Shell, store: EventStore, stream_id: UUID, text: str, says: str
) -> None:
    (shell.folder / "many").write_text(text)

    from_file = await shell("append", str(stream_id), "--file", "many")
    piped = await shell("append", str(stream_id), stdin=text)

    for done in (from_file, piped):
        assert (done.code, done.out) == (2, "")
        assert says in done.err
    assert await store.current_version(stream_id) == 0


async def test_options_once_for_each_are_counted_over_all_steps(
    shell: Shell, stream_id: UUID
) -> None:
    types = ["--type", "a", "--type", "b"]

    done = await shell("append", str(stream_id), *types, stdin="1\n" * 1500)

    assert (done.code, "--type options (2) is not that of events (1500)" in done.err) == (2, True)


def big(tmp_path: Path) -> Path:
    """Return a file of some 60 MiB."""
    path = tmp_path / "big"
    with path.open("w") as file:
        for number in range(600):
            file.write(f'{{"n": {number}, "text": "{"x" * 100_000}"}}\n')
    return path


async def test_a_file_of_any_size_takes_bounded_memory(tmp_path: Path, stream_id: UUID) -> None:
    settings = Settings()
    with big(tmp_path).open("rb") as file:
        tracemalloc.start()
        try:
            source = await DocumentFile.open(file, "big")
            for _ in "12":
                numbers = [
                    event.payload["n"]
                    async for step in steps_of(source, drafts(settings), settings, stream_id)
                    for event in step.events
                ]
                assert numbers == [*range(600)]
                assert source.fraction == 1
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert source.repeatable
    assert peak < 40 * 1024 * 1024


@pytest.mark.parametrize("break_", ["", "\n"])
async def test_an_array_may_have_any_size(tmp_path: Path, stream_id: UUID, break_: str) -> None:
    settings = Settings()
    payload = {"text": '[{"\\, ' + "x" * 40_000, "list": [[], {}, [1, {"a": "]"}]]}
    item = orjson.dumps(payload).decode()
    path = tmp_path / "array"
    path.write_text(f" [{break_}" + f"{item},{break_}" * 600 + f"1{break_}]\n")
    with path.open("rb") as file:
        source = await DocumentFile.open(file, "array")
        found = [
            event.payload
            async for step in steps_of(source, drafts(settings), settings, stream_id)
            for event in step.events
        ]

    assert found == [payload] * 600 + [1]
    assert source.fraction == 1


@pytest.mark.parametrize(
    ("end", "says"),
    [
        ("1", "the array does not end"),
        ("1]]", "something follows the array"),
        ("]", "item 501 is not valid JSON"),
        ("{]", "the array does not end"),
        ('"x]', "the array does not end"),
    ],
)
async def test_a_large_array_that_is_wrong_is_refused(
    tmp_path: Path, stream_id: UUID, end: str, says: str
) -> None:
    settings = Settings()
    path = tmp_path / "array"
    path.write_text("[" + f'"{"x" * 40_000}",\n' * 500 + end)
    with path.open("rb") as file:
        source = await DocumentFile.open(file, "array")
        with pytest.raises(CommandFailed) as caught:
            _ = [_ async for _ in steps_of(source, drafts(settings), settings, stream_id)]

    assert says in caught.value.message


@given(st.recursive(st.text() | st.integers(-9, 9), st.lists, max_leaves=20), st.integers(1, 9))
def test_an_array_is_split_wherever_it_is_cut(value: Any, size: int) -> None:
    items = [value, [value], {"a": value}]
    text = orjson.dumps(items)
    array = JsonArray()

    found = [
        orjson.loads(item)
        for start in range(0, len(text), size)
        for item in array.feed(text[start : start + size])
    ]

    assert (found, array.ended, array.waiting) == (items, True, 0)


async def test_a_line_that_is_too_long_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.write_text('{"text": "' + "x" * 17_000_000)
    with path.open("rb") as file, pytest.raises(CommandFailed, match="line 1 is larger than 16"):
        await DocumentFile.open(file, "long")


class Stream(io.BytesIO):
    """A stream that cannot be read twice, as far as anybody knows."""


async def test_a_stream_is_appended_as_it_comes(
    stream_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    line = b'"%s"\n' % (b"x" * 500_000)
    store = MemoryEventStore()
    source = await DocumentFile.open(Stream(line * 40 + b"{\n"), "standard input")
    settings = Settings()

    async def steps() -> AsyncGenerator[AppendStep, None]:
        async for step in steps_of(source, drafts(counted=False), settings, stream_id):
            yield step

    found = steps()
    job = LongAppend(store, stream_id, source, ANY, timeout=None, as_json=False)
    with pytest.raises(CommandFailed, match="standard input, line 41 is not valid JSON") as caught:
        await job.run(await anext(found), found, lambda _: None)

    assert not source.repeatable
    assert caught.value.hint == "correct the JSON and repeat the command"
    there = await store.current_version(stream_id)
    assert there >= 36
    assert f"{there} events of the input are stored; the same command" in capsys.readouterr().err


async def test_ctrl_c_in_the_middle_and_again(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    """Standard input, of which the first 16 MiB are read before anything is sent."""
    data = b"".join(b'"%d%s"\n' % (number, b"x" * 100_000) for number in range(180))
    process = await shell.process("append", str(stream_id), stdin=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(data)
    first = await asyncio.wait_for(process.stdout.readline(), 60)
    process.send_signal(signal.SIGINT)
    left = await asyncio.wait_for(process.wait(), 60)
    assert process.stderr is not None
    told = (await process.stderr.read()).decode()
    there = await store.current_version(stream_id)
    (shell.folder / "data").write_bytes(data)

    again = await ended(
        await shell.process("append", str(stream_id), "--file", "data", "--every", "0")
    )

    assert (first, left) == (b"1\n", 130)
    assert "interrupted: what is stored so far stays; the same command goes on" in told
    assert 0 < there < 180
    assert (again.code, again.lines) == (0, [str(number) for number in range(1, 181)])
    assert await store.current_version(stream_id) == 180
    assert "append: " in again.err
