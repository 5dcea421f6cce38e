"""
Faults: what a driver exception says about the request that met it.

The driver's classes are told apart by name, so that this table needs no driver to be read, and a
test can hold it against all the classes of an installed one.
"""

from enum import Enum
from typing import Final

from ...errors import (
    AuthenticationFailed,
    ConnectionFailed,
    EventStoreError,
    RequestRefused,
    StoreUnavailable,
    TlsFailed,
)


class Certainty(Enum):
    """What is certain about a conditional write that met a fault."""

    UNSENT = "no replica can have stored it; it may work in a moment"
    UNKNOWN = "it may be stored, now or a little later"
    REFUSED = "it is not stored and never will be: repeating it is of no use"


_UNSENT = (
    "LibNoHostsAvailable",  # with the fall-through policy: never written to any connection
    "LibNoStreams",
    "LibRequestQueueFull",
    "ServerIsBootstrapping",
)
_UNKNOWN = (
    "LibInternalError",
    "LibRequestTimedOut",  # also a connection lost while the request was in flight
    "LibUnexpectedResponse",
    "LibWriteError",
    "ServerFunctionFailure",
    "ServerOverloaded",
    "ServerProtocolError",
    "ServerReadFailure",  # Paxos reads before it writes, and may still finish the round
    "ServerReadTimeout",
    "ServerServerError",
    "ServerTruncateError",
    "ServerUnavailable",  # see certainty_of: certain only where it speaks of the serial level
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
_NOT_OF_REQUESTS = (  # raised while reading results or metadata, or never: kept for completeness
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
    **dict.fromkeys(_BASES, Certainty.UNKNOWN),  # an error code that the driver has no class for
}
"""Every exception class of the driver, by name. A class that is not here is `Certainty.UNKNOWN`."""


_GRANTS: Final = (
    "an application's role needs SELECT and MODIFY on its table of events, "
    "and SELECT on event_store_migrations"
)


class Fault(Exception):
    """
    A request failed in the driver. Internal: callers meet the errors of `EventStoreError`.

    Attributes:
        certainty: What is certain about it.
        name: The driver's class.
        message: The driver's and the server's words.
    """

    def __init__(self, name: str, message: str, certainty: Certainty) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message
        self.certainty = certainty

    @classmethod
    def of(cls, cause: BaseException) -> "Fault":
        """Return the fault that a driver exception is."""
        name, message = type(cause).__name__, str(cause)
        return cls(name, message, certainty_of(name, message))

    @classmethod
    def no_turn(cls) -> "Fault":
        """Return the fault of a request whose turn did not come before its deadline."""
        return cls("NoTurn", "too many requests are in flight in this process", Certainty.UNSENT)

    def as_error(self, doing: str) -> EventStoreError:
        """
        Return the error that a caller meets where nothing was, or could be, stored.

        Args:
            doing: What was tried, as in "reading stream …".
        """
        text = f"{doing}: {self}"
        if self.certainty is not Certainty.REFUSED:
            return StoreUnavailable(text)
        return RequestRefused(text, hint=_GRANTS if "Unauthorized" in self.name else None)


def certainty_of(name: str, message: str) -> Certainty:
    """
    Return what an exception of the driver says about the request that met it.

    An "unavailable" is certain only before the proposal, where the server names the serial level;
    Paxos v1 can raise one for the commit level too, when the append is decided already
    (its ``StorageProxy.commitPaxos`` plans the write afresh).
    """
    if name == "CassErrorServerUnavailable" and "SERIAL" in message:
        return Certainty.UNSENT
    return CERTAINTIES.get(name, Certainty.UNKNOWN)


def connect_error(cause: BaseException, where: str) -> ConnectionFailed:
    """Return the error that a caller meets where no session could be made."""
    name, text = type(cause).__name__, f"cannot connect to {where}: {cause}"
    if name == "CassErrorServerBadCredentials":
        return AuthenticationFailed(text, hint="check username and password")
    if name.startswith("CassErrorSsl"):
        return TlsFailed(
            text, hint="the certificate must be trusted and must name the address connected to"
        )
    return ConnectionFailed(
        text,
        hint="check contact points, port, local_datacenter, the server's rpc_address, and TLS",
    )
