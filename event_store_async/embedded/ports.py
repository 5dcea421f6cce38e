"""Finds free ports on the loopback addresses of a cluster, and reserves them."""

import errno
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

from ..errors import InvalidArgument
from ..excerpt import excerpt
from .errors import AddressUnavailable, PortInUse
from .file_lock import FileLock

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
    _locks: list[FileLock] = field(repr=False)

    def release(self) -> None:
        """Release the reservations."""
        for lock in self._locks:
            lock.release()


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


def reserve(
    on: Sequence[str], folder: Path, *, native: int | None = None, storage: int | None = None
) -> Ports:
    """
    Reserve two ports that are free on all addresses.

    A server binds its ports seconds after they were checked. Until `Ports.release`, file locks keep
    other clusters of the same user from taking them.

    Args:
        on: The addresses.
        folder: The folder of the lock files.
        native: The port for clients; None for 9042 or the next free one.
        storage: The port for the other nodes; None for 7000 or the next free one.

    Raises:
        AddressUnavailable: This machine does not have one of the addresses.
        PortInUse: A given port is taken, or no port is free.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for address in on:
        _bind(address, 0)
    native_port, locks = _take(on, folder, native, NATIVE_PORT)
    try:
        storage_port, more = _take(on, folder, storage, STORAGE_PORT, _BOUND)
    except BaseException:
        Ports(native_port, 0, locks).release()
        raise
    return Ports(native_port, storage_port, locks + more)


def _take(
    on: Sequence[str], folder: Path, given: int | None, first: int, hint: str | None = None
) -> tuple[int, list[FileLock]]:
    if given is not None:
        try:
            return given, _lock(on, folder, given)
        except PortInUse as error:
            raise PortInUse(error.address, given, hint) from error
    for port in range(first, first + _ATTEMPTS):
        try:
            return port, _lock(on, folder, port)
        except PortInUse:
            continue
    raise PortInUse(on[0], first, f"so are the {_ATTEMPTS - 1} ports after it: pass another port")


def _lock(on: Sequence[str], folder: Path, port: int) -> list[FileLock]:
    locks: list[FileLock] = []
    try:
        for address in on:
            locks.append(_reservation(folder, address, port))
            _bind(address, port)
    except BaseException:
        for lock in locks:
            lock.release()
        raise
    return locks


def _reservation(folder: Path, address: str, port: int) -> FileLock:
    lock = FileLock(folder / f"{address}-{port}")
    if not lock.try_acquire():
        raise PortInUse(address, port)
    return lock


def _bind(address: str, port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Otherwise a port counts as taken for a minute after its last connection closed.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise PortInUse(address, port) from error
            raise AddressUnavailable(address, error.strerror or str(error)) from error
