"""An append that has lost its caller says in the log which stream it was for."""

import asyncio
import logging
from typing import Any
from uuid import UUID

import pytest

from event_store_async import StoreUnavailable
from event_store_async.cassandra.append.batch import PendingAppend


async def test_a_failure_after_the_caller_was_cancelled_names_the_stream(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outcome: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    append = PendingAppend()
    append.stream_id = UUID(int=7)
    append.outcome = outcome
    outcome.cancel()

    append.fail(StoreUnavailable("no quorum answered in time"))

    assert [(line.levelno, line.getMessage()) for line in caplog.records] == [
        (
            logging.WARNING,
            f"an append to stream {UUID(int=7)} failed after its caller was cancelled: "
            "no quorum answered in time",
        )
    ]
