"""Where a command is started: closed streams, other locales, and Ctrl-C at any time."""

import asyncio
import os
import signal
import sys
from uuid import UUID, uuid4

import orjson
import pytest

from event_store_async import EventStore, NewEvent

from ..interruptible import interruptible
from .running import Shell, ended

NOT_UTF_8 = {
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",
    "PYTHONIOENCODING": "ascii",
}


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
async def test_an_append_with_closed_streams_is_stored(
    shell: Shell, stream_id: UUID, closed: str
) -> None:
    one = str(stream_id)

    done = await shell.sh(f"event-store append {one} 1 --expected-version 0 {closed}")
    again = await shell.sh(f"event-store append {one} 1 --json {closed}")
    conflict = await shell.sh(
        f"event-store append {one} 1 --expected-version 0 {closed} || exit $?"
    )

    assert (done.code, again.code, conflict.code) == (0, 0, 3)
    assert done.out == ("" if ">&-" in closed.replace("2>&-", "") else "1\n")
    assert (await shell("head", one)).out == "2\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("--version", 0),
        ("--help", 0),
        ("read $STREAM", 0),
        ("read $STREAM --pretty", 0),
        ("tail $STREAM --from 1 --count 1", 0),
        ("head $STREAM", 0),
        ("head wrong", 2),
        ("streams --list", 0),
        ("verify", 0),
        ("export all-$$.zst", 0),
        ("export - >export-$$", 0),
        ("schema status", 0),
        ("schema show", 0),
        ("node status --directory none", 1),
        ("doctor", 0),
        ("feed read", 1),
        ("feed status", 1),
        ("help", 0),
        ("help connecting", 0),
    ],
)
async def test_commands_with_closed_streams(
    shell: Shell, store: EventStore, stream_id: UUID, command: str, code: int
) -> None:
    await store.persist_events(stream_id, [1])

    for closed in (">&-", "2>&-"):
        done = await shell.sh(f"event-store {command} {closed} || exit $?", STREAM=str(stream_id))
        assert done.code == code, (closed, done)


@pytest.mark.parametrize("closed", ["<&-", "<&- >&-"])
async def test_a_closed_input_is_an_empty_one(nowhere: Shell, closed: str) -> None:
    done = await nowhere.sh(f"event-store append {uuid4()} --keyspace bank {closed} || exit $?")

    assert (done.code, "standard input is empty" in done.err) == (2, True)


async def test_a_locale_that_is_not_utf_8(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    one = str(stream_id)
    event = NewEvent({"name": "Jörg \U0001f600"}, "größe", {"ort": "Köln"})
    await store.persist_events(stream_id, [event])

    lines = await shell.sh(f"event-store read {one}", **NOT_UTF_8)
    tail = await shell.sh(f"event-store tail {one} --from 1 --count 1", **NOT_UTF_8)
    pretty = await shell.sh(f"event-store read {one} --pretty", **NOT_UTF_8)
    texts = [
        await shell.sh(f"event-store {command} --help", **NOT_UTF_8)
        for command in ("", "append", "read", "schema", "schema create", "node start")
    ]
    wrong = await shell.sh("event-store head Jörg || exit $?", **NOT_UTF_8)
    stored = await shell.sh(
        "event-store append $STREAM --type größe "
        """--metadata '{"ort": "Köln"}' '{"name": "Jörg"}'""",
        STREAM=one,
        **NOT_UTF_8,
    )

    assert lines.out == tail.out == (await shell("read", one, "--count", "1")).out
    assert orjson.loads(lines.out)["payload"] == event.payload
    assert "J\\u00f6rg \\ud83d\\ude00" in pretty.out
    assert "gr\\u00f6\\u00dfe" in pretty.out
    assert [text.code for text in texts] == [0] * len(texts)
    assert (wrong.code, "is not a UUID" in wrong.err) == (2, True)
    assert stored.code == 0
    (found,) = [event async for event in store.read_events(stream_id, 2)]
    assert (found.payload, found.type) == ({"name": "Jörg"}, "größe")


BLOCKED = """
import sys, time
class Slow:
    def find_spec(self, name, *_):
        if name == {module!r}:
            print("here", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, Slow())
sys.argv[1:] = ["--version"]
from _event_store_async_command import main
main()
"""

ENDING = """
import atexit, sys, time
atexit.register(lambda: (print("here", flush=True), time.sleep(60)))
sys.argv[1:] = ["--help"]
from _event_store_async_command import main
main()
"""


@pytest.mark.parametrize(
    "program",
    [
        *(
            BLOCKED.format(module=module)
            for module in (
                "event_store_async",
                "acsylla",
                "event_store_async.cli",
                "typer",
                "rich.console",
                "event_store_async.cli.verify",
            )
        ),
        ENDING,
    ],
)
async def test_ctrl_c_before_and_after_the_command(nowhere: Shell, program: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *interruptible([sys.executable, "-c", program]),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=nowhere.folder,
        env={**os.environ},
    )
    assert process.stdout is not None
    while (await asyncio.wait_for(process.stdout.readline(), 60)) != b"here\n":
        pass
    process.send_signal(signal.SIGINT)
    done = await ended(process)

    assert (done.code, done.err) == (130, "")


async def test_an_ignored_ctrl_c_stays_ignored(nowhere: Shell) -> None:
    program = BLOCKED.format(module="typer").replace("sleep(60)", "sleep(1)")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", f"import signal; signal.signal(2, signal.SIG_IGN)\n{program}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=nowhere.folder,
    )
    assert process.stdout is not None
    await asyncio.wait_for(process.stdout.readline(), 60)
    process.send_signal(signal.SIGINT)
    done = await ended(process)

    assert (done.code, done.out[:12]) == (0, "event-store ")
