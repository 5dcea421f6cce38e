"""
How many instructions an append or an event read takes: ``python -m benchmarks.instructions``.

Valgrind counts the instructions of a peer's process against a real node, thread by thread, so the
load of the machine hardly matters. Starting, connecting and warming up are not counted: each number
is the difference of a long and a short measurement, by the difference of their lengths.

Under Valgrind the client is some fifty times slower, and the server is not. With many callers, all
answers are there when the loop asks for them: more of them share a turn of the loop, and a packet,
than in a real run. So the numbers of ``append64`` and ``hot`` compare the work for each append;
what a request costs that is sent alone is in ``append``.

``feed64`` is ``append64`` on a table with a feed that nobody sequences, beside one without a feed.
``sequence`` is what it takes to publish an append of another process, beside an append by hand.
``least64`` is ``append64`` by hand, but for the library's checks and its result: less than that no
append of the library can take.

``--record`` writes the counts to ``instructions.json``, from which the page about performance is
made. It keeps those of before.

Instructions do not all take the same time. ``--misses`` also counts those of the event loop's
thread that a model of a processor waits for.
"""

import argparse
import asyncio
import importlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from unittest import mock
from uuid import UUID, uuid4

from event_store_async.cassandra.feed import bell

from .bench import OURS, RAW
from .instruction_table import INSTRUCTIONS
from .peers import ANNOUNCING, STEPPING, WITH_RESULT
from .peers.payloads import make_payloads
from .peers.protocol import Options
from .peers.tasks import TaskPeer, Writer
from .variants import own_node

_EVENTS: Final = re.compile(r"^events: (.+)", re.MULTILINE)
_TOTALS: Final = re.compile(r"^(?:totals|summary): (.+)", re.MULTILINE)
_MODEL: Final = ("--cache-sim=yes", "--branch-sim=yes")
_MISSES: Final = {
    "fetches of code that miss the first cache": ("I1mr",),
    "reads that miss it": ("D1mr",),
    "writes that miss it": ("D1mw",),
    "branches predicted wrongly": ("Bcm", "Bim"),
}
"""What Valgrind's model of a processor counts, and its names for that."""


@dataclass(frozen=True, slots=True)
class Kind:
    """
    What is counted.

    Attributes:
        callers: How many append at once; 0 for a read.
        hot: Whether all of them append to one stream.
        few: The length of the short measurement, in events.
        many: That of the long one.
        peers: The peers that are compared, the limit first.
    """

    callers: int
    hot: bool
    few: int
    many: int
    peers: tuple[str, str] = (RAW, OURS)


KINDS: Final = {
    "append": Kind(1, False, 300, 1500),
    "append64": Kind(64, False, 1280, 6400),
    "hot": Kind(64, True, 1280, 6400),
    "read": Kind(0, False, 5_000, 20_000),
    "feed64": Kind(64, False, 1280, 6400, (OURS, ANNOUNCING)),
    "feedhot": Kind(64, True, 1280, 6400, (OURS, ANNOUNCING)),
    "least64": Kind(64, False, 1280, 6400, (RAW, WITH_RESULT)),
    "sequence": Kind(64, False, 1280, 6400, (RAW, STEPPING)),
}
_SLOWER: Final = 50
"""How many times slower the client is under Valgrind."""

_RAW_PAGES: Final = 20_000
"""Rows of a page of raw's reads, as in the goal: raw is fastest with the largest pages."""


@dataclass(frozen=True, slots=True)
class Count:
    """
    What is counted for each event.

    Attributes:
        loop: Instructions of the event loop's thread.
        others: Those of all the others.
        misses: What of the names in `_MISSES` the event loop's thread does, if that is counted.
    """

    loop: float
    others: float
    misses: dict[str, float]

    @property
    def total(self) -> float:
        """Those of the whole process."""
        return self.loop + self.others


async def work(name: str, kind: Kind, options: Options) -> None:
    """Do the short and the long work, each when a line of input comes, and say when it is done."""
    module = importlib.import_module(f"benchmarks.peers.{name}")
    (payload,) = make_payloads(1, 200, 1)
    # A doorbell rings a hundred times a second, which is much for appends under Valgrind.
    with mock.patch.object(bell, "_PAUSE", bell._PAUSE * _SLOWER):  # noqa: SLF001
        await _work(module, name, kind, options, payload)


async def _work(
    module: Any, name: str, kind: Kind, options: Options, payload: dict[str, object]
) -> None:
    async with module.open_peer(options) as peer:
        # The same payload for all events: making others would be counted.
        streams: dict[int, UUID] = {}
        if not kind.callers:
            for count in (kind.few, kind.many):
                streams[count] = uuid4()
                await peer.fill(streams[count], [payload] * count)
        for count in (kind.few, kind.few, kind.many):
            if name == STEPPING:
                await peer.sequence(count)
            else:
                await perform(peer, name, kind, count, payload, streams.get(count))
            print(count, flush=True)
            sys.stdin.readline()


async def perform(
    peer: TaskPeer,
    name: str,
    kind: Kind,
    count: int,
    payload: dict[str, object],
    stream: UUID | None,
) -> None:
    """Append one payload so many times; or read a stream, if there is one."""
    if stream is None:
        await _append(peer, kind, count, payload)
    else:
        await peer.read(stream, _RAW_PAGES if name == RAW else None)


