"""
A tiny server of the CQL protocol, version 4, that misbehaves as a statement's table asks it to.

A statement on the table

    held          waits, if it writes, until a statement "release" comes
    held_reads    the same for one that reads
    cut           is received, and its connection is cut
    error_1700    is answered by the error of that number (hexadecimal), with `error_text`
    numbers       if it reads, is answered by the rows 0 to 5
    arrivals      if it reads, is answered by the number of statements that have arrived

and any other is answered like a cluster without events that applies every condition. The simple
statements "release" and "await 3 held" let a scenario, which runs in a process of its own, wait for
what has arrived here without guessing at times.
"""

import asyncio
import re
import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from types import TracebackType
from typing import Final, Self
from uuid import UUID

from event_store_async.cassandra.schema.tables import EVENTS, FEED

_ERROR, _STARTUP, _READY, _OPTIONS, _SUPPORTED = 0x00, 0x01, 0x02, 0x05, 0x06
_QUERY, _RESULT, _PREPARE, _EXECUTE, _REGISTER, _BATCH = 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0D
_VOID, _ROWS, _PREPARED = 1, 2, 4

_TYPES: Final = {
    "bigint": b"\x00\x02",
    "blob": b"\x00\x03",
    "boolean": b"\x00\x04",
    "int": b"\x00\x09",
    "uuid": b"\x00\x0c",
    "text": b"\x00\x0d",
    "inet": b"\x00\x10",
    "set": b"\x00\x22\x00\x0d",
    "map": b"\x00\x21\x00\x0d\x00\x0d",
}
_BINDS: Final = {
    "applied_at": "bigint",
    "changed_by": "uuid",
    "content_type": "text",
    "event_id": "uuid",
    "event_type": "text",
    "held_by": "uuid",
    "keyspace_name": "text",
    "metadata": "blob",
    "name": "text",
    "payload": "blob",
    "stream_id": "uuid",
    "table_name": "text",
    "timestamp": "bigint",
}
_ID: Final = UUID(int=7)
_NODE: Final = {
    "key": ("text", b"local"),
    "cluster_name": ("text", b"fake"),
    "rack": ("text", b"rack1"),
    "release_version": ("text", b"5.0.8"),
    "partitioner": ("text", b"org.apache.cassandra.dht.Murmur3Partitioner"),
    "schema_version": ("uuid", _ID.bytes),
    "tokens": ("set", struct.pack(">ii", 1, 1) + b"0"),
}
_COLUMNS_OF_EVENTS: Final = [
    (name.encode(), type_.encode(), kind.encode())
    for name, (type_, kind) in EVENTS.all_columns.items()
]

UNSET: Final = -2
"""What a value that was not sent arrives as; null arrives as None."""

Value = bytes | int | None


@dataclass(frozen=True)
class Request:
    """
    A statement that arrived.

    Attributes:
        text: Its CQL; for a batch, the first statement's.
        values: Its values; for a batch, those of all statements.
    """

    text: str
    values: tuple[Value, ...] = ()

    @property
    def table(self) -> str:
        found = re.search(r'(?:FROM|UPDATE|INTO)\s+(?:"?\w+"?\.)?"?(\w+)', self.text)
        return found[1] if found else ""

    @property
    def reads(self) -> bool:
        return self.text.startswith("SELECT")


