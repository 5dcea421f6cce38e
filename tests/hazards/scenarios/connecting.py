"""Opening: to servers that do not answer, and with callers that are cancelled."""

import asyncio
import gc
import logging
import os
import resource
import socket
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any
from uuid import uuid4

from event_store_async import ConnectionFailed, EventStore

from .. import child
from .common import (
    by_anyio,
    by_cancel,
    by_timeout,
    by_wait_for,
    entered,
    free_at_once,
    grown,
    name_of_error,
    only_this_task,
    opening,
    works,
)


async def connect_cancelled(deaf: int, port: int) -> dict[str, Any]:
    """Every way of cancelling; then the same process connects."""

    async def given_up(by: Callable[..., Coroutine[Any, Any, None]], named: str | None) -> str:
        # On a machine that stood still, the connect may have failed before it was cancelled.
        while True:
            connecting = entered(opening(deaf, connect_timeout=0.5, local_datacenter=named))
            if (outcome := await name_of_error(by(connecting))) != "ConnectionFailed":
                return outcome

    outcomes = [
        await given_up(by, named)
        for by in (by_timeout, by_anyio, by_wait_for, by_cancel)
        for named in ("datacenter1", None)
    ]
    gc.collect()
    return {"outcomes": outcomes, "works": await works(port)}


async def connect_cancelled_at_every_step(port: int) -> dict[str, Any]:
    """Cancel a connect that would succeed, each time a little later on its way."""
    loop = asyncio.get_running_loop()
    begun = time.perf_counter()
    await entered(opening(port, local_datacenter=None))
    step = max(0.0004, (time.perf_counter() - begun) / 100)
    cancelled = completed = 0
    while completed < 3 or cancelled <= 5:
        task = asyncio.ensure_future(entered(opening(port, local_datacenter=None)))
        loop.call_later(cancelled * step, task.cancel)
        await asyncio.wait([task])
        cancelled += task.cancelled()
        completed += not task.cancelled()
    await only_this_task()
    return {"cancelled": cancelled > 5, "works": await works(port)}


async def cancelled_cycles(port: int) -> dict[str, Any]:
    """Cancel 30 connects that succeed later; count what remains of them."""

    async def cycle() -> None:
        await name_of_error(by_cancel(entered(opening(port))))
        await only_this_task()

    return await grown(cycle, times=30)


async def loop_ends_while_connecting(deaf: int, port: int) -> None:
    """The test sees the process end."""
    del port
    connecting = asyncio.ensure_future(entered(opening(deaf, connect_timeout=5)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not connecting.done()


async def interrupted_while_connecting(deaf: int) -> None:
    """The test sends the signal."""
    async with opening(deaf, connect_timeout=30):
        pass


def two_loops_after_one_that_ended_while_connecting(deaf: int, port: int) -> bool:
    child.run_loop(loop_ends_while_connecting(deaf, port))
    gc.collect()
    worked: bool = child.run_loop(works(port))
    return worked


async def connect_refused() -> dict[str, Any]:
    """A port without a server."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        # It stays bound, so no other process can listen there either.
        connecting = opening(probe.getsockname()[1], connect_timeout=2)
        return {"error": await name_of_error(entered(connecting))}


async def connect_to_a_black_hole() -> dict[str, Any]:
    """A socket that listens, and never accepts."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(1)
        connecting = opening(hole.getsockname()[1], connect_timeout=0.5)
        async with asyncio.timeout(50):
            return {"error": await name_of_error(entered(connecting))}


async def connect_to_a_deaf_server(deaf: int) -> dict[str, Any]:
    connecting = opening(deaf, connect_timeout=0.5)
    async with asyncio.timeout(50):
        return {"error": await name_of_error(entered(connecting))}


class Unmakeable(EventStore):
    def __init__(self, session: Any, **options: Any) -> None:
        del session, options
        raise ValueError("it cannot be made")

    def __del__(self) -> None:
        pass


async def connected_for_nothing(port: int) -> dict[str, Any]:
    """Connect ten times for a store that cannot be created; count what remains."""

    async def fail() -> None:
        opening = Unmakeable.connect(
            "127.0.0.1", port=port, keyspace="k", local_datacenter="datacenter1"
        )
        assert await name_of_error(entered(opening)) == "ValueError"

    return await grown(fail, times=10)


async def connect_again(port: int) -> list[Any]:
    """One connecting, entered twice, and after it failed."""
    connecting = opening(port)
    results = []
    for _ in range(2):
        async with connecting as store:
            results.append((await store.persist_events(uuid4(), ["event"], 0)).version)
    return results


async def failed_connect_again() -> dict[str, Any]:
    """Fail 30 times; count what remains."""

    async def fail() -> None:
        try:
            await opening(1, connect_timeout=0.5, local_datacenter=None)
        except ConnectionFailed:
            return
        raise AssertionError("somebody listens on port 1")

    return await grown(fail, times=30)


async def out_of_descriptors(port: int) -> dict[str, Any]:
    """Connect with 0 to 39 descriptors left, and count what remains of each attempt."""
    free_at_once()
    await works(port)  # what is imported late is imported now
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    outcomes, leaked, hints = [], [], set()
    for spare in range(40):
        with _descriptors_left(spare):
            before = len(taken := _all_left())
            del taken
            try:
                outcomes.append("works" if await works(port) else "fails")
            except Exception as error:  # noqa: BLE001 - its name is the outcome
                outcomes.append(type(error).__name__)
                hints.add("ulimit -n" in str(error))
            gc.collect()
            leaked.append(before - len(_all_left()))
    changes = sum(one != other for one, other in pairwise(outcomes))
    return {
        "first": outcomes[0],
        "last": outcomes[-1],
        "changes": changes,
        "hints": list(hints),
        "leaked": sum(leaked),
    }


def _all_left() -> list[int]:
    """Return the descriptors that are left, opened and closed again."""
    opened = []
    try:
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    for descriptor in opened:
        os.close(descriptor)
    return opened


@contextmanager
def _descriptors_left(number: int) -> Iterator[None]:
    opened = []
    try:
        while True:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    for _ in range(number):
        os.close(opened.pop())
    try:
        yield
    finally:
        for descriptor in opened:
            os.close(descriptor)


async def many_open(port: int) -> dict[str, Any]:
    """Open 70 stores, close them, and open 40 again."""
    said: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("event_store_async").addHandler(handler)
    for number in (70, 40):
        stores = [await opening(port) for _ in range(number)]
        for store in stores:
            await store.close()
        del stores, store
        gc.collect()
    return {"warnings": [text.partition(" stores")[0] for text in said]}


if __name__ == "__main__":
    child.main(globals())
