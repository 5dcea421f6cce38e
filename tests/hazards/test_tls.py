"""C7: which servers a TLS connection trusts. `test_secured_cassandra` uses a real server."""

import logging
import pickle
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from event_store_async import (
    ConnectionFailed,
    EventStore,
    InvalidArgument,
    Tls,
    TlsFailed,
)

from .certificates import Authority, Pair
from .fake_server import FakeServer

AUTHORITY = Authority.of_the_tests()
STRANGER = Authority("somebody else")
GOOD = AUTHORITY.issue("server", names=["127.0.0.1"])
CLIENT = AUTHORITY.issue("client")
PASSWORD = "correct horse battery staple"


@asynccontextmanager
async def server_with(
    pair: Pair, *, clients_of: str | None = None
) -> AsyncGenerator[FakeServer, None]:
    async with FakeServer(tls=pair.server_context(clients_of=clients_of)) as server:
        yield server


async def connect(server: FakeServer, tls: Tls | None, *, within: float = 60.0) -> None:
    async with EventStore.connect(
        "127.0.0.1",
        port=server.port,
        keyspace="k",
        local_datacenter="datacenter1",
        tls=tls,
        connect_timeout=within,
    ):
        pass


async def test_a_certificate_that_names_the_address_is_trusted(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(AUTHORITY.certificate)
    async with server_with(GOOD) as server:
        for ca in (AUTHORITY.certificate, file, str(file)):
            await connect(server, Tls(ca=ca))

    assert server.connections >= 3


async def test_a_certificate_that_names_another_address_is_refused() -> None:
    elsewhere = AUTHORITY.issue("server", names=["192.0.2.1"])
    async with server_with(elsewhere) as server:
        with pytest.raises(TlsFailed):
            await connect(server, Tls(ca=AUTHORITY.certificate))

        await connect(server, Tls(ca=AUTHORITY.certificate, identity="unchecked"))


async def test_a_certificate_that_names_nothing_is_refused() -> None:
    async with server_with(AUTHORITY.issue("server")) as server:
        with pytest.raises(TlsFailed):
            await connect(server, Tls(ca=AUTHORITY.certificate))


@pytest.mark.parametrize("identity", ["address", "unchecked"])
async def test_a_certificate_of_another_authority_is_refused(
    identity: Literal["address", "unchecked"],
) -> None:
    async with server_with(STRANGER.issue("server", names=["127.0.0.1"])) as server:
        with pytest.raises(TlsFailed):
            await connect(server, Tls(ca=AUTHORITY.certificate, identity=identity))


async def test_a_certificate_that_has_expired_is_refused() -> None:
    async with server_with(AUTHORITY.issue("server", names=["127.0.0.1"], days=-1)) as server:
        with pytest.raises(TlsFailed):
            await connect(server, Tls(ca=AUTHORITY.certificate))


async def test_a_host_name_is_checked_by_reverse_lookup() -> None:
    name = socket.gethostbyaddr("127.0.0.1")[0]
    async with server_with(AUTHORITY.issue("server", names=[name])) as server:
        await connect(server, Tls(ca=AUTHORITY.certificate, identity="hostname"))
    async with server_with(AUTHORITY.issue("server", names=["elsewhere.test"])) as server:
        with pytest.raises(TlsFailed):
            await connect(server, Tls(ca=AUTHORITY.certificate, identity="hostname"))


async def test_a_server_that_asks_for_a_certificate_gets_ours() -> None:
    async with server_with(GOOD, clients_of=AUTHORITY.certificate) as server:
        await connect(
            server,
            Tls(
                ca=AUTHORITY.certificate,
                certificate=CLIENT.certificate,
                private_key=CLIENT.private_key,
            ),
        )
        await connect(
            server,
            Tls(
                ca=AUTHORITY.certificate,
                certificate=CLIENT.certificate,
                private_key=CLIENT.encrypted_key(PASSWORD),
                private_key_password=PASSWORD,
            ),
        )


@pytest.mark.parametrize("client", [None, STRANGER.issue("client")], ids=["none", "stranger's"])
async def test_a_server_that_asks_for_a_certificate_refuses_any_other(client: Pair | None) -> None:
    tls = Tls(
        ca=AUTHORITY.certificate,
        certificate=None if client is None else client.certificate,
        private_key=None if client is None else client.private_key,
    )
    async with server_with(GOOD, clients_of=AUTHORITY.certificate) as server:
        with pytest.raises(ConnectionFailed):
            await connect(server, tls, within=2.0)


async def test_no_connection_is_made_if_only_one_side_speaks_tls(fake: FakeServer) -> None:
    with pytest.raises(ConnectionFailed):
        await connect(fake, Tls(ca=AUTHORITY.certificate), within=2.0)
    async with server_with(GOOD) as server:
        with pytest.raises(ConnectionFailed):
            await connect(server, None, within=2.0)


Broken = Callable[[], Tls]


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(
            lambda: Tls(
                ca=AUTHORITY.certificate,
                certificate=CLIENT.certificate,
                private_key=GOOD.private_key,
            ),
            id="another's key",
        ),
        pytest.param(
            lambda: Tls(
                ca=AUTHORITY.certificate,
                certificate=CLIENT.certificate,
                private_key=CLIENT.encrypted_key(PASSWORD),
                private_key_password="wrong " + PASSWORD,
            ),
            id="wrong password",
        ),
        pytest.param(
            lambda: Tls(
                ca=AUTHORITY.certificate,
                certificate=CLIENT.certificate,
                private_key="-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
            ),
            id="no key",
        ),
        pytest.param(
            lambda: Tls(
                ca=AUTHORITY.certificate, certificate="/no/such/file", private_key="c2VjcmV0"
            ),
            id="no file",
        ),
    ],
)
async def test_broken_material_is_an_error_without_a_secret(
    caplog: pytest.LogCaptureFixture, broken: Broken
) -> None:
    caplog.set_level(logging.DEBUG)
    tls = broken()
    async with server_with(GOOD, clients_of=AUTHORITY.certificate) as server:
        with pytest.raises((ConnectionFailed, InvalidArgument)) as caught:
            await connect(server, tls, within=2.0)

    assert_nowhere("c2VjcmV0", caught.value, tls, caplog)
    assert_nowhere(PASSWORD, caught.value, tls, caplog)
    assert_nowhere(CLIENT.private_key.splitlines()[1], caught.value, tls, caplog)
    assert_nowhere(GOOD.private_key.splitlines()[1], caught.value, tls, caplog)


def assert_nowhere(
    secret: str, error: BaseException, thing: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Look for a secret in every form in which our objects may be printed or sent."""
    texts = [caplog.text, repr(thing), str(thing)]
    cause: BaseException | None = error
    while cause is not None:
        texts += [repr(cause), str(cause)]
        cause = cause.__cause__ or cause.__context__
    texts.append(pickle.dumps(error).decode("latin-1"))
    assert not [text for text in texts if secret in text]
