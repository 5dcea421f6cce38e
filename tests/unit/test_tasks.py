"""A task group raises the first error alone, with its cause, and ends its other tasks."""

import anyio
import pytest

from event_store_async.tasks import task_group


async def fail() -> None:
    raise ValueError("first") from KeyError("cause")


async def test_the_first_error_is_raised_alone_with_its_cause() -> None:
    ended = []

    async def wait() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append("waiting")

    with pytest.raises(ValueError, match="first") as caught:
        async with task_group() as group:
            group.start_soon(wait)
            group.start_soon(fail)

    assert isinstance(caught.value.__cause__, KeyError)
    assert ended == ["waiting"]


async def test_an_error_of_a_group_inside_a_group_is_raised_alone() -> None:
    with pytest.raises(ValueError, match="first"):
        async with task_group(), anyio.create_task_group() as inner:
            inner.start_soon(fail)


async def test_an_error_of_the_body_is_raised_alone() -> None:
    error = ValueError("of the body")

    with pytest.raises(ValueError, match="of the body") as caught:
        async with task_group():
            raise error

    assert caught.value is error
