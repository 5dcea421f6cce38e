"""
``python -m tools.walk`` runs commands on a terminal, and records them in ``docs/walk.md``.

It starts a real Cassandra of its own in the background, and works in an empty folder. Ids, times,
paths, sizes and digests differ from run to run and are replaced, so the page changes only if the
command does. `tests/docs/test_walk.py` records it again and compares.
"""

import hashlib
import os
import pty
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .terminal import shown_on

PAGE: Final = Path(__file__).parents[1] / "docs" / "walk.md"
_STREAM: Final = "7e31a1f0-3d5e-4b8e-9d3c-64cb5bd2f6ab"
_WIDTH: Final = 100


@dataclass(frozen=True)
class Part:
    """A part of the walk: its title, an introduction, and the commands to type."""

    title: str
    about: str
    commands: tuple[str, ...]


# To add a step, add a line here and run `python -m tools.walk`.
PARTS: Final = (
    Part(
        "A Cassandra in the background",
        "It keeps running after the command has ended, and the variables that it prints lead the "
        "other commands to it.",
        ('eval "$(event-store node start)"', "event-store node status"),
    ),
    Part(
        "A keyspace and a table",
        "A dry run asks the server, and prints exactly the statements that would be run.",
        (
            "export EVENT_STORE_KEYSPACE=bank",
            "event-store schema create --replication datacenter1=1 --dry-run",
            "event-store schema create --replication datacenter1=1",
            "event-store schema status",
        ),
    ),
    Part(
        "Appending",
        "Events are JSON, from arguments, a file or standard input. Their versions are printed.",
        (
            f"export STREAM={_STREAM}",
            'event-store append $STREAM \'{"owner": "Ada"}\' --type opened '
            "--expected-version no-stream",
            'printf \'{"amount": 50}\\n{"amount": 20}\\n\' | event-store append $STREAM '
            "--type deposited",
        ),
    ),
    Part(
        "A conflict",
        "This append expects version 1, but the stream is at version 3. Nothing is stored.",
        ("event-store append $STREAM '{\"amount\": 70}' --type withdrawn --expected-version 1",),
    ),
    Part(
        "Reading",
        "Readable on a terminal, JSON lines in a pipe.",
        (
            "event-store head $STREAM",
            "event-store read $STREAM",
            "event-store read $STREAM --backward --count 1 | cat",
            "event-store tail $STREAM --from 2 --count 2",
        ),
    ),
    Part(
        "Moving data",
        "All streams are counted, verified, exported to a file, and imported into another "
        "keyspace.\nEqual digests mean equal events, bit for bit.",
        (
            "event-store streams",
            "event-store verify",
            "event-store export bank.jsonl.zst",
            "event-store schema create --keyspace bank_copy --replication datacenter1=1",
            "event-store import bank.jsonl.zst --keyspace bank_copy",
            "event-store verify --keyspace bank_copy",
        ),
    ),
    Part(
        "Errors come with a hint",
        "",
        (
            "event-store append $STREAM '{\"amount\": 70'",
            'printf \'{"amount": 1}\\n{"amount": \\n\' | event-store append $STREAM',
            "event-store head account-1",
            "event-store head $STREAM --keyspace bnak",
            "event-store head $STREAM --port 1",
        ),
    ),
    Part(
        "A configuration",
        "Options can be set in `event-store.toml`. A password there is rejected.",
        (
            "unset EVENT_STORE_KEYSPACE",
            "printf 'keyspace = \"bank\"\\n' > event-store.toml",
            "event-store head $STREAM",
            "printf 'password = \"secret\"\\n' >> event-store.toml",
            "event-store head $STREAM",
            "printf 'keyspace = \"bank\"\\n' > event-store.toml",
        ),
    ),
    Part(
        "The doctor",
        "The doctor says what must or could be changed in a cluster. This one has a single node.",
        ("event-store doctor",),
    ),
    Part("The end", "", ("event-store node stop",)),
)


def record(folder: Path, show: Callable[[str], object] = lambda _: None) -> str:
    """
    Run all commands, and return the page.

    Args:
        folder: An empty folder to work in.
        show: Called with each command before it is run.
    """
    (folder / "walk").mkdir()
    lines = [
        "# A walk through the command",
        "",
        "Recorded on a terminal by `python -m tools.walk`; ids, times and paths are replaced.",
        "[The command line](command-line.md) describes each command.",
    ]
    try:
        for part in PARTS:
            lines += ["", f"## {part.title}", ""]
            lines += [part.about, ""] if part.about else []
            lines += ["```text"]
            for command in part.commands:
                show(command)
                lines += _step(folder, command)
            lines += ["```"]
    finally:
        _on_a_terminal(folder, "event-store node stop")
    return _with_stable_digests("\n".join(lines) + "\n")


def _step(folder: Path, command: str) -> Iterator[str]:
    code, shown = _on_a_terminal(folder, command)
    yield f"$ {command}"
    for line in shown.splitlines():
        if not line.startswith("Fetching the jars"):  # the first time only
            yield line.rstrip()
    if code:
        yield f"(exit code {code})"


def _on_a_terminal(folder: Path, command: str) -> tuple[int, str]:
    """Run a shell command; variables that it exports are set for the next one."""
    keep = folder / "environment"
    keep.touch()
    here = str(Path(sys.executable).parent)
    # Variables of the tests, or of the person who records, must not affect the walk.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("EVENT_STORE_", "XDG_"))}
    master, slave = pty.openpty()
    process = subprocess.Popen(
        ["sh", "-c", f". {keep}; {command}\ncode=$?; export -p > {keep}; exit $code"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=folder / "walk",
        env={
            **inherited,
            "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
            "TERM": "dumb",
            "COLUMNS": str(_WIDTH),
        },
    )
    os.close(slave)
    shown = shown_on(master)
    return process.wait(), _replaced(shown.replace("\r\n", "\n"), folder)


def _replaced(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "~")
    for pattern, instead in _REPLACED:
        text = pattern.sub(instead, text)
    return text


def _with_stable_digests(page: str) -> str:
    """Replace digests, which depend on ids and times; equal ones stay equal."""
    seen: dict[str, str] = {}

    def instead(found: re.Match[str]) -> str:
        number = str(len(seen) + 1)
        return seen.setdefault(found[0], hashlib.sha256(number.encode()).hexdigest())

    return re.sub(r"\b[0-9a-f]{64}\b", instead, page)


_REPLACED: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"(?<=port )\d{4,5}\b", "9042"),
        (r"(?<=1/1 )\d:\d\d:\d\d", "0:00:05"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(?=Z|\+00:00)", "2026-11-25T09:00:00.000"),
        (r"[\d,]+(?= events/s)", "900"),
        (r"━+(?= 100% )", "━" * 33),  # its width depends on the rate after it
        (r"[\d,]+(?= in the file)", "560"),
        (r"(?<=memory     )[\d,]+", "900"),
        (r"(?<=process    )\d+", "4242"),
        (r"(?<=, process )\d+", "4243"),
        (r'(?<="event_id":")[0-9a-f-]+', "0cf6a4c5-0f0e-4a34-8f3e-3a5a9d7c1b52"),
        (r"\d+\.\d{3} s (ahead of|behind) this machine", "0.001 s ahead of this machine"),
        (r"(?<=give or take )\d+\.\d{3} s", "0.002 s"),
    )
)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        PAGE.write_text(
            record(Path(name).resolve(), lambda command: print(f"$ {command}")), "utf-8"
        )
    print(PAGE)
