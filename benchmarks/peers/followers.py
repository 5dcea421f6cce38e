"""A follower in a process of its own, which tells when it has handled each event."""

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, Self

from .payloads import Payload

READY: Final = "ready"
SENT: Final = "sent"
"""The field of a payload with the moment at which its append was called. The monotonic clock is
the same for all processes of a machine."""

_STARTING: Final = 60.0
_ARRIVING: Final = 60.0


class FollowerProcess:
    """
    Starts a follower when it is first needed, and ends it with the block.

    A follower prints `READY` once it follows, and for each event that it handles a line: the
    microseconds since its append was called.

    Args:
        module: The module to run.
        arguments: Its arguments.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._command = (sys.executable, "-m", module, *arguments)
        self._process: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.terminate()
            await process.wait()

    async def deliver(
        self,
        append: Callable[[Payload], Awaitable[None]],
        payloads: list[Payload],
        pause: float,
    ) -> list[int]:
        """Append events one by one, with pauses; return how long each took to its handler."""
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            await self._line(_STARTING, READY)
        pauses = random.Random(len(payloads))
        for payload in payloads:
            await append(stamped(payload))
            await asyncio.sleep(pauses.uniform(pause / 2, pause * 1.5))
        return [int(await self._line(_ARRIVING)) for _ in payloads]

    async def _line(self, within: float, wanted: str = "") -> str:
        assert self._process is not None
        assert self._process.stdout is not None
        line = (await asyncio.wait_for(self._process.stdout.readline(), within)).decode().strip()
        if not line or (wanted and line != wanted):
            raise RuntimeError(f"the follower said {line!r}")
        return line


class BlockingFollowerProcess:
    """
    A `FollowerProcess` for a peer whose appends block.

    Args:
        module: The module to run.
        arguments: Its arguments.
    """

    def __init__(self, module: str, *arguments: str) -> None:
        self._follower = FollowerProcess(module, *arguments)
        self._loop = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._loop:
            self._loop.run(self._follower.__aexit__())

    def deliver(
        self, append: Callable[[Payload], object], payloads: list[Payload], pause: float
    ) -> list[int]:
        """Append events one by one, with pauses; return how long each took to its handler."""

        async def blocking(payload: Payload) -> None:
            append(payload)  # nothing else runs on this loop

        return self._loop.run(self._follower.deliver(blocking, payloads, pause))


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