@dataclass
class FakeServer:
    """
    The server; listens while it is entered.

    Attributes:
        requests: What arrived, except for questions about the cluster.
        connections: How many connections were made.
        deaf: Accepts connections, and never answers.
        address: The loopback address to listen on.
        given_port: The port to listen on; 0 for any.
        datacenter: The one that it claims to be in.
        peers: The other nodes that it lists, as addresses with their datacenters.
        tls: Speaks TLS only, with this context.
        error_text: The message of its errors.
    """

    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    deaf: bool = False
    address: str = "127.0.0.1"
    given_port: int = 0
    datacenter: str = "datacenter1"
    peers: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    error_text: str = "said by the fake server"
    _held: int = 0
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)
    _released: bool = False
    _prepared: dict[bytes, str] = field(default_factory=dict)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def writes(self) -> list[Request]:
        """The conditional writes among the requests."""
        return [request for request in self.requests if " IF " in request.text]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(
            self._serve, self.address, self.given_port, ssl=self.tls
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        for writer in list(self._writers):
            writer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def arrived(self, number: int) -> None:
        """Wait until *number* requests are held."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._held >= number)

    async def wrote(self, number: int) -> None:
        """Wait until *number* conditional writes have arrived."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.writes) >= number)

    async def release(self) -> None:
        """Answer the held requests."""
        async with self._changed:
            self._released = True
            self._changed.notify_all()

    async def connected(self, number: int = 1) -> None:
        """Wait until *number* connections were made."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.connections >= number)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._writers.add(writer)
        async with self._changed:
            self.connections += 1
            self._changed.notify_all()
        try:
            while True:
                head = await reader.readexactly(9)
                _, _, stream, opcode, length = struct.unpack(">BBhBi", head)
                body = await reader.readexactly(length)
                if self.deaf:
                    continue
                task = asyncio.ensure_future(self._handle(writer, stream, opcode, body))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _handle(
        self, writer: asyncio.StreamWriter, stream: int, opcode: int, body: bytes
    ) -> None:
        answer = await self._answer(opcode, body)
        if answer is None:
            writer.transport.abort()
        elif not writer.is_closing():
            kind, content = answer
            writer.write(struct.pack(">BBhBi", 0x84, 0, stream, kind, len(content)) + content)

    async def _answer(self, opcode: int, body: bytes) -> tuple[int, bytes] | None:
        if opcode == _OPTIONS:
            return _SUPPORTED, b"\x00\x00"
        if opcode in {_STARTUP, _REGISTER}:
            return _READY, b""
        reader = _Reader(body)
        if opcode == _PREPARE:
            return _RESULT, self._prepare(reader.text())
        if opcode == _QUERY:
            request = Request(reader.text())
        elif opcode == _EXECUTE:
            request = self._execution(reader)
        elif opcode == _BATCH:
            request = self._batch(reader)
        else:
            return _error(0x000A, "unknown opcode")
        if "FROM system" not in request.text:
            async with self._changed:
                self.requests.append(request)
                self._changed.notify_all()
        return await self._result(request)

    def _prepare(self, text: str) -> bytes:
        identity = len(self._prepared).to_bytes(4, "big")
        self._prepared[identity] = text
        names = re.findall(r":([a-z_]+)", text)
        binds = _columns([(name, _BINDS.get(name, "int")) for name in names], pk_count=True)
        no_metadata = struct.pack(">ii", 4, 0)
        return struct.pack(">ih", _PREPARED, len(identity)) + identity + binds + no_metadata

    def _execution(self, reader: "_Reader") -> Request:
        text = self._prepared[reader.short_bytes()]
        reader.short()
        values = reader.values() if reader.byte() & 1 else ()
        return Request(text, values)

    def _batch(self, reader: "_Reader") -> Request:
        reader.byte()
        texts: list[str] = []
        values: list[Value] = []
        for _ in range(reader.short()):
            if reader.byte():
                texts.append(self._prepared[reader.short_bytes()])
            else:
                texts.append(reader.text())
            values += reader.values()
        return Request(texts[0] if texts else "", tuple(values))

    async def _result(self, request: Request) -> tuple[int, bytes] | None:
        table = request.table
        if request.text == "release":
            await self.release()
        elif found := re.fullmatch(r"await (\d+) held", request.text):
            await self.arrived(int(found[1]))
        elif table == ("held_reads" if request.reads else "held"):
            await self._hold()
        elif table == "cut":
            return None
        elif found := re.fullmatch(r"error_([0-9a-f]{4})", table):
            return _error(int(found[1], 16), self.error_text)
        elif table == "arrivals":
            return _RESULT, _rows([("n", "int")], [(struct.pack(">i", len(self.requests)),)])
        return _RESULT, self._rows_for(request)

    def _rows_for(self, request: Request) -> bytes:
        if not request.reads:
            conditional = " IF " in request.text
            applied = _rows([("[applied]", "boolean")], [(b"\x01",)])
            return applied if conditional else struct.pack(">i", _VOID)
        found = re.match(r'SELECT (.+?) FROM ([\w."]+)', request.text)
        assert found is not None
        names = [name.strip() for name in found[1].split(",")]
        table = found[2]
        if table in {"system.local", "system.peers"}:
            own = table == "system.local"
            return _nodes(names, {self.address: self.datacenter} if own else self.peers)
        if table in _SCHEMA and "=" in request.text:
            return _NO_TABLE if f"{FEED.suffix}'" in request.text else _SCHEMA[table]
        if request.table == "numbers":
            return _rows([("n", "int")], [(struct.pack(">i", n),) for n in range(6)])
        if request.table.endswith("migrations"):
            return _rows([("v", "int")], [(struct.pack(">i", EVENTS.latest),)])
        return _rows([(name, _BINDS.get(name, "int")) for name in names], [])

    async def _hold(self) -> None:
        async with self._changed:
            self._held += 1
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._released)


Datacenters = tuple[FakeServer, FakeServer]
"""Two nodes of one cluster: ours, and one in another datacenter."""


class _Reader:
    """Parses a request's body."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def _take(self, count: int) -> bytes:
        self._at += count
        return self._body[self._at - count : self._at]

    def byte(self) -> int:
        return self._take(1)[0]

    def short(self) -> int:
        return int.from_bytes(self._take(2), "big")

    def _int(self) -> int:
        return int.from_bytes(self._take(4), "big", signed=True)

    def text(self) -> str:
        return self._take(self._int()).decode()

    def short_bytes(self) -> bytes:
        return self._take(self.short())

    def values(self) -> tuple[Value, ...]:
        return tuple(self._value() for _ in range(self.short()))

    def _value(self) -> Value:
        length = self._int()
        if length == UNSET:
            return UNSET
        return None if length < 0 else self._take(length)


def _error(code: int, text: str) -> tuple[int, bytes]:
    level_and_counts = {
        0x1000: struct.pack(">Hii", 8, 1, 0),  # unavailable: SERIAL, required, alive
        0x1100: struct.pack(">Hii", 8, 0, 1) + _string("CAS"),
        0x1200: struct.pack(">HiiB", 8, 0, 1, 0),
        0x1300: struct.pack(">HiiiB", 8, 0, 1, 1, 0),
        0x1500: struct.pack(">Hiii", 8, 0, 1, 1) + _string("CAS"),
        0x1700: struct.pack(">Hii", 8, 0, 1),
        0x2400: _string("k") + _string("t"),
        0x2500: struct.pack(">H", 0),
    }
    return _ERROR, struct.pack(">i", code) + _string(text) + level_and_counts.get(code, b"")


def _string(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()


def _columns(columns: list[tuple[str, str]], *, pk_count: bool = False) -> bytes:
    parts = [struct.pack(">ii", 1, len(columns))]
    if pk_count:
        parts.append(struct.pack(">i", 0))
    parts.append(_string("k") + _string("t"))
    parts.extend(_string(name) + _TYPES[type_] for name, type_ in columns)
    return b"".join(parts)


def _rows(columns: list[tuple[str, str]], rows: list[tuple[bytes | None, ...]]) -> bytes:
    return b"".join(
        [struct.pack(">i", _ROWS), _columns(columns), struct.pack(">i", len(rows)), *_cells(rows)]
    )


def _cells(rows: list[tuple[bytes | None, ...]]) -> Iterator[bytes]:
    for row in rows:
        for cell in row:
            yield struct.pack(">i", -1 if cell is None else len(cell)) + (cell or b"")


def _nodes(names: list[str], nodes: Mapping[str, str]) -> bytes:
    described = [_node(address, datacenter) for address, datacenter in nodes.items()]
    model = _node("127.0.0.1", "")
    if names == ["*"]:
        names = list(model)
    return _rows(
        [(name, model[name][0]) for name in names],
        [tuple(node[name][1] for name in names) for node in described],
    )


def _node(address: str, datacenter: str) -> dict[str, tuple[str, bytes]]:
    packed = IPv4Address(address).packed
    return _NODE | {
        "data_center": ("text", datacenter.encode()),
        "host_id": ("uuid", UUID(bytes=packed * 4).bytes),
        "peer": ("inet", packed),
        "rpc_address": ("inet", packed),
        "broadcast_address": ("inet", packed),
        "listen_address": ("inet", packed),
    }


_OF_TABLE: Final = [("default_time_to_live", "int"), ("id", "uuid")]
_NO_TABLE: Final = _rows(_OF_TABLE, [])

_SCHEMA: Final = {
    "system_schema.keyspaces": _rows([("replication", "map")], [(struct.pack(">i", 0),)]),
    "system_schema.tables": _rows(_OF_TABLE, [(struct.pack(">i", 0), bytes(16))]),
    "system_schema.columns": _rows(
        [("column_name", "text"), ("type", "text"), ("kind", "text")], [*_COLUMNS_OF_EVENTS]
    ),
}
