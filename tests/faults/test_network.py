"""Two of three are cut from the third, in a network that only a child process is in."""

import subprocess
import sys

import pytest

from .network import enter_command, why_not
from .writers import ROOT


def test_a_cut_node_hears_nobody_and_the_others_hear_each_other() -> None:
    if (reason := why_not()) is not None:
        pytest.skip(f"no network of our own, so chaos cuts no node off: {reason}")

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
