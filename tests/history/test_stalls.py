"""Stalls are noticed if the whole process stands still, but not if only its loop is blocked."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from ..fixtures.bounds import Within
from .stalls import Stalls, overlap

_ROOT: Final = Path(__file__).resolve().parents[2]
_LONG: Final = 1.5
"""Seconds; far more than a check of the clock may be late."""

_PROGRAM: Final = """
import asyncio, json, sys
from tests.fixtures.bounds import Within
from tests.history.stalls import Stalls

async def main():
    with Stalls() as stalls:
        async with Within(1.0):
            print(flush=True)
            await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps([end - began for began, end in stalls.found]))

asyncio.run(main())
"""


def test_a_process_that_is_stopped_and_continued_has_stalled() -> None:
    """A time limit shorter than the stall does not fail it either."""
    with subprocess.Popen(
        [sys.executable, "-c", _PROGRAM],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        time.sleep(_LONG)  # the stall that is to be noticed
        process.send_signal(signal.SIGCONT)
        output, _ = process.communicate("go\n", timeout=60)

    assert process.returncode == 0
    assert sum(json.loads(output)) > (_LONG - 0.1) * 1e9


async def test_a_blocked_loop_is_not_a_stall() -> None:
    async def blocked() -> None:
        async with Within(1.0):
            time.sleep(_LONG)  # noqa: ASYNC251 - a blocked loop must not extend the limit
            await asyncio.sleep(0.5)

    while True:
        with Stalls() as stalls:
            (outcome,) = await asyncio.gather(blocked(), return_exceptions=True)
        if not stalls.found:  # otherwise the machine stalled too, and the round proves nothing
            break

    assert isinstance(outcome, TimeoutError)


def test_only_the_part_of_a_stall_within_a_span_counts() -> None:
    stalls = [(10, 20), (30, 50)]

    assert [overlap(stalls, *span) for span in ((0, 5), (0, 60), (15, 40), (12, 14), (20, 30))] == [
        *(0, 30, 15, 2, 0)
    ]
