"""Profiles: where the client's CPU time goes, per event appended and read."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from .bench import OURS, RAW, Bench
from .peer import Peer
from .results import round_of
from .spread import spread

DRIVER: Final = "the driver's own threads"
"""The frame for all threads that do not run Python; only their total time is known."""

C_OF_PYTHON: Final = "[C of Python]"
COLLECTOR: Final = "[garbage collector]"
_LOOP: Final = "asyncio.base_events: BaseEventLoop._run_once"
_UNCOUNTED: Final = {
    "benchmarks.peers.payloads: make_payloads",
    "benchmarks.peers.protocol: encode",
    "benchmarks.peers.protocol: parse_command",
}
"""What a peer does before and after the measured time."""

PROFILES: Final = ("append", "hot", "read")
"""The kinds of profile: appends to 64 streams, 64 callers on one stream, and reading."""

_RATE: Final = 400  # samples a second
_STARTING: Final = 1.0
_LEAST: Final = 0.002  # share of all samples; rarer stacks are counted to their parents
_HINT: Final = "py-spy must be allowed to inspect other processes (ptrace): run as root"
_FRAME: Final = re.compile(r"^(?P<name>.*?) \((?P<file>[^()]*?)(?::\d+)?\)$")


async def profile(bench: Bench) -> None:
    """
    Profile ours and raw: 64 callers on streams of their own and on one stream, and reading.

    The samples include the C code that Python calls.

    The CPU time per event is measured without the profiler; its samples only show the composition
    of the event loop thread's time. Only samples taken while that thread holds Python's lock
    count: the profiler pauses a process before it samples, and would otherwise count a thread that
    has just gone to sleep as working.
    """
    spy = _spy()
    if spy is None:
        bench.results.notes.append("profile: py-spy is not installed (the extra bench has it)")
        return
    rounds = bench.rounds(bench.size.rounds)
    for name in (RAW, OURS):
        peer = await bench.required(name)
        stream = await bench.fill(peer, bench.size.events)
        own, hot = [await bench.count(peer, 64, manner) for manner in ("own", "hot")]
        commands: dict[str, dict[str, Any]] = {
            "append": {"do": "append", "count": own, "concurrency": 64, "manner": "own"},
            "hot": {"do": "append", "count": hot, "concurrency": 64, "manner": "hot"},
            "read": {"do": "read", "stream": stream, "page_size": None},
        }
        for what, command in commands.items():
            bench.say(f"profile: {name}, {what}", PROFILES.index(what) / 6 + (name == OURS) / 2)
            await peer.ask(**command)
            answers = [round_of(await peer.ask(**command)) for _ in range(rounds)]
            cpu = spread([it["cpu_us"] for it in answers]).median
            loop = spread([it["loop_us"] for it in answers]).median
            seconds = 2.0 if bench.size.quick else 6.0
            stacks = await _sampled(spy, peer, command, seconds)
            if not stacks:
                bench.results.notes.append(f"profile: no samples of {name}, {what}; {_HINT}")
                continue
            bench.results.profiles[f"{what}/{name}"] = {
                **weighted(stacks, loop),
                DRIVER: round(max(0.0, cpu - loop), 3),
            }


async def _sampled(
    spy: str, peer: Peer, command: dict[str, Any], seconds: float
) -> Counter[tuple[str, ...]]:
    """Repeat a command while the peer is sampled; return the number of samples of each stack."""
    assert peer.process is not None
    with TemporaryDirectory() as directory:
        path = Path(directory) / "stacks"
        process = await asyncio.create_subprocess_exec(
            *[spy, "record", "--pid", str(peer.process.pid), "--format", "raw", "--native"],
            *[
                "--gil",
                "--function",
                "--full-filenames",
                "--rate",
                str(_RATE),
                "--output",
                str(path),
            ],
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C reaches only this process, which ends py-spy
        )
        try:
            await asyncio.sleep(_STARTING)
            loop = asyncio.get_running_loop()
            until = loop.time() + seconds
            while loop.time() < until:
                await peer.ask(**command)
        finally:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)  # makes py-spy write its samples
            await process.wait()
        text = path.read_text(encoding="utf-8") if path.exists() else ""
    return collapsed(text)


def collapsed(text: str) -> Counter[tuple[str, ...]]:
    """Return the event loop's stacks from py-spy's raw format, with plain names."""
    stacks: Counter[tuple[str, ...]] = Counter()
    for line in text.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [frame_name(frame) for frame in stack.split(";")]
        if _LOOP not in frames or _UNCOUNTED.intersection(frames):
            continue
        shown = [_LOOP]
        for frame in frames[frames.index(_LOOP) + 1 :]:
            if frame not in {C_OF_PYTHON, "asyncio.events: Handle._run", shown[-1]}:
                shown.append(frame)
        stacks[tuple(shown)] += int(count)
    return stacks


def frame_name(frame: str) -> str:
    """Return a frame's module and function, without paths of this machine."""
    found = _FRAME.match(frame)
    if found is None:
        return frame
    name, file = found["name"], found["file"]
    if file.endswith(".py"):
        return f"{_module(file)}: {name}"
    if name.startswith("gc_collect"):
        return COLLECTOR
    if ".so" not in file or "libpython" in file:
        return C_OF_PYTHON
    parts = Path(file).parts
    if "site-packages" in parts:
        return f"[{parts[parts.index('site-packages') + 1].split('.')[0]}]"
    library = Path(file).name.split(".")[0]
    return f"[{library}]" if name.startswith("0x") else f"[{library}] {name}"


def _module(file: str) -> str:
    parts = Path(file).with_suffix("").parts
    python = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for folder in (python, "site-packages"):
        if folder in parts:
            parts = parts[parts.index(folder) + 1 :]
    for package in ("event_store_async", "benchmarks"):
        if package in parts:
            parts = parts[len(parts) - 1 - parts[::-1].index(package) :]
    return ".".join(parts)


def weighted(stacks: Counter[tuple[str, ...]], total: float) -> dict[str, float]:
    """Return each stack's share of a total; rare stacks are added to their parents."""
    whole = sum(stacks.values())
    kept: Counter[tuple[str, ...]] = Counter(stacks)
    for stack in sorted(stacks, key=len, reverse=True):
        _fold(kept, stack, whole * _LEAST)
    return {
        ";".join(stack): round(count / whole * total, 4)
        for stack, count in sorted(kept.items())
        if count
    }


def _fold(kept: Counter[tuple[str, ...]], stack: tuple[str, ...], least: float) -> None:
    while len(stack) > 1 and 0 < kept[stack] < least:
        kept[stack[:-1]] += kept.pop(stack)
        stack = stack[:-1]


def _spy() -> str | None:
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if os.access(beside, os.X_OK) else shutil.which("py-spy")
