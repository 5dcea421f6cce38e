"""
Scenarios that provoke the driver's hazards on the driver itself, for `test_driver_still_has_them`.

Nothing of the library is imported: what is observed is the driver's own doing.
"""

import asyncio
import gc
import os
import signal
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import acsylla

from .. import child


async def connect(port: int, **options: Any) -> tuple[Any, Any]:
    cluster = cluster_of(port, **options)
    return cluster, await cluster.create_session()


def cluster_of(port: int, **options: Any) -> Any:
    return acsylla.create_cluster(
        ["127.0.0.1"],
        port=port,
        retry_policy="fallthrough",
        log_level="disabled",
        load_balance_dc_aware="datacenter1",
        **options,
    )


async def at_server(session: Any, number: int) -> None:
    await session.execute(acsylla.create_statement(f"await {number} held"))


async def release(session: Any) -> None:
    await session.execute(acsylla.create_statement("release"))


def _held() -> Any:
    return acsylla.create_statement("UPDATE k.held SET v = 1 WHERE k = 1")


async def cancelled_connect(port: int) -> None:
    """C1. The server never answers."""
    connecting = asyncio.ensure_future(cluster_of(port, connect_timeout=0.5).create_session())
    for _ in range(5):
        await asyncio.sleep(0)
    connecting.cancel()
    await asyncio.wait([connecting])
    del connecting
    gc.collect()


async def session_of_a_destroyed_cluster(port: int) -> None:
    """C2."""
    cluster = cluster_of(port)
    cluster.destroy()
    try:
        await asyncio.wait_for(cluster.create_session(), 0.5)
    except (Exception, TimeoutError) as error:  # noqa: BLE001
        child.report(repr(error))


async def destroy_in_flight(port: int) -> dict[str, Any]:
    """C3. What the waiting caller sees, and what is written into files that reuse descriptors."""
    other, control = await connect(port)
    cluster, session = await connect(port)
    before = _descriptors()
    waiting = asyncio.ensure_future(session.execute(_held()))
    await at_server(control, 1)
    cluster.destroy()
    with child.victims(before - _descriptors()) as files:
        await release(control)
        # An answer that has not come by now will not: the server has sent it.
        done, _ = await asyncio.wait([waiting], timeout=1.0)
        for _ in range(100):  # its thread may be slower than that, on a slow machine
            written = sum(os.fstat(file.fileno()).st_size for file in files)
            if written:
                break
            await asyncio.wait([waiting], timeout=0.1)
    del other
    child.report({"answered": bool(done), "written": written > 0})
    # What is left hangs at exit.
    os._exit(0)


def _descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


async def none_executed(port: int) -> None:
    """C4."""
    _, session = await connect(port)
    await session.execute(None)


async def none_batch_executed(port: int) -> None:
    """C4."""
    _, session = await connect(port)
    await session.execute_batch(None)


async def bare_statement_executed(port: int) -> None:
    """C4."""
    from acsylla._cython import cyacsylla

    _, session = await connect(port)
    await session.execute(cyacsylla.Statement())


def bare_result_counted() -> None:
    """C4."""
    from acsylla._cython import cyacsylla

    cyacsylla.Result().count()


async def rows_kept(port: int) -> dict[str, Any]:
    """C5."""
    cluster, session = await connect(port)
    result = await session.execute(acsylla.create_statement("SELECT n FROM k.numbers"))
    kept = [row[0] for row in list(result)]
    taken = [row[0] for row in result]
    await session.close()
    cluster.destroy()
    return {"kept": kept, "taken": taken}


def names() -> dict[str, Any]:
    """C7, C9 and C10: no server is needed."""

    async def create(**options: Any) -> str:
        try:
            cluster_of(9042, **options).destroy()
        except Exception as error:  # noqa: BLE001
            return type(error).__name__
        return ""

    from uuid import uuid4

    flags = acsylla.SSLVerifyFlags
    return {
        "identity is certificate": flags.PEER_IDENTITY == flags.PEER_CERT,
        "server side timestamps": child.run_loop(create(timestamp_gen="server_side")),
        "client id": child.run_loop(create(client_id=uuid4())),
        "plain text authenticator": child.run_loop(create(dse_plaintext_authenticator=("a", "b"))),
    }


async def short_list(port: int) -> str:
    """A list shorter than the statement's parameters."""
    cluster, session = await connect(port)
    prepared = await session.create_prepared("UPDATE k.t SET v = :v WHERE k = :k")
    try:
        await session.execute(prepared.bind([1]))
    except acsylla.errors.CassException as error:
        return repr(error)
    finally:
        await session.close()
        cluster.destroy()
    return ""


