"""`event-store streams`, `verify`, `export` and `import`."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator
from uuid import uuid4

import pytest
import pytest_asyncio

from event_store_async import EventStore, RestoreOutcomeUnknown
from event_store_async.cli.failures import explain

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace, run_cql
from .running import Shell, ended


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def bank(store: EventStore) -> None:
    """Put 20 streams of 5 events, and one of 1200, into the module's keyspace."""
    for _ in range(20):
        await store.persist_events(uuid4(), [{"n": n} for n in range(5)])
    for _ in range(3):
        await store.persist_events(uuid4(), range(400))


@pytest_asyncio.fixture
async def other(server: Server) -> AsyncGenerator[str, None]:
    """Give another keyspace with a table."""
    name = f"test_{uuid4().hex[:12]}"
    async with server.connect(name) as store:
        await store.create_schema(server.replication)
        yield name
        await drop_keyspace(store, name)


async def test_streams(shell: Shell) -> None:
    plain = await shell("streams")
    whole = await shell("streams", "--depth", "events", "--json")
    listed = await shell("streams", "--depth", "heads", "--list")
    objects = await shell("streams", "--list", "--json")

    assert plain.code == whole.code == listed.code == 0
    assert plain.lines[:2] == ["streams   23", "events    1,300"]
    words = [" ".join(line.split()) for line in plain.lines]
    assert "2 to 9 events 20 streams" in words
    assert "100 to 999 events 3 streams" in words
    found = json.loads(whole.out)
    assert (found["streams"], found["events"], found["longest"]) == (23, 1300, 400)
    assert found["bytes"] > 1300
    assert len(listed.lines) == 23
    assert sorted(int(line.split("\t")[1]) for line in listed.lines) == [5] * 20 + [400] * 3
    assert {line.split("\t")[4] for line in listed.lines} == {"-"}
    assert "streams   23" in listed.err
    assert {json.loads(line)["version"] for line in objects.lines} == {5, 400}


async def test_a_file_is_exported_and_imported(shell: Shell, other: str) -> None:
    exported = await shell("export", "bank.zst")
    there = await shell("export", "bank.zst")
    imported = await shell("import", "bank.zst", "--keyspace", other)
    again = await shell("import", "bank.zst", "--keyspace", other, "--no-check", "--json")
    one, two = [await shell("verify", "--json", EVENT_STORE_KEYSPACE=it) for it in (other, "")]
    mine = await shell("verify")

    assert exported.code == imported.code == again.code == one.code == 0
    assert two.code == 2, "no keyspace is named"
    assert (there.code, "the file exists already" in there.err) == (1, True)
    assert "events    1,300: 1,300 stored, 0 not" in imported.lines
    assert "checked   23 streams read back and equal" in imported.lines
    digest = json.loads(one.out)["digest"]
    assert f"digest    {digest}" in exported.lines
    assert f"digest    {digest}" in mine.lines
    found = json.loads(again.out)
    assert (found["stored"], found["checked"], found["digest"]) == (0, 0, digest)


async def test_a_pipe_is_exported_and_imported(shell: Shell, other: str) -> None:
    done = await shell.sh(f"event-store export - | event-store import - --json --keyspace {other}")

    assert done.code == 0
    assert json.loads(done.out)["checked"] == 23
    assert "events    1,300" in done.err, "the export's report is not in the pipe"


async def test_a_broken_pipe_ends_an_export_quietly(shell: Shell) -> None:
    done = await shell.sh("event-store export - --frame-events 1 | head -c 1 > /dev/null")

    assert (done.code, done.out) == (0, "")
    assert "error" not in done.err


async def test_findings_are_lines_with_an_exit_code(
    shell: Shell, server: Server, other: str
) -> None:
    stream, taken = uuid4(), uuid4()
    async with server.connect(other) as store:
        await store.persist_events(stream, range(9))
        await store.persist_events(taken, ["mine"])
        file = await shell("export", "file", "--keyspace", other)
        await run_cql(
            store, f"DELETE FROM {other}.events WHERE stream_id = {stream} AND version = 4"
        )
    verified = await shell("verify", "--keyspace", other)
    as_json = await shell("verify", "--keyspace", other, "--json")
    exported = await shell("export", "damaged", "--keyspace", other)
    await shell("append", str(taken), '"theirs"')
    imported = await shell("import", "file")

    assert file.code == 0
    assert verified.code == as_json.code == exported.code == imported.code == 5
    assert verified.lines[0] == (f"stream {stream}, version 4: hole: versions 4 to 4 are missing")
    assert verified.lines[-1] == "findings  1 hole"
    finding, report = map(json.loads, as_json.lines)
    assert (finding["kind"], finding["version"]) == ("hole", 4)
    assert report["findings"] == {"hole": 1}
    assert exported.lines[0].startswith(f"stream {stream}, version 4: hole: version 4 is missing")
    assert imported.lines[0].startswith(f"stream {taken}, version 1: conflict: the store is at")
    assert imported.lines[-1] == "findings  1"


