"""The limit of one stream: batches of many events by hand, one after another."""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from uuid import UUID, uuid4

from .payloads import Payload, make_payloads
from .protocol import Appended, Batches, Options, Ready
from .raw_acsylla import RawAcsylla, conflict
from .raw_acsylla import open_peer as open_raw
from .tasks import Clock, TaskPeer, Writer, main

NAME = "raw_batches"


class RawBatches(RawAcsylla):
    """The peer: what raw does, with many events in a batch."""

    def ready(self) -> Ready:
        """Return its version and what it promises."""
        ready = super().ready()
        notes = (
            "raw's batch, with many events, one batch after another; hot: as many as there are "
            "callers, who share it"
        )
        return Ready(NAME, ready.version, ready.guarantees, notes)

    def hot(self, stream: UUID) -> Writer:
        """Append in batches of all who wait, with as little as that takes."""
        version = 0
        waiting: list[tuple[Payload, asyncio.Future[int]]] = []
        serving: asyncio.Task[None] | None = None
        loop = asyncio.get_running_loop()

        async def serve() -> None:
            nonlocal version
            while waiting:
                served = waiting[:]
                waiting.clear()
                try:
                    actual = await self.append(stream, version, [each for each, _ in served])
                    if actual is not None:
                        raise RuntimeError(f"at {actual}, expected {version}")
                except Exception as error:  # noqa: BLE001 - it is the callers' answer
                    for _, answer in served:
                        answer.set_exception(error)
                    continue
                version += len(served)
                for _, answer in served:
                    answer.set_result(0)
                await asyncio.sleep(0)  # those just answered may append again, and join the next

        async def write(payload: Payload) -> int:
            nonlocal serving
            answer: asyncio.Future[int] = loop.create_future()
            waiting.append((payload, answer))
            if serving is None or serving.done():
                serving = loop.create_task(serve())
            return await answer

        return write

    async def batches(self, command: Batches) -> Appended:
        """Append batch after batch to a new stream."""
        members, stream = command.members, uuid4()
        payloads = make_payloads(command.count * members, command.payload_bytes, command.seed)
        starts = range(0, len(payloads), members)
        every = command.every_column
        before = [
            self.bound(stream, at, payloads[at : at + members], every_column=every)
            for at in (starts if command.before else ())
        ]
        latencies: list[int] = []
        clock = Clock()
        for number, at in enumerate(starts):
            begin = time.perf_counter_ns()
            if before:
                batch = before[number]
            else:
                some = payloads[at : at + members]
                batch = self.bound(stream, at, some, every_column=every)
            actual = conflict(await self._session.execute_batch(batch))
            latencies.append((time.perf_counter_ns() - begin) // 1000)
            if actual is not None:
                raise RuntimeError(f"at {actual}, expected {at}")
        seconds, cpu_seconds, loop_seconds = clock.read()
        return Appended(seconds, cpu_seconds, len(payloads), latencies, 0, loop_seconds)


def open_peer(options: Options) -> AbstractAsyncContextManager[TaskPeer]:
    """Connect and prepare."""
    return open_raw(options, RawBatches)


if __name__ == "__main__":
    main(NAME, open_peer)
