"""How a command ends: broken pipes, Ctrl-C, terminals, missing servers and packages."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID, uuid4

import anyio
import pytest

from event_store_async import EventStore
from tools.terminal import shown_on

from ..faults.proxy import Proxy
from ..fixtures.server import Server
from .running import COMMAND, Shell, ended


async def test_a_broken_pipe_ends_it_quietly(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    for _ in range(3):
        await store.persist_events(stream_id, [{"text": "x" * 900}] * 900)

    done = await shell.sh(
        f"{{ event-store read {stream_id} || echo $? >code; }} | head -1; cat code"
    )

    first, code = done.lines
    assert first.startswith('{"stream_id":')
    assert (code, done.err) == ("141", "")


async def test_ctrl_c_while_it_waits_for_input(shell: Shell, stream_id: UUID) -> None:
    """Input that was typed before is not appended."""
    process = await shell.process("append", str(stream_id), stdin=asyncio.subprocess.PIPE)
    assert process.stdin is not None
    # More than a pipe holds: once it is gone, the command is there and reads.
    process.stdin.write(b'"' + b"x" * 200_000)
    await asyncio.wait_for(process.stdin.drain(), 60)
    ending = asyncio.ensure_future(ended(process))
    # One that comes between two reads goes unseen until the next; one that comes while it ends
    # already is none that it could answer, so it is given the time for that.
    for _ in range(5):
        process.send_signal(signal.SIGINT)
        if (await asyncio.wait({ending}, timeout=15))[0]:
            break
    done = await ending
    head = await shell("head", str(stream_id))

    assert (done.code, done.out, done.err) == (130, "", "")
    assert head.out == "0\n"


@pytest.mark.parametrize(
    "events", [["1"], ["--envelopes", '{"payload": 1}']], ids=["payloads", "envelopes"]
)
async def test_an_append_without_an_answer_has_an_unknown_outcome_and_can_be_repeated(
    shell: Shell, server: Server, stream_id: UUID, events: list[str]
) -> None:
    """The connection is cut each time after the batch has passed."""
    wire = await Proxy("127.0.0.1", 0, server.contact_points[0], server.port).open()
    port = {"EVENT_STORE_PORT": str(wire.port), "EVENT_STORE_CONTACT_POINTS": wire.host}
    through = Shell({**shell.environment, **port}, shell.folder)
    try:
        wire.cut()
        for timeout in (1.5, 6, 24):  # what has no time to be sent is known to be stored nowhere
            unknown = await ended(
                await through.process("append", str(stream_id), *events, "--timeout", str(timeout))
            )
            if wire.cuts:
                break
    finally:
        await wire.close()
    hint = next(line for line in unknown.err.splitlines() if line.startswith("hint:"))
    again = await shell(
        *("append", str(stream_id), *events),
        *hint[hint.index("--event-id") :].split(),
    )

    assert (unknown.code, unknown.out) == (4, "")
    assert "it is unknown whether stream" in unknown.err
    assert (again.code, again.out) == (0, "1\n")
    assert (await shell("head", str(stream_id))).out == "1\n"


async def test_an_interrupted_append_prints_the_ids_to_repeat_it_with(
    shell: Shell, server: Server, stream_id: UUID
) -> None:
    """By Ctrl-C, after its batch has passed and the connection was cut."""
    wire = await Proxy("127.0.0.1", 0, server.contact_points[0], server.port).open()
    port = {"EVENT_STORE_PORT": str(wire.port), "EVENT_STORE_CONTACT_POINTS": wire.host}
    through = Shell({**shell.environment, **port}, shell.folder)
    try:
        wire.cut()
        process = await through.process("append", str(stream_id), "1", "--timeout", "60")
        with anyio.fail_after(60):
            while not wire.cuts:
                await asyncio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        told = (await asyncio.wait_for(process.stderr.readline(), 60)).decode()
        wire.restore()  # or it would go on trying, for as long as closing waits
        left = await ended(process)
    finally:
        await wire.close()
    again = await shell(
        *("append", str(stream_id), "1"),
        *told[told.index("--event-id") :].split(),
    )

    assert told.startswith("interrupted:")
    assert (left.code, left.out) == (130, "")
    assert (again.code, again.out) == (0, "1\n")
    assert (await shell("head", str(stream_id))).out == "1\n"


full = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="there is no /dev/full here to be written to"
)


@full
@pytest.mark.parametrize(
    "command",
    [
        "--version",
        "--help",
        "read --help",
        "schema show",
        "head $STREAM",
        "read $STREAM",
        "read $STREAM --pretty",
        "tail $STREAM --from 1 --count 1",
        "append $STREAM 1 --json",
        "schema status",
        "streams",
        "streams --list",
        "verify",
        "verify --json",
        "export -",
    ],
)
async def test_output_that_cannot_be_written_is_an_error(
    shell: Shell, store: EventStore, stream_id: UUID, command: str
) -> None:
    await store.persist_events(stream_id, ["x" * 20_000])

    done = await shell.sh(
        f"event-store {command} > /dev/full && exit 99 || exit $?", STREAM=str(stream_id)
    )

    assert done.code == 1
    (line,) = [line for line in done.err.splitlines() if not line.startswith("following ")]
    assert line.startswith("error: ")
    assert "cannot be written: No space left on device" in line


@full
async def test_an_error_that_cannot_be_printed_has_its_exit_code(nowhere: Shell) -> None:
    done = await nowhere.sh("event-store schema status 2> /dev/full && exit 99 || exit $?")

    assert (done.code, done.out, done.err) == (2, "", "")


async def test_ctrl_c_while_it_connects(nowhere: Shell) -> None:
    """To a server that accepts the connection and does not answer."""
    heard = asyncio.Event()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as silent:
        port = silent.sockets[0].getsockname()[1]
        process = await nowhere.process(
            "head", str(uuid4()), "--keyspace", "bank", "--port", str(port)
        )
        await asyncio.wait_for(heard.wait(), 60)
        process.send_signal(signal.SIGINT)
        done = await ended(process)

    assert (done.code, done.out, done.err) == (130, "", "")


async def test_no_server_listens(nowhere: Shell, dead_port: int) -> None:
    done = await nowhere("head", str(uuid4()), "--keyspace", "bank", "--port", str(dead_port))

    assert done.code == 1
    assert f"error: cannot connect to 127.0.0.1 (port {dead_port})" in done.err
    assert "hint: set --contact-points and --port to where Cassandra is" in done.err
    assert "event-store node start" in done.err


async def test_a_hint_of_the_library_names_the_option(nowhere: Shell) -> None:
    done = await nowhere(
        "head", str(uuid4()), "--keyspace", "bank", "--contact-points", "127.0.0.1:9042"
    )

    (hint,) = [line for line in done.err.splitlines() if line.startswith("hint: ")]
    assert done.code == 2
    assert hint.endswith(" --port")


async def test_a_missing_keyspace(shell: Shell) -> None:
    done = await shell("head", str(uuid4()), "--keyspace", "no_such")

    assert done.code == 1
    assert "error: no_such.events: there is no such table" in done.err
    assert (
        "hint: check --keyspace and --table, or create the table: `event-store schema create"
        in done.err
    )


def on_a_terminal(shell: Shell, *arguments: str) -> str:
    """Run a command on a terminal, and return what it shows."""
    shown, code = shell.on_a_terminal(*arguments, TERM="xterm-256color", COLUMNS="100")
    assert code == 0, shown
    return shown


@pytest.mark.parametrize("command", ["append", "streams --list --json", "verify"])
async def test_results_go_to_a_pipe_while_a_terminal_shows_progress(
    shell: Shell, store: EventStore, stream_id: UUID, command: str
) -> None:
    await store.persist_events(stream_id, [0])
    (shell.folder / "many").write_text("1\n" * 2500)
    given = ["append", str(stream_id), "--file", "many"] if command == "append" else command.split()
    master, slave = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *COMMAND,
        *given,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=slave,
        cwd=shell.folder,
        env={**os.environ, **shell.environment, "TERM": "xterm-256color", "COLUMNS": "100"},
    )
    os.close(slave)
    reading = asyncio.ensure_future(asyncio.to_thread(shown_on, master))
    out, _ = await asyncio.wait_for(process.communicate(), 90)
    shown = await reading

    lines = out.decode().splitlines()
    assert process.returncode == 0
    if command == "append":
        assert lines == [str(version) for version in range(2, 2502)]
    elif "--list" in command:
        assert str(stream_id) in out.decode()
        assert str(stream_id) not in shown
    else:
        assert lines[0].startswith("streams ")
    assert "\u2501" not in shown, "the reader of the pipe may write to the same terminal"


async def test_events_are_readable_on_a_terminal(
    shell: Shell, store: EventStore, stream_id: UUID
) -> None:
    await store.persist_events(stream_id, [{"amount": 50}])

    pretty = await asyncio.to_thread(on_a_terminal, shell, "read", str(stream_id))
    lines = await asyncio.to_thread(on_a_terminal, shell, "read", str(stream_id), "--json")

    assert "(no type)" in pretty
    assert "\x1b[1m  1 \x1b[0m" in pretty
    assert "stream_id" not in pretty
    assert '"payload":{"amount":50}}' in lines


async def test_events_must_be_given_if_input_is_a_terminal(nowhere: Shell) -> None:
    master, slave = pty.openpty()
    process = await nowhere.process("append", str(uuid4()), "--keyspace", "bank", stdin=slave)
    os.close(slave)
    done = await ended(process)
    os.close(master)

    assert (done.code, "no events are given" in done.err, "hint: " in done.err) == (2, True, True)


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_a_missing_extra_is_named(package: str) -> None:
    hide = f"import sys; sys.modules[{package!r}] = None"
    program = "from event_store_async import cli; cli.main()"
    done = subprocess.run(
        [sys.executable, "-c", f"{hide}; {program}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1
    assert "pip install 'event_store_async[cli]'" in done.stderr
    assert "Traceback" not in done.stderr


async def test_a_shell_completes_commands_and_options(nowhere: Shell) -> None:
    """The script of `--show-completion` calls the command with these variables."""
    script = await nowhere.sh("bash -c 'event-store --show-completion; exit $?'")
    commands = await nowhere.sh(
        "event-store",
        _EVENT_STORE_COMPLETE="complete_bash",
        COMP_WORDS="event-store sc",
        COMP_CWORD="1",
    )
    options = await nowhere.sh(
        "event-store",
        _EVENT_STORE_COMPLETE="complete_bash",
        COMP_WORDS="event-store append --expected",
        COMP_CWORD="2",
    )

    assert (script.code, "_EVENT_STORE_COMPLETE=complete_bash" in script.out) == (0, True)
    assert commands.lines == ["schema"]
    assert options.lines == ["--expected-version"]
