"""
Finds free ports on the loopback addresses of a cluster, and reserves them.

A reserved port is held by a UDP socket that is bound to the same address and number. Cassandra uses
TCP only, so the socket is not in its way, and the system closes it with its process, however that
ends. It is seen by all processes for which the port is the same one: those of any user, home folder
or temporary folder, but not those in another network namespace, such as another container. What
another program uses for UDP counts as taken.
"""

import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Final

from ..errors import InvalidArgument
from ..excerpt import excerpt
from .errors import AddressUnavailable, PortInUse

NATIVE_PORT: Final = 9042
STORAGE_PORT: Final = 7000
_ATTEMPTS = 1000
_BOUND = "the data in the directory depends on this port"


@dataclass(slots=True)
class Ports:
    """
    The ports of a cluster, the same on each of its addresses.

    Attributes:
        native: The port for clients.
        storage: The port for the other nodes.
    """

    native: int
    storage: int
    _held: list[socket.socket] = field(repr=False)

    def release(self) -> None:
        """Release the reservations."""
        for held in self._held:
            held.close()


def addresses(first: str, count: int) -> tuple[str, ...]:
    """
    Return *count* consecutive loopback addresses.

    Raises:
        InvalidArgument: One of them is not a loopback address.
    """
    ends: tuple[IPv4Address | None, ...]
    try:
        start = IPv4Address(first)
        # The ends suffice, and come first: the row may be longer than memory.
        ends = (start, start + (count - 1))
    except ValueError:  # not an address, or beyond the last one
        ends = (None,)
    for address in ends:
        if address is None or not address.is_loopback:
            raise InvalidArgument(f"{address or excerpt(first)} is not a loopback address")
    return tuple(str(start + offset) for offset in range(count))


def reserve(on: Sequence[str], *, native: int | None = None, storage: int | None = None) -> Ports:
    """
    Reserve two ports that are free on all addresses.

    A server binds its ports seconds after they were checked. Until `Ports.release`, no other
    embedded cluster on this machine takes them.

    Args:
        on: The addresses.
        native: The port for clients; None for 9042 or the next free one.
        storage: The port for the other nodes; None for 7000 or the next free one.

    Raises:
        AddressUnavailable: This machine does not have one of the addresses.
        PortInUse: A given port is taken, or no port is free.
    """
    for address in on:
        _check(address, 0)
    native_port, held = _take(on, native, NATIVE_PORT)
    try:
        storage_port, more = _take(on, storage, STORAGE_PORT, _BOUND)
    except BaseException:
        Ports(native_port, 0, held).release()
        raise
    return Ports(native_port, storage_port, held + more)


def _take(
    on: Sequence[str], given: int | None, first: int, hint: str | None = None
) -> tuple[int, list[socket.socket]]:
    if given is not None:
        try:
            return given, _hold(on, given)
        except PortInUse as error:
            raise PortInUse(error.address, given, hint) from error
    for port in range(first, first + _ATTEMPTS):
        try:
            return port, _hold(on, port)
        except PortInUse:
            continue
    raise PortInUse(on[0], first, f"so are the {_ATTEMPTS - 1} ports after it: pass another port")


def _hold(on: Sequence[str], port: int) -> list[socket.socket]:
    held: list[socket.socket] = []
    try:
        for address in on:
            held.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            # Without SO_REUSEADDR, with which two UDP sockets may have the same port.
            _bind(held[-1], address, port)
            _check(address, port)
    except BaseException:
        for each in held:
            each.close()
        raise
    return held


def _check(address: str, port: int) -> None:
    """Refuse a port at which a server could not listen; 0 is any port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Otherwise a port counts as taken for a minute after its last connection closed.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _bind(probe, address, port)


def _bind(one: socket.socket, address: str, port: int) -> None:
    try:
        one.bind((address, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(address, port) from error
        raise AddressUnavailable(address, error.strerror or str(error)) from error
