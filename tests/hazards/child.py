"""
Scenarios in a process of their own: what would hang or crash there is a plain failure here.

A module of scenarios ends with `main`, and is run as ``python -m <module> <scenario> <port> …``. A
scenario is a function, async or not, that returns what it observed.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from ..interruptible import interruptible

LIMIT: Final = 60.0
"""Seconds after which a process that should end by itself is considered hung."""

_ROOT: Final = Path(__file__).resolve().parents[2]


@dataclass
class Child:
    """
    A process that runs, or ran, one scenario.

    Attributes:
        facts: What the scenario returned; None if it did not come to its end.
        returncode: As of `subprocess`; None if it hung and was killed.
        errors: What it wrote to standard error.
    """

    process: asyncio.subprocess.Process
    facts: Any = None
    returncode: int | None = None
    errors: str = ""
    hung: bool = field(default=False)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    async def end(self, limit: float) -> None:
        """Wait until it ends, or kill it."""
        try:
            async with asyncio.timeout(limit):
                output, errors = await self.process.communicate()
        except TimeoutError:
            self.hung = True
            # Makes it write a traceback, even if it hangs while it holds the interpreter's lock.
            self.process.send_signal(signal.SIGABRT)
            output, errors = await self.process.communicate()
        self.errors = errors.decode(errors="replace")
        self.returncode = None if self.hung else self.process.returncode
        if output.strip():
            self.facts = json.loads(output.splitlines()[-1])

    def check(self, hazard: str, *, returncode: int = 0) -> Any:
        """Return the facts; fail, with the hazard's name, if it hung or ended otherwise."""
        assert not self.hung, f"HANG of the whole process: {hazard}\n{self.errors}"
        assert self.returncode == returncode, (
            f"{hazard}: exit status {self.returncode}, not {returncode}\n{self.errors}"
        )
        return self.facts


@asynccontextmanager
async def running(
    module: str, scenario: str, *arguments: object, limit: float = LIMIT
) -> AsyncGenerator[Child, None]:
    """Run a scenario beside the block; at the block's end, wait for its own."""
    program = [sys.executable, "-X", "faulthandler", "-W", "default"]
    program += ["-m", f"{__package__}.scenarios.{module}", scenario, *map(str, arguments)]
    process = await asyncio.create_subprocess_exec(
        *interruptible(program),
        cwd=_ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    child = Child(process)
    try:
        yield child
    finally:
        await child.end(limit)


async def run(module: str, scenario: str, *arguments: object, limit: float = LIMIT) -> Child:
    """Run a scenario to its end."""
    async with running(module, scenario, *arguments, limit=limit) as child:
        pass
    return child


@contextmanager
def victims(number: int) -> Iterator[list[IO[bytes]]]:
    """Open empty files: they get the descriptors that were freed last."""
    with ExitStack() as stack:
        yield [stack.enter_context(tempfile.TemporaryFile()) for _ in range(number)]


def report(facts: Any) -> None:
    """Report to the test what was observed; the last call counts."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main(scenarios: dict[str, Any]) -> None:
    """Run the scenario that the command line names."""
    _, name, *arguments = sys.argv
    facts = scenarios[name](*map(int, arguments))
    if asyncio.iscoroutine(facts):
        facts = run_loop(facts)
    if facts is not None:
        report(facts)


def run_loop(main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine as `asyncio.run` does, on the kind of loop that the test chose."""
    factory = None
    if os.environ.get("HAZARD_LOOP") == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(main)
