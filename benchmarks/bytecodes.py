"""
Which functions an append or an event read executes: ``python -m benchmarks.bytecodes``.

Counts the bytecodes and the calls of each function of Python in the process of a peer. It takes
seconds, and two runs hardly differ, so it shows what a change spares, a function at a time. What a
function does in C is not seen: `benchmarks.instructions` counts that as well, as one sum.
"""

import argparse
import asyncio
import importlib
import sys
import sysconfig
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, Final
from uuid import uuid4

from .instructions import KINDS, Kind, options_of, perform
from .peers import STEPPING
from .peers.payloads import make_payloads
from .variants import own_node

COUNTED: Final = tuple(name for name, kind in KINDS.items() if STEPPING not in kind.peers)
"""The kinds that can be counted."""

_FOLDERS: Final = (sysconfig.get_path("purelib"), sysconfig.get_path("stdlib"), str(Path.cwd()))


class Tracer:
    """
    Counts what Python executes.

    Attributes:
        bytecodes: How many bytecodes of each function.
        calls: How often each was entered, or gone on with.
    """

    def __init__(self) -> None:
        self.bytecodes: Counter[CodeType] = Counter()
        self.calls: Counter[CodeType] = Counter()

    @contextmanager
    def counting(self) -> Generator[None]:
        """Count until the end of the block."""
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(None)

    def _enter(self, frame: FrameType, _event: str, _arg: Any) -> Any:
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        self.calls[frame.f_code] += 1
        return self._count

    def _count(self, frame: FrameType, event: str, _arg: Any) -> Any:
        if event == "opcode":
            self.bytecodes[frame.f_code] += 1
        return self._count


async def count(name: str, kind: Kind, port: int) -> Tracer:
    """Return what a peer executes for the events of a kind's short measurement, once warm."""
    module = importlib.import_module(f"benchmarks.peers.{name}")
    (payload,) = make_payloads(1, 200, 1)
    tracer = Tracer()
    async with module.open_peer(options_of(name, port)) as peer:
        stream = None if kind.callers else uuid4()
        if stream is not None:
            await peer.fill(stream, [payload] * kind.few)
        await perform(peer, name, kind, kind.few, payload, stream)  # warms up
        with tracer.counting():
            await perform(peer, name, kind, kind.few, payload, stream)
    return tracer


def report(tracer: Tracer, events: int, rows: int) -> None:
    """Print the sums for each event, and the functions that execute most."""
    bytecodes, calls = tracer.bytecodes, tracer.calls
    print(f"{bytecodes.total() / events:,.0f} bytecodes and {calls.total() / events:,.1f} calls")
    for code, executed in bytecodes.most_common(rows):
        print(f"{executed / events:8.1f} {calls[code] / events:7.2f}  {_place(code)}")


def _place(code: CodeType) -> str:
    path = code.co_filename
    for folder in _FOLDERS:
        path = path.removeprefix(f"{folder}/")
    return f"{path}:{code.co_firstlineno} {code.co_qualname}"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bytecodes")
    parser.add_argument("kind", choices=COUNTED)
    parser.add_argument("--peer", help="by default the one that is compared with the limit")
    parser.add_argument("--port", type=int, help="a running node's; by default one is started")
    parser.add_argument("--rows", type=int, default=40, help="functions; 40 by default")
    given = parser.parse_args()
    kind = KINDS[given.kind]
    peer = given.peer or kind.peers[1]

    async def counted() -> Tracer:
        if given.port is not None:
            return await count(peer, kind, given.port)
        async with own_node() as cluster:
            return await count(peer, kind, cluster.port)

    report(asyncio.run(counted()), kind.few, given.rows)


if __name__ == "__main__":
    main()
