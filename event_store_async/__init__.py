"""
An asyncio-native event store on Apache Cassandra.

The layers, each of which imports only those above it:

    versions events               values
    errors results                what can come of an append
    codec retry settings          pure tools
    ports                         what an application asks of a store
    checks drafts cql_files       arguments checked, events encoded; the files of cql/
    cassandra                     the store on Cassandra; one of its modules imports the driver
    memory                        the same promises, in memory

and beside them, opt-in: `event_store_async.testing`, the contract of every store and a hostile one;
`event_store_async.embedded`, a real Cassandra on this machine; and `event_store_async.cli`, the
command ``event-store``.
"""

from importlib.metadata import version as _version

from .cassandra import EventStore, SchemaReport, SchemaState, Tls
from .codec import Codec, JsonCodec, RawCodec
from .errors import (
    AppendOutcomeUnknown,
    AppendTooLarge,
    AuthenticationFailed,
    ConcurrentModification,
    ConnectionFailed,
    EventStoreError,
    InvalidArgument,
    InvalidEvent,
    InvalidExpectedVersion,
    InvalidIdentifier,
    InvalidStreamId,
    MisuseError,
    PayloadNotEncodable,
    RequestRefused,
    SchemaChangeFailed,
    SchemaError,
    SchemaMismatch,
    SchemaMissing,
    SchemaOutdated,
    SchemaTooNew,
    StoreClosed,
    StoreOverloaded,
    StoreUnavailable,
    StreamError,
    StreamHole,
    StreamInconsistent,
    TimeToLiveRefused,
    TlsFailed,
    UndecodableEvent,
    WrongEventLoop,
    WrongProcess,
)
from .events import NewEvent, RecordedEvent
from .memory import MemoryEventStore
from .ports import EventReader, EventWriter
from .results import AppendResult, Persisted
from .retry import Backoff
from .settings import Settings
from .versions import ANY, NO_STREAM, STREAM_EXISTS, ExpectedVersion

__version__ = _version("event_store_async")

__all__ = [
    "ANY",
    "NO_STREAM",
    "STREAM_EXISTS",
    "AppendOutcomeUnknown",
    "AppendResult",
    "AppendTooLarge",
    "AuthenticationFailed",
    "Backoff",
    "Codec",
    "ConcurrentModification",
    "ConnectionFailed",
    "EventReader",
    "EventStore",
    "EventStoreError",
    "EventWriter",
    "ExpectedVersion",
    "InvalidArgument",
    "InvalidEvent",
    "InvalidExpectedVersion",
    "InvalidIdentifier",
    "InvalidStreamId",
    "JsonCodec",
    "MemoryEventStore",
    "MisuseError",
    "NewEvent",
    "PayloadNotEncodable",
    "Persisted",
    "RawCodec",
    "RecordedEvent",
    "RequestRefused",
    "SchemaChangeFailed",
    "SchemaError",
    "SchemaMismatch",
    "SchemaMissing",
    "SchemaOutdated",
    "SchemaReport",
    "SchemaState",
    "SchemaTooNew",
    "Settings",
    "StoreClosed",
    "StoreOverloaded",
    "StoreUnavailable",
    "StreamError",
    "StreamHole",
    "StreamInconsistent",
    "TimeToLiveRefused",
    "Tls",
    "TlsFailed",
    "UndecodableEvent",
    "WrongEventLoop",
    "WrongProcess",
    "__version__",
]
