"""Nothing that comes from data reaches a terminal unescaped; elsewhere, JSON stays as it is."""

import asyncio
import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import orjson
import pytest
from backports import zstd

from event_store_async import EventStore, NewEvent, StoreUnavailable
from event_store_async.cli.failures import explain
from event_store_async.cli.output import note, say_error, waiting
from event_store_async.escape import ERRORS, escape
from event_store_async.subscriptions import Beat, ParkedStream, SliceKey

from ..fixtures.stores import run_cql
from .running import QUIET, Shell
from .test_help import COMMANDS, ROOT

EVIL = "\x1b[2J\x07\x7f\x9b1m\x85\u061c\u200e\u202e\u2066\u2028\U000e0001\rx"
"""C0, DEL, C1, bidirectional overrides, separators, tags."""

WORSE = f"{EVIL}\u200b\ufeff\u2029\x1c\t\nerror: no"
"""Zero width, another separator, a tab, and a line that looks like a message."""

ARGUMENT = f"{WORSE}\udcff"
"""With a byte that is not UTF-8, as it is in an argument."""

STREAM = "7e31a1f0-3d5e-4b8e-9d3c-64cb5bd2f6ab"


async def on_a_terminal(shell: Shell, *arguments: str, **environment: str) -> str:
    """Run a command on a dumb terminal, for which rich writes no sequences of its own."""
    dumb = {**QUIET, **shell.environment, **environment}
    shown, _ = await asyncio.to_thread(shell.on_a_terminal, *arguments, **dumb)
    return shown


def harmful(shown: str) -> str:
    """Return the characters that are neither printable nor the terminal's line endings."""
    text = shown.replace("\r\n", "\n")
    return "".join(letter for letter in text if not letter.isprintable() and letter not in "\n\t")


def test_an_escaped_line_of_json_is_the_same_json() -> None:
    line = orjson.dumps({EVIL: [EVIL, "\\u202e", "ö"]}).decode()

    assert escape(line).isprintable()
    assert orjson.loads(escape(line)) == orjson.loads(line) == json.loads(escape(line))
    assert "ö" in escape(line)
    assert escape("a\nb\ud800", keep="\n") == "a\nb\\ud800"
    assert "aö\U0001f600".encode("ascii", ERRORS) == b"a\\u00f6\\ud83d\\ude00"


def test_messages_cannot_look_like_others(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a server, too: its text becomes the message."""
    failure = explain(StoreUnavailable(f"the server says {EVIL}\nerror: [bold]no :warning:"))
    say_error(failure.message, f"hint\n{EVIL}")
    note(EVIL)
    with waiting(EVIL):
        pass

    lines = capsys.readouterr().err.splitlines()
    assert harmful("\n".join(lines)) == ""
    assert "\\u000aerror: [bold]no :warning:" in lines[0]
    assert [line.partition(" ")[0] for line in lines[:2]] == ["error:", "hint:"]


def test_details_are_indented(capsys: pytest.CaptureFixture[str]) -> None:
    say_error("it ended", "look", ["first", f"error: no{EVIL}"])

    lines = capsys.readouterr().err.splitlines()
    assert harmful("\n".join(lines)) == ""
    assert [line[:8] for line in lines] == ["error: i", "    firs", "    erro", "hint: lo"]


def test_what_is_logged_or_raised_is_escaped() -> None:
    """By the library, by Python, and in a traceback: what comes from data is in all of them."""
    program = f"""
import logging, threading, warnings
from event_store_async.cli.log import escape_logs
escape_logs()
evil = {EVIL!r}
logging.getLogger("event_store_async").warning("the server says %s", evil + chr(10) + "error: no")
logging.getLogger("asyncio").error("lost", exc_info=LookupError(evil))
warnings.warn(evil)
thread = threading.Thread(target=lambda: [][len(evil)])
thread.start()
thread.join()
raise LookupError(evil)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )

    assert (done.returncode, done.stdout) == (1, "")
    assert harmful(done.stderr) == ""
    assert done.stderr.startswith("warning: the server says \\u001b[2J")
    assert "\n    error: no\n" in done.stderr
    assert done.stderr.count("\\u202e") == 4
    assert "IndexError" in done.stderr


