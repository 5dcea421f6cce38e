"""A peer's process, driven with the line protocol of `benchmarks.peers.protocol`."""

import asyncio
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

_LONGEST_LINE: Final = 256 * 1024 * 1024
_STARTING: Final = 300.0  # a first start may download jars
_ANSWERING: Final = 180.0
_FILLING: Final = 900.0  # a million events
_ENDING: Final = 20.0


class PeerFailed(Exception):
    """A peer answered a command with an error, or did not answer."""


@dataclass(slots=True)
class Peer:
    """
    A running peer, or the reason why it is not running.

    Attributes:
        name: Its name.
        about: Its first answer: version, guarantees and notes, or reason and hint.
        process: Its process; None if it cannot take part.
    """

    name: str
    about: dict[str, Any]
    process: asyncio.subprocess.Process | None

    async def ask(self, **command: Any) -> dict[str, Any]:
        """Send a command and return the answer; raises `PeerFailed`."""
        assert self.process is not None
        assert self.process.stdin is not None
        if self.process.returncode is not None:
            raise PeerFailed(f"{self.name}: its process has ended")
        self.process.stdin.write(orjson.dumps(command) + b"\n")
        try:
            within = _FILLING if command["do"] == "fill" else _ANSWERING
            answer = await _line(self.name, self.process, within)
        except PeerFailed:
            # A late answer would be taken for the answer to the next command.
            await _end(self.process, grace=0)
            raise
        if "error" in answer:
            raise PeerFailed(f"{self.name}: {answer['error']}")
        return answer


@asynccontextmanager
async def run_peer(
    name: str, contact: str, port: int, keyspace: str, checkout: Path | None = None
) -> AsyncGenerator[Peer, None]:
    """
    Run a peer until the end of the block; its process is also ended if this task is cancelled.

    Its standard input closes when this process ends, however it ends; then the peer ends too. With
    *checkout*, it runs the code of another checkout of this repository.
    """
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", f"benchmarks.peers.{name}"],
        *["--contact", contact, "--port", str(port), "--keyspace", keyspace],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
        cwd=checkout,
        start_new_session=True,  # Ctrl-C reaches only this process, which ends the peer
    )
    grace = 0.0
    try:
        about = await _line(name, process, _STARTING)
        yield Peer(name, about, process if about["ready"] else None)
        grace = _ENDING
    finally:
        await _end(process, grace)


async def _line(name: str, process: asyncio.subprocess.Process, within: float) -> dict[str, Any]:
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), within)
    except TimeoutError as error:
        raise PeerFailed(f"{name}: no answer within {within:.0f} s") from error
    if not line:
        raise PeerFailed(f"{name}: its process ended")
    answer: dict[str, Any] = orjson.loads(line)
    return answer


async def _end(process: asyncio.subprocess.Process, grace: float) -> None:
    """End a process: close its input; after *grace* seconds terminate it; later kill it."""
    if process.stdin is not None:
        process.stdin.close()
    for seconds, end in ((grace, process.terminate), (_ENDING, process.kill)):
        if process.returncode is None:
            try:
                await asyncio.wait_for(process.wait(), seconds)
            except TimeoutError:
                with suppress(ProcessLookupError):  # it has ended, which is not noticed yet
                    end()
    await process.wait()
