"""Children of tests can be interrupted, wherever the tests run."""

import subprocess
import sys

import pytest

from ..interruptible import interruptible

REPORT = [
    sys.executable,
    "-c",
    "import os, signal; print(signal.getsignal(signal.SIGINT).__qualname__, os.getpid())",
]


@pytest.mark.parametrize("shell", ["exec", "trap '' INT; exec"], ids=["foreground", "background"])
def test_an_interruptible_child_has_the_default_action(shell: str) -> None:
    with subprocess.Popen(
        ["sh", "-c", f'{shell} "$@"', "sh", *interruptible(REPORT)],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.communicate(timeout=60)[0] == f"default_int_handler {child.pid}\n"
