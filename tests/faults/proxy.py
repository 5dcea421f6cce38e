"""Proxy: a connection to a node that can be dropped, delayed, deafened, muted and cut."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

_HEADER: Final = 9  # of a CQL frame, protocol version 4; the last four bytes are the body's length
_OPCODE: Final = 4
_BATCH: Final = 0x0D
_PREPARE: Final = 0x09
_CHUNK: Final = 64 * 1024


class Proxy:
    """
    Listens on an address of its own and forwards to a node.

    A fault lasts until `restore`:

    - `drop`: all connections are reset, new ones too.
    - `delay`: every frame waits, in both directions.
    - `deafen`: the node receives nothing. What is held back arrives late, at `restore`, as when a
      network recovers: a request may arrive that its sender has already given up.
    - `mute`: the node receives requests, but its answers are held back until `restore`.
    - `cut`: a connection is reset as soon as it has forwarded a conditional batch.
    - `stall`: a connection is held back for good once it asks to prepare a statement.

    Args:
        host: The address to listen on.
        port: The port to listen on; 0 for any free one.
        node: The node's address.
        node_port: The node's port.
    """

    def __init__(self, host: str, port: int, node: str, node_port: int) -> None:
        self.host = host
        self.port = port
        self.node = node
        self._node_port = node_port
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._to_node = asyncio.Event()
        self._from_node = asyncio.Event()
        self._dropping = self._cutting = self._stalling = False
        self._delay = 0.0
        self.cuts = 0
        self.stalled = asyncio.Event()
        self.restore()

    async def open(self) -> Self:
        """Start listening."""
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def close(self) -> None:
        """Stop listening and reset all connections."""
        if self._server is not None:
            self._server.close()
        self._reset()
        while self._connections:
            await asyncio.wait(self._connections)

    def restore(self) -> None:
        """End every fault."""
        self._dropping = self._cutting = self._stalling = False
        self._delay = 0.0
        self._to_node.set()
        self._from_node.set()

    def drop(self) -> None:
        """Reset all connections, new ones too."""
        self._dropping = True
        self._reset()

    def delay(self, seconds: float) -> None:
        """Delay every frame."""
        self._delay = seconds

    def deafen(self) -> None:
        """Hold back what is sent to the node."""
        self._to_node.clear()

    def mute(self) -> None:
        """Hold back what the node answers."""
        self._from_node.clear()

    def cut(self) -> None:
        """Reset each connection after the next conditional batch that it forwards."""
        self._cutting = True

    def stall(self) -> None:
        """Hold each connection back from its next request to prepare a statement on."""
        self._stalling = True

    def _reset(self) -> None:
        for task in self._connections:
            task.cancel()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            if not self._dropping:
                await self._carry(reader, writer)
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # a reset connection ends silently, whichever side reset it
        finally:
            self._connections.discard(task)
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
            # Closed, not aborted: what has been forwarded must arrive.
            node_writer.close()

    async def _there(self, reader: asyncio.StreamReader, node: asyncio.StreamWriter) -> None:
        waiting = b""
        while data := await reader.read(_CHUNK):
            waiting += data
            await self._hold(self._to_node)
            while len(waiting) >= (size := _frame_size(waiting)):
                frame, waiting = waiting[:size], waiting[size:]
                if self._stalling and frame[_OPCODE] == _PREPARE:
                    self.stalled.set()
                    await asyncio.Event().wait()
                node.write(frame)
                if self._cutting and frame[_OPCODE] == _BATCH:
                    self.cuts += 1
                    await node.drain()
                    return
            await node.drain()

    async def _back(self, node: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await node.read(_CHUNK):
            await self._hold(self._from_node)
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
    """Return the size of the frame that starts these bytes; a header's size if they are fewer."""
    return _HEADER + (int.from_bytes(data[5:_HEADER]) if len(data) >= _HEADER else 0)
