"""
Kills exports and imports in the middle, each a process of its own, and resumes them.

A kill happens at a report of progress, not at a time: the process waits at each report until it
may continue, so it cannot have ended before it is killed. As a program, on a Cassandra of its own
or the one that EVENT_STORE_CONTACT_POINTS names:

    python -m tests.archive.interrupting --events 200000
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

from backports import zstd
from rich.progress import Progress

from event_store_async import EventStore
from event_store_async.embedded import EmbeddedCassandra
from event_store_async.testing.servers import existing_cluster

from ..interruptible import interruptible

_PACED = """
import sys
from event_store_async.cli import main
from event_store_async.cli.meter import Meter

call = Meter.__call__

def report(self, progress):
    call(self, progress)
    print(f"{progress.fraction:.0%}", flush=True)
    sys.stdin.readline()

Meter.__call__ = report
main()
"""
"""The command, but at each report of progress it prints the report and waits for a line."""


class Command:
    """The command ``event-store`` on one keyspace; prints what it does if *loud*."""

    def __init__(self, where: Sequence[str], keyspace: str, *, loud: bool = False) -> None:
        self._options = [*where, "--keyspace", keyspace, "--json", "--every", "0"]
        self._loud = loud

    def kill_after(self, lines: int, *arguments: str, how: signal.Signals = signal.SIGKILL) -> str:
        """Run it, end it after this many reports of progress, and return the last of them."""
        return self._kill(lambda number, _: number == lines, arguments, how)

    def kill_at(self, percent: int, *arguments: str) -> str:
        """Run it, end it after the first report of at least this percentage, and return that."""
        return self._kill(lambda _, line: _percent(line) >= percent, arguments, signal.SIGKILL)

    def _kill(
        self, due: Callable[[int, str], bool], arguments: Sequence[str], how: signal.Signals
    ) -> str:
        program = ("-c", _PACED)
        with self._start(arguments, program=program, stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            for number in itertools.count(1):
                last = process.stdout.readline().decode()
                assert last, "it ended by itself"
                if due(number, last):
                    break
                process.stdin.write(b"\n")
            if how is signal.SIGKILL:
                process.stdin.write(b"\n")  # it dies somewhere before its next report
            process.send_signal(how)
            process.stdin.close()
            words = process.stderr.read()
        assert process.returncode == (130 if how is signal.SIGINT else -how), words
        assert b"Traceback" not in words
        self._say(f"kill -{how} {arguments[0]} after its report {number}: {last.strip()}")
        return last

    def run(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run it to its end, and return its report."""
        with self._start(arguments) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            # The report is one line at the end: it fits into the pipe while progress is read.
            words = [line.decode() for line in process.stderr]
            *_, report = process.stdout.read().decode().splitlines() or [""]
        assert process.returncode == code, "".join(words[-20:])
        start = next((line.strip() for line in words if "resuming" in line), "from the start")
        self._say(f"{arguments[0]}: {start}; {report}")
        return {"words": words, **json.loads(report)}

    def _start(
        self,
        arguments: Sequence[str],
        *,
        program: Sequence[str] = ("-m", "event_store_async"),
        **options: Any,
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            interruptible([sys.executable, *program, *arguments, *self._options]),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "TERM": "dumb", "COLUMNS": "200"},
            **options,
        )

    def _say(self, text: str) -> None:
        if self._loud:
            print(text, flush=True)


def _percent(line: str) -> int:
    found = re.search(r"(\d+)%", line)
    return int(found[1]) if found else 0


def check_file(path: Path) -> tuple[int, int]:
    """Return how many streams and events an archive has; it must hold each exactly once."""
    versions: dict[str, int] = {}
    ended: Counter[str] = Counter()
    with zstd.open(path, "rb") as file:
        for line in file:
            found = json.loads(line)
            if "version" in found:
                assert found["version"] == versions.get(found["stream"], 0) + 1, line
                versions[found["stream"]] = found["version"]
            elif "stream" in found:
                assert found["events"] == versions[found["stream"]], line
                ended[found["stream"]] += 1
    assert ended == Counter(dict.fromkeys(versions, 1))
    return len(versions), sum(versions.values())