async def _append(peer: TaskPeer, kind: Kind, count: int, payload: dict[str, object]) -> None:
    if kind.hot:
        writers = [peer.hot(uuid4())] * kind.callers
    else:
        writers = [peer.own(uuid4()) for _ in range(kind.callers)]
    left = repeat(payload, count)  # shared: each task takes the next

    async def append(write: Writer) -> None:
        for each in left:
            await write(each)

    async with asyncio.TaskGroup() as group:
        for write in writers:
            group.create_task(append(write))


def count(
    name: str, kind_name: str, options: Options, keep: Path | None = None, *, misses: bool = False
) -> Count:
    """Return how many instructions a peer takes for one more event."""
    kind = KINDS[kind_name]
    with TemporaryDirectory() as directory:
        folder = Path(directory) if keep is None else keep
        for old in folder.glob("counts*"):
            old.unlink()
        with _counted(name, kind_name, options, folder, _MODEL if misses else ()) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            # After warming up, begin to count; after the short work and the long one, write what
            # was counted since then, or since the last time.
            for order in ("--instr=on", "--dump=short", "--dump=long"):
                if not process.stdout.readline():
                    raise SystemExit(f"{name}: its process ended")
                subprocess.run(
                    ["callgrind_control", order, str(process.pid)],
                    check=True,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                process.stdin.write("go\n")
                process.stdin.flush()
        few, many = (_totals(folder, part) for part in (1, 2))
    more = kind.many - kind.few
    return Count(
        (many.loop - few.loop) / more,
        (many.others - few.others) / more,
        {what: (number - few.misses[what]) / more for what, number in many.misses.items()},
    )


@contextmanager
def _counted(
    name: str, kind: str, options: Options, folder: Path, model: Sequence[str]
) -> Iterator[subprocess.Popen[str]]:
    """Run the worker under Valgrind until the end of the block."""
    process = subprocess.Popen(
        [
            *["valgrind", "--quiet", "--tool=callgrind", "--separate-threads=yes"],
            *["--instr-atstart=no", *model],
            f"--callgrind-out-file={folder / 'counts'}",
            *[sys.executable, "-m", "benchmarks.instructions", "--worker", name, kind],
            *["--port", str(options.port)],
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    try:
        yield process
        process.wait(120)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGKILL)
            process.wait()


def _totals(folder: Path, part: int) -> Count:
    """Return the totals of a dump: the file of thread 1, and those of the others."""
    loop = others = 0
    misses: dict[str, float] = {}
    for path in folder.glob(f"counts.{part}-*"):
        text = path.read_text(encoding="utf-8")
        names, totals = _EVENTS.search(text), _TOTALS.search(text)
        if names is None or totals is None:
            continue
        # Numbers at the end are left out if they are zero.
        found = dict(zip(names[1].split(), map(int, totals[1].split()), strict=False))
        if path.name.endswith("-01"):
            loop += found["Ir"]
            if "I1mr" in names[1]:
                for what, counted in _MISSES.items():
                    misses[what] = sum(found.get(each, 0) for each in counted)
        else:
            others += found["Ir"]
    return Count(loop, others, misses)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.instructions")
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}; all by default")
    parser.add_argument("--peer", help="only this one; both by default")
    parser.add_argument("--port", type=int, help="a running node's; by default one is started")
    parser.add_argument("--keep", type=Path, help="an existing folder for what callgrind writes")
    parser.add_argument("--misses", action="store_true", help="also count what takes long")
    parser.add_argument("--record", action="store_true", help="write them to instructions.json")
    parser.add_argument("--worker", nargs=2, metavar=("PEER", "KIND"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        name, kind = given.worker
        asyncio.run(work(name, KINDS[kind], options_of(name, given.port)))
        return
    if given.record and given.peer:
        parser.error("only counts of both peers can be recorded")
    counting = partial(
        report, given.kinds, given.peer, keep=given.keep, misses=given.misses, record=given.record
    )
    if given.port is not None:
        counting(given.port)
        return

    async def on_own_node() -> None:
        async with own_node() as cluster:
            # In a thread: the node is looked after meanwhile.
            await asyncio.to_thread(counting, cluster.port)

    asyncio.run(on_own_node())


def report(
    kinds: list[str],
    peer: str | None,
    port: int,
    *,
    keep: Path | None,
    misses: bool = False,
    record: bool = False,
) -> None:
    """Count, print, and write what was counted if it is to be recorded."""
    for kind in kinds or KINDS:
        found: dict[str, Count] = {}
        for name in KINDS[kind].peers:
            if peer not in (None, name):
                continue
            each = found[name] = count(name, kind, options_of(name, port), keep, misses=misses)
            print(
                f"{kind} {name}: {each.total:,.0f} instructions, "
                f"{each.loop:,.0f} of them of the event loop's thread",
                flush=True,
            )
            for what, number in each.misses.items():
                print(f"    {number:,.1f} {what}", flush=True)
        if len(found) == 2:
            limit, ours = found.values()
            print(
                f"{kind}: {ours.total / limit.total:.3f} x {KINDS[kind].peers[0]}, "
                f"the event loop's thread {ours.loop / limit.loop:.3f} x",
                flush=True,
            )
            if record:
                write(kind, limit, ours)


def write(kind: str, limit: Count, ours: Count, path: Path = INSTRUCTIONS) -> None:
    """Write the counts of a kind, and leave the others as they are."""
    counts = json.loads(path.read_text(encoding="utf-8"))
    counts.setdefault(kind, {}).update(limit=round(limit.total), ours=round(ours.total))
    path.write_text(json.dumps(counts, indent=1) + "\n", encoding="utf-8")


def options_of(name: str, port: int) -> Options:
    """Return where a peer works."""
    return Options("127.0.0.1", port, f"instructions_{name}")


if __name__ == "__main__":
    main()
