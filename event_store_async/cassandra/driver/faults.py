"""
Faults: what a driver exception proves about the request that met it.

The driver's classes are known by name, so that this module does not import the driver. A test
compares the names with all classes of the installed driver.
"""

from enum import Enum
from typing import Final

from ...errors import (
    AuthenticationFailed,
    ConnectionFailed,
    EventStoreError,
    RequestRefused,
    StoreOverloaded,
    StoreUnavailable,
    TlsFailed,
)


class Certainty(Enum):
    """What is certain about a conditional write that met a fault."""

    UNSENT = "no replica can have stored it; another attempt may succeed"
    UNKNOWN = "it may be stored, now or a little later"
    REFUSED = "it is not stored and never will be; another attempt is of no use"


_UNSENT = (
    "LibNoHostsAvailable",  # with the fallthrough policy, it was not written to any connection
    "LibNoStreams",
    "LibRequestQueueFull",
    "ServerIsBootstrapping",
)
_UNKNOWN = (
    "LibInternalError",
    "LibRequestTimedOut",  # or the connection was lost while the request was in flight
    "LibUnexpectedResponse",
    "LibWriteError",
    "ServerFunctionFailure",
    "ServerOverloaded",
    "ServerProtocolError",
    "ServerReadFailure",  # Paxos reads before it writes, and may still finish the round
    "ServerReadTimeout",
    "ServerServerError",
    "ServerTruncateError",
    "ServerUnavailable",  # UNSENT if it names the serial level: see certainty_of
    "ServerWriteFailure",
    "ServerWriteTimeout",
)
_REFUSED = (
    "LibBadParams",
    "LibCallbackAlreadySet",
    "LibExecutionProfileInvalid",
    "LibHostResolution",
    "LibIndexOutOfBounds",
    "LibInvalidCustomType",
    "LibInvalidData",
    "LibInvalidErrorResultType",
    "LibInvalidFutureType",
    "LibInvalidItemCount",
    "LibInvalidState",
    "LibInvalidStatementType",
    "LibInvalidValueType",
    "LibMessageEncode",
    "LibNameDoesNotExist",
    "LibNoAvailableIoThread",
    "LibNoCustomPayload",
    "LibNoPagingState",
    "LibNoTracingId",
    "LibNotEnoughData",
    "LibNotImplemented",
    "LibNullValue",
    "LibParameterUnset",
    "LibUnableToClose",
    "LibUnableToConnect",
    "LibUnableToDetermineProtocol",
    "LibUnableToInit",
    "LibUnableToSetKeyspace",
    "ServerAlreadyExists",
    "ServerBadCredentials",
    "ServerConfigError",
    "ServerInvalidQuery",
    "ServerSyntaxError",
    "ServerUnauthorized",
    "ServerUnprepared",
    "SslClosed",
    "SslIdentityMismatch",
    "SslInvalidCert",
    "SslInvalidPeerCert",
    "SslInvalidPrivateKey",
    "SslNoPeerCert",
    "SslProtocolError",
)
_NOT_OF_REQUESTS = (  # raised while results or metadata are read, or never; for completeness
    "AggregateNotFound",
    "CassExceptionConnectionError",
    "CassExceptionInvalidQuery",
    "CassExceptionSyntaxError",
    "ColumnNotFound",
    "FunctionNotFound",
    "IndexNotFound",
    "KeyspaceNotFound",
    "MaterializedViewNotFound",
    "SchemaNotAvailable",
    "TableNotFound",
    "UserTypeNotFound",
)
_BASES = ("CassException", "CassErrorSourceLib", "CassErrorSourceServer", "CassErrorSourceSsl")

CERTAINTIES: Final[dict[str, Certainty]] = {
    **{f"CassError{name}": Certainty.UNSENT for name in _UNSENT},
    **{f"CassError{name}": Certainty.UNKNOWN for name in _UNKNOWN},
    **{f"CassError{name}": Certainty.REFUSED for name in _REFUSED},
    **dict.fromkeys(_NOT_OF_REQUESTS, Certainty.UNKNOWN),
    **dict.fromkeys(_BASES, Certainty.UNKNOWN),  # an error code without a class of its own
}
"""Every exception class of the driver, by name. A class that is not here is `Certainty.UNKNOWN`."""


_GRANTS: Final = (
    "an application's role needs SELECT and MODIFY on its table of events, and on the tables of "
    "its feed if it has one, and SELECT on event_store_migrations"
)


_NO_TURN: Final = "NoTurn"

_LESS: Final = "append less at once"


class Fault(Exception):
    """
    A request failed in the driver. Internal: callers of a store get an `EventStoreError`.

    Attributes:
        certainty: What is certain about it.
        name: The name of the driver's exception class.
        message: The driver's message, with the server's in it.
    """

    def __init__(self, name: str, message: str, certainty: Certainty) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.certainty = certainty

    @classmethod
    def of(cls, cause: BaseException) -> "Fault":
        """Return the fault for a driver exception."""
        name, message = type(cause).__name__, _said_once(str(cause))
        return cls(name, message, certainty_of(name, message))

    @classmethod
    def no_turn(cls) -> "Fault":
        """Return the fault of a request that got no permit before its deadline."""
        return cls(_NO_TURN, "too many requests are in flight in this process", Certainty.UNSENT)

    @property
    def is_overload(self) -> bool:
        """Whether the request was not sent because too many others were."""
        return self.name == _NO_TURN

    def as_error(self, doing: str, *, writing: bool = False) -> EventStoreError:
        """
        Return the error for the caller. Only for requests of which nothing can have been stored.

        Args:
            doing: What was being done, as in "reading stream …".
            writing: Whether it is an append or a restore, which an overload has an error for.
        """
        text = f"{doing}: {self}"
        if writing and self.is_overload:
            return StoreOverloaded(text, hint=_LESS)
        if self.certainty is not Certainty.REFUSED:
            return StoreUnavailable(text)
        return RequestRefused(text, hint=_GRANTS if "Unauthorized" in self.name else None)


def _said_once(message: str) -> str:
    """Return a message of the driver, which often gives the same text as description and detail."""
    description, _, detail = message.partition(": ")
    return detail if detail == description or detail.startswith(f"{description}: ") else message


def certainty_of(name: str, message: str) -> Certainty:
    """
    Return what a driver exception proves about the request that met it.

    "Unavailable" proves something only if the server names the serial level, so that it came
    before the proposal. Paxos v1 can raise it for the commit level too, after the append has been
    decided (its ``StorageProxy.commitPaxos`` plans the write anew).
    """
    if name == "CassErrorServerUnavailable" and "SERIAL" in message:
        return Certainty.UNSENT
    return CERTAINTIES.get(name, Certainty.UNKNOWN)


def connect_error(cause: BaseException, where: str) -> ConnectionFailed:
    """Return the error for a caller that could not be connected."""
    name, text = type(cause).__name__, f"cannot connect to {where}: {_said_once(str(cause))}"
    if name == "CassErrorServerBadCredentials":
        return AuthenticationFailed(text, hint="check username and password")
    if name.startswith("CassErrorSsl"):
        return TlsFailed(
            text, hint="the certificate must be trusted, and must name the address connected to"
        )
    return ConnectionFailed(
        text,
        hint="check contact points, port, local_datacenter, the server's rpc_address, and TLS",
    )
