"""Where to connect to, by options, then the environment, then a configuration file."""

import functools
import inspect
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Concatenate, Final, Literal, ParamSpec

import anyio
import typer

from ..cassandra import CassandraKeyStore, EventStore, Tls
from ..cassandra.driver.opening import Opening
from ..codec import Codec
from ..environment import HIGHEST_PORT, number, variable
from ..ports import KeyWrapper
from . import configuration
from .failures import reported, wrong_usage
from .output import waiting

_P = ParamSpec("_P")
TOPIC: Final = "connecting"
"""What to ask `event-store help` about."""

_PANEL: Final = f"Connection (`event-store help {TOPIC}` has all options)"
_PATHS: Final = {
    "config",
    "ca_file",
    "certificate_file",
    "private_key_file",
    "master_keys_file",
}


def _option(name: str, text: str, **more: Any) -> Any:
    return typer.Option(
        f"--{name}",
        help=text,
        rich_help_panel=_PANEL,
        show_default=False,
        **more,
    )


Keyspace = Annotated[str | None, _option("keyspace", "The keyspace.")]
Table = Annotated[str | None, _option("table", "The events table (events).")]
# Short, as the column is narrow. docs/command-line.md lists all places.
Config = Annotated[Path | None, _option("config", "The configuration file (event-store.toml).")]
Profile = Annotated[str | None, _option("profile", "The profile to use in that file.")]


def connection_options(
    keyspace: Keyspace = None,
    table: Table = None,
    contact_points: Annotated[
        str | None,
        _option("contact-points", "The addresses of some nodes, comma-separated (127.0.0.1)."),
    ] = None,
    port: Annotated[
        int | None, _option("port", "The nodes' port for clients (9042).", min=1, max=HIGHEST_PORT)
    ] = None,
    datacenter: Annotated[
        str | None, _option("datacenter", "The local datacenter, if there are several.")
    ] = None,
    consistency: Annotated[
        Literal["local", "global"] | None,
        _option("consistency", "Which replicas decide (local); must never change for a table."),
    ] = None,
    username: Annotated[
        str | None,
        _option(
            "username",
            "The user to log in as; the password comes from EVENT_STORE_PASSWORD or password_file.",
        ),
    ] = None,
    ca_file: Annotated[
        Path | None, _option("ca-file", "Connect with TLS, and trust this authority (PEM).")
    ] = None,
    certificate_file: Annotated[
        Path | None, _option("certificate-file", "The client's certificate (PEM), if required.")
    ] = None,
    private_key_file: Annotated[
        Path | None, _option("private-key-file", "The client's private key (PEM).")
    ] = None,
    keys_keyspace: Annotated[
        str | None,
        _option("keys-keyspace", "The keyspace of the keys of subjects (that of the events)."),
    ] = None,
    keys_table: Annotated[
        str | None, _option("keys-table", "The table of the keys of subjects (subject_keys).")
    ] = None,
    master_keys_file: Annotated[
        Path | None,
        _option(
            "master-keys-file",
            "The file with the master keys, the current one first; or set EVENT_STORE_MASTER_KEYS.",
        ),
    ] = None,
    config: Config = None,
    profile: Profile = None,
) -> None:
    """Declare the connection options; only the signature is used."""


OPTIONS: Final = inspect.signature(connection_options).parameters
"""The connection options, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """
    Where to connect to. Passed to every command that has a parameter of this type.

    Attributes:
        keyspace: The keyspace.
        table: The events table.
        contact_points: Addresses of some nodes, separated by commas.
        port: Their port for clients.
        datacenter: The local datacenter; None if the cluster has only one.
        consistency: Which replicas decide.
        username: The user to log in as; None without authentication.
        password_file: The file with the password, if EVENT_STORE_PASSWORD is not set.
        ca_file: The authority to trust; None for a connection without TLS.
        certificate_file: The client's certificate.
        private_key_file: The client's private key.
        keys_keyspace: The keyspace of the keys of subjects; None for that of the events.
        keys_table: The table of the keys of subjects.
        master_keys_file: The file with the master keys.
    """

    keyspace: str
    table: str = "events"
    contact_points: str = "127.0.0.1"
    port: int = 9042
    datacenter: str | None = None
    consistency: Literal["local", "global"] = "local"
    username: str | None = None
    password_file: Path | None = field(default=None, repr=False)
    ca_file: Path | None = None
    certificate_file: Path | None = None
    private_key_file: Path | None = None
    keys_keyspace: str | None = None
    keys_table: str = "subject_keys"
    master_keys_file: Path | None = field(default=None, repr=False)

    @property
    def keys(self) -> str:
        """The table of the keys of subjects, as ``keyspace.table``."""
        return f"{self.keys_keyspace or self.keyspace}.{self.keys_table}"

    def key_store(self, store: EventStore, wrapper: KeyWrapper | None = None) -> CassandraKeyStore:
        """
        Return the keys of subjects, on the session of a store that `connect` opened.

        Args:
            store: The store.
            wrapper: Encrypts the keys; None for what needs none.

        Raises:
            InvalidArgument: see `EventStore.key_store`.
        """
        return store.key_store(wrapper, keyspace=self.keys_keyspace, table=self.keys_table)

    def connect(self, codec: Codec | None = None) -> Opening[EventStore]:
        """
        Return what opens a store there; see `EventStore.connect`.

        Args:
            codec: Encodes payloads; JSON by default.

        Raises:
            CommandFailed: the password of the user, or the authority for a certificate, is missing.
            InvalidArgument: see `EventStore.connect`.
        """
        return EventStore.connect(
            self.contact_points,
            port=self.port,
            keyspace=self.keyspace,
            table=self.table,
            local_datacenter=self.datacenter,
            consistency=self.consistency,
            username=self.username,
            password=self._password(),
            tls=self._tls(),
            codec=codec,
        )

    def _password(self) -> str | None:
        if self.username is None:
            return None
        password = variable("EVENT_STORE_PASSWORD")
        file = variable("EVENT_STORE_PASSWORD_FILE") or self.password_file
        if password is None and file is not None:
            password = configuration.read_password(Path(file))
        if password is None:
            raise wrong_usage(
                f"the password of the user {self.username!r} is missing",
                "set EVENT_STORE_PASSWORD or EVENT_STORE_PASSWORD_FILE, or set password_file "
                "in event-store.toml",
            )
        return password

    def _tls(self) -> Tls | None:
        if self.ca_file is None:
            if self.certificate_file is not None or self.private_key_file is not None:
                raise wrong_usage(
                    "a client's certificate needs an authority to trust", "set it with --ca-file"
                )
            return None
        return Tls(
            ca=self.ca_file, certificate=self.certificate_file, private_key=self.private_key_file
        )


def with_configuration(options: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the options; for those not given, the environment variables, then the file's values.

    Only the variables of these options are looked at. An empty one counts as not given.

    Args:
        options: The options, by name; None for one not given.

    Raises:
        CommandFailed: a variable is not valid; or see `configuration.load`.
        InvalidArgument: EVENT_STORE_PORT is not a port.
    """
    given = {
        name: _from_environment(name) if value is None else value for name, value in options.items()
    }
    given = {name: value for name, value in given.items() if value is not None}
    path = configuration.find(given.pop("config", None))
    return {**configuration.load(path, given.pop("profile", None)), **given}


