"""The public surface: what is exported is what is promised."""

import types

import event_store_async
import event_store_async.errors

NAMES = [
    "ANY",
    "AlreadyPublished",
    "AppendOutcomeUnknown",
    "AppendResult",
    "AppendTooLarge",
    "AuthenticationFailed",
    "Backoff",
    "BrokenEvent",
    "CategoriesMissing",
    "CategorisedStore",
    "CategoryOutcomeUnknown",
    "CategoryStore",
    "Closed",
    "Codec",
    "CommandNotHandled",
    "ConcurrentModification",
    "ConnectionFailed",
    "ConsistencyChoice",
    "CorrelationBlock",
    "DeleteResult",
    "Deleted",
    "DriverMetrics",
    "ErasureOutcomeUnknown",
    "EventReader",
    "EventReaderWriter",
    "EventStore",
    "EventStoreError",
    "EventWriter",
    "ExpectedVersion",
    "Feed",
    "FeedDisabled",
    "FeedError",
    "FeedEvent",
    "FeedInconsistent",
    "FeedPage",
    "FeedStatistics",
    "FeedStore",
    "ForeignPosition",
    "HandlerCancelled",
    "HandlerTimedOut",
    "Health",
    "HealthCheck",
    "Hook",
    "InvalidArchive",
    "InvalidArgument",
    "InvalidCheckpoint",
    "InvalidEvent",
    "InvalidExpectedVersion",
    "InvalidIdentifier",
    "InvalidKey",
    "InvalidSnapshot",
    "InvalidStreamId",
    "JsonCodec",
    "KeyOutcomeUnknown",
    "LeaseLost",
    "LossyPayload",
    "MasterKeyMissing",
    "MemoryEventStore",
    "MistypedEvent",
    "MisuseError",
    "NO_STREAM",
    "NewEvent",
    "NotParked",
    "NotPublished",
    "PayloadNotEncodable",
    "Persisted",
    "Polling",
    "Position",
    "PrivacyError",
    "RawCodec",
    "RecordedEvent",
    "RequestRefused",
    "ResliceRefused",
    "RestoreOutcomeUnknown",
    "RolledBack",
    "STREAM_EXISTS",
    "SchemaChangeFailed",
    "SchemaError",
    "SchemaMismatch",
    "SchemaMissing",
    "SchemaOutdated",
    "SchemaReport",
    "SchemaState",
    "SchemaTooNew",
    "Settings",
    "SliceHeld",
    "SliceStatistics",
    "SnapshotStore",
    "Statistics",
    "StoreClosed",
    "StoreOverloaded",
    "StoreUnavailable",
    "StreamClosed",
    "StreamEraser",
    "StreamError",
    "StreamFollower",
    "StreamHead",
    "StreamHole",
    "StreamInconsistent",
    "StreamLister",
    "StreamState",
    "StreamTruncated",
    "SubjectForgotten",
    "SubscriptionError",
    "SubscriptionMismatch",
    "SubscriptionRunning",
    "SubscriptionStatistics",
    "SubscriptionUnknown",
    "TimeToLiveRefused",
    "Tls",
    "TlsFailed",
    "TruncateResult",
    "Truncated",
    "TruncationMissing",
    "UndecodableEvent",
    "UndecodableSnapshot",
    "UndecryptableField",
    "UnidentifiedEvent",
    "UnknownEventType",
    "ViewOutlived",
    "WaitedInsideHandler",
    "WrongCategory",
    "WrongEventLoop",
    "WrongProcess",
    "__version__",
    "caused_by",
    "correlated",
]


def test_the_names_are_these() -> None:
    assert sorted(event_store_async.__all__) == NAMES


def test_whatever_is_public_is_exported() -> None:
    found = {
        name
        for name, value in vars(event_store_async).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }

    assert found == set(NAMES) - {"__version__"}


def test_every_error_is_exported() -> None:
    errors = set(event_store_async.errors.__all__)

    assert errors <= set(NAMES)


def test_the_tree_of_errors_is_drawn_whole() -> None:
    drawing = event_store_async.errors.__doc__ or ""

    for name in event_store_async.errors.__all__:
        assert name in drawing