async def test_read_and_tail(shell: Shell, store: EventStore, stream_id: UUID) -> None:
    event = NewEvent({EVIL: EVIL, "long": [EVIL] * 40}, f"{EVIL}\nerror: no", {EVIL: EVIL})
    await store.persist_events(stream_id, [event])
    one = str(stream_id)

    pretty = await on_a_terminal(shell, "read", one)
    as_json = await on_a_terminal(shell, "read", one, "--json")
    tail = await on_a_terminal(shell, "tail", one, "--from", "1", "--count", "1", "--json")
    plain = await shell("read", one)

    assert "\\u001b[2J" in pretty
    assert "\nerror: no" not in pretty
    assert [harmful(shown) for shown in (pretty, as_json, tail)] == ["", "", ""]
    shown = orjson.loads(as_json)
    assert (shown["payload"], shown["type"], shown["metadata"]) == (
        event.payload,
        event.type,
        event.metadata,
    )
    assert "\u202e" in plain.out, "bytes as the store's JSON has them, where nobody looks"
    assert orjson.loads(plain.out) == shown


async def test_feeds(feed_shell: Shell, feed_store: EventStore, stream_id: UUID) -> None:
    payload = {EVIL: EVIL, "long": [EVIL] * 40}
    events = [NewEvent(payload, WORSE, {EVIL: EVIL}) for _ in range(2)]
    before = str(await feed_store.feed().head())
    await feed_store.category("account").persist_events(stream_id, events)
    await feed_store.feed().position_of(stream_id, 2, timeout=60)
    begin = ["--after", before]

    pretty = await on_a_terminal(feed_shell, "feed", "read", *begin)
    as_json = await on_a_terminal(feed_shell, "feed", "read", *begin, "--json", "--count", "1")
    followed = await on_a_terminal(feed_shell, "feed", "follow", *begin, "--count", "1")
    typed = await on_a_terminal(feed_shell, "feed", "read", *begin, "--type", WORSE)
    links = await on_a_terminal(feed_shell, "feed", "read", *begin, "--links")
    links_json = await on_a_terminal(feed_shell, "feed", "read", *begin, "--links", "--json")
    plain = await feed_shell("feed", "read", *begin, "--count", "1")
    refused = await on_a_terminal(feed_shell, "feed", "read", "--after", WORSE)
    unknown = await on_a_terminal(feed_shell, "feed", "read", "--category", WORSE)

    shown = (pretty, as_json, followed, typed, links, links_json, refused, unknown)
    assert [harmful(text) for text in shown] == [""] * len(shown)
    for text in (pretty, followed, typed, links):
        assert "\\u001b[2J" in text
        assert "\nerror: no" not in text.replace("\r", "")
    assert pretty.count("account") == 2
    assert orjson.loads(as_json) == orjson.loads(plain.out)
    assert orjson.loads(as_json)["type"] == WORSE
    assert orjson.loads(links_json)["types"] == [WORSE]


async def test_findings_and_undecodable_events(
    shell: Shell, store: EventStore, stream_id: UUID, keyspace: str
) -> None:
    await store.persist_events(stream_id, [1])
    await run_cql(
        store,
        f"UPDATE {keyspace}.events SET content_type = '{EVIL}\nerror: no' "
        f"WHERE stream_id = {stream_id} AND version = 1",
    )
    try:
        shown = [
            await on_a_terminal(shell, *command)
            for command in (
                ["read", str(stream_id)],
                ["tail", str(stream_id), "--from", "1"],
                ["verify"],
                ["verify", "--json"],
                ["streams", "--list"],
                ["streams", "--depth", "events", "--list", "--json"],
                ["export", "all.zst"],
                ["append", str(stream_id), "1", "--expected-version", "no-stream", "--json"],
            )
        ]
    finally:
        await run_cql(
            store,
            f"DELETE FROM {keyspace}.events WHERE stream_id = {stream_id}",
        )

    assert [harmful(text) for text in shown] == [""] * len(shown)
    for text in shown[:3]:
        assert "\\u202e" in text
        assert "\nerror: no" not in text.replace("\r", "")


