"""Proxy: a wire to a node that can be dropped, delayed, deafened, muted and cut."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

_HEADER: Final = 9  # of a CQL frame, protocol version 4; the last four bytes are the body's length
_OPCODE: Final = 4
_BATCH: Final = 0x0D
_CHUNK: Final = 64 * 1024


class Proxy:
    """
    A wire from an address of its own to a node.

    Its faults last from the call to `restore`:

    - `drop`: every connection is reset, and every new one.
    - `delay`: every frame waits, in both directions.
    - `deafen`: the node hears nothing. What is held back arrives late, at `restore`, as after a
      network's own repair: a request may come to life that its sender has given up.
    - `mute`: the node hears, and its answers are held back likewise.
    - `cut`: a connection is reset as soon as a conditional batch has been passed on over it.

    Args:
        host: Where to listen.
        port: Where to listen; 0 for any free one.
        node: The node's address.
        node_port: The node's port.
    """

    def __init__(self, host: str, port: int, node: str, node_port: int) -> None:
        self.host = host
        self.port = port
        self.node = node
        self._node_port = node_port
        self._server: asyncio.Server | None = None
        self._wires: set[asyncio.Task[None]] = set()
        self._hearing = asyncio.Event()
        self._speaking = asyncio.Event()
        self._dropping = self._cutting = False
        self._delay = 0.0
        self.cuts = 0
        self.restore()

    async def open(self) -> Self:
        """Begin to listen."""
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Reset all connections and listen no more."""
        if self._server is not None:
            self._server.close()
        self._reset()
        while self._wires:
            await asyncio.wait(self._wires)

    def restore(self) -> None:
        """End every fault."""
        self._dropping = self._cutting = False
        self._delay = 0.0
        self._hearing.set()
        self._speaking.set()

    def drop(self) -> None:
        """Reset every connection, and every new one."""
        self._dropping = True
        self._reset()

    def delay(self, seconds: float) -> None:
        """Let every frame wait."""
        self._delay = seconds

    def deafen(self) -> None:
        """Let nothing reach the node."""
        self._hearing.clear()

    def mute(self) -> None:
        """Let nothing come back from the node."""
        self._speaking.clear()

    def cut(self) -> None:
        """Reset each connection behind the next conditional batch that it carries."""
        self._cutting = True

    def _reset(self) -> None:
        for wire in self._wires:
            wire.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._wires.add(task)
        try:
            if not self._dropping:
                await self._carry(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # a reset wire ends quietly, whoever reset it
        finally:
            self._wires.discard(task)
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        node_reader, node_writer = await asyncio.open_connection(self.node, self._node_port)
        there = asyncio.ensure_future(self._there(reader, node_writer))
        back = asyncio.ensure_future(self._back(node_reader, writer))
        try:
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (there, back):
                task.cancel()
            await asyncio.wait((there, back))
            for task in (there, back):
                with suppress(OSError, EOFError, asyncio.CancelledError):
                    task.result()
            # Not aborted: what has been passed on is to arrive.
            node_writer.close()

    async def _there(self, reader: asyncio.StreamReader, node: asyncio.StreamWriter) -> None:
        waiting = b""
        while data := await reader.read(_CHUNK):
            waiting += data
            await self._hold(self._hearing)
            while len(waiting) >= (size := _frame_size(waiting)):
                frame, waiting = waiting[:size], waiting[size:]
                node.write(frame)
                if self._cutting and frame[_OPCODE] == _BATCH:
                    self.cuts += 1
                    await node.drain()
                    return
            await node.drain()

    async def _back(self, node: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await node.read(_CHUNK):
            await self._hold(self._speaking)
            writer.write(data)
            await writer.drain()

    async def _hold(self, passing: asyncio.Event) -> None:
        if self._delay:
            await asyncio.sleep(self._delay)
        await passing.wait()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _frame_size(data: bytes) -> int:
    """Return how long the frame is that some bytes begin with; that of a header for fewer."""
    return _HEADER + (int.from_bytes(data[5:_HEADER]) if len(data) >= _HEADER else 0)