def _from_environment(name: str) -> Any:
    """Return the value of an option's variable, of the option's type; None if it is not given."""
    # Not by click, whose errors name the option even if the value is the variable's.
    source = f"EVENT_STORE_{name.upper()}"
    text = variable(source)
    if text is None:
        return None
    if name == "port":
        return number(source, text, at_most=HIGHEST_PORT)
    if name == "consistency":
        return _consistency(source, text)
    return Path(text) if name in _PATHS else text


def _consistency(source: str, value: str) -> str:
    if value not in {"local", "global"}:
        raise wrong_usage(f"{source} must be local or global, not {value!r}")
    return value


def resolve(options: Mapping[str, Any]) -> Target:
    """
    Return the target that options and the configuration file name.

    Args:
        options: See `with_configuration`.

    Raises:
        CommandFailed: a variable or the file is rejected, or no keyspace is named.
        InvalidArgument: EVENT_STORE_PORT is not a port.
    """
    values = with_configuration(options)
    if "keyspace" not in values:
        raise wrong_usage(
            "no keyspace is named",
            'use --keyspace NAME, set EVENT_STORE_KEYSPACE, or write keyspace = "NAME" into '
            f"{configuration.HERE}",
        )
    _consistency("consistency", values.get("consistency", "local"))
    return Target(**values)


def with_target(command: Callable[Concatenate[Target, _P], None]) -> Callable[..., None]:
    """
    Turn a function whose first parameter is a `Target` into a command; see `with_store`.

    For commands that check their input before they are `connected`.
    """
    own = list(inspect.signature(command).parameters.values())[1:]
    common = OPTIONS

    @functools.wraps(command)
    def run(**values: Any) -> None:
        given = {name: values.pop(name) for name in common}
        with reported():
            command(resolve(given), **values)  # type: ignore[call-arg] # typer gives them all

    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in (*own, *common.values())
    ]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


@asynccontextmanager
async def connected(target: Target, codec: Codec | None = None) -> AsyncGenerator[EventStore, None]:
    """Give a store during the block, and close it at the end; raises as `Target.connect`."""
    opening = target.connect(codec)
    with waiting(f"connecting to {target.contact_points}, port {target.port}"):
        store = await opening
    try:
        yield store
    finally:
        with anyio.CancelScope(shield=True):
            await store.close()


def run_with_store(target: Target, work: Callable[[EventStore], Coroutine[Any, Any, None]]) -> None:
    """Connect, run *work* with the store, and close the store; raises as these do."""

    async def main() -> None:
        async with connected(target) as store:
            await work(store)

    anyio.run(main)


def with_store(
    command: Callable[Concatenate[EventStore, _P], Coroutine[Any, Any, None]],
) -> Callable[..., None]:
    """
    Turn an async function whose first parameter is a store into a command.

    The command has the connection options besides the function's own parameters; a parameter of
    type `Target` receives where they point. The store is closed at the end. Errors are handled by
    `failures.reported`; the function may also raise `typer.Exit` with an `ExitCode`.
    """
    own = list(inspect.signature(command).parameters.values())[1:]
    receiving = [parameter.name for parameter in own if parameter.annotation is Target]

    @functools.wraps(command)
    def with_connection(target: Target, /, **values: Any) -> None:
        values.update(dict.fromkeys(receiving, target))
        run_with_store(target, lambda store: command(store, **values))  # type: ignore[call-arg] # as above

    first = inspect.Parameter("target", inspect.Parameter.POSITIONAL_ONLY)
    others = [parameter for parameter in own if parameter.name not in receiving]
    with_connection.__signature__ = inspect.Signature([first, *others])  # type: ignore[attr-defined]
    return with_target(with_connection)