async def test_an_invalid_archive_is_reported_with_its_line(shell: Shell) -> None:
    (shell.folder / "text").write_text("hello\n")

    wrong = await shell("import", "text")
    missing = await shell("import", "nothing")
    nowhere = await shell("export", "no/where")

    assert (wrong.code, "text, line 1: it is damaged from here on" in wrong.err) == (1, True)
    assert (missing.code, "it cannot be read" in missing.err) == (1, True)
    assert (nowhere.code, "it cannot be written: No such file" in nowhere.err) == (1, True)


async def test_an_invalid_checkpoint_is_reported(shell: Shell) -> None:
    (shell.folder / "text").write_text("hello\n")

    verified = await shell("verify", "--checkpoint", "text")
    surveyed = await shell("streams", "--checkpoint", "text")

    assert verified.code == surveyed.code == 1
    assert "error: text: it is not a checkpoint" in verified.err
    assert (shell.folder / "text").read_text() == "hello\n"


async def test_progress_lines_follow_the_interval(shell: Shell) -> None:
    quiet = await ended(await shell.process("verify", "--every", "1000"))
    told = await ended(await shell.process("verify", "--every", "0"))

    assert quiet.err == ""
    assert told.err.splitlines()[-1].startswith("verify: 100%, 1,3")
    assert " events in 2" in told.err
    assert "events/s, " in told.err
    assert told.err.rstrip().endswith("0 s left")


@pytest.mark.slow
async def test_rows_on_a_terminal_stand_above_the_bar(
    shell: Shell, server: Server, keyspace: str
) -> None:
    async with server.connect(keyspace, table="many") as store:
        await store.create_schema(server.replication)
        streams = [uuid4() for _ in range(1200)]
        for part in range(0, len(streams), 100):
            await asyncio.gather(
                *(store.persist_events(each, ["a"], 0) for each in streams[part : part + 100])
            )
    command = ("streams", "--table", "many", "--list")

    shown, code = await asyncio.to_thread(
        shell.on_a_terminal, *command, TERM="xterm-256color", COLUMNS="160"
    )
    lines = left_on_the_screen(shown)

    assert code == 0
    rows = [line for line in lines if re.match(r"[0-9a-f-]{36}\s", line)]
    assert {row.split()[0] for row in rows} == {str(each) for each in streams}
    assert len(rows) == len(streams)
    assert sum("\u2501" in line for line in lines) == 1, "the bar, once"
    assert not any("\u2501" in row for row in rows)


def left_on_the_screen(shown: str) -> list[str]:
    """Return the lines that a terminal shows in the end, of a length without bounds."""
    lines, at, column = [""], 0, 0
    for sequence, count, what, text in re.findall(
        r"(\x1b\[\??([\d;]*)([A-Za-z]))|([^\x1b]+)", shown
    ):
        if what == "A":
            at -= int(count or 1)
        elif what == "K":
            lines[at] = ""
        else:
            assert what in {"", "m", "h", "l"}, sequence
        for letter in text:
            if letter == "\n":
                at += 1
                lines += [""] * (at == len(lines))
            elif letter == "\r":
                column = 0
            else:
                lines[at] = lines[at][:column].ljust(column) + letter + lines[at][column + 1 :]
                column += 1
    return lines


async def test_progress_on_a_terminal_is_a_bar(shell: Shell) -> None:
    done = await shell.sh(
        "script --quiet --return --command 'event-store verify' /dev/null", TERM="xterm"
    )
    if done.code == 127:
        pytest.skip("there is no script(1) here to make a terminal")

    assert done.code == 0
    assert "verify" in done.out
    assert "100%" in done.out
    assert "digest    " in done.out


async def test_an_import_of_unknown_outcome_has_that_exit_code() -> None:
    failed = explain(RestoreOutcomeUnknown(uuid4(), 1, 100))

    assert failed.code == 4
    assert "versions 1 to 100" in failed.message
    assert failed.hint == "repeat the import: it skips what is already stored"
