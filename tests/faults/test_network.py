"""One of three peers is cut off from the others, in a child process's network namespace."""

import subprocess
import sys

import pytest

from .network import enter_command, why_not
from .processes import ROOT


def test_a_cut_node_reaches_no_peer_and_the_others_reach_each_other() -> None:
    if (reason := why_not()) is not None:
        pytest.skip(f"no network namespace, so the chaos run cuts no node off: {reason}")

    run = subprocess.run(
        enter_command([sys.executable, "-m", "tests.faults.peers"]),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [
        "12 13 21 23 31 32, accepted",
        "12 21, refused",
        "nothing, refused",
        "12 13 21 23 31 32, accepted",
    ]
