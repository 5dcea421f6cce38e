"""Stalls are noticed where the whole process stands still, and not where its loop is blocked."""

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
"""Seconds; far more than a look at the clock may be late."""

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


def test_a_process_that_is_stopped_and_goes_on_has_stalled() -> None:
    """Neither is it failed for it by a bound that is shorter."""
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
        time.sleep(_LONG)  # that it stands still for so long is what is to be noticed
        process.send_signal(signal.SIGCONT)
        said, _ = process.communicate("go\n", timeout=60)

    assert process.returncode == 0
    assert sum(json.loads(said)) > (_LONG - 0.1) * 1e9


async def test_a_loop_that_is_blocked_is_no_excuse() -> None:
    async def blocked() -> None:
        async with Within(1.0):
            time.sleep(_LONG)  # noqa: ASYNC251 - what blocks is what a bound must not excuse
            await asyncio.sleep(0.5)

    while True:
        with Stalls() as stalls:
            (outcome,) = await asyncio.gather(blocked(), return_exceptions=True)
        if not stalls.found:  # else the machine stood still besides, and nothing is shown
            break

    assert isinstance(outcome, TimeoutError)


def test_a_span_is_excused_by_what_of_a_stall_is_in_it() -> None:
    stalls = [(10, 20), (30, 50)]

    assert [overlap(stalls, *span) for span in ((0, 5), (0, 60), (15, 40), (12, 14), (20, 30))] == [
        *(0, 30, 15, 2, 0)
    ]
