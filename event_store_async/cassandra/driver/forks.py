"""Forks: the sessions of a process, which its forked children must not use."""

import os
import weakref
from typing import Protocol

from .port import pin_sessions


class Inheritable(Protocol):
    """A session that a forked child may inherit."""

    def disown(self) -> None:
        """Note that this is a forked child's copy, which must never be used."""


_sessions: "weakref.WeakSet[Inheritable]" = weakref.WeakSet()
_over_callers: bool = False  # whether there was ever one over a session that a caller made


def note(session: Inheritable, *, of_caller: bool) -> None:
    """Remember a session for the children that this process forks."""
    global _over_callers  # noqa: PLW0603 - only ever set
    _sessions.add(session)
    _over_callers = _over_callers or of_caller


def _disown_in_child() -> None:
    # The closed ones, too: the driver frees them when their last name goes, not when they are
    # closed. An exception's traceback may be what holds them.
    for session in list(_sessions):
        session.disown()
    # And those that no store knows any longer.
    pin_sessions(of_callers=_over_callers)


os.register_at_fork(after_in_child=_disown_in_child)
