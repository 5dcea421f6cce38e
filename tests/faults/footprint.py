"""Footprint: the tasks, file descriptors, threads and memory of a process."""

import asyncio
import gc
from dataclasses import dataclass
from typing import Self

import psutil  # type: ignore[import-untyped, unused-ignore]  # types are a package apart


@dataclass(frozen=True, slots=True)
class Footprint:
    """
    The resources of this process.

    Attributes:
        tasks: Tasks of the running loop.
        descriptors: Open files and sockets.
        threads: Threads of the process.
        memory: Resident memory, in bytes.
    """

    tasks: int
    descriptors: int
    threads: int
    memory: int

    @classmethod
    def now(cls) -> Self:
        """Return the footprint of this moment."""
        gc.collect()
        process = psutil.Process()
        return cls(
            len(asyncio.all_tasks()),
            process.num_fds(),
            process.num_threads(),
            process.memory_info().rss,
        )


async def settled(before: Footprint, *, within: float = 100.0) -> Footprint:
    """Return the footprint once no more tasks run than *before*, or after *within* seconds."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within
    while True:
        after = Footprint.now()
        if after.tasks <= before.tasks or loop.time() > end:
            return after
        await asyncio.sleep(0.05)
