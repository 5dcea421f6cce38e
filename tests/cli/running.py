"""Runs the command, inside this process or as a process of its own."""

import asyncio
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from event_store_async.cli.app import app
from tools.terminal import shown_on

from ..interruptible import interruptible

QUIET = {"TERM": "dumb", "COLUMNS": "200", "NO_COLOR": "1"}
COMMAND = (sys.executable, "-m", "event_store_async")


@dataclass(frozen=True)
class Done:
    """The exit code and output of a command."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@dataclass(frozen=True)
class Shell:
    """Runs commands in an environment and a folder."""

    environment: Mapping[str, str]
    folder: Path

    async def __call__(self, *arguments: str, stdin: str = "", **environment: str) -> Done:
        """Run a command inside this process, on an event loop of its own."""
        result = await asyncio.to_thread(
            CliRunner().invoke,
            app,
            list(arguments),
            input=stdin,
            env={**QUIET, **self.environment, **environment},
            prog_name="event-store",
        )
        unexpected = result.exception
        assert unexpected is None or isinstance(unexpected, SystemExit), unexpected
        return Done(result.exit_code, result.stdout, result.stderr)

    def on_a_terminal(
        self, *arguments: str, answer: str = "", **environment: str
    ) -> tuple[str, int]:
        """Run a command on a terminal; return what it shows, and its exit code. It blocks."""
        master, slave = pty.openpty()
        os.write(master, answer.encode())
        process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=self.folder,
            env={**os.environ, **self.environment, **environment},
        )
        os.close(slave)
        shown = shown_on(master)
        return shown, process.wait(60)

    async def process(
        self, *arguments: str, stdin: int | None = asyncio.subprocess.DEVNULL, **environment: str
    ) -> asyncio.subprocess.Process:
        """Start a command as a process that Ctrl-C ends, its output in pipes."""
        return await asyncio.create_subprocess_exec(
            *interruptible([*COMMAND, *arguments]),
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.folder,
            env={**os.environ, **QUIET, **self.environment, **environment},
        )

    async def sh(self, text: str, **environment: str) -> Done:
        """Run a line of shell, in which `event-store` is the command under test."""
        here = str(Path(sys.executable).parent)
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-euc",
            text,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=self.folder,
            env={
                **os.environ,
                **QUIET,
                **self.environment,
                "PATH": f"{here}{os.pathsep}{os.environ['PATH']}",
                **environment,
            },
        )
        return await ended(process)


async def ended(process: asyncio.subprocess.Process, stdin: bytes | None = None) -> Done:
    """Wait for a process; it must not show a traceback."""
    out, err = await asyncio.wait_for(process.communicate(stdin), 90)
    assert b"Traceback" not in err, err.decode()
    assert process.returncode is not None
    return Done(process.returncode, out.decode(), err.decode())
