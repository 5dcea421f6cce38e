"""Tasks that run side by side, and the error that ends them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskGroup


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


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    error = errors.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error
