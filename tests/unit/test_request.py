"""A request: what it does when it ends."""

import asyncio
import logging
import sys
from collections.abc import Coroutine
from typing import Any

import pytest

from event_store_async.cassandra.driver.request import Request


class Driver:
    """A driver that answers each request when a test wants it to."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def asked(self) -> str:
        return await self.answer

    def request(self) -> Request:
        """Send a request."""

        def make() -> Coroutine[Any, Any, str]:
            return self.asked()

        request = Request(make, lambda _: None, asyncio.get_running_loop())
        request.send()
        return request


async def test_who_goes_on_after_an_answer_handles_no_exception(
    caplog: pytest.LogCaptureFixture,
) -> None:
    driver = Driver()
    asyncio.get_running_loop().call_soon(driver.answer.set_result, "an answer")

    assert await driver.request().wait() == "an answer"

    assert sys.exc_info() == (None, None, None)
    logging.getLogger("application").error("of its own", exc_info=True)
    assert "StopIteration" not in caplog.text
    with pytest.raises(ValueError, match="of its own") as caught:
        raise ValueError("of its own")
    assert caught.value.__context__ is None


async def test_who_goes_on_after_a_fault_that_was_caught_handles_no_exception() -> None:
    driver = Driver()
    asyncio.get_running_loop().call_soon(driver.answer.set_exception, KeyError("the driver's"))

    try:
        await driver.request().wait()
    except KeyError:
        pass
    else:
        pytest.fail("the driver's error is raised")

    assert sys.exc_info() == (None, None, None)
