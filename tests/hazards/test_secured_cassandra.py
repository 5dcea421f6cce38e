"""C7 and the rest of connecting safely, on a real server: TLS, client certificates, passwords."""

import logging
import pickle
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Final
from uuid import uuid4

import pytest
import pytest_asyncio

from event_store_async import (
    AuthenticationFailed,
    ConnectionFailed,
    EventStore,
    EventStoreError,
    Tls,
    TlsFailed,
)
from event_store_async.cassandra.driver.opening import Opening
from event_store_async.embedded import EmbeddedCassandra

from ..cli.running import Shell
from .certificates import Authority

AUTHORITY: Final = Authority.of_the_tests()
SERVER: Final = AUTHORITY.issue("server", names=["127.0.0.1"])
CLIENT: Final = AUTHORITY.issue("client")
SUPERUSER: Final = "cassandra"
"""The name and the password of the role that a new cluster has."""

PASSWORD: Final = "a password that stands nowhere"

SETTINGS: Final = {
    "authenticator": "PasswordAuthenticator",
    "client_encryption_options": {
        "enabled": True,
        # Plain connections too, so that passwords can be tried without certificates.
        "optional": True,
        "require_client_auth": True,
        "ssl_context_factory": {
            "class_name": "org.apache.cassandra.security.PEMBasedSslContextFactory",
            "parameters": {
                "private_key": SERVER.private_key + SERVER.certificate,
                "trusted_certificates": AUTHORITY.certificate,
            },
        },
    },
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def secured() -> AsyncGenerator[EmbeddedCassandra, None]:
    """Give a server that speaks TLS, knows its clients' authority, and asks for passwords."""
    async with EmbeddedCassandra(settings=SETTINGS) as cluster:
        yield cluster


def connecting(
    cluster: EmbeddedCassandra,
    *,
    tls: Tls | None = None,
    username: str | None = SUPERUSER,
    password: str | None = SUPERUSER,
) -> Opening[EventStore]:
    return EventStore.connect(
        cluster.contact_points,
        port=cluster.port,
        keyspace="secured",
        local_datacenter=cluster.local_datacenter,
        tls=tls,
        username=username,
        password=password,
        connect_timeout=60.0,
    )


def ours(*, ca: str | Path = AUTHORITY.certificate) -> Tls:
    return Tls(ca=ca, certificate=CLIENT.certificate, private_key=CLIENT.private_key)


async def error_of(opening: Opening[EventStore]) -> EventStoreError:
    with pytest.raises(EventStoreError) as caught:
        await opening
    return caught.value


async def test_events_are_stored_over_tls_with_a_password(secured: EmbeddedCassandra) -> None:
    stream_id = uuid4()
    async with connecting(secured, tls=ours()) as store:
        await store.create_schema({secured.local_datacenter: 1})
        await store.persist_events(stream_id, [{"amount": 50}], 0)

        assert [event.payload async for event in store.read_events(stream_id)] == [{"amount": 50}]


async def test_the_authority_may_be_a_file(secured: EmbeddedCassandra, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text(AUTHORITY.certificate)

    for ca in (file, str(file)):
        async with connecting(secured, tls=ours(ca=ca)):
            pass


async def test_a_server_of_another_authority_is_refused(secured: EmbeddedCassandra) -> None:
    stranger = Authority("somebody else")

    error = await error_of(connecting(secured, tls=ours(ca=stranger.certificate)))

    assert isinstance(error, TlsFailed)


async def test_without_a_certificate_of_ours_the_server_refuses_us(
    secured: EmbeddedCassandra,
) -> None:
    error = await error_of(connecting(secured, tls=Tls(ca=AUTHORITY.certificate)))

    assert isinstance(error, ConnectionFailed)


@pytest.mark.parametrize("with_tls", [True, False])
async def test_a_wrong_password_is_refused_and_shown_nowhere(
    secured: EmbeddedCassandra, caplog: pytest.LogCaptureFixture, with_tls: bool
) -> None:
    caplog.set_level(logging.DEBUG)
    opening = connecting(secured, tls=ours() if with_tls else None, password=PASSWORD)

    error = await error_of(opening)

    assert type(error) is AuthenticationFailed
    texts = [caplog.text, repr(opening), pickle.dumps(error).decode("latin-1")]
    cause: BaseException | None = error
    while cause is not None:
        texts += [repr(cause), str(cause)]
        cause = cause.__cause__ or cause.__context__
    assert not [text for text in texts if PASSWORD in text]


async def test_no_password_is_refused(secured: EmbeddedCassandra) -> None:
    error = await error_of(connecting(secured, username=None, password=None))

    assert isinstance(error, ConnectionFailed)


async def test_the_right_password_is_shown_nowhere(
    secured: EmbeddedCassandra, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secret = f"secret{uuid4().hex}"
    async with connecting(secured) as admin:
        await admin._engine.session.change_schema(
            f"CREATE ROLE someone WITH PASSWORD = '{secret}' AND LOGIN = true", timeout=10
        )
        opening = connecting(secured, username="someone", password=secret)
        async with opening as store:
            assert secret not in repr(store) + repr(vars(store)) + repr(opening)

    assert secret not in caplog.text


async def test_the_command_appends_and_reads_over_tls_with_a_password(
    secured: EmbeddedCassandra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The password from the environment, then from a file that the configuration names."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ca.pem").write_text(AUTHORITY.certificate)
    (tmp_path / "client.pem").write_text(CLIENT.certificate)
    (tmp_path / "client.key").write_text(CLIENT.private_key)
    shell = Shell({"XDG_CONFIG_HOME": str(tmp_path)}, tmp_path)
    stream = str(uuid4())
    options = [
        *(f"--contact-points={','.join(secured.contact_points)}", f"--port={secured.port}"),
        *(f"--datacenter={secured.local_datacenter}", "--keyspace=secured_command"),
        *("--ca-file=ca.pem", "--certificate-file=client.pem", "--private-key-file=client.key"),
    ]
    user = f"--username={SUPERUSER}"

    created = await shell(
        *("schema", "create", f"--replication={secured.local_datacenter}=1", *options, user),
        EVENT_STORE_PASSWORD=SUPERUSER,
    )
    appended = await shell(
        *("append", stream, '{"amount": 50}', *options, user), EVENT_STORE_PASSWORD=SUPERUSER
    )
    wrong = await shell("read", stream, *options, user, EVENT_STORE_PASSWORD=PASSWORD)
    (tmp_path / "event-store.toml").write_text(
        f'username = "{SUPERUSER}"\npassword_file = "password"\n'
    )
    (tmp_path / "password").write_text(f"{SUPERUSER}\n")
    read = await shell("read", stream, *options)

    assert (created.code, created.err) == (0, "")
    assert (appended.code, appended.out) == (0, "1\n"), appended.err
    assert (wrong.code, wrong.out, PASSWORD in wrong.err) == (1, "", False)
    assert "hint: set EVENT_STORE_USERNAME and EVENT_STORE_PASSWORD" in wrong.err
    assert (read.code, '"payload":{"amount":50}' in read.out) == (0, True), read.err
