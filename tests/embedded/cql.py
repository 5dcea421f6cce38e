"""A minimum of the native protocol, to query one node without a driver."""

import struct

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

_STARTUP, _QUERY = 0x01, 0x07
ERROR, READY, RESULT, SUPPORTED, OPTIONS = 0x00, 0x02, 0x08, 0x06, 0x05
_LOCAL_ONE = 0x000A


def frame(opcode: int, body: bytes = b"") -> bytes:
    return struct.pack("!BBhBi", 0x04, 0, 0, opcode, len(body)) + body


async def ask(address: str, port: int, *frames: bytes) -> tuple[int, bytes]:
    """Send frames one by one; return the opcode and the body of the last answer."""
    async with await anyio.connect_tcp(address, port) as stream:
        buffered = BufferedByteReceiveStream(stream)
        opcode, body = -1, b""
        for each in frames:
            await stream.send(each)
            _, _, _, opcode, length = struct.unpack("!BBhBi", await buffered.receive_exactly(9))
            body = await buffered.receive_exactly(length) if length else b""
        return opcode, body


async def options(address: str, port: int) -> int:
    return (await ask(address, port, frame(OPTIONS)))[0]


async def query(address: str, port: int, statement: str) -> bytes:
    """Run a statement; return the body of its result."""
    start = struct.pack("!H", 1) + _string("CQL_VERSION") + _string("3.0.0")
    text = statement.encode()
    body = struct.pack("!i", len(text)) + text + struct.pack("!HB", _LOCAL_ONE, 0)
    opcode, answer = await ask(address, port, frame(_STARTUP, start), frame(_QUERY, body))
    assert opcode == RESULT, answer
    return answer


def _string(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()
