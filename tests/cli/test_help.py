"""`--help` has examples for every command, and every example works."""

import asyncio
import re
import shlex
import signal
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from string import Template
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
import typer

from event_store_async import EventStore
from event_store_async.cli import configuration
from event_store_async.cli.app import app
from event_store_async.cli.target import OPTIONS
from event_store_async.embedded import Background
from event_store_async.privacy import MasterKeys
from event_store_async.subscriptions import ParkedStream, SliceKey

from ..fixtures.server import Server
from ..fixtures.stores import drop_keyspace
from .running import Done, Shell, ended

EXAMPLE = re.compile(r"- `(.+)`")
ENDLESS = {
    "event-store console --keyspace bank --no-browser",
    "event-store console --keyspace bank --allow-changes --no-browser",
    "event-store tail $STREAM",
    "event-store feed follow --keyspace bank --now",
    "event-store feed run --keyspace bank",
}
FOR_A_SHELL = re.compile(r"[|<>;&]|\$\(")


def commands(group: typer.core.TyperGroup, *words: str) -> Iterator[tuple[str, str]]:
    """Iterate over all commands: their names and their help."""
    for name, command in group.commands.items():
        inner = command if isinstance(command, typer.core.TyperGroup) else None
        if inner is None or inner.invoke_without_command:  # `streams` is a command, too
            yield " ".join([*words, name]), command.help or ""
        if inner is not None:
            yield from commands(inner, *words, name)


ROOT = typer.main.get_command(app)
assert isinstance(ROOT, typer.core.TyperGroup)
COMMANDS = dict(commands(ROOT))
EXAMPLES = {name: EXAMPLE.findall(text) for name, text in COMMANDS.items()}


def options_of(name: str) -> set[str]:
    """Return the options of a command."""
    command: object = ROOT
    for word in name.split():
        assert isinstance(command, typer.core.TyperGroup)
        command = command.commands[word]
    assert isinstance(command, typer.core.TyperCommand | typer.core.TyperGroup)
    return {option for parameter in command.params for option in parameter.opts}


@pytest.mark.parametrize("name", COMMANDS)
async def test_help_says_what_it_does_with_examples(nowhere: Shell, name: str) -> None:
    done = await nowhere(*name.split(), "--help")

    assert (done.code, done.err) == (0, "")
    assert EXAMPLES[name]
    for example in EXAMPLES[name]:
        assert f"event-store {name}" in example or name == "help"
        assert example in " ".join(done.out.split())


@pytest.mark.parametrize("name", COMMANDS)
async def test_help_fits_a_narrow_terminal(nowhere: Shell, name: str) -> None:
    """Nothing is cut off, and no flag but typer's own --help seems to take a value."""
    done = await nowhere(*name.split(), "--help", COLUMNS="80")
    lines = done.out.splitlines()

    assert max(map(len, lines)) <= 80
    assert [line for line in lines if re.search(r"…\s*│$", line)] == []
    assert [line for line in lines if "<bool>" in line and "--help" not in line] == []


@pytest.mark.parametrize("name", COMMANDS)
async def test_help_is_the_same_in_every_form(nowhere: Shell, name: str) -> None:
    long = await nowhere(*name.split(), "--help")
    short = await nowhere(*name.split(), "-h")
    asked = await nowhere("help", *name.split())

    assert long.out == short.out
    assert asked.code == 0
    assert asked.out.split() == long.out.split()


@pytest.mark.parametrize("name", COMMANDS)
async def test_help_of_a_command_leaves_connecting_to_its_topic(nowhere: Shell, name: str) -> None:
    done = await nowhere(*name.split(), "--help")
    options = options_of(name)

    assert "--contact-points" not in done.out
    assert ("--keyspace" in done.out) is ("--keyspace" in options)
    if "--keyspace" in options:
        assert "`event-store help connecting` has all options" in done.out


async def test_the_topic_has_every_connection_option(nowhere: Shell) -> None:
    done = await nowhere("help", "connecting")

    assert done.code == 0
    for name in OPTIONS:
        assert f"--{name.replace('_', '-')} " in done.out
        assert f" EVENT_STORE_{name.upper()} " in done.out
    for key in configuration.KEYS:
        assert f" {key}\n" in done.out
    assert max(map(len, done.lines)) <= 80


