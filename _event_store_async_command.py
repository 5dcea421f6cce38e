"""
The entry point of the command ``event-store``: what must happen before the library is imported.

It is a module beside the package, because importing anything of the package imports all of it,
which takes longer than a person needs to press Ctrl-C.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_INTERRUPTED = 130


def main() -> None:
    """Run the command."""
    prepare()
    from event_store_async.cli import main as run

    run()


def prepare() -> None:
    """
    Open closed standard streams, and let Ctrl-C end the process without a traceback.

    A closed stream would be None, and the next file or connection would take its number. An
    ignored SIGINT stays ignored.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            os.dup2(opened, number)  # also makes it inheritable
            if opened != number:
                os.close(opened)
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


@contextmanager
def keyboard_interrupts() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt during the block, if `prepare` changed what it does."""
    if signal.getsignal(signal.SIGINT) is not _leave:
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, _leave)


def _leave(*_: object) -> NoReturn:
    # Not sys.exit: an exception in the middle of an import could be caught, or be chained.
    os._exit(_INTERRUPTED)
