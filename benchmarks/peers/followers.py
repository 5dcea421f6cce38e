"""A follower in a process of its own, which tells when it has handled each event."""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from .payloads import Payload

READY: Final = "ready"
SENT: Final = "sent"
"""The field of a payload with the moment at which its append was called. The monotonic clock is
the same for all processes of a machine."""

_STARTING: Final = 60.0
_ARRIVING: Final = 60.0
_WARMING: Final = 10


class FollowerProcess:
    """
    Runs a follower for as long as events are delivered to it, and no longer.

    A follower prints `READY` once it follows, and for each event that it handles a line: the
    microseconds since its append was called.

    Args:
        module: The module to run.
        arguments: Its arguments.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = (sys.executable, "-m", module, *arguments)

    async def deliver(
        self,
        append: Callable[[Payload], Awaitable[None]],
        payloads: list[Payload],
        pause: float,
    ) -> list[int]:
        """
        Append events one by one, with pauses; return how long each took to its handler.

        The first ones are appended twice, and only the second time is measured.
        """
        process = await asyncio.create_subprocess_exec(
            *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        try:
            await _line(process, _STARTING, READY)
            await _delivered(process, append, payloads[:_WARMING], pause)
            return await _delivered(process, append, payloads, pause)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()

    def deliver_blocking(
        self, append: Callable[[Payload], object], payloads: list[Payload], pause: float
    ) -> list[int]:
        """Do the same with an append that blocks."""

        async def blocking(payload: Payload) -> None:
            append(payload)  # nothing else runs on this loop

        return asyncio.run(self.deliver(blocking, payloads, pause))


async def _delivered(
    process: asyncio.subprocess.Process,
    append: Callable[[Payload], Awaitable[None]],
    payloads: list[Payload],
    pause: float,
) -> list[int]:
    pauses = random.Random(len(payloads))
    for payload in payloads:
        await append(stamped(payload))
        await asyncio.sleep(pauses.uniform(pause / 2, pause * 1.5))
    return [int(await _line(process, _ARRIVING)) for _ in payloads]


async def _line(process: asyncio.subprocess.Process, within: float, wanted: str = "") -> str:
    assert process.stdout is not None
    line = (await asyncio.wait_for(process.stdout.readline(), within)).decode().strip()
    if not line or (wanted and line != wanted):
        raise RuntimeError(f"the follower said {line!r}")
    return line


def stamped(payload: Payload) -> Payload:
    """Return a payload with the moment of this call."""
    return {**payload, SENT: time.monotonic_ns()}


def handled(payload: Any) -> None:
    """Say that an event was handled, in the follower's process."""
    say(str((time.monotonic_ns() - payload[SENT]) // 1000))


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
