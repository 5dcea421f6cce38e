"""
Every error that the library raises.

    EventStoreError
    ├── ConcurrentModification          the stream is elsewhere; nothing was stored
    ├── AppendOutcomeUnknown            no quorum answered in time; append the same events again
    ├── RestoreOutcomeUnknown           the same of events restored; restore them again
    ├── StoreUnavailable                no quorum could be asked, or a read failed; nothing stored
    ├── StoreOverloaded                 too much waits already; nothing was stored
    ├── RequestRefused                  the server said no for good; nothing was stored
    ├── InvalidArgument (ValueError)    refused before anything was sent
    │   ├── InvalidStreamId
    │   ├── InvalidExpectedVersion
    │   ├── InvalidEvent
    │   │   └── PayloadNotEncodable
    │   ├── AppendTooLarge
    │   └── InvalidIdentifier           a keyspace, table or datacenter name
    ├── MisuseError (RuntimeError)      the store is used where it cannot be
    │   ├── StoreClosed
    │   ├── WrongEventLoop
    │   └── WrongProcess
    ├── ConnectionFailed                no session could be made
    │   ├── AuthenticationFailed
    │   └── TlsFailed
    ├── StreamError                     what is stored is not what it must be
    │   ├── StreamHole
    │   ├── StreamInconsistent
    │   ├── UndecodableEvent
    │   ├── MistypedEvent               its payload is not what its type says
    │   └── UnknownEventType            its type, or that revision of it, is not registered here
    ├── InvalidArchive                  a file of exported events is not what it must be
    └── SchemaError                     the table is not (yet) what it must be
        ├── SchemaMissing
        ├── SchemaOutdated
        ├── SchemaTooNew
        ├── SchemaMismatch
        ├── TimeToLiveRefused
        └── SchemaChangeFailed

All of them can be pickled, name their facts as attributes, and carry a `hint` where a remedy is
known. The driver's own exception, where there is one, is the ``__cause__``.
"""

from .archive import InvalidArchive
from .argument import (
    AppendTooLarge,
    InvalidArgument,
    InvalidEvent,
    InvalidExpectedVersion,
    InvalidIdentifier,
    InvalidStreamId,
    PayloadNotEncodable,
)
from .base import EventStoreError
from .connection import AuthenticationFailed, ConnectionFailed, TlsFailed
from .misuse import (
    MisuseError,
    StoreClosed,
    WrongEventLoop,
    WrongProcess,
)
from .outcome import (
    AppendOutcomeUnknown,
    ConcurrentModification,
    RequestRefused,
    RestoreOutcomeUnknown,
    StoreOverloaded,
    StoreUnavailable,
)
from .schema import (
    SchemaChangeFailed,
    SchemaError,
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    TimeToLiveRefused,
)
from .stream import (
    MistypedEvent,
    StreamError,
    StreamHole,
    StreamInconsistent,
    UndecodableEvent,
    UnknownEventType,
)

__all__ = [
    "AppendOutcomeUnknown",
    "AppendTooLarge",
    "AuthenticationFailed",
    "ConcurrentModification",
    "ConnectionFailed",
    "EventStoreError",
    "InvalidArchive",
    "InvalidArgument",
    "InvalidEvent",
    "InvalidExpectedVersion",
    "InvalidIdentifier",
    "InvalidStreamId",
    "MistypedEvent",
    "MisuseError",
    "PayloadNotEncodable",
    "RequestRefused",
    "RestoreOutcomeUnknown",
    "SchemaChangeFailed",
    "SchemaError",
    "SchemaMismatch",
    "SchemaMissing",
    "SchemaOutdated",
    "SchemaTooNew",
    "StoreClosed",
    "StoreOverloaded",
    "StoreUnavailable",
    "StreamError",
    "StreamHole",
    "StreamInconsistent",
    "TimeToLiveRefused",
    "TlsFailed",
    "UndecodableEvent",
    "UnknownEventType",
    "WrongEventLoop",
    "WrongProcess",
]