BASES: dict[str, list[str]] = {
    "append": [STREAM, "1"],
    "read": [STREAM],
    "tail": [STREAM, "--from", "1", "--count", "1"],
    "head": [STREAM],
    "truncate": [STREAM, "--before", "1", "--yes"],
    "retain": ["--category", "account", "--max-count", "1000", "--yes"],
    "delete": [STREAM, "--yes"],
    "close": [str(UUID(int=7)), "--yes"],
    "doctor": [],
    # An address that cannot be listened on, so that it ends.
    "console": ["--listen", "192.0.2.1:1"],
    "streams": ["--list"],
    "streams categorise": [STREAM, "--category", "account"],
    "verify": [],
    "export": ["again.zst"],
    "import": ["good.zst"],
    "feed enable": [],
    "feed status": [],
    "feed read": [],
    "feed follow": ["--count", "1"],
    "feed locate": [STREAM, "1", "--timeout", "60"],
    "feed run": ["--until-complete"],
    "subscription list": [],
    "subscription lag": ["mails"],
    "subscription parked": ["mails"],
    "subscription skipped": ["mails"],
    "subscription wait": ["mails", STREAM, "1", "--timeout", "0.1"],
    "subscription pause": ["mails"],
    "subscription resume": ["mails"],
    "subscription reset": ["mails", "--to", "now", "--yes"],
    "subscription slices": ["mails", "3"],
    "subscription replay": ["mails"],
    "subscription skip": ["mails", STREAM, "1", "--reason", "a test"],
    "subscription park": ["mails", STREAM],
    "subscription forget": ["mails"],
    "help": ["head"],
    "schema show": [],
    "schema create": ["--replication", "datacenter1=1"],
    "schema create-keys": [],
    "schema migrate": [],
    "schema status": [],
    "subject forget": ["customer-1", "--yes"],
    "subject status": ["customer-1"],
    "subject rewrap": ["--dry-run"],
    "snapshots list": [STREAM],
    "snapshots drop": [STREAM],
    # A folder that cannot be one, so that nothing is started.
    "node start": ["--directory", ARGUMENT],
    "node stop": ["--directory", ARGUMENT],
    "node status": ["--directory", ARGUMENT],
}
"""Arguments with which every command gets far, if nothing else is wrong."""


def write_evil(folder: Path) -> None:
    """Write an archive, a configuration and a file name that are up to no good."""
    (folder / "bad.toml").write_text('"\u202e" = 1')
    (folder / EVIL).write_text("{")
    (folder / ARGUMENT).write_text("{")
    header, *rest = zstd.decompress((folder / "good.zst").read_bytes()).splitlines()
    changed = [orjson.dumps({**orjson.loads(header), EVIL: 1, "format": EVIL}), *rest]
    (folder / "evil.zst").write_bytes(zstd.compress(b"\n".join(changed) + b"\n"))


def parameters(name: str) -> list[tuple[str, ...]]:
    """Return, for each parameter of a command that takes a value, an evil one."""
    command = ROOT
    for word in name.split():
        command = command.commands[word]  # type: ignore[attr-defined]
    given: list[tuple[str, ...]] = []
    for parameter in command.params:
        if parameter.param_type_name == "argument":
            given.append((ARGUMENT,))
        elif not parameter.is_flag and "--help" not in parameter.opts:  # type: ignore[attr-defined]
            given.append((parameter.opts[0], ARGUMENT))
    return given


@pytest.fixture
def place(
    name: str, shell: Shell, store: EventStore, feed_shell: Shell, feed_store: EventStore
) -> tuple[Shell, EventStore]:
    """Give a shell and a store: on a table with a feed, for the commands that need one."""
    needs_feed = name.startswith(("feed", "subscription"))
    return (feed_shell, feed_store) if needs_feed else (shell, store)


async def subscribe(store: EventStore) -> None:
    """Register a subscription with a parked stream whose error is up to no good."""
    head = await store.feed().head()
    if "mails" in [each.registration.name async for each in store.subscriptions.all()]:
        await store.subscriptions.forget("mails")
    await store.subscriptions.register("mails", 1, head)
    lease = await store.subscriptions.claim(SliceKey("mails", 1, 0), uuid4(), 0)
    assert lease is not None
    row = ParkedStream(UUID(STREAM), 1, 1, head, head, WORSE, WORSE, 1, datetime.now(UTC))
    other = replace(row, stream_id=UUID(int=8))
    lease = await store.subscriptions.commit(
        lease, head, {row.stream_id: row, other.stream_id: other}
    )
    await store.subscriptions.skip("mails", other.stream_id, 1, reason=WORSE, by=WORSE)
    await store.subscriptions.beat("mails", lease.member, Beat(1, 1, {0: WORSE}))