async def test_help_on_what_there_is_not(nowhere: Shell) -> None:
    done = await nowhere("help", "schema", "\x1bdrop")

    assert (done.code, done.out) == (2, "")
    assert "there is no command or topic 'schema \\x1bdrop'" in done.err


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bank(server: Server) -> AsyncGenerator[EventStore, None]:
    """Give the keyspaces that the examples name, and the store of the first, which has a feed."""
    if server.embedded is None:
        pytest.skip("examples name keyspaces that this cluster may use for something else")
    async with server.connect("bank") as store, server.connect("bank_copy") as copy:
        await store.create_schema(server.replication, feed=True)
        await copy.create_schema(server.replication)
        await store.key_store(None).create_schema()
        yield store
    # From another connection: the sequencer of this one must not meet missing tables meanwhile.
    async with server.connect("bank_copy") as copy:
        await drop_keyspace(copy, "bank")
        await drop_keyspace(copy, "bank_copy")
        await drop_keyspace(copy, "bank_keys")


@pytest.mark.parametrize(
    "example",
    [
        example
        for name, examples in EXAMPLES.items()
        if not name.startswith("node")
        for example in examples
    ],
)
async def test_examples_work(
    shell: Shell, store: EventStore, bank: EventStore, example: str, keyspace: str
) -> None:
    stream, other = uuid4(), uuid4()
    await store.persist_events(stream, [1] if "--expected-version 1" in example else [1, 2, 3])
    if "feed" in example or "subscription" in example:
        await bank.persist_events(stream, [1])
    if "subscription" in example:
        await subscribe(bank, stream)
    (shell.folder / "payloads.jsonl").write_text('{"amount": 50}\n{"amount": 20}\n')
    (shell.folder / "master-keys").write_text(MasterKeys.generate("2026"))
    names = {"STREAM": str(stream), "OTHER": str(other)}

    if example in ENDLESS:
        done = await interrupted(shell, *shlex.split(Template(example).substitute(names))[1:])
    elif FOR_A_SHELL.search(example):
        done = await shell.sh(example, **names)
    else:
        done = await shell(*shlex.split(Template(example).substitute(names))[1:])

    assert done.code == 0, done.err
    assert done.out or done.err


async def subscribe(store: EventStore, stream_id: UUID) -> None:
    """Register the subscription that examples name, with a stream that waits from version 2 on."""
    if "mails" in [each.registration.name async for each in store.subscriptions.all()]:
        await store.subscriptions.forget("mails")
    await store.feed().position_of(stream_id, 1, timeout=60)
    head = await store.feed().head()
    await store.subscriptions.register("mails", 1, head)
    lease = await store.subscriptions.claim(SliceKey("mails", 1, 0), uuid4(), 0)
    assert lease is not None
    row = ParkedStream(stream_id, 2, 3, head, head, None, "ValueError", 5, datetime.now(UTC))
    await store.subscriptions.commit(lease, head, {stream_id: row})


async def interrupted(shell: Shell, *arguments: str) -> Done:
    """Run a command until it says what it does, then interrupt it; that counts as success."""
    process = await shell.process(*arguments)
    assert process.stderr is not None
    said = await asyncio.wait_for(process.stderr.readline(), 60)
    process.send_signal(signal.SIGINT)
    done = await ended(process)
    assert done.code == (0 if arguments[0] == "console" else 130)
    return Done(0, done.out, said.decode())


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_examples_of_a_node_work(nowhere: Shell, tmp_path: Path) -> None:
    """test_node.py tests the example with a directory."""
    start, evaluated, elsewhere = EXAMPLES["node start"]
    assert "--directory ./cassandra" in elsewhere
    try:
        for example in (
            start,
            f"{evaluated}; echo $EVENT_STORE_PORT",
            *EXAMPLES["node status"],
            *EXAMPLES["node stop"],
        ):
            done = await nowhere.sh(example)
            assert done.code == 0, done.err
            assert done.out or done.err
    finally:
        await Background(tmp_path / "data" / "event_store_async" / "node").stop()
