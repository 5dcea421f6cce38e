"""Short chaos runs: three nodes, every kind of fault, and no violation; without and with a feed."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE, STDOUT
from typing import Any

import pytest

from ..interruptible import interruptible
from .eraser import QUIET
from .group_operator import REQUIRED
from .processes import ROOT

SECONDS = float(os.environ.get("EVENT_STORE_CHAOS_SECONDS") or "40")
SEED = int(os.environ.get("EVENT_STORE_CHAOS_SEED") or "7")
MOST_OF_FEED = 150.0
"""Seconds; the run with a feed is not longer than this in CI."""
LONG_ENOUGH = 4 * QUIET
"""Seconds of a run in which something is erased."""
OVERHEAD = 300.0
"""Seconds for starting three nodes, mending, settling and checking."""
LIMIT = 4 * SECONDS + OVERHEAD
"""Seconds; a run is prolonged if the machine is so slow that too little happens."""


def chaos(*arguments: str) -> tuple[int, str]:
    """Run it in another process; return its exit status and its output."""
    command = interruptible([sys.executable, "-m", "tests.faults.chaos", *arguments])
    with subprocess.Popen(command, cwd=ROOT, stdout=PIPE, stderr=STDOUT, text=True) as process:
        try:
            said, _ = process.communicate(timeout=LIMIT)
        except BaseException:
            # Like Ctrl-C. If it must be killed, its nodes and writers end with it.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
            raise
        return process.returncode, said


def summary_of(directory: Path, said: str) -> dict[str, Any]:
    """Return the summary of a run; it found nothing."""
    (path,) = directory.glob("*/summary.json")
    summary: dict[str, Any] = json.loads(path.read_text())
    assert set(summary["found"].values()) == {0}, said
    assert summary["failures"] == []
    assert summary["passed"]
    return summary


@pytest.mark.slow
@pytest.mark.timeout(LIMIT + 60)
def test_every_answer_holds_while_everything_fails(tmp_path: Path) -> None:
    status, said = chaos("--duration", str(SECONDS), "--seed", str(SEED), "--output", str(tmp_path))

    summary = summary_of(tmp_path, said)
    assert status == 0
    # A run in which nothing happened would prove nothing.
    assert sum(summary["faults"].values()) >= SECONDS / 10
    assert summary["counts"]["stored"] >= SECONDS
    assert summary["counts"]["conflict"] >= SECONDS / 4
    assert summary["counts"]["unknown at first"] > 0
    if SECONDS >= LONG_ENOUGH:
        assert summary["counts"]["erasures that took effect"] > 0
        assert summary["counts"]["events gone"] > 0


@pytest.mark.slow
@pytest.mark.timeout(LIMIT + 60)
def test_the_feed_holds_while_everything_fails(tmp_path: Path) -> None:
    seconds = min(SECONDS, MOST_OF_FEED)
    status, said = chaos(
        *("--feed", "--tasks", "3", "--pause", "0.25", "--duration", str(seconds)),
        *("--seed", str(SEED), "--output", str(tmp_path)),
    )

    summary = summary_of(tmp_path, said)
    assert status == 0
    # A run in which nothing happened would prove nothing.
    counts = summary["counts"]
    faults = summary["faults"]
    assert sum(faults.values()) >= seconds / 10
    for process in ("writer", "sequencer", "reader", "handler"):
        broken = [f"kill {process}", f"pause {process}", f"restart {process}s"]
        assert sum(faults.get(each, 0) for each in broken) > 0
    assert counts["events in the feed"] == counts["events"] >= seconds
    assert counts["events delivered"] >= 2 * counts["events in the feed"]
    assert counts["positions asked for"] > 0
    groups = ["events"] if summary["facts"]["view"].startswith("none") else ["events", "view"]
    for group in groups:
        assert counts[f"{group}: calls of handlers"] >= counts["events in the feed"]
        assert counts[f"{group}: calls that did not succeed"] > 0
        assert counts[f"{group}: generations"] > 1
        for deed in REQUIRED:
            assert counts[f"{group}: operator, {deed}"] > 0
    assert faults.get("restart handlers", 0) > 0
    has_postgres = any(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or shutil.which("initdb")
    assert len(groups) == (2 if has_postgres else 1), summary["facts"]["view"]
