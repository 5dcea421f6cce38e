"""
An asyncio-native event store on Apache Cassandra.

The layers, each of which imports only those above it:

    versions values events        what an application hands over and gets
    errors results                what can come of an append
    codec retry correlation       pure tools
    ring stored                   the ring of tokens; streams and events as they are stored
    hooks statistics health       what a store tells of itself
    settings                      limits, deadlines, sources of time and ids
    ports                         what an application asks of a store
    watching                      who collects the facts, and tells them to hooks
    checks drafts cql_files       arguments checked, events encoded; the files of cql/
    cassandra                     the store on Cassandra; one of its modules imports the driver
    memory                        the same promises, in memory
    typed                         events of an application's own types, over any store
    aggregates                    reducers, repositories and commands, on the ports alone
    moving                        surveys, verification, export and import of whole stores
    telemetry                     hooks for OpenTelemetry, Prometheus and logs

and beside them, opt-in: `event_store_async.testing`, the contract of every store and a hostile one;
`event_store_async.embedded`, a real Cassandra on this machine; and `event_store_async.cli`, the
command ``event-store``.
"""

from importlib.metadata import version as _version

from .cassandra import (
    EventStore,
    SchemaReport,
    SchemaState,
    Tls,
)
from .codec import Codec, JsonCodec, RawCodec
from .correlation import caused_by, correlated
from .errors import (
    AppendOutcomeUnknown,
    AppendTooLarge,
    AuthenticationFailed,
    ConcurrentModification,
    ConnectionFailed,
    EventStoreError,
    InvalidArchive,
    InvalidArgument,
    InvalidEvent,
    InvalidExpectedVersion,
    InvalidIdentifier,
    InvalidStreamId,
    MistypedEvent,
    MisuseError,
    PayloadNotEncodable,
    RequestRefused,
    RestoreOutcomeUnknown,
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
    UnknownEventType,
    WrongEventLoop,
    WrongProcess,
)
from .events import NewEvent, RecordedEvent
from .health import Health
from .hooks import Hook
from .memory import MemoryEventStore
from .ports import EventReader, EventReaderWriter, EventWriter
from .ports.monitoring import HealthCheck
from .results import AppendResult, Persisted
from .retry import Backoff
from .settings import Settings
from .statistics import DriverMetrics, Statistics
from .versions import (
    ANY,
    NO_STREAM,
    STREAM_EXISTS,
    ExpectedVersion,
)

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
    "DriverMetrics",
    "EventReader",
    "EventReaderWriter",
    "EventStore",
    "EventStoreError",
    "EventWriter",
    "ExpectedVersion",
    "Health",
    "HealthCheck",
    "Hook",
    "InvalidArchive",
    "InvalidArgument",
    "InvalidEvent",
    "InvalidExpectedVersion",
    "InvalidIdentifier",
    "InvalidStreamId",
    "JsonCodec",
    "MemoryEventStore",
    "MistypedEvent",
    "MisuseError",
    "NewEvent",
    "PayloadNotEncodable",
    "Persisted",
    "RawCodec",
    "RecordedEvent",
    "RequestRefused",
    "RestoreOutcomeUnknown",
    "SchemaChangeFailed",
    "SchemaError",
    "SchemaMismatch",
    "SchemaMissing",
    "SchemaOutdated",
    "SchemaReport",
    "SchemaState",
    "SchemaTooNew",
    "Settings",
    "Statistics",
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
    "UnknownEventType",
    "WrongEventLoop",
    "WrongProcess",
    "__version__",
    "caused_by",
    "correlated",
]
