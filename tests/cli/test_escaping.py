"""Nothing that comes from data reaches a terminal unescaped; elsewhere, JSON stays as it is."""

import asyncio
import json
import os
import pty
import subprocess
from pathlib import Path
from uuid import UUID

import orjson
import pytest
from backports import zstd

from event_store_async import EventStore, NewEvent, StoreUnavailable
from event_store_async.cli.escape import ERRORS, escape
from event_store_async.cli.failures import explain
from event_store_async.cli.output import note, say_error, waiting

from ..fixtures.stores import run_cql
from .running import COMMAND, QUIET, Shell

EVIL = "\x1b[2J\x07\x7f\x9b1m\x85\u061c\u200e\u202e\u2066\u2028\U000e0001\rx"
"""C0, DEL, C1, bidirectional overrides, separators, tags."""


async def on_a_terminal(shell: Shell, *arguments: str) -> str:
    """Run a command on a dumb terminal, for which rich writes no sequences of its own."""
    return await asyncio.to_thread(_on_a_terminal, shell, arguments)


def _on_a_terminal(shell: Shell, arguments: tuple[str, ...]) -> str:
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=shell.folder,
        env={**os.environ, **QUIET, **shell.environment},
    )
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 65536):
            shown += chunk
    except OSError:
        pass  # the other side of the terminal is closed
    os.close(master)
    process.wait(60)
    return shown.decode()


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
    assert lines[1].startswith("    error: [bold]no :warning:")


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


def write_evil(folder: Path) -> None:
    """Write an archive, a configuration and a file name that are up to no good."""
    (folder / "bad.toml").write_text('"\u202e" = 1')
    (folder / EVIL).write_text("{")
    header, *rest = zstd.decompress((folder / "good.zst").read_bytes()).splitlines()
    changed = [orjson.dumps({**orjson.loads(header), EVIL: 1, "format": EVIL}), *rest]
    (folder / "evil.zst").write_bytes(zstd.compress(b"\n".join(changed) + b"\n"))


async def test_names_of_files_fields_and_contact_points(shell: Shell, stream_id: UUID) -> None:
    one = str(stream_id)
    await on_a_terminal(shell, "export", "good.zst")
    write_evil(shell.folder)

    shown = {
        command[0]: await on_a_terminal(shell, *command)
        for command in (
            ["append", one, "--envelopes", orjson.dumps({"payload": 1, EVIL: 1}).decode()],
            ["read", one, "--config", "bad.toml"],
            ["tail", one, "--config", EVIL],
            ["head", one, "--contact-points", EVIL],
            ["doctor", "--contact-points", EVIL],
            ["import", "evil.zst"],
            ["verify", "--checkpoint", EVIL],
            ["schema", "status", "--contact-points", EVIL],
            ["node", "status", "--directory", EVIL],
        )
    }

    assert {name: harmful(text) for name, text in shown.items()} == dict.fromkeys(shown, "")
    assert all("error: " in text for text in shown.values()), shown
