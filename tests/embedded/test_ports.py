"""Addresses and ports: free, taken and reserved."""

import socket
from pathlib import Path

import pytest

from event_store_async.embedded import AddressUnavailable, EmbeddedCassandra, PortInUse
from event_store_async.embedded.ports import addresses, reserve

from ..fixtures.ports import free_port

TWO = ("127.0.0.1", "127.0.0.2")


def test_addresses_follow_each_other() -> None:
    assert addresses("127.0.0.1", 3) == ("127.0.0.1", "127.0.0.2", "127.0.0.3")


@pytest.mark.parametrize("first", ["0.0.0.0", "192.168.1.1", "127.255.255.255"])  # noqa: S104
def test_an_address_must_be_loopback(first: str) -> None:
    with pytest.raises(ValueError, match="not a loopback address"):
        EmbeddedCassandra(2, first_address=first)


def test_zero_nodes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one node"):
        EmbeddedCassandra(0)


def test_a_given_port_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(PortInUse) as caught:
            reserve(TWO, tmp_path, native=port)

    assert (caught.value.address, caught.value.port) == ("127.0.0.2", port)


def test_without_a_port_the_next_free_one_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.2", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("event_store_async.embedded.ports.NATIVE_PORT", port)

        ports = reserve(TWO, tmp_path)

    assert ports.native > port
    ports.release()


def test_a_storage_port_that_the_data_needs_says_why(tmp_path: Path) -> None:
    port, other = free_port(), free_port()
    ports = reserve(["127.0.0.1"], tmp_path, native=port, storage=other)
    with pytest.raises(PortInUse, match="the data in the directory depends on this port"):
        reserve(TWO, tmp_path, storage=other)

    ports.release()


def test_a_reserved_port_is_not_given_to_others_until_released(tmp_path: Path) -> None:
    port = free_port()
    ports = reserve(TWO, tmp_path, native=port)
    with pytest.raises(PortInUse):
        reserve(["127.0.0.1"], tmp_path, native=port)

    ports.release()
    reserve(["127.0.0.1"], tmp_path, native=port).release()


def test_an_error_leaves_nothing_reserved(tmp_path: Path) -> None:
    port, other = free_port(), free_port()
    ports = reserve(["127.0.0.2"], tmp_path, native=port)
    with pytest.raises(PortInUse):
        reserve(TWO, tmp_path, native=port)

    reserve(["127.0.0.1"], tmp_path, native=port, storage=other).release()
    ports.release()


def test_a_missing_address_has_a_hint(tmp_path: Path) -> None:
    with pytest.raises(AddressUnavailable, match=r"ifconfig lo0 alias 192\.0\.2\.1"):
        reserve(["192.0.2.1"], tmp_path)
