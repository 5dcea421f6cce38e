"""Asks a node over CQL whether it serves clients."""

import ssl

import anyio
from anyio.abc import ByteStream

# Version 4, no flags, stream 0, OPTIONS, no body. Every server answers it before any login.
_OPTIONS = bytes([0x04, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00])
_ANSWERS = (0x00, 0x06)
_OPCODE_AT = 4
_TIMEOUT = 5.0


async def answers(address: str, port: int, *, tls: bool) -> bool:
    """
    Say whether a node answers an OPTIONS frame, be it with an error.

    Args:
        address: The address of the node.
        port: The port for clients.
        tls: Whether to use TLS, without checking certificates: the node is on this machine.
    """
    try:
        with anyio.fail_after(_TIMEOUT):
            async with await _connect(address, port, tls=tls) as stream:
                await stream.send(_OPTIONS)
                head = b""
                while len(head) <= _OPCODE_AT:
                    head += await stream.receive()
                return head[_OPCODE_AT] in _ANSWERS
    except ssl.SSLError:
        # A server that asks for the client's certificate is up.
        return True
    except anyio.BrokenResourceError as error:
        return isinstance(error.__cause__, ssl.SSLError)
    except (OSError, TimeoutError, anyio.EndOfStream):
        return False


async def _connect(address: str, port: int, *, tls: bool) -> ByteStream:
    if not tls:
        return await anyio.connect_tcp(address, port)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return await anyio.connect_tcp(
        address, port, ssl_context=context, tls_standard_compatible=False
    )