async def fill(store: EventStore, events: int, seed: int, longest: int = 400) -> None:
    """Append this many events: a tenth to one stream, the rest to streams of 1 to *longest*."""
    chance = random.Random(seed)
    lengths = [events // 10]
    while (left := events - sum(lengths)) > 0:
        lengths.append(min(left, int(longest ** chance.random())))
    waiting = iter(lengths)

    async def work() -> None:
        for length in waiting:
            stream_id = UUID(int=chance.getrandbits(128), version=4)
            for start in range(0, length, 200):
                payloads = [
                    {"type": "deposited", "cents": number, "note": "naïve ☃ " * (number % 5)}
                    for number in range(start, min(start + 200, length))
                ]
                await store.persist_events(stream_id, payloads)
                shown.advance(task, len(payloads))

    with Progress() as shown:
        task = shown.add_task("filling", total=events)
        await asyncio.gather(*[work() for _ in range(32)])


def main() -> None:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument(
        "--kills", type=int, default=3, help="of each command, besides one half-way"
    )
    parser.add_argument("--frame-events", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    asyncio.run(_main(parser.parse_args()))


async def _main(asked: argparse.Namespace) -> None:
    print(f"seed {asked.seed}, {asked.events:,} events", flush=True)
    given = existing_cluster()
    if given is not None:
        await _on(given.contact_points.split(","), given.port, given.datacenter, asked)
    else:
        async with EmbeddedCassandra() as cassandra:
            await _on(cassandra.contact_points, cassandra.port, cassandra.local_datacenter, asked)


async def _on(
    points: Sequence[str], port: int, datacenter: str | None, asked: argparse.Namespace
) -> None:
    source, target = (f"moving_{name}_{uuid4().hex[:8]}" for name in ("source", "target"))
    for keyspace in (source, target):
        async with EventStore.connect(
            list(points), port=port, keyspace=keyspace, local_datacenter=datacenter
        ) as store:
            await store.create_schema({datacenter or "datacenter1": 1})
            if keyspace == source:
                await fill(store, asked.events, asked.seed)
    where = ["--contact-points", ",".join(points), "--port", str(port)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.jsonl.zst"
        await asyncio.to_thread(_interrupt, where, source, target, path, asked)


def _interrupt(
    where: Sequence[str], source: str, target: str, path: Path, asked: argparse.Namespace
) -> None:
    chance = random.Random(asked.seed)
    frames = ["--frame-events", str(asked.frame_events)]
    begun = monotonic()
    commands = [Command(where, keyspace, loud=True) for keyspace in (source, target)]
    most = max(2, asked.events // asked.frame_events // (asked.kills + 1))
    for _ in range(asked.kills):
        commands[0].kill_after(chance.randint(1, most), "export", str(path), *frames)
    commands[0].kill_at(50, "export", str(path), *frames)
    exported = commands[0].run("export", str(path), *frames)
    print(f"in the file, each once: streams, events = {check_file(path)}")
    for _ in range(asked.kills):
        commands[1].kill_after(chance.randint(1, most), "import", str(path))
    commands[1].kill_at(50, "import", str(path))
    imported = commands[1].run("import", str(path))
    again = commands[1].run("import", str(path))
    digests = [command.run("verify")["digest"] for command in commands]
    digests += [report["digest"] for report in (exported, imported, again)]
    print(f"digests of source, target, file, first and second import:\n{digests}")
    print(f"{'EQUAL' if len(set(digests)) == 1 else 'DIFFERENT'} after {monotonic() - begun:.0f} s")
    assert len(set(digests)) == 1
    assert again["stored"] == 0


if __name__ == "__main__":
    main()