def test_every_command_is_fed() -> None:
    assert BASES.keys() == COMMANDS.keys(), "a new command must be fed, too"


@pytest.mark.parametrize("name", BASES)
async def test_every_parameter_of_every_command(place: tuple[Shell, EventStore], name: str) -> None:
    """In pipes: of a text, standard output and error; of JSON, only standard error."""
    shell, store = place
    await store.persist_events(UUID(STREAM), [NewEvent({WORSE: WORSE}, WORSE, {WORSE: 1})])
    if name.startswith("subscription"):
        await subscribe(store)
    if name.startswith("subject"):
        await store.key_store(None).create_schema()
    assert (await shell("export", "good.zst")).code == 0
    await asyncio.to_thread(write_evil, shell.folder)

    for given in [(), ("--no-such" + ARGUMENT,), *parameters(name)]:
        (shell.folder / "again.zst").unlink(missing_ok=True)
        done = await shell(*name.split(), *BASES[name], *given)
        assert harmful(done.err.replace("\t", "")) == "", given
        assert "\nerror: no" not in done.err, given
        if not done.out.startswith("{"):
            assert harmful(done.out) == "", given
        for line in done.out.split("\n"):
            assert not line.startswith("{") or orjson.loads(line)


@pytest.mark.parametrize("name", BASES)
async def test_every_command_on_a_terminal(place: tuple[Shell, EventStore], name: str) -> None:
    shell, store = place
    await store.persist_events(UUID(STREAM), [NewEvent({WORSE: WORSE}, WORSE, {WORSE: 1})])
    if name.startswith("subscription"):
        await subscribe(store)
    if name.startswith("subject"):
        await store.key_store(None).create_schema()
    assert (await shell("export", "good.zst")).code == 0
    await asyncio.to_thread(write_evil, shell.folder)
    connects = name not in {"help", "schema show"} and not name.startswith("node")
    wrong = ["--contact-points", ARGUMENT] if connects else ["--no-such" + ARGUMENT]

    good = await on_a_terminal(shell, *name.split(), *BASES[name])
    bad = await on_a_terminal(shell, *name.split(), *BASES[name], *wrong)

    assert (harmful(good), harmful(bad)) == ("", "")
    assert "error" in bad.lower()
    assert "\nerror: no" not in (good + bad).replace("\r", "")


@pytest.mark.parametrize(
    "command",
    [
        ["read", STREAM],
        ["read", STREAM, "--json"],
        ["verify", "--json"],
        ["import", "evil.zst"],
        ["append", STREAM, "--file", EVIL],
    ],
    ids=lambda command: " ".join(command[:1]),
)
async def test_a_terminal_with_colours(shell: Shell, store: EventStore, command: list[str]) -> None:
    """Rich writes sequences there, so only those that come from data are looked for."""
    await store.persist_events(UUID(STREAM), [NewEvent({WORSE: WORSE}, WORSE, {WORSE: 1})])
    assert (await shell("export", "good.zst")).code == 0
    await asyncio.to_thread(write_evil, shell.folder)

    shown = await on_a_terminal(shell, *command, TERM="xterm-256color", NO_COLOR="")

    ours = re.sub(r"\x1b\[(?!2J)[0-9;?]*[A-Za-z]", "", shown)
    assert harmful(ours.replace("\r", "")) == ""


async def test_names_of_files_fields_and_contact_points(shell: Shell, stream_id: UUID) -> None:
    one = str(stream_id)
    assert (await shell("export", "good.zst")).code == 0
    await asyncio.to_thread(write_evil, shell.folder)

    shown = {
        " ".join(command[:2]): await on_a_terminal(shell, *command)
        for command in (
            ["append", one, "--envelopes", orjson.dumps({"payload": 1, EVIL: 1}).decode()],
            ["append", "--file", EVIL, one],
            ["read", one, "--config", "bad.toml"],
            ["tail", one, "--config", EVIL],
            ["import", "evil.zst"],
            ["import", "good.zst", ARGUMENT],
            ["verify", "--checkpoint", EVIL],
        )
    }

    assert {name: harmful(text) for name, text in shown.items()} == dict.fromkeys(shown, "")
    assert all("error" in text.lower() for text in shown.values()), shown
