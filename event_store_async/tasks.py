"""Tasks that run side by side, and the error that ends them."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup

_T = TypeVar("_T")


@asynccontextmanager
async def task_group() -> AsyncIterator[TaskGroup]:
    """
    Open a task group that raises the first error of its tasks alone, without an exception group.

    As in any task group, that error cancels the other tasks; all have ended on leaving.
    """
    try:
        async with anyio.create_task_group() as group:
            yield group
    except BaseExceptionGroup as errors:
        error = _first(errors)
        # `from` keeps the cause that the error has, and leaves the exception group out of it.
        raise error from error.__cause__


async def side_by_side(
    items: Sequence[_T], call: Callable[[_T], Awaitable[object]], at_once: int = 32
) -> None:
    """Call something with each item, a bounded number of them at once."""
    coming = iter(items)

    async def work() -> None:
        for item in coming:  # shared: each worker takes the next
            await call(item)

    if len(items) == 1:  # no task for a single one
        await work()
    elif items:
        async with task_group() as group:
            for _ in range(min(at_once, len(items))):
                group.start_soon(work)


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
