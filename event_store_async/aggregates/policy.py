"""Policy: how often a command that meets others is tried."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from ..checks import check_int
from ..retry import Backoff


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """
    How often a command is tried that conflicts with appends of other handlers or processes.

    Attributes:
        attempts: Appends tried at most, the first included.
        backoff: The pauses between them.
        sleep: Waits so many seconds.

    Raises:
        InvalidArgument: `attempts` is no whole number above 0.
    """

    attempts: int = 10
    backoff: Backoff = field(default_factory=Backoff)
    sleep: Callable[[float], Awaitable[object]] = field(default=asyncio.sleep, repr=False)

    def __post_init__(self) -> None:
        """Refuse a policy that would never try."""
        check_int("attempts", self.attempts, at_least=1)
