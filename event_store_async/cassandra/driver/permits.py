"""Permits: how many requests may be at the server at once; first come, first served."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable


class Permits:
    """
    A number of permits, for tasks that wait and for callbacks, in one queue.

    Args:
        count: How many there are.

    Attributes:
        value: How many are free; none while somebody waits.
    """

    __slots__ = ("_waiting", "value")

    def __init__(self, count: int) -> None:
        self.value = count
        self._waiting: OrderedDict[object, Callable[[], bool]] = OrderedDict()

    def take(self) -> bool:
        """Take a permit if one is free; returns whether."""
        if self.value:
            self.value -= 1
            return True
        return False

    def give_back(self) -> None:
        """Give one back: whoever has waited longest has it."""
        while self._waiting:
            _, grant = self._waiting.popitem(last=False)
            if grant():
                return
        self.value += 1

    def ask(self, who: object, grant: Callable[[], bool]) -> None:
        """
        Wait in the queue without a task, where none is free.

        Args:
            who: Names this request for `forget`.
            grant: Called once, when a permit is there; returns whether it is taken.
        """
        self._waiting[who] = grant

    def forget(self, who: object) -> None:
        """Leave the queue."""
        self._waiting.pop(who, None)

    async def wait(self) -> None:
        """Wait in the queue for a permit; may be cancelled."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def grant() -> bool:
            if granted.done():
                return False
            granted.set_result(None)
            return True

        self.ask(granted, grant)
        try:
            await granted
        except asyncio.CancelledError:
            self.forget(granted)
            if not granted.cancelled():  # it came at the same moment
                self.give_back()
            raise