async def changed_after_submission(port: int) -> None:
    """The test checks what has arrived."""
    cluster, session = await connect(port)
    prepared = await session.create_prepared("UPDATE k.t SET v = :v WHERE k = :k")
    for _ in range(200):
        statement = prepared.bind([1, 1])
        request = asyncio.ensure_future(session.execute(statement))
        await asyncio.sleep(0)
        statement.bind(0, 2)
        await request
    await session.close()
    cluster.destroy()


async def cancelled_close(port: int) -> dict[str, Any]:
    """A close that is cancelled, and the one after it."""
    _, session = await connect(port)
    waiting = asyncio.ensure_future(session.execute(_held()))
    await at_server(session, 1)
    closing = asyncio.ensure_future(session.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait([closing])
    await session.close()
    child.report({"returned before the answer": not waiting.done()})
    os._exit(0)


def another_loop(port: int) -> str:
    """The test checks what has arrived."""
    first, second = asyncio.new_event_loop(), asyncio.new_event_loop()
    _, session = first.run_until_complete(connect(port))

    async def use() -> str:
        try:
            await session.execute(acsylla.create_statement("UPDATE k.t SET v = 1 WHERE k = 1"))
        except RuntimeError as error:
            return str(error)
        return ""

    said = second.run_until_complete(use())
    # An answer is proof that what was sent before it has arrived.
    first.run_until_complete(release(session))
    child.report(said)
    os._exit(0)


async def freed_in_a_fork(port: int) -> str:
    """Whether a forked child that frees the session ends."""
    cluster, session = await connect(port)
    pid = os.fork()
    if not pid:
        signal.alarm(2)
        del session, cluster
        gc.collect()
        os._exit(0)
    _, status = await asyncio.to_thread(os.waitpid, pid, 0)
    await session.close()
    cluster.destroy()
    return "hangs" if os.waitstatus_to_exitcode(status) == -signal.SIGALRM else "ends"


async def dropped_in_flight(port: int) -> float:
    """How many seconds everything stands still while a session is freed."""
    for number in range(1, 20):
        cluster, session = await connect(port, request_timeout=1.0)
        sent = time.perf_counter()
        waiting = asyncio.ensure_future(session.execute(_held()))
        await at_server(session, number)
        waiting.cancel()
        await asyncio.wait([waiting])
        del waiting
        begun = time.perf_counter()
        del session
        gc.collect()
        del cluster
        if begun - sent < 0.4:  # else the request may have ended by itself already
            return time.perf_counter() - begun
    raise AssertionError("the machine is too slow to tell")


async def burst(port: int) -> dict[str, int]:
    """Too many requests at once."""
    cluster, session = await connect(port, queue_size_io=64)
    names: list[str] = []
    for _ in range(50):  # whether it overflows is a race with the driver's own thread
        outcomes = await asyncio.gather(
            *(session.execute(_numbers()) for _ in range(2000)),
            return_exceptions=True,
        )
        names = [type(outcome).__name__ for outcome in outcomes]
        if "CassErrorLibRequestQueueFull" in names:
            break
    await session.close()
    cluster.destroy()
    return {name: names.count(name) for name in set(names)}


def _numbers() -> Any:
    return acsylla.create_statement("SELECT n FROM k.numbers")


async def error(port: int, code: int) -> dict[str, Any]:
    """What a server's error becomes."""
    cluster, session = await connect(port)
    statement = acsylla.create_statement(f"UPDATE k.error_{code:04x} SET v = 1 WHERE k = 1")
    neighbour = asyncio.ensure_future(session.execute(_held()))
    await at_server(session, 1)
    fault = await _outcome(session.execute(statement))
    _, control = await connect(port)
    await release(control)
    other = await _outcome(neighbour)
    await control.close()
    await session.close()
    cluster.destroy()
    return {
        "error": type(fault).__name__,
        "arguments": list(map(repr, getattr(fault, "args", ()))),
        "neighbour": type(other).__name__,
    }


async def _outcome(step: Awaitable[Any]) -> Any:
    try:
        return await step
    except acsylla.errors.CassException as error:
        return error


async def datacenters(port: int) -> None:
    """C8. The test checks which servers are used."""
    cluster = acsylla.create_cluster(["127.0.0.1"], port=port, log_level="disabled")
    session = await cluster.create_session()
    for _ in range(200):
        await session.execute(_numbers())
    await session.close()
    cluster.destroy()


async def cut(port: int) -> dict[str, Any]:
    """What becomes of a request in flight when its connection is lost, and how soon."""
    cluster, session = await connect(port, request_timeout=100.0)
    begun = time.perf_counter()
    name = ""
    try:
        await session.execute(acsylla.create_statement("UPDATE k.cut SET v = 1 WHERE k = 1"))
    except acsylla.errors.CassException as caught:
        name = type(caught).__name__
    seconds = time.perf_counter() - begun
    await session.close()
    cluster.destroy()
    return {"error": name, "at once": seconds < 50}


if __name__ == "__main__":
    child.main(globals())
