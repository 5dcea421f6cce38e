"""Addresses and ports: free, taken and reserved."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from event_store_async.embedded import AddressUnavailable, EmbeddedCassandra, PortInUse
from event_store_async.embedded.ports import addresses, reserve

from ..fixtures.ports import free_port

TWO = ("127.0.0.1", "127.0.0.2")

PROGRAM = """
import sys
from event_store_async.embedded.ports import reserve

given = [int(each) for each in sys.argv[1:]]
ports = reserve(["127.0.0.1"], native=given[0] if given else None)
print(ports.native, ports.storage, flush=True)
sys.stdin.read()
"""


def test_addresses_follow_each_other() -> None:
    assert addresses("127.0.0.1", 3) == ("127.0.0.1", "127.0.0.2", "127.0.0.3")


@pytest.mark.parametrize("first", ["0.0.0.0", "192.168.1.1", "127.255.255.255"])  # noqa: S104
def test_an_address_must_be_loopback(first: str) -> None:
    with pytest.raises(ValueError, match="not a loopback address"):
        EmbeddedCassandra(2, first_address=first)


def test_zero_nodes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one node"):
        EmbeddedCassandra(0)


def test_a_given_port_that_is_taken_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortInUse) as caught:
            reserve(TWO, native=port)

    assert (caught.value.address, caught.value.port) == ("127.0.0.2", port)


def test_without_a_port_the_next_free_one_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("event_store_async.embedded.ports.NATIVE_PORT", port)

        ports = reserve(TWO)

    assert ports.native > port
    ports.release()


def test_a_storage_port_that_the_data_needs_says_why() -> None:
    port, other = free_port(), free_port()
    ports = reserve(["127.0.0.1"], native=port, storage=other)
    with pytest.raises(PortInUse, match="the data in the directory depends on this port"):
        reserve(TWO, storage=other)

    ports.release()


def test_a_reserved_port_is_not_given_to_others_until_released() -> None:
    port = free_port()
    ports = reserve(TWO, native=port)
    with pytest.raises(PortInUse):
        reserve(["127.0.0.1"], native=port)

    ports.release()
    reserve(["127.0.0.1"], native=port).release()


def test_an_error_leaves_nothing_reserved() -> None:
    port, other = free_port(), free_port()
    ports = reserve(["127.0.0.2"], native=port)
    with pytest.raises(PortInUse):
        reserve(TWO, native=port)

    reserve(["127.0.0.1"], native=port, storage=other).release()
    ports.release()


def test_a_missing_address_has_a_hint() -> None:
    with pytest.raises(AddressUnavailable, match=r"ifconfig lo0 alias 192\.0\.2\.1"):
        reserve(["192.0.2.1"])


@contextmanager
def reserved_elsewhere(home: Path, *given: int) -> Iterator[tuple[int, int]]:
    """Reserve ports in a process with a home of its own; give them, and kill it at the end."""
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home)}
    environment.pop("XDG_CACHE_HOME", None)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *map(str, given)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            native, storage = process.stdout.readline().split()
            yield int(native), int(storage)
        finally:
            process.kill()


def test_processes_with_different_homes_get_different_ports(tmp_path: Path) -> None:
    with (
        reserved_elsewhere(tmp_path / "one") as one,
        reserved_elsewhere(tmp_path / "other") as other,
    ):
        assert one[0] != other[0]
        assert one[1] != other[1]


def test_a_port_is_reserved_until_its_process_ends_however_it_ends(tmp_path: Path) -> None:
    port = free_port()
    with reserved_elsewhere(tmp_path / "home", port), pytest.raises(PortInUse):
        reserve(["127.0.0.1"], native=port)

    reserve(["127.0.0.1"], native=port).release()
